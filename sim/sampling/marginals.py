"""From a driver's marginal, as written in the study, to its law."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, log, log1p, sqrt

from sim.config.drivers import Discrete, Distribution, Empirical, Metalog, Mixture
from sim.config.schema import Study
from sim.errors import Problem
from sim.sampling import composed, fit, laws
from sim.sampling.laws import Law
from sim.sampling.metalog import metalog

Given = dict[str, float]


def law(marginal: Distribution) -> Law:
    """The law of a marginal, truncated if it says so. Raises `fit.NoFit` and `laws.NothingLeft`."""
    kind: str = marginal.kind  # type: ignore[attr-defined]
    whole = _whole(marginal, kind)
    cut = marginal.truncate
    if cut is None:
        return whole
    return laws.truncate(whole, -inf if cut.low is None else cut.low, inf if cut.high is None else cut.high)


def heavy(study: Study) -> list[tuple[str, str]]:
    """(leaf, sentence) of every driver whose variance does not exist, which its distribution says exactly."""
    found = []
    for name, driver in study.drivers.items():
        if driver.marginal.kind in ("student_t", "metalog", "mixture"):
            try:
                index = min((drawn := law(driver.marginal)).left, drawn.right)
            except (fit.NoFit, laws.NothingLeft):
                continue  # told as a problem
            if index <= 2.0:
                lacks = "neither mean nor variance" if index <= 1.0 else "no variance"
                said = f"driver {name} has {lacks} (tail index {index:.3g}); truncate it, or take a lighter tail"
                found.append((f"drivers.{name}.marginal", said))
    return found


def problems(study: Study) -> list[Problem]:
    """Metalogs, alone or in mixtures, that do not exist: for `sim check`, as they need no SciPy."""
    found = []
    for name, driver in study.drivers.items():
        if isinstance(driver.marginal, Metalog):
            parts: list[tuple[str, Distribution]] = [("marginal", driver.marginal)]
        elif isinstance(driver.marginal, Mixture):
            parts = [
                (f"marginal.components.{i}.marginal", c.marginal) for i, c in enumerate(driver.marginal.components)
            ]
        else:
            continue
        for leaf, part in parts:
            try:
                if isinstance(part, Metalog):
                    _whole(part, "metalog")
            except fit.NoFit as fault:
                found.append(Problem(f"drivers.{name}.{leaf}", str(fault), "correct a percentile, or use another kind"))
    return found


def _whole(marginal: Distribution, kind: str) -> Law:
    if isinstance(marginal, Metalog):
        return metalog(
            marginal.percentiles,
            -inf if marginal.low is None else marginal.low,
            inf if marginal.high is None else marginal.high,
        )
    if isinstance(marginal, Discrete):
        return composed.discrete(marginal.values, marginal.probabilities)
    if isinstance(marginal, Empirical):
        return composed.empirical(marginal.values or (), linear=marginal.how == "linear")
    if isinstance(marginal, Mixture):
        weights = [component.weight for component in marginal.components]
        return composed.mixture(weights, [law(component.marginal) for component in marginal.components])
    return _KINDS[kind](marginal.given, marginal.percentiles)


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
