"""Is it likely, and by how much does it miss or pass? The target test with what lies on either side of the target."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.analysis import replicates, tails, target
from sim.analysis.estimate import Floats
from sim.analysis.replicates import Estimate
from sim.analysis.target import TargetTest
from sim.errors import ModelFailure
from sim.run.result import Run

ASKED = (0.5, 0.25, 0.1)
FEWEST = 50  # paths on one side of the target from which a mean over them is printed


@dataclass(frozen=True)
class Likelihood:
    """A target test and its sides.

    ``shortfall`` is the mean distance to the threshold of the paths below it, ``gain`` that of the paths at or above
    it; None with fewer than `FEWEST` such paths or, both, without a variance. ``needed`` are thresholds that are
    reached with a probability of 50%, 25% and 10%.
    """

    test: TargetTest
    label: str
    shortfall: Estimate | None
    gain: Estimate | None
    needed: tuple[tuple[float, Estimate], ...]
    tail_index: float | None

    def as_dict(self) -> dict[str, Any]:
        return {
            **self.test.as_dict(),
            "label": self.label,
            "shortfall_below": self.shortfall and self.shortfall.as_dict(),
            "gain_above": self.gain and self.gain.as_dict(),
            "needed_for": {f"{share:g}": found.as_dict() for share, found in self.needed},
            "tail_index": self.tail_index,
        }


def analyse(run: Run, output: str, threshold: float) -> Likelihood:
    """Test one threshold on one column of a run and measure both sides of it.

    ``tail_index`` is given where the tail is so heavy (`sim.analysis.tails`) that means over it mislead. ModelFailure
    if no path of the column is valid.
    """
    test = target.analyse(run, output, threshold)
    column = run.column(output)
    if not test.success.paths:
        raise ModelFailure(f"no path gives a finite {output}: there is nothing to test")
    tail = tails.analyse(column)

    def side(chosen: Callable[[Floats], Floats]) -> Estimate | None:
        paths = np.count_nonzero(np.isfinite(column)) and chosen(column[np.isfinite(column)]).size
        if paths < FEWEST or not tail.has_variance:
            return None
        return replicates.estimate(column, lambda values: replicates.mean(np.abs(chosen(values) - threshold)))

    return Likelihood(
        test,
        run.label(output),
        side(lambda values: values[values < threshold]),
        side(lambda values: values[values >= threshold]),
        tuple((share, replicates.estimate(column, replicates.quantile(1.0 - share))) for share in ASKED),
        None if tail.has_variance else tail.index,
    )
