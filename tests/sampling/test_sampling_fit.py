"""Percentiles to parameters: the fitted distribution has the percentiles."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sim.errors import InputError
from sim.sampling import fit, plan
from tests.sampling.conftest import study

PROBABILITIES = st.sampled_from([(0.1, 0.9), (0.05, 0.5), (0.25, 0.75), (0.5, 0.99), (0.01, 0.05)])


def test_published_lognormal() -> None:
    mu, sigma = fit.lognormal(((0.05, 1.0), (0.95, 10.0)))
    assert mu == pytest.approx(1.151292546497, rel=1e-12)
    assert sigma == pytest.approx(0.699936169172, rel=1e-12)
    assert math.exp(mu + sigma**2 / 2) == pytest.approx(4.040012826946, rel=1e-12)


@given(PROBABILITIES, st.floats(-100, 100), st.floats(0.01, 100))
def test_normal_and_gumbel(probabilities: tuple[float, float], low: float, width: float) -> None:
    points = tuple(zip(probabilities, (low, low + width), strict=True))
    mean, sd = fit.normal(points)
    location, scale = fit.gumbel(points)
    for p, value in points:
        assert stats.norm.ppf(p, mean, sd) == pytest.approx(value, rel=1e-9, abs=1e-9)
        assert stats.gumbel_r.ppf(p, location, scale) == pytest.approx(value, rel=1e-9, abs=1e-9)


@given(PROBABILITIES, st.floats(0.01, 100), st.floats(1.02, 20))
def test_positive_kinds(probabilities: tuple[float, float], low: float, ratio: float) -> None:
    points = tuple(zip(probabilities, (low, low * ratio), strict=True))
    shape, scale = fit.weibull(points)
    gamma_shape, gamma_scale = fit.gamma(points)
    for p, value in points:
        assert stats.weibull_min.ppf(p, shape, scale=scale) == pytest.approx(value, rel=1e-9)
        assert stats.gamma.ppf(p, gamma_shape, scale=gamma_scale) == pytest.approx(value, rel=1e-8)


def test_gamma_has_no_such_percentiles() -> None:
    with pytest.raises(InputError) as caught:
        plan.make(study({"x": {"kind": "gamma", "p10": 1.0, "p90": 1.0000001}}))
    (problem,) = caught.value.problems
    assert problem.path == "drivers.x.marginal"
    assert "no gamma distribution has percentiles whose ratio is 1" in problem.what


def test_percentiles_of_the_register() -> None:
    found = plan.percentiles(
        study({"x": {"kind": "gamma", "p10": 2.0, "p90": 9.0}, "y": {"kind": "fixed", "value": 4}})
    )
    assert found["x"][0] == pytest.approx(2.0, rel=1e-9)
    assert found["x"][2] == pytest.approx(9.0, rel=1e-9)
    assert found["x"][0] < found["x"][1] < found["x"][2]
    assert found["y"] == (4.0, 4.0, 4.0)
