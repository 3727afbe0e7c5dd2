"""The `sim` command as a user meets it: in this process through click, or as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sim.cli import main
from tests.conftest import CONFIGS, HOME

TOY = CONFIGS / "toy.yaml"


def sim(*words: object, code: int = 0) -> Result:
    """`sim WORDS...` in this process, its exit code checked; whatever happens, nobody sees a traceback."""
    done = CliRunner().invoke(main, [str(word) for word in words], prog_name="sim")
    assert done.exit_code == code, f"exit code {done.exit_code}:\n{done.stderr}{done.stdout}"
    assert "Traceback" not in done.output
    assert "a bug of its own" not in done.output
    return done


def json_of(*words: object, code: int = 0) -> dict[str, Any]:
    """The one JSON object on standard output."""
    done = sim(*words, "--json", code=code)
    found = json.loads(done.stdout, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    assert isinstance(found, dict)
    return found


def process(*words: object, python: tuple[str, ...] = (), **options: Any) -> subprocess.CompletedProcess[str]:
    """`python -m sim WORDS...` in a process of its own, with the session's kernel cache."""
    command = [sys.executable, *python, "-m", "sim", *(str(word) for word in words)]
    environment = {**os.environ, "PYTHONPATH": str(HOME), **options.pop("env", {})}
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=environment, **options)


def everything_below(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*")) if folder.exists() else []


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory, kernel_cache: Path) -> dict[str, Any]:
    """What `sim run configs/toy.yaml --paths 4000 --json` printed; its folder stays for the session."""
    out = tmp_path_factory.mktemp("cli") / "results"
    return json_of("run", TOY, "--paths", 4000, "--out", out, "--no-pack")


@pytest.fixture
def results(toy: dict[str, Any]) -> Path:
    """The results folder that holds the toy's run."""
    return Path(toy["directory"]).parents[1]
