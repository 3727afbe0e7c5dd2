"""Fills a block's rows with drivers and innovations.

A kernel module; the stream is defined in `sim.sampling.philox`, what becomes of normals in `sim.sampling.quantile`. A
block is BLOCK paths; row r of the flat buffer is ``buffer[r * BLOCK : (r + 1) * BLOCK]``, one number per path. Each
pass over a row is a loop of its own, which LLVM vectorises; a value depends on its own path and driver alone, never on
what else is in the block.

Arrays, in the order of `Plan.driver_arguments`, for D drivers:

keys              uint64[D + G, 2]  stream key, two 32-bit words, of each driver and of each group under a t copula
mixed             uint64[M]       drivers with a correlation, from the last row up, so that sources are still unmixed
mixed_first       uint64[M + 1]   where the sources of each begin
mixed_source      uint64[K]       driver whose own normal is a source; the first source is the driver itself
mixed_weight      float64[K]      its factor
t_first           uint64[G + 1]   where the drivers of each group under a t copula begin
t_member          uint64[N]       its drivers
t_numbers         float64[7]      ROOT, MILD, DEEP: degrees of freedom, and places of the copula's two tables
t_tables          uint64[2]       first intervals of these tables
codes             uint64[D]       one of FIXED ... PIECES
numbers           float64[D, 7]   LOCATION ... HIGHEST
table_first       uint64[D]       first interval of the driver's table
table             float64[4, N]   coefficients of the cubic of each interval, constant term first
sampler           uint64[2]       PHILOX, SOBOL or LATIN; the number of paths, which matters to LATIN alone
points            uint64[K, 33, 16]  Sobol coordinates (`sim.sampling.sobol.scrambled`); the first word of each is the
                                  key of LATIN; K may be 0
driver_point      uint64[D + G]   the coordinate of each driver that varies and of each group under a t copula
"""

import numpy as np

from sim.kernel import BLOCK, compiled, fma, inlined
from sim.sampling.normal import box_muller, central_normal, in_centre, tail_normal
from sim.sampling.philox import LOW_WORD, WORD_BITS, philox_halves, uniform
from sim.sampling.points import FIRST_INDEPENDENT, LATIN, REPLICATES, SOBOL, in_points, latin_row, sobol_row
from sim.sampling.quantile import FIXED, FOUR, ONE, THREE, TWO, ZERO, apply_marginal, share_tails

Words = np.ndarray[tuple[int], np.dtype[np.uint64]]
WordTable = np.ndarray[tuple[int, int], np.dtype[np.uint64]]
Floats = np.ndarray[tuple[int], np.dtype[np.float64]]
WordCube = np.ndarray[tuple[int, int, int], np.dtype[np.uint64]]
FloatTable = np.ndarray[tuple[int, int], np.dtype[np.float64]]


@inlined
def in_pairs(paths: Words) -> bool:
    """Whether the block is BLOCK consecutive paths from an even one on, so that one draw serves two of them."""
    first = paths[ZERO]
    differing = first & ONE
    for i in range(BLOCK):
        differing |= paths[np.uint64(i)] ^ (first + np.uint64(i))
    return bool(differing == ZERO)


@inlined
def driver_uniforms(paths: Words, paired: bool, k0: np.uint64, k1: np.uint64, base: np.uint64, buffer: Floats) -> None:
    """A driver's own uniforms into the row that begins at ``base``."""
    if paired:
        first = paths[ZERO] >> ONE
        for j in range(BLOCK >> ONE):
            pair = first + np.uint64(j)
            even, odd = philox_halves(pair & LOW_WORD, pair >> WORD_BITS, ZERO, ZERO, k0, k1)
            buffer[base + TWO * np.uint64(j)] = uniform(even)
            buffer[base + TWO * np.uint64(j) + ONE] = uniform(odd)
    else:
        for i in range(BLOCK):
            pair = paths[np.uint64(i)] >> ONE
            even, odd = philox_halves(pair & LOW_WORD, pair >> WORD_BITS, ZERO, ZERO, k0, k1)
            half = even if (paths[np.uint64(i)] & ONE) == ZERO else odd
            buffer[base + np.uint64(i)] = uniform(half)


