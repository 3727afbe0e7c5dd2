"""When a run has enough paths: after the number that its study states, or when the precision asked for is met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sim.analysis import precision
from sim.analysis.precision import Look
from sim.analysis.summary import is_share
from sim.config.schema import RunSpec
from sim.run.result import Tally
from sim.run.setup import Setup


class Stopping:
    """``looks`` are the numbers of paths after which `enough` is asked; ``tests`` the (output, threshold) counted."""

    def __init__(self, spec: RunSpec, setup: Setup, tests: Sequence[tuple[str, float]]):
        self.tests = tuple(tests)
        self._asked = spec.precision
        self.looks = (spec.paths,) if spec.precision is None else spec.precision.looks
        self._shares = [name for name in setup.outputs if is_share(setup.units[name])]
        self._replicated = setup.plan.replicates > 1
        self._looked: list[Look] = []

    def enough(self, paths: int, tallies: Mapping[str, Tally]) -> bool:
        """Whether all that was asked for is met after ``paths`` paths."""
        if self._asked is None:
            return True
        look = precision.analyse(
            paths,
            tallies,
            self._asked,
            self.tests,
            shares=self._shares,
            replicated=self._replicated,
            before=self._looked[-1].answer if self._looked else None,
        )
        self._looked.append(look)
        return look.met

    def found(self) -> dict[str, Any] | None:
        """What every look found, as plain data; None where no precision was asked for."""
        if self._asked is None:
            return None
        return precision.as_dict(self._asked, self._looked, self.tests[0] if self.tests else None)
