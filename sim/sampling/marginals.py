"""From a driver's marginal, as written in the study, to its law."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, log, log1p, sqrt

from sim.config.drivers import Distribution
from sim.sampling import fit, laws
from sim.sampling.laws import Law

Given = dict[str, float]


def law(marginal: Distribution) -> Law:
    """The law of a marginal, truncated if it says so. Raises `fit.NoFit` and `laws.NothingLeft`."""
    kind: str = marginal.kind  # type: ignore[attr-defined]
    whole = _KINDS[kind](marginal.given, marginal.percentiles)
    cut = marginal.truncate
    if cut is None:
        return whole
    return laws.truncate(whole, -inf if cut.low is None else cut.low, inf if cut.high is None else cut.high)


def _normal(given: Given, points: fit.Points) -> Law:
    return laws.normal(*fit.normal(points)) if points else laws.normal(given["mean"], given["sd"])


def _lognormal(given: Given, points: fit.Points) -> Law:
    if points:
        return laws.lognormal(*fit.lognormal(points))
    if "mu" in given:
        return laws.lognormal(given["mu"], given["sigma"])
    if "median" in given:
        return laws.lognormal(log(given["median"]), given["sd_log"])
    variance = log1p((given["sd"] / given["mean"]) ** 2)
    return laws.lognormal(log(given["mean"]) - 0.5 * variance, sqrt(variance))


def _gamma(given: Given, points: fit.Points) -> Law:
    if points:
        return laws.gamma(*fit.gamma(points))
    if "shape" in given:
        return laws.gamma(given["shape"], given["scale"])
    return laws.gamma((given["mean"] / given["sd"]) ** 2, given["sd"] ** 2 / given["mean"])


def _weibull(given: Given, points: fit.Points) -> Law:
    return laws.weibull(*fit.weibull(points)) if points else laws.weibull(given["shape"], given["scale"])


def _gumbel(given: Given, points: fit.Points) -> Law:
    return laws.gumbel(*fit.gumbel(points)) if points else laws.gumbel(given["location"], given["scale"])


_KINDS: dict[str, Callable[[Given, fit.Points], Law]] = {
    "fixed": lambda given, _: laws.fixed(given["value"]),
    "normal": _normal,
    "lognormal": _lognormal,
    "uniform": lambda given, _: laws.uniform(given["low"], given["high"]),
    "triangular": lambda given, _: laws.triangular(given["low"], given["mode"], given["high"]),
    "pert": lambda given, _: laws.pert(given["low"], given["mode"], given["high"]),
    "beta": lambda given, _: laws.beta(given["alpha"], given["beta"], given["low"], given["high"]),
    "gamma": _gamma,
    "weibull": _weibull,
    "student_t": lambda given, _: laws.student_t(given["df"], given["location"], given["scale"]),
    "gumbel": _gumbel,
}
