"""Write the kernel of a model: its cells' own text, and three functions that call them in order, block by block."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sim.cells.bound import Cell, Function, Graph
from sim.cells.fission import Fission, cut
from sim.cells.layout import Layout, lay_out
from sim.cells.loops import Loop, Names
from sim.cells.names import split
from sim.cells.render import KERNEL_NAMES, Rendering, Words, power_text, powers_needed
from sim.kernel import section

BLOCK_SECTION = "paths in a block"
CELLS = "cells of the model"  # the one section of a kernel text that depends on the model


@dataclass(frozen=True)
class Kernel:
    """Kernel text that defines `begin_block`, `period_block` and `horizon_block`, and the rows that they use."""

    text: str
    layout: Layout


def write(
    graph: Graph, kept: Collection[str], block: int, periods: int, totals: Mapping[str, str] | None = None
) -> Kernel:
    """The kernel text of a graph.

    ``kept`` are the period cells whose row the caller reads; period cells that neither they, nor a window, nor a
    horizon cell need are left out. ``totals`` names rows and the period cell that `period_block` adds to each.
    ``block`` is the number of paths in a row, ``periods`` the number of periods.
    The text needs `sim.elementary` before it and depends on nothing else, whatever the order of the study's entries
    other than drivers, innovations and schedules, whose order decides their rows.
    """
    totals = totals or {}
    asked = {name for cell in graph.horizon for name in cell.reads("cell")} | set(kept)
    period = _needed(graph, asked | set(graph.windows.values()) | set(totals.values()))
    present = {cell.name for cell in period}
    needed = Graph(
        model=graph.model,
        names=graph.names,
        opening=graph.opening,
        period=period,
        horizon=graph.horizon,
        carried=tuple(line for line in graph.carried if line.cell in present),
        windows=graph.windows,
        functions=graph.functions,
        constants=graph.constants,
    )
    fission = cut(needed)
    layout = lay_out(needed, fission, asked, block, periods, tuple(totals))
    functions, called = _functions(needed)
    rows = layout.named()
    entries = [
        _begin(needed, layout, rows, called),
        _period(fission, layout, rows, called, totals),
        _horizon(needed, layout, rows, called),
    ]
    blocks = section(BLOCK_SECTION, f"BLOCK = np.uint64({block})\n\n\n")
    places = "".join(f"{name} = np.uint64({row}) * BLOCK\n" for row, name in sorted(rows.items()))
    return Kernel("".join([blocks, section(CELLS, functions), places, "\n\n", *entries]), layout)


def _needed(graph: Graph, asked: Collection[str]) -> tuple[Cell, ...]:
    period = {cell.name: cell for cell in graph.period}
    waiting = [name for name in asked if name in period]
    wanted = set(waiting)
    while waiting:
        cell = period[waiting.pop()]
        new = [n for n in (*cell.reads("cell"), *cell.reads("prev")) if n in period and n not in wanted]
        wanted.update(new)
        waiting += new
    return tuple(cell for cell in graph.period if cell.name in wanted)


def _functions(graph: Graph) -> tuple[str, dict[str, str]]:
    """The text of every function needed, and the kernel name of each by key."""
    by_cell: dict[str, Cell] = {}
    for cell in graph.cells:
        by_cell.setdefault(cell.function, cell)
    named: dict[str, str] = {}
    references = {f"maths:{name}": name for function in graph.functions.values() for name in _maths(function)}
    for key, function in graph.functions.items():
        named[key] = f"cell_{function.name}" if key in by_cell else _global(key, references)
        references[f"function:{key}"] = named[key]
    for key in graph.constants:
        references[f"constant:{key}"] = _global(key, references)
    returns = {key: function.returns for key, function in graph.functions.items()}
    words = Words(references, graph.constants, returns)
    text, exponents = [], set()
    wanted = _called(graph, by_cell)
    for key, function in graph.functions.items():
        if key in wanted:
            rendering = Rendering(function, words, _groups(by_cell.get(key)), is_cell=key in by_cell)
            text.append(rendering.text(named[key]))
            exponents |= rendering.exponents
    constants = [f"{references[f'constant:{key}']} = {value!r}\n" for key, value in graph.constants.items()]
    if constants:
        constants.append("\n\n")
    return "".join([*constants, *(power_text(n) for n in powers_needed(exponents)), *text]), named


def _called(graph: Graph, by_cell: Mapping[str, Cell]) -> set[str]:
    """The functions of the cells that are present, and those that they call."""
    wanted: set[str] = set()
    waiting = list(by_cell)
    while waiting:
        key = waiting.pop()
        if key not in wanted:
            wanted.add(key)
            references = graph.functions[key].references.values()
            waiting += [each.removeprefix("function:") for each in references if each.startswith("function:")]
    return wanted


def _maths(function: Function) -> list[str]:
    return [each.removeprefix("maths:") for each in function.references.values() if each.startswith("maths:")]


def _global(key: str, references: Mapping[str, str]) -> str:
    """A name that no cell, local name or other kernel module has: ``finance__revert``."""
    module, name = key.rsplit(".", 1)
    given = f"{module.rsplit('.', 1)[-1]}__{name}"
    while given in references.values():
        given += "_"
    return given


def _groups(cell: Cell | None) -> dict[str, tuple[str, ...]]:
    if cell is None:
        return {}
    groups = {argument.parameter: argument.targets for argument in cell.arguments if argument.kind == "group"}
    return {parameter: tuple(str(split(name)[1]) for name in targets) for parameter, targets in groups.items()}


def _begin(graph: Graph, layout: Layout, rows: Mapping[int, str], called: Mapping[str, str]) -> str:
    loop = Loop(Names({*KERNEL_NAMES, *called.values()}), rows)
    for cell in graph.opening:
        for driver in cell.reads("driver"):
            loop.load(driver, layout.drivers[driver])
    for line in graph.carried:
        if line.source is None:
            loop.load(line.leaf, layout.numbers[line.leaf], kind="number")
    for cell in graph.opening:
        loop.call(cell, called[cell.function])
        loop.store(layout.cells[cell.name], cell.name)
    for line in graph.carried:
        if line.source is None:
            loop.store(layout.cells[line.cell], line.leaf, kind="number")
        else:
            loop.store(layout.cells[line.cell], line.source)
    doc = '    """Opening cells, and the first previous value of every carried line."""\n'
    return f"@compiled\ndef begin_block(buffer):\n{doc}{loop.text()}\n\n"


def _period(
    fission: Fission, layout: Layout, rows: Mapping[int, str], called: Mapping[str, str], totals: Mapping[str, str]
) -> str:
    names = Names({*KERNEL_NAMES, *called.values()})
    loops = [_loop(number, fission, layout, Loop(names, rows), called, totals) for number in range(len(fission.loops))]
    doc = (
        '    """Every cell of period t (1.0, 2.0, ...); carried rows hold previous values before, new ones after."""\n'
    )
    start = "    period = np.uint64(t) - np.uint64(1)\n"
    return f"@compiled\ndef period_block(buffer, t, schedules):\n{doc}{start}{''.join(loops)}\n\n"


def _loop(
    number: int,
    fission: Fission,
    layout: Layout,
    loop: Loop,
    called: Mapping[str, str],
    totals: Mapping[str, str],
) -> str:
    """One of the loops of a period."""
    cells = fission.loops[number]
    rows = {**layout.handed, **layout.cells}
    own = {cell.name for cell in cells}
    replaced_here = [name for name in fission.before if name in own]
    for cell in cells:
        for name in cell.reads("innovation"):
            loop.load_of_period(name, layout.innovations[name], layout.drawn[name])
        for name in cell.reads("schedule"):
            loop.before(name, f"schedules[np.uint64({layout.schedules[name]}), period]")
        for name in cell.reads("driver"):
            loop.load(name, layout.drivers[name])
        for name in cell.reads("prev"):
            gone = fission.home[name] < number
            loop.load(name, layout.before[name] if gone else layout.cells[name], kind="prev")
        for name in cell.reads("cell"):
            if name not in own:
                loop.load(name, rows[name])
    for name in replaced_here:
        loop.load(name, layout.cells[name], kind="prev")
    for cell in cells:
        loop.call(cell, called[cell.function])
    for name in replaced_here:
        loop.store(layout.before[name], name, kind="prev")
    for cell in cells:
        if cell.name in rows:
            loop.store(rows[cell.name], cell.name)
    for total, name in totals.items():
        if name in own:
            loop.add(layout.totals[total], name)
    return loop.text()


def _horizon(graph: Graph, layout: Layout, rows: Mapping[int, str], called: Mapping[str, str]) -> str:
    loop = Loop(Names({*KERNEL_NAMES, *called.values()}), rows)
    horizon = {cell.name for cell in graph.horizon}
    for cell in graph.horizon:
        for name in cell.reads("driver"):
            loop.load(name, layout.drivers[name])
        for name in cell.reads("window"):
            loop.load(name, layout.windows[name])
        for name in cell.reads("cell"):
            if name not in horizon:
                loop.load(name, layout.cells[name])
    for cell in graph.horizon:
        loop.call(cell, called[cell.function])
        loop.store(layout.cells[cell.name], cell.name)
    doc = '    """Horizon cells, from drivers, windows and the last period."""\n'
    return f"@compiled\ndef horizon_block(buffer):\n{doc}{loop.text()}\n"
