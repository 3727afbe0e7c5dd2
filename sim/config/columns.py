"""The output columns of a study: which periods each holds and which reported quarters join them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sim.config.keys import listing
from sim.config.leaves import words
from sim.config.results import Output
from sim.config.schema import Study
from sim.config.timeline import Reported
from sim.errors import Problem
from sim.periods import Timeline

HOW = "write `how: sum` for flows such as revenue, `how: last` for stocks, `how: mean` for rates"


@dataclass(frozen=True)
class Column:
    """One column of results. Periods ``first`` to ``last`` of ``cell`` make it; both are 0 for an untimed cell.

    ``reported`` are the values of the fiscal year's quarters before t = 1, oldest first, which join the sum or mean;
    ``reported_drivers`` the drivers that stand for such quarters where no figure was disclosed.
    ``period`` is ``FY2027``, ``2026Q3``, or empty for an untimed cell; ``output_index`` counts `outputs` from 0.
    """

    name: str
    cell: str
    label: str
    first: int
    last: int
    how: Literal["sum", "mean", "last"]
    reported: tuple[float, ...]
    output_index: int
    period: str
    reported_drivers: tuple[str, ...] = ()


def expand(study: Study) -> tuple[Column, ...]:
    """Every column of a checked study, in the order of its outputs and of time."""
    columns: list[Column] = []
    for index, output in enumerate(study.outputs):
        columns.extend(columns_of(index, output, study)[0])
    return tuple(columns)


def columns_of(index: int, output: Output, study: Study) -> tuple[list[Column], list[Problem]]:
    """Columns of one output, and what keeps the others from being made."""
    leaf = f"outputs.{index}"
    calendar = study.calendar
    if output.per is not None and output.at is not None:
        return [], [Problem(leaf, "`per` and `at` exclude each other", "keep one of them")]
    if output.how is not None and output.per != "fiscal_year":
        advice = "remove it, or add `per: fiscal_year`"
        return [], [Problem(f"{leaf}.how", "is used only with `per: fiscal_year`", advice)]
    if output.per is None and output.at is None:
        return [_column(index, output, 0, 0, "")], []
    if study.timeline is None:
        return [], [Problem(leaf, "asks for periods, but the study has no timeline", "add `timeline`")]
    if output.at is not None:
        return _one_period(index, output, calendar)
    if output.per == "quarter":
        periods = range(1, calendar.periods + 1)
        return [_column(index, output, t, t, calendar.name(t)) for t in periods], []
    if calendar.first is None:
        what = "asks for fiscal years, but the timeline has no calendar"
        return [], [Problem(f"{leaf}.per", what, "add `first` to the timeline, such as `first: 2025Q3`")]
    if output.how is None:
        return [], [Problem(f"{leaf}.how", "is missing: it says how quarters make a fiscal year", HOW)]
    return _fiscal_years(index, output, calendar, study.reported.get(output.cell, {}))


def _column(index: int, output: Output, first: int, last: int, period: str, before: Sequence[Reported] = ()) -> Column:
    name = f"{output.cell}.{period}" if period else output.cell
    label = output.label or words(output.cell)
    figures = tuple(quarter.value for quarter in before if quarter.value is not None)
    drivers = tuple(quarter.driver for quarter in before if quarter.driver is not None)
    return Column(name, output.cell, label, first, last, output.how or "last", figures, index, period, drivers)


def _one_period(index: int, output: Output, calendar: Timeline) -> tuple[list[Column], list[Problem]]:
    leaf = f"outputs.{index}.at"
    try:
        t = calendar.index(str(output.at))
    except ValueError as error:
        return [], [Problem(leaf, str(error), f"write a period from {run_of(calendar)}")]
    if not 1 <= t <= calendar.periods:
        return [], [Problem(leaf, f"{output.at} lies outside the timeline", f"write a period from {run_of(calendar)}")]
    return [_column(index, output, t, t, calendar.name(t))], []


def run_of(calendar: Timeline) -> str:
    """``2025Q3 to 2035Q1``."""
    return f"{calendar.name(1)} to {calendar.name(calendar.periods)}"


def _fiscal_years(
    index: int, output: Output, calendar: Timeline, known: dict[str, Reported]
) -> tuple[list[Column], list[Problem]]:
    leaf = f"outputs.{index}"
    columns: list[Column] = []
    problems: list[Problem] = []
    for year in calendar.fiscal_years():
        quarters = calendar.quarters_of(year)
        before = [calendar.name(t) for t in quarters if t < 1] if output.how != "last" else []
        after = [calendar.name(t) for t in quarters if t > calendar.periods]
        missing = [name for name in before if name not in known]
        if missing:
            what = f"{year} lacks {listing(missing)}: the run begins in {calendar.name(1)}"
            advice = f"give the reported figures under `reported: {{{output.cell}: {{{missing[0]}: ...}}}}`"
            problems.append(Problem(leaf, what, advice))
        if after:
            what = f"{year} lacks {listing(after)}: the run ends in {calendar.name(calendar.periods)}"
            shorter = calendar.periods - (4 - len(after))
            advice = f"set `periods` of the timeline to {calendar.periods + len(after)}"
            advice += f" or {shorter}" if shorter > 0 else ""
            problems.append(Problem(leaf, what, advice))
        if not missing and not after:
            first, last = max(quarters[0], 1), quarters[-1]
            columns.append(_column(index, output, first, last, year, [known[name] for name in before]))
    return columns, problems
