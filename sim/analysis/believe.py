"""What must one believe for an output to reach a threshold with a wanted probability? Five readings of one question.

What successful paths have in common (`given_success`), from where on each driver makes success likely (`thresholds`),
a box of few limits (`prim`), the smallest change of belief (`belief_shift`, `tilting`), and what target and price imply
(`implied`). Where the paths cannot carry a number a sentence stands in its place.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.analysis import belief_shift, bins, given_success, implied, naming, prim, ranks, thresholds, tilting
from sim.analysis.belief_shift import FEWEST_EFFECTIVE, Change, Moved
from sim.analysis.estimate import Floats, Probability, at_least
from sim.analysis.given_success import GivenSuccess
from sim.analysis.implied import Implied, Part
from sim.analysis.replicates import spread
from sim.analysis.splits import Success
from sim.analysis.thresholds import Threshold
from sim.errors import InputError, Problem
from sim.run.result import REPLICATES, Inputs, Run, Value

FEWEST = 50  # successes, and failures, that a statement about them needs
SEARCHED = 65_536  # paths a box is searched on; the others judge it
TOP = 6  # drivers whose implied values are computed without being asked for


@dataclass(frozen=True)
class Belief:
    """The answer. ``refusals`` say, by the name of a part that is missing, why it is.

    ``given``, ``thresholds`` and ``moved`` hold every driver that varies, the strongest first; ``moved`` also the
    outputs that the study shows. ``shift`` moves every driver, ``few`` only those that carry most.
    """

    output: str
    unit: str
    label: str
    at_least: float
    probability: float
    success: Probability
    error: float
    levels: Mapping[str, float]
    given: tuple[GivenSuccess, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    box: prim.Found | None = None
    change: Change | None = None
    moved: tuple[Moved, ...] = ()
    shift: tilting.Shifted | None = None
    few: tilting.Shifted | None = None
    implied: tuple[Implied, ...] = ()
    parts: tuple[Part, ...] = ()
    refusals: Mapping[str, str] | None = None
    columns: Mapping[str, Mapping[str, str]] | None = None

    def as_dict(self) -> dict[str, Any]:
        return {
            "output": self.output,
            "unit": self.unit,
            "label": self.label,
            "at_least": self.at_least,
            "wanted_probability": self.probability,
            "probability": self.success.probability,
            "standard_error": None if math.isnan(self.error) else self.error,
            "interval": list(self.success.interval),
            "paths": self.success.paths,
            "levels": dict(self.levels),
            "given_success": [found.as_dict() for found in self.given],
            "thresholds": [found.as_dict() for found in self.thresholds],
            "box": None if self.box is None else self.box.as_dict(),
            "change": None if self.change is None else self.change.as_dict(),
            "moved": [found.as_dict() for found in self.moved],
            "shift": None if self.shift is None else self.shift.as_dict(),
            "few": None if self.few is None else self.few.as_dict(),
            "implied": [found.as_dict() for found in self.implied],
            "parts": [found.as_dict() for found in self.parts],
            "refusals": dict(self.refusals or {}),
            "columns": {name: dict(facts) for name, facts in (self.columns or {}).items()},
        }


def analyse(
    run: Run,
    value: Value,
    inputs: Inputs,
    threshold: float | None = None,
    probability: float = 0.5,
    output: str | None = None,
    drivers: Sequence[str] = (),
    parts: Sequence[str] = (),
    density: float | None = None,
) -> Belief:
    """Ask what one must believe for P(output >= threshold) to be ``probability``.

    ``output`` and ``threshold`` default to the study's target. ``drivers`` and ``parts`` are those whose implied values
    are wanted beside the strongest; ``density`` asks for the widest box of at least that density.
    """
    asked = _asked(run, threshold, probability, output, drivers, density)
    name, levels = asked.output, {"target": asked.goal}
    target = run.target or {}
    if target.get("output") == name and target.get("price") is not None and target["price"] != asked.goal:
        levels["price"] = float(target["price"])
    refusals: dict[str, str] = {}
    varying = [driver for group in inputs.groups for driver in group.drivers]
    facts: dict[str, Any] = {}
    if sentence := _too_few(asked):
        refusals["paths"] = sentence
    else:
        facts = _from_paths(asked, value, inputs, varying, refusals)
    implications: list[Implied] = []
    found: dict[str, str] = {}
    if asked.valid.size:
        ranked = [one.driver for one in ranks.analyse(run, name) if one.driver in varying]
        for driver in dict.fromkeys([*ranked[:TOP], *drivers]):
            implications.append(
                implied.analyse(run, value, inputs, name, driver, levels, asked.goal, asked.probability)
            )
        found = implied.parts(run, value, inputs, name, ranked[:2], parts)
    for one in parts:
        if one not in found:
            refusals[f"part {one}"] = f"no driver moves {one} and {name} by the same, so it is no part of {name}"
    named = dict.fromkeys([*varying, name, *found, *_shown(run, name)])
    return Belief(
        output=name,
        unit=run.unit(name),
        label=run.label(name),
        at_least=asked.goal,
        probability=asked.probability,
        success=at_least(asked.column, asked.goal, run.replicates),
        error=spread(asked.success.by_replicate),
        levels=levels,
        implied=tuple(implications),
        parts=tuple(implied.part(run, name, one, through, levels) for one, through in found.items()),
        refusals=refusals,
        columns={one: {"label": _title(run, one), "unit": run.unit(one)} for one in named},
        **facts,
    )


@dataclass(frozen=True)
class _Asked:
    """The question with the paths it is asked of: the output's column, the valid paths and how they part."""

    run: Run
    output: str
    goal: float
    probability: float
    density: float | None
    column: Floats
    valid: NDArray[np.int64]
    success: Success


