"""What if? Several runs of one output side by side: their distributions, their weighted mixture, and what each changes.

Differences are taken path by path, which is only right where runs share their random numbers: then most of the chance
cancels. They are taken against the first run, and the drivers behind them by a bridge (`sim.analysis.bridge`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.analysis import bridge, exceedance, replicates, tails
from sim.analysis.differences import Side
from sim.analysis.estimate import Floats, finite
from sim.analysis.replicates import Estimate, spread
from sim.errors import InputError, ModelFailure, Problem
from sim.run.result import REPLICATES

MARKS = (0.05, 0.5, 0.95)
SHARED = 65_536  # paths of a difference between runs that were drawn from different seeds
BRIDGED = 200_000  # paths valued anew for each bridge


@dataclass(frozen=True)
class Case:
    """One run, or the mixture of several: mean, percentiles P5 P50 P95, chance to reach the threshold, its curve.

    ``mean`` is None where the output has no variance. ``curve`` are the values at `exceedance.SHARES`.
    """

    name: str
    weight: float | None
    paths: int
    mean: Estimate | None
    percentiles: tuple[Estimate, ...]
    reaches: Estimate | None
    curve: tuple[float, ...]

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "weight": self.weight,
            "paths": self.paths,
            "mean": self.mean and self.mean.as_dict(),
            "percentiles": {f"{100 * p:g}": e.as_dict() for p, e in zip(MARKS, self.percentiles, strict=True)},
            "reaches": self.reaches and self.reaches.as_dict(),
            "curve": [finite(x) for x in self.curve],
        }


@dataclass(frozen=True)
class Difference:
    """A case less the first one, path by path. ``drivers`` are the steps of its mean by driver, largest first.

    ``higher`` is the share of paths on which the case is above the first; ``drivers`` is empty where nothing but seeds
    differs or the mean does not exist.
    """

    name: str
    paths: int
    mean: Estimate | None
    percentiles: tuple[Estimate, ...]
    higher: Estimate
    correlation: float
    drivers: tuple[tuple[str, Estimate], ...]
    drivers_paths: int
    redrawn: bool

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "paths": self.paths,
            "mean": self.mean and self.mean.as_dict(),
            "percentiles": {f"{100 * p:g}": e.as_dict() for p, e in zip(MARKS, self.percentiles, strict=True)},
            "higher": self.higher.as_dict(),
            "correlation": finite(self.correlation),
            "drivers": [{"name": name, **step.as_dict()} for name, step in self.drivers],
            "drivers_paths": self.drivers_paths,
            "redrawn": self.redrawn,
        }


@dataclass(frozen=True)
class Comparison:
    """``differences`` are against the first case; ``mixture`` weighs the cases that have a weight.

    ``unpaired`` are cases whose paths cannot be set against the first one's: an updated run, whose paths are chosen.
    """

    output: str
    label: str
    unit: str
    threshold: float | None
    cases: tuple[Case, ...]
    mixture: Case | None
    differences: tuple[Difference, ...]
    unpaired: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return {
            "output": self.output,
            "label": self.label,
            "unit": self.unit,
            "at_least": self.threshold,
            "cases": [case.as_dict() for case in self.cases],
            "mixture": self.mixture and self.mixture.as_dict(),
            "differences": [difference.as_dict() for difference in self.differences],
            "unpaired": list(self.unpaired),
        }


def analyse(
    sides: Sequence[Side],
    names: Sequence[str],
    output: str,
    threshold: float | None,
    weights: Sequence[float | None] | None = None,
) -> Comparison:
    """Set runs side by side. ``weights`` (None: not part of the mixture) add up to one; without any no mixture.

    InputError for weights that do not; ModelFailure for a run without a valid path.
    """
    if len(sides) < 2:
        raise InputError(Problem("", "one run is nothing to compare", "name two runs or more"))
    weights = [None] * len(sides) if weights is None else list(weights)
    given = [weight for weight in weights if weight is not None]
    if given and abs(math.fsum(given) - 1.0) > 1e-9:
        what = f"the weights add up to {math.fsum(given):g}"
        raise InputError(Problem("--weights", what, "give weights that add up to 1"))
    columns = [_column(side, output) for side in sides]
    cases = tuple(
        _case(name, weight, [column], [1.0], threshold)
        for name, weight, column in zip(names, weights, columns, strict=True)
    )
    mixture = None
    if len(given) > 1:
        weighed = [(column, weight) for column, weight in zip(columns, weights, strict=True) if weight is not None]
        mixture = _case("mixture", 1.0, [c for c, _ in weighed], [w for _, w in weighed], threshold)
    differences = tuple(
        _difference(sides[0], sides[i], names[i], columns[0], columns[i], output)
        for i in range(1, len(sides))
        if sides[0].paired and sides[i].paired
    )
    unpaired = tuple(name for name, side in zip(names[1:], sides[1:], strict=True) if not side.paired)
    unpaired = unpaired if sides[0].paired else tuple(names[1:])
    run = sides[0].run
    return Comparison(output, run.label(output), run.unit(output), threshold, cases, mixture, differences, unpaired)


def _column(side: Side, output: str) -> Floats:
    column = side.run.column(side.run.known(output))
    if not np.isfinite(column).any():
        raise ModelFailure(
            f"no path of {side.run.manifest['run']} gives a finite {output}: there is nothing to compare"
        )
    return column


def _case(
    name: str, weight: float | None, columns: Sequence[Floats], weights: Sequence[float], threshold: float | None
) -> Case:
    """Statistics of a weighted mixture of columns, errors from the replicates of all of them together."""

    def of(statistic: Callable[[Floats], float]) -> Estimate:
        parts = [[w * statistic(_valid(c[r::REPLICATES])) for c, w in zip(columns, weights, strict=True)]
                 for r in range(REPLICATES)]  # fmt: skip
        whole = math.fsum(w * statistic(_valid(c)) for c, w in zip(columns, weights, strict=True))
        return Estimate(whole, spread(np.array([math.fsum(part) for part in parts])))

    every = [exceedance.quantiles([c[r::REPLICATES] for c in columns], weights, MARKS) for r in range(REPLICATES)]
    curve = exceedance.quantiles(columns, weights, [*MARKS, *(1.0 - share for share in exceedance.SHARES)])
    errors = [spread(np.array([each[i] for each in every])) for i in range(len(MARKS))]
    return Case(
        name,
        weight,
        sum(int(np.count_nonzero(np.isfinite(column))) for column in columns),
        of(replicates.mean) if all(tails.analyse(column).has_variance for column in columns) else None,
        tuple(Estimate(float(value), error) for value, error in zip(curve, errors, strict=False)),
        None if threshold is None else of(replicates.share_at_least(threshold)),
        tuple(float(x) for x in curve[len(MARKS) :]),
    )


def _difference(a: Side, b: Side, name: str, before: Floats, after: Floats, output: str) -> Difference:
    """Path by path on the paths that both have, or on new ones where the stored ones do not share their draws."""
    if not b.stored:
        paths = np.arange(min(before.size, after.size, SHARED))
        before, after = (side.value(paths, outputs=[output])[output] for side in (a, b))
    n = min(before.size, after.size)
    before, after = before[:n], after[:n]
    step = after - before
    valid = np.isfinite(step)
    if not valid.any():
        raise ModelFailure(f"no path gives a finite {output} in both runs: there is no difference to show")
    has_variance = tails.analyse(step).has_variance
    varies = valid.sum() > 2 and np.ptp(before[valid]) > 0 and np.ptp(after[valid]) > 0
    drivers: tuple[tuple[str, Estimate], ...] = ()
    found = None
    if has_variance and np.any(step[valid] != 0.0):
        found = bridge.analyse(a, b, output, None, evaluations=BRIDGED)
        if "mean" in found.statistics:
            steps = found.statistics["mean"].steps
            drivers = tuple((player.name, step) for player, step in zip(found.players, steps, strict=True))
    return Difference(
        name,
        int(np.count_nonzero(valid)),
        replicates.estimate(step, replicates.mean) if has_variance else None,
        tuple(replicates.estimate(step, replicates.quantile(mark)) for mark in MARKS),
        replicates.estimate(np.where(valid, (step > 0.0).astype(np.float64), np.nan), replicates.mean),
        float(np.corrcoef(before[valid], after[valid])[0, 1]) if varies else math.nan,
        drivers,
        0 if found is None else found.paths,
        not b.stored,
    )


def _valid(column: Floats) -> Floats:
    return column[np.isfinite(column)]
