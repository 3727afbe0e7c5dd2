"""The compiled kernel against the plain-Python oracle."""

from __future__ import annotations

import ast
import json
import os
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sim import elementary, kernel
from sim.cells import graph, source
from sim.cells.graph import Graph

Bound = Callable[..., Graph]

MODEL = '''
QUARTERS = 4

def faded(start, end, kept):
    """From start to end. [as start]"""
    return end + (start - end) * kept

def rising(a, b):
    return a < b

@cell(at="opening")
def opening_tokens(level):
    """Tokens at the start. [trn/day]"""
    return level * 2

@cell(at="opening")
def scale(opening_tokens):
    return 1 / opening_tokens

@cell
def growth(t, g0, g1, half_life):
    """Growth. [1/quarter]"""
    kept = exp2(-t / half_life)  # share of the gap
    return (
        faded(g0, g1, kept)
        if 0 < kept < 1 and not kept == 0.5  # two conditions
        else g1
    )

@cell
def tokens(prev_tokens, growth, shock, season):
    return prev_tokens * exp(growth + shock * .02) * season

@cell
def capped(tokens, prev_capped, scale):
    return min(tokens, prev_capped * 1.1 ** QUARTERS, 1 / scale * 3)

@cell
def busy(tokens, capped, prev_tokens):
    return tokens > capped or rising(tokens, prev_tokens)

@cell
def counted(prev_counted, busy, t):
    return prev_counted + busy * (t >= 3)

@cell(at="horizon")
def half(year, last):
    return year / 2 - last

@cell(at="horizon")
def value(half, tokens, multiple, scale):
    worth = tokens * multiple
    return worth + half ** 2 * scale if worth > 0 else nan
'''
NAMES: dict[str, Any] = {
    "drivers": ("level", "g0", "g1", "half_life", "multiple"),
    "innovations": ("shock",),
    "schedules": ("season",),
    "openings": {"tokens": "opening_tokens", "capped": None, "counted": None},
    "windows": {"year": "tokens", "last": "capped"},
}
PERIODS = 6


def close(got: float, wanted: float, scale: float) -> bool:
    """Equal within 1e-12 of ``scale``, or both the same infinity or both nan."""
    if got != got or wanted != wanted:
        return got != got and wanted != wanted
    return got == wanted or abs(got - wanted) <= 1e-12 * scale


def inputs(seed: int) -> dict[str, Any]:
    draw = np.random.default_rng(seed)
    drivers = {name: draw.uniform(0.2, 2.0, 32) for name in NAMES["drivers"]}
    drivers["g0"], drivers["g1"] = draw.uniform(-0.3, 0.3, (2, 32))
    drivers["multiple"][5] = -1.0
    return {
        "drivers": drivers,
        "innovations": {"shock": draw.standard_normal((PERIODS, 32))},
        "numbers": {"capped": 3.0, "counted": 0.0},
        "schedules": {"season": [0.9, 1.0, 1.1, 1.0, 0.9, 1.0]},
        "windows": {"year": (3, 6, "sum"), "last": (5, 5, "last")},
        "periods": PERIODS,
    }


def test_kernel_and_oracle_agree(bound: Bound, simulated: Callable[..., Any]) -> None:
    model = bound(MODEL, **NAMES)
    model = Graph.from_json(json.loads(json.dumps(model.to_json())))  # as a stored run has it
    block = simulated(model, **inputs(3))
    seen = set()
    for lane in range(32):
        trace = block.trace(lane)
        assert len(trace.periods) == PERIODS
        assert trace.windows["year"] == pytest.approx(sum(p["tokens"] for p in trace.periods[2:]), rel=1e-14)
        assert trace.windows["last"] == trace.periods[4]["capped"]
        values = {**trace.opening, **trace.periods[-1], **trace.horizon}
        largest = max(abs(value) for value in values.values() if value == value)
        for name, value in values.items():
            assert close(block.row(name)[lane], value, largest), (name, lane)
        seen |= {trace.periods[-1]["counted"], values["value"] != values["value"]}
    assert len(seen) > 3  # different counts, valid and invalid paths: every branch was taken


