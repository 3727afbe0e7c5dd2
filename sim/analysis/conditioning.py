"""How well paths agree with what was observed: likelihood, effective number of paths, and exact draws by rejection.

A path i of the prior is kept when u_i < L_i, with L_i its likelihood relative to a perfect match and u_i its own
uniform. Kept paths are independent draws from the posterior itself, all of weight one (von Neumann 1951), whatever the
model is; and since fresh paths cost little, the choice goes on beyond the run's own until there are enough.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.config.observations import Observation
from sim.run.result import REPLICATES

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# Observed quantities of given paths: int64[n] -> float64[k, n], in the order of the observations.
Observed = Callable[[Ints], Floats]

LEAST = 200.0  # effective paths below which reweighting is refused
BLOCK = 8_192  # paths whose uniforms are drawn together; part of what decides which paths are kept
STEP = 8 * BLOCK


@dataclass(frozen=True)
class Likelihood:
    """The observations as a function of the observed quantities. Errors of measurement are independent."""

    observations: tuple[Observation, ...]

    def misfits(self, observed: Floats) -> Floats:
        """Distance of float64[k, n] from what was observed, in units of its sd or tolerance."""
        values = np.array([each.value for each in self.observations])[:, None]
        errors = np.array([each.error for each in self.observations])[:, None]
        return np.asarray((observed - values) / errors)

    @property
    def normal(self) -> NDArray[np.bool_]:
        """Which observations have a normal error; the others are matched within a tolerance."""
        return np.array([each.how == "sd" for each in self.observations])

    def log(self, observed: Floats) -> Floats:
        """Log-likelihood of float64[k, n], 0 for a perfect match, -inf for a path without a value."""
        misfits = self.misfits(observed)
        total = -0.5 * np.sum(misfits[self.normal] ** 2, axis=0)
        beyond = (np.abs(misfits[~self.normal]) > 1.0).any(axis=0)
        return np.asarray(np.where(beyond | ~np.isfinite(observed).all(axis=0), -np.inf, total))


def effective(log_weights: Floats) -> float:
    """Effective number of paths: (sum of weights)^2 / sum of squared weights (Kish 1965); 0 if none has any."""
    best = log_weights.max(initial=-np.inf)
    if not np.isfinite(best):
        return 0.0
    weights = np.exp(log_weights - best)
    return float(weights.sum() ** 2 / np.sum(weights**2))


def uniforms(seed: int, first: int, count: int) -> Floats:
    """The uniforms of ``count`` paths from ``first`` on, both multiples of `BLOCK`; they depend on seed and path alone.

    The same path has the same uniform for every observation, so that two updates differ by the data and not by chance.
    Raw words of NumPy's Philox, whose stream is fixed for good.
    """
    key = np.frombuffer(hashlib.sha256(f"sim update {seed}".encode()).digest()[:16], np.uint64)
    words = [
        np.random.Philox(key=key, counter=np.array([0, 0, block, 0], np.uint64)).random_raw(BLOCK)
        for block in range(first // BLOCK, (first + count) // BLOCK)
    ]
    return np.asarray((np.concatenate(words) >> np.uint64(11)).astype(np.float64) * 2.0**-53)


@dataclass(frozen=True)
class Choice:
    """Paths kept out of the first ``considered`` of the prior. ``rows``: int64[n], row j from replicate j mod 16.

    ``effective`` paths are what the first ``own`` of the prior are worth when they are reweighted, ``log_weights``
    float64[own] and ``observed`` float64[k, own] theirs. Where they are worth less than `LEAST`, nothing is kept.
    """

    rows: Ints
    considered: int
    own: int
    effective: float
    log_weights: Floats
    observed: Floats


def choose(
    observed: Observed,
    likelihood: Likelihood,
    *,
    seed: int,
    own: int,
    wanted: int,
    most: int,
    progress: Callable[[int], None] = lambda done: None,
) -> Choice:
    """Keep ``wanted`` paths, or as many as the first ``most`` of the prior hold.

    The decision whether reweighting will do is taken on the first ``own`` paths. Rows are interleaved by replicate, so
    that errors taken from column[r::16] hold as they do for the prior (path i belongs to replicate i mod 16).
    """
    kept: list[list[Ints]] = [[] for _ in range(REPLICATES)]
    have = np.zeros(REPLICATES, np.int64)
    need = (wanted - np.arange(REPLICATES) + REPLICATES - 1) // REPLICATES
    logs: list[Floats] = []
    values: list[Floats] = []
    first, worth = 0, np.nan
    while first < max(own, most):
        paths = np.arange(first, first + STEP)
        found = observed(paths)
        log = likelihood.log(found)
        if first < own:
            logs.append(log[: own - first])
            values.append(found[:, : own - first])
        with np.errstate(divide="ignore"):
            passing = paths[np.log(uniforms(seed, first, STEP)) < log]
        for replicate in range(REPLICATES):
            mine = passing[passing % REPLICATES == replicate]
            kept[replicate].append(mine)
            have[replicate] += mine.size
        first += STEP
        if np.isnan(worth) and first >= own:
            worth = effective(np.concatenate(logs))
            if worth < LEAST:
                break
        progress(min(wanted, int(have.min()) * REPLICATES))
        if first >= own and (have >= need).all():
            break
    rows = np.zeros(0, np.int64)
    if worth >= LEAST:
        size = wanted if (have >= need).all() else int(have.min()) * REPLICATES
        rows = np.empty(size, np.int64)
        for replicate in range(REPLICATES):
            slot = rows[replicate::REPLICATES]
            slot[:] = np.concatenate(kept[replicate])[: slot.size]
    return Choice(rows, first, own, worth, np.concatenate(logs), np.concatenate(values, axis=1))
