"""Decision rules learnt on some paths and paid on others: what knowing something is worth to a decision.

A rule fitted to other paths than those it is paid on earns no more than the best rule there is (it may miss some of the
worth, never invent any), and path by path no more than who knows the output. Errors come from the 16 replicates.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.analysis.estimate import Floats
from sim.analysis.learning import Regression
from sim.analysis.payoffs import Payoffs
from sim.analysis.replicates import Estimate, spread
from sim.config.decision import Decision, Disclosure
from sim.errors import ModelFailure
from sim.run.result import REPLICATES, Run, Value

LEAST = 200  # valid paths below which no worth is given
MOST = 262_144  # first paths that are looked at: 16,384 of each replicate
FOLDS = 4  # replicates r with the same r mod 4 are held out together
NESTED, DRAWS = 16_384, 64  # paths whose innovations are drawn anew, and how often
FAR = 2**24  # how many blocks of 16 paths beyond the run fresh innovations are taken from
_GRID = 1024
_SLIGHT = 0.005  # stretches of a rule on fewer paths are left out


@dataclass(frozen=True)
class Stretch:
    """Between these values of what is known (None: no end) one does this."""

    action: str
    low: float | None
    high: float | None

    def as_dict(self) -> dict[str, Any]:
        return {"action": self.action, "from": self.low, "to": self.high}


@dataclass(frozen=True)
class Paid:
    """What a rule pays more than today's decision: ``parts`` the mean of each replicate, float64[16].

    ``changes`` is the share of paths on which it differs from today's, ``explained`` the share of the output's variance
    that is known then (NaN: not asked), ``bias`` a bound on the bias of ``parts``.
    """

    parts: Floats
    changes: float = math.nan
    explained: float = math.nan
    bias: float = 0.0

    @property
    def worth(self) -> Estimate:
        return Estimate(float(self.parts.mean()), math.hypot(spread(self.parts), self.bias))


@dataclass(frozen=True)
class Learner:
    """The paths of a run by fold: ``paths`` their numbers, ``output`` the values of column ``name``.

    ``today`` is the action that pays most as things stand.
    """

    run: Run
    name: str
    payoffs: Payoffs
    paths: NDArray[np.int64]
    output: Floats
    folds: tuple[slice, ...]
    today: int
    invalid: int

    @classmethod
    def of(cls, run: Run, decision: Decision) -> Learner:
        """ModelFailure with fewer than `LEAST` valid paths."""
        whole = run.column(decision.output)[:MOST]
        valid = np.flatnonzero(np.isfinite(whole))
        if valid.size < LEAST:
            what = f"only {valid.size} valid paths: too few to learn from"
            raise ModelFailure(f"{what}; repeat the run with --paths 100_000")
        fold = valid % REPLICATES % FOLDS
        paths = valid[np.argsort(fold, kind="stable")]
        ends = np.concatenate(([0], np.cumsum(np.bincount(fold, minlength=FOLDS)))).tolist()
        payoffs = Payoffs.of(decision)
        output = whole[paths]
        today = int(payoffs.best(output.mean()[None])[0])
        folds = tuple(slice(low, high) for low, high in pairwise(ends))
        return cls(run, decision.output, payoffs, paths, output, folds, today, whole.size - valid.size)

    @property
    def nested(self) -> tuple[int, int]:
        """Paths and draws behind the worth of all drivers."""
        return min(NESTED, self.output.size), DRAWS

    def column(self, name: str) -> Floats:
        """A column of the paths looked at. ModelFailure if it has no value where the output has one."""
        found = self.run.column(name)[:MOST][self.paths]
        if not np.isfinite(found).all():
            lacking = int(np.count_nonzero(~np.isfinite(found)))
            raise ModelFailure(f"{name} has no value on {lacking:,} of {found.size:,} paths; leave it out")
        return found

    def perfect(self) -> Paid:
        """To know the output itself."""
        return self.paid(self.output)

    def single(self, name: str) -> tuple[Paid, tuple[Stretch, ...]]:
        """To know one driver, and what to do at which values of it."""
        return self._alone(self.column(name))

    def several(self, names: Sequence[str]) -> Paid:
        """To know these drivers together."""
        return self.paid(self.regression(names).expected())

    def regression(self, names: Sequence[str]) -> Regression:
        return Regression([self.column(name) for name in names], self.output, self.folds)

    def disclosure(self, disclosure: Disclosure, number: int) -> tuple[Paid, tuple[Stretch, ...]]:
        """To see a figure of the run, or several, with its error; the error's draws depend on the run's seed.

        Preposterior analysis by regression on the signal: what will be expected once it is seen is a function of it.
        """
        columns = [self.column(name) for name in disclosure.observe]
        if disclosure.error is not None:
            random = np.random.default_rng([int(self.run.manifest["seed"]), number])
            draws = random.standard_normal((len(columns), int(self.paths.max()) + 1))
            columns = [c + disclosure.error.sd * d[self.paths] for c, d in zip(columns, draws, strict=True)]
        if len(columns) == 1:
            return self._alone(columns[0])
        return self.paid(Regression(columns, self.output, self.folds).expected()), ()

    def all_drivers(self, value: Value, innovations: Sequence[str], perfect: Paid) -> Paid:
        """To know every driver, but no innovation: EVPI less what the innovations can still spoil.

        The output expected on a path is the mean of it with fresh innovations. With K of them it has a variance s2 / K,
        from which the rule that follows it loses, and the naive worth E[max(mean)] gains, the same to leading order
        (both are half the density at the switch times that variance); their mean is taken, and half their distance
        counts as an error beside that of sampling. Without innovations both are the EVPI itself.
        """
        if not innovations:
            return perfect
        chosen = np.sort(self.paths)[: self.nested[0]] if self.output.size > NESTED else self.paths
        random = np.random.default_rng(int(self.run.manifest["seed"]))
        own = value(chosen, None, "drawn", outputs=[self.name])[self.name]
        total, drawn = np.zeros(chosen.size), np.zeros(chosen.size)
        beyond = -(-self.run.paths // REPLICATES)
        for _ in range(DRAWS):
            # Of the same replicate, so that replicates stay independent of each other.
            other = (beyond + random.integers(0, FAR, chosen.size)) * REPLICATES + chosen % REPLICATES
            fresh = value(chosen, None, dict.fromkeys(innovations, other), outputs=[self.name])[self.name]
            valid = np.isfinite(fresh)
            total[valid] += fresh[valid]
            drawn += valid
        kept = drawn > 0
        chosen, own, mean = chosen[kept], own[kept], total[kept] / drawn[kept]
        best, rule = self.payoffs.best(own), self.payoffs.best(mean)
        ideal = self.payoffs.paid(best, own)
        spoilt = ideal - self.payoffs.paid(rule, own)
        naive = (ideal - self.payoffs.paid(self.today, own)) - (
            self.payoffs.paid(rule, mean) - self.payoffs.paid(self.today, mean)
        )
        low, high = (self._parts(each, chosen) for each in (naive, spoilt))
        return Paid(
            perfect.parts - (low + high) / 2,
            float(np.mean(rule != self.today)),
            bias=abs(float((high - low).mean())) / 2,
        )

    def paid(self, expected: Floats) -> Paid:
        """What a decision by the expected output pays, on the output that comes: float64[n] each."""
        rule = self.payoffs.best(expected)
        changed = np.flatnonzero(rule != self.today)
        gains = np.zeros(self.output.size)
        at = self.output[changed]
        gains[changed] = self.payoffs.paid(rule[changed], at) - self.payoffs.paid(self.today, at)
        explained = 1 - float(np.mean((self.output - expected) ** 2)) / (float(self.output.var()) or 1.0)
        return Paid(self._parts(gains, self.paths), changed.size / self.output.size, max(explained, 0.0))

    def lead(self) -> Estimate:
        """How much more today's action pays than the next best."""
        means = self.payoffs.slopes * self.output.mean() + self.payoffs.constants
        second = int(np.argsort(means)[-2])
        gap = self.payoffs.paid(self.today, self.output) - self.payoffs.paid(second, self.output)
        return Paid(self._parts(gap, self.paths)).worth

    def prospect(self, name: str) -> tuple[Estimate, float]:
        """What an action pays on average, and the share of paths on which it is the best."""
        action = self.payoffs.names.index(name)
        pays = Paid(self._parts(self.payoffs.paid(action, self.output), self.paths)).worth
        return pays, float(np.mean(self._best == action))

    @cached_property
    def _best(self) -> NDArray[np.int64]:
        return self.payoffs.best(self.output)

    def _parts(self, gains: Floats, paths: NDArray[np.int64]) -> Floats:
        """Means by replicate: float64[16]. Weighted so that their plain mean is the mean over all paths."""
        replicate = paths % REPLICATES
        return np.asarray(np.bincount(replicate, gains, REPLICATES) * (REPLICATES / paths.size), np.float64)

    def _alone(self, column: Floats) -> tuple[Paid, tuple[Stretch, ...]]:
        regression = Regression([column], self.output, self.folds)
        paid = self.paid(regression.expected())
        return paid, self._rule(regression, column)

    def _rule(self, regression: Regression, column: Floats) -> tuple[Stretch, ...]:
        """What to do at which values, from the fit to all paths; slight stretches go to their neighbour."""
        seen = np.sort(column[:: max(column.size // (16 * _GRID), 1)])
        places = seen[:: max(seen.size // _GRID, 1)]
        actions = self.payoffs.best(regression.curve(places))
        runs = np.flatnonzero(np.concatenate(([True], actions[1:] != actions[:-1])))
        lengths = np.diff(np.concatenate((runs, [places.size])))
        kept: list[tuple[int, int]] = []  # first place and action
        for first, length in zip(runs.tolist(), lengths.tolist(), strict=True):
            action = int(actions[first])
            if length >= _SLIGHT * places.size and (not kept or kept[-1][1] != action):
                kept.append((first, action))
        cuts = [float(places[first - 1] + places[first]) / 2 for first, _ in kept[1:]]
        ends: list[float | None] = [None, *cuts, None]
        return tuple(Stretch(self.payoffs.names[action], ends[i], ends[i + 1]) for i, (_, action) in enumerate(kept))
