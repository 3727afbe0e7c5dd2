"""The sheet of the horizon: windows over the quarters, the cells after the last one, and the sum of the parts."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from sim.report import numbers
from sim.report.excel.blocks import by_file, helper_label
from sim.report.excel.book import Book, Place, number_form, span
from sim.report.excel.case import Case, Subject, heading
from sim.report.excel.model import Key, Net
from sim.report.excel.terms import Term, divide, subtract

LABEL, VALUE, UNIT, DOC = 0, 1, 2, 3
HEAD_ROW = 4


class Valuation:
    """The sheet ``SOTP``, or ``Valuation`` where the target's output is no sum. ``parts`` are what it is the sum of."""

    def __init__(self, book: Book, net: Net, subject: Subject):
        self.book, self.net, self.subject = book, net, subject
        goal = subject.study.target
        self.total: Key | None = None
        self.parts: list[Key] = []
        if goal is not None and net.cells.get(goal.output, {}).get("at") == "horizon":
            self.total = ("cell", goal.output, 0)
            self.parts = parts(subject.graph, net, goal.output)
        self.is_sum = len(self.parts) > 1
        self.sheet = book.add("SOTP" if self.is_sum else "Valuation")
        self.sum_place = Place(self.sheet, 0, 0)
        self.titles: list[tuple[int, str]] = []
        self.labels: list[tuple[int, str, str, str, str]] = []  # row, text, unit, what it is, kind
        self.last_row = self._lay(HEAD_ROW + (len(self.parts) + 5 if self.is_sum else 0))

    def _lay(self, row: int) -> int:
        net = self.net
        if net.graph["windows"]:
            self.titles.append((row, "Windows over the quarters"))
            row += 1
        for name, target in net.graph["windows"].items():
            first, last, how = net.windows[name]
            calendar = self.subject.study.calendar
            when = " to ".join(dict.fromkeys(numbers.period(calendar.name(t)) for t in (first, last)))
            words = {"sum": "sum of", "mean": "mean of", "last": "value of"}[how]
            doc = f"{words} {heading(target)}, {when}"
            net.put(("window", name, 0), Place(self.sheet, row, VALUE), fixed=True)
            self.labels.append((row, heading(name), net.cells[target]["unit"], doc, "label"))
            row += 1
        horizon = net.graph["horizon"]
        files = [*by_file(net.graph), *(cell["file"] for cell in horizon)]
        for file in (f for f in dict.fromkeys(files) if any(cell["file"] == f for cell in horizon)):
            row += 1
            self.titles.append((row, f"After the last quarter: {heading(PurePosixPath(file).stem).lower()}"))
            row += 1
            for cell in sorted((c for c in horizon if c["file"] == file), key=lambda c: int(c["line"])):
                name, helpers = cell["name"], net.helpers(cell["name"])
                net.put(("cell", name, 0), Place(self.sheet, row, VALUE), fixed=True)
                self.labels.append((row, self.subject.label(name), cell["unit"], first_sentence(cell["doc"]), "label"))
                places = [Place(self.sheet, row + 1 + k, VALUE) for k in range(len(helpers))]
                net.helper_places["cell", name, 0] = places
                for place, label in zip(places, helpers, strict=True):
                    self.labels.append((place.row, helper_label(label), "", "", "helper"))
                row += 1 + len(helpers)
        return row

    def write(self, case: Case) -> None:
        book, net, sheet = self.book, self.net, self.sheet
        page = book.sheet(sheet)
        title = "Sum of the parts" if self.is_sum else "Valuation"
        book.text(Place(sheet, 0, 0), title, "title")
        book.text(Place(sheet, 1, 0), case.title, "note")
        for column, width in enumerate((46, 14, 14, 92)):
            page.set_column(column, column, width)
        if self.is_sum:
            page.set_column(DOC, DOC + 2, 14)
            page.set_column(DOC + 3, DOC + 3, 40)
            self._write_parts()
        for row, words in self.titles:
            for column in range(DOC + 4 if self.is_sum else DOC + 1):
                book.text(Place(sheet, row, column), words if column == 0 else "", "section")
        for row, text, unit, doc, kind in self.labels:
            book.text(Place(sheet, row, LABEL), text, kind)
            book.text(Place(sheet, row, UNIT), unit, "unit")
            book.text(Place(sheet, row, DOC), doc, "quiet")
        for (name, helper), drafts in net.drafts.items():
            window = name.startswith("window ") and name not in net.cells
            cell = net.cells[net.graph["windows"][name.removeprefix("window ")]] if window else net.cells[name]
            if not window and cell["at"] != "horizon":
                continue
            form = number_form(cell["unit"] if not helper else "", [term.value for _, term in drafts])
            for place, term in drafts:
                book.formula(place, term, form, "quiet" if helper else "")
        page.freeze_panes(HEAD_ROW, VALUE)

    def _write_parts(self) -> None:
        """The parts, their total, and what the target asks for; the spread of each part from the simulation."""
        book, net, sheet = self.book, self.net, self.sheet
        goal, summary = self.subject.study.target, self.subject.run.summary
        assert goal is not None
        assert self.total is not None
        unit = self.subject.run.unit(goal.output)
        heads = ("Part", "Live", "Share", "P10", "P50", "P90", "P10 to P90: values of the simulation, not live")
        for column, words in enumerate(heads):
            kind = {0: "head", 6: "head_indented"}.get(column, "head_right")
            book.text(Place(sheet, 3, column), words, kind)
        first, last = HEAD_ROW, HEAD_ROW + len(self.parts) - 1
        self.sum_place = Place(sheet, last + 1, VALUE)
        net.seen_from(sheet)
        values = [net.values[key] for key in self.parts]
        area = span(Place(sheet, first, VALUE), Place(sheet, last, VALUE), sheet)
        total = Term(f"SUM({area})", sum(values))
        form = '#,##0.00_);(#,##0.00);"-"_)'
        rows = [(key[1], net.term(key), "label") for key in self.parts]
        rows.append((goal.output, total, "total"))
        whole = Term(f"${'B'}${self.sum_place.row + 1}", total.value, simple=True)
        for row, (name, term, kind) in enumerate(rows, start=first):
            label = self.subject.label(name) + (f", {unit}" if kind == "total" else "")
            book.text(Place(sheet, row, LABEL), label, kind)
            book.formula(Place(sheet, row, VALUE), term, form, "total" if kind == "total" else "")
            own = Term(f"B{row + 1}", term.value, simple=True)
            book.formula(Place(sheet, row, UNIT), divide(own, whole), "0.0%", "total" if kind == "total" else "")
            spread = summary["outputs"].get(name, {}).get("percentiles") or {}
            for column, percentile in enumerate(("10", "50", "90"), start=3):
                if percentile in spread:
                    book.number(Place(sheet, row, column), spread[percentile], form)
        target = net.term(("target", "Target under test", 0))
        book.text(Place(sheet, last + 2, LABEL), "Target under test")
        book.formula(Place(sheet, last + 2, VALUE), target, form)
        book.text(Place(sheet, last + 3, LABEL), "Value less target")
        book.formula(Place(sheet, last + 3, VALUE), subtract(whole, Term(f"B{last + 3}", target.value)), form)


