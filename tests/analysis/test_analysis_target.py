"""The target test: which share of paths reaches it, and which percentile a value is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sim.analysis import target
from sim.errors import InputError, StorageError
from sim.run.result import Run
from tests.analysis.test_analysis_ranks import Held


@pytest.fixture
def run() -> Run:
    facts = {
        "paths": 10, "drivers": ["a"], "outputs": ["y", "gone"], "labels": {}, "units": {"y": "US$/ADS"}, "run": "r",
    }  # fmt: skip
    y = np.array([1, 2, 2, 3, 4, 5, np.nan, np.inf, 6, 7.0])
    return Run(Path(), facts, Held({"a": np.arange(10.0), "y": y}))


def test_counts_by_hand(run: Run) -> None:
    """Eight valid paths: seven reach 2, two of which stand at it; one lies below."""
    found = target.analyse(run, "y", 2)
    assert (found.success.probability, found.success.paths) == (7 / 8, 8)
    assert (found.percentile.probability, found.percentile.paths) == (1 / 8, 8)
    assert (found.output, found.unit, found.threshold) == ("y", "US$/ADS", 2)


@pytest.mark.parametrize(("threshold", "share"), [(-1, 1), (1, 1), (1.5, 7 / 8), (7, 1 / 8), (7.5, 0)])
def test_share_at_any_threshold(run: Run, threshold: float, share: float) -> None:
    found = target.analyse(run, "y", threshold)
    assert found.success.probability == share
    assert found.percentile.probability == 1 - share
    low, high = found.success.interval
    assert low <= share <= high
    assert 0 <= low < high <= 1


def test_the_dictionary_says_all(run: Run) -> None:
    found = target.analyse(run, "y", 2).as_dict()
    assert set(found) == {
        "output", "unit", "at_least", "probability", "standard_error", "interval", "paths", "percentile",
    }  # fmt: skip
    assert found["at_least"] == 2
    assert found["percentile"]["probability"] == 1 / 8


def test_a_driver_can_be_tested_too(run: Run) -> None:
    assert target.analyse(run, "a", 5).success.probability == 0.5


def test_an_unknown_column_gets_a_suggestion(run: Run) -> None:
    with pytest.raises(InputError, match='no column "gon"; did you mean "gone"'):
        target.analyse(run, "gon", 1)


def test_a_column_that_was_not_kept_says_what_to_do(run: Run) -> None:
    with pytest.raises(StorageError, match="--keep all"):
        target.analyse(run, "gone", 1)
