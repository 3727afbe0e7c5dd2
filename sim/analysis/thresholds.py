"""From which value of one driver on does success become likely enough? P(success | driver) from the stored paths.

The other drivers are drawn as they go with the driver, correlations included. Paths are put into 64 bins of equal
count; the share that succeeds in each is made monotone (isotonic regression, Barlow et al. 1972), which says whether
the wanted probability is reached at all, and a line through the bins beside the crossing, over the driver's normal
score, says where.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.analysis.estimate import Floats, finite
from sim.analysis.replicates import Estimate
from sim.analysis.splits import Split

BINS = 64
_BESIDE = 0.3  # normal scores on either side of the crossing between which the curve is taken for a line
_ODD = 1e-6  # probability under which departures from a monotone curve are no chance


@dataclass(frozen=True)
class Threshold:
    """Where P(success | driver) crosses the wanted probability.

    ``side`` is "at least" where success grows with the driver, else "at most". ``value`` is None where even the extreme
    64th of the paths does not reach it, or where every value does (``always``). ``percentile`` is the share of paths
    below the value. ``lowest`` and ``highest`` are the probabilities in the outermost bins, low values first.
    ``curve`` holds (median of bin, share that succeeds, monotone share) for a chart. ``monotone`` is False where the
    data contradict a monotone curve, so that the threshold is to be read with care.
    """

    name: str
    side: str
    value: Estimate | None
    percentile: float | None
    always: bool
    lowest: float
    highest: float
    monotone: bool
    curve: tuple[tuple[float, float, float], ...]

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "side": self.side,
            "value": None if self.value is None else finite(self.value.value),
            "standard_error": None if self.value is None else finite(self.value.error),
            "percentile": self.percentile,
            "always": self.always,
            "lowest": self.lowest,
            "highest": self.highest,
            "monotone": self.monotone,
            "curve": [list(point) for point in self.curve],
        }


def analyse(name: str, split: Split, probability: float) -> Threshold:
    """The threshold of one driver that varies, for P(success | driver) = ``probability``."""
    from scipy.optimize import isotonic_regression
    from scipy.special import ndtri

    some = _some(split)
    edges = _edges(some)
    reached, missed = (np.diff(np.searchsorted(part, edges)) for part in (split.reached, split.missed))
    paths = reached + missed
    shares = reached / paths
    before = np.concatenate(([0], np.cumsum(paths)))
    ranks = (before[:-1] + before[1:]) / 2 / before[-1]
    scores = np.asarray(ndtri(ranks))
    rising = bool(np.cov(scores, shares, aweights=paths)[0, 1] >= 0) if paths.size > 1 else True
    smooth = np.asarray(isotonic_regression(shares, weights=paths, increasing=rising).x)
    places = some[(ranks * some.size).astype(np.int64)].tolist()
    value, always = None, False
    if smooth.min() >= probability:
        always = True
    elif smooth.max() >= probability:
        value = _crossing(split, edges, scores, shares, paths.astype(np.float64), smooth, probability)
    return Threshold(
        name,
        "at least" if rising else "at most",
        value,
        None if value is None else split.below(value.value),
        always,
        float(smooth[0]),
        float(smooth[-1]),
        _monotone(shares, smooth, paths),
        tuple(zip(places, map(float, shares), map(float, smooth), strict=True)),
    )


def _some(split: Split) -> Floats:
    """Every k-th value in rising order, some 65,536 where there are more: enough to place bins by."""
    step = max(1, (split.reached.size + split.missed.size) // 65_536)
    return np.sort(np.concatenate((split.reached[step // 2 :: step], split.missed[step // 2 :: step])))


def _edges(some: Floats) -> Floats:
    """Edges of bins of about equal count; the outermost are open."""
    inner = np.unique(some[(np.arange(1, BINS) * some.size) // BINS])
    return np.concatenate(([-math.inf], inner[inner > some[0]], [math.inf]))


def _crossing(
    split: Split, edges: Floats, scores: Floats, shares: Floats, paths: Floats, smooth: Floats, probability: float
) -> Estimate:
    """Where a line through the bins beside the crossing meets the probability, with the error of its height there."""
    from scipy.special import ndtr

    at = int(np.argmin(np.abs(smooth - probability)))
    near = np.flatnonzero(np.abs(scores - scores[at]) <= _BESIDE)
    first, last = max(min(int(near[0]), at - 1), 0), min(max(int(near[-1]), at + 1) + 1, shares.size)
    chosen = slice(first, last)
    weight = paths[chosen] / paths[chosen].sum()
    centre, height = float(weight @ scores[chosen]), float(weight @ shares[chosen])
    deviation = scores[chosen] - centre
    slope = float((weight * deviation) @ shares[chosen]) / max(float(weight @ deviation**2), 1e-300)
    if slope == 0 or slope * (smooth[-1] - smooth[0]) < 0:
        return Estimate(split.percentile(float(ndtr(scores[at]))), math.nan)
    score = centre + (probability - height) / slope
    score = min(max(score, float(scores[first])), float(scores[last - 1]))
    error = split.window(float(edges[first]), float(edges[last])) / abs(slope)
    low, here, high = (split.percentile(float(ndtr(s))) for s in (score - error, score, score + error))
    return Estimate(here, (high - low) / 2)


def _monotone(shares: Floats, smooth: Floats, paths: Floats) -> bool:
    """Chi-squared of eight groups of bins about the monotone curve; independent paths, so wide under Sobol."""
    from scipy.stats import chi2

    cuts = np.unique(np.linspace(0, shares.size, 9).astype(int)[:-1])
    counts, hits, fitted = (np.add.reduceat(x, cuts) for x in (paths, shares * paths, smooth * paths))
    p = np.clip(fitted / counts, 1e-3, 1 - 1e-3)
    statistic = float(np.sum((hits - fitted) ** 2 / (counts * p * (1 - p))))
    return statistic < float(chi2.isf(_ODD, cuts.size))
