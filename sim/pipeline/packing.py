"""What the committee pack is made from: the analyses it needs, computed once a run, and the material for its pages."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import SimError, StorageError
from sim.pipeline.checking import check
from sim.pipeline.stored import RESULTS

if TYPE_CHECKING:
    from sim.config.history import Quarter
    from sim.config.schema import Study
    from sim.report.pack import Material
    from sim.run.result import Run

_QUARTERS = 4  # of a year
_FITTED = "growth_volatility"  # the driver without which `sim calibrate` has nothing to give a study
_UNCORRECTED = 65_536  # paths of the study with the fit as it is

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Source:
    """The study file that a run was made of, and how it was changed on the command line."""

    file: Path
    sets: Sequence[str] = ()
    scenario: str | None = None


def prepare(
    run: Run,
    source: Source,
    *,
    threads: int | None = None,
    out: Path = RESULTS,
    tell: Tell = lambda what: None,
) -> list[str]:
    """Compute and store with the run what its pack needs and lacks. What cannot be computed is said, by sentence."""
    done = chosen(run)
    refused = []
    for verb, (what, make) in _wanted(run, source, threads, out).items():
        if verb in done:
            continue
        tell(what)
        try:
            make()
        except SimError as error:
            refused.append(f"{verb}: {error}")
    return refused


def _wanted(run: Run, source: Source, threads: int | None, out: Path) -> dict[str, tuple[str, Callable[[], object]]]:
    """By verb, what is computed and how. Without a target there is no question to answer."""
    from sim.pipeline import believing, changing, comparing, explaining, judging, sweeping

    if run.target is None or run.manifest["keep"] == "none":
        return {}
    study, here, name = study_of(run), source.file.parent, str(run.directory)
    spec, sets, scenario = study.pack, list(source.sets), source.scenario
    plain: dict[str, Any] = {"out": out, "threads": threads}
    unfigured = {**plain, "figure": False, "into": name}
    wanted: dict[str, tuple[str, Callable[[], object]]] = {
        "prob": ("how likely the target is", lambda: judging.prob(name, split=True, **plain)),
        "convergence": ("whether paths suffice", lambda: judging.convergence(name, figure=False, out=out)),
    }
    if run.drivers:
        wanted["explain"] = ("what drives the value", lambda: explaining.explain(name, pack=False, **plain))
        wanted["believe"] = ("what one must believe", lambda: believing.believe(name, pack=False, **plain))
    if len(study.scenarios) > 1:
        compared = {**unfigured, "sets": sets}
        wanted["compare"] = ("scenarios", lambda: comparing.compare([str(source.file)], **compared))
    if spec.bridge is not None:
        ends = (str(here / spec.bridge[0]), str(here / spec.bridge[1]))
        wanted["bridge"] = ("what changed", lambda: changing.bridge(ends, **unfigured))
    if spec.grid:
        rows = [f"{driver}={','.join(map(repr, values))}" for driver, values in spec.grid.items()]
        swept = {**unfigured, "scenario": scenario}
        wanted["sweep"] = ("the grid", lambda: sweeping.sweep(source.file, [*sets, *rows], **swept))
    if study.history is not None:
        wanted["history"] = ("what was reported", lambda: record(run, source.file))
        if _FITTED in run.drivers:
            wanted["width"] = ("how wide the record is", lambda: width(run, source, out))
    if spec.backtest is not None:
        study_file = here / spec.backtest
        wanted["backtest"] = ("the record (once for each history)", lambda: backtest(run, study_file, out))
    return wanted


def record(run: Run, file: Path) -> None:
    """Store with the run the whole fiscal years of what was reported, by definition (``basis``), newest last.

    Levels of two definitions must not be joined: each year is that of one alone.
    """
    from sim.pipeline.calibrating import history_of
    from sim.run import store

    checked = check(file)
    found, calendar = history_of(checked), checked.study.calendar
    if calendar.first is None:  # no dates, no years
        return
    quarters: dict[tuple[str, str], list[Quarter]] = {}
    for quarter in found.quarters:
        year = calendar.fiscal_year(quarter.period - calendar.first + 1)
        quarters.setdefault((quarter.basis, year), []).append(quarter)
    years = [
        {"basis": basis, "year": year, "value": sum(q.revenue for q in of), "recalled": any(q.recalled for q in of)}
        for (basis, year), of in quarters.items()
        if len(of) == _QUARTERS
    ]
    assert checked.study.history is not None  # history_of refuses a study without one
    result = {"cell": checked.study.history.cell, "years": years}
    store.save_analysis(run, "history", {"history": found.digest, "pack": True}, result)


def width(run: Run, source: Source, out: Path) -> None:
    """Store with the run how wide its study is beside the record, the factors that would make it so, and what the
    target's share would be with the fit as it is; or what an earlier run has of the same study and history.
    """
    import numpy as np

    from sim.pipeline import calibrating
    from sim.run import store

    checked = check(source.file, source.sets, source.scenario)
    question = {"study": checked.reading.digest, "history": calibrating.history_of(checked).digest, "pack": True}
    question |= {"sets": list(source.sets), "scenario": source.scenario, "version": run.manifest["sim_version"]}
    if _again(run, "width", question, out):
        return
    done, goal = calibrating.calibrate(source.file, source.sets), run.target
    assert goal is not None
    count = min(run.paths, _UNCORRECTED)
    study = calibrating.with_drivers(checked.study, done.uncorrected)
    name = str(goal["output"])
    values = calibrating.simulator_of(checked, study).value(np.arange(count), outputs=[name])[name]
    values = values[np.isfinite(values)]
    ends = [float(end) for end in np.percentile(values, (5, 50, 95))] if values.size else []
    asked = done.as_dict()["drivers"]
    result = {
        "applied": all(_same(checked.study.drivers[name].marginal.given, asked[name]) for name in asked),
        "widths": done.as_dict()["widths"],
        "history": done.as_dict()["history"],
        "uncorrected": {
            "paths": int(values.size),
            "probability": float(np.mean(values >= goal["at_least"])) if values.size else None,
            "percentiles": dict(zip(("5", "50", "95"), ends, strict=False)),
        },
    }
    store.save_analysis(run, "width", question, result)


def _same(given: Mapping[str, float], fitted: Mapping[str, Any]) -> bool:
    numbers = {key: value for key, value in fitted.items() if isinstance(value, float | int)}
    return all(math.isclose(given.get(key, math.nan), value, rel_tol=1e-3) for key, value in numbers.items())


def backtest(run: Run, file: Path, out: Path) -> None:
    """Store a backtest with the run: one that an earlier run has of the same study and history, or a new one."""
    from sim.pipeline import backtesting
    from sim.pipeline.calibrating import history_of

    checked = check(file)
    if not _again(run, "backtest", backtesting.asked(checked, history_of(checked)), out):
        backtesting.backtest(file, out=out, pack=False, into=str(run.directory))


def _again(run: Run, verb: str, question: Mapping[str, Any], out: Path) -> bool:
    """Store with the run what an earlier run has as the answer to the same question, if one has."""
    from sim.run import store

    for stored in sorted(out.glob(f"*/*/analysis/{verb}-*.json")):
        try:
            facts = json.loads(stored.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if facts.get("question") == question:
            store.save_analysis(run, verb, question, facts["result"])
            return True
    return False


def chosen(run: Run) -> dict[str, Mapping[str, Any]]:
    """Of the results stored with the run those that answer the pack's questions, by verb."""
    from sim.run import store

    found: dict[str, Mapping[str, Any]] = {}
    for stored in store.analyses(run):
        if _fits(run, stored["question"], stored["verb"]):
            found[stored["verb"]] = stored["result"]
    return found


