"""What a level of the output implies: the value of one driver at which the output's median is that level.

Every other driver and innovation is drawn, with the same draws at every value tried (common random numbers), and does
not follow the driver. The central case, one path of medians without innovations, gives a second reading. Where the
output is a straight line in the driver on every path, as `value` shows at five points, the answer is a quantile of the
paths' own crossings and exact at any distance; else a root is sought between the 1-in-100,000 ends of the driver.

A part, an output that goes one for one into the total, has its implied value on each path: part + level - total.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.analysis.estimate import Floats, describe, finite
from sim.analysis.replicates import Estimate, estimate, quantile, spread
from sim.run.result import REPLICATES, Inputs, Run, Value

PATHS = 32_768
CURVED_PATHS = 16_384  # where each value tried costs new valuations
CURVE = 13  # points of a curve, between P1 and P99 of the driver
_PROBES = 64  # paths on which straightness and one-for-one are tried
_ENDS = 4.2649  # normal score of 1 in 100,000
_ROUNDING = 1e-9  # of the size of the numbers that meet


@dataclass(frozen=True)
class Crossing:
    """One level: the driver's value ``drawn`` (others drawn) and ``central`` (others at medians), None where none is.

    ``percentile`` is that of ``drawn`` in our own distribution of the driver. ``why`` says why there is none.
    """

    level: float
    drawn: Estimate | None
    percentile: float | None
    central: float | None
    why: str

    def as_dict(self) -> dict[str, Any]:
        return {
            "level": self.level,
            "value": None if self.drawn is None else finite(self.drawn.value),
            "standard_error": None if self.drawn is None else finite(self.drawn.error),
            "percentile": self.percentile,
            "central": None if self.central is None else finite(self.central),
            "why": self.why,
        }


@dataclass(frozen=True)
class Implied:
    """A driver's implied values by the word for the level; ``alone`` is the value at which P(output >= target) = p.

    ``curve`` holds (driver's value, its percentile, median of the output there); ``own`` the driver's own percentiles.
    """

    name: str
    linear: bool
    crossings: Mapping[str, Crossing]
    alone: Crossing | None
    curve: tuple[tuple[float, float, float], ...]
    own: Mapping[int, float]

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "linear": self.linear,
            "levels": {word: crossing.as_dict() for word, crossing in self.crossings.items()},
            "alone": None if self.alone is None else self.alone.as_dict(),
            "curve": [list(point) for point in self.curve],
            "own": {str(p): x for p, x in self.own.items()},
        }


@dataclass(frozen=True)
class Part:
    """An output that goes one for one into the total: its median as drawn and its implied medians by level's word."""

    name: str
    through: str
    drawn: Estimate
    implied: Mapping[str, Estimate]
    percentiles: Mapping[str, float]

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "through": self.through,
            "median": self.drawn.as_dict(),
            "implied": {word: found.as_dict() for word, found in self.implied.items()},
            "percentiles": dict(self.percentiles),
        }


