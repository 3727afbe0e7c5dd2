"""Shared by the tests of cells: bind a model written in the test, and run its kernel beside the oracle."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sim import elementary, kernel
from sim.cells import evaluate, graph, load, source
from sim.errors import Problem

IMPORTS = "from sim.cells import cell\nfrom sim.cells.maths import exp, exp2, log, nan, normal_cdf, sqrt, tanh\n"
ENTRY = """
@compiled
def simulate(buffer, schedules, periods, window_rows):
    begin_block(buffer)
    for t in range(1, periods + 1):
        period_block(buffer, float(t), schedules)
        for w in range(np.uint64(window_rows.shape[0])):
            if window_rows[w, 2] <= t <= window_rows[w, 3]:
                source, target = np.uint64(window_rows[w, 0]) * BLOCK, np.uint64(window_rows[w, 1]) * BLOCK
                for i in range(BLOCK):
                    buffer[target + i] += buffer[source + i]
    horizon_block(buffer)
"""
LANES = 32  # a small block: these tests check values, not speed

Found = tuple[graph.Graph | None, list[Problem]]


@pytest.fixture
def found(tmp_path: Path) -> Callable[..., Found]:
    """``found(text, drivers=("a",), ...)``: graph and problems of a model, given as one text or as file -> text."""

    def build(model: str | Mapping[str, str], imports: str = IMPORTS, **names: Any) -> Found:
        files = {"model.py": model} if isinstance(model, str) else dict(model)
        folder = tmp_path / "written"
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(imports + textwrap.dedent(text), encoding="utf-8")
        reference = "./model.py" if len(files) == 1 else "./written"
        parsed, problems = load.load(reference, folder if len(files) == 1 else tmp_path)
        return (None, problems) if parsed is None else graph.bind(parsed, graph.Names(**names))

    return build


@pytest.fixture
def bound(found: Callable[..., Found]) -> Callable[..., graph.Graph]:
    """As `found`, for a model without a fault."""

    def build(model: str | Mapping[str, str], **names: Any) -> graph.Graph:
        made, problems = found(model, **names)
        assert not problems, "\n".join(map(str, problems))
        assert made is not None
        return made

    return build


@dataclass
class Simulated:
    """A block of paths through the kernel, and the same paths through the oracle."""

    graph: graph.Graph
    layout: source.Layout
    module: kernel.Kernel
    drivers: dict[str, NDArray[np.float64]]
    innovations: dict[str, NDArray[np.float64]]
    numbers: dict[str, float]
    schedules: dict[str, list[float]]
    windows: dict[str, tuple[int, int, str]]
    periods: int
    buffer: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    def row(self, name: str) -> NDArray[np.float64]:
        start = self.layout.cells[name] * self.layout.block
        return self.buffer[start : start + self.layout.block]

    def trace(self, lane: int) -> evaluate.Trace:
        return evaluate.evaluate(
            self.graph,
            {name: float(values[lane]) for name, values in self.drivers.items()},
            self.numbers,
            {name: [float(x) for x in values[:, lane]] for name, values in self.innovations.items()},
            self.schedules,
            self.windows,
            self.periods,
        )


@pytest.fixture
def simulated(kernel_cache: Path) -> Callable[..., Simulated]:
    """``simulated(graph, drivers, periods=..., ...)``: one block through the compiled kernel."""

    def run(
        model: graph.Graph,
        drivers: Mapping[str, NDArray[np.float64]],
        *,
        periods: int = 1,
        kept: Collection[str] | None = None,
        innovations: Mapping[str, NDArray[np.float64]] | None = None,
        numbers: Mapping[str, float] | None = None,
        schedules: Mapping[str, list[float]] | None = None,
        windows: Mapping[str, tuple[int, int, str]] | None = None,
    ) -> Simulated:
        lanes = LANES
        wanted = {cell.name for cell in model.period} if kept is None else kept
        written = source.write(model, wanted, lanes, periods)
        layout = written.layout
        module = kernel.load(kernel.join([elementary, written.text, ENTRY]))
        made = Simulated(
            model, layout, module, dict(drivers), dict(innovations or {}), dict(numbers or {}), dict(schedules or {}),
            dict(windows or {}), periods,
        )  # fmt: skip
        buffer = np.full((layout.rows, lanes), np.nan)  # what is read before it is written shows
        for name, row in layout.drivers.items():
            buffer[row] = drivers[name]
        for name, row in layout.innovations.items():
            buffer[row : row + periods] = made.innovations[name]
        for name, row in layout.numbers.items():
            buffer[row] = made.numbers[name]
        spans = []
        for name, row in layout.windows.items():
            first, last, how = made.windows[name]
            buffer[row] = 0.0
            spans.append([layout.cells[model.windows[name]], row, last if how == "last" else first, last])
            assert how != "mean"  # the caller divides; tested where the caller is
        table = np.array([made.schedules[name] for name in layout.schedules]).reshape(-1, periods)
        made.buffer = buffer.reshape(-1)
        with np.errstate(all="ignore"):  # matters only without compiling (NUMBA_DISABLE_JIT=1)
            module.simulate(made.buffer, table, periods, np.array(spans, np.int64).reshape(-1, 4))
        return made

    return run
