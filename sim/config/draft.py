"""A study under examination: what of it is well formed, so that one fault does not hide the others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from sim.config import wording
from sim.config.origins import Origins
from sim.config.results import Output
from sim.config.schema import Correlation, Study
from sim.errors import Problem, closest

NAMED = (
    "sources",
    "openings",
    "reported",
    "drivers",
    "innovations",
    "families",
    "windows",
    "schedules",
    "warnings",
    "scenarios",
)
_STAND_INS = {"study": "unnamed", "model": "unnamed", "as_of": "9999-12-31"}


@dataclass(frozen=True)
class Draft:
    """The well-formed part of a study. ``broken`` holds the leaves left out, such as ``drivers.x`` or ``timeline``.

    Outputs and correlations keep their number in the file. Names are those of the file, malformed entries included,
    so that a reference to a malformed driver is not reported as a second fault.
    """

    study: Study
    outputs: tuple[tuple[int, Output], ...]
    correlations: tuple[tuple[int, Correlation], ...]
    document: dict[str, Any]
    origins: Origins
    broken: frozenset[str] = frozenset()

    def names(self, section: str) -> list[str]:
        """The names of a section as written."""
        entries = self.document.get(section)
        return list(entries) if isinstance(entries, dict) else []

    def touches(self, keys: tuple[str, ...]) -> bool:
        """Whether a leaf lies in a part that was left out."""
        return any(".".join(keys[:depth]) in self.broken for depth in range(1, len(keys) + 1))

    def whole(self, *sections: str) -> bool:
        """Whether nothing of these sections was left out."""
        return not any(leaf.split(".")[0] in sections for leaf in self.broken)


def examine(document: dict[str, Any], origins: Origins) -> tuple[Study | None, Draft | None, list[Problem]]:
    """The study if it is well formed, what of it can be checked further, and the faults of form."""
    try:
        study = Study.model_validate(document)
        return study, _draft(study, document, origins, frozenset()), []
    except ValidationError as error:
        errors = error.errors(include_url=False)
    problems = wording.problems(errors, document, origins)
    faults = [wording.locate(each["loc"], document, absent=each["type"] == "missing")[0] for each in errors]
    broken = frozenset(_unit(keys) for keys in faults) | _meant(faults)
    pruned = {**_STAND_INS, **_without(document, broken)}
    try:
        rest = Study.model_validate(pruned)
    except ValidationError:  # a fault of the whole that cannot be cut out: say what is known
        return None, None, problems
    return None, _draft(rest, document, origins, broken), problems


def _meant(faults: Iterable[tuple[str, ...]]) -> frozenset[str]:
    """Sections whose name is misspelt in some file: what they hold is not missing, and who asks for it is not wrong."""
    names = {keys[0] for keys in faults if len(keys) == 1} - set(Study.model_fields)
    return frozenset(section for name in names if (section := closest(name, Study.model_fields)) is not None)


def _draft(study: Study, document: dict[str, Any], origins: Origins, broken: frozenset[str]) -> Draft:
    outputs = zip(_kept("outputs", document.get("outputs"), broken), study.outputs, strict=True)
    dependence = document.get("dependence")
    entries = dependence.get("correlations") if isinstance(dependence, dict) else None
    kept = [] if "dependence" in broken else _kept("dependence.correlations", entries, broken)
    correlations = zip(kept, study.dependence.correlations, strict=True)
    return Draft(study, tuple(outputs), tuple(correlations), document, origins, broken)


def _kept(path: str, items: Any, broken: frozenset[str]) -> list[int]:
    """Original numbers of the items that were not left out."""
    if not isinstance(items, list) or path in broken:
        return []
    return [index for index in range(len(items)) if f"{path}.{index}" not in broken]


def _unit(keys: tuple[str, ...]) -> str:
    """The smallest part of the study that can be left out together with the leaf at fault."""
    if len(keys) > 1 and (keys[0] in NAMED or keys[0] == "outputs"):
        return ".".join(keys[:2])
    if len(keys) > 2 and keys[:2] == ("dependence", "correlations"):
        return ".".join(keys[:3])
    return keys[0] if keys else ""


def _without(document: dict[str, Any], broken: Iterable[str]) -> dict[str, Any]:
    left: dict[str, Any] = {}
    broken = frozenset(broken)
    for section, entries in document.items():
        if section in broken:
            continue
        if section in NAMED and isinstance(entries, dict):
            left[section] = {name: entry for name, entry in entries.items() if f"{section}.{name}" not in broken}
        elif section == "outputs" and isinstance(entries, list):
            left[section] = [entries[index] for index in _kept(section, entries, broken)]
        elif section == "dependence" and isinstance(entries, dict) and isinstance(entries.get("correlations"), list):
            pairs = entries["correlations"]
            kept = [pairs[index] for index in _kept("dependence.correlations", pairs, broken)]
            left[section] = {**entries, "correlations": kept}
        else:
            left[section] = entries
    return left
