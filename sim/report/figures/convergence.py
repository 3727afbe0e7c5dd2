"""Convergence: the probability with its band as paths are added, and its error on a log scale."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sim.analysis.estimate import T_95
from sim.report import style
from sim.report.numbers import fixed, paths, percent, period, threshold
from sim.report.style import Drawing, Simulated
from sim.report.text import cell, plain


def draw(run: Simulated, found: Mapping[str, Any]) -> Drawing:
    """Two panels: ``found`` as `sim.analysis.convergence` gives it."""
    unit, steps = str(found["unit"]), found["steps"]
    goal = threshold(found["at_least"], unit)
    words = headline(found)
    label = " ".join(w for w in (plain(found["label"]), period(str(found["output"]).partition(".")[2])) if w)
    subtitle = f"probability that {label} reaches {goal}, by number of paths"
    notes = ["Band: 95% interval of 16 replicates; dashed: as the square root of paths"]
    with style.committee():
        figure = style.canvas(words, subtitle, notes, style.source_line(run))
        bottom = style.floor(notes) + 0.4
        height = style.HEIGHT - 0.82 - bottom
        n = np.array([step["paths"] for step in steps], np.float64)
        share = np.array([step["probability"]["value"] for step in steps]) * 100
        error = np.array([step["probability"]["standard_error"] for step in steps], np.float64) * 100
        _estimate(style.panel(figure, 0.52, bottom, 2.75, height), n, share, error)
        _error(style.panel(figure, 3.95, bottom, 2.5, height), n, error)
        for left, title in ((0.52, "probability"), (3.95, "its standard error, percentage points")):
            style.write(
                figure, left, bottom + height + 0.12, title, size=8, color=style.INK, va="center", weight="bold"
            )
            style.write(figure, left, bottom - 0.29, "paths", size=8, color=style.INK, va="center")
    data = pd.DataFrame(
        [
            {"output": cell(found["output"]), "paths": step["paths"], "probability": step["probability"]["value"],
             "standard_error": step["probability"]["standard_error"],
             "mean": None if step["mean"] is None else step["mean"]["value"],
             "mean_error": None if step["mean"] is None else step["mean"]["standard_error"]}
            for step in steps
        ]
    )  # fmt: skip
    name = f"{style.file_name(str(found['output']))}_convergence"
    return Drawing(name, words, subtitle, _alt(found, words), figure, data)


def headline(found: Mapping[str, Any]) -> str:
    """Whether another seed could turn the verdict, and the error that is left."""
    side, final = found["verdicts"]["side"], found["probability"]
    chance = side["chance_of_change"]
    words = "would not change" if chance < 0.001 else f"changes with {percent(chance, 1)}"
    error = (final["standard_error"] or 0.0) * 100
    verdict = f"{percent(final['value'])} ±{fixed(error, 2)} pp"
    return style.headline(
        f"Another seed {words} the verdict" if chance < 0.001 else f"The verdict {words} by another seed",
        (f": {verdict} after {paths(found['steps'][-1]['paths'])}", f": {verdict}", ""),
    )


def _estimate(axes: Axes, n: Any, share: Any, error: Any) -> None:
    axes.set_xscale("log")
    axes.fill_between(n, share - T_95 * error, share + T_95 * error, color=style.BANDS[1], lw=0, zorder=2)
    axes.plot(n, share, color=style.BLUE, marker="o", ms=3.5, lw=1.6, ls="-", zorder=3)
    low = max(float(np.nanmin(share - T_95 * error)), 0.0)
    high = min(float(np.nanmax(share + T_95 * error)), 100.0)
    room = max(high - low, 0.5) * 0.08
    if 50 < low < 60 or 40 < high < 50:
        low, high = min(low, 50.0), max(high, 50.0)
    axes.set_ylim(low - room, high + room)
    if low <= 50 <= high:
        axes.axhline(50, color=style.GREY, ls=(0, (1, 1.6)), lw=1.2, zorder=1)
    lowest, highest = axes.get_ylim()
    places, decimals = style.ticks(max(lowest, 0.0), min(highest, 100.0), 6)
    axes.set_yticks(places, [f"{fixed(place, decimals)}%" for place in places])
    _paths_axis(axes, n)


def _error(axes: Axes, n: Any, error: Any) -> None:
    kept = error > 0
    axes.set_xscale("log")
    if kept.any():
        axes.set_yscale("log")
        x, y = n[kept], error[kept]
        middle = math.exp(float(np.mean(np.log(y) + 0.5 * np.log(x))))
        axes.plot(x, middle / np.sqrt(x), color=style.BLACK, ls=(0, (5, 3)), lw=1.1, zorder=2)
        axes.plot(x, y, color=style.BLUE, marker="o", ms=3.5, lw=1.6, ls="-", zorder=3)
        low, high = float(y.min()) * 0.7, float(y.max()) * 1.4
        places = [f * 10.0**e for e in range(-6, 3) for f in (1, 2, 5) if low <= f * 10.0**e <= high]
        axes.set_ylim(low, high)
        axes.set_yticks(places, [f"{place:g}" for place in places])
    else:
        axes.set_yticks([0.0], ["0"])
    _paths_axis(axes, n)


def _paths_axis(axes: Axes, n: Any) -> None:
    places = [10.0**e for e in range(3, 10) if n[0] * 0.9 <= 10.0**e <= n[-1] * 1.1] or [float(n[0])]
    if len(places) < 3:
        places = [float(n[0]), float(n[len(n) // 2]), float(n[-1])]
    axes.set_xticks(places, [_short(place) for place in places])
    axes.minorticks_off()
    axes.set_xlim(n[0] * 0.85, n[-1] * 1.18)


def _short(number: float) -> str:
    return f"{number / 1e6:g} M" if number >= 1e6 else f"{number / 1e3:.3g} k"


def _alt(found: Mapping[str, Any], words: str) -> str:
    first, last = found["steps"][0], found["steps"][-1]
    ends = [
        f"{paths(s['paths'])}: {percent(s['probability']['value'], 1)} ±"
        f"{fixed((s['probability']['standard_error'] or 0.0) * 100, 2)} pp"
        for s in (first, last)
    ]
    return f"{words}. {'; '.join(ends)}; error falls as paths to the power {found['slope']['value'] or math.nan:.2f}."
