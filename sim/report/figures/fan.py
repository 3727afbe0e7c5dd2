"""Fan chart of an output by period: bands of 30, 70 and 90% of the paths, the median, and a table beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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

Scenarios = Mapping[str, Mapping[str, float | None]]
PERCENTS = (5, 15, 35, 50, 65, 85, 95)
_BANDS = ((5, 95, "90%"), (15, 85, "70%"), (35, 65, "30%"))
_TABLE_ROWS = 11
_CHART_LEFT, _CHART_RIGHT, _TABLE_LEFT = 0.5, 4.18, 4.62  # inches
_NARROW = 0.9  # inches that scenarios take from the chart
_SCENARIOS = 3


@dataclass(frozen=True)
class Fan:
    """Percentiles of an output in each period: ``at[p]`` is float64[periods]; ``errors[p]`` their standard errors."""

    label: str
    unit: str
    periods: tuple[str, ...]
    at: dict[int, np.ndarray]
    errors: dict[int, np.ndarray]
    invalid: int

    def up_to(self, last: str) -> Fan:
        """The same without the periods after ``last``."""
        n = self.periods.index(last) + 1
        at, errors = ({p: values[:n] for p, values in each.items()} for each in (self.at, self.errors))
        return replace(self, periods=self.periods[:n], at=at, errors=errors)


@dataclass(frozen=True)
class _Past:
    """Reported values by period: of the definition that the forecast has, and of an older one."""

    known: dict[str, float]
    older: dict[str, float]

    @property
    def periods(self) -> list[str]:
        return sorted({*self.known, *self.older})

    def line(self, values: Mapping[str, float]) -> tuple[list[float], list[float]]:
        """Places before the forecast, which begins at 0, and values."""
        every = self.periods
        return [float(every.index(key) - len(every)) for key in values], list(values.values())


def draw(
    run: Simulated,
    output: str | None = None,
    *,
    horizon: str | None = None,
    history: Mapping[str, float] | None = None,
    older: Mapping[str, float] | None = None,
    scenarios: Scenarios | None = None,
    until: str | None = None,
    height: float = style.HEIGHT,
) -> Drawing:
    """Draw the fan of a yearly or quarterly output.

    ``output`` defaults to the first by period that the study shows on screen, else the first there is. The headline
    speaks of the period ``horizon``: by default the last one shown on screen, else the last. ``history`` holds
    reported values by period, drawn in solid black before the forecast; ``older`` those of an earlier definition, in
    grey and not joined to them. ``scenarios`` are medians by period to stand beside the percentiles, three at most.
    Nothing is drawn after the period ``until``. InputError if the run has no such output or period.
    """
    name = chosen(run, output)
    fan = _percentiles(run, name)
    fan = fan if until is None or until not in fan.periods else fan.up_to(until)
    at = _horizon(run, name, fan, horizon)
    words = headline(fan, at)
    past = _Past(*({k: each[k] for k in sorted(each) if k not in fan.periods} for each in (history or {}, older or {})))
    beside = dict(list((scenarios or {}).items())[:_SCENARIOS])
    scope = "fiscal years" if fan.periods[0].startswith("FY") else ""
    subtitle = " · ".join(w for w in (measure(fan.label, fan.unit), scope, style.study(run)) if w)
    notes = [*_notes(run, fan), *(["grey: an older definition, not joined"] if past.older else [])]
    table = _TABLE_LEFT - _NARROW if beside else _TABLE_LEFT
    with style.committee():
        figure = style.canvas(words, subtitle, notes, style.source_line(run), height)
        low, high = style.floor(notes) + 0.26, height - 0.78
        right = table - (_TABLE_LEFT - _CHART_RIGHT)
        axes = style.panel(figure, _CHART_LEFT, low, right - _CHART_LEFT, high - low)
        _chart(axes, run, fan, past)
        _key(figure, high)
        _table(figure, fan, beside, table, low - 0.2, high)
    last = fan.periods.index(at)
    ends = [money(fan.at[p][last], fan.unit) for p in (5, 50, 95)]
    alt = (
        f"{words}. In {period(at)} P5 is {ends[0]}, P50 {ends[1]}, P95 {ends[2]}; 1 path in 10 lies outside P5 to P95."
    )
    return Drawing(f"{style.file_name(name)}_fan", words, subtitle, alt, figure, _data(fan, past, beside))


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


def chosen(run: Simulated, output: str | None = None) -> str:
    """The output whose fan is drawn: the one asked for, else the first by period that the study shows on screen."""
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
    if any(key.startswith("FY") for key in leaves):  # quarters of the same output are dates, not years
        leaves = {key: leaf for key, leaf in leaves.items() if key.startswith("FY")}
    periods: list[str] = []
    values: list[list[float]] = []
    errors: list[list[float]] = []
    invalid = 0
    for key in sorted(leaves, key=_chronological):
        facts: Mapping[str, Any] = leaves[key]
        if not all(str(p) in facts["percentiles"] and str(p) in facts.get("percentile_errors", {}) for p in PERCENTS):
            facts = describe(run.column(f"{name}.{key}"), replicates=run.replicates).as_dict()
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


def _chart(axes: Axes, run: Simulated, fan: Fan, past: _Past) -> None:
    n, before, history = len(fan.periods), len(past.periods), past.known
    x = np.arange(n, dtype=np.float64)
    at = fan.at
    if n == 1:
        x, at = np.array([-0.3, 0.3]), {p: np.repeat(v, 2) for p, v in at.items()}
    if history:  # the fan opens from the last reported value
        x = np.concatenate([[-1.0], x])
        at = {p: np.concatenate([[list(history.values())[-1]], v]) for p, v in at.items()}
    for values, colour in ((past.older, style.GREY), (past.known, style.BLACK)):
        axes.plot(*past.line(values), color=colour, ls="-", marker="o", ms=2.5, zorder=4)
    for (low, high, _), colour in zip(_BANDS, style.BANDS, strict=True):
        axes.fill_between(x, at[low], at[high], color=colour, lw=0, zorder=2)
    axes.plot(x, at[50], color=style.BLUE, ls="-", zorder=3)
    start = -1.0 if history else float(x[0])
    axes.axvline(start, color=style.GREY, ls=(0, (4, 3)), lw=0.8, zorder=1)
    axes.set_xlim(-before - 0.25 if before else float(x[0]) - 0.25, float(x[-1]) + 0.08)
    _scale(axes, fan, {**past.older, **past.known}, at)
    _periods(axes, [*past.periods, *fan.periods], before)
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


def _table(figure: Figure, fan: Fan, beside: Scenarios, left: float, low: float, high: float) -> None:
    """P5, P50 and P95 of each period, or of at most eleven, and the scenarios' medians; as wide as their numbers."""
    n = len(fan.periods)
    last = _TABLE_ROWS - 1
    rows = range(n) if n <= _TABLE_ROWS else sorted({round(i * (n - 1) / last) for i in range(_TABLE_ROWS)})
    step = min((high - low) / (len(rows) + 1), 0.24)
    across, up = figure.get_size_inches()
    lines = [["", "P5", "P50", "P95", *(plain(name, 9) for name in beside)]]
    for i in rows:
        ends = [fan.at[p][i] for p in (5, 50, 95)]
        ends += [_number(medians.get(fan.periods[i])) for medians in beside.values()]
        lines.append([period(fan.periods[i]), *(in_column(end, fan.unit) for end in ends)])
    columns: list[list[Text]] = [[] for _ in lines[0]]
    for k, line in enumerate(lines):
        y = high + 0.05 - (0.03 + k * step if k else 0.0)
        for i, words in enumerate(line):
            entry = style.write(figure, 0, y, words, size=8, color=style.INK if k else style.GREY, va="center")
            entry.set(ha="right" if i else "left", fontweight="bold" if i == 2 and k else "normal")
            columns[i].append(entry)
    wide = [max(style.inches(entry) for entry in column) for column in columns]
    room = style.WIDTH - style.EDGE - left
    shrink = min(1.0, (room - 0.08 * (len(wide) - 1)) / sum(wide))
    gap = (room - shrink * sum(wide)) / (len(wide) - 1)
    x = left
    for i, column in enumerate(columns):
        x += shrink * wide[i] + (gap if i else 0.0)
        for entry in column:
            entry.set(x=(x if i else left) / across, fontsize=8 * shrink)
    height = (high - 0.04) / up
    figure.add_artist(Rectangle((left / across, height), room / across, 0.004 / up, fc=style.GREY, lw=0))
    if beside:
        head = style.write(figure, style.WIDTH - style.EDGE, high + 0.2, "scenarios, P50", size=7.5, color=style.GREY)
        head.set(ha="right", va="center")


def _data(fan: Fan, past: _Past, beside: Scenarios) -> pd.DataFrame:
    rows: list[dict[str, Any]] = [
        {"period": key, "status": status, "reported": value}
        for status, values in (("reported, older definition", past.older), ("reported", past.known))
        for key, value in values.items()
    ]
    rows += [
        {"period": key, "status": "simulated"}
        | {f"p{p}": float(fan.at[p][i]) for p in PERCENTS}
        | {f"p{p}_standard_error": float(fan.errors[p][i]) for p in PERCENTS}
        | {cell(f"p50 of {name}"): medians.get(key) for name, medians in beside.items()}
        for i, key in enumerate(fan.periods)
    ]
    table = pd.DataFrame(rows)
    table.insert(0, "output", cell(fan.label))
    table.insert(1, "unit", cell(fan.unit))
    return table
