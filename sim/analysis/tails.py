"""Does a column have a variance at all? Means, their errors and shares of variance are not printed if it has none."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sim.analysis.estimate import Floats

_SURE = 3.0  # standard errors of the index below 2 before a variance is denied


@dataclass(frozen=True)
class Tail:
    """Index of the heavier tail: moments below it are finite. ``error`` is its standard error, index / sqrt(k)."""

    index: float
    error: float

    @property
    def has_variance(self) -> bool:
        return not self.index + _SURE * self.error < 2.0


def analyse(column: Floats) -> Tail:
    """Hill's estimator (1975, Annals of Statistics 3, p. 1166) of each tail, distances taken from the median.

    The k = min(n / 100, 1000) most distant values of a side are used. Fewer than 2,000 paths tell nothing, and a side
    without spread has no tail: the index is infinite then.
    """
    values = column[np.isfinite(column)]
    k = min(values.size // 100, 1000)
    if k < 20:
        return Tail(math.inf, 0.0)
    middle = float(np.median(values))
    found = math.inf
    for distances in (values - middle, middle - values):
        largest = np.partition(distances, values.size - k - 1)[values.size - k - 1 :]
        threshold = float(largest[0])
        if threshold <= 0.0:
            continue
        excess = float(np.log(largest[1:] / threshold).mean())
        if excess > 0.0:
            found = min(found, 1.0 / excess)
    return Tail(found, 0.0 if math.isinf(found) else found / math.sqrt(k))
