"""Paths near the data by sequential Monte Carlo, for observations that the prior's own paths hardly ever meet.

Particles start from the prior and are led to the data in stages: each stage raises the likelihood to a higher power
(and narrows tolerances) so that half of the particles stay effective, resamples, and moves every particle by steps that
leave the stage's distribution unchanged (Del Moral, Doucet and Jasra 2006, Journal of the Royal Statistical Society B
68, 411-436). A particle is the independent normals behind the drivers and the path whose innovations it takes.

Steps are autoregressive about the prior in a random part of the groups (Cotter et al. 2013, Statistical Science 28,
p. 429) with now and then another path's innovations, in turn with steps about the normal law fitted to the particles of
the stage (Chopin 2002, Biometrika 89, p. 545), which follow the ridges that exact observations leave. The shocks of the
periods up to the observation should be drivers (`sim.pipeline.shocks`): a whole innovation cannot be moved a little.

The particles form 16 populations that never meet, so that the spread over column[r::16] is an honest error: it holds
whatever resampling has made particles share.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sim.analysis.conditioning import LEAST, Floats, Ints, Likelihood
from sim.errors import ModelFailure
from sim.run.result import REPLICATES, Inputs, Value

STAGES = 200  # no observation that a model can reach needs more
MOVES = 6  # moves of every particle in a stage
LAST_MOVES, MOST_MOVES = 24, 384  # at the data: at least, and at most until the particles are worth enough
PATHS = 2**31  # innovations come from paths below this, so that the generator of any sampler can number them


@dataclass(frozen=True)
class Particles:
    """Equally weighted posterior paths: the path whose innovations are taken, int64[n], and drivers float64[n] by name.

    ``effective`` is what the particles are worth as independent draws of the ``watched`` output, from the spread over
    the populations; ``accepted`` the accepted moves a particle since the last resampling, out of ``moves``.
    """

    paths: Ints
    drivers: dict[str, Floats]
    stages: int
    moves: int
    accepted: float
    effective: float


@dataclass
class _State:
    normals: Floats  # [varying drivers, n], independent under the prior
    paths: Ints  # [n]
    observed: Floats  # [k, n]


class _Sampler:
    def __init__(self, value: Value, inputs: Inputs, columns: list[str], likelihood: Likelihood, count: int, seed: int):
        self._value, self._inputs, self._columns, self._likelihood = value, inputs, columns, likelihood
        self._random = np.random.Generator(np.random.Philox(seed))
        self._count = count
        self._groups: list[tuple[slice, Floats]] = []
        self.names: list[str] = []
        for group in inputs.groups:
            rows = slice(len(self.names), len(self.names) + len(group.drivers))
            self._groups.append((rows, np.asarray(np.linalg.cholesky(group.matrix), np.float64)))
            self.names += group.drivers
        normals, paths = self._prior(), self._fresh()
        self.state = _State(normals, paths, self.observed(normals, paths, columns))
        self.power, self.reach = 0.0, np.inf
        self.fit()

    def _prior(self) -> Floats:
        return self._random.standard_normal((len(self.names), self._count))

    def fit(self) -> None:
        """The normal law of the particles as they are, about which some steps are taken until the next fit."""
        self._centre = self.state.normals.mean(axis=1, keepdims=True)
        size = len(self.names)
        spread = np.cov(self.state.normals).reshape(size, size) + 1e-9 * np.eye(size)
        self._factor = np.linalg.cholesky(spread)
        self._inverse = np.linalg.inv(self._factor)

    def _fresh(self) -> Ints:
        return self._random.integers(PATHS, size=self._count)

    def drivers(self, normals: Floats) -> dict[str, Floats]:
        found = {}
        for rows, factor in self._groups:
            mixed = factor @ normals[rows] if factor.shape[0] > 1 else normals[rows]
            for name, row in zip(self.names[rows], mixed, strict=True):
                found[name] = self._inputs.marginal(name, row)
        return found

    def observed(self, normals: Floats, paths: Ints, columns: list[str]) -> Floats:
        found = self._value(paths, self.drivers(normals), outputs=columns)
        return np.array([found[name] for name in columns])

    def log(self, observed: Floats, power: float, reach: float) -> Floats:
        """Log of the stage's likelihood: tolerances are ``reach`` times as wide, normal errors count by ``power``."""
        misfits, normal = self._likelihood.misfits(observed), self._likelihood.normal
        squares = np.sum(misfits[normal] ** 2, axis=0)
        total = -0.5 * power * squares if power > 0 else np.zeros(squares.size)
        beyond = (np.abs(misfits[~normal]) > reach).any(axis=0)
        return np.asarray(np.where(beyond | ~np.isfinite(observed).all(axis=0), -np.inf, total))

    def advance(self) -> None:
        """The next stage: tolerances first, then the normal errors; then resample within each population."""
        now = self.log(self.state.observed, self.power, self.reach)
        valid = np.isfinite(now)
        if not valid.any():
            raise ModelFailure("no path has a value where one was observed; check cell and period of the observation")
        tolerances = ~self._likelihood.normal
        if self.reach > 1.0 and tolerances.any():
            far = np.abs(self._likelihood.misfits(self.state.observed)[tolerances]).max(axis=0)
            self.reach = max(1.0, float(np.quantile(far[valid], 0.5)))
        else:
            self.reach = 1.0
            low, high = self.power, 1.0
            if self._worth(now, high) < 0.5:
                for _ in range(40):
                    middle = 0.5 * (low + high)
                    low, high = (middle, high) if self._worth(now, middle) >= 0.5 else (low, middle)
                self.power = high
            else:
                self.power = 1.0
        change = self.log(self.state.observed, self.power, self.reach)
        self._resample(np.where(valid, change - np.where(valid, now, 0.0), -np.inf))
        self.fit()

    def _worth(self, now: Floats, power: float) -> float:
        """Share of the particles that stay effective at ``power``."""
        step = self.log(self.state.observed, power, self.reach)
        step = np.where(np.isfinite(now), step - np.where(np.isfinite(now), now, 0.0), -np.inf)
        weights = np.exp(step - step.max())
        return float(weights.sum() ** 2 / np.sum(weights**2) / weights.size)

    def _resample(self, log_weights: Floats) -> None:
        """Systematic resampling (Kitagawa 1996), each population for itself."""
        chosen = np.empty(log_weights.size, np.int64)
        for replicate in range(REPLICATES):
            mine = np.arange(replicate, log_weights.size, REPLICATES)
            best = log_weights[mine].max()
            if not np.isfinite(best):
                raise ModelFailure("no path comes near what was observed; check its value and unit, or widen its error")
            ends = np.cumsum(np.exp(log_weights[mine] - best))
            places = (np.arange(mine.size) + self._random.random()) * ends[-1] / mine.size
            chosen[mine] = mine[np.minimum(np.searchsorted(ends, places, side="right"), mine.size - 1)]
        state = self.state
        self.state = _State(state.normals[:, chosen], state.paths[chosen], state.observed[:, chosen])

    def move(self, fitted: bool) -> float:
        """One step of every particle, about the fitted law or about the prior; the share that moved."""
        step = 2.0 ** self._random.uniform(-5.0, 0.0, self._count)
        return self._fitted(step) if fitted else self._about_prior(step)

    def _about_prior(self, step: Floats) -> float:
        """z' = sqrt(1 - s^2) z + s x in a random part of the groups, or another path's innovations, or both."""
        count, state, fresh = self._count, self.state, self._prior()
        part = self._random.choice([0.0, 0.1, 0.3, 1.0], count, p=[0.15, 0.35, 0.25, 0.25])
        normals = state.normals.copy()
        for rows, _ in self._groups:
            size = np.where(self._random.random(count) < part, step, 0.0)
            normals[rows] = np.sqrt(1.0 - size * size) * normals[rows] + size * fresh[rows]
        other = (part == 0.0) | (self._random.random(count) < 0.2)
        return self._accept(normals, np.where(other, self._fresh(), state.paths), np.zeros(count))

    def _fitted(self, step: Floats) -> float:
        """z' = m + sqrt(1 - s^2) (z - m) + s x with x ~ N(0, S): leaves N(m, S) unchanged, so its ratio to the prior
        corrects the acceptance. Half of the steps have s = 1: a draw from the fit.
        """
        step = np.where(self._random.random(self._count) < 0.5, 1.0, step)
        state = self.state
        away = np.sqrt(1.0 - step * step) * (state.normals - self._centre) + step * (self._factor @ self._prior())
        normals = self._centre + away

        def ratio(z: Floats) -> Floats:
            return np.asarray(0.5 * np.sum((self._inverse @ (z - self._centre)) ** 2 - z * z, axis=0))

        return self._accept(normals, state.paths, ratio(normals) - ratio(state.normals))

    def _accept(self, normals: Floats, paths: Ints, gain: Floats) -> float:
        """Metropolis and Hastings; ``gain`` is the log acceptance but for the likelihood."""
        state = self.state
        observed = self.observed(normals, paths, self._columns)
        gain = gain + self.log(observed, self.power, self.reach) - self.log(state.observed, self.power, self.reach)
        with np.errstate(divide="ignore"):
            accepted = np.log(self._random.random(self._count)) < gain
        moved = accepted & (normals != state.normals).any(axis=0)
        state.normals[:, accepted] = normals[:, accepted]
        state.paths[accepted] = paths[accepted]
        state.observed[:, accepted] = observed[:, accepted]
        return float(moved.mean())

    def worth(self, watched: str) -> float:
        """Independent paths that would know the mean of ``watched`` as well as the particles do.

        The variance of one particle over that of the mean, which is known from the populations. Where few of them
        have a value there is no saying: 0.
        """
        column = self.observed(self.state.normals, self.state.paths, [watched])[0]
        parts = [column[r::REPLICATES][np.isfinite(column[r::REPLICATES])] for r in range(REPLICATES)]
        if min(part.size for part in parts) == 0:
            return 0.0
        whole = np.concatenate(parts)
        between = float(np.var([part.mean() for part in parts], ddof=1)) / REPLICATES
        return min(float(whole.var()) / between, float(whole.size)) if between > 0 else float(whole.size)


