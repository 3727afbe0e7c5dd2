"""What the sampler was worth: the error that plain Monte Carlo would have had on as many paths, against ours."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from sim.analysis.estimate import ENOUGH, Distribution, Probability, finite
from sim.run.result import REPLICATES


@dataclass(frozen=True)
class Efficiency:
    """``plain`` is the standard error of independent paths, ``ratio`` the variance it has over ours.

    So many times the paths would plain Monte Carlo need. Our variance is itself an estimate, of the 16 replicates:
    ``interval`` is the 95% one of the ratio, by chi-squared with 15 degrees of freedom.
    """

    error: float
    plain: float
    ratio: float
    interval: tuple[float, float]

    def as_dict(self) -> dict[str, Any]:
        return {
            "standard_error": finite(self.error),
            "plain_standard_error": finite(self.plain),
            "variance_ratio": finite(self.ratio),
            "variance_ratio_interval": [finite(end) for end in self.interval],
        }


def of_mean(found: Distribution) -> Efficiency:
    """That of a mean: plain Monte Carlo has the error sd / sqrt(paths)."""
    plain = found.sd / math.sqrt(found.paths) if found.paths else math.nan
    return _efficiency(found.standard_error, plain)


def of_probability(found: Probability) -> Efficiency | None:
    """That of a probability, sqrt(p (1 - p) / paths); None where hits or misses are too few for the replicates."""
    hits = found.probability * found.paths
    if not min(hits, found.paths - hits) >= ENOUGH:
        return None
    return _efficiency(found.standard_error, math.sqrt(found.probability * (1 - found.probability) / found.paths))


def _efficiency(error: float, plain: float) -> Efficiency:
    from scipy.special import gammaincinv

    half = (REPLICATES - 1) / 2
    ratio = (plain / error) ** 2 if error > 0.0 else math.nan
    low, high = (float(gammaincinv(half, place)) / half for place in (0.025, 0.975))
    return Efficiency(error, plain, ratio, (ratio * low, ratio * high))
