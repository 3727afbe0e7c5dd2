"""Every name of a study and its model in one index, and how a cell's parameter finds what it stands for."""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from dataclasses import dataclass, field

from sim.cells.bound import Argument
from sim.cells.names import Names, full, identifier, split
from sim.cells.scope import Definition, Scopes
from sim.errors import Problem, did_you_mean

PREFIX = "prev_"
SECTIONS = {"driver": "drivers", "innovation": "innovations", "schedule": "schedules", "window": "windows"}


@dataclass(frozen=True)
class Unfound:
    """Why a parameter stands for nothing."""

    what: str
    advice: str


@dataclass
class Index:
    """``entries`` maps each full name to its kind: cell, driver, innovation, schedule or window."""

    names: Names
    entries: dict[str, str] = field(default_factory=dict)
    cells: dict[str, tuple[Definition, str | None]] = field(default_factory=dict)  # full name -> function, member
    used: set[str] = field(default_factory=set)  # families that a cell or a group was made of

    def shared(self, base: str) -> list[str]:
        """The full names that begin with ``base[``."""
        return [name for name in self.entries if split(name)[0] == base and name != base]

    def find(self, base: str, family: str | None, member: str | None) -> tuple[str, ...] | Unfound:
        """The full names that ``base`` means inside a cell: one, or all of a family in the order of the study."""
        own = full(base, member)
        if member is not None and own in self.entries:
            if base in self.entries:
                return Unfound(
                    f'"{base}" is declared both for {member} and for all', f'keep "{own}" or "{base}", not both'
                )
            return (own,)
        groups = self._groups(base)
        if base in self.entries:
            if groups and family not in groups:
                return Unfound(f'"{base}" is declared both alone and for members', f'remove "{base}" or its members')
            return (base,)
        if family in groups:
            return Unfound(f'"{base}" is not declared for {member}', f'add "{own}" to the study')
        if len(groups) == 1:
            ((name, members),) = groups.items()
            missing = [each for each in self.names.families[name] if each not in members]
            if missing:
                wanted = ", ".join(f'"{full(base, each)}"' for each in missing)
                return Unfound(f'"{base}" is not declared for every member of {name}', f"add {wanted} to the study")
            self.used.add(name)
            return tuple(full(base, each) for each in self.names.families[name])
        if groups:
            return Unfound(f'"{base}" belongs to several families', "give the families' inputs different names")
        return Unfound(f'"{base}" is neither a cell nor an input of the study', self.advice(base))

    def _groups(self, base: str) -> dict[str, list[str]]:
        """Families with a member for which ``base`` is declared, and those members."""
        found: dict[str, list[str]] = {}
        for family, members in self.names.families.items():
            present = [each for each in members if full(base, each) in self.entries]
            if present:
                found[family] = present
        return found

    def advice(self, base: str) -> str:
        known = {split(name)[0] for name in self.entries}
        known |= {f"{PREFIX}{split(name)[0]}" for name in self.cells} | {"t"}
        return did_you_mean(base, sorted(known)) or (
            "declare it in the study under drivers, innovations or schedules, or write a cell of that name"
        )


def build(scopes: Scopes, names: Names, problems: list[Problem]) -> Index:
    """Collect all names; clashes are appended to ``problems``."""
    index = Index(names)
    _cells(index, scopes, problems)
    for kind, section in SECTIONS.items():
        declared: Mapping[str, object] | tuple[str, ...] = getattr(names, section)
        for name in declared:
            _declare(index, name, kind, section, problems)
    seen: dict[str, str] = {}
    for name in index.entries:
        other = seen.setdefault(identifier(name), name)
        if other != name:
            problems.append(Problem("model", f'"{other}" and "{name}" would be written alike', "rename one of the two"))
    return index


def _cells(index: Index, scopes: Scopes, problems: list[Problem]) -> None:
    written: dict[str, Definition] = {}
    for definition in scopes.cells():
        name, place = definition.name, definition.file.place(definition.node)
        if name in written:
            other = written[name].file.place(written[name].node)
            problems.append(
                Problem("model", f'the cell "{name}" is also written at {other}', "rename one of them", place)
            )
            continue
        written[name] = definition
        if name == "t" or name.startswith(PREFIX):
            what = f'a cell cannot be named "{name}"'
            advice = "t is the period" if name == "t" else f"{PREFIX} asks for the previous period's value"
            problems.append(Problem("model", what, f"{advice}; choose another name", place))
        elif definition.over is None:
            index.entries[name] = "cell"
            index.cells[name] = (definition, None)
        elif not index.names.families.get(definition.over):
            what = f'the cell "{name}" is repeated over "{definition.over}", which is not a family with members'
            hint = did_you_mean(definition.over, [name for name, members in index.names.families.items() if members])
            advice = hint or f"add it to the study: families: {{{definition.over}: [first_member, second_member]}}"
            problems.append(Problem("model", what, advice, place))
        else:
            index.used.add(definition.over)
            for member in index.names.families[definition.over]:
                index.entries[full(name, member)] = "cell"
                index.cells[full(name, member)] = (definition, member)


