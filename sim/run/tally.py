"""Kernel text: counts output values into histograms, so that summaries need no stored paths, and takes their digest.

Each output has `BINS` bins. `CORE` cells of equal width lie between two percentiles of the first chunk of paths and are
divided further where that chunk is dense; on either side lie `TAIL` bins whose width grows with the distance, 8 to
the octave, so that no value is too far out. A bin knows how many values it holds, the smallest and the largest, and
how many equal these, so that atoms (a floor at zero, a cap) stay exact. All are whole numbers, minima and maxima:
tallies of parts of a run merge to the same bits in any order.

The digest of a column is sum of bits(x_i) w(i) modulo 2^64 over its paths i, with odd weights w(i) from SplitMix64
(Steele, Lea and Flood 2014): a multilinear hash (Carter and Wegman 1979) that merges by adding, in which one changed
value cannot go unseen and several do with probability 2^-63. It guards against differences, not against forgers.
"""

import numpy as np

from sim.elementary import bits_of
from sim.kernel import compiled, fma, inlined

CORE = 1024
DIVISIONS = 1024  # bins beyond one a cell, shared out by density
TAIL = 512
BINS = CORE + DIVISIONS + 2 * TAIL
# Columns of a bin, kept together so that counting a value touches one line of cache. Counts are whole and below 2^53.
COUNT = np.uint64(0)
SMALLEST = np.uint64(1)
LARGEST = np.uint64(2)
AT_SMALLEST = np.uint64(3)
AT_LARGEST = np.uint64(4)
SIXTEEN = np.uint64(16)  # replicates
LAST_OF_SIXTEEN = np.uint64(15)
TAIL_SHIFT = np.uint64(49)  # leaves 3 bits of mantissa: 8 bins an octave
NOT_A_NUMBER = np.uint64(0x7FF8000000000000)
TAIL_START = np.uint64(0x1FF8)  # the bits of 1.0, shifted


@inlined
def tail_bin(distance):
    """Number of a tail bin, 0 nearest the core; ``distance`` >= 0 in widths of a cell."""
    t = np.int64((bits_of(distance + 1.0) >> TAIL_SHIFT) - TAIL_START)
    return t if t < TAIL - 1 else TAIL - 1


@inlined
def bin_of(x, low, inverse, divisions):
    """Number of the bin of x; `BINS`, where nothing is read, if x is not finite. Without branches, to be vectorised."""
    u = (x - low) * inverse
    inside = (u if u > 0.0 else 0.0) if u < CORE else CORE - 1.0
    cell = np.uint64(inside)
    first = divisions[cell]
    core = TAIL + first + np.int64((inside - np.float64(cell)) * np.float64(divisions[cell + np.uint64(1)] - first))
    below = TAIL - 1 - tail_bin(-u if u < 0.0 else 0.0)
    above = TAIL + CORE + DIVISIONS + tail_bin(u - CORE if u > CORE else 0.0)
    k = below if u < 0.0 else (core if u < CORE else above)
    return np.uint64(k if x - x == 0.0 else BINS)


@inlined
def deviation(x, low):
    """x less ``low``, exact for x near it; 0 if x is not finite."""
    return x - low if x - x == 0.0 else 0.0


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
def tally(values, first_path, lows, inverse_widths, divisions, classes, bins, moments, sums, shares):
    """Count values: float64[O, n] into bins: float64[O, BINS + 1, 5], of which see the columns above.

    lows, inverse_widths: float64[O] place the cells; divisions: int64[O, CORE + 1] is the first bin of each, counted
    from the first of the core. moments: float64[O, 3] receives the number of finite values, their mean less ``low``
    and their sum of squared deviations. These are sums about ``low``, which lies within the column's own spread, so
    that nothing cancels (Chan, Golub and LeVeque 1983, section 3). Values that are not finite are left out.
    By replicate (path modulo 16; ``first_path`` is a multiple of 16): sums: float64[O, 16] receives the sums less
    ``low``; shares: float64[O, CLASSES + 1, 16] counts values by class, classes: uint8[O, BINS + 1] being each bin's.
    """
    n = np.uint64(values.shape[1])
    whole = n - n % SIXTEEN
    by_replicate, squared = np.empty(16), np.empty(16)
    places = np.empty(values.shape[1], np.uint64)
    for o in range(np.uint64(values.shape[0])):
        low, inverse, row, cells = lows[o], inverse_widths[o], values[o], divisions[o]
        invalid = bins[o, np.uint64(BINS), COUNT]
        for i in range(n):
            places[i] = bin_of(row[i], low, inverse, cells)
        for i in range(n):
            x, k = row[i], places[i]
            shares[o, np.uint64(classes[o, k]), i & LAST_OF_SIXTEEN] += 1.0
            bins[o, k, COUNT] += 1.0
            if x <= bins[o, k, SMALLEST]:
                bins[o, k, AT_SMALLEST] = bins[o, k, AT_SMALLEST] + 1.0 if x == bins[o, k, SMALLEST] else 1.0
                bins[o, k, SMALLEST] = x
            if x >= bins[o, k, LARGEST]:
                bins[o, k, AT_LARGEST] = bins[o, k, AT_LARGEST] + 1.0 if x == bins[o, k, LARGEST] else 1.0
                bins[o, k, LARGEST] = x
        for r in range(SIXTEEN):
            by_replicate[r], squared[r] = 0.0, 0.0
        for start in range(np.uint64(0), whole, SIXTEEN):
            for r in range(SIXTEEN):
                w = deviation(row[start + np.uint64(r)], low)
                by_replicate[r] += w
                squared[r] = fma(w, w, squared[r])
        for i in range(whole, n):
            w = deviation(row[i], low)
            by_replicate[i & LAST_OF_SIXTEEN] += w
            squared[i & LAST_OF_SIXTEEN] = fma(w, w, squared[i & LAST_OF_SIXTEEN])
        total, square = 0.0, 0.0
        for r in range(SIXTEEN):
            total, square = total + by_replicate[r], square + squared[r]
            sums[o, r] = by_replicate[r]
        number = np.float64(n) - (bins[o, np.uint64(BINS), COUNT] - invalid)
        mean = total / number if number > 0.0 else 0.0
        squares = square - total * mean
        moments[o, 0] = number
        moments[o, 1] = mean
        moments[o, 2] = squares if squares > 0.0 else 0.0
