"""Every marginal: its law against SciPy's own distributions, its table against the law, its draws against both."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter
from scipy import stats

from sim.config.drivers import Marginal
from sim.errors import InputError
from sim.sampling import laws, marginals, plan, tables
from tests.sampling.conftest import study
from tests.statistical import assert_mean, assert_quantile, assert_sd, assert_uniform, mean_caught, uniform_caught

MARGINAL: TypeAdapter[Any] = TypeAdapter(Marginal)
LOG_RATIO = math.log(10.0)

# Written as in a study, and the same distribution in SciPy's words.
PAIRS: dict[str, tuple[dict[str, Any], Any]] = {
    "normal": ({"kind": "normal", "mean": 2.0, "sd": 0.5}, stats.norm(2.0, 0.5)),
    "normal of percentiles": (
        {"kind": "normal", "p25": 1.0, "p90": 4.0},
        stats.norm(*np.linalg.solve([[1, stats.norm.ppf(0.25)], [1, stats.norm.ppf(0.9)]], [1.0, 4.0])),
    ),
    "lognormal": ({"kind": "lognormal", "mu": 0.2, "sigma": 1.1}, stats.lognorm(1.1, scale=math.exp(0.2))),
    "lognormal of moments": (
        {"kind": "lognormal", "mean": 3.0, "sd": 2.0},
        stats.lognorm(math.sqrt(math.log(13 / 9)), scale=9.0 / math.sqrt(13.0)),
    ),
    "lognormal of median": ({"kind": "lognormal", "median": 7.0, "sd_log": 0.1}, stats.lognorm(0.1, scale=7.0)),
    "lognormal of percentiles": (
        {"kind": "lognormal", "p5": 1.0, "p95": 10.0},
        stats.lognorm(0.699936169172, scale=math.exp(1.151292546497)),
    ),
    "uniform": ({"kind": "uniform", "low": -1.0, "high": 3.0}, stats.uniform(-1.0, 4.0)),
    "triangular": ({"kind": "triangular", "low": 1.0, "mode": 3.0, "high": 8.0}, stats.triang(2 / 7, 1.0, 7.0)),
    "triangular, falling": ({"kind": "triangular", "low": 1.0, "mode": 1.0, "high": 8.0}, stats.triang(0, 1.0, 7.0)),
    "triangular, rising": ({"kind": "triangular", "low": 1.0, "mode": 8.0, "high": 8.0}, stats.triang(1, 1.0, 7.0)),
    "pert": ({"kind": "pert", "low": 1.0, "mode": 3.0, "high": 8.0}, stats.beta(15 / 7, 27 / 7, 1.0, 7.0)),
    "pert, mode at the end": ({"kind": "pert", "low": 0.0, "mode": 0.0, "high": 1.0}, stats.beta(1.0, 5.0)),
    "beta": ({"kind": "beta", "alpha": 2.0, "beta": 5.0, "low": -1.0, "high": 1.0}, stats.beta(2.0, 5.0, -1.0, 2.0)),
    "beta, shaped like a U": ({"kind": "beta", "alpha": 0.3, "beta": 0.2}, stats.beta(0.3, 0.2)),
    "gamma": ({"kind": "gamma", "shape": 2.5, "scale": 3.0}, stats.gamma(2.5, scale=3.0)),
    "gamma, steep": ({"kind": "gamma", "shape": 0.2, "scale": 1.0}, stats.gamma(0.2)),
    "gamma of moments": ({"kind": "gamma", "mean": 6.0, "sd": 2.0}, stats.gamma(9.0, scale=2 / 3)),
    "weibull": ({"kind": "weibull", "shape": 0.7, "scale": 2.0}, stats.weibull_min(0.7, scale=2.0)),
    "student_t": ({"kind": "student_t", "df": 2.5, "location": 3.0, "scale": 0.5}, stats.t(2.5, 3.0, 0.5)),
    "student_t, one degree": ({"kind": "student_t", "df": 1.0}, stats.t(1.0)),
    "gumbel": ({"kind": "gumbel", "location": 1.0, "scale": 2.0}, stats.gumbel_r(1.0, 2.0)),
}
CUTS: dict[str, tuple[float | None, float | None]] = {
    "normal": (1.5, None),
    "lognormal": (0.5, 4.0),
    "uniform": (0.0, 9.0),
    "triangular": (2.0, 3.5),
    "pert": (None, 2.0),
    "gamma": (1.0, None),
    "weibull": (None, 5.0),
    "student_t": (2.0, 9.0),
    "gumbel": (0.0, 20.0),
}
Z = np.linspace(-8.25, 8.25, 1201)


def law_of(given: dict[str, Any]) -> laws.Law:
    return marginals.law(MARGINAL.validate_python(given))


def exact(distribution: Any, z: np.ndarray) -> np.ndarray:
    """Quantiles from the nearer tail, so that SciPy keeps its digits."""
    return np.where(z < 0, distribution.ppf(stats.norm.cdf(z)), distribution.isf(stats.norm.cdf(-z)))


def drawn_as(law: laws.Law, z: np.ndarray) -> np.ndarray:
    """What the kernel makes of normals z, in NumPy."""
    if law.closed:
        value = law.location + law.scale * z
        return np.exp(value) if law.code == 2 else value
    table = tables.build(law)
    x = (z - table.origin) * table.per_unit
    j = np.clip(np.rint(x), 0, table.intervals - 1)
    s, (c0, c1, c2, c3) = x - j, table.coefficients[:, j.astype(int)]
    return np.clip(tables._unscaled(law, c0 + s * (c1 + s * (c2 + s * c3))), law.low, law.high)


@pytest.mark.parametrize("name", PAIRS)
def test_values_against_scipy(name: str) -> None:
    given, distribution = PAIRS[name]
    law = law_of(given)
    expected, found = exact(distribution, Z), drawn_as(law, Z)
    p5, median, p95 = distribution.ppf([0.05, 0.5, 0.95])
    error = np.abs(found - expected) / np.maximum(np.abs(expected - median), p95 - p5)
    assert error.max() < 2e-8
    assert (np.diff(found) >= -1e-15 * np.abs(found[1:])).all()


@pytest.mark.parametrize("name", CUTS)
def test_truncation_moves_the_probabilities(name: str) -> None:
    given, distribution = PAIRS[name]
    low, high = CUTS[name]
    cut = {key: bound for key, bound in (("low", low), ("high", high)) if bound is not None}
    law = law_of({**given, "truncate": cut})
    below = distribution.cdf(low) if low is not None else 0.0
    above = distribution.cdf(high) if high is not None else 1.0
    z = np.linspace(-5, 5, 401)
    expected = distribution.ppf(below + (above - below) * stats.norm.cdf(z))
    found = drawn_as(law, z)
    width = np.ptp(expected[(z >= -1.6448536) & (z <= 1.6448536)])
    assert np.abs(found - expected).max() < 2e-8 * max(width, np.abs(expected).max())
    assert found.min() >= (low if low is not None else -math.inf)
    assert found.max() <= (high if high is not None else math.inf)
    assert law_of({**given, "truncate": {"low": -1e300, "high": 1e300}}).quantile is not None


def test_far_truncation_keeps_its_digits() -> None:
    law = law_of({"kind": "normal", "mean": 0.0, "sd": 1.0, "truncate": {"low": 5.0}})
    p = np.array([0.1, 0.5, 0.9, 1.0 - 1e-12])
    z = stats.norm.ppf(p)
    expected = stats.norm.isf(stats.norm.sf(5.0) * stats.norm.sf(z))
    assert drawn_as(law, z) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(
    ("given", "truncate", "said"),
    [
        ({"kind": "normal", "mean": 0.0, "sd": 1.0}, {"low": 7.0}, "leaves 1.3e-12 of the probability"),
        (
            {"kind": "gamma", "shape": 2.0, "scale": 1.0},
            {"low": 500.0, "high": 501.0},
            "of the probability between 500 and 501",
        ),
    ],
)
def test_truncation_that_leaves_nothing(given: dict[str, Any], truncate: dict[str, float], said: str) -> None:
    with pytest.raises(InputError) as caught:
        plan.make(study({"x": {**given, "truncate": truncate}}))
    (problem,) = caught.value.problems
    assert problem.path == "drivers.x.marginal.truncate"
    assert said in problem.what


@pytest.mark.parametrize(
    ("given", "mean", "sd"),
    [
        ({"kind": "pert", "low": 1.0, "mode": 3.0, "high": 8.0}, 3.5, 1.267731382092775),
        ({"kind": "triangular", "low": 1.0, "mode": 3.0, "high": 8.0}, 4.0, 1.4719601443879746),
        (
            {"kind": "lognormal", "p5": 1.0, "p95": 10.0},
            4.040012826946,
            4.040012826946 * math.sqrt(math.expm1(0.699936169172**2)),
        ),
        ({"kind": "uniform", "low": 0.0, "high": 1.0}, 0.5, math.sqrt(1 / 12)),
    ],
)
def test_moments_by_integration(given: dict[str, Any], mean: float, sd: float) -> None:
    """The kernel's function of z, integrated over the normal density by the trapezoid rule."""
    z = np.linspace(-8.25, 8.25, 200_001)
    weight = stats.norm.pdf(z) * (z[1] - z[0])
    x = drawn_as(law_of(given), z)
    assert float((weight * x).sum()) == pytest.approx(mean, rel=1e-8)
    assert math.sqrt(float((weight * (x - mean) ** 2).sum())) == pytest.approx(sd, rel=1e-6)


