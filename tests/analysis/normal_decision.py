"""A decision about a normal value, in which the worth of knowing anything has a closed form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np
from scipy import stats

from sim.analysis.replicates import Estimate
from sim.config.decision import Action, Costs, Decision, Disclosure, Error, Horizon, Price, Rate
from sim.run.result import Group, Run
from tests.analysis.test_analysis_ranks import Held
from tests.statistical import replicates_caught

FALSE_ALARM = 1e-6
BOUND = float(stats.t.isf(FALSE_ALARM / 2, 15))  # in standard errors from 16 replicates
CAUGHT = replicates_caught(16, 4.0)  # smallest bias that is surely seen, in standard errors


def worth(sd: float, lead: float, stake: float = 1.0) -> float:
    """EVPPI of two actions whose pay-offs differ by a normal with mean ``lead``, of which ``sd`` becomes known.

    stake * (sd * phi(u) - |lead| * Phi(-u)), u = |lead| / sd: the unit normal loss (Raiffa and Schlaifer 1961, p. 111).
    """
    u = abs(lead) / sd
    return stake * (sd * float(stats.norm.pdf(u)) - abs(lead) * float(stats.norm.sf(u)))


def agrees(found: Estimate, exact: float) -> None:
    """Within the two-sided 1e-6 quantile of Student's t with 15 degrees of freedom times the estimate's own error."""
    assert found.error > 0
    assert abs(found.value - exact) <= BOUND * found.error, f"{found.value:.5g} ±{found.error:.2g}, exactly {exact:.5g}"


def decision(
    price: float,
    sizes: Mapping[str, float] | None = None,
    *,
    trade: float = 0.0,
    observe: Mapping[str, tuple[Sequence[str], float]] | None = None,
    beyond: Sequence[str] = (),
) -> Decision:
    """Buy or not at a price, today's value, no return required; ``observe`` name -> columns and sd of their error."""
    rate = {"source": ("judgement",)}
    disclosures = {
        name: Disclosure(
            observe=tuple(columns),
            error=Error(sd=sd, unit="1", **rate) if sd else None,  # type: ignore[arg-type]
        )
        for name, (columns, sd) in (observe or {}).items()
    }
    return Decision(
        decision="d", as_of=date(2025, 9, 17), output="y",
        price=Price(value=price, unit="1", **rate),  # type: ignore[arg-type]
        horizon=Horizon(months=0), required_return=Rate(value=0.0, **rate),  # type: ignore[arg-type]
        actions={name: Action(size=size) for name, size in (sizes or {"buy": 1.0, "hold": 0.0}).items()},
        costs=Costs(trade=Rate(value=trade, **rate) if trade else None),  # type: ignore[arg-type]
        disclosures=disclosures, beyond_research=list(beyond),
    )  # fmt: skip


def normal(paths: np.ndarray, stream: int) -> np.ndarray:
    """A standard normal of each path number (SplitMix64 of Steele, Lea and Flood 2014, then the inverse)."""
    with np.errstate(over="ignore"):
        x = (paths.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(stream << 40)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x ^= x >> np.uint64(31)
    return np.asarray(stats.norm.ppf(((x >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53))


class Linear:
    """y = 100 + weights' x + shock z: drivers x normal with covariance ``matrix``, one innovation z if ``shock``.

    Satisfies `sim.run.result.Inputs` and, called, `sim.run.result.Value`.
    """

    copula = "gaussian"
    fixed: tuple[str, ...] = ()

    def __init__(self, weights: Sequence[float], matrix: Sequence[Sequence[float]] | None = None, shock: float = 0.0):
        self.names = tuple("abcdefgh"[: len(weights)])
        self.weights = np.array(weights, float)
        self.matrix = np.eye(len(weights)) if matrix is None else np.array(matrix, float)
        self.shock = shock
        self.innovations = ("z",) if shock else ()
        self.medians = dict.fromkeys(self.names, 0.0)
        self.calls = 0

    @property
    def groups(self) -> tuple[Group, ...]:
        linked = [name for i, name in enumerate(self.names) if np.count_nonzero(self.matrix[i]) > 1]
        lone = [Group((name,), np.eye(1)) for name in self.names if name not in linked]
        return (*lone, *([Group(tuple(linked), np.eye(len(linked)))] if linked else []))

    def marginal(self, driver: str, z: np.ndarray) -> np.ndarray:
        return z

    def drivers(self, paths: np.ndarray) -> np.ndarray:
        return np.asarray(np.linalg.cholesky(self.matrix) @ [normal(paths, 1 + i) for i in range(len(self.names))])

    def __call__(self, paths, drivers=None, innovations="drawn", *, outputs=None):  # type: ignore[no-untyped-def]
        self.calls += 1
        source = innovations["z"] if isinstance(innovations, Mapping) and self.shock else paths
        return {"y": 100 + self.weights @ self.drivers(paths) + self.shock * normal(source, 99)}

    def run(self, paths: int) -> Run:
        numbers = np.arange(paths)
        columns = dict(zip(self.names, self.drivers(numbers), strict=True)) | self(numbers)
        facts = {"paths": paths, "drivers": list(self.names), "outputs": ["y"], "labels": {}, "units": {}, "seed": 1}
        return Run(Path(), facts, Held(columns))

    def known(self, *names: str) -> float:
        """Standard deviation of E[y | names]."""
        at = [self.names.index(name) for name in names]
        covered = self.weights @ self.matrix[:, at]
        return float(np.sqrt(covered @ np.linalg.solve(self.matrix[np.ix_(at, at)], covered)))

    @property
    def sd(self) -> float:
        return float(np.sqrt(self.weights @ self.matrix @ self.weights + self.shock**2))
