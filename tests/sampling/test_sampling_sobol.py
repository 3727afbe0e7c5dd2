"""Sobol points and Latin hypercubes: the published points, their balance, random access, and what stays as it was."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import kstest, qmc

from sim import kernel
from sim.sampling import dimensions, sobol
from tests.sampling.conftest import study

NORMAL = {"kind": "normal", "mean": 0.0, "sd": 1.0}
DRIVERS = dict.fromkeys(("a", "b", "c"), NORMAL)
PATHS = 16 * 256
FAR = 2**40


def uniforms(drawn: dict[str, np.ndarray], name: str) -> np.ndarray:
    return np.asarray(ndtr(drawn[name]))


@pytest.mark.parametrize("dimension", [1, 2, 5, 50, 300, 1024])
def test_directions_are_those_of_joe_and_kuo(dimension: int) -> None:
    """Unscrambled points in Gray-code order equal SciPy's."""
    expected = qmc.Sobol(dimension, scramble=False, bits=32).random_base2(8)[:, -1]
    points = np.arange(256)
    gray, found = points ^ (points >> 1), np.zeros(256, np.uint64)
    for bit, direction in enumerate(sobol.directions(dimension)):
        found ^= np.where((gray >> bit) & 1 == 1, direction, np.uint64(0))
    assert np.array_equal(found / 2.0**32, expected)


@pytest.mark.parametrize("sampler", ["sobol", "lhs"])
def test_every_replicate_has_one_point_in_every_stratum(draw_study: Callable, sampler: str) -> None:
    drawn = draw_study(study(DRIVERS, sampler=sampler, paths=PATHS), PATHS)
    for name in DRIVERS:
        for replicate in range(16):
            strata = np.floor(uniforms(drawn, name)[replicate::16] * 256 + 1e-9).astype(int)
            assert np.array_equal(np.sort(strata), np.arange(256)), (name, replicate)
    assert kstest(uniforms(drawn, "a"), "uniform").pvalue > 1e-6


def test_two_dimensions_are_balanced_together(draw_study: Callable) -> None:
    """Dimensions 1 and 2 are a (0, m, 2)-net: each of the 16 x 16 squares holds one of 256 points."""
    drawn = draw_study(study({"a": NORMAL, "b": NORMAL}, sampler="sobol"), PATHS)
    for replicate in (0, 7, 15):
        squares = [np.floor(uniforms(drawn, n)[replicate::16] * 16 + 1e-9).astype(int) for n in ("a", "b")]
        assert np.unique(16 * squares[0] + squares[1]).size == 256


@pytest.mark.parametrize("sampler", ["sobol", "lhs"])
def test_any_path_by_itself_is_the_same(draw_study: Callable, draw_shocks: Callable, sampler: str) -> None:
    """Blocks that are whole points take a faster way; single paths in any order give the same bits."""
    made = study(DRIVERS, innovations=["shock"], sampler=sampler, paths=PATHS, periods=7)
    some = np.random.default_rng(3).permutation(PATHS)[: 5 * kernel.BLOCK + 3].astype(np.uint64)
    whole, alone = draw_study(made, PATHS), draw_study(made, some)
    for name in DRIVERS:
        assert np.array_equal(whole[name][some], alone[name])
    assert np.array_equal(draw_shocks(made, PATHS, 7)["shock"][:, some], draw_shocks(made, some, 7)["shock"])


def test_replicates_and_names_are_scrambled_apart(draw_study: Callable) -> None:
    drawn = draw_study(study(DRIVERS, sampler="sobol"), PATHS)
    a, b = uniforms(drawn, "a"), uniforms(drawn, "b")
    assert np.unique(a).size == a.size
    assert not np.isin(a, b).any()
    other = draw_study(study({"a": NORMAL}, sampler="sobol", seed=180), PATHS)
    assert not np.isin(uniforms(other, "a"), a).any()


def test_an_added_driver_moves_no_driver_with_a_key(draw_study: Callable) -> None:
    first, second = study({"m": NORMAL}, sampler="sobol"), study({"a": NORMAL, "m": NORMAL}, sampler="sobol")
    for made in (first, second):
        made.drivers["m"].dimension = 1
    assert np.array_equal(draw_study(first, 300)["m"], draw_study(second, 300)["m"])
    assert dimensions.assign(second).drivers == {"a": 2, "m": 1}


def test_dimensions_of_innovations_do_not_overlap() -> None:
    made = study(DRIVERS, innovations=["x", "y"], sampler="sobol")
    assert dimensions.assign(made).innovations == {"x": 4, "y": 8}
    assert dimensions.problems(made) == []
    made.innovations["y"].dimension = 2
    made.drivers["c"].dimension = 3
    (problem,) = dimensions.problems(made)
    assert problem.path == "innovations.y.dimension"
    made.innovations["y"].dimension = 1023
    assert "beyond the 1,024" in str(dimensions.problems(made)[-1])


def test_leading_coordinates_are_sobol_and_the_rest_is_as_drawn(draw_shocks: Callable) -> None:
    """Along four directions, those that move a random walk most: balanced; across them: what Philox drew; normal."""
    periods = 9
    led = draw_shocks(study({}, innovations=["s"], sampler="sobol", periods=periods), PATHS, periods)["s"]
    plain = draw_shocks(study({}, innovations=["s"], periods=periods), PATHS, periods)["s"]
    along = sobol.walk_coordinates(periods, 4)
    assert np.allclose(along @ along.T, np.eye(4), atol=1e-14)
    for coordinate in along @ led:
        strata = np.floor(ndtr(coordinate[0::16]) * 256 + 1e-9).astype(int)
        assert np.array_equal(np.sort(strata), np.arange(256))
    rest = np.eye(periods) - along.T @ along
    assert np.allclose(rest @ led, rest @ plain, atol=1e-12)
    covariance = np.cov(led)
    assert np.abs(covariance - np.eye(periods)).max() < 6 / np.sqrt(PATHS) * np.sqrt(2)


def test_walk_coordinates_are_the_steps_that_move_a_random_walk_most() -> None:
    """Levels are A z for steps z: along a singular vector A shortens least, and the first step moves the walk most."""
    levels = np.tril(np.ones((39, 39)))
    lengths = np.linalg.svd(levels, compute_uv=False)
    found = sobol.walk_coordinates(39, 4)
    for vector, length in zip(found, lengths, strict=False):
        assert np.allclose(levels.T @ (levels @ vector), length**2 * vector, rtol=1e-9, atol=1e-9)
    assert np.argmax(np.abs(found[0])) == 0


def test_paths_far_out_are_independent_draws(draw_study: Callable, draw_shocks: Callable) -> None:
    far = np.arange(FAR, FAR + 500, dtype=np.uint64)
    sampled, plain = (study(DRIVERS, innovations=["s"], sampler=s, paths=64, periods=5) for s in ("sobol", "philox"))
    assert np.array_equal(draw_study(sampled, far)["a"], draw_study(plain, far)["a"])
    found, expected = draw_shocks(sampled, far, 5)["s"], draw_shocks(plain, far, 5)["s"]
    assert np.array_equal(found, expected)
