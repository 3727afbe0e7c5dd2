"""Naive forecasts that a model of growth must beat: each gives a normal law of log growth, from the past alone.

Three need no fitting: growth of the last year repeated, growth of the last quarter repeated, and a random walk whose
drift is the mean growth so far. Their standard deviations are the root mean squares of the errors that they would have
made before the vintage at the same horizon. Three are fitted by statsmodels with its own standard deviations: seasonal
ARIMA (0,1,1)(0,1,1) ("airline", Box and Jenkins 1976, chapter 9) and (1,1,0)(0,1,1), and exponential smoothing with
damped trend and additive season (ETS A,Ad,A: Hyndman et al. 2008).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from sim.analysis.scores import Floats

Forecast = tuple[float, float]  # mean and sd of log growth from the last quarter to the horizon
NAMES = {
    "last_year": "Last year's growth",
    "last_quarter": "Last quarter's growth",
    "drift": "Random walk with drift",
    "airline": "Seasonal ARIMA (0,1,1)(0,1,1)",
    "arima": "Seasonal ARIMA (1,1,0)(0,1,1)",
    "ets": "Exponential smoothing (A,Ad,A)",
}
_FIRST = 6  # quarters a rule needs before its errors count
_FEW = 3  # errors for a standard deviation of one's own horizon


def forecasts(levels: Floats, horizons: Sequence[int]) -> dict[str, dict[int, Forecast]]:
    """Every rival's forecast from log levels float64[n], all finite, by name and horizon."""
    rules: dict[str, Callable[[Floats, int], float]] = {
        "last_year": _last_year,
        "last_quarter": lambda past, h: h * float(past[-1] - past[-2]),
        "drift": lambda past, h: h * float(past[-1] - past[0]) / (past.size - 1),
    }
    found = {
        name: {h: (rule(levels, h), _past_error(rule, levels, h)) for h in horizons} for name, rule in rules.items()
    }
    found["airline"] = _arima(levels, horizons, (0, 1, 1))
    found["arima"] = _arima(levels, horizons, (1, 1, 0))
    found["ets"] = _smoothing(levels, horizons)
    return found


def _last_year(past: Floats, h: int) -> float:
    """The same quarter of last year, grown once more by the growth of the last four quarters for each year ahead."""
    same = past[-4 + (h - 1) % 4]
    years = 1 + (h - 1) // 4
    return float(same - past[-1] + years * (past[-1] - past[-5]))


def _past_error(rule: Callable[[Floats, int], float], levels: Floats, h: int) -> float:
    def errors(ahead: int) -> list[float]:
        ends = range(_FIRST, levels.size - ahead)
        return [float(levels[t + ahead] - levels[t]) - rule(levels[: t + 1], ahead) for t in ends]

    own = errors(h)
    if len(own) >= _FEW:
        return math.sqrt(float(np.mean(np.square(own))))
    return math.sqrt(h * float(np.mean(np.square(errors(1)))))


def _arima(levels: Floats, horizons: Sequence[int], order: tuple[int, int, int]) -> dict[int, Forecast]:
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # starting values and convergence on short series: the rival stands as it is
        model: Any = SARIMAX(levels, order=order, seasonal_order=(0, 1, 1, 4))
        ahead = model.fit(disp=False).get_forecast(max(horizons))
    mean, sd = np.asarray(ahead.predicted_mean), np.asarray(ahead.se_mean)
    return {h: (float(mean[h - 1] - levels[-1]), float(sd[h - 1])) for h in horizons}


def _smoothing(levels: Floats, horizons: Sequence[int]) -> dict[int, Forecast]:
    import pandas as pd
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    n = levels.size
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model: Any = ETSModel(
            pd.Series(levels), error="add", trend="add", damped_trend=True, seasonal="add", seasonal_periods=4
        )
        ahead = model.fit(disp=False).get_prediction(start=n, end=n + max(horizons) - 1)
        mean, variance = np.asarray(ahead.predicted_mean), np.asarray(ahead.forecast_variance)
    return {h: (float(mean[h - 1] - levels[-1]), math.sqrt(float(variance[h - 1]))) for h in horizons}