def first_sentence(doc: str) -> str:
    """The docstring's first line without its unit."""
    return str(doc).strip().split("\n")[0].rpartition(" [")[0] or str(doc).strip().split("\n")[0]


def parts(graph: Mapping[str, Any], net: Net, name: str) -> list[Key]:
    """The quantities that a horizon cell is the plain sum of, taken apart as far as they are sums; itself otherwise."""
    cell = net.cells[name]
    if cell["at"] != "horizon":
        return [("cell", name, net.periods if cell["at"] == "period" else 0)]
    definition = ast.parse(graph["functions"][cell["function"]]["text"]).body[0]
    assert isinstance(definition, ast.FunctionDef)
    local: dict[str, ast.expr] = {}
    targets = {argument["parameter"]: argument for argument in cell["arguments"]}
    found: list[Key] = []

    def summed(node: ast.expr) -> bool:
        match node:
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return summed(left) and summed(right)
            case ast.Name(id=word) if word in local:
                return summed(local[word])
            case ast.Call(func=ast.Name(id="sum"), args=[ast.Name(id=word)]) | ast.Name(id=word) if word in targets:
                argument = targets[word]
                kind = argument["of"] or argument["kind"]
                if kind not in ("cell", "driver", "window"):
                    return False
                for target in argument["targets"]:
                    found.extend(parts(graph, net, target) if kind == "cell" else [(kind, target, 0)])
                return True
        return False

    for statement in definition.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            local[statement.targets[0].id] = statement.value
        elif isinstance(statement, ast.Return) and statement.value is not None and summed(statement.value):
            return found
    return [("cell", name, 0)]
