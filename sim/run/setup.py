"""Set-up of a run: everything besides the kernel text that decides the value of every path, as plain arrays.

A run stores its set-up, so that `sim verify`, `value` and other machines repeat it without reading the study again
and without SciPy, whose last bit depends on the CPU.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import kernel
from sim.cells.bound import Graph
from sim.cells.source import write
from sim.config.columns import Column
from sim.config.schema import Study
from sim.periods import Timeline
from sim.sampling import draw, normal, philox
from sim.sampling.plan import Plan

HOW = {"sum": 0, "mean": 1, "last": 2}


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
    windowed = {window.cell for window in study.windows.values()}
    written = write(graph, set(series) | windowed, block, timeline.periods)
    layout = written.layout

    collected: list[list[int]] = []
    starts: list[float] = []
    divisors: list[float] = []
    for name in layout.windows:
        window = study.windows[name]
        first, last = timeline.index(window.from_), timeline.index(window.to)
        collected.append([layout.cells[window.cell], layout.windows[name], first, last, HOW[window.how]])
        starts.append(0.0)
        divisors.append(float(last - first + 1) if window.how == "mean" else 1.0)
    joined: list[tuple[int, int]] = []
    next_row = layout.rows
    output_rows: list[int] = []
    for column in columns:
        if column.cell not in period_cells:
            output_rows.append(layout.cells[column.cell])
            continue
        collected.append([layout.cells[column.cell], next_row, column.first, column.last, HOW[column.how]])
        starts.append(float(sum(column.reported)))
        joined += [(layout.drivers[name], next_row) for name in column.reported_drivers]
        quarters = column.last - column.first + 1 + len(column.reported) + len(column.reported_drivers)
        divisors.append(float(quarters) if column.how == "mean" else 1.0)
        output_rows.append(next_row)
        next_row += 1

    numbers = {name: opening.value for name, opening in study.openings.items() if opening.value is not None}
    arrays: dict[str, NDArray[Any]] = {f"plan.{name}": array for name, array in plan.arrays.items()}
    arrays |= {
        "block": np.array(block, np.int64),
        "number_rows": np.array([layout.numbers[name] for name in sorted(layout.numbers)], np.int64),
        "numbers": np.array([numbers[name] for name in sorted(layout.numbers)], np.float64),
        "schedules": _schedules(study, timeline, graph),
        "collected": np.array(collected, np.int64).reshape(-1, 5),
        "joined": np.array(joined, np.int64).reshape(-1, 2),
        "starts": np.array(starts, np.float64),
        "divisors": np.array(divisors, np.float64),
        "output_rows": np.array(output_rows, np.int64),
        "series_rows": np.array([layout.cells[name] for name in series], np.int64),
    }
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
        rows=next_row,
        first_innovation_row=len(plan.drivers),
        units=units,
        labels=labels,
    )


def kernel_modules() -> tuple[Any, ...]:
    """The sampling half of a kernel's text, in order of need."""
    from sim import elementary

    return (elementary, philox, normal, draw)


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
