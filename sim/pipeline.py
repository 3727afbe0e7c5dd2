"""Each command's road through the rooms, readable in one screen; heavy rooms are entered only when needed."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sim import config
from sim.cells import graph as wiring
from sim.cells import load, names
from sim.cells.bound import Graph
from sim.config.columns import Column, expand
from sim.config.schema import Study
from sim.errors import InputError, ModelFailure, Problem, did_you_mean
from sim.sampling import correlation

if TYPE_CHECKING:
    from sim.analysis.target import TargetTest
    from sim.run.result import Run
    from sim.run.verify import Verification
    from sim.sampling.plan import Plan

RESULTS = Path("results")
Keep = Literal["none", "outputs", "all"]
Progress = Callable[[int], None]


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
            graph, found = wiring.bind(files, _names(study))
            problems += found
        problems += correlation.problems(study)
    if problems or study is None or graph is None:
        raise InputError([problem.at(reading.origins.place(problem.path)) for problem in problems])
    return Checked(reading, study, graph, columns)


def _plan(checked: Checked) -> Plan:
    """The plan of sampling. A fit that finds no distribution is told with its file and line."""
    from sim.sampling import plan

    try:
        return plan.make(checked.study)
    except InputError as error:
        origins = checked.reading.origins
        raise InputError([problem.at(origins.place(problem.path)) for problem in error.problems]) from error


def _names(study: Study) -> names.Names:
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


def run(
    path: Path,
    *,
    sets: Sequence[str] = (),
    scenario: str | None = None,
    threads: int | None = None,
    keep: Keep = "all",
    out: Path = RESULTS,
    pack: bool = True,
    progress: Progress = lambda done: None,
    begin: Callable[[Checked], None] = lambda checked: None,
) -> Run:
    """Check, simulate, analyse, draw; the run comes back with its summary. ``begin`` hears of the study first."""
    clock = _Clock()
    checked = check(path, sets, scenario)
    begin(checked)
    from sim.analysis import summary as analysis
    from sim.report import register, tables
    from sim.run import record, setup, simulate, store
    from sim.run.result import Run
    from sim.sampling import plan

    study, model = checked.study, setup.as_json(checked.graph.to_json())
    made = setup.make(study, checked.graph, checked.columns, _plan(checked))
    simulator = simulate.Simulator(made)
    facts = store.manifest(
        made, study=_study_facts(checked, scenario), keep=keep, model=model, probe=simulator.maths_digest()
    )
    clock.lap("compile")
    with store.create(out, checked.reading.slug, facts["hash"]) as folder:
        folder.text("study.resolved.yaml", config.resolved_text(checked.reading))
        folder.text("kernel.py", made.text)
        folder.text("model.json", model)
        made.save(folder.run / "setup.npz")
        wanted = () if study.target is None else (study.target.output, *study.target.alternatives.values())
        recorded = record.record(
            simulator, folder, paths=study.run.paths, keep=keep, wanted=wanted, threads=threads, progress=progress
        )
        clock.lap("simulate")
        if recorded.invalid == study.run.paths:
            raise ModelFailure(_nothing_valid(recorded))
        facts |= {
            "run": folder.name,
            "invalid_paths": recorded.invalid,
            "first_invalid": recorded.first_invalid,
            "hashes": {**facts["hashes"], "outputs": dict(recorded.digests)},
        }
        result = Run(folder.partial, facts, recorded.columns, recorded.tallies)
        summary = analysis.as_dict(result, analysis.analyse(result, simulator.central()))
        assumptions = register.rows(checked.reading, study, plan.percentiles(study))
        folder.table("summary.csv", *tables.outputs(summary, facts["columns"]))
        folder.table("drivers.csv", *tables.drivers(assumptions, summary))
        folder.table("quarterly.csv", tables.QUARTERLY, recorded.quarterly)
        clock.lap("analyse")
        result = replace(result, summary=summary)
        if pack:
            from sim.report import pack as printers

            printers.write(result, folder.partial / "pack")
        clock.lap("report")
        result = replace(result, summary={**summary, "seconds": clock.seconds()})
        directory = folder.close(facts, result.summary)
    return replace(result, directory=directory)


def _study_facts(checked: Checked, scenario: str | None) -> dict[str, Any]:
    """What the manifest says about the study, as plain data."""
    from sim.run import store

    study = checked.study
    goal = study.target
    return {
        "study": study.study,
        "config": checked.reading.path.name,
        "config_hash": store.digest(config.resolved_text(checked.reading)),
        "scenario": scenario,
        "model": study.model,
        "as_of": study.as_of.isoformat(),
        "seed": study.run.seed,
        "paths": study.run.paths,
        "sampler": study.run.sampler,
        "target": None
        if goal is None
        else {
            "output": goal.output,
            "at_least": goal.at_least,
            "previous": goal.previous,
            "price": goal.price,
            "alternatives": dict(goal.alternatives),
            "sources": list(goal.sources),
        },
        "warnings": [
            {"output": warning.output, "mean_above": warning.mean_above, "say": warning.say}
            for warning in study.warnings.values()
        ],
        "columns": [
            {"name": c.name, "cell": c.cell, "period": c.period, "shown": _shown(study, c)} for c in checked.columns
        ],
    }


def _shown(study: Study, column: Column) -> bool:
    """Whether the screen shows a column: what `show` lists; the target's output always."""
    show = study.outputs[column.output_index].show
    if study.target is not None and column.name == study.target.output:
        return True
    return show is not None and column.period in show


