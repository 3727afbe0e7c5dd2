"""Correlations of drivers: connected groups, the Cholesky factor of each, and what is wrong when there is none.

Drivers that are connected through pairs form a group; within it every pair that is not listed counts as 0. The factor
is computed by plain loops in name order, so that a group depends on its own drivers and pairs alone and no library's
order of summation can change it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import inf, sqrt

from sim.config.schema import Correlation, Study
from sim.errors import Problem
from sim.sampling.copulas import correlation_of, in_measure

Matrix = list[list[float]]

_SMALLEST_PIVOT = 1e-12  # a smaller variance left over is rounding: the driver is a sum of the others
_DIGITS = 3  # of a correlation in a message


@dataclass(frozen=True)
class Group:
    """Drivers in name order and the correlation matrix behind their copula; ``pairs`` holds the pairs listed.

    ``df``: degrees of freedom of a t copula, which its drivers share; infinite under a Gaussian one.
    """

    drivers: tuple[str, ...]
    matrix: Matrix
    pairs: Mapping[frozenset[str], tuple[int, Correlation]]
    df: float = inf


def groups(study: Study) -> list[Group]:
    """The connected groups of drivers, in order of their first names.

    Under a Gaussian copula a correlation of 0 connects nothing. Under a t copula it does: such drivers are uncorrelated
    and yet extreme together.
    """
    df = study.dependence.degrees_of_freedom or inf
    pairs: dict[frozenset[str], tuple[int, Correlation]] = {}
    for index, pair in enumerate(study.dependence.correlations):
        pairs[frozenset(pair.between)] = (index, pair)
    found: list[tuple[str, ...]] = []
    links: dict[str, set[str]] = {}
    for _, pair in pairs.values():
        if pair.value != 0.0 or df < inf:
            a, b = pair.between
            links.setdefault(a, set()).add(b)
            links.setdefault(b, set()).add(a)
    seen: set[str] = set()
    for name in sorted(links):
        if name in seen:
            continue
        reached, waiting = {name}, [name]
        while waiting:
            new = links[waiting.pop()] - reached
            reached |= new
            waiting.extend(new)
        seen |= reached
        found.append(tuple(sorted(reached)))
    return [_group(drivers, pairs, df) for drivers in found]


def _group(drivers: tuple[str, ...], pairs: Mapping[frozenset[str], tuple[int, Correlation]], df: float) -> Group:
    matrix = [[1.0 if a == b else 0.0 for b in drivers] for a in drivers]
    inside = {}
    for (i, a), (j, b) in combinations(enumerate(drivers), 2):
        key = frozenset((a, b))
        if key in pairs:
            inside[key] = pairs[key]
            pair = pairs[key][1]
            matrix[i][j] = matrix[j][i] = correlation_of(pair.measure, pair.value, df)
    return Group(drivers, matrix, inside, df)


def cholesky(matrix: Matrix) -> Matrix:
    """Lower triangular factor of a correlation matrix, row by row. Raises `NotPositive` where there is none."""
    factor: Matrix = []
    for k, row in enumerate(matrix):
        own: list[float] = []
        left = row[k]  # variance of driver k that the drivers before it leave unexplained
        for j in range(k):
            total = row[j]
            for i in range(j):
                total -= own[i] * factor[j][i]
            own.append(total / factor[j][j])
            if left - own[j] * own[j] <= _SMALLEST_PIVOT:
                mean = sum(own[i] * factor[j][i] for i in range(j))
                spread = sqrt(left) * factor[j][j]
                raise NotPositive(k, j, mean - spread, mean + spread)
            left -= own[j] * own[j]
        own.append(sqrt(left))
        factor.append(own)
    return factor


class NotPositive(ValueError):
    """A matrix is no correlation matrix: given all before them, entry (row, column) must lie within low to high."""

    def __init__(self, row: int, column: int, low: float, high: float):
        super().__init__(f"entry ({row}, {column}) must lie between {low} and {high}")
        self.row, self.column, self.low, self.high = row, column, low, high


def problems(study: Study) -> list[Problem]:
    """Correlations of fixed drivers, and groups of drivers that cannot all move together as the pairs say."""
    found = []
    for index, pair in enumerate(study.dependence.correlations):
        for position, name in enumerate(pair.between):
            driver = study.drivers.get(name)
            if driver is not None and driver.marginal.kind == "fixed":
                what = f"{name} is fixed: it cannot move with another driver"
                leaf = f"dependence.correlations.{index}.between.{position}"
                found.append(Problem(leaf, what, "remove the pair, or give the driver a distribution"))
    for group in groups(study):
        try:
            cholesky(group.matrix)
        except NotPositive as fault:
            found.append(_problem(group, fault))
    return found


def _problem(group: Group, fault: NotPositive) -> Problem:
    b, a = group.drivers[fault.row], group.drivers[fault.column]
    listed = group.pairs.get(frozenset((a, b)))
    measure = listed[1].measure if listed else _usual_measure(group)
    low, high = (in_measure(measure, bound, group.df) for bound in (fault.low, fault.high))
    involved = (*group.drivers[: fault.column + 1], b)
    assumed = [pair for pair in combinations(involved, 2) if frozenset(pair) not in group.pairs]
    if listed is not None and abs(listed[1].value) == 1.0:
        what = f"{a} and {b} are perfectly correlated, which makes them one driver"
        return Problem(f"dependence.correlations.{listed[0]}", what, "use a correlation within -1 to 1, or one driver")
    given = f"{measure} {listed[1].value:.6g}" if listed else "not listed, so counted as 0,"
    what = (
        f"the correlations contradict each other at {a} and {b}: {given} is impossible beside the correlations among "
        f"{', '.join(involved)}, which leave {low:.{_DIGITS}f} to {high:.{_DIGITS}f}"
    )
    others = [pair for pair in assumed if set(pair) != {a, b}]
    if others:
        what += f" (not listed and counted as 0: {_listing(others)})"
    leaf = f"dependence.correlations.{listed[0]}" if listed else "dependence.correlations"
    verb = "correct it" if listed and not others else "list the missing pairs" if listed else "list this pair"
    return Problem(leaf, what, f"{verb}; the nearest correlations that are possible:\n{_nearest_table(group, measure)}")


def _usual_measure(group: Group) -> str:
    measures = [pair.measure for _, pair in group.pairs.values()]
    return max(sorted(set(measures)), key=measures.count)


def _listing(pairs: Sequence[tuple[str, str]]) -> str:
    names = [f"{a} and {b}" for a, b in pairs[:5]]
    return "; ".join(names) + (f"; and {len(pairs) - 5} more pairs" if len(pairs) > 5 else "")


def _nearest_table(group: Group, measure: str) -> str:
    """The nearest valid matrix in the measure, rounded so that it is still valid, as a lower triangle of text."""
    from sim.sampling.nearest import nearest

    matrix = nearest(group.matrix)
    size = len(matrix)
    for shrunk in range(0, 1000):  # towards independence, until rounding leaves it valid
        keep = 1.0 - shrunk / 1000.0
        shown = [
            [round(in_measure(measure, keep * matrix[i][j], group.df), _DIGITS) for j in range(i)] for i in range(size)
        ]
        try:
            cholesky([[_entry(shown, i, j, measure, group.df) for j in range(size)] for i in range(size)])
            break
        except NotPositive:
            continue
    width = max(len(name) for name in group.drivers)
    lines = []
    for i in range(1, size):
        cells = (f"{shown[i][j]:.{_DIGITS}f}".rjust(max(len(group.drivers[j]), 6)) for j in range(i))
        lines.append(f"      {group.drivers[i].ljust(width)}  " + "  ".join(cells))
    head = "  ".join(name.rjust(max(len(name), 6)) for name in group.drivers[:-1])
    return "\n".join([f"      {measure.ljust(width)}  {head}", *lines])


def _entry(shown: Matrix, i: int, j: int, measure: str, df: float) -> float:
    return 1.0 if i == j else correlation_of(measure, shown[max(i, j)][min(i, j)], df)
