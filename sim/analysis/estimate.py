"""Estimates from paths with their Monte Carlo errors: moments, percentiles, probabilities."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
PERCENTILES = (1, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75, 80, 85, 90, 95, 99)


@dataclass(frozen=True)
class Probability:
    """A share of paths. ``interval`` is the exact 95% interval, which is informative at 0 and 1 too."""

    probability: float
    standard_error: float
    interval: tuple[float, float]
    paths: int

    def as_dict(self) -> dict[str, Any]:
        return {
            "probability": self.probability,
            "standard_error": self.standard_error,
            "interval": list(self.interval),
            "paths": self.paths,
        }


@dataclass(frozen=True)
class Distribution:
    """What a column looks like over its valid paths; errors are standard errors of independent paths.

    ``percentiles`` and ``percentile_errors`` are keyed by percent. ``invalid`` counts the paths that are not finite,
    which are left out of every figure here and reported beside it.
    """

    paths: int
    invalid: int
    mean: float
    standard_error: float
    sd: float
    percentiles: dict[int, float] = field(default_factory=dict)
    percentile_errors: dict[int, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {
            "paths": self.paths,
            "invalid": self.invalid,
            "mean": finite(self.mean),
            "standard_error": finite(self.standard_error),
            "sd": finite(self.sd),
            "percentiles": {str(p): finite(v) for p, v in self.percentiles.items()},
            "percentile_errors": {str(p): finite(v) for p, v in self.percentile_errors.items()},
        }


def finite(value: float) -> float | None:
    """The number, or None where there is none to give (JSON has no NaN)."""
    return float(value) if math.isfinite(value) else None


def describe(column: Floats) -> Distribution:
    """Moments and percentiles of a column: float64[n], non-finite values counted as invalid.

    Percentiles interpolate order statistics at (n - 1) p (Hyndman and Fan 1996, definition 7). Their standard error is
    half the distance of the order statistics one binomial standard deviation to either side, which needs no density
    estimate (Conover 1999, section 3.2). Quantiles of fewer than two valid paths have no error: NaN.
    """
    valid = column[np.isfinite(column)]
    n = valid.size
    if n == 0:
        return Distribution(0, column.size, math.nan, math.nan, math.nan)
    ordered = np.sort(valid)
    mean = float(np.mean(valid))
    sd = float(np.std(valid, ddof=1)) if n > 1 else math.nan
    percentiles = {p: _at(ordered, p / 100 * (n - 1)) for p in PERCENTILES}
    errors: dict[int, float] = {}
    for p in PERCENTILES:
        spread = math.sqrt(n * p / 100 * (1 - p / 100))
        centre = p / 100 * (n - 1)
        low, high = _at(ordered, max(centre - spread, 0)), _at(ordered, min(centre + spread, n - 1))
        errors[p] = (high - low) / 2 if n > 1 else math.nan
    return Distribution(n, column.size - n, mean, sd / math.sqrt(n), sd, percentiles, errors)


def _at(ordered: Floats, position: float) -> float:
    below = math.floor(position)
    above = min(below + 1, ordered.size - 1)
    low, high = float(ordered[below]), float(ordered[above])
    return low + (high - low) * (position - below)


def probability(successes: int, paths: int, confidence: float = 0.95) -> Probability:
    """Share of successes among independent paths with its exact interval (Clopper and Pearson 1934).

    Without paths everything is NaN and the interval is (0, 1).
    """
    from scipy.special import betaincinv

    if paths == 0:
        return Probability(math.nan, math.nan, (0.0, 1.0), 0)
    share, tail = successes / paths, (1 - confidence) / 2
    low = 0.0 if successes == 0 else float(betaincinv(successes, paths - successes + 1, tail))
    high = 1.0 if successes == paths else float(betaincinv(successes + 1, paths - successes, 1 - tail))
    return Probability(share, math.sqrt(share * (1 - share) / paths), (low, high), paths)


def at_least(column: Floats, threshold: float) -> Probability:
    """P(column >= threshold) over the valid paths of a column."""
    valid = column[np.isfinite(column)]
    return probability(int(np.count_nonzero(valid >= threshold)), valid.size)
