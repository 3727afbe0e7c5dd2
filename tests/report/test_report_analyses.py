"""Figures and screens of prob, bridge, compare, sweep and convergence: they say what was computed, and fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.analysis import bridge, compare, convergence, exceedance, likelihood, sweep
from sim.report import style
from sim.report.figures import bridge as waterfall
from sim.report.figures import convergence as tracing
from sim.report.figures import exceedance as curves
from sim.report.figures import heat_map
from sim.report.screens import bridge as bridge_screen
from sim.report.screens import compare as compare_screen
from sim.report.screens import convergence as convergence_screen
from sim.report.screens import layout
from sim.report.screens import prob as prob_screen
from sim.report.screens import sweep as sweep_screen
from tests.analysis.studies_of_functions import FunctionStudy, Law

LONG = "Long-run revenue per unit of installed AI capital, external customers only"


def study(shift: float = 0.0, scale: float = 1.0, drivers: int = 3) -> FunctionStudy:
    """Value 170 + 20 x the sum of a few normals, some moved by ``shift``."""
    names = ["a", "b", "c", *(f"d{i}" for i in range(drivers - 3))]
    law = Law({n: (shift * (-1) ** i / (1 + i), 1.0) for i, n in enumerate(names)})
    text = f"lambda {', '.join(names)}: {170 * scale} + {20 * scale} * ({' + '.join(names)})"
    return FunctionStudy(law, {"value": eval(text)})


FACTS: dict[str, Any] = {
    "units": {"value": "US$/ADS"}, "labels": {"value": "Value per ADS", "a": LONG, "b": "WACC"},
    "config": "base.yaml", "study": "Alibaba AI cloud, base case", "sim_version": "0.1.0", "as_of": "2025-09-17",
    "scenario": None,
}  # fmt: skip
GOAL = {"output": "value", "at_least": 179.0, "price": 166.0, "alternatives": {}}


def named(config: str, scenario: str | None = None) -> dict[str, Any]:
    return {"run": "r", "config": config, "scenario": scenario, "seed": 1, "study": "s", "hash": "h", "paths": 4096}


def bridged(shift: float, drivers: int = 3, certain: bool = False, scale: float = 1.0) -> dict[str, Any]:
    sides = [study(s, scale, drivers).side(4096, target=GOAL, **FACTS) for s in (0.0, shift)]
    found = bridge.analyse(*sides, "value", 179.0 * scale).as_dict()
    return {**found, "from": named("base.yaml"), "to": named("bull.yaml", "bull"), "redrawn": False, "certain": certain}


def compared(goal: float | None = 179.0, weights: bool = True, names: tuple[str, ...] = ("base", "bull", "bear")):
    sides = [study(s).side(4096, target=GOAL, **FACTS) for s in (0.0, 1.0, -1.0, 0.5, -0.5)[: len(names)]]
    given = [1 / len(names)] * len(names) if weights else None
    return {**compare.analyse(sides, list(names), "value", goal, given).as_dict(), "note": ""}


def swept(rows: int, columns: int, goal: float | None = 179.0) -> dict[str, Any]:
    base = study().run(4096).column("value")
    axes = [sweep.Axis("a", LONG, "1", tuple(f"{i}%" for i in range(rows)), 1, True)]
    axes += [sweep.Axis("b", "WACC", "1", tuple(f"{i / 10}" for i in range(columns)), 0, False)] if columns else []
    cells = [base + 3 * k for k in range(rows * max(columns, 1))]
    return sweep.analyse("s", ("value", "Value per ADS", "US$/ADS"), goal, axes, base, cells).as_dict()


def probed(goal: float) -> tuple[dict[str, Any], tuple[float, ...]]:
    run = study().run(4096, GOAL, **FACTS)
    return likelihood.analyse(run, "value", goal).as_dict(), exceedance.analyse([run.column("value")])


@pytest.mark.parametrize("goal", [179.0, 10.0, 300.0])
def test_one_curve(run_of, faults, goal: float) -> None:
    found, curve = probed(goal)
    drawing = curves.draw_one(run_of(), found, curve)
    assert faults(drawing) == []
    assert len(drawing.headline) <= style.HEADLINE_LIMIT
    assert f"{found['probability']:.0%}" in drawing.headline or found["probability"] in (0, 1)
    assert drawing.data["value"].iloc[:-1].is_monotonic_increasing


@pytest.mark.parametrize(
    "names", [("base", "bull", "bear"), ("one", "two"), ("a b c d e f g h i j k l m", "bull", "x", "y", "z")]
)
@pytest.mark.parametrize("goal", [179.0, None])
def test_several_curves(run_of, faults, names: tuple[str, ...], goal: float | None) -> None:
    found = compared(goal, names=names)
    drawing = curves.draw(run_of(), found)
    assert faults(drawing) == []
    assert len(drawing.headline) <= style.HEADLINE_LIMIT
    assert set(drawing.data["case"]) == {*names, "weighted"}
    if goal is not None:
        assert f"{found['mixture']['reaches']['value']:.0%}" in drawing.headline


@pytest.mark.parametrize(("shift", "drivers"), [(1.0, 3), (-0.5, 3), (0.8, 14)])
def test_waterfall_adds_up(run_of, faults, shift: float, drivers: int) -> None:
    found = bridged(shift, drivers)
    drawing = waterfall.draw(run_of(), found)
    assert faults(drawing) == []
    table = drawing.data
    steps = table[table["kind"] == "step"]
    assert len(steps) == min(drivers, 9)
    ends = table[table["kind"] == "end"]["to"].tolist()
    assert steps["step"].sum() == pytest.approx(ends[1] - ends[0], abs=1e-10)
    assert np.allclose(steps["from"].iloc[1:], steps["to"].iloc[:-1])
    assert "axis cut at" in " ".join(t.get_text() for t in drawing.figure.texts)
    assert ("up" if ends[1] > ends[0] else "down") in drawing.headline


def test_waterfall_of_small_values_is_not_cut(run_of, faults) -> None:
    drawing = waterfall.draw(run_of(), bridged(-6.0))
    assert "axis cut" not in " ".join(t.get_text() for t in drawing.figure.texts)
    assert faults(drawing) == []


@pytest.mark.parametrize(("rows", "columns"), [(4, 0), (12, 0), (3, 4), (7, 9)])
@pytest.mark.parametrize("goal", [179.0, None])
def test_sweeps(run_of, faults, rows: int, columns: int, goal: float | None) -> None:
    found = swept(rows, columns, goal)
    drawing = heat_map.draw(run_of(), found)
    assert faults(drawing) == []
    assert len(drawing.headline) <= style.HEADLINE_LIMIT
    assert len(drawing.data) == rows * max(columns, 1)
    if goal is not None:
        reach = sum(cell["mean"]["value"] >= goal for cell in found["cells"])
        count = "none" if reach == 0 else "all" if reach == len(found["cells"]) else str(reach)
        assert f"{count} of {len(found['cells'])}" in drawing.headline


@pytest.mark.parametrize("goal", [170.0, 179.0, 400.0])
def test_convergence_figure(run_of, faults, goal: float) -> None:
    found = convergence.analyse(study().run(16_384, GOAL, **FACTS), "value", goal).as_dict()
    drawing = tracing.draw(run_of(), found)
    assert faults(drawing) == []
    assert len(drawing.headline) <= style.HEADLINE_LIMIT
    assert len(drawing.data) == len(found["steps"])


# --- screens ---


@pytest.mark.parametrize("width", [60, 80, 140])
def test_first_lines_answer_and_lines_fit(width: int) -> None:
    found, _ = probed(179.0)
    screens = [
        (prob_screen.lines(found, width), "Value per ADS reaches $179 on "),
        (bridge_screen.lines(bridged(0.8, 14), width), "Mean of Value per ADS "),
        (compare_screen.lines(compared(), width), "Value per ADS reaches $179 on "),
        (compare_screen.lines(compared(None), width), "Value per ADS has a median from "),
        (sweep_screen.lines(swept(4, 0), width), "Value per ADS has a mean of "),
        (sweep_screen.lines(swept(3, 4), width), "Value per ADS has a mean of "),
        (
            convergence_screen.lines(
                convergence.analyse(study().run(8192, GOAL, **FACTS), "value", 179.0).as_dict(), width
            ),
            "Enough: Value per ADS ≥ $179 is more likely missed than reached",
        ),
    ]
    for lines, first in screens:
        assert " ".join(lines).startswith(first)
        assert max(map(len, lines)) <= max(width, layout.NARROWEST)


def test_a_bridge_shows_every_step_once_and_its_sum() -> None:
    found = bridged(0.8, 20)
    text = bridge_screen.lines(found, 100)
    assert sum("smaller steps" in line for line in text) == 1
    rest = sum(step["value"] for step in found["statistics"]["mean"]["steps"][14:])
    assert layout.signed({"value": rest, "standard_error": None}) in next(t for t in text if "smaller" in t)


@pytest.mark.parametrize(
    ("share", "words"),
    [(0.4, "about 2 in 5"), (0.5, "about 1 in 2"), (0.02, "about 1 in 50"), (0.98, "all but about 1 in 50"),
     (0.0, "no path"), (1.0, "every path"), (0.68, "about 2 in 3"), (0.71, "about 7 in 10")],
)  # fmt: skip
def test_chances_in_words(share: float, words: str) -> None:
    assert layout.about(share) == words


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [(6.5227, 0.0, "+$6.52"), (-0.4931, 0.0121, "−$0.49 ±0.01"), (0.0, 0.0, "0"), (1234.0, 2.0, "+$1,234 ±2")],
)
def test_signed_steps(value: float, error: float, text: str) -> None:
    assert layout.signed({"value": value, "standard_error": error}, unit="US$/ADS") == text
