"""`sim compare`: runs, studies or a study's scenarios side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import InputError, Problem
from sim.pipeline.changing import identity
from sim.pipeline.checking import check
from sim.pipeline.sides import IN_MEMORY, keep, of_study, opened
from sim.pipeline.stored import RESULTS

if TYPE_CHECKING:
    from sim.analysis.differences import Side


def compare(
    references: Sequence[str],
    *,
    sets: Sequence[str] = (),
    output: str | None = None,
    period: str | None = None,
    threshold: float | None = None,
    weights: str | None = None,
    figure: bool = True,
    threads: int | None = None,
    into: str | None = None,
    out: Path = RESULTS,
) -> dict[str, Any]:
    """Two or more runs or study files, or the scenarios of one study file; stored with the first run, if it is one.

    Weights are those given (``0.5,0.25,0.25``) or, where every one is a scenario of the same study, the study's own.
    For the pack of a run (``into``) the result also has the medians by year of the output whose fan that pack draws.
    """
    from sim.analysis import compare as analysis
    from sim.analysis import naming

    if len(references) == 1 and Path(references[0]).suffix in {".yaml", ".yml"}:
        sides = _scenarios(Path(references[0]), sets, threads)
    else:
        sides = opened(references, out, threads=threads)
    first = sides[0].run
    column = naming.find(first, output, period)
    if threshold is None and first.target and first.target["output"] == column:
        threshold = float(first.target["at_least"])
    names, given = _names(sides), _given(weights, len(sides))
    own, note = (given, "") if given is not None else _own_weights(sides)
    found: dict[str, Any] = analysis.analyse(sides, names, column, threshold, own).as_dict()
    found |= {"runs": [identity(side.run) for side in sides], "note": note}
    if into is not None:
        found["outlook"] = _outlook(sides, names, into, out)
    asked = {
        "runs": [side.run.manifest["hash"] for side in sides],
        "output": column,
        "at_least": threshold,
        "weights": own,
    }
    pack = keep(first, out, "compare", asked, found, into)
    files: list[str] = []
    if figure:
        from sim.report import style
        from sim.report.figures import exceedance as drawer

        files = [str(file) for file in style.save(drawer.draw(first, found), pack)]
    return {**found, "files": files}


def _scenarios(file: Path, sets: Sequence[str], threads: int | None) -> list[Side]:
    """Every scenario of a study file, simulated in memory on the same draws."""
    study = check(file, sets).study
    if len(study.scenarios) < 2:
        what = f"{file} has {'one scenario' if study.scenarios else 'no scenarios'} to compare"
        raise InputError(Problem("", what, "name two runs or study files, or give the study scenarios"))
    paths = min(study.run.paths, IN_MEMORY)
    return [of_study(check(file, sets, name), paths=paths, scenario=name, threads=threads) for name in study.scenarios]


def _outlook(sides: Sequence[Side], names: Sequence[str], into: str, out: Path) -> dict[str, Any]:
    """By side, the median of each year that all of them have; None where no path is valid."""
    import numpy as np

    from sim.report.figures import fan
    from sim.run import store

    run = store.open_run(store.find(into, out))
    yearly = [column for column in run.manifest["columns"] if column["period"].startswith("FY")]
    if not yearly:
        return {}
    name = fan.chosen(run)
    known = [{column["name"] for column in side.run.manifest["columns"]} for side in sides]
    wanted = [column["name"] for column in yearly if column["cell"] == name]
    columns = [column for column in wanted if all(column in each for each in known)]
    if not columns:
        return {}
    found = {}
    for case, side in zip(names, sides, strict=True):
        values = side.value(np.arange(min(side.run.paths, IN_MEMORY)), outputs=columns)
        valid = {column: values[column][np.isfinite(values[column])] for column in columns}
        found[case] = {column: float(np.median(of)) if of.size else None for column, of in valid.items()}
    return found


def _names(sides: Sequence[Side]) -> list[str]:
    """Scenario or study file of each, with the run's id where that is not enough to tell them apart."""
    names = [str(side.run.manifest["scenario"] or Path(side.run.manifest["config"]).stem) for side in sides]
    ids = [str(side.run.manifest["run"]) for side in sides]
    return [f"{name} {own}" if names.count(name) > 1 else name for name, own in zip(names, ids, strict=True)]


def _given(text: str | None, count: int) -> list[float | None] | None:
    if text is None:
        return None
    try:
        found: list[float | None] = [float(part) for part in text.split(",")]
    except ValueError:
        raise InputError(Problem("--weights", f'"{text}" are no weights', "write numbers: 0.5,0.25,0.25")) from None
    if len(found) != count:
        raise InputError(Problem("--weights", f"{len(found)} weights for {count} runs", "give one for each, in order"))
    if any(weight is None or not 0 <= weight <= 1 for weight in found):
        raise InputError(Problem("--weights", "a weight lies outside 0 to 1", "give weights that add up to 1"))
    return found


def _own_weights(sides: Sequence[Side]) -> tuple[list[float | None] | None, str]:
    """The study's weights of the scenarios that the runs are, or none and why. A run of the study as it stands is the
    scenario that sets nothing.
    """
    configs = {side.run.manifest["config"] for side in sides}
    scenarios: Mapping[str, Any] = {} if len(configs) > 1 else sides[0].settings().get("scenarios") or {}
    if not scenarios:
        return None, ""
    plain = next((name for name, scenario in scenarios.items() if not scenario.get("set")), None)
    chosen = [side.run.manifest["scenario"] or plain for side in sides]
    if len(set(chosen)) < len(chosen):
        return None, ""
    weights = [None if name is None else scenarios[name].get("weight") for name in chosen]
    total = math.fsum(weight for weight in weights if weight is not None)
    if abs(total - 1.0) > 1e-9:
        missing = [name for name, s in scenarios.items() if s.get("weight") and name not in chosen]
        return None, f"No weighted mixture: the weights add up to {total:g} without {', '.join(missing) or 'others'}"
    return weights, ""


def lines(found: Mapping[str, Any], width: int) -> list[str]:
    """What the terminal says."""
    from sim.report.screens import compare

    return compare.lines(found, width)