def temper(
    value: Value,
    inputs: Inputs,
    columns: list[str],
    likelihood: Likelihood,
    *,
    watched: str,
    count: int,
    seed: int,
    progress: Callable[[int], None] = lambda done: None,
) -> Particles:
    """``count`` particles (a multiple of 16) that agree with the observations of the output ``columns``.

    ``value`` must give ``columns`` and ``watched``. ModelFailure if the particles cannot reach the data, or if they
    are worth less than `LEAST` independent paths after all moves allowed.
    """
    sampler = _Sampler(value, inputs, columns, likelihood, count, seed)
    stages = 0
    while sampler.power < 1.0 or sampler.reach > 1.0:
        if stages == STAGES:
            raise ModelFailure("the observations contradict each other under this model; check values and errors")
        sampler.advance()
        stages += 1
        for move in range(MOVES):
            sampler.move(fitted=move % 2 == 0)
        progress(int(count * sampler.power / 2))
    accepted, moves, wanted, worth = 0.0, 0, LAST_MOVES, 0.0
    while moves < wanted:
        accepted += sampler.move(fitted=moves % 2 == 0)
        moves += 1
        progress(int(count * (0.5 + moves / (2 * MOST_MOVES))))
        if moves == wanted:
            worth = sampler.worth(watched)
            wanted = min(2 * wanted, MOST_MOVES) if worth < max(4 * LEAST, count / 4) else wanted
            sampler.fit()
    if worth < LEAST:
        raise ModelFailure(
            f"even near the data the paths are worth only {worth:.0f} independent ones: the observation is too exact"
            " for this model; widen its error, or give --paths more"
        )
    state = sampler.state
    return Particles(state.paths, sampler.drivers(state.normals), stages, moves, accepted, worth)
