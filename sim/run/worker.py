"""What a worker does: load the run's kernel once, prove that it is the one meant, simulate chunks and count them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sim.errors import ModelFailure
from sim.run.parts import Part
from sim.run.setup import Setup
from sim.run.simulate import CHUNK, Chunk, Simulator
from sim.run.tallies import Tallies

_KEPT = 4  # kernels of earlier runs that a long-lived worker remembers


@dataclass(frozen=True)
class Job:
    """All that a worker gets of a run: its set-up, empty tallies with the bins placed, and what must be equal."""

    setup: Setup
    placed: Tallies
    expected: Mapping[str, str]


@dataclass(frozen=True)
class Done:
    """A task's chunks in path order, with their outputs if these are wanted, and what was counted of all of them."""

    chunks: Sequence[Chunk]
    part: Part


def work(job: Job, first: int, stop: int, *, driver_paths: int, lean: bool) -> Done:
    """Simulate the paths ``first`` (a multiple of `CHUNK`) to ``stop - 1`` in this process.

    No outputs come back if ``lean``. ModelFailure if this process would not give the same bits.
    """
    engine, part, chunks = _engine(job), Part.none(job.placed.alike()), []
    for start in range(first, stop, CHUNK):
        count, drivers = min(CHUNK, stop - start), start < driver_paths
        chunk = engine.chunk(start, count, drivers=drivers)
        part.count(engine.tally, engine.digest, chunk)
        chunks.append(replace(chunk, outputs=chunk.outputs[:0]) if lean else chunk)
    return Done(chunks, part)


def facts(simulator: Simulator) -> dict[str, str]:
    """What must be equal where paths are to be equal: versions, and the hashes of kernel, set-up and mathematics."""
    setup = simulator.setup
    hashes = {"kernel": setup.kernel_name, "set-up": setup.digest, "math functions": simulator.maths_digest()}
    return {**versions()(), **hashes}


def versions() -> Callable[[], dict[str, str]]:
    """A function that gives the versions where it is called, and nothing but the standard library needs to be there.

    It is made here, so that it travels by value: a worker without `sim` can still say so.
    """

    def found() -> dict[str, str]:
        import hashlib
        import importlib.metadata
        import importlib.util
        import pathlib
        import platform

        answer = {"python": platform.python_version()}
        for name in ("numba", "llvmlite", "numpy", "distributed"):  # not imported: Numba wants its options first
            try:
                answer[name] = importlib.metadata.version(name)
            except importlib.metadata.PackageNotFoundError:
                answer[name] = "missing"
        spec = importlib.util.find_spec("sim")
        if spec is None or spec.origin is None:
            return {**answer, "sim": "missing"}
        import sim

        text, home = hashlib.sha256(), pathlib.Path(spec.origin).parent
        for file in sorted([*home.glob("kernel/*.py"), *home.glob("run/*.py"), *home.glob("sampling/*.py")]):
            text.update(file.read_bytes())
        return {**answer, "sim": getattr(sim, "__version__", "unknown"), "source of sim": text.hexdigest()[:16]}

    return found


def differences(expected: Mapping[str, str], found: Mapping[str, str]) -> str:
    """What differs, in words; empty if nothing does. Compared are the facts that ``found`` has."""
    return ", ".join(
        f"{name} {value if len(value) < 20 else value[:12]} (here {expected[name][:12]})"
        for name, value in found.items()
        if value != expected[name]
    )


_lock = threading.Lock()
_engines: dict[tuple[tuple[str, str], ...], Simulator] = {}


def _engine(job: Job) -> Simulator:
    """The job's simulator, made and compared once in a process."""
    key = tuple(sorted(job.expected.items()))
    with _lock:
        if key not in _engines:
            _compare(job.expected, versions()())  # before compiling, which other versions may not even do
            # What arrives in a message can lie at any address; machine code wants whole numbers of items.
            arrays = {name: np.require(array, requirements="A") for name, array in job.setup.arrays.items()}
            made = Simulator(replace(job.setup, arrays=arrays))
            _compare(job.expected, facts(made))
            while len(_engines) >= _KEPT:
                del _engines[next(iter(_engines))]
            _engines[key] = made
        return _engines[key]


def _compare(expected: Mapping[str, str], found: Mapping[str, str]) -> None:
    differ = differences(expected, found)
    if differ:
        raise ModelFailure(refusal(_name(), differ))


def refusal(worker: str, differ: str) -> str:
    return f"{worker} would not give the same bits: {differ}; install the same there, or leave that worker out"


def _name() -> str:
    import platform

    from distributed import get_worker

    try:
        return f"worker {get_worker().address} on {platform.node()}"
    except ValueError:  # called outside a cluster
        return f"worker on {platform.node()}"
