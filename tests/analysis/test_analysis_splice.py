"""Levels of two bases are joined by growth alone, and only by growth that was known."""

import math
from pathlib import Path

import numpy as np
import pytest

from sim.analysis.splice import BRIDGE_ERROR, UNKNOWN_BRIDGE, splice
from sim.config import history
from sim.config.history import History, Quarter

SHIPPED = Path(__file__).parents[2] / "configs" / "alibaba" / "history.csv"


def made(levels, change, ratio=1.3, yoy=None, recalled=()) -> History:
    """Quarters from 2015Q1, on basis B from number ``change`` on, which is ``ratio`` times basis A."""
    quarters = []
    for i, level in enumerate(levels):
        on_b = i >= change
        growth = None if i < 4 else level / levels[i - 4] - 1
        quarters.append(
            Quarter(
                2015 * 4 + i,
                "B" if on_b else "A",
                level * (ratio if on_b else 1.0),
                growth if yoy is None else yoy(i, growth),
                None,
                None,
                "unverified" if i in recalled else "sourced",
                "x",
                i + 2,
            )
        )
    return History(Path("x.csv"), tuple(quarters), "", 0)


LEVELS = [10 * 1.05**i for i in range(16)]


def test_exact_growth_gives_the_series_back():
    joined = splice(made(LEVELS, 8)).joined
    assert joined == pytest.approx(np.log(LEVELS), abs=1e-12)


def test_the_bridge_is_the_mean_of_what_was_known():
    """Growth overstated by 1% in the second quarter after the change moves the bridge once it is known."""
    biased = made(LEVELS, 8, yoy=lambda i, g: None if g is None else (1 + g) * (1.01 if i == 9 else 1.0) - 1)
    assert splice(biased, 8).bridges == pytest.approx([math.log(1.3)])
    assert splice(biased, 9).bridges == pytest.approx([math.log(1.3) - math.log(1.01) / 2])
    assert splice(biased, 11).bridges == splice(biased, 15).bridges  # a year is enough: later growth is B on B
    assert splice(biased, 15).bridges == pytest.approx([math.log(1.3) - math.log(1.01) / 4])


def test_nothing_after_the_vintage_enters():
    early, whole = splice(made(LEVELS, 8), 7), splice(made(LEVELS, 8))
    assert early.bridges.size == 0
    assert np.array_equal(early.levels, whole.levels[:8])


def test_without_recalled_rows_the_bridge_may_be_unknown():
    past = made(LEVELS, 8, recalled=(4, 5, 6, 7))
    known, strict = splice(past), splice(past, recalled=False)
    assert known.bridge_errors == pytest.approx([BRIDGE_ERROR])
    assert strict.bridge_errors == pytest.approx([UNKNOWN_BRIDGE])
    assert np.isnan(strict.levels[4:8]).all()
    assert np.isfinite(strict.levels[8:]).all()


def test_the_record_has_two_changes_of_basis():
    """June 2021 (DingTalk: 60,558 for the year before, not 60,120) and June 2023 (25.595 / 1.03 on 18.582)."""
    found = splice(history.load(SHIPPED))
    assert found.bridges[0] == pytest.approx(math.log(60_558 / 60_120), abs=0.004)
    assert found.bridges[1] == pytest.approx(math.log(25.595 / 1.03 / 18.582), abs=BRIDGE_ERROR)
    growth = np.diff(found.joined)
    at = found.names.index("2023Q2")
    assert abs(growth[at - 1]) < 0.03  # in levels it would be a jump of 30%
