"""What a histogram against a target plots: equal bins of a round width, one edge at the target, and the methods."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.analysis.estimate import Distribution, Probability, at_least, describe
from sim.errors import InputError, ModelFailure, Problem
from sim.report import style
from sim.report.style import Simulated
from sim.report.text import plain

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Method:
    """One way to value the same thing: its distribution and how likely it reaches the target (None without one)."""

    label: str
    output: str
    spread: Distribution
    reaches: Probability | None


@dataclass(frozen=True)
class Values:
    """What is plotted. ``edges`` float64[bins + 1] stand one ``width`` apart; ``counts`` int64[bins].

    ``below`` and ``above`` count the paths beyond the axis, which is cut near P0.5 and P99.5.
    """

    label: str
    unit: str
    at_least: float | None
    price: float | None
    methods: tuple[Method, ...]
    edges: Floats
    counts: NDArray[np.int64]
    width: float
    below: int
    above: int

    @property
    def main(self) -> Method:
        return self.methods[0]


def collect(run: Simulated, output: str | None) -> Values:
    """Bins, marks and methods of the target's output, or of another one, which then has no target.

    ``output`` defaults to the target's, else to the first without periods.
    """
    target = run.target if output is None or (run.target and run.target["output"] == output) else None
    single = [str(key) for key, leaf in run.summary["outputs"].items() if "percentiles" in leaf]
    name = str(target["output"]) if target else output or next(iter(single), None)
    if name is None:
        raise InputError(
            Problem("outputs", "no output without periods to draw a histogram of", "name an output column")
        )
    leaf: Mapping[str, Any] = run.summary["outputs"].get(name, {})
    goal = float(target["at_least"]) if target else None
    others = dict(target.get("alternatives") or {}) if target else {}
    label = plain(leaf.get("label") or name)
    column = run.column(name)
    methods = [_method(run, label, name, goal)]
    methods += [_method(run, plain(words), str(other), goal) for words, other in others.items()]
    if not methods[0].spread.paths:
        raise ModelFailure(f"no valid path of {name}; nothing to draw")
    price = target.get("price") if target else None
    unit = str(leaf.get("unit", "1"))
    methods = [methods[0], *(m for m in methods[1:] if m.spread.paths)]
    return _bins(
        label, unit, goal, None if price is None else float(price), tuple(methods), column[np.isfinite(column)]
    )


def _method(run: Simulated, label: str, output: str, goal: float | None) -> Method:
    column, replicates = run.column(output), run.replicates
    reaches = None if goal is None else at_least(column, goal, replicates)
    return Method(label, output, describe(column, replicates=replicates), reaches)


def _bins(
    label: str, unit: str, goal: float | None, price: float | None, methods: tuple[Method, ...], column: Floats
) -> Values:
    ordered = np.sort(column)
    n = ordered.size
    low, high = float(ordered[int(0.005 * (n - 1))]), float(ordered[math.ceil(0.995 * (n - 1))])
    # Rice's rule keeps few paths from falling into many bins; 45 is what the width of the page shows well.
    wanted = int(np.clip(2 * np.cbrt(n), 6, 45))
    core = high - low
    if core <= 1e-12 * max(abs(low), abs(high)):  # equal but for rounding
        core = 0.0
    width = style.round_step(core, wanted) if core > 0 else style.round_step(abs(low) or 1.0, 20)
    for method in methods:
        low, high = min(low, method.spread.percentiles[5]), max(high, method.spread.percentiles[95])
    reach = 0.8 * core if core else 8 * width
    for mark in (goal, price):  # a mark far from every path would press the bars together: it becomes an arrow
        if mark is not None and low - reach <= mark <= high + reach:
            low, high = min(low, mark - width), max(high, mark + width)
    # From far away the target cannot be an edge (the bins would be too many to number), and need not be.
    near = goal is not None and low <= goal <= high
    anchor = goal if near and goal is not None else low if abs(low) > 1e9 * width else math.floor(low / width) * width
    # x >= anchor exactly when (x - anchor) / width >= 0, so no path can fall on the wrong side of the target.
    places = np.floor((column - anchor) / width)
    first, last = math.floor((low - anchor) / width), math.floor((high - anchor) / width)
    inside = places[(places >= first) & (places <= last)].astype(np.int64) - first
    counts = np.bincount(inside, minlength=last - first + 1).astype(np.int64)
    edges = anchor + np.arange(first, last + 2, dtype=np.float64) * width
    below, above = int(np.count_nonzero(places < first)), int(np.count_nonzero(places > last))
    return Values(label, unit, goal, price, methods, edges, counts, width, below, above)
