"""Laws made of values: discrete and empirical ones; and mixtures of laws."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

import numpy as np
from numpy.typing import NDArray

from sim.sampling import quantile as codes
from sim.sampling.laws import Law

Array = NDArray[np.float64]

_HALVINGS = 48  # of the distance between the parts' quantiles, to 4e-15 of it


def discrete(values: Sequence[float], probabilities: Sequence[float]) -> Law:
    """Some values with their probabilities, which are scaled to sum to 1."""
    total = sum(probabilities)
    atoms = tuple(sorted((float(x), p / total) for x, p in zip(values, probabilities, strict=True)))
    points = np.array([x for x, _ in atoms])
    below, above = cumulated(atoms)

    def quantile(p: Array, rest: Array) -> Array:
        low = np.searchsorted(below, p, side="left")
        high = points.size - np.searchsorted(above[::-1], rest, side="right")
        return np.asarray(points[np.clip(np.where(p < rest, low, high), 0, points.size - 1)])

    def tails(x: Array) -> tuple[Array, Array]:
        held = np.searchsorted(points, x, side="right")
        return np.concatenate([[0.0], below])[held], np.concatenate([[1.0], above])[held]

    return Law(int(codes.STEPS), quantile, tails, low=atoms[0][0], high=atoms[-1][0], atoms=atoms)


def cumulated(atoms: Sequence[tuple[float, float]]) -> tuple[Array, Array]:
    """Probabilities at or below each value, and above it, each summed from its own end."""
    shares = np.array([share for _, share in atoms])
    below = np.cumsum(shares)
    above = np.concatenate([np.cumsum(shares[::-1])[::-1][1:], [0.0]])
    below[-1] = 1.0
    return below, above


def empirical(observed: Sequence[float], linear: bool) -> Law:
    """Observed values, each as likely as any other; ``linear`` as definition 7 of Hyndman and Fan (1996)."""
    points = np.sort(np.asarray(observed, np.float64))
    distinct, counts = np.unique(points, return_counts=True)
    if not linear:
        return discrete(distinct.tolist(), (counts / points.size).tolist())
    steps = points.size - 1

    def quantile(p: Array, rest: Array) -> Array:
        place = np.where(p < rest, p * steps, steps - rest * steps)
        held = np.clip(np.floor(place), 0, steps - 1).astype(np.int64)
        return points[held] + (place - held) * (points[held + 1] - points[held])

    first = np.searchsorted(points, distinct, side="left") / steps
    last = (np.searchsorted(points, distinct, side="right") - 1) / steps

    def tails(x: Array) -> tuple[Array, Array]:
        # Between two distinct values the share runs from the last of the one to the first of the other.
        k = np.clip(np.searchsorted(distinct, x, side="right") - 1, 0, distinct.size - 1)
        after = np.minimum(k + 1, distinct.size - 1)
        width = np.where(after > k, distinct[after] - distinct[k], 1.0)
        below = last[k] + np.clip((x - distinct[k]) / width, 0.0, 1.0) * (first[after] - last[k]) * (after > k)
        below = np.where(x < distinct[0], 0.0, below)
        return below, 1.0 - below

    atoms = tuple((float(x), float(b - a)) for x, a, b in zip(distinct, first, last, strict=True) if b > a)
    return Law(
        int(codes.SHARE_TABLE),
        quantile,
        tails,
        location=0.0,
        scale=1.0,
        low=float(points[0]),
        high=float(points[-1]),
        atoms=atoms,
        observed=tuple(points.tolist()),
    )


def mixture(weights: Sequence[float], laws: Sequence[Law]) -> Law:
    """One of several laws, by weights that are scaled to sum to 1.

    The quantile function is found by bisection between the smallest and the largest quantile of the laws, in the nearer
    tail. A mixture of values alone is discrete.
    """
    shares = [w / sum(weights) for w in weights]
    atoms: dict[float, float] = {}
    for share, law in zip(shares, laws, strict=True):
        for x, mass in law.atoms:
            atoms[x] = atoms.get(x, 0.0) + share * mass
    if sum(atoms.values()) > 1.0 - 1e-12:
        return discrete(list(atoms), list(atoms.values()))

    def tails(x: Array) -> tuple[Array, Array]:
        found = [law.tails(x) for law in laws]
        below = sum((s * b for s, (b, _) in zip(shares, found, strict=True)), np.zeros(np.shape(x)))
        above = sum((s * a for s, (_, a) in zip(shares, found, strict=True)), np.zeros(np.shape(x)))
        return np.asarray(below), np.asarray(above)

    def quantile(p: Array, rest: Array) -> Array:
        each = np.array([law.quantile(p, rest) for law in laws])
        low, high = each.min(axis=0), each.max(axis=0)
        nearer, lowest = p < rest, low

        def short(x: Array) -> NDArray[np.bool_]:
            below, above = tails(x)
            return np.asarray(np.where(nearer, below < p, above > rest), np.bool_)

        beyond = short(low)  # if not, it is a value with a probability of its own
        for _ in range(_HALVINGS):
            middle = 0.5 * low + 0.5 * high
            few = short(middle)
            low, high = np.where(few, middle, low), np.where(few, high, middle)
        return np.asarray(np.where(beyond, high, lowest))

    kinks = {x for law in laws for x in (*law.kinks, law.low, law.high) if -inf < x < inf}
    return Law(
        int(codes.PIECES),
        quantile,
        tails,
        low=min(law.low for law in laws),
        high=max(law.high for law in laws),
        kinks=tuple(sorted(kinks | atoms.keys())),
        atoms=tuple(sorted(atoms.items())),
        left=min(law.left for law in laws),
        right=min(law.right for law in laws),
    )