def _declare(index: Index, name: str, kind: str, section: str, problems: list[Problem]) -> None:
    base, member = split(name)
    leaf = f"{section}.{name}"
    everyone = sorted({each for members in index.names.families.values() for each in members})
    if member is not None and member not in everyone:
        advice = did_you_mean(member, everyone) or "list it under families, or remove the brackets"
        problems.append(Problem(leaf, f'"{member}" is not a member of any family', advice))
    elif not base.isidentifier() or keyword.iskeyword(base) or (member is not None and not member.isidentifier()):
        advice = "use letters, digits and _ so that a formula can name it"
        problems.append(Problem(leaf, f'"{name}" is not a name that a formula can use', advice))
    elif base == "t" or base.startswith(PREFIX):
        advice = "t is the period" if base == "t" else f"{PREFIX} asks for the previous period's value"
        problems.append(Problem(leaf, f'an input cannot be named "{name}"', f"{advice}; choose another name"))
    elif name in index.entries:
        other = index.entries[name]
        where = "a cell of the model" if other == "cell" else f"declared under {SECTIONS[other]}"
        problems.append(Problem(leaf, f'"{name}" is also {where}', "rename one of the two"))
    elif any(index.entries[each] == "cell" for each in index.shared(base)) and member is None:
        problems.append(Problem(leaf, f'"{name}" is also a cell of a family in the model', "rename one of the two"))
    else:
        index.entries[name] = kind


def argument(index: Index, parameter: str, at: str, family: str | None, member: str | None) -> Argument | Unfound:
    """What a parameter of a cell stands for, or why it stands for nothing."""
    if parameter == "t":
        return Argument("t", "time", ()) if at == "period" else Unfound(*_MISPLACED[at, "time"])
    asked = parameter.removeprefix(PREFIX)
    found = index.find(asked, family, member)
    if isinstance(found, Unfound):
        return found
    kinds = {index.entries[name] for name in found}
    if len(kinds) > 1:
        return Unfound(f'"{asked}" is declared in different ways for its members', "declare all of them alike")
    kind = kinds.pop()
    if asked != parameter:
        if kind != "cell" or index.cells[found[0]][0].at != "period":
            what = f'"{parameter}" asks for a previous value, but "{asked}" does not change from period to period'
            return Unfound(what, f'ask for "{asked}"')
        kind = "prev"
    other = index.cells[found[0]][0].at if kind == "cell" else kind
    if (at, str(other)) in _MISPLACED:
        what, advice = _MISPLACED[at, str(other)]
        return Unfound(what.format(name=asked), advice.format(name=asked))
    alone = found in ((asked,), (full(asked, member),))  # a family of one is still a family
    return Argument(parameter, kind, found) if alone else Argument(parameter, "group", found, kind)


_BEFORE = "an opening cell is computed before the first period, from drivers and other opening cells"
_AFTER = "a horizon cell is computed once, after the last period"
# (the asking cell's at, what is asked for) -> why not, advice
_MISPLACED = {
    ("opening", "period"): ('"{name}" is a cell of the periods', _BEFORE),
    ("opening", "horizon"): ('"{name}" is a horizon cell', _BEFORE),
    ("opening", "prev"): ('"prev_{name}" has no value before the first period', _BEFORE),
    ("opening", "innovation"): ('"{name}" is an innovation, drawn anew in every period', _BEFORE),
    ("opening", "schedule"): ('"{name}" is a schedule, known by period', _BEFORE),
    ("opening", "window"): ('"{name}" is a window over the periods', _BEFORE),
    ("opening", "time"): ("there is no period t before the first period", _BEFORE),
    ("period", "horizon"): (
        '"{name}" is a horizon cell, computed after the last period',
        'mark this cell @cell(at="horizon") too',
    ),
    ("period", "window"): (
        '"{name}" is a window, complete only after the last period',
        'mark this cell @cell(at="horizon")',
    ),
    ("horizon", "prev"): (
        '"prev_{name}" has no meaning after the last period',
        "declare a window over one period with how: last",
    ),
    ("horizon", "innovation"): ('"{name}" is an innovation, drawn anew in every period', f"{_AFTER}; use it in a cell"),
    ("horizon", "schedule"): ('"{name}" is a schedule, known by period', f"{_AFTER}; use it in a cell of the periods"),
    ("horizon", "time"): ("t has no meaning after the last period", f"{_AFTER}; use t in a cell of the periods"),
}
