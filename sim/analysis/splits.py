"""A column parted by whether its path succeeds, in rising order: shares, means and percentiles of any mixture of both.

Giving the successes a share w of all weight makes every question one of w: all paths (w is the share that succeeds),
the successes alone (w = 1), or a changed belief (w is the probability believed in).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.analysis.estimate import Floats
from sim.analysis.replicates import Estimate, spread
from sim.run.result import REPLICATES

Ints = NDArray[np.int64]
PERCENTS = (5, 50, 95)


@dataclass(frozen=True)
class Success:
    """Which valid paths reach the threshold: path numbers of both kinds, replicate by replicate.

    ``reached`` and ``missed`` are int64 paths sorted by replicate; ``reached_starts`` and ``missed_starts`` (int64[R])
    say where each replicate begins in them.
    """

    reached: Ints
    missed: Ints
    reached_starts: Ints
    missed_starts: Ints

    @classmethod
    def of(cls, column: Floats, at_least: float) -> Success:
        """``column`` is the output of every path, in path order, NaN where a path is invalid."""
        paths = np.arange(column.size)
        # Replicate by replicate: path i belongs to replicate i mod R.
        order = np.concatenate([paths[r::REPLICATES] for r in range(REPLICATES)])
        ordered = column[order]
        parts = []
        for chosen in (ordered >= at_least, ordered < at_least):
            kept = order[chosen]
            parts.append((kept, np.searchsorted(kept % REPLICATES, np.arange(REPLICATES))))
        (reached, first), (missed, second) = parts
        return cls(reached, missed, first, second)

    @property
    def paths(self) -> int:
        """Valid paths."""
        return self.reached.size + self.missed.size

    @property
    def share(self) -> float:
        return self.reached.size / self.paths if self.paths else math.nan

    @property
    def by_replicate(self) -> Floats:
        """Share that succeeds in each replicate, float64[R]; NaN for a replicate without valid paths."""
        reached, missed = _sizes(self.reached, self.reached_starts), _sizes(self.missed, self.missed_starts)
        with np.errstate(invalid="ignore"):
            return np.asarray(reached / (reached + missed))

    def split(self, column: Floats) -> Split:
        """A column of the run, float64[paths], parted; paths where it is not finite are left out."""
        return Split(column[self.reached], column[self.missed], self)


def _sizes(rows: Ints, starts: Ints) -> Floats:
    return np.asarray(np.diff(np.append(starts, rows.size)), np.float64)


class Split:
    """The values of one column on the paths that succeed and on those that do not."""

    def __init__(self, reached: Floats, missed: Floats, success: Success):
        self._parts = (reached, missed)
        self._success = success
        self.reached, self.missed = (np.sort(part[np.isfinite(part)]) for part in self._parts)

    @property
    def varies(self) -> bool:
        """Whether there are two different values at all, among successes as well as among failures."""
        return bool(min(self.reached.size, self.missed.size) and self.lowest < self.highest)

    @property
    def lowest(self) -> float:
        return float(min(self.reached[0], self.missed[0]))

    @property
    def highest(self) -> float:
        return float(max(self.reached[-1], self.missed[-1]))

    @cached_property
    def share(self) -> float:
        """The successes' share of the paths where the column is finite."""
        return self.reached.size / (self.reached.size + self.missed.size)

    def mean(self, weight: float | None = None) -> Estimate:
        """Mean when the successes have ``weight`` of all weight; None is every path as it is."""
        value = _mixed([float(np.mean(part)) for part in (self.reached, self.missed)], self._weight(weight))
        return Estimate(float(value), spread(_mixed(self._means, self._weights(weight))))

    @cached_property
    def sd(self) -> float:
        """Standard deviation over all paths."""
        centre = self.mean().value
        squares = sum(float(np.sum((part - centre) ** 2)) for part in (self.reached, self.missed))
        return math.sqrt(squares / (self.reached.size + self.missed.size))

    def below(self, x: float, weight: float | None = None) -> float:
        """Weight of the values <= x."""
        share = self._weight(weight)
        reached, missed = (part.searchsorted(x, "right") / part.size for part in (self.reached, self.missed))
        return float(reached * share + missed * (1.0 - share))

    def percentile(self, share: float, weight: float | None = None) -> float:
        """The smallest value with at least ``share`` of the weight at or below it (inverse of the step function)."""
        # A mixture's percentile lies between those of its parts; the weight below the least value is tried first.
        places = [part[min(int(share * part.size), part.size - 1)] for part in (self.reached, self.missed)]
        low, high = float(min(places)), float(max(places))
        if self.below(low, weight) >= share:
            low, high = self.lowest, low
        if self.below(low, weight) >= share:
            return low
        if self.below(high, weight) < share:  # rounding of the weights
            high = self.highest
        while low < (middle := low + (high - low) / 2) < high:  # ends where no number lies between
            if self.below(middle, weight) >= share:
                high = middle
            else:
                low = middle
        return high

    def estimated(self, share: float, weight: float | None = None) -> Estimate:
        """A percentile with its error: that of the weight below it, carried over by the percentiles beside it."""
        value = self.percentile(share, weight)
        error = spread(_mixed(self._shares_below(value), self._weights(weight)))
        if not math.isfinite(error):
            return Estimate(value, math.nan)
        ends = [self.percentile(min(max(share + sign * error, 0.0), 1.0), weight) for sign in (-1, 1)]
        return Estimate(value, (ends[1] - ends[0]) / 2)

    def _weight(self, weight: float | None) -> float:
        return self.share if weight is None else weight

    def _weights(self, weight: float | None) -> float | Floats:
        """The weight of successes within each replicate."""
        if weight is not None:
            return weight
        with np.errstate(invalid="ignore"):
            return np.asarray(self._counts[0] / (self._counts[0] + self._counts[1]))

    def window(self, low: float, high: float) -> float:
        """Standard error of the share that succeeds among the paths with low <= value < high."""
        inside = []
        for part, starts in self._grouped:
            inside.append(_per_replicate((part >= low) & (part < high), starts))
        total = inside[0] + inside[1]
        return spread(inside[0] / total) if bool(np.all(total > 0)) else math.nan

    @property
    def _grouped(self) -> tuple[tuple[Floats, Ints], ...]:
        s = self._success
        return (self._parts[0], s.reached_starts), (self._parts[1], s.missed_starts)

    @cached_property
    def _counts(self) -> list[Floats]:
        return [_per_replicate(np.isfinite(part), starts) for part, starts in self._grouped]

    @cached_property
    def _totals(self) -> list[Floats]:
        return [_sums(np.where(np.isfinite(part), part, 0.0), starts) for part, starts in self._grouped]

    @cached_property
    def _means(self) -> list[Floats]:
        """Means of both kinds in each replicate; NaN where a replicate has no such path."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return [total / count for total, count in zip(self._totals, self._counts, strict=True)]

    def _shares_below(self, x: float) -> list[Floats]:
        with np.errstate(invalid="ignore", divide="ignore"):
            return [
                _per_replicate(part <= x, starts) / count
                for (part, starts), count in zip(self._grouped, self._counts, strict=True)
            ]


def _mixed(parts: Sequence[Any], weight: float | Floats) -> Any:
    return parts[0] * weight + parts[1] * (1.0 - weight)


def _per_replicate(chosen: NDArray[np.bool_], starts: Ints) -> Floats:
    """How many are chosen in each replicate, float64[R]."""
    ends = np.append(starts, chosen.size)
    return np.array([np.count_nonzero(chosen[a:b]) for a, b in pairwise(ends)], np.float64)


def _sums(values: Floats, starts: Ints) -> Floats:
    ends = np.append(starts, values.size)
    return np.array([values[a:b].sum() for a, b in pairwise(ends)])
