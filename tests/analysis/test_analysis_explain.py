"""All of explain at once: methods agree where theory says so, what cannot be answered is refused in a sentence."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from sim.analysis import explain, players, quantity
from sim.errors import InputError, ModelFailure
from tests.analysis import plain_models as plain
from tests.statistical import Z_ALARM


def explained(model: plain.Model, at_least: float | None = None, paths: int = 60_000, n: int = 20_000):
    return explain.analyse(model.run(n), model, model, "y", at_least, paths)


def test_every_method_tells_of_one_model_what_theory_says() -> None:
    model = plain.product()
    model.marginals = {**model.marginals, "idle": plain.normal()}
    model.groups = (*model.groups, *plain.alone("idle"))
    found = explained(model)
    assert found.valued is not None
    shares = {effect.player: effect.share for effect in found.valued.shapley.effects}
    assert set(shares) == {"x1", "x2", "e"}, "what moves nothing is no player"
    assert sum(share.value for share in shares.values()) == pytest.approx(1, abs=1e-14)
    units = {index.members: index for index in found.valued.sobol.indices}
    together = units["x1", "x2"]
    # Group and innovation add up: Shapley of the members is the group's index.
    gap = shares["x1"].value + shares["x2"].value - together.total.value
    assert abs(gap) < Z_ALARM * (shares["x1"].error + shares["x2"].error + together.total.error)
    assert units["idle",].inert
    assert found.groups == (("x1", "x2"),)
    assert {rank.driver for rank in found.ranks} == {"x1", "x2", "idle"}
    assert abs(found.valued.valuations - 60_000) < 3000
    assert model.asked == 20_000 + found.valued.valuations
    told = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert told["shapley"]["effects"][0]["player"] == "x1"
    assert told["refused"] == ""


def test_the_same_question_has_the_same_answer() -> None:
    assert explained(plain.ishigami(), paths=20_000) == explained(plain.ishigami(), paths=20_000)


def test_a_joint_law_that_cannot_be_conditioned_on_leaves_what_the_run_says() -> None:
    model = replace(plain.two_normals(), copula="updated")
    found = explained(model)
    assert found.valued is None
    assert "updated" in found.refused
    assert {d.driver: round(d.index, 1) for d in found.given_data.drivers} == {"x1": 0.6, "x2": 0.9}
    assert found.as_dict()["shapley"] is None
    assert model.asked == 20_000, "nothing is valued anew"
    with pytest.raises(ModelFailure, match="gaussian"):
        players.units(model)


def of(values: np.ndarray) -> object:
    return plain.run_of({"y": values}, [])


REFUSED = {
    "no variance": (lambda rng: np.full(5000, 3.0), None, "is 3 on every path: nothing drives it"),
    "Cauchy": (lambda rng: rng.standard_cauchy(50_000), None, "too heavy a tail to have a variance"),
    "ratio": (lambda rng: rng.normal(size=50_000) / rng.normal(0.5, size=50_000), None, "too heavy a tail"),
    "few successes": (lambda rng: np.arange(5000.0), 4970.0, "only 30 of 5000 paths reach 4970, too few"),
    "few failures": (lambda rng: np.arange(5000.0), 30.0, "only 30 of 5000 paths miss 30, too few"),
    "none": (lambda rng: np.arange(5000.0), 1e9, "only 0 of 5000 paths reach"),
    "short": (lambda rng: np.arange(50.0), None, "50 valid paths are too few"),
    "invalid": (
        lambda rng: np.where(np.arange(5000) % 50, 1.0 * np.arange(5000), np.nan),
        None,
        "2% of paths give no y",
    ),
    "all invalid": (lambda rng: np.full(5000, np.nan), None, "0 valid paths are too few"),
    "huge": (lambda rng: 1e300 * rng.normal(size=5000), None, "too large or too close together"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_answer_is_refused_in_one_sentence(name: str) -> None:
    make, at_least, words = REFUSED[name]
    with pytest.raises(ModelFailure, match=words.replace("(", r"\(")) as refusal:
        quantity.analyse(of(make(np.random.default_rng(1))), "y", at_least)
    assert "\n" not in str(refusal.value)


def test_a_heavy_tail_may_still_be_asked_for_its_probability() -> None:
    found = quantity.analyse(of(np.random.default_rng(1).standard_cauchy(50_000)), "y", 1.0)
    assert found.mean == pytest.approx(0.25, abs=0.01)


def test_light_tails_pass() -> None:
    """Normal, lognormal with sd of logarithm 0.7, Student's t with 4 degrees of freedom: none is refused."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        for values in (rng.normal(size=20_000), rng.lognormal(sigma=0.7, size=20_000), rng.standard_t(4, 20_000)):
            quantity.analyse(of(values), "y")


def test_few_invalid_paths_count_as_average_ones() -> None:
    values = np.arange(10_000.0)
    values[7] = np.inf
    found = quantity.analyse(of(values), "y")
    assert (found.paths, found.invalid) == (9999, 1)
    assert found.standard(np.array([np.nan, found.mean, found.mean + np.sqrt(found.variance)])).tolist() == [0, 0, 1]


def test_bad_questions() -> None:
    model = plain.two_normals()
    run = model.run()
    with pytest.raises(InputError, match="nothing drives it"):
        explain.analyse(run, model, model, "x1")
    with pytest.raises(InputError, match="no column"):
        explain.analyse(run, model, model, "z")
    with pytest.raises(InputError, match="too few"):
        explain.analyse(run, model, model, "y", None, 1000)


def test_nothing_varies() -> None:
    model = plain.Model(lambda c: np.arange(c["level"].size) * 1.0, {}, (), values={"level": 3.0}, fixed=("level",))
    with pytest.raises(ModelFailure, match="no driver of the study varies"):
        explained(model)
