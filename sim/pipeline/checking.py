"""`sim check`, `schema` and `show`: prove a study, and say what it assumes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim import config
from sim.cells import graph as wiring
from sim.cells import load, names
from sim.cells.bound import Graph
from sim.config.columns import Column, expand
from sim.config.draft import Draft
from sim.config.schema import Study
from sim.errors import InputError, Problem, did_you_mean
from sim.sampling import correlation

if TYPE_CHECKING:
    from sim.sampling.plan import Plan


@dataclass(frozen=True)
class Checked:
    """A study that is right: its reading (with places), its wiring and its output columns."""

    reading: config.Reading
    study: Study
    graph: Graph
    columns: tuple[Column, ...]


def check(path: Path, sets: Sequence[str] = (), scenario: str | None = None) -> Checked:
    """Prove a whole study, model included. Raises InputError with every problem that was found."""
    reading = config.load(path, sets=tuple(sets), scenario=scenario)
    problems, study = list(reading.problems), reading.study
    graph: Graph | None = None
    columns: tuple[Column, ...] = ()
    if study is not None:
        columns = expand(study)
        files, found = load.load(study.model, reading.directory)
        problems += found
        if files is not None:
            graph, found = wiring.bind(files, names_of(study))
            problems += [*found, *(_units(study, graph) if graph is not None else ())]
        problems += correlation.problems(study)
        if _to_be_fitted(study):
            from sim.sampling import marginals

            problems += marginals.problems(study)
    elif reading.draft is not None:
        problems += _further(reading, reading.draft)
    if problems or study is None or graph is None:
        raise InputError([problem.at(reading.origins.place(problem.path)) for problem in problems])
    return Checked(reading, study, graph, columns)


def _units(study: Study, graph: Graph) -> list[Problem]:
    """Openings given in another unit than the line has which they open."""
    found = []
    for cell in graph.cells:
        opening = study.openings.get(cell.name)
        if opening is not None and opening.unit and cell.unit and opening.unit != cell.unit:
            what = f'is in "{opening.unit}", but the cell "{cell.name}" is in "{cell.unit}" ({cell.file}:{cell.line})'
            found.append(Problem(f"openings.{cell.name}.unit", what, "give the value in the cell's unit"))
    return found


# Without these the model's names mean nothing: what it would say follows from what was said already.
_NEEDED = ("model", "timeline", "drivers", "innovations", "schedules", "openings", "windows", "families")


def _further(reading: config.Reading, draft: Draft) -> list[Problem]:
    """What model and correlations say about a study with faults of its own, so that one does not hide the others."""
    whole = {leaf for leaf in draft.broken if "." not in leaf}
    unknown = whole - set(Study.model_fields)  # a section's name misspelt: all that stands in it is missing
    found: list[Problem] = []
    if not unknown and not whole & set(_NEEDED) and draft.whole("families"):
        files, found = load.load(draft.study.model, reading.directory)
        if files is not None:
            found = wiring.bind(files, _names_in(draft))[1]
    of_pairs = any(problem.path.startswith("dependence") for problem in reading.problems)
    if not of_pairs and draft.whole("dependence", "drivers"):
        found = [*found, *correlation.problems(draft.study)]
    said = {problem.place for problem in reading.problems} | {problem.path for problem in reading.problems}
    placed = [problem.at(reading.origins.place(problem.path)) for problem in found]
    return [
        problem
        for problem in placed
        if not {problem.place, problem.path} & said and not draft.touches(tuple(problem.path.split(".")))
    ]


def _names_in(draft: Draft) -> names.Names:
    """As `names_of`, with the names of entries that are malformed: who asks for one of those asks for what is there."""
    known = names_of(draft.study)
    openings, windows = draft.names("openings"), draft.names("windows")
    return replace(
        known,
        drivers=tuple(sorted(draft.names("drivers"))),
        innovations=tuple(sorted(draft.names("innovations"))),
        schedules=tuple(sorted(draft.names("schedules"))),
        openings={name: known.openings.get(name) for name in openings},
        windows={name: known.windows.get(name, "") for name in windows},
        outputs=tuple(
            names.OutputRequest(f"outputs.{i}.cell", output.cell, output.per is not None or output.at is not None)
            for i, output in draft.outputs
        ),
    )


def _to_be_fitted(study: Study) -> bool:
    """Whether some driver's distribution must be made to be judged, which takes NumPy (0.1 s)."""
    return any(driver.marginal.kind in ("metalog", "mixture", "student_t") for driver in study.drivers.values())


