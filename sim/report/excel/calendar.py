"""Sheets by quarter: the same columns on each, so that a column is a quarter everywhere, and their headers."""

from __future__ import annotations

from dataclasses import dataclass

from sim.periods import Timeline
from sim.report import numbers
from sim.report.excel.book import Book, Place, column_name
from sim.report.excel.terms import Term, add, number

LABEL, UNIT, OPENING = 0, 1, 2
TITLE_ROW, NOTE_ROW, PERIOD_ROW, QUARTER_ROW, YEAR_ROW, FIRST_ROW = 0, 1, 3, 4, 5, 6


@dataclass(frozen=True)
class Calendar:
    """Columns of a timeline: the opening, one for each quarter, a gap, one for each whole fiscal year."""

    timeline: Timeline
    years: tuple[str, ...] = ()

    def quarter(self, t: int) -> int:
        return OPENING + t

    def year(self, fiscal_year: str) -> int:
        return OPENING + self.timeline.periods + 2 + self.years.index(fiscal_year)

    @property
    def last_quarter(self) -> int:
        return self.quarter(self.timeline.periods)

    @property
    def last(self) -> int:
        return OPENING + self.timeline.periods + (1 + len(self.years) if self.years else 0)

    def name(self, t: int) -> str:
        return numbers.period(self.timeline.name(t))

    def head(self, book: Book, sheet: str, title: str, note: str, last: int) -> None:
        """Title, period numbers (live, so that a formula can use t), quarters, fiscal years, widths, panes, print.

        ``last`` is the sheet's last column: that of the opening, of the last quarter, or `last`.
        """
        page = book.sheet(sheet)
        quarters = range(1, self.timeline.periods + 1) if last > OPENING else range(0)
        years = self.years if last == self.last else ()
        book.text(Place(sheet, TITLE_ROW, 0), title, "title")
        book.text(Place(sheet, NOTE_ROW, 0), note, "note")
        for row in (QUARTER_ROW, YEAR_ROW):
            for column in range(last + 1):
                book.text(Place(sheet, row, column), "", "head")
        book.text(Place(sheet, PERIOD_ROW, LABEL), "Period t (0 is the opening)", "quiet")
        book.text(Place(sheet, QUARTER_ROW, LABEL), "Quarter", "head")
        book.text(Place(sheet, QUARTER_ROW, UNIT), "Unit", "head")
        book.text(Place(sheet, QUARTER_ROW, OPENING), "Opening", "head_right")
        book.text(Place(sheet, YEAR_ROW, LABEL), "Fiscal year" if self.timeline.first is not None else "", "head")
        book.number(Place(sheet, PERIOD_ROW, OPENING), 0.0, "0", "quiet")
        if self.timeline.first is not None:
            book.text(Place(sheet, YEAR_ROW, OPENING), self.name(0), "head_right")
        for t in quarters:
            column = self.quarter(t)
            before = Term(f"{column_name(column - 1)}{PERIOD_ROW + 1}", t - 1.0)
            book.formula(Place(sheet, PERIOD_ROW, column), add(before, number(1.0)), "0", "quiet")
            book.text(Place(sheet, QUARTER_ROW, column), self.name(t), "head_right")
            if self.timeline.first is not None:
                year = numbers.period(self.timeline.fiscal_year(t))
                book.text(Place(sheet, YEAR_ROW, column), year, "head_right")
        for year in years:
            book.text(Place(sheet, QUARTER_ROW, self.year(year)), numbers.period(year), "head_right")
        page.set_column(LABEL, LABEL, 40)
        page.set_column(UNIT, UNIT, 15)
        page.set_column(OPENING, last, 9.5)
        if years:
            page.set_column(self.year(years[0]) - 1, self.year(years[0]) - 1, 2)
        page.freeze_panes(FIRST_ROW, OPENING + 1)
        # Thirteen quarters on a page: one page wide would print forty columns at a size that nobody reads.
        page.repeat_columns(LABEL, UNIT)
        page.repeat_rows(QUARTER_ROW, YEAR_ROW)
        page.fit_to_pages(max(1, -(-(last - UNIT) // 13)), 0)
