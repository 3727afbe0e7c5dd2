"""Heavy tails are found, light and merely skewed ones are not taken for heavy; how often, at which size."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from sim.analysis import estimate, tails
from sim.run.result import Tally
from tests.statistical import FALSE_ALARM, proportion_caught

Draw = Callable[[np.random.Generator, int], np.ndarray]
FEW, MANY = 16_384, 131_072

LIGHT: dict[str, Draw] = {
    "normal": lambda r, n: r.standard_normal(n),
    "exponential": lambda r, n: -r.exponential(size=n),
    "bounded": lambda r, n: r.beta(0.3, 0.2, n),
    "lognormal, sigma 1": lambda r, n: np.exp(r.standard_normal(n)),
    "gamma, shape 0.2": lambda r, n: r.gamma(0.2, size=n),
    "Weibull, shape 0.5": lambda r, n: r.weibull(0.5, n),
    "capped": lambda r, n: np.minimum(r.standard_normal(n), 1.5),
    "mostly nought": lambda r, n: np.where(r.random(n) < 0.2, r.exponential(size=n), 0.0),
    "a rare event": lambda r, n: np.where(r.random(n) < 0.005, r.normal(100.0, 10.0, n), r.standard_normal(n)),
}
LIGHT_IF_MANY: dict[str, Draw] = {
    "Student's t, 3": lambda r, n: r.standard_t(3.0, n),
    "lognormal, sigma 1.25": lambda r, n: np.exp(1.25 * r.standard_normal(n)),
}
HEAVY: dict[str, Draw] = {
    "ratio of normals": lambda r, n: r.standard_normal(n) / r.standard_normal(n),
    "ratio of normals off nought": lambda r, n: (3.0 + r.standard_normal(n)) / (1.0 + 0.4 * r.standard_normal(n)),
    "reciprocal of a uniform": lambda r, n: -1.0 / r.random(n),
    "Student's t, 1.5": lambda r, n: r.standard_t(1.5, n),
}
HEAVY_IF_MANY: dict[str, Draw] = {
    "Student's t, 2": lambda r, n: r.standard_t(2.0, n),
    "Pareto, 1.9": lambda r, n: r.pareto(1.9, n),
}


def denied(draw: Draw, n: int, columns: int) -> int:
    return sum(not tails.analyse(draw(np.random.default_rng(seed), n)).has_variance for seed in range(columns))


@pytest.mark.parametrize("name", LIGHT)
def test_light_and_skewed_tails_keep_their_variance(name: str) -> None:
    """At most 1 column in 100 of 16,384 paths is denied it: 200 columns, false alarm 1e-6, 18% surely caught."""
    assert proportion_caught(200, 0.01)[1] < 0.18
    assert denied(LIGHT[name], FEW, 200) <= stats.binom.isf(FALSE_ALARM, 200, 0.01)


@pytest.mark.parametrize("name", {**LIGHT, **LIGHT_IF_MANY})
def test_with_more_paths_none_is_denied(name: str) -> None:
    """Of 131,072 paths: none of 40 columns, so that a rate of 30% would be caught but once in a million."""
    assert FALSE_ALARM > 0.7**40
    assert denied({**LIGHT, **LIGHT_IF_MANY}[name], MANY, 40) == 0


@pytest.mark.parametrize("name", HEAVY)
def test_heavy_tails_are_found(name: str) -> None:
    """In 95 columns of 100 of 16,384 paths or more: 200 columns, false alarm 1e-6; to find 71% is surely caught."""
    assert proportion_caught(200, 0.95)[0] > 0.71
    assert denied(HEAVY[name], FEW, 200) >= stats.binom.ppf(FALSE_ALARM, 200, 0.95)


@pytest.mark.parametrize("name", HEAVY_IF_MANY)
def test_the_edge_is_found_with_more_paths(name: str) -> None:
    """An index of 2 or just below, in 95 columns of 100 of 131,072 paths or more; 100 columns, 58% surely caught."""
    assert proportion_caught(100, 0.95)[0] > 0.58
    assert denied(HEAVY_IF_MANY[name], MANY, 100) >= stats.binom.ppf(FALSE_ALARM, 100, 0.95)


def test_few_lognormals_are_denied_at_any_size() -> None:
    """Sigma 1: at most 1% at 2,000, 4,096 and 65,536 paths; 400 columns each, false alarm 1e-6, 11% surely caught."""
    assert proportion_caught(400, 0.01)[1] < 0.111
    for n in (2_000, 4_096, 65_536):
        assert denied(LIGHT["lognormal, sigma 1"], n, 400) <= stats.binom.isf(FALSE_ALARM, 400, 0.01)


def test_few_paths_tell_nothing() -> None:
    assert tails.analyse(1.0 / np.random.default_rng(1).random(1_999)).has_variance


def test_what_is_not_finite_is_left_out() -> None:
    column = np.random.default_rng(1).standard_normal(FEW)
    column[::7] = np.nan
    column[1::7] = np.inf
    assert tails.analyse(column).has_variance


def test_the_index_is_that_of_the_tail() -> None:
    found = [tails.analyse(np.random.default_rng(seed).standard_t(1.5, MANY)).index for seed in range(40)]
    assert np.mean(found) == pytest.approx(1.5, rel=0.06)
    assert tails.analyse(np.random.default_rng(1).random(MANY)).index == np.inf


@pytest.mark.parametrize("count", [1, 2, 7, 50, 399, 400])
def test_outermost_values_of_a_tally_are_its_order_statistics(count: int) -> None:
    """To the bit, of bins of one value, of atoms and of many, whole or in part, from either end."""
    rng = np.random.default_rng(5)
    counts = np.array([1, 30, 2, 100, 1, 1, 80, 3, 150, 2, 29, 1])
    smallest = np.sort(rng.normal(size=counts.size))
    largest = np.append(smallest[1:], 5.0) - 0.001 * rng.uniform(size=counts.size)
    largest[counts == 1] = smallest[counts == 1]
    at_smallest, at_largest = np.minimum(counts, 1), np.minimum(counts, 1)
    largest[3], at_smallest[3], at_largest[3] = smallest[3], 100, 100  # an atom
    at_smallest[8], at_largest[1] = 60, 0  # an atom and values above it; an edge at which no value is known to lie
    tally = Tally(400, 0, 0.0, 1.0, counts, smallest, largest, at_smallest, at_largest)
    ordered = estimate._order_statistics(tally, np.arange(400))
    above, below = estimate.extremes(tally, count)
    assert np.array_equal(above, ordered[400 - count :] - ordered[200])
    assert np.array_equal(below, ordered[200] - ordered[:count][::-1])