class _Response:
    """The output as a function of one driver's value, on paths whose other draws stay what they are."""

    def __init__(self, value: Value, inputs: Inputs, output: str, driver: str, paths: int):
        self._value, self._inputs, self._output, self._driver = value, inputs, output, driver
        self._known: dict[float, Floats] = {}
        self.paths = np.arange(min(_PROBES, paths))
        self.line: tuple[float, Floats, Floats] | None = None
        self.ends = [float(x) for x in inputs.marginal(driver, np.array([-_ENDS, _ENDS]))]
        beside = inputs.marginal(driver, np.array([-0.15, 0.15]))
        self.step = float(beside[1] - beside[0]) / 2
        points = inputs.marginal(driver, np.array([-2.3, -1.0, 0.1, 1.1, 2.3]))
        if points[-1] == points[0]:  # a driver of few values
            points = np.linspace(self.ends[0], self.ends[1], points.size)
        found = np.array([self.at(float(x)) for x in points])
        whole = np.isfinite(found).all(axis=0)
        rise = (found[-1] - found[0]) / (points[-1] - points[0])
        away = np.abs(found - (found[0] + rise * (points - points[0])[:, None]))
        self.linear = bool(whole.any() and (away <= _ROUNDING * np.abs(found).max(axis=0))[:, whole].all())
        self.paths = np.arange(min(PATHS if self.linear else CURVED_PATHS, paths))
        self._known.clear()
        if self.linear:
            low, high = self.at(float(points[0])), self.at(float(points[-1]))
            self.line = float(points[0]), low, (high - low) / (points[-1] - points[0])

    def at(self, x: float) -> Floats:
        """The output on every path with the driver at x, float64[n]."""
        if self.line is not None:
            start, level, slope = self.line
            return np.asarray(level + slope * (x - start))
        if x not in self._known:
            self._known[x] = self._value(self.paths, {self._driver: x}, outputs=(self._output,))[self._output]
        return self._known[x]

    def central(self, x: float) -> float:
        """The output with every other driver at its median and no innovations."""
        drivers = {**self._inputs.medians, self._driver: x}
        return float(self._value(np.zeros(1, np.int64), drivers, "zero", outputs=(self._output,))[self._output][0])


def analyse(
    run: Run,
    value: Value,
    inputs: Inputs,
    output: str,
    driver: str,
    levels: Mapping[str, float],
    target: float,
    probability: float,
) -> Implied:
    """Implied values of one driver that varies; ``levels`` by the word for them (target, price)."""
    response = _Response(value, inputs, output, driver, run.paths)
    column = run.column(driver)
    ordered = np.sort(column[np.isfinite(column)])

    def percentile(x: float) -> float:
        return float(np.searchsorted(ordered, x, side="right") / ordered.size)

    scores = np.linspace(-2.326, 2.326, CURVE)
    places = inputs.marginal(driver, scores)
    curve = tuple((float(x), percentile(float(x)), _median(response.at(float(x)))) for x in places)
    crossings = {word: _crossing(response, level, 0.5, percentile) for word, level in levels.items()}
    alone = _crossing(response, target, probability, percentile)
    own = {p: float(ordered[int(p / 100 * (ordered.size - 1))]) for p in (1, 5, 25, 50, 75, 95, 99)}
    return Implied(driver, response.linear, crossings, alone, curve, own)


def _crossing(response: _Response, level: float, probability: float, percentile: Callable[[float], float]) -> Crossing:
    """Where the share of paths that reach the level is the probability."""
    ends = response.ends
    middle = _central(response, level)
    x = _drawn(response, level, probability)
    if x is None:
        reaches = [_share(response.at(end), level) for end in ends]
        if min(reaches) >= probability:
            return Crossing(level, None, None, middle, "every value of it is enough")
        most = max(reaches)
        return Crossing(level, None, None, middle, f"even its extreme takes only {most:.0%} of the paths there")
    return Crossing(level, Estimate(x, _error(response, level, x)), percentile(x), middle, "")


def _drawn(response: _Response, level: float, probability: float) -> float | None:
    """The value at which the output's quantile that a share ``probability`` of the paths reaches is the level."""
    if response.line is not None:
        start, low, slope = response.line
        valid = np.isfinite(slope) & np.isfinite(low)
        slope, low = slope[valid], low[valid]
        if slope.size and ((slope > 0).all() or (slope < 0).all()):
            # Each path has one crossing of its own, at whatever distance: their quantile is the answer.
            crossings = start + (level - low) / slope
            return float(quantile(probability if slope[0] > 0 else 1 - probability)(crossings))
    of = quantile(1 - probability)

    def excess(x: float) -> float:
        found = response.at(x)
        return of(found[np.isfinite(found)]) - level

    return _root(excess, *response.ends)


def _root(excess: Callable[[float], float], low: float, high: float) -> float | None:
    """Brent's method on a continuous function; None if its ends have the same sign."""
    from scipy.optimize import brentq

    first, last = excess(low), excess(high)
    if not math.isfinite(first + last) or (first > 0) == (last > 0):
        return None
    return float(brentq(excess, low, high, xtol=1e-9 * (high - low), rtol=1e-12))


