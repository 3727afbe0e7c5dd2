"""Estimates and their errors: equal to the textbook's, and the intervals we print cover what they say."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from sim.analysis.estimate import PERCENTILES, at_least, describe, describe_tally, finite, probability
from sim.run.simulate import Simulator
from sim.run.tallies import Moments, Tallies
from tests.conftest import CONFIGS

RUNS, PATHS = 1000, 2000  # independent samples and paths of each, for coverage


@pytest.mark.parametrize("n", [1, 2, 3, 4, 10, 101, 5000])
def test_percentiles_and_moments_equal_numpys(n: int) -> None:
    column = np.random.default_rng(n).lognormal(size=n)
    found = describe(column)
    assert tuple(found.percentiles) == PERCENTILES
    assert list(found.percentiles.values()) == pytest.approx(np.percentile(column, PERCENTILES), rel=1e-13)
    assert found.mean == pytest.approx(column.mean(), rel=1e-14)
    if n == 1:
        assert math.isnan(found.sd)
        assert math.isnan(found.standard_error)
        assert all(math.isnan(error) for error in found.percentile_errors.values())
    else:
        assert found.sd == pytest.approx(column.std(ddof=1), rel=1e-13)
        assert found.standard_error == pytest.approx(stats.sem(column), rel=1e-13)


def test_invalid_paths_are_counted_and_left_out() -> None:
    column = np.array([3.0, np.nan, 1.0, np.inf, 2.0, -np.inf])
    found = describe(column)
    assert (found.paths, found.invalid, found.mean, found.sd) == (3, 3, 2.0, 1.0)
    nothing = describe(np.full(4, np.nan))
    assert (nothing.paths, nothing.invalid) == (0, 4)
    assert nothing.as_dict()["mean"] is None
    assert nothing.as_dict()["percentiles"] == {}


def test_a_constant_has_no_error() -> None:
    found = describe(np.full(1000, 7.0))
    assert (found.mean, found.sd, found.standard_error) == (7.0, 0.0, 0.0)
    assert set(found.percentiles.values()) == {7.0}
    assert set(found.percentile_errors.values()) == {0.0}


def test_the_order_of_paths_does_not_matter() -> None:
    column = np.random.default_rng(3).normal(size=999)
    one, other = describe(column), describe(column[::-1].copy())
    assert one.percentiles == other.percentiles
    assert one.percentile_errors == other.percentile_errors


def test_errors_of_percentiles_are_those_of_the_density() -> None:
    """sqrt(p (1 - p) / n) / f(x_p) of a standard normal (Kendall and Stuart 1977, 10.29) at n = 10^6.

    The stated error spans 2 sqrt(n p (1 - p)) spacings, so its relative error is one over the root of that: 3 to 7%.
    Allowed are 5.5 of these (false alarm 1e-6 over all percentiles).
    """
    n = 1_000_000
    found = describe(np.random.default_rng(4).normal(size=n)).percentile_errors
    for p in PERCENTILES:
        share = p / 100
        expected = math.sqrt(share * (1 - share) / n) / stats.norm.pdf(stats.norm.ppf(share))
        own = 1 / math.sqrt(2 * math.sqrt(n * share * (1 - share)))
        assert found[p] == pytest.approx(expected, rel=5.5 * own), p


@pytest.fixture(scope="module")
def samples() -> np.ndarray:
    """float64[RUNS, PATHS] of a lognormal, skewed as values of companies are."""
    return np.random.default_rng(2025).lognormal(0.0, 0.5, size=(RUNS, PATHS))


def covers(hits: int) -> None:
    """92 to 98% of RUNS: intervals that cover 95% fail this with probability 2e-5, of 90% or 99.5% surely."""
    assert 0.92 * RUNS <= hits <= 0.98 * RUNS, f"covers {hits} of {RUNS}"


def test_intervals_of_the_mean_cover(samples: np.ndarray) -> None:
    exact = math.exp(0.125)
    found = [describe(column) for column in samples]
    covers(sum(abs(each.mean - exact) <= 1.96 * each.standard_error for each in found))


@pytest.mark.parametrize("p", [5, 25, 50, 75, 95])
def test_intervals_of_percentiles_cover(samples: np.ndarray, p: int) -> None:
    exact = math.exp(0.5 * stats.norm.ppf(p / 100))
    found = [describe(column) for column in samples]
    covers(sum(abs(each.percentiles[p] - exact) <= 1.96 * each.percentile_errors[p] for each in found))


@pytest.mark.parametrize("chance", [0.05, 0.35, 0.5, 0.9])
def test_intervals_of_a_probability_cover(samples: np.ndarray, chance: float) -> None:
    threshold = math.exp(0.5 * stats.norm.isf(chance))
    found = [at_least(column, threshold).interval for column in samples]
    covers(sum(low <= chance <= high for low, high in found))


def test_intervals_from_tallies_cover_as_well(samples: np.ndarray, simulator: Callable[..., Simulator]) -> None:
    """As printed by `sim run`: mean and percentiles from histograms, each sample a column of one run."""
    tallies = Tallies.placed(samples)
    tallies.count(simulator(CONFIGS / "toy.yaml").tally, 0, samples)
    names, moments = [str(i) for i in range(RUNS)], Moments.none(RUNS)
    moments.take(tallies.moments[0], PATHS)
    found = [describe_tally(tally) for tally in tallies.by_output(names, moments, replicated=False).values()]
    covers(sum(abs(each.mean - math.exp(0.125)) <= 1.96 * each.standard_error for each in found))
    for p in (5, 50, 95):
        exact = math.exp(0.5 * stats.norm.ppf(p / 100))
        covers(sum(abs(each.percentiles[p] - exact) <= 1.96 * each.percentile_errors[p] for each in found))


def test_coverage_sees_intervals_that_are_too_narrow_or_too_wide(samples: np.ndarray) -> None:
    """The yardstick of the tests above rejects errors that are a fifth too small or half too large."""
    found = [describe(column) for column in samples]
    for factor in (0.8, 1.5):
        hits = sum(abs(each.mean - math.exp(0.125)) <= 1.96 * factor * each.standard_error for each in found)
        with pytest.raises(AssertionError, match="covers"):
            covers(hits)


@pytest.mark.parametrize("successes", [0, 1, 7, 250, 499, 500])
def test_intervals_are_those_of_clopper_and_pearson(successes: int) -> None:
    found = probability(successes, 500)
    theirs = stats.binomtest(successes, 500).proportion_ci(0.95, method="exact")
    assert found.interval == pytest.approx((theirs.low, theirs.high), rel=1e-9, abs=1e-15)
    assert found.probability == successes / 500
    assert found.standard_error == pytest.approx(
        math.sqrt(found.probability * (1 - found.probability) / 500), rel=1e-14
    )


def test_other_confidence() -> None:
    theirs = stats.binomtest(30, 100).proportion_ci(0.8, method="exact")
    assert probability(30, 100, 0.8).interval == pytest.approx((theirs.low, theirs.high), rel=1e-9)


def test_nothing_valid_has_no_probability_but_an_interval() -> None:
    found = at_least(np.full(3, np.nan), 1.0)
    assert math.isnan(found.probability)
    assert found.interval == (0.0, 1.0)
    assert found.paths == 0


def test_the_threshold_itself_counts() -> None:
    assert at_least(np.array([1.0, 2.0, 2.0, 3.0]), 2.0).probability == 0.75


@pytest.mark.parametrize(("value", "shown"), [(1.5, 1.5), (math.nan, None), (math.inf, None), (-math.inf, None)])
def test_json_gets_a_number_or_nothing(value: float, shown: float | None) -> None:
    assert finite(value) == shown


def test_errors_of_replicates_cover_where_those_of_independent_paths_do_not() -> None:
    """Replicates with a shift of their own, as no sampler has: errors of independent paths are less than half.

    Of 400 seeds an interval that covers 95% holds the truth in at least 356 but for once in a million; one that covers
    80% or less fails as surely.
    """
    seeds, lowest = 400, 356
    assert stats.binom.cdf(lowest - 1, seeds, 0.95) < 1e-6
    assert stats.binom.sf(lowest - 1, seeds, 0.80) < 2e-6
    truths = {p: math.sqrt(1 + 0.12**2) * stats.norm.ppf(p / 100) for p in (5, 50, 95)}
    held, independent = Counter[object](), 0
    for seed in range(seeds):
        random = np.random.default_rng([11, seed])
        column = random.normal(size=(256, 16)) + 0.12 * random.normal(size=16)
        found, plain = describe(column.ravel(), replicates=16), describe(column.ravel())
        assert (found.mean, found.sd, found.percentiles) == (plain.mean, plain.sd, plain.percentiles)
        held["mean"] += found.interval[0] <= 0.0 <= found.interval[1]
        independent += plain.interval[0] <= 0.0 <= plain.interval[1]
        for p, truth in truths.items():
            held[p] += found.percentile_intervals[p][0] <= truth <= found.percentile_intervals[p][1]
    assert {about: count for about, count in held.items() if count < lowest} == {}
    assert independent < lowest


def test_without_a_valid_path_in_each_replicate_errors_are_those_of_independent_paths() -> None:
    column = np.random.default_rng(2).normal(size=64)
    column[3::16] = np.nan
    assert describe(column, replicates=16) == describe(column)
