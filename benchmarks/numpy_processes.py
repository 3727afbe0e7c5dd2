"""The same rival over processes: no interpreter lock between them, outputs written into memory that they share."""

from __future__ import annotations

import mmap
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from numpy.typing import NDArray
from numpy_alibaba import Rival

_held: tuple[Rival, NDArray[np.float64]] | None = None


class Workers:
    """Forked workers that hold the rival and the outputs of all paths. Start them before any thread is started."""

    def __init__(self, rival: Rival, paths: int, processes: int):
        shape = (len(rival.columns), paths)
        self.outputs = np.frombuffer(mmap.mmap(-1, 8 * shape[0] * shape[1]), np.float64).reshape(shape)
        self._starts = range(0, paths, rival.chunk)
        context = multiprocessing.get_context("fork")  # what the workers hold is inherited, not sent
        self._pool = ProcessPoolExecutor(processes, context, _hold, (rival, self.outputs))
        self.cpu_seconds = 0.0  # used by the workers so far
        self.simulate(seed=0)

    def simulate(self, seed: int) -> NDArray[np.float64]:
        """Outputs float64[columns, paths], in memory that the next call writes again."""
        self.cpu_seconds += sum(self._pool.map(_simulate, self._starts, [seed] * len(self._starts)))
        return self.outputs


def _hold(rival: Rival, outputs: NDArray[np.float64]) -> None:
    global _held
    _held = rival, outputs


def _simulate(first: int, seed: int) -> float:
    assert _held is not None
    rival, outputs = _held
    began = time.process_time()
    rival.simulate_chunk(first, seed, outputs)
    return time.process_time() - began
