"""Same study, same bits: whatever the threads, the block size, the number of paths, or what stands beside a driver."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML

from sim import config
from sim.run.simulate import CHUNK, Simulator
from tests.conftest import CONFIGS, HOME, set_up
from tests.run.conftest import PATHS, TOY, Columns, command, computed, numbers_of, same_bits, simulate, stored

Build = Callable[..., Simulator]
BASE = CONFIGS / "base.yaml"
BASE_PATHS = 3 * CHUNK + 1000  # several chunks, the last one short and not a whole number of blocks

FURTHER_CELL = '''from sim.cells.mark import cell


@cell(at="horizon")
def further_cell(a_further_one):
    """Twice the further driver. [1]"""
    return 2.0 * a_further_one
'''


@pytest.fixture(scope="module")
def base(simulator: Build) -> Columns:
    return computed(simulator(BASE), BASE_PATHS)


@pytest.fixture(scope="module")
def toy(simulator: Build) -> Columns:
    return computed(simulator(TOY), PATHS)


def rewritten(study: Path, folder: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """A copy of a study with ``change`` made to its merged document and every section turned round."""
    yaml = YAML(typ="safe", pure=True)
    yaml.representer.sort_base_mapping_type_on_output = False
    document = yaml.load(config.resolved_text(config.load(study)))
    change(document)
    for section in ("drivers", "innovations", "openings", "windows", "sources", "schedules"):
        if section in document:
            document[section] = dict(reversed(document[section].items()))
    document["dependence"]["correlations"].reverse()
    for pair in document["dependence"]["correlations"]:
        pair["between"].reverse()
    file = folder / study.name
    with file.open("w", encoding="utf-8") as stream:
        yaml.dump(dict(reversed(document.items())), stream)
    return file


def with_a_further_driver(document: dict[str, Any]) -> None:
    marginal = {"kind": "normal", "mean": 1.0, "sd": 0.5}
    document["drivers"]["a_further_one"] = {"marginal": marginal, "unit": "1", "source": "judgement"}
    document["outputs"].append({"cell": "further_cell"})
    document["model"] = "./model"


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_do_not_matter_to_the_engine(simulator: Build, base: Columns, threads: int) -> None:
    same_bits(base, computed(simulator(BASE), BASE_PATHS, threads=threads))


def test_threads_do_not_matter_to_what_is_stored(tmp_path: Path) -> None:
    """`sim run --threads 1, 2, 3`: the same Parquet columns, the same hashes, the same summary to the last digit."""
    one, two, three = (simulate(TOY, tmp_path / str(n), "--paths", PATHS, "--threads", n) for n in (1, 2, 3))
    for other in (two, three):
        same_bits(stored(one), stored(other))
        assert other.manifest["hashes"] == one.manifest["hashes"]
        assert numbers_of(other.summary) == numbers_of(one.summary)
    assert len(stored(one)) == len(one.drivers) + len(one.outputs)


def test_what_is_stored_is_what_the_engine_computes(toy_run: Any, toy: Columns) -> None:
    same_bits(stored(toy_run), toy)


@pytest.mark.parametrize(
    "block", [64, pytest.param(128, marks=pytest.mark.long), pytest.param(256, marks=pytest.mark.long)]
)
def test_block_size_does_not_matter_to_the_toy(simulator: Build, toy: Columns, block: int) -> None:
    same_bits(toy, computed(simulator(TOY, block=block), PATHS))


@pytest.mark.long
@pytest.mark.parametrize("block", [64, 128])
def test_block_size_does_not_matter_to_the_base_case(simulator: Build, base: Columns, block: int) -> None:
    same_bits(base, computed(simulator(BASE, block=block), BASE_PATHS))


def test_a_path_does_not_depend_on_how_many_are_run(tmp_path: Path, toy: Columns) -> None:
    """Path i of a stored run of 1,000 is path i of a run of 20,000; so for an odd number that ends within a block."""
    for paths in (1_000, 777, 1):
        few = stored(simulate(TOY, tmp_path, "--paths", paths))
        assert all(column.size == paths for column in few.values())
        same_bits(few, {name: column[:paths] for name, column in toy.items()})


def test_a_base_path_does_not_depend_on_how_many_are_run(simulator: Build, base: Columns) -> None:
    same_bits(computed(simulator(BASE), 1000), {name: column[:1000] for name, column in base.items()})


def test_chunks_beyond_four_billion_paths_are_their_own(simulator: Build, toy: Columns) -> None:
    """The path's upper word takes part in the stream: path 2^32 + i is not path i, nor 2^33 + i."""
    engine = simulator(TOY)
    for shift in (2**32, 2**33):
        far = engine.chunk(shift, 256)
        assert not np.isin(far.drivers[engine.driver_rows["mean_growth"]], toy["mean_growth"][:256]).any()
        near = engine.chunk(0, 256)
        assert not (far.outputs == near.outputs).any()


