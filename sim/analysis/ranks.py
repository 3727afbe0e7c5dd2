"""Which drivers move an output: Spearman rank correlations over the first paths of a run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.analysis.estimate import Floats
from sim.analysis.replicates import spread
from sim.run.result import REPLICATES, Run

_FEWEST = 4  # paths of a replicate


@dataclass(frozen=True)
class RankCorrelation:
    """Spearman's rho between a driver and an output over ``paths`` paths, with its standard error."""

    driver: str
    label: str
    rank_correlation: float
    standard_error: float
    paths: int

    def as_dict(self) -> dict[str, Any]:
        return {
            "driver": self.driver,
            "label": self.label,
            "rank_correlation": self.rank_correlation,
            "standard_error": self.standard_error,
            "paths": self.paths,
        }


def analyse(run: Run, output: str) -> tuple[RankCorrelation, ...]:
    """Every driver that varies and is finite, by falling strength, over the first `run.result.SAMPLE` paths.

    Correlated drivers share their influence here: a rank correlation is not a cause. The standard error is that of the
    spread over the 16 replicates of the sampler; of independent paths, or where a replicate has fewer than four or all
    its values equal, sqrt((1 + rho^2 / 2) (1 - rho^2)^2 / (n - 3)) (Bonett and Wright 2000, Psychometrika 65, p. 24),
    which is several times too large for Sobol points.
    """
    target = run.sample(output)
    valid = np.isfinite(target)
    n = int(np.count_nonzero(valid))
    found: list[RankCorrelation] = []
    if n < 4 or np.ptp(target[valid]) == 0:
        return ()
    replicate = (np.flatnonzero(valid) % run.replicates).astype(np.uint8)
    ours = _Ranked(target[valid], replicate)
    for name in run.drivers:
        column = run.sample(name)[valid]
        if not np.isfinite(column).all() or np.ptp(column) == 0:
            continue
        theirs = _Ranked(column, replicate)
        # Not np.dot: BLAS spreads it over threads, whose number its last digit depends on and whose waking up can take
        # milliseconds a driver.
        product = float(np.einsum("i,i", theirs.whole, ours.whole))
        rho = min(max(product / n, -1.0), 1.0)  # rounding may pass 1
        error = _spread(theirs.within * ours.within, replicate) if run.replicates > 1 else math.nan
        if not math.isfinite(error):
            error = math.sqrt((1 + rho * rho / 2) / (n - 3)) * (1 - rho * rho)
        found.append(RankCorrelation(name, run.label(name), rho, error, n))
    return tuple(sorted(found, key=lambda r: (-abs(r.rank_correlation), r.driver)))


class _Ranked:
    """Ranks of a column float64[n], ``whole`` among all paths and ``within`` among those of the path's own replicate.

    Both are scaled to mean 0 and variance 1 (of each replicate); equal values share their mean rank.
    """

    def __init__(self, column: Floats, replicate: NDArray[np.uint8]):
        self._column, self._replicate, self._order = column, replicate, np.argsort(column)
        ranks = _ranks(column, self._order)
        self.whole = np.asarray((ranks - ranks.mean()) / ranks.std())

    @cached_property
    def within(self) -> Floats:
        replicate, order = self._replicate, self._order
        by_replicate = order[np.argsort(replicate[order], kind="stable")]  # no second sort of the values
        return _scaled(_ranks(self._column, by_replicate, replicate), replicate)


def _ranks(column: Floats, order: NDArray[np.int64], replicate: NDArray[np.uint8] | None = None) -> Floats:
    """Ranks along ``order``, in which values rise (within each replicate: ranks up to a constant of its own)."""
    ordered = column[order]
    new = ordered[1:] != ordered[:-1]
    if replicate is not None:
        owner = replicate[order]
        new |= owner[1:] != owner[:-1]
    ranks = np.empty(column.size)
    if new.all():  # as of most columns: no two values share a rank
        ranks[order] = np.arange(column.size)
        return ranks
    starts = np.flatnonzero(np.concatenate(([True], new)))
    counts = np.diff(np.concatenate((starts, [column.size])))
    ranks[order] = np.repeat(starts + (counts - 1) / 2, counts)
    return ranks


def _scaled(ranks: Floats, replicate: NDArray[np.uint8]) -> Floats:
    counts = np.bincount(replicate)
    with np.errstate(invalid="ignore", divide="ignore"):  # a replicate without paths, or of one value
        away = ranks - (np.bincount(replicate, ranks) / counts)[replicate]
        return np.asarray(away / np.sqrt(np.bincount(replicate, away * away) / counts)[replicate])


def _spread(products: Floats, replicate: NDArray[np.uint8]) -> float:
    """Standard error of the mean of the replicates' correlations; NaN where one of them has none."""
    counts = np.bincount(replicate, minlength=REPLICATES)
    return spread(np.bincount(replicate, products) / counts) if counts.min() >= _FEWEST else math.nan
