"""`sim update`: what an observation does to a stored run, kept as a run of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim import config
from sim.config import leaves
from sim.config import observations as observing
from sim.config.observations import Observation, column_of
from sim.errors import InputError, ModelFailure, Problem
from sim.pipeline import selection
from sim.pipeline.stored import RESULTS

if TYPE_CHECKING:
    from sim.analysis.update import Side, Update
    from sim.pipeline.binding import Bound
    from sim.run.result import Run
    from sim.run.rows import Rows
    from sim.run.simulate import Simulator

BUDGET = 32  # paths of the prior looked at for each path wanted
MOST = 2**20  # paths of the prior that decide, and paths wanted unless told otherwise, at most
PARTICLES = 16_384  # near the data, unless told otherwise
DRIVER_PATHS = 65_536  # enough to say how far drivers moved
SUFFIX = "-updated"  # of the results folder: the study's name still finds its newest run without observations
COPIED = ("config", "scenario", "model", "as_of", "seed", "sampler", "target", "warnings", "columns")


@dataclass(frozen=True)
class Updated:
    """The new run and what changed; ``warnings`` say what weakens the answer."""

    run: Run
    result: Update
    warnings: tuple[str, ...]


def update(
    reference: str,
    *,
    observe: Sequence[str] = (),
    files: Sequence[Path] = (),
    paths: int | None = None,
    out: Path = RESULTS,
    threads: int | None = None,
    pack: bool = True,
    begin: Callable[[str, int], None] = lambda title, paths: None,
    progress: Callable[[int], None] = lambda done: None,
) -> Updated:
    """Condition a stored run on what was observed; an updated run on old and new observations jointly.

    Below 200 effective paths the run is simulated anew near the data. InputError for what cannot have been observed.
    """
    new = observing.read(observe, files)
    from sim.analysis import update as analysis
    from sim.pipeline import binding
    from sim.run import rows, simulate, store

    parent = store.open_run(store.find(reference, out))
    old = selection.stored_observations(parent)
    _apart(old, new)
    bound = binding.bind(parent, (*old, *new))
    new = bound.observations[len(old) :]
    own = min(int(parent.manifest.get("prior", parent.manifest)["paths"]), MOST)
    wanted = max((own if paths is None else paths) // 16, 1) * 16
    begin(f"update {parent.manifest['run']}", wanted)
    prior = simulate.Simulator(bound.wider)
    found, search = _rejected(parent, prior, bound, own, wanted, threads, progress)
    before = _side(rows.simulator_of(parent, bound.wider), min(parent.paths, MOST), new, parent, threads)
    if found is None:
        count = wanted if paths is not None else min(max(wanted, 4_096), PARTICLES)
        bound = binding.with_shocks(parent, bound)
        prior = simulate.Simulator(bound.wider)
        found, near = _near(parent, prior, bound, count, threads, progress)
        search = {**search, **near}
        before = _with_shocks(before, prior)
    after = _side(rows.Selected(bound.wider, found), found.paths.size, new, parent, threads)
    facts = {name: (bound.setup.labels.get(name, name), bound.setup.units[name]) for name in prior.plan.drivers}
    goal = parent.target
    target = None if goal is None else (str(goal["output"]), float(goal["at_least"]))
    result = analysis.analyse(before, after, new, {**facts, **bound.labels}, target)
    warnings = _warnings(parent, result, search)
    run = _written(parent, bound, found, search, result, warnings, out, threads, pack)
    return Updated(run, result, warnings)


def update_json(done: Updated) -> dict[str, Any]:
    """The one object of `sim update --json`; also what the screen is made of."""
    facts = done.run.manifest
    return {
        **{key: facts[key] for key in ("run", "hash", "study", "paths", "parent", "search")},
        "directory": str(done.run.directory),
        **done.result.as_dict(),
        "warnings": list(done.warnings),
    }


def lines(found: Mapping[str, Any], width: int) -> list[str]:
    """What `update_json` says in a terminal."""
    from sim.report.screens import update as screen

    return screen.lines(found, width)


def _apart(old: Sequence[Observation], new: Sequence[Observation]) -> None:
    known = {column_of(each) for each in old}
    twice = [each for each in new if column_of(each) in known]
    advice = "update the run before it instead"
    if twice:
        raise InputError([Problem("", f"the run knows {column_of(o)} already", advice, o.place) for o in twice])


def _rejected(
    parent: Run,
    prior: Simulator,
    bound: Bound,
    own: int,
    wanted: int,
    threads: int | None,
    progress: Callable[[int], None],
) -> tuple[Rows | None, dict[str, Any]]:
    """Rows chosen among the prior's paths, or None where these are worth too little; and how it went."""
    from sim.analysis import conditioning
    from sim.run.rows import Rows

    choice = conditioning.choose(
        selection.observed(prior, bound.observations, threads),
        conditioning.Likelihood(bound.observations),
        seed=int(parent.manifest["seed"]),
        own=own,
        wanted=wanted,
        most=BUDGET * wanted,
        progress=progress,
    )
    facts: dict[str, Any] = {"own_paths": own, "effective_own": choice.effective, "least": conditioning.LEAST}
    if choice.rows.size == 0:
        return None, facts
    found = {"method": "rejection", "considered": choice.considered, "effective": float(choice.rows.size)}
    return Rows(choice.rows), {**facts, **found}


