"""The model over again under other drivers: only the cells that those reach, on a sheet of workings.

A grid of two drivers needs no what-if table: what depends on the first alone is written once for each of its values,
what depends on the second alone once for each of that one's, and what depends on both once for each pair. Every
number in the grid is then an ordinary formula that follows the inputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sim.report.excel.book import Book, Place, address, number_form
from sim.report.excel.case import Subject
from sim.report.excel.model import Draft, Find, Key, Net, helping
from sim.report.excel.terms import Term

Reach = frozenset[str]  # names of cells, and of windows with "window " before


def readers(graph: Mapping[str, Any]) -> dict[str, set[str]]:
    """Who reads what: ``driver x``, ``window w`` or a cell's name to the cells and windows that ask for it."""
    found: dict[str, set[str]] = {}
    for cell in (*graph["opening"], *graph["period"], *graph["horizon"]):
        for argument in cell["arguments"]:
            kind = argument["of"] or argument["kind"]
            for target in argument["targets"]:
                name = target if kind in ("cell", "prev") else f"{kind} {target}"
                found.setdefault(name, set()).add(cell["name"])
    for name, target in graph["windows"].items():
        found.setdefault(target, set()).add(f"window {name}")
    for line in graph["carried"]:
        if line["source"] is not None:
            found.setdefault(line["source"], set()).add(line["cell"])
    return found


def closure(edges: Mapping[str, Iterable[str]], start: str) -> Reach:
    """Everything that can be reached from ``start``, without it."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = set(edges.get(waiting.pop(), ())) - found
        found |= new
        waiting += new
    return frozenset(found)


class Reaches:
    """Which cells lie between a driver and the output."""

    def __init__(self, graph: Mapping[str, Any], output: str):
        self._down = readers(graph)
        up: dict[str, set[str]] = {}
        for name, those in self._down.items():
            for reader in those:
                up.setdefault(reader, set()).add(name)
        self._needed = closure(up, output) | {output}
        self.period = {cell["name"] for cell in graph["period"]}

    def of(self, driver: str) -> Reach:
        return frozenset(closure(self._down, f"driver {driver}") & self._needed)

    def cost(self, net: Net, reach: Reach) -> int:
        """Formulas of one replica."""
        return sum(
            (net.periods if name in self.period else 1) * (1 + len(net.helpers(name)) if name in net.cells else 1)
            for name in reach
        )


class Replicas:
    """Replicas on one sheet: a column for each, a row for each cell (each quarter of a line has its own)."""

    def __init__(self, book: Book, net: Net, subject: Subject, sheet: str, first_row: int, reach: Reach):
        self.book, self.net, self.sheet = book, net, sheet
        self.rows: dict[Key, int] = {}
        self.helper_rows: dict[Key, list[int]] = {}
        self.labels: list[tuple[int, str, str]] = []
        self.drafts: dict[tuple[str, int], Draft] = {}
        self.opening_keys: list[Key] = [("cell", line, 0) for line in net.carried if line in reach]
        self.keys = self._ordered(reach)
        row = first_row
        for name in dict.fromkeys(key[1] if key[0] == "cell" else f"window {key[1]}" for key in self.keys):
            row = self._lay(name, row, subject)
        self.last_row = row - 1

    def _ordered(self, reach: Reach) -> list[Key]:
        """The quantities in order of computing."""
        net, graph = self.net, self.net.graph
        keys: list[Key] = [("cell", cell["name"], 0) for cell in graph["opening"] if cell["name"] in reach]
        keys += self.opening_keys
        lines = [cell["name"] for cell in graph["period"] if cell["name"] in reach]
        keys += [("cell", name, t) for t in range(1, net.periods + 1) for name in lines]
        keys += [("window", name, 0) for name in graph["windows"] if f"window {name}" in reach]
        return keys + [("cell", cell["name"], 0) for cell in graph["horizon"] if cell["name"] in reach]

    def _lay(self, name: str, row: int, subject: Subject) -> int:
        """Rows of a line: each helper's quarters together, then its own, so that a window is one range."""
        window = name.removeprefix("window ") if name not in self.net.cells else ""
        mine = [key for key in self.keys if key[1] == (window or name) and (key[0] == "window") == bool(window)]
        computed = [key for key in mine if key not in self.opening_keys]
        helpers = () if window else self.net.helpers(name)
        label = f"{window.replace('_', ' ')} (window)" if window else subject.label(name)
        for k, helper in enumerate(helpers):
            for key in computed:
                self.helper_rows.setdefault(key, [0] * len(helpers))[k] = row
                self.labels.append((row, f"{label}: {helper.replace('_', ' ')}", self._when(key)))
                row += 1
        for key in mine:
            self.rows[key] = row
            self.labels.append((row, label, self._when(key)))
            row += 1
        return row

    def _when(self, key: Key) -> str:
        line = key[1] in self.net.carried or key[2]
        return str(key[2]) if key[0] == "cell" and line else ""

    def column(self, column: int, reach: Reach, find: Find) -> dict[Key, Term]:
        """Draft the cells of ``reach`` in a column; gives references to them. ``find`` gives what lies outside it."""
        net = self.net
        mine: dict[Key, Term] = {}

        def place(key: Key) -> Place:
            return Place(self.sheet, self.rows[key], column)

        def look(key: Key) -> Term:
            return mine[key] if key in mine else find(key)

        for key in self.keys:
            kind, name, t = key
            if (name if kind == "cell" else f"window {name}") not in reach:
                continue
            helpers: Draft = []
            net.seen_from(self.sheet)
            if key in self.opening_keys:
                term = net.opening(name, look)
            elif kind == "window":
                term = net.window(name, look, place)
            else:
                places = [Place(self.sheet, row, column) for row in self.helper_rows.get(key, ())]
                term = net.formula(net.cells[name], t, look, helping(places, helpers))
            for k, draft in enumerate(helpers, start=1):
                self.drafts.setdefault((name, k), []).append(draft)
            self.drafts.setdefault((name if kind == "cell" else f"window {name}", 0), []).append((place(key), term))
            mine[key] = Term(address(place(key), self.sheet), term.value, simple=True)
        return mine

    def write(self, label_column: int, when_column: int) -> None:
        """Labels and formulas; when all columns are computed."""
        for row, label, when in self.labels:
            self.book.text(Place(self.sheet, row, label_column), label, "quiet")
            self.book.text(Place(self.sheet, row, when_column), when, "quiet")
        for (name, helper), drafts in self.drafts.items():
            unit = self.net.cells[name]["unit"] if name in self.net.cells else ""
            form = number_form(unit if not helper else "", [term.value for _, term in drafts])
            for place, term in drafts:
                self.book.formula(place, term, form, "quiet")
