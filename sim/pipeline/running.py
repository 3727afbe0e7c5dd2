"""`sim run`: check, simulate, analyse, draw."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sim import config
from sim.errors import InputError, ModelFailure, Problem
from sim.pipeline.checking import Checked, check, plan_of
from sim.pipeline.facts import study_facts
from sim.pipeline.stored import RESULTS
from sim.run import place

if TYPE_CHECKING:
    from sim.run.result import Run

Keep = Literal["none", "outputs", "all"]
Progress = Callable[[int], None]


def run(
    path: Path,
    *,
    sets: Sequence[str] = (),
    scenario: str | None = None,
    threads: int | None = None,
    keep: Keep = "all",
    out: Path = RESULTS,
    pack: bool = True,
    require: bool = False,
    progress: Progress = lambda done: None,
    begin: Callable[[Checked], None] = lambda checked: None,
    say: Callable[[str], None] = lambda what: None,
    workers: int | None = None,
    address: str | None = None,
    insecure: bool = False,
) -> Run:
    """Check, simulate, analyse, draw; the run comes back with its summary. ``begin`` hears of the study first,
    ``say`` of each part of the pack. InputError if a precision is to be required of a study that asks for none.
    ``workers``, ``address`` and ``insecure`` are those of `sim.run.place.parse`.
    """
    clock = _Clock()
    at = place.parse(workers, address, insecure=insecure)
    checked = check(path, sets, scenario)
    if require and checked.study.run.precision is None:
        raise InputError(Problem("--require", "no precision is asked for", "add --precision, or run.precision"))
    begin(checked)
    from sim.analysis import summary as analysis
    from sim.analysis import target
    from sim.pipeline.stopping import Stopping
    from sim.report import register, tables
    from sim.run import cluster, record, setup, simulate, store
    from sim.run.result import Run
    from sim.sampling import plan

    study, model = checked.study, setup.as_json(checked.graph.to_json())
    made = setup.make(study, checked.graph, checked.columns, plan_of(checked))
    simulator = simulate.Simulator(made)
    probe = simulator.maths_digest()

    def told(**found: Any) -> dict[str, Any]:
        return store.manifest(made, study=study_facts(checked, scenario) | found, keep=keep, model=model, probe=probe)

    facts = told()
    clock.lap("compile")
    with store.create(out, checked.reading.slug, facts["hash"]) as folder:
        folder.text("study.resolved.yaml", config.resolved_text(checked.reading))
        folder.text("kernel.py", made.text)
        folder.text("model.json", model)
        made.save(folder.run / "setup.npz")
        goal = facts["target"]
        rule = Stopping(study.run, made, [] if goal is None else target.thresholds(goal))
        with cluster.across(simulator, at, threads) as source:
            recorded = record.record(
                simulator,
                folder,
                looks=rule.looks,
                keep=keep,
                thresholds=rule.tests,
                enough=rule.enough,
                threads=threads,
                progress=progress,
                source=source,
            )
        clock.lap("simulate")
        if recorded.invalid == recorded.paths:
            raise ModelFailure(_nothing_valid(recorded))
        if study.run.precision is not None:
            facts = told(paths=recorded.paths, precision=rule.found())
            folder.identify(facts["hash"])
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
        result = replace(result, summary={**summary, "seconds": clock.seconds()})
        directory = folder.close(facts, result.summary)
    result = replace(result, directory=directory)
    if not pack:
        return result
    try:
        notes = _pack(result, path, sets, scenario, threads=threads, out=out, say=say)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"the run is kept, its pack is unfinished; `sim report {directory}` prints what there is"
        ) from None
    clock.lap("report")
    warned = [*result.summary["warnings"], *notes]
    return replace(result, summary={**result.summary, "warnings": warned, "seconds": clock.seconds()})


def _pack(
    done: Run,
    path: Path,
    sets: Sequence[str],
    scenario: str | None,
    *,
    threads: int | None,
    out: Path,
    say: Callable[[str], None],
) -> list[str]:
    """Analyses and pages of a finished run; what could not be made is said, and the run stands all the same."""
    from sim.pipeline import packing, reporting
    from sim.run import store

    stored = store.open_run(done.directory)
    refused = packing.prepare(stored, packing.Source(path, sets, scenario), threads=threads, out=out, tell=say)
    printed = reporting.print_run(replace(stored, tallies=done.tallies), tell=say)
    return [f"not in the pack: {each}" for each in (*refused, *printed.refused)]


def _nothing_valid(recorded: Any) -> str:
    first = recorded.first_invalid
    named = ", ".join(first["not_finite"][:5])
    drivers = ", ".join(
        f"{name} {value if isinstance(value, str) else format(value, '.6g')}"
        for name, value in list(first["drivers"].items())[:8]
    )
    return f"every path is invalid; path {first['path']} gives no finite {named}, with {drivers}; nothing was kept"


def first_paths(checked: Checked) -> int:
    """After how many paths a run ends, or looks for the first time whether it may."""
    spec = checked.study.run
    return spec.paths if spec.precision is None else spec.precision.looks[0]


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
        "sampling": done.summary["sampling"],
        "precision": done.summary["precision"],
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
