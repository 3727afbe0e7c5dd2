"""Demand against capacity by quarter, and on how many paths supply binds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sim.report import style
from sim.report.numbers import Unit, count, in_column, marks, percent, period
from sim.report.style import Drawing, Simulated
from sim.report.text import cell

HEIGHT = 3.4
_LEFT, _RIGHT = 0.55, 1.25  # inches beside the panels
_BINDS = 0.85  # inches of the lower panel
Rows = Sequence[Mapping[str, str]]


def draw(run: Simulated, quarterly: Rows, demand: str, supply: str, binding: str) -> Drawing | None:
    """Rows of ``quarterly.csv`` by the names of their cells. None where one of the three is not by quarter."""
    of = {name: {row["period"]: row for row in quarterly if row["cell"] == name} for name in (demand, supply, binding)}
    periods = sorted(set(of[demand]) & set(of[supply]) & set(of[binding]))
    if len(periods) < 2:
        return None
    asked, able, bound = ([of[name][each] for each in periods] for name in (demand, supply, binding))
    share = [float(row["mean"]) for row in bound]
    words = headline(periods, share)
    unit = asked[0]["unit"]
    subtitle = f"Medians, {Unit.of(unit).words or unit}; bands: half of the paths (P25 to P75); {style.study(run, 40)}"
    notes = [f"By quarter, of the first {count(float(bound[0]['paths']))} paths", "binds: demand above capacity"]
    with style.committee():
        figure = style.canvas(words, subtitle, notes, style.source_line(run), HEIGHT)
        low, wide = style.floor(notes) + 0.22, style.WIDTH - _LEFT - _RIGHT
        under = style.panel(figure, _LEFT, low, wide, _BINDS)
        above = style.panel(figure, _LEFT, low + _BINDS + 0.2, wide, HEIGHT - 0.62 - low - _BINDS - 0.2)
        _levels(above, asked, able)
        _shares(under, periods, share)
    ends = [f"{period(periods[i])} demand {in_column(float(asked[i]['p50']), unit)}, capacity"
            f" {in_column(float(able[i]['p50']), unit)}" for i in (0, -1)]  # fmt: skip
    alt = f"{words}. Medians: {'; '.join(ends)}."
    return Drawing(f"{style.file_name(demand)}_capacity", words, subtitle, alt, figure, _data(asked, able, bound))


def headline(periods: Sequence[str], share: Sequence[float]) -> str:
    """How often supply binds at the beginning and at the end, and when most often if that is neither."""
    most = int(np.argmax(share))
    said = f"Supply binds on {percent(share[0])} of paths in {period(periods[0])}"
    if most not in (0, len(share) - 1):
        said += f", {percent(share[most])} in {period(periods[most])}"
    return f"{said}, {percent(share[-1])} in {period(periods[-1])}"


def _levels(axes: Axes, asked: Rows, able: Rows) -> None:
    x = np.arange(len(asked), dtype=np.float64)
    ends = []
    for rows, colour, dashes, name in (
        (asked, style.BLUE, "-", "demand"),
        (able, style.BLACK, (0, (4, 2)), "capacity"),
    ):
        low, middle, high = (np.array([float(row[p]) for row in rows]) for p in ("p25", "p50", "p75"))
        if name == "demand":
            axes.fill_between(x, low, high, color=style.BANDS[1], lw=0, zorder=1)
        else:  # outlined, so that the two bands are told apart in grey
            axes.fill_between(x, low, high, facecolor="none", edgecolor=style.GREY, hatch="....", lw=0.6, zorder=2)
        axes.plot(x, middle, color=colour, ls=dashes, lw=1.8, zorder=4)
        ends.append((float(middle[-1]), colour, f"{name} {in_column(float(middle[-1]), rows[0]['unit'])}"))
    axes.set_xlim(-0.5, len(asked) - 0.5)
    axes.set_xticks([])
    axes.spines["left"].set_visible(False)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    bottom, top = axes.get_ylim()
    axes.set_ylim(0 if bottom >= 0 or bottom > -0.05 * top else bottom, top)
    places, decimals = style.ticks(*axes.get_ylim(), 4)
    axes.set_yticks(places, marks(places, decimals, "1"))
    box = axes.get_window_extent()
    pixels = [float(axes.transData.transform((0, y))[1]) for y, _, _ in ends]
    for (_, colour, words), y in zip(ends, style.spread(pixels, 14.0, box.y0 + 4, box.y1 - 4), strict=True):
        at = float(axes.transData.inverted().transform((0, y))[1])
        text = axes.annotate(words, (x[-1], at), (5, 0), textcoords="offset points", annotation_clip=False)
        text.set(fontsize=8, color=colour, va="center", fontweight="bold")


def _shares(axes: Axes, periods: Sequence[str], share: Sequence[float]) -> None:
    x = np.arange(len(share), dtype=np.float64)
    axes.bar(x, share, 0.75, color=style.BLUE, zorder=2)
    axes.set_xlim(-0.5, len(share) - 0.5)
    top = min(max(max(share) * 1.12, 0.01), 1.0)
    axes.set_ylim(0, top)
    places, _ = style.ticks(0.0, top, 3)
    axes.set_yticks(places, [percent(each) for each in places])
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    last = [i for i, name in enumerate(periods) if name.endswith("Q1")] or [0, len(periods) - 1]
    chosen = last if len(last) <= 8 else last[:: -(-len(last) // 8)]
    axes.set_xticks([float(i) for i in chosen], [period(periods[i]) for i in chosen])
    text = axes.annotate("share of paths\nwhere supply binds", (1, 0.5), (5, 0), ("axes fraction", "axes fraction"),
                         "offset points", annotation_clip=False)  # fmt: skip
    text.set(fontsize=8, color=style.BLUE, va="center")


def _data(asked: Rows, able: Rows, bound: Rows) -> pd.DataFrame:
    made: list[dict[str, Any]] = []
    for name, rows in (("demand", asked), ("capacity", able), ("supply binds", bound)):
        for row in rows:
            numbers = {key: float(row[key]) for key in ("mean", "p5", "p25", "p50", "p75", "p95") if row[key] != ""}
            made.append({"line": name, "period": row["period"], "unit": cell(row["unit"]), **numbers})
    return pd.DataFrame(made)
