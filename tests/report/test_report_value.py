"""The histogram counts right on both sides of the target and its texts keep clear of each other and of the bars."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from sim.errors import InputError, ModelFailure
from sim.report import style
from sim.report.figures import value
from sim.report.figures.bins import collect
from sim.report.numbers import money, percent

CASES: dict[str, dict[str, Any]] = {
    "realistic": {},
    "all above": {"goal": 40.0, "price": 45.0},
    "none above": {"goal": 420.0},
    "far above": {"goal": 1790.0},
    "far below": {"goal": -900.0, "price": 3000.0},
    "one path": {"n": 1},
    "few paths": {"n": 20},
    "negative": {"shift": -150.0, "goal": 20.0, "price": 16.0},
    "price is target": {"price": 179.0},
    "price and target at the median": {"goal": 170.0, "price": 170.5},
    "no price": {"price": None},
    "no alternatives": {"alternatives": False},
    "no target": {"goal": None},
    "dimensionless and small": {"scale": 1e-4, "goal": 0.0179, "price": 0.0166, "unit": "1"},
    "large": {"scale": 1e6, "goal": 1.79e8, "price": 1.66e8, "unit": "RMB bn"},
    "constant": {"scale": 0.0, "shift": 170.0},
    "constant at target": {"scale": 0.0, "shift": 179.0},
    "constant zero": {"scale": 0.0, "goal": 0.0, "price": 0.0},
    "invalid paths": {"invalid": 700},
    "long label": {"label": "Value of one American depositary share after everything was counted twice or more" * 2},
}


@pytest.fixture(scope="module")
def drawn(run_of) -> Callable[[str], style.Drawing]:
    return cache(lambda name: value.draw(run_of(**CASES[name])))


@pytest.mark.parametrize("name", CASES)
def test_every_text_lies_on_the_page_and_none_covers_another(drawn, faults, name: str) -> None:
    drawing = drawn(name)
    assert faults(drawing) == []
    assert len(drawing.headline) <= 70


@pytest.mark.parametrize("name", CASES)
def test_texts_keep_clear_of_the_bars(drawn, name: str) -> None:
    drawing = drawn(name)
    axes = drawing.figure.axes[0]
    with style.committee():
        drawing.figure.canvas.draw()
        boxes = [(t.get_text(), style.extent(t)) for t in axes.texts]
        bars = [bar.get_window_extent() for bar in axes.patches if isinstance(bar, Rectangle) and bar.get_height()]
    assert boxes
    assert bars
    for words, box in boxes:
        assert not any(box.y0 < bar.y1 - 1 and box.x0 < bar.x1 and bar.x0 < box.x1 for bar in bars), words


@pytest.mark.parametrize("name", [name for name, how in CASES.items() if how.get("goal", 1) is not None])
def test_dark_bars_are_exactly_the_paths_that_reach_the_target(run_of, drawn, name: str) -> None:
    run = run_of(**CASES[name])
    values, data = collect(run, None), drawn(name).data
    goal, column = run.target["at_least"], run.column("value_per_ads")
    bars = data[data["kind"].isin(["bin", "below axis", "above axis"])]
    reached = int(np.count_nonzero(column >= goal))
    assert bars["paths"].sum() == np.isfinite(column).sum()
    if goal <= values.edges[-1] and goal >= values.edges[0]:
        assert bars.loc[bars["from"] >= goal, "paths"].sum() == reached
    elif goal > values.edges[-1]:
        assert reached <= values.above
    else:
        assert reached >= bars["paths"].sum() - values.below
    answer = data[data["kind"] == "at least target"].iloc[0]
    assert answer["paths"] == reached
    assert answer["share"] == run.summary["target"]["probability"]


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=60),
    st.floats(-1e6, 1e6),
)
@settings(deadline=None, max_examples=60)
def test_no_path_is_lost_or_counted_on_the_wrong_side(run_of, column: list[float], goal: float) -> None:
    run = run_of(n=50, goal=goal, price=None, alternatives=False)
    run.columns["value_per_ads"] = np.array(column)
    values = collect(run, None)
    assert values.counts.sum() + values.below + values.above == len(column)
    if values.edges[0] <= goal <= values.edges[-1]:
        dark = values.counts[values.edges[:-1] >= goal].sum() + values.above
        assert dark == np.count_nonzero(run.columns["value_per_ads"] >= goal)
    assert len(values.counts) < 400


def test_bars_are_five_dollars_wide_and_meet_at_the_target(run_of) -> None:
    values = collect(run_of(20_000), None)
    assert values.width == 5
    assert 179.0 in values.edges


def test_second_cue_for_grayscale(run_of) -> None:
    drawing = value.draw(run_of())
    axes = drawing.figure.axes[0]

    def grey(colour: Any) -> float:
        red, green, blue = (int(to_hex(colour)[i : i + 2], 16) for i in (1, 3, 5))
        return 0.299 * red + 0.587 * green + 0.114 * blue

    bars = [bar for bar in axes.patches if isinstance(bar, Rectangle)]
    light = {grey(bar.get_facecolor()) for bar in bars if bar.get_x() < 178}
    dark = {grey(bar.get_facecolor()) for bar in bars if bar.get_x() > 178}
    assert min(light) - max(dark) > 80
    dashes = {line.get_color(): line.get_linestyle() for line in axes.lines}
    assert dashes[style.BLACK] == "-"
    assert len({dashes[style.VERMILLION], dashes[style.GREY], dashes[style.BLACK]}) == 3 or (
        axes.lines[1]._dash_pattern != axes.lines[2]._dash_pattern
    )


def test_headline_and_answer_are_the_data(run_of, texts) -> None:
    run = run_of()
    drawing = value.draw(run)
    data = drawing.data
    share = data[data["kind"] == "at least target"].iloc[0]["share"]
    median = data[data["kind"] == "P50"].iloc[0]["from"]
    written = percent(float(share))
    assert drawing.headline == f"Value per ADS reaches $179 on {written} of paths; median {money(median, 'US$')}"
    shown = [t.get_text() for t in texts(drawing)]
    assert written in shown
    assert any(words.startswith("of paths reach $179 (±0.8 pp)") for words in shown)
    for name in ("Multiple alone", "DCF alone"):
        other = data[(data["kind"] == "at least target") & (data["label"] == name)].iloc[0]
        assert any(re.fullmatch(rf"{percent(float(other['share']))} ±0\.[78] pp", words) for words in shown)
        assert percent(float(other["share"])) in drawing.alt


def test_all_and_none_are_said_with_their_bound(run_of, texts) -> None:
    none, every = value.draw(run_of(goal=420.0)), value.draw(run_of(goal=40.0))
    assert "on no path" in none.headline
    assert "on every path" in every.headline
    notes = [" ".join(t.get_text() for t in texts(d)) for d in (none, every)]
    assert "at most 0.092% reach it (95% bound)" in notes[0]
    assert "at most 0.092% miss it (95% bound)" in notes[1]


def test_marks_beyond_the_axis_become_arrows(run_of, texts) -> None:
    shown = [t.get_text() for t in texts(value.draw(run_of(**CASES["far below"])))]
    assert "target ← −$900" in shown
    assert "price $3,000 →" in shown


def test_invalid_paths_are_counted_not_hidden(run_of, texts) -> None:
    drawing = value.draw(run_of(invalid=700))
    assert any("700 invalid paths left out" in t.get_text() for t in texts(drawing))
    assert "share of 3,300 paths" in drawing.subtitle


def test_without_target_the_spread_is_the_finding(run_of) -> None:
    drawing = value.draw(run_of(goal=None))
    assert drawing.headline.startswith("Value per ADS: median $1")
    assert "90% of paths $1" in drawing.headline
    assert value.draw(run_of(), "dcf_alone").name == "dcf_alone_histogram"


def test_what_cannot_be_drawn_is_said(run_of) -> None:
    with pytest.raises(ModelFailure, match="no valid path"):
        value.draw(run_of(n=30, invalid=30))
    run = run_of(goal=None)
    for name in ("value_per_ads", "multiple_alone", "dcf_alone"):
        del run.summary["outputs"][name]
    with pytest.raises(InputError, match="histogram"):
        value.draw(run)
