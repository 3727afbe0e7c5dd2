"""What drives an output: Shapley effects with intervals, and the Sobol totals of what is independent beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from sim.report import style
from sim.report.numbers import count, given, percent
from sim.report.screens import explain as words
from sim.report.style import Drawing, Simulated
from sim.report.text import cell, shortened

Facts = Mapping[str, Any]
MOST, GROUPS = 10, 3
_ROW = 0.225  # inches
_WIDEST = 2.5
_TOTAL = "#9CA3AF"


@dataclass(frozen=True)
class Bar:
    """A row: a share in blue, the Sobol total of the same unit below it; without either its words alone, in grey."""

    name: str
    label: str
    share: Facts | None
    total: Facts | None
    number: str = ""


def draw(run: Simulated, found: Facts) -> Drawing:
    """``found`` as `sim.pipeline.explaining.explain` gives it."""
    rows, together, others = bars(found)
    said = headline(found)
    shapley = found["shapley"] is not None
    kind = "Shapley effects" if shapley else "First-order indices"
    subtitle = f"Share of {words.aim(found)}: {kind}" + (", which add up to 100%" if shapley else "")
    notes = ["Lines: 95% Monte Carlo intervals"]
    if shapley:
        notes.append("Sobol totals count interactions for everyone in them: they add up to more")
        notes.append(f"{count(found['valuations'])} paths valued anew")
    else:
        notes.append("an index counts what comes with a driver too: they do not add up")
    lines = len(rows) + bool(others) + (len(together) + 1 if together else 0)
    bottom = style.floor(notes) + 0.2
    height = bottom + _ROW * lines + 0.24 + 0.55
    with style.committee():
        figure = style.canvas(said, subtitle, notes, style.source_line(run), height)
        left, right = style.EDGE, 1.32
        every = [*rows, *([others] if others else [])]
        every += [Bar("", "Correlated drivers together", None, None), *together] if together else []
        top, wide = bottom + _ROW * lines, 0.0
        for i, row in enumerate(every):
            y, head = top - (i + 0.5) * _ROW, row.share is None and row.total is None
            text = style.write(figure, left, y, row.label, size=8, color=style.GREY if head else style.INK, va="center")
            wide = max(wide, 0.0 if head else style.inches(style.fit(text, _WIDEST, smallest=6.5)))
            _numbers(figure, row, y)
        look: dict[str, Any] = {"size": 7.5, "color": style.GREY, "ha": "right", "va": "center"}
        style.write(figure, style.WIDTH - style.EDGE - 0.68, top + 0.1, "Shapley" if shapley else "first order", **look)
        if shapley:
            style.write(figure, style.WIDTH - style.EDGE, top + 0.1, "Sobol total", **look)
        start = left + max(wide, 1.2) + 0.1
        axes = style.panel(figure, start, bottom, style.WIDTH - start - right - 0.1, _ROW * lines)
        _fill(axes, every)
    goal = "" if found["at_least"] is None else f"_at_least_{given(found['at_least'])}"
    name = f"{style.file_name(str(found['output']) + goal)}_drivers"
    plain = tuple((row.label, max(row.share["share"], 0.0)) for row in rows if row.share is not None)
    simple = style.Bars(kind, tuple(label for label, _ in plain), tuple(share for _, share in plain), "0.0%")
    data = _data(rows, together, shapley)
    return Drawing(name, said, subtitle, _alt(found, rows, said), figure, data, simple if shapley else None)


def bars(found: Facts) -> tuple[list[Bar], list[Bar], Bar | None]:
    """The largest shares, the groups of correlated drivers among them, and what the rest are and add up to."""
    every = words.rows(found)
    shown = every[:MOST]
    made = [Bar(r.name, r.label, r.share, None if r.group is not None else r.total) for r in shown]
    groups = dict.fromkeys(row.group for row in shown if row.group is not None)
    totals = {row.group: row.total for row in shown}
    together = []
    for group in list(groups)[:GROUPS]:
        assert group is not None
        members = found["groups"][group]
        names = ", ".join(shortened(words.label(found, name), 18) for name in members[:2])
        more = f" and {len(members) - 2} more" if len(members) > 2 else ""
        together.append(Bar("+".join(members), names + more, None, totals[group]))
    rest = every[MOST:]
    others: Bar | None = None
    if rest and found["shapley"] is not None:
        made_of = sum(row.share["share"] for row in rest)
        others = Bar("", f"{len(rest)} others together", None, None, percent(max(made_of, 0.0), 1))
    return made, together, others


def headline(found: Facts) -> str:
    """The largest share in words."""
    every = words.rows(found)
    if not every:
        return style.headline(words.subject(found), (": nothing drives it",))
    first = every[0]
    share = percent(first.share["share"])
    verb = "drives" if found["shapley"] is not None else "explains"
    what = words.aim(found)
    short = "it" if found["at_least"] is None else "the outcome"
    tails = (f" {verb} {share} of {what}", f" {verb} {share} of {short}", f": {share}")
    return style.headline(first.label, tails)


def _numbers(figure: Any, row: Bar, y: float) -> None:
    share, total = ("" if each is None else percent(max(each["share"], 0.0), 1) for each in (row.share, row.total))
    first = style.GREY if row.share is None else style.INK
    for number, right, colour in ((row.number or share, 0.68, first), (total, 0.0, style.GREY)):
        if number:
            x = style.WIDTH - style.EDGE - right
            style.write(figure, x, y, number, size=8, color=colour, ha="right", va="center")


def _fill(axes: Axes, every: Sequence[Bar]) -> None:
    ends = [share["interval"][1] for row in every for share in (row.share, row.total) if share is not None]
    most = max([*ends, 0.01]) * 100
    axes.set_xlim(0, most * 1.02)
    axes.set_ylim(len(every), 0)
    axes.set_yticks([])
    axes.grid(False)
    for i, row in enumerate(every):
        both = row.share is not None and row.total is not None
        for share, colour, shift in ((row.share, style.BLUE, -0.17), (row.total, _TOTAL, 0.19)):
            if share is None:
                continue
            y = i + 0.5 + (shift if both else 0.0)
            thick = 0.34 if colour == style.BLUE else 0.24
            hatch = None if row.share is not None else "////"
            axes.barh(
                y, max(share["share"], 0.0) * 100, thick if both else 0.5, facecolor=colour, hatch=hatch,
                edgecolor="white" if hatch else "none", linewidth=0.0, zorder=2,
            )  # fmt: skip
            low, high = (100 * end for end in share["interval"])
            axes.plot([low, high], [y, y], color=style.BLACK, ls="-", lw=0.9, solid_capstyle="butt", zorder=3)
    places, decimals = style.ticks(0, most * 1.02, 6)
    axes.set_xticks(places, [percent(place / 100, decimals) for place in places])


def _alt(found: Facts, rows: Sequence[Bar], said: str) -> str:
    parts = [f"{row.label} {words.share_of(row.share)}" for row in rows[:3] if row.share is not None]
    return f"{said}. {'; '.join(parts)} (± standard error)."


def _data(rows: Sequence[Bar], together: Sequence[Bar], shapley: bool) -> pd.DataFrame:
    made = []
    for row in (*rows, *together):
        line: dict[str, Any] = {"name": cell(row.name), "label": cell(row.label)}
        for kind, share in (("shapley" if shapley else "first_order", row.share), ("sobol_total", row.total)):
            low, high = (None, None) if share is None else share["interval"]
            line |= {
                kind: None if share is None else share["share"],
                f"{kind}_error": None if share is None else share["standard_error"],
                f"{kind}_low": low,
                f"{kind}_high": high,
            }
        made.append(line)
    return pd.DataFrame(made)
