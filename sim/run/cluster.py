"""Simulate on other processes: tasks of whole chunks to dask workers, results back in path order, the same bits.

A worker gets the run's set-up (kernel text and numbers) and nothing of this machine's files; it compiles the kernel
or loads it from a cache of its own. What it counts merges without loss whatever the order, and moments are merged
chunk by chunk in path order here, so that neither the number of workers, nor their order, nor a task that was lost
with its worker and done again shows in any bit.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import tempfile
import uuid
import warnings
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import InputError, ModelFailure, Problem, StorageError
from sim.run import worker
from sim.run.place import Place
from sim.run.record import Taking
from sim.run.simulate import CHUNK, Chunk, Simulator, available_threads

if TYPE_CHECKING:
    from distributed import Client, Future

_JOIN = 60.0  # seconds until a scheduler must answer and a first worker must have joined it, or joined it again
_LOST = "the scheduler or its last worker went away during the run; nothing was kept"
_ATTEMPTS = 3  # at a task whose workers died, each after dask itself gave it to several (`allowed-failures`)
# Most chunks a task: where only tallies come back (123 kB an output, however many the paths), and where all values do,
# of which four chunks are several times as much as the tallies.
_LEAN, _WHOLE = 256, 4


@contextmanager
def across(simulator: Simulator, place: Place, threads: int | None = None) -> Iterator[Spread | None]:
    """The source of chunks at ``place`` for `sim.run.record.record`; None for the threads of this process.

    ``threads`` are those of each local worker (default: the CPUs we may use, shared out). ModelFailure if a worker
    would not give the same bits, StorageError if none can be reached or started.
    """
    if place.here:
        yield None
        return
    with _quiet(), _local(place.workers, threads) if place.workers else _remote(place.address) as client:
        _same_versions(client)
        yield Spread(simulator, client)


@dataclass(frozen=True)
class Spread:
    """Chunks of ``simulator``'s paths computed by the workers of ``client``: a `sim.run.record.Source`."""

    simulator: Simulator
    client: Client

    def __call__(
        self,
        taking: Taking,
        paths: int,
        *,
        first: int,
        driver_paths: int,
        lean: bool,
    ) -> Iterator[Chunk]:
        """The chunks from path ``first`` (a multiple of `CHUNK`) to ``paths - 1``, counted and in path order.

        ModelFailure if a worker would not give the same bits, StorageError if all of them are lost.
        """
        if first >= paths:
            return
        client, setup = self.client, self.simulator.setup
        placed = taking.placed.alike()
        # As the result of a task, not as scattered data, which would be lost for good with the workers that hold it.
        job = client.submit(_given, worker.Job(setup, placed, worker.facts(self.simulator)), pure=False)
        threads = max(1, sum(client.nthreads().values()))
        most = _LEAN if lean else _WHOLE
        size = CHUNK * min(most, max(1, (paths - first) // CHUNK // (4 * threads)))
        wanted = {"driver_paths": driver_paths, "lean": lean}
        run = uuid.uuid4().hex

        def submit(task: _Task) -> _Task:
            if client.status not in ("running", "connecting"):
                raise StorageError(_LOST)
            key = f"sim-{run}-{task.first}-{task.attempt}"
            # The earliest paths first: they are written first.
            order = -(task.first // CHUNK)
            future = client.submit(
                worker.work, job, task.first, task.stop, **wanted, key=key, pure=False, priority=order
            )
            return replace(task, future=future)

        starts = iter(range(first, paths, size))
        waiting: deque[_Task] = deque()
        try:
            while True:
                # Twice as many tasks as threads in flight: none idles, and memory stays bounded.
                while len(waiting) <= 2 * threads and (start := next(starts, None)) is not None:
                    waiting.append(submit(_Task(start, min(start + size, paths))))
                if not waiting:
                    return
                done = _result(client, waiting, submit)
                taking.received(done.part)
                for chunk in done.chunks:
                    yield _widened(chunk, len(setup.outputs)) if lean else chunk
        finally:
            with contextlib.suppress(Exception):  # the scheduler may be gone
                client.cancel([job, *(task.future for task in waiting)])


@dataclass(frozen=True)
class _Task:
    first: int
    stop: int
    attempt: int = 1
    future: Future[Any] | None = None


def _given(job: worker.Job) -> worker.Job:
    return job


def _result(client: Client, waiting: deque[_Task], submit: Any) -> worker.Done:
    """The result of the first task waiting, which leaves the queue; a task lost with its workers is done again."""
    from distributed import CancelledError, KilledWorker

    while True:
        task = waiting[0]
        assert task.future is not None
        try:
            done: worker.Done = task.future.result(timeout=_JOIN)
        except KilledWorker as error:
            if task.attempt == _ATTEMPTS:
                raise StorageError(
                    f"paths {task.first:,} to {task.stop - 1:,} were lost with every worker that took them; look at the"
                    " workers' logs (is there enough memory?)"
                ) from error
            waiting[0] = submit(replace(task, attempt=task.attempt + 1))
        except (CancelledError, OSError) as error:
            if isinstance(error, TimeoutError) and client.status == "running" and client.nthreads():
                continue  # somebody is still at work
            if task.future.status == "error":
                raise StorageError(f"a worker failed on paths {task.first:,} to {task.stop - 1:,} ({error})") from error
            raise StorageError(_LOST) from error
        else:
            waiting.popleft()
            return done


def _widened(chunk: Chunk, outputs: int) -> Chunk:
    """A chunk that came without outputs, with NaN for each, which take no memory of their own."""
    return replace(chunk, outputs=np.broadcast_to(np.nan, (outputs, chunk.outputs.shape[1])))


@contextmanager
def _local(workers: int, threads: int | None) -> Iterator[Client]:
    """Worker processes of our own. Nothing listens beyond loopback, and even there only to this run's certificate: a
    worker runs what it is sent, and others may have accounts on this machine.
    """
    import dask
    from distributed import Client, LocalCluster, Security

    threads = threads or max(1, available_threads() // workers)
    lean = {
        "distributed.scheduler.http.routes": [],
        "distributed.worker.http.routes": [],
        "distributed.worker.profile.enabled": False,
    }
    with contextlib.ExitStack() as stack:
        stack.enter_context(dask.config.set(lean))
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="sim-workers-", ignore_cleanup_errors=True))
        try:
            with _without_interrupts():
                cluster = LocalCluster(
                    n_workers=workers,
                    threads_per_worker=threads,
                    processes=True,
                    host="127.0.0.1",
                    protocol="tls://",
                    security=Security.temporary(),
                    dashboard_address="127.0.0.1:0",
                    worker_dashboard_address=None,
                    memory_limit=0,  # ours is bounded already
                    local_directory=scratch,
                    silence_logs=logging.CRITICAL,
                )
                stack.enter_context(cluster)
            client = stack.enter_context(Client(cluster, set_as_default=False, direct_to_workers=True))
        except (OSError, RuntimeError) as error:
            raise StorageError(f"no worker processes could be started ({error}); run without --workers") from error
        yield client


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Processes started by threads born here never see Ctrl-C, which a terminal sends to all: this one ends them."""
    from multiprocessing import resource_tracker

    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # whose own start would lift the mask again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _remote(address: str) -> Iterator[Client]:
    """A running scheduler; certificates are those of dask's own settings."""
    from distributed import Client, Security

    try:
        security = Security()
        certificates = security.get_connection_args("client")["ssl_context"]
    except (OSError, ValueError) as error:
        raise InputError(Problem("--cluster", f"the certificates cannot be read ({error})", _CERTIFICATES)) from error
    if address.startswith("tls:") and certificates is None:
        raise InputError(Problem("--cluster", "tls needs certificates, and dask's settings name none", _CERTIFICATES))
    try:
        client = Client(address, security=security, set_as_default=False, timeout=_JOIN)
    except (OSError, ValueError, RuntimeError) as error:
        raise StorageError(
            f"the scheduler at {address} cannot be reached ({error}); is it running, and with these certificates?"
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=_JOIN)
        except TimeoutError as error:
            raise StorageError(
                f"the scheduler at {address} has no workers; start one with: dask worker {address}"
            ) from error
        yield client


_CERTIFICATES = (
    "set DASK_DISTRIBUTED__COMM__TLS__CA_FILE, DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT and"
    " DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY to the cluster's files"
)


def _same_versions(client: Client) -> None:
    """ModelFailure naming each worker (or the scheduler) whose versions are not ours."""
    look = worker.versions()
    ours = look()
    try:
        theirs = {f"worker {address}": found for address, found in client.run(look).items()}
        theirs["the scheduler"] = client.run_on_scheduler(look)
    except OSError as error:
        raise StorageError(f"a worker cannot be reached ({error}); start it anew") from error
    refused = [
        worker.refusal(name, differ) for name, found in theirs.items() if (differ := worker.differences(ours, found))
    ]
    if refused:
        raise ModelFailure("\n".join(refused))


@contextmanager
def _quiet() -> Iterator[None]:
    """Without dask's own log and warnings: what matters is said by our errors."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"distributed(\..*)?")
            yield
    finally:
        logging.disable(before)
