"""``model.xlsx``: one path of a run as a live Excel model, its formulas made from the cells of the kernel.

Sheets: README, Inputs, Inputs by quarter, one for each file of the model, SOTP (or Valuation), Sensitivity with its
Workings, Simulation (values), Lines, Sources, Checks. Every formula stands beside the value that it gives, so that
viewers that do not recalculate show the right numbers.
"""

from __future__ import annotations

import math
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from sim.errors import ModelFailure, StorageError
from sim.report.excel import front, registers
from sim.report.excel.blocks import Blocks
from sim.report.excel.book import Book
from sim.report.excel.calendar import Calendar
from sim.report.excel.case import Case, Subject
from sim.report.excel.checks import TOLERANCE, Checks
from sim.report.excel.inputs import Inputs
from sim.report.excel.model import Key, Net
from sim.report.excel.sensitivity import Sensitivity
from sim.report.excel.simulation import Simulation
from sim.report.excel.valuation import Valuation
from sim.report.text import plain


def write(subject: Subject, case: Case, file: Path) -> Net:
    """Write the workbook; gives the net of its quantities with their places and values.

    Equal runs give equal bytes: the date in the file is that of the run. ModelFailure, and no file, if an output is not
    what the simulation engine gives for the same inputs; StorageError if the file cannot be written.
    """
    created = datetime.fromisoformat(subject.run.manifest["created"]).astimezone(UTC).replace(tzinfo=None)
    properties = {"title": plain(subject.study.study, 200), "author": "sim", "comments": plain(case.title, 200)}
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=".workbook-") as folder:
            half = Path(folder) / file.name
            book = Book(half, created, properties)
            net = _fill(book, subject, case)
            _agree(net, subject, case)
            book.close()
            half.replace(file)
    except OSError as error:
        raise StorageError(f"cannot write {file} ({error.strerror or error}); is the run folder writable?") from error
    return net


def _agree(net: Net, subject: Subject, case: Case) -> None:
    """Hold every output against the engine's."""
    for column in subject.columns:
        year: Key = ("year", column.name, 0)
        found = net.values[year] if year in net.values else net.values["cell", column.cell, column.last]
        expected = case.outputs.get(column.name)
        if expected is None:
            right = math.isnan(found)
        else:
            right = abs(found - expected) <= TOLERANCE * (1.0 + abs(expected))
        if not right:
            shown = "no finite value" if expected is None else f"{expected:.12g}"
            why = (
                "; a spreadsheet has no infinity, so a division by zero on the way may be why" if found != found else ""
            )
            raise ModelFailure(f"the workbook would show {found:.12g} for {column.name}, the run has {shown}{why}")


def _fill(book: Book, subject: Subject, case: Case) -> Net:
    study = subject.study
    timeline = study.calendar
    windows = {name: (timeline.index(w.from_), timeline.index(w.to), w.how) for name, w in study.windows.items()}
    years = dict.fromkeys(c.period for c in subject.columns if c.period.startswith("FY"))
    calendar = Calendar(timeline, tuple(years))
    net = Net(subject.graph, windows, timeline.periods)
    sheets = [(book.add("README"), "")]
    inputs = Inputs(book, net, subject, case, calendar)
    sheets.append((inputs.sheet, "Every number that may be changed, with unit, spread, source and grade"))
    if inputs.quarterly:
        sheets.append((inputs.quarterly, "Innovations and schedules, one number a quarter"))
    blocks = Blocks(book, net, subject, calendar)
    sheets += [(sheet, blocks.says(sheet)) for sheet in blocks.sheets]
    valuation = Valuation(book, net, subject)
    sheets.append((valuation.sheet, "The parts, the windows over the quarters and all that follows from them"))
    net.compute()
    blocks.write()
    valuation.write(case)
    sensitivity = Sensitivity(book, net, subject)
    sensitivity.write()
    if sensitivity.sheet:
        sheets.append((sensitivity.sheet, "Two drivers at a time, live"))
        sheets.append((sensitivity.workings, "What stands behind Sensitivity"))
    simulation = Simulation(book, net, subject, case, blocks)
    sheets.append((simulation.sheet, "Every output: live, and its distribution over all paths (values)"))
    sheets.append((registers.lines(book, net, subject), "What each line is, and the text behind its formula"))
    sheets.append((registers.sources(book, subject), "What the numbers rest on"))
    checks = Checks(book, book.add("Checks"))
    sheets.append((checks.sheet, "What must hold; one master cell"))
    checks.gather(net, subject, inputs, blocks, valuation, sensitivity, simulation)
    checks.write(inputs)
    front.readme(book, net, subject, case, checks, sheets)
    for sheet, _ in sheets:
        book.foot(sheet, f"sim, run {subject.run.manifest['run']}")
    return net
