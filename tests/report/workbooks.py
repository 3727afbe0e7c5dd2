"""Workbooks of real runs, and what plain Python says must stand in them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from xlsxwriter.utility import xl_rowcol_to_cell

from sim import pipeline
from sim.cells.bound import Graph
from sim.cells.evaluate import evaluate
from sim.pipeline import reporting, running
from sim.report import workbook
from sim.report.excel.case import Assumption, Case, Subject
from sim.report.excel.model import Key, Net
from sim.run.columns import SampleColumns
from sim.run.result import Run
from tests.report.recalculation import Sheets, Value, Where, differs, read, references


@dataclass(frozen=True)
class Written:
    """A workbook on disk with what it was made of."""

    file: Path
    subject: Subject
    case: Case
    net: Net
    book: Sheets

    def where(self, key: Key) -> Where:
        place = self.net.places[key]
        return place.sheet, xl_rowcol_to_cell(place.row, place.column)


def run_of(study: Path, out: Path, paths: int = 1000, sets: Sequence[str] = ()) -> Run:
    return running.run(study, sets=[f"run.paths={paths}", *sets], out=out, pack=False)


def written(run: Run, folder: Path, path: int | None = None) -> Written:
    subject, case = reporting.facts_of(run), reporting.case_of(run, path)
    file = folder / f"model-{'central' if path is None else path}.xlsx"
    net = workbook.write(subject, case, file)
    return Written(file, subject, case, net, read(file))


def subject_of(study: Path, varying: Sequence[str]) -> Subject:
    """A study as if it had been run: nothing is compiled, and the summary holds only what the sheets need."""
    checked = pipeline.check(study)
    columns = checked.columns
    cells = {cell.name: cell.unit for cell in checked.graph.cells}
    manifest = {
        "run": "20250917T101112Z-1a2b3c4d",
        "created": "2025-09-17T10:11:12+00:00",
        "sim_version": "0.1.0",
        "config": study.name,
        "scenario": None,
        "seed": 3,
        "paths": 4000,
        "drivers": sorted(checked.study.drivers),
        "outputs": [column.name for column in columns],
        "units": {column.name: cells[column.cell] for column in columns},
        "labels": {},
    }
    ranked = [{"driver": name} for name in varying]
    summary = {"outputs": {}, "target": None, "top_drivers": ranked, "warnings": []}
    spread = {name: Assumption("uniform(1.8, 2.2)", 1.8, 2.0, 2.2, f"study.yaml:{k}") for k, name in enumerate(varying)}
    run = Run(study.parent, manifest, SampleColumns({}), summary=summary)
    return Subject(run, checked.study, checked.graph.to_json(), columns, spread)


def from_oracle(
    subject: Subject, drivers: Mapping[str, float], innovations: Mapping[str, Sequence[float]], file: Path
) -> Written:
    """A workbook of given inputs whose outputs come from plain Python."""
    blank = Written(file, subject, Case(None, drivers, innovations, {}), None, {})  # type: ignore[arg-type]
    known, outputs = oracle(blank), {}
    for column in subject.columns:
        if not column.first:
            outputs[column.name] = known["cell", column.cell, 0]
            continue
        parts = [*column.reported, *(drivers[name] for name in column.reported_drivers)]
        parts += [known["cell", column.cell, t] for t in range(column.first, column.last + 1)]
        total = math.fsum(parts)
        outputs[column.name] = {"sum": total, "mean": total / len(parts), "last": parts[-1]}[column.how]
    finite = {name: value if math.isfinite(value) else None for name, value in outputs.items()}
    case = Case(None, drivers, innovations, finite)
    net = workbook.write(subject, case, file)
    return Written(file, subject, case, net, read(file))


def oracle(made: Written, changes: Mapping[Key, float] | None = None) -> dict[Key, float]:
    """Every quantity of the model by `sim.cells.evaluate`, after some inputs were changed."""
    changed = changes or {}
    study, case, graph = made.subject.study, made.case, Graph.from_json(made.subject.graph)
    calendar = study.calendar

    def scalar(kind: str, name: str, value: float) -> float:
        return changed.get((kind, name, 0), value)

    def series(kind: str, name: str, values: Sequence[float]) -> list[float]:
        return [changed.get((kind, name, t), value) for t, value in enumerate(values, start=1)]

    graph = replace(graph, constants={key: scalar("constant", key, value) for key, value in graph.constants.items()})
    numbers = {n: scalar("opening", n, o.value) for n, o in study.openings.items() if o.value is not None}
    trace = evaluate(
        graph,
        {name: scalar("driver", name, value) for name, value in case.drivers.items()},
        numbers,
        {name: series("innovation", name, values) for name, values in case.innovations.items()},
        {name: series("schedule", name, each.series(calendar)) for name, each in study.schedules.items()},
        {name: (calendar.index(w.from_), calendar.index(w.to), w.how) for name, w in study.windows.items()},
        calendar.periods,
    )
    found: dict[Key, float] = {("cell", name, 0): value for name, value in trace.opening.items()}
    for line in graph.carried:
        start = numbers[line.leaf] if line.source is None else trace.opening[line.source]
        found["cell", line.cell, 0] = start
    for t, now in enumerate(trace.periods, start=1):
        found |= {("cell", name, t): value for name, value in now.items()}
    found |= {("window", name, 0): value for name, value in trace.windows.items()}
    return found | {("cell", name, 0): value for name, value in trace.horizon.items()}


def wrong_quantities(made: Written, expected: Mapping[Key, float], found: Mapping[Where, Value]) -> list[str]:
    """Quantities of the model that a recalculated workbook has otherwise than plain Python."""
    faults = []
    for key, value in expected.items():
        sheet, address = made.where(key)
        formula = made.book[sheet, address].formula
        assert formula is not None, f"{sheet}!{address} should be live"
        inputs = [x for each in references(formula, sheet) if isinstance(x := found.get(each), float)]
        target = value if math.isfinite(value) else math.nan
        if differs(found.get((sheet, address)), target, inputs):
            faults.append(f"{key} at {sheet}!{address}: {found.get((sheet, address))!r} is not {value!r} ({formula})")
    return faults


def values(book: Sheets) -> dict[Where, Value]:
    return {where: cell.value for where, cell in book.items()}


def errors(book: Sheets) -> list[Where]:
    return [where for where, cell in book.items() if cell.is_error]


def columns_of(made: Written, found: Mapping[Where, Value]) -> dict[str, Any]:
    """The live output columns of a recalculated workbook, by name."""
    simulation = [where for where in made.book if where[0] == "Simulation"]
    assert simulation
    return {column.name: found["Simulation", f"D{row}"] for row, column in enumerate(made.subject.columns, start=6)}
