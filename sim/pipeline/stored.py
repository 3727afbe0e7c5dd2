"""`sim ls` and `verify`: what is asked of runs that are stored, and how a stored run is opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
    from sim.run import rows, store

    run = store.open_run(store.find(reference, out))
    simulator = rows.simulator_of(run)
    return Opened(run, partial(simulator.value, threads=threads), rows.inputs_of(run, simulator))


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
    from sim.run import rows, store
    from sim.run import verify as repeat

    stored = store.open_run(store.find(reference, out))
    begin(f"verify {stored.manifest['run']}", stored.paths)
    found = repeat.verify(stored, rows.simulator_of(stored), threads=threads, progress=progress)
    if "parent" not in stored.manifest:
        return found
    from sim.pipeline import selection

    chosen, note = selection.verified(stored, threads)
    return replace(found, rows_differ=not chosen, note=note)


def verify_json(found: Verification) -> dict[str, Any]:
    """The one object of `sim verify --json`."""
    return {
        "agrees": found.agrees,
        "paths": found.paths,
        "columns": found.columns,
        "digests_differ": list(found.digests_differ),
        "rows_differ": found.rows_differ,
        "note": found.note,
        "differences": [
            {"column": column, "path": path, "stored": repr(stored), "repeated": repr(again)}
            for column, path, stored, again in found.differences
        ],
    }
