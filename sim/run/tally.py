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
ABOVE = BINS - TAIL  # the first bin above the core
STRETCH = 896  # values at a time, a ninth of a chunk: what is known of them stays in the nearest cache
SMALLEST = np.uint64(0)
LARGEST = np.uint64(1)
ATOMS = np.uint64(2)  # values counted by themselves where values repeat
EIGHT = np.uint64(8)
SIXTEEN = np.uint64(16)  # replicates
LAST_OF_SIXTEEN = np.uint64(15)
EIGHT_SIXTEENS = np.uint64(128)
FIRST_SHIFT = np.int32(11)  # of a cell's first bin in its word
HOW_MANY = np.int32(2047)  # the cell's number of bins in its word
TAIL_SHIFT = np.uint64(49)  # leaves 3 bits of mantissa: 8 bins an octave
NOT_A_NUMBER = np.uint64(0x7FF8000000000000)
TAIL_START = np.uint64(0x1FF8)  # the bits of 1.0, shifted


@inlined
def tail_bin(distance):
    """Number of a tail bin, 0 nearest the core; ``distance`` >= 0 in widths of a cell."""
    t = np.int64((bits_of(distance + 1.0) >> TAIL_SHIFT) - TAIL_START)
    return t if t < TAIL - 1 else TAIL - 1


@inlined
def outer_bin(x, low, inverse):
    """Number of the bin of x outside the core; `BINS`, where nothing is read, if x is not finite."""
    u = (x - low) * inverse
    if x - x != 0.0:
        return np.int32(BINS)
    if u < 0.0:
        return np.int32(TAIL - 1 - tail_bin(-u))
    return np.int32(ABOVE + tail_bin(u - CORE))


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
    """Adds the digests of values: float64[O, n], paths ``first_path`` on, to sums: uint64[O]; every NaN is one.

    weights: uint64[n] is scratch.
    """
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
def place(row, low, inverse, cells, extremes, bins, rest):
    """Number of the bin of each of a row's values into bins: int32; what lies outside the core widens extremes.

    rest: float64 is scratch. The loops are apart so that the first and the last become vector code.
    """
    n = np.uint64(row.size)
    for i in range(n):
        u = (row[i] - low) * inverse
        u = u if (u >= 0.0) & (u < CORE) else np.float64(CORE)
        cell = np.int32(u)
        bins[i], rest[i] = cell, u - np.float64(cell)
    least, most = extremes[SMALLEST], extremes[LARGEST]
    for i in range(n):
        cell = np.uint64(np.uint32(bins[i]))
        word = cells[cell]
        if cell == np.uint64(CORE):
            x = row[i]
            word = outer_bin(x, low, inverse) << FIRST_SHIFT
            least = x if x - x == 0.0 and x < least else least
            most = x if x - x == 0.0 and x > most else most
        bins[i] = word
    extremes[SMALLEST], extremes[LARGEST] = least, most
    for i in range(n):
        word = bins[i]
        bins[i] = (word >> FIRST_SHIFT) + np.int32(rest[i] * np.float64(np.int32(word & HOW_MANY)))


@inlined
def count(bins, n, classes, seen, parts):
    """Adds the first n of bins to seen: int32[BINS + 1] by bin, and to parts: int32[CLASSES + 1, 16] by class."""
    for i in range(n):
        k = np.uint64(np.uint32(bins[i]))
        seen[k] += np.int32(1)
        parts[np.uint64(classes[k]), np.uint64(i) & LAST_OF_SIXTEEN] += np.int32(1)


@inlined
def bound(row, bins, atoms, bounds, held):
    """The smallest and largest value of each bin into bounds: float64[BINS + 1, 2]; how often each atom into held."""
    for i in range(np.uint64(row.size)):
        x, k = row[i], np.uint64(np.uint32(bins[i]))
        if x < bounds[k, SMALLEST]:
            bounds[k, SMALLEST] = x
        if x > bounds[k, LARGEST]:
            bounds[k, LARGEST] = x
    for a in range(ATOMS):
        atom, equal = atoms[a], 0
        for i in range(np.uint64(row.size)):
            equal += 1 if row[i] == atom else 0
        held[a] += equal


