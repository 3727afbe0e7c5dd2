"""Metalog, discrete, empirical and mixed marginals: against closed forms and SciPy, as laws, as tables and as drawn."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter
from scipy import integrate, optimize, stats

from sim.config.drivers import Marginal
from sim.errors import InputError
from sim.run.inputs import PlannedInputs
from sim.sampling import laws, marginals, pieces, plan, tables
from sim.sampling.fit import NoFit
from sim.sampling.metalog import metalog
from tests.sampling.conftest import study
from tests.statistical import assert_mean, assert_proportion, assert_uniform, mean_caught, proportion_caught

MARGINAL: TypeAdapter[Any] = TypeAdapter(Marginal)
OBSERVED = [0.31, -0.12, 0.08, 0.08, 0.22, 0.05, 0.17, 0.08, -0.02]


def mixed(*parts: tuple[float, dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"kind": "mixture", "components": [{"weight": w, "marginal": m} for w, m in parts], **more}


NORMALS = mixed((0.3, {"kind": "normal", "mean": 0, "sd": 1}), (0.7, {"kind": "normal", "mean": 4, "sd": 0.5}))
GAP = mixed(
    (0.25, {"kind": "uniform", "low": 0, "high": 1}), (0.75, {"kind": "triangular", "low": 2, "mode": 2, "high": 5})
)
EVENT = mixed((0.6, {"kind": "fixed", "value": 0}), (0.4, {"kind": "lognormal", "mu": 1.0, "sigma": 0.8}))
STEPPED = mixed(
    (0.5, {"kind": "discrete", "values": [1, 3], "probabilities": [0.4, 0.6]}),
    (0.5, {"kind": "uniform", "low": 0, "high": 4}),
)
HEAVY = mixed((0.9, {"kind": "normal", "mean": 0, "sd": 1}), (0.1, {"kind": "student_t", "df": 1.5, "scale": 3}))
KINDS: dict[str, dict[str, Any]] = {
    "discrete": {"kind": "discrete", "values": [3, 1, 2], "probabilities": [0.2, 0.5, 0.3]},
    "two values": {"kind": "discrete", "values": [0, 1], "probabilities": [0.999, 0.001]},
    "step": {"kind": "empirical", "how": "step", "values": OBSERVED},
    "linear": {"kind": "empirical", "how": "linear", "values": OBSERVED},
    "metalog": {"kind": "metalog", "p10": 1.0, "p50": 2.0, "p90": 4.0},
    "metalog of four": {"kind": "metalog", "p10": 1.0, "p25": 1.4, "p75": 2.5, "p90": 4.0},
    "metalog above 0": {"kind": "metalog", "p10": 1.0, "p50": 2.0, "p90": 4.0, "low": 0},
    "metalog below": {"kind": "metalog", "p5": 1.0, "p50": 2.0, "p95": 2.5, "high": 3},
    "metalog between": {"kind": "metalog", "p10": 1.0, "p50": 2.0, "p90": 4.0, "low": 0.5, "high": 6},
    "normals": NORMALS,
    "gap": GAP,
    "event": EVENT,
    "stepped": STEPPED,
    "heavy": HEAVY,
}  # fmt: skip
PATHS = 2**17


def law_of(given: dict[str, Any]) -> laws.Law:
    return marginals.law(MARGINAL.validate_python(given))


def at(law: laws.Law, p: float) -> float:
    return float(law.quantile(np.array([p]), np.array([1.0 - p]))[0])


@pytest.fixture(scope="module")
def drawn(draw_study: Callable) -> dict[str, np.ndarray]:
    return draw_study(study(KINDS), PATHS)


@pytest.fixture(scope="module")
def normals(draw_study: Callable) -> dict[str, np.ndarray]:
    """The normals behind the drawn values: a driver's own stream does not depend on its marginal."""
    return draw_study(study({name: {"kind": "normal", "mean": 0, "sd": 1} for name in KINDS}), PATHS)


@pytest.mark.parametrize("name", KINDS)
def test_a_value_is_a_rising_function_of_its_normal(
    drawn: dict[str, np.ndarray], normals: dict[str, np.ndarray], name: str
) -> None:
    """So that rank correlations hold and Sobol points stay spread; and it is that of the law and of the inputs."""
    order = np.argsort(normals[name])
    z, x = normals[name][order], drawn[name][order]
    assert (np.diff(x) >= -1e-15 * np.abs(x[1:])).all()
    law = law_of(KINDS[name])
    median, spread = tables.scale_of(law)
    exact = tables.quantiles(law, z)
    steep = np.abs(x - exact) / np.maximum(np.abs(exact - median), spread) > 1e-7
    assert steep.mean() < 1e-4  # a normal within rounding of a step may fall to its other side
    made = plan.make(study({name: KINDS[name]}))
    assert PlannedInputs(made).marginal(name, z) == pytest.approx(x, rel=1e-12, abs=1e-12 * spread)
    assert made.table_errors[name] <= tables.TOLERANCE
    assert made.medians[0] == pytest.approx(at(law, 0.5), rel=1e-12)


