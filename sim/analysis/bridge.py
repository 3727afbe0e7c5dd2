"""What changed? The change of mean, median and probability from one study to another, driver by driver.

Shapley values over the order of change (Shapley 1953; for a difference of two points, Owen 2014, section 2): each
player, a driver or a group of them, gets its mean step over all orders in which players can pass from the first study
to the second, so that the steps add up to the change with nothing left over. Both studies share their random numbers.

Many players are taken in sampled orders, each with its reverse (antithetic: exact up to interactions of two; Mitchell,
Cooper, Frank and Holmes 2022, JMLR 23, section 4), other orders in each of the 16 replicates, whose spread is then the
error of orders and paths together. Where the runs hold more paths than were valued for the steps, the steps are carried
to the ends that the runs state by regression on the change of the replicates (a control variate: Glasserman 2003,
section 4.1).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.analysis import differences, parts, tails
from sim.analysis.differences import Player, Side
from sim.analysis.estimate import Floats, finite
from sim.analysis.mixtures import ALL_ORDERS, PAIRS, ROWS, Mixed
from sim.analysis.replicates import Estimate, spread
from sim.errors import InputError, ModelFailure, Problem
from sim.run.result import REPLICATES

EVALUATIONS = 1_000_000  # paths valued anew in all: some seconds on two threads


@dataclass(frozen=True)
class Change:
    """One statistic: its ends, their difference, and the step of each player, which add up to it."""

    before: float
    after: float
    change: Estimate
    steps: tuple[Estimate, ...]

    def as_dict(self) -> dict[str, Any]:
        return {
            "before": finite(self.before),
            "after": finite(self.after),
            "change": self.change.as_dict(),
            "steps": [step.as_dict() for step in self.steps],
        }


@dataclass(frozen=True)
class Bridge:
    """``statistics`` (mean, median, probability) by name, ``parts`` the change of the mean by part of the output.

    Steps are in the order of ``players``, the largest change of the first statistic first. ``paths`` were valued for
    the steps, the ends are those of ``end_paths``. ``certain``: nothing in either study varies.
    """

    output: str
    label: str
    unit: str
    threshold: float | None
    players: tuple[Player, ...]
    statistics: Mapping[str, Change]
    parts: Mapping[str, Change]
    paths: int
    end_paths: int
    orders: int | None
    certain: bool
    invalid: int

    def as_dict(self) -> dict[str, Any]:
        return {
            "output": self.output,
            "label": self.label,
            "unit": self.unit,
            "at_least": self.threshold,
            "players": [player.as_dict() for player in self.players],
            "statistics": {name: change.as_dict() for name, change in self.statistics.items()},
            "parts": {name: change.as_dict() for name, change in self.parts.items()},
            "paths": self.paths,
            "end_paths": self.end_paths,
            "orders": self.orders,
            "certain": self.certain,
            "invalid_paths": self.invalid,
        }


def analyse(
    a: Side,
    b: Side,
    output: str,
    threshold: float | None,
    groups: Mapping[str, Sequence[str]] | None = None,
    evaluations: int = EVALUATIONS,
) -> Bridge:
    """The bridge from ``a`` to ``b`` for one output; ``threshold`` None leaves the probability out.

    InputError if nothing differs. The steps of a mean are left out where the output has no variance.
    """
    for side in (a, b):
        side.run.known(output)
        if not side.paired:
            what = f"run {side.run.manifest['run']} was updated by an observation: no driver of it can change alone"
            raise InputError(Problem("", what, "bridge the runs that it came from, or set them side by side"))
    trial = a.drawn(1024), b.drawn(1024)
    players = differences.analyse(a, b, trial, groups or {})
    wanted = [output, *_parts(a, b, trial, output)]
    if _kernels_differ(a, b, trial, wanted):
        players.append(Player(f"{differences.SETTINGS} ({', '.join(differences.sections(a, b))})", ()))
    if not players:
        raise InputError(Problem("", "the two studies give the same value on every path", "compare other runs"))
    paths = _paths(a, b, len(players), evaluations)
    mixed = Mixed(a, b, players, wanted, threshold, paths)
    own = _own_ends(a, b, wanted, paths)
    ends = own or {name: (mixed.end(0, name), mixed.end(1, name)) for name in wanted}
    invalid = sum(int(np.count_nonzero(~np.isfinite(mixed.end(side, output)))) for side in (0, 1))
    if invalid > 0.2 * paths:
        raise ModelFailure(f"more than a tenth of the paths give no finite {output}: a bridge would mislead")
    certain = all(np.ptp(column[np.isfinite(column)]) == 0 for column in ends[output])
    has_mean = all(tails.analyse(column).has_variance for column in ends[output])
    gains = np.array(list(mixed.gains()))  # [replicates, statistics, players]
    names = [*(["mean"] if has_mean else []), "median", *([] if threshold is None else ["probability"])]
    carried = {name: _Carried.of(mixed, name, gains[:, ROWS[name]], *ends[output]) for name in names}
    by_part: dict[str, _Carried] = {}
    if has_mean and len(wanted) > 1:
        for row, name in enumerate(wanted[1:], start=len(ROWS)):
            by_part[name] = _Carried.of(mixed, "mean", gains[:, row], *ends[name])
        carried["mean"] = carried["mean"].made_of(list(by_part.values()))
    found = {name: each.change() for name, each in carried.items()}
    order = sorted(range(len(players)), key=lambda i: -abs(found[names[0]].steps[i].value))
    return Bridge(
        output,
        b.run.label(output),
        b.run.unit(output),
        threshold,
        tuple(players[i] for i in order),
        {name: _ordered(change, order) for name, change in found.items()},
        {name: _ordered(each.change(), order) for name, each in by_part.items()},
        paths,
        ends[output][0].size,
        None if len(players) <= ALL_ORDERS else 2 * PAIRS * REPLICATES,
        certain,
        invalid,
    )


@dataclass(frozen=True)
class _Carried:
    """Steps carried to the ends: step + slope x what the change over all paths has beyond that of the steps' paths.

    ``steps`` float64[players]; ``rest`` and ``moved`` float64[R, players] are what varies over the replicates: the
    steps less slope x change, and slope x the change of all paths. Slopes add up to one, so steps to the change.
    """

    before: float
    after: float
    changes: Floats
    steps: Floats
    rest: Floats
    moved: Floats

    @staticmethod
    def of(mixed: Mixed, name: str, gains: Floats, before: Floats, after: Floats) -> _Carried:
        """gains: float64[R, players], steps of the replicates; before, after: whole columns."""
        ends = mixed.statistic(name, before), mixed.statistic(name, after)
        slope, change = _slope(gains), gains.sum(axis=1)
        changes = mixed.changes(name, before, after)
        steps = gains.mean(axis=0) + slope * (ends[1] - ends[0] - change.mean())
        return _Carried(*ends, changes, steps, gains - slope * change[:, None], slope * changes[:, None])

    def made_of(self, parts: Sequence[_Carried]) -> _Carried:
        """The same change, each player's step the sum of its steps in the parts."""
        steps, rest, moved = (np.sum([getattr(p, key) for p in parts], axis=0) for key in ("steps", "rest", "moved"))
        return _Carried(self.before, self.after, self.changes, steps, rest, moved)

    def change(self) -> Change:
        """Errors add those of the steps (two degrees of freedom are spent, on mean and slope) and of the ends."""
        whole, steps = self.after - self.before, self.steps.copy()
        steps[np.argmax(np.abs(steps))] += whole - math.fsum(steps)  # rounding alone
        scale = math.sqrt((REPLICATES - 1) / (REPLICATES - 2))
        errors = [math.hypot(spread(self.rest[:, i]) * scale, spread(self.moved[:, i])) for i in range(self.steps.size)]
        found = tuple(Estimate(float(step), error) for step, error in zip(steps, errors, strict=True))
        return Change(self.before, self.after, Estimate(whole, spread(self.changes)), found)


