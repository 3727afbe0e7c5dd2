"""Who shares the variance of an output: drivers that vary, with those they are correlated with, and innovations.

A *unit* is a group of correlated drivers, one uncorrelated driver or one innovation: units are independent of each
other, so that pick-freeze is right for them. A *player* is one driver or one innovation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.analysis.estimate import Floats
from sim.analysis.quantity import Quantity
from sim.errors import ModelFailure
from sim.run.result import Inputs, Value

Ints = NDArray[np.int64]
Draws = tuple[NDArray[np.float64] | NDArray[np.int64], ...]  # one of each unit, as `Sampler.draw` gives them
KNOWN = "gaussian"  # the copula under which some drivers can be drawn given the others
Z_95 = 1.959963984540054
_SPAN = 1 << 31  # fresh paths are drawn from so many beyond the run's own
_ALMOST_SINGULAR = 1e-12  # so that a factor exists where drivers are one and the same


@dataclass(frozen=True)
class Unit:
    """Names of drivers and the correlation of their normals, float64[k, k]; an innovation has no matrix."""

    names: tuple[str, ...]
    matrix: Floats | None = None


@dataclass(frozen=True)
class Share:
    """A share of the variance with standard error and 95% interval."""

    value: float
    error: float

    @property
    def interval(self) -> tuple[float, float]:
        """Within 0 and 1, where every share lies; the value itself may leave them by its error."""
        return max(self.value - Z_95 * self.error, 0.0), min(self.value + Z_95 * self.error, 1.0)

    def as_dict(self) -> dict[str, object]:
        return {"share": self.value, "standard_error": self.error, "interval": list(self.interval)}


def unknown(copula: str) -> str:
    """Why nothing is drawn from a joint law that is not known here."""
    return (
        "Shapley effects and Sobol indices draw some drivers given the others, which is known for a gaussian copula,"
        f" not for the {copula} joint law of this run; what the run's own paths say holds under any"
    )


def units(inputs: Inputs) -> tuple[Unit, ...]:
    """Driver groups, then innovations. ModelFailure under a joint law whose conditional draws are not known here."""
    if inputs.copula != KNOWN:
        raise ModelFailure(unknown(inputs.copula))
    drivers = [Unit(group.drivers, np.asarray(group.matrix, np.float64)) for group in inputs.groups]
    return (*drivers, *(Unit((name,)) for name in inputs.innovations))


def factor(matrix: Floats) -> Floats:
    """Lower Cholesky factors of correlation matrices: float64[..., k, k]."""
    k = matrix.shape[-1]
    if k == 1:
        return np.ones(matrix.shape)
    return np.asarray(np.linalg.cholesky((1.0 - _ALMOST_SINGULAR) * matrix + _ALMOST_SINGULAR * np.eye(k)))


@dataclass(frozen=True)
class Sampler:
    """Draws and values paths of a run anew. ``first`` is the first path number that the run did not use."""

    value: Value
    inputs: Inputs
    quantity: Quantity
    units: tuple[Unit, ...]
    first: int

    @property
    def players(self) -> tuple[str, ...]:
        return tuple(name for unit in self.units for name in unit.names)

    def draw(self, random: np.random.Generator, n: int) -> Draws:
        """Independent standard normals float64[k, n] of each driver unit, path numbers int64[1, n] of each innovation.

        Path numbers come at random from a wide range, not in a row: under Sobol, paths that lie a power of two apart
        are not independent of each other.
        """
        return tuple(
            random.integers(self.first, self.first + _SPAN, (1, n))
            if unit.matrix is None
            else random.standard_normal((len(unit.names), n))
            for unit in self.units
        )

    def columns(self, draws: Draws) -> dict[str, Floats | Ints]:
        """What `values` takes: values of drivers after correlation and marginal, path numbers of innovations."""
        found: dict[str, Floats | Ints] = {}
        for unit, draw in zip(self.units, draws, strict=True):
            rows = draw if unit.matrix is None else factor(unit.matrix) @ draw
            for name, row in zip(unit.names, rows, strict=True):
                found[name] = row if unit.matrix is None else self.inputs.marginal(name, row)
        return found

    def values(self, columns: Mapping[str, Floats | Ints]) -> Floats:
        """The quantity, standardised: float64[n]. What ``columns`` do not name is that of one path for all."""
        innovations = {name: columns[name] for name in self.inputs.innovations if name in columns}
        drivers = {name: column for name, column in columns.items() if name not in innovations}
        n = next(iter(columns.values())).size
        paths = np.full(n, self.first, np.int64)
        found = self.value(paths, drivers, innovations or "drawn", outputs=(self.quantity.output,))  # type: ignore[arg-type]
        return self.quantity.standard(found[self.quantity.output])


def ratio(parts: Floats, whole: Floats) -> list[Share]:
    """Means of float64[k, n] as shares of the mean of float64[n], with standard errors over n independent draws.

    Linearised (Cochran 1977, Sampling Techniques, section 6.4): the error of the whole is part of that of each share.
    """
    mean = float(whole.mean())
    shares = parts.mean(axis=1) / mean
    rest = parts - shares[:, None] * whole
    errors = rest.std(axis=1, ddof=1) / (np.sqrt(whole.size) * abs(mean))
    return [Share(float(s), float(e)) for s, e in zip(shares, errors, strict=True)]


def slopes(sampler: Sampler, random: np.random.Generator, paths: int) -> list[Floats]:
    """Least-squares slopes of the quantity on the drivers' correlated normals, by unit: float64[k], 0 for innovations.

    From ``paths`` draws of their own, so that what is corrected by the linear part stays free of bias.
    """
    draws = sampler.draw(random, paths)
    values = sampler.values(sampler.columns(draws))
    normals = [
        np.zeros((0, paths)) if unit.matrix is None else factor(unit.matrix) @ draw
        for unit, draw in zip(sampler.units, draws, strict=True)
    ]
    rows = np.concatenate([np.ones((1, paths)), *normals])
    # A ridge of one path's weight: fewer paths than drivers, or one driver twice, must not make slopes explode.
    fitted = np.linalg.solve(rows @ rows.T + np.eye(rows.shape[0]), rows @ values)[1:]
    found, first = [], 0
    for unit, normal in zip(sampler.units, normals, strict=True):
        found.append(np.zeros(1) if unit.matrix is None else fitted[first : first + normal.shape[0]])
        first += normal.shape[0]
    return found
