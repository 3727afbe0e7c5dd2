"""Studies and models that are wrong as a whole: each is refused with file, line and caret, before anything is written.

What is wrong inside the YAML alone has its own corpus in tests/config; here the model file takes part.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from sim import config, kernel
from tests.cli.conftest import everything_below, json_of, sim
from tests.conftest import CONFIGS

MODEL = '''"""A small model."""

from sim.cells.mark import cell
from sim.cells.maths import exp

SCALE = 2.0


@cell(at="opening")
def opening_revenue(start):
    """Revenue before the first quarter. [US$ m]"""
    return start * SCALE


@cell
def revenue(prev_revenue, growth, shock):
    """Revenue of the quarter. [US$ m]"""
    return prev_revenue * exp(growth + 0.1 * shock)


@cell(at="horizon")
def value(year, multiple):
    """Value of the company. [US$ m]"""
    return year * multiple
'''
STUDY = """\
study: A small study
model: ./model.py
as_of: 2025-09-17
timeline: {period: quarter, first: 2025Q3, periods: 4, fiscal_year_end: June}
run: {paths: 1_000, seed: 1}
openings:
  revenue: {from: opening_revenue}
innovations: {shock: {note: Surprise.}}
windows:
  year: {cell: revenue, from: 2025Q3, to: 2026Q2, how: sum}
drivers:
  start: {marginal: {kind: triangular, low: 45, mode: 50, high: 60}, unit: US$ m, source: judgement}
  growth: {marginal: {kind: normal, mean: 0.03, sd: 0.01}, unit: 1/quarter, source: judgement}
  multiple: {marginal: {kind: lognormal, p10: 4, p90: 6}, unit: x, source: judgement}
dependence:
  correlations:
    - {between: [growth, multiple], spearman: 0.5, source: judgement}
outputs: [{cell: value}, {cell: revenue, per: fiscal_year, how: sum}]
"""
HERE = Path(__file__).parent
WRONG = {case["name"]: case for case in YAML(typ="safe", pure=True).load(HERE / "wrong.yaml")}
PAIR = "    - {between: [growth, multiple], spearman: 0.5, source: judgement}\n"
IMPOSSIBLE = WRONG["correlations that contradict each other"]["by"]


def spoilt(folder: Path, name: str) -> Path:
    case, texts = WRONG[name], {"study": STUDY, "model": MODEL}
    if name == "a correlation of a fixed driver":
        texts["study"] = STUDY.replace("[growth, multiple]", "[growth, start]")
    assert texts[case["file"]].count(case["replace"]) == 1, f"{case['replace']!r} must name one passage"
    texts[case["file"]] = texts[case["file"]].replace(case["replace"], case["by"])
    (folder / "study.yaml").write_text(texts["study"], encoding="utf-8")
    (folder / "model.py").write_text(texts["model"], encoding="utf-8")
    return folder / "study.yaml"


@pytest.fixture(autouse=True)
def nothing_is_compiled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is wrong is said before a kernel is loaded; and the folder of the study is the working folder."""
    monkeypatch.setattr(kernel, "load", lambda *_, **__: pytest.fail("a kernel was loaded for a study that is wrong"))
    monkeypatch.chdir(tmp_path)


