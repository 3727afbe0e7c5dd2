"""What is said and drawn of `sim believe`: a first line to be read out, headlines that fit, nothing off the page."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from sim.analysis import believe, prim
from sim.pipeline.believing import FIGURES
from sim.report.screens import believe as screen
from tests.analysis.believed_models import MEAN, SD, linear_run
from tests.report.conftest import make_run

CASES: dict[str, dict[str, Any]] = {
    "above": {},
    "below already": {"threshold": MEAN - 0.5 * SD},
    "other probability": {"probability": 0.9},
    "far": {"threshold": MEAN + 2.2 * SD},
    "few": {"threshold": MEAN + 3.2 * SD},
    "never": {"threshold": 1e7},
}
LONG = "A label as long as the one that somebody will write one day for a driver of a study"


@pytest.fixture(scope="module", autouse=True)
def few_resamples() -> Iterator[None]:
    """Intervals of limits are judged in the tests of boxes; here they only take time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prim, "RESAMPLES", 8)
        yield


@cache
def result(case: str) -> dict[str, Any]:
    target = {"output": "y", "at_least": MEAN + SD, "price": MEAN}
    model, run = linear_run(20_000, target)
    found = believe.analyse(run, model, model, **CASES[case]).as_dict()
    found["columns"]["b"] = {"label": LONG, "unit": "1/year"}
    found["columns"]["a"] = {"label": "Core multiple", "unit": "x"}
    return found


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("figure", FIGURES)
def test_figures_keep_to_the_page(faults, case: str, figure: str) -> None:
    drawing = importlib.import_module(f"sim.report.figures.{figure}").draw(make_run(), result(case))
    if drawing is None:
        assert case in {"few", "never", "far", "other probability"}
        return
    assert faults(drawing) == []
    assert len(drawing.headline) <= 70
    assert drawing.alt.startswith(drawing.headline)
    assert len(drawing.data) > 0


def test_the_usual_case_has_every_figure() -> None:
    for figure in FIGURES:
        assert importlib.import_module(f"sim.report.figures.{figure}").draw(make_run(), result("above")) is not None


@pytest.mark.parametrize("case", CASES)
def test_the_answer_comes_first_and_lines_keep_to_the_width(case: str) -> None:
    said = screen.lines(result(case), 80)
    assert all(len(line) <= 80 for line in said[1:])
    assert not any("nan" in line or "None" in line for line in said)
    assert said[0].endswith(".")


def test_first_lines() -> None:
    found = result("above")
    shifts = {shift["name"]: shift for shift in found["few"]["drivers"]}
    after = shifts["a"]["after"]["50"]
    assert screen.headline(found).startswith("For Total of $")
    assert "to be as likely as not (now 1" in screen.headline(found)
    assert f"you must believe in Core multiple {after:.1f}x, not 1.0x" in screen.headline(found)
    assert "likelier than that already (" in screen.headline(result("below already"))
    assert "to be 90% likely" in screen.headline(result("other probability"))
    assert screen.headline(result("few")).startswith("Nothing can be said of Total of $")
    assert "50 are needed" in screen.headline(result("few"))


def test_thresholds_and_box_in_words() -> None:
    found = result("above")
    row = {line[0]: line for line in screen.thresholds(found)}["Core multiple"]
    assert row[2].startswith("≥ ")
    assert "x ±" in row[2]
    assert row[3].endswith(("th", "st", "nd", "rd"))
    assert "(density)" in screen.box(found)
    assert "(coverage)" in screen.box(found)
    assert f"{found['box']['drivers']} of 3 drivers limited" in screen.box(found)


@pytest.mark.parametrize(
    ("one", "other", "unit", "said"),
    [
        (10.39, 11.09, "x", ("10.4x", "11.1x")),
        (0.01, 0.015, "1/year", ("1.0%", "1.5%")),
        (7.12, 7.107, "RMB/US$", ("RMB 7.120", "RMB 7.107")),
        (337.0, 340.0, "RMB bn", ("337", "340")),
        (2.0, 2.0, "x", ("2.0x", "2.0x")),
    ],
)
def test_two_values_have_the_digits_that_tell_them_apart(one: float, other: float, unit: str, said: tuple) -> None:
    assert screen.apart(one, other, unit) == said
