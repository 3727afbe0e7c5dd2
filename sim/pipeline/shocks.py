"""A study in which the shocks of the first periods are drivers, so that they can be searched for like any other.

Each innovation's shocks of periods 1 to T become drivers of their own, standard normal and independent, and a cell
takes them in place of the innovation while t <= T. The joint law of everything else is what it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sim.cells.bound import Argument, Cell, Function, Graph
from sim.config import leaves
from sim.config.drivers import Driver
from sim.config.schema import Study

FILE = "sim/pipeline/shocks.py"
NOTE = "the shock of one period, so that what was observed can be laid at its door"


@dataclass(frozen=True)
class Widened:
    """Study and graph with the shocks as drivers; ``drivers`` are the new ones, as a study file would write them."""

    study: Study
    graph: Graph
    drivers: Mapping[str, dict[str, Any]]


def widen(study: Study, graph: Graph, last: int) -> Widened:
    """Make drivers of the shocks of periods 1 to ``last``; those that are drivers already stay as they are."""
    calendar = study.calendar
    written: dict[str, dict[str, Any]] = {}
    cells: list[Cell] = []
    functions: dict[str, Function] = {}
    stands_in: dict[str, str] = {}
    taken = {*graph.names.drivers, *(cell.name for cell in graph.cells)}
    for innovation in graph.names.innovations:
        periods = {t: f"{innovation}_{calendar.name(t)}" for t in range(1, last + 1)}
        new = {t: name for t, name in periods.items() if name not in taken}
        if not new:
            continue
        for t, name in new.items():
            written[name] = {
                "marginal": {"kind": "normal", "mean": 0.0, "sd": 1.0},
                "unit": "1",
                "label": f"Shock: {leaves.words(innovation)}, {calendar.name(t)}",
                "source": "definition",
                "note": NOTE,
            }
        name = f"{innovation}_to_{calendar.name(last)}"
        stands_in[innovation] = name
        arguments = [Argument("t", "time", ()), Argument("drawn", "innovation", (innovation,))]
        arguments += [Argument(f"shock_{t}", "driver", (driver,)) for t, driver in new.items()]
        chosen = "drawn"
        for t in sorted(new, reverse=True):
            inside = f"t < {t + 0.5}" if t == min(new) and t == 1 else f"{t - 0.5} < t and t < {t + 0.5}"
            chosen = f"shock_{t} if {inside} else ({chosen})"
        parameters = tuple(argument.parameter for argument in arguments)
        key = f"sim.pipeline.shocks.{name}"
        text = f"def {name}({', '.join(f'{each}: float' for each in parameters)}) -> float:\n    return {chosen}"
        functions[key] = Function(key, name, parameters, text, {}, "number", FILE, 1)
        doc = f"The innovation {innovation}, its first shocks given. [1]"
        cells.append(Cell(name, "period", key, tuple(arguments), "1", doc, FILE, 1))
    return Widened(_study(study, written), _graph(graph, cells, functions, stands_in, written), written)


def _study(study: Study, written: Mapping[str, dict[str, Any]]) -> Study:
    drivers = {name: Driver.model_validate(entry) for name, entry in written.items()}
    return study.model_copy(update={"drivers": {**study.drivers, **drivers}})


def _graph(
    graph: Graph,
    cells: list[Cell],
    functions: Mapping[str, Function],
    stands_in: Mapping[str, str],
    written: Mapping[str, Any],
) -> Graph:
    names = replace(graph.names, drivers=tuple(sorted({*graph.names.drivers, *written})))
    period = (*cells, *(_turned(cell, stands_in) for cell in graph.period))
    return replace(graph, names=names, period=period, functions={**graph.functions, **functions})


def _turned(cell: Cell, stands_in: Mapping[str, str]) -> Cell:
    """The cell reading the stand-ins in place of the innovations."""
    arguments = []
    for each in cell.arguments:
        if each.kind == "innovation" and each.target in stands_in:
            each = replace(each, kind="cell", targets=(stands_in[each.target],))
        elif each.of == "innovation" and all(target in stands_in for target in each.targets):
            each = replace(each, of="cell", targets=tuple(stands_in[target] for target in each.targets))
        arguments.append(each)
    return replace(cell, arguments=tuple(arguments))
