"""What every rival of the reference workload is given: the study's numbers, and how drivers come from normals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.config.schema import Study

Floats = NDArray[np.float64]

QUARTERS = 42
INNOVATIONS = ("demand_innovation", "margin_innovation", "price_innovation")
COLUMNS = ("value", "revenue.2029Q4", "revenue.2035Q2", "capacity.2035Q2", "utilisation.2035Q2")
MIDDLE = 20  # the quarter of the second column


@dataclass(frozen=True)
class Inputs:
    """Drivers in the order of ``names``, lognormal ones (``logs`` of them) first.

    A driver is ``location + scale z``, or its exponential; z has the Cholesky ``factor`` of the correlations.
    """

    names: tuple[str, ...]
    logs: int
    location: Floats
    scale: Floats
    factor: Floats
    numbers: dict[str, float]

    @property
    def correlations(self) -> Floats:
        return self.factor @ self.factor.T


def read(study: Study) -> Inputs:
    """The inputs of the reference study."""
    marginals = {name: driver.marginal for name, driver in study.drivers.items()}
    names = sorted(marginals, key=lambda name: (marginals[name].kind != "lognormal", name))
    logs = sum(marginal.kind == "lognormal" for marginal in marginals.values())
    given = [marginals[name].given for name in names]
    location = [np.log(g["median"]) if "median" in g else g["mean"] for g in given]
    scale = [g["sd_log"] if "median" in g else g["sd"] for g in given]
    matrix = np.eye(len(names))
    for pair in study.dependence.correlations:
        a, b = (names.index(name) for name in pair.between)
        matrix[a, b] = matrix[b, a] = pair.pearson
    numbers = {name: float(opening.value) for name, opening in study.openings.items()}
    return Inputs(tuple(names), logs, np.array(location), np.array(scale), np.linalg.cholesky(matrix), numbers)
