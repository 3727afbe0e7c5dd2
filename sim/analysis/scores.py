"""How good was a forecast? CRPS, log score, PIT, interval hits and the Brier score of one forecast and its outcome.

A forecast is a sample: float64[n] values, with weights float64[n] that need not add up to one (none: all the same).
CRPS, log score and Brier score are penalties, lower is better, and each is proper: honest forecasts score best on
average (Gneiting and Raftery 2007, Journal of the American Statistical Association 102, 359-378). Normal forecasts have
closed forms. A sample without finite values, or weights that do not fit it, raises ValueError.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def crps_sample(values: ArrayLike, outcome: float, weights: ArrayLike | None = None) -> float:
    """Continuous ranked probability score of a sample, in the unit of the values.

    The integral of (F(x) - 1{x >= outcome})^2 for F the sample's own step function, which is E|X - y| - E|X - X'| / 2
    with X and X' drawn from it (Gneiting and Raftery 2007, p. 367). Exact for the sample; against the law it was drawn
    from it is too high by half of E|X - X'| / n on average, that is by 0.6 sd / n for a normal law.
    """
    ordered, shares = _ordered(values, weights)
    away = ordered - outcome  # about the outcome, so that large levels do not cancel
    before = np.cumsum(shares) - shares
    spread = float(np.sum(shares * away * (2.0 * before + shares - 1.0)))
    return float(np.sum(shares * np.abs(away))) - spread


def crps_normal(mean: float, sd: float, outcome: float) -> float:
    """CRPS of N(mean, sd^2) in closed form (Gneiting et al. 2005, Monthly Weather Review 133, p. 1102)."""
    if sd <= 0:
        return abs(outcome - mean)
    z = (outcome - mean) / sd
    density = math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    return sd * (z * math.erf(z / math.sqrt(2.0)) + 2.0 * density - 1.0 / math.sqrt(math.pi))


def pit(
    values: ArrayLike, outcome: float, weights: ArrayLike | None = None, *, within: float | None = None, seed: int = 0
) -> float:
    """Probability integral transform: the forecast's probability of less than the outcome, uniform if it was right.

    Where the sample has an atom at the outcome the transform lies anywhere in the atom, ``within`` (0 to 1) of the way
    up it; if not given that is drawn from ``seed`` and the outcome (Czado, Gneiting and Held 2009, Biometrics 65,
    p. 1255), so that equal questions have equal answers.
    """
    ordered, shares = _ordered(values, weights)
    below = float(np.sum(shares[ordered < outcome]))
    at = float(np.sum(shares[ordered == outcome]))
    if at == 0.0:
        return min(below, 1.0)
    if within is None:
        mark = int(np.float64(outcome).view(np.uint64))
        within = float(np.random.default_rng([seed, mark]).uniform())
    return min(below + within * at, 1.0)


def log_score(values: ArrayLike, outcome: float, weights: ArrayLike | None = None) -> float:
    """Minus the log of the forecast's density at the outcome (Good 1952); in nats, for values in their unit.

    The density of a sample of effective size n (1 / sum of squared weights) is estimated by a normal kernel of
    Silverman's bandwidth, 0.9 min(sd, interquartile range / 1.349) n^(-1/5) (Silverman 1986, p. 48). Beyond the sample
    a kernel falls to nothing, so 1 part in n + 1 is spread as a Cauchy law about the median with half the interquartile
    range as its scale: an outcome beyond every path costs about ln n more, not everything. A forecast of one single
    value has no density: infinite, plus or minus.
    """
    ordered, shares = _ordered(values, weights)
    size = 1.0 / float(np.sum(shares**2))
    mean = float(np.sum(shares * ordered))
    sd = math.sqrt(float(np.sum(shares * (ordered - mean) ** 2)))
    low, middle, high = (_quantile(ordered, shares, p) for p in (0.25, 0.5, 0.75))
    width = min(sd, (high - low) / 1.349) if high > low else sd
    if width == 0.0:
        return -math.inf if outcome == mean else math.inf
    bandwidth = 0.9 * width * size ** (-0.2)
    kernel = np.exp(-0.5 * ((outcome - ordered) / bandwidth) ** 2) / (bandwidth * math.sqrt(2.0 * math.pi))
    scale = (high - low) / 2.0 if high > low else sd
    cauchy = 1.0 / (math.pi * scale * (1.0 + ((outcome - middle) / scale) ** 2))
    return -math.log((size * float(np.sum(shares * kernel)) + cauchy) / (size + 1.0))


def log_score_normal(mean: float, sd: float, outcome: float) -> float:
    """Minus the log density of N(mean, sd^2) at the outcome."""
    z = (outcome - mean) / sd
    return 0.5 * z * z + math.log(sd * math.sqrt(2.0 * math.pi))


def interval(values: ArrayLike, share: float, weights: ArrayLike | None = None) -> tuple[float, float]:
    """Ends of the central interval that holds ``share`` of the forecast."""
    ordered, shares = _ordered(values, weights)
    return _quantile(ordered, shares, (1.0 - share) / 2.0), _quantile(ordered, shares, (1.0 + share) / 2.0)


def interval_hit(values: ArrayLike, outcome: float, share: float, weights: ArrayLike | None = None) -> bool:
    """Whether the outcome lies in the central interval of ``share``, its ends included."""
    low, high = interval(values, share, weights)
    return low <= outcome <= high


def brier(probability: float, happened: bool) -> float:
    """Brier score of a stated probability: its squared distance from what happened (1 or 0)."""
    return (probability - float(happened)) ** 2


def _ordered(values: ArrayLike, weights: ArrayLike | None) -> tuple[Floats, Floats]:
    """Finite values in rising order and their shares, which add up to one. Invalid paths are no part of a forecast."""
    sample = np.asarray(values, np.float64).ravel()
    shares = np.ones_like(sample) if weights is None else np.asarray(weights, np.float64).ravel()
    if shares.shape != sample.shape or not np.isfinite(shares).all() or (shares < 0).any():
        raise ValueError("weights must be finite, at least 0, and as many as the values")
    kept = np.isfinite(sample) & (shares > 0)
    if not kept.any():
        raise ValueError("a forecast needs at least one finite value of positive weight")
    sample, shares = sample[kept], shares[kept]
    order = np.argsort(sample, kind="stable")
    return sample[order], shares[order] / shares.sum()


def _quantile(ordered: Floats, shares: Floats, p: float) -> float:
    """Interpolated between the values at the middles of their shares; for equal weights Hyndman and Fan's 5."""
    middles = np.cumsum(shares) - shares / 2.0
    return float(np.interp(p, middles, ordered))