@inlined
def to_normals(base: np.uint64, place: Words, apart: Floats, buffer: Floats) -> None:
    """Turns a row of uniforms into normals, in place. place: uint64[BLOCK], apart: float64[BLOCK], scratch.

    The tails, 15 of 100, are collected and done by themselves: done for all, they would take twice as long as the rest.
    """
    tails = ZERO
    for i in range(BLOCK):
        # Written for every path, and kept where the count goes on: a branch would be mispredicted too often.
        place[tails] = np.uint64(i)
        tails += ZERO if in_centre(buffer[base + np.uint64(i)]) else ONE
    for j in range(tails):
        apart[np.uint64(j)] = buffer[base + place[np.uint64(j)]]
    for j in range(tails):
        apart[np.uint64(j)] = tail_normal(apart[np.uint64(j)])
    for i in range(BLOCK):
        buffer[base + np.uint64(i)] = central_normal(buffer[base + np.uint64(i)])
    for j in range(tails):
        buffer[base + place[np.uint64(j)]] = apart[np.uint64(j)]


@inlined
def mix_normals(mixed: Words, mixed_first: Words, mixed_source: Words, mixed_weight: Floats, buffer: Floats) -> None:
    """Replaces the normals of correlated drivers by their weighted sums, in place."""
    for m in range(np.uint64(mixed.size)):
        base = mixed[m] * BLOCK
        own = mixed_weight[mixed_first[m]]
        for i in range(BLOCK):
            buffer[base + np.uint64(i)] = own * buffer[base + np.uint64(i)]
        for k in range(mixed_first[m] + ONE, mixed_first[m + ONE]):
            weight = mixed_weight[k]
            source = mixed_source[k] * BLOCK
            for i in range(BLOCK):
                buffer[base + np.uint64(i)] += weight * buffer[source + np.uint64(i)]


@compiled
def draw_drivers(
    paths: Words,
    keys: WordTable,
    mixed: Words,
    mixed_first: Words,
    mixed_source: Words,
    mixed_weight: Floats,
    t_first: Words,
    t_member: Words,
    t_numbers: Floats,
    t_tables: Words,
    codes: Words,
    numbers: FloatTable,
    table_first: Words,
    table: FloatTable,
    sampler: Words,
    points: WordCube,
    driver_point: Words,
    words: Words,
    room: Floats,
    buffer: Floats,
) -> None:
    """The values of all drivers on the paths (uint64[BLOCK], any) into rows 0 to D - 1; scratch as `scratch` gives."""
    paired, whole = in_pairs(paths), sampler[ZERO] == SOBOL and in_points(paths)
    state, place, apart, scales = words[:REPLICATES], words[REPLICATES:], room[:BLOCK], room[BLOCK:]
    drivers = np.uint64(codes.size)
    for d in range(np.uint64(keys.shape[0])):
        varies = True
        if d < drivers:
            varies = codes[d] != FIXED
        if varies:
            rows, base = (buffer, np.uint64(d) * BLOCK) if d < drivers else (scales, (np.uint64(d) - drivers) * BLOCK)
            if not whole:
                driver_uniforms(paths, paired, keys[d, ZERO], keys[d, ONE], base, rows)
            if sampler[ZERO] == SOBOL:
                sobol_row(paths, whole, points[driver_point[d]], state, base, rows)
            elif sampler[ZERO] == LATIN:
                latin_row(paths, sampler[ONE], points[driver_point[d], ZERO], base, rows)
            to_normals(base, place, apart, rows)
    mix_normals(mixed, mixed_first, mixed_source, mixed_weight, buffer)
    share_tails(t_first, t_member, t_numbers, t_tables, table, scales, buffer)
    for d in range(drivers):
        apply_marginal(codes[d], numbers[d], table_first[d], table, np.uint64(d) * BLOCK, place, buffer)


@inlined
def innovation_pair(
    paths: Words, k0: np.uint64, k1: np.uint64, pair: np.uint64, base: np.uint64, buffer: Floats
) -> None:
    """An innovation's normals of two periods into two rows from ``base`` on.

    Two passes: together they need more registers than a CPU has, and spend a quarter more time on putting them away.
    """
    for i in range(BLOCK):
        path = paths[np.uint64(i)]
        a, b = philox_halves(path & LOW_WORD, path >> WORD_BITS, pair, ONE, k0, k1)
        buffer[base + np.uint64(i)] = uniform(a)
        buffer[base + BLOCK + np.uint64(i)] = uniform(b)
    for i in range(BLOCK):
        cosine, sine = box_muller(buffer[base + np.uint64(i)], buffer[base + BLOCK + np.uint64(i)])
        buffer[base + np.uint64(i)] = cosine
        buffer[base + BLOCK + np.uint64(i)] = sine


