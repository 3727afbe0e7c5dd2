"""The workbook in the making: sheets in order, cells that carry their value, and the few styles there are.

Everything that is text is written as text, whatever it looks like: no formula, link or number is guessed from it.
"""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name, xl_rowcol_to_cell

from sim.report import numbers
from sim.report.excel.terms import Term
from sim.report.text import plain

INPUT, LINK, RED, GREY, DARK = "#0000FF", "#007A33", "#C00000", "#6B7280", "#374151"
HEAD, INPUT_FILL, SECTION = "#1F3A5F", "#FFFBE6", "#E5EAF1"
LONGEST_TEXT = 2000
_BARE = re.compile(r"[A-Za-z_]+")  # a sheet's name that needs no quotes in a formula

STYLES: dict[str, dict[str, Any]] = {
    "text": {},
    "indented": {"indent": 1},
    "wrapped": {"text_wrap": True, "valign": "top"},
    "top": {"valign": "top"},
    "top_quiet": {"valign": "top", "font_color": GREY},
    "note": {"font_color": GREY, "italic": True},
    "quiet": {"font_color": GREY},
    "title": {"bold": True, "font_size": 14, "font_color": HEAD},
    "head": {"bold": True, "font_color": "white", "bg_color": HEAD, "valign": "vcenter", "text_wrap": True},
    "head_right": {"bold": True, "font_color": "white", "bg_color": HEAD, "valign": "vcenter", "align": "right"},
    "head_indented": {"bold": True, "font_color": "white", "bg_color": HEAD, "valign": "vcenter", "indent": 1},
    "section": {"bold": True, "bg_color": SECTION},
    "section_right": {"bold": True, "bg_color": SECTION, "align": "right"},
    "label": {},
    "unit": {"font_color": GREY, "indent": 1},
    "helper": {"font_color": GREY, "italic": True, "indent": 1},
    "link_text": {"font_color": "#0072B2", "underline": 1},
    "top_link": {"font_color": "#0072B2", "underline": 1, "valign": "top"},
    "input": {"font_color": INPUT, "bg_color": INPUT_FILL},
    "number": {},
    "linked": {"font_color": LINK},
    "total": {"bold": True, "top": 1},
    "boxed": {"bold": True, "border": 2},
    "value": {"font_color": DARK, "bg_color": "#F3F4F6"},
    "big": {"bold": True, "font_size": 16, "font_color": HEAD, "align": "left"},
    "check": {"bold": True, "align": "center"},
    "head_number": {"bold": True, "font_color": "white", "bg_color": HEAD},
    "shaded": {"bg_color": "#CFE3F3"},
    "failed": {"font_color": "white", "bg_color": RED},
}


class Place(NamedTuple):
    """A cell of the workbook, rows and columns from 0."""

    sheet: str
    row: int
    column: int


