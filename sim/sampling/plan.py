"""The plan of sampling: every number that the draw kernel needs, made once at set-up and stored with the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.config.schema import Study
from sim.errors import InputError, Problem
from sim.sampling import correlation, dimensions, marginals, pieces, sobol, streams, t_copula, tables
from sim.sampling.correlation import Group, problems
from sim.sampling.dimensions import LEADING
from sim.sampling.fit import NoFit
from sim.sampling.laws import Law, NothingLeft
from sim.sampling.points import LATIN, PHILOX, REPLICATES, SOBOL

__all__ = ["Plan", "make", "percentiles", "problems"]

_DRIVER_ARGUMENTS = (
    "driver_keys", "mixed", "mixed_first", "mixed_source", "mixed_weight",
    "t_first", "t_member", "t_numbers", "t_tables",
    "codes", "numbers", "table_first", "table", "sampler", "points", "driver_point",
)  # fmt: skip
_REGISTER = np.array([-1.2815515655446004, 0.0, 1.2815515655446004])  # z of P10, P50, P90


@dataclass(frozen=True)
class Plan:
    """``arrays``: by name, plain numbers and texts, as stored in ``setup.npz``; see `sim.sampling.draw`."""

    arrays: Mapping[str, NDArray[Any]]

    @staticmethod
    def from_arrays(arrays: Mapping[str, NDArray[Any]]) -> Plan:
        """The plan of stored arrays."""
        return Plan(dict(arrays))

    @cached_property
    def drivers(self) -> tuple[str, ...]:
        """Drivers in the order of their rows: by name, so that the order in the file changes nothing."""
        return tuple(str(name) for name in self.arrays["drivers"])

    @cached_property
    def innovations(self) -> tuple[str, ...]:
        """Innovations in the order of their rows: by name."""
        return tuple(str(name) for name in self.arrays["innovations"])

    @property
    def medians(self) -> NDArray[np.float64]:
        """float64[D]: the median of every driver, in its unit."""
        return self.arrays["medians"]

    @property
    def shared(self) -> tuple[list[int], ...]:
        """Rows of the drivers of each group under a t copula."""
        first, members = self.arrays["t_first"], self.arrays["t_member"]
        return tuple([int(m) for m in members[int(a) : int(b)]] for a, b in pairwise(first))

    @property
    def degrees_of_freedom(self) -> float:
        """Of the t copula; infinite under a Gaussian one."""
        return float(self.arrays["t_df"][0])

    @property
    def replicates(self) -> int:
        """Interleaved replicates that are independent of each other; 1 for independent paths."""
        return 1 if int(self.arrays["sampler"][0]) == PHILOX else int(REPLICATES)

    @property
    def table_errors(self) -> dict[str, float]:
        """Largest error of each driver's quantile table (`sim.sampling.tables.error_of`); 0 for closed forms."""
        return dict(zip(self.drivers, (float(e) for e in self.arrays["table_errors"]), strict=True))

    @property
    def driver_arguments(self) -> tuple[NDArray[Any], ...]:
        """The arguments of `draw_drivers` between ``paths`` and the scratch."""
        return tuple(self.arrays[name] for name in _DRIVER_ARGUMENTS)

    @property
    def innovation_arguments(self) -> tuple[NDArray[Any], ...]:
        """The arguments of `draw_innovation` between its number and the scratch."""
        return tuple(self.arrays[name] for name in ("innovation_keys", "points", "innovation_point", "leading"))

    def scratch(self, block: int) -> tuple[NDArray[np.uint64], NDArray[np.float64]]:
        """What `draw_drivers` and `draw_innovation` write to meanwhile, for blocks of so many paths; of one thread."""
        rows = 1 + max(4, len(self.shared))
        return np.empty(int(REPLICATES) + block, np.uint64), np.empty(rows * block)


def make(study: Study) -> Plan:
    """The plan of a study. Raises InputError where no distribution fits or the correlations contradict each other."""
    faults = [*problems(study), *(dimensions.problems(study) if study.run.sampler == "sobol" else [])]
    laws = _laws(study, faults)
    if faults:
        raise InputError(faults)
    drivers = sorted(study.drivers)
    innovations = sorted(study.innovations)
    groups = correlation.groups(study)
    shared = [group for group in groups if group.df < inf]
    arrays: dict[str, NDArray[Any]] = {
        "drivers": np.array(drivers, np.str_),
        "innovations": np.array(innovations, np.str_),
        "driver_keys": np.concatenate(
            [_keys(study.run.seed, "driver", drivers), _keys(study.run.seed, "copula", [g.drivers[0] for g in shared])]
        ),
        "innovation_keys": _keys(study.run.seed, "innovation", innovations),
        "medians": np.array([float(tables.quantiles(laws[n], np.zeros(1))[0]) for n in drivers], np.float64),
    }
    arrays |= _points(study, drivers, innovations)
    values = _marginals([laws[name] for name in drivers])
    scales, table = t_copula.arrays(shared, drivers, int(values["table"].shape[1]))
    values["table"] = np.ascontiguousarray(np.concatenate([values["table"], table], axis=1))
    return Plan(arrays | _mixing(groups, drivers) | scales | values)


