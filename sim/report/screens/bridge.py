"""The screen of `sim bridge`: what changed, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.report.numbers import amount, bare, count, given, in_column, percent, period, threshold
from sim.report.screens import layout
from sim.report.text import plain

_FEW = 3
_WIDE = 120  # columns from which a driver's medians stand beside its name
_MOST = 14  # steps shown; the JSON has them all


def lines(found: Mapping[str, Any], width: int) -> list[str]:
    """What a bridge says; ``found`` as `sim.pipeline.changing.bridge` gives it."""
    unit, certain = str(found["unit"]), bool(found["certain"])
    statistics = found["statistics"]
    first = "mean" if "mean" in statistics else "median"
    change = statistics[first]
    said = layout.wrapped(_answer(found, first, change, unit), width)
    shown = [first] if certain else [name for name in ("mean", "median", "probability") if name in statistics]
    heads = {"mean": "value" if certain else "mean", "median": "median"}
    if found["at_least"] is not None:
        heads["probability"] = f"P(≥ {threshold(found['at_least'], unit)}), pp"
    rows = [["", *(heads[name] for name in shown)]]
    rows.append([layout.named(found["from"]), *(_end(statistics[n], "before", n, unit) for n in shown)])
    players = found["players"]
    for i, player in enumerate(players[:_MOST]):
        rows.append([_player(player, certain or width >= _WIDE), *(_step(statistics[name], i, name) for name in shown)])
    if len(players) > _MOST:
        rows.append([f"{len(players) - _MOST} smaller steps", *(_rest(statistics[n], n) for n in shown)])
    rows.append([layout.named(found["to"]), *(_end(statistics[n], "after", n, unit) for n in shown)])
    said += layout.aligned(rows, width)
    said += [line for text in _parts(found, unit) for line in layout.wrapped(text, width)]
    said += [line for text in _facts(found) for line in layout.wrapped(text, width)]
    return said + layout.figure(found.get("files", ()))


def _answer(found: Mapping[str, Any], first: str, change: Mapping[str, Any], unit: str) -> str:
    label = " ".join(w for w in (plain(found["label"]), period(str(found["output"]).partition(".")[2])) if w)
    value = change["change"]["value"]
    largest = [(p, s) for p, s in zip(found["players"], change["steps"], strict=True) if s["value"]][:_FEW]
    moved = "rises" if value > 0 else "falls" if value < 0 else "stays"
    ends = f"from {in_column(change['before'], unit)} to {in_column(change['after'], unit)}"
    by = f" {ends}" if value else f" at {in_column(change['before'], unit)}"
    what = "" if found["certain"] else f"{first.capitalize()} of "
    steps = ", ".join(f"{plain(p['name'], 70)} {layout.signed(s, error=False, unit=unit)}" for p, s in largest)
    return f"{what}{label} {moved}{by}: {steps}"


def _end(change: Mapping[str, Any], key: str, name: str, unit: str) -> str:
    value = change[key]
    if name == "probability":
        return percent(value, 1)
    return bare(unit).around(f"{value:,.2f}" if abs(value) < 1000 else amount(value))


def _scale(name: str) -> float:
    return 100.0 if name == "probability" else 1.0


def _step(change: Mapping[str, Any], i: int, name: str) -> str:
    return layout.signed(change["steps"][i], _scale(name))


def _rest(change: Mapping[str, Any], name: str) -> str:
    rest = {"value": sum(step["value"] for step in change["steps"][_MOST:]), "standard_error": None}
    return layout.signed(rest, _scale(name))


def _player(player: Mapping[str, Any], ends: bool) -> str:
    name = plain(player["name"])
    if not ends or player["before"] is None or player["before"] == player["after"]:
        return name
    return f"{name} ({given(player['before'])} → {given(player['after'])})"


def _parts(found: Mapping[str, Any], unit: str) -> list[str]:
    """Each part that moved, with the steps in it."""
    said = []
    labels = found.get("part_labels", {})
    size = max((abs(p["change"]["value"]) for p in found["parts"].values()), default=0.0)
    for name, part in found["parts"].items():
        if abs(part["change"]["value"]) <= 1e-9 * size:
            continue
        steps = sorted(zip(found["players"], part["steps"], strict=True), key=lambda pair: -abs(pair[1]["value"]))
        kept = [(p, s) for p, s in steps if abs(s["value"]) > 0.05 * abs(part["change"]["value"])][:4]
        words = ", ".join(f"{plain(p['name'], 40)} {layout.signed(s, error=False, unit=unit)}" for p, s in kept)
        said.append(f"{plain(labels.get(name, name))} {layout.signed(part['change'], error=False, unit=unit)}: {words}")
    return said


def _facts(found: Mapping[str, Any]) -> list[str]:
    orders = "all orders of change" if found["orders"] is None else f"{found['orders']} sampled orders and reverses"
    said = [f"Steps: Shapley values over {orders}, {count(found['paths'])} paths on common random numbers; they add up"]
    if found["end_paths"] > found["paths"]:
        said[0] += f"; ends on the runs' own {count(found['end_paths'])} paths"
    if found["redrawn"]:
        said.append(f"The seeds differ ({found['from']['seed']}, {found['to']['seed']}): both are drawn with the first")
    if found["invalid_paths"]:
        said.append(f"{count(found['invalid_paths'])} invalid values are left out")
    if "mean" not in found["statistics"]:
        said.append("The tail is too heavy for a mean: its bridge is that of the median")
    return said
