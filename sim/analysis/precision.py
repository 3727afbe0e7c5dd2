"""Is the answer settled? Whether the errors so far are those that were asked for, and whether the verdict can change.

A run that asks for precision looks at its errors after 16,384 paths and after every doubling, and stops at the first
look that satisfies all that was asked.

*Errors* are half-widths of intervals at the stated confidence: Student's t over the 16 replicates, or those of
independent paths. Stopping as soon as an estimated error is small enough picks looks at which it happens to be small;
the interval that is left covers what it says only in the limit of small errors (Chow and Robbins 1965, Annals of
Mathematical Statistics 36, 457-462; Glynn and Whitt 1992, Annals of Applied Probability 2, 180-198). Looking at
doublings only keeps the looks few; `tests/analysis/test_analysis_coverage.py` measures what is lost.

*The verdict*, whether P(output >= target) is above the hurdle, is given at the first look at which a one-sided bound
excludes the hurdle. A bound at one look is wrong with the chance alpha_k; a verdict is wrong with at most the sum over
the looks, whatever their dependence (Bonferroni). With K looks up to ``max_paths`` each spends alpha_k = alpha / K, so
the chance of a wrong verdict, of one that further paths would turn, is at most alpha = 1 - confidence in all: the
resampling risk is bounded uniformly (Gandy 2009, Journal of the American Statistical Association 104, 1504-1511; an
equal share for each look is the discrete case of Lan and DeMets 1983, Biometrika 70, 659-663).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sim.analysis import tails
from sim.analysis.estimate import Distribution, describe_tally, finite, share
from sim.config.precision import Precision
from sim.run.result import Tally

WATCHED = (5, 50, 95)  # percentiles whose errors are watched: those on the screen
_SPREAD = 3.289707253902944  # P95 less P5 of a normal, in standard deviations
Answer = Literal["above", "below", "open"]


@dataclass(frozen=True)
class Worst:
    """The largest error of a kind, and of what; ``error`` and ``asked`` are shares (of one, or of the size)."""

    error: float
    asked: float
    of: str

    @property
    def met(self) -> bool:
        return self.error <= self.asked

    def as_dict(self) -> dict[str, Any]:
        return {"error": finite(self.error), "asked": self.asked, "of": self.of, "met": self.met}


@dataclass(frozen=True)
class Look:
    """What was found after ``paths`` paths. ``bounds`` are the one-sided ones of the probability, if a verdict is asked
    for: each is wrong with the chance ``spent``.
    """

    paths: int
    errors: Mapping[str, Worst]
    answer: Answer | None = None
    bounds: tuple[float, float] = (0.0, 1.0)
    spent: float = 0.0

    @property
    def met(self) -> bool:
        return all(worst.met for worst in self.errors.values()) and self.answer != "open"

    def as_dict(self) -> dict[str, Any]:
        verdict = None
        if self.answer is not None:
            verdict = {"answer": self.answer, "bounds": list(self.bounds), "chance_of_error": self.spent}
        return {
            "paths": self.paths,
            "met": self.met,
            "errors": {kind: worst.as_dict() for kind, worst in self.errors.items()},
            "verdict": verdict,
        }


def analyse(
    paths: int,
    tallies: Mapping[str, Tally],
    asked: Precision,
    tests: Sequence[tuple[str, float]],
    *,
    shares: Collection[str] = (),
    replicated: bool,
    before: Answer | None = None,
) -> Look:
    """One look. ``tests`` are the (output, threshold) that are told, the target first; ``tallies`` count them.

    ``before`` is the verdict of the last look: one that was given stands, though its bounds may since have moved.

    ``shares`` are outputs that are themselves indicators: their means are probabilities. An error of a mean or of a
    percentile is a share of the number's own size, or, where that is larger, of the output's spread: the distance from
    P5 to P95 in units of a normal's standard deviations, which exists for every output. What has no error has not met,
    nor has the mean of an output that has no variance.
    """
    told = (
        tallies if asked.mean is not None or asked.percentiles is not None else {name: tallies[name] for name in shares}
    )
    found = {name: describe_tally(tally, asked.confidence) for name, tally in told.items()}
    errors: dict[str, Worst] = {}
    if asked.probability is not None:
        each = [
            (f"P({name} >= {value:g})", _half(_share(tallies[name], value, replicated, asked.confidence)))
            for name, value in tests
        ]
        each += [(f"mean of {name}", _half(found[name].interval)) for name in shares]
        errors["probability"] = _worst(each, asked.probability)
    others = {name: leaf for name, leaf in found.items() if name not in shares}
    if asked.mean is not None:
        each = [
            (name, _relative(leaf.interval, leaf.mean, leaf) if tails.analyse(tallies[name]).has_variance else math.inf)
            for name, leaf in others.items()
        ]
        errors["mean"] = _worst(each, asked.mean)
    if asked.percentiles is not None:
        each = [
            (f"P{p} of {name}", _relative(leaf.percentile_intervals[p], leaf.percentiles[p], leaf))
            for name, leaf in others.items()
            for p in (WATCHED if leaf.percentiles else ())
        ]
        errors["percentiles"] = _worst(each, asked.percentiles)
    if asked.until is None:
        return Look(paths, errors)
    name, value = tests[0]
    spent = (1 - asked.confidence) / len(asked.looks)
    low, high = _share(tallies[name], value, replicated, 1 - 2 * spent)
    answer: Answer = "above" if low > asked.hurdle else ("below" if high < asked.hurdle else "open")
    answer = before if before in ("above", "below") else answer
    return Look(paths, errors, answer, (low, high), spent)


def _share(tally: Tally, threshold: float, replicated: bool, confidence: float) -> tuple[float, float]:
    assert tally.valid is not None
    return share(tally.reached[threshold], tally.valid, replicated, confidence).interval


def _half(interval: tuple[float, float]) -> float:
    return (interval[1] - interval[0]) / 2


def _relative(interval: tuple[float, float], value: float, leaf: Distribution) -> float:
    half = _half(interval)
    if half == 0.0:
        return 0.0
    size = max(abs(value), (leaf.percentiles[95] - leaf.percentiles[5]) / _SPREAD) if leaf.percentiles else 0.0
    return half / size if size > 0.0 else math.inf


def _worst(errors: Sequence[tuple[str, float]], asked: float) -> Worst:
    """The largest; an error that is not a number counts as endless, and nothing to watch as no error."""
    of, error = max(
        ((of, math.inf if math.isnan(error) else error) for of, error in errors),
        key=lambda each: each[1],
        default=("nothing", 0.0),
    )
    return Worst(error, asked, of)


def as_dict(asked: Precision, looks: Sequence[Look], test: tuple[str, float] | None = None) -> dict[str, Any]:
    """Plain data for manifest, summary and screen: what was asked, every look, and what ended the run.

    ``test`` is the (output, threshold) that a verdict is about.
    """
    last = looks[-1]
    verdict = None
    if last.answer is not None and test is not None:
        output, threshold = test
        verdict = {
            "output": output,
            "at_least": threshold,
            "hurdle": asked.hurdle,
            "answer": last.answer,
            "bounds": list(last.bounds),
            "chance_of_error": 1 - asked.confidence,
            "looks_planned": len(asked.looks),
            "spent_each_look": last.spent,
        }
    return {
        "asked": asked.model_dump(),
        "met": last.met,
        "stopped_by": "precision" if last.met else "max_paths",
        "paths": last.paths,
        "errors": {kind: worst.as_dict() for kind, worst in last.errors.items()},
        "verdict": verdict,
        "looks": [look.as_dict() for look in looks],
    }
