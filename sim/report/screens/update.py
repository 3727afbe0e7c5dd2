"""The screen of `sim update`: what the observation does to the answer, how surprising it was, what moved."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from sim.config.leaves import words
from sim.report.numbers import amount, bare, count, fixed, given, in_column, percent, period, rank, span, threshold
from sim.report.screens import layout
from sim.report.text import plain

_FEW = 6
_STILL = 4.0  # standard errors below which a driver is said not to have moved


def lines(found: Mapping[str, Any], width: int) -> list[str]:
    """What an update says; ``found`` as `sim.pipeline.updating.update_json` gives it."""
    said = layout.wrapped(answer(found), width)
    for each in found["observations"]:
        said += layout.wrapped(_surprise(each), width)
    target = found["target"]
    if target is not None:
        said += _target(target, width)
    said += _drivers(found, width)
    said += layout.wrapped(_search(found), width)
    for warning in found["warnings"]:
        said += layout.wrapped(f"Warning: {plain(warning)}", width)
    return [*said, f"Run      {plain(found['directory'])}  (from {plain(found['parent']['run'])})"]


def answer(found: Mapping[str, Any]) -> str:
    """``After 39 in 2025Q3, P(≥ $179) is 41.0 ±0.2%, before 37.4 ±0.1%``."""
    target, given_values = found["target"], _values(found["observations"])
    if target is None:
        first = found["drivers"][0] if found["drivers"] else None
        if first is None or not _moved(first):
            return f"After {given_values}, no driver moves"
        unit = first["unit"]
        after, before = (layout.estimate(first[side]["mean"], unit) for side in ("after", "before"))
        return f"After {given_values}, {plain(first['label'])} is {after} on average, before {before}"
    chance = target["probability"]
    goal = threshold(target["at_least"], str(target["unit"]))
    after, before = (layout.chance(chance[side]) for side in ("after", "before"))
    return f"After {given_values}, P(≥ {goal}) is {after}, before {before}"


def _values(observations: list[Mapping[str, Any]]) -> str:
    """``39 in 2025Q3``; the name as well where there are several, or no period."""
    if len(observations) == 1:
        only = observations[0]
        place = f" in {plain(only['period'])}" if only["period"] else f" for {plain(only['label'])}"
        return f"{given(only['value'])}{place}"
    parts = [
        f"{plain(words(o['name']))} {period(o['period'])} {given(o['value'])}".replace("  ", " ")
        for o in observations[:3]
    ]
    return ", ".join(parts) + (f" and {len(observations) - 3} more" if len(observations) > 3 else "")


def _surprise(each: Mapping[str, Any]) -> str:
    unit = str(each["unit"])
    name = quantity(each)
    share = each["pit"]["value"]
    place = "n/a" if share is None else rank(share)
    before = each["before"]
    ends = span(before["p5"]["value"], before["p95"]["value"], unit)
    error = f"{'sd' if each['how'] == 'sd' else 'within'} {amount(each['error'])}"
    away = each["distance"]
    far = "" if away is None else f", {fixed(abs(away), 1)} s.d. {'above' if away > 0 else 'below'} the mean"
    return (
        (
            f"{name} {threshold(each['value'], unit)} ({error}) was the {place} of what was expected{far}:"
            f" P50 {in_column(before['p50']['value'], unit)}, 90% of paths {ends}"
        )
        .replace("was the below", "was below")
        .replace("was the above", "was above")
    )


def quantity(each: Mapping[str, Any]) -> str:
    """The observed quantity in words; its period only where the label does not name the year already."""
    label, when = plain(each["label"]), str(each["period"])
    return label if not when or when.removeprefix("FY")[:4] in label else f"{label} {period(when)}"


def _target(target: Mapping[str, Any], width: int) -> list[str]:
    unit = str(target["unit"])
    heads = ["mean", "P5", "P50", "P95"]
    keys = ["mean", "p5", "p50", "p95"]
    rows = [[plain(target["label"]), *heads]]
    for side in ("before", "after"):
        rows.append([f"  {side}", *(layout.estimate(target[side][key], unit) for key in keys)])
    return layout.aligned(rows, width)


def _drivers(found: Mapping[str, Any], width: int) -> list[str]:
    moved = [each for each in found["drivers"] if _moved(each)]
    if not moved:
        return ["No driver moves by more than its Monte Carlo error"]
    rows = [["What moved", "P50 before", "after", "mean, in s.d.", "narrower"]]
    for each in moved[:_FEW]:
        narrowed = each["narrowed"]
        narrower = "" if narrowed is None or narrowed < 0.01 else percent(narrowed)
        rows.append([plain(each["label"]), *_medians(each), layout.signed(each["moved"]), narrower])
    left = len(found["drivers"]) - min(len(moved), _FEW)
    said = layout.aligned(rows, width)
    if left:
        many = f"{left} other driver{'' if left == 1 else 's'}"
        verb = "moved less" if len(moved) > _FEW else "stays" if left == 1 else "stay"
        said.append(f"{many} {verb}")
    return said


def _medians(each: Mapping[str, Any]) -> list[str]:
    """Both medians with as many decimals as the driver's spread asks for: two digits of its standard deviation."""
    unit, sd = str(each["unit"]), each["before"]["sd"]["value"] or 0.0
    decimals = min(max(1 - math.floor(math.log10(sd)), 0), 8) if sd > 0 else 0
    return [bare(unit).around(fixed(each[side]["p50"]["value"], decimals)) for side in ("before", "after")]


def _moved(each: Mapping[str, Any]) -> bool:
    value, error = each["moved"]["value"], each["moved"]["standard_error"]
    return value is not None and error is not None and abs(value) > max(_STILL * error, 0.005)


def _search(found: Mapping[str, Any]) -> str:
    search = found["search"]
    own = (
        f"Effective paths {count(search['effective_own'])} of the {count(search['own_paths'])} that the prior had"
        f" (reweighted, all observations)"
    )
    if search["method"] == "rejection":
        return (
            f"{own}; this run's {count(found['paths'])} paths are independent draws chosen out of"
            f" {count(search['considered'])}"
        )
    worth = count(float(f"{search['effective']:.2g}"))  # known from 16 populations, to about a fifth
    return (
        f"{own}, fewer than {count(search['least'])}: simulated anew near the data in {search['stages']} stages;"
        f" this run's {count(found['paths'])} paths are worth about {worth} independent ones"
    )
