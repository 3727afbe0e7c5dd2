"""Sheet ``Simulation``: the outputs of this case beside their distributions, which are values and say so."""

from __future__ import annotations

from typing import Any

from sim.report import numbers
from sim.report.excel.blocks import Blocks
from sim.report.excel.book import Book, Place, number_form
from sim.report.excel.case import Case, Subject
from sim.report.excel.model import Key, Net

PERCENTILES = ("1", "5", "10", "25", "50", "75", "90", "95", "99")
LIVE, ENGINE, MEAN, ERROR, FIRST_PERCENTILE = 3, 4, 5, 6, 7
HEAD = 4


class Simulation:
    """Every output: live, what the engine gave for the same inputs, and its distribution over all paths, as values."""

    def __init__(self, book: Book, net: Net, subject: Subject, case: Case, blocks: Blocks):
        self.sheet = book.add("Simulation")
        self.first, self.last = HEAD + 1, HEAD + len(subject.columns)
        self._head(book, subject, case)
        net.seen_from(self.sheet)
        for row, column in enumerate(subject.columns, start=self.first):
            unit = subject.run.unit(column.name)
            key: Key = ("cell", column.cell, 0 if not column.first else column.last)
            if column.name in blocks.years:
                key = ("year", column.name, 0)
            term = net.term(key)
            leaf = _leaf(subject, column.name, column.cell, column.period)
            spread = leaf.get("percentiles") or {}
            form = number_form(unit, [term.value, *(spread[each] for each in PERCENTILES if spread.get(each))])
            book.text(Place(self.sheet, row, 0), column.label, "label")
            book.text(Place(self.sheet, row, 1), numbers.period(column.period), "quiet")
            book.text(Place(self.sheet, row, 2), unit, "quiet")
            book.formula(Place(self.sheet, row, LIVE), term, form)
            book.number(Place(self.sheet, row, ENGINE), case.outputs.get(column.name), form)
            self._spread(book, row, leaf, form)

    def _head(self, book: Book, subject: Subject, case: Case) -> None:
        run, page = subject.run, book.sheet(self.sheet)
        book.text(Place(self.sheet, 0, 0), "Simulation", "title")
        text = f"Grey columns are VALUES from run {run.manifest['run']}: {numbers.paths(run.paths)}, seed "
        book.text(Place(self.sheet, 1, 0), f"{text}{run.manifest['seed']}. They do not follow the inputs.", "note")
        book.text(Place(self.sheet, 2, 0), f"Live and engine: {case.title[:1].lower()}{case.title[1:]}.", "note")
        heads = ["Output", "Period", "Unit", "Live", "Engine", "Mean", "Std. error", *(f"P{p}" for p in PERCENTILES)]
        for column, words in enumerate(heads):
            book.text(Place(self.sheet, HEAD, column), words, "head" if column < LIVE else "head_right")
        page.set_column(0, 0, 46)
        page.set_column(1, 1, 9)
        page.set_column(2, 2, 15)
        page.set_column(3, len(heads) - 1, 10)
        page.freeze_panes(HEAD + 1, 1)
        page.repeat_rows(HEAD)

    def _spread(self, book: Book, row: int, leaf: dict[str, Any], form: str) -> None:
        values = [leaf.get("mean"), leaf.get("standard_error")]
        values += [(leaf.get("percentiles") or {}).get(each) for each in PERCENTILES]
        for column, value in enumerate(values, start=MEAN):
            chosen = number_form("", [value]) if column == ERROR and value else form
            book.number(Place(self.sheet, row, column), value, chosen)


def _leaf(subject: Subject, name: str, cell: str, period: str) -> dict[str, Any]:
    outputs = subject.run.summary["outputs"]
    found = outputs.get(cell, {}).get(period, {}) if period else outputs.get(name, {})
    return dict(found)
