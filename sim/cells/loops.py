"""One loop over the paths of a block, as text: loads, one call per cell, stores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sim.cells.bound import Cell
from sim.cells.names import identifier

OWN = frozenset({"buffer", "t", "schedules", "period", "i"})


@dataclass
class Names:
    """Local names of a loop, none of which hides a name of the kernel."""

    reserved: set[str]
    given: dict[tuple[str, str], str] = field(default_factory=dict)

    def __call__(self, name: str, kind: str = "") -> str:
        if (name, kind) not in self.given:
            wanted = identifier(name) if not kind else f"{kind}_{identifier(name)}"
            while wanted in self.reserved or wanted in OWN or wanted in self.given.values():
                wanted += "_"
            self.given[name, kind] = wanted
        return self.given[name, kind]


@dataclass
class Loop:
    """Collects the lines of a loop; ``rows`` names the rows of the buffer (`sim.cells.layout.Layout.named`).

    Indices are uint64 throughout: a signed one stops vectorisation.
    """

    names: Names
    rows: Mapping[int, str]
    heads: dict[str, None] = field(default_factory=dict)
    loads: dict[str, None] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    stores: list[str] = field(default_factory=list)

    def before(self, name: str, expression: str) -> None:
        """A value that is the same for every path of the block."""
        self.heads[f"    {self.names(name)} = {expression}\n"] = None

    def load(self, name: str, row: int, kind: str = "") -> None:
        self.loads[f"        {self.names(name, kind)} = {self._at(row)}\n"] = None

    def load_of_period(self, name: str, first_row: int, row: int) -> None:
        """Load what lies ``period`` rows below ``first_row``, known only at run time, by way of the fixed ``row``.

        The copy has a loop of its own. In the main loop every distance between rows must be a constant: otherwise
        LLVM compares every store with every load at run time, thousands of tests for a hundred cells.
        """
        at = self.names(name, "at")
        self.heads[
            f"    {at} = {self.rows[first_row]} + period * BLOCK\n    for i in range(BLOCK):\n"
            f"        {self._at(row)} = buffer[{at} + i]\n"
        ] = None
        self.load(name, row)

    def call(self, cell: Cell, function: str) -> None:
        arguments = []
        for argument in cell.arguments:
            if argument.kind == "time":
                arguments.append("t")
            kind = "prev" if "prev" in (argument.kind, argument.of) else ""
            arguments += [self.names(target, kind) for target in argument.targets]
        self.calls.append(f"        {self.names(cell.name)} = {function}({', '.join(arguments)})\n")

    def store(self, row: int, name: str, kind: str = "") -> None:
        self.stores.append(f"        {self._at(row)} = {self.names(name, kind)}\n")

    def add(self, row: int, name: str) -> None:
        at = self._at(row)
        self.stores.append(f"        {at} = {at} + {self.names(name)}\n")

    def _at(self, row: int) -> str:
        return f"buffer[{self.rows[row]} + i]"

    def text(self) -> str:
        if not self.stores:
            return ""
        return "".join([*self.heads, "    for i in range(BLOCK):\n", *self.loads, *self.calls, *self.stores])
