"""A sweep as a picture: one row as points with the target's line, a grid as a heat map with the value in each cell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from sim.analysis.estimate import Floats
from sim.report import style
from sim.report.numbers import in_column, marks, measure, paths, percent, period, threshold
from sim.report.screens.sweep import axis_values
from sim.report.style import Drawing, Simulated
from sim.report.text import cell, plain

NEAR = 0.02  # share of the target within which a cell counts as at it
_FULL = 0.1  # share of the target from which a cell has the full colour, at least


def draw(run: Simulated, found: Mapping[str, Any]) -> Drawing:
    """The mean of each setting (the median where one has no mean): ``found`` as `sim.analysis.sweep` gives it."""
    unit = str(found["unit"])
    what = "mean" if all(cell["mean"] for cell in found["cells"]) else "median"
    values = np.array([each[what]["value"] for each in found["cells"]])
    grid = len(found["axes"]) > 1
    words = headline(found, values, what)
    label = " ".join(w for w in (plain(found["label"]), period(str(found["output"]).partition(".")[2])) if w)
    subtitle = f"{what} of {measure(label, unit)} · {style.study(run)}"
    notes = [f"Each cell {paths(int(found['paths']))}, the same for all"]
    if grid and found["at_least"] is not None:
        notes[0] += "; below it the share of paths that reach the target"
        notes.append(f"bold: within {percent(NEAR)} of the target")
        reached = values >= found["at_least"]
        if reached.any() and not reached.all():
            notes.append("dashed: where it is reached")
    if any(axis["current"] is not None for axis in found["axes"]):
        notes.append("black outline: the study's own value" if grid else "black ring: the study's own value")
    height = style.HEIGHT if not grid else 1.75 + 0.4 * max(len(found["axes"][0]["values"]), 3)
    with style.committee():
        figure = style.canvas(words, subtitle, notes, style.source_line(run), height)
        (_grid if grid else _row)(figure, found, values, style.floor(notes), height)
    name = f"{style.file_name(str(found['output']))}_sweep"
    return Drawing(name, words, subtitle, _alt(found, values, words), figure, _data(found))


def headline(found: Mapping[str, Any], values: Floats, what: str) -> str:
    """The range over the sweep, and how many settings reach the target with their middle."""
    unit, label = str(found["unit"]), plain(found["label"])
    spread = f": {what} {in_column(float(values.min()), unit)} to {in_column(float(values.max()), unit)}"
    tails = [spread, ""]
    if found["at_least"] is not None:
        reach = int(np.count_nonzero(values >= found["at_least"]))
        goal = threshold(found["at_least"], unit)
        count = "none" if reach == 0 else "all" if reach == values.size else str(reach)
        tails.insert(0, f"{spread}; {count} of {values.size} at {goal} or more")
    return style.headline(label, tails)


def axis_words(axis: Mapping[str, Any]) -> str:
    """``WACC, held`` or ``WACC, mode``."""
    return f"{plain(axis['label'])}, held" if axis["held"] else plain(axis["label"])


def _colours(values: Floats, goal: float | None) -> list[tuple[float, float, float]]:
    """Diverging about the target (orange below, purple above), lightest at it; about the middle without one."""
    centre = float(np.median(values)) if goal is None else goal
    # Never less than a tenth of the target: small differences must look small.
    reach = max(float(np.abs(values - centre).max()), _FULL * abs(goal or 0.0), 1e-12)
    scale = matplotlib.colormaps["PuOr"]
    return [tuple(scale(0.5 + 0.42 * (v - centre) / reach)[:3]) for v in values]


def _grid(
    figure: Figure,
    found: Mapping[str, Any],
    values: Floats,
    bottom: float,
    height: float,
) -> None:
    down, across = found["axes"]
    unit, goal = str(found["unit"]), found["at_least"]
    rows, columns = len(down["values"]), len(across["values"])
    left, low, top = 1.5, bottom + 0.08, height - 1.0
    axes = style.panel(figure, left, low, style.WIDTH - left - style.EDGE, top - low)
    axes.set_xlim(0, columns)
    axes.set_ylim(rows, 0)
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    colours = _colours(values, goal)
    wide = (style.WIDTH - left - style.EDGE) / columns
    for k, each in enumerate(found["cells"]):
        i, j = divmod(k, columns)
        red, green, blue = colours[k]
        ink = "white" if 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.45 else style.BLACK
        axes.add_patch(Rectangle((j, i), 1, 1, facecolor=colours[k], edgecolor="white", linewidth=1.2))
        near = goal is not None and abs(values[k] - goal) <= NEAR * abs(goal)
        shift = 0.0 if each["reaches"] is None else 0.13
        size = 9 if wide > 0.55 else 7.5
        text = axes.text(j + 0.5, i + 0.5 - shift, in_column(float(values[k]), unit), ha="center", va="center")
        text.set(fontsize=size, color=ink, fontweight="bold" if near else "normal")
        if each["reaches"] is not None:
            under = axes.text(j + 0.5, i + 0.5 + 0.24, percent(each["reaches"]["value"]), ha="center", va="center")
            under.set(fontsize=style.SMALL + 0.5, color=ink)
    if down["current"] is not None and across["current"] is not None:
        spots = [((across["current"], down["current"]), 1, 1)]
    else:
        spots = [((0, down["current"]), columns, 1)] if down["current"] is not None else []
        spots += [((across["current"], 0), 1, rows)] if across["current"] is not None else []
    for spot, w, h in spots:
        axes.add_patch(
            Rectangle(spot, w, h, facecolor="none", edgecolor=style.BLACK, linewidth=1.8, zorder=5, clip_on=False)
        )
    if goal is not None:
        _border(axes, values.reshape(rows, columns) >= goal)
    axes.xaxis.tick_top()
    axes.set_xticks(np.arange(columns) + 0.5, axis_values(across))
    axes.set_yticks(np.arange(rows) + 0.5, axis_values(down))
    axes.tick_params(length=0, pad=2)
    style.fit(
        style.write(figure, left, top + 0.28, axis_words(across), size=8, color=style.INK, va="center"),
        style.WIDTH - left - style.EDGE,
        smallest=7,
    )
    _folded(figure, axis_words(down), (low + top) / 2)


def _border(axes: Any, reached: Any) -> None:
    """The border between settings that reach the target with their middle and those that do not."""
    look: dict[str, Any] = {"color": style.VERMILLION, "ls": (0, (4, 2)), "lw": 2.0, "zorder": 6}
    for i, j in np.argwhere(reached[:, 1:] != reached[:, :-1]):
        axes.plot([j + 1, j + 1], [i, i + 1], **look)
    for i, j in np.argwhere(reached[1:] != reached[:-1]):
        axes.plot([j, j + 1], [i + 1, i + 1], **look)


def _folded(figure: Figure, words: str, y: float) -> None:
    """The name of the vertical axis beside it, in a narrow column."""
    import textwrap

    found = textwrap.wrap(words, 15)[:5]
    for i, line in enumerate(found):
        place = y + (len(found) / 2 - i - 0.5) * 0.15
        text = style.write(figure, style.EDGE, place, line, size=8, color=style.INK, va="center")
        style.fit(text, 0.98, smallest=7)


def _row(
    figure: Figure,
    found: Mapping[str, Any],
    values: Floats,
    bottom: float,
    height: float,
) -> None:
    axis, goal, unit = found["axes"][0], found["at_least"], str(found["unit"])
    axes = style.panel(figure, 0.6, bottom + 0.42, style.WIDTH - 0.6 - style.EDGE, height - 0.62 - bottom - 0.42)
    x = np.arange(values.size)
    axes.set_xlim(-0.5, values.size - 0.5)
    levels = [*values.tolist(), *([goal] if goal is not None else [])]
    room = (max(levels) - min(levels)) * 0.18 or max(abs(levels[0]), 1.0) * 0.05
    axes.set_ylim(min(levels) - room, max(levels) + room)
    axes.plot(x, values, color=style.BLUE, marker="o", ms=5, lw=1.6, ls="-", zorder=3)
    if axis["current"] is not None:
        axes.plot(
            [axis["current"]],
            [values[axis["current"]]],
            marker="o",
            ms=9,
            mfc="none",
            mec=style.BLACK,
            mew=1.4,
            zorder=4,
        )
    if goal is not None:
        axes.axhline(goal, color=style.VERMILLION, ls=(0, (5, 3)), lw=1.5, zorder=1)
        text = axes.annotate(
            f"target {threshold(goal, unit)}", (0.0, goal), xycoords=("axes fraction", "data"), xytext=(2, 3),
            textcoords="offset points",
        )  # fmt: skip
        text.set(fontsize=style.LABEL, color=style.VERMILLION, fontweight="bold", va="bottom")
    above = goal is None or values.mean() < goal
    for i, each in enumerate(found["cells"]):
        words = in_column(float(values[i]), unit)
        if each["reaches"] is not None:
            words += f"\n{percent(each['reaches']['value'])} reach it"
        if values.size > 9 and i % 2:
            continue
        text = axes.annotate(words, (i, values[i]), xytext=(0, -8 if above else 8), textcoords="offset points")
        text.set(fontsize=7.5, color=style.INK, ha="center", va="top" if above else "bottom", zorder=5)
    low, high = axes.get_ylim()
    axes.set_ylim(*((low - 0.22 * (high - low), high) if above else (low, high + 0.22 * (high - low))))
    axes.set_xticks(x, axis_values(axis))
    places, decimals = style.ticks(*axes.get_ylim(), 6)
    axes.set_yticks(places, marks(places, decimals, unit))
    name = style.write(figure, 0.6, bottom + 0.1, axis_words(axis), size=style.LABEL, color=style.INK, va="center")
    style.fit(name, style.WIDTH - 0.6 - style.EDGE, smallest=7)


def _alt(found: Mapping[str, Any], values: Floats, words: str) -> str:
    unit = str(found["unit"])
    places = [int(values.argmin()), int(values.argmax())]
    text = "; ".join(f"{_setting(found, k)}: {in_column(float(values[k]), unit)}" for k in places)
    base = found["base"]["mean"] or found["base"]["median"]
    return f"{words}. {text}; the study as it stands: {in_column(base['value'], unit)}."


def _setting(found: Mapping[str, Any], k: int) -> str:
    axes = found["axes"]
    width = len(axes[1]["values"]) if len(axes) > 1 else 1
    places = divmod(k, width)
    return ", ".join(f"{plain(a['label'])} {axis_values(a)[p]}" for a, p in zip(axes, places, strict=False))


def _data(found: Mapping[str, Any]) -> pd.DataFrame:
    axes = found["axes"]
    width = len(axes[1]["values"]) if len(axes) > 1 else 1
    rows = []
    for k, each in enumerate(found["cells"]):
        places = divmod(k, width)
        row = {cell(axis["key"]): cell(axis["values"][place]) for axis, place in zip(axes, places, strict=False)}
        for name in ("mean", "median", "reaches", "difference"):
            estimate = each[name] or {"value": None, "standard_error": None}
            row |= {name: estimate["value"], f"{name}_error": estimate["standard_error"]}
        rows.append(row)
    return pd.DataFrame(rows)
