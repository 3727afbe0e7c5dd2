"""Waterfall from one study to another: ends dark grey, steps up blue, steps down orange and hatched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sim.report import style
from sim.report.numbers import bare, count, fixed, in_column, marks, measure, paths, period
from sim.report.style import Drawing, Simulated
from sim.report.text import cell, plain

UP, DOWN, END = style.BLUE, "#E69F00", "#4B5563"
_MOST = 8  # steps shown; the smaller ones are one bar


@dataclass(frozen=True)
class Bar:
    """One row of the waterfall, from ``start`` to ``end``; an end stands on zero."""

    name: str
    start: float
    end: float
    error: float
    is_end: bool

    @property
    def step(self) -> float:
        return self.end - self.start


def draw(run: Simulated, found: Mapping[str, Any]) -> Drawing:
    """The change of the mean: ``found`` as `sim.pipeline.changing.bridge` gives it."""
    unit = str(found["unit"])
    rows, words = bars(found), headline(found)
    certain = bool(found["certain"])
    label = " ".join(w for w in (plain(found["label"]), period(str(found["output"]).partition(".")[2])) if w)
    subtitle = f"{'' if certain else 'mean of '}{measure(label, unit)}; Shapley steps over the order of change"
    notes = [f"Steps of {paths(int(found['paths']))} on common random numbers, ± standard error"]
    if certain:
        notes = ["Nothing varies in either study: steps are exact"]
    low, cut = _cut(rows)
    if cut:
        notes.append(f"axis cut at {in_column(low, unit)}")
    height = 1.35 + 0.24 * len(rows)
    with style.committee():
        figure = style.canvas(words, subtitle, notes, style.source_line(run), height)
        left, bottom = 0.0, style.floor(notes) + 0.2
        texts = []
        top = height - 0.58
        for i, bar in enumerate(rows):
            y = top - (i + 0.5) * (top - bottom) / len(rows)
            text = style.write(figure, style.EDGE, y, bar.name, size=8, color=style.INK, va="center")
            text.set_fontweight("bold" if bar.is_end else "normal")
            texts.append(style.fit(text, 3.3, smallest=6.5))
            left = max(left, style.inches(texts[-1]))
        left += style.EDGE + 0.12
        axes = style.panel(figure, left, bottom, style.WIDTH - left - style.EDGE, top - bottom)
        _fill(axes, rows, low, unit)
    name = f"{style.file_name(str(found['output']))}_bridge"
    return Drawing(name, words, subtitle, _alt(found, rows, words), figure, _data(rows, unit))


def headline(found: Mapping[str, Any]) -> str:
    """The change and the largest step, from the computed numbers."""
    unit, change = str(found["unit"]), found["statistics"]["mean"]
    by = change["change"]["value"]
    size = bare(unit).around(fixed(abs(by), 1 if abs(by) < 99.95 else 0))
    moved = "up" if by >= 0 else "down"
    largest = plain(found["players"][0]["name"])
    step = change["steps"][0]["value"]
    most = f"{'+' if step >= 0 else '−'}{bare(unit).around(fixed(abs(step), 1))}"
    label = plain(found["label"])
    return style.headline(
        label,
        (f" {moved} {size}: {most} from {largest}", f" {moved} {size}, {most} in the largest step", f" {moved} {size}"),
    )


def bars(found: Mapping[str, Any]) -> list[Bar]:
    """Ends and steps; what does not fit is one bar, so that the steps still add up."""
    change = found["statistics"]["mean"]
    at = float(change["before"])
    rows = [Bar(_names(found)[0], 0.0, at, 0.0, True)]
    steps = list(zip(found["players"], change["steps"], strict=True))
    shown = steps if len(steps) <= _MOST + 1 else steps[:_MOST]
    for player, step in shown:
        rows.append(Bar(plain(player["name"]), at, at + step["value"], step["standard_error"] or 0.0, False))
        at += step["value"]
    if rest := steps[len(shown) :]:
        total = sum(step["value"] for _, step in rest)
        rows.append(Bar(f"{count(len(rest))} smaller steps", at, at + total, 0.0, False))
    return [*rows, Bar(_names(found)[1], 0.0, float(change["after"]), 0.0, True)]


def _names(found: Mapping[str, Any]) -> tuple[str, str]:
    """The two studies by their titles, or by their files where those are the same."""
    ends = [plain(found[end]["study"], 70) for end in ("from", "to")]
    return (ends[0], ends[1]) if ends[0] != ends[1] else (_named(found["from"]), _named(found["to"]))


def _named(run: Mapping[str, Any]) -> str:
    stem = str(run["config"]).rpartition(".")[0] or str(run["config"])
    return plain(f"{stem} ({run['scenario']})" if run["scenario"] else stem)


def _cut(rows: list[Bar]) -> tuple[float, bool]:
    """Where the axis begins: at zero, unless the steps would be slivers beside the ends; then said in a note."""
    levels = [level for bar in rows for level in (bar.start, bar.end) if not (bar.is_end and level == 0.0)]
    low, high = min(levels), max(levels)
    spread = high - low
    if low <= 0 or spread <= 0 or low < 1.5 * spread:
        return min(low, 0.0), False
    step = style.round_step(spread, 4)
    start = (low - 0.35 * spread) // step * step
    return (start, True) if start > 0 else (0.0, False)


def _fill(axes: Any, rows: list[Bar], low: float, unit: str) -> None:
    levels = [level for bar in rows for level in (bar.start, bar.end)]
    high = max(levels)
    room = (high - min(low, *[b.end for b in rows])) * 0.02
    axes.set_ylim(len(rows), 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(False)
    axes.set_xlim(low, high + room * 12)
    for i, bar in enumerate(rows):
        start, end = (low, bar.end) if bar.is_end else (bar.start, bar.end)
        colour = END if bar.is_end else UP if bar.step >= 0 else DOWN
        look: dict[str, Any] = {"facecolor": colour, "edgecolor": "white", "linewidth": 0.4, "zorder": 2}
        if not bar.is_end and bar.step < 0:
            look |= {"hatch": "////", "edgecolor": style.INK}
        axes.barh(i + 0.5, end - start, 0.66, left=start, **look)
        if i + 1 < len(rows):  # a connector to the next row
            axes.plot([bar.end, bar.end], [i + 0.83, i + 1.17], color=style.GREY, lw=0.7, ls="-", zorder=1)
        text = axes.annotate(_label(bar, unit), (max(start, end), i + 0.5), xytext=(4, 0), textcoords="offset points")
        text.set(fontsize=8, color=style.INK, ha="left", va="center", annotation_clip=False, zorder=5)
        text.set_fontweight("bold" if bar.is_end else "normal")
    places, decimals = style.ticks(low, high, 6)
    axes.set_xticks(places, marks(places, decimals, unit))
    # The longest number must end within the canvas: the axis gives way.
    for _ in range(12):
        over = max(style.extent(text).x1 for text in axes.texts) - axes.figure.bbox.x1 + 4
        if over <= 0:
            break
        start, end = axes.get_xlim()
        axes.set_xlim(start, end + (end - start) * (over / axes.get_window_extent().width + 0.01))


def _label(bar: Bar, unit: str) -> str:
    if bar.is_end:
        return bare(unit).around(fixed(bar.end, 1 if abs(bar.end) < 999.5 else 0))
    size = abs(bar.step)
    number = bare(unit).around(fixed(size, 2 if size < 99.995 else 1))
    error = f" ±{fixed(bar.error, 2 if bar.error < 0.995 else 1)}" if bar.error >= 0.005 else ""
    return f"{'+' if bar.step >= 0 else '−'}{number}{error}"


def _alt(found: Mapping[str, Any], rows: list[Bar], words: str) -> str:
    unit = str(found["unit"])
    steps = "; ".join(f"{bar.name} {_label(bar, unit)}" for bar in rows[1:4] if not bar.is_end)
    return f"{words}. From {_label(rows[0], unit)} to {_label(rows[-1], unit)}: {steps}."


def _data(rows: list[Bar], unit: str) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "row": cell(bar.name),
                "kind": "end" if bar.is_end else "step",
                "unit": cell(unit),
                "from": bar.start,
                "to": bar.end,
                "step": bar.step,
                "standard_error": bar.error,
            }
            for bar in rows
        ]
    )
