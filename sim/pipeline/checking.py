"""`sim check`, `schema` and `show`: prove a study, and say what it assumes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim import config
from sim.cells import graph as wiring
from sim.cells import load, names
from sim.cells.bound import Graph
from sim.config.columns import Column, expand
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
            problems += found
        problems += correlation.problems(study)
        if _to_be_fitted(study):
            from sim.sampling import marginals

            problems += marginals.problems(study)
    if problems or study is None or graph is None:
        raise InputError([problem.at(reading.origins.place(problem.path)) for problem in problems])
    return Checked(reading, study, graph, columns)


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
        advice = did_you_mean(cell, known) or "see the functions of the model's files"
        raise InputError(Problem("--cell", f'the model has no cell "{cell}"', advice))
    from sim.report import register

    return register.feeds(checked.reading, checked.study, checked.graph.to_json(), cell)
