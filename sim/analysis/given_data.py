"""First-order indices from the stored run alone: the share of variance that knowing one driver would remove.

Var(E[Y | X]) / Var(Y), the regression E[Y | X] taken as a straight line within each of about sqrt(n) / 2 bins of X with
equal counts (Plischke 2012, Reliability Engineering and System Safety 100, with lines in place of levels: levels lose
what varies within a bin, some per cent of it in the tails). The share so explained is too high by what noise puts in;
it is corrected for its k coefficients as epsilon squared, 1 - (n - 1) / (n - k) x rest / total (Kelley 1935, PNAS 21,
p. 555), which is right at zero. No model is asked and no driver drawn anew, so it holds for correlated drivers too: it
then counts what comes with a driver as well, and the indices of several do not add up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.analysis.estimate import T_95, Floats, finite
from sim.analysis.quantity import Quantity
from sim.run.result import REPLICATES, Run

MOST = 65_536  # paths used: the error is some 0.2% of the variance then
_FEWEST = 4 * REPLICATES


@dataclass(frozen=True)
class FirstOrder:
    """The index of one driver with its standard error (delete-a-replicate jackknife)."""

    driver: str
    index: float
    error: float

    @property
    def interval(self) -> tuple[float, float]:
        """95% interval by Student's t with 15 degrees of freedom, within 0 and 1."""
        return max(self.index - T_95 * self.error, 0.0), min(self.index + T_95 * self.error, 1.0)

    def as_dict(self) -> dict[str, Any]:
        return {
            "driver": self.driver,
            "first_order": finite(self.index),
            "standard_error": finite(self.error),
            "interval": [finite(end) for end in self.interval],
        }


@dataclass(frozen=True)
class GivenData:
    """Indices by driver over ``paths`` valid paths; empty if the drivers were not kept."""

    drivers: tuple[FirstOrder, ...]
    paths: int

    def as_dict(self) -> dict[str, Any]:
        return {"drivers": [driver.as_dict() for driver in self.drivers], "paths": self.paths}


def analyse(run: Run, quantity: Quantity, drivers: Sequence[str], most: int = MOST) -> GivenData:
    """Indices of ``drivers`` from the first ``most`` paths of the run; none from too few paths or without drivers."""
    kept = [name for name in drivers if name in run.columns.names]
    n = min(run.paths, most)
    values = quantity.standard(run.columns.head(quantity.output, n))
    if n < _FEWEST or not kept or np.ptp(values) == 0:
        return GivenData((), n)
    return GivenData(tuple(_index(name, run.columns.head(name, n), values) for name in kept), n)


def _index(driver: str, column: Floats, values: Floats) -> FirstOrder:
    n = values.size
    bins = max(round(math.sqrt(n) / 2), 2)
    ordered = np.sort(column)
    # Equal values stay in one bin: edges are values, each the smallest of its bin.
    edges = np.unique(ordered[np.arange(1, bins) * n // bins])
    edges = edges[edges > ordered[0]]
    cell = np.searchsorted(edges, column, side="right")
    cells = edges.size + 1
    # Distances from the middle of the own bin in units of its width, so that sums of squares do not cancel.
    starts, ends = np.concatenate((ordered[:1], edges)), np.concatenate((edges, ordered[-1:]))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        x = (column - ((starts + ends) / 2)[cell]) / (ends - starts)[cell]
    x = np.nan_to_num(x, nan=0.0, posinf=0.0, neginf=0.0)
    replicate = np.arange(n) % REPLICATES
    place = cell + cells * replicate
    sums = np.array([
        np.bincount(place, weights, REPLICATES * cells).reshape(REPLICATES, cells)
        for weights in (None, x, values, x * x, x * values)
    ])  # fmt: skip
    squares = np.bincount(replicate, values * values, REPLICATES)
    whole = _epsilon_squared(sums.sum(axis=1), float(squares.sum()))
    others = np.array([
        _epsilon_squared(sums.sum(axis=1) - sums[:, r], float(squares.sum() - squares[r])) for r in range(REPLICATES)
    ])  # fmt: skip
    jackknife = (REPLICATES - 1) / REPLICATES * float(((others - others.mean()) ** 2).sum())
    # The jackknife counts twice what noise alone gives a quadratic form (Efron and Stein 1981, section 4): near zero,
    # where there is nothing else, it would be too wide by half. Noise alone: 2 k (1 - index)^2 / n^2.
    noise = 2 * (2 * cells) * ((1.0 - whole) / n) ** 2
    return FirstOrder(driver, whole, math.sqrt(max(jackknife - noise, jackknife / 2)))


def _epsilon_squared(sums: Floats, squares: float) -> float:
    """From counts and sums of x, y, x^2 and x y by bin, float64[5, bins], and the sum of y^2."""
    counts, x, y, xx, xy = sums[:, sums[0] > 0]
    n = float(counts.sum())
    spread = xx - x * x / counts
    sloped = spread > 1e-6 * counts  # a bin of one value has no slope
    gained = y * y / counts
    gained[sloped] += (xy - x * y / counts)[sloped] ** 2 / spread[sloped]
    coefficients = counts.size + int(np.count_nonzero(sloped))
    total = squares - float(y.sum()) ** 2 / n
    if coefficients < 2 or n <= coefficients or total <= 0:
        return 0.0
    return float(1.0 - (n - 1) / (n - coefficients) * (squares - float(gained.sum())) / total)
