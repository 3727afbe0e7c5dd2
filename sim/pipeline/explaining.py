"""`sim explain`: what drives an output of a stored run, or whether it reaches a threshold."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.pipeline.stored import RESULTS, opened

if TYPE_CHECKING:
    from sim.run.result import Run

VERB = "explain"


def explain(
    reference: str,
    *,
    output: str | None = None,
    period: str | None = None,
    probability: bool = False,
    threshold: float | None = None,
    paths: int | None = None,
    threads: int | None = None,
    pack: bool = True,
    out: Path = RESULTS,
) -> dict[str, Any]:
    """What drives ``output`` (by default the target's), as plain data; stored with the run, with two figures.

    With ``probability``, or a ``threshold`` of its own, what decides whether the output reaches the target. ``paths``
    are valued anew, as many as `sim.analysis.explain` finds right if None.
    """
    from sim.analysis import explain as analysis
    from sim.analysis import naming
    from sim.pipeline import judging
    from sim.run import store

    stored = opened(reference, out, threads=threads)
    run, goal = stored.run, None
    if probability or threshold is not None:
        column, goal = judging.question(run, None, output, period, threshold)
    else:
        column = naming.find(run, output, period)
    size = paths or analysis.PATHS
    result = analysis.analyse(run, stored.value, stored.inputs, column, goal, size)
    found = {**result.as_dict(), "grades": _grades(run)}
    asked = {"output": column, "at_least": goal, "paths": size}
    file = store.save_analysis(run, VERB, asked, found)
    files: list[str] = []
    if pack:
        from sim.report import style
        from sim.report.figures import shares, tornado

        drawings = [shares.draw(run, found)] + ([tornado.draw(run, found)] if found["tornado"] else [])
        files = [str(made) for drawing in drawings for made in style.save(drawing, run.directory / "pack")]
    return {"run": run.manifest["run"], "file": str(file), **found, "files": files}


def lines(found: Mapping[str, Any], width: int) -> list[str]:
    """What the terminal says, the answer first."""
    from sim.report.screens import explain as screen

    return screen.lines(found, width)


def _grades(run: Run) -> dict[str, str]:
    """Grade of each driver (A filed to D judgement) as the run's own register has it; those without are left out."""
    try:
        with (run.directory / "run" / "drivers.csv").open(encoding="utf-8", newline="") as stream:
            return {row["driver"]: row["grade"] for row in csv.DictReader(stream) if row.get("grade")}
    except (OSError, csv.Error, KeyError):
        return {}  # a register is for readers: what it lacks does not keep an answer from them
