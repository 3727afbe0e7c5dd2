"""What the workbook is made of: one path of a stored run, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sim.config.columns import Column
from sim.config.schema import Study
from sim.report.numbers import count
from sim.run.result import Run


@dataclass(frozen=True)
class Case:
    """Inputs and results of one path: the central case (``path`` None) or a path of the run.

    ``drivers`` by name; ``innovations`` by name, one value per period; ``outputs`` what the simulation engine gives for
    the same inputs, by output column (None where it is not finite).
    """

    path: int | None
    drivers: Mapping[str, float]
    innovations: Mapping[str, Sequence[float]]
    outputs: Mapping[str, float | None]

    @property
    def title(self) -> str:
        if self.path is None:
            return "Central case: every driver at its median, every innovation zero"
        return f"Path {count(self.path)} of the run: drivers and innovations as drawn"


@dataclass(frozen=True)
class Assumption:
    """What the register says of a driver besides the study: its marginal in words, P10 and P90, where it was set."""

    marginal: str
    p10: float | None
    p50: float | None
    p90: float | None
    place: str


@dataclass(frozen=True)
class Subject:
    """A run with the study and the model that it was made of. ``graph`` is ``model.json``."""

    run: Run
    study: Study
    graph: Mapping[str, Any]
    columns: tuple[Column, ...]
    assumptions: Mapping[str, Assumption] = field(default_factory=dict)

    def label(self, cell: str) -> str:
        """A line's name: the label of an output of it, or the cell's name with spaces."""
        for output in self.study.outputs:
            if output.cell == cell and output.label and output.at is None:
                return output.label
        return heading(cell)


_ACRONYMS = {word.lower(): word for word in ("AI", "ADS", "NTM", "LTM", "DCF", "EBITA", "NOPAT", "P/E", "RMB", "WACC")}
_ACRONYMS |= {"pe": "P/E"}


def heading(name: str) -> str:
    """``ai_cloud_revenue`` -> ``AI cloud revenue``; ``segment_value[aidc]`` -> ``Segment value, aidc``."""
    base, _, member = name.partition("[")
    words = " ".join(_ACRONYMS.get(word, word) for word in base.split("_") if word)
    return words[:1].upper() + words[1:] + (f", {member.rstrip(']')}" if member else "")
