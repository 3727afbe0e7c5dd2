"""Bind a model to a study: every parameter of every cell to what it stands for, in an order of computing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from sim.cells.body import Checker
from sim.cells.bound import Argument, Carried, Cell, Function, Graph
from sim.cells.index import PREFIX, Index, Unfound, argument, build
from sim.cells.load import ModelFiles
from sim.cells.names import Names, OutputRequest, full, identifier, split
from sim.cells.order import order
from sim.cells.scope import Definition, Scopes, read
from sim.cells.uses import check_uses, missing
from sim.errors import Problem, did_you_mean

__all__ = ["Argument", "Carried", "Cell", "Function", "Graph", "Names", "OutputRequest", "bind", "identifier", "split"]

AT = ("opening", "period", "horizon")


def bind(files: ModelFiles, names: Names) -> tuple[Graph | None, list[Problem]]:
    """Wire a model to the names that a study declares.

    Returns the graph, or None and every problem found at once. A problem's path is a leaf of the study
    (``openings.x``, ``drivers.x``) or ``model``; its place is set when the fault lies in a model file.
    """
    problems: list[Problem] = []
    scopes = read(files, problems)
    index = build(scopes, names, problems)
    if not index.cells and not problems:
        problems.append(Problem("model", f'the model "{files.name}" has no cell', "mark its lines with @cell"))
    cells = _cells(index, problems)
    carried = _carried(index, cells, problems)
    check_uses(index, cells, carried, problems)
    checker = _bodies(scopes, index, cells, files, problems)
    ordered = {at: _ordered(at, cells, index, problems) for at in AT}
    if problems:
        return None, _tidy(problems)
    functions = {
        key: _function(scopes.definitions[key], checker)
        for key in _reached(sorted({c.function for c in cells}), checker)
    }
    named = {reference for function in functions.values() for reference in function.references.values()}
    keys = sorted(each.removeprefix("constant:") for each in named if each.startswith("constant:"))
    graph = Graph(
        model=files.name,
        names=names,
        opening=ordered["opening"],
        period=ordered["period"],
        horizon=ordered["horizon"],
        carried=tuple(carried),
        windows={name: names.windows[name] for name in sorted(names.windows)},
        functions=functions,
        constants={key: scopes.constants[key] for key in keys},
    )
    return graph, []


def _cells(index: Index, problems: list[Problem]) -> list[Cell]:
    """Every cell with its arguments, members of a family one by one."""
    cells = []
    reported: set[tuple[str, str]] = set()  # a family's members share most faults: say each once
    for name, (definition, member) in index.cells.items():
        node, found = definition.node, []
        for parameter in node.args.args:
            bound = argument(index, parameter.arg, str(definition.at), definition.over, member)
            if isinstance(bound, Argument) and not index.names.timed:
                bound = _without_timeline(bound)
            if isinstance(bound, Argument):
                found.append(bound)
            elif (definition.key, bound.what) not in reported:
                reported.add((definition.key, bound.what))
                what = f'the cell "{name}" asks for "{parameter.arg}": {bound.what}'
                problems.append(Problem("model", what, bound.advice, definition.file.place(parameter)))
        doc = ast.get_docstring(node) or ""
        cells.append(
            Cell(
                name=name,
                at=str(definition.at),
                function=definition.key,
                arguments=tuple(found),
                unit=unit(doc),
                doc=doc,
                file=definition.file.label,
                line=node.lineno,
                over=definition.over,
                member=member,
            )
        )
    return cells


def _without_timeline(bound: Argument) -> Argument | Unfound:
    kind = bound.of or bound.kind
    if kind in ("time", "prev", "schedule", "window"):
        return Unfound("the study has no periods", "add timeline: {period: quarter, first: ..., periods: ...}")
    return bound


def unit(doc: str) -> str:
    """The ``[unit]`` that ends a docstring's first line, its first paragraph or a sentence of it."""
    paragraph = doc.split("\n\n")[0].strip()
    for text in (paragraph.split("\n")[0].strip(), " ".join(paragraph.split())):
        match = re.search(r"\[([^\[\]]+)\]\.?$", text)
        if match:
            return match[1]
    sentences = re.findall(r"[.;:!?]\s+\[([^\[\]]+)\]", paragraph)
    return sentences[0] if sentences else ""


