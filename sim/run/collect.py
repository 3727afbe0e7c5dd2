"""Which rows of a block become windows and output columns, and when: tables for `sim.run.blocks`.

Sums and means of a cell over periods run in *totals*, rows to which `period_block` adds the cell in every period. A
total serves one interval after the other: it starts anew after the period before an interval begins, and is read
after the interval's last period. Intervals of one cell that overlap have totals of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.cells.layout import Layout

Tables = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Interval:
    """A sum or mean of ``cell`` over the periods ``first`` to ``last``, or its value at ``last``.

    ``start`` and ``drivers`` are what was reported before the first period. ``divisor`` is that of the mean, else 1.
    ``output`` is the number of the output column, None for the window called ``window``.
    """

    cell: str
    first: int
    last: int
    how: str
    start: float = 0.0
    drivers: tuple[str, ...] = ()
    divisor: float = 1.0
    output: int | None = None
    window: str = ""

    @property
    def runs(self) -> bool:
        """Whether a total is needed: not for the value of one period."""
        return self.how != "last" and (self.last > self.first or bool(self.drivers) or self.start != 0.0)


@dataclass
class Totals:
    """Totals by name, the cell of each, and the one that serves each interval that needs one."""

    cells: dict[str, str] = field(default_factory=dict)
    serving: dict[Interval, str] = field(default_factory=dict)


def assign(intervals: Iterable[Interval]) -> Totals:
    """Totals for the intervals, as few as overlaps allow: by rising first period each takes the first free one."""
    made = Totals()
    busy: dict[str, int] = {}
    for interval in sorted((i for i in intervals if i.runs), key=lambda i: (i.cell, i.first, i.last, i.output or 0)):
        mine = [name for name, cell in made.cells.items() if cell == interval.cell]
        free = [name for name in mine if busy[name] < interval.first]
        name = free[0] if free else f"{interval.cell} total {len(mine) + 1}"
        made.cells[name], busy[name] = interval.cell, interval.last
        made.serving[interval] = name
    return made


def tables(intervals: Sequence[Interval], still: Iterable[tuple[int, str]], totals: Totals, layout: Layout) -> Tables:
    """The arrays that `simulate_paths` takes, by name; ``still`` are outputs that are not of a period: number, cell.

    ``total_*``: what begins after each period from 0 on; ``given_*``: outputs after each period from 1 on, the last
    place being that after the horizon; both as lists by period, whose bounds are ``*_first``.
    """
    periods = layout.periods
    begins: list[list[tuple[int, float, int]]] = [[] for _ in range(periods + 1)]
    gives: list[list[tuple[int, int, float]]] = [[] for _ in range(periods + 2)]
    windows: list[tuple[int, int, int]] = []
    divisors: list[float] = []
    for interval in intervals:
        row = layout.cells[interval.cell] if not interval.runs else layout.totals[totals.serving[interval]]
        if interval.runs:
            begins[interval.first - 1].append((row, interval.start, -1))
            begins[interval.first - 1] += [(row, 0.0, layout.drivers[name]) for name in interval.drivers]
        if interval.output is None:
            windows.append((interval.last, row, layout.windows[interval.window]))
            divisors.append(interval.divisor)
        else:
            gives[interval.last].append((row, interval.output, interval.divisor))
    gives[periods + 1] = [(layout.cells[cell], output, 1.0) for output, cell in still]
    return {
        "windows": np.array(windows, np.int64).reshape(-1, 3),
        "window_divisors": np.array(divisors, np.float64),
        "total_first": np.cumsum([0, *map(len, begins)]),
        "total_row": np.array([row for each in begins for row, _, _ in each], np.int64),
        "total_value": np.array([value for each in begins for _, value, _ in each], np.float64),
        "total_driver": np.array([driver for each in begins for _, _, driver in each], np.int64),
        "given_first": np.cumsum([0, *map(len, gives)]),
        "given_row": np.array([row for each in gives for row, _, _ in each], np.int64),
        "given_output": np.array([output for each in gives for _, output, _ in each], np.int64),
        "given_divisor": np.array([divisor for each in gives for _, _, divisor in each], np.float64),
    }