def test_value_gives_back_the_paths(simulator: Build, base: Columns) -> None:
    """Any paths in any order, repeated ones too; and with the drivers of the path handed in again."""
    engine = simulator(BASE)
    paths = np.array([5, 4, BASE_PATHS - 1, 0, 12_345, 12_345])
    again = engine.value(paths)
    same_bits(again, {name: base[name][paths] for name in again})
    some = {name: base[name][paths] for name in engine.plan.drivers[:7]}
    same_bits(engine.value(paths, some), {name: base[name][paths] for name in again})
    every = {name: base[name][paths] for name in engine.plan.drivers}
    same_bits(engine.value(paths, every), {name: base[name][paths] for name in again})


def test_a_replaced_driver_changes_what_it_feeds_and_nothing_else(simulator: Build, base: Columns) -> None:
    engine, paths = simulator(BASE), np.arange(500)
    changed = engine.value(paths, {"rmb_per_usd": 8.0})
    assert np.array_equal(changed["ai_cloud_revenue.FY2027"], base["ai_cloud_revenue.FY2027"][:500])
    assert not np.isclose(changed["value_per_ads"], base["value_per_ads"][:500]).any()


def test_order_in_the_file_changes_nothing(base: Columns, tmp_path: Path) -> None:
    """Sections, drivers, correlations and the two names of each pair in reverse order."""
    file = rewritten(BASE, tmp_path, lambda document: None)
    assert list(config.load(file).document["drivers"]) == list(reversed(config.load(BASE).document["drivers"]))
    reordered = set_up(file)
    same_bits(base, computed(Simulator(reordered), BASE_PATHS))
    assert reordered.digest == set_up(BASE).digest


def test_a_further_driver_leaves_the_others_alone(toy: Columns, tmp_path: Path) -> None:
    """An uncorrelated driver with a cell of its own, first in name order so that every row moves."""
    file = rewritten(TOY, tmp_path, with_a_further_driver)
    (tmp_path / "model").mkdir()
    shutil.copy(HOME / "sim" / "models" / "toy.py", tmp_path / "model")
    (tmp_path / "model" / "further.py").write_text(FURTHER_CELL, encoding="utf-8")
    wider = computed(Simulator(set_up(file)), PATHS)
    assert np.array_equal(wider["further_cell"], 2 * wider["a_further_one"])
    same_bits(toy, wider)


@pytest.mark.long
def test_a_further_driver_leaves_the_base_case_alone(base: Columns, tmp_path: Path) -> None:
    file = rewritten(BASE, tmp_path, with_a_further_driver)
    shutil.copytree(HOME / "sim" / "models" / "alibaba", tmp_path / "model")
    (tmp_path / "model" / "further.py").write_text(FURTHER_CELL, encoding="utf-8")
    same_bits(base, computed(Simulator(set_up(file)), BASE_PATHS))


def test_a_seed_of_its_own_gives_paths_of_its_own(simulator: Build, toy: Columns) -> None:
    """Nothing of another seed's paths reappears: no driver that varies shares a value with the first seed's."""
    other = computed(simulator(TOY, ("run.seed=2",)), 1000)
    for name in ("mean_growth", "ev_to_sales", "value_per_share"):
        assert not np.isin(other[name], toy[name]).any()


def test_a_scenario_shares_the_paths(tmp_path: Path, toy: Columns) -> None:
    """Common random numbers: moving one driver's median by a half moves each of its values by that factor."""
    moved = stored(simulate(TOY, tmp_path, "--paths", PATHS, "--set", "drivers.ev_to_sales.marginal.median=7.5"))
    same_bits({"mean_growth": moved["mean_growth"]}, toy)
    assert np.allclose(moved["ev_to_sales"], 1.5 * toy["ev_to_sales"], rtol=1e-14, atol=0)
    assert np.allclose(moved["value_per_share"], 1.5 * toy["value_per_share"], rtol=1e-13, atol=0)


def test_plain_python_gives_the_same_bits(simulator: Build, toy: Columns, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel's own text, run without compiling, and with paths that are no block of their own."""
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    plain = Simulator(set_up(TOY))
    chunk = plain.chunk(100, 200)
    rows = (*chunk.drivers, *chunk.outputs)
    found = dict(zip((*plain.plan.drivers, *plain.setup.outputs), rows, strict=True))
    same_bits(found, {name: column[100:300].copy() for name, column in toy.items()})


@pytest.mark.parametrize(("key", "what"), [("stream_version", "was drawn by"), ("kernel_version", "has the kernel of")])
def test_a_run_of_another_version_is_said_to_be_one(copied: Callable[[], Path], key: str, what: str) -> None:
    run = copied()
    file = run / "run" / "manifest.json"
    manifest = json.loads(file.read_text())
    for change, age in ((-1, "an earlier"), (1, "a later")):
        file.write_text(json.dumps(manifest | {key: manifest[key] + change}))
        assert f"{what} {age} version of sim; repeat the run" in command("verify", run, code=4).stderr.replace("\n", "")
