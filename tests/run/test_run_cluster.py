"""Worker processes give the bits of one thread: any number of them, in any order, one killed half-way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from sim.errors import ModelFailure
from sim.run import cluster, record, store, worker
from sim.run.cluster import Spread
from sim.run.place import Place
from sim.run.record import Recorded
from sim.run.result import SAMPLE
from sim.run.simulate import CHUNK, Simulator
from sim.run.tallies import Tallies
from tests.run import odd_workers
from tests.run.conftest import TOY, same_bits

PATHS = 12 * CHUNK + 321  # drivers beyond the sample, tasks of one chunk each, the last one short
WANTED = "value_per_share"
SAMPLED = ("mean_growth", "ev_to_sales", WANTED)
SOBOL = ("run.sampler=sobol",)  # in replicates, from which errors come as well
# Half of the growth rates are so large that revenue overflows: those paths are invalid.
OVERFLOWING = (*SOBOL, "drivers.mean_growth.marginal.mean=88", "drivers.mean_growth.marginal.sd=2")
Build = Callable[..., Simulator]


@pytest.fixture(scope="module")
def engine(simulator: Build) -> Simulator:
    return simulator(TOY, SOBOL)


@pytest.fixture(scope="module")
def two(engine: Simulator) -> Iterator[Spread]:
    """Two workers of one thread; the test that kills one comes last."""
    with cluster.across(engine, Place(workers=2), threads=1) as spread:
        assert spread is not None
        yield spread


def recorded(engine: Simulator, folder: Path, spread: Spread | None, keep: str, **how: Any) -> Recorded:
    with store.create(folder, "toy", "0123456789abcdef") as made:
        asked = {"looks": (PATHS,), "thresholds": ((WANTED, 360.0),), "threads": 1, **how}
        return record.record(engine, made, keep=keep, source=spread, **asked)  # type: ignore[arg-type]


def same_record(one: Recorded, other: Recorded) -> None:
    """Everything that a run records, to the last bit."""
    assert one.columns.names == other.columns.names
    if one.columns.names:
        same_bits(*({name: r.columns.column(name) for name in r.columns.names} for r in (one, other)))
    assert one.paths == other.paths
    for name in SAMPLED:  # at hand whatever is kept
        assert np.array_equal(*(r.columns.head(name, min(SAMPLE, one.paths)) for r in (one, other)))
    assert (one.digests, one.invalid, one.first_invalid) == (other.digests, other.invalid, other.first_invalid)
    assert one.quarterly == other.quarterly
    for name, tally in one.tallies.items():
        for field in fields(tally):
            assert plain(getattr(tally, field.name)) == plain(getattr(other.tallies[name], field.name)), field.name


def plain(value: Any) -> Any:
    """Arrays as their bytes, and nan equal to itself."""
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    return value.tobytes() if isinstance(value, np.ndarray) else repr(value)


@pytest.fixture(scope="module")
def alone(engine: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Recorded]:
    found: dict[str, Recorded] = {}

    def of(keep: str) -> Recorded:
        if keep not in found:
            found[keep] = recorded(engine, tmp_path_factory.mktemp("alone"), None, keep)
        return found[keep]

    return of


@pytest.mark.parametrize("keep", ["none", "outputs", "all"])
def test_two_workers_give_the_bits_of_one_thread(
    engine: Simulator, two: Spread, alone: Callable[[str], Recorded], tmp_path: Path, keep: str
) -> None:
    heard: list[int] = []
    same_record(recorded(engine, tmp_path, two, keep, progress=heard.append), alone(keep))
    assert heard == [*range(CHUNK, PATHS, CHUNK), PATHS]
    kept = {"none": (), "outputs": engine.setup.outputs, "all": (*engine.plan.drivers, *engine.setup.outputs)}
    assert set(alone(keep).columns.names) == set(kept[keep])


@pytest.mark.parametrize("workers", [1, 3])
def test_the_number_of_workers_does_not_matter(
    engine: Simulator, alone: Callable[[str], Recorded], tmp_path: Path, workers: int
) -> None:
    with cluster.across(engine, Place(workers=workers)) as spread:
        assert spread is not None
        assert len(spread.client.nthreads()) == workers
        same_record(recorded(engine, tmp_path, spread, "all"), alone("all"))


@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")  # valid values go up to the largest number
def test_invalid_paths_are_counted_alike(simulator: Build, two: Spread, tmp_path: Path) -> None:
    engine = simulator(TOY, OVERFLOWING)
    here = recorded(engine, tmp_path, None, "all")
    assert 0.2 * PATHS < here.invalid < 0.8 * PATHS
    assert here.first_invalid is not None
    assert None in [row[4] for row in here.quarterly]  # where sums pass the largest number no error can be told
    same_record(recorded(engine, tmp_path, Spread(engine, two.client), "all"), here)


@pytest.mark.parametrize("keep", ["none", "all"])
@pytest.mark.parametrize("ends", [0, 1, 2])
def test_a_run_that_stops_when_it_is_sure_stops_alike(
    engine: Simulator, two: Spread, tmp_path: Path, keep: str, ends: int
) -> None:
    """Looks within a chunk, within a block and at the end; each hears the same tallies, here and there."""
    looks = (1000, 5 * CHUNK + 16, PATHS)
    heard: dict[bool, list[Any]] = {False: [], True: []}
    found = []
    for spread in (None, two):

        def enough(paths: int, tallies: Mapping[str, Any], hears: list[Any] = heard[spread is two]) -> bool:
            hears.append((paths, plain(vars(tallies[WANTED]))))
            return paths == looks[ends]

        found.append(recorded(engine, tmp_path, spread, keep, looks=looks, enough=enough))
    same_record(*found)
    assert found[0].paths == looks[ends]
    assert heard[False] == heard[True]
    assert len(heard[True]) == ends + 1


def test_with_keep_none_only_tallies_travel(engine: Simulator, two: Spread) -> None:
    """A task over four chunks beyond the sample answers with tallies, no matter how many paths it had."""
    placed = Tallies.placed(engine.chunk(0, CHUNK).outputs)
    job = worker.Job(engine.setup, placed, worker.facts(engine))
    wanted = {"driver_paths": 0, "lean": True}
    few = two.client.submit(worker.work, job, CHUNK, 2 * CHUNK, **wanted).result()
    many = two.client.submit(worker.work, job, CHUNK, 5 * CHUNK, **wanted).result()
    assert [chunk.first for chunk in many.chunks] == [CHUNK * k for k in range(1, 5)]
    for done in (few, many):
        assert all(chunk.drivers.size == chunk.outputs.size == chunk.series.size == 0 for chunk in done.chunks)
    assert many.part.tallies.counts.nbytes == few.part.tallies.counts.nbytes
    assert many.part.tallies.counts.sum() == 4 * few.part.tallies.counts.sum() == 4 * CHUNK * len(engine.setup.outputs)


def test_a_worker_takes_arrays_wherever_a_message_put_them(engine: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Buffers of a message begin where the one before ended, and machine code wants whole numbers of items."""

    def moved(array: Any) -> Any:
        there = np.empty(array.nbytes + 1, np.uint8)[1:].view(array.dtype).reshape(array.shape)
        there[...] = array
        return there

    monkeypatch.setattr(worker, "_engines", {})
    setup = replace(engine.setup, arrays={name: moved(array) for name, array in engine.setup.arrays.items()})
    assert not setup.arrays["plan.numbers"].flags.aligned
    expected = engine.chunk(0, CHUNK).outputs
    placed = Tallies.placed(expected)
    for name in ("lows", "inverse_widths", "divisions", "tied", "atoms"):
        setattr(placed, name, moved(getattr(placed, name)))
    done = worker.work(worker.Job(setup, placed, worker.facts(engine)), 0, CHUNK, driver_paths=0, lean=False)
    assert np.array_equal(done.chunks[0].outputs, expected)
    assert done.part.tallies.counts.sum() == CHUNK * len(engine.setup.outputs)