def _points(study: Study, drivers: list[str], innovations: list[str]) -> dict[str, NDArray[Any]]:
    """What Sobol points and Latin hypercubes need; empty tables where the sampler has no use for them."""
    codes = {"philox": PHILOX, "sobol": SOBOL, "lhs": LATIN}
    code, periods = codes[study.run.sampler], study.calendar.periods
    given = dimensions.assign(study)
    varying = [name for name in drivers if name in given.drivers]
    numbers = {name: number for number, name in enumerate(varying)}
    words = np.zeros((0, 33, 16), np.uint64)
    own = np.zeros((len(innovations), 0), np.uint64)
    leading = np.zeros((0, periods))
    if code != PHILOX:
        names = [*(f"driver/{name}" for name in varying), *(f"copula/{name}" for name in given.copulas)]
        places = [*(given.drivers[name] for name in varying), *given.copulas.values()]
        if code == SOBOL:
            names += [f"innovation/{name}/{k}" for name in innovations for k in range(LEADING)]
            places += [given.innovations[name] + k for name in innovations for k in range(LEADING)]
            own = np.arange(len(varying) + len(given.copulas), len(names), dtype=np.uint64).reshape(-1, LEADING)
            leading = sobol.walk_coordinates(periods, LEADING)
        words = sobol.scrambled(study.run.seed, names, places)
    return {
        "sampler": np.array([code, study.run.paths if code == LATIN else 0], np.uint64),
        "points": words,
        "driver_point": np.array(
            [*(numbers.get(n, 0) for n in drivers), *range(len(varying), len(varying) + len(given.copulas))], np.uint64
        ),
        "innovation_point": own,
        "leading": leading,
    }


def percentiles(study: Study) -> dict[str, tuple[float, float, float]]:
    """Exact P10, P50 and P90 of every driver, in its unit."""
    faults: list[Problem] = []
    laws = _laws(study, faults)
    if faults:
        raise InputError(faults)
    found = {}
    for name, law in laws.items():
        low, middle, high = (float(x) for x in tables.quantiles(law, _REGISTER))
        found[name] = (low, middle, high)
    return found


def _laws(study: Study, faults: list[Problem]) -> dict[str, Law]:
    laws: dict[str, Law] = {}
    for name, driver in study.drivers.items():
        leaf = f"drivers.{name}.marginal"
        try:
            laws[name] = marginals.law(driver.marginal)
        except NoFit as fault:
            faults.append(Problem(leaf, str(fault), "correct a percentile, or use another kind"))
        except NothingLeft as fault:
            faults.append(Problem(f"{leaf}.truncate", str(fault), "move its bounds, or remove it"))
    return laws


def _keys(seed: int, kind: Any, names: list[str]) -> NDArray[np.uint64]:
    return np.array([streams.key(seed, kind, name) for name in names], np.uint64).reshape(-1, 2)


def _mixing(groups: list[Group], drivers: list[str]) -> dict[str, NDArray[Any]]:
    """The Cholesky factors as lists of sources, rows from the last up, without zeros."""
    rows = {name: row for row, name in enumerate(drivers)}
    mixed: dict[int, list[tuple[int, float]]] = {}
    for group in groups:
        factor = correlation.cholesky(group.matrix)
        for k, name in enumerate(group.drivers):
            others = [(rows[group.drivers[j]], factor[k][j]) for j in range(k) if factor[k][j] != 0.0]
            if others:
                mixed[rows[name]] = [(rows[name], factor[k][k]), *others]
    order = sorted(mixed, reverse=True)
    sources = [source for row in order for source in mixed[row]]
    return {
        "mixed": np.array(order, np.uint64),
        "mixed_first": np.cumsum([0, *(len(mixed[row]) for row in order)]).astype(np.uint64),
        "mixed_source": np.array([row for row, _ in sources], np.uint64),
        "mixed_weight": np.array([weight for _, weight in sources], np.float64),
    }


def _marginals(laws: list[Law]) -> dict[str, NDArray[Any]]:
    numbers, first, errors = [], [], []
    coefficients: list[NDArray[np.float64]] = [np.zeros((4, 1))]  # an unused interval: the table is never empty
    filled = 1
    for law in laws:
        bounds = (law.low, law.high)
        if law.closed:
            numbers.append((law.location, law.scale, 0.0, 1.0, 0.0, *bounds))
            first.append(0)
            errors.append(0.0)
            continue
        table = pieces.build(law)
        numbers.append((law.location, law.scale, table.origin, table.per_unit, table.last, *bounds))
        first.append(filled)
        errors.append(table.error)
        coefficients.append(table.coefficients)
        filled += table.intervals
    return {
        "codes": np.array([law.code for law in laws], np.uint64),
        "numbers": np.array(numbers, np.float64).reshape(-1, 7),
        "table_first": np.array(first, np.uint64),
        "table": np.ascontiguousarray(np.concatenate(coefficients, axis=1)),
        "table_errors": np.array(errors, np.float64),
    }
