"""Bars of the value of information: what knowing each thing before a decision is worth, under the two ceilings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from sim.analysis.estimate import T_95
from sim.report import style
from sim.report.numbers import Unit, count, given, percent, precise, threshold
from sim.report.screens import information as words
from sim.report.style import Drawing, Simulated
from sim.report.text import cell, plain

Facts = Mapping[str, Any]
DRIVERS, GROUPS, DISCLOSURES = 6, 2, 3  # bars of each kind
_ROW = 0.2  # inches, as are the next two: where bars begin, and what is kept for numbers at their right
_LEFT, _RIGHT = 2.6, 1.55
_CEILING, _TOGETHER = "#9CA3AF", style.BANDS[2]


@dataclass(frozen=True)
class Bar:
    """A row: what is known, what it is worth, and how its bar looks. ``heads`` a section if it has a title."""

    entry: Facts
    title: str
    colour: str
    hatch: str = ""


def draw(run: Simulated, result: Facts) -> Drawing:
    """Draw the result of `sim.analysis.information.Information.as_dict`."""
    bars = _bars(result)
    said = headline(result)
    unit = result["unit"]
    measured = f"Worth of knowing it before deciding, {Unit.of(unit).words}" if Unit.of(unit).words else "Worth"
    subtitle = f"{measured} · {plain(result['decision'], 80)}"
    terms = f"{given(result['months'])} months at {percent(result['required_return'], 1)} a year"
    notes = [f"price {threshold(result['price'], unit)}, {terms}", "lines: 95% Monte Carlo intervals"]
    if any(bar.entry["beyond_research"] for bar in bars):
        notes.append("* beyond research")
    if result["disclosures"]:
        notes.append("disclosures: seen before the price moves")
    titles = sum(1 for i, bar in enumerate(bars) if i == 0 or bar.title != bars[i - 1].title)
    tall = style.floor(notes) + 0.66 + (len(bars) + 0.8 * titles) * _ROW
    with style.committee():
        figure = style.canvas(said, subtitle, notes, style.source_line(run), max(tall, 2.4))
        _panel(figure, bars, result, style.floor(notes), max(tall, 2.4))
    return Drawing("value_of_information", said, subtitle, _alt(result, said, bars), figure, _data(bars))


def headline(result: Facts) -> str:
    """The finding: what to research first and what it is worth."""
    first, unit = words.leader(result), result["unit"]
    if result["perfect"]["worth"]["value"] == 0:
        return "No research is worth paying for: the decision is safe"
    if first is None:
        return f"No driver to research changes the decision; perfect is {_short(result['perfect'], unit)}"
    per = words.worth(first, unit).partition(" per ")[2]
    paid = _short(first, unit)
    tails = [f" first: it is worth {words.worth(first, unit)}", f": worth {paid} per {per}", f": worth {paid}"]
    if not per:
        tails.pop(1)
    return style.headline(f"Research {plain(first['label'])}", tails)


def _short(entry: Facts, unit: str) -> str:
    return words.worth(entry, unit, per=False).partition(" ")[0]


def _bars(result: Facts) -> list[Bar]:
    drivers = [entry for entry in result["drivers"] if words.measurable(entry)]
    groups = [entry for entry in result["groups"] if words.measurable(entry)]
    found = [Bar(result["perfect"], "Ceilings", _CEILING), Bar(result["all_drivers"], "Ceilings", _CEILING)]
    found += [Bar(e, "One driver", _TOGETHER if e["beyond_research"] else style.BLUE) for e in drivers[:DRIVERS]]
    found += [Bar(entry, "Correlated drivers together", _TOGETHER) for entry in groups[:GROUPS]]
    found += [Bar(entry, "Drivers together, as asked", _TOGETHER) for entry in result["sets"][:GROUPS]]
    found += [Bar(e, "A disclosure", "white", "////") for e in result["disclosures"][:DISCLOSURES]]
    return found


def _panel(figure: Figure, bars: Sequence[Bar], result: Facts, low: float, height: float) -> None:
    unit = result["unit"]
    across, left = style.WIDTH, _LEFT
    top = height - 0.62
    axes = style.panel(figure, left, low, across - left - _RIGHT - 0.1, top - low)
    axes.set_ylim(0, top - low)
    axes.set_yticks([])
    axes.grid(False)
    for side in ("bottom", "left"):
        axes.spines[side].set_visible(False)
    axes.set_xticks([])
    most = max(_ends(bar)[1] for bar in bars) or 1.0
    axes.set_xlim(0, most)
    axes.axvline(0, color=style.GREY, lw=0.8)
    y = top - 0.02
    look: dict[str, Any] = {"size": 7.5, "color": style.GREY, "va": "center"}
    style.write(figure, across - style.EDGE, y, "changes the decision on", ha="right", **look)
    for i, bar in enumerate(bars):
        if i == 0 or bar.title != bars[i - 1].title:
            style.write(figure, style.EDGE, y, bar.title, **look)
            y -= 0.8 * _ROW
        y -= 0.1 * _ROW
        _row(figure, axes, bar, y, low, unit)
        y -= 0.9 * _ROW


def _row(figure: Figure, axes: Any, bar: Bar, y: float, low: float, unit: str) -> None:
    estimate = bar.entry["worth"]
    axes.barh(
        y - low, estimate["value"], height=0.62 * _ROW, color=bar.colour, hatch=bar.hatch or None,
        edgecolor=style.GREY if bar.hatch else "none", lw=0.6, zorder=2,
    )  # fmt: skip
    start, end = _ends(bar)
    if estimate["value"]:
        axes.plot([start, end], [y - low, y - low], color=style.BLACK, ls="-", lw=1.0, zorder=3, solid_capstyle="butt")
    mark = "*" if bar.entry["beyond_research"] else ""
    label = style.write(figure, style.EDGE + 0.1, y, words.name(bar.entry) + mark, size=8, color=style.INK, va="center")
    style.fit(label, _LEFT - style.EDGE - 0.16, smallest=6.5)
    known = words.measurable(bar.entry)
    paid = words.worth(bar.entry, unit, per=False) if known or not estimate["value"] else "about nothing"
    right = style.WIDTH - 0.62
    number = style.write(figure, right, y, paid, size=8, color=style.INK, va="center", ha="right")
    number.set_fontweight("bold" if bar.colour == style.BLUE else "normal")
    style.fit(number, _RIGHT - 0.66, smallest=6.5)
    changes = percent(bar.entry["changes"]) if estimate["value"] else "never"
    style.write(figure, style.WIDTH - style.EDGE, y, changes, size=8, color=style.INK, va="center", ha="right")


def _ends(bar: Bar) -> tuple[float, float]:
    """The 95% interval, from zero on."""
    estimate = bar.entry["worth"]
    half = T_95 * (estimate["standard_error"] or 0.0)
    return max(estimate["value"] - half, 0.0), estimate["value"] + half


def _alt(result: Facts, said: str, bars: Sequence[Bar]) -> str:
    unit = result["unit"]
    parts = [f"{words.name(bar.entry)} {words.worth(bar.entry, unit, per=False)}" for bar in bars]
    changed = words.leader(result)
    tail = "" if changed is None else f" The first changes the decision on {percent(changed['changes'])} of paths."
    return f"{said}. {'; '.join(parts[:6])}. {count(result['paths'])} paths.{tail}"


def _data(bars: Sequence[Bar]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "kind": bar.entry["kind"],
                "name": cell(bar.entry["name"]),
                "label": cell(bar.entry["label"]),
                "worth": bar.entry["worth"]["value"],
                "standard_error": bar.entry["worth"]["standard_error"],
                "low": _ends(bar)[0],
                "high": _ends(bar)[1],
                "changes_decision": bar.entry["changes"],
                "variance_explained": bar.entry["explained"],
                "written": precise(bar.entry["worth"]["value"], bar.entry["worth"]["standard_error"]),
            }
            for bar in bars
        ]
    )
