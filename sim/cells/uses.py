"""What a study declares must exist in the model and be used by it: openings, windows, outputs, inputs, families."""

from __future__ import annotations

from collections.abc import Iterable

from sim.cells.bound import Carried, Cell
from sim.cells.index import SECTIONS, Index
from sim.cells.names import split
from sim.errors import Problem, did_you_mean


def check_uses(index: Index, cells: Iterable[Cell], carried: Iterable[Carried], problems: list[Problem]) -> None:
    """Append to ``problems`` every declared name that nothing uses and every request for a cell that is not there."""
    cells = list(cells)
    _openings(index, cells, {line.leaf for line in carried}, problems)
    for name, cell in index.names.windows.items():
        _window(index, name, cell, problems)
    _outputs(index, problems)
    for kind, section in SECTIONS.items():
        used = {name for cell in cells for name in cell.reads(kind)}
        for name, declared in index.entries.items():
            if declared == kind and name not in used:
                asked = sorted({parameter for cell in cells for parameter in missing(index, cell)})
                if split(name)[0] in asked:
                    continue  # a cell asks for it where it may not, which is said there
                hint = did_you_mean(split(name)[0], asked)
                reader = "horizon cell" if kind == "window" else "cell"
                advice = hint or f"name it as a parameter of the {reader} that needs it, or remove it"
                problems.append(Problem(f"{section}.{name}", f"no {reader} uses this {kind}", advice))
    for family in index.names.families:
        if family not in index.used:
            what = "no cell is repeated over this family or sums it up"
            advice = f'mark a cell @cell(over="{family}"), or remove the family'
            problems.append(Problem(f"families.{family}", what, advice))


def missing(index: Index, cell: Cell) -> set[str]:
    """The parameters of a cell that stand for nothing."""
    wanted = set(index.cells[cell.name][0].parameters)
    return wanted - {argument.parameter for argument in cell.arguments}


def _openings(index: Index, cells: Iterable[Cell], used: set[str], problems: list[Problem]) -> None:
    asked = {name for cell in cells for name in cell.reads("prev")}
    for name in index.names.openings:
        if name in used or name in asked or any(split(each)[0] == name for each in asked):
            continue
        leaf = f"openings.{name}"
        if name in index.cells or any(split(each)[0] == name for each in index.cells):
            what = f'no cell asks for "prev_{split(name)[0]}", so this opening has no effect'
            problems.append(Problem(leaf, what, "ask for it in a cell, or remove the opening"))
        else:
            known = {split(each)[0] for each in index.cells} | set(index.cells)
            advice = did_you_mean(name, sorted(known)) or "an opening has the name of the line that it starts"
            problems.append(Problem(leaf, f'the model has no cell "{name}"', advice))


def _window(index: Index, name: str, cell: str, problems: list[Problem]) -> None:
    leaf = f"windows.{name}.cell"
    if not _exists(index, cell, leaf, problems):
        return
    if index.cells[cell][0].at != "period":
        what = f'"{cell}" is computed once, not in every period'
        problems.append(Problem(leaf, what, "a window is over a cell of the periods; ask for this cell directly"))


def _outputs(index: Index, problems: list[Problem]) -> None:
    for output in index.names.outputs:
        if not _exists(index, output.cell, output.leaf, problems):
            continue
        at = index.cells[output.cell][0].at
        if output.timed and at != "period":
            what = f'"{output.cell}" is computed once, not in every period'
            problems.append(Problem(output.leaf, what, "remove per:, at: and how: here"))
        elif not output.timed and at == "period" and index.names.timed:
            what = f'"{output.cell}" has a value in every period'
            advice = "say which: per: quarter, per: fiscal_year, or at: with a period"
            problems.append(Problem(output.leaf, what, advice))


def _exists(index: Index, cell: str, leaf: str, problems: list[Problem]) -> bool:
    if cell in index.cells:
        return True
    members = [name for name in index.cells if split(name)[0] == cell]
    if members:
        advice = f"name one: {' or '.join(members)}"
        problems.append(Problem(leaf, f'"{cell}" is a family with a value for each member', advice))
        return False
    kind = index.entries.get(cell)
    if kind is not None:
        advice = f'write a cell that returns it: @cell(at="horizon"), def my_{split(cell)[0]}({split(cell)[0]})'
        problems.append(Problem(leaf, f'"{cell}" is a {kind}, not a cell of the model', advice))
        return False
    advice = did_you_mean(cell, sorted(index.cells)) or "correct the name, or write a cell of that name"
    problems.append(Problem(leaf, f'the model has no cell "{cell}"', advice))
    return False
