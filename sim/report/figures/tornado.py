"""Tornado: the output with each driver at its P10 and at its P90, the widest bar on top.

Bars are one at a time, with all other drivers at their medians; the thin bars below them are means with the others
drawn. Where one at a time says nothing (a probability, or no value at the medians) the bars themselves are those means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.text import Annotation

from sim.report import style
from sim.report.numbers import given, in_column, marks, measure, paths, percent, span, threshold
from sim.report.screens import explain as words
from sim.report.screens.believe import ratio
from sim.report.style import Drawing, Simulated
from sim.report.text import cell

Facts = Mapping[str, Any]
MOST = 8
_ROW, _LABELS = 0.32, 0.42  # inches: of a bar, and above the bars for the names of lines
_WIDEST = 2.35  # inches of row labels


@dataclass(frozen=True)
class Bar:
    """A driver's ends: ``low`` at its P10, ``high`` at its P90; ``means`` those of the thin bar, if there is one."""

    name: str
    label: str
    range: str
    low: float
    high: float
    means: tuple[float, float] | None

    @property
    def reach(self) -> tuple[float, float]:
        ends = (self.low, self.high, *(self.means or ()))
        return min(ends), max(ends)


def draw(run: Simulated, found: Facts) -> Drawing:
    """``found`` as `sim.pipeline.explaining.explain` gives it, with a tornado."""
    rows = bars(found)
    said, unit = headline(found, rows), _unit(found)
    drawn = found["tornado"]["paths"]
    if _alone(found):
        subtitle = f"{measure(words.subject(found), str(found['unit']))}; one driver at a time, others at their medians"
        notes = [
            "Hatched: driver at its P10 (range below its name), solid: at its P90",
            f"thin: mean with the others drawn, {paths(drawn)} each",
        ]
    else:
        goal = "" if found["at_least"] is None else f" ≥ {threshold(found['at_least'], str(found['unit']))}"
        what = f"Probability of {words.subject(found)}{goal}" if goal else f"Mean of {words.subject(found)}"
        subtitle = f"{what} with one driver set, the others drawn"
        notes = ["Hatched: driver at its P10 (range below its name), solid: at its P90", f"{paths(drawn)} each"]
    bottom = style.floor(notes) + 0.2
    height = bottom + _ROW * len(rows) + _LABELS + 0.55
    with style.committee():
        figure = style.canvas(said, subtitle, notes, style.source_line(run), height)
        left = 0.0
        for i, row in enumerate(rows):
            y = bottom + (len(rows) - i - 0.5) * _ROW
            name = style.write(figure, style.EDGE, y + 0.075, row.label, size=8, color=style.INK, va="center")
            under = style.write(figure, style.EDGE, y - 0.075, row.range, size=7, color=style.GREY, va="center")
            left = max(left, *(style.inches(style.fit(t, _WIDEST, smallest=6.5)) for t in (name, under)))
        left += style.EDGE + 0.1
        axes = style.panel(figure, left, bottom, style.WIDTH - left - 2 * style.EDGE, _ROW * len(rows) + _LABELS)
        _fill(axes, rows, found, unit, run.target)
    return Drawing(_name(found), said, subtitle, _alt(rows, said, unit), figure, _data(rows, found))


def bars(found: Facts) -> list[Bar]:
    """The widest bars, widest first; drivers whose ends have no value are left out."""
    made = []
    for each in found["tornado"]["bars"]:
        means = [end["value"] for end in each["mean"]]
        ends = each["alone"] if _alone(found) else means
        if None in ends:
            continue
        scale = 1.0 if found["at_least"] is None else 100.0
        thin = (means[0], means[1]) if _alone(found) and None not in means else None
        scaled, sign = ratio(str(found["units"][each["driver"]]))
        across = span(scaled * each["p10"], scaled * each["p90"], sign)
        name = each["driver"]
        made.append(Bar(name, words.label(found, name), across, ends[0] * scale, ends[1] * scale, thin))
    made.sort(
        key=lambda bar: -max(abs(bar.high - bar.low), 0 if bar.means is None else abs(bar.means[1] - bar.means[0]))
    )
    return sorted(made[:MOST], key=lambda bar: -abs(bar.high - bar.low))


def headline(found: Facts, rows: Sequence[Bar]) -> str:
    """The widest bar in words."""
    if not rows:
        return style.headline(words.subject(found), (" moves with no driver",))
    first, unit = rows[0], _unit(found)
    low, high = words.pair(first.low, first.high, unit)
    if found["at_least"] is not None:
        low, high = percent(first.low / 100), percent(first.high / 100)
        goal = threshold(found["at_least"], str(found["unit"]))
        tails = (f" moves the chance of {goal} from {low} to {high}", f": chance {low} to {high}")
    else:
        tails = (f" moves {words.subject(found)} from {low} to {high}", f" moves it most: {low} to {high}")
    return style.headline(first.label, tails)


def _alone(found: Facts) -> bool:
    """Whether one at a time says something: the central case has a value that is no mere 0 or 1."""
    return found["at_least"] is None and found["tornado"]["central"] is not None