def test_tasks_may_be_ready_in_any_order(
    engine: Simulator,
    two: Spread,
    alone: Callable[[str], Recorded],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker, "work", odd_workers.first_last)
    same_record(recorded(engine, tmp_path, two, "all"), alone("all"))
    ready = [first for _, first in two.client.get_events("ready")]
    assert sorted(ready) == list(range(0, PATHS, CHUNK))
    assert ready != sorted(ready)
    assert ready[0] != 0


@pytest.mark.parametrize("fact", ["python", "sim", "source of sim", "numba", "kernel", "set-up", "math functions"])
def test_a_worker_that_differs_is_refused(
    engine: Simulator, two: Spread, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fact: str
) -> None:
    """Before it has computed a path; told are the worker, the fact and both values."""
    facts = worker.facts(engine)
    assert fact in facts
    monkeypatch.setattr(worker, "facts", lambda simulator: {**facts, fact: "0.0.1"})
    with pytest.raises(ModelFailure) as refused:
        recorded(engine, tmp_path, two, "none")
    message = str(refused.value)
    assert any(address in message for address in two.client.nthreads())
    assert f"{fact} {facts[fact][:12]}" in message
    assert "(here 0.0.1)" in message


def test_workers_of_other_versions_are_refused_when_they_are_met(two: Spread, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker is asked without anything of sim being there: what asks it travels by value."""

    def lacking() -> Callable[[], dict[str, str]]:
        me = os.getpid()

        def found() -> dict[str, str]:
            import os

            return {"python": "3.11.9", "sim": "0.1.0" if os.getpid() == me else "missing"}

        return found

    monkeypatch.setattr(worker, "versions", lacking)
    with pytest.raises(ModelFailure) as refused:
        cluster._same_versions(two.client)
    lines = str(refused.value).splitlines()
    assert len(lines) == 2
    for address, line in zip(sorted(two.client.nthreads()), sorted(lines), strict=True):
        assert line.startswith(f"worker {address} would not give the same bits: sim missing (here 0.1.0); install")


def test_a_process_without_sim_can_be_asked_for_its_versions() -> None:
    """Unpickled where neither sim nor numba can be imported."""
    from distributed.protocol import pickle

    text = pickle.dumps(worker.versions())
    asks = "import pickle, sys; print(pickle.loads(bytes.fromhex(sys.stdin.read()))())"
    done = subprocess.run(
        [sys.executable, "-c", asks], input=text.hex(), capture_output=True, text=True, cwd="/", check=False,
        env={**os.environ, "PYTHONPATH": "", "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    here = worker.versions()()
    assert set(here) == {"python", "numba", "llvmlite", "numpy", "distributed", "sim", "source of sim"}
    assert f"'numba': '{here['numba']}'" in done.stdout


def test_nothing_listens_beyond_loopback(two: Spread) -> None:
    """Scheduler, nannies, workers and their pages, in this process and all below it."""
    tree = [psutil.Process(), *psutil.Process().children(recursive=True)]
    assert set(two.client.run(os.getpid).values()) <= {process.pid for process in tree}
    bound = [
        socket.laddr
        for process in tree
        for socket in process.net_connections("inet")
        if socket.status in (psutil.CONN_LISTEN, psutil.CONN_NONE)  # none: datagrams
    ]
    assert len(bound) >= 5  # a scheduler, two nannies, two workers
    assert {address.ip for address in bound} <= {"127.0.0.1", "::1"}
    assert all(address.startswith("tls://127.0.0.1:") for address in two.client.nthreads())
    assert two.client.scheduler.address.startswith("tls://127.0.0.1:")


def test_a_killed_workers_paths_are_simulated_again(
    engine: Simulator,
    two: Spread,
    alone: Callable[[str], Recorded],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SIGKILL while tasks lie with it; the run goes on with the other, and nobody can tell from the bits."""
    monkeypatch.setattr(worker, "work", odd_workers.slow)
    pids = two.client.run(os.getpid)
    lost: list[Any] = []

    def kill(done: int) -> None:
        if not lost and done < PATHS // 2:
            busy = {address: keys for address, keys in two.client.processing().items() if keys}
            address = max(busy, key=lambda name: len(busy[name]))
            lost.extend(busy[address])
            os.kill(pids[address], signal.SIGKILL)

    same_record(recorded(engine, tmp_path, two, "all", progress=kill), alone("all"))
    assert lost
