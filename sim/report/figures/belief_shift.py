"""The smallest change of belief: each driver's P5, P50 and P95 before and after, and what it does to the outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sim.report import style
from sim.report.numbers import percent, threshold
from sim.report.screens import believe as words
from sim.report.style import Drawing, Simulated
from sim.report.text import cell

Facts = Mapping[str, Any]
MOST = 6  # drivers
_ROW, _NUMBERS = 0.34, 1.75
_LEAST = 0.02  # sds a driver must move to be drawn


@dataclass(frozen=True)
class Row:
    """One column: P5, P50, P95 before and after; ``chosen`` for a driver that is moved, not one that follows."""

    name: str
    kind: str
    before: tuple[float, float, float]
    after: tuple[float, float, float]


def draw(run: Simulated, found: Facts) -> Drawing | None:
    """``found`` as `sim.analysis.believe.Belief.as_dict`; None if it has no shift."""
    if not found["few"]:
        return None
    each, said = rows(found), headline(found)
    subtitle = (
        "P5, P50 and P95 of each before (grey) and after (blue) the smallest shift of means; each on its own scale"
    )
    notes = [
        "Bold drivers are moved, others follow their correlations",
        f"surprise {found['few']['surprise_bits']:.2g} bits",
        f"simulated anew: {percent(found['few']['simulated']['value'], 1)}",
    ]
    low = style.floor(notes) + 0.06
    height = low + _ROW * len(each) + 0.25 + 0.55
    with style.committee():
        figure = style.canvas(said, subtitle, notes, style.source_line(run), height)
        left = 0.0
        for i, row in enumerate(each):
            y = low + (len(each) - i - 0.5) * _ROW
            weight = "bold" if row.kind == "moved" else "normal"
            name = style.write(figure, style.EDGE, y, words.label(found, row.name), size=8, weight=weight, va="center")
            left = max(left, style.inches(style.fit(name, 2.3, smallest=6.5)))
        left += style.EDGE + 0.12
        right = style.WIDTH - style.EDGE - _NUMBERS
        head = low + _ROW * len(each) + 0.1
        style.write(figure, style.WIDTH - style.EDGE, head, "median before → after", size=7.5, color=style.GREY,
                    ha="right", va="center")  # fmt: skip
        axes = style.panel(figure, left, low, right - left, _ROW * len(each))
        axes.set_xlim(-0.06, 1.06)
        axes.set_ylim(0, len(each))
        axes.axis("off")
        for i, row in enumerate(each):
            start = min(row.before[0], row.after[0])
            reach = max(row.before[2], row.after[2]) - start or 1.0
            for values, offset, colour in ((row.before, 0.62, style.GREY), (row.after, 0.36, style.BLUE)):
                a, middle, b = ((x - start) / reach for x in values)
                y = len(each) - i - 1 + offset
                axes.plot([a, b], [y, y], color=colour, ls="-", lw=2.6, solid_capstyle="butt", zorder=2)
                axes.plot([middle], [y], marker="o", ms=5, color=colour, mec="white", mew=0.8, zorder=3)
            # A driver's shift is exact in its place, an output's is known no better than its digits.
            pair = _written(found, row) if row.kind == "output" else _apart(found, row)
            text = " → ".join(pair)
            place = low + (len(each) - i - 0.5) * _ROW
            number = style.write(figure, style.WIDTH - style.EDGE, place, text, size=8, ha="right", va="center")
            style.fit(number, _NUMBERS - 0.1, smallest=6.5)
            if row.kind == "output" and each[i - 1].kind != "output":
                axes.axhline(len(each) - i, color=style.FAINT, lw=0.8, ls="-")
    return Drawing("believe_belief_shift", said, subtitle, _alt(found, said, each), figure, _data(each))


def rows(found: Facts) -> list[Row]:
    """Drivers that move, those chosen first, then the outputs."""
    made: list[Row] = []
    shifts = sorted(found["few"]["drivers"], key=lambda s: (not s["chosen"], -abs(s["shift_in_sd"])))
    for shift in shifts:
        if abs(shift["shift_in_sd"]) >= _LEAST and len(made) < MOST:
            before, after = (_three(shift[when]) for when in ("before", "after"))
            made.append(Row(shift["name"], "moved" if shift["chosen"] else "follows", before, after))
    for name, both in list(found["few"]["outputs"].items())[-2:]:
        old, new = ({p: e["value"] for p, e in both[when].items()} for when in ("before", "after"))
        if None not in {*old.values(), *new.values()}:
            made.append(Row(name, "output", _three(old), _three(new)))
    return made


def _three(at: Facts) -> tuple[float, float, float]:
    return at["5"], at["50"], at["95"]


def headline(found: Facts) -> str:
    """Which drivers have to move for the goal."""
    moved = [shift for shift in found["few"]["drivers"] if shift["chosen"]]
    moved.sort(key=lambda shift: -shift["share_of_surprise"])
    first = moved[0]
    before, after = words.apart(first["before"]["50"], first["after"]["50"], words.unit_of(found, first["name"]))
    goal = threshold(found["at_least"], str(found["unit"]))
    others = len(moved) - 1
    more = f" and {others} more" if others else ""
    chance = f"{percent(found['wanted_probability'])} likely"
    tails = (f" {after} (not {before}){more}: {goal} {chance}", f" {after}{more}: {chance}", f": {after}")
    return style.headline(words.label(found, first["name"]), tails)


def _apart(found: Facts, row: Row) -> tuple[str, str]:
    return words.apart(row.before[1], row.after[1], words.unit_of(found, row.name))


def _written(found: Facts, row: Row) -> tuple[str, str]:
    unit = words.unit_of(found, row.name)
    return words.written(row.before[1], unit), words.written(row.after[1], unit)


def _alt(found: Facts, said: str, each: list[Row]) -> str:
    texts = []
    for row in each[:3]:
        before, after = _apart(found, row)
        texts.append(f"median of {words.label(found, row.name)} from {before} to {after}")
    return f"{said}. {'; '.join(texts)}."


def _data(each: list[Row]) -> pd.DataFrame:
    made: list[dict[str, Any]] = []
    for row in each:
        for when, values in (("before", row.before), ("after", row.after)):
            made.append({"column": cell(row.name), "kind": row.kind, "belief": when,
                         "p5": values[0], "p50": values[1], "p95": values[2]})  # fmt: skip
    return pd.DataFrame(made)
