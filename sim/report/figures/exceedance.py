"""Exceedance curves: the share of paths that reach each value, of one run or of several with their weighted mixture.

The curve to decide from: at the target it gives the probability, at a probability the value that it takes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.analysis.exceedance import SHARES
from sim.report import style
from sim.report.numbers import marks, measure, money, paths, percent, period, probability, threshold
from sim.report.style import Drawing, Simulated
from sim.report.text import cell, plain

# Each with a second cue beside its colour: prints in grey and colour-blind readers keep them apart.
_LOOKS: tuple[tuple[str, Any, float], ...] = (
    (style.BLUE, "-", 2.0),
    (style.BLACK, (0, (1, 1.4)), 1.6),
    ("#009E73", (0, (6, 2)), 1.6),
    ("#CC79A7", (0, (3, 1.2, 1, 1.2)), 1.6),
    (style.GREY, (0, (8, 2, 2, 2)), 1.4),
)
_NAMED = {"bull": (style.BLUE, "-", 1.6), "base": (style.BLACK, "-", 1.6), "bear": ("#E69F00", (0, (6, 2)), 1.8)}
_MOST = 5  # curves that can be told apart; the CSV has them all


def draw_one(run: Simulated, found: Mapping[str, Any], curve: Sequence[float]) -> Drawing:
    """The curve of one target test, the target read off: ``found`` as `sim.analysis.likelihood` gives it."""
    unit, share = str(found["unit"]), float(found["probability"])
    label = _label(found)
    goal = threshold(found["at_least"], unit)
    words = style.headline(label, (f" reaches {goal} on {percent(share)} of paths", f" ≥ {goal}: {percent(share)}"))
    case = {"name": plain(label), "curve": list(curve), "reaches": {"value": share}, "weight": None}
    text = probability(share, found["standard_error"])
    return _drawn(run, found, [case], words, f"{text} reach {goal}", int(found["paths"]))


def draw(run: Simulated, found: Mapping[str, Any]) -> Drawing:
    """The curves of a comparison, mixture in bold: ``found`` as `sim.analysis.compare` gives it."""
    unit, cases = str(found["unit"]), list(found["cases"])
    label, mixture = _label(found), found["mixture"]
    if found["at_least"] is None:
        middles = [c["percentiles"]["50"]["value"] for c in cases]
        words = style.headline(label, (f": median {money(min(middles), unit)} to {money(max(middles), unit)}", ""))
    else:
        goal = threshold(found["at_least"], unit)
        shares = [c["reaches"]["value"] for c in cases]
        spread = f"{percent(min(shares))} to {percent(max(shares))}"
        tails = [f" reaches {goal} on {spread} of paths by case", f" ≥ {goal}: {spread}"]
        if mixture:
            share = percent(mixture["reaches"]["value"])
            tails = [f" reaches {goal} on {share} of paths, {spread} by scenario", f" ≥ {goal}: {share}, {spread}"]
        words = style.headline(label, tails)
    shown = ([{**mixture, "name": "weighted"}] if mixture else []) + cases
    return _drawn(run, found, shown, words, "", sum(int(case["paths"]) for case in cases))


def _label(found: Mapping[str, Any]) -> str:
    return " ".join(w for w in (plain(found["label"]), period(str(found["output"]).partition(".")[2])) if w)


def _drawn(
    run: Simulated, found: Mapping[str, Any], cases: Sequence[Mapping[str, Any]], words: str, answer: str, total: int
) -> Drawing:
    unit, shown = str(found["unit"]), list(cases[:_MOST])
    subtitle = " · ".join(
        w for w in (f"share of paths that reach a value; {measure(_label(found), unit)}", style.study(run)) if w
    )
    notes = [f"{paths(total)} in all; from 99.5% to 0.5% of paths"]
    if len(cases) > len(shown):
        notes.append(f"{len(cases) - len(shown)} more in the table")
    with style.committee():
        figure = style.canvas(words, subtitle, notes, style.source_line(run))
        _panel(figure, found, shown, answer, style.floor(notes))
    several = len(cases) > 1
    name = f"{style.file_name(str(found['output']))}_{'comparison' if several else 'exceedance'}"
    return Drawing(name, words, subtitle, _alt(found, cases, words), figure, _data(found, cases))


def _panel(
    figure: Figure, found: Mapping[str, Any], cases: Sequence[Mapping[str, Any]], answer: str, bottom: float
) -> None:
    unit, goal = str(found["unit"]), found["at_least"]
    key = 1.35 if len(cases) > 1 else 0.25
    axes = style.panel(figure, 0.52, bottom + 0.22, style.WIDTH - 0.52 - key, style.HEIGHT - 0.62 - bottom - 0.22)
    every = np.array([case["curve"] for case in cases], np.float64)
    low, high = float(np.nanmin(every)), float(np.nanmax(every))
    room = (high - low) * 0.03 or max(abs(high), 1.0) * 0.05
    limits = [low - room, high + room]
    near = goal is not None and low - (high - low) <= goal <= high + (high - low)
    if near:
        limits = [min(limits[0], goal - room), max(limits[1], goal + room)]
    axes.set_xlim(*limits)
    axes.set_ylim(0, 1)
    for case, (colour, dashes, wide) in zip(cases, _looks(cases), strict=True):
        axes.plot(case["curve"], SHARES, color=colour, ls=dashes, lw=wide, solid_capstyle="butt", zorder=3)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0%", "25%", "50%", "75%", "100%"])
    places, decimals = style.ticks(limits[0], limits[1], 7)
    axes.set_xticks(places, marks(places, decimals, unit))
    if near:
        for case, (colour, _, _) in zip(cases, _looks(cases), strict=True):
            share = case["reaches"]["value"]
            axes.plot([limits[0], goal], [share, share], color=style.GREY, ls=(0, (1, 2)), lw=0.8, zorder=1)
            axes.plot([goal], [share], marker="o", ms=5, mec="white", mew=0.8, color=colour, ls="", zorder=4)
        line = style.Line(goal, f"target {threshold(goal, unit)}", style.VERMILLION, "bold", (0, (5, 3)), 1.5)
        style.mark_lines(axes, [line])
    if len(cases) > 1:
        _key(figure, axes, cases, key)
    elif answer and near:
        share = cases[0]["reaches"]["value"]
        up = 5 if share < 0.85 else -18
        text = axes.annotate(answer, (goal, share), xytext=(7, up), textcoords="offset points", zorder=5)
        text.set(fontsize=style.LABEL, color=style.INK, fontweight="bold", ha="left", va="bottom")
        text.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.8})
        if style.extent(text).x1 > axes.get_window_extent().x1:
            text.set(ha="right", position=(-7, up))


def _looks(cases: Sequence[Mapping[str, Any]]) -> list[tuple[str, Any, float]]:
    """Bull, base and bear by their fixed roles; the mixture, or a single curve, in the simulation's blue."""
    names = [str(case["name"]).rpartition("/")[2].lower() for case in cases]
    if "bull" in names and "bear" in names:
        spare = iter([("#009E73", (0, (1, 1.4)), 1.6), ("#CC79A7", (0, (3, 1.2, 1, 1.2)), 1.6), *_LOOKS[2:]])
        roles = {**_NAMED, "weighted": (style.GREY, "-", 3.2)}
        return [roles[name] if name in roles else next(spare) for name in names]
    return list(_LOOKS[: len(cases)])


