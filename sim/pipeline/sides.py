"""Runs, and studies that were never run, side by side: opened so that all of them draw from the same streams."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import InputError, StorageError
from sim.pipeline.checking import Checked, check, plan_of

if TYPE_CHECKING:
    from sim.analysis.differences import Side
    from sim.config.schema import Study
    from sim.run.result import Floats, Run
    from sim.run.simulate import Simulator

IN_MEMORY = 65_536  # paths of a study that is not stored
_NOT_SETTINGS = ("study", "drivers", "dependence", "run", "sources", "outputs", "target", "warnings")


def opened(references: Sequence[str], out: Path, *, threads: int | None = None) -> list[Side]:
    """Runs by reference and studies by file, in order. A study's file is simulated in memory, with the seed of the
    first; a run with another seed or sampler than the first is drawn again from its stored study.
    """
    sides: list[Side] = []
    for reference in references:
        first = sides[0].run.manifest if sides else None
        if Path(reference).suffix in {".yaml", ".yml"} and Path(reference).is_file():
            sets = [] if first is None else [f"run.seed={first['seed']}", f"run.sampler={first['sampler']}"]
            sides.append(of_study(check(Path(reference), sets), threads=threads))
        else:
            sides.append(_of_run(reference, out, first, threads))
    return sides


def of_study(
    checked: Checked, *, paths: int | None = None, scenario: str | None = None, threads: int | None = None
) -> Side:
    """A checked study, not stored: its columns are computed when asked for."""
    from sim.run import setup, simulate

    made = setup.make(checked.study, checked.graph, checked.columns, plan_of(checked))
    simulator = simulate.Simulator(made)
    count = min(checked.study.run.paths, IN_MEMORY) if paths is None else paths
    return _in_memory(simulator, checked, count, scenario, threads)


def _in_memory(simulator: Simulator, checked: Checked, paths: int, scenario: str | None, threads: int | None) -> Side:
    from sim.analysis.differences import Side
    from sim.pipeline.facts import study_facts
    from sim.run import inputs, setup, store
    from sim.run.result import Run

    model = checked.graph.to_json()
    facts = store.manifest(
        simulator.setup,
        study={**study_facts(checked, scenario), "paths": paths},
        keep="none",
        model=setup.as_json(model),
        probe="",
    )
    value = partial(simulator.value, threads=threads)
    run = Run(Path(), {**facts, "run": f"{checked.reading.path.name}, in memory"}, _Computed(simulator, paths, threads))
    return Side(
        run,
        value,
        inputs.PlannedInputs(simulator.plan),
        model,
        partial(_drivers, simulator),
        lambda: _settings(checked.reading.document),
    )


def _of_run(reference: str, out: Path, first: Mapping[str, Any] | None, threads: int | None) -> Side:
    from sim.analysis.differences import Side
    from sim.run import rows, store

    run = store.open_run(store.find(reference, out))
    model = _model(run)
    same = first is None or all(run.manifest[key] == first[key] for key in ("seed", "sampler", "stream_version"))
    if same or first is None or "parent" in run.manifest:
        simulator = rows.simulator_of(run)
    else:
        simulator = _redrawn(run, model, [f"run.seed={first['seed']}", f"run.sampler={first['sampler']}"])
    return Side(
        run,
        partial(simulator.value, threads=threads),
        rows.inputs_of(run, simulator),
        model,
        partial(_drivers, simulator),
        lambda: _settings(study_of(run)[1]),
        stored=same,
        paired="parent" not in run.manifest,
    )


def keep(
    run: Run, out: Path, verb: str, asked: Mapping[str, Any], found: Mapping[str, Any], into: str | None = None
) -> Path:
    """Store a result with its run, or what is asked of a study in memory under a name of its own; where figures go.

    ``into`` is the run in whose pack the result is wanted instead.
    """
    from sim.config.load import slug
    from sim.run import setup, store

    if into is not None:
        run, asked = store.open_run(store.find(into, out)), {**asked, "pack": True}
    elif run.directory == Path():
        key = store.digest(setup.as_json({"run": run.manifest["hash"], "verb": verb, "question": dict(asked)}))
        run = replace(run, directory=out / slug(run.manifest["config"]) / f"{verb}-{key[:8]}")
    store.save_analysis(run, verb, asked, found)
    return run.directory / "pack"


def _model(run: Run) -> dict[str, Any]:
    file = run.directory / "run" / "model.json"
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StorageError(f"{file} cannot be read ({error}); repeat the run") from error
    return found


def study_of(run: Run, sets: Sequence[str] = ()) -> tuple[Study, dict[str, Any]]:
    """The study of a stored run, from its ``study.resolved.yaml``, and the document it was read from."""
    from sim import config

    reading = config.load(run.directory / "run" / "study.resolved.yaml", sets=tuple(sets))
    if reading.study is None:
        raise InputError([problem.at(reading.origins.place(problem.path)) for problem in reading.problems])
    return reading.study, reading.document


def _redrawn(run: Run, model: Mapping[str, Any], sets: Sequence[str]) -> Simulator:
    """A stored run's study with other streams: from its stored study and graph, no model file is read."""
    from sim.cells.bound import Graph
    from sim.config.columns import expand
    from sim.run import setup, simulate
    from sim.sampling import plan

    study, _ = study_of(run, sets)
    return simulate.Simulator(setup.make(study, Graph.from_json(model), expand(study), plan.make(study)))


def _settings(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key not in _NOT_SETTINGS}


def _drivers(simulator: Simulator, paths: int) -> dict[str, Floats]:
    """Every driver on the first paths, from the engine: the run need not have kept them."""
    import numpy as np

    chunks = list(simulator.chunks(paths, driver_paths=paths))
    every = np.concatenate([chunk.drivers for chunk in chunks], axis=1)
    return dict(zip(simulator.plan.drivers, every, strict=True))


class _Computed:
    """Columns of a study in memory, computed when asked for and kept."""

    def __init__(self, simulator: Simulator, paths: int, threads: int | None):
        self._simulator, self._paths, self._threads = simulator, paths, threads
        self._columns: dict[str, Floats] = {}
        self.names = simulator.setup.outputs

    def column(self, name: str) -> Floats:
        import numpy as np

        if name not in self._columns:
            if name not in self.names:
                return _drivers(self._simulator, self._paths)[name]
            found = self._simulator.value(np.arange(self._paths), outputs=[name], threads=self._threads)
            self._columns |= found
        return self._columns[name]

    def head(self, name: str, count: int) -> Floats:
        return self.column(name)[:count]
