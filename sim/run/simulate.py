"""Simulate paths of a set-up: chunks over threads, handed on in path order; and `value`, the pure function of it."""

from __future__ import annotations

import hashlib
import os
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import kernel
from sim.errors import InputError, Problem, did_you_mean
from sim.run.result import Innovations
from sim.run.setup import Setup
from sim.run.tallies import Tallies

CHUNK = 56 * kernel.BLOCK  # paths handed on at a time: whole blocks, some megabytes of columns
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Chunk:
    """Paths from ``first`` on. drivers: float64[D, n], outputs: float64[O, n], series: float64[S, T, n]."""

    first: int
    drivers: Floats
    outputs: Floats
    series: Floats


class Simulator:
    """A compiled set-up. Thread-safe: scratch is per thread, results are the caller's arrays."""

    def __init__(self, setup: Setup):
        self.setup = setup
        self.plan = setup.plan
        self.driver_rows = {name: row for row, name in enumerate(self.plan.drivers)}
        self._scratch = threading.local()
        engine, drawing, cells = kernel.load_all(
            (
                (setup.engine_text, self._engine_calls),
                (setup.drawing_text, self._drawing_calls),
                (setup.cells_text, self._cells_calls),
            )
        )
        self.parts: dict[str, tuple[Any, Sequence[object]]] = {
            name: (getattr(made, name), given)
            for made, calls in ((drawing, self._drawing_calls), (cells, self._cells_calls))
            for name, given in calls(made)
        }
        self._parts = tuple(kernel.address(entry, given) for entry, given in self.parts.values())
        self._entry: Callable[..., None] = engine.simulate_paths
        self._probe_maths: Callable[..., None] = engine.probe_maths
        self.tally: Callable[..., None] = engine.tally
        self.digest: Callable[..., None] = engine.digest

    def _drawing_calls(self, drawing: kernel.Kernel) -> list[kernel.Call]:
        """What draws, in the order in which `simulate_paths` takes it."""
        paths, buffer, scratch = np.zeros(0, np.uint64), np.zeros(0), self.plan.scratch(0)
        innovation = (paths, 0, *self.plan.innovation_arguments, *scratch, self.setup.periods, buffer, 0)
        return [
            ("draw_drivers", (paths, *self.plan.driver_arguments, *scratch, buffer)),
            ("draw_innovation", innovation),
        ]

    def _cells_calls(self, cells: kernel.Kernel) -> list[kernel.Call]:
        """The entry points of the model, after those in the order in which `simulate_paths` takes them."""
        buffer = np.zeros(0)
        period = (buffer, 1.0, self.setup.arrays["schedules"])
        return [("begin_block", (buffer,)), ("period_block", period), ("horizon_block", (buffer,))]

    def _engine_calls(self, engine: kernel.Kernel) -> list[kernel.Call]:
        none, counts = np.zeros((1, 0)), Tallies.placed(np.zeros((1, 1)))
        entry = self._arguments(np.zeros(0, np.uint64), *self._empty(0, drivers=False, series=False))
        parts = [*self._drawing_calls(engine), *self._cells_calls(engine)]
        return [
            ("simulate_paths", (*(0 for _ in parts), *entry)),  # addresses: their kind is all that counts here
            ("tally", counts.arguments(0, none, np.zeros((1, 3)), np.zeros((1, 16)))),
            ("digest", (none, 0, np.zeros(0, np.uint64), np.zeros(1, np.uint64))),
            ("probe_maths", (np.zeros(0), np.zeros((5, 0)))),
        ]

    def _empty(self, n: int, *, drivers: bool, series: bool) -> tuple[Floats, Floats, Floats]:
        setup = self.setup
        return (
            np.empty((len(self.plan.drivers) if drivers else 0, n)),
            np.empty((len(setup.outputs), n)),
            np.empty((len(setup.series), setup.periods, n if series else 0)),
        )

    def _arguments(
        self,
        paths: NDArray[np.uint64],
        drivers: Floats,
        outputs: Floats,
        series: Floats,
        replaced: Mapping[str, Floats] | None = None,
        noise: bool = True,
        innovation_paths: NDArray[np.uint64] | None = None,
        slots: NDArray[np.int64] | None = None,
    ) -> tuple[Any, ...]:
        """The arguments of `simulate_paths` after the parts."""
        a, names = self.setup.arrays, sorted(replaced or {})
        own = self._scratch
        if not hasattr(own, "buffer"):
            own.buffer = aligned(self.setup.rows * self.block)
            own.block_paths, own.drawing = np.empty(self.block, np.uint64), self.plan.scratch(self.block)
        values = np.empty((len(names), paths.size))
        for row, name in enumerate(names):
            values[row] = (replaced or {})[name]
        return (
            paths,
            (*self.plan.driver_arguments, *own.drawing, own.buffer),
            (*self.plan.innovation_arguments, *own.drawing),
            self.setup.first_innovation_row,
            int(noise),
            np.empty((0, 0), np.uint64) if innovation_paths is None else innovation_paths,
            np.array([self.driver_rows[name] for name in names], np.int64),
            values,
            a["number_rows"],
            a["numbers"],
            a["schedules"],
            self.setup.periods,
            tuple(a[name] for name in ("total_first", "total_row", "total_value", "total_driver")),
            a["windows"],
            a["window_divisors"],
            tuple(a[name] for name in ("given_first", "given_row", "given_output", "given_divisor")),
            np.arange(len(self.setup.outputs)) if slots is None else slots,
            a["series_rows"],
            own.block_paths,
            own.buffer,
            drivers,
            outputs,
            series.reshape(len(self.setup.series) * self.setup.periods, -1) if series.size else np.empty((0, 0)),
        )

    def _simulate(self, *arguments: Any, **more: Any) -> None:
        self._entry(*self._parts, *self._arguments(*arguments, **more))

    def innovations(self, path: int) -> dict[str, Floats]:
        """The innovations of one path: float64[periods] by name."""
        self.chunk(path, 1, drivers=False)
        buffer = self._scratch.buffer.reshape(-1, self.block)
        first, periods = self.setup.first_innovation_row, self.setup.periods
        return {
            name: buffer[first + k * periods : first + (k + 1) * periods, 0].copy()
            for k, name in enumerate(self.plan.innovations)
        }

    def maths_digest(self) -> str:
        """SHA-256 of the elementary functions' bits at fixed points: equal on machines that give equal paths."""
        x = np.concatenate([np.linspace(-40.0, 40.0, 4001), np.ldexp(1.0, np.arange(-60, 60)), np.linspace(0, 1, 1001)])
        values = np.empty((5, x.size))
        self._probe_maths(x, values)
        values[np.isnan(values)] = np.nan
        return hashlib.sha256(values.tobytes()).hexdigest()

    @property
    def block(self) -> int:
        return int(self.setup.arrays["block"])

    def chunk(self, first: int, count: int, *, series: bool = False, drivers: bool = True) -> Chunk:
        """Simulate the contiguous paths ``first`` to ``first + count - 1``."""
        arrays = self._empty(count, drivers=drivers, series=series)
        self._simulate(np.arange(first, first + count, dtype=np.uint64), *arrays)
        return Chunk(first, *arrays)

    def chunks(
        self,
        paths: int,
        *,
        first: int = 0,
        threads: int | None = None,
        driver_paths: int | None = None,
        seen: Callable[[Chunk], None] = lambda chunk: None,
    ) -> Iterator[Chunk]:
        """All chunks of the paths ``first`` to ``paths - 1`` in path order, by ``threads`` threads (default: our CPUs).

        ``first`` is a multiple of `CHUNK`, so that chunks are the same however often a run is continued. Drivers are
        given for chunks that begin below ``driver_paths`` (all, if None). Order and bits do not depend on the threads.
        ``seen`` is called with each chunk in the thread that computed it, in no fixed order.
        """

        def compute(start: int) -> Chunk:
            drivers = driver_paths is None or start < driver_paths
            chunk = self.chunk(start, min(CHUNK, paths - start), drivers=drivers)
            seen(chunk)
            return chunk

        threads = threads or available_threads()
        starts = range(first, paths, CHUNK)
        with ThreadPoolExecutor(threads, thread_name_prefix="sim") as pool:
            waiting: deque[Future[Chunk]] = deque()
            try:
                for start in starts:
                    waiting.append(pool.submit(compute, start))
                    # One chunk more than threads in flight: threads hardly idle, memory stays bounded.
                    if len(waiting) > threads:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()

    def value(
        self,
        paths: NDArray[np.int64],
        drivers: Mapping[str, Floats | float] | None = None,
        innovations: Innovations = "drawn",
        *,
        outputs: Sequence[str] | None = None,
        threads: int | None = None,
    ) -> dict[str, Floats]:
        """Outputs of given paths with some drivers and innovations replaced: see `sim.run.result.Value`."""
        wanted = np.ascontiguousarray(paths, dtype=np.uint64)
        replaced = {
            name: np.broadcast_to(np.asarray(given, np.float64), wanted.shape)
            for name, given in (drivers or {}).items()
        }
        _known("drivers", replaced, self.driver_rows)
        names = self.setup.outputs if outputs is None else tuple(outputs)
        rows = {name: row for row, name in enumerate(self.setup.outputs)}
        _known("outputs", names, rows)
        slots = np.full(len(rows), -1)
        slots[[rows[name] for name in names]] = np.arange(len(names))
        sources = self._innovation_paths(wanted, innovations)
        result = np.empty((len(names), wanted.size))

        def part(first: int) -> None:
            piece = slice(first, min(first + CHUNK, wanted.size))
            found, nothing = np.empty((len(names), wanted[piece].size)), np.empty((0, wanted[piece].size))
            self._simulate(
                wanted[piece],
                nothing,
                found,
                np.empty((0, 0, 0)),
                {name: column[piece] for name, column in replaced.items()},
                innovations != "zero",
                np.ascontiguousarray(sources[:, piece]),
                slots,
            )
            result[:, piece] = found

        with ThreadPoolExecutor(threads or available_threads()) as pool:
            list(pool.map(part, range(0, wanted.size, CHUNK)))
        return dict(zip(names, result, strict=True))

    def _innovation_paths(self, paths: NDArray[np.uint64], innovations: Innovations) -> NDArray[np.uint64]:
        """uint64[innovations, n]: the paths whose innovations are taken; of no rows where each path has its own."""
        if isinstance(innovations, str):
            return np.empty((0, paths.size), np.uint64)
        _known("innovations", innovations, self.plan.innovations)
        return np.array([innovations.get(name, paths) for name in self.plan.innovations], np.uint64)

    def central(self) -> dict[str, float]:
        """Outputs of the central case: every driver at its median, every innovation zero."""
        medians = dict(zip(self.plan.drivers, (float(m) for m in self.plan.medians), strict=True))
        values = self.value(np.zeros(1, np.int64), medians, "zero", threads=1)
        return {name: float(column[0]) for name, column in values.items()}


def _known(kind: str, given: Iterable[str], known: Collection[str]) -> None:
    """InputError for the first of the given names that the study does not have."""
    for name in given:
        if name not in known:
            advice = did_you_mean(name, known) or f"the study has {', '.join(list(known)[:6])}"
            raise InputError(Problem(f"{kind}.{name}", f"the study has no such {kind.removesuffix('s')}", advice))


def aligned(size: int) -> Floats:
    """float64[size] of zeros at an address that a vector of 64 bytes divides: others straddle two lines of cache."""
    raw = np.zeros(size + 8)
    skipped = (-raw.ctypes.data % 64) // 8
    return raw[skipped : skipped + size]


def available_threads() -> int:
    """CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
