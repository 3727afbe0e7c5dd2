"""Bridges between two studies: exact Shapley steps, nothing left over, honest errors, dependence, refusals."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from sim.analysis import bridge
from sim.errors import InputError
from tests.analysis.studies_of_functions import FunctionStudy, Law
from tests.statistical import assert_proportion, proportion_caught


def adds_up(found: bridge.Bridge) -> bool:
    """Steps of every statistic add up to its change, within 1e-12 of its larger end."""
    return all(
        abs(math.fsum(step.value for step in change.steps) - (change.after - change.before))
        <= 1e-12 * max(abs(change.before), abs(change.after), 1e-300)
        for change in (*found.statistics.values(), *found.parts.values())
    )


def steps_of(found: bridge.Bridge, statistic: str = "mean") -> dict[str, float]:
    change = found.statistics[statistic]
    return {player.name: step.value for player, step in zip(found.players, change.steps, strict=True)}


def test_certain_studies_have_exact_steps() -> None:
    """f = a b + c from (2, 3, 5) to (4, 7, 6): a gets 2 x (3 + 7) / 2, b gets 4 x (2 + 4) / 2, c gets 1."""
    outputs = {"y": lambda a, b, c: a * b + c}
    before = FunctionStudy(Law({"a": (2.0, 0.0), "b": (3.0, 0.0), "c": (5.0, 0.0)}), outputs)
    after = FunctionStudy(Law({"a": (4.0, 0.0), "b": (7.0, 0.0), "c": (6.0, 0.0)}), outputs)
    found = bridge.analyse(before.side(64), after.side(64), "y", 20.0)
    assert steps_of(found) == pytest.approx({"b": 12.0, "a": 10.0, "c": 1.0}, rel=1e-14)
    assert found.certain
    assert adds_up(found)
    assert found.orders is None
    assert [player.name for player in found.players] == ["b", "a", "c"]
    change = found.statistics["probability"]
    assert (change.before, change.after) == (0.0, 1.0)
    # Of all sets only {a, b}, {b, c} and {a, b, c} reach 20: b decides in 4 of 6 orders, a and c in one each.
    assert steps_of(found, "probability") == pytest.approx({"a": 1 / 6, "b": 4 / 6, "c": 1 / 6}, rel=1e-12)


def test_sampled_orders_are_exact_up_to_interactions_of_two() -> None:
    """Eight players, a sum of pairwise products: each order and its reverse give the Shapley value, so no error."""
    names = [f"x{i}" for i in range(8)]
    text = " + ".join(f"{n}*{m}" for n, m in pairwise(names))
    function = eval(f"lambda {', '.join(names)}: {text}")
    before = FunctionStudy(Law({n: (1.0 + i, 0.0) for i, n in enumerate(names)}), {"y": function})
    after = FunctionStudy(Law({n: (3.0 + 2 * i, 0.0) for i, n in enumerate(names)}), {"y": function})
    found = bridge.analyse(before.side(64), after.side(64), "y", None)
    a, b = before.law.medians, after.law.medians
    for i, name in enumerate(names):
        expected = sum((a[n] + b[n]) / 2 * (b[name] - a[name]) for n in names[max(i - 1, 0) : i + 2] if n != name)
        assert steps_of(found)[name] == pytest.approx(expected, rel=1e-12)
    assert found.orders is not None
    assert adds_up(found)


def test_sampled_orders_with_interactions_of_all_are_within_their_errors() -> None:
    """A product of seven drivers: the exact Shapley values by symmetry, 7 orders of magnitude above rounding."""
    names = [f"x{i}" for i in range(7)]
    function = eval(f"lambda {', '.join(names)}: {' * '.join(names)}")
    before = FunctionStudy(Law(dict.fromkeys(names, (1.0, 0.05))), {"y": function})
    after = FunctionStudy(Law(dict.fromkeys(names, (1.5, 0.05))), {"y": function})
    found = bridge.analyse(before.side(4096), after.side(4096), "y", 5.0)
    expected = found.statistics["mean"].change.value / 7
    for step in found.statistics["mean"].steps:
        assert step.error > 0
        assert abs(step.value - expected) < 6.5 * step.error  # t with 14 degrees of freedom: 1e-5 each
    assert adds_up(found)


def test_steps_are_carried_to_the_ends_of_the_runs() -> None:
    """Fewer paths are valued than the runs hold: ends are the runs' own, steps add up to them, zeros stay zero."""
    outputs = {
        "y": lambda one, two: one + two,
        "one": lambda a, b: np.exp(a) + b,
        "two": lambda c: np.exp(c),
    }
    whole = {**outputs, "y": lambda a, b, c: np.exp(a) + b + np.exp(c)}
    laws = [Law({"a": (m, 0.5), "b": (1.0 + m, 1.0), "c": (2 * m, 0.3)}) for m in (0.0, 0.4)]
    a, b = (FunctionStudy(law, whole) for law in laws)
    model = {
        **a.model(),
        "horizon": [
            {"name": "y", "arguments": [{"kind": "cell", "of": "", "targets": [n]} for n in ("one", "two")]},
            *(cell for cell in a.model()["horizon"] if cell["name"] != "y"),
        ],
    }
    found = bridge.analyse(a.side(16_384, model=model), b.side(16_384, model=model), "y", 4.0, None, 8192)
    assert found.paths == 1024
    assert found.end_paths == 16_384
    assert adds_up(found)
    for name, change in found.statistics.items():
        assert change.before == pytest.approx(bridge.Mixed.statistic(_asks(4.0), name, a.side(16_384).run.column("y")))
    assert set(found.parts) == {"one", "two"}
    steps = {name: dict(zip([p.name for p in found.players], c.steps, strict=True)) for name, c in found.parts.items()}
    assert steps["two"]["a"].value == steps["two"]["b"].value == steps["one"]["c"].value == 0.0
    for i, step in enumerate(found.statistics["mean"].steps):
        assert step.value == pytest.approx(sum(c.steps[i].value for c in found.parts.values()), rel=1e-12)


