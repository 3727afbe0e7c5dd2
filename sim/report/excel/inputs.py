"""Sheets ``Inputs`` and ``Inputs by quarter``: everything that may be typed over, in blue, with unit, source, grade."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import PurePosixPath

from sim.config.schema import Study
from sim.report.excel.book import Book, Place, number_form, span
from sim.report.excel.calendar import FIRST_ROW, LABEL, UNIT, Calendar
from sim.report.excel.case import Case, Subject, heading
from sim.report.excel.model import Key, Net

HEADINGS = (
    "Input", "Value", "As delivered", "Unit", "P10", "Median", "P90", "Distribution", "Grade", "Source", "Note",
    "Set at", "Name in the study",
)  # fmt: skip
WIDTHS = (46, 12, 12, 13, 10, 10, 10, 34, 7, 30, 70, 40, 32)
VALUE, DELIVERED = 1, 2


@dataclass(frozen=True)
class Given:
    """One number of the sheet Inputs; ``more`` are the columns behind the unit."""

    key: Key
    label: str
    value: float
    unit: str
    name: str
    more: tuple[object, ...] = ("", "", "", "", "", "", "", "")


@dataclass(frozen=True)
class Section:
    title: str
    rows: tuple[Given, ...]


class Inputs:
    """Both sheets. `changed` are the ranges to be compared: live and as delivered."""

    def __init__(self, book: Book, net: Net, subject: Subject, case: Case, calendar: Calendar):
        self.sheet = book.add("Inputs")
        self.changed: list[tuple[str, str, str]] = []  # sheet, live range, delivered range
        self._scalars(book, net, sections(subject, case))
        self.quarterly = ""
        if calendar.timeline.periods > 1 or case.innovations or subject.study.schedules:
            self.quarterly = book.add("Inputs by quarter")
            self._series(book, net, subject.study, case, calendar)

    def _scalars(self, book: Book, net: Net, groups: Sequence[Section]) -> None:
        page, sheet = book.sheet(self.sheet), self.sheet
        book.text(Place(sheet, 0, 0), "Inputs", "title")
        note = "Type over the blue numbers in column B: the whole workbook follows. Column C keeps what was delivered."
        book.text(Place(sheet, 1, 0), note, "note")
        for column, (title, width) in enumerate(zip(HEADINGS, WIDTHS, strict=True)):
            kind = "head_right" if column in (1, 2, 4, 5, 6) else "head" if column == 0 else "head_indented"
            book.text(Place(sheet, 3, column), title, kind)
            page.set_column(column, column, width)
        row = 4
        for section in groups:
            for column in range(len(HEADINGS)):
                book.text(Place(sheet, row, column), section.title if column == 0 else "", "section")
            first = row + 1
            for row, given in enumerate(section.rows, start=first):
                self._scalar(book, row, given)
                net.put(given.key, Place(sheet, row, VALUE), given.value, fixed=True)
            ends = [span(Place(sheet, first, c), Place(sheet, row, c), sheet, fixed=True) for c in (VALUE, DELIVERED)]
            self.changed.append((sheet, ends[0], ends[1]))
            row += 1
        page.freeze_panes(4, 2)
        page.repeat_rows(3)
        page.print_area(0, 0, row - 1, HEADINGS.index("Source"))  # notes would shrink a print beyond reading
        page.autofilter(3, 0, row - 1, len(HEADINGS) - 1)

    def _scalar(self, book: Book, row: int, given: Given) -> None:
        form = number_form(given.unit, [given.value])
        book.text(Place(self.sheet, row, 0), given.label, "label")
        book.number(Place(self.sheet, row, VALUE), given.value, form, "input")
        book.number(Place(self.sheet, row, DELIVERED), given.value, form)
        book.text(Place(self.sheet, row, 3), given.unit, "unit")
        for column, item in enumerate(given.more, start=4):
            place = Place(self.sheet, row, column)
            if isinstance(item, float):
                book.number(place, item, form)
            else:
                book.text(place, item, "indented")
        book.text(Place(self.sheet, row, len(HEADINGS) - 1), given.name, "quiet")

    def _series(self, book: Book, net: Net, study: Study, case: Case, calendar: Calendar) -> None:
        sheet = self.quarterly
        note = "Type over the blue numbers; an innovation is a standard normal shock of one quarter (0 is no surprise)."
        calendar.head(book, sheet, "Inputs by quarter", note, calendar.last_quarter)
        rows: list[tuple[str, str, str, str, Sequence[float]]] = []
        for name, schedule in study.schedules.items():
            rows.append(("schedule", name, schedule.label, schedule.unit, schedule.series(calendar.timeline)))
        for name in study.innovations:
            rows.append(("innovation", name, heading(name), "s.d.", case.innovations[name]))
        if not rows:
            return
        first_row, gap = FIRST_ROW, len(rows) + 2
        book.text(Place(sheet, first_row + gap - 1, LABEL), "As delivered", "section")
        for row, (kind, name, label, unit, values) in enumerate(rows, start=first_row):
            whole = all(float(value).is_integer() for value in values) and kind == "schedule"
            form = "0" if whole else "0.000;-0.000;0"
            for shift in (0, gap):
                book.text(Place(sheet, row + shift, LABEL), label, "label" if not shift else "quiet")
                book.text(Place(sheet, row + shift, UNIT), unit, "quiet")
            for t, value in enumerate(values, start=1):
                place = Place(sheet, row, calendar.quarter(t))
                book.number(place, value, form, "input")
                book.number(Place(sheet, row + gap, calendar.quarter(t)), value, form)
                net.put((kind, name, t), place, value)
        ends = [
            span(
                Place(sheet, first, calendar.quarter(1)),
                Place(sheet, first + len(rows) - 1, calendar.last_quarter),
                sheet,
                fixed=True,
            )
            for first in (first_row, first_row + gap)
        ]
        self.changed.append((sheet, ends[0], ends[1]))


def sections(subject: Subject, case: Case) -> list[Section]:
    """What stands on the sheet Inputs: target, drivers by file, openings, constants, reported quarters."""
    study, found = subject.study, []
    goal = study.target
    if goal is not None:
        marks = (("Target under test", goal.at_least), ("Target before", goal.previous), ("Price", goal.price))
        source = ("", "", "", "", "", goal.source, "", "")
        unit = subject.run.unit(goal.output)
        found.append(
            Section("Target", tuple(Given(("target", words, 0), words, value, unit, "target", source)
                                    for words, value in marks if value is not None))
        )  # fmt: skip

    def file(name: str) -> str:
        place = subject.assumptions[name].place if name in subject.assumptions else ""
        return PurePosixPath(place.rpartition(":")[0]).stem

    for stem, names in groupby(study.drivers, key=file):
        title = f"Drivers: {heading(stem).lower()}" if stem else "Drivers"
        found.append(Section(title, tuple(_driver(subject, case, name) for name in names)))
    openings = [
        Given(("opening", name, 0), f"{heading(name)}, opening", opening.value, opening.unit or "", name,
              ("", "", "", "", opening.grade or "", opening.source, opening.note or "", ""))
        for name, opening in study.openings.items() if opening.value is not None
    ]  # fmt: skip
    constants = [
        Given(("constant", key, 0), heading(key.rpartition(".")[2].lower()), value, "", key,
              ("", "", "", "", "", "text of the model", "", ""))
        for key, value in subject.graph["constants"].items()
    ]  # fmt: skip
    reported = [
        Given(("reported", f"{cell} {quarter}", 0), f"{subject.label(cell)}, {quarter}", figure.value, figure.unit,
              f"{cell} {quarter}", ("", "", "", "", "", figure.source, "", ""))
        for cell, quarters in study.reported.items()
        for quarter, figure in quarters.items() if figure.value is not None
    ]  # fmt: skip
    found.append(Section("Openings of carried lines", tuple(openings)))
    found.append(Section("Constants of the model", tuple(constants)))
    found.append(Section("Reported quarters before the first one", tuple(reported)))
    return [section for section in found if section.rows]


def _driver(subject: Subject, case: Case, name: str) -> Given:
    driver, known = subject.study.drivers[name], subject.assumptions.get(name)
    spread: tuple[object, ...] = ("", "", "", "")
    place = ""
    if known is not None:
        place = known.place
        varies = known.p10 is not None and known.p90 is not None and known.p10 != known.p90
        spread = (known.p10 if varies else "", known.p50 if varies else "", known.p90 if varies else "", known.marginal)
    more = (*spread, driver.grade or "", driver.source, driver.note or "", place)
    return Given(("driver", name, 0), driver.label or heading(name), case.drivers[name], driver.unit, name, more)
