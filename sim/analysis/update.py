"""What an observation teaches: the run before and after it, driver by driver, and how surprising it was."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.analysis import replicates, scores
from sim.analysis.estimate import finite
from sim.analysis.replicates import Estimate
from sim.config.observations import Observation, column_of

Floats = NDArray[np.float64]
SHOWN = (5, 25, 50, 75, 95)
OF_DRIVERS = (10, 50, 90)
BINS = 60
UNREACHED = 2.5  # errors by which even the updated paths miss an observation before the model is doubted


@dataclass(frozen=True)
class Change:
    """One quantity before and after: percentiles, mean and s.d., each with its standard error.

    ``moved`` is the shift of the mean in standard deviations of before, ``narrowed`` the share of the standard
    deviation that is gone (negative if it grew).
    """

    name: str
    label: str
    unit: str
    before: Mapping[str, Estimate]
    after: Mapping[str, Estimate]
    moved: Estimate
    narrowed: float

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "label": self.label,
            "unit": self.unit,
            "before": {key: each.as_dict() for key, each in self.before.items()},
            "after": {key: each.as_dict() for key, each in self.after.items()},
            "moved": self.moved.as_dict(),
            "narrowed": finite(self.narrowed),
        }


@dataclass(frozen=True)
class Surprise:
    """An observation in the eyes of the run before it: its percentile there (PIT), and what was expected.

    ``distance`` is in standard deviations of what was expected, error of measurement included; ``missed`` in errors of
    measurement, from the middle of the updated paths.
    """

    observation: Observation
    change: Change
    pit: Estimate
    distance: float
    missed: float

    @property
    def reached(self) -> bool:
        return self.missed <= UNREACHED

    def as_dict(self) -> dict[str, Any]:
        return {
            **self.observation.as_dict(),
            "pit": self.pit.as_dict(),
            "distance": finite(self.distance),
            "missed": finite(self.missed),
            "reached": self.reached,
            **{key: value for key, value in self.change.as_dict().items() if key not in ("name", "unit")},
            "unit": self.change.unit,
        }


@dataclass(frozen=True)
class Side:
    """Paths before or after: float64[n] columns by name. ``observed`` float64[k, n], ``target`` float64[n] or None.

    Path i belongs to replicate i mod 16, so that errors come from the spread over column[r::16].
    """

    drivers: Mapping[str, Floats]
    observed: Floats
    target: Floats | None


@dataclass(frozen=True)
class Update:
    """What the observations changed. ``drivers`` are sorted by how far they moved, the farthest first.

    ``probability`` is P(target reached), before and after, None without a target. ``densities`` hold shares of paths
    in common bins, for figures: the target's output and the most surprising observed quantity.
    """

    surprises: tuple[Surprise, ...]
    drivers: tuple[Change, ...]
    target: Change | None
    at_least: float | None
    probability: tuple[Estimate, Estimate] | None
    densities: Mapping[str, Mapping[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        before, after = self.probability or (None, None)
        return {
            "observations": [each.as_dict() for each in self.surprises],
            "drivers": [each.as_dict() for each in self.drivers],
            "target": None
            if self.target is None
            else {
                **self.target.as_dict(),
                "at_least": self.at_least,
                "probability": None
                if before is None or after is None
                else {"before": before.as_dict(), "after": after.as_dict()},
            },
            "densities": {name: dict(each) for name, each in self.densities.items()},
        }


def analyse(
    before: Side,
    after: Side,
    observations: Sequence[Observation],
    facts: Mapping[str, tuple[str, str]],
    target: tuple[str, float] | None,
) -> Update:
    """Compare two sides. ``facts`` are (label, unit) by driver, observed column and target output.

    ``target`` is the output under test with its threshold; ``observations`` are in the order of ``observed``.
    """
    surprises = [
        _surprise(observation, key, before.observed[k], after.observed[k], facts)
        for k, (observation, key) in enumerate(zip(observations, map(column_of, observations), strict=True))
    ]
    varying = [name for name, column in before.drivers.items() if np.ptp(column) > 0]
    drivers = [_change(name, before.drivers[name], after.drivers[name], facts, OF_DRIVERS) for name in varying]
    drivers.sort(key=lambda each: -abs(each.moved.value) if math.isfinite(each.moved.value) else 0.0)
    change, probability, densities = None, None, {}
    if target is not None and before.target is not None and after.target is not None:
        output, threshold = target
        reached = replicates.share_at_least(threshold)
        change = _change(output, before.target, after.target, facts)
        probability = (
            replicates.estimate(before.target, reached),
            replicates.estimate(after.target, reached),
        )
        densities["target"] = _density(before.target, after.target)
    if surprises:
        most = max(range(len(surprises)), key=lambda k: abs(surprises[k].distance))
        densities["observed"] = {"observation": most, **_density(before.observed[most], after.observed[most])}
    return Update(
        tuple(surprises), tuple(drivers), change, None if target is None else target[1], probability, densities
    )


def _surprise(
    observation: Observation, key: str, before: Floats, after: Floats, facts: Mapping[str, tuple[str, str]]
) -> Surprise:
    """The PIT is that of the value that will be measured: error of measurement included, each path with its own."""
    normal = observation.how == "sd"

    def transform(values: Floats) -> float:
        if not values.size:
            return math.nan
        if not normal:
            return scores.pit(values, observation.value, within=0.5)
        return float(_below((observation.value - values) / observation.error).mean())

    sd = float(np.nanstd(before))
    noise = observation.error if normal else observation.error / math.sqrt(3.0)
    expected = math.hypot(sd, noise)
    distance = (observation.value - float(np.nanmean(before))) / expected if expected > 0 else math.nan
    missed = abs(float(np.nanmedian(after)) - observation.value) / observation.error
    return Surprise(
        observation, _change(key, before, after, facts), replicates.estimate(before, transform), distance, missed
    )


def _below(z: Floats) -> Floats:
    from scipy.special import ndtr

    return np.asarray(ndtr(z))


def _change(
    name: str,
    before: Floats,
    after: Floats,
    facts: Mapping[str, tuple[str, str]],
    shown: Sequence[int] = SHOWN,
) -> Change:
    label, unit = facts.get(name, (name, "1"))
    sides = []
    for column in (before, after):
        found = {"mean": replicates.estimate(column, replicates.mean), "sd": replicates.estimate(column, _sd)}
        found |= {f"p{p}": replicates.estimate(column, replicates.quantile(p / 100)) for p in shown}
        sides.append(found)
    old, new = sides
    sd = old["sd"].value
    if not (sd > 0 and math.isfinite(sd)):
        return Change(name, label, unit, old, new, Estimate(math.nan, math.nan), math.nan)
    error = math.hypot(old["mean"].error, new["mean"].error) / sd
    moved = Estimate((new["mean"].value - old["mean"].value) / sd, error)
    return Change(name, label, unit, old, new, moved, 1.0 - new["sd"].value / sd)


def _sd(values: Floats) -> float:
    return float(values.std(ddof=1)) if values.size > 1 else math.nan


def _density(before: Floats, after: Floats) -> dict[str, Any]:
    """Shares of paths in `BINS` equal bins from the lower P0.5 to the higher P99.5; what lies beyond is left out."""
    old, new = before[np.isfinite(before)], after[np.isfinite(after)]
    ends = np.array([np.quantile(each, [0.005, 0.995]) for each in (old, new)])
    low, high = float(ends[:, 0].min()), float(ends[:, 1].max())
    edges = np.linspace(low, high if high > low else low + 1.0, BINS + 1)
    shares = [np.histogram(each, edges)[0] / each.size for each in (old, new)]
    return {"edges": edges.tolist(), "before": shares[0].tolist(), "after": shares[1].tolist()}
