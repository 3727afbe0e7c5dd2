"""A box in plain words: limits on few drivers within which most paths succeed (scenario discovery).

Bryant and Lempert (2010, Technological Forecasting and Social Change 77, pp. 34-49) read such a box by coverage (the
share of all successes that lie in it), density (the share of its paths that succeed) and the number of its limits. The
box is searched on one half of the paths and judged on the other, so that its figures owe nothing to the search.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.analysis.bins import Binned
from sim.analysis.estimate import Floats
from sim.analysis.peeling import Box, inside, paste, peel, trim
from sim.analysis.replicates import Estimate, spread
from sim.run.result import REPLICATES

MOST_DRIVERS = 4
LEAST_LOSS = 0.01  # density that a limit must be worth, in shares of one
PATIENCE = (0.03, 0.05, 0.1)  # slices tried; a search over boxes is greedy, and no one slice is always best
RESAMPLES = 48
_SEED = 1999
_FEWEST = 50  # paths that a box must hold


@dataclass(frozen=True)
class Limit:
    """A driver within the box. ``low`` and ``high`` are None where it is free, each with a 95% bootstrap interval.

    A free end stands in an interval as None too: so many resamples had no limit there. ``density_without`` is the
    box's density if this driver were free; ``chance`` the quasi p-value of Bryant and Lempert (2010, p. 41): the
    probability of as many successes in the box if the driver did not matter.
    """

    name: str
    low: float | None
    low_interval: tuple[float | None, float | None]
    high: float | None
    high_interval: tuple[float | None, float | None]
    density_without: float
    chance: float

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "low": self.low,
            "low_interval": list(self.low_interval),
            "high": self.high,
            "high_interval": list(self.high_interval),
            "density_without": self.density_without,
            "chance": self.chance,
        }


@dataclass(frozen=True)
class Found:
    """A box judged on paths that the search has not seen; ``mass`` is the share of all paths that lie in it.

    ``trajectory`` holds (coverage, density, drivers limited) of the last peeling, on the searched paths.
    """

    limits: tuple[Limit, ...]
    coverage: Estimate
    density: Estimate
    mass: Estimate
    searched: int
    judged: int
    trajectory: tuple[tuple[float, float, int], ...]

    def as_dict(self) -> dict[str, Any]:
        return {
            "limits": [limit.as_dict() for limit in self.limits],
            "drivers": len(self.limits),
            "coverage": self.coverage.as_dict(),
            "density": self.density.as_dict(),
            "mass": self.mass.as_dict(),
            "paths_searched": self.searched,
            "paths_judged": self.judged,
            "trajectory": [list(point) for point in self.trajectory],
        }


@dataclass(frozen=True)
class Searched:
    """A box, the peeling trajectory it comes from, and how it was found: the slice, and the density asked for."""

    box: Box
    trajectory: tuple[Box, ...]
    share: float
    density: float | None


def search(
    table: Binned, success: NDArray[np.bool_], most: int = MOST_DRIVERS, density: float | None = None
) -> Searched:
    """The best box on at most ``most`` columns.

    Best is the largest harmonic mean of coverage and density, or the largest coverage among boxes of at least
    ``density`` if that is given (the densest box where none is). Columns whose limit is worth less than `LEAST_LOSS`
    of density, and beyond ``most`` those worth least, are set free one at a time, and the rest searched again.
    """
    chosen = list(range(len(table.cuts)))
    while True:
        part = table.rows(chosen)
        tried = [_peeled(part, success, density, share) for share in PATIENCE]
        found = max(tried, key=lambda one: _merit(one.box, success, density))
        box = found.box
        limited = box.restricted(part)
        worth = {k: box.density - _density(success, inside(part, box, without=k)) for k in limited}
        weakest = min(worth, key=lambda k: worth[k], default=None)
        if weakest is None or (len(limited) <= most and worth[weakest] >= LEAST_LOSS):
            trajectory = tuple(_among(b, chosen, table) for b in found.trajectory)
            return replace(found, box=_among(box, chosen, table), trajectory=trajectory)
        chosen = [chosen[k] for k in limited if k != weakest]
        if not chosen:
            whole = _whole(table, success)
            return Searched(whole, (whole,), found.share, density)


def _peeled(table: Binned, success: NDArray[np.bool_], density: float | None, share: float) -> Searched:
    """The best box of one trajectory, pasted and trimmed."""
    fewest = max(_FEWEST, min(success.size // 20, int(np.count_nonzero(success)) // 2))
    trajectory = peel(table, success, fewest, share)
    best = max(trajectory, key=lambda box: _merit(box, success, density))
    box = trim(table, success, paste(table, success, best))
    return Searched(box, tuple(trajectory), share, density)


def _merit(box: Box, success: NDArray[np.bool_], density: float | None) -> tuple[float, float]:
    if density is None:
        # The harmonic mean of hits / successes and hits / paths.
        return 2 * box.hits / (box.paths + int(np.count_nonzero(success))), 0.0
    return (1.0, float(box.hits)) if box.density >= density else (0.0, box.density)


def judge(
    names: Sequence[str],
    table: Binned,
    success: NDArray[np.bool_],
    found: Searched,
    fresh: Sequence[Floats],
    fresh_success: NDArray[np.bool_],
    replicate: NDArray[np.int64],
) -> Found:
    """Coverage, density and limits of a box found on ``table``, from paths that the search has not seen.

    ``fresh`` are the limited columns on these paths, in the order of `Box.restricted`; ``replicate`` int64[n] says to
    which replicate each of the paths belongs.
    """
    from scipy.stats import binom

    box, trajectory = found.box, found.trajectory
    limited = box.restricted(table)
    ends = [_ends(table, k, int(box.low[k]), int(box.high[k])) for k in limited]
    within = [_within(column, *end) for column, end in zip(fresh, ends, strict=True)]
    every = np.ones(fresh_success.size, dtype=bool)
    lies = np.logical_and.reduce([every, *within])
    hits = lies & fresh_success
    by = [np.bincount(replicate[x], minlength=REPLICATES).astype(float) for x in (every, fresh_success, lies, hits)]
    with np.errstate(invalid="ignore", divide="ignore"):
        coverage, density, mass = by[3] / by[1], by[3] / by[2], by[2] / by[0]
    intervals = _intervals(table.rows(limited), success, found)
    limits = []
    for i, k in enumerate(limited):
        free = np.logical_and.reduce([every, *(w for j, w in enumerate(within) if j != i)])
        without = _density(fresh_success, free)
        chance = float(binom.sf(np.count_nonzero(hits) - 1, np.count_nonzero(lies), without))
        limits.append(Limit(names[k], ends[i][0], intervals[i][0], ends[i][1], intervals[i][1], without, chance))
    total = int(np.count_nonzero(success))
    limits.sort(key=lambda limit: limit.density_without)
    return Found(
        tuple(limits),
        Estimate(int(np.count_nonzero(hits)) / max(int(np.count_nonzero(fresh_success)), 1), spread(coverage)),
        Estimate(_density(fresh_success, lies), spread(density)),
        Estimate(float(np.mean(lies)), spread(mass)),
        success.size,
        fresh_success.size,
        tuple((b.hits / max(total, 1), b.density, len(b.restricted(table))) for b in trajectory),
    )


def _intervals(
    table: Binned, success: NDArray[np.bool_], searched: Searched
) -> list[tuple[tuple[float | None, float | None], tuple[float | None, float | None]]]:
    """95% bootstrap intervals of both limits of each limited column: the search on these columns, on resampled paths.

    Resampling takes paths for independent, so the intervals are wide where they are Sobol points.
    """
    random = np.random.default_rng(_SEED)
    columns = len(table.cuts)
    lows, highs = (np.empty((RESAMPLES, columns), np.int64) for _ in range(2))
    for b in range(RESAMPLES if columns else 0):
        drawn = random.integers(success.size, size=success.size)
        resample = Binned(table.codes[:, drawn], table.cuts)
        box = _peeled(resample, success[drawn], searched.density, searched.share).box
        lows[b], highs[b] = box.low, box.high
    found = []
    for i in range(columns):
        pairs = []
        for codes in (lows[:, i], highs[:, i]):
            low, high = np.quantile(codes, (0.025, 0.975), method="nearest")
            pairs.append((_cut(table.cuts[i], int(low)), _cut(table.cuts[i], int(high))))
        found.append((pairs[0], pairs[1]))
    return found


def _cut(cuts: Floats, code: int) -> float | None:
    """The value from which on codes are at least ``code``; None at either end, where nothing is cut off."""
    return float(cuts[code - 1]) if 0 < code <= cuts.size else None


def _ends(table: Binned, column: int, low: int, high: int) -> tuple[float | None, float | None]:
    return _cut(table.cuts[column], low), _cut(table.cuts[column], high)


def _within(column: Floats, low: float | None, high: float | None) -> NDArray[np.bool_]:
    return (column >= (-math.inf if low is None else low)) & (column < (math.inf if high is None else high))


def _density(success: NDArray[np.bool_], lies: NDArray[np.bool_]) -> float:
    paths = int(np.count_nonzero(lies))
    return np.count_nonzero(success & lies) / paths if paths else 0.0


def _whole(table: Binned, success: NDArray[np.bool_]) -> Box:
    low = np.zeros(len(table.cuts), np.int64)
    high = np.array([cuts.size + 1 for cuts in table.cuts], np.int64)
    return Box(low, high, success.size, int(np.count_nonzero(success)))


def _among(box: Box, chosen: list[int], table: Binned) -> Box:
    """A box on some columns as one on all of them."""
    whole = _whole(table, np.zeros(0, dtype=bool))
    low, high = whole.low, whole.high
    low[chosen], high[chosen] = box.low, box.high
    return Box(low, high, box.paths, box.hits)
