"""The growth model fitted to reported quarters: state space, with priors, by maximum posterior and importance sampling.

Log revenue is a trend plus a season plus an irregular (Harvey 1989, *Forecasting, structural time series models and the
Kalman filter*, chapter 2), on whatever basis it is reported:

    y_t   = trend_t + season_t + bridge of the basis + irregular_t           irregular ~ N(0, irregular_volatility^2)
    trend_t = trend_{t-1} + long_run_growth + fading_t + shock_t
    fading_t = fading_{t-1} 2^(-1 / growth_half_life)
    shock_t  = growth_persistence shock_{t-1} + N(0, growth_volatility^2)
    season_t = -(season_{t-1} + season_{t-2} + season_{t-3}) + N(0, seasonal_volatility^2)

The season evolves: fixed seasonal factors leave their own changes in the residuals, where they look like growth that
is undone (a spurious negative persistence). ``sim/models/growth.py`` simulates the same equations.

Forty quarters say little about some of these numbers, so each has a weak prior, the same for every vintage; it is our
judgement, set before the backtest was first run. The posterior is explored by importance sampling from a Student t
about the mode (Geweke 1989, Econometrica 57, 1317-1339), in one adaptive step; moments are weighted sums over fixed
draws, so equal data give equal results.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.analysis.scores import Floats
from sim.analysis.splice import Spliced
from sim.errors import InputError, Problem

DRAWS = 1000
_TAILS = 6.0  # degrees of freedom of the importance law: heavier than the posterior, so weights stay bounded
_ROUNDS = 4  # at most, of moving the importance law to the posterior; nearly always one is enough
_SEED = 179
FEWEST = 9  # two years and a quarter: below that a season is anybody's guess


@dataclass(frozen=True)
class Prior:
    """A normal prior on a transformed scale: ``kind`` is logit, log or plain; ``centre`` is in natural units."""

    kind: str
    centre: float
    sd: float

    @property
    def mean(self) -> float:
        """Its mean on the transformed scale."""
        return float(_transform(self.kind, self.centre))


PRIORS: Mapping[str, Prior] = {
    "growth_persistence": Prior("logit", 0.82, 1.0),  # 90% between 0.47 and 0.96
    "growth_volatility": Prior("log", 0.02, 0.7),
    "seasonal_volatility": Prior("log", 0.01, 1.0),
    "irregular_volatility": Prior("log", 0.015, 1.0),
    "long_run_growth": Prior("plain", 0.03, 0.015),  # a quarter: 12% a year, give or take 6 points
    "growth_half_life": Prior("log", 6.0, 0.5),  # quarters
}
# What the filter knows at the end of the data; names are those of the drivers of the growth model.
STATES = (
    "opening_fading_growth",
    "opening_growth_state",
    "opening_irregular",
    "opening_season",
    "opening_season_1",
    "opening_season_2",
)
_FADING, _SHOCK, _SEASON, _BRIDGES = 1, 2, 3, 6  # rows of the state vector; the trend is row 0


@dataclass(frozen=True)
class Fit:
    """A posterior. ``names`` are the six quantities of `PRIORS` and then `STATES`; ``mean`` float64[12] and
    ``covariance`` float64[12, 12] are on the transformed scale (``kinds``), ``natural`` holds posterior means and
    standard deviations in natural units.

    ``mode`` and ``likeliest`` are the quantities at the maximum of the posterior and of the likelihood alone;
    ``effective`` is the effective number of the ``draws``; ``used`` counts the quarters that had a level.
    """

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    mean: Floats
    covariance: Floats
    natural: Mapping[str, tuple[float, float]]
    mode: Mapping[str, float]
    likeliest: Mapping[str, float]
    log_likelihood: float
    effective: float
    draws: int
    used: int
    last: str

    @property
    def correlation(self) -> Floats:
        """Correlations on the transformed scale, on which each quantity is close to normal."""
        sd = np.sqrt(np.diag(self.covariance))
        return np.asarray(self.covariance / np.outer(sd, sd))

    def spread(self, name: str) -> tuple[float, float]:
        """Posterior mean and standard deviation of a quantity on its transformed scale."""
        row = self.names.index(name)
        return float(self.mean[row]), math.sqrt(float(self.covariance[row, row]))


def fit(series: Spliced, *, draws: int = DRAWS, likeliest: bool = False) -> Fit:
    """Fit a spliced series. ``likeliest`` also maximises the likelihood alone, which takes a little longer.

    InputError when there are too few quarters, or the last one is not used.
    """
    used = int(np.isfinite(series.levels).sum())
    if used < FEWEST or not np.isfinite(series.levels[-1]):
        what = f"{used} usable quarters up to {series.names[-1]}" if len(series) else "no quarters"
        raise InputError(Problem("history", what, f"the fit needs {FEWEST} or more and a level for the last one"))
    filtered = _Filter(series)
    kinds = tuple(prior.kind for prior in PRIORS.values())
    start = np.array([prior.mean for prior in PRIORS.values()])
    widths = np.array([prior.sd for prior in PRIORS.values()])

    def penalty(x: Floats) -> float:
        return -filtered.log_likelihood(x) + 0.5 * float(np.sum(((x - start) / widths) ** 2))

    mode = _minimum(penalty, start)
    best = dict.fromkeys(PRIORS, math.nan)
    if likeliest:
        best = _natural(kinds, _minimum(lambda x: -filtered.log_likelihood(x), mode, _bounds()))
    scale = _curvature(penalty, mode, widths)
    centre = mode
    for _ in range(_ROUNDS):
        first, weights, _ = _draw(penalty, centre, scale, draws // 2, None)
        centre = weights @ first
        scale = (first - centre).T * weights @ (first - centre) + 0.05 * scale  # never collapses on a few draws
        if 20.0 * float(np.sum(weights**2)) < 1.0:
            break  # twenty effective draws or more: the law lies about right
    points, weights, states = _draw(penalty, centre, scale, draws, filtered)
    assert states is not None
    means, covariance = states
    joint = np.hstack([points, means])
    mean = weights @ joint
    spread = (joint - mean).T * weights @ (joint - mean)
    spread[len(PRIORS) :, len(PRIORS) :] += np.tensordot(weights, covariance, 1)
    values = np.column_stack([_back(kind, points[:, i]) for i, kind in enumerate(kinds)])
    centre, sds = weights @ values, np.sqrt(weights @ (values - weights @ values) ** 2)
    natural = dict(zip(PRIORS, zip(map(float, centre), map(float, sds), strict=True), strict=True))
    for row, name in enumerate(STATES, start=len(PRIORS)):
        natural[name] = float(mean[row]), math.sqrt(float(spread[row, row]))
    return Fit(
        names=(*PRIORS, *STATES),
        kinds=(*kinds, *("plain" for _ in STATES)),
        mean=mean,
        covariance=spread,
        natural=natural,
        mode=_natural(kinds, mode),
        likeliest=best,
        log_likelihood=filtered.log_likelihood(mode),
        effective=1.0 / float(np.sum(weights**2)),
        draws=draws,
        used=used,
        last=series.names[-1],
    )


def predicted(found: Fit, horizons: Sequence[int], draws: int = 20_000) -> dict[int, Floats]:
    """Log growth from the last quarter to each horizon, float64[draws]: the posterior simulated in NumPy.

    Draws are joint normal on the transformed scale; the study of the growth model says the same through the engine.
    """
    rng = np.random.default_rng(_SEED + 1)
    points = rng.multivariate_normal(found.mean, found.covariance, draws, method="cholesky").T
    values = [np.asarray(_back(kind, row)) for kind, row in zip(found.kinds, points, strict=True)]
    persistence, shock_sd, season_sd, irregular_sd, growth, half_life = values[: len(PRIORS)]
    fading, shock, irregular, season, season_1, season_2 = values[len(PRIORS) :]
    level, opening = np.zeros(draws), season + irregular
    results = {}
    for t in range(1, max(horizons) + 1):
        fading = fading * 2.0 ** (-1.0 / half_life)
        shock = persistence * shock + shock_sd * rng.standard_normal(draws)
        level = level + growth + fading + shock
        new = season_sd * rng.standard_normal(draws) - season - season_1 - season_2
        season, season_1, season_2 = new, season, season_1
        if t in horizons:
            results[t] = np.asarray(level + season + irregular_sd * rng.standard_normal(draws) - opening)
    return results


class _Filter:
    """The Kalman filter of statsmodels on one series, with numbers that can be changed."""

    def __init__(self, series: Spliced):
        from statsmodels.tsa.statespace.kalman_filter import KalmanFilter

        changes = series.bridges.size
        size = _BRIDGES + changes
        self.series, self.last = series, float(series.levels[-1])
        model: Any = KalmanFilter(k_endog=1, k_states=size, k_posdef=2, tolerance=0)
        model.bind(np.ascontiguousarray(series.levels[:, None]))
        design = np.zeros((1, size, len(series)))
        design[0, 0], design[0, _SEASON] = 1.0, 1.0
        for change in range(changes):
            design[0, _BRIDGES + change] = series.segment > change
        model["design"] = design if changes else design[:, :, :1]
        self.at_end = design[0, :, -1]
        transition = np.eye(size)
        transition[_SEASON, _SEASON : _SEASON + 3] = -1.0
        transition[_SEASON + 1, _SEASON : _SEASON + 2] = 1.0, 0.0
        transition[_SEASON + 2, _SEASON + 1 : _SEASON + 3] = 1.0, 0.0
        model["transition"] = transition
        selection = np.zeros((size, 2))
        selection[[0, _SHOCK], 0] = 1.0
        selection[_SEASON, 1] = 1.0
        model["selection"] = selection
        known = series.levels[np.isfinite(series.levels)]
        start = np.zeros(size)
        start[0], start[_FADING], start[_BRIDGES:] = known[0], 0.12, series.bridges
        # Wide: revenue, growth of a young business (12% a quarter, give or take 15), seasons of 10%.
        variances = [25.0, 0.15**2, 1.0, 0.1**2, 0.1**2, 0.1**2]
        model.initialize_known(start, np.diag([*variances, *series.bridge_errors**2]))
        self.model, self.size = model, size
        # Written in place for each point: the model's own arrays, looked up once.
        self.transition, self.intercept = model.transition, model.state_intercept
        self.shocks, self.noise = model.state_cov, model.obs_cov
        self.start = model.initialization.stationary_cov

    def _set(self, x: Floats) -> None:
        persistence, shock, season, irregular, growth, half_life = _point(x)
        self.transition[[0, _FADING], _FADING, 0] = 2.0 ** (-1.0 / half_life)
        self.transition[[0, _SHOCK], _SHOCK, 0] = persistence
        self.intercept[0, 0] = growth
        self.shocks[0, 0, 0], self.shocks[1, 1, 0] = shock**2, season**2
        self.noise[0, 0, 0] = irregular**2
        self.start[_SHOCK, _SHOCK] = shock**2 / (1.0 - persistence**2)

    def log_likelihood(self, x: Floats) -> float:
        """Log likelihood of the series at transformed quantities float64[6]."""
        self._set(x)
        return float(self.model.loglike())

    def ended(self, x: Floats) -> tuple[float, Floats, Floats]:
        """Log likelihood, and mean float64[6] and covariance of `STATES` given everything up to the last quarter."""
        self._set(x)
        found = self.model.filter()
        state, covariance = found.filtered_state[:, -1], found.filtered_state_cov[:, :, -1]
        # The irregular is what the level leaves over: y - trend - season - bridges.
        pick = np.zeros((len(STATES), self.size))
        for row, column in enumerate((_FADING, _SHOCK, None, _SEASON, _SEASON + 1, _SEASON + 2)):
            if column is None:
                pick[row] = -self.at_end
            else:
                pick[row, column] = 1.0
        mean = pick @ state
        mean[2] += self.last
        return float(found.llf), mean, np.asarray(pick @ covariance @ pick.T)


def _transform(kind: str, value: float) -> float:
    if kind == "log":
        return math.log(value)
    return math.log(value / (1.0 - value)) if kind == "logit" else value


def _back(kind: str, x: Any) -> Any:
    if kind == "log":
        return np.exp(np.clip(x, -30.0, 10.0))
    # A persistence of one has no stationary start: 1 - 1e-6 is as near as anybody needs.
    return 1.0 / (1.0 + np.exp(-np.clip(x, -13.8, 13.8))) if kind == "logit" else x


_KINDS = tuple(prior.kind for prior in PRIORS.values())


def _point(x: Floats) -> list[float]:
    """`_back` of one point, without arrays: it is called thousands of times."""
    found = []
    for kind, value in zip(_KINDS, x.tolist(), strict=True):
        if kind == "log":
            found.append(math.exp(min(max(value, -30.0), 10.0)))
        else:
            found.append(1.0 / (1.0 + math.exp(-min(max(value, -13.8), 13.8))) if kind == "logit" else value)
    return found


def _natural(kinds: tuple[str, ...], x: Floats) -> dict[str, float]:
    return {name: float(_back(kind, value)) for name, kind, value in zip(PRIORS, kinds, x, strict=True)}


def _bounds() -> list[tuple[float, float]]:
    """Where the likelihood alone is searched: a volatility may be nothing, a persistence up to 0.99."""
    wide = {"log": (-9.5, 3.0), "logit": (-4.6, 4.6), "plain": (-0.2, 0.3)}
    return [wide[prior.kind] for prior in PRIORS.values()]


def _minimum(function: Any, start: Floats, bounds: Any = None) -> Floats:
    from scipy.optimize import minimize

    return np.asarray(minimize(function, start, method="L-BFGS-B", bounds=bounds).x)


def _curvature(function: Any, at: Floats, widths: Floats) -> Floats:
    """Covariance of the normal law about a minimum; nowhere wider than the prior."""
    steps, n = 0.05 * widths, at.size
    hessian = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            a, b = np.zeros(n), np.zeros(n)
            a[i], b[j] = steps[i], steps[j]
            corners = function(at + a + b) - function(at + a - b) - function(at - a + b) + function(at - a - b)
            hessian[i, j] = hessian[j, i] = corners / (4.0 * steps[i] * steps[j])
    scaled = hessian * np.outer(widths, widths)  # in units of the prior: its own curvature is 1
    values, vectors = np.linalg.eigh(scaled)
    inverse = (vectors / np.maximum(values, 0.5)) @ vectors.T
    return np.asarray(inverse * np.outer(widths, widths))


def _draw(
    penalty: Any, centre: Floats, scale: Floats, draws: int, filtered: _Filter | None
) -> tuple[Floats, Floats, tuple[Floats, Floats] | None]:
    """Points float64[draws, 6], their posterior weights, and with a filter the states at each point."""
    rng = np.random.default_rng(_SEED)
    normal = rng.standard_normal((draws, centre.size))
    heavy = np.sqrt(rng.chisquare(_TAILS, draws) / _TAILS)
    away = normal / heavy[:, None]
    points = centre + away @ np.linalg.cholesky(scale).T
    density = -0.5 * (_TAILS + centre.size) * np.log1p((away**2).sum(axis=1) / _TAILS)
    logs = np.array([-penalty(x) for x in points]) - density
    weights = np.exp(logs - logs.max())
    weights /= weights.sum()
    if filtered is None:
        return points, weights, None
    means = np.zeros((draws, len(STATES)))
    covariances = np.zeros((draws, len(STATES), len(STATES)))
    for row in np.flatnonzero(weights > 1e-3 / draws):  # the rest weighs nothing
        _, means[row], covariances[row] = filtered.ended(points[row])
    return points, weights, (means, covariances)
