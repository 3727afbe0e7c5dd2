"""The model as a net of cells: where each quantity stands in the workbook, and its formula and value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sim.errors import InputError, Problem
from sim.report.excel.book import Place, address, span
from sim.report.excel.formulas import Group, Translator
from sim.report.excel.terms import COMPARES, Term, plain, shown

# A quantity: what it is, its name, and its period (0 for what has none; of a carried line 0 is its opening). Time is
# named by the sheet whose row of periods is meant.
Key = tuple[str, str, int]
Find = Callable[[Key], Term]
Draft = list[tuple[Place, Term]]
MOST_FORMULAS = 200_000
_ANY = Term("A1", 1.0, simple=True)  # a reference, to learn a formula's helpers


class Net:
    """Places and values of every quantity of a model.

    ``graph`` is ``model.json``; ``windows`` give first period, last period and how; ``places`` must hold every quantity
    before `compute`, which fills ``values`` and ``drafts``: by line (a cell's name, or one of its helpers) the places
    and formulas to be written.
    """

    def __init__(self, graph: Mapping[str, Any], windows: Mapping[str, tuple[int, int, str]], periods: int):
        self.graph = graph
        self.windows = windows
        self.periods = periods
        self.places: dict[Key, Place] = {}
        self.values: dict[Key, float] = {}
        self.fixed: set[Key] = set()  # with dollar signs: stays when a formula is copied to the right
        self.drafts: dict[tuple[str, int], Draft] = {}
        self.helper_places: dict[Key, Sequence[Place]] = {}
        self.carried: dict[str, Mapping[str, Any]] = {line["cell"]: line for line in graph["carried"]}
        self.cells: dict[str, Mapping[str, Any]] = {
            cell["name"]: cell for at in ("opening", "period", "horizon") for cell in graph[at]
        }
        self._translator = Translator(graph, lambda key: self.term(("constant", key, 0)))
        self._origin = ""  # the sheet that is being written
        self._helpers: dict[str, tuple[str, ...]] = {}
        if len(graph["period"]) * periods > MOST_FORMULAS:
            what = f"{len(graph['period'])} lines of {periods} periods are too many formulas for a workbook"
            raise InputError(Problem("--only", what, "leave out xlsx"))

    def put(self, key: Key, place: Place, value: float | None = None, *, fixed: bool = False) -> None:
        """Say where a quantity stands, and what an input is worth."""
        self.places[key] = place
        if value is not None:
            self.values[key] = shown(value)
        if fixed:
            self.fixed.add(key)

    def term(self, key: Key, seen_from: str | None = None) -> Term:
        """A reference to a quantity, as the sheet being written (or ``seen_from``) has it."""
        origin = self._origin if seen_from is None else seen_from
        text = address(self.places[key], origin, fixed=key in self.fixed)
        return Term(text, self.values[key], simple=True, given=key[0] not in ("cell", "window"))

    def helpers(self, name: str) -> tuple[str, ...]:
        """The labels of a cell's helper cells, found by writing its formula once into nowhere."""
        if name not in self._helpers:
            labels: list[str] = []

            def note(label: str, term: Term) -> Term:
                labels.append(label)
                return Term("1=1", 1.0, COMPARES, condition=True, simple=True) if term.condition else _ANY

            cell = self.cells[name]
            arguments = [tuple(_ANY for _ in a["targets"]) if a["kind"] == "group" else _ANY for a in cell["arguments"]]
            Translator(self.graph, lambda key: _ANY).cell(cell["function"], arguments, note)
            self._helpers[name] = tuple(labels)
        return self._helpers[name]

    def compute(self) -> None:
        """Every formula in order: opening cells, period by period, windows, horizon."""
        for cell in self.graph["opening"]:
            self._cell(cell, 0)
        for line in self.carried:
            key: Key = ("cell", line, 0)
            self._origin = self.places[key].sheet
            self._draft(line, 0, key, self.opening(line, self.term))
        for t in range(1, self.periods + 1):
            for cell in self.graph["period"]:
                self._cell(cell, t)
        for name in self.graph["windows"]:
            self._origin = self.places["window", name, 0].sheet
            self._draft(f"window {name}", 0, ("window", name, 0), self.window(name, self.term, self.places.__getitem__))
        for cell in self.graph["horizon"]:
            self._cell(cell, 0)

    def _draft(self, line: str, helper: int, key: Key, term: Term) -> None:
        self._origin = self.places[key].sheet
        self.values[key] = term.value
        self.drafts.setdefault((line, helper), []).append((self.places[key], term))

    def _cell(self, cell: Mapping[str, Any], t: int) -> None:
        name = cell["name"]
        key = ("cell", name, t)
        self._origin = self.places[key].sheet
        helpers: list[tuple[Place, Term]] = []
        term = self.formula(cell, t, self.term, helping(self.helper_places.get(key, ()), helpers))
        for k, draft in enumerate(helpers, start=1):
            self.drafts.setdefault((name, k), []).append(draft)
        self._draft(name, 0, key, term)

    def formula(self, cell: Mapping[str, Any], t: int, find: Find, helper: Callable[[str, Term], Term]) -> Term:
        """The formula of a cell in period t (0 for opening and horizon). ``find`` gives the terms of quantities."""
        arguments: list[Term | Group] = []
        for argument in cell["arguments"]:
            kind = argument["of"] or argument["kind"]
            if kind == "time":
                arguments.append(find(("time", self.places["cell", cell["name"], t].sheet, t)))
                continue
            found = tuple(find(self.key(cell["at"], kind, target, t)) for target in argument["targets"])
            arguments.append(found if argument["kind"] == "group" else found[0])
        return self._translator.cell(cell["function"], arguments, helper)

    def key(self, at: str, kind: str, target: str, t: int) -> Key:
        """What an argument of a cell refers to."""
        if kind == "prev":
            return "cell", target, t - 1
        if kind in ("innovation", "schedule"):
            return kind, target, t
        if kind == "cell" and self.cells[target]["at"] == "period":
            return "cell", target, self.periods if at == "horizon" else t
        return kind, target, 0

    def window(self, name: str, find: Find, place: Callable[[Key], Place]) -> Term:
        """The formula of a window over its periods, which lie side by side."""
        first, last, how = self.windows[name]
        target = self.graph["windows"][name]
        keys: list[Key] = [("cell", target, t) for t in range(first, last + 1)]
        if how == "last":
            return find(keys[-1])
        text = span(place(keys[0]), place(keys[-1]), self._origin)
        return gathered(how, [find(key).value for key in keys], [text])

    def opening(self, line: str, find: Find) -> Term:
        """What a carried line starts from: an opening cell or an input."""
        facts = self.carried[line]
        if facts["source"] is not None:
            return find(("cell", facts["source"], 0))
        return find(("opening", facts["leaf"], 0))

    def seen_from(self, sheet: str) -> None:
        """References are from now on written as that sheet has them."""
        self._origin = sheet


def helping(places: Iterable[Place], drafts: Draft) -> Callable[[str, Term], Term]:
    """A helper writer for `Translator.cell`: the next place takes the next helper."""
    free = iter(places)

    def helper(label: str, term: Term) -> Term:
        place = next(free)
        drafts.append((place, plain(term)))
        text = address(place, place.sheet)
        if term.condition:
            return Term(f"{text}=1", term.value, COMPARES, condition=True, simple=True)
        return Term(text, term.value, simple=True)

    return helper


def gathered(how: str, values: Sequence[float], texts: Iterable[str]) -> Term:
    """A SUM or AVERAGE, adding from the first to the last."""
    total = 0.0
    for value in values:
        total += value
    value = total / len(values) if how == "mean" else total
    return Term(f"{'AVERAGE' if how == 'mean' else 'SUM'}({','.join(texts)})", shown(value))