def test_the_rows_that_were_asked_for(bound: Bound) -> None:
    model = bound(MODEL, **NAMES)
    layout = source.write(model, ["growth"], 32, PERIODS).layout
    assert layout.drivers == {name: row for row, name in enumerate(NAMES["drivers"])}
    assert layout.innovations == {"shock": 5}
    assert list(layout.cells) == ["opening_tokens", "scale", "growth", "tokens", "capped", "half", "value"]
    assert layout.numbers.keys() == {"capped"}  # nobody needs `counted`, so its opening needs no row
    rows = [*layout.drivers.values(), *range(5, 5 + PERIODS), *layout.numbers.values(), *layout.windows.values()]
    rows += [*layout.cells.values(), *layout.drawn.values()]
    assert sorted(rows) == list(range(layout.rows))
    assert source.Layout(**json.loads(json.dumps(layout.to_json()))) == layout


def test_the_text_is_the_model_s_own(bound: Bound) -> None:
    text = source.write(bound(MODEL, **NAMES), [], 32, PERIODS).text
    assert '    """Growth. [1/quarter]"""\n    kept = exp2(-t / half_life)  # share of the gap\n' in text
    assert "        growth = cell_growth(t, g0, g1, half_life)\n" in text
    assert "        tokens = cell_tokens(prev_tokens, growth, shock, season)\n" in text
    assert text.count("def cell_tokens(") == 1
    assert "cell_busy" not in text  # not needed by what was asked for


def test_the_order_of_openings_windows_and_files_changes_nothing(bound: Bound) -> None:
    turned = {key: dict(reversed(value.items())) if isinstance(value, dict) else value for key, value in NAMES.items()}
    functions = MODEL.split("\n\n@cell")
    backwards = "\n\n@cell".join([functions[0], *functions[:0:-1]]) + "\n"
    kernels = [source.write(model, [], 32, 6) for model in (bound(MODEL, **NAMES), bound(backwards, **turned))]
    assert kernels[0] == kernels[1]


def test_names_that_the_kernel_uses_are_not_hidden(bound: Bound, simulated: Callable[..., Any]) -> None:
    text = """
    def power_2(select):
        np = select + 1
        return np

    @cell
    def buffer(minimum, prev_buffer, i, t):
        maximum = max(minimum, i, prev_buffer)
        return select_(maximum) ** 2 + power_2(maximum) ** 3 + t

    def select_(abs_):
        return abs(abs_) if abs_ < 0 else abs_

    @cell
    def period(buffer, select, BLOCK):
        return (buffer if select > BLOCK else select) ** 1.5

    @cell(at="horizon")
    def schedules(period, np, exp2_):
        power = exp2(exp2_)
        return period ** np + power
    """
    names = ("minimum", "i", "select", "BLOCK", "np", "exp2_")
    model = bound(text, drivers=names, openings={"buffer": None})
    draw = np.random.default_rng(5)
    drivers = {name: draw.uniform(0.1, 2.0, 32) for name in names}
    block = simulated(model, drivers, periods=2, numbers={"buffer": 0.5})
    for lane in range(32):
        trace = block.trace(lane)
        for name, value in {**trace.periods[-1], **trace.horizon}.items():
            assert close(block.row(name)[lane], value, abs(value)), name


def test_every_name_of_the_text_is_its_own(bound: Bound) -> None:
    text = kernel.join([elementary, source.write(bound(MODEL, **NAMES), ["busy", "counted"], 32, PERIODS).text])
    names = []
    for node in ast.parse(text).body:
        names += [node.name] if isinstance(node, ast.FunctionDef) else []
        names += [target.id for target in getattr(node, "targets", []) if isinstance(target, ast.Name)]
    assert len(names) == len(set(names))


