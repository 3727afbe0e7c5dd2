"""Which outcome scores which forecast, and that the scores are those of `sim.analysis.scores`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from sim.analysis import scores, scoring

SAMPLE = stats.norm(100, 10).ppf((np.arange(200) + 0.5) / 200).tolist()


def forecast(entry: int, **facts: Any) -> dict[str, Any]:
    found = {
        "kind": "forecast", "entry": entry, "study": "base", "version": "v1", "output": "revenue.2025Q3",
        "cell": "revenue", "period": "2025Q3", "unit": "RMB bn", "run": f"run{entry}", "by": "",
        "recorded": "2025-09-20T00:00:00+00:00", "sample": SAMPLE, "percentiles": {"50": 100.0}, "probabilities": [],
    }  # fmt: skip
    return {**found, **facts}


def outcome(entry: int, value: float, **facts: Any) -> dict[str, Any]:
    found = {
        "kind": "outcome", "entry": entry, "output": "revenue.2025Q3", "value": value, "studies": ["base"],
        "source": "report", "published": "",
    }  # fmt: skip
    return {**found, **facts}


def test_the_stored_sample_scores_as_its_law_does() -> None:
    """200 midpoint quantiles stand for N(100, 10): CRPS within 0.1% of the sd of the closed form, PIT within 1/400."""
    for value in (100.0, 93.0, 125.0):
        (scored,) = scoring.analyse([forecast(1), outcome(2, value)]).scored
        assert scored.crps == pytest.approx(scores.crps_normal(100, 10, value), abs=0.01)
        assert scored.pit == pytest.approx(float(stats.norm(100, 10).cdf(value)), abs=1 / 400)


def test_intervals_and_statements() -> None:
    """112 lies 1.2 s.d. above: outside 50% (0.67), inside 80% (1.28) and 90%."""
    stated = [{"at_least": 110.0, "probability": 0.16}, {"at_least": 120.0, "probability": 0.02}]
    card = scoring.analyse([forecast(1, probabilities=stated), outcome(2, 112.0)])
    assert card.scored[0].hits == {50: False, 80: True, 90: True}
    assert card.scored[0].brier == pytest.approx((0.84**2, 0.02**2))
    assert card.brier == pytest.approx((0.84**2 + 0.02**2) / 2)
    assert [card.held(share) for share in scoring.SHARES] == [0, 1, 1]


def test_groups_are_by_cell_study_and_version() -> None:
    entries = [
        forecast(1),
        forecast(2, output="revenue.2025Q4", period="2025Q4"),
        forecast(3, version="v2"),
        forecast(4, output="capex.2025Q3", cell="capex"),
        outcome(5, 105.0),
        outcome(6, 80.0, output="revenue.2025Q4"),
    ]
    card = scoring.analyse(entries)
    assert [(g.cell, g.version, g.forecasts) for g in card.groups] == [("revenue", "v1", 2), ("revenue", "v2", 1)]
    assert card.groups[0].hits == {50: 1, 80: 1, 90: 1}
    assert card.groups[0].crps == pytest.approx((card.scored[0].crps + card.scored[1].crps) / 2)
    assert [each["output"] for each in card.waiting] == ["capex.2025Q3"]
    assert card.brier is None


def test_an_outcome_is_that_of_its_studies_alone() -> None:
    card = scoring.analyse([forecast(1), forecast(2, study="other"), outcome(3, 105.0, studies=["other"])])
    assert [each.study for each in card.scored] == ["other"]
    assert [each["study"] for each in card.waiting] == ["base"]


def test_an_outcome_without_its_day_is_named() -> None:
    """It cannot be seen whether the forecast came before it; a later entry with a day does not say when."""
    assert scoring.analyse([forecast(1), outcome(2, 105.0)]).undated == (2,)
    assert scoring.analyse([forecast(1), outcome(2, 105.0, published="2025-11-25")]).undated == ()
    later = [forecast(1), outcome(2, 105.0), outcome(3, 106.0, published="2025-11-25")]
    assert scoring.analyse(later).undated == (2,)


def test_hindsight_is_not_scored() -> None:
    """Recorded after the outcome was entered, or on or after the day it was published; a correction changes nothing."""
    entries = [
        forecast(1),
        forecast(2, recorded="2025-11-25T08:00:00+00:00"),
        outcome(3, 105.0, published="2025-11-25"),
        forecast(4),
        outcome(5, 106.0, published="2026-02-01"),
        forecast(6),
    ]
    card = scoring.analyse(entries)
    assert [each.entry for each in card.scored] == [1]
    assert card.scored[0].outcome == 106.0
    assert card.hindsight == (2, 4, 6)
    assert card.corrected == (3,)


def test_nothing_to_score() -> None:
    card = scoring.analyse([{"kind": "loss", "entry": 1}])
    assert card.undated == ()
    assert (card.scored, card.groups, card.forecasts, card.brier) == ((), (), 0, None)