@inlined
def take_three(leading: FloatTable, t: np.uint64, row: np.uint64, scratch: Floats, buffer: Floats) -> None:
    """Takes from scratch what three periods from t on have along each direction; their rows begin at ``row``."""
    for k in range(FOUR):
        e, f, g = -leading[k, t], -leading[k, t + ONE], -leading[k, t + TWO]
        along = np.uint64(k) * BLOCK
        for i in range(BLOCK):
            left = fma(e, buffer[row + np.uint64(i)], scratch[along + np.uint64(i)])
            left = fma(f, buffer[row + BLOCK + np.uint64(i)], left)
            scratch[along + np.uint64(i)] = fma(g, buffer[row + TWO * BLOCK + np.uint64(i)], left)


@inlined
def give_along(leading: FloatTable, t: np.uint64, row: np.uint64, scratch: Floats, buffer: Floats) -> None:
    """Adds to the row of period t what scratch has along each direction."""
    e0, e1, e2, e3 = leading[ZERO, t], leading[ONE, t], leading[TWO, t], leading[THREE, t]
    for i in range(BLOCK):
        z = fma(e0, scratch[np.uint64(i)], buffer[row + np.uint64(i)])
        z = fma(e1, scratch[BLOCK + np.uint64(i)], z)
        z = fma(e2, scratch[TWO * BLOCK + np.uint64(i)], z)
        buffer[row + np.uint64(i)] = fma(e3, scratch[THREE * BLOCK + np.uint64(i)], z)


@inlined
def lead_by_points(
    paths: Words, points: WordCube, own: Words, leading: FloatTable, start: np.uint64, words: Words, room: Floats,
    buffer: Floats,
) -> None:  # fmt: skip
    """Exchanges the leading rotated coordinates of an innovation, whose first row begins at ``start``, for Sobol's.

    With orthonormal directions e_l (rows of ``leading``), z = g + sum of (s_l - e_l g) e_l has coordinates s_l along
    them and keeps those of g in all others: z is standard normal and independent by period, as g was. own: uint64[4],
    the coordinates' numbers.
    """
    whole = in_points(paths)
    state, place, apart, scratch = words[:REPLICATES], words[REPLICATES:], room[:BLOCK], room[BLOCK:]
    for k in range(np.uint64(own.size)):
        base = np.uint64(k) * BLOCK
        for i in range(BLOCK):
            scratch[base + np.uint64(i)] = 0.5
        sobol_row(paths, whole, points[own[k]], state, base, scratch)
        to_normals(base, place, apart, scratch)
    count = np.uint64(leading.shape[1])
    in_threes = count - count % THREE
    for t in range(ZERO, in_threes, THREE):
        take_three(leading, np.uint64(t), start + np.uint64(t) * BLOCK, scratch, buffer)
    for t in range(in_threes, count):
        for k in range(FOUR):
            e, along, row = -leading[k, t], np.uint64(k) * BLOCK, start + np.uint64(t) * BLOCK
            for i in range(BLOCK):
                scratch[along + np.uint64(i)] = fma(e, buffer[row + np.uint64(i)], scratch[along + np.uint64(i)])
    if not whole:
        for i in range(BLOCK):
            if paths[np.uint64(i)] >= FIRST_INDEPENDENT:
                for k in range(np.uint64(own.size)):
                    scratch[np.uint64(k) * BLOCK + np.uint64(i)] = 0.0
    for t in range(count):
        give_along(leading, np.uint64(t), start + np.uint64(t) * BLOCK, scratch, buffer)


@compiled
def draw_innovation(
    paths: Words,
    k: int,
    keys: WordTable,
    points: WordCube,
    innovation_point: WordTable,
    leading: FloatTable,
    words: Words,
    room: Floats,
    periods: int,
    buffer: Floats,
    first_row: int,
) -> None:
    """Innovation number k of periods 1 to ``periods`` into the rows from ``first_row`` on, one row per period.

    ``keys`` is uint64[innovations, 2]; ``paths`` uint64[BLOCK], any. innovation_point: uint64[innovations, 4] with
    leading: float64[4, periods] under Sobol, of no rows otherwise. words, room: scratch as `scratch` gives.
    """
    count, start = np.uint64(periods), np.uint64(first_row) * BLOCK
    scratch = room[BLOCK:]
    k0, k1 = keys[k, ZERO], keys[k, ONE]
    for pair in range((count + ONE) >> ONE):
        # The sine of the last of an odd number of periods has no row.
        last = np.uint64(pair) == count >> ONE
        base = ZERO if last else start + TWO * np.uint64(pair) * BLOCK
        innovation_pair(paths, k0, k1, np.uint64(pair), base, scratch if last else buffer)
    if (count & ONE) == ONE:
        for i in range(BLOCK):
            buffer[start + (count - ONE) * BLOCK + np.uint64(i)] = scratch[np.uint64(i)]
    if leading.shape[0] > 0:
        lead_by_points(paths, points, innovation_point[k], leading, start, words, room, buffer)
