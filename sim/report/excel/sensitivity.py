"""Sheet ``Sensitivity``: the target's output over two drivers at a time, in plain formulas that follow the inputs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from sim.report.excel.book import Book, Place, address, number_form, span
from sim.report.excel.case import Subject
from sim.report.excel.model import Find, Key, Net
from sim.report.excel.replicas import Reaches, Replicas
from sim.report.excel.terms import Term, add, subtract

STEPS = 3  # to either side of the input
MOST = 2_500  # formulas behind one grid; beyond it the workbook would be all workings
EXPECTED = (("wacc", "terminal_growth"),)  # pairs that a committee looks for, where a study has them
GRIDS = 2
_SIZE = 2 * STEPS + 1
_NICE = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Grid:
    """Two drivers and the steps between their values; where the table's middle stands, for the checks."""

    down: str
    across: str
    steps: tuple[float, float]
    middle: Place


class Sensitivity:
    """The grids, and the sheet of workings behind them. Nothing for a study without target or drivers that vary."""

    def __init__(self, book: Book, net: Net, subject: Subject):
        self.book, self.net, self.subject = book, net, subject
        self.grids: list[Grid] = []
        goal = subject.study.target
        self.output = goal.output if goal is not None else ""
        self.sheet = self.workings = ""
        if net.cells.get(self.output, {}).get("at") != "horizon":
            return
        self.reaches = Reaches(net.graph, self.output)
        self.pairs = self._pairs()
        if self.pairs:
            self.sheet = book.add("Sensitivity")
            self.workings = book.add("Workings")

    def _pairs(self) -> list[tuple[str, str]]:
        """The pairs that are expected, then the strongest drivers, as far as the workings stay small."""
        ranked = [str(each["driver"]) for each in self.subject.run.summary.get("top_drivers", ())]
        wished = [*EXPECTED, *((a, b) for i, a in enumerate(ranked) for b in ranked[i + 1 :])]
        found: list[tuple[str, str]] = []
        for a, b in wished:
            new = all(not {a, b} & set(pair) for pair in found)
            if new and len(found) < GRIDS and self._step(a) and self._step(b) and self._cost(a, b) <= MOST:
                found.append((a, b))
        return found

    def _step(self, driver: str) -> float:
        """A round step that takes the grid a half beyond P10 and P90; 0 for a driver that does not vary."""
        known = self.subject.assumptions.get(driver)
        if known is None or known.p10 is None or known.p90 is None or not known.p90 > known.p10:
            return 0.0
        exact = (known.p90 - known.p10) / (STEPS + 1)
        power = 10.0 ** math.floor(math.log10(exact))
        return float(f"{power * min(_NICE, key=lambda nice: abs(nice - exact / power)):.6g}")

    def _cost(self, a: str, b: str) -> int:
        one, two = self.reaches.of(a), self.reaches.of(b)
        cost = self.reaches.cost
        both = one & two
        if not one or not two:
            return MOST + 1
        each = _SIZE * (cost(self.net, one - both) + cost(self.net, two - both))
        return each + _SIZE * _SIZE * cost(self.net, both)

    def write(self) -> None:
        if not self.sheet:
            return
        book, label = self.book, self.subject.label(self.output)
        unit = self.subject.run.unit(self.output)
        book.text(Place(self.sheet, 0, 0), f"Sensitivity of {label[:1].lower() + label[1:]}, {unit}", "title")
        note = (
            "Live: plain formulas, no what-if table. The outlined cell is the case on Inputs; shaded: target reached."
        )
        book.text(Place(self.sheet, 1, 0), note, "note")
        # Excel 2007 takes no other sheet into a condition for shading, so the target stands here too.
        target = self.net.term(("target", "Target under test", 0), self.sheet)
        book.text(Place(self.sheet, 2, 0), "Target under test")
        book.formula(Place(self.sheet, 2, 1), target, number_form(unit, [target.value]))
        book.text(Place(self.workings, 0, 0), "Workings of the sheet Sensitivity", "title")
        note = "The cells that two drivers reach, written again for each of their values; everything else is read from"
        book.text(Place(self.workings, 1, 0), f"{note} the model's own sheets.", "note")
        page, back = book.sheet(self.sheet), book.sheet(self.workings)
        page.set_column(0, 0, 46)
        page.set_column(1, _SIZE + 2, 12)
        back.set_column(0, 0, 46)
        back.set_column(1, 1, 7)
        back.set_column(2, 2 + 2 * _SIZE + _SIZE * _SIZE, 9.5)
        back.freeze_panes(3, 2)
        back.repeat_columns(0, 1)
        back.fit_to_pages(4, 0)
        back.ignore_errors({"formula_differs": "A1:XFD9999"})
        row, workings_row = 4, 3
        for down, across in self.pairs:
            workings_row = self._grid(down, across, row, workings_row)
            row += _SIZE + 7

    def _grid(self, down: str, across: str, row: int, workings_row: int) -> int:
        """One table on the sheet, its workings from a row on; gives the next free row of the workings."""
        book, net, study = self.book, self.net, self.subject.study
        names = [study.drivers[name].label or name for name in (down, across)]
        steps = (self._step(down), self._step(across))
        book.text(Place(self.sheet, row, 0), f"{names[0]} (down) by {names[1]} (across)", "section")
        for column in range(1, _SIZE + 2):
            book.text(Place(self.sheet, row, column), "", "section")
        forms = [number_form(study.drivers[name].unit, [net.values["driver", name, 0]]) for name in (down, across)]
        forms = ["0.00%" if form == "0.0%" else form for form in forms]
        places = [Place(self.sheet, row + 1 + k, 1) for k in range(2)]
        for place, name, step, form in zip(places, names, steps, forms, strict=True):
            book.text(place._replace(column=0), f"Step: {name}")
            book.number(place, step, form, "input")
        top = row + 4
        downs = [Place(self.sheet, top + 1 + k, 1) for k in range(_SIZE)]
        acrosses = [Place(self.sheet, top, 2 + k) for k in range(_SIZE)]
        book.text(Place(self.sheet, top, 0), "", "head")
        book.text(Place(self.sheet, top, 1), "", "head")
        axes = [
            self._axis(cells, name, Term(address(place, self.sheet, fixed=True), step, simple=True), form)
            for cells, name, place, step, form in zip(
                (downs, acrosses), (down, across), places, steps, forms, strict=True
            )
        ]
        book.text(Place(self.sheet, top + 1, 0), names[0], "label")
        book.text(Place(self.sheet, top - 1, 2), names[1], "label")
        results, after = self._workings(down, across, axes, workings_row)
        form = number_form(self.subject.run.unit(self.output), [abs(line[STEPS].value) for line in results])
        for i, line in enumerate(results):
            for j, term in enumerate(line):
                kind = "boxed" if i == j == STEPS else "number"
                book.formula(Place(self.sheet, top + 1 + i, 2 + j), term, form, kind)
        self._shade(span(Place(self.sheet, top + 1, 2), Place(self.sheet, top + _SIZE, 1 + _SIZE), self.sheet))
        middle = Place(self.sheet, top + 1 + STEPS, 2 + STEPS)
        self.grids.append(Grid(down, across, steps, middle))
        net.put(("grid", f"{down} {across}", 0), middle, results[STEPS][STEPS].value)
        return after

    def _shade(self, area: str) -> None:
        rule = {"type": "cell", "criteria": ">=", "value": "=$B$3", "format": self.book.style("shaded")}
        self.book.sheet(self.sheet).conditional_format(area, rule)

    def _axis(self, cells: list[Place], driver: str, step: Term, form: str) -> list[Term]:
        """Values around the input: the middle is a link to it, each other one a step from its neighbour."""
        found: dict[int, Term] = {STEPS: self.net.term(("driver", driver, 0), self.sheet)}
        for k in range(STEPS + 1, _SIZE):
            found[k] = add(self._seen(cells[k - 1], found[k - 1].value), step)
        for k in range(STEPS - 1, -1, -1):
            found[k] = subtract(self._seen(cells[k + 1], found[k + 1].value), step)
        for k, cell in enumerate(cells):
            self.book.formula(cell, found[k], form, "head_number")
        return [Term(address(cell, self.workings), found[k].value, simple=True) for k, cell in enumerate(cells)]

    def _seen(self, place: Place, value: float) -> Term:
        return Term(address(place, self.sheet), value, simple=True)

    def _workings(self, down: str, across: str, axes: list[list[Term]], row: int) -> tuple[list[list[Term]], int]:
        """The replicas of one grid; gives references to the output for each pair, and the next free row."""
        book, net = self.book, self.net
        one, two = self.reaches.of(down), self.reaches.of(across)
        both = one & two
        sheet = self.workings
        replicas = Replicas(book, net, self.subject, sheet, row + 3, one | two)
        drivers: tuple[Key, Key] = (("driver", down, 0), ("driver", across, 0))
        names = [self.subject.study.drivers[name].label or name for name in (down, across)]
        for column in range(2 + 2 * _SIZE + _SIZE * _SIZE):
            book.text(Place(sheet, row, column), f"{names[0]} by {names[1]}" if column == 0 else "", "section")
        book.text(Place(sheet, row + 1, 0), names[0])
        book.text(Place(sheet, row + 2, 0), names[1])

        def head(column: int, chosen: Mapping[int, Term]) -> Find:
            """Driver values at the top of a column; what a column reads that is not its own."""
            own: dict[Key, Term] = {}
            for which, term in chosen.items():
                place = Place(sheet, row + 1 + which, column)
                name = (down, across)[which]
                form = number_form(self.subject.study.drivers[name].unit, [term.value])
                book.formula(place, term, form)
                own[drivers[which]] = Term(address(place, sheet), term.value, simple=True, given=True)
            return lambda key: own[key] if key in own else net.term(key, sheet)

        firsts = [replicas.column(2 + i, one - both, head(2 + i, {0: axes[0][i]})) for i in range(_SIZE)]
        start = 2 + _SIZE
        seconds = [replicas.column(start + j, two - both, head(start + j, {1: axes[1][j]})) for j in range(_SIZE)]
        results: list[list[Term]] = []
        output: Key = ("cell", self.output, 0)
        for i in range(_SIZE):
            line: list[Term] = []
            for j in range(_SIZE):
                column = 2 + 2 * _SIZE + i * _SIZE + j
                at_head = head(column, {0: axes[0][i], 1: axes[1][j]})
                mine = firsts[i] | seconds[j]

                def find(key: Key, mine: Mapping[Key, Term] = mine, at_head: Find = at_head) -> Term:
                    return mine[key] if key in mine else at_head(key)

                found = mine | replicas.column(column, both, find)
                term = found[output]
                line.append(Term(f"{sheet}!{term.text}", term.value, simple=True))
            results.append(line)
        replicas.write(0, 1)
        return results, replicas.last_row + 3