@pytest.mark.parametrize(
    ("name", "shares"),
    [
        ("discrete", {1.0: 0.5, 2.0: 0.3, 3.0: 0.2}),
        ("two values", {0.0: 0.999, 1.0: 0.001}),
        ("step", {0.08: 3 / 9, -0.12: 1 / 9, 0.31: 1 / 9}),
        ("event", {0.0: 0.6}),
        ("stepped", {1.0: 0.2, 3.0: 0.3}),
        ("linear", {0.08: 2 / 8}),  # three equal values in a row: two of the eight stretches between nine
    ],
)
def test_values_have_their_probability(drawn: dict[str, np.ndarray], name: str, shares: dict[float, float]) -> None:
    """A probability of 30% off by 0.013, or one of 0.1% by 0.0011, would surely be caught."""
    below, above = proportion_caught(PATHS, 0.3)
    assert max(0.3 - below, above - 0.3) < 0.013
    assert proportion_caught(PATHS, 0.001)[1] < 0.0021
    for value, share in shares.items():
        assert_proportion(drawn[name] == value, share)


def test_no_value_but_those_given(drawn: dict[str, np.ndarray]) -> None:
    assert set(drawn["discrete"]) == {1.0, 2.0, 3.0}
    assert set(drawn["step"]) == set(OBSERVED)
    assert not ((drawn["gap"] > 1.0) & (drawn["gap"] < 2.0)).any()
    assert drawn["linear"].min() >= min(OBSERVED)
    assert drawn["linear"].max() <= max(OBSERVED)
    for low, high, name in (
        (0.0, math.inf, "metalog above 0"),
        (-math.inf, 3.0, "metalog below"),
        (0.5, 6.0, "metalog between"),
    ):
        assert (drawn[name] > low).all()
        assert (drawn[name] < high).all()


@pytest.mark.parametrize(
    "name", ["normals", "gap", "heavy", "metalog", "metalog of four", "metalog above 0", "metalog below"]
)
def test_draws_follow_the_distribution(drawn: dict[str, np.ndarray], name: str) -> None:
    """Mixtures by SciPy's distribution functions; a distance of 0.015 would surely be caught."""
    known = {
        "normals": lambda x: 0.3 * stats.norm.cdf(x) + 0.7 * stats.norm.cdf(x, 4, 0.5),
        "gap": lambda x: 0.25 * stats.uniform.cdf(x) + 0.75 * stats.triang.cdf(x, 0.0, 2, 3),
        "heavy": lambda x: 0.9 * stats.norm.cdf(x) + 0.1 * stats.t.cdf(x, 1.5, scale=3),
    }
    law = law_of(KINDS[name])
    assert_uniform(known.get(name, lambda x: law.tails(x)[0])(drawn[name]))


def test_mixture_quantiles_by_root_finding() -> None:
    for given, cdf in (
        (NORMALS, lambda x: 0.3 * stats.norm.cdf(x) + 0.7 * stats.norm.cdf(x, 4, 0.5)),
        (HEAVY, lambda x: 0.9 * stats.norm.cdf(x) + 0.1 * stats.t.cdf(x, 1.5, scale=3)),
    ):
        law = law_of(given)
        for p in (1e-6, 0.01, 0.29, 0.31, 0.5, 0.9, 1 - 1e-6):
            wanted = optimize.brentq(lambda x, p=p, cdf=cdf: cdf(x) - p, -1e6, 1e6, xtol=1e-13)
            assert at(law, p) == pytest.approx(wanted, rel=1e-8, abs=1e-9)


def test_moments_of_mixtures(drawn: dict[str, np.ndarray]) -> None:
    """Sums of those of the parts; a shift of the mean by 2.7% of the standard deviation would surely be caught."""
    event = (0.4 * math.exp(1.32), 0.4 * math.exp(2 + 2 * 0.64))
    for name, (mean, second) in {
        "normals": (2.8, 0.3 * 1 + 0.7 * 16.25),
        "gap": (0.25 * 0.5 + 0.75 * 3, 0.25 / 3 + 0.75 * (9 + 0.5)),
        "event": event,
        "stepped": (0.5 * 2.2 + 0.5 * 2, 0.5 * 5.8 + 0.5 * 16 / 3),
    }.items():
        sd = math.sqrt(second - mean**2)
        assert mean_caught(PATHS, sd) < 0.027 * sd
        assert_mean(drawn[name], mean, sd)
        law = law_of(KINDS[name])
        z = np.linspace(-8.25, 8.25, 400_001)
        weight = stats.norm.pdf(z) * (z[1] - z[0])
        assert float((weight * tables.quantiles(law, z)).sum()) == pytest.approx(mean, rel=2e-5)


