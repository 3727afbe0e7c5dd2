"""Mixtures of two studies: some drivers as in the one, the others as in the other, on the same paths.

What the orders of change from one study to the other are made of; see `sim.analysis.bridge`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from sim.analysis import replicates
from sim.analysis.differences import Player, Side
from sim.analysis.estimate import Floats
from sim.analysis.split import shapley
from sim.run.result import REPLICATES

ALL_ORDERS = 5  # players up to which every order is taken: 32 mixtures
PAIRS = 2  # sampled orders, each with its reverse, of a replicate
ROWS = {"mean": 0, "median": 1, "probability": 2}


class Mixed:
    """Mixtures of two studies on the first n paths: each player stands as in the one or as in the other."""

    def __init__(
        self, a: Side, b: Side, players: Sequence[Player], wanted: Sequence[str], threshold: float | None, paths: int
    ):
        self.sides, self.players, self.wanted, self.threshold = (a, b), players, wanted, threshold
        self.paths = np.arange(paths)
        self.drawn = a.drawn(paths), b.drawn(paths)
        self._ends = [self.valued(np.full((REPLICATES, len(players)), side, bool)) for side in (False, True)]

    def valued(self, moved: NDArray[np.bool_]) -> dict[str, Floats]:
        """Outputs where ``moved``: bool[replicates, players] stand as in the second study."""
        every = np.arange(self.paths.size) % REPLICATES
        given: dict[str, Floats | float] = {}
        kernels = np.zeros(self.paths.size, bool)
        for i, player in enumerate(self.players):
            here = moved[every, i]
            for driver in player.drivers:
                given[driver] = np.where(here, self.drawn[1][driver], self.drawn[0][driver])
            kernels |= here if not player.drivers else False
        if not kernels.any() or kernels.all():
            return self.sides[int(kernels[0])].value(self.paths, given, outputs=self.wanted)
        found = {name: np.empty(self.paths.size) for name in self.wanted}
        for side, chosen in ((0, ~kernels), (1, kernels)):
            some = {name: np.asarray(column)[chosen] for name, column in given.items()}
            for name, column in self.sides[side].value(self.paths[chosen], some, outputs=self.wanted).items():
                found[name][chosen] = column
        return found

    def end(self, side: int, name: str) -> Floats:
        return self._ends[side][name]

    def statistics(self, values: Mapping[str, Floats]) -> Floats:
        """float64[replicates, statistics]: mean, median, probability, then the mean of each part."""
        found = np.empty((REPLICATES, len(ROWS) + len(self.wanted) - 1))
        for r in range(REPLICATES):
            part = values[self.wanted[0]][r::REPLICATES]
            for name, row in ROWS.items():
                found[r, row] = self.statistic(name, part)
            for row, name in enumerate(self.wanted[1:], start=len(ROWS)):
                found[r, row] = self.statistic("mean", values[name][r::REPLICATES])
        return found

    def statistic(self, name: str, column: Floats) -> float:
        valid = column[np.isfinite(column)]
        if name == "mean":
            return replicates.mean(valid)
        if name == "median":
            return replicates.quantile(0.5)(valid)
        return 0.0 if self.threshold is None else replicates.share_at_least(self.threshold)(valid)

    def changes(self, name: str, before: Floats, after: Floats) -> Floats:
        """float64[replicates]: change of a statistic between two whole columns, replicate by replicate."""
        parts = [(before[r::REPLICATES], after[r::REPLICATES]) for r in range(REPLICATES)]
        return np.array([self.statistic(name, new) - self.statistic(name, old) for old, new in parts])

    def gains(self) -> Iterator[Floats]:
        """For each replicate float64[statistics, players]: mean steps over its orders."""
        k = len(self.players)
        yield from self._all_orders() if k <= ALL_ORDERS else self._some_orders()

    def _all_orders(self) -> Iterator[Floats]:
        k = len(self.players)
        names = tuple(str(i) for i in range(k))
        found: dict[tuple[str, ...], Floats] = {}
        for size in range(k + 1):
            for subset in combinations(range(k), size):
                moved = np.zeros((REPLICATES, k), bool)
                moved[:, list(subset)] = True
                values = self._ends[size // k] if size in (0, k) else self.valued(moved)
                found[tuple(str(i) for i in subset)] = self.statistics(values)
        for r in range(REPLICATES):
            yield np.array(
                [
                    shapley(names, {subset: float(values[r, row]) for subset, values in found.items()})
                    for row in range(len(ROWS) + len(self.wanted) - 1)
                ]
            )

    def _some_orders(self) -> Iterator[Floats]:
        k = len(self.players)
        random = np.random.default_rng(k)  # fixed: the same question has the same answer
        first = [np.array([random.permutation(k) for _ in range(REPLICATES)]) for _ in range(PAIRS)]
        orders = [order for one in first for order in (one, one[:, ::-1])]
        total = np.zeros((REPLICATES, len(ROWS) + len(self.wanted) - 1, k))
        every = np.arange(REPLICATES)
        start, end = (self.statistics(values) for values in self._ends)
        for order in orders:
            moved, before = np.zeros((REPLICATES, k), bool), start
            for step in range(k):
                moved[every, order[:, step]] = True
                after = end if step == k - 1 else self.statistics(self.valued(moved))
                total[every, :, order[:, step]] += after - before
                before = after
        yield from total / len(orders)
