"""The smallest change of belief: what was asked for to the last digit, the closed form in Gaussian cases, no smaller.

False alarms 1e-6 each; `CAUGHT` (about 16 standard errors) is the smallest bias that is surely seen.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sim.analysis import belief_shift, believe, given_success
from sim.analysis.splits import Success
from tests.analysis.believed_models import DRIVERS, MATRIX, MEAN, SD, SLOPES, agrees, linear_run

GOAL = MEAN + 0.8 * SD


@pytest.mark.parametrize("wanted", [0.05, 0.5, 0.9])
def test_weights_make_success_as_likely_as_asked_and_are_the_least_surprising(wanted: float) -> None:
    """Any other weights with that probability, among a thousand, surprise more; bits and effective number by hand."""
    random = np.random.default_rng(1)
    success = np.arange(1_000) < 212
    found = belief_shift.change(212, 788, wanted)
    weights = np.where(success, found.on_success, found.on_failure) / 1_000
    assert abs(weights.sum() - 1) < 1e-12
    assert abs(weights[success].sum() - wanted) < 1e-12
    bits = float(np.sum(weights * np.log2(weights * 1_000)))
    assert found.bits == pytest.approx(bits, rel=1e-9)
    assert found.effective == pytest.approx(1 / np.sum(weights**2), rel=1e-12)
    for _ in range(1_000):
        other = weights * np.exp(0.05 * random.standard_normal(1_000))
        other[success] *= wanted / other[success].sum()
        other[~success] *= (1 - wanted) / other[~success].sum()
        assert np.sum(other * np.log2(other * 1_000)) > bits


def test_a_belief_that_is_held_already_costs_nothing() -> None:
    found = belief_shift.change(300, 700, 0.3)
    assert found.bits == pytest.approx(0.0, abs=1e-12)
    assert found.effective == pytest.approx(1_000)


@pytest.fixture(scope="module")
def belief() -> believe.Belief:
    model, run = linear_run()
    return believe.analyse(run, model, model, GOAL, output="y", drivers=("c",), parts=("left",))


def test_reweighted_drivers_agree_with_the_gaussian_closed_form(belief: believe.Belief) -> None:
    """E[z | y >= K] = Cov(z, y) / sd(y) * phi(k) / P (inverse Mills ratio), mixed half and half with y < K."""
    share = float(stats.norm.sf(0.8))
    pull = float(stats.norm.pdf(0.8)) * (0.5 / share - 0.5 / (1 - share))
    moved = {each.name: each.after.mean for each in belief.moved}
    covariance = dict(zip(DRIVERS, MATRIX @ SLOPES / SD, strict=True))
    agrees(moved["b"].value, moved["b"].error, covariance["b"] * pull)
    agrees(moved["c"].value, moved["c"].error, 5.0 + covariance["c"] * pull)
    agrees(
        moved["right"].value,
        moved["right"].error,
        MEAN + (-(MATRIX @ SLOPES)[1] + 0.3 * (MATRIX @ SLOPES)[2] + 1) / SD * pull,
    )


def test_given_success_agrees_with_the_gaussian_closed_form(belief: believe.Belief) -> None:
    mills = float(stats.norm.pdf(0.8) / stats.norm.sf(0.8))
    for each in belief.given:
        covariance = (MATRIX @ SLOPES / SD)[DRIVERS.index(each.name)]
        if each.name != "a":
            agrees(each.shift.value, each.shift.error, covariance * mills)
    assert belief.given[0].name == "a"


def test_the_smallest_shift_of_means_is_the_gaussian_closed_form(belief: believe.Belief) -> None:
    """Minimise m' R^-1 m / 2 with SLOPES' m = 0.8 sd(y), so that half of the paths reach: m = R SLOPES * length."""
    length = 0.8 * SD / float(SLOPES @ MATRIX @ SLOPES)
    assert belief.shift is not None
    found = {each.name: each for each in belief.shift.drivers}
    for name, exact in zip(DRIVERS, MATRIX @ SLOPES * length, strict=True):
        agrees(found[name].sds.value, found[name].sds.error, exact)
    assert belief.shift.bits == pytest.approx(
        (0.8 * SD) ** 2 / float(SLOPES @ MATRIX @ SLOPES) / 2 / math.log(2), rel=0.05
    )
    assert abs(belief.shift.probability - 0.5) < 1e-6
    assert sum(each.carries for each in belief.shift.drivers) == pytest.approx(1.0)
    agrees(belief.shift.checked.value, belief.shift.checked.error, 0.5)
    # The median of exp(z) moves to exp(m).
    assert found["a"].after["50"] == pytest.approx(math.exp(found["a"].sds.value), rel=1e-6)
    assert found["a"].after["mean"] == pytest.approx(math.exp(found["a"].sds.value + 0.5), rel=1e-6)


def test_few_drivers_shift_and_the_others_follow_their_correlation() -> None:
    random = np.random.default_rng(3)
    z = random.standard_normal((65_536, 3)) @ np.linalg.cholesky(MATRIX).T
    success = z @ SLOPES + random.standard_normal(z.shape[0]) >= 0.8 * SD
    found = belief_shift.tilt(z, success, MATRIX, 0.5, free=[0])
    theta = 0.8 * SD / float(MATRIX[0] @ SLOPES)
    for k in (0, 1):
        agrees(found.means[k], found.errors[k], theta * MATRIX[k, 0])
    assert found.means[2] == 0.0
    assert abs(found.probability - 0.5) < 1e-6
    full = belief_shift.tilt(z, success, MATRIX, 0.5)
    assert full.bits < found.bits


@pytest.mark.parametrize("wanted", [0.05, 0.212, 0.35])
def test_shifts_go_either_way(wanted: float) -> None:
    random = np.random.default_rng(4)
    z = random.standard_normal((65_536, 1))
    found = belief_shift.tilt(z, z[:, 0] + random.standard_normal(z.shape[0]) >= 0.8 * math.sqrt(2), np.eye(1), wanted)
    assert abs(found.probability - wanted) < 1e-6
    agrees(found.means[0], max(found.errors[0], 1e-3), math.sqrt(2) * (0.8 + float(stats.norm.ppf(wanted))))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-9, 9), st.booleans()), min_size=4, max_size=60),
    st.floats(0.01, 0.99),
    st.floats(0.01, 0.99),
)
def test_percentiles_of_a_mixture_are_those_of_weighted_values(
    rows: list[tuple[int, bool]], weight: float, share: float
) -> None:
    """By brute force: the smallest value at or below which the weights add up to the share."""
    values = np.array([float(x) for x, _ in rows])
    success = np.array([hit for _, hit in rows])
    if success.all() or not success.any():
        return
    split = Success.of(np.where(success, 1.0, 0.0), 1.0).split(values)
    weights = np.where(success, weight / success.sum(), (1 - weight) / (~success).sum())
    below = np.array([weights[values <= x].sum() for x in values])
    near = np.abs(below - share) < 1e-9  # where rounding decides
    if not near.any():
        assert split.percentile(share, weight) == values[below >= share].min()
    assert split.mean(weight).value == pytest.approx(float(weights @ values), abs=1e-9)


def test_errors_cover() -> None:
    """95% intervals of a mean and of a median under weights cover; fewer than 47 of 60 happens once in 1e5."""
    covered, middle = np.zeros(2), _median_given(1.0)
    for seed in range(60):
        random = np.random.default_rng(seed)
        z = random.standard_normal(8_000)
        success = Success.of(z + random.standard_normal(z.size), 1.0)
        spread = given_success.spread_of(success.split(z), 1.0)
        k = 1.0 / math.sqrt(2)
        mean = float(stats.norm.pdf(k) / stats.norm.sf(k)) / math.sqrt(2)
        for i, (found, exact) in enumerate(((spread.mean, mean), (spread.percentiles[50], middle))):
            covered[i] += found.interval[0] <= exact <= found.interval[1]
    assert (covered >= 47).all(), covered


def _median_given(goal: float) -> float:
    from scipy import integrate, optimize

    def below(x: float) -> float:
        return float(integrate.quad(lambda z: stats.norm.pdf(z) * stats.norm.sf(goal - z), -8, x)[0])

    total = below(8.0)
    return float(optimize.brentq(lambda x: below(x) - total / 2, -1, 3))