_OWN = {"prob", "explain", "believe", "convergence"}  # asked of the run itself: the question must be the target's


def _fits(run: Run, question: Mapping[str, Any], verb: str) -> bool:
    if verb not in _OWN:
        return bool(question.get("pack"))
    goal = run.target
    if goal is None or question.get("output") != goal["output"]:
        return False
    if verb == "explain":
        return question.get("at_least") is None
    if verb == "prob" and not question.get("split"):
        return False
    if question.get("at_least") != goal["at_least"]:
        return False
    return verb != "believe" or not (question["drivers"] or question["parts"] or question["probability"] != 0.5)


def material(run: Run) -> Material:
    """What a pack is made from, all of it from the run's folder. StorageError if that cannot be read."""
    from sim.report.pack import Material

    folder = run.directory / "run"
    return Material(
        run=run,
        study=study_of(run),
        register=_rows(folder / "drivers.csv"),
        quarterly=_rows(folder / "quarterly.csv"),
        found=chosen(run),
    )


def study_of(run: Run) -> Study:
    """The study of a stored run, from its own folder."""
    from sim import config

    file = run.directory / "run" / "study.resolved.yaml"
    reading = config.load(file)
    if reading.study is None:
        raise StorageError(f"{file} cannot be read ({reading.problems[0]}); repeat the run")
    return reading.study


def _rows(file: Path) -> list[dict[str, str]]:
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            return [{key: _unquoted(text) for key, text in row.items()} for row in csv.DictReader(stream)]
    except (OSError, csv.Error) as error:
        raise StorageError(f"{file} cannot be read ({error}); repeat the run") from error


def _unquoted(text: str) -> str:
    """A text as the study has it, without the apostrophe that keeps spreadsheets from taking it for a formula."""
    return text[1:] if text[:1] == "'" and text[1:2] in set("=+-@") else text
