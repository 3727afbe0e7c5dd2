"""Kernel text: counts output values into histograms, so that summaries need no stored paths, and takes their digest.

Each output has `BINS` bins. `CORE` cells of equal width lie between two percentiles of the first chunk of paths and are
divided further where that chunk is dense; on either side lie `TAIL` bins whose width grows with the distance, 8 to
the octave, so that no value is too far out. A bin knows how many values it holds. Where values repeat in the first
chunk (a floor at zero, a cap, whole numbers), each bin also knows its smallest and largest value, and the two values
that repeat most are counted, so that atoms stay exact; elsewhere that would be work for nothing. All are whole
numbers, minima and maxima: tallies of parts of a run merge to the same bits in any order.

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
SMALLEST = np.uint64(0)
LARGEST = np.uint64(1)
ATOMS = np.uint64(2)  # values counted by themselves where values repeat
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
    """Number of the bin of x; `BINS`, where nothing is read, if x is not finite."""
    u = (x - low) * inverse
    if u >= 0.0 and u < CORE:
        cell = np.uint64(np.int64(u))
        first = divisions[cell]
        inside = (u - np.float64(cell)) * np.float64(divisions[cell + np.uint64(1)] - first)
        return np.uint64(TAIL + first + np.int64(inside))
    if x - x != 0.0:
        return np.uint64(BINS)
    if u < 0.0:
        return np.uint64(TAIL - 1 - tail_bin(-u))
    return np.uint64(TAIL + CORE + DIVISIONS + tail_bin(u - CORE))


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
def digest(values, first_path, weights, sums):
    """Adds the digests of values: float64[O, n], paths ``first_path`` on, to sums: uint64[O]; every NaN is one."""
    n = np.uint64(values.shape[1])
    for i in range(n):
        weights[i] = weight_of(np.uint64(first_path) + np.uint64(i))
    for o in range(np.uint64(values.shape[0])):
        row = values[o]
        total = np.uint64(0)
        for i in range(n):
            x = row[i]
            total += (bits_of(x) if x == x else NOT_A_NUMBER) * weights[i]
        sums[o] += total


@inlined
def count_bins(row, low, inverse, cells, classes, seen, parts):
    """Adds a row's values to seen: int32[BINS + 1] by bin, and to parts: int32[CLASSES + 1, 16] by class."""
    for i in range(np.uint64(row.size)):
        k = bin_of(row[i], low, inverse, cells)
        seen[k] += np.int32(1)
        parts[np.uint64(classes[k]), np.uint64(i) & LAST_OF_SIXTEEN] += np.int32(1)


@inlined
def count_and_bound(row, low, inverse, cells, classes, seen, parts, bounds):
    """The same, and the smallest and largest value of each bin into bounds: float64[BINS + 1, 2]."""
    for i in range(np.uint64(row.size)):
        x = row[i]
        k = bin_of(x, low, inverse, cells)
        seen[k] += np.int32(1)
        parts[np.uint64(classes[k]), np.uint64(i) & LAST_OF_SIXTEEN] += np.int32(1)
        bounds[k, SMALLEST] = x if x < bounds[k, SMALLEST] else bounds[k, SMALLEST]
        bounds[k, LARGEST] = x if x > bounds[k, LARGEST] else bounds[k, LARGEST]


@compiled
def tally(
    values, first_path, lows, inverse_widths, divisions, classes, tied, atoms,
    counts, bounds, held, extremes, moments, sums, shares, lanes, seen, parts,
):  # fmt: skip
    """Count values: float64[O, n] into counts: int64[O, BINS + 1].

    lows, inverse_widths: float64[O] place the cells; divisions: int64[O, CORE + 1] is the first bin of each, counted
    from the first of the core. tied: int64[O] is an output's row, or -1 if it has none, in bounds:
    float64[T, BINS + 1, 2], and in held: int64[T, 2], which counts the values equal to atoms: float64[T, 2].
    extremes: float64[O, 2] are the smallest and largest finite value. moments: float64[O, 3] receives the number of
    finite values, their mean less ``low`` and their sum of squared deviations. These are sums about ``low``, which lies
    within the column's own spread, so that nothing cancels (Chan, Golub and LeVeque 1983, section 3). Values that are
    not finite are left out. By replicate (path modulo 16; ``first_path`` is a multiple of 16): sums: float64[O, 16]
    receives the sums less ``low``; shares: int64[O, CLASSES + 1, 16] counts values by class, that of each bin being in
    classes: uint8[O, BINS + 1].
    """
    n = np.uint64(values.shape[1])
    whole = n - n % SIXTEEN
    by_replicate, squared, least, most = lanes[0], lanes[1], lanes[2], lanes[3]
    for o in range(np.uint64(values.shape[0])):
        low, inverse, row, cells = lows[o], inverse_widths[o], values[o], divisions[o]
        if tied[o] >= 0:
            count_and_bound(row, low, inverse, cells, classes[o], seen, parts, bounds[tied[o]])
            for a in range(ATOMS):
                atom, equal = atoms[tied[o], a], 0
                for i in range(n):
                    equal += 1 if row[i] == atom else 0
                held[tied[o], a] += equal
        else:
            count_bins(row, low, inverse, cells, classes[o], seen, parts)
        number = np.float64(n) - np.float64(seen[BINS])
        for k in range(np.uint64(BINS + 1)):
            counts[o, k] += np.int64(seen[k])
            seen[k] = np.int32(0)
        for c in range(np.uint64(parts.shape[0])):
            for r in range(SIXTEEN):
                shares[o, c, r] += np.int64(parts[c, r])
                parts[c, r] = np.int32(0)
        for r in range(SIXTEEN):
            by_replicate[r], squared[r] = 0.0, 0.0
            least[r], most[r] = np.inf, -np.inf
        for start in range(np.uint64(0), whole, SIXTEEN):
            for r in range(SIXTEEN):
                x = row[start + np.uint64(r)]
                finite = x - x == 0.0
                w = x - low if finite else 0.0
                by_replicate[r] += w
                squared[r] = fma(w, w, squared[r])
                least[r] = x if finite and x < least[r] else least[r]
                most[r] = x if finite and x > most[r] else most[r]
        for i in range(whole, n):
            x, r = row[i], i & LAST_OF_SIXTEEN
            w = deviation(x, low)
            by_replicate[r] += w
            squared[r] = fma(w, w, squared[r])
            least[r] = x if x - x == 0.0 and x < least[r] else least[r]
            most[r] = x if x - x == 0.0 and x > most[r] else most[r]
        total, square = 0.0, 0.0
        for r in range(SIXTEEN):
            total, square = total + by_replicate[r], square + squared[r]
            sums[o, r] = by_replicate[r]
            extremes[o, 0] = min(extremes[o, 0], least[r])
            extremes[o, 1] = max(extremes[o, 1], most[r])
        mean = total / number if number > 0.0 else 0.0
        squares = square - total * mean
        moments[o, 0] = number
        moments[o, 1] = mean
        moments[o, 2] = squares if squares > 0.0 else 0.0
