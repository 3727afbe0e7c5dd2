"""The exceedance curve: which value is reached on which share of paths, of one column or of a weighted mixture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.analysis.estimate import Floats

SHARES = tuple(i / 200 for i in range(199, 0, -1))  # of paths that reach the value: 99.5% down to 0.5%


def analyse(columns: Sequence[Floats], weights: Sequence[float] = (1.0,)) -> tuple[float, ...]:
    """Values reached on `SHARES` of the paths, rising. ``weights`` of the columns add up to one."""
    return tuple(float(x) for x in quantiles(columns, weights, [1.0 - share for share in SHARES]))


def quantiles(columns: Sequence[Floats], weights: Sequence[float], shares: Sequence[float]) -> Floats:
    """Quantiles of a mixture: the smallest value below or at which a share of the weight lies; NaN without paths.

    One column alone is interpolated as everywhere (Hyndman and Fan 1996, definition 7).
    """
    valid = [column[np.isfinite(column)] for column in columns]
    if any(not column.size for column in valid):
        return np.full(len(shares), np.nan)
    if len(valid) == 1:
        ordered = np.sort(valid[0])
        places = np.array(shares) * (ordered.size - 1)
        below = np.floor(places).astype(np.int64)
        above = np.minimum(below + 1, ordered.size - 1)
        return np.asarray(ordered[below] + (ordered[above] - ordered[below]) * (places - below))
    values = np.concatenate(valid)
    each = np.concatenate([np.full(c.size, w / c.size) for c, w in zip(valid, weights, strict=True)])
    order = np.argsort(values)
    reached = np.cumsum(each[order])
    places = np.searchsorted(reached, np.array(shares) * reached[-1])
    return np.asarray(values[order][np.minimum(places, values.size - 1)])
