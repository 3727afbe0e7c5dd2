"""The base Alibaba model as a careful numpy programmer writes it: the rival that the engine is measured against.

Vectorised over the paths of a chunk, one numpy call a step, in place on preallocated rows that stay in the cache,
chunks spread over threads (numpy lets go of the interpreter while it computes). What does not change over the
periods is computed once a chunk, certain drivers stay scalars, gaps to long-run levels are carried instead of the
lines themselves (one operation fewer), and a line that no output needs in a period is not computed in it.
The model's economics and its words are those of sim/models/alibaba; the text here is independent of it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
from numpy.typing import NDArray
from numpy_drivers import Inputs
from numpy_horizon import horizon, segments
from numpy_periods import periods

from sim.config.columns import Column
from sim.config.schema import Study

Floats = NDArray[np.float64]
Draw = Callable[[int, Floats], object]

CHUNK = 16_384  # measured, see README.md
ROWS = 96  # work rows of a chunk
SHOCKS = ("competition_innovation", "demand_innovation", "growth_innovation", "irregular_innovation")


class Rival:
    """A study of the Alibaba model, ready to simulate. Output columns are those of ``columns``, in their order."""

    quarters = staticmethod(periods)

    def __init__(self, study: Study, columns: Sequence[Column], chunk: int = CHUNK):
        self.inputs, self.columns, self.chunk = Inputs(study), tuple(columns), chunk
        if self.inputs.innovations != SHOCKS:
            raise ValueError(f"the rival knows the innovations {SHOCKS}, the study has {self.inputs.innovations}")
        calendar = study.calendar
        self.periods = calendar.periods
        self.season = [calendar.calendar_quarter(t) for t in range(1, self.periods + 1)]
        self.numbers = {name: opening.value for name, opening in study.openings.items() if opening.value is not None}
        self.windows = tuple(study.windows)
        # Per period: (line, first period of its collection?, is it a window?, row of the window or column).
        self.collect: list[list[tuple[str, bool, bool, int]]] = [[] for _ in range(self.periods + 1)]
        self.means: list[tuple[bool, int, float]] = []
        self.starts: dict[int, tuple[float, tuple[str, ...]]] = {}  # reported quarters: figures, drivers
        for row, window in enumerate(study.windows.values()):
            self._collect(window.cell, calendar.index(window.from_), calendar.index(window.to), window.how, True, row)
        for row, column in enumerate(columns):
            if column.first > 0:
                self._collect(column.cell, column.first, column.last, column.how, False, row, column)
        self.needs = [frozenset(line for line, *_ in steps) for steps in self.collect]
        self.ends = frozenset(column.cell for column in columns if column.first == 0)
        self._local = threading.local()

    def _collect(
        self, line: str, first: int, last: int, how: str, window: bool, row: int, column: Column | None = None
    ) -> None:
        if how == "last":
            first, column = last, None
        for t in range(max(first, 1), last + 1):
            self.collect[t].append((line, t == max(first, 1), window, row))
        quarters = last - max(first, 1) + 1
        if column is not None and (column.reported or column.reported_drivers):
            self.starts[row] = float(sum(column.reported)), column.reported_drivers
            quarters += len(column.reported) + len(column.reported_drivers)
        if how == "mean":
            self.means.append((window, row, float(quarters)))

    def simulate(self, paths: int, seed: int, threads: int = 2) -> Floats:
        """Outputs float64[len(columns), paths]. Every chunk has its own stream: threads do not change the numbers."""
        outputs = np.empty((len(self.columns), paths))
        with ThreadPoolExecutor(threads) as pool:
            for _ in pool.map(lambda first: self.simulate_chunk(first, seed, outputs), range(0, paths, self.chunk)):
                pass
        return outputs

    def simulate_chunk(self, first: int, seed: int, outputs: Floats) -> None:
        """Write the chunk of paths that begins at ``first`` into the outputs of all paths."""
        piece = outputs[:, first : first + self.chunk]
        work = self._work(piece.shape[1])
        random = np.random.Generator(np.random.SFC64([seed, first // self.chunk]))
        drivers = dict(zip(self.inputs.names, self.inputs.draw(random, work.inputs), strict=True))
        self._chunk(drivers, lambda t, shocks: random.standard_normal(out=shocks), piece, work)

    def evaluate(self, drivers: Mapping[str, Floats], innovations: Mapping[str, Floats]) -> Floats:
        """Outputs for given uncertain drivers, each float64[n], and innovations, each float64[periods, n]."""
        n = next(iter(drivers.values())).size
        outputs = np.empty((len(self.columns), n))

        def given(t: int, shocks: Floats) -> None:
            for row, name in enumerate(SHOCKS):
                shocks[row] = innovations[name][t - 1]

        self._chunk({name: drivers[name] for name in self.inputs.names}, given, outputs, self._work(n))
        return outputs

    def last_use(self, line: str) -> int:
        """The last period in which an output or a window asks for a line; 0 for never."""
        return max((t for t, needed in enumerate(self.needs) if line in needed), default=0)

    def gather(self, t: int, lines: Mapping[str, Floats], d: SimpleNamespace, outputs: Floats, windows: Floats) -> None:
        """Add the lines of period t to the windows and columns that they belong to."""
        for line, first, window, row in self.collect[t]:
            target = windows[row] if window else outputs[row]
            if not first:
                np.add(target, lines[line], out=target)
            elif not window and row in self.starts:
                figures, drivers = self.starts[row]
                np.add(lines[line], sum((d.by_name[name] for name in drivers), figures), out=target)
            else:
                np.copyto(target, lines[line])

    def _work(self, n: int) -> SimpleNamespace:
        work = getattr(self._local, "work", None)
        if work is None or work.n != n:
            work = SimpleNamespace(n=n, rows=np.empty((ROWS, n)), shocks=np.empty((len(SHOCKS), n)))
            work.windows, work.flags = np.empty((len(self.windows), n)), np.empty(n, np.bool_)
            work.inputs = self.inputs.work(n)
            self._local.work = work
        return work

    def _chunk(self, uncertain: Mapping[str, Floats], draw: Draw, outputs: Floats, work: SimpleNamespace) -> None:
        values = {**self.inputs.fixed, **uncertain}
        d = SimpleNamespace(**values, by_name=values, segments=segments(values))
        last = self.quarters(self, d, draw, outputs, work)
        for window, row, count in self.means:
            target = work.windows[row] if window else outputs[row]
            np.divide(target, count, out=target)
        windows = dict(zip(self.windows, work.windows, strict=True))
        cells = windows | horizon(d, SimpleNamespace(**windows), last, self.ends)
        for row, column in enumerate(self.columns):
            if column.first == 0:
                outputs[row] = cells[column.cell]
