"""One sheet for each of the model's files: its opening cells, its lines by quarter, and their fiscal years."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from sim.config.columns import Column
from sim.report.excel.book import Book, Place, number_form, span
from sim.report.excel.calendar import FIRST_ROW, LABEL, OPENING, PERIOD_ROW, UNIT, Calendar
from sim.report.excel.case import Subject, heading
from sim.report.excel.model import Draft, Key, Net, gathered
from sim.report.excel.terms import Term


def by_file(graph: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    """Opening and period cells by file, files in the order in which the model computes them, cells as written."""
    cells = [*graph["opening"], *graph["period"]]
    ranks: dict[str, list[int]] = {}
    for rank, cell in enumerate(graph["period"]):
        ranks.setdefault(cell["file"], []).append(rank)
    files = dict.fromkeys(cell["file"] for cell in cells)
    # A file without lines by quarter only prepares openings: it comes first.
    ordered = sorted(files, key=lambda f: sum(ranks[f]) / len(ranks[f]) if f in ranks else -1.0)
    return {f: sorted((c for c in cells if c["file"] == f), key=lambda c: c["line"]) for f in ordered}


class Blocks:
    """The sheets by file. ``years`` holds the places of fiscal-year outputs, by output column."""

    def __init__(self, book: Book, net: Net, subject: Subject, calendar: Calendar):
        self.book, self.net, self.subject, self.calendar = book, net, subject, calendar
        self.sheets: list[str] = []
        self.labels: list[tuple[Place, str, str, str]] = []  # place, text, unit, kind
        self.sections: list[tuple[Place, str]] = []
        self.years: dict[str, Place] = {}
        self.last_rows: dict[str, int] = {}
        self.last_columns: dict[str, int] = {}
        yearly = {column.cell for column in subject.columns if column.period in calendar.years}
        for file, cells in by_file(subject.graph).items():
            sheet = book.add(heading(PurePosixPath(file).stem))
            self.sheets.append(sheet)
            self._lay(sheet, cells)
            lines = {cell["name"] for cell in cells if cell["at"] == "period"}
            self.last_columns[sheet] = calendar.last if lines & yearly else calendar.last_quarter if lines else OPENING

    def _lay(self, sheet: str, cells: list[Mapping[str, Any]]) -> None:
        """Give every cell of a file its row, with its helpers under it."""
        net, row = self.net, FIRST_ROW
        for t in range(1, self.calendar.timeline.periods + 1):
            net.put(("time", sheet, t), Place(sheet, PERIOD_ROW, self.calendar.quarter(t)), float(t))
        for at, title in (("opening", "At the opening"), ("period", "By quarter")):
            here = [cell for cell in cells if cell["at"] == at]
            if here:
                self.sections.append((Place(sheet, row, LABEL), title))
                row += 1
            for cell in here:
                name, helpers = cell["name"], net.helpers(cell["name"])
                self.labels.append((Place(sheet, row, LABEL), self.subject.label(name), cell["unit"], "label"))
                for k, label in enumerate(helpers, start=1):
                    self.labels.append((Place(sheet, row + k, LABEL), helper_label(label), "", "helper"))
                if at == "opening":
                    net.put(("cell", name, 0), Place(sheet, row, OPENING), fixed=True)
                    net.helper_places["cell", name, 0] = [
                        Place(sheet, row + 1 + k, OPENING) for k in range(len(helpers))
                    ]
                else:
                    if name in net.carried:
                        net.put(("cell", name, 0), Place(sheet, row, OPENING))
                    for t in range(1, self.calendar.timeline.periods + 1):
                        column = self.calendar.quarter(t)
                        net.put(("cell", name, t), Place(sheet, row, column))
                        net.helper_places["cell", name, t] = [
                            Place(sheet, row + 1 + k, column) for k in range(len(helpers))
                        ]
                row += 1 + len(helpers)
            row += 1
        self.last_rows[sheet] = row - 2

    def says(self, sheet: str) -> str:
        """What a sheet holds, for the list of sheets."""
        last = self.last_columns[sheet]
        if last == OPENING:
            return "Where lines by quarter start from"
        return "Lines by quarter and fiscal year" if last > self.calendar.last_quarter else "Lines by quarter"

    def write(self) -> None:
        """Heads, labels, formulas and fiscal years; after the net was computed."""
        book, net = self.book, self.net
        note = "Formulas made from the model's own text; grey lines are steps within the line above them."
        for sheet in self.sheets:
            self.calendar.head(book, sheet, sheet, note, self.last_columns[sheet])
            book.sheet(sheet).ignore_errors({"formula_differs": "A1:XFD9999", "formula_range": "A1:XFD9999"})
        for place, title in self.sections:
            for column in range(self.last_columns[place.sheet] + 1):
                book.text(place._replace(column=column), title if column == LABEL else "", "section")
        for place, text, unit, kind in self.labels:
            book.text(place, text, kind)
            book.text(place._replace(column=UNIT), unit, "quiet")
        for (name, helper), drafts in net.drafts.items():
            cell = net.cells.get(name)
            if cell is None or cell["at"] == "horizon":
                continue
            form = number_form(cell["unit"] if not helper else "", [term.value for _, term in drafts])
            for place, term in drafts:
                book.formula(place, term, form, "quiet" if helper else "")
        self._write_years()

    def _write_years(self) -> None:
        """Each output by fiscal year, in one form a line."""
        drafts: dict[str, Draft] = {}
        for column in self.subject.columns:
            if column.period in self.calendar.years:
                place = self.net.places["cell", column.cell, column.last]
                place = self.years[column.name] = place._replace(column=self.calendar.year(column.period))
                term = self._year(column, place.sheet)
                self.net.put(("year", column.name, 0), place, term.value)
                drafts.setdefault(column.cell, []).append((place, term))
        for cell, line in drafts.items():
            quarters = [self.net.values["cell", cell, t] for t in range(1, self.net.periods + 1)]
            values = [*quarters, *(term.value for _, term in line)]
            for place, term in line:
                self.book.formula(place, term, number_form(self.net.cells[cell]["unit"], values), "number")

    def _year(self, column: Column, sheet: str) -> Term:
        """The reported quarters before the first, and the year's own."""
        net, timeline = self.net, self.calendar.timeline
        net.seen_from(sheet)
        if column.how == "last":
            return net.term(("cell", column.cell, column.last))
        values, texts = [], []
        for t in timeline.quarters_of(column.period):
            if t < 1:
                figure = self.subject.study.reported[column.cell][timeline.name(t)]
                reported: Key = ("reported", f"{column.cell} {timeline.name(t)}", 0)
                term = net.term(("driver", figure.driver, 0) if figure.driver else reported)
                values.append(term.value)
                texts.append(term.text)
        values += [net.values["cell", column.cell, t] for t in range(column.first, column.last + 1)]
        first, last = (net.places["cell", column.cell, t] for t in (column.first, column.last))
        return gathered(column.how, values, [*texts, span(first, last, sheet)])


def helper_label(label: str) -> str:
    """``revert: long_run`` -> ``revert, long run``."""
    return label.replace(": ", ", ").replace("_", " ")
