"""What was observed, as output columns of a stored run: its model is bound anew where it has no such column yet."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sim import config
from sim.cells.bound import Graph
from sim.config import leaves
from sim.config.columns import Column, expand, run_of
from sim.config.observations import Observation, column_of
from sim.config.schema import Study
from sim.errors import InputError, Problem, StorageError, did_you_mean
from sim.periods import Timeline
from sim.pipeline import shocks

if TYPE_CHECKING:
    from sim.run.result import Run
    from sim.run.setup import Setup


@dataclass(frozen=True)
class Texts:
    """What a run folder says about its study and model: ``study.resolved.yaml`` and ``model.json``."""

    study: str
    model: str


@dataclass(frozen=True)
class Bound:
    """A run with its observations as outputs.

    ``setup`` and ``texts`` are those of the run's study; ``wider`` is ``setup`` with the columns ``extra`` appended,
    which gives the same paths. ``label`` and ``unit`` of each observed column.
    """

    observations: tuple[Observation, ...]
    setup: Setup
    wider: Setup
    extra: tuple[Column, ...]
    texts: Texts

    @property
    def labels(self) -> dict[str, tuple[str, str]]:
        """(label, unit) by column, those of the observed cells included."""
        known = {name: (self.setup.labels.get(name, name), self.setup.units[name]) for name in self.setup.outputs}
        return known | {c.name: (c.label, self.wider.units.get(c.name, "1")) for c in self.extra}


def bind(run: Run, observations: Sequence[Observation]) -> Bound:
    """Make an output of whatever was observed. InputError with all that the run's model does not have."""
    from sim.run import store
    from sim.run.setup import make

    setup, texts = store.open_setup(run), _texts(run)
    if all(column_of(each) in setup.outputs for each in observations):
        return Bound(_checked(observations, setup.units), setup, setup, (), texts)
    study, graph, columns = _study(run, texts)
    extra = tuple(replace(c, label=_label(run, c.cell)) for c in _extra(observations, study, graph, setup.outputs))
    _same(run, setup, make(study, graph, columns, setup.plan), [column.name for column in extra])
    wider = make(study, graph, (*columns, *extra), setup.plan)
    return Bound(_checked(observations, wider.units), setup, wider, extra, texts)


def with_shocks(run: Run, bound: Bound) -> Bound:
    """The same with the shocks up to the last observed period as drivers: see `sim.pipeline.shocks`.

    What was observed at the horizon may rest on every period; then the shocks of its first two years are made drivers.
    """
    from sim.run.setup import as_json, make
    from sim.sampling import plan

    study, graph, columns = _study(run, bound.texts)
    named = {column.name: column for column in (*columns, *bound.extra)}
    ends = [named[column_of(each)].last for each in bound.observations]
    last = max(min(8, study.calendar.periods) if end == 0 else end for end in ends)
    widened = shocks.widen(study, graph, last)
    lines = "".join(f"  {name}: {json.dumps(entry)}\n" for name, entry in widened.drivers.items())
    head, found, tail = bound.texts.study.partition("\ndrivers:\n")
    text = f"{head}{found}{lines}{tail}" if found else f"{bound.texts.study}drivers:\n{lines}"
    drawn = plan.make(widened.study)
    return replace(
        bound,
        setup=make(widened.study, widened.graph, columns, drawn),
        wider=make(widened.study, widened.graph, (*columns, *bound.extra), drawn),
        texts=Texts(text if lines else bound.texts.study, as_json(widened.graph.to_json())),
    )


def _texts(run: Run) -> Texts:
    from sim.run import store

    folder = run.directory / "run"
    try:
        study, model = ((folder / name).read_text("utf-8") for name in ("study.resolved.yaml", "model.json"))
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError(f"study and model under {folder} cannot be read ({error}); repeat the run") from error
    if store.digest(model) != run.manifest["hashes"]["model"] or store.digest(study) != run.manifest["config_hash"]:
        raise StorageError(f"study or model under {folder} was changed since the run; repeat the run")
    return Texts(study, model)


def _study(run: Run, texts: Texts) -> tuple[Study, Graph, tuple[Column, ...]]:
    reading = config.load(run.directory / "run" / "study.resolved.yaml")
    if reading.study is None:
        raise StorageError(
            f"the study of run {run.manifest['run']} is not right for this version of sim; repeat the run with it"
        )
    return reading.study, Graph.from_json(json.loads(texts.model)), expand(reading.study)


def _same(run: Run, stored: Setup, made: Setup, names: Sequence[str]) -> None:
    """Whether the run's study and model still give the run's own kernel and set-up."""
    if (made.kernel_name, made.digest) != (stored.kernel_name, stored.digest):
        raise StorageError(
            f"{', '.join(names)} is no output of run {run.manifest['run']}, and this version of sim would compute the"
            " run differently; repeat the run with this version, or with that cell among its outputs"
        )


def _extra(
    observations: Sequence[Observation], study: Study, graph: Graph, outputs: Sequence[str]
) -> tuple[Column, ...]:
    """Columns for observed cells that are no outputs of the run in that period."""
    at = {cell.name: cell.at for cell in graph.cells if cell.at != "opening"}
    problems: list[Problem] = []
    extra: dict[str, Column] = {}
    for each in observations:
        if column_of(each) in outputs:
            continue
        made = _column(each, at, study.calendar, outputs)
        if isinstance(made, Problem):
            problems.append(made)
        else:
            extra[made.name] = made
    if problems:
        raise InputError(problems)
    return tuple(extra.values())


def _column(each: Observation, at: Mapping[str, str], calendar: Timeline, outputs: Sequence[str]) -> Column | Problem:
    name, period = each.name, each.period
    if name not in at:
        advice = did_you_mean(column_of(each), outputs) or did_you_mean(name, at) or "see the functions of the model"
        return Problem("", f'the run has no output or cell "{name}"', advice.replace(".", "@", 1), each.place)
    if at[name] == "horizon":
        if period:
            return Problem("", f'"{name}" has one value, not one a period', f"leave @{period} out", each.place)
        return Column(name, name, name, 0, 0, "last", (), -1, "")
    inside = f"write a period from {run_of(calendar)}"
    if not period:
        return Problem(
            "", f'"{name}" has a value in every period', f"{inside}, as in {name}@{calendar.name(1)}", each.place
        )
    try:
        t = calendar.index(period)
    except ValueError as error:
        return Problem("", str(error), f"{inside}, or a fiscal year that is an output of the run", each.place)
    if not 1 <= t <= calendar.periods:
        return Problem("", f"{period} lies outside the timeline of the run", inside, each.place)
    return Column(column_of(each), name, leaves.words(name), t, t, "last", (), -1, period)


def _label(run: Run, cell: str) -> str:
    """What the study calls the cell in its fiscal years, else its name with spaces."""
    years = (c["name"] for c in run.manifest["columns"] if c["cell"] == cell and c["period"].startswith("FY"))
    words = leaves.words(cell)
    return next((run.label(name) for name in years), words[:1].upper() + words[1:])


def _checked(observations: Sequence[Observation], units: Mapping[str, str]) -> tuple[Observation, ...]:
    """The observations with their units, which must be those of the columns."""
    problems = [
        Problem("", f"{column_of(o)} is in {unit}, not {o.unit}", "convert the value and write its unit", o.place)
        for o in observations
        if o.unit and o.unit != (unit := units.get(column_of(o), "1"))
    ]
    if problems:
        raise InputError(problems)
    return tuple(replace(each, unit=units.get(column_of(each), "1")) for each in observations)
