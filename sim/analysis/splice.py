"""Reported levels of several bases made comparable: the bridges between bases, from stated growth alone.

Levels of two definitions of revenue must not be joined. What joins them is growth: a company that changes its
definition states the growth of the first quarters on the new one, so the new definition's level a year earlier is
known, and its ratio to the level then reported is the bridge.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.analysis.scores import Floats
from sim.config.history import History, Quarter

# Standard error of a bridge, in logs. Stated growth is rounded (0.3%), and the two definitions grow differently: the
# ratios of four quarters differ by 0.1% at June 2021 and 1.8% at June 2023, their mean by half of that.
BRIDGE_ERROR = 0.01
UNKNOWN_BRIDGE = 1.0  # its standard error when no growth across the change may be used


@dataclass(frozen=True)
class Spliced:
    """Reported quarters as one series. ``levels`` is float64[n], log revenue on each quarter's own basis, NaN where a
    row is not used; ``segment`` int64[n] counts the changes of basis before it.

    ``bridges`` and ``bridge_errors`` are float64[changes]: by how much (in logs) the new basis exceeds the one before.
    """

    names: tuple[str, ...]
    levels: Floats
    segment: np.ndarray
    bridges: Floats
    bridge_errors: Floats

    def __len__(self) -> int:
        return len(self.names)

    @property
    def joined(self) -> Floats:
        """float64[n]: log revenue in terms of the first basis."""
        offsets = np.concatenate(([0.0], np.cumsum(self.bridges)))
        return np.asarray(self.levels - offsets[self.segment])


def splice(history: History, through: int | None = None, *, recalled: bool = True) -> Spliced:
    """Join the quarters up to number ``through`` (from 0; all if None), as they could be joined at that time.

    Bridges use the stated growth of at most the first four quarters of a basis, and none after ``through``. Without
    ``recalled``, rows whose level rests on memory are left out (NaN) and bridge nothing.
    """
    quarters = history.quarters if through is None else history.quarters[: through + 1]
    usable = [recalled or not quarter.recalled for quarter in quarters]
    segment = np.zeros(len(quarters), np.int64)
    bridges: list[float] = []
    errors: list[float] = []
    for i in range(1, len(quarters)):
        segment[i] = segment[i - 1]
        if quarters[i].basis != quarters[i - 1].basis:
            segment[i] += 1
            ratios = _ratios(quarters, usable, i)
            bridges.append(sum(ratios) / len(ratios) if ratios else 0.0)
            errors.append(BRIDGE_ERROR if ratios else UNKNOWN_BRIDGE)
    levels = [math.log(q.revenue) if used else math.nan for q, used in zip(quarters, usable, strict=True)]
    return Spliced(
        tuple(quarter.name for quarter in quarters), np.array(levels), segment, np.array(bridges), np.array(errors)
    )


def _ratios(quarters: Sequence[Quarter], usable: Sequence[bool], first: int) -> list[float]:
    """Log ratios of the new basis (level over stated growth) to the old one's level of the same quarter a year ago."""
    found = []
    for i in range(first, min(first + 4, len(quarters))):
        before, now = quarters[i - 4], quarters[i]
        if i < 4 or now.yoy is None or not (usable[i] and usable[i - 4]):
            continue
        if now.basis == quarters[first].basis and before.basis == quarters[first - 1].basis:
            found.append(math.log(now.revenue / (1.0 + now.yoy) / before.revenue))
    return found
