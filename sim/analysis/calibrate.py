"""A fit as drivers: the posterior of the growth model as marginals and correlations, and the widths a study needs.

Each fitted quantity becomes a marginal with the posterior's own uncertainty: lognormal for volatilities and half-life,
beta for the persistence, normal for growth rates and for what the filter knows of the last quarter. Numbers are rounded
to four significant digits, and what is written to YAML is what a backtest uses.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.analysis.growth_fit import PRIORS, STATES, Fit
from sim.analysis.replicates import Estimate
from sim.analysis.scores import Floats
from sim.periods import parse_quarter

Marginal = dict[str, Any]
OPENING_REVENUE = "opening_revenue"
_SEASONS = ("march", "june", "september", "december")
_THRESHOLDS = (0.1, 0.05, 0.02, 0.0)  # correlations below the largest of these that keeps the matrix sound are left out
_SMALLEST_EIGENVALUE = 0.02
# A shock that halves in more than 13 quarters cannot be told from a trend in ten years of history, and a study that
# runs ten years ahead has trends of its own for that.
LONGEST_PERSISTENCE = 0.95
HIGHEST_VOLATILITY = 3.09  # standard deviations of its logarithm above the median
SHOCKS, NOISE = "shocks", "noise"  # the two groups of drivers whose widths `Widths` scales


@dataclass(frozen=True)
class Pair:
    """Correlation of the normals behind two drivers."""

    first: str
    second: str
    pearson: float


@dataclass(frozen=True)
class Spread:
    """A study's spread of revenue by horizon: sd of its log, and half of the central 80% interval over the median.

    ``target`` is the probability that the study's target is reached, None for a study without.
    """

    sd: tuple[float, ...]
    half_width: tuple[float, ...]
    target: Estimate | None

    def as_dict(self) -> dict[str, Any]:
        return {
            "sd": list(self.sd),
            "half_width_80": list(self.half_width),
            "target": None if self.target is None else self.target.as_dict(),
        }


@dataclass(frozen=True)
class Backtested:
    """What a backtest says of the widths at some horizons: factors with 90% intervals, and the corrections applied.

    A correction is 1 where chance explains the factor: `sim.analysis.backtest.Horizon.correction`.
    """

    vintages: int
    factors: tuple[float, ...]
    intervals: tuple[tuple[float, float], ...]
    corrections: tuple[float, ...]

    def as_dict(self) -> dict[str, Any]:
        return {
            "vintages": self.vintages,
            "width_factors": list(self.factors),
            "intervals": [list(each) for each in self.intervals],
            "corrections": list(self.corrections),
        }


@dataclass(frozen=True)
class Widths:
    """How wide a study's forecasts are against the record's, and the factors that make them agree.

    Spreads are standard deviations of log revenue at ``horizons`` (quarters ahead). ``fitted`` is what the fitted
    growth model gives, ``record`` that times the corrections of its backtest, if one was given; ``uncorrected`` the
    study with the fitted drivers as they are; ``corrected`` with growth shocks times ``shocks`` and season and
    irregular times ``noise``, which agree with the record at the first two horizons and are a check at the others.
    """

    horizons: tuple[int, ...]
    fitted: tuple[float, ...]
    record: tuple[float, ...]
    uncorrected: Spread
    corrected: Spread
    shocks: float
    noise: float
    backtest: Backtested | None

    def as_dict(self) -> dict[str, Any]:
        return {
            "horizons": list(self.horizons),
            "fitted": list(self.fitted),
            "record": list(self.record),
            "uncorrected": self.uncorrected.as_dict(),
            "corrected": self.corrected.as_dict(),
            "factors": {SHOCKS: self.shocks, NOISE: self.noise},
            "backtest": None if self.backtest is None else self.backtest.as_dict(),
        }


def rounded(value: float, digits: int = 4) -> float:
    """A number as it is written into a study."""
    return float(f"{value:.{digits}g}")


def growth_drivers(fit: Fit, last_revenue: float) -> dict[str, Marginal]:
    """Marginals of every driver of the growth model. ``last_revenue`` is that of the last quarter, RMB bn."""
    found: dict[str, Marginal] = {OPENING_REVENUE: {"kind": "fixed", "value": last_revenue}}
    for name, kind in zip(fit.names, fit.kinds, strict=True):
        centre, sd = fit.spread(name)
        if kind == "log":
            found[name] = {"kind": "lognormal", "median": rounded(math.exp(centre)), "sd_log": rounded(sd)}
        elif kind == "logit":
            found[name] = _beta(*fit.natural[name])
        else:
            found[name] = {"kind": "normal", "mean": rounded(centre), "sd": rounded(sd)}
    return found


def growth_correlations(fit: Fit) -> tuple[Pair, ...]:
    """Correlations between the fitted drivers, the small ones left out."""
    matrix = np.round(fit.correlation, 3)
    for threshold in _THRESHOLDS:
        kept = np.where(np.abs(matrix) >= threshold, matrix, 0.0)
        if np.linalg.eigvalsh(kept)[0] > _SMALLEST_EIGENVALUE:
            break
    rows, columns = np.nonzero(np.triu(kept, 1))
    return tuple(
        Pair(fit.names[i], fit.names[j], float(kept[i, j]))
        for i, j in zip(rows.tolist(), columns.tolist(), strict=True)
    )


def study_drivers(fit: Fit, *, shocks: float = 1.0, noise: float = 1.0) -> dict[str, Marginal]:
    """Marginals for a study that has a trend of its own and takes from the record how growth, season and noise err.

    Its growth state is centred at zero, because its own trend says what growth is expected; its spread is that of all
    underlying growth at the end of the data. Its seasonal factors are constant on a path: their spread holds what the
    filter does not know and one quarter's evolution. What else the season does in a quarter joins the irregular.
    ``shocks`` and ``noise`` scale the two groups: see `Widths`. The size of the shocks ends at its P99.9:
    cumulated over forty quarters, an unbounded lognormal size would leave values far out without a mean.
    """
    evolution, irregular = (fit.natural[name][0] for name in ("seasonal_volatility", "irregular_volatility"))
    growth = [fit.names.index(n) for n in ("long_run_growth", "opening_fading_growth", "opening_growth_state")]
    state = math.sqrt(float(fit.covariance[np.ix_(growth, growth)].sum()))
    centre, sd = fit.spread("growth_volatility")
    _, opening = fit.spread("opening_irregular")
    found: dict[str, Marginal] = {
        "growth_persistence": _beta(*fit.natural["growth_persistence"]) | {"truncate": {"high": LONGEST_PERSISTENCE}},
        "growth_volatility": {
            "kind": "lognormal",
            "median": rounded(math.exp(centre) * shocks),
            "sd_log": rounded(sd),
            "truncate": {"high": rounded(math.exp(centre + HIGHEST_VOLATILITY * sd) * shocks)},
        },
        "opening_growth_state": {"kind": "normal", "mean": 0.0, "sd": rounded(state * shocks)},
        "irregular_volatility": {"kind": "fixed", "value": rounded(math.hypot(evolution, irregular) * noise)},
        "opening_irregular": {"kind": "normal", "mean": 0.0, "sd": rounded(opening * noise)},
    }
    for name, (mean, spread) in _seasons(fit).items():
        width = math.hypot(spread, evolution) * noise
        found[f"seasonal_factor_{name}"] = {
            "kind": "lognormal",
            "median": rounded(math.exp(mean)),
            "sd_log": rounded(width),
        }
    return found


def solve_widths(record: Floats, neither: Floats, shocks: Floats, noise: Floats) -> tuple[float, float]:
    """The factors of shocks and noise that give a study the record's width at the first two horizons.

    Each argument is float64[2 or more], sd of log revenue: the record's, and the study's with ``neither`` or one of the
    groups in place. Their variances add up to first order, so the squares of the factors solve two linear equations; a
    factor below a tenth would mean that the study is too wide without the group, and stops there.
    """
    base = neither**2
    parts = np.column_stack([shocks**2 - base, noise**2 - base])
    wanted = record**2 - base
    squares = np.linalg.solve(parts[:2], wanted[:2])
    found = np.sqrt(np.maximum(squares, 0.01))
    return rounded(float(found[0]), 3), rounded(float(found[1]), 3)


def _beta(mean: float, sd: float) -> Marginal:
    """Beta law on 0 to 1 of a mean and a standard deviation."""
    size = mean * (1.0 - mean) / sd**2 - 1.0
    return {"kind": "beta", "alpha": rounded(mean * size), "beta": rounded((1.0 - mean) * size)}


def _seasons(fit: Fit) -> Mapping[str, tuple[float, float]]:
    """Log seasonal factor of each calendar quarter, mean and sd: the last three, and what they leave for the fourth."""
    rows = [fit.names.index(name) for name in STATES if name.startswith("opening_season")]
    mean, covariance = fit.mean[rows], fit.covariance[np.ix_(rows, rows)]
    last = parse_quarter(fit.last)
    found: dict[str, tuple[float, float]] = {}
    for back in range(3):
        found[_SEASONS[(last - back) % 4]] = float(mean[back]), math.sqrt(float(covariance[back, back]))
    found[_SEASONS[(last + 1) % 4]] = float(-mean.sum()), math.sqrt(float(covariance.sum()))
    return found


def table(fit: Fit, without: Fit | None) -> list[dict[str, Any]]:
    """The fit quantity by quantity: posterior, mode, likeliest value, and the posterior without recalled rows."""
    return [
        {
            "name": name,
            "mean": fit.natural[name][0],
            "sd": fit.natural[name][1],
            "mode": fit.mode.get(name),
            "likeliest": fit.likeliest.get(name),
            "prior": None if name not in PRIORS else PRIORS[name].centre,
            "without_recalled": None if without is None else list(without.natural[name]),
        }
        for name in fit.names
    ]
