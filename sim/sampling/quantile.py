"""Turns a row of normals into a driver's values: marginals, and the tails that a t copula shares out.

A kernel module; see `sim.sampling.draw` for rows, blocks and arrays. Every value is a rising function of its normal.
"""

import numpy as np

from sim.elementary import bits_of, exp, log_of_normal, normal_cdf
from sim.kernel import BLOCK, fma, inlined
from sim.sampling.philox import LOW_WORD

# Marginal codes: value as a function of the driver's normal z.
FIXED = np.uint64(0)  # location
NORMAL = np.uint64(1)  # location + scale z
LOGNORMAL = np.uint64(2)  # exp(location + scale z)
TABLE = np.uint64(3)  # table(z)
LOG_TABLE = np.uint64(4)  # exp(table(z))
SINH_TABLE = np.uint64(5)  # location + scale sinh(table(z))
SHARE_TABLE = np.uint64(6)  # table(P(Z <= z))
STEPS = np.uint64(7)  # the value of the step that z lies on
PIECES = np.uint64(8)  # the table of the piece that z lies in; the last two are searched

# Columns of ``numbers``.
LOCATION = np.uint64(0)
SCALE = np.uint64(1)
ORIGIN = np.uint64(2)  # z in the middle of the table's first interval
PER_UNIT = np.uint64(3)  # intervals per unit of z
LAST = np.uint64(4)  # number of the last interval, from 0; of steps or pieces their number, a power of two
LOWEST = np.uint64(5)  # bounds of the value
HIGHEST = np.uint64(6)

# Places in ``t_numbers``: 1 / sqrt(degrees of freedom), then the tables of the scale and of the tails.
ROOT = np.uint64(0)
MILD = np.uint64(1)  # of log sqrt(chi-square / degrees of freedom) at its normal: origin, per unit, last
DEEP = np.uint64(4)  # of the normal at asinh(t / sqrt(degrees of freedom)): origin, per unit, last

ZERO = np.uint64(0)
ONE = np.uint64(1)
TWO = np.uint64(2)
THREE = np.uint64(3)
FOUR = np.uint64(4)
TABLE_ROUND = 6755399441055744.0  # 1.5 * 2**52
ALMOST_HALF = 0.4999999
TOO_FAR = 0.5000001  # 1 - ALMOST_HALF

Words = np.ndarray[tuple[int], np.dtype[np.uint64]]
Floats = np.ndarray[tuple[int], np.dtype[np.float64]]
FloatTable = np.ndarray[tuple[int, int], np.dtype[np.float64]]


@inlined
def table_value(z: float, origin: float, per_unit: float, last: float, first: np.uint64, table: FloatTable) -> float:
    """Piecewise cubic in z. Its local variable runs from -1/2 to 1/2 in each interval; flat beyond the ends."""
    x = (z - origin) * per_unit
    x = -ALMOST_HALF if x < -ALMOST_HALF else x
    x = last + ALMOST_HALF if x > last + ALMOST_HALF else x
    rounded = x + TABLE_ROUND
    s = x - (rounded - TABLE_ROUND)
    j = first + (bits_of(rounded) & LOW_WORD)
    value: float = fma(s, fma(s, fma(s, table[THREE, j], table[TWO, j]), table[ONE, j]), table[ZERO, j])
    return value


@inlined
def share_tails(
    t_first: Words,
    t_member: Words,
    t_numbers: Floats,
    t_tables: Words,
    table: FloatTable,
    scales: Floats,
    buffer: Floats,
) -> None:
    """Gives the normals of each group's drivers the tails of a t copula, in place. scales: the groups' own normals.

    A multivariate t is correlated normals over one s = sqrt(chi-square / df) for all (Demarta and McNeil 2005, "The t
    copula and related copulas", International Statistical Review 73, 111-129, section 2.1). Each driver's t is put
    back on the normal scale by its distribution function, so that marginals hold as they are.
    """
    for g in range(np.uint64(t_first.size) - ONE):
        own = np.uint64(g) * BLOCK
        for i in range(BLOCK):
            z = scales[own + np.uint64(i)]
            scales[own + np.uint64(i)] = table_value(
                z, t_numbers[MILD], t_numbers[MILD + ONE], t_numbers[MILD + TWO], t_tables[ZERO], table
            )
        for i in range(BLOCK):
            scales[own + np.uint64(i)] = t_numbers[ROOT] * exp(-scales[own + np.uint64(i)])
        for k in range(t_first[g], t_first[np.uint64(g) + ONE]):
            base = t_member[k] * BLOCK
            for i in range(BLOCK):
                x = buffer[base + np.uint64(i)] * scales[own + np.uint64(i)]
                size = abs(x)
                a = log_of_normal(size + np.sqrt(fma(size, size, 1.0)))
                buffer[base + np.uint64(i)] = a if x > 0.0 else -a
            for i in range(BLOCK):
                a = buffer[base + np.uint64(i)]
                buffer[base + np.uint64(i)] = table_value(
                    a, t_numbers[DEEP], t_numbers[DEEP + ONE], t_numbers[DEEP + TWO], t_tables[ONE], table
                )


