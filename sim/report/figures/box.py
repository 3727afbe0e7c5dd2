"""The box as a table in words: each limited driver, its limits with intervals, and what the limit is worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from sim.report import style
from sim.report.numbers import percent, probability, threshold
from sim.report.screens import believe as words
from sim.report.style import Drawing, Simulated
from sim.report.text import cell

Facts = Mapping[str, Any]
_ROW = 0.36
_STRIP, _AFTER = 1.5, 0.75  # inches: the strip of percentiles, the column after it


def draw(run: Simulated, found: Facts) -> Drawing | None:
    """``found`` as `sim.analysis.believe.Belief.as_dict`; None if it has no box or one without limits."""
    facts = found["box"]
    if not facts or not facts["limits"]:
        return None
    said, limits = headline(found), facts["limits"]
    goal = threshold(found["at_least"], str(found["unit"]))
    subtitle = f"Limits within which {words.label(found, found['output'])} reaches {goal}; all other drivers are free"
    notes = [
        "Box by the patient rule induction method, judged on paths it was not searched on",
        "in brackets 95% bootstrap intervals",
    ]
    low = style.floor(notes) + 0.08
    height = low + _ROW * len(limits) + 0.3 + 0.4 + 0.6
    with style.committee():
        figure = style.canvas(said, subtitle, notes, style.source_line(run), height)
        top = height - 0.62
        figures = [
            (facts["density"], "of paths in it succeed", "density"),
            (facts["coverage"], "of all successes lie in it", "coverage"),
            (facts["mass"], "of all paths lie in it", "size"),
        ]
        for i, (share, text, word) in enumerate(figures):
            x = style.EDGE + i * 2.15
            big = style.write(
                figure, x, top, percent(share["value"]), size=18, weight="bold", color=style.BLUE, va="top"
            )
            across = x + style.inches(big) + 0.07
            error = probability(share["value"], share["standard_error"] or 0.0).partition(" ")[2]
            style.write(figure, across, top - 0.03, f"{word} {error}".strip(), size=8, weight="bold", va="top")
            style.write(figure, across, top - 0.17, text, size=7.5, color=style.INK, va="top")
        head = low + _ROW * len(limits) + 0.1
        strip = style.WIDTH - style.EDGE - _AFTER - _STRIP
        for x, text, side in (
            (style.EDGE, "Driver and its limits", "left"),
            (strip, "allowed, P0 to P100", "left"),
            (style.WIDTH - style.EDGE, "density if free", "right"),
        ):
            style.write(figure, x, head, text, size=7.5, color=style.GREY, ha=side, va="center")
        axes = style.panel(figure, strip, low, _STRIP - 0.12, _ROW * len(limits))
        axes.set_xlim(0, 100)
        axes.set_ylim(0, len(limits))
        axes.axis("off")
        for i, each in enumerate(limits):
            y = low + (len(limits) - i - 0.5) * _ROW
            name = style.write(figure, style.EDGE, y + 0.08, words.label(found, each["name"]), size=8, va="center")
            style.fit(name, strip - style.EDGE - 0.1, smallest=6.5)
            limit = words.box_limit(found, each, named=False)
            under = style.write(
                figure, style.EDGE, y - 0.08, limit, size=8, weight="bold", color=style.BLUE, va="center"
            )
            style.fit(under, strip - style.EDGE - 0.1, smallest=6.5)
            start, end = places(found, each)
            at = len(limits) - i - 0.5
            axes.barh(at, 100, height=0.3, color=style.FAINT, zorder=1)
            axes.barh(at, end - start, left=start, height=0.3, color=style.BLUE, zorder=2)
            style.write(
                figure, style.WIDTH - style.EDGE, y, percent(each["density_without"]), size=8, ha="right", va="center"
            )
    return Drawing("believe_box", said, subtitle, _alt(found, said), figure, _data(found))


def headline(found: Facts) -> str:
    """How many limits give which density and coverage."""
    facts = found["box"]
    count = len(facts["limits"])
    density, coverage = percent(facts["density"]["value"]), percent(facts["coverage"]["value"])
    return style.headline(
        f"{count} limit{'' if count == 1 else 's'}",
        (f" hold {coverage} of the successes; {density} of paths within succeed" if count > 1 else
         f" holds {coverage} of the successes; {density} of paths within succeed",),
    )  # fmt: skip


def places(found: Facts, each: Facts) -> tuple[float, float]:
    """The percentiles of the driver between which the box lies, from the bins of its threshold curve."""
    row = next(row for row in found["thresholds"] if row["name"] == each["name"])
    xs = np.array([x for x, _, _ in row["curve"]])
    ranks = 100 * (np.arange(xs.size) + 0.5) / xs.size
    low = 0.0 if each["low"] is None else float(np.interp(each["low"], xs, ranks, left=0, right=100))
    high = 100.0 if each["high"] is None else float(np.interp(each["high"], xs, ranks, left=0, right=100))
    return low, high


def _alt(found: Facts, said: str) -> str:
    return f"{said}. {words.box(found)}"


def _data(found: Facts) -> pd.DataFrame:
    facts = found["box"]
    rows: list[dict[str, Any]] = []
    for word in ("density", "coverage", "mass"):
        rows.append({"kind": word, "value": facts[word]["value"], "standard_error": facts[word]["standard_error"]})
    for each in facts["limits"]:
        for end in ("low", "high"):
            if each[end] is not None:
                between = each[f"{end}_interval"]
                rows.append({"kind": end, "driver": cell(each["name"]), "value": each[end], "from": between[0],
                             "to": between[1], "density_without": each["density_without"]})  # fmt: skip
    return pd.DataFrame(rows)
