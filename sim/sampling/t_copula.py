"""Set-up of t copulas: which drivers share a chi-square, and the two tables that the kernel takes tails from."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.sampling import tables
from sim.sampling.correlation import Group

Array = NDArray[np.float64]


def arrays(groups: Sequence[Group], drivers: Sequence[str], first: int) -> tuple[dict[str, NDArray[Any]], Array]:
    """The arrays ``t_...`` of `sim.sampling.draw`, and the tables they point at: float64[4, n], placed from ``first``.

    All groups have the degrees of freedom of the study. Without groups there are no tables.
    """
    rows = {name: row for row, name in enumerate(drivers)}
    members = [rows[name] for group in groups for name in group.drivers]
    numbers, starts, made = np.zeros(7), np.zeros(2, np.uint64), [np.zeros((4, 0))]
    if groups:
        df = groups[0].df
        mild = tables.of_function(lambda z: 0.5 * np.log(chi_square(z, df) / df), tables.REACH)
        deep = tables.of_function(lambda a: normal_of_t(sqrt(df) * np.sinh(a), df), _end(df))
        numbers[:] = (
            1.0 / sqrt(df),
            *(mild.origin, mild.per_unit, mild.last),
            *(deep.origin, deep.per_unit, deep.last),
        )
        starts[:] = first, first + mild.intervals
        made = [mild.coefficients, deep.coefficients]
    found = {
        "t_first": np.cumsum([0, *(len(group.drivers) for group in groups)]).astype(np.uint64),
        "t_member": np.array(members, np.uint64),
        "t_numbers": numbers,
        "t_tables": starts,
        "t_df": np.array([groups[0].df if groups else np.inf]),
    }
    return found, np.concatenate(made, axis=1)


def chi_square(z: Array, df: float) -> Array:
    """Quantiles of a chi-square at standard normals."""
    from scipy.special import gammainccinv, gammaincinv, ndtr

    low = gammaincinv(df / 2.0, ndtr(np.minimum(z, 0.0)))
    high = gammainccinv(df / 2.0, ndtr(-np.maximum(z, 0.0)))
    return np.asarray(2.0 * np.where(z < 0.0, low, high))


def normal_of_t(t: Array, df: float) -> Array:
    """The standard normals whose probabilities are those of values of Student's t."""
    from scipy.special import ndtri, stdtr

    return np.asarray(-np.sign(t) * ndtri(stdtr(df, -np.abs(t))))


def _end(df: float) -> float:
    """asinh(t / sqrt(df)) of the t at which the table of normals ends."""
    from scipy.special import ndtr, stdtrit

    return float(np.arcsinh(-stdtrit(df, float(ndtr(-tables.REACH))) / sqrt(df)))
