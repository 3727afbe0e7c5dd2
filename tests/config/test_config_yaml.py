"""YAML 1.2 with positions: what a scalar means, where it stands, what a file must be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sim import config
from sim.config.yaml import Node, parse, plain, resolve


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("-1.5E+3", -1500.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("1_048_576", 1048576),
        ("-12_000.25", -12000.25),
        ("007", 7),
        ("0x1F", 31),
        ("0o17", 15),
        ("+3", 3),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("-.inf", float("-inf")),
        # YAML 1.1 would have turned each of these into something else.
        ("no", "no"),
        ("on", "on"),
        ("y", "y"),
        ("12:30", "12:30"),
        ("2025-09-17", "2025-09-17"),
        ("2025Q3", "2025Q3"),
        ("0b11", "0b11"),
        ("1_0", "1_0"),
        ("10_48_576", "10_48_576"),
        ("1,048", "1,048"),
        ("35%", "35%"),
        ("inf", "inf"),
        ("nan", "nan"),
        ("1" * 41, "1" * 41),
    ],
)
def test_scalars_follow_the_core_schema(text: str, value: object) -> None:
    assert resolve(text) == value
    assert type(resolve(text)) is type(value)


def test_quotes_make_text_and_blocks_are_text() -> None:
    node, problems = parse("a: '1'\nb: \"true\"\nc: |\n  12\nd: >-\n  one\n  two\n12: x\n", "f")
    assert problems == []
    assert node is not None
    assert plain(node) == {"a": "1", "b": "true", "c": "12\n", "d": "one two", "12": "x"}


def test_places_of_keys_and_values() -> None:
    text = "# comment\ndrivers:\n  share: {low: 0.2,\n    high: 0.4}\nlist:\n- a\n-   b\n"
    node, _ = parse(text, "f.yaml")
    assert node is not None
    low = child(child(child(node, "drivers"), "share"), "high")
    assert (str(low.key_place), str(low.place), low.place.text) == ("f.yaml:4:5", "f.yaml:4:11", "    high: 0.4}")
    items = child(node, "list").content
    assert isinstance(items, list)
    assert [str(item.place) for item in items] == ["f.yaml:6:3", "f.yaml:7:5"]


def child(node: Node, key: str) -> Node:
    assert isinstance(node.content, dict)
    return node.content[key]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system(end: str) -> None:
    node, problems = parse(end.join(["a: 1", "b: 2", "b: 3", ""]), "f")
    assert node is not None
    assert [(p.place.line, p.place.text) for p in problems if p.place] == [(3, "b: 3")]


def test_the_caret_stands_under_the_value(reads: Callable[..., config.Reading], right: str) -> None:
    problem = reads(right.replace("mode: 0.35", "mode: 35%")).problems[0]
    head, line, caret = str(problem).split("\n")
    assert head == 'study.yaml:18:45 drivers.share.marginal.mode: must be a number, not "35%"; write 0.35'
    assert line[caret.index("^") :].startswith("35%")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "study.yaml the file is empty; write the study into it"),
        (b"# only a comment\n", "study.yaml the file is empty; write the study into it"),
        (b"study: caf\xe9\n", 'study.yaml the file is not UTF-8 text (line 1); save it with the encoding "UTF-8"'),
        (
            b"- a\n- b\n",
            "study.yaml:1:1 a study file is made of `name: value` lines; this one holds something else; "
            "begin it with `study: ...`",
        ),
    ],
)
def test_files_that_are_no_study(content: bytes, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("study.yaml").write_bytes(content)
    reading = config.load("study.yaml")
    assert reading.study is None
    assert [str(problem).split("\n")[0] for problem in reading.problems] == [said]


def test_missing_files_and_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("base.yaml").write_text("study: x\n")
    said = [str(config.load(name).problems[0]) for name in ("bsae.yaml", "", "no/such.yaml", "a\0b")]
    assert said[0] == "bsae.yaml there is no such file; check the name; the folder has base.yaml"
    assert "this is a folder, not a study file; name a .yaml file inside it" in said[1]
    assert said[2] == "no/such.yaml there is no such file; check the name"
    assert "cannot be read" in said[3] or "no such file" in said[3]


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path, right: str) -> None:
    path = tmp_path / "study.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + right.encode())
    assert config.load(path).problems == []


def test_aliases_are_refused_before_they_are_expanded() -> None:
    """A billion laughs: 10^12 values if expanded."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 13)]
    node, problems = parse("\n".join(lines), "f")
    assert node is not None
    assert len(problems) == 13 + 120
    assert all("is not allowed" in problem.what for problem in problems)


def test_a_model_file_in_place_of_a_study_is_called_one(tmp_path: Path) -> None:
    """Read as YAML it would be a colon too many in its first function."""
    file = tmp_path / "model.py"
    file.write_text("def value(price, earnings):\n    return price / earnings\n", encoding="utf-8")
    (problem,) = config.load(file).problems
    assert problem.what == "this is Python, not YAML"
