"""Which row of a block's buffer holds what."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sim.cells.bound import Graph
from sim.cells.fission import Fission


@dataclass(frozen=True)
class Layout:
    """Row numbers by name, in a buffer of ``rows`` rows of ``block`` float64 each.

    ``drivers`` and ``innovations`` are filled before `begin_block` (an innovation has ``periods`` rows, the given one
    being that of t = 1), as are ``numbers``, keyed by the name of the opening. ``windows`` are filled by the
    caller before `horizon_block`. ``cells`` has every opening and horizon cell, the carried lines
    (whose row holds the newest value after `period_block`) and the period cells that were asked for.
    ``totals`` are rows to which `period_block` adds their cell; the caller starts them.
    ``drawn`` has a scratch row for this period's value of each innovation; ``handed`` those for cells that a later
    loop of `period_block` reads, and ``before`` for previous values that a later loop asks for (`sim.cells.fission`).
    ``schedules`` gives the row of each schedule in the table handed to `period_block`.
    """

    rows: int
    block: int
    periods: int
    drivers: Mapping[str, int]
    innovations: Mapping[str, int]
    numbers: Mapping[str, int]
    windows: Mapping[str, int]
    cells: Mapping[str, int]
    schedules: Mapping[str, int]
    drawn: Mapping[str, int]
    totals: Mapping[str, int]
    handed: Mapping[str, int]
    before: Mapping[str, int]

    def named(self) -> dict[int, str]:
        """A name for each row that the kernel's text speaks of: ``ROW_token_growth``."""
        found: dict[int, str] = {}
        for rows, ending in (
            (self.drivers, ""), (self.innovations, ""), (self.numbers, " opening"), (self.windows, ""),
            (self.cells, ""), (self.drawn, " now"), (self.totals, ""), (self.handed, ""), (self.before, " before"),
        ):  # fmt: skip
            for name, row in rows.items():
                wanted = "ROW_" + re.sub(r"\W+", "_", name + ending).strip("_")
                while wanted in found.values():
                    wanted += "_"
                found[row] = wanted
        return found

    def to_json(self) -> dict[str, Any]:
        """Plain dicts and numbers; ``Layout(**data)`` is the inverse."""
        return asdict(self)


def lay_out(
    graph: Graph, fission: Fission, kept: Collection[str], block: int, periods: int, totals: Collection[str] = ()
) -> Layout:
    """Rows for a graph; ``kept`` are the period cells that need a row beside the carried ones, ``totals`` names."""
    names = graph.names
    drivers = {name: row for row, name in enumerate(names.drivers)}
    innovations = {name: len(drivers) + k * periods for k, name in enumerate(names.innovations)}
    rows = len(drivers) + len(innovations) * periods

    def take(wanted: Collection[str]) -> dict[str, int]:
        nonlocal rows
        taken = {name: rows + position for position, name in enumerate(wanted)}
        rows += len(taken)
        return taken

    numbers = take(sorted({line.leaf for line in graph.carried if line.source is None}))
    windows = take(list(graph.windows))
    carried = {line.cell for line in graph.carried}
    stored = [cell.name for cell in graph.period if cell.name in carried or cell.name in kept]
    cells = take([*(cell.name for cell in graph.opening), *stored, *(cell.name for cell in graph.horizon)])
    drawn = take(names.innovations)
    summed = take(list(totals))
    handed = take([name for name in fission.handed if name not in cells])
    before = take(fission.before)
    schedules = {name: row for row, name in enumerate(names.schedules)}
    return Layout(
        rows, block, periods, drivers, innovations, numbers, windows, cells, schedules, drawn, summed, handed, before
    )