@inlined
def find_places(
    size: np.uint64, first: np.uint64, table: FloatTable, base: np.uint64, place: Words, buffer: Floats
) -> None:
    """The column of the first piece whose upper end (row ONE of the table) is not below z, of each z of a row.

    ``size`` pieces, a power of two, from column ``first`` on; halved in passes over the row, without branches.
    """
    for i in range(BLOCK):
        place[np.uint64(i)] = first
    half = size >> ONE
    while half > ZERO:
        for i in range(BLOCK):
            j = place[np.uint64(i)]
            beyond = buffer[base + np.uint64(i)] > table[ONE, j + half - ONE]
            place[np.uint64(i)] = j + half if beyond else j
        half >>= ONE


@inlined
def piece_value(z: float, piece: np.uint64, first: np.uint64, table: FloatTable) -> float:
    """The cubic of a piece; ``first``: column of the first interval of all. Pieces count their intervals on."""
    lowest, beyond = table[THREE, piece], table[THREE, piece + ONE]
    x = (z - table[ZERO, piece]) * table[TWO, piece]
    x = lowest - ALMOST_HALF if x < lowest - ALMOST_HALF else x
    x = beyond - TOO_FAR if x > beyond - TOO_FAR else x
    rounded = x + TABLE_ROUND
    s = x - (rounded - TABLE_ROUND)
    j = first + (bits_of(rounded) & LOW_WORD)
    value: float = fma(s, fma(s, fma(s, table[THREE, j], table[TWO, j]), table[ONE, j]), table[ZERO, j])
    return value


@inlined
def clamp(x: float, low: float, high: float) -> float:
    """x moved into [low, high]."""
    x = low if x < low else x
    return high if x > high else x


@inlined
def apply_marginal(
    code: np.uint64,
    numbers: Floats,
    first: np.uint64,
    table: FloatTable,
    base: np.uint64,
    place: Words,
    buffer: Floats,
) -> None:
    """Turns a row of normals into the driver's values, in place. place: uint64[BLOCK], scratch."""
    location, scale = numbers[LOCATION], numbers[SCALE]
    origin, per_unit, last = numbers[ORIGIN], numbers[PER_UNIT], numbers[LAST]
    low, high = numbers[LOWEST], numbers[HIGHEST]
    if code == FIXED:
        for i in range(BLOCK):
            buffer[base + np.uint64(i)] = location
    elif code == NORMAL:
        for i in range(BLOCK):
            buffer[base + np.uint64(i)] = location + scale * buffer[base + np.uint64(i)]
    elif code == LOGNORMAL:
        for i in range(BLOCK):
            buffer[base + np.uint64(i)] = exp(location + scale * buffer[base + np.uint64(i)])
    elif code >= STEPS:
        size = np.uint64(last)
        find_places(size, first, table, base, place, buffer)
        if code == STEPS:
            for i in range(BLOCK):
                buffer[base + np.uint64(i)] = table[ZERO, place[np.uint64(i)]]
        else:
            for i in range(BLOCK):
                z, piece = buffer[base + np.uint64(i)], place[np.uint64(i)]
                buffer[base + np.uint64(i)] = clamp(piece_value(z, piece, first + size + ONE, table), low, high)
    else:  # passes of their own: the look-up is scalar, and would make the rest so
        if code == SHARE_TABLE:
            for i in range(BLOCK):
                buffer[base + np.uint64(i)] = normal_cdf(buffer[base + np.uint64(i)])
        for i in range(BLOCK):
            z = buffer[base + np.uint64(i)]
            buffer[base + np.uint64(i)] = table_value(z, origin, per_unit, last, first, table)
        if code == LOG_TABLE:
            for i in range(BLOCK):
                buffer[base + np.uint64(i)] = exp(buffer[base + np.uint64(i)])
        elif code == SINH_TABLE:
            for i in range(BLOCK):
                e = exp(buffer[base + np.uint64(i)])
                buffer[base + np.uint64(i)] = location + scale * (0.5 * (e - 1.0 / e))
        for i in range(BLOCK):
            buffer[base + np.uint64(i)] = clamp(buffer[base + np.uint64(i)], low, high)
