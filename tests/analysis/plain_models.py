"""Runs, laws of drivers and pure functions in plain NumPy, for functions whose shares of variance are known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.special import ndtr, ndtri

from sim.run.result import Group, Run

Columns = Mapping[str, np.ndarray]
IDENTITY = np.eye(1)


class Held:
    """Columns in memory."""

    def __init__(self, columns: Columns):
        self._columns, self.names = columns, tuple(columns)

    def column(self, name: str) -> np.ndarray:
        return self._columns[name]

    def head(self, name: str, count: int) -> np.ndarray:
        return self._columns[name][:count]


def uniform(low: float, high: float) -> Callable[[np.ndarray], np.ndarray]:
    """Marginal of a uniform driver."""
    return lambda z: low + (high - low) * ndtr(z)


def normal(mean: float = 0.0, sd: float = 1.0) -> Callable[[np.ndarray], np.ndarray]:
    """Marginal of a normal driver."""
    return lambda z: mean + sd * z


@dataclass
class Model:
    """A function of drivers and innovations; it is `Inputs`, and `Value` when called.

    ``function`` takes a dict of columns. A path's own draws come from a hash of its number, as in the real thing.
    """

    function: Callable[[Columns], np.ndarray]
    marginals: Mapping[str, Callable[[np.ndarray], np.ndarray]]
    groups: tuple[Group, ...]
    innovations: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    copula: str = "gaussian"
    values: Mapping[str, float] = field(default_factory=dict)
    asked: int = 0

    @property
    def medians(self) -> dict[str, float]:
        return {name: float(of(np.zeros(1))[0]) for name, of in self.marginals.items()} | dict(self.values)

    def marginal(self, driver: str, z: np.ndarray) -> np.ndarray:
        return np.asarray(self.marginals[driver](np.asarray(z)))

    def draws(self, paths: np.ndarray) -> dict[str, np.ndarray]:
        """The drivers of paths."""
        found = {name: np.full(paths.size, value) for name, value in self.values.items()}
        for group in self.groups:
            z = np.linalg.cholesky(group.matrix) @ np.array([hashed_normal(paths, name) for name in group.drivers])
            found |= {name: self.marginal(name, row) for name, row in zip(group.drivers, z, strict=True)}
        return found

    def __call__(
        self,
        paths: np.ndarray,
        drivers: Mapping[str, np.ndarray | float] | None = None,
        innovations: object = "drawn",
        *,
        outputs: Sequence[str] | None = None,
    ) -> dict[str, np.ndarray]:
        assert tuple(outputs or ("y",)) == ("y",)
        self.asked += paths.size
        given = {name: np.broadcast_to(column, paths.shape) for name, column in (drivers or {}).items()}
        needed = set(self.marginals) | set(self.values)
        columns = given if needed <= set(given) else {**self.draws(paths), **given}
        taken = innovations if isinstance(innovations, Mapping) else {}
        noise = {
            name: np.zeros(paths.size) if innovations == "zero" else hashed_normal(taken.get(name, paths), name)
            for name in self.innovations
        }
        return {"y": self.function({**columns, **noise})}

    def run(self, paths: int = 20_000, seed: int = 1) -> Run:
        """A stored run: the paths from 0 on."""
        numbers = np.arange(paths)
        columns = {**self.draws(numbers), **self(numbers)}
        return run_of(columns, [*self.marginals, *self.values], seed)


def run_of(columns: Columns, drivers: Sequence[str], seed: int = 1) -> Run:
    """A run that holds these columns: drivers and the output y."""
    facts = {
        "paths": columns["y"].size,
        "seed": seed,
        "run": "made-up",
        "drivers": list(drivers),
        "outputs": ["y"],
        "labels": {},
        "units": {},
        "target": None,
    }
    return Run(Path(), facts, Held(columns))


def hashed_normal(paths: np.ndarray, name: str) -> np.ndarray:
    """A standard normal of each path and name: SplitMix64 (Steele, Lea and Flood 2014, OOPSLA, figure 17), inverted."""
    key = int.from_bytes(name.encode()[:8].ljust(8, b"\0"), "little")
    with np.errstate(over="ignore"):
        x = (np.asarray(paths).astype(np.uint64) + np.uint64(key)) * np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x ^= x >> np.uint64(31)
    return np.asarray(ndtri(((x >> np.uint64(12)).astype(np.float64) + 0.5) / 2.0**52))


def alone(*names: str) -> tuple[Group, ...]:
    return tuple(Group((name,), IDENTITY) for name in names)


def pair(a: str, b: str, rho: float) -> Group:
    return Group((a, b), np.array([[1.0, rho], [rho, 1.0]]))


def shapley_of(gain: Callable[[frozenset[str]], float], players: Sequence[str]) -> dict[str, float]:
    """Shapley values of a game by all its subsets, as shares of the whole."""
    from itertools import combinations
    from math import factorial

    d, whole = len(players), gain(frozenset(players))
    found = {}
    for player in players:
        rest, total = [p for p in players if p != player], 0.0
        for size in range(d):
            weight = factorial(size) * factorial(d - size - 1) / factorial(d)
            total += sum(
                weight * (gain(frozenset(some) | {player}) - gain(frozenset(some))) for some in combinations(rest, size)
            )
        found[player] = total / whole
    return found


def explained(slopes: Mapping[str, float], matrix: np.ndarray, some: frozenset[str]) -> float:
    """Var(E[slopes' Z | Z of some]) of joint normals Z with covariance ``matrix``, in closed form."""
    names = list(slopes)
    held = [names.index(name) for name in names if name in some]
    if not held:
        return 0.0
    with_y = matrix[held] @ np.array(list(slopes.values()))
    return float(with_y @ np.linalg.solve(matrix[np.ix_(held, held)], with_y))


# --- functions with known shares -------------------------------------------------------------------------------------


def ishigami() -> Model:
    """sin x1 + 7 sin^2 x2 + 0.1 x3^4 sin x1, uniform on (-pi, pi) (Ishigami and Homma 1990)."""
    return Model(
        lambda c: np.sin(c["x1"]) * (1 + 0.1 * c["x3"] ** 4) + 7 * np.sin(c["x2"]) ** 2,
        dict.fromkeys(("x1", "x2", "x3"), uniform(-np.pi, np.pi)),
        alone("x1", "x2", "x3"),
    )


ISHIGAMI_FIRST = {"x1": 0.31390519, "x2": 0.44241114, "x3": 0.0}
ISHIGAMI_TOTAL = {"x1": 0.55758886, "x2": 0.44241114, "x3": 0.24368366}
ISHIGAMI_SHAPLEY = {"x1": 0.43574702, "x2": 0.44241114, "x3": 0.12184183}

G_COEFFICIENTS = (0.0, 1.0, 4.5, 9.0, 99.0)  # Saltelli and Sobol 1995


def sobol_g() -> Model:
    """Product of (|4 x - 2| + a) / (1 + a), x uniform on (0, 1); the first is an innovation made uniform."""

    def function(c: Columns) -> np.ndarray:
        y = np.ones_like(c["x1"])
        for i, a in enumerate(G_COEFFICIENTS):
            x = ndtr(c["x0"]) if i == 0 else c[f"x{i}"]
            y = y * (np.abs(4 * x - 2) + a) / (1 + a)
        return y

    names = [f"x{i}" for i in range(1, len(G_COEFFICIENTS))]
    return Model(function, dict.fromkeys(names, uniform(0, 1)), alone(*names), innovations=("x0",))


def g_gain(some: frozenset[str]) -> float:
    """Var(E[Y | some]) = product of (1 + V_i) - 1 with V_i = 1 / (3 (1 + a_i)^2)."""
    return float(np.prod([1 + 1 / (3 * (1 + G_COEFFICIENTS[int(name[1:])]) ** 2) for name in some]) - 1)


def two_normals(rho: float = 0.5) -> Model:
    """x1 + x2 with standard deviations 1 and 2 (Owen and Prieur 2017, section 4.1)."""
    return Model(lambda c: c["x1"] + c["x2"], {"x1": normal(), "x2": normal(sd=2.0)}, (pair("x1", "x2", rho),))


THREE_SD = (1.0, 1.0, 2.0)
THREE_RHO = 0.9


def three_normals() -> Model:
    """x1 + x2 + x3, x2 and x3 correlated (Iooss and Prieur 2019, section 3.2)."""
    marginals = {f"x{i + 1}": normal(sd=sd) for i, sd in enumerate(THREE_SD)}
    groups = (*alone("x1"), pair("x2", "x3", THREE_RHO))
    return Model(lambda c: c["x1"] + c["x2"] + c["x3"], marginals, groups)


def three_normals_shapley() -> dict[str, float]:
    """Iooss and Prieur 2019, section 3.2, with slopes of one."""
    (a, b, c), r = THREE_SD, THREE_RHO
    whole = a * a + b * b + c * c + 2 * r * b * c
    half = r * r / 2 * (c * c - b * b)
    return {
        "x1": a * a / whole,
        "x2": (b * b + r * b * c + half) / whole,
        "x3": (c * c + r * b * c - half) / whole,
    }


PRODUCT_RHO, PRODUCT_SLOPE, PRODUCT_NOISE = 0.6, 0.7, 0.5


def product() -> Model:
    """x1 x2 + 0.7 x1 + 0.5 e with standard normals x1, x2 of correlation 0.6 and an innovation e."""
    return Model(
        lambda c: c["x1"] * c["x2"] + PRODUCT_SLOPE * c["x1"] + PRODUCT_NOISE * c["e"],
        {"x1": normal(), "x2": normal()},
        (pair("x1", "x2", PRODUCT_RHO),),
        innovations=("e",),
    )


def product_gain(some: frozenset[str]) -> float:
    """E[Y | x1] = r x1^2 + b x1 and E[Y | x2] = r x2^2 + b r x2; Var(x1 x2) = 1 + r^2, Cov(x1 x2, x1) = 0."""
    r, b = PRODUCT_RHO, PRODUCT_SLOPE
    noise = PRODUCT_NOISE**2 if "e" in some else 0.0
    of_drivers = {
        frozenset(): 0.0,
        frozenset({"x1"}): 2 * r * r + b * b,
        frozenset({"x2"}): 2 * r * r + b * b * r * r,
        frozenset({"x1", "x2"}): 1 + r * r + b * b,
    }
    return of_drivers[some - {"e"}] + noise
