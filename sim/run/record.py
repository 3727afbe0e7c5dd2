"""Simulate into a run folder: chunks in path order to the sink, invalid paths counted, quarterly series summarised."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from sim.run.parts import Part
from sim.run.result import SAMPLE, Columns, Tally
from sim.run.simulate import CHUNK, Chunk, Simulator
from sim.run.store import Folder, Keep
from sim.run.tallies import Moments, Tallies

SERIES_PERCENTILES = (5, 25, 50, 75, 95)


@dataclass(frozen=True)
class Recorded:
    """What simulating gave besides the columns.

    ``digests`` are those of `sim.run.tally.digest` by output. ``invalid`` counts paths with an output that is not
    finite; ``first_invalid`` shows the first one: its path, its drivers and which outputs are not finite.
    ``quarterly`` are rows of (cell, period, unit, mean, standard error, P5 P25 P50 P75 P95, paths) of the first chunk.
    """

    columns: Columns
    tallies: Mapping[str, Tally]
    digests: Mapping[str, str]
    invalid: int
    first_invalid: dict[str, Any] | None
    quarterly: tuple[tuple[object, ...], ...]


class Source(Protocol):
    """Where chunks come from, if not from the threads of this process: see `sim.run.cluster.across`."""

    def __call__(
        self, tallying: Tallying, paths: int, *, series_paths: int, driver_paths: int, rows: Sequence[int] | None
    ) -> Iterator[Chunk]:
        """`Simulator.chunks`, each chunk counted by ``tallying`` before it is given. Outputs other than ``rows`` (all,
        if None) may be NaN.
        """
        ...


def record(
    simulator: Simulator,
    folder: Folder,
    *,
    paths: int,
    keep: Keep,
    wanted: Sequence[str] = (),
    threads: int | None = None,
    progress: Callable[[int], None] = lambda done: None,
    source: Source | None = None,
) -> Recorded:
    """Simulate ``paths`` paths into ``folder``. ``progress`` hears how many paths are done, in order.

    ``wanted`` are the outputs whose columns are needed afterwards even if none are kept.
    """
    setup = simulator.setup
    sink = folder.sink(setup, simulator.plan.drivers, keep, wanted, paths)
    tallying = Tallying(simulator)
    invalid, first_invalid = 0, None
    quarterly: tuple[tuple[object, ...], ...] = ()
    driver_paths = paths if keep == "all" else SAMPLE
    if source is None:
        every = simulator.chunks(
            paths, threads=threads, series_paths=CHUNK, driver_paths=driver_paths, seen=tallying.seen
        )
    else:
        rows = [setup.outputs.index(name) for name in wanted] if keep == "none" else None
        every = source(tallying, paths, series_paths=CHUNK, driver_paths=driver_paths, rows=rows)
    for chunk in every:
        bad, first = tallying.take(chunk)
        invalid += bad
        if bad and first_invalid is None:
            first_invalid = _shown(simulator, first)
        if chunk.first == 0:
            quarterly = _quarterly(simulator, chunk.series)
        sink.write(chunk)
        progress(chunk.first + chunk.outputs.shape[1])
    replicated = simulator.plan.replicates > 1
    tallies = tallying.merged().by_output(setup.outputs, tallying.moments, replicated=replicated)
    return Recorded(sink.close(), tallies, tallying.digests(), invalid, first_invalid, quarterly)


def _shown(simulator: Simulator, path: int) -> dict[str, Any]:
    """An invalid path: its drivers, and the outputs that are not finite."""
    again = simulator.chunk(path, 1)
    # JSON has no infinity: such a driver is shown as text.
    shown = [float(x) if np.isfinite(x) else str(float(x)) for x in again.drivers[:, 0]]
    drivers = dict(zip(simulator.plan.drivers, shown, strict=True))
    outputs = zip(simulator.setup.outputs, again.outputs[:, 0], strict=True)
    return {"path": path, "drivers": drivers, "not_finite": [name for name, v in outputs if not np.isfinite(v)]}


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


class Tallying:
    """Parts of each thread, or of each worker's task, the bins placed by the first chunk of paths, simulated once more
    for that.
    """

    def __init__(self, simulator: Simulator, pilot: int = CHUNK):
        self._simulator = simulator
        first = simulator.chunk(0, pilot, drivers=False).outputs
        self.placed = Tallies.placed(first)
        self.placed.count(simulator.tally, 0, first)
        self.placed.classify()
        self.moments = Moments.none(first.shape[0])
        self._mine, self._lock = threading.local(), threading.Lock()
        self._every: list[Part] = []

    def seen(self, chunk: Chunk) -> None:
        """Count a chunk in this thread's part."""
        if not hasattr(self._mine, "part"):
            # The first thread counts into the placed tallies themselves: one copy less.
            with self._lock:
                self._mine.part = Part.none(self.placed.alike() if self._every else self.placed)
                self._every.append(self._mine.part)
        self._mine.part.count(self._simulator.tally, self._simulator.digest, chunk)

    def received(self, part: Part) -> None:
        """Add what a worker counted."""
        if not self._every:
            self._every.append(Part.none(self.placed))
        self._every[0].merge(part)

    def take(self, chunk: Chunk) -> tuple[int, int]:
        """Take the moments of the next chunk in path order; how many paths have an output that is not finite, and the
        first of them.
        """
        part = next(part for part in self._every if chunk.first in part.tallies.moments)
        self.moments.take(part.tallies.moments.pop(chunk.first), chunk.outputs.shape[1])
        return part.invalid.pop(chunk.first, (0, -1))

    def merged(self) -> Tallies:
        for part in self._every[1:]:
            self.placed.merge(part.tallies)
        return self.placed

    def digests(self) -> dict[str, str]:
        outputs = self._simulator.setup.outputs
        sums = np.zeros(len(outputs), np.uint64)
        for part in self._every:
            sums += part.sums
        return {name: f"{int(total):016x}" for name, total in zip(outputs, sums, strict=True)}
