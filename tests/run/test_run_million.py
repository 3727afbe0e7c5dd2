"""The base case at its full size: what `sim run configs/base.yaml --paths 1000000` stores is the same, bit for bit.

The files beside this one hold the same with fewer paths in the default suite; here every stored column of a million
paths is compared: threads, block sizes, a driver more, another order of the YAML, fewer paths.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from sim.run.result import Run
from sim.run.simulate import Simulator
from tests.conftest import CONFIGS, HOME, set_up
from tests.run.conftest import simulate
from tests.run.test_run_identity import FURTHER_CELL, rewritten, with_a_further_driver

pytestmark = pytest.mark.long

BASE = CONFIGS / "base.yaml"
PATHS = 1_000_000


@pytest.fixture(scope="module")
def million(tmp_path_factory: pytest.TempPathFactory, kernel_cache: Path) -> Run:
    run = simulate(BASE, tmp_path_factory.mktemp("million"), "--paths", PATHS, "--threads", 2)
    assert set(run.columns.names) == {*run.drivers, *run.outputs}
    return run


@pytest.fixture
def out(tmp_path: Path) -> Iterator[Path]:
    """A folder that goes at once: each run of a million paths takes more than a gigabyte."""
    yield tmp_path / "results"
    shutil.rmtree(tmp_path / "results", ignore_errors=True)


def same_columns(million: Run, other: Run) -> None:
    """Every column of ``million`` stands in ``other`` with the same bits, as far as it has paths; one at a time."""
    assert million.columns.names
    for name in million.columns.names:
        expected, found = million.columns.column(name)[: other.paths], other.columns.column(name)
        assert np.array_equal(expected.view(np.uint64), found.view(np.uint64)), name


@pytest.mark.parametrize("threads", [1, 3])
def test_threads(million: Run, out: Path, threads: int) -> None:
    other = simulate(BASE, out, "--paths", PATHS, "--threads", threads)
    same_columns(million, other)
    assert other.manifest["hashes"] == million.manifest["hashes"]


@pytest.mark.parametrize("block", [64, 128])
def test_block_sizes(million: Run, block: int) -> None:
    """By digests of all paths, which any single changed bit changes (tests/run/test_run_tallies.py)."""
    simulator = Simulator(set_up(BASE, block=block))
    rows = (*simulator.plan.drivers, *simulator.setup.outputs)
    sums, stored = np.zeros(len(rows), np.uint64), np.zeros(len(rows), np.uint64)
    weights = np.empty(PATHS, np.uint64)
    for chunk in simulator.chunks(PATHS, threads=2):
        values = np.concatenate([chunk.drivers, chunk.outputs])
        simulator.digest(values, chunk.first, weights, sums)
    for row, name in enumerate(rows):
        simulator.digest(million.columns.column(name)[None, :].copy(), 0, weights, stored[row : row + 1])
    assert dict(zip(rows, sums.tolist(), strict=True)) == dict(zip(rows, stored.tolist(), strict=True))


def test_another_order_of_the_study(million: Run, out: Path, tmp_path: Path) -> None:
    same_columns(million, simulate(rewritten(BASE, tmp_path, lambda document: None), out, "--paths", PATHS))


def test_a_further_driver(million: Run, out: Path, tmp_path: Path) -> None:
    file = rewritten(BASE, tmp_path, with_a_further_driver)
    shutil.copytree(HOME / "sim" / "models" / "alibaba", tmp_path / "model")
    (tmp_path / "model" / "further.py").write_text(FURTHER_CELL, encoding="utf-8")
    wider = simulate(file, out, "--paths", PATHS)
    assert {"a_further_one", "further_cell"} == set(wider.columns.names) - set(million.columns.names)
    same_columns(million, wider)


def test_fewer_paths(million: Run, out: Path) -> None:
    same_columns(million, simulate(BASE, out, "--paths", 1000))
