"""First-order and total Sobol indices of independent units: groups of correlated drivers, and innovations.

Pick-freeze on units, never on one of two correlated drivers. With A and B two independent draws of everything and A_u
the draw A whose unit u is that of B (Saltelli et al. 2010, Computer Physics Communications 181, table 2, b and f):

    first-order share of u     E[(Y(B) - m)(Y(A_u) - Y(A))] / Var(Y)
    total share of u           E[(Y(A) - Y(A_u))^2] / 2 Var(Y)      (Jansen 1999)

The same sums over the linear part of Y, whose shares are known, are taken out as a control variate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.analysis.estimate import Floats
from sim.analysis.players import Sampler, Share, Unit, factor, ratio

_POINTS = 65_536  # points valued in one call


@dataclass(frozen=True)
class Index:
    """Indices of one unit. ``inert``: not one path's value changed when the unit was exchanged."""

    members: tuple[str, ...]
    first_order: Share
    total: Share
    inert: bool

    def as_dict(self) -> dict[str, Any]:
        return {
            "members": list(self.members),
            "first_order": self.first_order.as_dict(),
            "total": self.total.as_dict(),
            "inert": self.inert,
        }


@dataclass(frozen=True)
class Sobol:
    """Indices of every unit, in the units' order, from ``draws`` pairs and ``valuations`` paths valued anew.

    ``additive`` is the sum of first-order shares: what is left of one is interaction between units.
    """

    indices: tuple[Index, ...]
    additive: Share
    draws: int
    valuations: int

    def as_dict(self) -> dict[str, Any]:
        return {
            "indices": [index.as_dict() for index in self.indices],
            "additive": self.additive.as_dict(),
            "draws": self.draws,
            "valuations": self.valuations,
        }


def analyse(sampler: Sampler, slopes: list[Floats], random: np.random.Generator, draws: int) -> Sobol:
    """Indices from ``draws`` pairs (A, B), hence draws x (units + 2) paths valued anew.

    ``slopes`` are those of `sim.analysis.players.slopes` (zeros are right too, only less precise).
    """
    count = len(sampler.units)
    size = max(_POINTS // (count + 2), 1)
    pieces = [_piece(sampler, slopes, random, min(size, draws - first)) for first in range(0, draws, size)]
    values, linear = (np.concatenate([piece[i] for piece in pieces], axis=1) for i in (0, 1))
    y_a, y_b, y_u = values[0], values[1], values[2:]
    g_a, g_b, g_u = linear[0], linear[1], linear[2:]
    known = np.array([_variance(unit, slope) for unit, slope in zip(sampler.units, slopes, strict=True)])
    centre = (y_a.mean() + y_b.mean()) / 2
    y_a, y_b, y_u = y_a - centre, y_b - centre, y_u - centre
    whole = (y_a**2 + y_b**2 - g_a**2 - g_b**2) / 2 + known.sum()
    parts = y_b * (y_u - y_a) - g_b * (g_u - g_a) + known[:, None]
    first, (additive,) = ratio(parts, whole), ratio(parts.sum(axis=0, keepdims=True), whole)
    total = ratio(((y_u - y_a) ** 2 - (g_u - g_a) ** 2) / 2 + known[:, None], whole)
    inert = (y_u == y_a).all(axis=1)
    nothing = Share(0.0, 0.0)
    indices = tuple(
        Index(unit.names, nothing, nothing, True) if still else Index(unit.names, f, t, False)
        for unit, f, t, still in zip(sampler.units, first, total, inert, strict=True)
    )
    return Sobol(indices, additive, draws, draws * (count + 2))


def _variance(unit: Unit, slope: Floats) -> float:
    """Variance of a unit's linear part."""
    return 0.0 if unit.matrix is None else float(slope @ unit.matrix @ slope)


def _piece(sampler: Sampler, slopes: list[Floats], random: np.random.Generator, n: int) -> tuple[Floats, Floats]:
    """Values and linear parts of A, B and every A_u: float64[units + 2, n] each."""
    a, b = sampler.draw(random, n), sampler.draw(random, n)
    from_a, from_b = sampler.columns(a), sampler.columns(b)
    rows = len(sampler.units) + 2
    columns: dict[str, Any] = {}
    for u, unit in enumerate(sampler.units):
        for name in unit.names:
            column = np.empty((rows, n), from_a[name].dtype)
            column[:] = from_a[name]
            column[[1, u + 2]] = from_b[name]
            columns[name] = column.ravel()
    linear_a, linear_b = (
        np.array(
            [
                np.zeros(n) if unit.matrix is None else slope @ (factor(unit.matrix) @ draw)
                for unit, slope, draw in zip(sampler.units, slopes, draws, strict=True)
            ]
        )
        for draws in (a, b)
    )
    linear = np.empty((rows, n))
    linear[0], linear[1] = linear_a.sum(axis=0), linear_b.sum(axis=0)
    linear[2:] = linear[0] + (linear_b - linear_a)
    return sampler.values(columns).reshape(rows, n), linear
