"""Cells repeated over a family, and cells that gather one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sim.cells.graph import Argument, Graph, identifier, split
from sim.errors import Problem

Found = Callable[..., tuple[Graph | None, list[Problem]]]
Bound = Callable[..., Graph]

MODEL = '''
@cell(at="opening", over="segment")
def opening_value(start):
    return start

@cell(over="segment")
def segment_value(prev_segment_value, multiple, growth):
    """Value of one segment. [RMB bn]"""
    return prev_segment_value * multiple * exp(growth)

@cell
def total(segment_value):
    return sum(segment_value)

@cell
def spread(segment_value, multiple):
    return max(segment_value) - min(segment_value) + max(multiple)

@cell
def before(prev_segment_value):
    return sum(prev_segment_value)
'''
NAMES: dict[str, Any] = {
    "drivers": (
        "growth",
        "multiple[aidc]",
        "multiple[others]",
        "multiple[ant]",
        "start[aidc]",
        "start[ant]",
        "start[others]",
    ),
    "families": {"segment": ("others", "aidc", "ant")},
    "openings": {"segment_value": "opening_value"},
}
MEMBERS = ("others", "aidc", "ant")


def test_members_in_the_order_of_the_study(bound: Bound) -> None:
    graph = bound(MODEL, **NAMES)
    cell = graph.cell("segment_value[aidc]")
    assert (cell.over, cell.member) == ("segment", "aidc")
    assert cell.arguments == (
        Argument("prev_segment_value", "prev", ("segment_value[aidc]",)),
        Argument("multiple", "driver", ("multiple[aidc]",)),
        Argument("growth", "driver", ("growth",)),
    )
    values = tuple(f"segment_value[{member}]" for member in MEMBERS)
    assert graph.cell("total").arguments == (Argument("segment_value", "group", values, "cell"),)
    assert graph.cell("before").arguments[0].of == "prev"
    assert graph.cell("before").reads("prev") == values
    assert graph.cell("spread").arguments[1].of == "driver"
    assert {line.cell: line.source for line in graph.carried} == {
        f"segment_value[{member}]": f"opening_value[{member}]" for member in MEMBERS
    }
    assert Graph.from_json(json.loads(json.dumps(graph.to_json()))) == graph


def test_kernel_and_oracle_agree(bound: Bound, simulated: Callable[..., Any]) -> None:
    graph = bound(MODEL, **NAMES)
    random = np.random.default_rng(7)
    drivers = {name: random.uniform(0.5, 2.0, 32) for name in NAMES["drivers"]}
    block = simulated(graph, drivers, periods=3)
    for lane in (0, 13, 31):
        trace = block.trace(lane)
        starts = {member: drivers[f"start[{member}]"][lane] for member in MEMBERS}
        assert trace.opening == {f"opening_value[{member}]": starts[member] for member in MEMBERS}
        last = trace.periods[-1]
        values = [last[f"segment_value[{member}]"] for member in MEMBERS]
        grown = np.exp(drivers["growth"][lane])
        expected = [starts[m] * (drivers[f"multiple[{m}]"][lane] * grown) ** 3 for m in MEMBERS]
        np.testing.assert_allclose(values, expected, rtol=1e-12)
        assert last["total"] == pytest.approx(sum(values), rel=1e-14)
        assert last["before"] == trace.periods[-2]["total"]
        most = max(drivers[f"multiple[{member}]"][lane] for member in MEMBERS)
        assert last["spread"] == pytest.approx(max(values) - min(values) + most, rel=1e-14)
        for name in last:
            assert block.row(name)[lane] == pytest.approx(last[name], rel=1e-12, abs=1e-12 * max(values))


WRONG = [
    ({"drivers": (*NAMES["drivers"], "multiple")}, "declared both for", "not both"),
    ({"drivers": tuple(n for n in NAMES["drivers"] if n != "multiple[ant]")}, "not declared for ant", "multiple[ant]"),
    ({"drivers": (*NAMES["drivers"], "multiple[antt]")}, '"antt" is not a member', 'did you mean "ant"?'),
    ({"drivers": (*NAMES["drivers"], "segment_value")}, "also a cell of a family", "rename"),
    ({"drivers": (*NAMES["drivers"], "segment_value[aidc]")}, "also a cell of the model", "rename"),
    ({"drivers": (*NAMES["drivers"], "total__x")}, "no cell uses this driver", "remove it"),
    ({"openings": {**NAMES["openings"], "segment_value[ant]": None}}, "both for ant and for all", "one of the two"),
    ({"openings": {"segment_value[ant]": None}}, '"segment_value[aidc]" needs an opening', "segment_value[aidc]"),
    ({"families": {**NAMES["families"], "segment": ()}}, "which is not a family with members", "families"),
    ({"families": {"segmen": MEMBERS}}, "which is not a family with members", 'did you mean "segmen"?'),
    ({"windows": {"w": "segment_value"}}, "is a family with a value for each member", "segment_value[others] or"),
]  # fmt: skip


@pytest.mark.parametrize(("changed", "what", "advice"), WRONG)
def test_a_family_that_does_not_fit(found: Found, changed: dict[str, Any], what: str, advice: str) -> None:
    _, problems = found(MODEL, **{**NAMES, **changed})
    fitting = [p for p in problems if what in p.what and advice in p.advice]
    assert fitting, [str(problem) for problem in problems]


@pytest.mark.parametrize(
    ("formula", "what"),
    [
        ("segment_value", "a formula gives one value"),
        ("segment_value * 2", "a whole family stands where one number is needed"),
        ("segment_value[0]", "an index in brackets"),
        ("abs(segment_value)", "a whole family stands where one number is needed"),
        ("exp(segment_value)", "a whole family stands where one number is needed"),
        ("sum(segment_value, 1)", "sum adds up a family"),
        ("1 if segment_value > 0 else 0", "a whole family stands where one number is needed"),
        ("sum(v for v in segment_value)", "sum adds up a family"),
    ],
)
def test_a_family_is_only_summed_or_compared(found: Found, formula: str, what: str) -> None:
    _, problems = found(f"{MODEL}\n@cell\ndef bad(segment_value):\n    return {formula}\n", **NAMES)
    assert any(what in problem.what for problem in problems), [str(problem) for problem in problems]


def test_names_written_alike_are_refused(found: Found) -> None:
    text = '@cell(over="f")\ndef a():\n    return 1\n\n@cell\ndef a__x():\n    return 2\n'
    _, problems = found(text, families={"f": ("x",)})
    assert any("would be written alike" in problem.what for problem in problems)


def test_a_family_of_one_is_still_a_family(bound: Bound) -> None:
    text = '@cell(over="f")\ndef a():\n    return 1\n\n@cell\ndef b(a):\n    return sum(a)\n'
    graph = bound(text, families={"f": ("x",)})
    assert graph.cell("b").arguments == (Argument("a", "group", ("a[x]",), "cell"),)


def test_a_cell_of_one_family_gathers_another(bound: Bound) -> None:
    text = '@cell(over="f")\ndef a():\n    return 1\n\n@cell(over="g")\ndef b(a, x):\n    return sum(a) * x\n'
    graph = bound(text, families={"f": ("m", "n"), "g": ("p", "q")}, drivers=("x[p]", "x[q]"))
    assert graph.cell("b[q]").arguments[0].targets == ("a[m]", "a[n]")
    assert graph.cell("b[q]").arguments[1].targets == ("x[q]",)


def test_names_and_identifiers() -> None:
    assert split("segment_value[aidc]") == ("segment_value", "aidc")
    assert split("total") == ("total", None)
    assert identifier("segment_value[aidc]") == "segment_value__aidc"
    assert identifier("total") == "total"