def _carried(index: Index, cells: Iterable[Cell], problems: list[Problem]) -> list[Carried]:
    """The lines whose previous value is asked for, in name order, each with its opening."""
    asked: dict[str, Cell] = {}
    for cell in cells:
        for name in cell.reads("prev"):
            asked.setdefault(name, cell)
    openings, carried = index.names.openings, []
    for name, reader in sorted(asked.items()):
        base, member = split(name)
        own, shared = name in openings, member is not None and base in openings
        if own and shared:
            what = f'"{base}" has an opening both for {member} and for all members'
            problems.append(Problem(f"openings.{name}", what, "keep one of the two"))
        elif not own and not shared:
            definition = index.cells[reader.name][0]
            parameter = next(each for each in definition.node.args.args if each.arg == f"{PREFIX}{base}")
            what = f'"{name}" needs an opening, because the cell "{reader.name}" asks for its value one period earlier'
            line = f"openings: {{{name}: {{value: ..., unit: ..., source: ...}}}}"
            advice = f"add to the study: {line}, or from: and the name of an opening cell"
            problems.append(Problem(f"openings.{name}", what, advice, definition.file.place(parameter)))
        else:
            leaf = name if own else base
            carried.append(Carried(name, leaf, _source(index, leaf, member, problems)))
    return carried


def _source(index: Index, leaf: str, member: str | None, problems: list[Problem]) -> str | None:
    """The full name of the opening cell that an opening starts from; None when it is a number."""
    start = index.names.openings[leaf]
    if start is None:
        return None
    for name in (full(start, member), start):
        if name in index.cells and index.cells[name][0].at == "opening":
            return name
    kind = index.entries.get(start)
    if kind is None:
        what = f'the opening starts from "{start}", which is not a cell of the model'
        near = [name for name, (definition, _) in index.cells.items() if definition.at == "opening"]
        advice = did_you_mean(start, near) or 'write that cell, marked @cell(at="opening"), or give value:'
    else:
        what = f'the opening starts from "{start}", which is a {kind}, not an opening cell'
        if kind == "cell":
            what = f'the opening starts from "{start}", which is a cell of the periods or the horizon'
        advice = f'write an opening cell: @cell(at="opening") above a function that returns {start}, and name it here'
    problem = Problem(f"openings.{leaf}", what, advice)
    if problem not in problems:
        problems.append(problem)
    return None


def _bodies(scopes: Scopes, index: Index, cells: Iterable[Cell], files: ModelFiles, problems: list[Problem]) -> Checker:
    """Check the text of every function of the model's own files, and of those they call."""
    groups: dict[str, set[str]] = {}
    unfound: dict[str, set[str]] = {}
    for cell in cells:
        here = {argument.parameter for argument in cell.arguments if argument.kind == "group"}
        groups.setdefault(cell.function, set()).update(here)
        unfound.setdefault(cell.function, set()).update(missing(index, cell))
    known = {split(name)[0] for name in index.entries}
    known |= {f"{PREFIX}{name}" for name in known} | {"t"}
    checker = Checker(scopes, known, problems, unfound)
    for key, definition in sorted(scopes.definitions.items()):
        if definition.file in files.own:
            checker.check(definition, groups.get(key, ()))
    return checker


def _ordered(at: str, cells: Iterable[Cell], index: Index, problems: list[Problem]) -> tuple[Cell, ...]:
    here = {cell.name: cell for cell in cells if cell.at == at}
    names, circles = order({name: [n for n in cell.reads("cell") if n in here] for name, cell in here.items()})
    reported: set[str] = set()  # a family goes in the same circle once for each member
    for circle in circles:
        bases = {split(name)[0] for name in circle}
        if bases & reported:
            continue
        reported |= bases
        what = f"cells depend on each other in a circle: {' -> '.join(circle)} (each asks for the next)"
        advice = f"let one of them use the previous period's value, as in {PREFIX}{split(circle[1])[0]}"
        if at != "period":
            advice = "remove one of these links"
        definition = index.cells[circle[0]][0]
        problems.append(Problem("model", what, advice, definition.file.place(definition.node)))
    return tuple(here[name] for name in names)


def _reached(keys: list[str], checker: Checker) -> list[str]:
    """The functions of those keys and all they call, called ones first."""
    calls = {
        key: [each.removeprefix("function:") for each in references.values() if each.startswith("function:")]
        for key, references in checker.references.items()
    }
    wanted, waiting = set(keys), list(keys)
    while waiting:
        new = [key for key in calls[waiting.pop()] if key not in wanted]
        wanted.update(new)
        waiting += new
    names, _ = order({key: calls[key] for key in wanted})
    return names


def _function(definition: Definition, checker: Checker) -> Function:
    return Function(
        key=definition.key,
        name=definition.name,
        parameters=definition.parameters,
        text=definition.file.written(definition.node),
        references=dict(sorted(checker.references[definition.key].items())),
        returns=checker.returns[definition.key],
        file=definition.file.label,
        line=definition.node.lineno,
    )


def _tidy(problems: list[Problem]) -> list[Problem]:
    """In reading order: faults of the study first, then each file from top to bottom; nothing twice."""
    distinct = list(dict.fromkeys(problems))
    return sorted(
        distinct, key=lambda p: (p.place is not None, p.place.file if p.place else "", p.place.line if p.place else 0)
    )