class Book:
    """An XlsxWriter workbook with fixed dates: equal content gives equal bytes."""

    def __init__(self, file: Path, created: datetime, properties: Mapping[str, str]):
        options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        self._book = xlsxwriter.Workbook(str(file), {**options, "in_memory": True})
        self._book.set_properties({**properties, "created": created})
        self._book.set_size(28_000, 16_000)
        self._sheets: dict[str, Any] = {}
        self._formats: dict[tuple[str, str], Any] = {}
        self.formulas = 0

    def close(self) -> None:
        self._book.close()

    def free_name(self, wanted: str) -> str:
        """A name for a sheet: what Excel allows of the wanted one, unlike all others."""
        base = re.sub(r"[\[\]:*?/\\']+", " ", plain(wanted)).strip()[:28] or "Model"
        taken = {name.lower() for name in self._sheets} | {"history"}
        name, number = base, 2
        while name.lower() in taken:
            name, number = f"{base} {number}", number + 1
        return name

    def add(self, wanted: str, *, landscape: bool = True) -> str:
        """A new sheet behind the others; gives its name."""
        name = self.free_name(wanted)
        sheet = self._sheets[name] = self._book.add_worksheet(name)
        sheet.hide_gridlines(2)
        sheet.set_paper(9)
        if landscape:
            sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        return name

    def high(self, name: str, row: int, texts: list[tuple[str, int]]) -> None:
        """A row high enough for wrapped texts in columns of so many characters; few viewers see to it themselves."""
        lines = max(1, *(len(textwrap.wrap(plain(text, LONGEST_TEXT), round(1.25 * width))) for text, width in texts))
        self._sheets[name].set_row(row, 12.5 * min(lines, 30))

    def foot(self, name: str, text: str) -> None:
        """A footer for prints: where this comes from, sheet and page."""
        self._sheets[name].set_footer(f"&L&8{plain(text).replace('&', '&&')}&R&8&A, page &P of &N")

    def sheet(self, name: str) -> Any:
        """The XlsxWriter worksheet, for widths, panes and prints."""
        return self._sheets[name]

    def style(self, kind: str, form: str = "") -> Any:
        key = kind, form
        if key not in self._formats:
            facts = {"font_name": "Arial", "font_size": 9, **STYLES[kind]} | ({"num_format": form} if form else {})
            self._formats[key] = self._book.add_format(facts)
        return self._formats[key]

    def text(self, place: Place, text: object, kind: str = "text") -> None:
        written = plain(text, LONGEST_TEXT)
        if written:
            self._sheets[place.sheet].write_string(place.row, place.column, written, self.style(kind))
        else:
            self._sheets[place.sheet].write_blank(place.row, place.column, None, self.style(kind))

    def number(self, place: Place, value: float | None, form: str = "", kind: str = "value") -> None:
        """A typed number; what is not finite is written as text."""
        if value is None or not math.isfinite(value):
            self.text(place, numbers.NONE, kind)
        else:
            self._sheets[place.sheet].write_number(place.row, place.column, value, self.style(kind, form))

    def formula(self, place: Place, term: Term, form: str = "", kind: str = "") -> None:
        """A formula with the value that it gives. A bare link to another sheet is green."""
        self.formulas += 1
        linked = term.simple and "!" in term.text
        value: Any = bool(term.value) if term.condition else "#N/A" if math.isnan(term.value) else term.value
        chosen = self.style(kind or ("linked" if linked else "number"), form)
        self._sheets[place.sheet].write_formula(place.row, place.column, f"={term.text}", chosen, value)

    def sentence(self, place: Place, formula: str, value: str, kind: str = "text") -> None:
        """A formula that gives text."""
        self.formulas += 1
        self._sheets[place.sheet].write_formula(place.row, place.column, f"={formula}", self.style(kind), value)

    def jump(self, place: Place, to: Place, text: str, kind: str = "link_text") -> None:
        """A link to another cell of the workbook."""
        target = f"internal:{quoted(to.sheet)}!{xl_rowcol_to_cell(to.row, to.column)}"
        self._sheets[place.sheet].write_url(place.row, place.column, target, self.style(kind), string=plain(text, 200))


def quoted(sheet: str) -> str:
    """A sheet's name as formulas have it."""
    return sheet if _BARE.fullmatch(sheet) and sheet.upper() not in {"R", "C", "RC", "TRUE", "FALSE"} else f"'{sheet}'"


def address(place: Place, seen_from: str, *, fixed: bool = False) -> str:
    """``E12``, from another sheet ``Cloud!E12``; with dollar signs if ``fixed``."""
    cell = xl_rowcol_to_cell(place.row, place.column, row_abs=fixed, col_abs=fixed)
    return cell if place.sheet == seen_from else f"{quoted(place.sheet)}!{cell}"


def span(first: Place, last: Place, seen_from: str, *, fixed: bool = False) -> str:
    """``E12:H12`` on one sheet."""
    return f"{address(first, seen_from, fixed=fixed)}:{address(last, last.sheet, fixed=fixed)}"


def column_name(column: int) -> str:
    return str(xl_col_to_name(column))


def number_form(unit: str, values: list[float]) -> str:
    """How numbers of a unit are shown: percent for small pure numbers, brackets for negatives, a dash for nothing."""
    size = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    if unit in {"1", "1/year", "1/quarter"} or unit.startswith("share of"):
        if size < 3.0:
            return "0.0%" if size >= 0.05 or size == 0.0 else "0.00%"
        return "#,##0.00"
    if unit == "x":
        return '0.00"x"'
    decimals = 0 if size >= 10_000 else 1 if size >= 10 else 2 if size >= 1 else 3 if size >= 0.1 or size == 0 else 5
    digits = "#,##0" + ("." + "0" * decimals if decimals else "")
    return f'{digits}_);({digits});"-"_)'
