"""Is it enough? How errors fall with the number of paths, and whether another seed could change what the run says.

Errors are those of 16 interleaved replicates, so they know how the paths were drawn. Another seed's estimate differs
from this one by sqrt(2) standard errors; divided by its own estimated error a difference follows Student's t with 15
degrees of freedom.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.analysis import replicates, tails, target
from sim.analysis.estimate import finite
from sim.analysis.replicates import Estimate
from sim.errors import InputError, ModelFailure, Problem
from sim.run.result import REPLICATES, Run

SMALLEST = 1024  # paths from which errors are traced
POINT = 0.001  # a tenth of a percentage point: the error that `paths_needed` is for
_DEGREES = REPLICATES - 1


@dataclass(frozen=True)
class Step:
    """The estimates of the first ``paths`` paths."""

    paths: int
    probability: Estimate
    mean: Estimate | None

    def as_dict(self) -> dict[str, Any]:
        return {
            "paths": self.paths,
            "probability": self.probability.as_dict(),
            "mean": self.mean and self.mean.as_dict(),
        }


@dataclass(frozen=True)
class Verdict:
    """Something that the run says, and the chance that the same run with another seed says otherwise."""

    says: str
    chance_of_change: float

    def as_dict(self) -> dict[str, Any]:
        return {"says": self.says, "chance_of_change": finite(self.chance_of_change)}


@dataclass(frozen=True)
class Convergence:
    """``slope`` is that of log error on log paths: -1/2 for independent paths, steeper for Sobol points.

    ``verdicts`` are named: side (target more likely reached than not), percent (the probability in whole percent), mean
    (above or below the price), driver (the strongest one). ``paths_needed`` bring the error of the probability to a
    tenth of a percentage point.
    """

    output: str
    label: str
    unit: str
    threshold: float
    probability: Estimate
    interval: tuple[float, float]
    steps: tuple[Step, ...]
    slope: Estimate
    verdicts: dict[str, Verdict]
    paths_needed: int | None

    def as_dict(self) -> dict[str, Any]:
        return {
            "output": self.output,
            "label": self.label,
            "unit": self.unit,
            "at_least": self.threshold,
            "probability": self.probability.as_dict(),
            "interval": list(self.interval),
            "steps": [step.as_dict() for step in self.steps],
            "slope": self.slope.as_dict(),
            "verdicts": {name: verdict.as_dict() for name, verdict in self.verdicts.items()},
            "paths_needed": self.paths_needed,
        }


def analyse(run: Run, output: str, threshold: float) -> Convergence:
    """Trace the error of P(output >= threshold), and of the mean, over doublings of the run's paths.

    InputError for a run of fewer than two doublings of 1,024 paths, ModelFailure if no path is valid.
    """
    column = run.column(output)
    if column.size < 4 * SMALLEST:
        what = f"{column.size:,} paths are too few to see an error fall"
        raise InputError(Problem("", what, f"run at least {4 * SMALLEST:,}"))
    if not np.isfinite(column).any():
        raise ModelFailure(f"no path gives a finite {output}: there is nothing to converge")
    has_mean = tails.analyse(column).has_variance
    reach = replicates.share_at_least(threshold)
    sizes = [SMALLEST * 2**i for i in range(int(math.log2(column.size / SMALLEST)) + 1)]
    sizes += [column.size] if column.size > 1.01 * sizes[-1] else []
    steps = tuple(
        Step(
            n,
            replicates.estimate(column[:n], reach),
            replicates.estimate(column[:n], replicates.mean) if has_mean else None,
        )
        for n in sizes
    )
    exact = target.analyse(run, output, threshold).success
    # Few successes make the replicates' error a poor one: the exact interval bounds it from below.
    error = max(steps[-1].probability.error, (exact.interval[1] - exact.interval[0]) / 2 / 1.96 * _rare(exact))
    found = Estimate(exact.probability, error)
    slope = _slope(steps)
    needed = None
    if error > 0.0:
        rate = min(-slope.value, 1.0) if run.manifest.get("sampler") == "sobol" and slope.value < -0.5 else 0.5
        needed = math.ceil(column.size * (error / POINT) ** (1.0 / rate))
    return Convergence(
        output,
        run.label(output),
        run.unit(output),
        threshold,
        found,
        exact.interval,
        steps,
        slope,
        _verdicts(run, output, found, steps[-1].mean),
        needed,
    )


def _rare(success: Any) -> float:
    """1 where fewer than 50 paths succeed, or fail; else 0."""
    count = success.probability * success.paths
    return 1.0 if min(count, success.paths - count) < 50 else 0.0


def _slope(steps: tuple[Step, ...]) -> Estimate:
    """Least squares of log error on log paths. Each log error is itself uncertain by about sqrt(1/30)."""
    kept = [(math.log(s.paths), math.log(s.probability.error)) for s in steps if s.probability.error > 0.0]
    if len(kept) < 3:
        return Estimate(math.nan, math.nan)
    x, y = np.array(kept).T
    centred = x - x.mean()
    squares = float(centred @ centred)
    slope = float(centred @ y) / squares
    rest = y - y.mean() - slope * centred
    return Estimate(slope, math.sqrt(float(rest @ rest) / (len(kept) - 2) / squares))


def _verdicts(run: Run, output: str, share: Estimate, mean: Estimate | None) -> dict[str, Verdict]:
    found = {}
    side = "more likely reached than missed" if share.value >= 0.5 else "more likely missed than reached"
    found["side"] = Verdict(side, _beyond(abs(share.value - 0.5), share.error))
    printed = round(100 * share.value)
    up, down = (printed + 0.5) / 100 - share.value, share.value - (printed - 0.5) / 100
    chance = _beyond(up, share.error) + _beyond(down, share.error)
    found["percent"] = Verdict(f"{printed}%", min(chance, 1.0))
    goal = run.target if run.target and run.target["output"] == output else None
    price = goal.get("price") if goal else None
    if price is not None and mean is not None:
        says = f"mean {'above' if mean.value >= price else 'below'} the price"
        found["mean"] = Verdict(says, _beyond(abs(mean.value - price), mean.error))
    drivers = list(run.summary.get("top_drivers", ())) if goal else []
    if len(drivers) > 1:
        first, second = drivers[0], drivers[1]
        gap = abs(first["rank_correlation"]) - abs(second["rank_correlation"])
        error = math.hypot(first["standard_error"], second["standard_error"])
        found["driver"] = Verdict(f"{first['label']} matters most", _beyond(gap, error))
    return found


def _beyond(distance: float, error: float) -> float:
    """Chance that another seed's estimate lies further than ``distance`` to one given side of this one."""
    from scipy.special import stdtr

    if not error > 0.0:
        return 0.0
    return float(stdtr(_DEGREES, -distance / (math.sqrt(2.0) * error)))
