"""The quarterly rows: a mean of few paths with the error that they really have, however they were drawn."""

from __future__ import annotations

from collections.abc import Callable
from math import exp

import numpy as np
import pytest
from scipy import stats

from sim import pipeline
from sim.run import record, setup
from sim.run.simulate import CHUNK, Simulator
from sim.sampling import plan
from tests.conftest import CONFIGS
from tests.statistical import FALSE_ALARM

TOY = CONFIGS / "toy.yaml"
SEEDS = 24
# Squared error of the means over the seeds, over the mean of the squared errors printed: F with 24 and 24 x 15 degrees
# of freedom if these are right. Fails by chance once in a million; an error printed 5 times too large or too small is
# missed as rarely.
LOW, HIGH = stats.f(SEEDS, SEEDS * 15).ppf([FALSE_ALARM / 2, 1 - FALSE_ALARM / 2])


@pytest.mark.parametrize("sampler", ["sobol", "philox"])
def test_the_error_of_a_mean_is_its_spread_over_seeds(simulator: Callable[..., Simulator], sampler: str) -> None:
    """Under Sobol the error of as many independent paths would be several times too large: the test sees that."""
    simulator(TOY)  # compiled once: seeds and samplers are numbers
    checked = pipeline.check(TOY, [f"run.sampler={sampler}", f"run.paths={CHUNK}"])
    means, errors, independent = [], [], []
    for seed in range(SEEDS):
        study = checked.study.model_copy(update={"run": checked.study.run.model_copy(update={"seed": seed})})
        engine = Simulator(setup.make(study, checked.graph, checked.columns, plan.make(study)))
        series = engine.chunk(0, CHUNK, series=True).series
        rows = record._quarterly(engine, series)
        ((mean, error),) = [row[3:5] for row in rows if row[:2] == ("revenue", "2026Q2")]
        means.append(mean)
        errors.append(error)
        independent.append(series[engine.setup.series.index("revenue"), 3].std() / CHUNK**0.5)
    exact = 100 * exp(4 * 0.03 + (4**2 * 0.01**2 + 4 * 0.04**2) / 2)
    scatter = float(np.mean((np.array(means) - exact) ** 2))
    assert LOW < scatter / float(np.mean(np.square(errors))) < HIGH
    if sampler == "sobol":
        assert scatter / float(np.mean(np.square(independent))) < LOW


def test_where_so_few_paths_tell_no_error_there_is_none() -> None:
    nan = float("nan")
    assert record._error(np.array([1.0]), 1) is None
    assert record._error(np.array([nan, 1.0]), 1) is None
    assert record._error(np.array([nan, 1.0, 3.0]), 1) == pytest.approx(1.0)
    assert record._error(np.array([1.0, nan, 3.0, nan]), 2) is None  # nothing of the second replicate
    assert record._error(np.array([1.0, 2.0, 3.0, 6.0]), 2) == pytest.approx(1.0)  # means 2 and 4


@pytest.mark.parametrize("replicates", [1, 16])
@pytest.mark.parametrize("n", [1, 7, 16, 1000, CHUNK])
def test_columns_at_once_are_summarised_to_the_bits_of_each_alone(n: int, replicates: int) -> None:
    """Percentiles of numpy, and means added up in the same order; columns with gaps among them, or nothing else."""
    rng = np.random.default_rng(n)
    columns = np.exp(rng.normal(size=(9, n)))
    columns[1, n // 2], columns[3], columns[5, ::2] = np.nan, np.inf, -np.inf
    columns[6], columns[7] = 0.1, 1.7e308
    alone = [record._summary(column, replicates) for column in columns]
    assert record._summaries(columns, replicates) == alone
    assert alone[3] == ()
    assert len(alone[0]) == 8
    assert record._summaries(columns[3:4], replicates) == [()]
