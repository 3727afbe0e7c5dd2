"""Set-up of Sobol points: direction numbers of Joe and Kuo, scrambled for every name and replicate.

Directions are those of Joe and Kuo (2008), "Constructing Sobol sequences with better two-dimensional projections",
SIAM Journal on Scientific Computing 30, 2635-2654, set new-joe-kuo-6, the first 1,024 dimensions (``joe_kuo.npz``,
BSD licence), by the recurrence of Bratley and Fox (1988), ACM TOMS 14, 88-100.

The scramble is Matousek's random linear one with a digital shift (1998, Journal of Complexity 14, 527-556): a random
lower triangular matrix over the bits, of 52 rows. It keeps the points' balance and gives estimates the variance of
Owen's nested scramble (Owen 2003, ACM TOMACS 13, 363-378), and being linear it costs nothing per path.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.sampling.points import DIRECTION_BITS, REPLICATES

MOST_DIMENSIONS = 1024
DIGITS = 52
_UNUSED = 64 - DIGITS  # low bits of a word that no uniform reads
Words = NDArray[np.uint64]


@cache
def directions(dimension: int) -> Words:
    """uint64[32]: direction numbers of a dimension from 1 to 1024, as 32-bit fractions, most significant first."""
    initial, polynomials = _joe_and_kuo()
    polynomial = int(polynomials[dimension - 1])
    degree = polynomial.bit_length() - 1
    m = [int(x) for x in initial[dimension - 1, :degree]] if degree else [1] * DIRECTION_BITS
    for k in range(degree, DIRECTION_BITS):
        new = m[k - degree]
        for j in range(1, degree + 1):
            if polynomial >> (degree - j) & 1:
                new ^= m[k - j] << j
        m.append(new)
    return np.array([m[k] << (DIRECTION_BITS - 1 - k) for k in range(DIRECTION_BITS)], np.uint64)


@cache
def _joe_and_kuo() -> tuple[NDArray[Any], NDArray[Any]]:
    """Initial numbers, one row a dimension, and the primitive polynomials, as bits."""
    with (resources.files("sim.sampling") / "joe_kuo.npz").open("rb") as stream, np.load(stream) as stored:
        return stored["initial"], stored["polynomials"]


def scrambled(seed: int, names: Sequence[str], dimensions: Sequence[int]) -> Words:
    """uint64[K, 33, 16] for K named coordinates: for each of 16 replicates the shift, then 32 scrambled directions.

    ``dimensions`` count from 1. The scramble of a name depends on the seed, the replicate and the name alone: words of
    SHAKE-256 of ``{seed}/sobol/{replicate}/{name}``, the shift first, then the columns of the matrix.
    """
    replicates = int(REPLICATES)
    result = np.zeros((len(names), DIRECTION_BITS + 1, replicates), np.uint64)
    mask = np.uint64((1 << DIGITS) - 1) << np.uint64(_UNUSED)
    places = np.arange(DIRECTION_BITS, dtype=np.uint64)
    pivots = np.uint64(1) << (np.uint64(63) - places)
    for row, (name, dimension) in enumerate(zip(names, dimensions, strict=True)):
        random = np.empty((DIRECTION_BITS + 1, replicates), np.uint64)
        for replicate in range(replicates):
            stream = hashlib.shake_256(f"{seed}/sobol/{replicate}/{name}".encode()).digest(8 * (DIRECTION_BITS + 1))
            random[:, replicate] = np.frombuffer(stream, "<u8")
        random &= mask
        # Column j of the matrix: 1 at digit j, random digits below it, nothing above.
        columns = (random[1:] & (pivots - np.uint64(1))[:, None]) | pivots[:, None]
        plain = directions(dimension)
        has = (plain[:, None] >> (np.uint64(DIRECTION_BITS - 1) - places)) & np.uint64(1)  # [direction, digit]
        chosen = np.where(has[:, :, None] == 1, columns[None, :, :], np.uint64(0))
        result[row, 0] = random[0]
        result[row, 1:] = np.bitwise_xor.reduce(chosen, axis=1)
    return result & mask


def walk_coordinates(periods: int, count: int) -> NDArray[np.float64]:
    """float64[count, periods]: directions of the steps that move a random walk most, each of length 1.

    The walk's levels are A z, z its steps and A the lower triangle of ones; these are the first right singular vectors
    of A, so that the early steps, which move every later level, weigh most. Closed form
    2 / sqrt(2 T + 1) cos((2 l - 1) pi (2 t - 1) / (4 T + 2)); rows beyond ``periods`` are zero. (Acworth, Broadie and
    Glasserman 1998, "A comparison of some Monte Carlo and quasi Monte Carlo techniques for option pricing".)
    """
    found = np.zeros((count, periods))
    t = np.arange(1, periods + 1)
    for k in range(min(count, periods)):
        found[k] = 2.0 / np.sqrt(2 * periods + 1) * np.cos((2 * k + 1) * np.pi * (2 * t - 1) / (4 * periods + 2))
    return found
