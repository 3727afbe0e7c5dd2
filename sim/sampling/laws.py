"""Distributions as numbers: what a kernel needs in closed form, or the quantile function a table is made of.

Probabilities come in pairs (below, above) that sum to one, so that both tails keep their digits. SciPy's special
functions are imported when needed (0.1 s); ``scipy.stats`` is not (0.8 s, and slower per value).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import exp, expm1, inf, log, sqrt

import numpy as np
from numpy.typing import NDArray

from sim.sampling import quantile as codes
from sim.sampling.as241 import from_tails

Array = NDArray[np.float64]
Quantile = Callable[[Array, Array], Array]  # (below, above) -> values
Tails = Callable[[float], tuple[float, float]]  # value -> (probability at or below, probability above)

SMALLEST_MASS = 1e-9  # less left by a truncation is a slip of the pen, and the table could not follow


class NothingLeft(ValueError):
    """A truncation leaves (almost) none of the distribution."""


@dataclass(frozen=True)
class Law:
    """A distribution of one driver.

    ``code``: how the kernel computes it (`sim.sampling.quantile`): FIXED, NORMAL and LOGNORMAL from location and scale
    alone, the tables from ``quantile``. ``kinks``: values at which the density is not smooth.
    """

    code: int
    quantile: Quantile
    tails: Tails
    location: float = 0.0
    scale: float = 1.0
    low: float = -inf
    high: float = inf
    kinks: tuple[float, ...] = ()

    @property
    def closed(self) -> bool:
        """Whether the kernel needs no table."""
        return self.code in (int(codes.FIXED), int(codes.NORMAL), int(codes.LOGNORMAL))

    def z_of(self, value: float) -> float:
        """The standard normal whose probability is that of the value."""
        return from_tails(*self.tails(value))


def scores(below: Array, above: Array) -> Array:
    """Standard normals of probability pairs."""
    from scipy.special import ndtri

    return np.where(below < above, ndtri(below), -ndtri(above))


def fixed(value: float) -> Law:
    """One certain value."""
    return Law(
        code=int(codes.FIXED),
        quantile=lambda below, above: np.full(below.shape, value),
        tails=lambda x: (1.0, 0.0) if x >= value else (0.0, 1.0),
        location=value,
        scale=0.0,
        low=value,
        high=value,
    )


def normal(mean: float, sd: float) -> Law:
    """Normal distribution."""
    return Law(
        code=int(codes.NORMAL),
        quantile=lambda below, above: mean + sd * scores(below, above),
        tails=lambda x: _normal_tails((x - mean) / sd),
        location=mean,
        scale=sd,
    )


def _exp(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """exp; beyond the largest number infinity, which the run shows, and no warning."""
    with np.errstate(over="ignore"):
        return np.asarray(np.exp(x))


def lognormal(mu: float, sigma: float) -> Law:
    """exp of a normal with mean mu and standard deviation sigma."""
    return Law(
        code=int(codes.LOGNORMAL),
        quantile=lambda below, above: _exp(mu + sigma * scores(below, above)),
        tails=lambda x: _normal_tails((log(x) - mu) / sigma) if x > 0.0 else (0.0, 1.0),
        location=mu,
        scale=sigma,
        low=0.0,
    )


def uniform(low: float, high: float) -> Law:
    """Flat density."""
    width = high - low
    return Law(
        code=int(codes.TABLE),
        quantile=lambda below, above: np.where(below < above, low + width * below, high - width * above),
        tails=lambda x: (_share((x - low) / width), _share((high - x) / width)),
        low=low,
        high=high,
    )


def triangular(low: float, mode: float, high: float) -> Law:
    """Density rising in a line to the mode and falling from it."""
    width, left, right = high - low, mode - low, high - mode

    def quantile(below: Array, above: Array) -> Array:
        rising = low + np.sqrt(below * width * left)
        return np.where(below * width <= left, rising, high - np.sqrt(above * width * right))

    def tails(x: float) -> tuple[float, float]:
        if x <= mode:
            below = max(x - low, 0.0) ** 2 / (width * left) if left > 0.0 else 0.0
            return below, 1.0 - below
        above = max(high - x, 0.0) ** 2 / (width * right)
        return 1.0 - above, above

    kinks = (mode,) if low < mode < high else ()
    return Law(int(codes.TABLE), quantile, tails, low=low, high=high, kinks=kinks)


def beta(alpha: float, beta_: float, low: float, high: float) -> Law:
    """Beta distribution stretched over low to high."""
    width = high - low

    def quantile(below: Array, above: Array) -> Array:
        from scipy.special import betaincinv

        rising = below < above
        share = betaincinv(np.where(rising, alpha, beta_), np.where(rising, beta_, alpha), np.minimum(below, above))
        return np.where(rising, low + width * share, high - width * share)

    def tails(x: float) -> tuple[float, float]:
        from scipy.special import betainc

        return (
            float(betainc(alpha, beta_, _share((x - low) / width))),
            float(betainc(beta_, alpha, _share((high - x) / width))),
        )

    return Law(int(codes.TABLE), quantile, tails, low=low, high=high)


def pert(low: float, mode: float, high: float) -> Law:
    """Beta with shapes 1 + 4 (mode - low) / (high - low) and 1 + 4 (high - mode) / (high - low).

    Malcolm, Roseboom, Clark and Fazar (1959), Operations Research 7, 646-669, with the weight 4 of the mode.
    """
    width = high - low
    return beta(1.0 + 4.0 * (mode - low) / width, 1.0 + 4.0 * (high - mode) / width, low, high)


def gamma(shape: float, scale: float) -> Law:
    """Gamma distribution."""

    def quantile(below: Array, above: Array) -> Array:
        from scipy.special import gammainccinv, gammaincinv

        return scale * np.where(below < above, gammaincinv(shape, below), gammainccinv(shape, above))

    def tails(x: float) -> tuple[float, float]:
        from scipy.special import gammainc, gammaincc

        y = max(x / scale, 0.0)
        return float(gammainc(shape, y)), float(gammaincc(shape, y))

    return Law(int(codes.LOG_TABLE), quantile, tails, low=0.0)


def weibull(shape: float, scale: float) -> Law:
    """Weibull distribution."""

    def tails(x: float) -> tuple[float, float]:
        h = exp(min(shape * log(x / scale), 700.0)) if x > 0.0 else 0.0
        return -expm1(-h), exp(-h)

    return Law(
        code=int(codes.LOG_TABLE),
        quantile=lambda below, above: scale * _minus_log(above, below) ** (1.0 / shape),
        tails=tails,
        low=0.0,
    )


def gumbel(location: float, scale: float) -> Law:
    """Gumbel distribution of maxima."""

    def tails(x: float) -> tuple[float, float]:
        h = exp(min(-(x - location) / scale, 700.0))
        return exp(-h), -expm1(-h)

    return Law(
        code=int(codes.TABLE),
        quantile=lambda below, above: location - scale * np.log(_minus_log(below, above)),
        tails=tails,
    )


def student_t(df: float, location: float, scale: float) -> Law:
    """Student's t."""

    def quantile(below: Array, above: Array) -> Array:
        from scipy.special import stdtrit

        t = stdtrit(df, np.minimum(below, above))
        return location + scale * np.where(below < above, t, -t)

    def tails(x: float) -> tuple[float, float]:
        from scipy.special import stdtr

        t = (x - location) / scale
        return float(stdtr(df, t)), float(stdtr(df, -t))

    return Law(int(codes.SINH_TABLE), quantile, tails, location=location, scale=scale)


