"""The sampling kernel, compiled once a session, and small studies to draw from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import TypeAdapter

from sim import elementary, kernel
from sim.config.drivers import Marginal
from sim.config.schema import Dependence
from sim.sampling import draw, normal, philox, plan, points, quantile

Drawn = dict[str, NDArray[np.float64]]

TEXT = """
@compiled
def each_philox(counters, keys, words):
    for i in range(np.uint64(counters.shape[0])):
        c, k = counters[i], keys[i]
        words[i, 0], words[i, 1], words[i, 2], words[i, 3] = philox(c[0], c[1], c[2], c[3], k[0], k[1])


@compiled
def each_uniform(bits, values):
    for i in range(np.uint64(bits.size)):
        values[i] = uniform(bits[i])


@compiled
def each_inverse_normal(u, row, place, apart, z):
    size = np.uint64(u.size)
    for first in range(np.uint64(0), size, BLOCK):
        for i in range(BLOCK):
            row[i] = u[min(first + i, size - np.uint64(1))]
        to_normals(np.uint64(0), place, apart, row)
        for i in range(min(BLOCK, size - first)):
            z[first + i] = row[i]


@compiled
def each_box_muller(u, v, x, y):
    for i in range(np.uint64(u.size)):
        x[i], y[i] = box_muller(u[i], v[i])
"""
BLOCK_TEXT = f"BLOCK = np.uint64({kernel.BLOCK})\n\n\n"


def kernel_text(extra: str = TEXT) -> str:
    return kernel.join([BLOCK_TEXT, elementary, philox, points, normal, quantile, draw, extra])


@pytest.fixture(scope="session")
def sampling(kernel_cache: Path) -> kernel.Kernel:
    return kernel.load(kernel_text())


def study(
    drivers: dict[str, dict[str, Any]],
    pairs: Sequence[tuple[str, str, dict[str, float]]] = (),
    innovations: Sequence[str] = (),
    seed: int = 179,
    sampler: str = "philox",
    paths: int = 0,
    periods: int = 1,
    df: float | None = None,
) -> Any:
    """What `plan.make` reads of a study; with ``df`` under a t copula."""
    of: TypeAdapter[Any] = TypeAdapter(Marginal)
    correlations = [{"between": [a, b], "source": "judgement", **measure} for a, b, measure in pairs]
    return SimpleNamespace(
        drivers={
            name: SimpleNamespace(marginal=of.validate_python(given), dimension=None) for name, given in drivers.items()
        },
        innovations={name: SimpleNamespace(note=None, dimension=None) for name in innovations},
        dependence=Dependence.model_validate(
            {"correlations": correlations, **({"copula": "t", "degrees_of_freedom": df} if df else {})}
        ),
        run=SimpleNamespace(paths=paths, seed=seed, sampler=sampler),
        calendar=SimpleNamespace(periods=periods),
    )


@pytest.fixture(scope="session")
def draw_study(sampling: kernel.Kernel) -> Callable[..., Drawn]:
    """``draw_study(study, paths)``: the drivers of these paths (int, or any indices) by name."""

    def drawn(made: Any, paths: int | NDArray[np.uint64]) -> Drawn:
        planned = plan.make(made)
        wanted = np.arange(paths, dtype=np.uint64) if isinstance(paths, int) else paths
        blocks = -(-wanted.size // kernel.BLOCK)
        padded = np.resize(wanted, blocks * kernel.BLOCK)
        buffer = np.empty(len(planned.drivers) * kernel.BLOCK)
        columns = np.empty((len(planned.drivers), padded.size))
        for start in range(0, padded.size, kernel.BLOCK):
            block = slice(start, start + kernel.BLOCK)
            sampling.draw_drivers(
                padded[block].copy(), *planned.driver_arguments, *planned.scratch(kernel.BLOCK), buffer
            )
            columns[:, block] = buffer.reshape(-1, kernel.BLOCK)
        return {name: columns[row, : wanted.size] for row, name in enumerate(planned.drivers)}

    return drawn


@pytest.fixture(scope="session")
def draw_shocks(sampling: kernel.Kernel) -> Callable[..., Drawn]:
    """``draw_shocks(study, paths, periods)``: float64[periods, paths] by innovation."""

    def drawn(made: Any, paths: int | NDArray[np.uint64], periods: int) -> Drawn:
        planned = plan.make(made)
        wanted = np.arange(paths, dtype=np.uint64) if isinstance(paths, int) else paths
        blocks = -(-wanted.size // kernel.BLOCK)
        padded = np.resize(wanted, blocks * kernel.BLOCK)
        first_row = 3  # rows before it belong to others and must stay untouched
        buffer = np.full((first_row + len(planned.innovations) * periods + 1) * kernel.BLOCK, 99.0)
        columns = np.empty((len(planned.innovations) * periods, padded.size))
        for start in range(0, padded.size, kernel.BLOCK):
            block = slice(start, start + kernel.BLOCK)
            own = padded[block].copy()
            for k in range(len(planned.innovations)):
                row = first_row + k * periods
                noising = *planned.innovation_arguments, *planned.scratch(kernel.BLOCK)
                sampling.draw_innovation(own, k, *noising, periods, buffer, row)
            rows = buffer.reshape(-1, kernel.BLOCK)
            assert (rows[:first_row] == 99.0).all()
            assert (rows[-1] == 99.0).all()
            columns[:, block] = rows[first_row:-1]
        shaped = columns.reshape(-1, periods, padded.size)[:, :, : wanted.size]
        return dict(zip(planned.innovations, shaped, strict=True))

    return drawn
