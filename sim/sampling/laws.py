"""Distributions as numbers: what a kernel needs in closed form, or the quantile function a table is made of.

Probabilities come in pairs (below, above) that sum to one, so that both tails keep their digits. SciPy's special
functions are imported when needed (0.1 s); ``scipy.stats`` is not (0.8 s, and slower per value).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from math import inf

import numpy as np
from numpy.typing import NDArray

from sim.sampling import quantile as codes
from sim.sampling.as241 import from_tails

Array = NDArray[np.float64]
Quantile = Callable[[Array, Array], Array]  # (below, above) -> values
Tails = Callable[[Array], tuple[Array, Array]]  # values -> (probability at or below, probability above)

SMALLEST_MASS = 1e-9  # less left by a truncation is a slip of the pen, and the table could not follow


class NothingLeft(ValueError):
    """A truncation leaves (almost) none of the distribution."""


@dataclass(frozen=True)
class Law:
    """A distribution of one driver.

    ``code``: how the kernel computes it (`sim.sampling.quantile`): FIXED, NORMAL and LOGNORMAL from location and scale
    alone, the tables from ``quantile``. ``kinks``: values at which the density is not smooth; ``atoms``: values with a
    probability of their own, with it. ``left`` and ``right`` are the indices of tails that fall like a power: moments
    of that order and above do not exist. ``observed``: rising values between which SHARE_TABLE runs straight, of which
    the probabilities from ``location`` on, ``scale`` in all, are drawn.
    """

    code: int
    quantile: Quantile
    tails: Tails
    location: float = 0.0
    scale: float = 1.0
    low: float = -inf
    high: float = inf
    kinks: tuple[float, ...] = ()
    atoms: tuple[tuple[float, float], ...] = ()
    left: float = inf
    right: float = inf
    observed: tuple[float, ...] = ()

    @property
    def closed(self) -> bool:
        """Whether the kernel needs no table."""
        return self.code in (int(codes.FIXED), int(codes.NORMAL), int(codes.LOGNORMAL))

    def z_of(self, value: float) -> float:
        """The standard normal whose probability is that of the value."""
        return from_tails(*self.at(value))

    def at(self, value: float) -> tuple[float, float]:
        """Probabilities at or below a value, and above it."""
        below, above = self.tails(np.asarray(value))
        return float(below), float(above)

    def atom(self, value: float) -> float:
        """The probability of a value itself."""
        return sum(mass for at, mass in self.atoms if at == value)


def scores(below: Array, above: Array) -> Array:
    """Standard normals of probability pairs."""
    from scipy.special import ndtri

    return np.where(below < above, ndtri(below), -ndtri(above))


def fixed(value: float) -> Law:
    """One certain value."""
    return Law(
        code=int(codes.FIXED),
        quantile=lambda below, above: np.full(below.shape, value),
        tails=lambda x: (np.where(x >= value, 1.0, 0.0), np.where(x >= value, 0.0, 1.0)),
        location=value,
        scale=0.0,
        low=value,
        high=value,
        atoms=((value, 1.0),),
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
        tails=lambda x: _normal_tails((_log(x) - mu) / sigma),
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

    def tails(x: Array) -> tuple[Array, Array]:
        below = np.maximum(x - low, 0.0) ** 2 / (width * (left or 1.0))
        above = np.maximum(high - x, 0.0) ** 2 / (width * (right or 1.0))
        rising = x <= mode
        return np.where(rising, below, 1.0 - above), np.where(rising, 1.0 - below, above)

    kinks = (mode,) if low < mode < high else ()
    return Law(int(codes.TABLE), quantile, tails, low=low, high=high, kinks=kinks)


@lru_cache(maxsize=1024)
def _beta_quantile(alpha: bytes, beta_: bytes, share: bytes) -> Array:
    """Quantiles of beta distributions on 0 to 1; kept, because many drivers have the same shape and the same grid."""
    from scipy.special import betaincinv

    return np.asarray(betaincinv(*(np.frombuffer(each) for each in (alpha, beta_, share))))


def beta(alpha: float, beta_: float, low: float, high: float) -> Law:
    """Beta distribution stretched over low to high."""
    width = high - low

    def quantile(below: Array, above: Array) -> Array:
        rising = below < above
        smaller = np.asarray(np.minimum(below, above), np.float64)
        first, second = np.where(rising, alpha, beta_), np.where(rising, beta_, alpha)
        share = _beta_quantile(first.tobytes(), second.tobytes(), smaller.tobytes()).reshape(smaller.shape)
        return np.where(rising, low + width * share, high - width * share)

    def tails(x: Array) -> tuple[Array, Array]:
        from scipy.special import betainc

        below, above = _share((x - low) / width), _share((high - x) / width)
        return np.asarray(betainc(alpha, beta_, below)), np.asarray(betainc(beta_, alpha, above))

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

    def tails(x: Array) -> tuple[Array, Array]:
        from scipy.special import gammainc, gammaincc

        y = np.maximum(x / scale, 0.0)
        return np.asarray(gammainc(shape, y)), np.asarray(gammaincc(shape, y))

    return Law(int(codes.LOG_TABLE), quantile, tails, low=0.0)


def weibull(shape: float, scale: float) -> Law:
    """Weibull distribution."""

    def tails(x: Array) -> tuple[Array, Array]:
        h = np.exp(np.minimum(shape * _log(x / scale), 700.0))
        return -np.expm1(-h), np.exp(-h)

    return Law(
        code=int(codes.LOG_TABLE),
        quantile=lambda below, above: scale * _minus_log(above, below) ** (1.0 / shape),
        tails=tails,
        low=0.0,
    )


def gumbel(location: float, scale: float) -> Law:
    """Gumbel distribution of maxima."""

    def tails(x: Array) -> tuple[Array, Array]:
        h = np.exp(np.minimum(-(x - location) / scale, 700.0))
        return np.exp(-h), -np.expm1(-h)

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

    def tails(x: Array) -> tuple[Array, Array]:
        from scipy.special import stdtr

        t = (x - location) / scale
        return np.asarray(stdtr(df, t)), np.asarray(stdtr(df, -t))

    return Law(int(codes.SINH_TABLE), quantile, tails, location=location, scale=scale, left=df, right=df)


def truncate(law: Law, low: float, high: float) -> Law:
    """What remains between low and high, scaled up to probability one: the probabilities are moved, not the values."""
    if low <= law.low and high >= law.high:
        return law
    low, high = max(low, law.low), min(high, law.high)
    below_low, above_low = law.at(low) if low > -inf else (0.0, 1.0)
    below_low, above_low = below_low - law.atom(low), above_low + law.atom(low)  # what lies at the bound stays
    below_high, above_high = law.at(high) if high < inf else (1.0, 0.0)
    mass = below_high - below_low if below_low < 0.5 else above_low - above_high
    if mass < SMALLEST_MASS:
        raise NothingLeft(f"leaves {max(mass, 0.0):.2g} of the probability between {low:.6g} and {high:.6g}")

    def quantile(below: Array, above: Array) -> Array:
        return np.clip(law.quantile(below_low + mass * below, above_high + mass * above), low, high)

    def tails(x: Array) -> tuple[Array, Array]:
        below, above = law.tails(np.clip(x, low, high))
        outside = x < low
        return (
            np.where(outside, 0.0, _share((below - below_low) / mass)),
            np.where(outside, 1.0, _share((above - above_high) / mass)),
        )

    if law.code == codes.FIXED:
        return law
    code = {int(codes.NORMAL): int(codes.TABLE), int(codes.LOGNORMAL): int(codes.LOG_TABLE)}.get(law.code, law.code)
    location, scale = (law.location, law.scale) if law.code == codes.SINH_TABLE else (0.0, 1.0)
    if law.code == codes.SHARE_TABLE:
        location, scale = law.location + law.scale * below_low, law.scale * mass
    return replace(
        law,
        code=code,
        quantile=quantile,
        tails=tails,
        low=low,
        high=high,
        kinks=tuple(x for x in law.kinks if low < x < high),
        atoms=tuple((x, share / mass) for x, share in law.atoms if low <= x <= high),
        location=location,
        scale=scale,
        left=law.left if low == -inf else inf,
        right=law.right if high == inf else inf,
    )


def _share(x: Array) -> Array:
    return np.clip(x, 0.0, 1.0)


def _log(x: Array) -> Array:
    """log; -inf for nothing and less."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.maximum(x, 0.0)))


def _normal_tails(z: Array) -> tuple[Array, Array]:
    from scipy.special import ndtr

    return ndtr(z), ndtr(-z)


def _minus_log(p: Array, rest: Array) -> Array:
    """-log(p), of p and 1 - p."""
    return np.where(p < rest, -np.log(p), -np.log1p(-np.minimum(rest, 0.5)))