class _asks:
    """Stands for the mixtures where only the threshold is asked for."""

    def __init__(self, threshold: float):
        self.threshold = threshold


def test_errors_cover() -> None:
    """95% intervals of the two steps of a mean (closed form) over 800 seeds, ends of 4,096 paths, steps of 1,024.

    y = exp(a) + b a: step of b is (mean a) x change of mean b / 2 and so on. Coverage below 85.5% or above 99% is
    surely caught; a right interval fails with probability 1e-6.
    """
    seeds = 800
    assert proportion_caught(seeds, 0.95)[0] > 0.85
    hits = np.zeros((2, seeds), bool)
    # a ~ N(0, .5) -> N(.2, .5), b ~ N(1, 1) -> N(2, 1), independent; E[exp a] = exp(m + .125)
    grown = math.exp(0.2 + 0.125) - math.exp(0.125)
    truth = {"a": grown + 0.2 * 1.5, "b": 1.0 * 0.1}
    for seed in range(seeds):
        sides = [
            FunctionStudy(Law({"a": (m, 0.5), "b": (n, 1.0)}), {"y": lambda a, b: np.exp(a) + a * b}, seed, 4096)
            for m, n in ((0.0, 1.0), (0.2, 2.0))
        ]
        found = bridge.analyse(sides[0].side(4096), sides[1].side(4096), "y", None, None, 4096)
        for row, name in enumerate(truth):
            place = [player.name for player in found.players].index(name)
            low, high = found.statistics["mean"].steps[place].interval
            hits[row, seed] = low <= truth[name] <= high
    for row in hits:
        assert_proportion(row, 0.95)


