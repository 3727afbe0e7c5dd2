"""Inverse normal distribution function: the reference, in plain Python.

Wichura (1988), "Algorithm AS 241: The percentage points of the normal distribution", Applied Statistics 37, 477-484,
routine PPND16: relative error about 1e-16 of the real numbers for p above 1e-316. Set-up uses it where an array is not
needed; tests hold the kernel's `sim.sampling.normal` against it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

_CENTRE = (
    (2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
     13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.3871328727963666080),
    (5226.4952788528545610, 28729.085735721942674, 39307.895800092710610, 21213.794301586595867,
     5394.1960214247511077, 687.18700749205790830, 42.313330701600911252, 1.0),
)  # fmt: skip
_TAIL = (
    (7.7454501427834140764e-4, 0.022723844989269184583, 0.24178072517745061177, 1.2704582524523683826,
     3.6478483247632046050, 5.7694972214606914055, 4.6303378461565452959, 1.4234371107496835773),
    (1.0507500716444168432e-9, 5.4759380849953449460e-4, 0.015198666563616457197, 0.14810397642748007459,
     0.68976733498510000455, 1.6763848301838038494, 2.0531916266377588322, 1.0),
)  # fmt: skip
_FAR = (
    (2.0103343992922881327e-7, 2.7115555687434875782e-5, 1.2426609473880784387e-3, 0.026532189526576123093,
     0.29656057182850489123, 1.7848265399172913358, 5.4637849111641143699, 6.6579046435011037772),
    (2.0442631033899397856e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5, 7.8686913114561325910e-4,
     0.014875361290850615025, 0.13692988092273580531, 0.59983220655588793769, 1.0),
)  # fmt: skip


def inverse_normal(p: float) -> float:
    """The z with P(Z <= z) = p; -inf for 0, inf for 1, nan outside [0, 1]."""
    return from_tails(p, 1.0 - p)


def from_tails(lower: float, upper: float) -> float:
    """The z with ``lower`` below it and ``upper`` = 1 - ``lower`` above it, exact in both tails."""
    if not (0.0 <= lower <= 1.0 and 0.0 <= upper <= 1.0):
        return math.nan
    q = lower - 0.5
    if abs(q) <= 0.425:
        return q * _ratio(_CENTRE, 0.180625 - q * q)
    p = min(lower, upper)
    if p == 0.0:
        return math.copysign(math.inf, q)
    r = math.sqrt(-math.log(p))
    return math.copysign(_ratio(_TAIL, r - 1.6) if r <= 5.0 else _ratio(_FAR, r - 5.0), q)


def _ratio(coefficients: tuple[Sequence[float], Sequence[float]], x: float) -> float:
    """Quotient of two polynomials, coefficients from the highest power down."""
    above, below = 0.0, 0.0
    for a, b in zip(*coefficients, strict=True):
        above, below = above * x + a, below * x + b
    return above / below
