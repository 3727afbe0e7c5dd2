"""What kernel text is written with, as plain Python sees it: the same functions run without compiling."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np

F = TypeVar("F", bound=Callable[..., object])

# Paths per inner loop: 18 vectors of 8, and 9 points of 16 replicates. Scratch of a few hundred rows stays in L2, and
# because the row length is no power of two the rows do not all fall into the same few sets of L1 (256 takes twice as
# long; 72 to 176 the same).
BLOCK = 144


def inlined(function: F) -> F:
    """Mark a function of kernel text that is inlined into its callers. Plain Python sees it unchanged."""
    return function


def compiled(function: F) -> F:
    """Mark an entry point of kernel text, which gives nothing back. Plain Python sees it unchanged."""
    return function


def call(function: Callable[..., None], *arguments: Any) -> None:
    """Call an entry point of another kernel, known by its address (`sim.kernel.address`)."""
    function(*arguments)


def fma(a: float, b: float, c: float) -> float:
    """a * b + c rounded once, in plain Python by exact fractions; kernel text has the instruction in its place."""
    a, b, c = float(a), float(b), float(c)
    if math.isfinite(a) and math.isfinite(b) and not math.isfinite(c):
        return np.float64(c)
    if not (math.isfinite(a) and math.isfinite(b)):
        with np.errstate(all="ignore"):
            return np.float64(np.float64(a) * np.float64(b) + np.float64(c))
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    if exact == 0:
        return np.float64(a * b + c)  # the sign of zero
    try:
        return np.float64(exact.numerator / exact.denominator)  # rounds once (PEP 238: correctly rounded)
    except OverflowError:
        return np.float64(math.inf if exact > 0 else -math.inf)
