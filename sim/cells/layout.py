"""Which row of a block's buffer holds what."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sim.cells.bound import Graph


@dataclass(frozen=True)
class Layout:
    """Row numbers by name, in a buffer of ``rows`` rows of ``block`` float64 each.

    ``drivers`` and ``innovations`` are filled before `begin_block` (an innovation has ``periods`` rows, the given one
    being that of t = 1), as are ``numbers``, keyed by the name of the opening. ``windows`` are filled by the
    caller before `horizon_block`. ``cells`` has every opening and horizon cell, the carried lines
    (whose row holds the newest value after `period_block`) and the period cells that were asked for.
    ``totals`` are rows to which `period_block` adds their cell; the caller starts them.
    ``drawn`` has a scratch row for this period's value of each innovation.
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

    def to_json(self) -> dict[str, Any]:
        """Plain dicts and numbers; ``Layout(**data)`` is the inverse."""
        return asdict(self)


def lay_out(graph: Graph, kept: Collection[str], block: int, periods: int, totals: Collection[str] = ()) -> Layout:
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
    schedules = {name: row for row, name in enumerate(names.schedules)}
    return Layout(rows, block, periods, drivers, innovations, numbers, windows, cells, schedules, drawn, summed)
