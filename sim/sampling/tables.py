"""Quantile tables: a driver's value as a piecewise cubic function of its standard normal.

The intervals are equally wide in z, each cubic interpolates four exact quantiles (both ends and two inner points
placed so that the error is evenly spread), so neighbours meet and a kink of the density may lie between two of them.
Positive laws are tabulated as logarithms and Student's t as asinh, whose tails are then straight or gently bent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np
from numpy.typing import NDArray

from sim.sampling import quantile as codes
from sim.sampling.laws import Law

Array = NDArray[np.float64]

REACH = 8.3  # the stream's own normals end at 8.21; sums of correlated ones beyond the table take its last value
TOLERANCE = 1e-8
_FEWEST, _MOST = 256, 8192
INNER = (sqrt(2.0) - 1.0) / 2.0  # inner points of an interval running from -1/2 to 1/2
CHECKED = np.array([-0.3826834, -0.1, 0.0, 0.1, 0.3826834])  # where the interpolation error is largest, and between
_TINY = 1e-300


@dataclass(frozen=True)
class Table:
    """``coefficients``: float64[4, n], constant term first; ``error``: see `error_of`."""

    coefficients: Array
    origin: float
    per_unit: float
    error: float
    count: float | None = None

    @property
    def last(self) -> float:
        """Number of the last interval, from 0; of a table that is searched the number of its steps or pieces."""
        return self.intervals - 1.0 if self.count is None else self.count

    @property
    def intervals(self) -> int:
        return int(self.coefficients.shape[1])


def build(law: Law) -> Table:
    """The table of a law, with as many intervals (256 to 8192) as an error of 1e-8 takes."""
    intervals = _FEWEST
    while True:
        table = _with(law, intervals)
        if table.error <= TOLERANCE or intervals >= _MOST:
            return table
        intervals *= 2


def of_function(function: Callable[[Array], Array], reach: float) -> Table:
    """The table of a smooth rising function on -reach to reach; its ``error`` is absolute, 1e-8 if it can be."""
    intervals = _FEWEST
    while True:
        width = 2.0 * reach / intervals
        steps: Array = np.arange(intervals + 1, dtype=np.float64)
        middles: Array = np.asarray(-reach + width * (steps[:-1] + 0.5), np.float64)
        ends = function(np.asarray(-reach + width * steps, np.float64))
        inner = [function(np.asarray(middles + side * INNER * width, np.float64)) for side in (-1.0, 1.0)]
        c = cubics(ends[:-1], inner[0], inner[1], ends[1:])
        error = max(
            float(np.max(np.abs(c[0] + s * (c[1] + s * (c[2] + s * c[3])) - function(middles + s * width))))
            for s in CHECKED
        )
        if error <= TOLERANCE or intervals >= _MOST:
            return Table(c, float(middles[0]), 1.0 / width, error)
        intervals *= 2


def _with(law: Law, intervals: int) -> Table:
    width = 2.0 * REACH / intervals
    start = -REACH
    for kink in law.kinks:
        at = law.z_of(kink)
        if abs(at) < REACH:  # shift the grid by part of an interval, so that the kink lies between two
            start = at - ceil((at + REACH) / width) * width
            intervals += 1
    steps: Array = np.arange(intervals + 1, dtype=np.float64)
    middles: Array = np.asarray(start + width * (steps[:-1] + 0.5), np.float64)
    ends = np.maximum.accumulate(_scaled(law, np.asarray(start + width * steps, np.float64)))
    coefficients = cubics(
        ends[:-1],
        _scaled(law, np.asarray(middles - INNER * width, np.float64)),
        _scaled(law, np.asarray(middles + INNER * width, np.float64)),
        ends[1:],
    )
    return Table(coefficients, float(middles[0]), 1.0 / width, error_of(law, coefficients, middles, width))


def cubics(first: Array, second: Array, third: Array, last: Array) -> Array:
    """Coefficients of the cubics through the values at -1/2, -inner, inner, 1/2; a line where one would fall."""
    even_ends, even_inner = (last + first) / 2.0, (third + second) / 2.0
    slope_ends, slope_inner = last - first, (third - second) / (2.0 * INNER)
    gap = 0.25 - INNER**2
    c2 = (even_ends - even_inner) / gap
    c0 = even_inner - INNER**2 * c2
    c3 = (slope_ends - slope_inner) / gap
    c1 = slope_inner - INNER**2 * c3
    with np.errstate(divide="ignore", invalid="ignore"):
        turn = np.clip(np.where(c3 != 0.0, -c2 / (3.0 * c3), 0.5), -0.5, 0.5)
    falls = np.zeros(first.shape, bool)
    for s in (-0.5, 0.5, turn):
        falls |= c1 + 2.0 * c2 * s + 3.0 * c3 * s * s < 0.0
    zero = np.zeros_like(first)
    return np.where(falls, np.stack([even_ends, slope_ends, zero, zero]), np.stack([c0, c1, c2, c3]))


def error_of(law: Law, coefficients: Array, middles: Array, width: float) -> float:
    """Largest error of a table at five points of every interval, relative to the P5-P95 range.

    Where a value lies further from the median than that range is wide, the error is relative to its distance
    from the median, so the figure bounds the tails as well.
    """
    median, spread = scale_of(law)
    worst = 0.0
    c0, c1, c2, c3 = coefficients
    for s in CHECKED:
        exact = quantiles(law, middles + s * width)
        table = np.clip(_unscaled(law, c0 + s * (c1 + s * (c2 + s * c3))), law.low, law.high)
        distance = np.maximum(np.abs(exact - median), spread)
        worst = max(worst, float(np.max(np.abs(table - exact) / distance)))
    return worst


def scale_of(law: Law) -> tuple[float, float]:
    """Median and P5-P95 range of a law, or its whole range where 90% lie on one value."""
    p5, median, p95 = (float(x) for x in quantiles(law, np.array([-1.6448536269514722, 0.0, 1.6448536269514722])))
    first, last = (float(x) for x in quantiles(law, np.array([-REACH, REACH])))
    return median, p95 - p5 if p95 > p5 else last - first


def quantiles(law: Law, z: Array) -> Array:
    """Exact values of a law at standard normals."""
    from scipy.special import ndtr

    return law.quantile(ndtr(z), ndtr(-z))


def _scaled(law: Law, z: Array) -> Array:
    x = quantiles(law, z)
    if law.code == codes.LOG_TABLE:
        return np.asarray(np.log(np.maximum(x, _TINY)))
    if law.code == codes.SINH_TABLE:
        return np.asarray(np.arcsinh((x - law.location) / law.scale))
    return x


def _unscaled(law: Law, y: Array) -> Array:
    if law.code == codes.LOG_TABLE:
        return np.asarray(np.exp(y))
    if law.code == codes.SINH_TABLE:
        return np.asarray(law.location + law.scale * np.sinh(y))
    return y
