"""What decides whether the target is reached: the business, the multiples, or the method?

Shapley effects of the classes of `sim.analysis.classes` (Owen 2014; Song, Nelson and Staum 2016): with v(S) = Var(E[Y |
X_S]), each class gets its mean gain over all orders, so that the shares add up to one, also where classes are
correlated. v(S) is the covariance of Y with a Y whose other drivers are drawn again given those of S (Janon et al.
2014), conditionally in the Gaussian copula.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.analysis import classes, tails
from sim.analysis.estimate import Floats
from sim.analysis.replicates import Estimate, spread
from sim.errors import ModelFailure
from sim.run.result import INDEPENDENT, REPLICATES, Group, Inputs, Run, Value

PATHS = 65_536
FEWEST = 100  # successes, and failures, below which whether the target is reached is not divided
ORDER: tuple[classes.Class, ...] = ("business", "multiples", "method")


@dataclass(frozen=True)
class Split:
    """Shares of the output's variance and of that of reaching ``threshold``, by class; each adds up to one.

    ``members`` are the drivers that vary, and the innovations, of each class. ``variance`` is None where the output has
    none, ``reaching`` where too few paths reach or miss the threshold. ``paths`` were valued anew.
    """

    output: str
    threshold: float
    paths: int
    members: Mapping[str, tuple[str, ...]]
    variance: Mapping[str, Estimate] | None
    reaching: Mapping[str, Estimate] | None
    rule: str = classes.RULE

    def as_dict(self) -> dict[str, Any]:
        def shares(found: Mapping[str, Estimate] | None) -> dict[str, Any] | None:
            return None if found is None else {name: share.as_dict() for name, share in found.items()}

        return {
            "output": self.output,
            "at_least": self.threshold,
            "paths": self.paths,
            "members": {name: list(members) for name, members in self.members.items()},
            "variance": shares(self.variance),
            "reaching": shares(self.reaching),
            "rule": self.rule,
        }


def analyse(
    run: Run, value: Value, inputs: Inputs, model: Mapping[str, Any], output: str, threshold: float, paths: int = PATHS
) -> Split:
    """Split the uncertainty of ``output`` and of ``output >= threshold`` by class, on ``paths`` new paths.

    ModelFailure in one sentence where there is nothing to split or no way to condition.
    """
    if inputs.copula != "gaussian":
        raise ModelFailure(
            "the split draws some drivers given the others, which it can only where a Gaussian copula joins them"
            f" (here: {inputs.copula})"
        )
    members = _members(classes.analyse(run, model, output), inputs)
    if len(members) < 2:
        only = f"the {next(iter(members))} alone" if members else "nothing"
        raise ModelFailure(f"{output} moves with {only}: there is nothing to split")
    paths = max(paths // REPLICATES, 2) * REPLICATES
    subsets = [s for size in range(1, len(members)) for s in combinations(members, size)]
    y, others = _valued(run, value, inputs, members, output, paths, subsets)
    valid = np.isfinite(y) & np.isfinite(others).all(axis=0)
    if np.count_nonzero(valid) < 0.9 * paths:
        raise ModelFailure(f"more than a tenth of the paths give no finite {output}: a split would mislead")
    variance = None
    if tails.analyse(y).has_variance:
        variance = _shares(members, subsets, y, others, valid)
    reached, again = (y >= threshold).astype(np.float64), (others >= threshold).astype(np.float64)
    successes = float(reached[valid].sum())
    enough = FEWEST <= successes <= np.count_nonzero(valid) - FEWEST
    reaching = _shares(members, subsets, reached, again, valid) if enough else None
    return Split(output, threshold, int(np.count_nonzero(valid)), members, variance, reaching)


def _members(classed: Mapping[str, classes.Class], inputs: Inputs) -> dict[str, tuple[str, ...]]:
    """Classes in fixed order with what varies in them; empty ones are left out."""
    found: dict[str, tuple[str, ...]] = {}
    for kind in ORDER:
        names = tuple(n for n, k in classed.items() if k == kind and n not in inputs.fixed)
        if names:
            found[kind] = names
    return found


def _valued(
    run: Run,
    value: Value,
    inputs: Inputs,
    members: Mapping[str, tuple[str, ...]],
    output: str,
    paths: int,
    subsets: Sequence[tuple[str, ...]],
) -> tuple[Floats, Floats]:
    """The output on fresh paths, float64[n], and with all but a subset drawn again: float64[subsets, n]."""
    random = np.random.default_rng([int(run.manifest["seed"]), 4])
    class_of = {name: kind for kind, names in members.items() for name in names}
    # Drivers that do not move the output need no draw; a class of its own keeps them out of the way.
    groups = [g for g in inputs.groups if any(name in class_of for name in g.drivers)]
    normals = [_factor(g.matrix) @ random.standard_normal((len(g.drivers), paths)) for g in groups]

    def drivers(every: Sequence[Floats]) -> dict[str, Floats | float]:
        return {
            name: inputs.marginal(name, row)
            for g, z in zip(groups, every, strict=True)
            for name, row in zip(g.drivers, z, strict=True)
            if name in class_of
        }

    # Sobol points further along the same sequence are shifts of the first, not independent of them.
    own = INDEPENDENT + np.arange(paths)
    given = drivers(normals)
    y = value(own, given, outputs=[output])[output]
    others = np.empty((len(subsets), paths))
    for row, kept in enumerate(subsets):
        again = [_again(random, g, z, kept, class_of) for g, z in zip(groups, normals, strict=True)]
        taken: dict[str, NDArray[np.int64]] = {
            name: own + (row + 1) * paths
            for kind, names in members.items()
            if kind not in kept
            for name in names
            if name in inputs.innovations
        }
        others[row] = value(own, drivers(again), taken or "drawn", outputs=[output])[output]
    return y, others


def _again(
    random: np.random.Generator, group: Group, z: Floats, kept: Sequence[str], class_of: Mapping[str, str]
) -> Floats:
    """Normals of a group drawn again given those of the kept classes: z float64[k, n]."""
    held = np.array([class_of.get(name) in kept for name in group.drivers])
    if held.all():
        return z
    fresh = z.copy()
    free, noise = ~held, random.standard_normal((int(np.count_nonzero(~held)), z.shape[1]))
    if not held.any():
        fresh[free] = _factor(group.matrix) @ noise
        return fresh
    across = group.matrix[np.ix_(free, held)]
    slope = np.linalg.lstsq(group.matrix[np.ix_(held, held)], across.T, rcond=None)[0].T
    rest = group.matrix[np.ix_(free, free)] - slope @ across.T
    fresh[free] = slope @ z[held] + _factor(rest) @ noise
    return fresh


def _factor(matrix: Floats) -> Floats:
    """A square root of a covariance matrix, also of one without full rank."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray(vectors * np.sqrt(np.clip(values, 0.0, None)))