def _key(figure: Figure, axes: Axes, cases: Sequence[Mapping[str, Any]], wide: float) -> None:
    """Names beside the axes, at the height of each curve's middle, a stroke of the line before each."""
    place = axes.get_position()
    height = figure.get_size_inches()[1]
    right, row = style.WIDTH - wide + 0.12, 0.32
    top = place.y1 * height
    order = sorted(range(len(cases)), key=lambda i: -float(cases[i]["curve"][len(SHARES) // 2]))
    for rank, i in enumerate(order):
        case, (colour, dashes, width) = cases[i], _looks(cases)[i]
        y = top - 0.12 - rank * (row + 0.08)
        stroke = style.panel(figure, right, y - 0.05, 0.26, 0.1)
        stroke.set_axis_off()
        stroke.plot([0, 1], [0.5, 0.5], color=colour, ls=dashes, lw=width)
        weight = case["weight"]
        name = plain(case["name"]) + ("" if weight in (None, 1.0) else f" ({percent(weight)})")
        text = style.write(figure, right + 0.31, y, name, size=8, color=style.INK, va="center")
        text.set_fontweight("bold" if case["name"] == "weighted" else "normal")
        style.fit(text, wide - 0.5, smallest=7)
        if case["reaches"] is not None:
            share = f"{percent(case['reaches']['value'])} reach it"
            under = style.write(figure, right + 0.31, y - 0.15, share, size=7.5, color=style.GREY, va="center")
            style.fit(under, wide - 0.5, smallest=style.SMALL)


def _alt(found: Mapping[str, Any], cases: Sequence[Mapping[str, Any]], words: str) -> str:
    unit, parts = str(found["unit"]), []
    for case in cases[:4]:
        middle = float(case["curve"][len(SHARES) // 2])
        share = case["reaches"]
        text = f"{plain(case['name'])}: half of paths reach {money(middle, unit)}"
        parts.append(text + ("" if share is None else f", {percent(share['value'])} the target"))
    return f"{words}. {'; '.join(parts)}."


def _data(found: Mapping[str, Any], cases: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    rows = [
        {"case": cell(case["name"]), "unit": cell(found["unit"]), "value": value, "share_at_least": share}
        for case in cases
        for value, share in zip(case["curve"], SHARES, strict=True)
    ]
    goal = math.nan if found["at_least"] is None else float(found["at_least"])
    rows += [
        {"case": cell(case["name"]), "unit": "target", "value": goal, "share_at_least": case["reaches"]["value"]}
        for case in cases
        if case["reaches"] is not None
    ]
    return pd.DataFrame(rows)
