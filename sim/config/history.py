"""Reported quarters as data: read from a CSV file and proved on load.

The file has one row per calendar quarter, in order and without a gap:

    quarter_end,basis,revenue_rmb_m,yoy_pct,adj_ebita_rmb_m,group_capex_rmb_m,status,source

``basis`` names the definition of revenue: levels of two bases must never be joined, growth rates may be. ``status``
says how far a row can be trusted: `sourced` (read in a document), `derived` (arithmetic from sourced numbers),
`growth_sourced` (growth read, level recalled), `unverified` (recalled). Beside it, `NAME_totals.csv` holds the filed
totals of fiscal years that the quarters must add up to:

    fiscal_year,measure,basis,total_rmb_m,within_rmb_m,source

``within`` is how far rounding may part total and sum.
"""

from __future__ import annotations

import csv
import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path

from sim.errors import InputError, Place, Problem, StorageError, did_you_mean
from sim.periods import Timeline, quarter_name

STATUSES = ("sourced", "derived", "growth_sourced", "unverified")
RECALLED = ("growth_sourced", "unverified")  # the level of such a row is from memory
MEASURES = ("revenue", "adj_ebita", "group_capex")
_HEAD = ("quarter_end", "basis", "revenue_rmb_m", "yoy_pct", "adj_ebita_rmb_m", "group_capex_rmb_m", "status", "source")
_TOTALS_HEAD = ("fiscal_year", "measure", "basis", "total_rmb_m", "within_rmb_m", "source")
_ROUNDING_PP = 0.5  # growth is stated in whole percent
_FISCAL_YEAR_END = 3
_LAST_DAYS = {3: 31, 6: 30, 9: 30, 12: 31}


@dataclass(frozen=True)
class Quarter:
    """A reported quarter. Money is RMB bn; ``yoy`` is growth on the year as stated (0.26), None where none was."""

    period: int
    basis: str
    revenue: float
    yoy: float | None
    adj_ebita: float | None
    group_capex: float | None
    status: str
    source: str
    line: int

    @property
    def name(self) -> str:
        """``2025Q2``."""
        return quarter_name(self.period)

    @property
    def recalled(self) -> bool:
        """Whether the level rests on memory."""
        return self.status in RECALLED

    @property
    def unverified(self) -> bool:
        return self.status == "unverified"


@dataclass(frozen=True)
class History:
    """Consecutive reported quarters, oldest first. ``digest`` is the SHA-256 of the file's text."""

    path: Path
    quarters: tuple[Quarter, ...]
    digest: str
    totals: int

    def __len__(self) -> int:
        return len(self.quarters)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(quarter.name for quarter in self.quarters)

    def position(self, name: str) -> int:
        """Number of a quarter such as ``2018Q1``, from 0. InputError if the history does not hold it."""
        if name not in self.names:
            advice = did_you_mean(name, self.names) or f"it holds {self.names[0]} to {self.names[-1]}"
            raise InputError(Problem("", f'{self.path.name} has no quarter "{name}"', advice))
        return self.names.index(name)


def totals_file(path: Path) -> Path:
    """Where the filed totals of a history lie: ``history.csv`` -> ``history_totals.csv``."""
    return path.with_name(f"{path.stem}_totals{path.suffix}")


def load(path: str | Path) -> History:
    """Read and prove a history. InputError with every problem, each at its line; StorageError if unreadable."""
    file = Path(path)
    text, rows = _read(file)
    problems: list[Problem] = []
    if not rows or tuple(rows[0][1]) != _HEAD:
        raise InputError(_wrong(file, 1, "the first line is not that of a history", f"write {','.join(_HEAD)}"))
    quarters: list[Quarter] = []
    for line, cells in rows[1:]:
        found = _quarter(file, line, cells, problems)
        if found is not None:
            quarters.append(found)
    if not quarters and not problems:
        problems.append(_wrong(file, 1, "no quarter follows", "add one row per quarter, oldest first"))
    count = 0
    if not problems:
        problems += [*_order(file, quarters), *_growth(file, quarters), *_basis(file, quarters)]
        totals = totals_file(file)
        if totals.exists():
            count, found_problems = _totals(totals, quarters)
            problems += found_problems
    if problems:
        raise InputError(problems)
    return History(file, tuple(quarters), hashlib.sha256(text.encode()).hexdigest(), count)


