"""What is worth finding out? The value of information for a decision about an output, per one decided on.

EVPI: what it would be worth to know the output itself before deciding. EVPPI: to know some drivers. EVSI: to see a
disclosed figure (Raiffa and Schlaifer 1961, ch. 4; Strong, Oakley and Brennan 2014). Knowledge is worth what the better
decisions pay more, on average, than today's decision does.

Worths are estimated by decision rules fitted to some paths and paid on others (`sim.analysis.policies`). Nothing is
worth less than nothing, and who knows more never decides worse: a set of drivers is worth at least what each of its
subsets that was looked at is worth, for their rules may be followed still, and at most the EVPI, which holds path by
path. Both are enforced (`monotone`), so they hold for estimates as they do for the truth.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from sim.analysis.estimate import Floats
from sim.analysis.policies import Learner, Paid, Stretch
from sim.analysis.replicates import Estimate
from sim.config.decision import Decision
from sim.errors import InputError, Problem, did_you_mean
from sim.run.result import Inputs, Run, Value

Kind = Literal["driver", "group", "set", "drivers", "disclosure", "perfect"]
STEPS = 4  # of the order of research
CANDIDATES = 6  # for each step
GAUSSIAN = "gaussian"
LARGEST = 12  # drivers known at once in one regression


@dataclass(frozen=True)
class Knowledge:
    """What knowing something before deciding is worth. ``changes`` is the share of paths on which one then does
    something else than today, ``explained`` the share of the output's variance that it explains (NaN: not asked).

    ``rule`` says what to do for which values of a single quantity. ``beyond``: no research can settle it.
    """

    name: str
    label: str
    kind: Kind
    members: tuple[str, ...]
    worth: Estimate
    changes: float
    explained: float = float("nan")
    unit: str = "1"
    rule: tuple[Stretch, ...] = ()
    beyond: bool = False

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "label": self.label,
            "kind": self.kind,
            "members": list(self.members),
            "worth": self.worth.as_dict(),
            "changes": self.changes,
            "explained": None if np.isnan(self.explained) else self.explained,
            "unit": self.unit,
            "rule": [each.as_dict() for each in self.rule],
            "beyond_research": self.beyond,
        }


@dataclass(frozen=True)
class Prospect:
    """An action as things stand: what it pays on average, and on which share of paths it turns out best."""

    name: str
    label: str
    size: float
    pays: Estimate
    best_on: float

    def as_dict(self) -> dict[str, Any]:
        said = {"name": self.name, "label": self.label, "size": self.size}
        return {**said, "pays": self.pays.as_dict(), "best_on": self.best_on}


@dataclass(frozen=True)
class Step:
    """The next thing to find out, when all steps before are known: ``worth`` with them, ``adds`` beyond them."""

    driver: str
    label: str
    worth: Estimate
    adds: Estimate

    def as_dict(self) -> dict[str, Any]:
        said = {"driver": self.driver, "label": self.label}
        return {**said, "worth": self.worth.as_dict(), "adds": self.adds.as_dict()}


@dataclass(frozen=True)
class Information:
    """The value of information for one decision. ``singles`` by falling worth.

    ``today`` is the action that pays most as things stand, ``lead`` how much more than the next. ``tied`` are drivers
    not distinguishable from the first by the Monte Carlo error. ``nested`` are the paths whose innovations were drawn
    anew, and how often: (0, 0) without innovations, and for a run updated by observations, where `drivers` is a lower
    bound by regression.
    """

    decision: Decision
    output: str
    unit: str
    today: str
    lead: Estimate
    actions: tuple[Prospect, ...]
    perfect: Knowledge
    drivers: Knowledge
    groups: tuple[Knowledge, ...]
    singles: tuple[Knowledge, ...]
    sets: tuple[Knowledge, ...]
    disclosures: tuple[Knowledge, ...]
    plan: tuple[Step, ...]
    tied: tuple[str, ...]
    paths: int
    invalid: int
    nested: tuple[int, int]

    @property
    def first(self) -> Knowledge | None:
        """The driver to research first, or None if none of those open to research changes the decision."""
        return next((s for s in self.singles if s.worth.value > 0 and not s.beyond), None)

    def as_dict(self) -> dict[str, Any]:
        decision = self.decision
        return {
            "decision": decision.decision,
            "output": self.output,
            "unit": self.unit,
            "price": decision.price.value,
            "months": decision.horizon.months,
            "required_return": decision.required_return.value,
            "quantity": decision.quantity,
            "today": self.today,
            "today_label": decision.label(self.today),
            "lead": self.lead.as_dict(),
            "actions": [each.as_dict() for each in self.actions],
            "action_labels": {name: decision.label(name) for name in decision.actions},
            "first": self.first.name if self.first else None,
            "tied": list(self.tied),
            "perfect": self.perfect.as_dict(),
            "all_drivers": self.drivers.as_dict(),
            "groups": [each.as_dict() for each in self.groups],
            "drivers": [each.as_dict() for each in self.singles],
            "sets": [each.as_dict() for each in self.sets],
            "disclosures": [each.as_dict() for each in self.disclosures],
            "plan": [each.as_dict() for each in self.plan],
            "paths": self.paths,
            "invalid": self.invalid,
            "nested": {"paths": self.nested[0], "draws": self.nested[1]},
        }


def analyse(
    run: Run, value: Value, inputs: Inputs, decision: Decision, together: Sequence[Sequence[str]] = ()
) -> Information:
    """The worth of each driver, each connected group, each disclosure, of ``together`` (sets of drivers), of all.

    InputError for names the run does not have; ModelFailure with fewer than 200 valid paths.
    """
    groups = _groups(run, inputs)
    sets = tuple(_asked(inputs, groups, names) for names in together)
    learner = Learner.of(run, decision)
    perfect = learner.perfect()
    found: dict[frozenset[str], Paid] = {}
    rules: dict[str, tuple[Stretch, ...]] = {}
    for name in (name for group in groups for name in group):
        found[frozenset((name,))], rules[name] = learner.single(name)
    joined = [group for group in groups if len(group) > 1]
    for names in (*joined, *sets):
        if frozenset(names) not in found:
            found[frozenset(names)] = learner.several(_telling(names, found))
    everything = frozenset(rules)
    by_law = inputs.copula == GAUSSIAN
    if everything and by_law:
        found[everything] = learner.all_drivers(value, inputs.innovations, perfect)
    elif everything not in found and everything:
        found[everything] = learner.several(_telling(everything, found))
    plan = _plan(learner, found, perfect, [n for n in rules if n not in decision.beyond_research])
    worths = monotone(found, perfect)

    def known(names: Sequence[str], kind: Kind) -> Knowledge:
        key = frozenset(names)
        paid, single = worths[key], len(names) == 1
        label = run.label(names[0]) if single else " + ".join(run.label(name) for name in _telling(names, found))
        return Knowledge(
            "+".join(names), label, kind, tuple(names), paid.worth, paid.changes, found[key].explained,
            run.unit(names[0]) if single else "1",
            rules[names[0]] if single else (),
            all(name in decision.beyond_research for name in names),
        )  # fmt: skip

    singles = sorted((known((name,), "driver") for name in rules), key=lambda k: (-k.worth.value, -k.explained, k.name))
    nothing = Knowledge("", "every driver", "drivers", (), Estimate(0.0, 0.0), 0.0)
    drivers = known(tuple(sorted(everything)), "drivers") if everything else nothing
    disclosures = []
    for number, (name, disclosure) in enumerate(decision.disclosures.items()):
        raw, rule = learner.disclosure(disclosure, number)
        paid = monotone({frozenset(disclosure.observe): raw}, perfect)[frozenset(disclosure.observe)]
        label = disclosure.label or name.replace("_", " ")
        said = (paid.worth, paid.changes, raw.explained, run.unit(disclosure.observe[0]), rule)
        disclosures.append(Knowledge(name, label, "disclosure", disclosure.observe, *said))
    open_ones = [s for s in singles if not s.beyond and s.worth.value > 0]
    return Information(
        decision, decision.output, run.unit(decision.output), learner.payoffs.names[learner.today],
        learner.lead(), tuple(Prospect(n, decision.label(n), decision.actions[n].size, *learner.prospect(n))
                              for n in decision.actions),
        Knowledge("perfect", "the value itself", "perfect", (), perfect.worth, perfect.changes, 1.0),
        Knowledge("drivers", "every driver", "drivers", drivers.members, drivers.worth, drivers.changes),
        tuple(sorted((known(g, "group") for g in joined), key=lambda k: (-k.worth.value, k.name))),
        tuple(singles),
        tuple(known(names, "set") for names in sets),
        tuple(disclosures),
        plan,
        tuple(s.name for s in open_ones[1:] if _indistinct(worths, open_ones[0].name, s.name)),
        learner.output.size, learner.invalid, learner.nested if by_law and inputs.innovations else (0, 0),
    )  # fmt: skip


def monotone(found: Mapping[frozenset[str], Paid], perfect: Paid) -> dict[frozenset[str], Paid]:
    """Worths that are never negative, never fall when something more is known, and never exceed the EVPI.

    Each set takes the best rule among its own and those of its subsets; to ignore what one knows is one of them.
    """
    nothing = Paid(np.zeros_like(perfect.parts), 0.0)
    raised: dict[frozenset[str], Paid] = {}
    for names in found:
        rules = [paid for subset, paid in found.items() if subset <= names]
        best = max([nothing, *rules], key=lambda paid: paid.worth.value)
        raised[names] = best if best.worth.value <= perfect.worth.value else perfect
    return raised


def _groups(run: Run, inputs: Inputs) -> tuple[tuple[str, ...], ...]:
    """The drivers that vary, those correlated with each other together.

    Those of a run updated by observations are tied in no way that can be told beforehand: each stands alone.
    """
    if inputs.copula == GAUSSIAN:
        return tuple(group.drivers for group in inputs.groups)
    return tuple((name,) for name in run.drivers if name not in inputs.fixed)


def _asked(inputs: Inputs, groups: Sequence[Sequence[str]], names: Sequence[str]) -> tuple[str, ...]:
    known = [name for group in groups for name in group]
    for name in names:
        if name in inputs.fixed:
            raise InputError(Problem("--together", f'"{name}" is fixed: it is known already', "leave it out"))
        if name not in known:
            advice = did_you_mean(name, known) or "name drivers of the study"
            raise InputError(Problem("--together", f'the run has no driver "{name}"', advice))
    if not 2 <= len(set(names)) <= LARGEST:
        raise InputError(
            Problem("--together", f"{len(set(names))} drivers are named", f"name 2 to {LARGEST}, with commas between")
        )
    return tuple(dict.fromkeys(names))


def _telling(names: Iterable[str], found: Mapping[frozenset[str], Paid]) -> list[str]:
    """Of a set the drivers that explain most by themselves, at most `LARGEST`: to know these is one of its rules."""
    return sorted(names, key=lambda name: (-found[frozenset((name,))].explained, name))[:LARGEST]


def _plan(
    learner: Learner, found: dict[frozenset[str], Paid], perfect: Paid, open_ones: Sequence[str]
) -> tuple[Step, ...]:
    """What to find out first, second, ...: at each step what adds most to what is then known (greedy).

    The sets looked at are added to ``found``. It ends when nothing adds more than twice its error.
    """
    alone = {name: found[frozenset((name,))] for name in open_ones if found[frozenset((name,))].worth.value > 0}
    candidates = sorted(alone, key=lambda name: -alone[name].worth.value)[:CANDIDATES]
    if not candidates:
        return ()
    known = [candidates[0]]
    joint = learner.regression(candidates) if len(candidates) > 1 else None
    while joint is not None and len(known) < min(STEPS, len(candidates)):
        before = found[frozenset(known)]
        tried: dict[str, Paid] = {}
        for name in candidates:
            if name not in known:
                key = frozenset((*known, name))
                if key not in found:
                    found[key] = learner.paid(joint.expected([candidates.index(each) for each in (*known, name)]))
                tried[name] = found[key]
        name = max(tried, key=lambda each: tried[each].worth.value)
        adds = Paid(tried[name].parts - before.parts).worth
        if not adds.value > 2 * adds.error:
            break
        known.append(name)
    worths = monotone(found, perfect)
    steps, before = [], Paid(np.zeros_like(perfect.parts))
    for i, name in enumerate(known):
        here = worths[frozenset(known[: i + 1])]
        steps.append(Step(name, learner.run.label(name), here.worth, Paid(here.parts - before.parts).worth))
        before = here
    return tuple(steps)


def _indistinct(worths: Mapping[frozenset[str], Paid], first: str, other: str) -> bool:
    parts: Floats = worths[frozenset((first,))].parts - worths[frozenset((other,))].parts
    gap = Paid(parts).worth
    return not gap.value > 2 * gap.error
