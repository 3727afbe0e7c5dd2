"""Sheet ``Checks``: what must hold whatever is typed, and one master cell."""

from __future__ import annotations

from sim.report.excel.blocks import Blocks
from sim.report.excel.book import Book, Place, address, quoted, span
from sim.report.excel.case import Subject
from sim.report.excel.inputs import Inputs
from sim.report.excel.model import Key, Net
from sim.report.excel.sensitivity import Sensitivity
from sim.report.excel.simulation import ENGINE, LIVE, Simulation
from sim.report.excel.terms import Term
from sim.report.excel.valuation import Valuation

TOLERANCE = 1e-9


class Checks:
    """Sheet ``Checks``: what must hold whatever is typed, and one master cell."""

    def __init__(self, book: Book, sheet: str):
        self.book, self.sheet = book, sheet
        self.rows: list[tuple[str, Term]] = []
        self.master = Place(sheet, 2, 1)
        self.changed = Place(sheet, 3, 1)
        self.tolerance = Place(sheet, 4, 1)

    def gather(
        self,
        net: Net,
        subject: Subject,
        inputs: Inputs,
        blocks: Blocks,
        valuation: Valuation,
        sensitivity: Sensitivity,
        simulation: Simulation,
    ) -> None:
        """Every check that this workbook has."""
        near = address(self.tolerance, self.sheet, fixed=True)
        for sheet, last in blocks.last_rows.items():
            area = span(Place(sheet, 6, 2), Place(sheet, last, blocks.calendar.last), self.sheet, fixed=True)
            finite = not any(k[0] == "cell" and net.places[k].sheet == sheet and v != v for k, v in net.values.items())
            self._add(f"No error on {sheet}", f"SUMPRODUCT(--ISERROR({area}))=0", finite)
        area = span(Place(valuation.sheet, 4, 1), Place(valuation.sheet, valuation.last_row, 1), self.sheet, fixed=True)
        finite = all(v == v for k, v in net.values.items() if k in net.places and k[0] in ("cell", "window")
                     and net.places[k].sheet == valuation.sheet)  # fmt: skip
        self._add(f"No error on {valuation.sheet}", f"SUMPRODUCT(--ISERROR({area}))=0", finite)
        live, engine = (
            span(Place(simulation.sheet, simulation.first, c), Place(simulation.sheet, simulation.last, c), self.sheet,
                 fixed=True)
            for c in (LIVE, ENGINE)
        )  # fmt: skip
        apart = f"SUMPRODUCT(--(ABS({live}-{engine})>{near}*(1+ABS({engine}))))=0"
        text = f"OR({address(self.changed, self.sheet)}>0,IFERROR({apart},FALSE))"
        self._add("With the inputs as delivered, every output equals the simulation engine's", text, True)
        if valuation.is_sum and valuation.total is not None:
            whole = net.term(valuation.total, self.sheet)
            summed = address(valuation.sum_place, self.sheet)
            self._near("The parts add up to the whole", summed, whole, near)
        for grid in sensitivity.grids:
            value = net.term(("cell", sensitivity.output, 0), self.sheet)
            text = f"Sensitivity, {grid.down} by {grid.across}: the middle is the case on Inputs"
            self._near(text, address(grid.middle, self.sheet), value, near)
        self._years(net, subject, blocks, near)

    def _years(self, net: Net, subject: Subject, blocks: Blocks, near: str) -> None:
        """Sums by fiscal year and by quarter agree, where the years cover every quarter."""
        for output in subject.study.outputs:
            columns = [c for c in subject.columns if c.cell == output.cell and c.name in blocks.years]
            if output.per != "fiscal_year" or output.how != "sum" or not columns:
                continue
            if columns[0].first != 1 or columns[-1].last != net.periods:
                continue
            years = span(blocks.years[columns[0].name], blocks.years[columns[-1].name], self.sheet)
            ends = [net.places["cell", output.cell, t] for t in (1, net.periods)]
            parts = [f"SUM({span(ends[0], ends[1], self.sheet)})"]
            for quarter, figure in subject.study.reported.get(output.cell, {}).items():
                driver: Key = ("driver", figure.driver or "", 0)
                key = driver if figure.driver else ("reported", f"{output.cell} {quarter}", 0)
                parts.append(net.term(key, self.sheet).text)
            text = f"IFERROR(ABS(SUM({years})-({'+'.join(parts)}))<={near}*SUM({years}),FALSE)"
            text = text.replace(f"{near}*SUM({years})", f"{near}*(1+ABS(SUM({years})))")
            finite = all(net.values["year", c.name, 0] == net.values["year", c.name, 0] for c in columns)
            self._add(f"{subject.label(output.cell)}: fiscal years add up to the quarters", text, finite)

    def _near(self, what: str, found: str, expected: Term, near: str) -> None:
        text = f"IFERROR(ABS({found}-{expected.text})<={near}*(1+ABS({expected.text})),FALSE)"
        self._add(what, text, expected.value == expected.value)

    def _add(self, what: str, text: str, holds: bool) -> None:
        self.rows.append((what, Term(text, float(holds), condition=True)))

    def write(self, inputs: Inputs) -> None:
        book, sheet = self.book, self.sheet
        page = book.sheet(sheet)
        book.text(Place(sheet, 0, 0), "Checks", "title")
        first, last = Place(sheet, 7, 1), Place(sheet, 6 + len(self.rows), 1)
        holds = all(term.value for _, term in self.rows)
        master = Term(f"AND({span(first, last, sheet)})", float(holds), condition=True)
        book.text(Place(sheet, 2, 0), "All checks hold", "section")
        book.formula(self.master, master, "", "check")
        counts = [
            f"SUMPRODUCT(--({quoted(s)}!{live}<>{quoted(s)}!{delivered}))" for s, live, delivered in inputs.changed
        ]
        book.text(Place(sheet, 3, 0), "Inputs changed since delivery")
        book.formula(self.changed, Term("+".join(counts) or "0", 0.0), "0")
        book.text(Place(sheet, 4, 0), "Tolerance, relative")
        book.number(self.tolerance, TOLERANCE, "0E+00", "input")
        book.text(Place(sheet, 6, 0), "Check", "head")
        book.text(Place(sheet, 6, 1), "Holds", "head")
        for row, (what, term) in enumerate(self.rows, start=7):
            book.text(Place(sheet, row, 0), what)
            book.formula(Place(sheet, row, 1), term, "", "check")
        page.set_column(0, 0, 90)
        page.set_column(1, 1, 14)
        rule = {"type": "cell", "criteria": "==", "value": "FALSE", "format": book.style("failed")}
        for area in ("B3", f"B8:B{7 + len(self.rows)}"):
            page.conditional_format(area, rule)
