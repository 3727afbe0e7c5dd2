"""Shared by all tests: a kernel cache of its own for the session, and shorthands for running studies."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from sim import pipeline
from sim.run.setup import Setup, make
from sim.run.simulate import Simulator

HOME = Path(__file__).parent.parent
CONFIGS = HOME / "configs"


@pytest.fixture(scope="session", autouse=True)
def kernel_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Kernels compiled by this session only: one folder for all workers, never the user's cache."""
    root = tmp_path_factory.getbasetemp()
    shared = (root.parent if os.environ.get("PYTEST_XDIST_WORKER") else root) / "kernels"
    os.environ["SIM_CACHE_DIR"] = str(shared)
    os.environ["SIM_COMPILE_PROCESSES"] = "1"  # the tests themselves are what runs side by side
    return shared


@pytest.fixture(scope="session", autouse=True)
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What is put into the system's temp folder, also by children that a test kills, goes with the session's own."""
    folder = tmp_path_factory.mktemp("scratch")
    before = os.environ.get("TMPDIR"), tempfile.tempdir
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    yield folder
    tempfile.tempdir = before[1]
    if before[0] is None:
        del os.environ["TMPDIR"]
    else:
        os.environ["TMPDIR"] = before[0]


def hears_ctrl_c() -> None:
    """For a child that is to be interrupted: where the tests run in the background, SIGINT is ignored and inherited."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def set_up(path: Path, sets: Sequence[str] = (), **how: object) -> Setup:
    """The set-up of a study file, as `sim run` makes it."""
    from sim.sampling import plan

    checked = pipeline.check(path, sets)
    return make(checked.study, checked.graph, checked.columns, plan.make(checked.study), **how)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def simulator(kernel_cache: Path) -> Callable[..., Simulator]:
    """``simulator(path, sets, block=..., every_cell=...)``; compiled once a session."""
    made: dict[tuple[object, ...], Simulator] = {}

    def build(path: Path, sets: Sequence[str] = (), **how: object) -> Simulator:
        key = (path, tuple(sets), *sorted(how.items()))
        if key not in made:
            made[key] = Simulator(set_up(path, sets, **how))
        return made[key]

    return build


@pytest.fixture
def study(tmp_path: Path) -> Callable[..., Path]:
    """``study(yaml_text, model_text)`` writes a study and its model file, and gives the study's path."""

    def write(text: str, model: str = "", name: str = "study.yaml") -> Path:
        if model:
            (tmp_path / "model.py").write_text(model, encoding="utf-8")
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write
