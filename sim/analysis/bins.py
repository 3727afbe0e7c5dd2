"""Columns as small whole numbers: what a search over boxes reads instead of the values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.analysis.estimate import Floats

BINS = 1024
Codes = NDArray[np.uint16]


@dataclass(frozen=True)
class Binned:
    """Columns in bins: ``codes`` uint16[d, n] and per column the rising ``cuts`` between its bins.

    Bin b of a column holds the values with cuts[b - 1] <= value < cuts[b]; the outermost bins are open.
    """

    codes: Codes
    cuts: tuple[Floats, ...]

    def rows(self, chosen: list[int]) -> Binned:
        """Some of the columns."""
        return Binned(np.ascontiguousarray(self.codes[chosen]), tuple(self.cuts[k] for k in chosen))


def cuts_of(column: Floats) -> Floats:
    """Cuts of a column: midway between values where there are few, else 1,023 quantiles."""
    ordered = np.sort(column)
    distinct = ordered[np.concatenate(([True], ordered[1:] > ordered[:-1]))]
    if distinct.size <= BINS:
        return np.asarray(distinct[:-1] + (distinct[1:] - distinct[:-1]) / 2)
    cuts = np.unique(ordered[(np.arange(1, BINS) * ordered.size) // BINS])
    return np.asarray(cuts[cuts > ordered[0]], np.float64)


def binned(column: Floats, cuts: Floats) -> Codes:
    return np.searchsorted(cuts, column, side="right").astype(np.uint16)
