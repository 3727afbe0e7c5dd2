"""A period's cells in several loops give the bits of one loop, also where a loop needs what an earlier one replaced."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sim import pipeline
from sim.cells import fission
from sim.cells.bound import Graph

# `ahead` and `wage` ask for previous values of lines that are replaced before their turn.
MODEL = """
@cell
def level(prev_level, growth, noise):
    return prev_level * exp(growth + 0.1 * noise)

@cell
def excess(level, growth):
    return max(level - growth, 0.2) / (1.0 + level)

@cell
def ahead(level, prev_level, prev_wage):
    return level / prev_level + prev_wage

@cell
def wage(prev_wage, prev_level, prev_ahead, excess):
    return 0.5 * prev_wage + prev_level * excess - 0.1 * prev_ahead

@cell
def spent(excess, wage, ahead):
    return excess * exp(-wage * wage) + ahead
"""
CELLS = ("level", "ahead", "excess", "wage", "spent")  # in order of computation
PERIODS = 6


@pytest.fixture
def model(bound: Callable[..., Graph]) -> Graph:
    return bound(MODEL, drivers=("growth",), innovations=("noise",), openings=dict.fromkeys(("level", "wage", "ahead")))


def simulate(simulated: Callable[..., Any], model: Graph) -> dict[str, NDArray[np.float64]]:
    random = np.random.default_rng(20)
    made = simulated(
        model,
        {"growth": random.uniform(-0.1, 0.2, 32)},
        periods=PERIODS,
        kept={"spent"},
        innovations={"noise": random.standard_normal((PERIODS, 32))},
        numbers={"level": 1.0, "wage": 0.3, "ahead": 0.1},
    )
    trace = made.trace(7).periods[-1]
    assert made.row("spent")[7] == pytest.approx(trace["spent"], rel=1e-12)
    return {name: made.row(name).copy() for name in ("level", "wage", "ahead", "spent")}


def test_loops_change_no_bit(simulated: Callable[..., Any], model: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fission, "LONGEST", 1e9)
    assert len(fission.cut(model).loops) == 1
    together = simulate(simulated, model)
    for longest in (1.0, 25.0):
        monkeypatch.setattr(fission, "LONGEST", longest)
        apart = simulate(simulated, model)
        for name, values in together.items():
            assert np.array_equal(values, apart[name]), (longest, name)


def test_what_passes_between_loops(model: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fission, "LONGEST", 1.0)
    found = fission.cut(model)
    assert [[cell.name for cell in loop] for loop in found.loops] == [[name] for name in CELLS]
    assert set(found.handed) == {"level", "excess", "ahead", "wage"}
    assert set(found.before) == {"level", "ahead"}  # `prev_wage` is asked for before, and where, it is replaced


def test_a_small_model_stays_one_loop(model: Graph) -> None:
    found = fission.cut(model)
    assert [[cell.name for cell in loop] for loop in found.loops] == [list(CELLS)]
    assert found.handed == found.before == ()


def test_loops_of_base_are_of_about_equal_cost() -> None:
    graph = pipeline.check(Path("configs/base.yaml")).graph
    whole = fission.cut(graph)
    assert len(whole.loops) >= 5
    assert [cell.name for loop in whole.loops for cell in loop] == [cell.name for cell in graph.period]
    known: dict[str, float] = {}
    costs = [sum(1.0 + fission._cost(cell.function, graph.functions, known) for cell in loop) for loop in whole.loops]
    assert max(costs) < 1.4 * fission.LONGEST
    assert min(costs) > 0.6 * fission.LONGEST