def _asked(
    run: Run,
    threshold: float | None,
    probability: float,
    output: str | None,
    drivers: Sequence[str],
    density: float | None,
) -> _Asked:
    """The question, its names and numbers checked; InputError for one that has no answer."""
    problems = []
    name = naming.find(run, output)
    if name not in run.outputs:
        problems.append(Problem("--output", f"{name} is a driver", "name an output"))
    target = run.target or {}
    if threshold is None and target.get("output") == name:
        threshold = float(target["at_least"])
    if threshold is None:
        problems.append(Problem("--at-least", f"no threshold for {name}", "write one, such as --at-least 179"))
    elif not math.isfinite(threshold):
        problems.append(Problem("--at-least", f"{threshold} is no threshold", "write a number"))
    if not 0 < probability < 1:
        problems.append(
            Problem("--probability", f"{probability} is no probability to aim for", "write one between 0 and 1")
        )
    if density is not None and not 0 < density <= 1:
        problems.append(Problem("--density", f"{density} is no density", "write a share between 0 and 1"))
    for driver in drivers:
        if driver not in run.drivers:
            run.known(driver)
            problems.append(Problem("--driver", f"{driver} is an output", "name a driver, or use --part"))
        elif np.ptp(run.sample(driver)) == 0:
            problems.append(Problem("--driver", f"{driver} does not vary", "name one that does: see `sim show`"))
    if problems:
        raise InputError(problems)
    assert threshold is not None
    column = run.column(name)
    valid = np.flatnonzero(np.isfinite(column))
    return _Asked(run, name, threshold, probability, density, column, valid, Success.of(column, threshold))


def _too_few(asked: _Asked) -> str:
    """The sentence that stands for all statements about successes where there are too few of either kind."""
    success = asked.success
    for count, what in ((success.reached.size, "reach it"), (success.missed.size, "miss it")):
        if count < FEWEST:
            paths = f"{count:,} of {success.paths:,} valid paths {what}, and {FEWEST} are needed"
            if count == 0:
                return f"{paths}: choose a threshold nearer to the median, or repeat the run with far more paths"
            need = math.ceil(2 * FEWEST / count * asked.run.paths / 1000) * 1000
            return f"{paths}: repeat the run with --paths {need:_}, or choose a threshold nearer to the median"
    return ""


@dataclass(frozen=True)
class _Driver:
    """What one driver's column says; ``compared`` is None where the column does not vary."""

    cuts: Floats
    codes: NDArray[np.uint16]
    scored: Floats
    compared: tuple[GivenSuccess, Threshold, Moved] | None