def _unit(found: Facts) -> str:
    return str(found["unit"]) if found["at_least"] is None else "%"


def _name(found: Facts) -> str:
    goal = "" if found["at_least"] is None else f"_at_least_{given(found['at_least'])}"
    return f"{style.file_name(str(found['output']) + goal)}_tornado"


def _fill(axes: Axes, rows: Sequence[Bar], found: Facts, unit: str, target: Facts | None) -> None:
    drawn = found["tornado"]["mean"]["value"]
    origin = float(found["tornado"]["central"] if _alone(found) else drawn or 0.0)
    if found["at_least"] is not None:
        origin *= 100
    reach = [origin, *(end for row in rows for end in row.reach)]
    low, high = min(reach), max(reach)
    if low == high:
        low, high = low - 1, high + 1
    count = len(rows) + _LABELS / _ROW
    axes.set_ylim(0, count)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(False)
    axes.set_xlim(low, high)
    texts: list[Annotation] = []
    for i, row in enumerate(rows):
        y = len(rows) - i - 0.5
        plain: dict[str, Any] = {"height": 0.44, "edgecolor": style.BLUE, "linewidth": 0.7, "zorder": 2}
        axes.barh(y + 0.08, row.low - origin, left=origin, facecolor="white", hatch="/////", **plain)
        axes.barh(y + 0.08, row.high - origin, left=origin, facecolor=style.BLUE, **plain)
        if row.means is not None:
            a, b = row.means
            axes.barh(y - 0.28, b - a, left=a, height=0.13, facecolor=style.GREY, edgecolor="none", zorder=2)
        texts += _ends(axes, row, y + 0.08, origin, unit)
    _widen(axes, texts)
    at = "all at medians" if _alone(found) else "all drawn"
    here = [style.Line(origin, f"{at} {in_column(origin, unit)}", style.INK, "normal", "-", 1.0)]
    if target is not None and found["at_least"] is None and target["output"] == found["output"]:
        goal, ends = float(target["at_least"]), axes.get_xlim()
        if ends[0] <= goal <= ends[1]:
            label = f"target {threshold(goal, unit)}"
            here.append(style.Line(goal, label, style.VERMILLION, "bold", (0, (5, 3)), 1.5))
    style.mark_lines(axes, here)
    for line in axes.lines:
        line.set_zorder(1)  # behind the bars and the labels of their ends
    places, decimals = style.ticks(*axes.get_xlim(), 6)
    axes.set_xticks(places, marks(places, decimals, unit))


def _ends(axes: Axes, row: Bar, y: float, origin: float, unit: str) -> list[Annotation]:
    """Both ends in figures, outside the bar; where both lie on one side only the farther."""
    ends, said = [row.low, row.high], dict(zip((row.low, row.high), words.pair(row.low, row.high, unit), strict=True))
    if (row.low - origin) * (row.high - origin) > 0:
        ends = [max(ends, key=lambda end: abs(end - origin))]
    made = []
    lower = min(ends)
    for end in dict.fromkeys(ends):
        left = end < origin or (end == origin and end == lower and len(ends) == 2 and row.low != row.high)
        text = axes.annotate(said[end], (end, y), (-3 if left else 3, 0), textcoords="offset points")
        text.set(fontsize=7.5, color=style.INK, ha="right" if left else "left", va="center", annotation_clip=False)
        text.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.6})
        text.set_zorder(5)
        made.append(text)
    return made


def _widen(axes: Axes, texts: Sequence[Annotation]) -> None:
    """Make the axis give way until every number lies within the panel."""
    for _ in range(12):
        place, (low, high) = axes.get_window_extent(), axes.get_xlim()
        left = max((place.x0 - style.extent(text).x0 for text in texts), default=0.0)
        right = max((style.extent(text).x1 - place.x1 for text in texts), default=0.0)
        if left <= 0 and right <= 0:
            return
        step = (high - low) / place.width
        axes.set_xlim(low - max(left + 2, 0) * step, high + max(right + 2, 0) * step)


def _alt(rows: Sequence[Bar], said: str, unit: str) -> str:
    ends = [(row.label, *words.pair(row.low, row.high, unit)) for row in rows[:3]]
    return f"{said}. {'; '.join(f'{name} {low} at P10, {high} at P90' for name, low, high in ends)}."


def _data(rows: Sequence[Bar], found: Facts) -> pd.DataFrame:
    every = {bar["driver"]: bar for bar in found["tornado"]["bars"]}
    made = []
    for row in rows:
        bar = every[row.name]
        made.append({
            "driver": cell(row.name), "label": cell(row.label), "unit": cell(_unit(found)),
            "p10": bar["p10"], "p90": bar["p90"], "at_p10_alone": bar["alone"][0], "at_p90_alone": bar["alone"][1],
            "mean_at_p10": bar["mean"][0]["value"], "mean_at_p10_error": bar["mean"][0]["standard_error"],
            "mean_at_p90": bar["mean"][1]["value"], "mean_at_p90_error": bar["mean"][1]["standard_error"],
        })  # fmt: skip
    return pd.DataFrame(made)
