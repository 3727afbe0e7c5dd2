"""`value` with replaced drivers and exchanged innovations, and the joint law that goes with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sim.errors import InputError
from sim.run.inputs import PlannedInputs
from sim.run.simulate import Simulator

CONFIGS = Path(__file__).parents[2] / "configs"
N = 300


@pytest.fixture(scope="module")
def base(simulator: Callable[..., Simulator]) -> Simulator:
    return simulator(CONFIGS / "base.yaml")


def test_innovations_of_other_paths_with_all_drivers_of_them_are_those_paths(base: Simulator) -> None:
    paths, others = np.arange(N), np.arange(5_000, 5_000 + N)[::-1]
    there = base.chunk(5_000, N)
    drivers = {name: row[::-1] for name, row in zip(base.plan.drivers, there.drivers, strict=True)}
    swapped = base.value(paths, drivers, dict.fromkeys(base.plan.innovations, others))
    for name, column in base.value(others).items():
        assert np.array_equal(column, swapped[name], equal_nan=True), name


def test_an_innovation_not_named_is_the_path_s_own(base: Simulator) -> None:
    paths = np.arange(N)
    first = base.plan.innovations[0]
    same = base.value(paths, None, {first: paths}, outputs=("value_per_ads",))
    other = base.value(paths, None, {first: paths + N}, outputs=("value_per_ads",))
    drawn = base.value(paths, outputs=("value_per_ads",))
    assert list(same) == ["value_per_ads"]
    assert np.array_equal(same["value_per_ads"], drawn["value_per_ads"], equal_nan=True)
    assert not np.array_equal(other["value_per_ads"], drawn["value_per_ads"], equal_nan=True)


@pytest.mark.parametrize("given", [{"drivers": {"no_such": 1.0}}, {"outputs": ("no_such",)}])
def test_unknown_names_are_refused(base: Simulator, given: dict[str, object]) -> None:
    with pytest.raises(InputError, match="no_such"):
        base.value(np.arange(3), **given)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no_such"):
        base.value(np.arange(3), None, {"no_such": np.arange(3)})


def test_every_varying_driver_is_in_one_group(base: Simulator) -> None:
    inputs = PlannedInputs(base.plan)
    members = [name for group in inputs.groups for name in group.drivers]
    assert sorted([*members, *inputs.fixed]) == sorted(base.plan.drivers)
    for group in inputs.groups:
        assert np.allclose(np.diag(group.matrix), 1.0, rtol=0, atol=1e-14)
        assert np.linalg.eigvalsh(group.matrix).min() > 0


def test_marginals_turn_normals_into_the_kernel_s_drivers(base: Simulator) -> None:
    """Medians are the marginal at 0; and the marginal of a bisected z gives back what the kernel drew."""
    inputs, chunk = PlannedInputs(base.plan), base.chunk(0, 200)
    for name, drawn in zip(base.plan.drivers, chunk.drivers, strict=True):
        assert inputs.marginal(name, np.zeros(1))[0] == pytest.approx(inputs.medians[name], rel=1e-6, abs=1e-9)
        low, high = np.full(drawn.size, -9.0), np.full(drawn.size, 9.0)
        for _ in range(80):
            middle = (low + high) / 2
            below = inputs.marginal(name, middle) < drawn
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        assert np.allclose(inputs.marginal(name, high), drawn, rtol=1e-12, atol=1e-12), name