def plan_of(checked: Checked) -> Plan:
    """The plan of sampling. A fit that finds no distribution is told with its file and line."""
    from sim.sampling import plan

    try:
        return plan.make(checked.study)
    except InputError as error:
        origins = checked.reading.origins
        raise InputError([problem.at(origins.place(problem.path)) for problem in error.problems]) from error


def names_of(study: Study) -> names.Names:
    """What the study declares, as the cells see it."""
    return names.Names(
        drivers=tuple(sorted(study.drivers)),  # name order: reordering the file changes no row
        innovations=tuple(sorted(study.innovations)),
        schedules=tuple(sorted(study.schedules)),
        openings={name: opening.from_ for name, opening in study.openings.items()},
        windows={name: window.cell for name, window in study.windows.items()},
        families={name: tuple(members) for name, members in study.families.items()},
        outputs=tuple(
            names.OutputRequest(f"outputs.{i}.cell", output.cell, output.per is not None or output.at is not None)
            for i, output in enumerate(study.outputs)
        ),
        timed=study.timeline is not None,
    )


def check_json(checked: Checked) -> dict[str, Any]:
    """What `sim check` says of a study that is right."""
    study = checked.study
    return {
        "study": study.study,
        "drivers": len(study.drivers),
        "judgement": sum("judgement" in driver.sources for driver in study.drivers.values()),
        "cells": len(checked.graph.cells),
        "columns": len(checked.columns),
        "sources": len(study.sources),
        "files": list(checked.reading.files),
        "warnings": warnings(checked),
    }


def warnings(checked: Checked) -> list[str]:
    """What is no mistake and yet should be known: drivers without a variance, with file and line."""
    if not _to_be_fitted(checked.study):
        return []
    from sim.sampling import marginals

    found = []
    for leaf, said in marginals.heavy(checked.study):
        place = checked.reading.origins.place(leaf)
        found.append(f"{place.file}:{place.line} {said}" if place else said)
    return found


def schema_text() -> str:
    """The JSON Schema of study files."""
    return json.dumps(config.schema_json(), indent=2, ensure_ascii=False) + "\n"


def show(path: Path, sets: Sequence[str] = (), scenario: str | None = None) -> list[dict[str, Any]]:
    """The assumption register of a study."""
    checked = check(path, sets, scenario)
    plan_of(checked)
    from sim.report import register
    from sim.sampling import plan

    return register.rows(checked.reading, checked.study, plan.percentiles(checked.study))


def feeds(path: Path, cell: str, sets: Sequence[str] = (), scenario: str | None = None) -> dict[str, Any]:
    """What feeds a cell, down to drivers with their file and line."""
    checked = check(path, sets, scenario)
    known = [each.name for each in checked.graph.cells]
    if cell not in known:
        raise InputError(_no_cell(checked, cell, known))
    from sim.report import register

    return register.feeds(checked.reading, checked.study, checked.graph.to_json(), cell)


def _no_cell(checked: Checked, name: str, cells: Sequence[str]) -> Problem:
    for section in ("drivers", "innovations", "schedules", "windows"):
        if name in getattr(checked.study, section):
            place = checked.reading.origins.key_place(f"{section}.{name}")
            readers = [c.name for c in checked.graph.cells if any(name in a.targets for a in c.arguments)]
            what = f'"{name}" is no cell but stands under `{section}` ({place})'
            return Problem("--cell", what, f"it feeds {', '.join(readers)}")
    advice = did_you_mean(name, cells) or "see the functions of the model's files"
    return Problem("--cell", f'the model has no cell "{name}"', advice)
