"""Errors from interleaved replicates: right for independent paths and for scrambled Sobol points alike.

Path i belongs to replicate i mod 16. Replicates are independent of each other, whatever the paths within one are, so
the spread of a statistic over them measures its error without knowing how the paths were drawn (Owen 1997, section 4).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.analysis.estimate import T_95, Floats, finite
from sim.run.result import REPLICATES


@dataclass(frozen=True)
class Estimate:
    """A statistic with its standard error (NaN where there is none to give)."""

    value: float
    error: float

    @property
    def interval(self) -> tuple[float, float]:
        """95% interval by Student's t with 15 degrees of freedom."""
        return self.value - T_95 * self.error, self.value + T_95 * self.error

    def as_dict(self) -> dict[str, Any]:
        return {"value": finite(self.value), "standard_error": finite(self.error)}


def spread(values: Floats) -> float:
    """Standard error of the mean of independent replicate values: float64[R]; NaN for fewer than two."""
    if values.size < 2 or not np.isfinite(values).all():
        return math.nan
    return float(values.std(ddof=1)) / math.sqrt(values.size)


def estimate(column: Floats, statistic: Callable[[Floats], float]) -> Estimate:
    """A statistic of the finite values of a column: float64[n], in path order; its value is that of all paths.

    A statistic that is NaN for one of the replicates (no path meets its condition there) has no error.
    """
    whole = statistic(column[np.isfinite(column)])
    if column.size < 2 * REPLICATES:
        return Estimate(whole, math.nan)
    parts = [column[r::REPLICATES] for r in range(REPLICATES)]
    return Estimate(whole, spread(np.array([statistic(part[np.isfinite(part)]) for part in parts])))


def mean(values: Floats) -> float:
    """Mean, NaN of nothing."""
    return float(values.mean()) if values.size else math.nan


def quantile(share: float) -> Callable[[Floats], float]:
    """Quantile as a statistic: order statistics interpolated (Hyndman and Fan 1996, definition 7); NaN of nothing."""

    def of(values: Floats) -> float:
        if not values.size:
            return math.nan
        place = share * (values.size - 1)
        below = math.floor(place)
        above = min(below + 1, values.size - 1)
        ordered = np.partition(values, (below, above))
        return float(ordered[below] + (ordered[above] - ordered[below]) * (place - below))

    return of


def share_at_least(threshold: float) -> Callable[[Floats], float]:
    """Share of values that reach a threshold, as a statistic; NaN of nothing."""

    def of(values: Floats) -> float:
        return np.count_nonzero(values >= threshold) / values.size if values.size else math.nan

    return of
