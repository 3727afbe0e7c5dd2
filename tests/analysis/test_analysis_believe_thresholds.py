"""Thresholds of one driver: the closed form in Gaussian cases, and a plain no where no value is enough."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from sim.analysis import thresholds
from sim.analysis.splits import Success
from tests.analysis.believed_models import agrees

N = 262_144


def normals(columns: int, seed: int = 2) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((columns, N))


@pytest.mark.parametrize("wanted", [0.3, 0.5, 0.8])
@pytest.mark.parametrize("slope", [2.0, -1.0])
def test_the_threshold_is_the_gaussian_closed_form(wanted: float, slope: float) -> None:
    """P(b z + rest >= K | z) = Phi((b z - K) / s), so z* = (K + s Phi^-1(p)) / b; a false alarm once in 1e6.

    The line through the bins beside the crossing is bent by less than a fifth of a standard error.
    """
    z, rest = normals(2)
    success = Success.of(slope * z + 1.5 * rest, 1.2)
    exact = (1.2 + 1.5 * float(stats.norm.ppf(wanted))) / slope
    found = thresholds.analyse("d", success.split(np.exp(z)), wanted)
    assert found.side == ("at least" if slope > 0 else "at most")
    assert found.value is not None
    agrees(found.value.value, found.value.error, math.exp(exact))
    assert found.value.error < 0.05 * math.exp(exact)
    assert found.percentile == pytest.approx(float(stats.norm.cdf(exact)), abs=0.02)
    assert found.monotone
    assert not found.always
    assert len(found.curve) == thresholds.BINS


def test_no_value_is_enough_or_every_value_is() -> None:
    z, rest = normals(2, 3)
    total = 0.2 * z + rest
    none = thresholds.analyse("d", Success.of(total, 1.0).split(z), 0.5)
    assert (none.value, none.percentile, none.always) == (None, None, False)
    assert none.highest < 0.5
    every = thresholds.analyse("d", Success.of(total, -2.0).split(z), 0.5)
    assert (every.value, every.always) == (None, True)


def test_a_hump_is_said_to_be_one() -> None:
    z, rest = normals(2, 4)
    assert not thresholds.analyse("d", Success.of(-z * z + rest, -0.5).split(z), 0.5).monotone


def test_a_driver_without_influence_has_no_threshold_near_the_share() -> None:
    z, rest = normals(2, 5)
    found = thresholds.analyse("d", Success.of(rest, 0.5).split(z), 0.5)
    assert found.value is None
    assert found.monotone


def test_drivers_of_few_values() -> None:
    z, rest = normals(2, 6)
    found = thresholds.analyse("d", Success.of(np.sign(z) + rest, 0.4).split(np.sign(z)), 0.5)
    assert found.side == "at least"
    assert found.value is not None
    assert -1 <= found.value.value <= 1
    assert len(found.curve) <= 3
