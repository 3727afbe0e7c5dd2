"""The question as a whole: what it defaults to, what it refuses and in which words, and that it is plain data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from sim.analysis import believe, prim, target
from sim.errors import InputError
from sim.run.result import Group
from tests.analysis.believed_models import MEAN, SD, linear_run
from tests.analysis.plain_models import Held, Model, normal

TARGET = {"output": "y", "at_least": MEAN + SD, "price": MEAN}


@pytest.fixture(scope="module", autouse=True)
def few_resamples() -> Iterator[None]:
    """Intervals of limits are judged in the tests of boxes; here they only take time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prim, "RESAMPLES", 8)
        yield


def ask(paths: int = 20_000, **how: object) -> believe.Belief:
    model, run = linear_run(paths, TARGET)
    return believe.analyse(run, model, model, **how)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def asked() -> believe.Belief:
    return ask()


def test_the_question_defaults_to_the_target_and_its_price(asked: believe.Belief) -> None:
    assert (asked.output, asked.at_least, asked.probability) == ("y", MEAN + SD, 0.5)
    assert asked.levels == {"target": MEAN + SD, "price": MEAN}
    assert asked.refusals == {}
    assert {one.name for one in asked.implied} == {"a", "b", "c"}
    assert [part.name for part in asked.parts] == ["left", "right"]
    assert {moved.name for moved in asked.moved} == {"a", "b", "c", "right"}  # drivers, and what the study shows
    assert asked.box is not None
    assert 1 <= len(asked.box.limits) <= 3


def test_the_answer_is_plain_data_and_the_same_again(asked: believe.Belief) -> None:
    text = json.dumps(asked.as_dict(), allow_nan=False)
    assert text == json.dumps(ask().as_dict(), allow_nan=False)


def test_the_probability_is_that_of_the_target_test_whatever_the_sampler() -> None:
    """Sobol's replicates are not independent paths: `sim prob` and `sim believe` give one interval."""
    model, plain = linear_run(20_000, TARGET)
    for sampler in ("philox", "sobol"):
        run = replace(plain, manifest={**plain.manifest, "sampler": sampler})
        found = believe.analyse(run, model, model)
        assert found.success == target.analyse(run, "y", MEAN + SD).success
        assert (found.success.standard_error == found.error) == (sampler == "sobol")


def test_every_error_is_there(asked: believe.Belief) -> None:
    assert asked.error > 0
    for moved in asked.moved:
        for spread in (moved.before, moved.after):
            assert spread.mean.error > 0
            assert all(found.error > 0 for found in spread.percentiles.values())
    assert asked.shift is not None
    assert all(shift.sds.error > 0 for shift in asked.shift.drivers)
    assert asked.box is not None
    assert asked.box.density.error > 0


@pytest.mark.parametrize(("sds", "what"), [(2.9, "reach it"), (-2.9, "miss it")])
def test_below_fifty_of_either_kind_there_is_a_sentence_instead_of_numbers(sds: float, what: str) -> None:
    """20,000 paths beyond 2.9 sds: 37 are expected, 50 or more happen once in 40 seeds, and this seed is fixed."""
    found = ask(threshold=MEAN + sds * SD)
    assert found.refusals is not None
    sentence = found.refusals["paths"]
    assert what in sentence
    assert "50 are needed" in sentence
    assert "--paths" in sentence
    assert (found.given, found.thresholds, found.box, found.change, found.shift) == ((), (), None, None, None)
    assert len(found.implied) == 3  # what is implied needs no success


def test_without_any_success_no_number_of_paths_is_promised() -> None:
    found = ask(threshold=1e6)
    assert found.refusals is not None
    assert "choose a threshold nearer to the median" in found.refusals["paths"]
    assert "--paths" not in found.refusals["paths"].partition("or")[0]


def test_a_change_that_rests_on_too_few_paths_is_refused() -> None:
    """120 successes asked to weigh 95%: their effective number is 133."""
    model, run = linear_run(20_000, TARGET)
    goal = float(np.sort(run.column("y"))[-120])
    found = believe.analyse(run, model, model, goal, 0.95)
    assert found.refusals is not None
    assert "200 are needed" in found.refusals["change"]
    assert found.change is None
    assert found.moved == ()
    assert "shift" in found.refusals
    assert found.thresholds


def test_another_copula_shifts_no_means() -> None:
    model, run = linear_run(20_000, TARGET)
    model.copula = "student_t"
    found = believe.analyse(run, model, model)
    assert found.refusals is not None
    assert "Gaussian copula only" in found.refusals["shift"]
    assert found.shift is None
    assert found.change is not None


def test_invalid_paths_are_left_out() -> None:
    """Every fifth path has no value: the shares are of the others, and nothing is NaN."""
    model, run = linear_run(20_000, TARGET)
    columns = {name: run.column(name).copy() for name in run.columns.names}
    columns["y"][::5] = np.nan
    broken = believe.analyse(replace(run, columns=Held(columns)), model, model)
    assert broken.success.paths == 16_000
    assert broken.success.probability == pytest.approx(0.1587, abs=0.02)
    json.dumps(broken.as_dict(), allow_nan=False)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"probability": 0.0}, "no probability to aim for"),
        ({"probability": 1.0}, "no probability to aim for"),
        ({"probability": float("nan")}, "no probability to aim for"),
        ({"threshold": float("inf")}, "no threshold"),
        ({"output": "left"}, "no threshold for left"),
        ({"output": "a", "threshold": 1.0}, "is a driver"),
        ({"drivers": ("y",)}, "is an output"),
        ({"drivers": ("aa",)}, 'no column "aa"'),
        ({"density": 1.5}, "no density"),
    ],
    ids=str,
)
def test_a_wrong_question_is_said_to_be_one(how: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        ask(2_000, **how)


def test_no_part_is_made_up() -> None:
    found = ask(threshold=MEAN, parts=("twice",))
    assert found.refusals is not None
    assert "is no part of y" in found.refusals["part twice"]


def test_a_driver_of_few_values_stays_where_it_is() -> None:
    model = Model(
        lambda x: x["a"] + x["d"], {"a": normal(), "d": lambda z: np.floor(z)}, (Group(("a", "d"), np.eye(2)),)
    )
    run = model.run(20_000)
    found = believe.analyse(run, model, model, 1.0, 0.5, "y")
    assert found.shift is not None
    shifts = {shift.name: shift for shift in found.shift.drivers}
    assert not shifts["d"].chosen
    assert shifts["d"].sds.value == 0.0
    assert abs(found.shift.probability - 0.5) < 1e-6
    assert abs(found.shift.checked.value - 0.5) < 6 * found.shift.checked.error
