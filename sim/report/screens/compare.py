"""The screen of `sim compare`: runs side by side, their mixture, and what makes the difference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.report.numbers import count, in_column, percent, period, threshold
from sim.report.screens import layout
from sim.report.text import plain

_FEW = 4


def lines(found: Mapping[str, Any], width: int) -> list[str]:
    """What a comparison says; ``found`` as `sim.pipeline.comparing.compare` gives it."""
    unit = str(found["unit"])
    said = layout.wrapped(_answer(found, unit), width)
    table = layout.aligned(_rows(found, unit, errors=True), width)
    if max(map(len, table)) > max(width, layout.NARROWEST):
        table = layout.aligned(_rows(found, unit, errors=False), width)
    said += table
    first = plain(found["cases"][0]["name"])
    for difference in found["differences"]:
        said += [line for text in _difference(difference, first, unit) for line in layout.wrapped(text, width)]
    if found["unpaired"]:
        names = ", ".join(plain(name) for name in found["unpaired"])
        said += layout.wrapped(
            f"No difference path by path for {names}: an updated run's paths are a choice of others", width
        )
    if found["note"]:
        said += layout.wrapped(plain(found["note"]), width)
    return said + layout.figure(found.get("files", ()))


def _rows(found: Mapping[str, Any], unit: str, *, errors: bool) -> list[list[str]]:
    """The table; percentiles give up their errors where there is no room for them."""
    goal, mixture = found["at_least"], found["mixture"]
    weighed = any(case["weight"] is not None for case in found["cases"])
    reach = [] if goal is None else [f"P(≥ {threshold(goal, unit)})"]
    rows = [["", *(["weight"] if weighed else []), "mean", "P5", "P50", "P95", *reach]]
    for case in [*found["cases"], *([mixture] if mixture else [])]:
        row = [plain(case["name"]), *([_weight(case)] if weighed else []), layout.estimate(case["mean"], unit)]
        marks = [layout.estimate(case["percentiles"][p], unit) for p in ("5", "50", "95")]
        row += marks if errors else [mark.partition(" ")[0] for mark in marks]
        rows.append([*row, *([] if goal is None else [layout.chance(case["reaches"])])])
    return rows


def _weight(case: Mapping[str, Any]) -> str:
    return "" if case["weight"] is None else percent(case["weight"])


def _answer(found: Mapping[str, Any], unit: str) -> str:
    label = " ".join(w for w in (plain(found["label"]), period(str(found["output"]).partition(".")[2])) if w)
    cases, mixture = found["cases"], found["mixture"]
    if found["at_least"] is None:
        ranked = sorted(cases, key=lambda case: case["percentiles"]["50"]["value"])
        low, high = ranked[0], ranked[-1]
        ends = [f"{in_column(c['percentiles']['50']['value'], unit)} ({plain(c['name'])})" for c in (low, high)]
        return f"{label} has a median from {ends[0]} to {ends[1]}"
    ranked = sorted(cases, key=lambda case: case["reaches"]["value"])
    ends = [f"{percent(c['reaches']['value'])} ({plain(c['name'])})" for c in (ranked[0], ranked[-1])]
    goal = threshold(found["at_least"], unit)
    if mixture is None:
        return f"{label} reaches {goal} on {ends[0]} to {ends[1]} of paths"
    return (
        f"{label} reaches {goal} on {layout.chance(mixture['reaches'])} of paths once scenarios are weighted;"
        f" on {ends[0]} to {ends[1]} by scenario"
    )


def _difference(difference: Mapping[str, Any], first: str, unit: str) -> list[str]:
    low, high = (difference["percentiles"][p]["value"] for p in ("5", "95"))
    name = plain(difference["name"])
    mean = difference["mean"]
    words = (
        f"{name} less {first}, path by path: mean {layout.signed(mean, unit=unit)}, "
        if mean
        else f"{name} less {first}: "
    )
    said = [
        f"{words}90% of paths {layout.between(low, high, unit)}, higher on {layout.chance(difference['higher'])} of"
        f" {count(difference['paths'])} paths"
    ]
    if difference["drivers"]:
        steps = ", ".join(f"{plain(d['name'], 40)} {layout.signed(d)}" for d in difference["drivers"][:_FEW])
        more = len(difference["drivers"]) - _FEW
        rest = f", {more} more" if more > 0 else ""
        said.append(f"  made by {steps}{rest} ({count(difference['drivers_paths'])} paths, Shapley)")
    elif mean is not None and mean["value"] == 0 and low == high == 0:
        said.append("  nothing differs but seeds or names")
    if difference["redrawn"]:
        said.append("  the seeds differ: for the difference both are drawn with the first's")
    return said
