"""The tornado: an output with each driver at its P10 and at its P90.

One at a time: all other drivers at their medians, all innovations zero. In expectation: all others drawn as they are in
the run, on the same paths for P10 and P90. Either way the driver is *set*: drivers correlated with it do not follow.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.analysis.estimate import Floats, finite
from sim.analysis.quantity import Quantity
from sim.analysis.replicates import Estimate, spread
from sim.run.result import REPLICATES, Inputs, Value

_P90 = 1.2815515655446004  # the standard normal's 90th percentile


@dataclass(frozen=True)
class Bar:
    """One driver: its P10 and P90, and the output there; one at a time (`alone`) and in expectation (`mean`).

    ``swing`` is the change of the mean from P10 to P90 with its standard error, on common paths.
    """

    driver: str
    p10: float
    p90: float
    alone: tuple[float, float]
    mean: tuple[Estimate, Estimate]
    swing: Estimate

    def as_dict(self) -> dict[str, Any]:
        return {
            "driver": self.driver,
            "p10": self.p10,
            "p90": self.p90,
            "alone": [finite(end) for end in self.alone],
            "mean": [end.as_dict() for end in self.mean],
            "swing": self.swing.as_dict() | {"interval": [finite(end) for end in self.swing.interval]},
        }


@dataclass(frozen=True)
class Tornado:
    """Bars by falling swing. ``central`` is the quantity with all at medians, ``mean`` that of the run.

    ``paths`` were valued for each end of a bar in expectation, ``invalid`` of all those gave no value and are left out
    (at both ends).
    """

    bars: tuple[Bar, ...]
    central: float
    mean: Estimate
    paths: int
    invalid: int
    valuations: int

    def as_dict(self) -> dict[str, Any]:
        return {
            "bars": [bar.as_dict() for bar in self.bars],
            "central": finite(self.central),
            "mean": self.mean.as_dict(),
            "paths": self.paths,
            "invalid": self.invalid,
            "valuations": self.valuations,
        }


def analyse(value: Value, inputs: Inputs, quantity: Quantity, first: int, paths: int) -> Tornado:
    """Bars of every driver that varies; expectations over the paths from ``first`` on, some ``paths`` of them.

    Expectations are regressed on the same paths with nothing set, whose mean the run knows better: few paths tell the
    level of a bar then. Errors are those of 16 interleaved replicates, and of the run's mean. For an indicator every
    number is a probability, and one at a time it is 0 or 1.
    """
    names = [name for group in inputs.groups for name in group.drivers]
    ends = {name: _ends(inputs, name) for name in names}
    central, alone = _alone(value, inputs, quantity, ends)
    n = max(math.ceil(paths / REPLICATES), 2) * REPLICATES
    numbers = first + np.arange(n)
    output = quantity.output
    drawn = quantity.of(value(numbers, outputs=(output,))[output])
    bars, invalid = [], int(np.count_nonzero(np.isnan(drawn)))
    both = np.concatenate([numbers, numbers])
    for name in names:
        given = {name: np.repeat(np.array(ends[name]), n)}
        low, high = quantity.of(value(both, given, outputs=(output,))[output]).reshape(2, n)
        lost = np.isnan(low) | np.isnan(high)
        invalid += int(np.count_nonzero(lost))
        low[lost] = high[lost] = np.nan
        mean = (_mean(low, drawn, quantity), _mean(high, drawn, quantity))
        bars.append(Bar(name, *ends[name], alone[name], mean, _mean(high - low, drawn, quantity)))
    bars.sort(key=lambda bar: (-abs(bar.swing.value) if math.isfinite(bar.swing.value) else math.inf, bar.driver))
    valuations = 2 * len(names) + 1 + n * (2 * len(names) + 1)
    return Tornado(tuple(bars), central, Estimate(quantity.mean, _error(quantity)), n, invalid, valuations)


def _alone(
    value: Value, inputs: Inputs, quantity: Quantity, ends: dict[str, tuple[float, float]]
) -> tuple[float, dict[str, tuple[float, float]]]:
    """The quantity with all drivers at medians and innovations zero, and with one at a time at its P10 and P90."""
    points = 2 * len(ends) + 1
    given: dict[str, Floats | float] = dict(inputs.medians)
    for i, (name, pair) in enumerate(ends.items()):
        column = np.full(points, inputs.medians[name])
        column[2 * i + 1 : 2 * i + 3] = pair
        given[name] = column
    found = quantity.of(value(np.zeros(points, np.int64), given, "zero", outputs=(quantity.output,))[quantity.output])
    pairs = found[1:].reshape(-1, 2)
    return float(found[0]), {name: (float(a), float(b)) for name, (a, b) in zip(ends, pairs, strict=True)}


def _ends(inputs: Inputs, driver: str) -> tuple[float, float]:
    low, high = inputs.marginal(driver, np.array([-_P90, _P90]))
    return float(low), float(high)


def _mean(column: Floats, drawn: Floats, quantity: Quantity) -> Estimate:
    """Mean of the valid values, with the quantity on the same paths as a control variate of known mean."""
    valid = np.isfinite(column) & np.isfinite(drawn)
    if not valid.any():
        return Estimate(math.nan, math.nan)
    y, x = column[valid], drawn[valid]
    scatter = float(((x - x.mean()) ** 2).sum())
    slope = float(((x - x.mean()) * (y - y.mean())).sum()) / scatter if scatter > 0 else 0.0
    free = column - slope * (drawn - quantity.mean)
    parts = [free[r::REPLICATES][valid[r::REPLICATES]] for r in range(REPLICATES)]
    error = spread(np.array([part.mean() if part.size else math.nan for part in parts]))
    return Estimate(float(free[valid].mean()), math.hypot(error, slope * _error(quantity)))


def _error(quantity: Quantity) -> float:
    """Standard error of the run's mean, as if its paths were independent (under Sobol it is less)."""
    return math.sqrt(quantity.variance / quantity.paths)
