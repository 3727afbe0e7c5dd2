"""Estimates from paths with their Monte Carlo errors: moments, percentiles, probabilities."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.run.result import PERCENTILES, REPLICATES, Tally

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
T_95 = 2.1314495455597742  # 97.5th percentile of Student's t with 15 degrees of freedom: 16 replicates
ENOUGH = 8 * REPLICATES  # hits, and misses, from which the spread of their counts over replicates tells an error


@dataclass(frozen=True)
class Probability:
    """A share of paths. ``interval`` is its 95% interval (another confidence if asked), informative at 0 and 1 too."""

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
    """What a column looks like over its valid paths, with standard errors and 95% intervals.

    ``percentiles``, ``percentile_errors`` and ``percentile_intervals`` are keyed by percent. ``invalid`` counts the
    paths that are not finite, which are left out of every figure here and reported beside it. ``rank_error`` bounds, as
    a share of paths, how far a percentile's rank can be from the exact one because it was read from a histogram.
    ``tail_index`` is given where a tail is so heavy that there is no variance (`sim.analysis.tails`); mean, its error
    and sd are NaN then.
    """

    paths: int
    invalid: int
    mean: float
    standard_error: float
    sd: float
    percentiles: dict[int, float] = field(default_factory=dict)
    percentile_errors: dict[int, float] = field(default_factory=dict)
    interval: tuple[float, float] = (math.nan, math.nan)
    percentile_intervals: dict[int, tuple[float, float]] = field(default_factory=dict)
    rank_error: float = 0.0
    tail_index: float | None = None

    @property
    def without_moments(self) -> Distribution:
        """The same without mean, its error and sd: what is left to say of a column that has no variance."""
        nothing = (math.nan, math.nan)
        return replace(self, mean=math.nan, standard_error=math.nan, sd=math.nan, interval=nothing)

    def as_dict(self) -> dict[str, Any]:
        return {
            "paths": self.paths,
            "invalid": self.invalid,
            "mean": finite(self.mean),
            "standard_error": finite(self.standard_error),
            "sd": finite(self.sd),
            "percentiles": {str(p): finite(v) for p, v in self.percentiles.items()},
            "percentile_errors": {str(p): finite(v) for p, v in self.percentile_errors.items()},
            "interval": [finite(end) for end in self.interval],
            "percentile_intervals": {
                str(p): [finite(e) for e in ends] for p, ends in self.percentile_intervals.items()
            },
            "rank_error": self.rank_error,
            **({} if self.tail_index is None else {"tail_index": self.tail_index}),
        }


def finite(value: float) -> float | None:
    """The number, or None where there is none to give (JSON has no NaN)."""
    return float(value) if math.isfinite(value) else None


def factor(confidence: float, degrees: float) -> float:
    """Standard errors from the middle to either end of an interval: Student's t; normal if ``degrees`` is inf."""
    from scipy.special import ndtri, stdtrit

    place = (1 + confidence) / 2
    return float(ndtri(place) if math.isinf(degrees) else stdtrit(degrees, place))


