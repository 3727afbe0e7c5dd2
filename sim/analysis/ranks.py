"""Which drivers move an output: Spearman rank correlations over the first paths of a run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.analysis.estimate import Floats
from sim.run.result import Run


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

    Correlated drivers share their influence here: a rank correlation is not a cause. The standard error is
    sqrt((1 + rho^2 / 2) (1 - rho^2)^2 / (n - 3)) (Bonett and Wright 2000, Psychometrika 65, p. 24).
    """
    target = run.sample(output)
    valid = np.isfinite(target)
    n = int(np.count_nonzero(valid))
    found: list[RankCorrelation] = []
    if n < 4 or np.ptp(target[valid]) == 0:
        return ()
    target_ranks = _ranks(target[valid])
    for name in run.drivers:
        column = run.sample(name)[valid]
        if not np.isfinite(column).all() or np.ptp(column) == 0:
            continue
        rho = float(np.clip(np.dot(_ranks(column), target_ranks) / n, -1.0, 1.0))  # rounding may pass 1
        error = math.sqrt((1 + rho * rho / 2) / (n - 3)) * (1 - rho * rho)
        found.append(RankCorrelation(name, run.label(name), rho, error, n))
    return tuple(sorted(found, key=lambda r: (-abs(r.rank_correlation), r.driver)))


def _ranks(column: Floats) -> Floats:
    """Ranks scaled to mean 0 and variance 1; equal values share their mean rank."""
    order = np.argsort(column)
    ordered = column[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    counts = np.diff(np.concatenate((starts, [column.size])))
    ranks = np.empty(column.size)
    ranks[order] = np.repeat(starts + (counts - 1) / 2, counts)
    return np.asarray((ranks - ranks.mean()) / ranks.std())
