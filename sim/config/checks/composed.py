"""Marginals made of lists: enough values, probabilities that are some, percentiles within their bounds."""

from __future__ import annotations

from collections.abc import Iterator
from math import isclose

from sim.config.drivers import PERCENTILES, Discrete, Empirical, Metalog, Mixture
from sim.config.keys import listing

Fault = tuple[str, str, str]  # key within the marginal, what, advice


def number(value: float) -> str:
    """A number as messages write it."""
    return f"{value:.10g}"


def enough(marginal: Metalog | Discrete | Mixture | Empirical) -> Iterator[Fault]:
    """As many values as the kind needs, and shares that sum to 1."""
    if isinstance(marginal, Metalog):
        yield from _percentiles(marginal)
    elif isinstance(marginal, Discrete):
        yield from _values(marginal)
    elif isinstance(marginal, Empirical):
        yield from _observed(marginal)
    elif len(marginal.components) < 2:
        yield "components", "a mixture needs two components or more", "add one, or write its marginal alone"
    else:
        shares = [(f"components.{i}.weight", each.weight) for i, each in enumerate(marginal.components)]
        yield from _shares("components", "weights", shares)


def bounded(marginal: Metalog) -> Iterator[Fault]:
    """Faults of the bounds of a metalog, beside percentiles that rise."""
    given = [name for name in PERCENTILES if name in marginal.given]
    low, high, first, last = marginal.low, marginal.high, given[0], given[-1]
    if low is not None and high is not None and low >= high:
        yield "low", f"low ({number(low)}) is not below high ({number(high)})", "write low below high"
    elif low is not None and marginal.given[first] <= low:
        what = f"low ({number(low)}) is not below {first} ({number(marginal.given[first])})"
        yield "low", what, "the lowest value lies below every percentile: move it, or leave it out"
    elif high is not None and marginal.given[last] >= high:
        what = f"high ({number(high)}) is not above {last} ({number(marginal.given[last])})"
        yield "high", what, "the highest value lies above every percentile: move it, or leave it out"


def _percentiles(marginal: Metalog) -> Iterator[Fault]:
    given = [name for name in PERCENTILES if name in marginal.given]
    if len(given) < 3:
        what = f"a metalog marginal needs three or four percentiles, not {('none', 'one', 'two')[len(given)]}"
        advice = "give for example p10, p50 and p90" if len(given) < 2 else "add another, such as p50"
        yield "", what, advice
    elif len(given) > 4:
        what = f"a metalog marginal takes three or four percentiles, not {len(given)} ({listing(given)})"
        yield given[3], what, "keep four; for observed data use an empirical marginal"


def _values(marginal: Discrete) -> Iterator[Fault]:
    values, probabilities = marginal.values, marginal.probabilities
    if len(values) != len(probabilities):
        what = f"{len(values)} values have {len(probabilities)} probabilities"
        yield "probabilities", what, "give each value one"
    elif len(values) < 2:
        yield (
            "values",
            "a discrete marginal needs two values or more",
            "for a certain value write {kind: fixed, value: ...}",
        )
    else:
        for i, value in enumerate(values):
            if value in values[:i]:
                yield f"values.{i}", f"{number(value)} is given twice", "add the probabilities of the two"
        yield from _shares(
            "probabilities", "probabilities", [(f"probabilities.{i}", p) for i, p in enumerate(probabilities)]
        )


def _observed(marginal: Empirical) -> Iterator[Fault]:
    if marginal.values is None:
        if marginal.file is None:
            yield "", "an empirical marginal needs values", "give values: [...], or file: NAME.csv"
        return  # the file could not be read, which is reported for itself
    stored = marginal.read_from is not None  # then another file and column may be named: these are read anew
    if marginal.file is not None and not stored:
        yield "file", "values and file exclude each other", "keep one of them"
    elif marginal.column is not None and not stored:
        yield "column", "column names one of a file, and there is no file", "remove it, or give file: NAME.csv"
    elif len(set(marginal.values)) < 2:
        what = f"{len(marginal.values)} observed value{'s' if len(marginal.values) != 1 else ''} without a difference"
        yield "values", what, "give two different ones or more; for a certain value write {kind: fixed, value: ...}"


def _shares(key: str, what: str, shares: list[tuple[str, float]]) -> Iterator[Fault]:
    wrong = [(leaf, share) for leaf, share in shares if not share > 0.0]
    for leaf, share in wrong:
        yield leaf, f"must be above 0, not {number(share)}", "write a positive number, or remove the entry"
    total = sum(share for _, share in shares)
    if not wrong and not isclose(total, 1.0, abs_tol=1e-9):
        yield key, f"the {what} sum to {number(total)}, not to 1", "correct them"
