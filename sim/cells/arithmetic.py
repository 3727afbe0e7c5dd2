"""The arithmetic of formulas in plain Python: IEEE results where Python raises, and nan never hidden."""

from __future__ import annotations

import math

POWER_LIMIT = 64  # whole exponents up to this size are computed by repeated multiplication


def divide(a: float, b: float) -> float:
    """a / b, with an infinity or nan for b = 0."""
    if b != 0:
        return a / b
    if a == 0 or a != a:
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


def whole_power(x: float, n: int) -> float:
    """x to a whole power by repeated squaring, in the order of multiplication that the kernel uses."""
    if n < 0:
        return divide(1.0, whole_power(x, -n))
    if n == 0:
        return 1.0
    half = whole_power(x, n // 2)
    square = half * half if n > 1 else 1.0
    return square * x if n % 2 else square


def power(x: float, y: float) -> float:
    """x to the power y as IEEE 754 has it: 1 for y = 0 or x = 1, nan for x < 0 unless y is whole, 0**y is 0 or inf."""
    if x == 0 and y == y:  # zero counts as positive, as in the kernel
        return 1.0 if y == 0 else (0.0 if y > 0 else math.inf)
    try:
        return math.pow(x, y)
    except OverflowError:
        return -math.inf if x < 0 and y % 2 == 1 else math.inf
    except ValueError:
        return math.nan


def minimum(a: float, b: float) -> float:
    """The smaller; nan if either is nan."""
    return a if a < b or a != a else b


def maximum(a: float, b: float) -> float:
    """The larger; nan if either is nan."""
    return a if a > b or a != a else b
