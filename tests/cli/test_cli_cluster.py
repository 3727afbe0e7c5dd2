"""`sim run` over other processes: which addresses are taken, what is refused and how, and how it ends on Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from sim.run import place
from sim.run.place import Place
from tests.cli.conftest import TOY, everything_below, json_of, process, sim
from tests.conftest import HOME, hears_ctrl_c


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--cluster", "tcp://10.0.0.1:8786"), "plain tcp to 10.0.0.1 is neither encrypted nor authenticated"),
        (("--cluster", "tcp://node1:8786"), "use tls://, or add --insecure"),
        (("--cluster", "tcp://127.0.0.1.example:8786"), "use tls://, or add --insecure"),
        (("--cluster", "tcp://[2001:db8::1]:8786"), "plain tcp to [2001:db8::1]"),
        (("--cluster", "tcp://0.0.0.0:8786"), "plain tcp to 0.0.0.0"),
        (("--cluster", "node1:8786"), "write tls://host:port"),
        (("--cluster", "tls://node1"), "write tls://host:port"),
        (("--cluster", "tls://node1:99999"), "write tls://host:port"),
        (("--cluster", "tls://me@node1:8786"), "write tls://host:port"),
        (("--cluster", "ucx://node1:8786"), "ucx:// is not known here; write tls://host:port"),
        (("--cluster", ""), "write tls://host:port"),
        (("--cluster", "tls://node1:8786", "--workers", 2), "give one of them"),
        (("--insecure",), "it belongs to --cluster"),
        (("--insecure", "--workers", 2), "it belongs to --cluster"),
        (("--workers", 0), "--workers"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_a_place_that_cannot_be_used_is_refused(words: tuple[Any, ...], told: str, tmp_path: Path) -> None:
    done = sim("run", TOY, "--out", tmp_path, *words, code=2)
    assert told in done.stderr
    assert done.stdout == ""
    assert everything_below(tmp_path) == []


@pytest.mark.parametrize(
    ("address", "insecure"),
    [
        ("tls://node1.example:8786", False),
        ("tls://10.0.0.1:8786", False),
        ("tcp://127.0.0.1:8786", False),
        ("tcp://localhost:8786", False),
        ("tcp://[::1]:8786", False),
        ("tcp://10.0.0.1:8786", True),
        ("tcp://node1:8786", True),
    ],
)
def test_a_place_that_can_be_used(address: str, insecure: bool) -> None:
    assert place.parse(None, address, insecure=insecure) == Place(address=address)


def test_without_the_extra_one_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = place.importlib.util.find_spec
    monkeypatch.setattr(place.importlib.util, "find_spec", lambda name: None if name == "distributed" else found(name))
    done = sim("run", TOY, "--out", tmp_path, "--workers", 2, code=2)
    assert "distributed cannot be found" in done.stderr
    assert "pip install --editable '.[cluster]'" in done.stderr
    assert everything_below(tmp_path) == []
    assert place.parse(None, None) == Place()


def test_tls_without_certificates_says_which_settings_name_them(
    monkeypatch: pytest.MonkeyPatch, toy: dict[str, Any], tmp_path: Path
) -> None:
    done = sim("run", TOY, "--out", tmp_path, "--cluster", "tls://127.0.0.1:1", code=2)
    assert "tls needs certificates" in done.stderr
    assert "DASK_DISTRIBUTED__COMM__TLS__CA_FILE" in done.stderr
    assert [path for path in everything_below(tmp_path) if path.is_file()] == []


def test_a_scheduler_that_does_not_answer(monkeypatch: pytest.MonkeyPatch, toy: dict[str, Any], tmp_path: Path) -> None:
    from sim.run import cluster

    monkeypatch.setattr(cluster, "_JOIN", 1.0)
    done = sim("run", TOY, "--out", tmp_path, "--cluster", "tcp://127.0.0.1:1", code=4)
    assert "the scheduler at tcp://127.0.0.1:1 cannot be reached" in done.stderr
    assert [path for path in everything_below(tmp_path) if path.is_file()] == []


def workers_of(running: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(running.pid).children(recursive=True)


@pytest.fixture
def endless(toy: dict[str, Any], tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """`sim run --workers 2` of more paths than can end, in a process group of its own, two workers at work."""
    command = [sys.executable, "-W", "error", "-m", "sim", "run", str(TOY), "--paths", "2_000_000_000"]
    command += ["--keep", "none", "--workers", "2", "--threads", "1", "--out", str(tmp_path)]
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(HOME)}, preexec_fn=hears_ctrl_c,
    )  # fmt: skip
    try:
        until = time.monotonic() + 120
        # At work: beyond the time that starting takes, which importing Numba twice makes up most of.
        while sum(process.cpu_times().user > 0.5 and process.num_threads() > 3 for process in workers_of(running)) < 2:
            assert running.poll() is None, running.communicate()[1]
            assert time.monotonic() < until
            time.sleep(0.05)
        time.sleep(3)
        yield running
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
            running.communicate()


def gone(processes: list[psutil.Process]) -> bool:
    return not psutil.wait_procs(processes, timeout=20)[1]


def test_a_local_run_listens_on_loopback_alone_and_ctrl_c_ends_all_of_it(
    endless: subprocess.Popen[str], tmp_path: Path
) -> None:
    """Ctrl-C as a terminal sends it: to every process of the group."""
    workers = workers_of(endless)
    bound = [
        socket.laddr.ip
        for process in (psutil.Process(endless.pid), *workers)
        for socket in process.net_connections("inet")
        if socket.status in (psutil.CONN_LISTEN, psutil.CONN_NONE)
    ]
    assert len(bound) >= 5
    assert set(bound) == {"127.0.0.1"}
    os.killpg(endless.pid, signal.SIGINT)
    output, errors = endless.communicate(timeout=60)
    assert endless.returncode == 130, errors
    assert output == ""
    assert "interrupted" in errors
    assert "Traceback" not in errors
    assert gone(workers)
    assert [path for path in everything_below(tmp_path) if path.is_file()] == []
    assert json_of("ls", "--out", tmp_path) == {"runs": []}


@pytest.mark.long
def test_a_local_run_that_is_ended_leaves_neither_workers_nor_their_folder(
    endless: subprocess.Popen[str], scratch: Path
) -> None:
    """SIGTERM to the run alone, as `timeout` and batch systems send it."""
    workers = workers_of(endless)
    before = set(scratch.glob("sim-workers-*"))
    endless.terminate()
    output, errors = endless.communicate(timeout=60)
    assert (endless.returncode, output) == (130, ""), errors
    assert gone(workers)
    assert len(before - set(scratch.glob("sim-workers-*"))) == 1


@pytest.mark.long
def test_workers_do_not_outlive_a_killed_run(endless: subprocess.Popen[str]) -> None:
    workers = workers_of(endless)
    assert len(workers) >= 2
    endless.kill()
    endless.communicate(timeout=60)
    assert gone(workers)


def same_run(found: dict[str, Any], toy: dict[str, Any]) -> None:
    for key in ("outputs", "target", "hash", "top_drivers", "central", "warnings", "invalid_paths"):
        assert found[key] == toy[key]
    hashes = [
        json.loads((Path(each["directory"]) / "run" / "manifest.json").read_text())["hashes"] for each in (found, toy)
    ]
    assert hashes[0] == hashes[1]


def test_the_command_prints_the_same_with_workers(toy: dict[str, Any], tmp_path: Path) -> None:
    same_run(json_of("run", TOY, "--paths", 4000, "--out", tmp_path, "--no-pack", "--workers", 1), toy)


def settings_of(folder: Path) -> dict[str, str]:
    """Dask's settings for a certificate made for this test, in ``folder``."""
    from distributed import Security

    folder.mkdir()
    security = Security.temporary()
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    certificate.write_text(security.tls_client_cert)
    key.write_text(security.tls_client_key)
    settings = {"DASK_DISTRIBUTED__COMM__TLS__CA_FILE": str(certificate)}  # signed by itself
    for role in ("SCHEDULER", "WORKER", "CLIENT"):
        settings[f"DASK_DISTRIBUTED__COMM__TLS__{role}__CERT"] = str(certificate)
        settings[f"DASK_DISTRIBUTED__COMM__TLS__{role}__KEY"] = str(key)
    return settings


