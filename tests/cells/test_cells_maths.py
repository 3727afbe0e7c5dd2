"""Plain-Python maths and arithmetic of formulas: IEEE results where Python raises."""

from __future__ import annotations

import math

import pytest

from sim import elementary
from sim.cells import arithmetic, maths

inf, nan = math.inf, math.nan


@pytest.mark.parametrize(
    ("function", "x", "wanted"),
    [
        (maths.exp, 1000.0, inf),
        (maths.exp, -1000.0, 0.0),
        (maths.exp, nan, nan),
        (maths.exp2, 1024.0, inf),
        (maths.exp2, -3.0, 0.125),
        (maths.expm1, 1000.0, inf),
        (maths.expm1, 1e-18, 1e-18),
        (maths.log, 0.0, -inf),
        (maths.log, -1.0, nan),
        (maths.log, inf, inf),
        (maths.log, nan, nan),
        (maths.log1p, -1.0, -inf),
        (maths.log1p, -2.0, nan),
        (maths.log1p, 1e-18, 1e-18),
        (maths.sqrt, -1.0, nan),
        (maths.sqrt, 2.25, 1.5),
        (maths.tanh, 40.0, 1.0),
        (maths.normal_cdf, 0.0, 0.5),
        (maths.normal_cdf, -inf, 0.0),
        # Abramowitz and Stegun (1964), table 26.2: Q(5) = 2.86651 57187e-7
        (maths.normal_cdf, -5.0, 2.866515718791939e-07),
    ],
)
def test_ieee_results(function: object, x: float, wanted: float) -> None:
    assert function(x) == pytest.approx(wanted, rel=1e-12, abs=0.0, nan_ok=True)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("a", "b", "wanted"),
    [(1.0, 0.0, inf), (-1.0, 0.0, -inf), (1.0, -0.0, -inf), (0.0, 0.0, nan), (nan, 0.0, nan), (6.0, 3.0, 2.0)],
)
def test_division(a: float, b: float, wanted: float) -> None:
    assert arithmetic.divide(a, b) == pytest.approx(wanted, nan_ok=True)


@pytest.mark.parametrize(
    ("x", "y", "wanted"),
    [
        (2.0, 0.5, math.sqrt(2.0)),
        (-2.0, 3.0, -8.0),
        (-2.0, 0.5, nan),
        (0.0, 2.5, 0.0),
        (0.0, -1.0, inf),
        (-0.0, -1.0, inf),
        (nan, 0.0, 1.0),
        (1.0, nan, 1.0),
        (0.0, nan, nan),
        (10.0, 400.0, inf),
        (-10.0, 401.0, -inf),
    ],
)
def test_power(x: float, y: float, wanted: float) -> None:
    assert arithmetic.power(x, y) == pytest.approx(wanted, nan_ok=True)


@pytest.mark.parametrize("n", [-5, -1, 0, 1, 2, 3, 7, 8, 13, 64])
def test_whole_powers(n: int) -> None:
    assert arithmetic.whole_power(1.7, n) == pytest.approx(1.7**n, rel=1e-14)
    assert arithmetic.whole_power(-1.7, n) == pytest.approx((-1.7) ** n, rel=1e-14)


def test_whole_power_of_zero_is_ieee() -> None:
    assert arithmetic.whole_power(0.0, -2) == inf
    assert arithmetic.whole_power(nan, 0) == 1.0


@pytest.mark.parametrize(("a", "b"), [(1.0, nan), (nan, 1.0), (nan, nan)])
def test_minimum_and_maximum_never_hide_a_nan(a: float, b: float) -> None:
    assert math.isnan(arithmetic.minimum(a, b))
    assert math.isnan(arithmetic.maximum(a, b))


def test_every_word_of_the_vocabulary_is_in_the_kernel() -> None:
    for name in (*maths.VOCABULARY, "minimum", "maximum", "select", "power"):
        assert callable(getattr(elementary, name))
    for name in maths.VOCABULARY:
        assert callable(getattr(maths, name))
