"""`sim prob` and `sim convergence`: is it likely, and is the run long enough to say so?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import InputError, Problem, SimError
from sim.pipeline.stored import RESULTS, opened

if TYPE_CHECKING:
    from sim.run.result import Run


def prob(
    reference: str,
    sentence: str | None = None,
    *,
    output: str | None = None,
    period: str | None = None,
    threshold: float | None = None,
    split: bool = False,
    figure: bool = False,
    threads: int | None = None,
    out: Path = RESULTS,
) -> dict[str, Any]:
    """The target test of a stored run, as plain data; stored with the run.

    The output and threshold are those of ``sentence`` (``AI-cloud revenue FY2028 >= 60``) or of ``output``, ``period``
    and ``threshold``; what is not said is taken from the run's target. ``split`` adds what decides it, which values
    paths anew.
    """
    from sim.analysis import likelihood
    from sim.run import store

    run = store.open_run(store.find(reference, out))
    column, goal = question(run, sentence, output, period, threshold)
    found = likelihood.analyse(run, column, goal).as_dict()
    if split:
        found["split"] = _split(reference, out, column, goal, threads)
    asked = {"output": column, "at_least": goal, "split": split}
    store.save_analysis(run, "prob", asked, found)
    files: list[str] = []
    if figure:
        from sim.analysis import exceedance
        from sim.report import style
        from sim.report.figures import exceedance as drawer

        curve = exceedance.analyse([run.column(column)])
        files = [str(file) for file in style.save(drawer.draw_one(run, found, curve), run.directory / "pack")]
    return {**found, "run": run.manifest["run"], "target": run.target, "files": files}


def _split(reference: str, out: Path, column: str, goal: float, threads: int | None) -> dict[str, Any]:
    """The split, or why there is none: the test itself stands without it."""
    from sim.analysis import split

    both = opened(reference, out, threads=threads)
    model = json.loads((both.run.directory / "run" / "model.json").read_text(encoding="utf-8"))
    try:
        return split.analyse(both.run, both.value, both.inputs, model, column, goal).as_dict()
    except SimError as refusal:
        return {"refused": str(refusal)}


def convergence(
    reference: str,
    *,
    output: str | None = None,
    period: str | None = None,
    threshold: float | None = None,
    figure: bool = True,
    out: Path = RESULTS,
) -> dict[str, Any]:
    """How errors fall with paths, and whether another seed could change what the run says."""
    from sim.analysis import convergence as analysis
    from sim.run import store

    run = store.open_run(store.find(reference, out))
    column, goal = question(run, None, output, period, threshold)
    found = analysis.analyse(run, column, goal).as_dict()
    store.save_analysis(run, "convergence", {"output": column, "at_least": goal}, found)
    files: list[str] = []
    if figure:
        from sim.report import style
        from sim.report.figures import convergence as drawer

        files = [str(file) for file in style.save(drawer.draw(run, found), run.directory / "pack")]
    return {**found, "run": run.manifest["run"], "files": files}


def question(
    run: Run, sentence: str | None, output: str | None, period: str | None, threshold: float | None
) -> tuple[str, float]:
    """The column and the threshold that are asked for."""
    from sim.analysis import naming

    if sentence is not None:
        if output is not None or period is not None:
            what = "the sentence names the output already"
            raise InputError(Problem("", what, "leave --output and --period out, or the sentence"))
        asked = naming.asked(run, sentence)
        if asked.threshold is not None and threshold is not None:
            raise InputError(Problem("--ge", "the sentence has a threshold already", "leave one of them out"))
        column, threshold = asked.output, threshold if asked.threshold is None else asked.threshold
    else:
        column = naming.find(run, output, period)
    if threshold is None:
        if run.target is None or run.target["output"] != column:
            what = f"{run.label(column)} has no target of its own in the study"
            raise InputError(Problem("--ge", what, "say what it should reach, such as --ge 60"))
        threshold = float(run.target["at_least"])
    return column, threshold


def prob_lines(found: Mapping[str, Any], width: int) -> list[str]:
    """What the terminal says of a target test."""
    from sim.report.screens import prob as screen

    return screen.lines(found, width)


def convergence_lines(found: Mapping[str, Any], width: int) -> list[str]:
    """What the terminal says of a run's length."""
    from sim.report.screens import convergence as screen

    return screen.lines(found, width)
