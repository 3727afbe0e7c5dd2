"""Correlation: conversions, the factor, drawn dependence, and what is said of matrices that are none."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.errors import InputError
from sim.sampling import correlation, plan
from sim.sampling.copulas import correlation_of, in_measure
from sim.sampling.nearest import nearest
from tests.sampling.conftest import study
from tests.statistical import assert_mean, assert_proportion, assert_replicates, proportion_caught, replicates_caught

UNIFORM = {"kind": "uniform", "low": 0.0, "high": 1.0}
NORMAL = {"kind": "normal", "mean": 0.0, "sd": 1.0}


def test_measures_of_a_gaussian_copula() -> None:
    assert in_measure("spearman", 0.6) == pytest.approx(0.5819201041, abs=5e-11)
    assert in_measure("kendall", 0.6) == pytest.approx(0.4096655294, abs=5e-11)
    assert in_measure("pearson", 0.6) == 0.6


@given(st.sampled_from(["spearman", "kendall", "pearson"]), st.floats(-1, 1))
def test_measures_and_back(measure: str, value: float) -> None:
    assert in_measure(measure, correlation_of(measure, value)) == pytest.approx(value, abs=1e-7)
    assert abs(correlation_of(measure, value)) <= 1.0 + 1e-15


@settings(deadline=None)
@given(st.integers(1, 8), st.integers(0, 2**32))
def test_factor_times_its_transpose(size: int, seed: int) -> None:
    a = np.random.default_rng(seed).normal(size=(size, size + 2))
    covariance = a @ a.T
    scale = np.sqrt(np.diag(covariance))
    matrix = covariance / np.outer(scale, scale)
    np.fill_diagonal(matrix, 1.0)
    factor = np.zeros((size, size))
    for k, row in enumerate(correlation.cholesky(matrix.tolist())):
        factor[k, : k + 1] = row
    assert factor @ factor.T == pytest.approx(matrix, abs=1e-12)


PATHS = 2**18


@pytest.fixture(scope="module")
def pair(draw_study: Callable) -> tuple[np.ndarray, np.ndarray]:
    drawn = draw_study(study({"a": UNIFORM, "b": UNIFORM}, [("b", "a", {"pearson": 0.6})]), PATHS)
    return drawn["a"], drawn["b"]


def test_drawn_spearman(pair: tuple[np.ndarray, np.ndarray]) -> None:
    """By the correlation of the uniforms in 64 batches; an error of 0.018 would surely be caught."""
    batches = [np.corrcoef(u, v)[0, 1] for u, v in zip(*(np.split(x, 64) for x in pair), strict=True)]
    assert replicates_caught(64, float(np.std(batches))) < 0.018
    assert_replicates(batches, 0.5819201041)


def test_drawn_kendall(pair: tuple[np.ndarray, np.ndarray]) -> None:
    """By disjoint pairs of paths, which agree in order with probability (1 + tau) / 2; 0.026 surely caught."""
    a, b = (x[::2] - x[1::2] for x in pair)
    below, above = proportion_caught(a.size, (1 + 0.4096655294) / 2)
    assert 2.0 * (above - below) / 2.0 < 0.026
    assert_proportion(a * b > 0.0, (1 + 0.4096655294) / 2)


def test_drawn_joint_tail(pair: tuple[np.ndarray, np.ndarray]) -> None:
    """P(U > 0.9, V > 0.9); outside 0.0354 to 0.0428 surely caught."""
    below, above = proportion_caught(PATHS, 0.0390174650)
    assert below > 0.0354
    assert above < 0.0428
    assert_proportion((pair[0] > 0.9) & (pair[1] > 0.9), 0.0390174650)


def test_drawn_matrix(draw_study: Callable) -> None:
    """Products of correlated normals: mean rho, standard deviation sqrt(1 + rho**2); 0.027 surely caught."""
    names = ["a", "b", "c", "d"]
    wanted = {("a", "b"): 0.5, ("a", "c"): -0.4, ("b", "d"): 0.3, ("c", "d"): 0.2}
    drawn = draw_study(
        study(dict.fromkeys(names, NORMAL), [(a, b, {"pearson": r}) for (a, b), r in wanted.items()]), PATHS
    )
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            rho = wanted.get((a, b), 0.0)
            assert_mean(drawn[a] * drawn[b], rho, math.sqrt(1.0 + rho**2))


def faults(*pairs: tuple[str, str, float], kind: str = "spearman") -> list[correlation.Problem]:
    names = {name for a, b, _ in pairs for name in (a, b)}
    return correlation.problems(study(dict.fromkeys(names, NORMAL), [(a, b, {kind: r}) for a, b, r in pairs]))


def test_a_possible_matrix_has_no_problems() -> None:
    assert faults(("a", "b", 0.9), ("b", "c", 0.9), ("a", "c", 0.8), ("d", "e", -0.99)) == []


def test_the_pair_that_breaks_it_is_named() -> None:
    (problem,) = faults(("a", "b", 0.9), ("c", "b", 0.9), ("a", "c", -0.5))
    assert problem.path == "dependence.correlations.1"
    assert "contradict each other at b and c: spearman 0.9 is impossible" in problem.what
    assert "which leave -0.816 to -0.107" in problem.what
    assert "counted as 0" not in problem.what


def test_pairs_that_count_as_zero_are_named() -> None:
    (problem,) = faults(("a", "b", 0.9), ("b", "c", 0.9))
    assert "(not listed and counted as 0: a and c)" in problem.what
    (problem,) = faults(("a", "b", 0.9), ("a", "c", 0.9))
    assert problem.path == "dependence.correlations"
    assert "at b and c: not listed, so counted as 0, is impossible" in problem.what
    assert "list this pair" in problem.advice


def test_the_bounds_that_are_named_are_true() -> None:
    (problem,) = faults(("a", "b", 0.7), ("a", "c", 0.8), ("b", "c", -0.3))
    low, high = (float(text) for text in problem.what.rpartition("which leave ")[2].split(" to "))
    assert faults(("a", "b", 0.7), ("a", "c", 0.8), ("b", "c", low + 0.001)) == []
    assert faults(("a", "b", 0.7), ("a", "c", 0.8), ("b", "c", high - 0.001)) == []
    assert len(faults(("a", "b", 0.7), ("a", "c", 0.8), ("b", "c", low - 0.001))) == 1
    assert len(faults(("a", "b", 0.7), ("a", "c", 0.8), ("b", "c", high + 0.001))) == 1


@pytest.mark.parametrize("measure", ["spearman", "kendall", "pearson"])
def test_the_matrix_that_is_offered_is_possible(measure: str) -> None:
    wrong = [("a", "b", 0.9), ("b", "c", 0.9), ("a", "c", -0.5), ("c", "d", 0.95), ("a", "d", 0.1)]
    (problem,) = faults(*wrong, kind=measure)
    head, *rows = (line.split() for line in problem.advice.split("\n")[1:])
    assert head == [measure, "a", "b", "c"]
    offered = [(row[0], name, float(r)) for row in rows for name, r in zip("abc", row[1:], strict=False)]
    assert len(offered) == 6
    assert faults(*offered, kind=measure) == []


def test_nearest_against_a_published_case() -> None:
    # Higham (2002), page 330 (after Iman and Davenport): nearest to [[1, 1, 0], [1, 1, 1], [0, 1, 1]].
    found = np.array(nearest([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]]))
    assert found[0, 1] == pytest.approx(0.7607, abs=2e-4)
    assert found[0, 2] == pytest.approx(0.1573, abs=4e-4)
    assert np.linalg.eigvalsh(found).min() >= 0.99e-4


def test_perfect_correlation_is_one_driver() -> None:
    (problem,) = faults(("a", "b", 1.0))
    assert problem.path == "dependence.correlations.0"
    assert "perfectly correlated" in problem.what


def test_fixed_drivers_cannot_move() -> None:
    wrong = study({"a": NORMAL, "b": {"kind": "fixed", "value": 1.0}}, [("a", "b", {"spearman": 0.5})])
    with pytest.raises(InputError) as caught:
        plan.make(wrong)
    (problem,) = caught.value.problems
    assert problem.path == "dependence.correlations.0.between.1"
    assert "b is fixed" in problem.what
