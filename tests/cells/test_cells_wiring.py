"""Binding a model to the names of a study: what each parameter becomes, and every fault with its leaf and advice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sim.cells.graph import Argument, Carried, Graph, OutputRequest, unit
from sim.errors import Problem

Found = Callable[..., tuple[Graph | None, list[Problem]]]
Bound = Callable[..., Graph]

MODEL = '''
@cell(at="opening")
def opening_tokens(level):
    """Tokens at the start. [trn/day]"""
    return level

@cell
def growth(t, fading):
    """Growth. [1/quarter]"""
    return exp2(-t / fading)

@cell
def tokens(prev_tokens, growth, shock, season, opening_tokens):
    """Tokens. [trn/day]"""
    return prev_tokens * exp(growth + shock) * season + opening_tokens

@cell(at="horizon")
def value(year, multiple, tokens):
    """Value. [US$]"""
    return year * multiple + tokens
'''
NAMES: dict[str, Any] = {
    "drivers": ("fading", "level", "multiple"),
    "innovations": ("shock",),
    "schedules": ("season",),
    "openings": {"tokens": "opening_tokens"},
    "windows": {"year": "tokens"},
    "families": {},
    "outputs": (OutputRequest("outputs.0.cell", "value", False), OutputRequest("outputs.1.cell", "tokens", True)),
}


def test_every_kind_of_parameter(bound: Bound) -> None:
    graph = bound(MODEL, **NAMES)
    assert [cell.name for cell in graph.opening] == ["opening_tokens"]
    assert [cell.name for cell in graph.period] == ["growth", "tokens"]
    assert [cell.name for cell in graph.horizon] == ["value"]
    assert graph.cell("growth").arguments == (Argument("t", "time", ()), Argument("fading", "driver", ("fading",)))
    assert graph.cell("tokens").arguments == (
        Argument("prev_tokens", "prev", ("tokens",)),
        Argument("growth", "cell", ("growth",)),
        Argument("shock", "innovation", ("shock",)),
        Argument("season", "schedule", ("season",)),
        Argument("opening_tokens", "cell", ("opening_tokens",)),
    )
    assert graph.cell("value").arguments[0] == Argument("year", "window", ("year",))
    assert graph.carried == (Carried("tokens", "tokens", "opening_tokens"),)
    assert graph.windows == {"year": "tokens"}
    cell = graph.cell("tokens")
    assert (cell.unit, cell.file, cell.at, cell.over) == ("trn/day", "model.py", "period", None)
    assert graph.functions[cell.function].text.startswith("def tokens(")
    with pytest.raises(KeyError):
        graph.cell("token")


def without(section: str, name: str) -> dict[str, Any]:
    left = NAMES[section]
    kept = (
        {k: v for k, v in left.items() if k != name} if isinstance(left, dict) else tuple(x for x in left if x != name)
    )
    return {**NAMES, section: kept}


def adding(section: str, value: object) -> dict[str, Any]:
    there = NAMES.get(section, ())
    return {**NAMES, section: {**there, **value} if isinstance(value, dict) else (*there, value)}  # type: ignore[dict-item]


WRONG = [
    (
        without("openings", "tokens"),
        "openings.tokens",
        '"tokens" needs an opening, because the cell "tokens"',
        "value: ...",
    ),
    (
        without("drivers", "level"),
        "model",
        'the cell "opening_tokens" asks for "level": "level" is neither',
        "declare it",
    ),
    (without("innovations", "shock"), "model", 'asks for "shock"', "innovations or schedules"),
    (without("windows", "year"), "model", 'the cell "value" asks for "year"', "declare it"),
    (adding("drivers", "multipl"), "drivers.multipl", "no cell uses this driver", "or remove it"),
    (adding("innovations", "noise"), "innovations.noise", "no cell uses this innovation", "or remove it"),
    (adding("schedules", "week"), "schedules.week", "no cell uses this schedule", "or remove it"),
    (adding("windows", {"later": "tokens"}), "windows.later", "no horizon cell uses this window", "or remove it"),
    (adding("windows", {"later": "token"}), "windows.later.cell", 'no cell "token"', 'did you mean "tokens"?'),
    (adding("windows", {"later": "value"}), "windows.later.cell", "computed once", "ask for this cell directly"),
    (adding("windows", {"later": "level"}), "windows.later.cell", '"level" is a driver, not a cell', "write a cell"),
    (adding("openings", {"growth": None}), "openings.growth", 'no cell asks for "prev_growth"', "remove the opening"),
    (adding("openings", {"tokns": None}), "openings.tokns", 'the model has no cell "tokns"', 'did you mean "tokens"?'),
    (adding("openings", {"tokens": "level"}), "openings.tokens", "which is a driver, not an opening", 'at="opening"'),
    (adding("openings", {"tokens": "growth"}), "openings.tokens", "which is a cell of the periods", 'at="opening"'),
    (
        adding("openings", {"tokens": "opening_token"}),
        "openings.tokens",
        "not a cell",
        'did you mean "opening_tokens"?',
    ),
    (adding("drivers", "growth"), "drivers.growth", '"growth" is also a cell of the model', "rename one"),
    (adding("schedules", "level"), "schedules.level", '"level" is also declared under drivers', "rename one"),
    (adding("drivers", "prev_x"), "drivers.prev_x", "an input cannot be named", "choose another name"),
    (adding("drivers", "t"), "drivers.t", "an input cannot be named", "t is the period"),
    (adding("drivers", "a b"), "drivers.a b", "is not a name that a formula can use", "letters, digits and _"),
    (adding("drivers", "lambda"), "drivers.lambda", "is not a name that a formula can use", "letters, digits and _"),
    (adding("drivers", "level[x]"), "drivers.level[x]", '"x" is not a member of any family', "families"),
    (adding("families", {"part": ("a", "b")}), "families.part", "no cell is repeated over this family", 'over="part"'),
    (adding("outputs", OutputRequest("outputs.2", "valu", False)), "outputs.2", 'no cell "valu"', 'mean "value"?'),
    (adding("outputs", OutputRequest("outputs.2", "value", True)), "outputs.2", "computed once", "remove per:"),
    (adding("outputs", OutputRequest("outputs.2", "growth", False)), "outputs.2", "in every period", "fiscal_year"),
    (
        adding("outputs", OutputRequest("outputs.2", "level", False)),
        "outputs.2",
        "is a driver, not a cell",
        "write a cell",
    ),
    ({**NAMES, "timed": False}, "model", "the study has no periods", "add timeline:"),
]


@pytest.mark.parametrize(("names", "path", "what", "advice"), WRONG)
def test_a_study_that_does_not_fit(found: Found, names: dict[str, Any], path: str, what: str, advice: str) -> None:
    graph, problems = found(MODEL, **names)
    assert graph is None
    fitting = [p for p in problems if p.path == path and what in p.what and advice in p.advice]
    assert fitting, [str(problem) for problem in problems]


MISPLACED = [
    (
        '@cell(at="opening")\ndef b(tokens):\n    return tokens',
        "is a cell of the periods",
        "an opening cell is computed",
    ),
    ('@cell(at="opening")\ndef b(value):\n    return value', "is a horizon cell", "an opening cell is computed"),
    (
        '@cell(at="opening")\ndef b(prev_tokens):\n    return prev_tokens',
        "no value before the first period",
        "an opening",
    ),
    ('@cell(at="opening")\ndef b(shock):\n    return shock', "is an innovation", "an opening cell is computed"),
    ('@cell(at="opening")\ndef b(season):\n    return season', "is a schedule", "an opening cell is computed"),
    ('@cell(at="opening")\ndef b(year):\n    return year', "is a window", "an opening cell is computed"),
    ('@cell(at="opening")\ndef b(t):\n    return t', "there is no period t", "an opening cell is computed"),
    ("@cell\ndef b(value):\n    return value", "is a horizon cell", 'mark this cell @cell(at="horizon") too'),
    ("@cell\ndef b(year):\n    return year", "is a window, complete only after", 'mark this cell @cell(at="horizon")'),
    ("@cell\ndef b(prev_level):\n    return prev_level", "does not change from period to period", 'ask for "level"'),
    ("@cell\ndef b(prev_value):\n    return prev_value", "does not change from period to period", 'ask for "value"'),
    ("@cell\ndef b(prev_tokns):\n    return prev_tokns", '"tokns" is neither a cell', 'did you mean "tokens"?'),
    ("@cell\ndef b(tokns):\n    return tokns", '"tokns" is neither a cell', 'did you mean "tokens"?'),
    ('@cell(at="horizon")\ndef b(prev_tokens):\n    return prev_tokens', "no meaning after the last", "how: last"),
    ('@cell(at="horizon")\ndef b(shock):\n    return shock', "is an innovation", "use it in a cell"),
    ('@cell(at="horizon")\ndef b(season):\n    return season', "is a schedule", "use it in a cell"),
    ('@cell(at="horizon")\ndef b(t):\n    return t', "t has no meaning after the last period", "use t in a cell"),
    ("@cell\ndef prev_b(level):\n    return level", 'a cell cannot be named "prev_b"', "choose another name"),
    ("@cell\ndef t(level):\n    return level", 'a cell cannot be named "t"', "t is the period"),
    ('@cell(over="part")\ndef b(level):\n    return level', 'repeated over "part"', "families: {part:"),
]


@pytest.mark.parametrize(("text", "what", "advice"), MISPLACED)
def test_a_cell_that_asks_for_what_is_not_there_yet(found: Found, text: str, what: str, advice: str) -> None:
    graph, problems = found(f"{MODEL}\n{text}\n", **NAMES)
    assert graph is None
    fitting = [p for p in problems if what in p.what and advice in p.advice]
    assert fitting, [str(problem) for problem in problems]
    assert fitting[0].place is not None
    assert fitting[0].place.line > MODEL.count("\n")


def test_without_a_timeline_a_period_cell_is_an_output(bound: Bound) -> None:
    graph = bound(
        "@cell\ndef a(x):\n    return x\n",
        drivers=("x",),
        outputs=(OutputRequest("outputs.0", "a", False),),
        timed=False,
    )
    assert [cell.name for cell in graph.period] == ["a"]


def test_a_cell_written_twice_names_both_places(found: Found) -> None:
    cell = "@cell\ndef a():\n    return 1\n"
    _, (problem,) = found({"one.py": cell, "two.py": cell})
    assert 'the cell "a" is also written at' in problem.what
    assert "one.py:" in problem.what
    assert problem.place is not None
    assert problem.place.file.endswith("two.py")


def test_an_empty_model(found: Found) -> None:
    _, (problem,) = found("A = 1\n")
    assert "has no cell" in problem.what


def test_cells_of_several_files_share_names_constants_and_helpers(bound: Bound) -> None:
    graph = bound(
        {
            "one.py": "RATE = 2 ** 3 / 4\nHALF = RATE / 4\n\ndef double(x):\n    return 2 * x\n\n"
            "@cell\ndef a():\n    return RATE\n",
            "two.py": "from .one import HALF, double as twice\n\n@cell\ndef b(a):\n    return twice(a) + HALF\n",
        }
    )
    assert graph.constants == {"written.one.HALF": 0.5, "written.one.RATE": 2.0}
    assert set(graph.functions) == {"written.one.a", "written.one.double", "written.two.b"}


@pytest.mark.parametrize(
    ("doc", "wanted"),
    [
        ("Growth. [1/quarter]", "1/quarter"),
        ("Share in [0, 1]. [1]", "1"),
        ("Growth, fading\nto its long-run rate. [1/quarter]\n\nMore [words].", "1/quarter"),
        ("Growth. [1/quarter] Fades slowly.", "1/quarter"),
        ("No unit", ""),
        ("", ""),
    ],
)
def test_units(doc: str, wanted: str) -> None:
    assert unit(doc) == wanted
