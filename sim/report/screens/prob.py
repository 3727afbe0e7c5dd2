"""The screen of `sim prob`: is it likely, by how much does it miss or pass, and what decides it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.report.numbers import count, percent, period, rank, threshold
from sim.report.screen import chance
from sim.report.screens import layout
from sim.report.text import plain


def lines(found: Mapping[str, Any], width: int) -> list[str]:
    """What a target test says; ``found`` as `sim.pipeline.judging.prob` gives it."""
    unit, share = str(found["unit"]), found["probability"]
    goal = threshold(found["at_least"], unit)
    when = period(str(found["output"]).partition(".")[2])
    label = " ".join(word for word in (plain(found["label"]), when) if word)
    low, high = found["interval"]
    verdict = "" if share in (0.0, 1.0) else f", {layout.about(share)}"
    below = rank(found["percentile"]["probability"])
    article = "" if below.split()[0] in {"below", "above"} else "the "
    said = [
        f"{label} reaches {goal} on {chance(found)} of paths{verdict}",
        f"P({plain(found['output'])} ≥ {goal}) = {chance(found)}, 95% interval {low * 100:.4g}% to {high * 100:.4g}%",
        f"{count(found['paths'])} valid paths; {goal} is {article}{below}{_sides(found, unit)}",
        "Reached with  "
        + " · ".join(
            f"{percent(float(p))}: {layout.estimate(e, unit)}" for p, e in found["needed_for"].items()
        ),
    ]  # fmt: skip
    if found["tail_index"] is not None:
        said.append(
            f"Its tail is too heavy for a mean (tail index {found['tail_index']:.2g}, below 2): no mean miss or gain"
        )
    said += _split(found.get("split"), goal)
    return [line for text in said for line in layout.wrapped(text, width)] + layout.figure(found.get("files", ()))


def _sides(found: Mapping[str, Any], unit: str) -> str:
    miss, gain = found["shortfall_below"], found["gain_above"]
    words = []
    if miss is not None:
        words.append(f"a miss falls short by {layout.estimate(miss, unit)} on average")
    if gain is not None:
        words.append(f"a hit exceeds it by {layout.estimate(gain, unit)}")
    return "; " + ", ".join(words) if words else ""


def _split(split: Mapping[str, Any] | None, goal: str) -> list[str]:
    if split is None:
        return ["What decides it: add --split"]
    if "refused" in split:
        return [f"No split: {plain(split['refused'])}"]
    said = []
    for key, what in (("reaching", f"What decides whether it reaches {goal}"), ("variance", "What moves the value")):
        shares = split[key]
        if shares is None:
            why = "too few paths reach or miss it" if key == "reaching" else "it has no variance"
            said.append(f"{what}: no answer, {why}")
            continue
        order = sorted(shares, key=lambda name: -shares[name]["value"])
        said.append(f"{what}: " + " · ".join(f"{name} {layout.chance(shares[name])}" for name in order))
    said.append(f"Shapley shares of variance on {count(split['paths'])} new paths; {split['rule']}")
    return said
