"""Implied values: exact where the output is a straight line in the driver, a root where it is not, a plain no else."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from sim.analysis import implied
from sim.run.result import Group, Run
from tests.analysis.believed_models import MATRIX, MEAN, agrees, linear_run
from tests.analysis.plain_models import IDENTITY, Model, normal

LEVELS = {"target": MEAN + 1.0, "price": MEAN}


@pytest.fixture(scope="module")
def linear():
    return linear_run(65_536)


def found(linear, driver: str, levels=LEVELS, probability: float = 0.5) -> implied.Implied:
    model, run = linear
    return implied.analyse(run, model, model, "y", driver, levels, levels["target"], probability)


def test_a_straight_line_is_seen_and_its_crossing_exact(linear) -> None:
    """Median of y with b = x, others drawn and unmoved, is MEAN - x: so x = -1 for the target, at no cost in paths."""
    one = found(linear, "b")
    assert one.linear
    target, price = one.crossings["target"], one.crossings["price"]
    assert target.drawn is not None
    assert price.drawn is not None
    agrees(target.drawn.value, target.drawn.error, -1.0)
    agrees(price.drawn.value, price.drawn.error, 0.0)
    assert target.central == pytest.approx(-1.0, abs=1e-9)
    assert target.percentile == pytest.approx(0.1587, abs=0.01)
    # Exact on its own paths: with the driver there, half of these reach the level.
    model, _ = linear
    values = model(np.arange(implied.PATHS), {"b": target.drawn.value}, outputs=("y",))["y"]
    assert np.mean(values >= LEVELS["target"]) == pytest.approx(0.5, abs=1 / implied.PATHS)


def test_a_straight_line_is_followed_beyond_every_path(linear) -> None:
    one = found(linear, "b", {"target": MEAN + 9.0})
    assert one.crossings["target"].drawn is not None
    assert one.crossings["target"].drawn.value == pytest.approx(-9.0, abs=0.1)
    assert one.crossings["target"].percentile == 0.0


def test_a_curve_is_solved(linear) -> None:
    """y = 2 log(a) + ...: the median reaches MEAN + 1 at a = exp(0.5)."""
    one = found(linear, "a")
    assert not one.linear
    target = one.crossings["target"]
    assert target.drawn is not None
    agrees(target.drawn.value, target.drawn.error, math.exp(0.5))
    assert target.central == pytest.approx(math.exp(0.5), rel=1e-7)
    medians = [y for _, _, y in one.curve]
    assert medians == sorted(medians)


def test_another_probability_than_a_half(linear) -> None:
    """P(y >= K | do(b = x)) = 0.8 with sd of the rest: variance of 2 z_a + 0.3 z_c + noise is 4 + 0.09 + 1."""
    one = found(linear, "b", probability=0.8)
    assert one.alone is not None
    assert one.alone.drawn is not None
    agrees(one.alone.drawn.value, one.alone.drawn.error, -1.0 - 0.8416212335729143 * math.sqrt(5.09))


def test_where_no_value_is_enough_that_is_said() -> None:
    flat = Model(
        lambda x: np.tanh(x["a"]) + x["b"],
        {"a": normal(), "b": normal()},
        (Group(("a",), IDENTITY), Group(("b",), IDENTITY)),
    )
    run = flat.run(20_000)
    one = implied.analyse(run, flat, flat, "y", "a", {"target": 2.0, "price": -2.0}, 2.0, 0.5)
    assert one.crossings["target"].drawn is None
    assert one.crossings["target"].why.startswith("even its extreme takes only")
    assert one.crossings["price"].why == "every value of it is enough"


def test_parts_that_go_one_for_one_are_told_from_others(linear) -> None:
    """left is moved by a alone and right by b and c; twice the total is no part, though it follows every driver."""
    model, run = linear
    assert implied.parts(run, model, model, "y", ["a", "b"]) == {"left": "a", "right": "b"}
    assert implied.parts(run, model, model, "y", [], ["left", "twice"]) == {"left": "a"}


def test_a_part_implied_is_part_and_level_less_total(linear) -> None:
    """left implied at K is K - right; its median MEAN + 1 - median(right) = 1, above 69% of N(0, 4)."""
    _, run = linear
    part = implied.part(run, "y", "left", "a", LEVELS)
    agrees(part.implied["target"].value, part.implied["target"].error, 1.0)
    assert part.percentiles["target"] == pytest.approx(0.6915, abs=0.01)


def test_paths_without_a_value_are_left_out() -> None:
    """Half of the paths are invalid whatever the driver: the median is that of the others."""
    broken = Model(
        lambda x: np.where(x["b"] > 0, x["a"] + x["b"], np.nan), {"a": normal(), "b": normal()},
        (Group(("a",), IDENTITY), Group(("b",), IDENTITY)),
    )  # fmt: skip
    one = implied.analyse(broken.run(40_000), broken, broken, "y", "a", {"target": 3.0}, 3.0, 0.5)
    assert one.linear
    assert one.crossings["target"].drawn is not None
    assert one.crossings["target"].drawn.value == pytest.approx(3.0 - 0.6745, abs=0.03)


def test_the_model_of_these_tests_is_what_it_says(linear) -> None:
    _, run = linear
    assert isinstance(run, Run)
    assert run.directory == Path()
    drawn = np.corrcoef([np.log(run.column("a")), run.column("b"), run.column("c")])
    assert np.abs(drawn - MATRIX).max() < 0.03