def _share(column: Floats, level: float) -> float:
    valid = column[np.isfinite(column)]
    return float(np.mean(valid >= level)) if valid.size else math.nan


def _error(response: _Response, level: float, x: float) -> float:
    """Error of the share that reaches the level, from interleaved replicates, over the slope of that share."""
    here = response.at(x)
    if here.size < 2 * REPLICATES:
        return math.nan
    error = spread(np.array([_share(here[r::REPLICATES], level) for r in range(REPLICATES)]))
    low, high = x - response.step, x + response.step
    if not response.linear:  # the model is asked for no value that its driver cannot take
        low, high = max(low, response.ends[0]), min(high, response.ends[1])
    rise = _share(response.at(high), level) - _share(response.at(low), level)
    return error * (high - low) / abs(rise) if rise else math.nan


def _central(response: _Response, level: float) -> float | None:
    low, high = response.ends
    if response.linear:  # two points are the whole line, also beyond the ends
        first, last = response.central(low), response.central(high)
        return low + (level - first) / (last - first) * (high - low) if last != first else None
    return _root(lambda x: response.central(x) - level, low, high)


def _median(column: Floats) -> float:
    valid = column[np.isfinite(column)]
    return float(np.median(valid)) if valid.size else math.nan


def parts(
    run: Run, value: Value, inputs: Inputs, output: str, drivers: Sequence[str], asked: Sequence[str] = ()
) -> dict[str, str]:
    """Outputs that go one for one into the total, each with the driver that shows it.

    Shown: raising that driver from P30 to P70 moves total and part by the same on every path, up to rounding. Of the
    outputs so shown by one of ``drivers`` the one with the fewest such drivers is taken; one whose drivers include all
    those of another is a sum of parts, or the total in other words, and is none. Those ``asked`` for need only be
    shown by some driver; who asks for one that is not gets no entry for it.
    """
    probes = np.arange(min(_PROBES, run.paths))
    shown: dict[str, list[str]] = {name: [] for name in run.outputs if name != output}
    for driver in (name for group in inputs.groups for name in group.drivers):
        low, high = inputs.marginal(driver, np.array([-0.5244, 0.5244]))
        before, after = (value(probes, {driver: float(x)}) for x in (low, high))
        rise = after[output] - before[output]
        valid = np.isfinite(rise)
        if not valid.any() or not rise[valid].any():
            continue
        size = _ROUNDING * (np.abs(after[output]) + np.abs(before[output]))[valid]
        for name, names in shown.items():
            if bool(np.all(np.abs(after[name] - before[name] - rise)[valid] <= size)):
                names.append(driver)
    sets = {name: frozenset(names) for name, names in shown.items() if names}
    found: dict[str, str] = {}
    for driver in drivers:
        of_driver = [name for name, names in sets.items() if driver in names]
        inner = [name for name in of_driver if not any(other < sets[name] for other in sets.values())]
        if inner:
            found.setdefault(min(inner, key=lambda name: len(sets[name])), driver)
    return found | {name: min(sets[name]) for name in asked if name in sets and name not in found}


def part(run: Run, output: str, name: str, through: str, levels: Mapping[str, float]) -> Part:
    """Implied value of a part at each level: the median over the paths of part + level - total."""
    own, total = run.column(name), run.column(output)
    rest = total - own
    ordered = np.sort(own[np.isfinite(own)])
    implied = {}
    for word, level in levels.items():
        middle = estimate(rest, quantile(0.5))
        implied[word] = Estimate(level - middle.value, middle.error)
    return Part(
        name,
        through,
        Estimate(describe(own).percentiles[50], estimate(own, quantile(0.5)).error),
        implied,
        {word: float(np.searchsorted(ordered, e.value, side="right") / ordered.size) for word, e in implied.items()},
    )