@inlined
def add(row, low, totals, squares):
    """Adds a row's values less ``low``, and the squares of that, to totals and squares: float64[16] by replicate."""
    n = np.uint64(row.size)
    whole = n - n % EIGHT_SIXTEENS
    # Eight at a time of one replicate, in the order of the paths: the loop over replicates becomes vector code.
    for start in range(np.uint64(0), whole, EIGHT_SIXTEENS):
        for r in range(SIXTEEN):
            total, square = totals[r], squares[r]
            for j in range(EIGHT):
                w = deviation(row[start + j * SIXTEEN + np.uint64(r)], low)
                total += w
                square = fma(w, w, square)
            totals[r], squares[r] = total, square
    for i in range(whole, n):
        w, r = deviation(row[i], low), i & LAST_OF_SIXTEEN
        totals[r] += w
        squares[r] = fma(w, w, squares[r])


@compiled
def tally(
    values, first_path, lows, inverse_widths, cells, classes, tied, atoms,
    counts, bounds, held, extremes, moments, sums, shares, scratch,
):  # fmt: skip
    """Count values: float64[O, n], n below 2^31, into counts: int64[O, BINS + 1].

    lows, inverse_widths: float64[O] place the cells; cells: int32[O, CORE + 1] are words of the first bin of each,
    shifted, and of how many it has; the last word is `BINS`. tied: int64[O] is an output's row, or -1 if it has none,
    in bounds: float64[T, BINS + 1, 2], and in held: int64[T, 2], which counts the values equal to atoms: float64[T, 2].
    extremes: float64[O, 2] are the smallest and largest finite value outside the core. moments: float64[O, 3] receives
    the number of finite values, their mean less ``low`` and their sum of squared deviations. These are sums about
    ``low``, which lies within the column's own spread, so that nothing cancels (Chan, Golub and LeVeque 1983, section
    3). Values that are not finite are left out. By replicate (path modulo 16; ``first_path`` is a multiple of 16):
    sums: float64[O, 16] receives the sums less ``low``; shares: int64[O, CLASSES + 1, 16] counts values by class, that
    of each bin being in classes: uint8[O, BINS + 1]. scratch: seen and parts, of zeros, as `count` knows them, squares:
    float64[16], and bins and rest: [STRETCH] as `place` knows them.
    """
    n = np.uint64(values.shape[1])
    seen, parts, squares, bins, rest = scratch  # in the nearest cache, as the totals of all outputs would not be
    for o in range(np.uint64(values.shape[0])):
        low, inverse, by_replicate = lows[o], inverse_widths[o], sums[o]
        for r in range(SIXTEEN):
            by_replicate[r], squares[r] = 0.0, 0.0
        for start in range(np.uint64(0), n, np.uint64(STRETCH)):
            row = values[o, start : min(start + np.uint64(STRETCH), n)]
            place(row, low, inverse, cells[o], extremes[o], bins, rest)
            count(bins, np.uint64(row.size), classes[o], seen, parts)
            if tied[o] >= 0:
                bound(row, bins, atoms[tied[o]], bounds[tied[o]], held[tied[o]])
            add(row, low, by_replicate, squares)
        number = np.float64(n) - np.float64(seen[BINS])
        for k in range(np.uint64(BINS + 1)):
            counts[o, k] += np.int64(seen[k])
            seen[k] = np.int32(0)
        for c in range(np.uint64(parts.shape[0])):
            for r in range(SIXTEEN):
                shares[o, c, r] += np.int64(parts[c, r])
                parts[c, r] = np.int32(0)
        total, square = 0.0, 0.0
        for r in range(SIXTEEN):
            total, square = total + by_replicate[r], square + squares[r]
        mean = total / number if number > 0.0 else 0.0
        square -= total * mean
        moments[o, 0] = number
        moments[o, 1] = mean
        moments[o, 2] = square if square > 0.0 else 0.0
