"""Forecasts and what came: intervals of each vintage about its median, the outcome as a dot, at two horizons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sim.report import style
from sim.report.figures.backtest_coverage import source
from sim.report.numbers import MINUS, period
from sim.report.style import Drawing

SHOWN = (1, 4)
_BANDS = (("5", "95", style.BANDS[0]), ("10", "90", style.BANDS[1]), ("25", "75", style.BANDS[2]))
_HEIGHT = 4.4


def headline(rows: Sequence[Mapping[str, Any]]) -> str:
    """The largest miss, in percent of the median forecast."""
    worst = max(rows, key=lambda row: abs(_miss(row)))
    miss = _miss(worst)
    h, when = worst["horizon"], period(worst["period"])
    side = "below" if miss < 0 else "above"
    return f"The worst miss: {when} came {abs(miss):.0%} {side} the median of {h} quarter{'' if h == 1 else 's'} before"


def draw(result: Mapping[str, Any]) -> Drawing:
    """Two panels, one and four quarters ahead: revenue reported, in percent of the median forecast."""
    shown = [each["horizon"] for each in result["horizons"] if each["horizon"] in SHOWN] or [
        result["horizons"][0]["horizon"]
    ]
    rows = [row for row in result["forecasts"] if row["horizon"] in shown]
    notes = ["Light to dark: 90, 80 and 50% intervals", "hollow: the quarter or its start is recalled, not verified"]
    with style.committee():
        title = headline(rows)
        subtitle = "Cloud revenue reported against forecasts of the time, % of the median forecast, by quarter reported"
        figure = style.canvas(title, subtitle, notes, source(result), height=_HEIGHT)
        low, gap = style.floor(notes) + 0.26, 0.46
        tall = (_HEIGHT - 0.78 - low - gap * (len(shown) - 1)) / len(shown)
        for i, h in enumerate(shown):
            place = low + (len(shown) - 1 - i) * (tall + gap)
            axes = style.panel(figure, 0.55, place, style.WIDTH - 0.55 - style.EDGE, tall)
            _panel(axes, [row for row in rows if row["horizon"] == h], h)
    data = pd.DataFrame(
        [
            {
                "horizon": row["horizon"],
                "vintage": row["vintage"],
                "period": row["period"],
                "reported": row["revenue"],
                "unverified": row["unverified"],
                **{f"p{p}": v for p, v in row["percentiles"].items()},
            }
            for row in rows
        ]
    )
    misses = "; ".join(
        f"{h} quarters ahead, mean absolute miss "
        f"{float(np.mean([abs(_miss(row)) for row in rows if row['horizon'] == h])):.1%}"
        for h in shown
    )
    return Drawing("backtest_fan", title, subtitle, f"{title}. {misses}.", figure, data)


def _panel(axes: Axes, rows: Sequence[Mapping[str, Any]], h: int) -> None:
    x = np.arange(len(rows))
    middle = np.array([row["percentiles"]["50"] for row in rows])
    for low, high, colour in _BANDS:
        a, b = (np.array([row["percentiles"][p] for row in rows]) / middle - 1.0 for p in (low, high))
        axes.bar(x, b - a, 0.82, bottom=a, color=colour, ls="-", lw=0)
    axes.axhline(0, color=style.BLUE, lw=1.0, ls="-")
    came = np.array([_miss(row) for row in rows])
    known = np.array([not row["unverified"] for row in rows])
    axes.plot(x[known], came[known], "o", color=style.BLACK, ms=4)
    axes.plot(x[~known], came[~known], "o", mfc="white", mec=style.BLACK, ms=4)
    axes.set_title(f"{h} quarter{'' if h == 1 else 's'} ahead", fontsize=style.LABEL, pad=4)
    axes.set_xlim(-0.7, len(rows) - 0.3)
    ends = np.array([[row["percentiles"][p] for p in ("5", "95")] for row in rows]) / middle[:, None] - 1.0
    bottom, top = min(float(ends.min()), float(came.min())), max(float(ends.max()), float(came.max()))
    margin = 0.06 * (top - bottom)
    axes.set_ylim(bottom - margin, top + margin)
    places, decimals = style.ticks(bottom, top, 5)
    axes.set_yticks(
        places, [f"{100 * p:+.{max(decimals - 2, 0)}f}%".replace("-", MINUS).replace("+0%", "0") for p in places]
    )
    step = max(1, len(rows) // 8)
    axes.set_xticks(x[::step].tolist(), [period(row["period"]) for row in rows[::step]])


def _miss(row: Mapping[str, Any]) -> float:
    """Reported over the median forecast, less one."""
    return float(row["revenue"] / row["percentiles"]["50"] - 1.0)