class Formulas:
    """Random formulas of the restricted form over the parameters ``a b c d``."""

    def __init__(self, seed: int, transcendental: bool):
        self.random = random.Random(seed)
        self.functions = ("exp", "log", "sqrt", "tanh", "exp2", "normal_cdf") if transcendental else ("abs",)
        self.transcendental = transcendental

    def number(self, depth: int) -> str:
        pick = self.random.random()
        if depth == 0 or pick < 0.1:
            return self.random.choice(["a", "b", "c", "d", "0.5", "2", "0", "1.25", "nan"][: 8 if pick > 0.01 else 9])
        one, two = self.number(depth - 1), self.number(depth - 1)
        if pick < 0.45:
            return f"({one} {self.random.choice('+-*/')} {two})"
        if pick < 0.55:
            return f"{self.random.choice(['min', 'max'])}({one}, {two}, {self.number(0)})"
        if pick < 0.7:
            return f"({one} if {self.condition(depth - 1)} else {two})"
        if pick < 0.78:
            return f"({one}) ** {self.random.choice(['2', '3', '-1', '5', '0', '-2'])}"
        if pick < 0.82 and self.transcendental:
            return f"abs({one}) ** {two}"
        if pick < 0.87:
            return f"-{one}"
        if pick < 0.92:
            return f"(1 + ({self.condition(depth - 1)}))"
        return f"{self.random.choice(self.functions)}({one})"

    def condition(self, depth: int) -> str:
        pick = self.random.random()
        parts = [self.number(depth), self.number(depth), self.number(0)]
        one, two, three = ("a" if part == "nan" else part for part in parts)  # a comparison with nan is refused
        sign = self.random.choice(["<", "<=", ">", ">=", "==", "!="])
        if depth == 0 or pick < 0.4:
            return f"{one} {sign} {two}"
        if pick < 0.6:
            return f"{one} < {two} {sign} {three}"
        if pick < 0.9:
            return f"({self.condition(depth - 1)}) {self.random.choice(['and', 'or'])} {self.condition(depth - 1)}"
        return f"not {self.condition(depth - 1)}"


def written(seed: int, count: int, transcendental: bool) -> str:
    formulas = Formulas(seed, transcendental)
    text = ""
    for n in range(count):
        formula = formulas.number(3 if not transcendental else 2)
        names = {node.id for node in ast.walk(ast.parse(formula)) if isinstance(node, ast.Name)} & set("abcd")
        text += f"@cell\ndef f{n}({', '.join(sorted(names))}):\n    part = {formula}\n    return part\n\n"
    return text


SPECIAL = [0.0, -0.0, 1.0, -1.0, 1e-300, 1e300, np.inf, -np.inf, np.nan, 2.0]


@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="plain Python raises for 2.0 / 0.0")
@pytest.mark.parametrize(("transcendental", "count"), [(False, 40), (True, 40)])
def test_random_formulas(bound: Bound, simulated: Callable[..., Any], transcendental: bool, count: int) -> None:
    model = bound(written(11, count, transcendental), drivers=("a", "b", "c", "d"))
    draw = np.random.default_rng(11)
    drivers = {name: draw.uniform(-3.0, 3.0, 32) for name in "abcd"}
    for lane, special in enumerate(SPECIAL):
        drivers["abcd"[lane % 4]][lane] = special
    block = simulated(model, drivers)
    finite = 0
    for lane in range(32):
        given = [abs(float(values[lane])) for values in drivers.values() if np.isfinite(values[lane])]
        for name, value in block.trace(lane).periods[-1].items():
            got = float(block.row(name)[lane])
            finite += abs(value) < 1e300
            if transcendental:
                assert close(got, value, max([abs(value), *given])), (name, lane, model.cell(name))
            else:  # nothing but + - * / and choices: the very same bits
                assert got == value or (got != got and value != value), (name, lane, got, value)
    assert finite > 15 * count  # most results say something


def test_one_graph_one_text(bound: Bound) -> None:
    texts = {source.write(bound(MODEL, **NAMES), ["growth"], 32, PERIODS).text for _ in range(3)}
    assert len(texts) == 1
    assert isinstance(graph.Names(**NAMES), graph.Names)
