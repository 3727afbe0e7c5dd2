"""The smallest change of belief that gives success a wanted probability: minimum relative entropy.

Two answers. Of *all* ways to weigh the paths the least surprising one gives every success the same weight and every
failure the same (Jaynes 1957; Csiszar 1975, Annals of Probability 3, p. 146): nothing but the odds of success change,
and every column becomes a mixture of what it is given success and given failure. Of the ways that only move the
*means* of the drivers' normals, whose joint law N(0, R) becomes N(m, R), the least surprising one has its relative
entropy m' R^-1 m / 2 as small as can be: exponential tilting of the paths by theta = R^-1 m. The first is the floor of
surprise, the second is a belief one can state and argue about, driver by driver.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.analysis.estimate import Floats
from sim.analysis.given_success import Spread, spread_of
from sim.analysis.replicates import spread
from sim.analysis.splits import Split
from sim.run.result import REPLICATES

FEWEST_EFFECTIVE = 200
_ROUNDS = 60
_SOLVABLE = 10.0  # effective paths under which weights are those of a few paths and no direction is to be had
_CLOSE = 1e-9  # in normal scores: far below the Monte Carlo error of a direction


@dataclass(frozen=True)
class Change:
    """Weights that make success as likely as wanted: p / P on successes, (1 - p) / (1 - P) on failures, mean 1.

    ``bits`` is the relative entropy to the drawn paths, ``effective`` Kish's effective number of paths.
    """

    probability: float
    on_success: float
    on_failure: float
    bits: float
    effective: float

    def as_dict(self) -> dict[str, Any]:
        return {
            "weight_on_success": self.on_success,
            "weight_on_failure": self.on_failure,
            "surprise_bits": self.bits,
            "effective_paths": self.effective,
        }


@dataclass(frozen=True)
class Moved:
    """A column before and after the change of belief."""

    name: str
    before: Spread
    after: Spread

    def as_dict(self) -> dict[str, Any]:
        return {"name": self.name, "before": self.before.as_dict(), "after": self.after.as_dict()}


def change(successes: int, failures: int, probability: float) -> Change:
    """The least surprising weights of ``successes`` + ``failures`` paths, both > 0, for a probability in (0, 1)."""
    paths = successes + failures
    share = successes / paths
    up, down = probability / share, (1 - probability) / (1 - share)
    bits = probability * math.log2(up) + (1 - probability) * math.log2(down)
    effective = 1.0 / (probability**2 / successes + (1 - probability) ** 2 / failures)
    return Change(probability, up, down, max(bits, 0.0), effective)


def moved(name: str, split: Split, before: Spread, probability: float) -> Moved:
    """A column when the successes are given the weight ``probability``."""
    return Moved(name, before, spread_of(split, probability))


@dataclass(frozen=True)
class Tilt:
    """Means m (float64[d], in sds) of the drivers' normals at which success is as likely as wanted.

    ``theta`` are the natural coordinates R^-1 m, zero for drivers that only follow others; ``errors`` the standard
    errors of m. ``bits`` is m' theta / (2 ln 2), ``effective`` Kish's number of the tilted paths, ``probability`` the
    tilted share of successes.
    """

    means: Floats
    errors: Floats
    theta: Floats
    bits: float
    effective: float
    probability: float


def tilt(
    z: Floats, success: NDArray[np.bool_], matrix: Floats, probability: float, free: Sequence[int] | None = None
) -> Tilt:
    """Solve for the smallest shift of means from paths of normals z: float64[n, d] with correlation ``matrix``.

    Only the means of the columns ``free`` (all, if None) are chosen; the others follow through their correlation. At
    the optimum the shift points to the mean of z over the tilted successes: the direction is repeated until it stands
    still, its length solved each time so that the tilted probability is exact. Errors are those of the direction's
    sixteen interleaved parts.
    """
    columns = list(range(z.shape[1]) if free is None else free)
    block = matrix[np.ix_(columns, columns)]
    part = np.ascontiguousarray(z[:, columns])
    theta, weights = _solved(part, success, block, probability)
    every = np.zeros(z.shape[1])
    every[columns] = theta
    means = matrix @ every
    effective = _effective(weights)
    errors = np.full(means.size, math.nan)
    if effective >= FEWEST_EFFECTIVE:
        solved = [_solved(part[r::REPLICATES], success[r::REPLICATES], block, probability) for r in range(REPLICATES)]
        if all(_effective(weighed) >= _SOLVABLE for _, weighed in solved):
            replicas = np.array([matrix[:, columns] @ of_part for of_part, _ in solved])
            errors = np.array([spread(column) for column in replicas.T])
    return Tilt(
        means,
        errors,
        every,
        float(means @ every) / (2 * math.log(2)),
        effective,
        float(weights[success].sum() / weights.sum()),
    )


def _solved(z: Floats, success: NDArray[np.bool_], matrix: Floats, probability: float) -> tuple[Floats, Floats]:
    """(theta, weights): natural coordinates of the smallest shift, float64[k], and the weights of the paths.

    Where so few paths would carry all weight that there is nothing to solve, what was reached: see `_effective`.
    """
    weights = np.ones(success.size)
    theta = np.zeros(z.shape[1])
    length = 1.0
    if success.all() or not success.any():
        return theta, np.zeros(success.size)
    for _ in range(_ROUNDS):
        # The gradient of P over m: P (1 - P) times the difference of the tilted means of successes and failures.
        rising = _mean(z, weights, success) - _mean(z, weights, ~success)
        new = np.asarray(np.linalg.solve(matrix, rising), np.float64)
        new *= length / math.sqrt(max(float(new @ matrix @ new), 1e-300))
        new, weights = _scaled(z, success, new, probability)
        step, theta = float(np.abs(new - theta).max()), new
        length = math.sqrt(max(float(theta @ matrix @ theta), 1e-24))
        if step < _CLOSE or _effective(weights) < _SOLVABLE:
            break
    return theta, weights


def _effective(weights: Floats) -> float:
    """Kish's effective number of weighted paths."""
    total = float((weights**2).sum())
    return float(weights.sum()) ** 2 / total if total else 0.0


def _mean(z: Floats, weights: Floats, chosen: NDArray[np.bool_]) -> Floats:
    return np.asarray(weights[chosen] @ z[chosen] / weights[chosen].sum())


def _scaled(z: Floats, success: NDArray[np.bool_], theta: Floats, probability: float) -> tuple[Floats, Floats]:
    """The multiple of theta, which raises the share of successes, at which that tilted share is the probability.

    With the weights of the paths there. Where no multiple gets there before few paths carry all weight: the last tried.
    """
    from scipy.optimize import brentq

    scores = z @ theta

    def weights_at(t: float) -> Floats:
        tilted = t * scores
        return np.asarray(np.exp(tilted - tilted.max()))

    def excess(t: float) -> float:
        weights = weights_at(t)
        return float(weights[success].sum() / weights.sum()) - probability

    start = excess(0.0)
    if start == 0:
        return theta * 0.0, weights_at(0.0)
    low, high = 0.0, math.copysign(1.0, -start)
    while (excess(high) > 0) == (start > 0):
        if _effective(weights_at(high)) < _SOLVABLE:
            return theta * high, weights_at(high)
        low, high = high, 2 * high
    high = float(brentq(excess, low, high, xtol=1e-15, rtol=8.9e-16))
    return theta * high, weights_at(high)
