"""Histogram of an output against a price target: the share of paths that reach it, price, median, and the alternatives.

Bars have one round width and an edge at the target, so that the dark bars are exactly the paths that reach it.
"""

from __future__ import annotations

import math
from itertools import pairwise, product
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from sim.report import style
from sim.report.figures.bins import Values, collect
from sim.report.numbers import (
    bare,
    count,
    given,
    in_column,
    marks,
    measure,
    money,
    paths,
    percent,
    probability,
    span,
    threshold,
)
from sim.report.style import Drawing, Simulated
from sim.report.text import cell

_ROW = 0.2  # inches a method's row is high
_BELOW, _BELOW_EDGE = style.BANDS[1], style.BANDS[2]


def draw(run: Simulated, output: str | None = None) -> Drawing:
    """Draw the histogram of the target's output, or of any other without periods (then without a target).

    InputError if the study has no such output, ModelFailure if no path is valid.
    """
    values = collect(run, output)
    words = headline(values)
    scope = f"share of {paths(values.main.spread.paths)} in steps of {threshold(values.width, values.unit)}"
    subtitle = " · ".join(w for w in (measure(values.label, values.unit), scope, style.study(run)) if w)
    notes = _notes(values)
    with style.committee():
        figure = style.canvas(words, subtitle, notes, style.source_line(run))
        _panels(figure, values, style.floor(notes))
    return Drawing(
        f"{style.file_name(values.main.output)}_histogram", words, subtitle, _alt(values, words), figure, _data(values)
    )


def headline(values: Values) -> str:
    """The finding, from the plotted numbers: how many paths reach the target, and the median."""
    at = values.main.spread.percentiles
    median = money(at[50], values.unit)
    reaches = values.main.reaches
    if reaches is None or values.at_least is None:
        middle = f": median {median}"
        return style.headline(values.label, (f"{middle}, 90% of paths {span(at[5], at[95], values.unit)}", middle))
    share = {0.0: "no path", 1.0: "every path"}.get(reaches.probability, f"{percent(reaches.probability)} of paths")
    finding = f" reaches {threshold(values.at_least, values.unit)} on {share}"
    return style.headline(values.label, (f"{finding}; median {median}", finding))


def _notes(values: Values) -> list[str]:
    main = values.main
    notes = ["Lines from P5 (the low end) to P95, dot at P50"]
    if beyond := values.below + values.above:
        notes.append(f"{percent(beyond / main.spread.paths, 1)} of paths lie beyond the axis")
    if main.spread.invalid:
        notes.append(f"{count(main.spread.invalid)} invalid paths left out")
    if main.reaches is not None and values.at_least is not None and main.reaches.probability in (0.0, 1.0):
        low, high = main.reaches.interval
        some, verb = (high, "reach") if main.reaches.probability == 0 else (1 - low, "miss")
        notes.append(f"at most {some * 100:.2g}% {verb} it (95% bound)")
    return notes


def _panels(figure: Figure, values: Values, bottom: float) -> None:
    rows = len(values.methods)
    goal = values.at_least
    label_width = 0.0
    low = bottom + 0.02
    for i, method in enumerate(values.methods):
        y = low + (rows - i - 0.5) * _ROW
        text = style.write(figure, style.EDGE, y, method.label, size=8, color=style.INK, va="center")
        text.set_fontweight("bold" if i == 0 else "normal")
        label_width = max(label_width, style.inches(style.fit(text, 1.35, smallest=7)))
    shares = [
        probability(m.reaches.probability, m.reaches.standard_error) for m in values.methods if m.reaches is not None
    ]
    share_wide = 0.0 if goal is None else 1.05 if any("±" in text for text in shares) else 0.83
    median_at, share_at = style.WIDTH - style.EDGE - share_wide, style.WIDTH - style.EDGE
    left, right = style.EDGE + label_width + 0.1, median_at - 0.52
    base, top = low + rows * _ROW + 0.25, style.HEIGHT - 0.58
    axes = style.panel(figure, left, base, right - left, top - base)
    strip = style.panel(figure, left, low, right - left, rows * _ROW)
    across = _limits(values, right - left)
    for a in (axes, strip):
        a.set_xlim(*across)
        a.grid(False)
        a.set_yticks([])
        a.spines["left"].set_visible(False)
    strip.spines["bottom"].set_visible(False)
    strip.set_xticks([])
    _axis(axes, values)
    heads = [(median_at, "P50")] + (
        [(share_at, f"≥ {bare(values.unit).around(given(goal))}")] if goal is not None else []
    )
    for x, words in heads:
        head = style.write(
            figure, x, low + rows * _ROW + 0.06, words, size=7.5, color=style.GREY, ha="right", va="center"
        )
        style.fit(head, max(share_wide - 0.25, 0.4), smallest=style.SMALL)
    _histogram(axes, values)
    lines = _lines(axes, strip, values)
    _strip(strip, values)
    for i, method in enumerate(values.methods):
        y = low + (rows - i - 0.5) * _ROW
        look: dict[str, Any] = {"size": 8, "ha": "right", "va": "center", "weight": "bold" if i == 0 else "normal"}
        middle = style.write(
            figure, median_at, y, in_column(method.spread.percentiles[50], values.unit), color=style.INK, **look
        )
        style.fit(middle, 0.5, smallest=style.SMALL)
        if method.reaches is not None:
            words = probability(method.reaches.probability, method.reaches.standard_error)
            share = style.write(figure, share_at, y, words, color=style.BLUE if i == 0 else style.INK, **look)
            style.fit(share, share_wide - 0.08, smallest=style.SMALL)
    _answer(axes, values, lines)


