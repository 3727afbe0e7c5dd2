"""Histograms and moments of every output, gathered while paths are simulated and merged without loss."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.run.result import PERCENTILES, REPLICATES, Tally
from sim.run.tally import AT_LARGEST, AT_SMALLEST, BINS, CORE, COUNT, DIVISIONS, LARGEST, SMALLEST

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
CLASSES = len(PERCENTILES) + 1
CORE_SHARE = 0.005  # of the first chunk lies beyond either end of the core


@dataclass
class Tallies:
    """Tallies of O outputs. ``place`` them by the first chunk, ``count`` chunks (any order), ``merge`` parts.

    ``moments`` holds (number, mean, sum of squares, sums by replicate) of each chunk, by its first path, until they
    are taken. ``classes`` says of each bin between which of `PERCENTILES` of the first chunk it lies; ``shares`` counts
    values by class and replicate; ``reached`` counts by replicate the values at or above each of ``thresholds``, which
    are pairs of an output's number and a value.
    """

    lows: Floats
    inverse_widths: Floats
    divisions: Ints
    thresholds: tuple[tuple[int, float], ...] = ()
    classes: NDArray[np.uint8] = field(init=False)
    bins: Floats = field(init=False)
    shares: Floats = field(init=False)
    reached: Ints = field(init=False)
    moments: dict[int, Floats] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.bins = np.zeros((self.lows.size, BINS + 1, 5))  # the last collects what is not finite
        self.bins[:, :, SMALLEST] = np.inf
        self.bins[:, :, LARGEST] = -np.inf
        self.shares = np.zeros((self.lows.size, CLASSES + 1, REPLICATES))  # the last collects what is not finite
        self.reached = np.zeros((len(self.thresholds), REPLICATES), np.int64)
        self.classes = np.zeros((self.lows.size, BINS + 1), np.uint8)
        self.classes[:, BINS] = CLASSES

    @staticmethod
    def placed(first: Floats, thresholds: Sequence[tuple[int, float]] = ()) -> Tallies:
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
        return Tallies(lows, inverse, divisions, tuple(thresholds))

    def alike(self) -> Tallies:
        """Empty tallies with the same bins, for another thread."""
        other = Tallies(self.lows, self.inverse_widths, self.divisions, self.thresholds)
        other.classes = self.classes
        return other

    def classify(self) -> None:
        """Set the classes by what was counted so far and forget the counts; for the first chunk, counted in advance."""
        counts = self.bins[:, :BINS, COUNT]
        reached = np.cumsum(counts, axis=1)
        total = reached[:, -1]
        for p in PERCENTILES:
            # A bin belongs to the class after p once the bins up to the one before it hold p percent.
            self.classes[:, 1:BINS] += reached[:, :-1] >= (total * p / 100)[:, None]
        self.bins[:, :, [COUNT, AT_SMALLEST, AT_LARGEST]] = 0.0
        self.bins[:, :, SMALLEST], self.bins[:, :, LARGEST] = np.inf, -np.inf
        self.shares[:] = 0.0
        self.reached[:] = 0
        self.moments.clear()

    def count(self, entry: Callable[..., Any], first_path: int, outputs: Floats) -> None:
        """Count a chunk's outputs float64[O, n] with the compiled `sim.run.tally.tally`."""
        moments, sums = np.empty((self.lows.size, 3)), np.empty((self.lows.size, REPLICATES))
        places = (self.lows, self.inverse_widths, self.divisions, self.classes)
        entry(outputs, first_path, *places, self.bins, moments, sums, self.shares)
        self.moments[first_path] = np.concatenate([moments, sums], axis=1)
        for held, (row, threshold) in zip(self.reached, self.thresholds, strict=True):
            hits = np.flatnonzero((outputs[row] >= threshold) & (outputs[row] < np.inf))
            held += np.bincount(hits & (REPLICATES - 1), minlength=REPLICATES)

    def merge(self, other: Tallies) -> None:
        self.bins[:, :, COUNT] += other.bins[:, :, COUNT]
        for value, held, better in ((SMALLEST, AT_SMALLEST, np.less), (LARGEST, AT_LARGEST, np.greater)):
            mine, theirs = self.bins[:, :, value], other.bins[:, :, value]
            at_mine, at_theirs = self.bins[:, :, held], other.bins[:, :, held]
            at_mine[mine == theirs] += at_theirs[mine == theirs]
            replaced = better(theirs, mine)
            mine[replaced], at_mine[replaced] = theirs[replaced], at_theirs[replaced]
        self.shares += other.shares
        self.reached += other.reached

    def by_output(self, outputs: Sequence[str], moments: Moments, *, replicated: bool) -> Mapping[str, Tally]:
        """One `Tally` an output, empty bins left out; ``replicated`` gives the errors that the replicates show."""
        number, mean, squares, paths = moments.number, moments.mean, moments.squares, moments.paths
        mean_errors, rank_errors = self._errors(moments) if replicated else (None, None)
        valid = self.shares[:, :CLASSES].sum(axis=1).astype(np.int64)
        found = {}
        for o, name in enumerate(outputs):
            used = self.bins[o, :BINS][self.bins[o, :BINS, COUNT] > 0]
            found[name] = Tally(
                paths=int(number[o]),
                invalid=paths - int(number[o]),
                mean=float(self.lows[o] + mean[o]),
                squares=float(squares[o]),
                counts=used[:, COUNT].astype(np.int64),
                smallest=used[:, SMALLEST].copy(),  # a view would keep all of `used`
                largest=used[:, LARGEST].copy(),
                at_smallest=used[:, AT_SMALLEST].astype(np.int64),
                at_largest=used[:, AT_LARGEST].astype(np.int64),
                mean_error=None if mean_errors is None else float(mean_errors[o]),
                rank_errors=None if rank_errors is None else rank_errors[o],
                valid=valid[o],
                reached={x: n for (row, x), n in zip(self.thresholds, self.reached, strict=True) if row == o},
            )
        return found

    def _errors(self, moments: Moments) -> tuple[Floats, Floats]:
        """Standard errors from the replicates: of the means float64[O], and of the ranks float64[O, percentiles]."""
        shares = self.shares[:, :CLASSES]
        counts = shares.sum(axis=1)  # [O, replicates]
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            means = moments.sums / counts
            below = np.cumsum(shares, axis=1)[:, :-1] / counts[:, None, :]
            spread = math.sqrt(REPLICATES)
            return means.std(axis=1, ddof=1) / spread, below.std(axis=2, ddof=1) / spread


@dataclass
class Moments:
    """Number, mean less ``low`` and squares of O outputs, and their sums by replicate, of the paths up to ``paths``.

    Chunks are taken in path order, so that the bits depend on no thread (Chan, Golub and LeVeque 1983).
    """

    number: Floats
    mean: Floats
    squares: Floats
    sums: Floats
    paths: int = 0

    @staticmethod
    def none(outputs: int) -> Moments:
        return Moments(np.zeros(outputs), np.zeros(outputs), np.zeros(outputs), np.zeros((outputs, REPLICATES)))

    def take(self, chunk: Floats, paths: int) -> None:
        """Add the moments of the next chunk, of ``paths`` paths."""
        with np.errstate(over="ignore", invalid="ignore"):  # values near the largest number have no variance: inf, nan
            n, m, s = chunk[:, :3].T
            total = self.number + n
            share = np.divide(n, total, out=np.zeros_like(n), where=total > 0)
            delta = m - self.mean
            self.squares = self.squares + s + delta * delta * self.number * share
            self.mean = self.mean + delta * share
            self.number = total
            self.sums = self.sums + chunk[:, 3:]
        self.paths += paths
