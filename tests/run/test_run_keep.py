"""What is kept of the paths: the same numbers come out whatever it is, and each run can be verified."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.run.columns import MemorySink, ParquetSink
from sim.run.result import SAMPLE, Run
from sim.run.simulate import CHUNK, Chunk
from tests.conftest import HOME
from tests.run.conftest import PATHS, TOY, command, numbers_of, same_bits, simulate, stored


@pytest.fixture(scope="module", params=["none", "outputs"])
def partly(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, toy_run: Run) -> Run:
    return simulate(TOY, tmp_path_factory.mktemp(request.param), "--paths", PATHS, "--keep", request.param)


def test_the_summary_does_not_depend_on_what_is_kept(partly: Run, toy_run: Run) -> None:
    assert numbers_of(partly.summary) == numbers_of(toy_run.summary)
    assert partly.summary["target"]["probability"] > 0
    assert partly.summary["top_drivers"]
    for name in ("summary.csv", "drivers.csv", "quarterly.csv", "kernel.py", "setup.npz", "model.json"):
        assert (partly.directory / "run" / name).read_bytes() == (toy_run.directory / "run" / name).read_bytes()


def test_columns_that_are_kept_are_the_same(partly: Run, toy_run: Run) -> None:
    if partly.manifest["keep"] == "none":
        assert not (partly.directory / "run" / "paths.parquet").exists()
    else:
        assert set(stored(partly)) == set(partly.outputs)
        same_bits(stored(partly), stored(toy_run))
    assert set(stored(toy_run)) == {*toy_run.drivers, *toy_run.outputs}


def test_a_run_verifies_whatever_is_kept(partly: Run) -> None:
    found = json.loads(command("verify", partly.directory, "--json").stdout)
    assert found["agrees"] is True
    assert found["paths"] == PATHS
    assert found["columns"] == {"none": 0, "outputs": len(partly.outputs)}[partly.manifest["keep"]]


def test_another_threshold_needs_the_column(partly: Run, toy_run: Run) -> None:
    """Without it: exit code 4 and what to do. With it: the same answer as from the full run."""
    words = ("--output", "value_per_share", "--ge", "300", "--json")
    full = json.loads(command("prob", toy_run.directory, *words).stdout)
    if partly.manifest["keep"] == "none":
        done = command("prob", partly.directory, *words, code=4)
        assert done.stdout == ""
        assert "--keep all" in done.stderr
    else:
        assert {**json.loads(command("prob", partly.directory, *words).stdout), "run": full["run"]} == full
        assert "--keep all" in command("prob", partly.directory, "--output", "shares", "--ge", "1", code=4).stderr


def test_verify_in_another_process_agrees(toy_run: Run) -> None:
    """A process that has never seen the study, with another number of threads, from another folder."""
    done = subprocess.run(
        [sys.executable, "-m", "sim", "verify", str(toy_run.directory), "--threads", "1"],
        capture_output=True, text=True, timeout=300, check=False, cwd=HOME,
        env={**os.environ, "PYTHONPATH": str(HOME)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "every bit agrees" in done.stdout
    assert "20,000 paths" in done.stdout


def chunks(drivers: int, outputs: int, counts: list[int]) -> Iterator[Chunk]:
    rng, first = np.random.default_rng(5), 0
    for count in counts:
        yield Chunk(first, rng.normal(size=(drivers, count)), rng.normal(size=(outputs, count)), np.empty((0, 0, 0)))
        first += count


@pytest.mark.parametrize(
    "counts", [[1], [CHUNK], [CHUNK, 1], [CHUNK] * (SAMPLE // CHUNK) + [77]], ids=["one", "chunk", "chunk+1", "beyond"]
)
def test_memory_and_parquet_give_equal_columns(tmp_path: Path, counts: list[int]) -> None:
    """Short, exactly one chunk, one more, and longer than the sample that is kept in memory."""
    drivers, outputs = ("a", "b"), ("v", "w", "x")
    facts: dict[str, Any] = {name: {"unit": "1"} for name in drivers + outputs}
    memory = MemorySink(drivers, outputs, ("v", "x"), sum(counts))
    everything = ParquetSink(tmp_path / "all.parquet", drivers, outputs, drivers + outputs, sum(counts), facts)
    only_outputs = ParquetSink(tmp_path / "outputs.parquet", drivers, outputs, outputs, sum(counts), facts)
    for sink in (memory, everything, only_outputs):
        for chunk in chunks(2, 3, counts):
            sink.write(chunk)
    expected = np.concatenate([np.concatenate([c.drivers, c.outputs]) for c in chunks(2, 3, counts)], axis=1)
    by_name = dict(zip(drivers + outputs, expected, strict=True))
    sample = min(SAMPLE, sum(counts))
    for columns, has, near in zip(
        (memory.close(), everything.close(), only_outputs.close()),
        ((), drivers + outputs, outputs),
        (("v", "x"), outputs, outputs),
        strict=True,
    ):
        assert set(columns.names) == set(has)
        for name in has:
            assert np.array_equal(columns.column(name), by_name[name])
        for name in (*drivers, *near):  # what rank correlations need, kept or not
            assert np.array_equal(columns.head(name, sample), by_name[name][:sample])
            assert np.array_equal(columns.head(name, 1), by_name[name][:1])