def _limits(values: Values, width: float) -> tuple[float, float]:
    """Axis limits that leave room for the numbers at the ends of the rows (0.065 inches a character)."""
    low, high = float(values.edges[0]), float(values.edges[-1])
    ends = [m.spread.percentiles for m in values.methods]
    each = 0.08 + 0.065 * max(len(in_column(p[q], values.unit)) for p in ends for q in (5, 95))
    room = (high - low) * each / max(width - 2 * each, 1.0)
    return min(low, min(p[5] for p in ends) - room), max(high, max(p[95] for p in ends) + room)


def _axis(axes: Axes, values: Values) -> None:
    for at_most in (8, 6, 4, 3, 2):
        places, decimals = style.ticks(*axes.get_xlim(), at_most)
        axes.set_xticks(places, marks(places, decimals, values.unit))
        boxes = [style.extent(label).padded(3) for label in axes.get_xticklabels()]
        if not any(a.overlaps(b) for a, b in pairwise(boxes)):
            return


def _histogram(axes: Axes, values: Values) -> None:
    shares = values.counts / values.main.spread.paths
    starts = values.edges[:-1]
    reaches = np.zeros(starts.size, dtype=bool) if values.at_least is None else starts >= values.at_least
    for chosen, face, edge in ((~reaches, _BELOW, _BELOW_EDGE), (reaches, style.BLUE, "white")):
        axes.bar(
            starts[chosen],
            shares[chosen],
            values.width,
            align="edge",
            facecolor=face,
            edgecolor=edge,
            linewidth=0.4,
            zorder=2,
        )


def _lines(axes: Axes, strip: Axes, values: Values) -> list[Bbox]:
    """Price, target and median through histogram and rows; off the axis an arrow. Returns the labels' boxes."""
    low, high = axes.get_xlim()
    lines: list[style.Line] = []
    wanted = [
        (values.price, "price", style.BLACK, "bold", "-", 1.3),
        (values.main.spread.percentiles[50], "median", style.GREY, "normal", (0, (1, 1.6)), 1.4),
        (values.at_least, "target", style.VERMILLION, "bold", (0, (5, 3)), 1.5),
    ]
    for x, words, colour, weight, dashes, wide in wanted:
        if x is None:
            continue
        number = money(x, values.unit) if words == "median" else threshold(x, values.unit)
        inside = low <= x <= high
        if not inside:
            number = f"← {number}" if x < low else f"{number} →"
        else:
            strip.axvline(x, color=colour, ls=dashes, lw=wide, zorder=1)
        at = min(max(x, low), high)
        lines.append(style.Line(at, f"{words} {number}", colour, weight, dashes, wide, drawn=inside))
    return [style.extent(label) for label in style.mark_lines(axes, lines)]


def _answer(axes: Axes, values: Values, labels: list[Bbox]) -> None:
    """The probability in large figures beside the dark bars, then the scale at which the bars end below all text."""
    reaches, goal = values.main.reaches, values.at_least
    if reaches is None or goal is None:
        axes.set_ylim(0, _clearance(axes, values, labels))
        return
    low, high = axes.get_xlim()
    share, reach = {0.0: ("no path", "reaches"), 1.0: ("every path", "reaches")}.get(
        reaches.probability, ("of paths", "reach")
    )
    error = probability(reaches.probability, reaches.standard_error).partition(" ")[2]
    phrase = f"{share} {reach} {bare(values.unit).around(given(goal))}" + (f" ({error})" if error else "")
    look: dict[str, Any] = {"va": "top", "transform": axes.transAxes}
    figures = axes.text(0, 1, percent(reaches.probability), fontsize=18, fontweight="bold", color=style.BLUE, **look)
    words = axes.text(0, 1, phrase, fontsize=8, color=style.INK, **look)
    place = axes.get_window_extent()
    marks = (values.price, goal, values.main.spread.percentiles[50])
    drawn = [float(axes.transData.transform((x, 0))[0]) for x in marks if x is not None and low <= x <= high]
    goal_at = float((axes.transData.transform((goal, 0))[0] - place.x0) / place.width)
    spots = [(1.0, "right"), (0.0, "left")] + (
        [(goal_at - 0.02, "right"), (goal_at + 0.02, "left")] if 0 < goal_at < 1 else []
    )
    best: tuple[float, float, tuple[float, str], float] | None = None
    for (x, side), top in product(spots, np.arange(1.0, 0.4, -0.03)):
        boxes = _put(figures, words, x, side, float(top))
        around = Bbox.union(boxes).padded(4)
        # Wholly inside the axes and clear of every label; the height of the bars pays for the rest.
        if any(around.overlaps(label) for label in labels) or around.x0 < place.x0 - 5 or around.x1 > place.x1 + 5:
            continue
        crossed = sum(around.x0 <= x <= around.x1 for x in drawn)
        scale = _clearance(axes, values, [*labels, *boxes])
        cost = scale * (1 + 0.5 * crossed) * (1.0 if side == "right" and x == 1.0 else 1.02)
        if best is None or cost < best[0] * (1 - 1e-9):
            best = (cost, scale, (x, side), float(top))
    if best is None:  # nowhere free: the row of the method still carries the probability
        figures.remove()
        words.remove()
        axes.set_ylim(0, _clearance(axes, values, labels))
        return
    _put(figures, words, *best[2], best[3])
    axes.set_ylim(0, best[1])


