"""`sim report`: what goes on the table, made from a stored run by one printer for each kind of file."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import InputError, Problem, StorageError, did_you_mean
from sim.pipeline.stored import RESULTS

if TYPE_CHECKING:
    from sim.report.excel.case import Assumption, Case, Subject
    from sim.run.result import Run


@dataclass(frozen=True)
class Order:
    """What is wanted of a stored run: files go into ``folder``; ``path`` None is the central case."""

    run: Run
    folder: Path
    path: int | None = None


@dataclass(frozen=True)
class Printed:
    """What `sim report` wrote."""

    run: Run
    files: tuple[Path, ...]

    def as_dict(self) -> dict[str, Any]:
        return {"run": self.run.manifest["run"], "files": [str(file) for file in self.files]}


Printer = Callable[[Order], list[Path]]


def _workbook(order: Order) -> list[Path]:
    """``pack/model.xlsx``, or ``pack/model-path-N.xlsx`` for one path."""
    from sim.report import workbook

    name = "model.xlsx" if order.path is None else f"model-path-{order.path}.xlsx"
    subject, case = facts_of(order.run), case_of(order.run, order.path)
    workbook.write(subject, case, order.folder / name)
    return [order.folder / name]


# Kind of file -> its printer. A new kind is one line here.
PRINTERS: dict[str, Printer] = {"xlsx": _workbook}


def report(reference: str, *, only: Sequence[str] = (), path: int | None = None, out: Path = RESULTS) -> Printed:
    """Print a stored run into its ``pack`` folder: all kinds, or ``only`` some. InputError for an unknown kind."""
    from sim.run import store

    kinds = tuple(dict.fromkeys(only)) or tuple(PRINTERS)
    for kind in kinds:
        if kind not in PRINTERS:
            advice = did_you_mean(kind, PRINTERS) or f"there are {', '.join(PRINTERS)}"
            raise InputError(Problem("--only", f'there is no printer "{kind}"', advice))
    run = store.open_run(store.find(reference, out))
    if path is not None and not 0 <= path < run.paths:
        raise InputError(Problem("--path", f"the run has no path {path}", f"it has paths 0 to {run.paths - 1}"))
    order = Order(run, run.directory / "pack", path)
    return Printed(run, tuple(file for kind in kinds for file in PRINTERS[kind](order)))


def facts_of(run: Run) -> Subject:
    """The study and the model of a stored run, from its own folder."""
    import json

    from sim import config
    from sim.config.columns import expand
    from sim.report.excel.case import Subject
    from sim.run import store

    folder = run.directory / "run"
    reading = config.load(folder / "study.resolved.yaml")
    if reading.study is None:
        raise StorageError(f"{folder / 'study.resolved.yaml'} cannot be read ({reading.problems[0]}); repeat the run")
    try:
        text = (folder / "model.json").read_text(encoding="utf-8")
        if store.digest(text) != run.manifest["hashes"]["model"]:
            raise StorageError(f"{folder / 'model.json'} was changed since the run; repeat the run")
        graph = json.loads(text)
        assumptions = _assumptions(folder / "drivers.csv")
    except (OSError, ValueError) as error:
        raise StorageError(f"{folder} cannot be read ({error}); repeat the run") from error
    return Subject(run, reading.study, graph, expand(reading.study), assumptions)


def _assumptions(file: Path) -> Mapping[str, Assumption]:
    from sim.report.excel.case import Assumption

    def number(text: str) -> float | None:
        return float(text) if text else None

    with file.open(encoding="utf-8", newline="") as stream:
        return {
            row["driver"]: Assumption(
                row["marginal"], number(row["p10"]), number(row["p50"]), number(row["p90"]), row["place"]
            )
            for row in csv.DictReader(stream)
        }


def case_of(run: Run, path: int | None) -> Case:
    """The inputs and outputs of the central case or of a path, from the stored set-up."""
    from sim.report.excel.case import Case
    from sim.run import drawn, rows, store

    setup = store.open_setup(run)
    silent = dict.fromkeys(setup.plan.innovations, (0.0,) * setup.periods)
    if path is None and "parent" not in run.manifest:  # the medians and the run's own numbers say it all
        medians = dict(zip(setup.plan.drivers, map(float, setup.plan.medians), strict=True))
        return Case(None, medians, silent, run.summary["central"])
    simulator = rows.simulator_of(run, setup)
    if path is None:
        medians = dict(rows.inputs_of(run, simulator).medians)
        found = simulator.value(np.zeros(1, np.int64), medians, "zero", threads=1)
        return Case(None, medians, silent, {name: _finite(column[0]) for name, column in found.items()})
    chunk = simulator.chunk(path, 1)
    drivers = dict(zip(setup.plan.drivers, map(float, chunk.drivers[:, 0]), strict=True))
    innovations = {name: tuple(map(float, row)) for name, row in drawn.innovations(simulator, path).items()}
    outputs = {name: _finite(value) for name, value in zip(setup.outputs, chunk.outputs[:, 0], strict=True)}
    return Case(path, drivers, innovations, outputs)


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
