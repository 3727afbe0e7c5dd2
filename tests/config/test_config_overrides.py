"""`--set key=value` and `--scenario NAME`."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim import config
from sim.config.origins import split
from sim.config.resolved import scalar

Reads = Callable[..., config.Reading]


def test_a_set_leaf_says_so_and_what_it_overrode(reads: Reads, right: str) -> None:
    reading = reads(right, sets=("drivers.multiple[aidc].marginal.p10=2.5",))
    assert reading.problems == []
    assert reading.study is not None
    assert reading.study.drivers["multiple[aidc]"].marginal.given["p10"] == 2.5
    assert str(reading.origins.place("drivers.multiple[aidc].marginal.p10")) == "--set"
    ((place, value),) = reading.origins.history("drivers.multiple[aidc].marginal.p10")
    assert (str(place), value) == ("study.yaml:23:38", 2.4)


def test_later_sets_win_and_scenarios_give_way(reads: Reads, right: str) -> None:
    mode = "drivers.share.marginal.mode"
    reading = reads(right, scenario="bull", sets=(f"{mode}=0.40", f"{mode}=0.41"))
    assert reading.document["drivers"]["share"]["marginal"]["mode"] == 0.41
    assert [value for _, value in reading.origins.history(mode)] == [0.35, 0.44, 0.40]


def test_a_scenario_is_laid_over_with_its_own_lines(reads: Reads, right: str) -> None:
    reading = reads(right, scenario="bear")
    assert reading.problems == []
    assert reading.document["drivers"]["share"]["marginal"]["mode"] == 0.25
    assert str(reading.origins.place("drivers.share.marginal.mode")) == "study.yaml:49:72"


def test_what_was_not_given_can_be_set(reads: Reads, right: str) -> None:
    sets = (
        "drivers.share.marginal.truncate.low=0.25",
        "drivers.share.note=narrower",
        "target.hurdle=0.1",
        "as_of=2025-09-18",
        "drivers.margin.marginal={kind: fixed, value: 0.1}",
        "drivers.multiple[aidc].source=[note, later]",
        "outputs.1.at=2026Q4",
    )
    reading = reads(
        right.replace("run: {paths: 1_048_576, seed: 179, sampler: philox}\n", ""), sets=(*sets, "run.seed=5")
    )
    assert [problem.what for problem in reading.problems] == [
        '"later" was published on 2025-10-01, after `as_of` (2025-09-18)'
    ]
    assert reading.document["run"] == {"seed": 5}
    assert reading.document["drivers"]["margin"]["marginal"] == {"kind": "fixed", "value": 0.1}
    assert reading.document["drivers"]["share"]["marginal"]["truncate"] == {"low": 0.25}
    assert reading.document["outputs"][1]["at"] == "2026Q4"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("run.sed=7", '--set run.sed: run takes no "sed"; did you mean "seed"?'),
        ("drivers.shar.unit=x", '--set drivers.shar.unit: drivers has no "shar"; did you mean "share"?'),
        ("drivers.multiple[aidd].unit=x", '--set drivers.multiple[aidd].unit: drivers has no "multiple[aidd]"; '
         'did you mean "multiple[aidc]"?'),
        ("drivers.share.marginal.mod=1", '--set drivers.share.marginal.mod: drivers.share.marginal takes no "mod"; '
         'did you mean "mode"?'),
        ("drivers.share.unit.x=1", '--set drivers.share.unit.x: drivers.share.unit is one value and has no "x" inside; '
         "set drivers.share.unit itself"),
        ("share=0.4", '--set share: the study takes no "share"; share is a driver: write drivers.share.marginal.mode'),
        ("share.marginal.mode=0.4", '--set share.marginal.mode: the study takes no "share"; '
         "share is a driver: write drivers.share.marginal.mode"),
        ("drivers={}", "--set drivers: drivers is a whole section; set one leaf of it, such as drivers.NAME..."),
        ("run=5", "--set run: run is a whole section; set one leaf of it, such as run.NAME..."),
        ("outputs.9.at=2026Q4", '--set outputs.9.at: outputs has no item "9"; its items are counted from 0 to 2'),
        ("extends=x", "--set extends: this cannot be set; name a leaf such as drivers.NAME.marginal.mode"),
        ("run.seed", '--set "run.seed" has no value; write --set key=value, such as --set run.seed=7'),
        ("=5", "--set the key is missing; write --set key=value, such as --set run.seed=7"),
        ("run.seed=[1", "--set run.seed: this [ is never closed; add the closing ]"),
        ("run.seed=x", '--set run.seed: must be a whole number, not "x"; '
         "write a number without a decimal point, such as 10"),
        ("run.seed=", "--set run.seed: must be a whole number, not empty; "
         "write a number without a decimal point, such as 10"),
        ("study=no", None),
        ("study=a = b", None),
        ("model=!!python/name:os.system x", "--set model: the tag !!python/name:os.system is not allowed; remove it; "
         "the only tag a study may use is !reset"),
    ],
)  # fmt: skip
def test_wrong_sets(text: str, said: str | None, reads: Reads, right: str) -> None:
    lines = [str(problem).split("\n")[0] for problem in reads(right, sets=(text,)).problems]
    assert lines == ([] if said is None else [said])


def test_the_caret_of_a_set_stands_under_its_value(reads: Reads, right: str) -> None:
    _, line, caret = str(reads(right, sets=("run.seed=x7",)).problems[0]).split("\n")
    assert line[caret.index("^") :] == "x7"


def test_unknown_scenarios(reads: Reads, right: str) -> None:
    problem = reads(right, scenario="bul").problems[0]
    assert (problem.what, problem.advice) == ('the study has no scenario "bul"', 'did you mean "bull"?')
    problem = reads(right, scenario="omdia").problems[0]
    assert problem.advice == "it has bull and bear"
    assert str(reads("study: x\n", scenario="bull").problems[0].place) == "--scenario"


def test_weights_need_not_sum_to_one_while_some_are_missing(reads: Reads, right: str) -> None:
    some = right.replace("bull: {story: More., weight: 0.4", "bull: {story: More.")
    assert reads(some).problems == []
    assert [p.what for p in reads(some.replace("weight: 0.6", "weight: 1.0").replace(
        "bull: {story: More.", "bull: {story: More., weight: 0.4"
    )).problems] == ["the weights sum to 1.4, not to 1"]  # fmt: skip


def test_every_scenario_is_checked_whichever_is_chosen(reads: Reads, right: str) -> None:
    text = right.replace("marginal.mode: 0.25", "marginal.mode: 0.05")
    expected = "mode (0.05) is below low (0.22)"
    assert [p.what for p in reads(text, scenario="bull").problems] == [f'in scenario "bear": {expected}']
    assert [p.what for p in reads(text, scenario="bear").problems] == [expected]


@pytest.mark.parametrize(
    ("leaf", "keys"),
    [
        ("drivers.segment_multiple[aidc].marginal.mode", ("drivers", "segment_multiple[aidc]", "marginal", "mode")),
        ("outputs.3.cell", ("outputs", "3", "cell")),
        ("a[b.c].d", ("a[b.c]", "d")),
        ("study", ("study",)),
    ],
)
def test_leaves_split_at_dots_outside_brackets(leaf: str, keys: tuple[str, ...]) -> None:
    assert split(leaf) == keys


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None, derandomize=True)
@given(
    st.text(st.characters(codec="utf-8"), min_size=1)
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False)
)
def test_what_is_set_is_what_is_read(reads: Reads, right: str, value: str | int | float) -> None:
    """Any text, and any number, survives being written as YAML and set."""
    leaf = "drivers.share.note" if isinstance(value, str) else "target.at_least"
    reading = reads(right, sets=(f"{leaf}={scalar(value)}",))
    assert reading.problems == []
    section = reading.document["drivers"]["share"]["note"] if isinstance(value, str) else None
    assert (section if isinstance(value, str) else reading.document["target"]["at_least"]) == value