def _slope(gains: Floats) -> Floats:
    """Regression of each player's step on the whole change over the replicates: float64[players], adding up to one.

    Where the change does not vary there is nothing to carry, and the largest step would take it.
    """
    change = gains.sum(axis=1)
    centred = change - change.mean()
    square = float(centred @ centred)
    if square <= 1e-24 * float(np.max(np.abs(gains), initial=0.0)) ** 2:
        return np.asarray(np.eye(gains.shape[1])[int(np.argmax(np.abs(gains.mean(axis=0))))])
    return np.asarray(centred @ (gains - gains.mean(axis=0)) / square)


def _ordered(change: Change, order: Sequence[int]) -> Change:
    return Change(change.before, change.after, change.change, tuple(change.steps[i] for i in order))


def _paths(a: Side, b: Side, players: int, evaluations: int) -> int:
    """Paths for the steps: a power of two, whole replicates of Sobol points, as many as ``evaluations`` allow."""
    mixtures = 2**players if players <= ALL_ORDERS else 2 * PAIRS * (players - 1) + 2
    most = min(max(evaluations // mixtures, 1024), max(a.run.paths, b.run.paths))
    return int(max(2 ** math.floor(math.log2(most)), 2 * REPLICATES))


def _own_ends(a: Side, b: Side, wanted: Sequence[str], paths: int) -> dict[str, tuple[Floats, Floats]] | None:
    """The paths that both runs hold, if they share their streams and are more than were valued for the steps."""
    common = min(a.run.paths, b.run.paths)
    if common <= paths or not all(side.stored and set(wanted) <= set(side.run.columns.names) for side in (a, b)):
        return None
    return {name: (a.run.column(name)[:common], b.run.column(name)[:common]) for name in wanted}


def _parts(a: Side, b: Side, drawn: Sequence[Mapping[str, Floats]], output: str) -> tuple[str, ...]:
    """Parts that both studies have and that add up in both."""
    found = parts.analyse(b.run, b.model, output)
    if not found or found != parts.analyse(a.run, a.model, output):
        return ()
    paths = np.arange(len(next(iter(drawn[0].values()))))
    for side in (a, b):
        if not parts.add_up(side.value(paths, outputs=[output, *found]), output, found):
            return ()
    return found


def _kernels_differ(a: Side, b: Side, drawn: Sequence[Mapping[str, Floats]], wanted: Sequence[str]) -> bool:
    """Whether the two models give other values for the same drivers and innovations."""
    paths = np.arange(len(next(iter(drawn[0].values()))))
    same = {name: column for name, column in drawn[0].items() if name in drawn[1]}
    one = a.value(paths, outputs=wanted)
    other = b.value(paths, same, outputs=wanted)
    return not all(np.array_equal(one[name], other[name], equal_nan=True) for name in wanted)