@pytest.fixture
def certificates(tmp_path: Path) -> dict[str, str]:
    return settings_of(tmp_path / "certificates")


@pytest.fixture
def scheduler(certificates: dict[str, str], kernel_cache: Path, tmp_path: Path) -> Iterator[str]:
    """The address of a scheduler with one worker, each a process of its own started by dask's commands."""
    environment = {**os.environ, **certificates, "PYTHONPATH": str(HOME)}
    file, scratch = tmp_path / "scheduler.json", tmp_path / "scratch"

    def start(module: str, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.{module}", "--scheduler-file", str(file), "--no-dashboard"]
        return subprocess.Popen([*command, *words], env=environment, cwd=tmp_path, stderr=subprocess.DEVNULL)

    running = [start("dask_scheduler", "--host", "tls://127.0.0.1", "--port", "0")]
    try:
        running.append(start("dask_worker", "--nthreads", "1", "--no-nanny", "--local-directory", str(scratch)))
        until = time.monotonic() + 60
        while not file.exists() or not file.read_text():
            assert time.monotonic() < until
            assert running[0].poll() is None
            time.sleep(0.05)
        yield json.loads(file.read_text())["address"]
    finally:
        for each in reversed(running):
            each.terminate()
            each.wait(timeout=30)


def test_a_running_scheduler_over_tls(
    toy: dict[str, Any], scheduler: str, certificates: dict[str, str], tmp_path: Path
) -> None:
    """Its worker is waited for, and gives the bits of this process; a stranger's certificate does not get in."""
    assert scheduler.startswith("tls://127.0.0.1:")
    words = ("run", TOY, "--paths", 4000, "--no-pack", "--json", "--cluster", scheduler, "--out", tmp_path / "results")
    done = process(*words, env=certificates)
    assert done.returncode == 0, done.stderr
    same_run(json.loads(done.stdout), toy)
    refused = process(*words, env=settings_of(tmp_path / "strangers"))
    assert refused.returncode == 4
    assert f"the scheduler at {scheduler} cannot be reached" in refused.stderr
    assert "certificate" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert len(list((tmp_path / "results" / "toy").iterdir())) == 1
