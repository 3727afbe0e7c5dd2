"""What differs between two studies: drivers, their dependence, and everything else (model, openings, schedules)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.analysis.estimate import Floats
from sim.errors import InputError, Problem, did_you_mean
from sim.run.result import Inputs, Run, Value

SETTINGS = "model and other settings"


@dataclass(frozen=True)
class Side:
    """One of two studies that are set side by side, drawn from the same streams as the other.

    ``drawn(n)`` gives its drivers on the first n paths, ``settings()`` its study without drivers, as plain data by
    section. ``stored`` is False where the run's own columns were drawn from other streams than ``value``'s, ``paired``
    where its path i has nothing to do with the other's (an updated run, whose paths are chosen).
    """

    run: Run
    value: Value
    inputs: Inputs
    model: Mapping[str, Any]
    drawn: Callable[[int], Mapping[str, Floats]]
    settings: Callable[[], Mapping[str, Any]]
    stored: bool = True
    paired: bool = True


@dataclass(frozen=True)
class Player:
    """Drivers that change together; ``before`` and ``after`` are the median of a single one."""

    name: str
    drivers: tuple[str, ...]
    before: float | None = None
    after: float | None = None
    unit: str = "1"

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "drivers": list(self.drivers),
            "before": self.before,
            "after": self.after,
            "unit": self.unit,
        }


def analyse(
    a: Side, b: Side, drawn: tuple[Mapping[str, Floats], Mapping[str, Floats]], groups: Mapping[str, Sequence[str]]
) -> list[Player]:
    """The drivers that differ, one player each; those of one ``groups`` entry together.

    A driver differs if its value does on any of the paths in ``drawn``. Where the dependence within a connected group
    of drivers differs as well, its drivers are one player: a mixture of two dependences is neither study's.
    Drivers that only one study has are part of its model, not players.
    """
    shared = [name for name in a.run.drivers if name in drawn[1]]
    differ = [name for name in shared if not np.array_equal(drawn[0][name], drawn[1][name])]
    bundles: list[tuple[str, list[str]]] = [(_label(b.run, name), [name]) for name in differ]
    for members in _changed_dependence(a.inputs, b.inputs):
        inside = [name for name in differ if name in members]
        if len(inside) > 1:
            bundles = [bundle for bundle in bundles if bundle[1][0] not in inside]
            bundles.append((" + ".join(_label(b.run, name) for name in inside) + ", and their dependence", inside))
    for name, wanted in groups.items():
        _check(name, wanted, differ, shared)
        merged = [bundle for bundle in bundles if set(bundle[1]) & set(wanted)]
        together = {driver for _, drivers in merged for driver in drivers}
        if extra := sorted(together - set(wanted)):
            what = f"{extra[0]} is not in it but changes together with one that is, as their dependence differs"
            raise InputError(Problem(f"--group {name}", what, f"add {', '.join(extra)}"))
        bundles = [bundle for bundle in bundles if bundle not in merged] + [(name, sorted(together))]
    return [_player(a, b, name, tuple(drivers)) for name, drivers in bundles]


def sections(a: Side, b: Side) -> list[str]:
    """Sections of the study, besides its drivers, that differ: ``openings``, ``windows``; the model if none does."""
    one, other = a.settings(), b.settings()
    keys = [key for key in {**one, **other} if key != "scenarios" and one.get(key) != other.get(key)]
    return keys or ["the model's text"]


def _changed_dependence(a: Inputs, b: Inputs) -> list[set[str]]:
    """Connected groups of drivers, over both studies, whose members, correlations or copula differ."""
    laws = [{(g.drivers, g.matrix.tobytes(), side.copula): g for g in side.groups} for side in (a, b)]
    rest = [set(g.drivers) for law in laws for key, g in law.items() if key not in laws[0].keys() & laws[1].keys()]
    joined: list[set[str]] = []
    for members in rest:
        touching = [group for group in joined if group & members]
        joined = [group for group in joined if group not in touching] + [members.union(*touching)]
    return [group for group in joined if len(group) > 1]


def _check(group: str, members: Sequence[str], differ: Sequence[str], shared: Sequence[str]) -> None:
    for name in members:
        if name not in differ:
            if name in shared:
                what, advice = f"{name} is the same in both studies", f"these differ: {', '.join(differ[:8]) or 'none'}"
            else:
                what = f'there is no driver "{name}" in both'
                advice = did_you_mean(name, differ) or f"these differ: {', '.join(differ[:8]) or 'none'}"
            raise InputError(Problem(f"--group {group}", what, advice))


def _label(run: Run, driver: str) -> str:
    return run.label(driver)


def _player(a: Side, b: Side, name: str, drivers: tuple[str, ...]) -> Player:
    if len(drivers) != 1:
        return Player(name, drivers)
    driver = drivers[0]
    return Player(name, drivers, float(a.inputs.medians[driver]), float(b.inputs.medians[driver]), b.run.unit(driver))
