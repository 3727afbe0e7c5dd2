"""Estimates from paths with their Monte Carlo errors: moments, percentiles, probabilities."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.run.result import PERCENTILES, Tally

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
T_95 = 2.1314495455597742  # 97.5th percentile of Student's t with 15 degrees of freedom: 16 replicates


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
    which are left out of every figure here and reported beside it. ``tail_index`` is given where a tail is so heavy
    that there is no variance (`sim.analysis.tails`); mean, its error and sd are NaN then.
    """

    paths: int
    invalid: int
    mean: float
    standard_error: float
    sd: float
    percentiles: dict[int, float] = field(default_factory=dict)
    percentile_errors: dict[int, float] = field(default_factory=dict)
    tail_index: float | None = None

    @property
    def without_moments(self) -> Distribution:
        """The same without mean, its error and sd: what is left to say of a column that has no variance."""
        return replace(self, mean=math.nan, standard_error=math.nan, sd=math.nan)

    def as_dict(self) -> dict[str, Any]:
        return {
            "paths": self.paths,
            "invalid": self.invalid,
            "mean": finite(self.mean),
            "standard_error": finite(self.standard_error),
            "sd": finite(self.sd),
            "percentiles": {str(p): finite(v) for p, v in self.percentiles.items()},
            "percentile_errors": {str(p): finite(v) for p, v in self.percentile_errors.items()},
            **({} if self.tail_index is None else {"tail_index": self.tail_index}),
        }


def finite(value: float) -> float | None:
    """The number, or None where there is none to give (JSON has no NaN)."""
    return float(value) if math.isfinite(value) else None


def describe(column: Floats) -> Distribution:
    """Moments and percentiles of a column: float64[n], non-finite values counted as invalid.

    Percentiles interpolate order statistics at (n - 1) p (Hyndman and Fan 1996, definition 7). Their standard error is
    half the distance of the order statistics one binomial standard deviation to either side, which needs no density
    estimate (Conover 1999, section 3.2). A single valid path has no error: NaN.
    """
    valid = column[np.isfinite(column)]
    if valid.size == 0:
        return Distribution(0, column.size, math.nan, math.nan, math.nan)
    ordered = np.sort(valid)
    middle = float(ordered[valid.size // 2])
    with np.errstate(over="ignore", invalid="ignore"):  # values near the largest number have no variance: inf, nan
        shifted = valid - middle  # about zero, so that neither mean nor squares cancel
        mean = float(shifted.mean())
        squares = float(np.sum((shifted - mean) ** 2))
    return _described(valid.size, column.size - valid.size, middle + mean, squares, lambda k: np.asarray(ordered[k]))


def describe_tally(tally: Tally) -> Distribution:
    """The same from a histogram, which needs no stored paths.

    Moments and counts are exact. An order statistic is interpolated between the smallest and the largest value of its
    bin, so it is exact for atoms and for bins of one or two values, and its rank is never wrong by more than the
    bin's count: in the body some 1/2000 of the paths.
    """
    if tally.paths == 0:
        return Distribution(0, tally.invalid, math.nan, math.nan, math.nan)
    found = _described(
        tally.paths, tally.invalid, tally.mean, tally.squares, lambda k: _order_statistics(tally, k), tally.rank_errors
    )
    return found if tally.mean_error is None else replace(found, standard_error=tally.mean_error)


def _order_statistics(tally: Tally, k: Ints) -> Floats:
    """The k-th smallest values, k from 0."""
    before = np.concatenate(([0], np.cumsum(tally.counts)))
    held = np.searchsorted(before, k, side="right") - 1
    # Within a bin the first ``at_smallest`` are its smallest value, the last ``at_largest`` its largest.
    step = k - before[held] - (tally.at_smallest[held] - 1)
    steps = tally.counts[held] - tally.at_largest[held] - (tally.at_smallest[held] - 1)
    share = np.clip(step / np.maximum(steps, 1), 0.0, 1.0)
    return np.asarray(tally.smallest[held] + (tally.largest[held] - tally.smallest[held]) * share)


def extremes(column: Floats | Tally, count: int) -> tuple[Floats, Floats]:
    """Rising distances from the median of the ``count`` largest and of the ``count`` smallest values, all finite."""
    if isinstance(column, Tally):
        n, last = column.paths, np.arange(count)
        middle = _order_statistics(column, np.array([n // 2]))[0]
        return _order_statistics(column, n - count + last) - middle, middle - _order_statistics(
            column, count - 1 - last
        )
    middle = float(np.median(column))
    n = column.size
    ordered = np.partition(column, (count - 1, n - count))
    return np.sort(ordered[n - count :]) - middle, middle - np.sort(ordered[:count])[::-1]


def _described(
    n: int,
    invalid: int,
    mean: float,
    squares: float,
    order_statistics: Callable[[Ints], Floats],
    rank_errors: Floats | None = None,
) -> Distribution:
    """``order_statistics`` gives the k-th smallest values, k from 0; ``rank_errors`` as in a tally."""

    def at(positions: Floats) -> Floats:
        below = np.floor(positions).astype(np.int64)
        low, high = order_statistics(below), order_statistics(np.minimum(below + 1, n - 1))
        return low + (high - low) * (positions - below)

    sd = math.sqrt(squares / (n - 1)) if n > 1 else math.nan
    shares = np.array(PERCENTILES) / 100
    centres = shares * (n - 1)
    spreads = np.sqrt(n * shares * (1 - shares)) if rank_errors is None else n * np.nan_to_num(rank_errors)
    percentiles = at(centres)
    errors = (at(np.minimum(centres + spreads, n - 1)) - at(np.maximum(centres - spreads, 0))) / 2
    return Distribution(
        n,
        invalid,
        mean,
        sd / math.sqrt(n),
        sd,
        dict(zip(PERCENTILES, map(float, percentiles), strict=True)),
        {p: float(e) if n > 1 else math.nan for p, e in zip(PERCENTILES, errors, strict=True)},
    )


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


def share(hits: NDArray[np.bool_], replicates: int = 1) -> Probability:
    """The share of paths that are hits: bool[n], in path order, of independent paths or of interleaved replicates.

    With replicates the standard error is that of their mean, and the interval Student's t with 15 degrees of freedom
    about the share, within [0, 1]. Where hits or misses are fewer than 8 a replicate the spread of their counts says
    little: then the interval is that of independent paths, which is the wider one.
    """
    hit = int(np.count_nonzero(hits))
    if replicates == 1 or min(hit, hits.size - hit) < 8 * replicates:
        return probability(hit, hits.size)
    parts = np.array([hits[r::replicates].mean() for r in range(replicates)])
    value, error = hit / hits.size, float(parts.std(ddof=1)) / math.sqrt(replicates)
    return Probability(value, error, (max(value - T_95 * error, 0.0), min(value + T_95 * error, 1.0)), hits.size)


def at_least(column: Floats, threshold: float, replicates: int = 1) -> Probability:
    """P(column >= threshold) over the valid paths of a column, in path order."""
    valid = column[np.isfinite(column)]
    if valid.size < column.size:  # replicates are no longer interleaved: errors as of independent paths
        return probability(int(np.count_nonzero(valid >= threshold)), valid.size)
    return share(valid >= threshold, replicates)