def _nothing_valid(recorded: Any) -> str:
    first = recorded.first_invalid
    named = ", ".join(first["not_finite"][:5])
    drivers = ", ".join(
        f"{name} {value if isinstance(value, str) else format(value, '.6g')}"
        for name, value in list(first["drivers"].items())[:8]
    )
    return f"every path is invalid; path {first['path']} gives no finite {named}, with {drivers}; nothing was kept"


def run_json(done: Run) -> dict[str, Any]:
    """The one object of `sim run --json`."""
    keys = ("study", "paths", "sampler", "seed", "seconds", "target", "outputs", "invalid_paths", "warnings")
    return {
        "run": done.manifest["run"],
        "directory": str(done.directory),
        "hash": done.manifest["hash"],
        **{key: done.summary[key] for key in keys},
        "central": done.summary["central"],
        "top_drivers": done.summary["top_drivers"],
        "shares": done.summary["shares"],
    }


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
    }


def schema_text() -> str:
    """The JSON Schema of study files."""
    return json.dumps(config.schema_json(), indent=2, ensure_ascii=False) + "\n"


def show(path: Path, sets: Sequence[str] = (), scenario: str | None = None) -> list[dict[str, Any]]:
    """The assumption register of a study."""
    checked = check(path, sets, scenario)
    _plan(checked)
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


def prob(reference: str, output: str, threshold: float, out: Path = RESULTS) -> TargetTest:
    """P(output >= threshold) of a stored run."""
    if not math.isfinite(threshold):
        raise InputError(Problem("--ge", f"{threshold} is no threshold", "write a number"))
    from sim.analysis import target
    from sim.run import store

    return target.analyse(store.open_run(store.find(reference, out)), output, threshold)


def runs(out: Path = RESULTS) -> list[dict[str, Any]]:
    """The runs below ``out``, oldest first, incomplete ones said to be so."""
    from sim.run import store

    return store.listing(out)


def verify(
    reference: str,
    out: Path = RESULTS,
    *,
    threads: int | None = None,
    begin: Callable[[str, int], None] = lambda title, paths: None,
    progress: Progress = lambda done: None,
) -> Verification:
    """Repeat a stored run from its own kernel and set-up."""
    from sim.run import simulate, store
    from sim.run import verify as repeat

    stored = store.open_run(store.find(reference, out))
    begin(f"verify {stored.manifest['run']}", stored.paths)
    simulator = simulate.Simulator(store.open_setup(stored))
    return repeat.verify(stored, simulator, threads=threads, progress=progress)


def verify_json(found: Verification) -> dict[str, Any]:
    """The one object of `sim verify --json`."""
    return {
        "agrees": found.agrees,
        "paths": found.paths,
        "columns": found.columns,
        "digests_differ": list(found.digests_differ),
        "differences": [
            {"column": column, "path": path, "stored": repr(stored), "repeated": repr(again)}
            for column, path, stored, again in found.differences
        ],
    }


class _Clock:
    """Seconds of each part of a command."""

    def __init__(self) -> None:
        self._start = self._last = time.perf_counter()
        self._laps: dict[str, float] = {"compile": 0.0, "simulate": 0.0, "analyse": 0.0, "report": 0.0}

    def lap(self, part: str) -> None:
        now = time.perf_counter()
        self._laps[part] += now - self._last
        self._last = now

    def seconds(self) -> dict[str, float]:
        laps = {part: round(seconds, 4) for part, seconds in self._laps.items()}
        return {**laps, "total": round(time.perf_counter() - self._start, 4)}
