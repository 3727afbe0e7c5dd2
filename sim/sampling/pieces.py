"""Tables that need more than equally wide intervals: steps, observed values, and quantile functions in pieces.

A quantile function with jumps (a gap between two parts of a mixture), flats (a value with a probability of its own) or
corners is cut there into pieces. Each piece is halved until cubics over `_INTERVALS` intervals follow it, so that the
pieces grow narrow towards a steep end. The layout is that which `sim.sampling.quantile` reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray

from sim.sampling import quantile as codes
from sim.sampling import tables
from sim.sampling.as241 import from_tails
from sim.sampling.composed import cumulated
from sim.sampling.laws import Law
from sim.sampling.tables import REACH, TOLERANCE, Table

Array = NDArray[np.float64]

_INTERVALS = 64
_NARROWEST = 2.0**-32  # of a piece, in standard deviations: at a vertical end one path in some billions is less exact
_MOST = 1024  # pieces
_SAME_Z = 1e-12
# Where quantiles are taken, as shares of a span's width from its middle: ends of the intervals, then of each the inner
# points and those at which the error is looked at.
_MIDDLES = (np.arange(_INTERVALS) + 0.5) / _INTERVALS - 0.5
_WITHIN = np.array([-tables.INNER, tables.INNER, *tables.CHECKED])
_PLACES = np.concatenate(
    [np.arange(_INTERVALS + 1) / _INTERVALS - 0.5, (_MIDDLES + _WITHIN[:, None] / _INTERVALS).ravel()]
)

_Span = tuple[float, float, float, float]  # z from, to; value from, to


def build(law: Law) -> Table:
    """The table of any law that needs one."""
    if law.code == codes.STEPS:
        return _steps(law)
    if law.code == codes.SHARE_TABLE:
        return _observed(law)
    return _pieces(law) if law.code == codes.PIECES else tables.build(law)


def _padded(ends: list[float]) -> Array:
    """Upper ends of pieces, as many as a power of two: the last, and those beyond it, are never reached."""
    size = 1 << max(len(ends) - 1, 0).bit_length()
    return np.array([*ends[:-1], *[inf] * (size - len(ends) + 1)])


def _steps(law: Law) -> Table:
    below, above = cumulated(law.atoms)
    ends = _padded([from_tails(float(b), float(a)) for b, a in zip(below, above, strict=True)])
    coefficients = np.zeros((4, ends.size))
    coefficients[0] = law.atoms[-1][0]
    coefficients[0, : len(law.atoms)] = [x for x, _ in law.atoms]
    coefficients[1] = ends
    return Table(coefficients, 0.0, 1.0, 0.0, float(ends.size))


def _observed(law: Law) -> Table:
    """Lines between neighbours, as cubics of P(Z <= z)."""
    points = np.array(law.observed)
    lines = np.zeros((4, points.size - 1))
    lines[0], lines[1] = 0.5 * (points[1:] + points[:-1]), points[1:] - points[:-1]
    steps = points.size - 1
    return Table(lines, (0.5 / steps - law.location) / law.scale, law.scale * steps, 0.0)


@dataclass(frozen=True)
class _Piece:
    """From z ``start`` to ``end``, values ``low`` to ``high``: float64[4, n], and its error."""

    start: float
    end: float
    coefficients: Array
    error: float


def _pieces(law: Law) -> Table:
    waiting, done = _between_breaks(law), list[_Piece]()
    median, spread = tables.scale_of(law)
    while waiting:  # all of a width at once, so that the quantiles of all are one search
        middles = np.array([0.5 * (a + b) for a, b, _, _ in waiting])
        widths = np.array([b - a for a, b, _, _ in waiting])
        exact = tables.quantiles(law, (middles[:, None] + widths[:, None] * _PLACES).ravel())
        halves: list[_Span] = []
        for span, values in zip(waiting, exact.reshape(-1, _PLACES.size), strict=True):
            piece = _piece(span, values, median, spread)
            start, end, low, high = span
            narrow = end - start < _NARROWEST or len(done) + len(waiting) + len(halves) > _MOST
            if piece.error <= TOLERANCE or narrow:
                done.append(piece)
            else:
                middle, value = 0.5 * (start + end), min(max(float(values[_INTERVALS // 2]), low), high)
                halves += [(start, middle, low, value), (middle, end, value, high)]
        waiting = halves
    done.sort(key=lambda piece: piece.start)
    ends = _padded([piece.end for piece in done])
    records = np.zeros((4, ends.size + 1))
    records[1] = [*ends, inf]
    records[2] = 1.0
    counted = 0
    for k, piece in enumerate(done):
        intervals = piece.coefficients.shape[1]
        per_unit = intervals / (piece.end - piece.start)
        records[0, k] = piece.start + (0.5 - counted) / per_unit  # z in the middle of interval 0 of all
        records[2, k] = per_unit
        records[3, k] = counted
        counted += intervals
    records[:, len(done) :] = np.array([[0.0], [inf], [1.0], [counted]])
    coefficients = np.concatenate([records, *(piece.coefficients for piece in done)], axis=1)
    error = max(piece.error for piece in done if piece.end - piece.start >= _NARROWEST)
    return Table(coefficients, 0.0, 1.0, error, float(ends.size))


def _between_breaks(law: Law) -> list[_Span]:
    """(start, end, low, high) between places where the quantile function is not smooth.

    Before a break the values end at the lowest of the points at its probability, after it they begin at the highest.
    """
    places: list[tuple[float, float]] = []  # (z, value)
    for x in sorted({*law.kinks, *(value for value, _ in law.atoms)}):
        below, above = law.at(x)
        mass = law.atom(x)
        places.append((from_tails(below, above), x))
        if mass > 0.0:
            places.append((from_tails(max(below - mass, 0.0), min(above + mass, 1.0)), x))
    places = sorted(place for place in places if abs(place[0]) < REACH)
    breaks: list[list[float]] = []  # z, value before, value after
    for z, x in places:
        if breaks and z - breaks[-1][0] <= _SAME_Z * max(abs(z), 1.0):
            breaks[-1][2] = x
        else:
            breaks.append([z, x, x])
    first, last = (float(x) for x in tables.quantiles(law, np.array([-REACH, REACH])))
    starts = [(-REACH, first), *((z, after) for z, _, after in breaks)]
    ends = [*((z, before) for z, before, _ in breaks), (REACH, last)]
    return [(a, b, low, max(low, high)) for (a, low), (b, high) in zip(starts, ends, strict=True)]


def _piece(span: _Span, values: Array, median: float, spread: float) -> _Piece:
    """The cubics of a span from the quantiles at `_PLACES`."""
    start, end, low, high = span
    if low == high:
        return _Piece(start, end, np.array([[low], [0.0], [0.0], [0.0]]), 0.0)
    values = np.clip(values, low, high)
    ends, rest = values[: _INTERVALS + 1].copy(), values[_INTERVALS + 1 :].reshape(-1, _INTERVALS)
    ends[0], ends[-1] = low, high
    c = tables.cubics(ends[:-1], rest[0], rest[1], ends[1:])
    worst = 0.0
    for s, exact in zip(tables.CHECKED, rest[2:], strict=True):
        error = np.abs(c[0] + s * (c[1] + s * (c[2] + s * c[3])) - exact)
        worst = max(worst, float((error / np.maximum(np.abs(exact - median), spread)).max()))
    return _Piece(start, end, c, worst)
