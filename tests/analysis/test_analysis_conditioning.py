"""Choosing paths by rejection, and leading particles to the data, against exact posteriors of normal models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from sim.analysis import conditioning, replicates, tempering
from sim.analysis.conditioning import Likelihood
from sim.config.observations import Observation
from sim.errors import ModelFailure
from sim.run.result import Group
from tests import statistical

# Drivers a ~ N(1, 2^2) and b ~ N(0, 1), correlated 0.6; y = a + b + e with e ~ N(0, 0.5^2) the path's own innovation.
PRIOR_MEAN = np.array([1.0, 0.0])
PRIOR = np.array([[4.0, 1.2], [1.2, 1.0]])
NOISE = 0.5


def posterior(value: float, sd: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of (a, b) given y = value with error sd (normal regression)."""
    loading = np.ones(2)
    total = loading @ PRIOR @ loading + NOISE**2 + sd**2
    gain = PRIOR @ loading / total
    return PRIOR_MEAN + gain * (value - PRIOR_MEAN.sum()), PRIOR - np.outer(gain, loading @ PRIOR)


def normals(paths: np.ndarray, key: int, count: int) -> np.ndarray:
    """float64[count, n]: standard normals that depend on the path alone (a hash of its number, inverted)."""
    from scipy.special import ndtri

    words = np.asarray(paths, np.uint64)[None, :] * np.uint64(count) + np.arange(count, dtype=np.uint64)[:, None]
    words = (words + np.uint64(key)) * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):  # splitmix64
        words = (words ^ (words >> np.uint64(shift))) * np.uint64(factor)
    return np.asarray(ndtri(((words >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53))


@dataclass(frozen=True)
class Linear:
    """The model as `Value`, and its drivers as `Inputs`. ``invalid`` paths (a share) have no value."""

    invalid: float = 0.0
    copula = "gaussian"
    groups = (Group(("a", "b"), np.array([[1.0, 0.6], [0.6, 1.0]])),)
    fixed = ()
    innovations = ("e",)

    @property
    def medians(self) -> Mapping[str, float]:
        return {"a": 1.0, "b": 0.0}

    def marginal(self, driver: str, z: np.ndarray) -> np.ndarray:
        return 1.0 + 2.0 * z if driver == "a" else z

    def drivers(self, paths: np.ndarray) -> dict[str, np.ndarray]:
        own = normals(paths, 1, 2)
        return {"a": 1.0 + 2.0 * own[0], "b": 0.6 * own[0] + 0.8 * own[1]}

    def __call__(
        self,
        paths: np.ndarray,
        drivers: Mapping[str, Any] | None = None,
        innovations: Any = "drawn",
        *,
        outputs: Sequence[str] | None = None,
    ) -> dict[str, np.ndarray]:
        given = drivers or self.drivers(paths)
        y = given["a"] + given["b"] + NOISE * normals(paths, 7, 1)[0]
        y = np.where(normals(paths, 9, 1)[0] < -8 + 8 * (self.invalid > 0), np.nan, y)
        return {name: column for name, column in {"y": y, **given}.items() if outputs is None or name in outputs}


def observed(value: float, error: float, how: Any = "sd") -> Likelihood:
    return Likelihood((Observation("y", "", value, how, error),))


def chosen(model: Linear, likelihood: Likelihood, **how: Any) -> conditioning.Choice:
    facts = {"seed": 3, "own": 65_536, "wanted": 65_536, "most": 4_194_304, **how}
    return conditioning.choose(lambda paths: model(paths, outputs=["y"])["y"][None, :], likelihood, **facts)


@pytest.mark.parametrize(("value", "sd"), [(2.0, 1.0), (-3.0, 0.4), (4.0, 0.2)])
def test_chosen_paths_are_independent_draws_from_the_posterior(value: float, sd: float) -> None:
    """Exact mean and variance of both drivers; n = 65,536 catches shifts of 0.04 posterior s.d."""
    choice = chosen(Linear(), observed(value, sd))
    mean, covariance = posterior(value, sd)
    assert choice.rows.size == 65_536
    assert np.unique(choice.rows).size == choice.rows.size
    drivers = Linear().drivers(choice.rows)
    for k, name in enumerate(("a", "b")):
        spread = float(np.sqrt(covariance[k, k]))
        assert statistical.mean_caught(65_536, spread) < 0.04 * spread
        statistical.assert_mean(drivers[name], float(mean[k]), spread)
        statistical.assert_sd(drivers[name], float(mean[k]), spread, kurtosis=3.0)


def test_a_tolerance_keeps_all_within_and_none_beyond() -> None:
    choice = chosen(Linear(), observed(2.0, 0.3, "within"))
    assert np.abs(Linear()(choice.rows)["y"] - 2.0).max() <= 0.3
    every = Linear()(np.arange(choice.own))["y"]
    assert choice.effective == np.count_nonzero(np.abs(every - 2.0) <= 0.3)


def test_rows_stand_in_the_replicate_of_their_path() -> None:
    rows = chosen(Linear(), observed(2.0, 1.0), wanted=1_000 * 16).rows
    assert (rows % 16 == np.arange(rows.size) % 16).all()


def test_effective_paths_are_those_of_kish() -> None:
    weights = np.array([1.0, 1.0, 0.5, 0.0])
    with np.errstate(divide="ignore"):
        assert conditioning.effective(np.log(weights) - 700.0) == pytest.approx(2.5**2 / 2.25, rel=1e-12)
    assert conditioning.effective(np.full(3, -np.inf)) == 0.0


def test_below_two_hundred_effective_paths_nothing_is_chosen() -> None:
    thin = chosen(Linear(), observed(14.0, 0.05))
    assert thin.effective < conditioning.LEAST
    assert thin.rows.size == 0
    assert thin.considered == 65_536  # decided on the run's own paths alone


def test_as_many_rows_as_the_budget_holds() -> None:
    choice = chosen(Linear(), observed(6.0, 0.1), most=262_144)
    assert choice.considered == 262_144
    assert 0 < choice.rows.size < 65_536
    assert choice.rows.size % 16 == 0


def test_paths_without_a_value_are_never_chosen() -> None:
    choice = chosen(Linear(invalid=0.5), observed(2.0, 1.0))
    assert np.isfinite(Linear(invalid=0.5)(choice.rows)["y"]).all()


def test_a_path_s_uniform_is_its_own() -> None:
    whole = conditioning.uniforms(5, 0, 4 * conditioning.BLOCK)
    part = conditioning.uniforms(5, 2 * conditioning.BLOCK, conditioning.BLOCK)
    assert np.array_equal(whole[2 * conditioning.BLOCK : 3 * conditioning.BLOCK], part)
    assert not np.array_equal(whole[: conditioning.BLOCK], conditioning.uniforms(6, 0, conditioning.BLOCK))
    statistical.assert_uniform(whole)


@pytest.mark.parametrize(
    ("value", "error", "how"), [(2.0, 1.0, "sd"), (6.0, 0.002, "sd"), (14.0, 0.05, "sd"), (-16.0, 0.4, "sd")]
)
def test_particles_near_the_data_agree_with_the_posterior(value: float, error: float, how: str) -> None:
    """Mean and s.d. of both drivers within four standard errors, which are below 5% of the posterior's s.d.

    14 and -16 are five and six standard deviations off; 0.002 is a thousandth of what was expected.
    """
    found = near(value, error, how)
    mean, covariance = posterior(value, error)
    for k, name in enumerate(("a", "b")):
        spread = float(np.sqrt(covariance[k, k]))
        middle = replicates.estimate(found.drivers[name], replicates.mean)
        width = replicates.estimate(found.drivers[name], lambda x: float(x.std()))
        assert middle.error < 0.05 * spread
        assert abs(middle.value - mean[k]) < 4 * middle.error
        assert abs(width.value - spread) < 4 * width.error + 0.01 * spread


def near(value: float, error: float, how: str, count: int = 8_192, model: Linear | None = None) -> tempering.Particles:
    model = model or Linear()
    likelihood = observed(value, error, how)
    return tempering.temper(model, model, ["y"], likelihood, watched="y", count=count, seed=11)


def test_particles_within_a_tolerance() -> None:
    found = near(14.0, 0.05, "within")
    y = Linear()(found.paths, found.drivers)["y"]
    assert np.abs(y - 14.0).max() <= 0.05
    mean, _ = posterior(14.0, 0.05 / np.sqrt(3.0))  # a uniform error has this s.d.
    for k, name in enumerate(("a", "b")):
        middle = replicates.estimate(found.drivers[name], replicates.mean)
        assert abs(middle.value - mean[k]) < 4 * middle.error + 0.01


def test_particles_are_the_same_for_the_same_seed() -> None:
    one, other = near(6.0, 0.01, "sd", 2_048), near(6.0, 0.01, "sd", 2_048)
    assert np.array_equal(one.drivers["a"], other.drivers["a"])
    assert np.array_equal(one.paths, other.paths)


def test_what_no_path_can_reach_is_said() -> None:
    class Nothing(Linear):
        def __call__(self, paths: np.ndarray, *given: Any, **named: Any) -> dict[str, np.ndarray]:
            return {"y": np.full(np.asarray(paths).size, np.nan)}

    with pytest.raises(ModelFailure, match="no path has a value"):
        near(6.0, 0.01, "sd", 1_024, Nothing())
