"""Marginals: enough numbers and not too many, in order, and something left after cutting off."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import inf

from sim.config.checks import composed
from sim.config.checks.composed import Fault, number
from sim.config.draft import Draft
from sim.config.drivers import (
    PERCENTILES,
    Beta,
    ByPercentiles,
    Discrete,
    Distribution,
    Empirical,
    Fixed,
    Metalog,
    Mixture,
    Pert,
    Triangular,
    Uniform,
)
from sim.config.keys import listing
from sim.errors import Problem


def problems(draft: Draft) -> Iterator[Problem]:
    """Faults of every driver's marginal, and dimensions used twice."""
    used: dict[int, str] = {}
    for name, driver in draft.study.drivers.items():
        leaf = f"drivers.{name}"
        if driver.dimension is not None and used.setdefault(driver.dimension, name) != name:
            what = f"dimension {driver.dimension} is that of {used[driver.dimension]} already"
            advice = f"the next free one is {next(n for n in range(1, 10**6) if n not in _dimensions(draft))}"
            yield Problem(f"{leaf}.dimension", what, advice)
        for key, what, advice in faults(driver.marginal):
            yield Problem(f"{leaf}.marginal.{key}" if key else f"{leaf}.marginal", what, advice)


def _dimensions(draft: Draft) -> set[int]:
    return {driver.dimension for driver in draft.study.drivers.values() if driver.dimension is not None}


def faults(marginal: Distribution) -> Iterator[Fault]:
    """Everything wrong with one marginal. Later checks assume what earlier ones found right."""
    found = list(_enough(marginal)) or [*_positive(marginal), *_ordered(marginal)]
    if isinstance(marginal, Mixture):
        for place, component in enumerate(marginal.components):
            within = f"components.{place}.marginal"
            inside = faults(component.marginal)
            found += [(f"{within}.{key}" if key else within, what, advice) for key, what, advice in inside]
    yield from found or _truncated(marginal)


def support(marginal: Distribution) -> tuple[float, float]:
    """Lowest and highest value that the marginal can take before it is cut off."""
    if isinstance(marginal, Fixed):
        return marginal.value, marginal.value
    if isinstance(marginal, Uniform | Triangular | Pert | Beta):
        return marginal.low, marginal.high
    if isinstance(marginal, Metalog):
        return -inf if marginal.low is None else marginal.low, inf if marginal.high is None else marginal.high
    if isinstance(marginal, Discrete | Empirical):
        return min(marginal.values or ()), max(marginal.values or ())
    if isinstance(marginal, Mixture):
        ends = [_cut(component.marginal) for component in marginal.components]
        return min(low for low, _ in ends), max(high for _, high in ends)
    return (0.0, inf) if "p50" in marginal.positive else (-inf, inf)


def _cut(marginal: Distribution) -> tuple[float, float]:
    """`support` after it is cut off."""
    low, high = support(marginal)
    cut = marginal.truncate
    if cut is None:
        return low, high
    return max(low, -inf if cut.low is None else cut.low), min(high, inf if cut.high is None else cut.high)


def _kind(marginal: Distribution) -> str:
    return str(getattr(marginal, "kind", ""))


