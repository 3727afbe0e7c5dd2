"""What one thread or worker counts of its chunks, to be merged into the whole run without loss, in any order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.run.simulate import Chunk
from sim.run.tallies import Tallies


@dataclass
class Part:
    """``tallies`` of the chunks counted, ``sums`` uint64[O] the digests of `sim.run.tally.digest`, and by first path
    of a chunk with paths that are not finite in some output: how many, and the first.
    """

    tallies: Tallies
    sums: NDArray[np.uint64]
    invalid: dict[int, tuple[int, int]] = field(default_factory=dict)

    @staticmethod
    def none(placed: Tallies) -> Part:
        """Nothing counted yet, in the bins of ``placed``."""
        return Part(placed, np.zeros(placed.lows.size, np.uint64))

    def count(self, tally: Callable[..., Any], digest: Callable[..., Any], chunk: Chunk) -> None:
        """Count a chunk with the two entries of its kernel."""
        self.tallies.count(tally, chunk.first, chunk.outputs)
        digest(chunk.outputs, chunk.first, np.empty(chunk.outputs.shape[1], np.uint64), self.sums)
        if (self.tallies.moments[chunk.first][:, 0] < chunk.outputs.shape[1]).any():
            bad = ~np.isfinite(chunk.outputs).all(axis=0)
            self.invalid[chunk.first] = (int(np.count_nonzero(bad)), chunk.first + int(np.argmax(bad)))

    def merge(self, other: Part) -> None:
        """Add what another part counted of other chunks."""
        self.tallies.merge(other.tallies)
        self.tallies.moments |= other.tallies.moments
        self.sums += other.sums
        self.invalid |= other.invalid
