"""Repeat a stored run from its own kernel and set-up, and compare bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sim.run.result import Run
from sim.run.simulate import Simulator


@dataclass(frozen=True)
class Verification:
    """``differences`` are (column, first differing path, stored, repeated); empty when every bit agrees.

    ``columns`` counts the stored columns compared value by value. Every output, kept or not, is compared through its
    digest as well: ``digests_differ`` names those that disagree. ``rows_differ`` says that the observations of an
    updated run choose other rows than those stored; ``note`` what else was verified of it, or could not be.
    """

    paths: int
    columns: int
    digests_differ: tuple[str, ...]
    differences: tuple[tuple[str, int, float, float], ...]
    rows_differ: bool = False
    note: str = ""

    @property
    def agrees(self) -> bool:
        return not self.digests_differ and not self.differences and not self.rows_differ


def verify(
    run: Run,
    simulator: Simulator,
    *,
    threads: int | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> Verification:
    """Simulate all paths of ``run`` again and compare them with what is stored."""
    kept = {name: run.columns.column(name) for name in run.columns.names}
    drivers = {name: row for row, name in enumerate(simulator.plan.drivers)}
    outputs = {name: row for row, name in enumerate(simulator.setup.outputs)}
    differences: dict[str, tuple[str, int, float, float]] = {}
    sums = np.zeros(len(outputs), np.uint64)
    for chunk in simulator.chunks(run.paths, threads=threads):
        count = chunk.outputs.shape[1]
        simulator.digest(chunk.outputs, chunk.first, np.empty(count, np.uint64), sums)
        for name, stored in kept.items():
            again = chunk.drivers[drivers[name]] if name in drivers else chunk.outputs[outputs[name]]
            before = stored[chunk.first : chunk.first + count]
            unequal = before.view(np.uint64) != again.view(np.uint64)
            # A NaN stands for an invalid path whatever its sign and payload bits.
            unequal &= ~(np.isnan(before) & np.isnan(again))
            if unequal.any() and name not in differences:
                at = int(np.argmax(unequal))
                differences[name] = (name, chunk.first + at, float(before[at]), float(again[at]))
        progress(chunk.first + count)
    stored_digests = run.manifest["hashes"]["outputs"]
    differ = tuple(name for name, row in outputs.items() if f"{int(sums[row]):016x}" != stored_digests.get(name))
    return Verification(run.paths, len(kept), differ, tuple(differences.values()))
