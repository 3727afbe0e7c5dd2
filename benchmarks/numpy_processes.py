"""The same rivals over processes: no interpreter lock between them, outputs written into memory that they share."""

from __future__ import annotations

import mmap
import multiprocessing
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from numpy.typing import NDArray
from numpy_alibaba import Rival

_held: tuple[Sequence[Rival], NDArray[np.float64]] | None = None


class Workers:
    """Forked workers that hold the rivals and the outputs of all paths. Start them before any thread is started."""

    def __init__(self, rivals: Sequence[Rival], paths: int, processes: int):
        shape = (len(rivals[0].columns), paths)
        self.rivals = rivals
        self.outputs = np.frombuffer(mmap.mmap(-1, 8 * shape[0] * shape[1]), np.float64).reshape(shape)
        context = multiprocessing.get_context("fork")  # what the workers hold is inherited, not sent
        self._pool = ProcessPoolExecutor(processes, context, _hold, (rivals, self.outputs))
        self.cpu_seconds = 0.0  # used by the workers so far
        self.simulate(0, seed=0)

    def simulate(self, which: int, seed: int) -> NDArray[np.float64]:
        """Outputs float64[columns, paths] of that rival, in memory that the next call writes again."""
        starts = range(0, self.outputs.shape[1], self.rivals[which].chunk)
        self.cpu_seconds += sum(self._pool.map(_simulate, [which] * len(starts), starts, [seed] * len(starts)))
        return self.outputs


def _hold(rivals: Sequence[Rival], outputs: NDArray[np.float64]) -> None:
    global _held
    _held = rivals, outputs


def _simulate(which: int, first: int, seed: int) -> float:
    assert _held is not None
    rivals, outputs = _held
    began = time.process_time()
    rivals[which].simulate_chunk(first, seed, outputs)
    return time.process_time() - began
