"""Simulate into a run folder: chunks in path order to the sink, invalid paths counted, quarterly series summarised."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from sim.run.columns import Sink
from sim.run.parts import Part
from sim.run.result import SAMPLE, Columns, Floats, Tally
from sim.run.simulate import CHUNK, Chunk, Simulator, available_threads
from sim.run.store import Folder, Keep
from sim.run.tallies import Moments, Tallies

SERIES_PERCENTILES = (5, 25, 50, 75, 95)


@dataclass(frozen=True)
class Recorded:
    """What simulating ``paths`` paths gave besides the columns.

    ``digests`` are those of `sim.run.tally.digest` by output. ``invalid`` counts paths with an output that is not
    finite; ``first_invalid`` shows the first one: its path, its drivers and which outputs are not finite.
    ``quarterly`` are rows of (cell, period, unit, mean, standard error, P5 P25 P50 P75 P95, paths) of the first chunk;
    the error is None where so few paths tell none.
    """

    paths: int
    columns: Columns
    tallies: Mapping[str, Tally]
    digests: Mapping[str, str]
    invalid: int
    first_invalid: dict[str, Any] | None
    quarterly: tuple[tuple[object, ...], ...]


class Source(Protocol):
    """Where chunks come from, if not from the threads of this process: see `sim.run.cluster.across`."""

    def __call__(
        self,
        taking: Taking,
        paths: int,
        *,
        first: int,
        driver_paths: int,
        lean: bool,
    ) -> Iterator[Chunk]:
        """`Simulator.chunks`, each chunk counted by ``taking`` before it is given; if ``lean``, its outputs are not
        needed and may be NaN.
        """
        ...


def record(
    simulator: Simulator,
    folder: Folder,
    *,
    looks: Sequence[int],
    keep: Keep,
    thresholds: Collection[tuple[str, float]] = (),
    enough: Callable[[int, Mapping[str, Tally]], bool] = lambda paths, tallies: True,
    threads: int | None = None,
    progress: Callable[[int], None] = lambda done: None,
    source: Source | None = None,
) -> Recorded:
    """Simulate into ``folder`` as many paths as the first of the rising ``looks`` at which there are ``enough``.

    ``enough`` hears of each number of paths and the tallies up to there; the last look ends the run whatever it says.
    Whichever look ended it, the bits are those of a run of just so many paths. ``thresholds`` are pairs of an output
    and a value: paths that reach it are counted exactly, and of these outputs the first paths are at hand afterwards
    even if no column is kept. ``progress`` hears how many paths are done, in order. A look before the last one has at
    least `CHUNK` paths: those of the quarterly rows.
    """
    setup = simulator.setup
    counted = tuple(dict.fromkeys(thresholds))
    wanted = tuple(dict.fromkeys(output for output, _ in counted))
    sink = folder.sink(setup, simulator.plan.drivers, keep, wanted, looks[-1])
    taking = Taking(simulator, sink if keep != "none" else None, counted, progress, min(CHUNK, looks[-1]), threads)
    driver_paths = {"all": looks[-1], "outputs": SAMPLE, "none": 0}[keep]
    tallies: Mapping[str, Tally] = {}
    for paths in looks:
        # Chunks must not depend on where we look: the last one of a look, if cut short, is put aside until it is known
        # whether the run ends with it, and simulated again as a whole otherwise.
        first, whole = taking.paths, paths if paths == looks[-1] else paths - paths % CHUNK
        if source is None:
            every = simulator.chunks(whole, first=first, threads=threads, driver_paths=driver_paths, seen=taking.seen)
        else:
            every = source(taking, whole, first=first, driver_paths=driver_paths, lean=keep == "none")
        for chunk in every:
            taking.take(chunk)
        rest = simulator.chunk(whole, paths - whole, drivers=whole < driver_paths)
        tallies = taking.tallies(rest)
        if enough(paths, tallies):
            if whole < paths:
                taking.seen(rest)
                taking.take(rest)
            break
    found = (taking.digests(), taking.invalid, taking.first_invalid, taking.quarterly)
    done = taking.paths
    if keep == "none":
        # The first paths once more, for those who need drivers beside outputs: held from the beginning they and the
        # drivers of the chunks on their way would be a good part of all memory. The histograms have served.
        del taking
        for chunk in simulator.chunks(min(SAMPLE, done), threads=threads):
            sink.write(chunk)
    return Recorded(done, sink.close(), tallies, *found)


def _shown(simulator: Simulator, path: int) -> dict[str, Any]:
    """An invalid path: its drivers, and the outputs that are not finite."""
    again = simulator.chunk(path, 1)
    # JSON has no infinity: such a driver is shown as text.
    shown = [float(x) if np.isfinite(x) else str(float(x)) for x in again.drivers[:, 0]]
    drivers = dict(zip(simulator.plan.drivers, shown, strict=True))
    outputs = zip(simulator.setup.outputs, again.outputs[:, 0], strict=True)
    return {"path": path, "drivers": drivers, "not_finite": [name for name, v in outputs if not np.isfinite(v)]}


def _quarterly(simulator: Simulator, series: Floats, threads: int | None = None) -> tuple[tuple[object, ...], ...]:
    setup, replicates = simulator.setup, simulator.plan.replicates
    with ThreadPoolExecutor(threads or available_threads()) as pool:
        found = pool.map(lambda columns: _summaries(columns, replicates), series)
        return tuple(
            (cell, period, setup.units[cell], *summary)
            for cell, summaries in zip(setup.series, found, strict=True)
            for period, summary in zip(setup.period_names, summaries, strict=True)
            if summary
        )


def _summaries(columns: Floats, replicates: int) -> list[tuple[object, ...]]:
    """Mean, error, percentiles and paths of the finite values of each of the columns float64[T, n]; () of none."""
    n = columns.shape[1]
    whole = np.isfinite(columns).all(axis=1) & (n >= 2 and n % replicates == 0)
    at_once = iter(_of_whole(columns if whole.all() else columns[whole], replicates) if whole.any() else ())
    return [next(at_once) if w else _summary(each, replicates) for w, each in zip(whole, columns, strict=True)]


def _summary(column: Floats, replicates: int) -> tuple[object, ...]:
    valid = column[np.isfinite(column)]
    if valid.size == 0:
        return ()
    with np.errstate(over="ignore", invalid="ignore"):  # values near the largest number
        percentiles = np.quantile(valid, np.array(SERIES_PERCENTILES) / 100)
        mean = float(valid.mean())
    return (mean, _error(column, replicates), *map(float, percentiles), valid.size)


def _of_whole(columns: Floats, replicates: int) -> list[tuple[object, ...]]:
    """The same of columns that are finite and have as many values of each replicate, at once and to the same bits."""
    count, n = columns.shape
    ordered = np.sort(columns, axis=1)
    places = (n - 1) * (np.array(SERIES_PERCENTILES) / 100)
    below = np.floor(places).astype(np.int64)
    part, low, high = places - below, ordered[:, below], ordered[:, np.minimum(below + 1, n - 1)]
    with np.errstate(over="ignore", invalid="ignore"):
        # Rounded as by `numpy.quantile`, from the nearer end.
        percentiles = np.where(part < 0.5, low + (high - low) * part, high - (high - low) * (1 - part))
        by_replicate = np.ascontiguousarray(columns.reshape(count, n // replicates, replicates).transpose(0, 2, 1))
        values = columns if replicates == 1 else by_replicate.mean(axis=2)
        errors = values.std(axis=1, ddof=1) / values.shape[1] ** 0.5
        means = columns.mean(axis=1)
    return [
        (float(mean), float(error) if np.isfinite(error) else None, *map(float, row), n)
        for mean, error, row in zip(means, errors, percentiles, strict=True)
    ]


def _error(column: Floats, replicates: int) -> float | None:
    """Standard error of the mean of the finite values of a column in path order, float64[n], from path 0 on.

    Path i belongs to replicate i modulo ``replicates``; what the spread over these says holds however the paths within
    one were drawn (Owen 1997, section 4). Of independent paths each is a replicate. None where there are fewer than two
    values, a replicate has none, or their sums pass the largest number.
    """
    parts = [column] if replicates == 1 else [column[r::replicates] for r in range(replicates)]
    finite = [part[np.isfinite(part)] for part in parts]
    if any(part.size == 0 for part in finite):
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        values = finite[0] if replicates == 1 else np.array([part.mean() for part in finite])
        if values.size < 2:
            return None
        error = float(values.std(ddof=1)) / values.size**0.5
    return error if np.isfinite(error) else None


class Taking:
    """Takes chunks in path order: tallies and digests in parts that merge, what is invalid, the sink (if any).

    The bins are placed by the first chunk of paths, simulated in advance for that and for the quarterly rows of its
    first ``quarterly`` paths.
    """

    def __init__(
        self,
        simulator: Simulator,
        sink: Sink | None,
        thresholds: Sequence[tuple[str, float]],
        progress: Callable[[int], None],
        quarterly: int,
        threads: int | None,
    ):
        self._simulator, self._sink, self._progress = simulator, sink, progress
        outputs = simulator.setup.outputs
        pilot = simulator.chunk(0, CHUNK, drivers=False, series=True)
        self.quarterly = _quarterly(simulator, pilot.series[:, :, :quarterly], threads)
        first = pilot.outputs
        del pilot  # its series are most of what a run holds at once
        counted = [(outputs.index(name), value) for name, value in thresholds]
        self.placed = Tallies.placed(first, counted, exact=quarterly < CHUNK)
        self.placed.count(simulator.tally, 0, first)
        self.placed.classify()
        self._moments = Moments.none(first.shape[0])
        self._lock = threading.Lock()
        self._every = [Part.none(self.placed)]
        self._free = [*self._every]
        self.paths, self.invalid = 0, 0
        self.first_invalid: dict[str, Any] | None = None

    def seen(self, chunk: Chunk) -> None:
        """Count a chunk, in any order and in the thread that computed it."""
        # Each call counts into a part that no other call holds: as many parts as threads, whatever the number of looks.
        with self._lock:
            if not self._free:
                self._free.append(Part.none(self.placed.alike()))
                self._every.append(self._free[-1])
            part = self._free.pop()
        part.count(self._simulator.tally, self._simulator.digest, chunk)
        self._free.append(part)

    def received(self, part: Part) -> None:
        """Add what was counted elsewhere; not while chunks are seen."""
        self._every[0].merge(part)

    def take(self, chunk: Chunk) -> None:
        """Take the next chunk in path order, which was seen or is in a part received."""
        count = chunk.outputs.shape[1]
        part = next(part for part in self._every if chunk.first in part.tallies.moments)
        self._moments.take(part.tallies.moments.pop(chunk.first), count)
        bad, first = part.invalid.pop(chunk.first, (0, -1))
        self.invalid += bad
        if bad and self.first_invalid is None:
            self.first_invalid = _shown(self._simulator, first)
        if self._sink is not None:
            self._sink.write(chunk)
        self.paths = chunk.first + count
        self._progress(self.paths)

    def tallies(self, rest: Chunk) -> Mapping[str, Tally]:
        """Tallies of all that was taken and of ``rest``, a chunk not yet seen that may be empty."""
        merged, moments = self._joined().tallies, self._moments
        if rest.outputs.shape[1]:
            merged, moments = self.placed.alike(), replace(moments)
            merged.count(self._simulator.tally, rest.first, rest.outputs)
            moments.take(merged.moments.pop(rest.first), rest.outputs.shape[1])
            merged.merge(self._every[0].tallies)
        replicated = self._simulator.plan.replicates > 1
        return merged.by_output(self._simulator.setup.outputs, moments, replicated=replicated)

    def _joined(self) -> Part:
        """All parts merged into the first, which alone is left. Nobody may be counting meanwhile."""
        for part in self._every[1:]:
            self._every[0].merge(part)
        del self._every[1:]
        self._free = [*self._every]
        return self._every[0]

    def digests(self) -> dict[str, str]:
        sums = self._joined().sums
        return {name: f"{int(total):016x}" for name, total in zip(self._simulator.setup.outputs, sums, strict=True)}
