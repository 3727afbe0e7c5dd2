"""Is the target likely? P(output >= K) with its interval, and which percentile a value is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sim.analysis.estimate import Probability, at_least, share
from sim.run.result import Run

Goal = Mapping[str, Any]


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
    """Test one threshold on one output column, counted while simulating or else read from the column.

    InputError if the run has no such column.
    """
    tally = run.tallies.get(output)
    if tally is not None and tally.valid is not None and threshold in tally.reached:
        success = share(tally.reached[threshold], tally.valid, run.replicates > 1)
    else:
        success = at_least(run.column(output), threshold, run.replicates)
    low, high = success.interval
    below = Probability(1 - success.probability, success.standard_error, (1 - high, 1 - low), success.paths)
    return TargetTest(output, run.unit(output), threshold, success, below)


def marks(goal: Goal) -> dict[str, float]:
    """The values of a run's target whose percentile is told, by word."""
    keys = (("previous target", "previous"), ("target", "at_least"), ("price", "price"))
    return {word: float(goal[key]) for word, key in keys if goal[key] is not None}


def thresholds(goal: Goal) -> list[tuple[str, float]]:
    """Every (output, threshold) that a run's target asks for, itself first."""
    tests = [(output, float(goal["at_least"])) for output in (goal["output"], *goal["alternatives"].values())]
    return list(dict.fromkeys([*tests, *((goal["output"], value) for value in marks(goal).values())]))