def describe(column: Floats, confidence: float = 0.95, replicates: int = 1) -> Distribution:
    """Moments and percentiles of a column: float64[n], in path order, non-finite values counted as invalid.

    Percentiles interpolate order statistics at (n - 1) p (Hyndman and Fan 1996, definition 7). Their standard error is
    half the distance of the order statistics one binomial standard deviation to either side, which needs no density
    estimate (Conover 1999, section 3.2); their interval reaches to those so many standard deviations away as
    ``confidence`` asks for. With ``replicates`` (16: `sim.run.result.Run.replicates`) errors are those of their spread,
    of the mean and of each percentile's rank, if all have a valid path. A single valid path has no error: NaN.
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
    n = valid.size
    none, nothing = np.empty(0, np.int64), np.empty(0)
    whole = Tally(n, column.size - n, middle + mean, squares, none, nothing, nothing, none, none)
    parts = [part[np.isfinite(part)] for part in (column[r::REPLICATES] for r in range(REPLICATES))]
    if replicates > 1 and all(part.size for part in parts):
        marks = np.quantile(ordered, np.array(PERCENTILES) / 100)
        below = np.array([np.searchsorted(np.sort(part), marks, side="right") / part.size for part in parts])
        means = np.array([part.mean() for part in parts])
        mean_error, rank_errors = (each.std(axis=0, ddof=1) / math.sqrt(REPLICATES) for each in (means, below))
        whole = replace(whole, mean_error=float(mean_error), rank_errors=rank_errors)
    return _described(whole, lambda k: np.asarray(ordered[k]), confidence)


def describe_tally(tally: Tally, confidence: float = 0.95) -> Distribution:
    """The same from a histogram, which needs no stored paths; errors are those of the replicates where there are any.

    Moments and counts are exact. An order statistic is interpolated between the smallest and the largest value of its
    bin, so it is exact for atoms and for bins of one or two values, and its rank is never wrong by more than the
    bin's count: in the body some 1/2000 of the paths.
    """
    if tally.paths == 0:
        return Distribution(0, tally.invalid, math.nan, math.nan, math.nan)
    before = np.concatenate(([0], np.cumsum(tally.counts)))
    ranks = (np.array(PERCENTILES) / 100 * (tally.paths - 1)).astype(np.int64)
    read = np.searchsorted(before, ranks, side="right") - 1
    # What lies strictly between the bounds of a bin is all whose rank is not known.
    between = tally.counts[read] - tally.at_smallest[read] - tally.at_largest[read]
    found = _described(tally, lambda k: _order_statistics(tally, k), confidence)
    return replace(found, rank_error=max(int(between.max()), 0) / tally.paths)


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
        middle = _order_statistics(column, np.array([column.paths // 2]))[0]
        lowest, highest = _outermost(column, count)
        return highest - middle, middle - lowest[::-1]
    middle = float(np.median(column))
    n = column.size
    ordered = np.partition(column, (count - 1, n - count))
    return np.sort(ordered[n - count :]) - middle, middle - np.sort(ordered[:count])[::-1]


def _outermost(tally: Tally, count: int) -> tuple[Floats, Floats]:
    """`_order_statistics` of the ``count`` lowest and highest ranks: these are consecutive, so no bin is looked up."""
    counts, upto = tally.counts, np.cumsum(tally.counts)
    # Rank and value at which the interpolation within a bin begins, its steps and how far it goes.
    first = upto - counts + tally.at_smallest - 1
    steps = np.maximum(counts - tally.at_largest - (tally.at_smallest - 1), 1)
    low, width = tally.smallest, tally.largest - tally.smallest
    found, n = [], tally.paths
    for start in (0, n - count):
        a, b = (int(np.searchsorted(upto, k, side="right")) for k in (start, start + count - 1))
        held = np.minimum(upto[a : b + 1], start + count) - np.maximum((upto - counts)[a : b + 1], start)
        part, step, from_, over = (np.repeat(each[a : b + 1], held) for each in (first, steps, low, width))
        share = np.clip((np.arange(start, start + count) - part) / step, 0.0, 1.0)
        found.append(from_ + over * share)
    return found[0], found[1]


def _described(tally: Tally, order_statistics: Callable[[Ints], Floats], confidence: float) -> Distribution:
    """``order_statistics`` gives the k-th smallest values, k from 0; of the tally only moments and errors are read."""
    n = tally.paths

    def at(positions: Floats) -> Floats:
        positions = np.clip(positions, 0, n - 1)
        below = np.floor(positions).astype(np.int64)
        low, high = order_statistics(below), order_statistics(np.minimum(below + 1, n - 1))
        return low + (high - low) * (positions - below)

    sd = math.sqrt(tally.squares / (n - 1)) if n > 1 else math.nan
    error = sd / math.sqrt(n) if tally.mean_error is None else tally.mean_error
    shares = np.array(PERCENTILES) / 100
    centres = shares * (n - 1)
    if tally.rank_errors is None:
        spreads, reach = np.sqrt(n * shares * (1 - shares)), factor(confidence, math.inf)
        wide = factor(confidence, n - 1) if n > 1 else math.nan
    else:
        spreads = n * np.maximum(np.nan_to_num(tally.rank_errors), smallest_error(n))
        reach = wide = factor(confidence, REPLICATES - 1)
    steps = np.array([0.0, 1.0, -1.0, -reach, reach])
    percentiles, above, below, lows, highs = at(centres + steps[:, None] * spreads)
    errors = (above - below) / 2
    return Distribution(
        n,
        tally.invalid,
        tally.mean,
        error,
        sd,
        dict(zip(PERCENTILES, map(float, percentiles), strict=True)),
        {p: float(e) if n > 1 else math.nan for p, e in zip(PERCENTILES, errors, strict=True)},
        (tally.mean - wide * error, tally.mean + wide * error),
        {p: (float(a), float(b)) for p, a, b in zip(PERCENTILES, lows, highs, strict=True)},
    )


def smallest_error(paths: int) -> float:
    """Standard error of a share that 16 replicates cannot see below: that of rounding each count to a whole path.

    Points spread so evenly that each replicate counts the same number show no spread, and yet each count is the nearest
    whole one: uniform rounding of one path in each replicate has the standard deviation 1 / sqrt(12) paths.
    """
    return math.sqrt(REPLICATES / 12) / paths


def probability(successes: int, paths: int, confidence: float = 0.95) -> Probability:
    """Share of successes among independent paths with its exact interval (Clopper and Pearson 1934).

    Without paths everything is NaN and the interval is (0, 1).
    """
    if paths == 0:
        return Probability(math.nan, math.nan, (0.0, 1.0), 0)
    share = successes / paths
    return Probability(share, math.sqrt(share * (1 - share) / paths), _exact(successes, paths, confidence), paths)


def _exact(successes: float, paths: float, confidence: float) -> tuple[float, float]:
    """Clopper and Pearson's interval, whose counts need not be whole."""
    from scipy.special import betaincinv

    tail = (1 - confidence) / 2
    low = 0.0 if successes == 0 else float(betaincinv(successes, paths - successes + 1, tail))
    high = 1.0 if successes == paths else float(betaincinv(successes + 1, paths - successes, 1 - tail))
    return low, high