def truncate(law: Law, low: float, high: float) -> Law:
    """What remains between low and high, scaled up to probability one: the probabilities are moved, not the values."""
    if low <= law.low and high >= law.high:
        return law
    low, high = max(low, law.low), min(high, law.high)
    below_low, above_low = law.tails(low) if low > -inf else (0.0, 1.0)
    below_high, above_high = law.tails(high) if high < inf else (1.0, 0.0)
    mass = below_high - below_low if below_low < 0.5 else above_low - above_high
    if mass < SMALLEST_MASS:
        raise NothingLeft(f"leaves {max(mass, 0.0):.2g} of the probability between {low:.6g} and {high:.6g}")

    def quantile(below: Array, above: Array) -> Array:
        return np.clip(law.quantile(below_low + mass * below, above_high + mass * above), low, high)

    def tails(x: float) -> tuple[float, float]:
        below, above = law.tails(min(max(x, low), high))
        return _share((below - below_low) / mass), _share((above - above_high) / mass)

    if law.code == codes.FIXED:
        return law
    code = {int(codes.NORMAL): int(codes.TABLE), int(codes.LOGNORMAL): int(codes.LOG_TABLE)}.get(law.code, law.code)
    location, scale = (law.location, law.scale) if law.code == codes.SINH_TABLE else (0.0, 1.0)
    kinks = tuple(x for x in law.kinks if low < x < high)
    return replace(
        law, code=code, quantile=quantile, tails=tails, low=low, high=high, kinks=kinks, location=location, scale=scale
    )


def _share(x: float) -> float:
    return min(1.0, max(0.0, x))


def _normal_tails(z: float) -> tuple[float, float]:
    from math import erfc

    return 0.5 * erfc(-z / sqrt(2.0)), 0.5 * erfc(z / sqrt(2.0))


def _minus_log(p: Array, rest: Array) -> Array:
    """-log(p), of p and 1 - p."""
    return np.where(p < rest, -np.log(p), -np.log1p(-np.minimum(rest, 0.5)))
