"""What the paths that succeed have in common: each driver given success beside the same driver on all paths."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from sim.analysis.estimate import finite
from sim.analysis.replicates import Estimate
from sim.analysis.splits import PERCENTS, Split


@dataclass(frozen=True)
class Spread:
    """Mean and percentiles of one column under one belief, with errors."""

    mean: Estimate
    percentiles: dict[int, Estimate]

    def as_dict(self) -> dict[str, Any]:
        return {
            "mean": finite(self.mean.value),
            "standard_error": finite(self.mean.error),
            "percentiles": {str(p): finite(e.value) for p, e in self.percentiles.items()},
            "percentile_errors": {str(p): finite(e.error) for p, e in self.percentiles.items()},
        }


@dataclass(frozen=True)
class GivenSuccess:
    """A driver on all paths and on those that succeed; ``shift`` is the difference of means in sds of all paths."""

    name: str
    every: Spread
    given: Spread
    shift: Estimate

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "all": self.every.as_dict(),
            "given_success": self.given.as_dict(),
            "shift_in_sd": finite(self.shift.value),
            "shift_error": finite(self.shift.error),
        }


def spread_of(split: Split, weight: float | None = None) -> Spread:
    """Mean, P5, P50 and P95 of a column when the successes have ``weight`` of all weight (None: as drawn)."""
    return Spread(split.mean(weight), {p: split.estimated(p / 100, weight) for p in PERCENTS})


def analyse(name: str, split: Split, every: Spread) -> GivenSuccess:
    """Compare a driver's values on the successful paths with ``every``, those of all paths.

    The error of the shift leaves out that of the sd, which is of second order for the shifts of interest.
    """
    given = spread_of(split, 1.0)
    error = math.hypot(given.mean.error, every.mean.error) / split.sd
    return GivenSuccess(name, every, given, Estimate((given.mean.value - every.mean.value) / split.sd, error))
