"""PIT histograms: at which percentile of its forecast each outcome came; flat if the forecasts were right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from sim.report import style
from sim.report.figures.backtest_coverage import source, span
from sim.report.style import Drawing

BINS = 5
_BIASED = 0.08  # a mean PIT this far from a half is worth a headline with some 25 dependent outcomes


def headline(result: Mapping[str, Any]) -> str:
    """Whether outcomes came low, high, or where they should, over all horizons."""
    means = {each["horizon"]: float(np.mean(each["pit"])) for each in result["horizons"]}
    h = max(means, key=lambda h: abs(means[h] - 0.5))
    if abs(means[h] - 0.5) < _BIASED:
        return "Outcomes came neither high nor low against the forecasts"
    side = "above" if means[h] > 0.5 else "below"
    return f"Outcomes came {side} the middle: mean percentile {100 * means[h]:.0f} at {h} quarters"


def draw(result: Mapping[str, Any]) -> Drawing:
    """One histogram a horizon, in five bins of 20 percentiles; the dashed line is what right forecasts give."""
    horizons = result["horizons"]
    notes = ["Hatched: outcomes or starts that are recalled, not verified"]
    edges = np.linspace(0, 1, BINS + 1)
    with style.committee():
        title = headline(result)
        subtitle = f"Percentile of its forecast at which each outcome came, number of vintages; {span(result)}"
        figure = style.canvas(title, subtitle, notes, source(result), height=2.8)
        low = style.floor(notes) + 0.36
        gap = 0.22
        wide = (style.WIDTH - 0.5 - style.EDGE - gap * (len(horizons) - 1)) / len(horizons)
        top, data = 0.0, []
        panels = []
        for i, each in enumerate(horizons):
            axes = style.panel(figure, 0.42 + i * (wide + gap), low, wide, 2.8 - 0.85 - low)
            rows = [row for row in result["forecasts"] if row["horizon"] == each["horizon"]]
            pits = np.array([row["pit"] for row in rows])
            marked = np.array([row["unverified"] for row in rows])
            every = np.histogram(pits, edges)[0]
            recalled = np.histogram(pits[marked], edges)[0]
            middles = (edges[1:] + edges[:-1]) / 2
            axes.bar(middles, every - recalled, 0.185, color=style.BLUE, ls="-")
            axes.bar(middles, recalled, 0.185, bottom=every - recalled, color=style.BANDS[2], hatch="////", ls="-")
            axes.axhline(len(rows) / BINS, color=style.VERMILLION, ls="--", lw=1.2)
            axes.set_xlim(0, 1)
            axes.set_xticks([0, 0.5, 1], ["0", "50", "100"])
            first, _, last = axes.get_xticklabels()
            first.set_horizontalalignment("left")
            last.set_horizontalalignment("right")
            h = each["horizon"]
            axes.set_title(f"{h} quarter{'' if h == 1 else 's'} ahead", fontsize=style.LABEL, pad=4)
            panels.append(axes)
            top = max(top, float(every.max()))
            data += [
                {"horizon": h, "from": float(a), "to": float(b), "outcomes": int(n), "recalled": int(r)}
                for a, b, n, r in zip(edges[:-1], edges[1:], every, recalled, strict=True)
            ]
        for i, axes in enumerate(panels):
            axes.set_ylim(0, top * 1.1)
            if i:
                axes.set_yticklabels([])
        style.write(figure, style.WIDTH / 2, low - 0.34, "percentile of the forecast", size=style.TICK, ha="center")
    means = "; ".join(
        f"mean percentile {100 * float(np.mean(e['pit'])):.0f} {e['horizon']} quarters ahead" for e in horizons
    )
    return Drawing("backtest_pit", title, subtitle, f"{title}. {means}.", figure, pd.DataFrame(data))
