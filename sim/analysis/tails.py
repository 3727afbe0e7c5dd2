"""Does a column have a variance at all? Means, their errors and shares of variance are not printed if it has none.

A tail falls like a power if the index g of extreme values is above 0, and has a variance if g is below 1/2. It is
estimated by the moments of log distances from the median (Dekkers, Einmahl and de Haan 1989, Annals of Statistics 17,
1833-1855), which unlike Hill's estimator (1975, Annals of Statistics 3, 1163-1174) tells a skewed tail that only looks
heavy, such as a lognormal's, from a heavy one.

A variance is denied where the most distant 1% of the values say so, and the most distant eighth of these do not speak
against it: a rare event makes the 1% look heavy, which the values within the event are not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sim.analysis.estimate import Floats, extremes
from sim.run.result import Tally

_SHARE, _MOST, _FEWEST = 100, 10_000, 20  # 1 in 100 values are used, at most and at least so many
_DEEPER = 8
_HEAVY = 0.45  # estimates of 0.5 itself, a Student's t with two degrees of freedom, lie above
_SKEWED, _SURE = 0.25, 3.2  # a lognormal of sigma 1 looks like an index of 0.25; one in a thousand passes for heavy


@dataclass(frozen=True)
class Tail:
    """``index`` of the heavier tail: moments below it exist, all if it is infinite. ``has_variance`` is the verdict."""

    index: float
    has_variance: bool


def analyse(column: Floats | Tally) -> Tail:
    """The verdict on a column or its tally.

    Fewer than 2,000 values tell nothing. At 131,072 a lognormal tail of sigma up to 1.4 and a Student's t of 3 degrees
    of freedom or more keep their variance, one of 2 or fewer loses it; in between it is a matter of chance, as is a
    sigma up to 2: such a variance exists, but no sample of this size shows it.
    """
    if isinstance(column, Tally):
        number = column.paths
    else:
        column = column[np.isfinite(column)]
        number = column.size
    k = min(number // _SHARE, _MOST)
    if k < _FEWEST:
        return Tail(math.inf, True)
    found, heavy = 0.0, False
    for distances in extremes(column, k + 1):
        whole, deeper = _index(distances), distances[-max(k // _DEEPER, _FEWEST) - 1 :]
        looks_heavy = whole > max(_HEAVY, _SKEWED + _SURE / math.sqrt(k))
        if looks_heavy and _index(deeper) > _HEAVY - math.sqrt(_DEEPER / k):
            heavy, found = True, max(found, whole)
        elif not heavy:
            found = max(found, whole)
    return Tail(1.0 / found if found > 0.0 else math.inf, not heavy)


def _index(distances: Floats) -> float:
    """The index from rising distances, the first of which is the threshold; minus infinity for a side without tail."""
    if distances[0] <= 0.0:
        return -math.inf
    logs = np.log(distances[1:] / distances[0])
    first, second = float(logs.mean()), float((logs * logs).mean())
    if first <= 0.0 or second <= first * first * (1.0 + 1e-12):
        return -math.inf
    return first + 1.0 - 0.5 / (1.0 - first * first / second)
