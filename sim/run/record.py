"""Simulate into a run folder: chunks in path order to the sink, invalid paths counted, quarterly series summarised."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.run.result import Columns
from sim.run.simulate import CHUNK, Simulator
from sim.run.store import Folder, Keep

SERIES_PERCENTILES = (5, 25, 50, 75, 95)


@dataclass(frozen=True)
class Recorded:
    """What simulating gave besides the columns.

    ``digest`` is the SHA-256 over the chunks' digests of all outputs; ``invalid`` counts paths with an output that is not finite; ``first_invalid`` shows the first one: its path, its
    drivers and which outputs are not finite. ``quarterly`` are rows of (cell, period, unit, mean, standard error,
    P5 P25 P50 P75 P95, paths) from the first chunk of paths.
    """

    columns: Columns
    digest: str
    invalid: int
    first_invalid: dict[str, Any] | None
    quarterly: tuple[tuple[object, ...], ...]


def record(
    simulator: Simulator,
    folder: Folder,
    *,
    paths: int,
    keep: Keep,
    threads: int | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> Recorded:
    """Simulate ``paths`` paths into ``folder``. ``progress`` hears how many paths are done, in order."""
    setup = simulator.setup
    sink = folder.sink(setup, simulator.plan.drivers, keep, paths)
    invalid, first_invalid = 0, None
    quarterly: tuple[tuple[object, ...], ...] = ()
    total = hashlib.sha256()
    for chunk in simulator.chunks(paths, threads=threads, series_paths=CHUNK, digests=True):
        total.update(chunk.digest)
        bad = ~np.isfinite(chunk.outputs).all(axis=0)
        if bad.any():
            invalid += int(np.count_nonzero(bad))
            if first_invalid is None:
                position = int(np.argmax(bad))
                outputs = chunk.outputs[:, position]
                first_invalid = {
                    "path": chunk.first + position,
                    "drivers": dict(zip(simulator.plan.drivers, map(float, chunk.drivers[:, position]), strict=True)),
                    "not_finite": [n for n, v in zip(setup.outputs, outputs, strict=True) if not np.isfinite(v)],
                }
        if chunk.first == 0:
            quarterly = _quarterly(simulator, chunk.series)
        sink.write(chunk)
        progress(chunk.first + chunk.outputs.shape[1])
    return Recorded(sink.close(), total.hexdigest(), invalid, first_invalid, quarterly)


def _quarterly(simulator: Simulator, series: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[tuple[object, ...], ...]:
    setup, rows = simulator.setup, []
    for cell, by_period in zip(setup.series, series, strict=True):
        for period, column in zip(setup.period_names, by_period, strict=True):
            valid = np.sort(column[np.isfinite(column)])
            if valid.size == 0:
                continue
            percentiles = np.quantile(valid, [p / 100 for p in SERIES_PERCENTILES])
            error = float(valid.std()) / valid.size**0.5
            rows.append(
                (cell, period, setup.units[cell], float(valid.mean()), error, *map(float, percentiles), valid.size)
            )
    return tuple(rows)
