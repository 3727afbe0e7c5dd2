"""Does the numpy rival compute the same numbers as the engine? Given the same inputs it must, to rounding.

`against_oracle`: rival and plain-Python oracle on drawn drivers and drawn innovations. `against_engine`: rival and
engine on the engine's own drivers, innovations zero. `draws`: the rival draws for itself; its drivers and outputs have
the engine's means, spreads and correlations within Monte Carlo error.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from numpy_alibaba import SHOCKS, Rival

from sim.cells.evaluate import Trace, evaluate
from sim.config.columns import Column
from sim.pipeline import Checked
from sim.run.simulate import Simulator

Floats = NDArray[np.float64]


def against_oracle(checked: Checked, rival: Rival, paths: int, seed: int) -> float:
    """Largest relative difference over all columns and ``paths`` paths; see `difference`."""
    random = np.random.default_rng(seed)
    drawn = rival.inputs.draw(random, rival.inputs.work(paths))
    drivers = {name: row.copy() for name, row in zip(rival.inputs.names, drawn, strict=True)}
    innovations = {name: random.standard_normal((rival.periods, paths)) for name in SHOCKS}
    study, calendar = checked.study, checked.study.calendar
    schedules = {name: schedule.series(calendar) for name, schedule in study.schedules.items()}
    windows = {n: (calendar.index(w.from_), calendar.index(w.to), w.how) for n, w in study.windows.items()}
    expected = np.empty((len(checked.columns), paths))
    for path in range(paths):
        trace = evaluate(
            checked.graph,
            values := rival.inputs.fixed | {name: float(row[path]) for name, row in drivers.items()},
            rival.numbers,
            {name: table[:, path].tolist() for name, table in innovations.items()},
            schedules,
            windows,
            rival.periods,
        )
        expected[:, path] = [_from_trace(trace, column, values) for column in checked.columns]
    return difference(rival.evaluate(drivers, innovations), expected)


def against_engine(simulator: Simulator, rival: Rival, paths: int) -> float:
    """Largest relative difference on the engine's first paths, every innovation zero; see `difference`."""
    chunk = simulator.chunk(0, paths)
    rows = simulator.driver_rows
    drivers = {name: chunk.drivers[rows[name]] for name in rival.inputs.names}
    zero = {name: np.zeros((rival.periods, paths)) for name in SHOCKS}
    values = simulator.value(np.arange(paths), drivers, "zero")
    expected = np.array([values[column.name] for column in rival.columns])
    return difference(rival.evaluate(drivers, zero), expected)


def draws(simulator: Simulator, rival: Rival, paths: int, seed: int) -> tuple[float, float]:
    """Largest distance between rival and engine in standard errors: of moments and correlations of drivers, of outputs.

    Moments are mean and mean square of a column divided by its standard deviation. Outputs that are not finite on
    some path are left out of both.
    """
    chunk = simulator.chunk(0, paths)
    rows = [simulator.driver_rows[name] for name in rival.inputs.names]
    work = rival.inputs.work(paths)
    mine, theirs = rival.inputs.draw(np.random.default_rng(seed), work), chunk.drivers[rows]
    of_drivers = _distance(mine, theirs)
    correlations = np.abs(np.corrcoef(mine) - np.corrcoef(theirs)).max() * np.sqrt(paths / 2.0)
    mine, theirs = rival.simulate(paths, seed), chunk.outputs
    finite = np.isfinite(mine).all(axis=1) & np.isfinite(theirs).all(axis=1)
    return max(of_drivers, float(correlations)), _distance(mine[finite], theirs[finite])


def difference(values: Floats, expected: Floats) -> float:
    """Largest difference, relative to the expected value or to a thousandth of its column's size if that is larger.

    The floor concerns values that cancel to almost nothing. Invalid values must be invalid in both: else inf.
    """
    invalid = ~np.isfinite(expected)
    if (invalid != ~np.isfinite(values)).any():
        return float("inf")
    size = np.abs(np.where(invalid, 0.0, expected))
    scale = np.maximum(size, 1e-3 * np.sqrt(np.mean(size**2, axis=1, keepdims=True)))
    apart = np.abs(np.where(invalid, 0.0, values - expected))
    return float(np.max(apart / np.where(scale > 0.0, scale, 1.0)))


def _from_trace(trace: Trace, column: Column, drivers: Mapping[str, float]) -> float:
    if column.first == 0:
        return trace.horizon[column.cell] if column.cell in trace.horizon else trace.opening[column.cell]
    values = [trace.periods[t - 1][column.cell] for t in range(column.first, column.last + 1)]
    if column.how == "last":
        return values[-1]
    values += [*column.reported, *(drivers[name] for name in column.reported_drivers)]
    return sum(values) / len(values) if column.how == "mean" else sum(values)


def _distance(mine: Floats, theirs: Floats) -> float:
    centre = theirs.mean(axis=1, keepdims=True)
    spread = theirs.std(axis=1, keepdims=True)
    moving = spread[:, 0] > 0.0
    largest = 0.0
    for power in (1, 2):
        a, b = (((x[moving] - centre[moving]) / spread[moving]) ** power for x in (mine, theirs))
        error = np.sqrt((a.var(axis=1) + b.var(axis=1)) / a.shape[1])
        largest = max(largest, float(np.max(np.abs(a.mean(axis=1) - b.mean(axis=1)) / error)))
    return largest
