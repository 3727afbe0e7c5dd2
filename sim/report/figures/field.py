"""Football field: one bar a method from low to high, simulated ones in blue, those of others in grey."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from sim.report import style
from sim.report.numbers import in_column, marks, measure, rank, span, threshold
from sim.report.screens.sweep import axis_values
from sim.report.style import Drawing, Simulated
from sim.report.text import cell, plain

_ROW, _WIDEST = 0.3, 2.3  # inches: of a bar, and of its name
_OTHERS = "#9CA3AF"


@dataclass(frozen=True)
class Bar:
    """A method: its ends, its middle, the inner half of the paths if simulated, and what is given."""

    label: str
    given: str
    low: float
    high: float
    at: float | None
    simulated: bool
    inner: tuple[float, float] | None = None


def bars(
    run: Simulated,
    ranges: Sequence[Any],
    compare: Mapping[str, Any] | None,
    sources: Mapping[str, str],
    sweep: Mapping[str, Any] | None = None,
) -> list[Bar]:
    """The simulation and its methods, the scenarios' medians, the means over the grid of two inputs, and the values of
    others (``Study.pack.ranges``).
    """
    goal = run.summary["target"]
    made = []
    for name in (goal["output"], *(found["output"] for found in goal["alternatives"].values())):
        facts = run.summary["outputs"][name]
        at = {p: facts["percentiles"][p] for p in ("10", "25", "50", "75", "90")}
        if None not in at.values():
            half = (at["25"], at["75"])
            given = f"P10 to P90, P50 {in_column(at['50'], str(facts['unit']))}"
            made.append(Bar(plain(facts["label"], 50), given, at["10"], at["90"], at["50"], True, half))
    if compare is not None and compare["output"] == goal["output"] and len(compare["cases"]) > 1:
        cases = sorted(compare["cases"], key=lambda case: case["percentiles"]["50"]["value"])
        low, high = (case["percentiles"]["50"]["value"] for case in (cases[0], cases[-1]))
        middle = compare["mixture"]["percentiles"]["50"]["value"] if compare["mixture"] else None
        names = f"P50 of {plain(cases[0]['name'], 16)} to {plain(cases[-1]['name'], 16)}"
        names += "" if middle is None else f", weighted {in_column(middle, str(goal['unit']))}"
        made.append(Bar("Scenarios", names, low, high, middle, True))
    if sweep is not None and sweep["output"] == goal["output"] and all(cell["mean"] for cell in sweep["cells"]):
        means = [cell["mean"]["value"] for cell in sweep["cells"]]
        names = " × ".join(plain(axis["label"], 32) for axis in sweep["axes"])
        ends = ", ".join(" to ".join(axis_values(axis)[:: len(axis["values"]) - 1 or 1]) for axis in sweep["axes"])
        made.append(Bar(names, f"mean over {ends}", min(means), max(means), None, True))
    for each in ranges:
        low, high = (each.at, each.at) if each.at is not None else (each.low, each.high)
        given = "; ".join(sources.get(name, plain(name, 40)) for name in each.sources)
        made.append(Bar(plain(each.label, 50), given, low, high, each.at, False))
    return made


def draw(
    run: Simulated,
    ranges: Sequence[Any],
    compare: Mapping[str, Any] | None = None,
    sources: Mapping[str, str] | None = None,
    sweep: Mapping[str, Any] | None = None,
) -> Drawing | None:
    """None where no method has a value. Price and target are lines through all bars; ``sources`` says who and when."""
    goal = run.summary["target"]
    rows = [] if goal is None else bars(run, ranges, compare, sources or {}, sweep)
    if not rows:
        return None
    unit = str(goal["unit"])
    words = headline(run, rows, unit)
    subtitle = f"{measure(plain(run.summary['outputs'][goal['output']]['label']), unit)}, side by side"
    notes = ["Simulation: P10 (the low end) to P90, dark: P25 to P75, tick: P50; others: as published"]
    height = 1.55 + _ROW * len(rows)
    with style.committee():
        figure = style.canvas(words, subtitle, notes, style.source_line(run), height)
        bottom, top, left = style.floor(notes) + 0.2, height - 0.62, 0.0
        row = (top - 0.32 - bottom) / len(rows)
        for i, bar in enumerate(rows):
            y = bottom + (len(rows) - i - 0.5) * row
            weight = "bold" if i == 0 else "normal"
            label = style.write(figure, style.EDGE, y + 0.055, bar.label, size=8, color=style.INK, va="center")
            label.set_fontweight(weight)
            look: dict[str, Any] = {"size": style.SMALL, "color": style.GREY, "va": "center"}
            under = style.write(figure, style.EDGE, y - 0.075, bar.given, **look)
            left = max(left, *(style.inches(style.fit(text, _WIDEST, smallest=6.5)) for text in (label, under)))
        left += style.EDGE + 0.15
        axes = style.panel(figure, left, bottom, style.WIDTH - left - style.EDGE, top - bottom)
        axes.set_ylim(0, (top - bottom) / row)
        _fill(axes, rows, goal, unit)
    name = f"{style.file_name(str(goal['output']))}_field"
    shown = [f"{bar.label} {_said(bar, unit)}" for bar in rows[:3]]
    return Drawing(name, words, subtitle, f"{words}. {'; '.join(shown)}.", figure, _data(rows, unit))


def headline(run: Simulated, rows: Sequence[Bar], unit: str) -> str:
    """Where the target lies in the simulation, and between what the values of others lie."""
    goal = run.summary["target"]
    aim = threshold(goal["at_least"], unit)
    where = f" is the {rank(goal['percentile']['probability'])}"
    others = [end for bar in rows if not bar.simulated for end in (bar.low, bar.high)]
    ends = span(min(others), max(others), unit) if others and min(others) < max(others) else ""
    tails = [f"{where} of our simulation; others say {ends}"] if ends else []
    return style.headline(aim, (*tails, f"{where} of our simulation", where))


def _said(bar: Bar, unit: str) -> str:
    return in_column(bar.low, unit) if bar.low == bar.high else span(bar.low, bar.high, unit)


def _fill(axes: Axes, rows: Sequence[Bar], goal: Mapping[str, Any], unit: str) -> None:
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(False)
    marks_at = [float(x) for x in (goal["at_least"], goal.get("price")) if x is not None]
    low = min([bar.low for bar in rows] + marks_at)
    high = max([bar.high for bar in rows] + marks_at)
    room = (high - low) * 0.14 or abs(high) * 0.1 or 1.0
    axes.set_xlim(low - room, high + room)
    for i, bar in enumerate(rows):
        y = len(rows) - i - 0.5
        if bar.low == bar.high:
            axes.plot([bar.low], [y], marker="D", ms=5, color=_OTHERS, mec=style.INK, mew=0.6, ls="", zorder=3)
            _number(axes, bar.low, y, unit, right=True)
            continue
        face = style.BANDS[1] if bar.simulated else _OTHERS
        axes.barh(y, bar.high - bar.low, 0.46, left=bar.low, facecolor=face, edgecolor="none", zorder=2)
        if bar.inner is not None:
            axes.barh(y, bar.inner[1] - bar.inner[0], 0.46, left=bar.inner[0], facecolor=style.BLUE, zorder=2)
        if bar.at is not None:
            axes.plot([bar.at] * 2, [y - 0.23, y + 0.23], color="white", lw=2.0, ls="-", zorder=3)
        _number(axes, bar.low, y, unit, right=False)
        _number(axes, bar.high, y, unit, right=True)
    lines = [style.Line(float(goal["at_least"]), f"target {threshold(goal['at_least'], unit)}", style.VERMILLION,
                        "bold", (0, (5, 3)), 1.5)]  # fmt: skip
    if goal.get("price") is not None:
        price = f"price {threshold(goal['price'], unit)}"
        lines.insert(0, style.Line(float(goal["price"]), price, style.BLACK, "bold", "-", 1.3))
    style.mark_lines(axes, lines)
    for line in axes.lines[-len(lines) :]:
        line.set_zorder(1)  # behind the bars and the numbers at their ends
    places, decimals = style.ticks(*axes.get_xlim(), 6)
    axes.set_xticks(places, marks(places, decimals, unit))


def _number(axes: Axes, x: float, y: float, unit: str, *, right: bool) -> None:
    text = axes.annotate(in_column(x, unit), (x, y), (5 if right else -5, 0), textcoords="offset points")
    text.set(fontsize=7.5, color=style.INK, ha="left" if right else "right", va="center", annotation_clip=False)
    text.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.6})
    text.set_zorder(5)


def _data(rows: Sequence[Bar], unit: str) -> pd.DataFrame:
    return pd.DataFrame([
        {
            "method": cell(bar.label), "given": cell(bar.given), "unit": cell(unit), "simulated": bar.simulated,
            "low": bar.low, "p25": bar.inner and bar.inner[0], "middle": bar.at, "p75": bar.inner and bar.inner[1],
            "high": bar.high,
        }
        for bar in rows
    ])  # fmt: skip
