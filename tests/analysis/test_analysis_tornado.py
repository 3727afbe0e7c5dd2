"""The tornado's ends are the function's values; in expectation they are closed-form means, within their own errors."""

from __future__ import annotations

import numpy as np
import pytest

from sim.analysis import quantity, tornado
from tests.analysis import plain_models as plain

Z90 = 1.2815515655446004
CRITICAL = 7.87  # Student's t, 15 degrees of freedom, two-sided 1e-6


def found(model: plain.Model, at_least: float | None = None, paths: int = 4096) -> tornado.Tornado:
    run = model.run()
    return tornado.analyse(model, model, quantity.analyse(run, "y", at_least), run.paths, paths)


def test_one_at_a_time_is_the_function_itself() -> None:
    model = plain.product()
    model.values, model.fixed = {"level": 3.0}, ("level",)
    inner = model.function
    model.function = lambda c: inner(c) + c["level"]
    result = found(model)
    bars = {bar.driver: bar for bar in result.bars}
    assert set(bars) == {"x1", "x2"}, "fixed drivers have no bar"
    assert result.central == 3.0
    assert bars["x1"].alone == pytest.approx((3 - 0.7 * Z90, 3 + 0.7 * Z90), abs=1e-12)
    assert bars["x2"].alone == (3.0, 3.0), "with x1 at its median x2 does nothing"
    assert (bars["x1"].p10, bars["x1"].p90) == pytest.approx((-Z90, Z90), abs=1e-12)


def test_in_expectation_is_the_mean_over_the_others() -> None:
    """E[x1 x2 + 0.7 x1] with x2 set to q is q E[x1] = 0; of exp(x1 + x2) with x1 set it is exp(q + 2).

    A right mean is refused once in a million. The swing of exp has an error of 2% at most, so 15% is surely seen.
    """
    result = found(plain.product())
    for bar in result.bars:
        expected = 1.4 * Z90 if bar.driver == "x1" else 0.0
        assert abs(bar.swing.value - expected) < CRITICAL * bar.swing.error < 0.5
    model = plain.two_normals(rho=0.5)
    model.function = lambda c: np.exp(0.5 * c["x1"] + 0.25 * c["x2"])
    bars = {bar.driver: bar for bar in found(model).bars}
    # The other is drawn from its own law, N(0, 0.5^2) on the scale of the logarithm: it does not follow.
    ends = [np.exp(0.5 * q + 0.125) for q in (-Z90, Z90)]
    for bar in bars.values():
        assert abs(bar.swing.value - (ends[1] - ends[0])) < CRITICAL * bar.swing.error
        assert bar.swing.error < 0.02 * bar.swing.value
        for end, mean in zip(ends, bar.mean, strict=True):
            assert abs(mean.value - end) < CRITICAL * mean.error


def test_common_paths_make_the_swing_of_an_additive_driver_exact() -> None:
    bars = {bar.driver: bar for bar in found(plain.two_normals()).bars}
    assert bars["x2"].swing.value == pytest.approx(4 * Z90, abs=1e-12)
    assert bars["x2"].swing.error < 1e-12
    assert [bar.driver for bar in found(plain.two_normals()).bars] == ["x2", "x1"], "largest first"


def test_of_a_threshold_the_bars_are_probabilities() -> None:
    """P(x1 + x2 >= 2.5 | x2 set to 2 q) = Phi(2 q - 2.5) with x1 from its own law."""
    from scipy.stats import norm

    result = found(plain.two_normals(), at_least=2.5, paths=16_384)
    bars = {bar.driver: bar for bar in result.bars}
    for end, mean in zip((-Z90, Z90), bars["x2"].mean, strict=True):
        assert abs(mean.value - norm.cdf(2 * end - 2.5)) < max(CRITICAL * mean.error, 1e-4)
    assert bars["x2"].alone == (0.0, 1.0)
    assert bars["x2"].mean[1].error < 0.01


def test_paths_without_a_value_are_left_out_at_both_ends_and_counted() -> None:
    model = plain.two_normals(rho=0.0)
    model.function = lambda c: np.where(c["x1"] > 3, np.nan, c["x1"] + c["x2"])
    run = model.run()
    asked = quantity.analyse(run, "y")
    result = tornado.analyse(model, model, asked, run.paths, 8192)
    bars = {bar.driver: bar for bar in result.bars}
    lost = np.count_nonzero(model.draws(run.paths + np.arange(result.paths))["x1"] > 3)
    assert lost > 0
    assert result.invalid == 2 * lost, "once with all drawn, once for the bar of x2; the bar of x1 loses none"
    assert bars["x2"].swing.value == pytest.approx(4 * Z90, abs=1e-12)
    assert result.valuations == model.asked - 20_000