def _from_paths(
    asked: _Asked, value: Value, inputs: Inputs, varying: Sequence[str], refusals: dict[str, str]
) -> dict[str, Any]:
    """All that the stored paths say; each column is read once, two at a time."""
    run, success, probability = asked.run, asked.success, asked.probability
    searched = asked.valid[: min(asked.valid.size // 2, SEARCHED)]
    tilted = asked.valid[: tilting.PATHS]

    # A file of columns is read by one thread at a time; modules are loaded before threads could do it at once.
    import scipy.optimize
    import scipy.stats  # noqa: F401

    reading = Lock()

    def read(driver: str) -> _Driver:
        with reading:
            drawn = run.column(driver)
        cuts = bins.cuts_of(drawn[searched])
        split = success.split(drawn)
        compared = None
        if split.varies:
            every = given_success.spread_of(split)
            compared = (
                given_success.analyse(driver, split, every),
                thresholds.analyse(driver, split, probability),
                belief_shift.moved(driver, split, every, probability),
            )
        return _Driver(cuts, bins.binned(drawn[searched], cuts), drawn[tilted], compared)

    with ThreadPoolExecutor(2) as pool:
        read_all = list(pool.map(read, varying))
    compared = sorted((one.compared for one in read_all if one.compared), key=lambda three: -abs(three[0].shift.value))
    shown = _shown(run, asked.output)
    moved = [three[2] for three in compared]
    for other in shown:
        split = success.split(run.column(other))
        if split.varies:
            moved.append(belief_shift.moved(other, split, given_success.spread_of(split), probability))
    change = belief_shift.change(success.reached.size, success.missed.size, probability)
    thin = change.effective < FEWEST_EFFECTIVE
    if thin:
        refusals["change"] = _thin("so changed a belief", change.effective)
    table = bins.Binned(np.array([one.codes for one in read_all]), tuple(one.cuts for one in read_all))
    scores = tilting.Scores(inputs, varying)
    for driver, one in zip(varying, read_all, strict=True):
        scores.add(driver, one.scored)
    return {
        "given": tuple(three[0] for three in compared),
        "thresholds": tuple(three[1] for three in compared),
        "change": None if thin else change,
        "moved": () if thin else tuple(moved),
        "box": _box(asked, varying, table, searched, refusals),
        **_shifts(asked, value, inputs, scores, tilted, shown, refusals),
    }


def _box(
    asked: _Asked, varying: Sequence[str], table: bins.Binned, searched: NDArray[np.int64], refusals: dict[str, str]
) -> prim.Found | None:
    reaches = asked.column >= asked.goal
    hits = int(np.count_nonzero(reaches[searched]))
    if min(hits, searched.size - hits) < FEWEST or not varying:
        refusals["box"] = (
            f"{hits:,} of the {searched.size:,} paths that a box would be searched on succeed, and {FEWEST} successes"
            f" and {FEWEST} failures are needed: use more paths"
        )
        return None
    judged = asked.valid[searched.size :]
    best = prim.search(table, reaches[searched], density=asked.density)
    fresh = [asked.run.column(varying[k])[judged] for k in best.box.restricted(table)]
    return prim.judge(varying, table, reaches[searched], best, fresh, reaches[judged], judged % REPLICATES)


def _shifts(
    asked: _Asked,
    value: Value,
    inputs: Inputs,
    scores: tilting.Scores,
    paths: NDArray[np.int64],
    shown: Sequence[str],
    refusals: dict[str, str],
) -> dict[str, tilting.Shifted]:
    reaches = asked.column[paths] >= asked.goal
    hits = int(np.count_nonzero(reaches))
    if inputs.copula != "gaussian":
        refusals["shift"] = f"means are shifted under a Gaussian copula only, and the study's is {inputs.copula}"
    elif min(hits, reaches.size - hits) < FEWEST or len(scores.stepped) == len(scores.names):
        refusals["shift"] = f"{hits:,} of {reaches.size:,} paths succeed: too few of either kind to shift means by"
    else:

        def shifted(free: Sequence[str] | None) -> tilting.Shifted:
            goal, probability = asked.goal, asked.probability
            return scores.shifted(value, paths, reaches, asked.output, goal, probability, shown, free)

        full = shifted(None)
        few = shifted(tilting.named(full))
        for found, what in ((full, "shifted means"), (few, "the shift of so few drivers")):
            if found.effective < FEWEST_EFFECTIVE:
                refusals["shift"] = _thin(what, found.effective)
            elif abs(found.probability - asked.probability) > 1e-6:
                refusals["shift"] = f"no shift of means makes success {asked.probability:.0%} likely"
        if "shift" not in refusals:
            return {"shift": full, "few": few}
    return {}


def _thin(what: str, effective: float) -> str:
    return (
        f"{what} would rest on {effective:,.0f} effective paths, and {FEWEST_EFFECTIVE} are needed: use more paths, or"
        " a probability nearer to that of the run"
    )


def _shown(run: Run, output: str) -> list[str]:
    """The columns that the study shows on its screen, the output itself left out."""
    return [str(row["column"]) for row in run.summary.get("rows", ()) if row["column"] != output]


def _title(run: Run, name: str) -> str:
    """A column's label, with its period if it has one."""
    when = next((c["period"] for c in run.manifest.get("columns", ()) if c["name"] == name), None)
    return f"{run.label(name)} {when}" if when else run.label(name)
