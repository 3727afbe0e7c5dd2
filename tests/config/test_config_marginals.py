"""Marginals: what each kind takes, and what is wrong with what it is given."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from sim.config.checks.marginals import faults, support
from sim.config.drivers import KINDS, Distribution, Marginal

ADAPTER: TypeAdapter[Any] = TypeAdapter(Marginal)


def made(**keys: Any) -> Distribution:
    marginal = ADAPTER.validate_python(keys)
    assert isinstance(marginal, Distribution)
    return marginal


RIGHT: list[dict[str, Any]] = [
    {"kind": "fixed", "value": 1},
    {"kind": "normal", "mean": 0, "sd": 1},
    {"kind": "normal", "p5": -1, "p95": 1},
    {"kind": "lognormal", "mu": -1, "sigma": 0.5},
    {"kind": "lognormal", "mean": 2, "sd": 0.5},
    {"kind": "lognormal", "median": 7.12, "sd_log": 0.025},
    {"kind": "lognormal", "p10": 2.4, "p90": 4.9},
    {"kind": "uniform", "low": -1, "high": 1},
    {"kind": "triangular", "low": 0, "mode": 0, "high": 1},
    {"kind": "pert", "low": 0, "mode": 1, "high": 1},
    {"kind": "beta", "alpha": 2, "beta": 3},
    {"kind": "beta", "alpha": 2, "beta": 3, "low": -1, "high": 4},
    {"kind": "gamma", "shape": 2, "scale": 3},
    {"kind": "gamma", "mean": 2, "sd": 3},
    {"kind": "gamma", "p25": 2, "p75": 3},
    {"kind": "weibull", "shape": 2, "scale": 3},
    {"kind": "weibull", "p1": 2, "p99": 3},
    {"kind": "student_t", "df": 4},
    {"kind": "student_t", "df": 4, "location": 1, "scale": 2},
    {"kind": "gumbel", "location": -1, "scale": 2},
    {"kind": "gumbel", "p50": 2, "p90": 3, "truncate": {"high": 10}},
    {"kind": "metalog", "p10": 1, "p50": 2, "p90": 4},
    {"kind": "metalog", "p10": 1, "p25": 2, "p50": 3, "p90": 4, "low": 0, "high": 10},
    {"kind": "discrete", "values": [3, 1], "probabilities": [0.25, 0.75]},
    {
        "kind": "mixture",
        "components": [
            {"weight": 0.5, "marginal": {"kind": "fixed", "value": 0}},
            {"weight": 0.5, "marginal": {"kind": "normal", "mean": 0, "sd": 1, "truncate": {"low": 0}}},
        ],
    },
    {"kind": "empirical", "how": "step", "values": [2, 1, 1]},
    {"kind": "empirical", "how": "linear", "values": [2, 1], "truncate": {"low": 1.5}},
    {"kind": "normal", "mean": 0, "sd": 1, "truncate": {"low": -1, "high": 1}},
    {"kind": "pert", "low": 0, "mode": 1, "high": 2, "truncate": {"low": 1}},
    {"kind": "fixed", "value": 1, "truncate": {"low": 1}},
]


@pytest.mark.parametrize("keys", RIGHT, ids=str)
def test_right_marginals_have_no_faults(keys: dict[str, Any]) -> None:
    marginal = made(**keys)
    assert list(faults(marginal)) == []
    numbers = {key: value for key, value in keys.items() if isinstance(value, int | float)}
    assert marginal.given.items() >= numbers.items()


def test_every_kind_is_tried() -> None:
    assert {keys["kind"] for keys in RIGHT} == set(KINDS)
    assert {type(made(**keys)) for keys in RIGHT} == set(KINDS.values())


@pytest.mark.parametrize(
    ("keys", "key", "what"),
    [
        ({"kind": "normal"}, "", "a normal marginal needs numbers"),
        ({"kind": "normal", "mean": 1}, "mean", "mean alone is not enough"),
        ({"kind": "normal", "p50": 1}, "p50", "a normal marginal needs two percentiles, not one"),
        ({"kind": "normal", "p50": 1, "p90": 1}, "p90", "p90 (1) equals p50 (1)"),
        ({"kind": "normal", "p90": 1, "p10": 2}, "p90", "p90 (1) is below p10 (2)"),
        ({"kind": "lognormal", "median": 1}, "median", "median alone is not enough"),
        ({"kind": "lognormal", "median": 1, "sd": 2}, "sd", "sd and median do not go together"),
        ({"kind": "lognormal", "mean": 1, "sd": 1, "mu": 0}, "mu", "mu, mean and sd do not go together"),
        ({"kind": "lognormal", "mean": 0, "sd": 1}, "mean", "mean must be above 0, not 0"),
        ({"kind": "lognormal", "median": 1, "sd_log": 0}, "sd_log", "sd_log must be above 0"),
        ({"kind": "lognormal", "mu": 1, "sigma": -1}, "sigma", "sigma must be above 0, not -1"),
        ({"kind": "uniform", "low": 2, "high": 1}, "low", "low (2) is above high (1)"),
        ({"kind": "triangular", "low": 1, "mode": 0, "high": 2}, "mode", "mode (0) is below low (1)"),
        ({"kind": "beta", "alpha": 0, "beta": 1}, "alpha", "alpha must be above 0, not 0"),
        ({"kind": "beta", "alpha": 1, "beta": 1, "low": 3}, "low", "low (3) is above high (1)"),
        ({"kind": "gamma", "shape": 1, "scale": 0}, "scale", "scale must be above 0"),
        ({"kind": "gamma", "shape": 1, "mean": 1}, "shape", "shape and mean do not go together"),
        ({"kind": "weibull", "p10": 0, "p90": 1}, "p10", "p10 must be above 0, not 0"),
        ({"kind": "student_t", "df": -1}, "df", "df must be above 0, not -1"),
        ({"kind": "gumbel", "location": 1, "scale": -2}, "scale", "scale must be above 0, not -2"),
        ({"kind": "fixed", "value": 1, "truncate": {"low": 2}}, "truncate", "cuts off the fixed value 1"),
        ({"kind": "normal", "mean": 0, "sd": 1, "truncate": {"low": 1, "high": 1}}, "truncate", "low (1) is not below"),
        (
            {"kind": "gamma", "mean": 1, "sd": 1, "truncate": {"high": 0}},
            "truncate",
            "high (0) is not above the lowest",
        ),
        (
            {"kind": "beta", "alpha": 1, "beta": 1, "truncate": {"low": 1}},
            "truncate",
            "low (1) is not below the highest",
        ),
    ],
    ids=str,
)
def test_faults(keys: dict[str, Any], key: str, what: str) -> None:
    (found,) = list(faults(made(**keys)))
    assert found[0] == key
    assert found[1].startswith(what)
    assert found[2]


def test_all_faults_of_one_marginal_come_together() -> None:
    found = list(faults(made(kind="lognormal", p10=-3, p90=-4)))
    assert [key for key, _, _ in found] == ["p10", "p90", "p90"]


@pytest.mark.parametrize("value", [True, "1", None, [1], float("nan"), float("inf"), 10**400])
def test_only_finite_numbers_are_numbers(value: object) -> None:
    with pytest.raises(ValidationError):
        made(kind="fixed", value=value)


def test_marginals_are_closed_and_frozen() -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        made(kind="fixed", value=1, low=0)
    with pytest.raises(ValidationError, match="frozen"):
        made(kind="fixed", value=1).truncate = None  # type: ignore[misc]


def test_percentiles_rise_in_probability() -> None:
    assert made(kind="normal", p90=5, p10=1).percentiles == ((0.10, 1.0), (0.90, 5.0))
    assert made(kind="normal", mean=0, sd=1).percentiles == ()


def test_supports() -> None:
    assert support(made(kind="pert", low=1, mode=2, high=3)) == (1, 3)
    assert support(made(kind="beta", alpha=2, beta=2)) == (0, 1)
    assert support(made(kind="weibull", shape=1, scale=1)) == (0, inf)
    assert support(made(kind="gumbel", location=0, scale=1)) == (-inf, inf)
    assert support(made(kind="fixed", value=3)) == (3, 3)
    assert support(made(kind="metalog", p10=1, p50=2, p90=3, low=0)) == (0, inf)
    assert support(made(kind="discrete", values=[3, 1], probabilities=[0.5, 0.5])) == (1, 3)
    assert support(made(kind="empirical", how="step", values=[3, 1, 2])) == (1, 3)
    parts = [
        {"weight": 0.5, "marginal": {"kind": "fixed", "value": 1}},
        {"weight": 0.5, "marginal": {"kind": "gamma", "mean": 4, "sd": 1, "truncate": {"low": 2}}},
    ]
    assert support(made(kind="mixture", components=parts)) == (1, inf)
