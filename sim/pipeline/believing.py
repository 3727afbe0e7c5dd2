"""`sim believe`: what one must believe for the target."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.pipeline.stored import RESULTS, opened

if TYPE_CHECKING:
    from sim.analysis.believe import Belief
    from sim.run.result import Run

FIGURES = ("thresholds", "box", "belief_shift", "implied")


def believe(
    reference: str,
    out: Path = RESULTS,
    *,
    at_least: float | None = None,
    probability: float = 0.5,
    output: str | None = None,
    drivers: Sequence[str] = (),
    parts: Sequence[str] = (),
    density: float | None = None,
    threads: int | None = None,
    pack: bool = True,
) -> tuple[Belief, dict[str, Any]]:
    """The analysis of a stored run, and its result as plain data with where it was stored and drawn."""
    from sim.analysis import believe as analysis
    from sim.run import store

    found = opened(reference, out, threads=threads)
    belief = analysis.analyse(
        found.run, found.value, found.inputs, at_least, probability, output, drivers, parts, density
    )
    result = belief.as_dict()
    question = {
        "output": belief.output,
        "at_least": belief.at_least,
        "probability": probability,
        "drivers": list(drivers),
        "parts": list(parts),
        "density": density,
    }
    file = store.save_analysis(found.run, "believe", question, result)
    files = draw(found.run, result) if pack else []
    stored = {"run": found.run.manifest["run"], "file": str(file), "figures": [str(path) for path in files]}
    return belief, {**stored, **result}


def lines(result: dict[str, Any], width: int) -> list[str]:
    """What the screen says, the answer first."""
    from sim.report.screens import believe as screen
    from sim.report.screens.layout import figure

    return [*screen.lines(result, width), *figure(result["figures"])]


def draw(run: Run, result: dict[str, Any]) -> list[Path]:
    """The figures that the result has numbers for, under the run's pack."""
    import importlib

    from sim.report import style

    files: list[Path] = []
    for name in FIGURES:
        figure = importlib.import_module(f"sim.report.figures.{name}")
        drawing = figure.draw(run, result)
        if drawing is not None:
            files += style.save(drawing, run.directory / "pack")
    return files
