"""Calendar quarters, fiscal years and the timeline of a study (pure Python, no dates library needed)."""

from __future__ import annotations

import re
from dataclasses import dataclass

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_QUARTER = re.compile(r"^(\d{4})Q([1-4])$")


def parse_quarter(text: str) -> int:
    """Ordinal of a calendar quarter: ``2025Q3`` (July to September 2025) -> 2025 * 4 + 2. ValueError if malformed."""
    match = _QUARTER.match(text)
    if match is None:
        raise ValueError(f'"{text}" is not a calendar quarter such as 2025Q3')
    return int(match[1]) * 4 + int(match[2]) - 1


def quarter_name(ordinal: int) -> str:
    """The inverse of `parse_quarter`."""
    return f"{ordinal // 4}Q{ordinal % 4 + 1}"


@dataclass(frozen=True)
class Timeline:
    """Periods t = 1..periods. ``first`` is the ordinal of the quarter of t = 1, or None without a calendar.

    ``fiscal_year_end`` is the month (1..12) in which the fiscal year ends; it must close a calendar quarter.
    """

    periods: int
    first: int | None = None
    fiscal_year_end: int = 12

    def name(self, t: int) -> str:
        """``2025Q3`` for a calendar timeline, otherwise the period's number."""
        return str(t) if self.first is None else quarter_name(self.first + t - 1)

    def index(self, name: str) -> int:
        """Period t of a name; may lie outside 1..periods (before or after the run). ValueError if malformed."""
        if self.first is None:
            if not str(name).isdigit():
                raise ValueError(f'"{name}" is not a period number; this timeline has no calendar')
            return int(name)
        return parse_quarter(str(name)) - self.first + 1

    def fiscal_year(self, t: int) -> str:
        """``FY2026`` for the year of period t, named by the calendar year in which it ends."""
        if self.first is None:
            raise ValueError("a timeline without a calendar has no fiscal years")
        # Shift so that the quarter after the fiscal year end is the first quarter of the next year.
        return f"FY{(self.first + t - 1 + 4 - self.fiscal_year_end // 3) // 4}"

    def quarters_of(self, fiscal_year: str) -> range:
        """Periods t of the four quarters of ``FY2026``; some may lie before 1 or beyond ``periods``."""
        if self.first is None:
            raise ValueError("a timeline without a calendar has no fiscal years")
        start = int(fiscal_year.removeprefix("FY")) * 4 - 4 + self.fiscal_year_end // 3
        return range(start - self.first + 1, start - self.first + 5)

    def fiscal_years(self) -> tuple[str, ...]:
        """Every fiscal year that contains at least one period of the run, in order."""
        return tuple(dict.fromkeys(self.fiscal_year(t) for t in range(1, self.periods + 1)))

    def calendar_quarter(self, t: int) -> str:
        """``Q1``..``Q4`` of period t, for seasonal schedules."""
        if self.first is None:
            raise ValueError("a timeline without a calendar has no calendar quarters")
        return f"Q{(self.first + t - 1) % 4 + 1}"
