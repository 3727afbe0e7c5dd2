"""Skill: how much lower the model's CRPS was than each naive rival's, by horizon."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from sim.analysis.rivals import NAMES
from sim.report import style
from sim.report.figures.backtest_coverage import source, span
from sim.report.numbers import MINUS
from sim.report.style import Drawing

_LEFT = 2.12


def headline(result: Mapping[str, Any]) -> str:
    """The model against the best rival at each horizon, and where that is more than chance."""
    found = {each["horizon"]: each["skill"][each["best_rival"]] for each in result["horizons"]}
    skills = [each["estimate"] for each in found.values()]
    low, high = min(skills), max(skills)
    if high <= 0:
        return "No horizon at which the model beats the best naive rival"
    if low < 0:
        return f"CRPS up to {high:.0%} below the best naive rival, {-low:.0%} above at worst"
    sure = [str(h) for h, each in found.items() if each["interval"][0] > 0]
    gain = f"CRPS {low:.0%} to {high:.0%} below the best rival"
    if len(sure) == len(found):
        return f"{gain} at every horizon"
    if not sure:
        return f"{gain}; all within chance"
    where = f"{' and '.join(sure)} quarters" if len(sure) < 3 else f"{len(sure)} of {len(found)} horizons"
    return f"{gain}; beyond chance at {where}"


def draw(result: Mapping[str, Any]) -> Drawing:
    """One panel a horizon, one row a rival, with 90% intervals; the best rival is bold."""
    horizons = result["horizons"]
    names = list(horizons[0]["skill"])
    notes = [
        "Bars are 90% intervals that allow for overlapping vintages; bold: the best rival, chosen knowing outcomes"
    ]
    with style.committee():
        title = headline(result)
        subtitle = (
            f"CRPS saved against naive forecasts by quarters ahead (right of 0: the model is better); {span(result)}"
        )
        figure = style.canvas(title, subtitle, notes, source(result))
        low = style.floor(notes) + 0.26
        gap = 0.16
        wide = (style.WIDTH - _LEFT - style.EDGE - 0.06 - gap * (len(horizons) - 1)) / len(horizons)
        data = []
        for i, each in enumerate(horizons):
            axes = style.panel(figure, _LEFT + i * (wide + gap), low, wide, style.HEIGHT - 0.86 - low)
            axes.grid(False)
            axes.axvline(0, color=style.GREY, lw=0.8)
            for row, name in enumerate(names):
                found = each["skill"][name]
                a, b = (max(-0.5, end) for end in found["interval"])
                best = name == each["best_rival"]
                colour = style.BLUE if found["estimate"] >= 0 else style.VERMILLION
                axes.plot([a, b], [row, row], color=colour, lw=2.6 if best else 1.2, ls="-")
                axes.plot([max(-0.5, found["estimate"])], [row], "o", color=colour, ms=6 if best else 4)
                axes.annotate(
                    _percent(found["estimate"]),
                    (max(-0.5, found["estimate"]), row),
                    (0, 6),
                    textcoords="offset points",
                    fontsize=7.5,
                    ha="center",
                    color=style.INK,
                    fontweight="bold" if best else "normal",
                )
                data.append(
                    {
                        "horizon": each["horizon"],
                        "rival": name,
                        "skill": found["estimate"],
                        "low": found["interval"][0],
                        "high": found["interval"][1],
                        "best_rival": best,
                        "crps_model": each["crps"]["model"],
                        "crps_rival": each["crps"][name],
                    }
                )
            axes.set_xlim(-0.55, 1.0)
            axes.set_ylim(len(names) - 0.5, -0.7)
            axes.set_xticks([-0.5, 0, 0.5, 1], [f"{MINUS}50%", "0", "50%", ""])
            axes.set_yticks(range(len(names)), [NAMES.get(n, n) for n in names] if i == 0 else [])
            axes.tick_params(axis="y", length=0)
            axes.spines["left"].set_visible(False)
            h = each["horizon"]
            axes.set_title(f"{h} quarter{'' if h == 1 else 's'}", fontsize=style.LABEL, pad=4)
    told = "; ".join(
        f"{each['horizon']} quarters ahead {_percent(each['skill'][each['best_rival']]['estimate'])} against "
        f"{NAMES.get(each['best_rival'], each['best_rival'])}"
        for each in horizons
    )
    return Drawing("backtest_skill", title, subtitle, f"{title}. {told}.", figure, pd.DataFrame(data))


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%".replace("-", MINUS)