def _near(
    parent: Run, prior: Simulator, bound: Bound, count: int, threads: int | None, progress: Callable[[int], None]
) -> tuple[Rows, dict[str, Any]]:
    """Rows led to the data by sequential Monte Carlo, and how it went."""
    from sim.analysis import conditioning, tempering
    from sim.run.inputs import PlannedInputs
    from sim.run.rows import Rows

    inputs = PlannedInputs(prior.plan)
    if inputs.copula != "gaussian":
        raise ModelFailure(
            f"hardly any path of run {parent.manifest['run']} comes near the observation, and paths are led to it under"
            f" a Gaussian copula only, not under a {inputs.copula}; simulate more paths and update that run"
        )
    particles = tempering.temper(
        partial(prior.value, threads=threads),
        inputs,
        [column_of(each) for each in bound.observations],
        conditioning.Likelihood(bound.observations),
        watched=prior.setup.outputs[0] if parent.target is None else str(parent.target["output"]),
        count=count,
        seed=int(parent.manifest["seed"]),
        progress=progress,
    )
    facts = {"stages": particles.stages, "moves": particles.moves, "accepted": particles.accepted}
    return Rows(particles.paths, particles.drivers), {"method": "tempering", "effective": particles.effective, **facts}


def _side(simulator: Simulator, size: int, new: Sequence[Observation], run: Run, threads: int | None) -> Side:
    import numpy as np

    from sim.analysis.update import Side

    names = [column_of(each) for each in new]
    output = None if run.target is None else str(run.target["output"])
    columns = dict.fromkeys([*names, *([] if output is None else [output])])
    found = simulator.value(np.arange(size), outputs=list(columns), threads=threads)
    drawn = simulator.chunk(0, min(size, DRIVER_PATHS)).drivers
    drivers = dict(zip(simulator.plan.drivers, drawn, strict=True))
    return Side(drivers, np.array([found[name] for name in names]), None if output is None else found[output])


def _with_shocks(before: Side, prior: Simulator) -> Side:
    """The side before with the shocks that the search made drivers, as the prior draws them."""
    size = next((column.size for column in before.drivers.values()), 16)
    drawn = dict(zip(prior.plan.drivers, prior.chunk(0, size).drivers, strict=True))
    return replace(before, drivers={name: before.drivers.get(name, column) for name, column in drawn.items()})


def _warnings(parent: Run, result: Update, search: Mapping[str, Any]) -> tuple[str, ...]:
    found = [
        f"even the updated paths miss {column_of(each.observation)} by {each.missed:.1f} of its errors: the model can"
        " hardly produce this value, and what it then says about the rest is worth little"
        for each in result.surprises
        if not each.reached
    ]
    as_of = str(parent.manifest["as_of"])
    found += [
        f"{column_of(each.observation)} was published on {each.observation.published}, not after the study's date"
        f" {as_of}: the study may know it already"
        for each in result.surprises
        if each.observation.published and each.observation.published <= as_of
    ]
    if search["effective"] < 1000:
        found.append(f"the answer rests on {search['effective']:.0f} effective paths: give --paths more for finer ones")
    return tuple(found)


# --- the new run ---


