"""The target test and its sides, its errors over many seeds, tails without a variance, and which column is meant."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sim.analysis import likelihood, naming, replicates, tails
from sim.errors import InputError, ModelFailure
from sim.run.result import Run
from tests.analysis.test_analysis_ranks import Held
from tests.statistical import assert_proportion, proportion_caught


def run_of(columns: dict[str, np.ndarray], target: dict[str, Any] | None = None, **facts: Any) -> Run:
    names = [name.partition(".") for name in columns]
    manifest = {
        "run": "r", "hash": "h", "seed": 1, "drivers": ["a"], "outputs": list(columns), "labels": {}, "units": {},
        "target": target, "paths": next(iter(columns.values())).size,
        "columns": [{"name": "".join(n), "cell": n[0], "period": n[2]} for n in names],
        **facts,
    }  # fmt: skip
    return Run(Path(), manifest, Held(columns))


def test_sides_and_needed_values_by_hand() -> None:
    y = np.arange(1.0, 201.0)
    y[0] = math.nan
    found = likelihood.analyse(run_of({"y": y}), "y", 101.0)
    assert found.test.success.probability == 100 / 199
    assert found.shortfall is not None
    assert found.gain is not None
    assert found.shortfall.value == pytest.approx(np.mean(101.0 - np.arange(2.0, 101.0)), rel=1e-14)
    assert found.gain.value == pytest.approx(np.mean(np.arange(101.0, 201.0) - 101.0), rel=1e-14)
    for share, needed in found.needed:
        assert needed.value == pytest.approx(np.quantile(y[1:], 1 - share), rel=1e-14)
    assert found.as_dict()["needed_for"].keys() == {"0.5", "0.25", "0.1"}


def test_a_side_with_few_paths_has_no_mean() -> None:
    found = likelihood.analyse(run_of({"y": np.arange(1000.0)}), "y", 960.0)
    assert found.gain is None
    assert found.shortfall is not None


def test_nothing_valid_is_refused() -> None:
    with pytest.raises(ModelFailure, match="nothing to test"):
        likelihood.analyse(run_of({"y": np.full(100, np.nan)}), "y", 1.0)


def test_intervals_of_the_sides_cover() -> None:
    """95% intervals of shortfall, gain and a needed value over 3,000 seeds of 1,600 standard normals.

    Each fails with probability 1e-6 if it is right; coverage below 90.4% or above 98.2% is surely caught.
    """
    low, high = proportion_caught(3000, 0.95)
    assert low > 0.904
    assert high < 0.982
    truth = stats.norm.pdf(0.5) / stats.norm.sf(0.5) - 0.5, 0.5 + stats.norm.pdf(0.5) / stats.norm.cdf(0.5)
    hits = np.zeros((3, 3000), bool)
    for seed in range(3000):
        found = likelihood.analyse(run_of({"y": np.random.default_rng(seed).standard_normal(1600)}), "y", 0.5)
        assert found.gain is not None
        assert found.shortfall is not None
        each = [(found.gain, truth[0]), (found.shortfall, truth[1]), (found.needed[1][1], stats.norm.ppf(0.75))]
        hits[:, seed] = [e.interval[0] <= value <= e.interval[1] for e, value in each]
    for row in hits:
        assert_proportion(row, 0.95)


@pytest.mark.parametrize("seed", range(5))
def test_tails_with_and_without_a_variance(seed: int) -> None:
    """A ratio to a uniform (index 1) is denied its variance, a normal and a lognormal are not."""
    random = np.random.default_rng(seed)
    assert not tails.analyse(1.0 / random.random(50_000)).has_variance
    assert not tails.analyse(-1.0 / random.random(50_000)).has_variance
    assert tails.analyse(random.standard_normal(50_000)).has_variance
    assert tails.analyse(np.exp(0.5 * random.standard_normal(50_000))).has_variance
    assert tails.analyse(np.zeros(50_000)).has_variance


def test_a_heavy_tail_gets_no_mean_miss_or_gain() -> None:
    found = likelihood.analyse(run_of({"y": 1.0 / np.random.default_rng(1).random(20_000)}), "y", 2.0)
    assert found.gain is None
    assert found.tail_index == pytest.approx(1.0, abs=0.4)


def test_replicates_see_that_stratified_paths_are_better_than_independent_ones() -> None:
    """Each replicate a shifted lattice, as a scrambled net would be: the error is far below sd / sqrt(n)."""
    random = np.random.default_rng(2)
    column = np.empty(16 * 256)
    for r in range(16):
        column[r::16] = (np.arange(256) / 256 + random.random()) % 1.0
    found = replicates.estimate(column, replicates.mean)
    assert found.error < 0.1 * column.std() / math.sqrt(column.size)
    assert abs(found.value - 0.5) < 6 * found.error


@pytest.fixture(scope="module")
def named() -> Run:
    columns = {
        name: np.zeros(4) for name in ("value", "revenue.FY2027", "revenue.FY2028", "share.2026Q3", "rate.FY2027")
    }
    labels = {"value": "Value per ADS", "rate.FY2027": "Return on capital"}
    labels |= {f"revenue.FY{y}": "AI-cloud revenue" for y in (2027, 2028)}
    units = {"value": "US$/ADS", "revenue.FY2027": "RMB bn", "revenue.FY2028": "RMB bn", "rate.FY2027": "1/year"}
    goal = {"output": "value", "at_least": 179.0, "alternatives": {}}
    return run_of(columns, goal, labels=labels, units=units)


@pytest.mark.parametrize(
    ("sentence", "output", "threshold"),
    [
        ("AI-cloud revenue FY2028 >= 60", "revenue.FY2028", 60.0),
        ("ai cloud revenue FY28E ≥ RMB 60 bn", "revenue.FY2028", 60.0),
        ("revenue.FY2027 at least 1,060.5", "revenue.FY2027", 1060.5),
        ("value >= $179", "value", 179.0),
        ("Value per ADS => -3e2", "value", -300.0),
        ("Return on capital FY2027 >= 10%", "rate.FY2027", 0.1),
        ("value per ads", "value", None),
        ("share 2026Q3 > 0.3", "share.2026Q3", 0.3),
    ],
)
def test_sentences(named: Run, sentence: str, output: str, threshold: float | None) -> None:
    assert naming.asked(named, sentence) == naming.Question(output, threshold)


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("AI-cloud revenue >= 60", "FY2027 to FY2028; say which one"),
        ("AI-clod revenue FY2028 >= 60", 'did you mean "AI-cloud revenue"'),
        ("AI-cloud revenue FY2055 >= 60", "it has FY2027, FY2028"),
        ("AI-cloud revenue FY2028 >= 60 mn", "not in the unit"),
        ("value >= 10%", "not in the unit"),
        ("value >= much", "is no number"),
        ("value <= 60", "asks for at most"),
        ("nonsense", 'no column "nonsense"'),
    ],
)
def test_sentences_that_ask_for_nothing_there_is(named: Run, sentence: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        naming.asked(named, sentence)


def test_words_and_period_apart(named: Run) -> None:
    assert naming.find(named, None) == "value"
    assert naming.find(named, "AI-cloud revenue", "fy28") == "revenue.FY2028"
    assert naming.find(named, "a") == "a"
    with pytest.raises(InputError, match="leave --period out"):
        naming.find(named, "value", "FY2028")
