"""What target and price imply: the output's median along a driver, over our own distribution of that driver."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from sim.report import style
from sim.report.numbers import marks, percent, threshold
from sim.report.screens import believe as words
from sim.report.style import Drawing, Simulated
from sim.report.text import cell

Facts = Mapping[str, Any]
MOST = 4
_LOOKS: dict[str, tuple[str, Any]] = {"target": (style.VERMILLION, (0, (5, 3))), "price": (style.BLACK, "-")}


def draw(run: Simulated, found: Facts) -> Drawing | None:
    """``found`` as `sim.analysis.believe.Belief.as_dict`; None if nothing is implied."""
    each = [one for one in found["implied"] if any(level["value"] is not None for level in one["levels"].values())]
    each = sorted(each, key=lambda one: all(level["value"] is None for level in one["levels"].values()))[:MOST]
    if not each:
        return None
    said = headline(found)
    subtitle = f"Median of {words.label(found, found['output'])} with one driver set and the others drawn"
    notes = ["Bar: our own distribution of the driver, P5 to P95 with P25 to P75 thick and P50 as dot"]
    lines = (len(each) + 1) // 2
    low = style.floor(notes) + 0.05
    height = low + lines * 1.95 + 0.6
    with style.committee():
        figure = style.canvas(said, subtitle, notes, style.source_line(run), height)
        for i, one in enumerate(each):
            x = 0.5 + (i % 2) * 3.25
            y = low + (lines - 1 - i // 2) * 1.95 + 0.22
            axes = style.panel(figure, x, y, 2.7, 1.38)
            title = style.write(
                figure, x - 0.36, y + 1.53, words.label(found, one["name"]), size=8, weight="bold", va="center"
            )
            style.fit(title, 3.1, smallest=6.5)
            _panel(axes, found, one)
    return Drawing("believe_implied", said, subtitle, _alt(found, said), figure, _data(each))


def headline(found: Facts) -> str:
    """What the target implies for the first driver, as a percentile of our own view."""
    goal = threshold(found["levels"]["target"], str(found["unit"]))
    for one in found["implied"]:
        level = one["levels"]["target"]
        if level["value"] is not None:
            value = words.limit_value(level["value"], words.unit_of(found, one["name"]))
            place = words.place(level["percentile"])
            rank = f"our {place} percentile" if place[0].isdigit() else "beyond our range"
            return style.headline(
                f"{goal} implies {words.label(found, one['name'])}", (f" {value}, {rank}", f" {value}")
            )
    return style.headline(goal, (" is implied by no driver alone",))


def _panel(axes: Axes, found: Facts, one: Facts) -> None:
    scale, unit = words.ratio(words.unit_of(found, one["name"]))
    xs = [x * scale for x, _, _ in one["curve"]]
    ys = [y for _, _, y in one["curve"]]
    within = {
        word: level["value"] * scale
        for word, level in one["levels"].items()
        if level["value"] is not None
        and xs[0] - 0.6 * (xs[-1] - xs[0]) <= level["value"] * scale <= xs[-1] + 0.6 * (xs[-1] - xs[0])
    }
    left, right = min([xs[0], *within.values()]), max([xs[-1], *within.values()])
    pad = 0.04 * (right - left)
    levels = list(found["levels"].values())
    bottom, top = min([*ys, *levels]), max([*ys, *levels])
    room = top - bottom or abs(top) or 1.0
    axes.set_xlim(left - pad, right + pad)
    axes.set_ylim(bottom - 0.3 * room, top + 0.12 * room)
    axes.grid(False)
    axes.plot(xs, ys, color=style.BLUE, ls="-", lw=1.8, zorder=3)
    if one["linear"] and (left < xs[0] or right > xs[-1]):  # a straight line is known beyond our range
        slope = (ys[-1] - ys[0]) / (xs[-1] - xs[0])
        for end, x, y in ((left, xs[0], ys[0]), (right, xs[-1], ys[-1])):
            axes.plot([x, end], [y, y + slope * (end - x)], color=style.BLUE, ls=":", lw=1.2, zorder=3)
    own = {int(p): x * scale for p, x in one["own"].items()}
    y = bottom - 0.17 * room
    axes.plot([own[5], own[95]], [y, y], color=style.GREY, ls="-", lw=1.6, solid_capstyle="butt")
    axes.plot([own[25], own[75]], [y, y], color=style.GREY, ls="-", lw=4, solid_capstyle="butt")
    axes.plot([own[50]], [y], marker="o", ms=4.5, color=style.GREY, mec="white", mew=0.7)
    for word, level in found["levels"].items():
        colour, dashes = _LOOKS.get(word, (style.GREY, ":"))
        axes.axhline(level, color=colour, ls=dashes, lw=1.0, zorder=1)
        if word in within:
            x = within[word]
            axes.plot([x, x], [y, level], color=colour, ls=dashes, lw=0.9, zorder=2)
            axes.plot([x], [level], marker="o", ms=4.5, color=colour, mec="white", zorder=4)
            text = words.limit_value(one["levels"][word]["value"], words.unit_of(found, one["name"]))
            # Above left and below right of a rising line, the other way round on a falling one, is nothing drawn.
            side = "right" if (ys[-1] >= ys[0]) == (level == max(levels)) else "left"
            share = (x - left) / (right - left)
            side = "left" if share < 0.2 else "right" if share > 0.8 else side
            note = axes.annotate(
                text,
                (x, level),
                (-4 if side == "right" else 4, 3 if level == max(levels) else -3),
                "data",
                "offset points",
            )
            note.set(
                fontsize=7.5,
                fontweight="bold",
                color=style.INK,
                ha=side,
                va="bottom" if level == max(levels) else "top",
                zorder=5,
            )
            note.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.85})
    places, decimals = style.ticks(left, right, 5)
    axes.set_xticks(places, marks(places, decimals, unit), fontsize=7)
    axes.set_yticks(sorted(levels), [threshold(x, str(found["unit"])) for x in sorted(levels)], fontsize=7)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _alt(found: Facts, said: str) -> str:
    texts = []
    for one in found["implied"][:3]:
        for word, level in one["levels"].items():
            if level["value"] is not None:
                value = words.limit_value(level["value"], words.unit_of(found, one["name"]))
                place = percent(level["percentile"])
                texts.append(f"{word}: {words.label(found, one['name'])} {value}, above {place} of our paths")
    return f"{said}. {'; '.join(texts[:4])}."


def _data(each: list[Facts]) -> pd.DataFrame:
    rows = []
    for one in each:
        name = cell(one["name"])
        for x, place, y in one["curve"]:
            rows.append({"kind": "curve", "driver": name, "value": x, "percentile": place * 100, "median": y})
        for word, level in one["levels"].items():
            if level["value"] is not None:
                known = {"percentile": level["percentile"] * 100, "standard_error": level["standard_error"]}
                rows.append({"kind": word, "driver": name, "value": level["value"], "median": level["level"], **known})
    return pd.DataFrame(rows)
