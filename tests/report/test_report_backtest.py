"""Figures of a backtest: headlines follow the numbers, and everything drawn stays on the canvas."""

import copy

import numpy as np
import pytest
from matplotlib.text import Text

from sim.analysis.backtest import Vintage, analyse
from sim.report import backtest as printer
from sim.report import style
from sim.report.figures import backtest_coverage, backtest_fan, backtest_pit, backtest_skill
from sim.report.screens import backtest as screen

FIGURES = (backtest_coverage, backtest_fan, backtest_pit, backtest_skill)


@pytest.fixture(scope="module")
def result():
    rng = np.random.default_rng(4)
    sample, made = 0.05 * rng.standard_normal(2000), []
    for i in range(30):
        outcomes = {h: 0.05 * float(rng.standard_normal()) for h in (1, 2, 4, 8) if i + h <= 30}
        made.append(
            Vintage(
                name=f"{2017 + (i + 3) // 4}Q{(i + 3) % 4 + 1}",
                revenue=20.0,
                samples=dict.fromkeys((1, 2, 4, 8), sample),
                rivals={name: dict.fromkeys((1, 2, 4, 8), (0.02, 0.1)) for name in ("last_year", "drift", "ets")},
                outcomes=outcomes,
                periods={h: f"{2017 + (i + 3 + h) // 4}Q{(i + 3 + h) % 4 + 1}" for h in outcomes},
                unverified=frozenset({1, 4}) if i % 3 else frozenset(),
                crosses=frozenset(),
                recalled_rows=0.5,
                fitted={},
            )
        )
    facts = {"study": "S", "config": "growth.yaml", "version": "0.1.0", "hash": "ab" * 32, "history": "history.csv"}
    facts |= {"paths": 2000, "seed": 1, "directory": None}
    return {**facts, **analyse(made, (1, 2, 4, 8)).as_dict()}


@pytest.mark.parametrize("figure", FIGURES, ids=lambda f: f.__name__.rpartition("_")[2])
def test_everything_lies_on_the_canvas(figure, result):
    drawing = figure.draw(result)
    assert len(drawing.headline) <= style.HEADLINE_LIMIT
    assert drawing.alt.startswith(drawing.headline)
    assert len(drawing.data) >= 4
    with style.committee():
        drawing.figure.canvas.draw()
        across, up = drawing.figure.get_size_inches() * drawing.figure.dpi
        for text in drawing.figure.findobj(Text):
            if text.get_visible() and text.get_text():
                box = style.extent(text)
                assert box.x0 >= -1, text.get_text()
                assert box.x1 <= across + 1, text.get_text()
                assert box.y0 >= -1, text.get_text()
                assert box.y1 <= up + 1, text.get_text()


def with_horizon(result, h, **changes):
    found = copy.deepcopy(result)
    next(each for each in found["horizons"] if each["horizon"] == h).update(changes)
    return found


def test_the_screen_says_what_a_study_should_make_of_the_widths(result):
    even = copy.deepcopy(result)
    for h, each in zip((1, 2, 4, 8), even["horizons"], strict=True):
        each |= {"width_factor": {"estimate": 1 + h / 100, "interval": [0.8, 1.4]}, "correction": 1.0}
    said = screen.judgement(even)
    assert said.startswith("Intervals should have been 1.01 to 1.08 times as wide, within chance of 1 at every horizon")
    assert said in screen.lines(even, 100)
    narrow = with_horizon(even, 4, correction=1.31)
    assert "have been 1.31 times as wide 4 quarters ahead, more than chance explains" in screen.judgement(narrow)
    assert "sim calibrate STUDY --backtest FILE" in screen.judgement(narrow)
    assert "0.70 times as wide 1 quarter ahead" in screen.judgement(with_horizon(even, 1, correction=0.7))


def test_the_coverage_headline_names_a_width_that_chance_excludes(result):
    def coverage(share, low, high):
        return {p: {"estimate": share, "interval": [low, high]} for p in ("50", "80", "90")}

    even = copy.deepcopy(result)
    for each in even["horizons"]:
        each["coverage"] = coverage(0.75, 0.6, 0.9)
    assert backtest_coverage.headline(even) == "80% intervals held 75% to 75%, within chance of what they promised"
    narrow = with_horizon(even, 4, coverage=coverage(0.4, 0.2, 0.6))
    assert backtest_coverage.headline(narrow) == "80% intervals are too narrow: they held 40% at 4 quarters"
    wide = with_horizon(even, 8, coverage=coverage(1.0, 1.0, 1.0))
    assert backtest_coverage.headline(wide) == "80% intervals are too wide: they held 100% at 8 quarters"


def test_the_skill_headline_says_where_chance_is_excluded(result):
    def with_skills(*skills):
        found = copy.deepcopy(result)
        for each, (estimate, low) in zip(found["horizons"], skills, strict=True):
            each["skill"] = {"drift": {"estimate": estimate, "interval": [low, 0.6]}}
            each["best_rival"] = "drift"
        return backtest_skill.headline(found)

    some = with_skills((0.05, -0.1), (0.06, -0.1), (0.15, -0.01), (0.26, 0.02))
    assert some == "CRPS 5% to 26% below the best rival; beyond chance at 8 quarters"
    assert with_skills(*[(0.2, -0.1)] * 4).endswith("all within chance")
    assert with_skills(*[(0.2, 0.1)] * 4).endswith("at every horizon")
    assert with_skills((0.2, 0.1), (-0.04, -0.1), (0.1, 0.0), (0.1, 0.0)).endswith("4% above at worst")
    assert with_skills(*[(-0.1, -0.2)] * 4).startswith("No horizon")


def test_the_worst_miss_is_the_worst():
    rows = [
        {"horizon": h, "period": p, "revenue": r, "percentiles": {"50": 100.0}}
        for h, p, r in ((1, "2022Q3", 98.0), (4, "2023Q1", 80.0), (4, "2024Q1", 110.0))
    ]
    assert backtest_fan.headline(rows) == "The worst miss: Mar-23Q came 20% below the median of 4 quarters before"


def test_files_hold_every_forecast(result, tmp_path):
    files = printer.write(result, tmp_path)
    table = printer.forecasts(result)
    assert len(table) == len(result["forecasts"]) == 30 + 29 + 27 + 23
    assert {"p5", "p95", "in_80", "crps_model", "crps_ets", "unverified"} <= set(table.columns)
    assert len(files) == 14
    assert all(file.exists() for file in files)


def test_the_screen_gives_numbers_for_each_horizon(result):
    said = screen.lines(result, 100)
    inside = next(line for line in said if line.startswith("in the 80% interval"))
    assert inside.count("%") == 1 + 3 * 4
    assert all(len(line) < 200 for line in said)
