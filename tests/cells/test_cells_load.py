"""Finding and parsing model files, which are never imported."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sim.cells.load import available, load

CELL = "from sim.cells import cell\n\n\n@cell\ndef a():\n    return 1.0\n"


def test_a_name_is_a_file_of_the_models(tmp_path: Path) -> None:
    (tmp_path / "small.py").write_text(CELL)
    files, problems = load("small", Path(), models=tmp_path)
    assert not problems
    assert files is not None
    assert [(file.module, file.label) for file in files.own] == [("sim.models.small", "sim/models/small.py")]
    assert files.library == ()


def test_a_name_is_a_folder_of_the_models_with_all_its_files_but_init(tmp_path: Path) -> None:
    (tmp_path / "big").mkdir()
    for name in ("__init__.py", "b.py", "a.py"):
        (tmp_path / "big" / name).write_text(CELL)
    files, _ = load("big", Path(), models=tmp_path)
    assert files is not None
    assert [file.module for file in files.own] == ["sim.models.big.a", "sim.models.big.b"]
    assert available(tmp_path) == ["big"]


def test_a_path_counts_from_the_study(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(CELL)
    files, problems = load("./mine.py", tmp_path)
    assert not problems
    assert files is not None
    assert (files.own[0].module, files.own[0].label) == ("mine", "mine.py")


def test_the_library_comes_along_only_when_imported(tmp_path: Path) -> None:
    (tmp_path / "finance.py").write_text("def double(x):\n    return 2.0 * x\n")
    (tmp_path / "uses.py").write_text("from sim.models.finance import double\n" + CELL)
    (tmp_path / "near.py").write_text("from .finance import double\n" + CELL)
    (tmp_path / "alone.py").write_text(CELL)
    for name, wanted in (("uses", ["sim.models.finance"]), ("near", ["sim.models.finance"]), ("alone", [])):
        files, _ = load(name, Path(), models=tmp_path)
        assert files is not None
        assert [file.module for file in files.library] == wanted


def test_a_model_is_not_run(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    (tmp_path / "evil.py").write_text(f"open({str(flag)!r}, 'w').close()\n" + CELL)
    load("./evil.py", tmp_path)
    assert not flag.exists()
    assert "evil" not in sys.modules


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("def f(x):\n    return (x\n", 2, "never closed"),
        ("def f(x):\nreturn x\n", 2, "indented block"),
        ("x = 1 +\n", 1, "invalid syntax"),
        ("def f(x):\n    return " + "-" * 150 + "x\n", 2, "nested too deeply"),
    ],
)
def test_a_broken_file_is_pointed_at(tmp_path: Path, text: str, line: int, words: str) -> None:
    (tmp_path / "broken.py").write_text(text)
    files, (problem,) = load("./broken.py", tmp_path)
    assert files is None
    assert words in problem.what
    assert problem.place is not None
    assert problem.place.line == line
    assert "^" in str(problem)


@pytest.mark.parametrize("content", [b"a = '\xff\xfe'\n", b"a = 1\x00\n"])
def test_what_is_not_text_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "odd.py").write_bytes(content)
    files, problems = load("./odd.py", tmp_path)
    assert files is None
    assert len(problems) == 1


def test_thousands_of_brackets_are_refused_calmly(tmp_path: Path) -> None:
    (tmp_path / "deep.py").write_text("x = " + "(" * 5000 + "1" + ")" * 5000 + "\n")
    files, problems = load("./deep.py", tmp_path)
    assert files is None
    assert len(problems) == 1


def test_unknown_models_are_answered_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "alibaba").mkdir()
    (tmp_path / "alibaba" / "__init__.py").write_text("")
    (tmp_path / "mine.py").write_text(CELL)
    _, (by_name,) = load("alibabba", Path(), models=tmp_path)
    assert by_name.advice == 'did you mean "alibaba"?'
    _, (far,) = load("zzz", Path(), models=tmp_path)
    assert "models are alibaba, mine" in far.advice
    _, (by_path,) = load("./mini.py", tmp_path)
    assert by_path.advice == 'did you mean "mine.py"?'
    (tmp_path / "empty").mkdir()
    _, (folder,) = load("./empty", tmp_path)
    assert "no .py file" in folder.what


def test_a_caret_stands_under_its_column_after_accents(tmp_path: Path) -> None:
    (tmp_path / "accents.py").write_text("# é\nx = 'ééé' ; y = [1]\n", encoding="utf-8")
    files, _ = load("./accents.py", tmp_path)
    assert files is not None
    place = files.own[0].place(files.own[0].tree.body[1])
    assert place.text[place.column - 1 :].startswith("y = ")
