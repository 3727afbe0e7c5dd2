"""Set-up of a run: everything besides the kernel text that decides the value of every path, as plain arrays.

A run stores its set-up, so that `sim verify`, `value` and other machines repeat it without reading the study again
and without SciPy, whose last bit depends on the CPU.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import elementary, kernel
from sim.cells.bound import Graph
from sim.cells.source import BLOCK_SECTION, CELLS, write
from sim.config.columns import Column
from sim.config.schema import Study
from sim.periods import Timeline
from sim.run import collect
from sim.run.collect import Interval
from sim.sampling import draw, normal, philox, points, quantile
from sim.sampling.plan import Plan

# How stored kernels are called: raised whenever the arguments of an entry point change, or the header under which
# `kernel.excerpt` compiles them.
KERNEL_VERSION = 2


@dataclass(frozen=True)
class Setup:
    """A run's kernel text, its arrays and what the columns mean.

    ``arrays`` holds the plan of sampling (names beginning with ``plan.``) and the tables of `sim.run.blocks`.
    ``outputs`` are the output columns in order, ``series`` the period cells of which quarterly paths can be asked.
    ``units`` and ``labels`` are keyed by driver, output column and series cell.
    """

    text: str
    arrays: Mapping[str, NDArray[Any]]
    outputs: tuple[str, ...]
    series: tuple[str, ...]
    periods: int
    period_names: tuple[str, ...]
    rows: int
    first_innovation_row: int
    units: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def plan(self) -> Plan:
        return Plan.from_arrays({k.removeprefix("plan."): v for k, v in self.arrays.items() if k.startswith("plan.")})

    @property
    def kernel_name(self) -> str:
        return kernel.name_of(self.text)

    @property
    def cells_text(self) -> str:
        """The part of the text that depends on the model, to be compiled by itself."""
        return kernel.excerpt(self.text, lambda name: name in (elementary.__name__, BLOCK_SECTION, CELLS))

    @property
    def drawing_text(self) -> str:
        """The part that draws, compiled once for all models."""
        counting = {module.__name__ for module in _blocks()}
        return kernel.excerpt(self.text, lambda name: name not in {CELLS, *counting})

    @property
    def engine_text(self) -> str:
        """The loop over blocks and the counting, compiled once for all models."""
        own = {module.__name__ for module in (elementary, *_blocks())}
        return kernel.excerpt(self.text, lambda name: name in {BLOCK_SECTION, *own})

    @property
    def digest(self) -> str:
        """SHA-256 over every array (name, type, shape, bytes), in name order."""
        total = hashlib.sha256()
        for name in sorted(self.arrays):
            array = np.ascontiguousarray(self.arrays[name])
            total.update(f"{name} {array.dtype.str} {array.shape} ".encode())
            total.update(array.tobytes())
        return total.hexdigest()

    def facts(self) -> dict[str, Any]:
        """What is not an array, for ``manifest.json``."""
        return {
            "outputs": list(self.outputs),
            "series": list(self.series),
            "periods": self.periods,
            "period_names": list(self.period_names),
            "rows": self.rows,
            "first_innovation_row": self.first_innovation_row,
            "units": dict(self.units),
            "labels": dict(self.labels),
        }

    def save(self, file: Path) -> None:
        """Write the arrays as ``setup.npz`` with fixed time stamps, so that equal set-ups are equal files."""
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in sorted(self.arrays):
                memory = io.BytesIO()
                np.lib.format.write_array(memory, np.asarray(self.arrays[name]), allow_pickle=False)
                archive.writestr(zipfile.ZipInfo(f"{name}.npy"), memory.getvalue())

    @staticmethod
    def load(text: str, file: Path, facts: Mapping[str, Any]) -> Setup:
        """The inverse of `save` and `facts`."""
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        return Setup(
            text=text,
            arrays=arrays,
            outputs=tuple(facts["outputs"]),
            series=tuple(facts["series"]),
            periods=facts["periods"],
            period_names=tuple(facts["period_names"]),
            rows=facts["rows"],
            first_innovation_row=facts["first_innovation_row"],
            units=facts["units"],
            labels=facts["labels"],
        )


def make(
    study: Study,
    graph: Graph,
    columns: Sequence[Column],
    plan: Plan,
    *,
    block: int = kernel.BLOCK,
    every_cell: bool = False,
) -> Setup:
    """Join study, cells and plan of sampling into a set-up.

    ``every_cell`` keeps a row for every period cell, so that each can be asked for as a series (the oracle's test and
    `sim show` do); the values of the outputs are the same.
    """
    timeline: Timeline = study.calendar
    period_cells = {cell.name for cell in graph.period}
    series = sorted(period_cells) if every_cell else sorted({c.cell for c in columns if c.cell in period_cells})
    intervals = [*_windows(study, timeline), *_columns(columns, period_cells)]
    totals = collect.assign(intervals)
    kept = {*series, *(interval.cell for interval in intervals if not interval.runs)}
    written = write(graph, kept, block, timeline.periods, totals.cells)
    layout = written.layout
    still = [(number, c.cell) for number, c in enumerate(columns) if c.cell not in period_cells]

    numbers = {name: opening.value for name, opening in study.openings.items() if opening.value is not None}
    arrays: dict[str, NDArray[Any]] = {f"plan.{name}": array for name, array in plan.arrays.items()}
    arrays |= {
        "block": np.array(block, np.int64),
        "number_rows": np.array([layout.numbers[name] for name in sorted(layout.numbers)], np.int64),
        "numbers": np.array([numbers[name] for name in sorted(layout.numbers)], np.float64),
        "schedules": _schedules(study, timeline, graph),
        "series_rows": np.array([layout.cells[name] for name in series], np.int64),
    }
    arrays |= collect.tables(intervals, still, totals, layout)
    cell_units = {cell.name: cell.unit for cell in (*graph.opening, *graph.period, *graph.horizon)}
    units = {name: driver.unit for name, driver in study.drivers.items()}
    units |= {c.name: cell_units[c.cell] for c in columns} | {name: cell_units[name] for name in series}
    labels = {name: driver.label or name for name, driver in study.drivers.items()}
    labels |= {c.name: c.label for c in columns}
    return Setup(
        text=kernel.join([*kernel_modules(), written.text, *_blocks()]),
        arrays=arrays,
        outputs=tuple(c.name for c in columns),
        series=tuple(series),
        periods=timeline.periods,
        period_names=tuple(timeline.name(t) for t in range(1, timeline.periods + 1)),
        rows=layout.rows,
        first_innovation_row=len(plan.drivers),
        units=units,
        labels=labels,
    )


def _windows(study: Study, timeline: Timeline) -> list[Interval]:
    found = []
    for name, window in sorted(study.windows.items()):  # in name order: reordering the file changes nothing
        first, last = timeline.index(window.from_), timeline.index(window.to)
        divisor = float(last - first + 1) if window.how == "mean" else 1.0
        found.append(Interval(window.cell, first, last, window.how, divisor=divisor, window=name))
    return found


def _columns(columns: Sequence[Column], period_cells: Collection[str]) -> list[Interval]:
    found = []
    for number, c in enumerate(columns):
        if c.cell not in period_cells:
            continue
        quarters = c.last - c.first + 1 + len(c.reported) + len(c.reported_drivers)
        divisor = float(quarters) if c.how == "mean" else 1.0
        start = float(sum(c.reported))
        found.append(Interval(c.cell, c.first, c.last, c.how, start, tuple(c.reported_drivers), divisor, number))
    return found


def kernel_modules() -> tuple[Any, ...]:
    """The sampling half of a kernel's text, in order of need."""
    return (elementary, philox, points, normal, quantile, draw)


def _blocks() -> tuple[Any, ...]:
    from sim.run import blocks, tally

    return (blocks, tally)


def _schedules(study: Study, timeline: Timeline, graph: Graph) -> NDArray[np.float64]:
    """float64[n_schedules, periods], rows in the order in which the graph names them."""
    table = np.zeros((len(graph.names.schedules), timeline.periods))
    for row, name in enumerate(graph.names.schedules):
        values = study.schedules[name].values
        for t in range(1, timeline.periods + 1):
            table[row, t - 1] = (
                values[t - 1] if isinstance(values, list) else getattr(values, timeline.calendar_quarter(t))
            )
    return table


def as_json(value: object) -> str:
    """The one way in which this room writes JSON: in the order given, no NaN literals, readable."""
    return json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
