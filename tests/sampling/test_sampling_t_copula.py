"""The t copula: its measures, the chi-square that a group shares, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Callable
from math import asin, pi

import numpy as np
import pytest
from scipy import stats

from sim.run.inputs import PlannedInputs
from sim.sampling import correlation, plan, t_copula, tables
from sim.sampling.copulas import correlation_of, in_measure, spearman
from tests.sampling.conftest import study
from tests.statistical import assert_mean, assert_replicates, assert_uniform, mean_caught, replicates_caught

NORMAL = {"kind": "normal", "mean": 0.0, "sd": 1.0}
UNIFORM = {"kind": "uniform", "low": 0.0, "high": 1.0}
PATHS = 2**17
FOUR = dict.fromkeys("abcd", NORMAL)
PAIRS = [("a", "b", {"pearson": 0.5}), ("c", "d", {"pearson": -0.3})]
SAMPLERS = ["philox", "sobol", "lhs"]


@pytest.mark.parametrize("df", [1.0, 2.5, 4.0, 30.0])
def test_measures_and_back(df: float) -> None:
    for value in (-1.0, -0.7, 0.0, 0.2, 0.5, 0.95, 1.0):
        for measure in ("spearman", "kendall", "pearson"):
            assert in_measure(measure, correlation_of(measure, value, df), df) == pytest.approx(value, abs=1e-9)
    assert in_measure("kendall", 0.5, df) == pytest.approx(1 / 3)


def test_spearman_tends_to_the_gaussian() -> None:
    assert spearman(0.6, 1e6) == pytest.approx(6 / pi * asin(0.3), abs=1e-6)
    assert spearman(0.6, 4.0) < 6 / pi * asin(0.3) - 0.01
    assert spearman(-0.6, 4.0) == pytest.approx(-spearman(0.6, 4.0), abs=1e-14)
    assert spearman(1.0, 1.0) == pytest.approx(1.0, abs=1e-10)


@pytest.mark.parametrize("df", [1.0, 4.0])
def test_spearman_by_simulation(df: float) -> None:
    """12 E(U V) - 3 of bivariate t values by NumPy alone; an error of 0.008 would surely be caught."""
    random = np.random.default_rng(4)
    n = 2**20
    x = random.standard_normal((2, n))
    x[1] = 0.6 * x[0] + 0.8 * x[1]
    u, v = stats.t.cdf(x / np.sqrt(random.chisquare(df, n) / df), df)
    products = 12 * (u - 0.5) * (v - 0.5)
    assert mean_caught(n, 1.0) < 0.01
    assert_mean(products, spearman(0.6, df), float(products.std()))


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_one_chi_square_for_a_group_and_no_other(draw_study: Callable, sampler: str) -> None:
    """The drawn values taken apart: those of a group are the Gaussian copula's over one scale, which is chi-square."""
    df = 4.0
    plain = draw_study(study(FOUR, PAIRS, sampler=sampler, paths=PATHS), PATHS)
    drawn = draw_study(study(FOUR, PAIRS, sampler=sampler, paths=PATHS, df=df), PATHS)
    t = {name: np.sign(z) * -stats.t.ppf(stats.norm.cdf(-np.abs(z)), df) for name, z in drawn.items()}
    scale = {name: plain[name] / t[name] for name in FOUR}
    clear = {name: np.abs(plain[name]) > 0.01 for name in FOUR}  # where a quotient has digits
    for one, other in (("a", "b"), ("c", "d")):
        both = clear[one] & clear[other]
        assert scale[one][both] == pytest.approx(scale[other][both], rel=1e-5)
    if sampler == "philox":
        chi = stats.chi2.cdf(df * scale["a"] ** 2, df)
        assert_uniform(chi[clear["a"]])
        other = stats.chi2.cdf(df * scale["c"] ** 2, df)
        both = clear["a"] & clear["c"]
        assert_mean((chi[both] - 0.5) * (other[both] - 0.5), 0.0, 1 / 12)  # independent; 0.0022 surely caught


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_marginals_hold(draw_study: Callable, sampler: str) -> None:
    """A distance of the distribution functions of 0.015 would surely be caught (Sobol and LHS: far less passes)."""
    drawn = draw_study(study(FOUR, PAIRS, sampler=sampler, paths=PATHS, df=1.0), PATHS)
    for values in drawn.values():
        assert_uniform(stats.norm.cdf(values))


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_what_is_in_no_pair_stays_as_it_is(draw_study: Callable, sampler: str) -> None:
    """Bit for bit: drivers without a pair, and a group when another one changes."""
    drivers = {**FOUR, "e": UNIFORM, "f": {"kind": "lognormal", "mu": 0.0, "sigma": 1.0}}
    alone = draw_study(study(drivers, sampler=sampler, paths=4096), 4096)
    one = draw_study(study(drivers, PAIRS[:1], sampler=sampler, paths=4096, df=4.0), 4096)
    two = draw_study(study(drivers, PAIRS, sampler=sampler, paths=4096, df=4.0), 4096)
    for name in "cdef":
        assert np.array_equal(alone[name], one[name])
    for name in "ab":
        assert not np.array_equal(alone[name], one[name])
        assert np.array_equal(one[name], two[name])
    assert np.array_equal(alone["f"], two["f"])


