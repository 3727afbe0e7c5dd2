"""The smallest shift of the drivers' means as a belief one can state: which driver, from what to what, and does it do.

`sim.analysis.belief_shift.tilt` finds the shift from the stored paths; here it is put into the drivers' own units and
simulated once more with the drivers moved, which owes nothing to the weights it was found with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.analysis.belief_shift import Tilt, tilt
from sim.analysis.estimate import Floats, finite
from sim.analysis.replicates import Estimate, estimate, mean, quantile, share_at_least
from sim.analysis.splits import PERCENTS
from sim.run.result import Inputs, Value

PATHS = 65_536
MOST_NAMED = 3
CARRIED = 0.9  # share of the surprise that the drivers named must carry, if so many are enough
_REACH = 9.0  # normal scores between which marginals are inverted; no path lies beyond
_GRID = 8_001


@dataclass(frozen=True)
class Shift:
    """A driver moved: by how many sds of its normal, its share of the surprise, and mean and percentiles after it.

    ``chosen`` is False for a driver that only follows others through its correlation.
    """

    name: str
    sds: Estimate
    carries: float
    chosen: bool
    before: Mapping[str, float]
    after: Mapping[str, float]

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "shift_in_sd": finite(self.sds.value),
            "shift_error": finite(self.sds.error),
            "share_of_surprise": self.carries,
            "chosen": self.chosen,
            "before": dict(self.before),
            "after": dict(self.after),
        }


@dataclass(frozen=True)
class Shifted:
    """All drivers moved, by falling size of shift; ``checked`` is P(success) simulated anew under the moved drivers.

    ``outputs`` are mean and percentiles of further columns, each {"before": ..., "after": ...} on the same paths, so
    that what does not move is seen not to.
    """

    drivers: tuple[Shift, ...]
    bits: float
    effective: float
    probability: float
    checked: Estimate
    outputs: Mapping[str, Mapping[str, Mapping[str, Estimate]]]

    def as_dict(self) -> dict[str, Any]:
        return {
            "drivers": [shift.as_dict() for shift in self.drivers],
            "surprise_bits": self.bits,
            "effective_paths": self.effective,
            "probability": self.probability,
            "simulated": self.checked.as_dict(),
            "outputs": {
                name: {when: {word: e.as_dict() for word, e in facts.items()} for when, facts in both.items()}
                for name, both in self.outputs.items()
            },
        }


class Scores:
    """The drivers' normals on the first paths: float64[n, d], got back from their values by inverting the marginals."""

    def __init__(self, inputs: Inputs, names: Sequence[str]):
        self._inputs, self.names = inputs, tuple(names)
        place = {name: k for k, name in enumerate(self.names)}
        self.matrix = np.eye(len(self.names))
        for group in inputs.groups:
            rows = [place[name] for name in group.drivers]
            self.matrix[np.ix_(rows, rows)] = group.matrix
        self._columns: dict[str, Floats] = {}
        self.stepped: set[str] = set()

    def add(self, name: str, column: Floats) -> None:
        """Take in a driver's values on the paths; one with few values has no normal to get back and stays unmoved."""
        scores = np.linspace(-_REACH, _REACH, _GRID)
        if np.unique(column[:4096]).size < min(column.size, 4096) // 2:
            self.stepped.add(name)
        self._columns[name] = np.interp(column, self._inputs.marginal(name, scores), scores)

    def shifted(
        self,
        value: Value,
        paths: NDArray[np.int64],
        success: NDArray[np.bool_],
        output: str,
        at_least: float,
        probability: float,
        others: Sequence[str] = (),
        free: Sequence[str] | None = None,
    ) -> Shifted:
        """The smallest shift of the means of ``free`` drivers (all, if None) that gives success its probability."""
        z = np.column_stack([self._columns[name] for name in self.names])
        chosen = [k for k, name in enumerate(self.names) if name not in self.stepped and (free is None or name in free)]
        found = tilt(z, success, self.matrix, probability, chosen)
        moved = {
            name: self._inputs.marginal(name, z[:, k] + found.means[k])
            for k, name in enumerate(self.names)
            if found.means[k] != 0.0
        }
        wanted = (output, *(name for name in others if name != output))
        drawn, columns = value(paths, outputs=wanted), value(paths, moved, outputs=wanted)
        return Shifted(
            self._shifts(found, set(chosen)),
            found.bits,
            found.effective,
            found.probability,
            estimate(columns[output], share_at_least(at_least)),
            {name: {"before": _described(drawn[name]), "after": _described(columns[name])} for name in wanted},
        )

    def _shifts(self, found: Tilt, chosen: set[int]) -> tuple[Shift, ...]:
        total = float(found.means @ found.theta)
        shifts = [
            Shift(
                name,
                Estimate(float(found.means[k]), float(found.errors[k])),
                float(found.means[k] * found.theta[k]) / total + 0.0 if total else 0.0,
                k in chosen,
                self._facts(name, 0.0),
                self._facts(name, float(found.means[k])),
            )
            for k, name in enumerate(self.names)
        ]
        return tuple(sorted(shifts, key=lambda shift: (-abs(shift.sds.value), shift.name)))

    def _facts(self, name: str, moved: float) -> dict[str, float]:
        """Mean (Gauss-Hermite, 64 points) and percentiles of a driver whose normal has the mean ``moved``."""
        from scipy.special import ndtri

        nodes, weights = np.polynomial.hermite_e.hermegauss(64)
        average = float(weights @ self._inputs.marginal(name, nodes + moved) / weights.sum())
        at = self._inputs.marginal(name, np.array([float(ndtri(p / 100)) for p in PERCENTS]) + moved)
        return {"mean": average} | {str(p): float(x) for p, x in zip(PERCENTS, at, strict=True)}


def named(shifted: Shifted) -> list[str]:
    """The drivers that carry most of the surprise: as few as carry `CARRIED` of it, at most `MOST_NAMED`."""
    ranked = sorted((s for s in shifted.drivers if s.chosen), key=lambda s: (-s.carries, s.name))
    found: list[str] = []
    carried = 0.0
    for shift in ranked[:MOST_NAMED]:
        if found and carried >= CARRIED:
            break
        found.append(shift.name)
        carried += shift.carries
    return found


def _described(column: Floats) -> dict[str, Estimate]:
    return {"mean": estimate(column, mean)} | {str(p): estimate(column, quantile(p / 100)) for p in PERCENTS}
