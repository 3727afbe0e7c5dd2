"""Kernel text: the loop over blocks of paths, joined with the sampling text before it and the cells' text.

It expects in the same text: ``BLOCK``, `draw_drivers`, `draw_innovation` (sampling) and `begin_block`,
`period_block`, `horizon_block` (written from the cells). Rows of ``buffer`` are `BLOCK` wide: row r, lane i is
``buffer[r * BLOCK + i]``.
"""

# ruff: noqa: F821  (the names above are defined by the text that this module is joined to)

import numpy as np

from sim.kernel import call, compiled, inlined

OWN_VALUE = -1


@inlined
def fill_row(buffer, row, value):
    start = np.uint64(row) * BLOCK
    for i in range(BLOCK):
        buffer[start + i] = value


@inlined
def add_row(buffer, source, target):
    start, end = np.uint64(source) * BLOCK, np.uint64(target) * BLOCK
    for i in range(BLOCK):
        buffer[end + i] = buffer[end + i] + buffer[start + i]


@inlined
def copy_divided(buffer, source, target, divisor):
    start, end = np.uint64(source) * BLOCK, np.uint64(target) * BLOCK
    for i in range(BLOCK):
        buffer[end + i] = buffer[start + i] / divisor


@inlined
def give(buffer, row, target, slot, first, count):
    start = np.uint64(row) * BLOCK
    for i in range(count):
        target[slot, first + i] = buffer[start + i]


@inlined
def draw_noise(draw, block_paths, innovation_paths, first, count, noising, first_row, periods, buffer):
    """Innovations of the block's own paths, or of ``innovation_paths``: uint64[innovations, n], if it has rows.

    Those are then left in ``block_paths``.
    """
    for k in range(np.uint64(noising[0].shape[0])):
        if innovation_paths.shape[0] > 0:
            for i in range(BLOCK):
                block_paths[i] = innovation_paths[k, first + min(np.uint64(i), count - np.uint64(1))]
        call(draw, block_paths, np.int64(k), *noising, periods, buffer, first_row + np.int64(k) * periods)


@inlined
def start_totals(buffer, period, total_first, total_row, total_value, total_driver):
    """Totals that begin with the period after ``period``: at what was reported before, and at drivers."""
    for k in range(total_first[period], total_first[period + 1]):
        if total_driver[k] == OWN_VALUE:
            fill_row(buffer, total_row[k], total_value[k])
        else:
            add_row(buffer, total_driver[k], total_row[k])


@inlined
def give_outputs(buffer, period, given_first, given_row, given_output, given_divisor, slots, outputs, first, count):
    """Output columns that are complete with ``period``, those of ``slots`` below 0 left out."""
    for k in range(given_first[period], given_first[period + 1]):
        slot = slots[given_output[k]]
        if slot >= 0:
            give(buffer, given_row[k], outputs, slot, first, count)
            if given_divisor[k] != 1.0:
                for i in range(count):
                    outputs[slot, first + i] = outputs[slot, first + i] / given_divisor[k]


@compiled
def simulate_paths(
    drivers_of, innovation_of, begin, step, end, paths, drawing, noising, first_innovation_row, noise, innovation_paths,
    replaced_rows, replaced_values, number_rows, numbers, schedules, periods,
    totals, windows, window_divisors, given, slots, series_rows, block_paths, buffer, drivers, outputs, series,
):  # fmt: skip
    """Simulate paths of any indices.

    The first five are `draw_drivers`, `draw_innovation`, `begin_block`, `period_block` and `horizon_block` by address
    (`sim.kernel.address`): compiled apart, on two CPUs at once, they take half the time of one piece.
    paths: uint64[n]. drawing: the arguments of `draw_drivers` after the paths; noising: those of
    `draw_innovation` from the keys up to the periods. noise: 0 sets every innovation to zero. innovation_paths:
    uint64[innovations, n] paths whose innovations are taken; no rows, if each path has its own.
    replaced_rows: int64[k] driver rows to be replaced after marginal and copula by replaced_values: float64[k, n].
    number_rows, numbers: numeric openings. Running totals, windows and outputs, as `sim.run.collect` makes them:
    totals: what begins after each period; windows: int64[w, 3] of period, source row and window row, with
    window_divisors: float64[w]; given: which rows are outputs after each period. slots: int64[O], the row of
    ``outputs`` for each output, or -1. series_rows: int64[s]. block_paths: uint64[BLOCK], scratch. Written: drivers
    float64[D, n] (D may be 0: not wanted), outputs float64[o, n], series float64[s * periods, n] (its n may be 0).
    """
    total = np.uint64(paths.size)
    for block in range((total + BLOCK - np.uint64(1)) // BLOCK):
        first = np.uint64(block) * BLOCK
        count = min(BLOCK, total - first)
        for i in range(BLOCK):
            # A short last block repeats its last path: every loop keeps its constant length.
            block_paths[i] = paths[first + min(np.uint64(i), count - np.uint64(1))]
        call(drivers_of, block_paths, *drawing)
        for k in range(np.uint64(replaced_rows.size)):
            start = np.uint64(replaced_rows[k]) * BLOCK
            for i in range(count):
                buffer[start + i] = replaced_values[k, first + i]
        for d in range(np.uint64(drivers.shape[0])):
            give(buffer, d, drivers, d, first, count)
        if noise != 0:
            draw_noise(
                innovation_of,
                block_paths,
                innovation_paths,
                first,
                count,
                noising,
                first_innovation_row,
                periods,
                buffer,
            )
        else:
            for row in range(noising[0].shape[0] * periods):
                fill_row(buffer, first_innovation_row + row, 0.0)
        for k in range(np.uint64(numbers.size)):
            fill_row(buffer, number_rows[k], numbers[k])
        call(begin, buffer)
        start_totals(buffer, 0, *totals)
        for t in range(1, periods + 1):
            call(step, buffer, float(t), schedules)
            give_outputs(buffer, t, *given, slots, outputs, first, count)
            for w in range(np.uint64(windows.shape[0])):
                if windows[w, 0] == t:
                    copy_divided(buffer, windows[w, 1], windows[w, 2], window_divisors[w])
            start_totals(buffer, t, *totals)
            if series.shape[1] > 0:
                for s in range(np.uint64(series_rows.size)):
                    give(buffer, series_rows[s], series, np.int64(s) * periods + t - 1, first, count)
        call(end, buffer)
        give_outputs(buffer, periods + 1, *given, slots, outputs, first, count)


@compiled
def probe_maths(x, values):
    """Elementary functions at x: float64[n] into values: float64[5, n]; their bits must agree on every machine."""
    for i in range(np.uint64(x.size)):
        cosine, sine = cos_sin_2pi(x[i])
        values[0, i] = exp(x[i])
        values[1, i] = log(x[i])
        values[2, i] = normal_cdf(x[i])
        values[3, i] = cosine
        values[4, i] = sine