def share(hits: Ints, valid: Ints, replicated: bool, confidence: float = 0.95) -> Probability:
    """The share of valid paths that are hits, both counted by replicate: int64[16].

    With replicates the standard error is that of their mean, and the interval Student's t with 15 degrees of freedom
    about the share, within [0, 1]. Where hits or misses are fewer than 8 a replicate it is the exact one of as many
    independent paths as have that error, less some for an error known from 16 replicates only (Korn and Graubard 1998,
    Survey Methodology 24, 193-201). Of no hit, or hits alone, the replicates say nothing: exact, independent paths.
    """
    hit, paths = int(hits.sum()), int(valid.sum())
    if not replicated or hit in (0, paths) or not valid.all():
        return probability(hit, paths, confidence)
    value, parts, reach = hit / paths, hits / valid, factor(confidence, REPLICATES - 1)
    error = max(float(parts.std(ddof=1)) / math.sqrt(REPLICATES), smallest_error(paths))
    if min(hit, paths - hit) < ENOUGH:
        worth = value * (1 - value) / error**2 * (factor(confidence, math.inf) / reach) ** 2
        return Probability(value, error, _exact(value * worth, worth, confidence), paths)
    return Probability(value, error, (max(value - reach * error, 0.0), min(value + reach * error, 1.0)), paths)


def at_least(column: Floats, threshold: float, replicates: int = 1) -> Probability:
    """P(column >= threshold) over the valid paths of a column, in path order."""
    valid = np.isfinite(column)
    hits = np.flatnonzero(valid & (column >= threshold))
    return share(_by_replicate(hits), _by_replicate(np.flatnonzero(valid)), replicates > 1)


def _by_replicate(paths: Ints) -> Ints:
    return np.bincount(paths % REPLICATES, minlength=REPLICATES)
