"""References: what names an output column, a driver or a leaf names one that exists."""

from __future__ import annotations

from collections.abc import Iterator
from math import isclose

from sim.config import keys
from sim.config.columns import columns_of
from sim.config.draft import Draft
from sim.config.origins import split
from sim.config.schema import MEASURES, Opening
from sim.errors import Problem, did_you_mean


def problems(draft: Draft) -> Iterator[Problem]:
    """Faults of target, warnings, precision, correlations, openings and scenarios."""
    yield from _columns(draft)
    yield from _precision(draft)
    yield from _correlations(draft)
    for name, opening in draft.study.openings.items():
        yield from _opening(f"openings.{name}", opening)
    yield from _scenarios(draft)
    yield from _pack(draft)


def _columns(draft: Draft) -> Iterator[Problem]:
    """Names of output columns in target and warnings."""
    if not draft.whole("outputs", "timeline", "reported"):
        return  # some columns are unknown
    study = draft.study
    made = [columns_of(index, output, study) for index, output in draft.outputs]
    if any(faults for _, faults in made):
        return
    known = [column.name for columns, _ in made for column in columns]
    asked: list[tuple[str, str]] = [(f"warnings.{name}.output", each.output) for name, each in study.warnings.items()]
    if study.target is not None:
        asked.append(("target.output", study.target.output))
        asked.extend((f"target.alternatives.{label}", name) for label, name in study.target.alternatives.items())
    asked.extend((f"pack.parts.{index}", name) for index, name in enumerate(study.pack.parts))
    for leaf, name in asked:
        if name in known:
            continue
        periods = [column for column in known if column.startswith(f"{name}.")]
        if periods:
            what, advice = f'"{name}" has several columns', f"name one of them, such as {periods[0]}"
        else:
            what = f'no output makes a column "{name}"'
            add = f"add `- {{cell: {name.split('.')[0]}}}` to `outputs`"
            advice = did_you_mean(name, known) or f"the columns are {keys.listing(known, 6)}; for another {add}"
        yield Problem(leaf, what, advice)


def _precision(draft: Draft) -> Iterator[Problem]:
    """What is asked about the target needs one."""
    asked, study = draft.study.run.precision, draft.study
    if asked is None or study.target is not None or "target" in draft.broken:
        return
    for key, given in (("probability", asked.probability), ("until", asked.until)):
        if given is not None:
            yield Problem(f"run.precision.{key}", "is about the target, and the study has none", "add `target`")


def _pack(draft: Draft) -> Iterator[Problem]:
    """Drivers of the grid, and cells that are drawn by period."""
    pack, drivers = draft.study.pack, draft.names("drivers")
    for name in pack.grid:
        if name not in drivers and "drivers" not in draft.broken:
            advice = did_you_mean(name, drivers) or f"the drivers are {keys.listing(drivers)}"
            yield Problem(f"pack.grid.{name}", f'unknown driver "{name}"', advice)
    cells = [output.cell for _, output in draft.outputs]
    for key, cell in (("demand", pack.demand), ("supply", pack.supply), ("binding", pack.binding)):
        if cell is not None and cell not in cells and "outputs" not in draft.broken:
            advice = did_you_mean(cell, cells) or f"add `- {{cell: {cell}, at: ...}}` to `outputs`"
            yield Problem(f"pack.{key}", f'no output is the cell "{cell}"', advice)


def _correlations(draft: Draft) -> Iterator[Problem]:
    dependence = draft.study.dependence
    if dependence.copula == "t" and dependence.degrees_of_freedom is None:
        yield Problem("dependence", "a t copula needs degrees_of_freedom", "add for example `degrees_of_freedom: 4`")
    elif dependence.copula != "t" and dependence.degrees_of_freedom is not None:
        what = f"a {dependence.copula} copula has no degrees_of_freedom"
        yield Problem("dependence.degrees_of_freedom", what, "write `copula: t` beside it, or remove it")
    known = draft.names("drivers")
    seen: dict[frozenset[str], int] = {}
    for index, pair in draft.correlations:
        leaf = f"dependence.correlations.{index}"
        given = [name for name in MEASURES if getattr(pair, name) is not None]
        if not given:
            yield Problem(leaf, "says no correlation", "add for example `spearman: 0.5`")
        elif len(given) > 1:
            yield Problem(leaf, f"gives {keys.listing(given)}", "keep one of them")
        for position, name in enumerate(pair.between):
            if name not in known and "drivers" not in draft.broken:
                advice = did_you_mean(name, known) or f"the drivers are {keys.listing(known)}"
                yield Problem(f"{leaf}.between.{position}", f'unknown driver "{name}"', advice)
        names = frozenset(pair.between)
        if len(names) == 1:
            yield Problem(f"{leaf}.between", "pairs a driver with itself", "name two different drivers")
        elif names in seen:
            what = f"{' and '.join(pair.between)} are paired already by correlation {seen[names]} (counted from 0)"
            yield Problem(f"{leaf}.between", what, "keep one of the two")
        seen.setdefault(names, index)


def _opening(leaf: str, opening: Opening) -> Iterator[Problem]:
    numbers = {"value": opening.value, "unit": opening.unit, "source": opening.sources}
    given = [key for key, value in numbers.items() if value is not None]
    missing = [key for key in numbers if key not in given]
    if opening.from_ is not None and given:
        what = f"`from` excludes {keys.listing(given)}"
        yield Problem(leaf, what, "give `from: cell`, or value, unit and source")
    elif opening.from_ is None and missing:
        advice = "give value, unit and source, or `from: cell`"
        yield Problem(leaf, f"lacks {keys.listing(missing)}", advice)


def _scenarios(draft: Draft) -> Iterator[Problem]:
    scenarios = draft.study.scenarios
    for name, scenario in scenarios.items():
        for key in scenario.set:
            leaf = f"scenarios.{name}.set.{key}"
            fault = keys.fault(split(key), draft.document)
            if fault and not draft.touches(split(key)):
                yield Problem(leaf, *fault, draft.origins.key_place(leaf))
    weights = [scenario.weight for scenario in scenarios.values() if scenario.weight is not None]
    total = sum(weights)
    if not weights or not draft.whole("scenarios"):
        return
    complete = len(weights) == len(scenarios)
    if complete and not isclose(total, 1.0, abs_tol=1e-9):
        yield Problem("scenarios", f"the weights sum to {total:.10g}, not to 1", "correct them")
    elif total > 1 + 1e-9:
        yield Problem("scenarios", f"the weights sum to {total:.10g}, more than 1", "correct them")
