"""Is the target likely? P(output >= K) with its interval, and which percentile a value is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sim.analysis.estimate import Probability, at_least
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
    success = at_least(column, threshold, run.replicates)
    low, high = success.interval
    below = Probability(1 - success.probability, success.standard_error, (1 - high, 1 - low), success.paths)
    return TargetTest(output, run.unit(output), threshold, success, below)