def test_paths_stand_alone(draw_study: Callable) -> None:
    """A path has the same values whatever block it is drawn in and wherever its Sobol point lies."""
    made = study(FOUR, PAIRS, sampler="sobol", df=4.0)
    whole = draw_study(made, 4096)
    some = np.array([7, 4000, 3, 1024, 99], np.uint64)
    again = draw_study(made, some)
    for name in FOUR:
        assert np.array_equal(again[name], whole[name][some])


def test_a_correlation_of_nought_is_not_independence(draw_study: Callable) -> None:
    """Under a t copula a listed pair is tied even at 0: uncorrelated, yet extreme together."""
    made = study({"a": UNIFORM, "b": UNIFORM}, [("a", "b", {"pearson": 0.0})], df=2.0)
    assert [group.drivers for group in correlation.groups(made)] == [("a", "b")]
    drawn = draw_study(made, PATHS)
    a, b = drawn["a"] - 0.5, drawn["b"] - 0.5
    assert_mean(a * b, 0.0, float((a * b).std()))
    batches = [np.corrcoef(np.abs(x), np.abs(y))[0, 1] for x, y in zip(np.split(a, 64), np.split(b, 64), strict=True)]
    assert replicates_caught(64, float(np.std(batches))) < 0.1
    with pytest.raises(AssertionError):
        assert_replicates(batches, 0.0)


def test_no_pairs_is_gaussian_whatever_is_said(draw_study: Callable) -> None:
    made = plan.make(study(FOUR, df=4.0))
    assert PlannedInputs(made).copula == "gaussian"
    assert made.arrays["t_member"].size == 0


def test_the_joint_law_is_told() -> None:
    inputs = PlannedInputs(plan.make(study(FOUR, [("a", "b", {"pearson": 0.0})], df=4.0)))
    assert inputs.copula == "t (4 degrees of freedom)"
    assert [group.drivers for group in inputs.groups] == [("a", "b"), ("c",), ("d",)]


@pytest.mark.parametrize("df", [1.0, 1.5, 4.0, 1000.0])
def test_tables_are_close(df: float) -> None:
    made = plan.make(study(FOUR, PAIRS, df=df))
    a = made.arrays
    root, *places = a["t_numbers"]
    assert root == pytest.approx(df**-0.5, rel=1e-15)
    functions = (
        lambda z: 0.5 * np.log(t_copula.chi_square(z, df) / df),
        lambda x: t_copula.normal_of_t(np.sqrt(df) * np.sinh(x), df),
    )
    for k, function in enumerate(functions):
        origin, per_unit, last = places[3 * k : 3 * k + 3]
        x = np.linspace(origin, origin + last / per_unit, 20_011)
        place = (x - origin) * per_unit
        j = np.rint(place)
        s, c = place - j, a["table"][:, int(a["t_tables"][k]) + j.astype(int)]
        assert c[0] + s * (c[1] + s * (c[2] + s * c[3])) == pytest.approx(function(x), abs=2 * tables.TOLERANCE)
