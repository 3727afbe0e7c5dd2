"""Shorthands of this room's tests: the command line in this process, and columns to be compared bit for bit."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from sim.cli import main
from sim.run.result import Run
from sim.run.simulate import Simulator
from sim.run.store import open_run
from tests.conftest import CONFIGS

Columns = Mapping[str, np.ndarray]
TOY = CONFIGS / "toy.yaml"
PATHS = 20_000  # more than two chunks, the last one short


def command(*words: object, code: int = 0) -> Result:
    """`sim WORDS...` in this process; the exit code is checked, and that nobody saw a traceback."""
    done = CliRunner().invoke(main, [str(word) for word in words])
    assert done.exit_code == code, f"{done.stderr}{done.stdout}"
    assert "Traceback" not in done.output
    return done


def simulate(study: Path, out: Path, *options: object) -> Run:
    """`sim run STUDY --no-pack` into ``out``, and the run opened from its folder."""
    done = command("run", study, "--out", out, "--no-pack", "--json", *options)
    return open_run(Path(json.loads(done.stdout)["directory"]))


def stored(run: Run) -> Columns:
    """Every column that a run kept."""
    return {name: run.columns.column(name) for name in run.columns.names}


def computed(simulator: Simulator, paths: int, threads: int = 2) -> Columns:
    """Every driver and output of the first paths, straight from the engine."""
    chunks = list(simulator.chunks(paths, threads=threads))
    names = (*simulator.plan.drivers, *simulator.setup.outputs)
    arrays = [np.concatenate([getattr(c, kind) for c in chunks], axis=1) for kind in ("drivers", "outputs")]
    return dict(zip(names, np.concatenate(arrays), strict=True))


def same_bits(one: Columns, other: Columns) -> None:
    """Every column of ``one`` is in ``other`` with the same bits."""
    assert one
    for name, column in one.items():
        assert np.array_equal(column.view(np.uint64), other[name].view(np.uint64)), name


def numbers_of(summary: Mapping[str, Any]) -> dict[str, Any]:
    """A summary without what differs between two runs of the same: name and clock."""
    return {key: value for key, value in summary.items() if key not in {"run", "seconds"}}


@pytest.fixture(scope="session")
def toy_run(tmp_path_factory: pytest.TempPathFactory, kernel_cache: Path) -> Run:
    """A stored run of the toy with all its columns; not to be changed (see `copied`)."""
    return simulate(TOY, tmp_path_factory.mktemp("toy") / "results", "--paths", PATHS)


@pytest.fixture
def copied(toy_run: Run, tmp_path: Path) -> Callable[[], Path]:
    """A copy of the toy's run, free to be spoilt; gives its folder, whose results folder is two levels up."""
    import shutil

    def copy() -> Path:
        target = tmp_path / "results" / "toy" / toy_run.directory.name
        shutil.copytree(toy_run.directory, target)
        return target

    return copy