def _put(figures: Text, words: Text, x: float, side: str, top: float) -> list[Bbox]:
    axes = figures.axes
    assert axes is not None
    place = axes.get_window_extent()
    figures.set(position=(x, top), ha=side)
    under = (style.extent(figures).y0 - place.y0) / place.height
    words.set(position=(x, under), ha=side)
    return [style.extent(figures), style.extent(words)]


def _clearance(axes: Axes, values: Values, boxes: list[Bbox]) -> float:
    """Upper limit of the scale at which no bar reaches the text above it."""
    place = axes.get_window_extent()
    shares = values.counts / values.main.spread.paths
    highest = float(shares.max()) * 1.04
    for box in boxes:
        (start, _), (end, _) = axes.transData.inverted().transform([(box.x0 - 4, 0), (box.x1 + 4, 0)])
        under = (values.edges[1:] > start) & (values.edges[:-1] < end)
        if under.any():
            clear = max((box.y0 - 3 - place.y0) / place.height, 0.2)
            highest = max(highest, float(shares[under].max()) / clear)
    return highest


def _strip(strip: Axes, values: Values) -> None:
    """One row a method: a line from P5 to P95, a dot at P50, the ends in figures."""
    rows = len(values.methods)
    strip.set_ylim(0, rows)
    for i, method in enumerate(values.methods):
        y, colour = rows - i - 0.5, style.BLUE if i == 0 else style.GREY
        at = method.spread.percentiles
        strip.plot(
            [at[5], at[95]], [y, y], color=colour, ls="-", lw=3 if i == 0 else 1.6, solid_capstyle="butt", zorder=2
        )
        strip.plot([at[50]], [y], color=colour, marker="o", ms=5, mec="white", mew=0.8, ls="", zorder=3)
        for p, side, offset in ((5, "right", -3), (95, "left", 3)):
            text = strip.annotate(
                in_column(at[p], values.unit), (at[p], y), xytext=(offset, 0), textcoords="offset points"
            )
            text.set(fontsize=7.5, color=style.INK, ha=side, va="center", zorder=5, annotation_clip=False)
            text.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.6})


def _alt(values: Values, words: str) -> str:
    low, middle, high = (money(values.main.spread.percentiles[p], values.unit) for p in (5, 50, 95))
    parts = [f"{words}. P5 is {low}, P50 {middle}, P95 {high}"]
    for method in values.methods:
        if method.reaches is not None and method is not values.main:
            parts.append(f"{method.label} reaches the target on {percent(method.reaches.probability)} of paths")
    return "; ".join(parts) + "."


def _data(values: Values) -> pd.DataFrame:
    main, rows = values.main, []
    starts, ends = values.edges[:-1].tolist(), values.edges[1:].tolist()
    bars = [("below axis", -math.inf, starts[0], values.below)]
    bars += [("bin", low, high, int(n)) for low, high, n in zip(starts, ends, values.counts, strict=True)]
    bars += [("above axis", ends[-1], math.inf, values.above)]
    for kind, low, high, n in bars:
        rows.append(
            {
                "kind": kind,
                "label": cell(main.label),
                "from": low,
                "to": high,
                "paths": n,
                "share": n / main.spread.paths,
            }
        )
    for words, x in (("target", values.at_least), ("price", values.price)):
        if x is not None:
            rows.append({"kind": words, "label": words, "from": x, "to": x})
    for method in values.methods:
        name = cell(method.label)
        for p in (5, 50, 95):
            x, error = method.spread.percentiles[p], method.spread.percentile_errors[p]
            rows.append({"kind": f"P{p}", "label": name, "from": x, "to": x, "standard_error": error})
        if method.reaches is not None:
            share, error = method.reaches.probability, method.reaches.standard_error
            paths = round(share * method.reaches.paths)
            rows.append({"kind": "at least target", "label": name, "from": values.at_least, "to": math.inf,
                         "paths": paths, "share": share, "standard_error": error})  # fmt: skip
    table = pd.DataFrame(rows)
    table["paths"] = table["paths"].astype("Int64")
    table.insert(2, "unit", cell(values.unit))
    return table
