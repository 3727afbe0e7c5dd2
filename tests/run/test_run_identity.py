"""Same study, same bits: whatever the threads, the block size, the number of paths, or what stands beside a driver."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sim.run.simulate import CHUNK, Simulator
from tests.conftest import CONFIGS

Build = Callable[..., Simulator]
PATHS = 3 * CHUNK + 1000  # several chunks, the last one short


def columns(simulator: Simulator, paths: int = PATHS, threads: int = 2) -> dict[str, np.ndarray]:
    chunks = list(simulator.chunks(paths, threads=threads))
    drivers = np.concatenate([c.drivers for c in chunks], axis=1)
    outputs = np.concatenate([c.outputs for c in chunks], axis=1)
    names = (*simulator.plan.drivers, *simulator.setup.outputs)
    return dict(zip(names, np.concatenate([drivers, outputs]), strict=True))


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    for name, column in one.items():
        assert np.array_equal(column.view(np.uint64), other[name].view(np.uint64)), name


@pytest.fixture(scope="module")
def expected(simulator: Build) -> dict[str, np.ndarray]:
    return columns(simulator(CONFIGS / "base.yaml"))


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_do_not_matter(simulator: Build, expected: dict[str, np.ndarray], threads: int) -> None:
    same(expected, columns(simulator(CONFIGS / "base.yaml"), threads=threads))


def test_block_size_does_not_matter(simulator: Build, expected: dict[str, np.ndarray]) -> None:
    same(expected, columns(simulator(CONFIGS / "base.yaml", block=128)))


def test_a_path_does_not_depend_on_how_many_are_run(simulator: Build, expected: dict[str, np.ndarray]) -> None:
    few = columns(simulator(CONFIGS / "base.yaml"), paths=1000)
    same(few, {name: column[:1000] for name, column in expected.items()})


def test_value_gives_back_the_stored_paths(simulator: Build, expected: dict[str, np.ndarray]) -> None:
    engine = simulator(CONFIGS / "base.yaml")
    paths = np.array([5, 4, 40_000, 0, 12_345, 12_345])
    again = engine.value(paths)
    for name, column in again.items():
        assert np.array_equal(column, expected[name][paths], equal_nan=True), name
    some = {name: expected[name][paths] for name in engine.plan.drivers[:7]}
    for name, column in engine.value(paths, some).items():
        assert np.array_equal(column, expected[name][paths], equal_nan=True), name


def test_a_replaced_driver_changes_what_it_feeds(simulator: Build, expected: dict[str, np.ndarray]) -> None:
    engine, paths = simulator(CONFIGS / "base.yaml"), np.arange(500)
    changed = engine.value(paths, {"rmb_per_usd": 8.0})
    assert np.array_equal(changed["ai_cloud_revenue.FY2027"], expected["ai_cloud_revenue.FY2027"][:500])
    assert not np.array_equal(changed["value_per_ads"], expected["value_per_ads"][:500])


def test_another_driver_and_another_order_change_nothing(
    simulator: Build, expected: dict[str, np.ndarray], tmp_path: Path
) -> None:
    """A further uncorrelated driver with a cell of its own, all sections and drivers in reverse order."""
    from ruamel.yaml import YAML

    from sim import config

    yaml = YAML(typ="safe", pure=True)
    document = yaml.load(config.resolved_text(config.load(CONFIGS / "base.yaml")))
    extra = {"kind": "normal", "mean": 1.0, "sd": 0.5}
    document["drivers"]["a_further_one"] = {"marginal": extra, "unit": "1", "source": "judgement", "grade": "D"}
    document["drivers"] = dict(reversed(document["drivers"].items()))
    document["dependence"]["correlations"].reverse()
    document["outputs"] = [*document["outputs"], {"cell": "further_cell"}]
    document["model"] = "./model"
    with (tmp_path / "reordered.yaml").open("w", encoding="utf-8") as stream:
        yaml.dump(dict(reversed(document.items())), stream)
    shutil.copytree(CONFIGS.parent / "sim" / "models" / "alibaba", tmp_path / "model")
    (tmp_path / "model" / "further.py").write_text(
        'from sim.cells.mark import cell\n\n\n@cell(at="horizon")\ndef further_cell(a_further_one):\n'
        '    """Twice the further driver. [1]"""\n    return 2.0 * a_further_one\n',
        encoding="utf-8",
    )
    reordered = columns(
        Simulator(__import__("tests.conftest", fromlist=["set_up"]).set_up(tmp_path / "reordered.yaml"))
    )
    assert "further_cell" in reordered
    same(expected, reordered)
