"""Kernel text: the loop over blocks of paths, joined with the sampling text before it and the cells' text.

It expects in the same text: ``BLOCK``, `draw_drivers`, `draw_innovations` (sampling) and `begin_block`,
`period_block`, `horizon_block` (written from the cells). Rows of ``buffer`` are `BLOCK` wide: row r, lane i is
``buffer[r * BLOCK + i]``.
"""

# ruff: noqa: F821  (the names above are defined by the text that this module is joined to)

import numpy as np

from sim.kernel import compiled, inlined

HOW_LAST = 2


@inlined
def copy_row(buffer, source, target):
    start, end = np.uint64(source) * BLOCK, np.uint64(target) * BLOCK
    for i in range(BLOCK):
        buffer[end + i] = buffer[start + i]


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
def divide_row(buffer, row, divisor):
    start = np.uint64(row) * BLOCK
    for i in range(BLOCK):
        buffer[start + i] = buffer[start + i] / divisor


@inlined
def copy_out(buffer, row, target, first, count):
    start = np.uint64(row) * BLOCK
    for i in range(count):
        target[first + i] = buffer[start + i]


@compiled
def simulate_paths(
    paths, drawing, innovation_keys, first_innovation_row, noise, innovation_paths,
    replaced_rows, replaced_values, number_rows, numbers, schedules, periods,
    collected, joined, starts, divisors, output_rows, series_rows, buffer, drivers, outputs, series,
):  # fmt: skip
    """Simulate paths of any indices.

    paths: uint64[n]. drawing: the arguments of `draw_drivers` after the paths. noise: False sets every innovation to
    zero. innovation_paths: uint64[innovations, n] paths whose innovations are taken; no rows, if each path has its own.
    replaced_rows: int64[k] driver rows to be replaced after marginal and copula by replaced_values:
    float64[k, n]. number_rows, numbers: numeric openings. collected: int64[c, 5] of source row, target row, first
    period, last period, how (0 sum, 1 mean, 2 last); starts, divisors: float64[c]. joined: int64[j, 2] of a row and the
    target row that it is added to at the start. output_rows: int64[o]; series_rows: int64[s]. Written: drivers
    float64[D, n] (D may be 0: not wanted), outputs float64[o, n], series float64[s, periods, n] (its n may be 0).
    """
    total = np.uint64(paths.size)
    block_paths = np.empty(BLOCK, np.uint64)
    for block in range((total + BLOCK - np.uint64(1)) // BLOCK):
        first = np.uint64(block) * BLOCK
        count = min(BLOCK, total - first)
        for i in range(BLOCK):
            # A short last block repeats its last path: every loop keeps its constant length.
            block_paths[i] = paths[first + min(np.uint64(i), count - np.uint64(1))]
        draw_drivers(block_paths, *drawing)
        for k in range(np.uint64(replaced_rows.size)):
            start = np.uint64(replaced_rows[k]) * BLOCK
            for i in range(count):
                buffer[start + i] = replaced_values[k, first + i]
        for d in range(np.uint64(drivers.shape[0])):
            copy_out(buffer, d, drivers[d], first, count)
        if noise and innovation_paths.shape[0] == 0:
            draw_innovations(block_paths, innovation_keys, periods, buffer, first_innovation_row)
        elif noise:
            for k in range(np.uint64(innovation_keys.shape[0])):
                for i in range(BLOCK):
                    block_paths[i] = innovation_paths[k, first + min(np.uint64(i), count - np.uint64(1))]
                start_row = first_innovation_row + np.int64(k) * periods
                draw_innovations(block_paths, innovation_keys[k : k + np.uint64(1)], periods, buffer, start_row)
        else:
            for row in range(innovation_keys.shape[0] * periods):
                fill_row(buffer, first_innovation_row + row, 0.0)
        for k in range(np.uint64(numbers.size)):
            fill_row(buffer, number_rows[k], numbers[k])
        begin_block(buffer)
        for c in range(np.uint64(collected.shape[0])):
            fill_row(buffer, collected[c, 1], starts[c])
        for j in range(np.uint64(joined.shape[0])):
            add_row(buffer, joined[j, 0], joined[j, 1])
        for t in range(1, periods + 1):
            period_block(buffer, float(t), schedules)
            for c in range(np.uint64(collected.shape[0])):
                if collected[c, 2] <= t <= collected[c, 3]:
                    if collected[c, 4] == HOW_LAST:
                        copy_row(buffer, collected[c, 0], collected[c, 1])
                    else:
                        add_row(buffer, collected[c, 0], collected[c, 1])
            if series.shape[2] > 0:
                for s in range(np.uint64(series_rows.size)):
                    copy_out(buffer, series_rows[s], series[s, t - 1], first, count)
        for c in range(np.uint64(collected.shape[0])):
            if divisors[c] != 1.0:
                divide_row(buffer, collected[c, 1], divisors[c])
        horizon_block(buffer)
        for o in range(np.uint64(output_rows.size)):
            copy_out(buffer, output_rows[o], outputs[o], first, count)


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