def test_without_a_mistake_it_is_right(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(STUDY, encoding="utf-8")
    (tmp_path / "model.py").write_text(MODEL, encoding="utf-8")
    assert (
        "study.yaml: right. 3 drivers (3 by judgement), 3 cells, 2 output columns" in sim("check", "study.yaml").stdout
    )


def test_an_opening_in_another_unit_than_its_line_is_refused(tmp_path: Path) -> None:
    """RMB mn where the line is in RMB bn would be out by a thousand, and nothing else could tell."""
    study = STUDY.replace("{from: opening_revenue}", "{value: 100, unit: US$ bn, source: judgement}")
    (tmp_path / "study.yaml").write_text(study, encoding="utf-8")
    (tmp_path / "model.py").write_text(MODEL, encoding="utf-8")
    said = sim("check", "study.yaml", code=2).stderr
    assert 'study.yaml:7:31 openings.revenue.unit: is in "US$ bn", but the cell "revenue" is in "US$ m"' in said


def test_paths_of_a_study_without_a_run_section_are_no_change_by_set(tmp_path: Path) -> None:
    """The first line of the screen counts what --set changed; --paths and --seed are said anyway."""
    study = re.sub(r"run: .*\n", "", STUDY)
    assert study != STUDY
    (tmp_path / "study.yaml").write_text(study, encoding="utf-8")
    (tmp_path / "model.py").write_text(MODEL, encoding="utf-8")
    found = json_of("run", "study.yaml", "--paths", 64, "--seed", 2, "--no-pack", "--out", tmp_path / "results")
    summary = Path(found["directory"]) / "run" / "summary.json"
    assert json.loads(summary.read_text(encoding="utf-8"))["set"] == []


@pytest.mark.parametrize("name", list(WRONG))
def test_check_says_what_and_where(tmp_path: Path, name: str) -> None:
    """Place, words, the line itself and a caret below the very column."""
    spoilt(tmp_path, name)
    place, words = WRONG[name]["at"], WRONG[name]["said"]
    done = sim("check", "study.yaml", code=2)
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    said = [number for number, line in enumerate(lines) if line.startswith(f"{place} ")]
    assert said, done.stderr
    assert words in lines[said[0]]
    file, line, column = place.split(":")
    carets = [number for number in range(said[0] + 1, len(lines)) if re.fullmatch(r" +\^", lines[number])]
    below, caret = lines[carets[0] - 1], lines[carets[0]]
    assert below == "    " + (tmp_path / file).read_text(encoding="utf-8").splitlines()[int(line) - 1]
    assert len(caret) == 4 + int(column)


@pytest.mark.parametrize("name", list(WRONG))
def test_run_and_show_refuse_it_and_write_nothing(tmp_path: Path, name: str) -> None:
    spoilt(tmp_path, name)
    before = everything_below(tmp_path)
    expected = sim("check", "study.yaml", code=2).stderr
    for words in (
        ("run", "study.yaml"),
        ("run", "study.yaml", "--json"),
        ("show", "study.yaml"),
        ("check", "study.yaml", "--json"),
    ):
        done = sim(*words, code=2)
        assert done.stdout == ""
        assert done.stderr == expected
    assert everything_below(tmp_path) == before


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    """A reference of the study, a constant, a parameter and a set of correlations, in one go."""
    text = STUDY.replace(PAIR, IMPOSSIBLE)
    text = text.replace("{cell: value}", "{cell: valeu}, {cell: value}")
    (tmp_path / "study.yaml").write_text(text, encoding="utf-8")
    model = MODEL.replace("start * SCALE", "start * SCLAE").replace("(prev_revenue, growth,", "(prev_revenue, growht,")
    (tmp_path / "model.py").write_text(model, encoding="utf-8")
    said = sim("check", "study.yaml", code=2).stderr
    for words in ("SCLAE", "growht", "valeu", "contradict each other"):
        assert words in said
    assert re.search(r"^\d problems$", said, re.MULTILINE)


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("p10: 4, p90: 6", "p10: 6, p90: 4", "p90 (4) is below p10 (6)"),
        ("p10: 4, p90: 6", "p10: 4, p95: six", 'must be a number, not "six"'),
        ("unit: x, source", "units: x, source", 'unknown key "units"'),
        ("seed: 1", "sede: 1", 'unknown key "sede"'),
        ("2026Q2, how: sum}\n", "2026Q2, how: all}\n", 'must be one of sum, mean, last, not "all"'),
        ("how: sum}]\n", "how: sum}]\nscenarios: {bad: {story: x, source: judgement, set: {drivers.grow: 1}}}\n",
         'drivers has no "grow"'),
    ],
)  # fmt: skip
def test_a_fault_of_the_study_hides_none_of_the_model(tmp_path: Path, right: str, wrong: str, said: str) -> None:
    """Malformed or contradictory entries are told together with the model's faults, and nothing follows from them."""
    assert STUDY.count(right) == 1
    (tmp_path / "study.yaml").write_text(STUDY.replace(right, wrong), encoding="utf-8")
    (tmp_path / "model.py").write_text(MODEL.replace("start * SCALE", "start * SCLAE"), encoding="utf-8")
    done = sim("check", "study.yaml", code=2).stderr
    assert said in done
    assert "SCLAE" in done
    assert done.endswith("2 problems\n")


