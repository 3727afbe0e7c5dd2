"""E[output | known] is found by regression, each path's without the path's own fold."""

from __future__ import annotations

import numpy as np
import pytest

from sim.analysis.learning import Regression, Term

N = 40_000
FOLDS = [slice(0, 10_000), slice(10_000, 20_000), slice(20_000, 30_000), slice(30_000, N)]


@pytest.fixture(scope="module")
def drawn() -> np.random.Generator:
    return np.random.default_rng(5)


@pytest.mark.parametrize(("shape", "most"), [("bent", 0.05), ("product", 0.05), ("kink", 0.12)])
def test_curves_and_products_are_found(shape: str, most: float, drawn: np.random.Generator) -> None:
    """Root mean square error as a share of the signal's spread, under noise as large as the signal.

    A decision loses by the square of it: at worst 1.4% of what there is to know.
    """
    a, b = drawn.normal(size=(2, N))
    truth = {"bent": np.exp(a / 2), "product": np.exp(a / 2) + a * b, "kink": np.abs(a)}[shape]
    output = truth + truth.std() * drawn.normal(size=N)
    found = Regression([a] if shape == "bent" else [a, b], output, FOLDS).expected()
    assert np.sqrt(np.mean((found - truth) ** 2)) < most * truth.std()


def test_what_is_expected_on_a_path_does_not_hear_of_its_own_fold(drawn: np.random.Generator) -> None:
    a, b = drawn.normal(size=(2, N))
    output = a + b
    before = Regression([a, b], output, FOLDS).expected()
    changed = output.copy()
    changed[FOLDS[1]] += 100 * drawn.normal(size=10_000)
    after = Regression([a, b], changed, FOLDS).expected()
    assert np.array_equal(before[FOLDS[1]], after[FOLDS[1]])
    assert not np.allclose(before[FOLDS[0]], after[FOLDS[0]])


def test_a_choice_of_columns_is_a_regression_on_them(drawn: np.random.Generator) -> None:
    a, b, c = drawn.normal(size=(3, N))
    output = a * b + c + drawn.normal(size=N)
    joint = Regression([a, b, c], output, FOLDS)
    assert joint.expected([0, 2]) == pytest.approx(Regression([a, c], output, FOLDS).expected(), abs=1e-8)
    assert joint.expected([1, 0]) == pytest.approx(joint.expected([0, 1]), abs=1e-8)


def test_a_column_of_few_values_has_their_means(drawn: np.random.Generator) -> None:
    a = drawn.integers(0, 4, N).astype(float)
    output = np.array([3.0, -1.0, 7.0, 0.0])[a.astype(int)] + drawn.normal(size=N)
    regression = Regression([a], output, FOLDS)
    means = [output[a == value].mean() for value in range(4)]
    assert regression.curve(np.arange(4.0)) == pytest.approx(means, abs=1e-9)
    assert Term.of(a, (0.5,)).atoms.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("column", ["constant", "repeated", "scaled"])
def test_columns_that_tell_nothing_new_do_no_harm(column: str, drawn: np.random.Generator) -> None:
    a = drawn.normal(size=N)
    other = {"constant": np.full(N, 3.0), "repeated": a, "scaled": 1e9 * a - 5}[column]
    output = np.sin(a) + drawn.normal(size=N)
    alone, joint = Regression([a], output, FOLDS).expected(), Regression([a, other], output, FOLDS).expected()
    assert np.isfinite(joint).all()
    assert np.sqrt(np.mean((joint - alone) ** 2)) < 0.06


def test_heavy_tails_are_followed_by_a_line(drawn: np.random.Generator) -> None:
    """Beyond the outer knots the curve is straight, so that a single wild value cannot bend it."""
    a = drawn.standard_t(2, N)
    regression = Regression([a], a + drawn.normal(size=N), FOLDS)
    far = regression.curve(np.array([100.0, 200.0, 300.0]))
    assert far[1] - far[0] == pytest.approx(far[2] - far[1], rel=1e-9)