def test_empirical_quantiles_are_those_of_numpy() -> None:
    linear, step = law_of(KINDS["linear"]), law_of(KINDS["step"])
    p = np.linspace(0.0, 1.0, 1001)
    assert linear.quantile(p, 1.0 - p) == pytest.approx(np.quantile(OBSERVED, p, method="linear"), abs=1e-15)
    inside = p[(np.abs(9 * p - np.round(9 * p)) > 1e-9)]
    assert np.array_equal(step.quantile(inside, 1.0 - inside), np.quantile(OBSERVED, inside, method="inverted_cdf"))
    ordered = np.sort(OBSERVED)
    mean = float(((ordered[1:] + ordered[:-1]) / 2).mean())
    assert integrate.quad(lambda u: at(linear, u), 0, 1, limit=500)[0] == pytest.approx(mean, abs=1e-8)


def test_shares_of_empirical_values_invert_their_quantiles() -> None:
    law = law_of(KINDS["linear"])
    for x, share in ((-0.2, 0.0), (-0.12, 0.0), (-0.07, 1 / 16), (0.08, 5 / 8), (0.31, 1.0), (0.4, 1.0)):
        assert law.at(x)[0] == pytest.approx(share, abs=1e-15)


def test_metalog_runs_through_its_percentiles() -> None:
    for name in KINDS:
        given = KINDS[name]
        if given["kind"] == "metalog":
            law = law_of(given)
            for key, value in given.items():
                if key.startswith("p"):
                    p = int(key[1:]) / 100
                    assert at(law, p) == pytest.approx(value, rel=1e-12)
                    assert law.at(value)[0] == pytest.approx(p, abs=1e-12)


def test_metalog_of_a_logistic_is_that_logistic() -> None:
    points = tuple((p, float(stats.logistic.ppf(p, 3, 0.5))) for p in (0.1, 0.5, 0.9))
    law = metalog(points)
    for p in (1e-9, 0.2, 0.7, 0.999):
        assert at(law, p) == pytest.approx(stats.logistic.ppf(p, 3, 0.5), rel=1e-12)
    bounded = metalog(tuple((p, float(stats.fisk.ppf(p, 4.0))) for p in (0.05, 0.5, 0.95)), low=0.0)
    assert at(bounded, 0.99) == pytest.approx(stats.fisk.ppf(0.99, 4.0), rel=1e-12)
    assert bounded.right == pytest.approx(4.0)  # the log-logistic's own index


def test_moments_of_a_metalog() -> None:
    """Of four terms, by integration of M and its square over y (Keelin 2016, section 3.4)."""
    law = law_of(KINDS["metalog of four"])
    ps = np.array([0.1, 0.25, 0.75, 0.9])
    logits = np.log(ps / (1 - ps))
    a = np.linalg.solve(
        np.column_stack([np.ones(4), logits, (ps - 0.5) * logits, ps - 0.5]), np.array([1.0, 1.4, 2.5, 4.0])
    )
    mean = a[0] + a[2] / 2
    variance = math.pi**2 / 3 * a[1] ** 2 + a[2] ** 2 * (1 / 12 + math.pi**2 / 36) + a[1] * a[3] + a[3] ** 2 / 12
    z = np.linspace(-8.25, 8.25, 200_001)
    weight = stats.norm.pdf(z) * (z[1] - z[0])
    x = tables.quantiles(law, z)
    assert float((weight * x).sum()) == pytest.approx(mean, rel=1e-9)
    assert float((weight * (x - mean) ** 2).sum()) == pytest.approx(variance, rel=1e-8)


def test_where_a_metalog_ends_to_exist() -> None:
    """Three terms: a3 / a2 within 1.66711 (Keelin 2016, p. 254), or P50 from 16.66% to 83.34% of the way P10 to P90."""
    for alpha in (0.05, 0.1, 0.25):
        k = 0.5 * (1.0 - 1.66711 * (0.5 - alpha))
        for share, exists in ((k - 1e-4, False), (k + 1e-4, True), (1 - k - 1e-4, True), (1 - k + 1e-4, False)):
            points = ((alpha, 0.0), (0.5, share), (1.0 - alpha, 1.0))
            if exists:
                metalog(points)
            else:
                with pytest.raises(NoFit, match="density would be negative"):
                    metalog(points)
    with pytest.raises(NoFit, match=r"P50 may lie between 0\.166[56] and 0\.833[45]"):
        metalog(((0.1, 0.0), (0.5, 0.1), (0.9, 1.0)))


