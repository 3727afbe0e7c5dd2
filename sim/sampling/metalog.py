"""Metalog distributions: a quantile function with three or four terms, straight through as many percentiles.

Keelin (2016), "The metalog distributions", Decision Analysis 13, 243-277: equation 6, with L = log(y / (1 - y)),

    M(y) = a1 + a2 L + a3 (y - 1/2) L + a4 (y - 1/2),

and for bounded values x, table 1: log(x - low), -log(high - x) or log((x - low) / (high - x)) has the quantiles M.
"""

from __future__ import annotations

from math import inf, isinf, log

import numpy as np
from numpy.typing import NDArray

from sim.sampling import quantile as codes
from sim.sampling.fit import NoFit
from sim.sampling.laws import Law

Array = NDArray[np.float64]

_LOGITS = np.linspace(-40.0, 40.0, 8001)  # where the density is looked at; beyond, it has the sign of its limit
_HALVINGS = 60


def metalog(points: tuple[tuple[float, float], ...], low: float = -inf, high: float = inf) -> Law:
    """The metalog through (probability, value) pairs. Raises NoFit where its density would be negative somewhere."""
    a = _terms([(p, _opened(x, low, high)) for p, x in points])
    worst = _negative_at(a)
    if worst is not None:
        raise NoFit(
            f"no metalog distribution has these percentiles: its density would be negative near P{100 * worst:.3g}"
            + _leeway(points, low, high)
        )

    def quantile(below: Array, above: Array) -> Array:
        m = _quantile(a, below, above)
        with np.errstate(over="ignore"):
            if isinf(low) and isinf(high):
                return m
            if isinf(high):
                return np.asarray(low + np.exp(m))
            if isinf(low):
                return np.asarray(high - np.exp(-m))
            e = np.exp(-np.abs(m))
            return np.where(m < 0.0, low + (high - low) * e / (1.0 + e), high - (high - low) * e / (1.0 + e))

    def tails(x: Array) -> tuple[Array, Array]:
        with np.errstate(divide="ignore", invalid="ignore"):
            wanted = _opened_array(np.asarray(x, np.float64), low, high)
        bottom, top = np.full(wanted.shape, -800.0), np.full(wanted.shape, 800.0)
        for _ in range(_HALVINGS + 10):
            logit = 0.5 * (bottom + top)
            rising = _at_logit(a, logit) < wanted
            bottom, top = np.where(rising, logit, bottom), np.where(rising, top, logit)
        e = np.exp(-np.abs(logit))
        near, far = e / (1.0 + e), 1.0 / (1.0 + e)
        return np.where(logit < 0.0, near, far), np.where(logit < 0.0, far, near)

    # exp turns a logistic tail M ~ b L into a power: P(X > x) ~ x**(-1 / b).
    steep_low, steep_high = a[1] - 0.5 * a[2], a[1] + 0.5 * a[2]
    left = 1.0 / steep_low if isinf(low) and not isinf(high) and steep_low > 0.0 else inf
    right = 1.0 / steep_high if isinf(high) and not isinf(low) and steep_high > 0.0 else inf
    code = codes.LOG_TABLE if low == 0.0 and isinf(high) else codes.TABLE
    return Law(int(code), quantile, tails, low=low, high=high, left=left, right=right)


def _opened(x: float, low: float, high: float) -> float:
    if isinf(low) and isinf(high):
        return x
    if isinf(high):
        return log(x - low)
    return -log(high - x) if isinf(low) else log((x - low) / (high - x))


def _opened_array(x: Array, low: float, high: float) -> Array:
    if isinf(low) and isinf(high):
        return x
    if isinf(high):
        return np.asarray(np.log(np.maximum(x - low, 0.0)))
    if isinf(low):
        return np.asarray(-np.log(np.maximum(high - x, 0.0)))
    return np.asarray(np.log(np.maximum(x - low, 0.0)) - np.log(np.maximum(high - x, 0.0)))


def _terms(points: list[tuple[float, float]]) -> tuple[float, float, float, float]:
    """The four terms, the last 0 for three points."""
    rows = []
    for p, _ in points:
        logit = log(p / (1.0 - p))
        rows.append([1.0, logit, (p - 0.5) * logit, p - 0.5][: len(points)])
    found = np.linalg.solve(np.array(rows), np.array([x for _, x in points]))
    a1, a2, a3, a4 = (float(a) for a in (*found, 0.0)[:4])
    return a1, a2, a3, a4


def _quantile(a: tuple[float, float, float, float], below: Array, above: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        logit = np.log(below) - np.log(above)
    half = np.where(below < above, below - 0.5, 0.5 - above)
    return np.asarray(a[0] + a[1] * logit + half * (a[2] * logit + a[3]))


def _at_logit(a: tuple[float, float, float, float], logit: Array) -> Array:
    e = np.exp(-np.abs(logit))
    half = np.where(logit < 0.0, e / (1.0 + e) - 0.5, 0.5 - e / (1.0 + e))
    return np.asarray(a[0] + a[1] * logit + half * (a[2] * logit + a[3]))


def _negative_at(a: tuple[float, float, float, float]) -> float | None:
    """The probability at which the quantile function falls most, or None: y (1 - y) M'(y) is positive throughout.

    That is a2 + a3 (y - 1/2 + y (1 - y) L) + a4 y (1 - y), from equation 9; at the ends a2 -+ a3 / 2.
    """
    y = 1.0 / (1.0 + np.exp(-_LOGITS))
    spread = y * (1.0 - y)
    slope = a[1] + a[2] * (y - 0.5 + spread * _LOGITS) + a[3] * spread
    worst = int(np.argmin(slope))
    return None if slope[worst] > 1e-9 * (abs(a[1]) + abs(a[2]) + abs(a[3])) else float(y[worst])


def _leeway(points: tuple[tuple[float, float], ...], low: float, high: float) -> str:
    """Where the middle of three percentiles may lie, between the others."""
    if len(points) != 3:
        return ""
    (p, first), (q, _), (r, last) = points

    def possible(x: float) -> bool:
        return _negative_at(_terms([(at, _opened(v, low, high)) for at, v in ((p, first), (q, x), (r, last))])) is None

    tries = [first + (last - first) * k / 200 for k in range(1, 200)]
    right = [x for x in tries if possible(x)]
    if not right:
        return ""
    ends = []
    for inside, outside in ((right[0], first), (right[-1], last)):
        for _ in range(40):
            middle = 0.5 * (inside + outside)
            inside, outside = (middle, outside) if possible(middle) else (inside, middle)
        ends.append(inside)
    return f"; P{100 * q:g} may lie between {ends[0]:.4g} and {ends[1]:.4g}"
