"""Fan chart of an output by period: bands of 30, 70 and 90% of the paths, the median, and a table beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from sim.analysis.estimate import describe
from sim.errors import InputError, ModelFailure, Problem, did_you_mean
from sim.report import style
from sim.report.numbers import Unit, count, day, in_column, marks, measure, money, period, span
from sim.report.style import Drawing, Simulated
from sim.report.text import cell, plain

PERCENTS = (5, 15, 35, 50, 65, 85, 95)
_BANDS = ((5, 95, "90%"), (15, 85, "70%"), (35, 65, "30%"))
_TABLE_ROWS = 11
_CHART_LEFT, _CHART_RIGHT, _TABLE_LEFT = 0.5, 4.18, 4.62  # inches


@dataclass(frozen=True)
class Fan:
    """Percentiles of an output in each period: ``at[p]`` is float64[periods]; ``errors[p]`` their standard errors."""

    label: str
    unit: str
    periods: tuple[str, ...]
    at: dict[int, np.ndarray]
    errors: dict[int, np.ndarray]
    invalid: int


def draw(
    run: Simulated, output: str | None = None, *, horizon: str | None = None, history: Mapping[str, float] | None = None
) -> Drawing:
    """Draw the fan of a yearly or quarterly output.

    ``output`` defaults to the first by period that the study shows on screen, else the first there is. The headline
    speaks of the period ``horizon``: by default the last one shown on screen, else the last. ``history`` holds
    reported values by period, drawn in solid black before the forecast. InputError if the run has no such output or
    period.
    """
    name = _output(run, output)
    fan = _percentiles(run, name)
    at = _horizon(run, name, fan, horizon)
    words = headline(fan, at)
    known = {key: history[key] for key in sorted(history or {}) if key not in fan.periods} if history else {}
    scope = "fiscal years" if fan.periods[0].startswith("FY") else ""
    subtitle = " · ".join(w for w in (measure(fan.label, fan.unit), scope, style.study(run)) if w)
    notes = _notes(run, fan)
    with style.committee():
        figure = style.canvas(words, subtitle, notes, style.source_line(run))
        low, high = style.floor(notes) + 0.26, style.HEIGHT - 0.78
        axes = style.panel(figure, _CHART_LEFT, low, _CHART_RIGHT - _CHART_LEFT, high - low)
        _chart(axes, run, fan, known)
        _key(figure, high)
        _table(figure, fan, low - 0.2, high)
    last = fan.periods.index(at)
    ends = [money(fan.at[p][last], fan.unit) for p in (5, 50, 95)]
    alt = (
        f"{words}. In {period(at)} P5 is {ends[0]}, P50 {ends[1]}, P95 {ends[2]}; 1 path in 10 lies outside P5 to P95."
    )
    return Drawing(f"{style.file_name(name)}_fan", words, subtitle, alt, figure, _data(fan, known))


def headline(fan: Fan, at: str) -> str:
    """The finding, from the plotted numbers: the median in a period and the range of 90% of the paths."""
    i = fan.periods.index(at)
    middle, first = fan.at[50][i], fan.at[50][0]
    verb = "stands at" if i == 0 or middle == first else "reaches" if middle > first else "falls to"
    low, high = fan.at[5][i], fan.at[95][i]
    unit = Unit.of(fan.unit)
    about = span(low, high, fan.unit) if unit.before and not unit.after else span(low, high)
    finding = f" {verb} {money(middle, fan.unit)} in {period(at)}"
    return style.headline(fan.label, (f"{finding} (90% of paths: {about})", f"{finding} (P5 to P95: {about})", finding))


def _output(run: Simulated, output: str | None) -> str:
    timed = [str(name) for name, leaf in run.summary["outputs"].items() if not _is_leaf(leaf)]
    if output is None and timed:
        shown = [str(row["column"]).rpartition(".")[0] for row in run.summary.get("rows", ())]
        return next((name for name in shown if name in timed), timed[0])
    if output is None or output not in timed:
        advice = did_you_mean(output or "", timed) or "ask for an output per: quarter or per: fiscal_year"
        raise InputError(Problem("outputs", f'no output "{plain(output or "")}" by period to draw a fan of', advice))
    return output


def _is_leaf(leaf: Mapping[str, Any]) -> bool:
    return "percentiles" in leaf


def _percentiles(run: Simulated, name: str) -> Fan:
    leaves: Mapping[str, Mapping[str, Any]] = run.summary["outputs"][name]
    periods: list[str] = []
    values: list[list[float]] = []
    errors: list[list[float]] = []
    invalid = 0
    for key in sorted(leaves, key=_chronological):
        facts: Mapping[str, Any] = leaves[key]
        if not all(str(p) in facts["percentiles"] and str(p) in facts.get("percentile_errors", {}) for p in PERCENTS):
            facts = describe(run.column(f"{name}.{key}")).as_dict()
        row = [facts["percentiles"].get(str(p)) for p in PERCENTS]
        if any(value is None for value in row):
            continue
        periods.append(key)
        values.append([float(value) for value in row])
        errors.append([_number(facts["percentile_errors"].get(str(p))) for p in PERCENTS])
        invalid = max(invalid, int(facts.get("invalid", 0)))
    if not periods:
        raise ModelFailure(f"no valid path of {name} in any period; nothing to draw")
    some = next(iter(leaves.values()))
    label = plain(some.get("label") or name).removesuffix(f" {next(iter(leaves))}")
    at, se = np.array(values), np.array(errors)
    by = {p: at[:, i] for i, p in enumerate(PERCENTS)}, {p: se[:, i] for i, p in enumerate(PERCENTS)}
    return Fan(label, str(some.get("unit", "1")), tuple(periods), *by, invalid)


def _chronological(key: str) -> tuple[int, str]:
    return (int(key) if key.isdigit() else 0, key)


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def _horizon(run: Simulated, name: str, fan: Fan, horizon: str | None) -> str:
    if horizon is not None:
        if horizon not in fan.periods:
            raise InputError(
                Problem("", f'{name} has no period "{plain(horizon)}"', did_you_mean(horizon, fan.periods))
            )
        return horizon
    shown = [str(row["column"]).removeprefix(f"{name}.") for row in run.summary.get("rows", ())]
    return next((key for key in reversed(shown) if key in fan.periods), fan.periods[-1])


def _notes(run: Simulated, fan: Fan) -> list[str]:
    worst = np.nanmax(fan.errors[50]) if np.isfinite(fan.errors[50]).any() else math.nan
    notes = ["P5 is the low end"]
    if fan.periods[0].startswith("FY"):
        notes.append("E: estimate")
    if math.isfinite(worst):
        notes.append(f"Monte Carlo standard error of P50 at most {money(worst, fan.unit)}")
    if not _from_zero(float(fan.at[5].min()), float(fan.at[95].max())):
        notes.append("axis does not start at zero")
    if fan.invalid:
        notes.append(f"up to {count(fan.invalid)} invalid paths a period left out")
    return notes


def _chart(axes: Axes, run: Simulated, fan: Fan, history: Mapping[str, float]) -> None:
    n, before = len(fan.periods), len(history)
    x = np.arange(n, dtype=np.float64)
    at = fan.at
    if n == 1:
        x, at = np.array([-0.3, 0.3]), {p: np.repeat(v, 2) for p, v in at.items()}
    if history:  # the fan opens from the last reported value
        x = np.concatenate([[-1.0], x])
        at = {p: np.concatenate([[list(history.values())[-1]], v]) for p, v in at.items()}
        past = np.arange(-before, 0, dtype=np.float64)
        axes.plot(past, list(history.values()), color=style.BLACK, ls="-", marker="o", ms=2.5, zorder=4)
    for (low, high, _), colour in zip(_BANDS, style.BANDS, strict=True):
        axes.fill_between(x, at[low], at[high], color=colour, lw=0, zorder=2)
    axes.plot(x, at[50], color=style.BLUE, ls="-", zorder=3)
    start = -1.0 if history else float(x[0])
    axes.axvline(start, color=style.GREY, ls=(0, (4, 3)), lw=0.8, zorder=1)
    axes.set_xlim(-before - 0.25 if before else float(x[0]) - 0.25, float(x[-1]) + 0.08)
    _scale(axes, fan, history, at)
    _periods(axes, [*history, *fan.periods], before)
    since = run.manifest.get("as_of")
    words = f"forecast, as of {day(since)}" if since else "forecast"
    axes.annotate(
        words, (start, 1.0), xycoords=("data", "axes fraction"), xytext=(3, 1), textcoords="offset points",
        fontsize=7.5, color=style.GREY, va="bottom", annotation_clip=False,
    )  # fmt: skip
    ends = [float(at[p][-1]) for p in (5, 50, 95)]
    pixels = [float(axes.transData.transform((x[-1], y))[1]) for y in ends]
    box = axes.get_window_extent()
    for p, y in zip((5, 50, 95), style.spread(pixels, 14.0, box.y0 + 4, box.y1 - 4), strict=True):
        axes.annotate(
            f"P{p}", (float(x[-1]), float(axes.transData.inverted().transform((0, y))[1])), xytext=(5, 0),
            textcoords="offset points", fontsize=8, va="center", annotation_clip=False,
            color=style.BLUE if p == 50 else style.INK, fontweight="bold" if p == 50 else "normal",
        )  # fmt: skip


def _from_zero(low: float, high: float) -> bool:
    return 0 <= low < 0.9 * high


def _scale(axes: Axes, fan: Fan, history: Mapping[str, float], at: Mapping[int, np.ndarray]) -> None:
    every = [*history.values(), *at[5].tolist(), *at[95].tolist()]
    low, high = min(every), max(every)
    if _from_zero(low, high):
        low = 0.0
    elif low == high:
        low, high = low - (abs(low) or 1.0) * 0.1, high + (abs(high) or 1.0) * 0.1
    room = (high - low) * 0.05
    axes.set_ylim(low if low == 0 else low - room, high + room)
    places, decimals = style.ticks(*axes.get_ylim(), 5)
    axes.set_yticks(places, marks(places, decimals, fan.unit))
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    if axes.get_ylim()[0] < 0:
        axes.axhline(0, color=style.GREY, lw=0.8, zorder=2.5)
    # Figures wider than the margin would leave the canvas.
    widest = max((style.inches(label) for label in axes.get_yticklabels()), default=0.0)
    if widest > _CHART_LEFT - 0.14:
        axes.tick_params(axis="y", labelsize=max(style.TICK * (_CHART_LEFT - 0.14) / widest, style.SMALL))


def _periods(axes: Axes, names: Sequence[str], before: int) -> None:
    labels = [period(name, actual=i < before) for i, name in enumerate(names)]
    places = np.arange(len(names), dtype=np.float64) - before
    axes.grid(False, axis="x")
    for step in range(1, len(names) + 1):
        chosen = slice(None, None, step)
        axes.set_xticks(places[chosen].tolist(), labels[chosen])
        boxes = [style.extent(label).padded(3) for label in axes.get_xticklabels()]
        if not any(a.overlaps(b) for a, b in pairwise(boxes)):
            return


def _key(figure: Figure, top: float) -> None:
    """Swatches of the bands and what they leave out, on one line above the chart."""
    across, up = figure.get_size_inches()
    x, y = style.EDGE, top + 0.2
    for (_, _, words), colour in zip(reversed(_BANDS), reversed(style.BANDS), strict=True):
        patch = Rectangle((x / across, y / up), 0.16 / across, 0.1 / up, fc=colour, ec=style.GREY, lw=0.4)
        figure.add_artist(patch)
        x += 0.21
        x += style.inches(style.write(figure, x, y - 0.012, words, size=7.5, color=style.INK)) + 0.1
    style.write(figure, x, y - 0.012, "of paths; 1 path in 10 lies outside", size=7.5, color=style.INK)


def _table(figure: Figure, fan: Fan, low: float, high: float) -> None:
    """P5, P50 and P95 of each period, or of at most eleven; columns as wide as their numbers."""
    n = len(fan.periods)
    last = _TABLE_ROWS - 1
    rows = range(n) if n <= _TABLE_ROWS else sorted({round(i * (n - 1) / last) for i in range(_TABLE_ROWS)})
    step = min((high - low) / (len(rows) + 1), 0.24)
    across, up = figure.get_size_inches()
    lines = [["", "P5", "P50", "P95"]]
    lines += [[period(fan.periods[i]), *(in_column(fan.at[p][i], fan.unit) for p in (5, 50, 95))] for i in rows]
    columns: list[list[Text]] = [[], [], [], []]
    for k, line in enumerate(lines):
        y = high + 0.05 - (0.03 + k * step if k else 0.0)
        for i, words in enumerate(line):
            entry = style.write(figure, 0, y, words, size=8, color=style.INK if k else style.GREY, va="center")
            entry.set(ha="right" if i else "left", fontweight="bold" if i == 2 and k else "normal")
            columns[i].append(entry)
    wide = [max(style.inches(entry) for entry in column) for column in columns]
    room = style.WIDTH - style.EDGE - _TABLE_LEFT
    shrink = min(1.0, (room - 0.24) / sum(wide))
    gap = (room - shrink * sum(wide)) / 3
    x = _TABLE_LEFT
    for i, column in enumerate(columns):
        x += shrink * wide[i] + (gap if i else 0.0)
        for entry in column:
            entry.set(x=(x if i else _TABLE_LEFT) / across, fontsize=8 * shrink)
    height = (high - 0.04) / up
    figure.add_artist(Rectangle((_TABLE_LEFT / across, height), room / across, 0.004 / up, fc=style.GREY, lw=0))


def _data(fan: Fan, history: Mapping[str, float]) -> pd.DataFrame:
    past = [{"period": key, "status": "reported", "reported": value} for key, value in history.items()]
    future = [
        {"period": key, "status": "simulated"}
        | {f"p{p}": float(fan.at[p][i]) for p in PERCENTS}
        | {f"p{p}_standard_error": float(fan.errors[p][i]) for p in PERCENTS}
        for i, key in enumerate(fan.periods)
    ]
    table = pd.DataFrame([*past, *future])
    table.insert(0, "output", cell(fan.label))
    table.insert(1, "unit", cell(fan.unit))
    return table
