"""Histograms and moments of every output, gathered while paths are simulated and merged without loss."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.run.result import PERCENTILES, REPLICATES, Tally
from sim.run.tally import ABOVE, ATOMS, BINS, CORE, DIVISIONS, FIRST_SHIFT, LARGEST, SMALLEST, STRETCH, TAIL

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
CLASSES = len(PERCENTILES) + 1
ENOUGH = 1000  # values of the first chunk that would show whether some repeat
CORE_SHARE = 0.005  # of the first chunk lies beyond either end of the core


@dataclass
class Tallies:
    """Tallies of O outputs. ``place`` them by the first chunk, ``count`` chunks (any order), ``merge`` parts.

    ``divisions`` is the first bin of each cell, counted from the first of the core: int64[O, CORE + 1].

    ``moments`` holds (number, mean, sum of squares, sums by replicate) of each chunk, by its first path, until they
    are taken. ``classes`` says of each bin between which of `PERCENTILES` of the first chunk it lies; ``shares`` counts
    values by class and replicate; ``reached`` counts by replicate the values at or above each of ``thresholds``, which
    are pairs of an output's number and a value. ``tied`` numbers the outputs whose values repeat in the first chunk,
    -1 elsewhere; of these alone ``bounds`` knows what each bin's smallest and largest value are, and ``held`` counts
    the values equal to ``atoms``, the two that repeat most there. ``extremes`` are the smallest value below the core
    and the largest above it; without ties the first chunk has values on either side.
    """

    lows: Floats
    inverse_widths: Floats
    divisions: Ints
    tied: Ints
    atoms: Floats
    thresholds: tuple[tuple[int, float], ...] = ()
    cells: NDArray[np.int32] = field(init=False)
    classes: NDArray[np.uint8] = field(init=False)
    counts: Ints = field(init=False)
    bounds: Floats = field(init=False)
    held: Ints = field(init=False)
    extremes: Floats = field(init=False)
    shares: Ints = field(init=False)
    reached: Ints = field(init=False)
    moments: dict[int, Floats] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.cells = np.full((self.lows.size, CORE + 1), BINS << FIRST_SHIFT, np.int32)
        self.cells[:, :CORE] = ((TAIL + self.divisions[:, :-1]) << FIRST_SHIFT) + np.diff(self.divisions, axis=1)
        self.classes = np.zeros((self.lows.size, BINS + 1), np.uint8)
        self.classes[:, BINS] = CLASSES
        self._forget()

    def _forget(self) -> None:
        outputs = self.lows.size
        self.counts = np.zeros((outputs, BINS + 1), np.int64)  # the last collects what is not finite
        self.bounds = np.zeros((len(self.atoms), BINS + 1, 2))
        self.bounds[:, :, SMALLEST], self.bounds[:, :, LARGEST] = np.inf, -np.inf
        self.held = np.zeros((len(self.atoms), int(ATOMS)), np.int64)
        self.extremes = np.tile(np.array([np.inf, -np.inf]), (outputs, 1))
        self.shares = np.zeros((outputs, CLASSES + 1, REPLICATES), np.int64)  # the last collects what is not finite
        self.reached = np.zeros((len(self.thresholds), REPLICATES), np.int64)
        self.moments.clear()

    @staticmethod
    def placed(first: Floats, thresholds: Sequence[tuple[int, float]] = (), *, exact: bool = False) -> Tallies:
        """Empty tallies whose cells span the middle of ``first``: float64[O, n], the outputs of the first chunk.

        ``exact`` knows the bounds of every bin of every output: percentiles of few paths are then exact.
        """
        lows, inverse = np.zeros(first.shape[0]), np.ones(first.shape[0])
        divisions = np.tile(np.arange(CORE + 1), (first.shape[0], 1))
        tied = np.full(first.shape[0], -1)
        atoms: list[Floats] = []
        for o, row in enumerate(first):
            valid = np.sort(row[np.isfinite(row)])
            # Too few values to see that none repeat count as ties: that is always right, and only slower.
            bounded = exact or valid.size < ENOUGH or bool((valid[1:] == valid[:-1]).any())
            if valid.size:
                low, scale, divisions[o, 1:] = _cells(valid)
                lows[o], inverse[o] = low, scale
                ends = [(float(end) - low) * scale for end in (valid[0], valid[-1])]
                # Extremes are looked for beyond the core alone: values so far or near that they miss it need bounds.
                bounded = bounded or not (ends[0] < 0.0 and ends[1] >= CORE)
            if bounded:
                tied[o] = len(atoms)
                atoms.append(_most_repeated(valid))
        return Tallies(lows, inverse, divisions, tied, np.reshape(atoms, (-1, int(ATOMS))), tuple(thresholds))

    def alike(self) -> Tallies:
        """Empty tallies with the same bins, for another thread or where these arrived in a message."""
        other = Tallies(
            np.require(self.lows, requirements="A"),
            np.require(self.inverse_widths, requirements="A"),
            np.require(self.divisions, requirements="A"),
            np.require(self.tied, requirements="A"),
            np.require(self.atoms, requirements="A"),
            self.thresholds,
        )
        other.classes = self.classes
        return other

    def classify(self) -> None:
        """Set the classes by what was counted so far and forget the counts; for the first chunk, counted in advance."""
        for classes, counts in zip(self.classes, self.counts, strict=True):
            reached = np.cumsum(counts[:BINS])
            # A bin belongs to the class after p once the bins up to the one before it hold p percent.
            marks = [reached[-1] * p / 100 for p in PERCENTILES]
            classes[1:BINS] = np.searchsorted(marks, reached[:-1], side="right")
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
        places = (self.lows, self.inverse_widths, self.cells, self.classes, self.tied, self.atoms)
        counted = (self.counts, self.bounds, self.held, self.extremes)
        seen, parts = np.zeros(BINS + 1, np.int32), np.zeros(self.shares.shape[1:], np.int32)
        scratch = (seen, parts, np.empty(REPLICATES), np.empty(STRETCH, np.int32), np.empty(STRETCH))
        return (outputs, first_path, *places, *counted, moments, sums, self.shares, scratch)

    def merge(self, other: Tallies) -> None:
        """Add what another part of the run counted; the bits do not depend on the order of the parts."""
        self.counts += other.counts
        self.held += other.held
        for mine, theirs in ((self.extremes, other.extremes), (self.bounds, other.bounds)):
            mine[..., SMALLEST] = np.minimum(mine[..., SMALLEST], theirs[..., SMALLEST])
            mine[..., LARGEST] = np.maximum(mine[..., LARGEST], theirs[..., LARGEST])
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
            smallest, largest, at_smallest, at_largest = self._bounds(o)
            found[name] = Tally(
                paths=int(number[o]),
                invalid=paths - int(number[o]),
                mean=float(self.lows[o] + mean[o]),
                squares=float(squares[o]),
                counts=self.counts[o, :BINS][used],
                smallest=smallest[used],
                largest=largest[used],
                at_smallest=at_smallest[used],
                at_largest=at_largest[used],
                mean_error=None if mean_errors is None else float(mean_errors[o]),
                rank_errors=None if rank_errors is None else rank_errors[o],
                valid=valid[o],
                reached={x: n for (row, x), n in zip(self.thresholds, self.reached, strict=True) if row == o},
            )
        return found

    def _bounds(self, o: int) -> tuple[Floats, Floats, Ints, Ints]:
        """Smallest and largest value of each bin, and how many are known to equal these: arrays of BINS.

        Without ties the bounds are the edges of the bin, at which no value is known to lie, and the column's own
        extremes.
        """
        counts, row = self.counts[o, :BINS], self.tied[o]
        if row >= 0:
            smallest, largest = self.bounds[row, :BINS, SMALLEST], self.bounds[row, :BINS, LARGEST]
            at_smallest = np.where(smallest == largest, counts, np.minimum(counts, 1))
            at_largest = at_smallest.copy()
            for atom, held in zip(self.atoms[row], self.held[row], strict=True):
                at_smallest[smallest == atom], at_largest[largest == atom] = held, held
            return smallest, largest, at_smallest, at_largest
        edges = self._edges(o)
        smallest, largest = edges[:-1].copy(), np.nextafter(edges[1:], -np.inf)
        at_smallest, at_largest = np.zeros_like(counts), np.zeros_like(counts)
        used = np.flatnonzero(counts)
        if used.size:
            first, last = used[0], used[-1]
            if first < TAIL:
                smallest[first], at_smallest[first] = self.extremes[o, SMALLEST], 1
            if last >= ABOVE:
                largest[last], at_largest[last] = self.extremes[o, LARGEST], 1
        return smallest, largest, at_smallest, at_largest

    def _edges(self, o: int) -> Floats:
        """The edges of an output's bins, float64[BINS + 1], as `sim.run.tally.place` places values."""
        parts = np.diff(self.divisions[o])
        within = np.arange(parts.sum()) - np.repeat(self.divisions[o, :-1], parts)
        core = np.full(CORE + DIVISIONS, float(CORE))  # bins that no cell was given are empty
        core[: within.size] = np.repeat(np.arange(CORE), parts) + within / np.repeat(parts, parts)
        steps = np.arange(TAIL)
        tail = np.ldexp(1.0 + (steps % 8) / 8, steps // 8) - 1.0
        with np.errstate(over="ignore"):
            inner = np.concatenate([-tail[::-1], core[1:], CORE + tail]) / self.inverse_widths[o] + self.lows[o]
        return np.concatenate([[-np.inf], inner, [np.inf]])

    def _errors(self, moments: Moments) -> tuple[Floats, Floats]:
        """Standard errors from the replicates: of the means float64[O], and of the ranks float64[O, percentiles]."""
        shares = self.shares[:, :CLASSES]
        counts = shares.sum(axis=1)  # [O, replicates]
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            means = moments.sums / counts
            below = np.cumsum(shares, axis=1)[:, :-1] / counts[:, None, :]
            spread = math.sqrt(REPLICATES)
            return means.std(axis=1, ddof=1) / spread, below.std(axis=2, ddof=1) / spread


def _cells(ordered: Floats) -> tuple[float, float, Ints]:
    """Where the core begins, the inverse width of its cells, and the bins up to the end of each, for rising values."""
    edge = int(CORE_SHARE * (ordered.size - 1))
    low, high = float(ordered[edge]), float(ordered[ordered.size - 1 - edge])
    if high - low <= 1e-12 * max(abs(low), abs(high)):  # an atom: any width serves, bins know their bounds
        high = low + max(abs(low), 1.0)
    # A cap's many values belong into the last cell: beyond the core they would be slow.
    inverse = (CORE - int(ordered[-1] == high)) / min(high - low, sys.float_info.max)
    middle = ordered[(ordered >= low) & (ordered < high)]
    with np.errstate(over="ignore"):
        cells = np.minimum((middle - low) * inverse, CORE - 1).astype(np.int64)
    held = np.bincount(cells, minlength=CORE)
    return low, inverse, np.arange(1, CORE + 1) + np.cumsum(DIVISIONS * held // max(held.sum(), 1))


def _most_repeated(ordered: Floats) -> Floats:
    """The two values that occur most often among rising ones; NaN where there are fewer."""
    values, counts = np.unique(ordered, return_counts=True)
    most = values[np.argsort(-counts, kind="stable")[: int(ATOMS)]]
    return np.concatenate([most, np.full(int(ATOMS) - most.size, np.nan)])


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
