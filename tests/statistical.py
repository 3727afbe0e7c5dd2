"""Statistical assertions that bound both errors.

A right sampler fails an assertion with probability 1e-6 (`FALSE_ALARM`). Beside each assertion stands a function that
gives the smallest wrongness it surely catches, that is, with probability 1 - 1e-6 (`MISSED`); a test should state it or
be chosen so that it is small enough to matter. Seeds are fixed, so a test that passes once passes always.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats

FALSE_ALARM = 1e-6
MISSED = 1e-6

Z_ALARM = float(stats.norm.isf(FALSE_ALARM / 2))
Z_MISSED = float(stats.norm.isf(MISSED))


def _floats(values: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(values, np.float64).ravel()
    assert np.isfinite(array).all(), f"{np.count_nonzero(~np.isfinite(array))} values are not finite"
    return array


def assert_mean(values: ArrayLike, mean: float, sd: float) -> None:
    """The values, independent with standard deviation sd, have this mean. Relies on the central limit theorem."""
    array = _floats(values)
    assert array.size >= 10_000, "too few for the central limit theorem to hold this far out"
    z = (array.mean() - mean) / (sd / np.sqrt(array.size))
    assert abs(z) <= Z_ALARM, f"mean {array.mean():.9g} is {z:.1f} standard errors from {mean:.9g}"


def mean_caught(n: int, sd: float) -> float:
    """Smallest shift of the mean that `assert_mean` surely catches."""
    return float((Z_ALARM + Z_MISSED) * sd / np.sqrt(n))


def assert_sd(values: ArrayLike, mean: float, sd: float, kurtosis: float) -> None:
    """The values have this standard deviation; kurtosis is E(x - mean)**4 / sd**4, 3 for a normal."""
    assert_mean((_floats(values) - mean) ** 2, sd * sd, sd * sd * np.sqrt(kurtosis - 1.0))


def sd_caught(n: int, sd: float, kurtosis: float) -> float:
    """Smallest error of the standard deviation that `assert_sd` surely catches (to first order)."""
    return mean_caught(n, sd * sd * float(np.sqrt(kurtosis - 1.0))) / (2.0 * sd)


def _rejected(n: int, p: float) -> tuple[int, int]:
    """Counts up to the first and from the second on are rejected."""
    low = int(stats.binom.ppf(FALSE_ALARM / 2, n, p)) - 1
    return low, int(stats.binom.isf(FALSE_ALARM / 2, n, p)) + 1


def assert_proportion(hits: ArrayLike, p: float) -> None:
    """Independent events happen with probability p. Exact binomial."""
    array = np.asarray(hits)
    assert array.dtype == bool
    count, (low, high) = int(array.sum()), _rejected(array.size, p)
    assert low < count < high, f"{count} of {array.size} happened; probability {p:.9g} allows {low + 1} to {high - 1}"


def proportion_caught(n: int, p: float) -> tuple[float, float]:
    """Probabilities below the first or above the second are surely caught by `assert_proportion`."""
    low, high = _rejected(n, p)
    below, above = 0.0, 1.0
    if low >= 0:
        below = optimize.brentq(lambda q: stats.binom.sf(low, n, q) - MISSED, 0.0, p)
    if high <= n:
        above = optimize.brentq(lambda q: stats.binom.cdf(high - 1, n, q) - MISSED, p, 1.0)
    return float(below), float(above)


def assert_quantile(values: ArrayLike, p: float, x: float) -> None:
    """A share p of the independent values lies at or below x. What is caught is that of `proportion_caught`."""
    assert_proportion(_floats(values) <= x, p)


def assert_uniform(values: ArrayLike) -> None:
    """Independent values are uniform on (0, 1): Kolmogorov and Smirnov's distance with its exact critical value."""
    array = np.sort(_floats(values))
    n = array.size
    steps = np.arange(1, n + 1) / n
    distance = max(float((steps - array).max()), float((array - steps).max() + 1.0 / n))
    critical = float(stats.kstwo.isf(FALSE_ALARM, n))
    assert distance <= critical, f"largest distance of the distribution functions {distance:.6g} exceeds {critical:.6g}"


def uniform_caught(n: int) -> float:
    """Smallest largest distance between the true and the uniform distribution function that is surely caught.

    The critical value and the distance that Massart's bound (1990) allows the sample: 2 exp(-2 n d**2) = 1e-6.
    """
    return float(stats.kstwo.isf(FALSE_ALARM, n) + np.sqrt(np.log(2.0 / MISSED) / (2.0 * n)))


def assert_replicates(estimates: ArrayLike, expected: float) -> None:
    """Independent replicates of an (almost) normal estimate have this mean. Student's t."""
    array = _floats(estimates)
    assert array.size >= 16
    error = array.std(ddof=1) / np.sqrt(array.size)
    t = (array.mean() - expected) / error
    critical = float(stats.t.isf(FALSE_ALARM / 2, array.size - 1))
    assert abs(t) <= critical, f"{array.mean():.9g} is {t:.1f} of its standard errors ({error:.3g}) from {expected:.9g}"


def replicates_caught(replicates: int, sd: float) -> float:
    """Smallest bias that `assert_replicates` surely catches; sd is that of one estimate."""
    critical = stats.t.isf(FALSE_ALARM / 2, replicates - 1)
    bias = optimize.brentq(lambda d: stats.nct.cdf(critical, replicates - 1, d) - MISSED, 1.0, 100.0)
    return float(bias * sd / np.sqrt(replicates))
