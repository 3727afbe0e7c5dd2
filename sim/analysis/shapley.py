"""Shapley effects: the share of an output's variance due to each driver and innovation, also where they are correlated.

With c(S) = E[Var(Y | all but S)], each player gets its mean gain in c over all orders of players (Owen 2014; Song,
Nelson and Staum 2016, SIAM/ASA J. Uncertainty Quantification 4, p. 1060); the effects add up to Var(Y).

Every draw has a random order of its own and one valuation more than players (Goda 2021, Reliability Engineering and
System Safety 209, algorithm 1): with x and y independent draws of everything and Y_j the value where the first j
players of the order are drawn again given all others,

    player at place j gets     ((Y_0 - Y_j)^2 - (Y_0 - Y_(j-1))^2) / 2

Correlated drivers are drawn given the others by writing their normals as L u, L the Cholesky factor in the *reverse* of
the order: then the first j players depend on the last j of u alone, and exchanging these by those of an independent
copy draws the players again from their law given the others (as in Mara and Tarantola 2012, section 3). One u changes
from Y_(j-1) to Y_j, so consecutive values differ little and their squares nearly cancel.

The same differences over the linear part of Y have known means (the squares of L' slopes) and are taken out as a
control variate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.analysis.estimate import Floats
from sim.analysis.players import Draws, Ints, Sampler, Share, factor, ratio

_POINTS = 65_536  # points valued in one call
_FACTORS = 4_000_000  # numbers of Cholesky factors held at a time


@dataclass(frozen=True)
class Effect:
    """What one player drives."""

    player: str
    share: Share

    def as_dict(self) -> dict[str, Any]:
        return {"player": self.player, **self.share.as_dict()}


@dataclass(frozen=True)
class Shapley:
    """Effects of the players in their order, adding up to one, from ``draws`` orders and ``valuations`` new paths.

    ``variance`` is that of the new paths, as a multiple of the stored run's, with its standard error: near one.
    """

    effects: tuple[Effect, ...]
    variance: float
    variance_error: float
    draws: int
    valuations: int

    def as_dict(self) -> dict[str, Any]:
        return {
            "effects": [effect.as_dict() for effect in self.effects],
            "variance": {"value": self.variance, "standard_error": self.variance_error},
            "draws": self.draws,
            "valuations": self.valuations,
        }


def analyse(sampler: Sampler, slopes: list[Floats], random: np.random.Generator, draws: int) -> Shapley:
    """Effects from ``draws`` orders, hence draws x (players + 1) paths valued anew.

    ``slopes`` are those of `sim.analysis.players.slopes` (zeros are right too, only less precise).
    """
    players = len(sampler.players)
    largest = max(len(unit.names) for unit in sampler.units)
    size = max(min(_POINTS // (players + 1), _FACTORS // largest**2), 1)
    gains = np.concatenate(
        [_gains(sampler, slopes, random, min(size, draws - first)) for first in range(0, draws, size)], axis=1
    )
    whole = gains.sum(axis=0)
    shares = ratio(gains, whole)
    # The means add up to that of the whole but for rounding; dividing by their sum makes it exact.
    total = sum(share.value for share in shares)
    effects = tuple(
        Effect(player, Share(share.value / total, share.error))
        for player, share in zip(sampler.players, shares, strict=True)
    )
    error = float(whole.std(ddof=1)) / np.sqrt(draws)
    return Shapley(effects, float(whole.mean()), float(error), draws, draws * (players + 1))


def _gains(sampler: Sampler, slopes: list[Floats], random: np.random.Generator, n: int) -> Floats:
    """What each player gets on each of n draws: float64[players, n]."""
    count = len(sampler.players)
    order = random.permuted(np.broadcast_to(np.arange(count)[:, None], (count, n)), axis=0)
    place = np.empty_like(order)
    np.put_along_axis(place, order, np.arange(count)[:, None], axis=0)
    columns, steps, squares = _exchanged(sampler, slopes, place, sampler.draw(random, n), sampler.draw(random, n))
    values = sampler.values(columns).reshape(count + 1, n)
    linear = np.cumsum(np.take_along_axis(steps, order, axis=0), axis=0)
    away = np.zeros((count + 1, n))  # half the squared distance from Y_0, less that of the linear part
    away[1:] = ((values[1:] - values[0]) ** 2 - linear**2) / 2
    return np.take_along_axis(np.diff(away, axis=0), place, axis=0) + squares


def _exchanged(
    sampler: Sampler, slopes: list[Floats], place: NDArray[np.int64], x: Draws, y: Draws
) -> tuple[dict[str, Floats | Ints], Floats, Floats]:
    """Columns of all points, stage by stage, each n long; and two arrays float64[players, n] of the linear part.

    These are its step when a player is exchanged, and the mean of what it gives that player.
    """
    count, n = place.shape
    stages = np.arange(count + 1)[:, None]
    columns: dict[str, Floats | Ints] = {}
    steps, squares = np.zeros((count, n)), np.zeros((count, n))
    first = 0
    for unit, slope, own, other in zip(sampler.units, slopes, x, y, strict=True):
        k = len(unit.names)
        rows = slice(first, first + k)
        first += k
        if k == 1:
            (name,), (a,), (b,) = unit.names, own, other
            if unit.matrix is not None:
                steps[rows], squares[rows] = slope[0] * (b - a), slope[0] ** 2
                a, b = sampler.inputs.marginal(name, a), sampler.inputs.marginal(name, b)
            columns[name] = np.where(stages > place[rows], b, a).ravel()
            continue
        assert unit.matrix is not None
        # Members in reverse order: the last of the order comes first in the factor and is exchanged last.
        reverse = np.argsort(-place[rows], axis=0).T
        lower = factor(unit.matrix[reverse[:, :, None], reverse[:, None, :]])
        weights = np.einsum("nij,ni->nj", lower, slope[reverse])
        change = (other - own).T
        np.put_along_axis(steps[rows], reverse.T, (weights * change).T, axis=0)
        np.put_along_axis(squares[rows], reverse.T, (weights**2).T, axis=0)
        normals = np.empty((k + 1, k, n))
        current = np.einsum("nij,nj->ni", lower, own.T)
        for stage in range(k + 1):
            if stage:
                current = current + lower[:, :, k - stage] * change[:, k - stage, None]
            np.put_along_axis(normals[stage], reverse.T, current.T, axis=0)
        exchanged = (stages[:, :, None] > place[rows].T).sum(axis=2)
        for member, name in enumerate(unit.names):
            values = sampler.inputs.marginal(name, normals[:, member].ravel()).reshape(k + 1, n)
            columns[name] = np.take_along_axis(values, exchanged, axis=0).ravel()
    return columns, steps, squares