def _written(
    parent: Run,
    bound: Bound,
    found: Rows,
    search: Mapping[str, Any],
    result: Update,
    warnings: Sequence[str],
    out: Path,
    threads: int | None,
    pack: bool,
) -> Run:
    """A run folder whose paths are ``found``: every later question of a run can be put to it."""
    from sim.analysis import summary as analysis
    from sim.run import record, rows, store
    from sim.run.result import Run
    from sim.run.setup import as_json

    simulator = rows.Selected(bound.setup, found)
    told = [each.as_dict() for each in bound.observations]
    first = parent.manifest.get("prior") or {key: parent.manifest[key] for key in ("study", "paths", "run", "hash")}
    study = {
        **{key: parent.manifest[key] for key in COPIED},
        "study": _title(str(first["study"]), bound.observations),
        "config_hash": store.digest(bound.texts.study),
        "paths": int(found.paths.size),
        "prior": first,
        "parent": {key: parent.manifest[key] for key in ("run", "hash", "study")},
        "observations": told,
        "search": dict(search),
    }
    facts = store.manifest(
        bound.setup, study=study, keep="all", model=bound.texts.model, probe=simulator.maths_digest()
    )
    facts["hash"] = store.digest(as_json([parent.manifest["hash"], told, facts["hash"], found.digest]))
    slug = parent.directory.resolve().parent.name.removesuffix(SUFFIX) + SUFFIX
    with store.create(out, slug, facts["hash"]) as folder:
        folder.text("study.resolved.yaml", bound.texts.study)
        folder.text("kernel.py", bound.setup.text)
        folder.text("model.json", bound.texts.model)
        bound.setup.save(folder.run / "setup.npz")
        found.save(folder.run / rows.FILE)
        recorded = record.record(simulator, folder, looks=[facts["paths"]], keep="all", threads=threads)
        facts |= {
            "run": folder.name,
            "invalid_paths": recorded.invalid,
            "first_invalid": recorded.first_invalid,
            "hashes": {**facts["hashes"], "outputs": dict(recorded.digests), "rows": found.digest},
        }
        run = Run(folder.partial, facts, recorded.columns, recorded.tallies)
        centre = dict(zip(simulator.plan.drivers, map(float, simulator.plan.medians), strict=True))
        centre |= {each.name: each.after["p50"].value for each in result.drivers}
        summary = analysis.as_dict(run, analysis.analyse(run, _central(simulator, centre)))
        summary = {**summary, "warnings": [*summary["warnings"], *warnings]}
        _tables(folder, run, summary, result, recorded.quarterly)
        run = replace(run, summary=summary)
        if pack:
            _draw(run, result, folder.partial / "pack")
        directory = folder.close(facts, {**summary, "seconds": {}})
    run = store.open_run(directory)
    answer = {"search": dict(search), **result.as_dict(), "warnings": list(warnings)}
    store.save_analysis(run, "update", {"observations": told}, answer)
    return run


def _draw(run: Run, result: Update, folder: Path) -> None:
    """What moved, and the run's own figures where it has the outputs for them."""
    from sim.report import style
    from sim.report.figures import fan, value
    from sim.report.figures import update as figure

    drawings = [figure.draw(run, result.as_dict())]
    periods = [column["period"] for column in run.manifest["columns"]]
    drawings += [fan.draw(run)] if any(period.startswith("FY") for period in periods) else []
    drawings += [value.draw(run)] if run.target is not None or "" in periods else []
    for drawing in drawings:
        style.save(drawing, folder)


def _central(simulator: Simulator, centre: Mapping[str, float]) -> dict[str, float]:
    """Outputs with every driver at its median after the observations and every innovation zero."""
    import numpy as np

    values = simulator.value(np.zeros(1, np.int64), centre, "zero", threads=1)
    return {name: float(column[0]) for name, column in values.items()}


def _tables(folder: Any, run: Run, summary: Mapping[str, Any], result: Update, quarterly: Any) -> None:
    from sim.report import register, tables

    reading = config.load(folder.run / "study.resolved.yaml")
    assert reading.study is not None
    after = {
        each.name: (each.after["p10"].value, each.after["p50"].value, each.after["p90"].value)
        for each in result.drivers
    }
    assumptions = register.rows(reading, reading.study, after)
    folder.table("summary.csv", *tables.outputs(summary, run.manifest["columns"]))
    folder.table("drivers.csv", *tables.drivers(assumptions, summary))
    folder.table("quarterly.csv", tables.QUARTERLY, quarterly)


def _title(study: str, observations: Sequence[Observation]) -> str:
    first = observations[0]
    when = f" {first.period}" if first.period else ""
    more = f" and {len(observations) - 1} more" if len(observations) > 1 else ""
    return f"{study}, given {leaves.words(first.name)}{when} = {first.value:g}{more}"