def test_a_metalog_that_cannot_be_is_told_at_its_place() -> None:
    with pytest.raises(InputError) as caught:
        plan.make(study({"x": {"kind": "metalog", "p10": 0, "p25": 0.9, "p75": 1.0, "p90": 3}}))
    (problem,) = caught.value.problems
    assert problem.path == "drivers.x.marginal"
    assert "its density would be negative near P" in problem.what


@pytest.mark.parametrize(
    ("name", "cut"),
    [
        ("normals", {"low": 0.0}),
        ("metalog", {"low": 0.5, "high": 5.0}),
        ("linear", {"low": 0.0}),
        ("gap", {"low": 0.5, "high": 1.5}),
        ("event", {"high": 10.0}),
    ],
)
def test_truncation(draw_study: Callable, name: str, cut: dict[str, float]) -> None:
    """What is left, scaled up: by the untruncated distribution function; 0.015 surely caught."""
    whole = law_of(KINDS[name])
    law = law_of({**KINDS[name], "truncate": cut})
    low, high = cut.get("low", -math.inf), cut.get("high", math.inf)
    x = draw_study(study({"x": {**KINDS[name], "truncate": cut}}), PATHS)["x"]
    assert x.min() >= low
    assert x.max() <= high
    first = float(whole.at(low)[0]) - whole.atom(low) if math.isfinite(low) else 0.0
    last = float(whole.at(high)[0]) if math.isfinite(high) else 1.0
    for q in (0.2, 0.5, 0.8):
        value = at(law, q)
        assert_proportion(x <= value, (float(whole.at(value)[0]) - first) / (last - first))


def test_truncation_keeps_the_values_at_its_bounds(draw_study: Callable) -> None:
    given = {**KINDS["discrete"], "truncate": {"low": 2.0}}
    law = law_of(given)
    assert law.atoms == ((2.0, pytest.approx(0.6)), (3.0, pytest.approx(0.4)))
    x = draw_study(study({"x": given}), PATHS)["x"]
    assert set(x) == {2.0, 3.0}
    assert_proportion(x == 2.0, 0.6)


def test_a_mixture_of_values_alone_is_discrete() -> None:
    law = law_of(mixed((0.5, {"kind": "fixed", "value": 1}), (0.5, KINDS["discrete"])))
    assert law.atoms == ((1.0, pytest.approx(0.75)), (2.0, pytest.approx(0.15)), (3.0, pytest.approx(0.1)))


def test_pieces_are_cut_where_the_quantiles_are_not_smooth() -> None:
    """Blind to its corners, the table of a mixture with a gap would put paths into it."""
    law = law_of(GAP)
    table = pieces.build(law)
    ends = table.coefficients[1, : int(table.last)]
    assert any(abs(end - stats.norm.ppf(0.25)) < 1e-9 for end in ends)
    assert table.error <= tables.TOLERANCE


@pytest.mark.parametrize("sampler", ["sobol", "lhs"])
def test_even_points_give_even_shares(draw_study: Callable, sampler: str) -> None:
    """A share of 2^17 even points misses its probability by less than one path in each of the 16 replicates."""
    made = study({"x": KINDS["discrete"]}, sampler=sampler, paths=PATHS)
    x = draw_study(made, PATHS)["x"]
    assert abs(np.count_nonzero(x == 3.0) - 0.2 * PATHS) <= 16
    assert abs(np.count_nonzero(x == 1.0) - 0.5 * PATHS) <= 16


def test_rank_correlation_of_a_discrete_driver(draw_study: Callable) -> None:
    """The copula is that of the normals: both highest with the bivariate normal's probability; 0.013 surely caught."""
    made = study({"x": KINDS["discrete"], "y": KINDS["linear"]}, [("x", "y", {"pearson": 0.6})])
    drawn = draw_study(made, PATHS)
    corner = stats.norm.ppf(0.8)
    share = stats.multivariate_normal.cdf([-corner, -stats.norm.ppf(0.7)], cov=[[1.0, 0.6], [0.6, 1.0]])
    assert_proportion((drawn["x"] == 3.0) & (drawn["y"] > at(law_of(KINDS["linear"]), 0.7)), float(share))


def test_indices_of_tails() -> None:
    assert (law_of(HEAVY).left, law_of(HEAVY).right) == (1.5, 1.5)
    assert law_of({**HEAVY, "truncate": {"low": -10}}).left == math.inf
    assert law_of({**HEAVY, "truncate": {"low": -10}}).right == 1.5
    assert law_of(KINDS["metalog"]).right == math.inf
    assert law_of(KINDS["metalog above 0"]).right < math.inf
    assert law_of(KINDS["metalog between"]).right == math.inf
