"""A linear Gaussian total of named parts, in which what one must believe has a closed form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy import stats

from sim.run.result import Group, Run
from tests.analysis.plain_models import Held, Model, hashed_normal, normal
from tests.statistical import FALSE_ALARM, replicates_caught

BOUND = float(stats.t.isf(FALSE_ALARM / 2, 15))  # in standard errors from 16 replicates: a right estimate fails 1e-6
CAUGHT = replicates_caught(16, 4.0)  # smallest bias that is surely seen, in standard errors
MATRIX = np.array([[1.0, 0.5, 0.0], [0.5, 1.0, 0.2], [0.0, 0.2, 1.0]])
SLOPES = np.array([2.0, -1.0, 0.3])
DRIVERS = ("a", "b", "c")


class Linear(Model):
    """y = left + right, left = 2 log(a), right = -b + 0.3 c + noise: a lognormal, b and c normal, correlated."""

    def __call__(
        self,
        paths: np.ndarray,
        drivers: Mapping[str, np.ndarray | float] | None = None,
        innovations: object = "drawn",
        *,
        outputs: Sequence[str] | None = None,
    ) -> dict[str, np.ndarray]:
        given = {name: np.broadcast_to(column, paths.shape) for name, column in (drivers or {}).items()}
        x = {**self.draws(paths), **given}
        noise = (
            np.zeros(paths.size)
            if isinstance(innovations, str) and innovations == "zero"
            else hashed_normal(paths, "e")
        )
        left, right = 2.0 * np.log(x["a"]), -x["b"] + 0.3 * x["c"] + noise
        every = {"y": left + right, "left": left, "right": right, "twice": 2 * (left + right)}
        return {name: every[name] for name in outputs or every}


def linear() -> Linear:
    marginals = {"a": np.exp, "b": normal(), "c": normal(5.0, 1.0)}
    return Linear(lambda x: x["y"], marginals, (Group(DRIVERS, MATRIX),), ("e",))


MEAN = 0.3 * 5.0
SD = float(np.sqrt(SLOPES @ MATRIX @ SLOPES + 1.0))


def linear_run(paths: int = 65_536, target: Mapping[str, object] | None = None) -> tuple[Linear, Run]:
    """The model and a stored run of it; path numbers are its draws."""
    model = linear()
    numbers = np.arange(paths)
    columns = {**model.draws(numbers), **model(numbers)}
    facts = {
        "paths": paths, "seed": 1, "run": "made-up", "drivers": list(DRIVERS),
        "outputs": ["y", "left", "right", "twice"], "labels": {"y": "Total"}, "units": {"a": "x", "y": "US$"},
        "target": target, "columns": [{"name": "y", "cell": "y", "period": ""}],
    }  # fmt: skip
    run = Run(Path(), facts, Held(columns))
    return model, replace(run, summary={"rows": [{"column": "y"}, {"column": "right"}]})


def agrees(value: float, error: float, exact: float) -> None:
    """Within the two-sided 1e-6 quantile of Student's t with 15 degrees of freedom times the estimate's own error."""
    assert error > 0
    assert abs(value - exact) <= BOUND * error, f"{value:.6g} ±{error:.2g}, exactly {exact:.6g}"
