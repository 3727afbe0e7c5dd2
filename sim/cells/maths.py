"""The mathematical words of a formula, in plain Python with IEEE results where `math` raises.

In the kernel each is replaced by the function of the same name in `sim.elementary`; the two agree to a few units in
the last place. ``log(0)`` is -inf, ``log`` and ``sqrt`` of a negative number are nan, an overflow is inf, nan stays
nan: such a path is counted as invalid at the end of a run instead of stopping it.

A model file imports what it needs by name: ``from sim.cells.maths import exp, log``.
"""

from __future__ import annotations

import math

nan = math.nan

VOCABULARY = ("exp", "expm1", "exp2", "log", "log1p", "normal_cdf", "sqrt", "tanh")


def exp(x: float) -> float:
    """e to the power x."""
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def expm1(x: float) -> float:
    """exp(x) - 1, without loss near 0."""
    try:
        return math.expm1(x)
    except OverflowError:
        return math.inf


def exp2(x: float) -> float:
    """2 to the power x: ``exp2(-t / half_life)`` halves every half-life."""
    try:
        return math.exp2(x)
    except OverflowError:
        return math.inf


def log(x: float) -> float:
    """Natural logarithm."""
    if x > 0:
        return math.log(x)
    return -math.inf if x == 0 else math.nan


def log1p(x: float) -> float:
    """log(1 + x), without loss near 0."""
    if x > -1:
        return math.log1p(x)
    return -math.inf if x == -1 else math.nan


def sqrt(x: float) -> float:
    """Square root."""
    return math.nan if x < 0 else math.sqrt(x)


def tanh(x: float) -> float:
    """Hyperbolic tangent, between -1 and 1."""
    return math.tanh(x)


def normal_cdf(x: float) -> float:
    """Probability that a standard normal is at most x; from erfc, so that the lower tail keeps its digits."""
    return 0.5 * math.erfc(-x / math.sqrt(2.0))
