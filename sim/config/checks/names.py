"""Names: what a model file can use as a parameter, used once."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator

from sim.config.draft import Draft
from sim.config.keys import listing
from sim.errors import Place, Problem, did_you_mean

# Names of one model share one namespace; openings carry the names of cells, which inputs may not take.
_INPUTS = ("drivers", "innovations", "schedules", "windows", "openings")
_WHAT = {
    "drivers": "a driver",
    "innovations": "an innovation",
    "schedules": "a schedule",
    "windows": "a window",
    "openings": "an opening",
}
_NAME = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:\[([^\[\]]*)\])?")


def problems(draft: Draft) -> Iterator[Problem]:
    """Malformed, reserved, unknown and clashing names."""
    members = [member for family in draft.study.families.values() for member in family]
    taken: dict[str, str] = {}
    for section in _INPUTS:
        for name in draft.names(section):
            leaf = f"{section}.{name}"
            place = draft.origins.key_place(leaf)
            if (fault := _fault(name)) or (draft.whole("families") and (fault := _member_fault(name, members))):
                yield Problem(leaf, *fault, place)
            if name in taken:
                other = taken[name]
                where = draft.origins.key_place(f"{other}.{name}")
                what = f"{_WHAT[other]} has this name already{_at(where, place)}"
                yield Problem(leaf, what, "rename one of the two", place)
            taken.setdefault(name, section)
    yield from _families(draft)


def _at(other: Place | None, here: Place | None) -> str:
    if other is None or here is None or not other.line:
        return ""
    return f" (line {other.line})" if other.file == here.file else f" ({other.file}:{other.line})"


def _fault(name: str) -> tuple[str, str] | None:
    found = _NAME.fullmatch(name)
    if found is None or (found[2] is not None and not _NAME.fullmatch(found[2])):
        repaired = re.sub(r"\W+", "_", name.replace("%", " percent ").strip()).strip("_").lower()
        meant = f"write {repaired}" if re.fullmatch(r"[A-Za-z_]\w*", repaired, re.ASCII) else "rename it"
        return f'"{name}" cannot be a name: only letters, digits and _, beginning with a letter', meant
    stem = found[1]
    if keyword.iskeyword(stem):
        return f'"{stem}" is a word of Python and cannot be a name', f"rename it, for example {stem}_value"
    if stem == "t":
        return '"t" is the period in every cell and cannot be a name', "rename it"
    if stem.startswith("prev_"):
        return f'"{stem}" would mean {stem[5:] or "nothing"} one period earlier', "rename it without prev_"
    if "__" in name:
        return f'"{name}" has two underscores in a row, which mark family members', "use one underscore"
    return None


def _member_fault(name: str, members: list[str]) -> tuple[str, str] | None:
    found = _NAME.fullmatch(name)
    if found is None or found[2] is None or found[2] in members:
        return None
    guess = did_you_mean(found[2], members)
    advice = guess or (f"the members are {listing(members)}" if members else "declare its family under `families`")
    return f'"{found[2]}" is a member of no family', advice


def _families(draft: Draft) -> Iterator[Problem]:
    for family, members in draft.study.families.items():
        leaf = f"families.{family}"
        if fault := _fault(family):
            yield Problem(leaf, *fault, draft.origins.key_place(leaf))
        if not members:
            yield Problem(leaf, "has no members", "list them, such as [aidc, others]")
        for index, member in enumerate(members):
            if fault := _fault(member):
                yield Problem(f"{leaf}.{index}", *fault)
            if member in members[:index]:
                yield Problem(f"{leaf}.{index}", f'"{member}" is listed twice', "remove one of the two")
