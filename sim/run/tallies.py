"""Histograms and moments of every output, gathered while paths are simulated and merged without loss."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.run.result import PERCENTILES, REPLICATES, Tally
from sim.run.tally import AT_LARGEST, AT_SMALLEST, BINS, CORE, DIVISIONS, LARGEST, SMALLEST, TAIL

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
CLASSES = len(PERCENTILES) + 1
ENOUGH = 1000  # values of the first chunk that would show whether some repeat
CORE_SHARE = 0.005  # of the first chunk lies beyond either end of the core


@dataclass
class Tallies:
    """Tallies of O outputs. ``place`` them by the first chunk, ``count`` chunks (any order), ``merge`` parts.

    ``moments`` holds (number, mean, sum of squares, sums by replicate) of each chunk, by its first path, until they
    are taken. ``classes`` says of each bin between which of `PERCENTILES` of the first chunk it lies; ``shares`` counts
    values by class and replicate; ``reached`` counts by replicate the values at or above each of ``thresholds``, which
    are pairs of an output's number and a value. ``tied`` numbers the outputs whose values repeat in the first chunk,
    -1 elsewhere; of these alone ``bounds`` knows what each bin's smallest and largest value are. ``extremes`` are those
    of the whole column.
    """

    lows: Floats
    inverse_widths: Floats
    divisions: Ints
    tied: Ints
    thresholds: tuple[tuple[int, float], ...] = ()
    classes: NDArray[np.uint8] = field(init=False)
    counts: Ints = field(init=False)
    bounds: Floats = field(init=False)
    extremes: Floats = field(init=False)
    shares: Ints = field(init=False)
    reached: Ints = field(init=False)
    moments: dict[int, Floats] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.classes = np.zeros((self.lows.size, BINS + 1), np.uint8)
        self.classes[:, BINS] = CLASSES
        self._forget()

    def _forget(self) -> None:
        outputs = self.lows.size
        self.counts = np.zeros((outputs, BINS + 1), np.int64)  # the last collects what is not finite
        self.bounds = np.zeros((int(np.count_nonzero(self.tied >= 0)), BINS + 1, 4))
        self.bounds[:, :, SMALLEST], self.bounds[:, :, LARGEST] = np.inf, -np.inf
        self.extremes = np.tile(np.array([np.inf, -np.inf]), (outputs, 1))
        self.shares = np.zeros((outputs, CLASSES + 1, REPLICATES), np.int64)  # the last collects what is not finite
        self.reached = np.zeros((len(self.thresholds), REPLICATES), np.int64)
        self.moments.clear()

    @staticmethod
    def placed(first: Floats, thresholds: Sequence[tuple[int, float]] = ()) -> Tallies:
        """Empty tallies whose cells span the middle of ``first``: float64[O, n], the outputs of the first chunk."""
        lows, inverse = np.zeros(first.shape[0]), np.ones(first.shape[0])
        divisions = np.tile(np.arange(CORE + 1, dtype=np.int64), (first.shape[0], 1))
        ties = np.zeros(first.shape[0], np.bool_)
        for o, row in enumerate(first):
            valid = np.sort(row[np.isfinite(row)])
            # Too few values to see that none repeat count as ties: that is always right, and only slower.
            ties[o] = valid.size < ENOUGH or bool((valid[1:] == valid[:-1]).any())
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
        return Tallies(lows, inverse, divisions, np.where(ties, np.cumsum(ties) - 1, -1), tuple(thresholds))

    def alike(self) -> Tallies:
        """Empty tallies with the same bins, for another thread."""
        other = Tallies(self.lows, self.inverse_widths, self.divisions, self.tied, self.thresholds)
        other.classes = self.classes
        return other

    def classify(self) -> None:
        """Set the classes by what was counted so far and forget the counts; for the first chunk, counted in advance."""
        reached = np.cumsum(self.counts[:, :BINS], axis=1)
        total = reached[:, -1]
        for p in PERCENTILES:
            # A bin belongs to the class after p once the bins up to the one before it hold p percent.
            self.classes[:, 1:BINS] += reached[:, :-1] >= (total * p / 100)[:, None]
        self._forget()

    def count(self, entry: Callable[..., Any], first_path: int, outputs: Floats) -> None:
        """Count a chunk's outputs float64[O, n] with the compiled `sim.run.tally.tally`."""
        moments, sums = np.empty((self.lows.size, 3)), np.empty((self.lows.size, REPLICATES))
        entry(*self.arguments(first_path, outputs, moments, sums))
        self.moments[first_path] = np.concatenate([moments, sums], axis=1)
        for held, (row, threshold) in zip(self.reached, self.thresholds, strict=True):
            hits = np.flatnonzero((outputs[row] >= threshold) & (outputs[row] < np.inf))
            held += np.bincount(hits & (REPLICATES - 1), minlength=REPLICATES)

    def arguments(self, first_path: int, outputs: Floats, moments: Floats, sums: Floats) -> tuple[Any, ...]:
        """What `sim.run.tally.tally` is called with; moments and sums are written as it says."""
        places = (self.lows, self.inverse_widths, self.divisions, self.classes, self.tied)
        counted = (self.counts, self.bounds, self.extremes)
        return (outputs, first_path, *places, *counted, moments, sums, self.shares)

    def merge(self, other: Tallies) -> None:
        """Add what another part of the run counted; the bits do not depend on the order of the parts."""
        self.counts += other.counts
        self.extremes[:, 0] = np.minimum(self.extremes[:, 0], other.extremes[:, 0])
        self.extremes[:, 1] = np.maximum(self.extremes[:, 1], other.extremes[:, 1])
        for value, held, better in ((SMALLEST, AT_SMALLEST, np.less), (LARGEST, AT_LARGEST, np.greater)):
            mine, theirs = self.bounds[:, :, value], other.bounds[:, :, value]
            at_mine, at_theirs = self.bounds[:, :, held], other.bounds[:, :, held]
            at_mine[mine == theirs] += at_theirs[mine == theirs]
            replaced = better(theirs, mine)
            mine[replaced], at_mine[replaced] = theirs[replaced], at_theirs[replaced]
        self.shares += other.shares
        self.reached += other.reached

    def by_output(self, outputs: Sequence[str], moments: Moments, *, replicated: bool) -> Mapping[str, Tally]:
        """One `Tally` an output, empty bins left out; ``replicated`` gives the errors that the replicates show."""
        number, mean, squares, paths = moments.number, moments.mean, moments.squares, moments.paths
        mean_errors, rank_errors = self._errors(moments) if replicated else (None, None)
        valid = self.shares[:, :CLASSES].sum(axis=1)
        found = {}
        for o, name in enumerate(outputs):
            used = self.counts[o, :BINS] > 0
            bounds = self._bounds(o)[used]
            found[name] = Tally(
                paths=int(number[o]),
                invalid=paths - int(number[o]),
                mean=float(self.lows[o] + mean[o]),
                squares=float(squares[o]),
                counts=self.counts[o, :BINS][used],
                smallest=bounds[:, SMALLEST],
                largest=bounds[:, LARGEST],
                at_smallest=bounds[:, AT_SMALLEST].astype(np.int64),
                at_largest=bounds[:, AT_LARGEST].astype(np.int64),
                mean_error=None if mean_errors is None else float(mean_errors[o]),
                rank_errors=None if rank_errors is None else rank_errors[o],
                valid=valid[o],
                reached={x: n for (row, x), n in zip(self.thresholds, self.reached, strict=True) if row == o},
            )
        return found

    def _bounds(self, o: int) -> Floats:
        """What is known of each bin's smallest and largest value: float64[BINS, 4], in the columns of ``bounds``.

        Without ties these are the edges of the bin, at which no value is known to lie, and the column's own extremes.
        """
        if self.tied[o] >= 0:
            return self.bounds[self.tied[o], :BINS]
        parts = np.diff(self.divisions[o])
        within = np.arange(parts.sum()) - np.repeat(self.divisions[o, :-1], parts)
        core = np.full(CORE + DIVISIONS, float(CORE))  # bins that no cell was given are empty
        core[: within.size] = np.repeat(np.arange(CORE), parts) + within / np.repeat(parts, parts)
        steps = np.arange(TAIL)
        tail = np.ldexp(1.0 + (steps % 8) / 8, steps // 8) - 1.0
        with np.errstate(over="ignore"):
            inner = np.concatenate([-tail[::-1], core[1:], CORE + tail]) / self.inverse_widths[o] + self.lows[o]
        edges = np.concatenate([[-np.inf], inner, [np.inf]])
        used = np.flatnonzero(self.counts[o, :BINS])
        found = np.zeros((BINS, 4))
        found[:, SMALLEST], found[:, LARGEST] = edges[:-1], np.nextafter(edges[1:], -np.inf)
        if used.size:
            found[used[0], [SMALLEST, AT_SMALLEST]] = self.extremes[o, 0], 1.0
            found[used[-1], [LARGEST, AT_LARGEST]] = self.extremes[o, 1], 1.0
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