PATHS = 2**17


@pytest.fixture(scope="module")
def drawn(draw_study: Callable) -> dict[str, np.ndarray]:
    """One draw with every marginal side by side."""
    return draw_study(study({name: given for name, (given, _) in PAIRS.items()}), PATHS)


@pytest.mark.parametrize("name", PAIRS)
def test_draws_follow_the_distribution(drawn: dict[str, np.ndarray], name: str) -> None:
    """A distance of 0.015 of the distribution functions would surely be caught."""
    assert uniform_caught(PATHS) < 0.015
    _, distribution = PAIRS[name]
    values = drawn[name]
    assert_uniform(distribution.cdf(values))
    for p in (0.01, 0.5, 0.99):
        assert_quantile(values, p, distribution.ppf(p))


@pytest.mark.parametrize("name", ["pert", "triangular", "normal", "gamma", "gumbel", "beta"])
def test_draws_have_the_moments(drawn: dict[str, np.ndarray], name: str) -> None:
    """A shift of the mean by 2.7% of the standard deviation would surely be caught."""
    _, distribution = PAIRS[name]
    mean, variance, _, excess = map(float, distribution.stats("mvsk"))
    sd = math.sqrt(variance)
    assert mean_caught(PATHS, sd) < 0.027 * sd
    assert_mean(drawn[name], mean, sd)
    assert_sd(drawn[name], mean, sd, excess + 3.0)


def test_fixed_is_its_value(draw_study: Callable) -> None:
    assert set(draw_study(study({"x": {"kind": "fixed", "value": 0.1}}), 300)["x"]) == {0.1}