def test_changed_dependence_makes_one_player() -> None:
    """Marginals of a and b stay, their correlation changes: one player named for both, with the change of E[ab]."""
    outputs = {"y": lambda a, b, c: a * b + c}
    scales = {"a": (0.0, 1.0), "b": (0.0, 1.0), "c": (0.0, 1.0)}
    one = np.eye(3)
    other = np.array([[1.0, 0.6, 0.0], [0.6, 1.0, 0.0], [0.0, 0.0, 1.0]])
    before, after = FunctionStudy(Law(scales, one), outputs), FunctionStudy(Law(scales, other), outputs)
    found = bridge.analyse(before.side(8192), after.side(8192), "y", None)
    (player,) = found.players
    assert player.drivers == ("b",)  # under common normals only b is drawn otherwise
    (step,) = found.statistics["mean"].steps
    assert abs(step.value - 0.6) < 6.5 * step.error
    moved = FunctionStudy(Law({**scales, "a": (1.0, 1.0)}, other), outputs)
    found = bridge.analyse(before.side(4096), moved.side(4096), "y", None)
    assert [p.drivers for p in found.players] == [("a", "b")]
    assert "their dependence" in found.players[0].name
    with pytest.raises(InputError, match="changes together"):
        bridge.analyse(before.side(4096), moved.side(4096), "y", None, {"mine": ["a"]})


def test_other_settings_are_a_player_only_if_they_change_a_value() -> None:
    """An opening of 10 becomes 12, a driver moves by 1: steps 2 and 1; a settings change without effect is none."""
    law = [Law({"a": (m, 1.0)}) for m in (0.0, 1.0)]
    before = FunctionStudy(law[0], {"y": lambda a: a + 10.0})
    after = FunctionStudy(law[1], {"y": lambda a: a + 12.0})
    sides = (
        before.side(4096, settings=lambda: {"openings": 10, "model": "m"}),
        after.side(4096, settings=lambda: {"openings": 12, "model": "m"}),
    )
    found = bridge.analyse(*sides, "y", None)
    assert steps_of(found) == pytest.approx({"model and other settings (openings)": 2.0, "a": 1.0}, rel=1e-12)
    same = FunctionStudy(law[1], {"y": lambda a: 10.0 + a})
    found = bridge.analyse(before.side(4096), same.side(4096, settings=lambda: {"title": 1}), "y", None)
    assert list(steps_of(found)) == ["a"]


def test_groups_merge_drivers() -> None:
    outputs = {"y": lambda a, b, c: a * b + c}
    before = FunctionStudy(Law({"a": (2.0, 0.0), "b": (3.0, 0.0), "c": (5.0, 0.0)}), outputs)
    after = FunctionStudy(Law({"a": (4.0, 0.0), "b": (7.0, 0.0), "c": (6.0, 0.0)}), outputs)
    found = bridge.analyse(before.side(64), after.side(64), "y", None, {"both": ["a", "b"]})
    assert steps_of(found) == pytest.approx({"both": 22.0, "c": 1.0})
    for group, said in ((["d"], 'no driver "d" in both'), (["a", "bb"], 'no driver "bb"')):
        with pytest.raises(InputError, match=said):
            bridge.analyse(before.side(64), after.side(64), "y", None, {"g": group})


def test_what_it_refuses_or_leaves_out() -> None:
    outputs = {"y": lambda a, b: a / b}
    law = Law({"a": (1.0, 1.0), "b": (0.0, 1.0)})
    study = FunctionStudy(law, outputs)
    with pytest.raises(InputError, match="same value on every path"):
        bridge.analyse(study.side(64), study.side(64), "y", None)
    with pytest.raises(InputError, match='no column "z"'):
        bridge.analyse(study.side(64), study.side(64), "z", None)
    moved = FunctionStudy(Law({**law.drivers, "a": (2.0, 1.0)}), outputs)
    found = bridge.analyse(study.side(16_384), moved.side(16_384), "y", 1.0)
    assert set(found.statistics) == {"median", "probability"}  # a ratio to a normal has no variance
    assert not found.parts
    assert adds_up(found)
    with pytest.raises(InputError, match="updated by an observation"):
        bridge.analyse(study.side(64), replace(moved.side(64), paired=False), "y", None)
