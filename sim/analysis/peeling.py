"""The patient rule induction method: peeling and pasting (Friedman and Fisher 1999, Statistics and Computing 9).

A box is a lower and an upper limit for some drivers. Peeling takes away, again and again, the outermost slice of one
driver that raises the share of successes most for what it costs; pasting puts slices back while the share does not
fall (sections 8 and 9 there). Slices of unequal size, as discrete drivers have, are compared by their gain per path
taken away (Kwakkel and Cunningham 2016, Technological Forecasting and Social Change 111).

Counts per bin are kept and only the paths taken away are counted anew, so that the whole search reads each path once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.analysis.bins import Binned

Ints = NDArray[np.int64]
PEEL = 0.05  # share of the box taken away at a time: Friedman and Fisher advise 0.05 to 0.1, smaller is more patient
PASTE = 0.01  # share put back at a time


@dataclass(frozen=True)
class Box:
    """Bins within the limits: low <= code < high, int64[d] each; ``paths`` inside, ``hits`` of them successes."""

    low: Ints
    high: Ints
    paths: int
    hits: int

    @property
    def density(self) -> float:
        return self.hits / self.paths if self.paths else 0.0

    def restricted(self, table: Binned) -> list[int]:
        """Columns with a limit."""
        return [k for k, cuts in enumerate(table.cuts) if self.low[k] > 0 or self.high[k] <= cuts.size]


def inside(table: Binned, box: Box, *, without: int | None = None) -> NDArray[np.bool_]:
    """Which paths lie in a box, bool[n]; ``without`` one column's limits if named."""
    found = np.ones(table.codes.shape[1], dtype=bool)
    for k in box.restricted(table):
        if k != without:
            found &= (table.codes[k] >= box.low[k]) & (table.codes[k] < box.high[k])
    return found


def peel(table: Binned, success: NDArray[np.bool_], fewest: int, share: float = PEEL) -> list[Box]:
    """The peeling trajectory, from the box of all paths to the last with at least ``fewest`` of them."""
    codes = table.codes
    width = max(cuts.size for cuts in table.cuts) + 1
    low = np.zeros(len(table.cuts), np.int64)
    high = np.array([cuts.size + 1 for cuts in table.cuts], np.int64)
    here = np.arange(codes.shape[1])
    counts = _counted(codes, width)
    hits = _counted(codes[:, success], width)
    boxes = [Box(low.copy(), high.copy(), here.size, int(np.count_nonzero(success)))]
    while True:
        slice_ = _best(counts, hits, low, high, boxes[-1], share, fewest)
        if slice_ is None:
            return boxes
        column, is_low, cut = slice_
        gone = codes[column, here] < cut if is_low else codes[column, here] >= cut
        away, here = here[gone], here[~gone]
        # What is taken away is counted, not what stays: over the whole search each path is read once.
        counts -= _counted(codes[:, away], width)
        hits -= _counted(codes[:, away[success[away]]], width)
        (low if is_low else high)[column] = cut
        boxes.append(Box(low.copy(), high.copy(), here.size, boxes[-1].hits - int(np.count_nonzero(success[away]))))


def _counted(codes: NDArray[np.uint16], width: int) -> Ints:
    """Paths per bin and column, int64[d, width]."""
    columns = codes.shape[0]
    # One column at a time for many paths, all at once for few: what is fastest in each case.
    if codes.shape[1] > 4 * width:
        return np.array([np.bincount(row, minlength=width) for row in codes])
    flat = codes + np.arange(columns, dtype=np.int64)[:, None] * width
    return np.bincount(flat.ravel(), minlength=columns * width).reshape(columns, width)


def _best(
    counts: Ints, hits: Ints, low: Ints, high: Ints, box: Box, share: float, fewest: int
) -> tuple[int, bool, int] | None:
    """The slice with the largest gain per path: (column, whether its low end, new limit); None if there is none."""
    if box.hits in (0, box.paths):
        return None
    columns, width = counts.shape
    every = np.arange(columns)
    most = math.ceil(share * box.paths)
    best: tuple[float, int, bool, int] | None = None
    for is_low in (True, False):
        turned, successes = (counts, hits) if is_low else (counts[:, ::-1], hits[:, ::-1])
        gone, lost = np.cumsum(turned, axis=1), np.cumsum(successes, axis=1)
        # As many bins as make up the slice, but at least the outermost that holds paths (an atom may be larger).
        last = np.maximum((gone <= most).sum(axis=1) - 1, 0)
        last = np.where(gone[every, last] > 0, last, (gone <= 0).sum(axis=1))
        last = np.minimum(last, width - 1)
        away, less = gone[every, last], lost[every, last]
        stays = box.paths - away
        allowed = (away > 0) & (stays >= fewest) & (stays > 0)
        if not allowed.any():
            continue
        density = (box.hits - less) / np.maximum(stays, 1)
        gain = np.where(allowed, (density - box.density) / np.maximum(away, 1), -np.inf)
        column = int(np.argmax(gain))
        cut = int(last[column]) + 1 if is_low else width - 1 - int(last[column])
        if best is None or gain[column] > best[0]:
            best = (float(gain[column]), column, is_low, cut)
    return None if best is None else best[1:]


def paste(table: Binned, success: NDArray[np.bool_], box: Box, share: float = PASTE) -> Box:
    """Put slices back on limited columns while the share of successes does not fall."""
    while True:
        best: tuple[float, Box] | None = None
        for column in box.restricted(table):
            others = inside(table, box, without=column)
            codes = table.codes[column, others]
            counts = np.bincount(codes, minlength=table.cuts[column].size + 1)
            hits = np.bincount(codes[success[others]], minlength=counts.size)
            for low, high in _wider(counts, int(box.low[column]), int(box.high[column]), share * box.paths):
                paths, found = int(counts[low:high].sum()), int(hits[low:high].sum())
                # At a like share of successes the wider box says the same with fewer words.
                if paths > box.paths and found * box.paths >= box.hits * paths:
                    lows, highs = box.low.copy(), box.high.copy()
                    lows[column], highs[column] = low, high
                    gain = (found / paths - box.density, float(paths))
                    if best is None or gain > (best[0], float(best[1].paths)):
                        best = (gain[0], Box(lows, highs, paths, found))
        if best is None:
            return box
        box = best[1]


def trim(table: Binned, success: NDArray[np.bool_], box: Box) -> Box:
    """Draw the limits that there are in as far as no success is lost: free density, which slices of one size miss."""
    low, high = box.low.copy(), box.high.copy()
    kept = inside(table, box)
    for column in box.restricted(table):
        held = np.unique(table.codes[column, kept & success])
        if held.size:
            low[column] = held[0] if low[column] > 0 else 0
            high[column] = held[-1] + 1 if high[column] <= table.cuts[column].size else high[column]
    narrowed = Box(low, high, box.paths, box.hits)
    return Box(low, high, int(np.count_nonzero(inside(table, narrowed))), box.hits)


def _wider(counts: Ints, low: int, high: int, wanted: float) -> list[tuple[int, int]]:
    """The limits that add at least ``wanted`` paths (and at least one bin) on either side."""
    found = []
    if low > 0:
        added = np.cumsum(counts[:low][::-1])
        found.append((low - 1 - min(int(np.searchsorted(added, wanted)), low - 1), high))
    if high < counts.size:
        added = np.cumsum(counts[high:])
        found.append((low, high + 1 + min(int(np.searchsorted(added, wanted)), added.size - 1)))
    return found
