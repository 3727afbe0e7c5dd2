"""Cut the cells of a period into several loops over the paths of a block (loop fission).

A CPU works on a few hundred instructions at once. One loop over a hundred cells is longer than that: the chain of
operations of one path fills the window, and the next paths, which do not depend on it, have to wait; and the values in
flight find no registers. Loops of some hundred instructions overlap their paths. Measured on the base study: its
quarter in six loops takes 0.85 of the time of one. What a later loop needs goes through rows of the block.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from sim.cells.bound import Cell, Function, Graph

LONGEST = 100.0  # the cost of a loop that leaves room for others in flight: 60 to 100 measured alike, 150 slower
DIVISION, ELEMENTARY, EXTREME, CHOICE = 8.0, 25.0, 4.0, 2.0  # costs, an addition or multiplication being 1


@dataclass(frozen=True)
class Fission:
    """Loops of cells in their order, and what passes between them.

    ``home`` is the number of each cell's loop. ``handed`` are cells that a later loop reads, ``before`` those whose
    previous value a later loop asks for when their own loop has already replaced it.
    """

    loops: tuple[tuple[Cell, ...], ...]
    home: Mapping[str, int]
    handed: tuple[str, ...]
    before: tuple[str, ...]


def cut(graph: Graph) -> Fission:
    """The period cells of a graph in loops of about equal cost, each near `LONGEST` or, if there is but one, below."""
    known: dict[str, float] = {}
    costs = [1.0 + _cost(cell.function, graph.functions, known) for cell in graph.period]
    number = max(1, round(sum(costs) / LONGEST))
    loops: list[list[Cell]] = [[] for _ in range(number)]
    done = 0.0
    for cell, cost in zip(graph.period, costs, strict=True):
        loops[int((done + cost / 2.0) * number / sum(costs))].append(cell)
        done += cost
    filled = tuple(tuple(loop) for loop in loops if loop)
    home = {cell.name: place for place, loop in enumerate(filled) for cell in loop}
    reads = {
        kind: [name for name in home if any(home[name] < home[c.name] and name in c.reads(kind) for c in graph.period)]
        for kind in ("cell", "prev")
    }
    return Fission(filled, home, tuple(reads["cell"]), tuple(reads["prev"]))


def _cost(key: str, functions: Mapping[str, Function], known: dict[str, float]) -> float:
    """Vector instructions of a formula, about: only the proportions matter."""
    if key not in known:
        function = functions[key]
        nodes = list(ast.walk(ast.parse(function.text)))
        total = sum(DIVISION if isinstance(n.op, ast.Div) else 1.0 for n in nodes if isinstance(n, ast.BinOp))
        total += CHOICE * sum(isinstance(node, ast.Compare | ast.IfExp) for node in nodes)
        for node in nodes:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                kind, _, name = function.references.get(node.func.id, "").partition(":")
                if kind == "function":
                    total += _cost(name, functions, known)
                else:
                    total += ELEMENTARY if kind == "maths" else EXTREME
        known[key] = total
    return known[key]
