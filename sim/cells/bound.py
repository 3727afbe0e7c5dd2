"""A bound model as plain data: what `bind` makes, what is stored as ``model.json``, what the writers read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sim.cells.names import Names, OutputRequest

KINDS = ("cell", "prev", "driver", "innovation", "schedule", "window", "time", "group")


@dataclass(frozen=True)
class Argument:
    """What one parameter of a cell stands for.

    ``kind`` is one of `KINDS` and ``targets`` the full names it reads: one, none for ``time``, one per member for
    ``group``, whose members are all of the kind ``of``. ``prev`` names the line itself, without the prefix.
    """

    parameter: str
    kind: str
    targets: tuple[str, ...]
    of: str = ""

    @property
    def target(self) -> str:
        """The one name read; ``time`` and ``group`` have none or several (ValueError)."""
        (name,) = self.targets
        return name

    def reads(self, kind: str) -> tuple[str, ...]:
        """The targets that are read as ``kind``, whether alone or as a group."""
        return self.targets if kind in (self.kind, self.of) else ()


@dataclass(frozen=True)
class Cell:
    """One line of the model: ``at`` is opening, period or horizon; ``function`` a key of `Graph.functions`."""

    name: str
    at: str
    function: str
    arguments: tuple[Argument, ...]
    unit: str
    doc: str
    file: str
    line: int
    over: str | None = None
    member: str | None = None

    def reads(self, kind: str) -> tuple[str, ...]:
        """Every full name that the cell reads as ``kind``, in parameter order."""
        return tuple(name for argument in self.arguments for name in argument.reads(kind))


@dataclass(frozen=True)
class Function:
    """A function's own text, from ``def`` on, and what the names in it stand for.

    ``references`` maps a name used in the text to ``maths:exp``, ``function:<key>`` or ``constant:<key>``; names that
    are not in it are parameters, local names, or the words ``min max abs sum``. ``returns`` is ``number`` or
    ``condition`` (a comparison's yes or no).
    """

    key: str
    name: str
    parameters: tuple[str, ...]
    text: str
    references: Mapping[str, str]
    returns: str
    file: str
    line: int


@dataclass(frozen=True)
class Carried:
    """A line whose previous value is asked for, and where it starts: an opening cell, or the number at ``leaf``."""

    cell: str
    leaf: str
    source: str | None


@dataclass(frozen=True)
class Graph:
    """A model bound to a study: cells of each kind in an order in which they can be computed."""

    model: str
    names: Names
    opening: tuple[Cell, ...]
    period: tuple[Cell, ...]
    horizon: tuple[Cell, ...]
    carried: tuple[Carried, ...]
    windows: Mapping[str, str]
    functions: Mapping[str, Function]
    constants: Mapping[str, float] = field(default_factory=dict)

    @property
    def cells(self) -> tuple[Cell, ...]:
        return self.opening + self.period + self.horizon

    def cell(self, name: str) -> Cell:
        """The cell of that full name (KeyError when there is none)."""
        for cell in self.cells:
            if cell.name == name:
                return cell
        raise KeyError(name)

    def to_json(self) -> dict[str, Any]:
        """The graph as plain dicts, lists, texts and numbers; `from_json` gives an equal graph back."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return plain

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Graph:
        """The graph stored by `to_json`."""
        names = data["names"]
        return Graph(
            model=data["model"],
            names=Names(
                drivers=tuple(names["drivers"]),
                innovations=tuple(names["innovations"]),
                schedules=tuple(names["schedules"]),
                openings=names["openings"],
                windows=names["windows"],
                families={family: tuple(members) for family, members in names["families"].items()},
                outputs=tuple(OutputRequest(**output) for output in names["outputs"]),
                timed=names["timed"],
            ),
            opening=tuple(_cell(cell) for cell in data["opening"]),
            period=tuple(_cell(cell) for cell in data["period"]),
            horizon=tuple(_cell(cell) for cell in data["horizon"]),
            carried=tuple(Carried(**line) for line in data["carried"]),
            windows=data["windows"],
            functions={
                key: Function(**{**function, "parameters": tuple(function["parameters"])})
                for key, function in data["functions"].items()
            },
            constants=data["constants"],
        )


def _cell(data: dict[str, Any]) -> Cell:
    arguments = tuple(Argument(**{**each, "targets": tuple(each["targets"])}) for each in data["arguments"])
    return Cell(**{**data, "arguments": arguments})
