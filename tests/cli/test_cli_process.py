"""The command as a process of its own: what it imports, how it ends when interrupted, what a pipe sees."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from sim.pipeline import packing
from sim.run import store
from tests.cli.conftest import TOY, everything_below, json_of, process, sim
from tests.conftest import CONFIGS, HOME, hears_ctrl_c

HEAVY = {"numba", "llvmlite", "pandas", "matplotlib", "scipy", "pyarrow"}
TELLS = """
import sys
from sim.cli import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    assert not end.code, end.code
print("\\nLOADED", *sorted({name.split(".")[0] for name in sys.modules}))
"""


def loaded(*words: object) -> set[str]:
    """Top-level modules that a command has imported when it ends."""
    environment = {**os.environ, "PYTHONPATH": str(HOME)}
    done = subprocess.run(
        [sys.executable, "-c", TELLS, *map(str, words)], capture_output=True, text=True, check=True, env=environment
    )
    return set(done.stdout.rsplit("LOADED ", 1)[1].split())


@pytest.mark.parametrize(
    "words",
    [("--help",), ("run", "--help"), ("check", CONFIGS / "base.yaml"), ("check", TOY), ("schema",), ("ls",)],
    ids=lambda words: " ".join(Path(str(word)).name for word in words),
)
def test_light_commands_import_nothing_heavy(words: tuple[object, ...], tmp_path: Path) -> None:
    found = loaded(*words, *(("--out", tmp_path) if words == ("ls",) else ()))
    assert "click" in found
    assert not found & HEAVY


def test_listing_runs_imports_no_compiler_and_no_figures(toy: dict[str, Any], results: Path) -> None:
    assert not loaded("ls", "--out", results) & {"numba", "llvmlite", "pandas", "matplotlib", "scipy"}


def test_reading_a_run_compiles_nothing(toy: dict[str, Any], results: Path) -> None:
    words = ("prob", "latest", "--output", "value_per_share", "--ge", 360, "--out", results)
    assert not loaded(*words) & {"numba", "llvmlite", "pandas", "matplotlib"}


def test_no_pack_draws_nothing(toy: dict[str, Any], tmp_path: Path) -> None:
    """Nor does a run whose kernel is cached import the compiler."""
    words = ("run", TOY, "--paths", 100, "--no-pack", "--quiet", "--out", tmp_path)
    loaded(*words)
    found = loaded(*words)
    assert "llvmlite" in found
    assert not found & {"numba", "matplotlib", "pandas"}
    versions = [json.loads(file.read_text())["versions"] for file in tmp_path.rglob("manifest.json")]
    assert len(versions) == 2
    assert versions[0] == versions[1]
    assert versions[0]["numba"] == importlib.metadata.version("numba")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("check", TOY), 0),
        (("check", "nowhere.yaml"), 2),
        (("run", TOY, "--paths", "0"), 2),
        (("run", TOY, "--paths", "10", "--out", "/proc/nothing", "--no-pack"), 4),
        (("frobnicate",), 2),
    ],
    ids=lambda value: " ".join(Path(str(w)).name for w in value) if isinstance(value, tuple) else str(value),
)
def test_exit_codes_of_a_process(words: tuple[object, ...], code: int, toy: dict[str, Any]) -> None:
    done = process(*words)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert bool(done.stdout) == (code == 0)


def test_a_process_prints_the_same_as_this_one(toy: dict[str, Any], tmp_path: Path) -> None:
    """From another working folder, in another locale and time zone: the same numbers."""
    done = process(
        "run", TOY, "--paths", 4000, "--json", "--no-pack", cwd=tmp_path, env={"LC_ALL": "C", "TZ": "Asia/Shanghai"}
    )
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    for key in ("outputs", "target", "hash", "top_drivers", "central"):
        assert printed[key] == toy[key]
    assert Path(printed["directory"]).parent == Path("results/toy")
    assert (tmp_path / printed["directory"] / "run" / "manifest.json").exists()


def test_a_bare_terminal_gets_ascii(toy: dict[str, Any], tmp_path: Path) -> None:
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "TERM": "dumb"}
    for words in (("run", TOY, "--paths", 500, "--no-pack", "--out", tmp_path), ("show", CONFIGS / "base.yaml")):
        done = process(*words, env=ascii_only)
        assert done.returncode == 0, done.stderr
        assert done.stdout.isascii()


def test_json_through_an_ascii_pipe_is_whole(toy: dict[str, Any]) -> None:
    done = process(
        "show", CONFIGS / "base.yaml", "--json", env={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == json_of("show", CONFIGS / "base.yaml")


def interrupted(
    out: Path, *words: str, when: str, by: signal.Signals = signal.SIGINT
) -> subprocess.CompletedProcess[str]:
    """`sim run` of so many paths that it cannot end, and Ctrl-C once ``when`` matches a file below ``out``."""
    command = [sys.executable, "-m", "sim", "run", str(TOY), "--paths", "2_000_000_000", "--out", str(out), *words]
    environment = {**os.environ, "PYTHONPATH": str(HOME)}
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, preexec_fn=hears_ctrl_c
    )
    try:
        until = time.monotonic() + 120
        while not list(out.glob(when)):
            assert running.poll() is None, running.communicate()[1]
            assert time.monotonic() < until
            time.sleep(0.05)
        time.sleep(0.3)
        running.send_signal(by)
        output, errors = running.communicate(timeout=60)
    finally:
        running.kill()
        running.wait()
    return subprocess.CompletedProcess(command, running.returncode, output, errors)


@pytest.mark.parametrize(
    ("words", "by"),
    [
        (("--keep", "none"), signal.SIGINT),
        (("--keep", "all", "--json"), signal.SIGINT),
        (("--keep", "all"), signal.SIGTERM),
    ],
)
def test_ctrl_c_ends_with_130_and_leaves_nothing(
    toy: dict[str, Any], tmp_path: Path, words: tuple[str, ...], by: signal.Signals
) -> None:
    """SIGTERM, by which batch systems and `timeout` end a process, too."""
    done = interrupted(tmp_path, *words, when="toy/*/run/setup.npz", by=by)
    assert done.returncode == 130, done.stderr
    assert done.stdout == ""
    assert "interrupted" in done.stderr
    assert "Traceback" not in done.stderr
    assert [path for path in everything_below(tmp_path) if path.is_file()] == []
    assert json_of("ls", "--out", tmp_path) == {"runs": []}


def test_a_killed_process_leaves_a_folder_that_says_so(toy: dict[str, Any], tmp_path: Path) -> None:
    """Nothing can tidy up after SIGKILL: what lies there is listed as unfinished and cannot be asked for."""
    command = [sys.executable, "-m", "sim", "run", str(TOY), "--paths", "2_000_000_000", "--out", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(HOME)}
    running = subprocess.Popen(
        [*command, "--keep", "none"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    )
    until = time.monotonic() + 120
    while not list(tmp_path.glob("toy/*/run/setup.npz")) and time.monotonic() < until:
        time.sleep(0.05)
    running.kill()
    running.wait()
    (row,) = json_of("ls", "--out", tmp_path)["runs"]
    assert row["complete"] is False
    assert row["run"].endswith(store.PARTIAL)
    done = process("prob", "latest", "--output", "value_per_share", "--ge", 1, "--out", tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="pipes that close early are a matter of POSIX")
def test_a_reader_that_goes_away_is_no_bug(toy: dict[str, Any]) -> None:
    """`sim show ... | head -1`."""
    shell = f"{sys.executable} -m sim show {CONFIGS / 'base.yaml'} | head -1 >/dev/null"
    environment = {**os.environ, "PYTHONPATH": str(HOME)}
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False, env=environment)
    assert "Traceback" not in done.stderr
    assert "bug" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
def test_a_full_disk_below_the_output_is_a_failure_to_write() -> None:
    """`sim check ... > report.txt` where nothing more fits."""
    environment = {**os.environ, "PYTHONPATH": str(HOME)}
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "sim", "check", str(TOY)],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False, env=environment,
        )  # fmt: skip
    assert done.returncode == 4
    assert "No space left" in done.stderr
    assert "bug" not in done.stderr


def test_a_cache_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    """Without the file, line and source of the warning, which are ours."""
    (tmp_path / "cache").write_text("a file where a folder should be")
    environment = {**os.environ, "PYTHONPATH": str(HOME), "SIM_CACHE_DIR": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "sim", "run", str(TOY), "--paths", "64", "--no-pack", "--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0
    (line,) = [line for line in done.stderr.splitlines() if line.strip()]
    said, _, advice = line.partition("; compiling anew")
    assert re.fullmatch(r"kernel cache .*cache: cannot be written \(.*\)", said)
    assert advice == " each time: set SIM_CACHE_DIR to another folder"


def test_ctrl_c_while_the_pages_are_made_says_that_the_run_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(packing, "prepare", stop)
    done = sim("run", TOY, "--paths", 64, "--out", tmp_path, code=130)
    (row,) = json_of("ls", "--out", tmp_path)["runs"]
    assert row["complete"]
    assert done.stderr.startswith("interrupted: the run is kept")
    assert f"`sim report {row['directory']}`" in " ".join(done.stderr.split())
