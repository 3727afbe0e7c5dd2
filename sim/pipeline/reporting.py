"""`sim report`: what goes on the table, made from a stored run by one printer for each kind of file."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import InputError, Problem, SimError, StorageError, did_you_mean
from sim.pipeline.stored import RESULTS

if TYPE_CHECKING:
    from sim.report.excel.case import Assumption, Case, Subject
    from sim.report.pack import Pack
    from sim.run.result import Run


@dataclass(frozen=True)
class Order:
    """What is wanted of a stored run: files go into ``folder``; ``path`` None is the central case."""

    run: Run
    folder: Path
    path: int | None = None
    _made: dict[str, Pack] = field(default_factory=dict)

    def pack(self) -> Pack:
        """The pages, made once for all printers."""
        if "pack" not in self._made:
            self._made["pack"] = _pages(self)
        return self._made["pack"]


@dataclass(frozen=True)
class Printed:
    """What `sim report` wrote."""

    run: Run
    files: tuple[Path, ...]
    refused: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        files = [str(file) for file in self.files]
        return {"run": self.run.manifest["run"], "files": files, "refused": list(self.refused)}


Printer = Callable[[Order], list[Path]]


def _workbook(order: Order) -> list[Path]:
    """``pack/model.xlsx``, or ``pack/model-path-N.xlsx`` for one path."""
    from sim.report import workbook

    name = "model.xlsx" if order.path is None else f"model-path-{order.path}.xlsx"
    subject, case = facts_of(order.run), case_of(order.run, order.path)
    workbook.write(subject, case, order.folder / name)
    return [order.folder / name]


def _pages(order: Order) -> Pack:
    from sim.pipeline import packing
    from sim.report import story

    return story.write(packing.material(order.run))


def _page(order: Order) -> list[Path]:
    """``pack/report.html``: one file that needs nothing else."""
    from sim.report import html

    return _printed(html.write, order, "report.html")


def _document(order: Order) -> list[Path]:
    """``pack/report.pdf``: A4, one page a section."""
    from sim.report import pdf

    return _printed(pdf.write, order, "report.pdf")


def _slides(order: Order) -> list[Path]:
    """``pack/deck.pptx``: one message a slide."""
    from sim.report import deck

    return _printed(deck.write, order, "deck.pptx")


def _printed(write: Callable[[Pack, Path], None], order: Order, name: str) -> list[Path]:
    order.folder.mkdir(parents=True, exist_ok=True)
    write(order.pack(), order.folder / name)
    return [order.folder / name]


def _figures(order: Order) -> list[Path]:
    """Every figure of the pack as SVG, PNG and CSV."""
    from sim.report import style

    return [file for drawing in order.pack().pictures for file in style.save(drawing, order.folder)]


# Kind of file -> its printer. A new kind is one line here.
PRINTERS: dict[str, Printer] = {
    "figures": _figures,
    "html": _page,
    "pdf": _document,
    "pptx": _slides,
    "xlsx": _workbook,
}


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
    return print_run(run, kinds, path)


def print_run(
    run: Run, kinds: Sequence[str] = (), path: int | None = None, tell: Callable[[str], None] = lambda what: None
) -> Printed:
    """Print an opened run. A kind that cannot be printed does not keep the others back: it is said why."""
    order = Order(run, run.directory / "pack", path)
    files: list[Path] = []
    refused: list[str] = []
    for kind in kinds or tuple(PRINTERS):
        tell(kind)
        try:
            files += PRINTERS[kind](order)
        except SimError as error:
            if len(kinds) == 1:
                raise
            refused.append(f"{kind}: {error}")
    return Printed(run, tuple(files), tuple(refused))


def facts_of(run: Run) -> Subject:
    """The study and the model of a stored run, from its own folder."""
    import json

    from sim.config.columns import expand
    from sim.pipeline import packing
    from sim.report.excel.case import Subject
    from sim.run import store

    folder = run.directory / "run"
    study = packing.study_of(run)
    try:
        text = (folder / "model.json").read_text(encoding="utf-8")
        if store.digest(text) != run.manifest["hashes"]["model"]:
            raise StorageError(f"{folder / 'model.json'} was changed since the run; repeat the run")
        graph = json.loads(text)
        assumptions = _assumptions(folder / "drivers.csv")
    except (OSError, ValueError) as error:
        raise StorageError(f"{folder} cannot be read ({error}); repeat the run") from error
    return Subject(run, study, graph, expand(study), assumptions)


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
    from sim.run import rows, store

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
    innovations = {name: tuple(map(float, row)) for name, row in simulator.innovations(path).items()}
    outputs = {name: _finite(value) for name, value in zip(setup.outputs, chunk.outputs[:, 0], strict=True)}
    return Case(path, drivers, innovations, outputs)


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
