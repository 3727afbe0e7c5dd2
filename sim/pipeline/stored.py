"""`sim prob`, `ls` and `verify`: what is asked of runs that are stored, and how a stored run is opened."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import InputError, Problem

if TYPE_CHECKING:
    from sim.analysis.target import TargetTest
    from sim.run.result import Inputs, Run, Value
    from sim.run.verify import Verification

RESULTS = Path("results")


@dataclass(frozen=True)
class Opened:
    """A stored run with its pure function and the joint law of its drivers, for analyses that compute anew."""

    run: Run
    value: Value
    inputs: Inputs


def opened(reference: str, out: Path = RESULTS, *, threads: int | None = None) -> Opened:
    """A stored run, repeated from its own kernel and set-up: neither study nor model is read again."""
    from sim.run import inputs, simulate, store

    run = store.open_run(store.find(reference, out))
    simulator = simulate.Simulator(store.open_setup(run))
    return Opened(run, partial(simulator.value, threads=threads), inputs.PlannedInputs(simulator.plan))


def prob(reference: str, output: str, threshold: float, out: Path = RESULTS) -> TargetTest:
    """P(output >= threshold) of a stored run."""
    if not math.isfinite(threshold):
        raise InputError(Problem("--ge", f"{threshold} is no threshold", "write a number"))
    from sim.analysis import target
    from sim.run import store

    return target.analyse(store.open_run(store.find(reference, out)), output, threshold)


def runs(out: Path = RESULTS) -> list[dict[str, Any]]:
    """The runs below ``out``, oldest first, incomplete ones said to be so."""
    from sim.run import store

    return store.listing(out)


def verify(
    reference: str,
    out: Path = RESULTS,
    *,
    threads: int | None = None,
    begin: Callable[[str, int], None] = lambda title, paths: None,
    progress: Callable[[int], None] = lambda done: None,
) -> Verification:
    """Repeat a stored run from its own kernel and set-up."""
    from sim.run import simulate, store
    from sim.run import verify as repeat

    stored = store.open_run(store.find(reference, out))
    begin(f"verify {stored.manifest['run']}", stored.paths)
    simulator = simulate.Simulator(store.open_setup(stored))
    return repeat.verify(stored, simulator, threads=threads, progress=progress)


def verify_json(found: Verification) -> dict[str, Any]:
    """The one object of `sim verify --json`."""
    return {
        "agrees": found.agrees,
        "paths": found.paths,
        "columns": found.columns,
        "digests_differ": list(found.digests_differ),
        "differences": [
            {"column": column, "path": path, "stored": repr(stored), "repeated": repr(again)}
            for column, path, stored, again in found.differences
        ],
    }
