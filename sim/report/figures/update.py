"""Before and after an observation: the observed quantity on the left, the target's output on the right.

Grey outline: paths before. Blue: paths after. The observed value and the target are lines through their panel.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sim.report import style
from sim.report.numbers import bare, given, marks, measure, money, paths, percent, period, probability, rank, threshold
from sim.report.screens.update import quantity
from sim.report.style import Drawing, Simulated
from sim.report.text import cell, plain

_GAP = 0.35  # inches between panels


def draw(run: Simulated, result: Mapping[str, Any]) -> Drawing:
    """``run`` is the updated run, ``result`` what `sim.analysis.update.Update.as_dict` gives."""
    panels = _panels(result)
    words = headline(result)
    size = paths(int(run.manifest["paths"]))
    subtitle = f"Shares of paths before (grey outline) and after (blue, {size}) · {style.study(run)}"
    notes = [each["note"] for each in panels if each["note"]]
    with style.committee():
        figure = style.canvas(words, subtitle, notes, style.source_line(run))
        bottom, left = style.floor(notes) + 0.22, style.EDGE + 0.05
        wide = (style.WIDTH - 2 * style.EDGE - 0.1 - _GAP * (len(panels) - 1)) / len(panels)
        for i, each in enumerate(panels):
            at = left + i * (wide + _GAP)
            title = style.write(
                figure, at, style.HEIGHT - 0.62, each["title"], size=style.LABEL, color=style.INK, va="top"
            )
            title.set_fontweight("bold")
            style.fit(title, wide, smallest=7)
            under = style.write(
                figure, at, style.HEIGHT - 0.79, each["under"], size=style.LABEL, color=style.INK, va="top"
            )
            style.fit(under, wide, smallest=7)
            _panel(style.panel(figure, at, bottom, wide, style.HEIGHT - 1.0 - bottom), each)
    return Drawing("update", words, subtitle, _alt(words, panels), figure, _data(panels))


def headline(result: Mapping[str, Any]) -> str:
    """``After 39 in Sep-25Q, 41% of paths reach $179 (37% before)``."""
    observations, target = result["observations"], result["target"]
    first = observations[0]
    values = f"{given(first['value'])}" + (f" in {period(str(first['period']))}" if first["period"] else "")
    values += f" and {len(observations) - 1} more" if len(observations) > 1 else ""
    if target is not None:
        chance, goal = target["probability"], threshold(target["at_least"], str(target["unit"]))
        after, before = (percent(chance[side]["value"]) for side in ("after", "before"))
        same = " as before" if after == before else f" ({before} before)"
        return style.headline(f"After {values}", (f", {after} of paths reach {goal}{same}", f", {after} reach {goal}"))
    unit = str(first["unit"])
    moved = f": P50 {money(first['after']['p50']['value'], unit)}, was {money(first['before']['p50']['value'], unit)}"
    return style.headline(f"{plain(first['label'])} after {values}", (moved, ""))


def _panels(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What each panel shows: title, unit, edges and shares, its line with a label, a note."""
    densities, panels = result["densities"], []
    seen = densities["observed"]
    each = result["observations"][seen["observation"]]
    unit, share = str(each["unit"]), each["pit"]["value"]
    name = quantity(each)
    place = "" if share is None else f"{rank(share)} of what was expected"
    panels.append(
        {
            "kind": "observed quantity",
            "title": measure(name, unit),
            "unit": unit,
            **seen,
            "line": (float(each["value"]), f"observed {threshold(each['value'], unit)}", style.BLACK, "-"),
            "under": place,
            "middle": (each["before"]["p50"]["value"], each["after"]["p50"]["value"]),
            "note": f"Error of measurement {'s.d.' if each['how'] == 'sd' else 'at most'} {money(each['error'], unit)}",
        }
    )
    target = result["target"]
    if target is not None and "target" in densities:
        unit, chance = str(target["unit"]), target["probability"]
        goal = float(target["at_least"])
        after, before = (
            probability(chance[s]["value"], chance[s]["standard_error"] or 0.0) for s in ("after", "before")
        )
        panels.append(
            {
                "kind": "target's output",
                "title": measure(plain(target["label"]), unit),
                "unit": unit,
                **densities["target"],
                "line": (goal, f"target {threshold(goal, unit)}", style.VERMILLION, (0, (5, 3))),
                "under": f"{after} reach the target, {before} before",
                "middle": (target["before"]["p50"]["value"], target["after"]["p50"]["value"]),
                "note": "",
            }
        )
    return panels


def _panel(axes: Axes, each: Mapping[str, Any]) -> None:
    edges, before, after = (np.asarray(each[key]) for key in ("edges", "before", "after"))
    x, label, colour, dashes = each["line"]
    axes.grid(False)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    room = 0.02 * float(edges[-1] - edges[0])
    axes.set_xlim(min(float(edges[0]), x) - room, max(float(edges[-1]), x) + room)
    axes.stairs(after, edges, fill=True, facecolor=style.BANDS[2], edgecolor=style.BLUE, linewidth=0.8, zorder=2)
    axes.stairs(before, edges, color=style.GREY, linewidth=1.4, zorder=3)
    # Room above the bars for the line's label.
    axes.set_ylim(0, float(max(before.max(), after.max())) / 0.88)
    style.mark_lines(axes, [style.Line(x, label, colour, "bold", dashes, 1.5)])
    for at_most in (6, 5, 4, 3, 2):
        places, decimals = style.ticks(*axes.get_xlim(), at_most)
        axes.set_xticks(places, marks(places, decimals, each["unit"]))
        boxes = [style.extent(text).padded(3) for text in axes.get_xticklabels()]
        if not any(a.overlaps(b) for a, b in pairwise(boxes)):
            return


def _alt(words: str, panels: list[dict[str, Any]]) -> str:
    parts = [words]
    for each in panels:
        before, after = (bare(each["unit"]).around(f"{x:.4g}") for x in each["middle"])
        parts.append(f"{each['title']}: P50 {before} before, {after} after; {each['line'][1]}, {each['under']}")
    return ". ".join(part for part in parts if part) + "."


def _data(panels: list[dict[str, Any]]) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for each in panels:
        name = cell(each["title"])
        for low, high, old, new in zip(each["edges"], each["edges"][1:], each["before"], each["after"], strict=False):
            rows.append({"panel": name, "kind": "bin", "from": low, "to": high, "before": old, "after": new})
        x = each["line"][0]
        rows.append({"panel": name, "kind": each["line"][1].split()[0], "from": x, "to": x})
        old, new = each["middle"]
        rows.append({"panel": name, "kind": "P50", "before": old, "after": new})
    return pd.DataFrame(rows)
