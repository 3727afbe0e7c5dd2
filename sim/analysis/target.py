"""Is the target likely? P(output >= K) with its interval, and which percentile a value is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.analysis.estimate import Probability, at_least, probability
from sim.run.result import Run


@dataclass(frozen=True)
class TargetTest:
    """P(``output`` >= ``threshold``) among the valid paths of a run, and the share below it as a percentile."""

    output: str
    unit: str
    threshold: float
    success: Probability
    percentile: Probability

    def as_dict(self) -> dict[str, Any]:
        return {
            "output": self.output,
            "unit": self.unit,
            "at_least": self.threshold,
            **self.success.as_dict(),
            "percentile": self.percentile.as_dict(),
        }


def analyse(run: Run, output: str, threshold: float) -> TargetTest:
    """Test one threshold on one output column. InputError if the run has no such column."""
    column = run.column(output)
    valid = column[np.isfinite(column)]
    below = probability(int(np.count_nonzero(valid < threshold)), valid.size)
    return TargetTest(output, run.unit(output), threshold, at_least(column, threshold), below)