def _read(file: Path) -> tuple[str, list[tuple[int, list[str]]]]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise StorageError(f"cannot read {file} ({error.strerror}); name a history such as history.csv") from error
    except UnicodeDecodeError as error:
        raise InputError(_wrong(file, 0, "is not text in UTF-8", "save it as CSV in UTF-8")) from error
    reader = csv.reader(text.splitlines(keepends=True))
    rows: list[tuple[int, list[str]]] = []
    try:
        for cells in reader:
            if cells:
                rows.append((reader.line_num, cells))
    except csv.Error as error:
        raise InputError(_wrong(file, reader.line_num, f"is not CSV ({error})", "save it as plain CSV")) from error
    return text, rows


def _wrong(file: Path, line: int, what: str, advice: str = "", leaf: str = "") -> Problem:
    return Problem(leaf, what, advice, Place(str(file), line))


def _number(text: str, leaf: str, file: Path, line: int, problems: list[Problem]) -> float | None:
    if not text.strip():
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        problems.append(_wrong(file, line, f'"{text}" is not a number', "write digits alone, or leave it empty", leaf))
        return None
    return value


def _quarter(file: Path, line: int, cells: Sequence[str], problems: list[Problem]) -> Quarter | None:
    """One row as a quarter, or None when something is wrong with it."""
    before = len(problems)
    if len(cells) != len(_HEAD):
        what = f"has {len(cells)} cells, not {len(_HEAD)}"
        problems.append(_wrong(file, line, what, "put a source that holds a comma in double quotes"))
        return None
    given = dict(zip(_HEAD, (cell.strip() for cell in cells), strict=True))
    period = 0
    try:
        day = date.fromisoformat(given["quarter_end"])
        if _LAST_DAYS.get(day.month) != day.day:
            raise ValueError
        period = day.year * 4 + day.month // 3 - 1
    except ValueError:
        what = f'"{given["quarter_end"]}" does not end a calendar quarter'
        problems.append(_wrong(file, line, what, "write a day such as 2025-06-30", "quarter_end"))
    numbers = {
        key: _number(given[key], key, file, line, problems)
        for key in ("revenue_rmb_m", "yoy_pct", "adj_ebita_rmb_m", "group_capex_rmb_m")
    }
    revenue, ebita = numbers["revenue_rmb_m"], numbers["adj_ebita_rmb_m"]
    for key, rule in (("revenue_rmb_m", revenue is None or revenue <= 0), ("basis", not given["basis"])):
        if rule and len(problems) == before:
            problems.append(_wrong(file, line, "must be given (revenue above 0)", "every row needs it", key))
    if ebita is not None and revenue is not None and abs(ebita) > revenue:
        problems.append(_wrong(file, line, f"{ebita:g} is more than revenue", "check the unit", "adj_ebita_rmb_m"))
    capex = numbers["group_capex_rmb_m"]
    if capex is not None and capex < 0:
        problems.append(_wrong(file, line, f"{capex:g} is negative", "capex is written as paid", "group_capex_rmb_m"))
    if given["status"] not in STATUSES:
        advice = did_you_mean(given["status"], STATUSES) or f"write one of {', '.join(STATUSES)}"
        problems.append(_wrong(file, line, f'"{given["status"]}" is not a status', advice, "status"))
    if not given["source"]:
        problems.append(_wrong(file, line, "is empty", "say where the row comes from", "source"))
    if len(problems) > before or revenue is None:
        return None
    yoy = numbers["yoy_pct"]
    return Quarter(
        period=period,
        basis=given["basis"],
        revenue=revenue / 1000.0,
        yoy=None if yoy is None else yoy / 100.0,
        adj_ebita=None if ebita is None else ebita / 1000.0,
        group_capex=None if capex is None else capex / 1000.0,
        status=given["status"],
        source=given["source"],
        line=line,
    )


def _order(file: Path, quarters: Sequence[Quarter]) -> Iterator[Problem]:
    for before, after in pairwise(quarters):
        if after.period != before.period + 1:
            what = f"{after.name} follows {before.name}"
            advice = "give every quarter once, oldest first, without a gap"
            yield _wrong(file, after.line, what, advice, "quarter_end")


