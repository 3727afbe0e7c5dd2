"""Scores of forecasts: closed forms, a second implementation, and what each score must not reward."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, stats

from sim.analysis import scores

# N(0, 1) at the middles of 2^18 equal slices: a sample that stands for the law to about 1e-6.
NORMAL = stats.norm.ppf((np.arange(1 << 18) + 0.5) / (1 << 18))


def second_crps(values: np.ndarray, outcome: float, weights: np.ndarray | None = None) -> float:
    """By definition: the integral of the squared distance of two step functions, interval by interval."""
    shares = np.full(values.size, 1 / values.size) if weights is None else weights / weights.sum()
    edges = np.unique(np.concatenate([values, [outcome]]))
    total = 0.0
    for low, high in pairwise(edges):
        below = shares[values <= low].sum()
        total += (below - float(outcome <= low)) ** 2 * (high - low)
    return float(total)


@pytest.mark.parametrize(("outcome", "expected"), [(0.0, 0.233694977255), (1.0, 0.6024413576)])
def test_crps_of_the_standard_normal_is_the_published_one(outcome, expected):
    assert scores.crps_normal(0.0, 1.0, outcome) == pytest.approx(expected, abs=1e-10)
    assert scores.crps_sample(NORMAL, outcome) == pytest.approx(expected, abs=5e-6)


@pytest.mark.parametrize(("mean", "sd", "outcome"), [(3.0, 0.2, 3.1), (-1.0, 5.0, 8.0), (0.1, 0.04, 0.3)])
def test_crps_of_a_normal_is_its_integral(mean, sd, outcome):
    def squared(x):
        return (stats.norm.cdf(x, mean, sd) - (x >= outcome)) ** 2

    expected = sum(integrate.quad(squared, a, b)[0] for a, b in ((mean - 12 * sd, outcome), (outcome, mean + 12 * sd)))
    assert scores.crps_normal(mean, sd, outcome) == pytest.approx(expected, rel=1e-7)
    assert scores.crps_sample(mean + sd * NORMAL, outcome) == pytest.approx(expected, rel=2e-5)


def test_crps_of_a_sample_agrees_with_its_definition():
    rng = np.random.default_rng(1)
    for n in (1, 2, 7, 40):
        values, weights = rng.normal(size=n).round(1), rng.uniform(size=n)  # rounded: atoms
        for outcome in (-3.0, float(values[0]), 0.05, 3.0):
            assert scores.crps_sample(values, outcome) == pytest.approx(second_crps(values, outcome), abs=1e-12)
            weighted = scores.crps_sample(values, outcome, weights)
            assert weighted == pytest.approx(second_crps(values, outcome, weights), abs=1e-12)


def test_a_weight_counts_like_repeating_the_value():
    values, weights, outcome = np.array([1.0, 2.0, 5.0]), np.array([1.0, 3.0, 2.0]), 2.7
    repeated = np.repeat(values, [1, 3, 2])
    assert scores.crps_sample(values, outcome, weights) == pytest.approx(scores.crps_sample(repeated, outcome))
    assert scores.pit(values, outcome, weights) == pytest.approx(scores.pit(repeated, outcome))
    assert scores.interval(values, 0.2, 10 * weights) == scores.interval(values, 0.2, weights)
    assert scores.crps_sample([math.nan, 1.0, math.inf], 1.0) == 0.0  # an invalid path is no forecast


def test_crps_does_not_cancel_far_from_zero():
    assert scores.crps_sample(NORMAL + 1e9, 1e9) == pytest.approx(0.2336949773, abs=1e-5)


def test_pit_is_uniform_and_splits_atoms():
    assert scores.pit(NORMAL, 1.0) == pytest.approx(stats.norm.cdf(1.0), abs=1e-5)
    assert (scores.pit(NORMAL, -99.0), scores.pit(NORMAL, 99.0)) == (0.0, 1.0)
    atom = np.array([0.0, 1.0, 1.0, 1.0, 2.0])
    assert [scores.pit(atom, 1.0, within=w) for w in (0.0, 0.5, 1.0)] == pytest.approx([0.2, 0.5, 0.8])
    assert scores.pit(atom, 1.0, seed=3) == scores.pit(atom, 1.0, seed=3)
    drawn = [scores.pit(atom, 1.0, seed=s) for s in range(400)]
    assert stats.kstest(drawn, stats.uniform(0.2, 0.6).cdf).pvalue > 1e-6


def test_log_score_is_that_of_the_density():
    """The kernel widens N(0, 1) by its bandwidth, 0.9 n^(-1/5) = 0.074: 0.27% of the variance."""
    for outcome in (0.0, 1.0, 2.5):
        exact = scores.log_score_normal(0.0, 1.0, outcome)
        assert exact == pytest.approx(-stats.norm.logpdf(outcome))
        assert scores.log_score(NORMAL, outcome) == pytest.approx(exact, abs=0.02)


def second_log_score(values: np.ndarray, outcome: float, weights: np.ndarray) -> float:
    """By SciPy's kernel density of the same bandwidth, with 1 part in n + 1 of a Cauchy law."""
    shares = weights / weights.sum()
    size = 1 / np.sum(shares**2)
    order = np.argsort(values)
    middles = np.cumsum(shares[order]) - shares[order] / 2
    low, middle, high = np.interp([0.25, 0.5, 0.75], middles, values[order])
    mean = np.average(values, weights=shares)
    sd = math.sqrt(np.average((values - mean) ** 2, weights=shares))
    bandwidth = 0.9 * min(sd, (high - low) / 1.349) * size**-0.2
    unbiased = math.sqrt(np.cov(values, aweights=shares, bias=False))  # what gaussian_kde scales by
    kernel = stats.gaussian_kde(values, bw_method=bandwidth / unbiased, weights=shares)
    density = (size * kernel(outcome)[0] + stats.cauchy.pdf(outcome, middle, (high - low) / 2)) / (size + 1)
    return -math.log(density)