def _shares(
    members: Mapping[str, tuple[str, ...]],
    subsets: Sequence[tuple[str, ...]],
    y: Floats,
    others: Floats,
    valid: NDArray[np.bool_],
) -> dict[str, Estimate]:
    """Shapley shares of v(S) / Var(Y), errors from interleaved replicates."""

    def shares(part: slice) -> Floats:
        chosen = valid[part]
        own = y[part][chosen]
        gains = {(): 0.0, tuple(members): float(own.var())}
        for row, kept in enumerate(subsets):
            again = others[row, part][chosen]
            centre = (own.mean() + again.mean()) / 2
            gains[kept] = float(((own - centre) * (again - centre)).mean())
        return shapley(tuple(members), gains) / gains[tuple(members)]

    whole = shares(slice(None))
    parts = np.array([shares(slice(r, None, REPLICATES)) for r in range(REPLICATES)])
    return {name: Estimate(float(whole[i]), spread(parts[:, i])) for i, name in enumerate(members)}


def shapley(players: Sequence[str], gains: Mapping[tuple[str, ...], float]) -> Floats:
    """Each player's mean gain over all orders (Shapley 1953): float64[k]. ``gains`` by subset in players' order."""
    k, found = len(players), np.zeros(len(players))
    for i, player in enumerate(players):
        rest = [p for p in players if p != player]
        for size in range(k):
            weight = math.factorial(size) * math.factorial(k - size - 1) / math.factorial(k)
            for subset in combinations(rest, size):
                joined = tuple(p for p in players if p in subset or p == player)
                found[i] += weight * (gains[joined] - gains[subset])
    return found
