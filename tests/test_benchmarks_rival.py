"""The numpy rivals of the benchmarks compute the same numbers as the engine, or the comparison would mean nothing."""

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


@pytest.fixture(
    scope="module", params=[("numpy_alibaba", "Rival"), ("numpy_plain", "PlainRival")], ids=["tuned", "plain"]
)
def rival(request, checked):
    module, name = request.param
    return getattr(_benchmark(module), name)(checked.study, checked.columns)


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


@pytest.mark.long
def test_handwritten_kernel_agrees_with_the_generated_one(check, checked, simulator):
    """On the same paths, innovations drawn: 20,000 and a last block that is not whole."""
    kernels = _benchmark("against_handwritten")
    rival = kernels.Handwritten(checked.study, simulator)
    assert kernels.check(simulator, rival, 20_011) < AGREE


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    return _benchmark("reference_workload")


def test_reference_rivals_agree_with_the_engine(reference):
    """numpy and numba on the engine's own drivers and innovations; with their own draws by first and second moments.

    Of 10 moments of 100,000 paths 5 standard errors are passed by chance once in 170,000 seeds; a mean that is wrong by
    2.5% of its standard deviation is surely caught.
    """
    simulator, inputs = reference.study()
    sides = {"numpy": reference.NumpyRival(inputs), "numba": reference.NumbaRival(inputs)}
    for of_inputs, of_draws in reference.check(simulator, inputs, sides).values():
        assert of_inputs < 1e-12
        assert of_draws < 5.0


def test_accuracy_counts_replicates_as_independent_estimates():
    """Of independent normals, a sixteenth of the replicates' variance is the variance of the mean of all."""
    accuracy = _benchmark("accuracy")
    draws = np.random.default_rng(2).normal(170.0, 30.0, (200, 4096))
    estimates = np.array([accuracy._replicates(v, 120.0, 220.0)[0] for v in draws])
    found = accuracy._squares(estimates).mean()
    # 3,200 estimates give a variance to 2.5%; five times that is passed by chance once in a million.
    assert abs(found / (30.0**2 / 4096) - 1.0) < 0.125


def _benchmark(name: str) -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "benchmarks"))
        return importlib.import_module(name)