def test_pit_and_log_score_agree_with_a_second_implementation():
    rng = np.random.default_rng(8)
    for n in (5, 40, 400):
        values, weights = rng.gamma(3.0, 2.0, n), rng.uniform(0.1, 1.0, n)
        for outcome in (-4.0, float(values[1]), 5.0, 11.0, 40.0):
            for given in (None, weights):
                every = np.ones(n) if given is None else given
                below, at = np.average(values < outcome, weights=every), np.average(values == outcome, weights=every)
                assert scores.pit(values, outcome, given, within=0.3) == pytest.approx(below + 0.3 * at, abs=1e-12)
                expected = second_log_score(values, outcome, every)
                assert scores.log_score(values, outcome, given) == pytest.approx(expected, abs=1e-9)


def test_log_score_beyond_every_path_is_finite_and_worse():
    sample = NORMAL[::64]
    inside, beyond, further = (scores.log_score(sample, x) for x in (3.0, 6.0, 12.0))
    assert inside < beyond < further < 20
    assert beyond == pytest.approx(
        math.log(sample.size + 1) + math.log(math.pi * 0.6745 * (1 + (6 / 0.6745) ** 2)), abs=0.05
    )
    assert scores.log_score([2.0, 2.0], 2.0) == -math.inf
    assert scores.log_score([2.0, 2.0], 2.1) == math.inf


def test_intervals_hold_what_they_say():
    assert scores.interval(NORMAL, 0.8) == pytest.approx((-1.2815516, 1.2815516), abs=1e-4)
    assert scores.interval_hit(NORMAL, 1.28, 0.8)
    assert not scores.interval_hit(NORMAL, 1.29, 0.8)


def test_brier():
    assert scores.brier(0.7, True) == pytest.approx(0.09)
    assert scores.brier(0.7, False) == pytest.approx(0.49)


@pytest.mark.parametrize("score", [scores.crps_sample, scores.log_score])
@pytest.mark.parametrize(("shift", "scale"), [(0.3, 1.0), (0.0, 1.5), (0.0, 0.6)])
def test_an_honest_forecast_scores_best_on_average(score, shift, scale):
    """Averaged over 400 outcomes spread as N(0, 1) is, the right law beats a shifted, a wide and a narrow one."""
    outcomes = stats.norm.ppf((np.arange(400) + 0.5) / 400)
    sample = NORMAL[::256]
    honest = np.mean([score(sample, y) for y in outcomes])
    other = np.mean([score(shift + scale * sample, y) for y in outcomes])
    assert honest < other


def test_what_is_no_forecast_is_refused():
    for values, weights in (([], None), ([math.nan], None), ([1.0], [0.0]), ([1.0, 2.0], [1.0]), ([1.0], [-1.0])):
        with pytest.raises(ValueError, match=r"weights|finite value"):
            scores.crps_sample(values, 0.0, weights)