def _growth(file: Path, quarters: Sequence[Quarter]) -> Iterator[Problem]:
    """Stated growth agrees with the levels of one basis, within its rounding."""
    for before, after in zip(quarters, quarters[4:], strict=False):
        if after.yoy is None or after.basis != before.basis:
            continue
        computed = after.revenue / before.revenue - 1.0
        if abs(computed - after.yoy) * 100.0 > _ROUNDING_PP + 0.2:  # 0.2: the year before may itself be rounded
            what = f"{after.yoy:+.0%} is stated, but {after.revenue:g} on {before.revenue:g} is {computed:+.1%}"
            yield _wrong(file, after.line, what, "correct the growth or one of the levels", "yoy_pct")


def _basis(file: Path, quarters: Sequence[Quarter]) -> Iterator[Problem]:
    """A change of basis can be bridged only by growth, so the first year after it must state its growth."""
    seen: set[str] = set()
    for number, quarter in enumerate(quarters):
        changed = number > 0 and quarter.basis != quarters[number - 1].basis
        if changed and quarter.basis in seen:
            what = f'basis "{quarter.basis}" comes back'
            yield _wrong(file, quarter.line, what, "give each definition of revenue its own name", "basis")
        if changed:
            for later in quarters[number : number + 4]:
                if later.yoy is None:
                    what = f"the year after the change of basis in {quarter.name} needs its stated growth"
                    yield _wrong(file, later.line, what, "levels of two bases cannot be compared", "yoy_pct")
        seen.add(quarter.basis)


def _totals(file: Path, quarters: Sequence[Quarter]) -> tuple[int, list[Problem]]:
    """How many filed totals were compared, and where the quarters do not add up to one."""
    _, rows = _read(file)
    if not rows or tuple(rows[0][1]) != _TOTALS_HEAD:
        return 0, [_wrong(file, 1, "the first line is not that of totals", f"write {','.join(_TOTALS_HEAD)}")]
    problems: list[Problem] = []
    calendar = Timeline(1, 0, _FISCAL_YEAR_END)
    by_period = {quarter.period: quarter for quarter in quarters}
    for line, cells in rows[1:]:
        before = len(problems)
        if len(cells) != len(_TOTALS_HEAD):
            problems.append(_wrong(file, line, f"has {len(cells)} cells, not {len(_TOTALS_HEAD)}"))
            continue
        given = dict(zip(_TOTALS_HEAD, (cell.strip() for cell in cells), strict=True))
        total = _number(given["total_rmb_m"], "total_rmb_m", file, line, problems)
        within = _number(given["within_rmb_m"], "within_rmb_m", file, line, problems)
        year = given["fiscal_year"]
        if not (year.startswith("FY") and year[2:].isdigit()):
            problems.append(_wrong(file, line, f'"{year}" is not a fiscal year', "write FY2025", "fiscal_year"))
        if given["measure"] not in MEASURES:
            advice = did_you_mean(given["measure"], MEASURES) or f"write one of {', '.join(MEASURES)}"
            problems.append(_wrong(file, line, f'"{given["measure"]}" is not a measure', advice, "measure"))
        if len(problems) == before and (total is None or within is None or within < 0):
            problems.append(_wrong(file, line, "total and rounding must be given", "rounding is 0 for exact sums"))
        if len(problems) > before or total is None or within is None:
            continue
        periods = [t - 1 for t in calendar.quarters_of(year)]  # t = 1 is ordinal 0
        parts = [by_period.get(period) for period in periods]
        values = [None if part is None else getattr(part, given["measure"]) for part in parts]
        if any(value is None for value in values):
            what = f"{year} lacks a quarter of {given['measure']}"
            problems.append(_wrong(file, line, what, "give all four, or drop this total"))
        elif given["basis"] and {part.basis for part in parts if part is not None} != {given["basis"]}:
            what = f"{year} is not all on basis {given['basis']}"
            problems.append(_wrong(file, line, what, "a total can be compared on its own basis only"))
        elif abs(sum(1000.0 * value for value in values if value is not None) - total) > within + 1e-6:
            found = sum(1000.0 * value for value in values if value is not None)
            what = f"the quarters of {year} add up to {found:,.0f}, filed were {total:,.0f}"
            places = ", ".join(str(part.line) for part in parts if part is not None)
            problems.append(_wrong(file, line, what, f"see lines {places} of the history", given["measure"]))
    return len(rows) - 1, problems
