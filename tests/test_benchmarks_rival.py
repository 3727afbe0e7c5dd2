"""The numpy rival of the benchmarks computes the same numbers as the engine, or the comparison would mean nothing."""

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from sim import pipeline
from sim.run import setup
from sim.run.simulate import Simulator
from sim.sampling import plan

ROOT = Path(__file__).parents[1]
AGREE = 1e-9


@pytest.fixture(scope="module")
def checked() -> pipeline.Checked:
    return pipeline.check(ROOT / "configs" / "base.yaml")


@pytest.fixture(scope="module")
def check() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "benchmarks"))
        return importlib.import_module("check_numpy")


@pytest.fixture(scope="module")
def rival(check, checked):
    return check.Rival(checked.study, checked.columns)


@pytest.fixture(scope="module")
def simulator(checked) -> Simulator:
    return Simulator(setup.make(checked.study, checked.graph, checked.columns, plan.make(checked.study)))


def test_rival_agrees_with_the_oracle_on_drawn_innovations(check, checked, rival):
    assert check.against_oracle(checked, rival, 12, seed=5) < AGREE


def test_difference_sees_one_wrong_value_and_one_invalid_path(check):
    right = np.ones((3, 4))
    wrong, invalid = right.copy(), right.copy()
    wrong[1, 2] += 1e-8
    invalid[2, 0] = np.nan
    assert check.difference(right, right) == 0.0
    assert check.difference(wrong, right) > AGREE
    assert check.difference(invalid, right) == float("inf")


def test_rival_does_not_depend_on_its_threads(rival):
    paths = 3 * rival.chunk + 17
    assert np.array_equal(rival.simulate(paths, 7, threads=1), rival.simulate(paths, 7, threads=2), equal_nan=True)


@pytest.mark.long
def test_rival_agrees_with_the_engine_on_the_engines_drivers(check, rival, simulator):
    assert check.against_engine(simulator, rival, 20_000) < AGREE


@pytest.mark.long
def test_rival_draws_the_engines_distributions(check, rival, simulator):
    # The largest of a few thousand distances: 5.5 standard errors is passed by chance once in ten thousand seeds.
    assert max(check.draws(simulator, rival, 200_000, seed=3)) < 5.5
