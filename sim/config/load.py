"""Loads a study: files, scenario, `--set`, checks. All problems at once."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from sim.config import resolved, samples
from sim.config.check import check
from sim.config.draft import Draft
from sim.config.extends import Layers
from sim.config.origins import Origins
from sim.config.overrides import with_scenario, with_sets
from sim.config.schema import Study
from sim.config.yaml import Node, plain
from sim.errors import Place, Problem


@dataclass(frozen=True)
class Reading:
    """What came of reading a study. ``study`` is None if there is any problem.

    ``draft`` is what of a wrong study can still be checked against its model; None if a file could not be read.
    ``document`` is the merged file as plain dicts, without `extends`; ``directory`` is that of the study file, to
    which `model: ./file.py` is relative; ``files`` are all files read, in order.
    """

    study: Study | None
    problems: list[Problem]
    origins: Origins
    document: dict[str, Any]
    path: Path
    files: tuple[str, ...]
    draft: Draft | None = None

    @property
    def directory(self) -> Path:
        """The folder of the study file."""
        return self.path.parent

    @property
    def digest(self) -> str:
        """SHA-256 of the merged document: the same however its keys are ordered or spread over files."""
        return hashlib.sha256(json.dumps(self.document, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    @cached_property
    def resolved(self) -> str:
        """The merged study as YAML that loads to the same study, with the origin of every leaf as a comment."""
        return resolved.write(self.document, self.origins)

    @property
    def slug(self) -> str:
        """The study's name in folders, from the file's name."""
        return slug(self.path)


def slug(path: str | Path) -> str:
    """``configs/Goldman 179.yaml`` -> ``goldman-179``: a file's stem, safe as the name of a folder anywhere."""
    name = re.sub(r"[^a-z0-9_]+", "-", Path(path).stem.lower()).strip("-")
    reserved = re.fullmatch(r"con|prn|aux|nul|com\d|lpt\d", name)  # Windows keeps these
    return f"study-{name}" if reserved else name[:80].rstrip("-") or "study"


def load(path: str | Path, sets: Sequence[str] = (), scenario: str | None = None) -> Reading:
    """Read a study file with what it extends, lay a scenario and then ``key=value`` texts over it, and check it.

    Never raises for what is wrong in files or arguments: see ``problems``, in the order of files and lines.
    """
    file = str(path)
    layers = Layers()
    root = layers.read(file.replace("\0", "?"))  # no file has such a name, and the system's calls raise on it
    if root is None:
        nothing = Node({}, Place(file), Place(file))
        problems = _sorted(layers.problems, layers.files)
        return Reading(None, problems, Origins(nothing, file), {}, Path(file), tuple(layers.files))
    problems, unread = layers.problems, bool(layers.problems)
    # What follows from a refused alias or tag is not said again.
    refused = {problem.place for problem in problems} | {problem.path for problem in problems}
    base = root
    if scenario is not None:
        root, found = with_scenario(root, scenario)
        problems.extend(found)
    root, found = with_sets(root, sets)
    problems.extend(found)
    root, found = samples.embed(root, file)
    problems.extend(found)
    document, origins = plain(root), Origins(root, file)
    study, draft, found = check(document, origins)
    problems.extend(problem for problem in found if not {problem.place, problem.path} & refused)
    problems.extend(_of_scenarios(base, document, scenario, file, problems))
    problems = _sorted(problems, layers.files)
    study, draft = (None if problems else study), (None if unread else draft)
    return Reading(study, problems, origins, document, Path(file), tuple(layers.files), draft)


def resolved_text(reading: Reading) -> str:
    """The merged study as YAML that loads to the same study, with the origin of every leaf as a comment."""
    return reading.resolved


def _of_scenarios(
    base: Node, document: dict[str, Any], chosen: str | None, file: str, known: list[Problem]
) -> list[Problem]:
    """What would be wrong under the scenarios that were not chosen and is not wrong already."""
    scenarios = document.get("scenarios")
    if not isinstance(scenarios, dict):
        return []
    known_paths = {f"{problem.path}." for problem in known}
    found: list[Problem] = []
    for name in scenarios:
        if name == chosen:
            continue
        root, found_files = samples.embed(with_scenario(base, name)[0], file)
        for problem in [*found_files, *check(plain(root), Origins(root, file))[2]]:
            leaf = f"{problem.path}."
            if not any(leaf.startswith(path) or path.startswith(leaf) for path in known_paths):
                found.append(replace(problem, what=f'in scenario "{name}": {problem.what}'))
    return found


def _sorted(problems: list[Problem], files: list[str]) -> list[Problem]:
    """In the order of files and lines; what the command line said comes first."""
    order = {file: number for number, file in enumerate(files, start=1)}

    def key(problem: Problem) -> tuple[int, int, int]:
        place = problem.place or Place("")
        return order.get(place.file, 0), place.line, place.column

    return sorted(dict.fromkeys(problems), key=key)