def test_a_fault_of_the_study_hides_no_contradiction_of_its_correlations(tmp_path: Path) -> None:
    text = STUDY.replace(PAIR, IMPOSSIBLE).replace("seed: 1", "sede: 1")
    (tmp_path / "study.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "model.py").write_text(MODEL, encoding="utf-8")
    done = sim("check", "study.yaml", code=2).stderr
    assert "contradict each other" in done
    assert done.endswith("2 problems\n")


SECTIONS = (
    "drivers", "openings", "innovations", "schedules", "windows", "families", "sources", "reported", "outputs",
    "timeline", "dependence", "scenarios", "target", "pack", "warnings",
)  # fmt: skip


@pytest.mark.parametrize("section", SECTIONS)
def test_a_misspelt_section_is_said_once(tmp_path: Path, section: str) -> None:
    """Without its drivers, say, every formula of the base case would be wrong: that follows, and is not told."""
    text = config.resolved_text(config.load(CONFIGS / "base.yaml"))
    wrong, replaced = re.subn(rf"^{section}:", f"{section}z:", text, flags=re.MULTILINE)
    assert replaced == 1
    (tmp_path / "study.yaml").write_text(wrong, encoding="utf-8")
    done = sim("check", "study.yaml", code=2).stderr
    assert len(re.findall(r"^[^ ].*?:\d+:\d+ ", done, re.MULTILINE)) == 1
    assert f'unknown key "{section}z"; did you mean "{section}"?' in done


def test_one_of_several_files_with_a_misspelt_section(tmp_path: Path) -> None:
    """The drivers of one file are not missing because its section is misspelt."""
    before, _, drivers = STUDY.partition("drivers:\n")
    drivers, _, after = drivers.partition("dependence:\n")
    (tmp_path / "more.yaml").write_text("drivers:\n" + drivers.splitlines(True)[0], encoding="utf-8")
    rest = "".join(drivers.splitlines(True)[1:])
    study = f"extends: more.yaml\n{before}driverz:\n{rest}dependence:\n{after}"
    (tmp_path / "study.yaml").write_text(study, encoding="utf-8")
    (tmp_path / "model.py").write_text(MODEL, encoding="utf-8")
    done = sim("check", "study.yaml", code=2).stderr
    assert len(re.findall(r"^(study.yaml|model.py):", done, re.MULTILINE)) == 1


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('@cell(at="horizon")', '@cell(at="horizont")'),
        ('@cell(at="horizon")', '@cell(on="horizon")'),
        ('@cell(at="horizon")', '@cells(at="horizon")'),
        ("return year * multiple", "return year * multiple + sum(revenues)"),
    ],
)
def test_one_slip_in_a_model_is_said_once(tmp_path: Path, right: str, wrong: str) -> None:
    (tmp_path / "study.yaml").write_text(STUDY, encoding="utf-8")
    (tmp_path / "model.py").write_text(MODEL.replace(right, wrong), encoding="utf-8")
    done = sim("check", "study.yaml", code=2).stderr
    assert len(re.findall(r"^(study.yaml|model.py):", done, re.MULTILINE)) == 1
    assert "problems" not in done


def test_a_cell_that_asks_too_early_is_said_without_what_follows(tmp_path: Path) -> None:
    """A window asked for in every period: the cell is told, not that nobody uses the window."""
    (tmp_path / "study.yaml").write_text(STUDY, encoding="utf-8")
    (tmp_path / "model.py").write_text(MODEL.replace('@cell(at="horizon")', "@cell"), encoding="utf-8")
    done = sim("check", "study.yaml", code=2).stderr
    assert 'mark this cell @cell(at="horizon")' in done
    assert "no horizon cell uses" not in done


def test_a_model_is_read_and_never_run(tmp_path: Path) -> None:
    """Top-level code of a model file is refused, not executed, by any command."""
    (tmp_path / "study.yaml").write_text(STUDY, encoding="utf-8")
    danger = MODEL + '\n\nopen("executed", "w").write("x")\n'
    (tmp_path / "model.py").write_text(danger, encoding="utf-8")
    for command in ("check", "show", "run"):
        sim(command, "study.yaml", code=2)
    assert not (tmp_path / "executed").exists()


NO_STUDY = {
    "empty": b"",
    "utf-16": b"\xff\xfe\x00",
    "nul": b"\x00",
    "list": b"[1, 2]",
    "text": b"just text",
    "open bracket": b"study: [a, b",
    "twice": b"study: a\nstudy: b\n",
    "alias": b"model: &a ./m.py\nstudy: *a\n",
    "tag": b"study: !!python/none x\n",
}


@pytest.mark.parametrize("name", list(NO_STUDY))
def test_a_file_that_is_no_study(tmp_path: Path, name: str) -> None:
    (tmp_path / "study.yaml").write_bytes(NO_STUDY[name])
    for command in ("check", "run", "show"):
        done = sim(command, "study.yaml", code=2)
        assert done.stdout == ""
        assert done.stderr.startswith("study.yaml")
    assert [path.name for path in everything_below(tmp_path)] == ["study.yaml"]


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    assert "nowhere.yaml" in sim("check", "nowhere.yaml", code=2).stderr
    (tmp_path / "folder").mkdir()
    assert "folder" in sim("run", "folder", code=2).stderr
    assert [path.name for path in everything_below(tmp_path)] == ["folder"]


def test_a_right_study_passes_as_json(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(STUDY, encoding="utf-8")
    (tmp_path / "model.py").write_text(MODEL, encoding="utf-8")
    found = json_of("check", "study.yaml")
    assert found == {
        "study": "A small study", "drivers": 3, "judgement": 3, "cells": 3, "columns": 2, "sources": 0,
        "files": ["study.yaml"], "warnings": [],
    }  # fmt: skip
