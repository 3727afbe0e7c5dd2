"""How likely success is along each driver, from its lowest to its highest percentile, and where it is likely enough."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from sim.report import style
from sim.report.numbers import percent, threshold
from sim.report.screens import believe as words
from sim.report.style import Drawing, Simulated
from sim.report.text import cell

Facts = Mapping[str, Any]
MOST = 5
_LOOKS: tuple[tuple[str, Any], ...] = (
    (style.BLUE, "-"),
    (style.BLACK, (0, (6, 2))),
    ("#009E73", (0, (3, 1.5))),
    ("#CC79A7", "-."),
    (style.GREY, ":"),
)
_LABELS = 2.35  # inches for the names at the right


def draw(run: Simulated, found: Facts) -> Drawing | None:
    """``found`` as `sim.analysis.believe.Belief.as_dict`; None if it has no thresholds."""
    rows = found["thresholds"][:MOST]
    if not rows:
        return None
    wanted, goal = found["wanted_probability"], threshold(found["at_least"], str(found["unit"]))
    said = headline(found)
    what = f"{words.label(found, found['output'])} ≥ {goal}"
    subtitle = f"Share of paths with {what}, along one driver; dashed: {percent(wanted)}"
    notes = ["Others drawn as they go with the driver; thin: shares of 64 bins, thick: monotone fit"]
    bottom = style.floor(notes) + 0.22
    with style.committee():
        figure = style.canvas(said, subtitle, notes, style.source_line(run))
        right = style.WIDTH - style.EDGE - _LABELS
        top = style.HEIGHT - 0.62
        axes = style.panel(figure, 0.5, bottom, right - 0.5, top - bottom)
        axes.set_xlim(0, 100)
        axes.set_ylim(0, 1)
        axes.set_xticks([0, 25, 50, 75, 100], ["lowest", "P25", "P50", "P75", "highest"])
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0%", "25%", "50%", "75%", "100%"])
        axes.axhline(wanted, color=style.VERMILLION, ls=(0, (5, 3)), lw=1.3, zorder=1)
        ends = []
        for row, (colour, dashes) in zip(rows, _LOOKS, strict=False):
            places = _places(row)
            axes.plot(places, [y for _, y, _ in row["curve"]], color=colour, ls="-", lw=0.4, alpha=0.5, zorder=2)
            axes.plot(places, [y for _, _, y in row["curve"]], color=colour, ls=dashes, lw=1.7, zorder=3)
            if row["percentile"] is not None:
                axes.plot([row["percentile"] * 100], [wanted], marker="o", ms=5, color=colour, mec="white", zorder=4)
            ends.append(row["curve"][-1][2])
        heights = style.spread([bottom + end * (top - bottom) for end in ends], 0.34, bottom + 0.1, top - 0.12)
        for row, y, end, (colour, _) in zip(rows, heights, ends, _LOOKS, strict=False):
            across, up = figure.get_size_inches()
            figure.add_artist(
                _leader(
                    (right + 0.03) / across,
                    (bottom + end * (top - bottom)) / up,
                    (right + 0.2) / across,
                    y / up,
                    colour,
                )
            )
            name = style.write(figure, right + 0.24, y + 0.075, words.label(found, row["name"]), size=8, va="center")
            style.fit(name, _LABELS - 0.26, smallest=6.5)
            under = style.write(
                figure, right + 0.24, y - 0.075, _limit(found, row), size=7.5, color=style.INK, va="center"
            )
            style.fit(under, _LABELS - 0.26, smallest=6.5)
    return Drawing("believe_thresholds", said, subtitle, _alt(found, said), figure, _data(found))


def headline(found: Facts) -> str:
    """The strongest driver's threshold in words."""
    wanted = found["wanted_probability"]
    chance = "as likely as not" if wanted == 0.5 else f"{percent(wanted)} likely"
    goal = threshold(found["at_least"], str(found["unit"]))
    reach = [row for row in found["thresholds"][:MOST] if row["value"] is not None]
    if not reach:
        return style.headline("No driver alone", (f" makes {goal} {chance}",))
    row = reach[0]
    unit = words.unit_of(found, row["name"])
    tail = f" {row['side']} {words.limit_value(row['value'], unit)} makes {goal} {chance}"
    return style.headline(
        words.label(found, row["name"]), (tail, f" {words.limit_value(row['value'], unit)}: {chance}")
    )


def _limit(found: Facts, row: Facts) -> str:
    text, place = words.limit(found, row)
    if row["value"] is None:
        return f"{text}, {place}" if place else text
    return f"{text}, its {place} percentile" if place[0].isdigit() else text


def _places(row: Facts) -> list[float]:
    """Percentiles of the bins, which hold equal counts."""
    bins = len(row["curve"])
    return [100 * (i + 0.5) / bins for i in range(bins)]


def _leader(x0: float, y0: float, x1: float, y1: float, colour: str) -> Any:
    from matplotlib.lines import Line2D

    return Line2D([x0, x1], [y0, y1], color=colour, lw=0.8, ls="-")


def _alt(found: Facts, said: str) -> str:
    rows = [f"{words.label(found, row['name'])}: {_limit(found, row)}" for row in found["thresholds"][:3]]
    return f"{said}. {'; '.join(rows)}."


def _data(found: Facts) -> pd.DataFrame:
    rows = []
    for row in found["thresholds"][:MOST]:
        for place, (x, share, smooth) in zip(_places(row), row["curve"], strict=True):
            facts = {"driver": cell(row["name"]), "percentile": place, "value": x, "share": share, "monotone": smooth}
            rows.append({"kind": "bin", **facts})
        if row["value"] is not None:
            facts = {"driver": cell(row["name"]), "percentile": row["percentile"] * 100, "value": row["value"]}
            rows.append({"kind": "threshold", **facts, "standard_error": row["standard_error"]})
    return pd.DataFrame(rows)
