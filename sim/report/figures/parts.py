"""Sum of the parts: the mean of each part stacked up to the value, with the range of 80% of the paths at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from sim.report import style
from sim.report.numbers import in_column, marks, measure, money, span, threshold
from sim.report.style import Drawing, Simulated
from sim.report.text import cell, plain

UP, DOWN, END = style.BLUE, "#E69F00", "#4B5563"
_ROW = 0.24  # inches
_NUMBERS = 1.5  # inches for mean and range at the right


@dataclass(frozen=True)
class Part:
    """A part from ``start`` by its ``mean`` on; ``low`` and ``high`` are its own P10 and P90."""

    label: str
    start: float
    mean: float
    low: float
    high: float
    is_whole: bool = False


def draw(run: Simulated, names: Sequence[str], output: str) -> Drawing | None:
    """The outputs ``names``, which add up to ``output``. None where one of them has no mean."""
    rows = parts(run, names, output)
    if rows is None:
        return None
    facts = run.summary["outputs"][output]
    unit, goal = str(facts["unit"]), run.target
    words = headline(rows, unit)
    subtitle = f"{measure(plain(facts['label']), unit)}; bars are means, lines P10 to P90 of each part alone"
    notes = ["Means add up, percentiles do not; orange and hatched: taken off"]
    height = 1.42 + _ROW * len(rows)
    with style.committee():
        figure = style.canvas(words, subtitle, notes, style.source_line(run), height)
        bottom, top, left = style.floor(notes) + 0.2, height - 0.78, 0.0
        right = style.WIDTH - style.EDGE
        for x, head in ((right - 0.95, "mean"), (right, "P10 to P90")):
            style.write(figure, x, top + 0.06, head, size=7.5, color=style.GREY, ha="right", va="center")
        for i, part in enumerate(rows):
            y = top - (i + 0.5) * (top - bottom) / len(rows)
            weight = "bold" if part.is_whole else "normal"
            look: dict[str, Any] = {"size": 8, "color": style.INK, "va": "center", "weight": weight}
            label = style.fit(style.write(figure, style.EDGE, y, part.label, **look), 1.9, smallest=7)
            left = max(left, style.inches(label))
            style.write(figure, right - 0.95, y, in_column(part.mean, unit), ha="right", **look)
            ends = f"{in_column(part.low, unit)} to {in_column(part.high, unit)}"
            style.fit(style.write(figure, right, y, ends, ha="right", **look), 0.88, smallest=style.SMALL)
        left += style.EDGE + 0.12
        axes = style.panel(figure, left, bottom, right - _NUMBERS - left, top - bottom)
        aim = float(goal["at_least"]) if goal is not None and goal["output"] == output else None
        _fill(axes, rows, unit, aim)
    name = f"{style.file_name(output)}_parts"
    three = [f"{p.label} {in_column(p.mean, unit)} ({span(p.low, p.high, unit)})" for p in largest(rows)[:3]]
    return Drawing(name, words, subtitle, f"{words}. {'; '.join(three)}.", figure, _data(rows, unit))


def parts(run: Simulated, names: Sequence[str], output: str) -> list[Part] | None:
    """Each part stacked on those before it, then the whole."""
    rows, at = [], 0.0
    for name in (*names, output):
        facts = run.summary["outputs"][name]
        low, high = (facts["percentiles"][p] for p in ("10", "90"))
        if facts["mean"] is None or low is None or high is None:
            return None
        whole = name == output
        rows.append(Part(plain(facts["label"], 40), 0.0 if whole else at, facts["mean"], low, high, whole))
        at += facts["mean"]
    return rows


def largest(rows: Sequence[Part]) -> list[Part]:
    """The parts without the whole, by size."""
    return sorted((part for part in rows if not part.is_whole), key=lambda part: -abs(part.mean))


def headline(rows: Sequence[Part], unit: str) -> str:
    """The largest part, and the one whose value is least known."""
    first, whole = largest(rows)[0], rows[-1]
    widest = max((part for part in rows if not part.is_whole), key=lambda part: part.high - part.low)
    of = f" is {in_column(first.mean, unit)} of the {money(whole.mean, unit)}"
    if widest is first:
        return style.headline(first.label, (f"{of} and varies most ({span(first.low, first.high, unit)})", of))
    return style.headline(first.label, (f"{of}; {widest.label} varies most", of))


def _fill(axes: Axes, rows: Sequence[Part], unit: str, aim: float | None) -> None:
    axes.set_ylim(len(rows), 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(False)
    for i, part in enumerate(rows):
        colour = END if part.is_whole else UP if part.mean >= 0 else DOWN
        look: dict[str, Any] = {"facecolor": colour, "edgecolor": "white", "linewidth": 0.4, "zorder": 2}
        if not part.is_whole and part.mean < 0:
            look |= {"hatch": "////", "edgecolor": style.INK}
        axes.barh(i + 0.5, part.mean, 0.6, left=part.start, **look)
        ends = [part.start + part.low, part.start + part.high]
        # A white line under the black one shows it on bars of any shade.
        axes.plot(ends, [i + 0.5] * 2, color="white", lw=3.0, ls="-", zorder=3, solid_capstyle="butt")
        axes.plot(ends, [i + 0.5] * 2, color=style.BLACK, lw=1.2, ls="-", zorder=4, marker="|", ms=5)
        if i + 2 < len(rows):  # a connector to the next part
            axes.plot([part.start + part.mean] * 2, [i + 0.8, i + 1.2], color=style.GREY, lw=0.7, ls="-", zorder=1)
    axes.axvline(0, color=style.GREY, lw=0.8, zorder=1)
    low, high = axes.get_xlim()
    if aim is not None and low < aim < high:
        axes.axvline(aim, color=style.VERMILLION, ls=(0, (5, 3)), lw=1.5, zorder=1)
        text = axes.annotate(f"target {threshold(aim, unit)}", (aim, 1), xycoords=("data", "axes fraction"))
        text.set(fontsize=style.LABEL, color=style.VERMILLION, fontweight="bold", va="bottom", ha="center")
    places, decimals = style.ticks(*axes.get_xlim(), 6)
    axes.set_xticks(places, marks(places, decimals, unit))


def _data(rows: Sequence[Part], unit: str) -> pd.DataFrame:
    made: list[Mapping[str, Any]] = [
        {
            "part": cell(part.label), "kind": "whole" if part.is_whole else "part", "unit": cell(unit),
            "from": part.start, "to": part.start + part.mean, "mean": part.mean, "p10": part.low, "p90": part.high,
        }
        for part in rows
    ]  # fmt: skip
    return pd.DataFrame(made)
