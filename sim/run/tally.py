"""Kernel text: counts output values into histograms, so that summaries need no stored paths, and takes their digest.

Each output has `BINS` bins: `CORE` equal ones between two percentiles of the first chunk of paths, and on either side
`TAIL` bins whose width grows with the distance, 16 to the octave, so that no value is too far out. A bin knows how many
values it holds, the smallest and the largest. Counts are integers and bounds are minima and maxima, so tallies of parts
of a run merge to the same bits in any order.

The digest of a column is sum of bits(x_i) w(i) modulo 2^64 over its paths i, with odd weights w(i) from SplitMix64
(Steele, Lea and Flood 2014): a multilinear hash (Carter and Wegman 1979) that merges by adding, in which one changed
value cannot go unseen and several do with probability 2^-63. It guards against differences, not against forgers.
"""

import numpy as np

from sim.elementary import bits_of
from sim.kernel import compiled, inlined

CORE = 2048
TAIL = 1024
BINS = CORE + 2 * TAIL
TAIL_SHIFT = np.uint64(48)  # leaves 4 bits of mantissa: 16 bins an octave
NOT_A_NUMBER = np.uint64(0x7FF8000000000000)
TAIL_START = np.uint64(0x3FF0)  # the bits of 1.0, shifted


@inlined
def tail_bin(distance):
    """Number of a tail bin, 0 nearest the core; ``distance`` >= 0 in widths of a core bin."""
    t = (bits_of(distance + 1.0) >> TAIL_SHIFT) - TAIL_START
    return min(np.int64(t), TAIL - 1)


@inlined
def weight_of(path):
    """The odd weight of a path: SplitMix64 at state ``path``."""
    z = (path + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (z ^ (z >> np.uint64(31))) | np.uint64(1)


@compiled
def digest(values, first_path, sums):
    """Adds the digests of values: float64[O, n], paths ``first_path`` on, to sums: uint64[O]; every NaN is one."""
    n = np.uint64(values.shape[1])
    weights = np.empty(values.shape[1], np.uint64)
    for i in range(n):
        weights[i] = weight_of(np.uint64(first_path) + np.uint64(i))
    for o in range(np.uint64(values.shape[0])):
        row = values[o]
        total = np.uint64(0)
        for i in range(n):
            x = row[i]
            total += (bits_of(x) if x == x else NOT_A_NUMBER) * weights[i]
        sums[o] += total


@compiled
def tally(values, lows, inverse_widths, counts, smallest, largest, moments):
    """Count values: float64[O, n] into counts: int64[O, BINS], smallest, largest: float64[O, BINS].

    lows, inverse_widths: float64[O] place the core. moments: float64[O, 3] receives the number of finite values, their
    mean and their sum of squared deviations (two passes, so nothing cancels). Values that are not finite are left out.
    """
    for o in range(values.shape[0]):
        low, inverse = lows[o], inverse_widths[o]
        number, total = 0, 0.0
        for i in range(values.shape[1]):
            x = values[o, i]
            if not np.isfinite(x):
                continue
            number += 1
            total += x
            u = (x - low) * inverse
            if u < 0.0:
                k = TAIL - 1 - tail_bin(-u)
            elif u < CORE:
                k = TAIL + np.int64(u)
            else:
                k = TAIL + CORE + tail_bin(u - CORE)
            counts[o, k] += 1
            if x < smallest[o, k]:
                smallest[o, k] = x
            if x > largest[o, k]:
                largest[o, k] = x
        mean = total / number if number > 0 else 0.0
        squares = 0.0
        for i in range(values.shape[1]):
            d = values[o, i] - mean
            if np.isfinite(d):
                squares += d * d
        moments[o, 0] = number
        moments[o, 1] = mean
        moments[o, 2] = squares
