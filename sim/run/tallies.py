"""Histograms and moments of every output, gathered while paths are simulated and merged without loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.run.result import Tally
from sim.run.tally import AT_LARGEST, AT_SMALLEST, BINS, CORE, COUNT, DIVISIONS, LARGEST, SMALLEST

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
CORE_SHARE = 0.005  # of the first chunk lies beyond either end of the core


@dataclass
class Tallies:
    """Tallies of O outputs. ``place`` them by the first chunk, ``count`` chunks (any order), ``merge`` parts.

    ``moments`` holds (number, mean, sum of squares) of each chunk, by its first path, and is combined in path order.
    """

    lows: Floats
    inverse_widths: Floats
    divisions: Ints
    bins: Floats = field(init=False)
    moments: dict[int, Floats] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.bins = np.zeros((self.lows.size, BINS + 1, 5))  # the last collects what is not finite
        self.bins[:, :, SMALLEST] = np.inf
        self.bins[:, :, LARGEST] = -np.inf

    @staticmethod
    def placed(first: Floats) -> Tallies:
        """Empty tallies whose cells span the middle of ``first``: float64[O, n], the outputs of the first chunk."""
        lows, inverse = np.zeros(first.shape[0]), np.ones(first.shape[0])
        divisions = np.tile(np.arange(CORE + 1, dtype=np.int64), (first.shape[0], 1))
        for o, row in enumerate(first):
            valid = np.sort(row[np.isfinite(row)])
            if valid.size == 0:
                continue
            edge = int(CORE_SHARE * (valid.size - 1))
            low, high = float(valid[edge]), float(valid[valid.size - 1 - edge])
            if high - low <= 1e-12 * max(abs(low), abs(high)):  # an atom: any width serves, bins know their bounds
                high = low + max(abs(low), 1.0)
            lows[o], inverse[o] = low, CORE / (high - low)
            middle = valid[(valid >= low) & (valid < high)]
            cells = np.minimum(((middle - low) * inverse[o]).astype(np.int64), CORE - 1)
            held = np.bincount(cells, minlength=CORE)
            divisions[o, 1:] += np.cumsum(DIVISIONS * held // max(held.sum(), 1))
        return Tallies(lows, inverse, divisions)

    def alike(self) -> Tallies:
        """Empty tallies with the same bins, for another thread."""
        return Tallies(self.lows, self.inverse_widths, self.divisions)

    def count(self, entry: Callable[..., Any], first_path: int, outputs: Floats) -> None:
        """Count a chunk's outputs float64[O, n] with the compiled `sim.run.tally.tally`."""
        moments = np.empty((self.lows.size, 3))
        entry(outputs, self.lows, self.inverse_widths, self.divisions, self.bins, moments)
        self.moments[first_path] = moments

    def merge(self, other: Tallies) -> None:
        self.bins[:, :, COUNT] += other.bins[:, :, COUNT]
        for value, held, better in ((SMALLEST, AT_SMALLEST, np.less), (LARGEST, AT_LARGEST, np.greater)):
            mine, theirs = self.bins[:, :, value], other.bins[:, :, value]
            at_mine, at_theirs = self.bins[:, :, held], other.bins[:, :, held]
            at_mine[mine == theirs] += at_theirs[mine == theirs]
            replaced = better(theirs, mine)
            mine[replaced], at_mine[replaced] = theirs[replaced], at_theirs[replaced]
        self.moments |= other.moments

    def by_output(self, outputs: Sequence[str], paths: int) -> Mapping[str, Tally]:
        """One `Tally` an output, empty bins left out. Moments merge in path order (Chan, Golub and LeVeque 1983)."""
        number, mean, squares = (np.zeros(self.lows.size) for _ in range(3))
        with np.errstate(over="ignore", invalid="ignore"):  # values near the largest number have no variance: inf, nan
            for first in sorted(self.moments):
                n, m, s = self.moments[first].T
                total = number + n
                share = np.divide(n, total, out=np.zeros_like(n), where=total > 0)
                delta = m - mean
                squares = squares + s + delta * delta * number * share
                mean = mean + delta * share
                number = total
        found = {}
        for o, name in enumerate(outputs):
            used = self.bins[o, :BINS][self.bins[o, :BINS, COUNT] > 0]
            found[name] = Tally(
                paths=int(number[o]),
                invalid=paths - int(number[o]),
                mean=float(self.lows[o] + mean[o]),
                squares=float(squares[o]),
                counts=used[:, COUNT].astype(np.int64),
                smallest=used[:, SMALLEST],
                largest=used[:, LARGEST],
                at_smallest=used[:, AT_SMALLEST].astype(np.int64),
                at_largest=used[:, AT_LARGEST].astype(np.int64),
            )
        return found
