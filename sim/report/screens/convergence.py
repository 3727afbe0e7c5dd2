"""The screen of `sim convergence`: is the run long enough?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.report.numbers import count, percent, period, precise, threshold
from sim.report.screens import layout
from sim.report.text import plain

UNSURE = 0.05  # chance of change from which a verdict is not safe


def lines(found: Mapping[str, Any], width: int) -> list[str]:
    """What a study of convergence says; ``found`` as `sim.pipeline.judging.convergence` gives it."""
    unit = str(found["unit"])
    said = layout.wrapped(answer(found), width)
    rows = [["paths", f"P(≥ {threshold(found['at_least'], unit)})", "mean"]]
    for step in found["steps"]:
        rows.append([count(step["paths"]), layout.chance(step["probability"]), layout.estimate(step["mean"], unit)])
    said += layout.aligned(rows, width)
    said += layout.wrapped("Chance that another seed says otherwise: " + " · ".join(_verdicts(found)), width)
    said += layout.wrapped(_slope(found), width)
    return said + layout.figure(found.get("files", ()))


def answer(found: Mapping[str, Any]) -> str:
    """Whether another seed could change what is said of the target."""
    unit = str(found["unit"])
    label = " ".join(w for w in (plain(found["label"]), period(str(found["output"]).partition(".")[2])) if w)
    side = found["verdicts"]["side"]
    goal = f"{label} ≥ {threshold(found['at_least'], unit)}"
    share = layout.chance(found["probability"])
    if side["chance_of_change"] > UNSURE:
        return f"Not enough: {goal} has {share}, and another seed turns the verdict with {odds(side)}"
    return f"Enough: {goal} is {side['says']} ({share}), and another seed changes that with {odds(side)}"


def odds(verdict: Mapping[str, Any]) -> str:
    """How likely another seed is to say otherwise."""
    chance = verdict["chance_of_change"]
    return "a chance below 0.1%" if chance < 0.001 else f"a chance of {percent(chance, 1)}"


def _verdicts(found: Mapping[str, Any]) -> list[str]:
    words = []
    for verdict in found["verdicts"].values():
        chance = verdict["chance_of_change"]
        words.append(f"{plain(verdict['says'])}: {'<0.1%' if chance < 0.001 else percent(chance, 1)}")
    return words


def _slope(found: Mapping[str, Any]) -> str:
    text = ""
    if found["slope"]["value"] is not None:
        slope = precise(found["slope"]["value"], found["slope"]["standard_error"])
        text = f"Errors fall as paths to the power {slope} (−0.5: independent paths)"
    if found["paths_needed"] is not None:
        needed = float(f"{found['paths_needed']:.2g}")
        text += f"{'; ' if text else ''}an error of 0.1 pp takes about {count(needed)} paths"
    return text or "Every path agrees: there is no error to trace"