def _enough(marginal: Distribution) -> Iterator[Fault]:
    """Exactly one of the ways to determine the distribution."""
    if isinstance(marginal, Metalog | Discrete | Mixture | Empirical):
        yield from composed.enough(marginal)
        return
    if not isinstance(marginal, ByPercentiles):
        return
    percentiles = [name for name in marginal.given if name in PERCENTILES]
    others = [name for name in marginal.given if name not in PERCENTILES]
    ways = ", or ".join(listing(way) for way in marginal.ways)
    every_way = f"{ways}, or two percentiles such as p10 and p90"
    kind = _kind(marginal)
    if not marginal.given:
        yield "", f"a {kind} marginal needs numbers", f"give {every_way}"
    elif percentiles and others:
        yield percentiles[0], f"{listing([*percentiles, *others])} cannot be mixed", f"give {every_way}"
    elif percentiles and len(percentiles) < 2:
        yield percentiles[0], f"a {kind} marginal needs two percentiles, not one", "add another, such as p90"
    elif len(percentiles) > 2:
        what = f"a {kind} marginal takes two percentiles, not {len(percentiles)} ({listing(percentiles)})"
        yield percentiles[1], what, "keep two"
    elif others and not any(set(others) == set(way) for way in marginal.ways):
        partial = [way for way in marginal.ways if set(others) < set(way)]
        if partial:
            missing = " or ".join(listing(name for name in way if name not in others) for way in partial)
            yield others[0], f"{listing(others)} alone is not enough", f"add {missing}"
        else:
            yield others[0], f"{listing(others)} do not go together", f"give {every_way}"


def _positive(marginal: Distribution) -> Iterator[Fault]:
    kind = _kind(marginal)
    for name, value in marginal.given.items():
        if name not in marginal.positive or value > 0:
            continue
        if name in PERCENTILES or name in ("mean", "median"):
            what = f"{name} must be above 0, not {number(value)}: a {kind} value is always positive"
            yield name, what, "use a kind that may be negative, such as normal"
        elif value == 0 and name in ("sd", "sigma", "sd_log", "scale"):
            yield name, f"{name} must be above 0", "for a certain value write {kind: fixed, value: ...}"
        else:
            yield name, f"{name} must be above 0, not {number(value)}", "write a positive number"


def _ordered(marginal: Distribution) -> Iterator[Fault]:
    given = marginal.given
    names = [name for name in PERCENTILES if name in given]
    for below, above in pairwise(names):
        if given[above] <= given[below]:
            relation = "equals" if given[above] == given[below] else "is below"
            what = f"{above} ({number(given[above])}) {relation} {below} ({number(given[below])})"
            yield above, what, "write percentiles in rising order"
    if isinstance(marginal, Metalog):
        yield from composed.bounded(marginal)
    if isinstance(marginal, Uniform | Triangular | Pert | Beta):
        low, high = marginal.low, marginal.high
        order = "write low, mode and high in rising order"
        if low >= high:
            relation = "equals" if low == high else "is above"
            what = f"low ({number(low)}) {relation} high ({number(high)})"
            mend = "for a certain value write {kind: fixed, value: ...}" if low == high else "write low below high"
            yield "low", what, mend
        elif isinstance(marginal, Triangular | Pert) and marginal.mode < low:
            yield "mode", f"mode ({number(marginal.mode)}) is below low ({number(low)})", order
        elif isinstance(marginal, Triangular | Pert) and marginal.mode > high:
            yield "mode", f"mode ({number(marginal.mode)}) is above high ({number(high)})", order


def _truncated(marginal: Distribution) -> Iterator[Fault]:
    cut = marginal.truncate
    if cut is None:
        return
    if cut.low is None and cut.high is None:
        yield "truncate", "says neither low nor high", "give one or both, or remove it"
        return
    low, high = (-inf if cut.low is None else cut.low), (inf if cut.high is None else cut.high)
    lowest, highest = support(marginal)
    if low >= high:
        yield "truncate", f"low ({number(low)}) is not below high ({number(high)})", "write low below high"
    elif isinstance(marginal, Fixed):
        if not low <= marginal.value <= high:
            yield "truncate", f"cuts off the fixed value {number(marginal.value)}", "remove it"
    elif low >= highest or high <= lowest:
        bound = f"low ({number(low)})" if low >= highest else f"high ({number(high)})"
        edge = f"highest value ({number(highest)})" if low >= highest else f"lowest value ({number(lowest)})"
        relation = "not below" if low >= highest else "not above"
        yield "truncate", f"{bound} is {relation} the {edge}: nothing is left", "move it, or remove `truncate`"
