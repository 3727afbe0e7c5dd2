"""The stopping rule: each kind of error by hand, and verdicts that are wrong no more often than they say."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sim.analysis import efficiency
from sim.analysis.estimate import T_95, describe, describe_tally, probability, share
from sim.analysis.precision import analyse, as_dict
from sim.config.precision import Precision
from sim.run.result import PERCENTILES, REPLICATES, Tally
from tests.statistical import FALSE_ALARM

GOAL = 179.0


def tally(column: np.ndarray, replicated: bool = True, goal: float = GOAL) -> Tally:
    """What counting a column gives, with a bin for each value."""
    values, counts = np.unique(column, return_counts=True)
    parts = [column[r::REPLICATES] for r in range(REPLICATES)]
    marks = np.quantile(column, np.array(PERCENTILES) / 100)
    ranks = np.array([[np.mean(part <= mark) for part in parts] for mark in marks])
    squares = float(((column - column.mean()) ** 2).sum())
    return Tally(
        column.size, 0, float(column.mean()), squares, counts, values, values, counts, counts,
        mean_error=float(np.std([part.mean() for part in parts], ddof=1)) / 4 if replicated else None,
        rank_errors=ranks.std(axis=1, ddof=1) / 4 if replicated else None,
        valid=np.array([part.size for part in parts]),
        reached={goal: np.array([np.count_nonzero(part >= goal) for part in parts])},
    )  # fmt: skip


@pytest.fixture(scope="module")
def column() -> np.ndarray:
    return np.random.default_rng(5).normal(170, 30, size=16_384)


def test_each_error_is_the_half_width_of_the_printed_interval(column: np.ndarray) -> None:
    asked = Precision(probability=0.01, mean=0.01, percentiles=0.01)
    one = tally(column)
    look = analyse(column.size, {"y": one}, asked, [("y", GOAL)], replicated=True)
    assert one.valid is not None
    assert one.mean_error is not None
    low, high = share(one.reached[GOAL], one.valid, True).interval
    assert look.errors["probability"].error == pytest.approx((high - low) / 2)
    assert look.errors["mean"].error == pytest.approx(T_95 * one.mean_error / one.mean)
    found = describe_tally(one)
    widest = max(
        (found.percentile_intervals[p][1] - found.percentile_intervals[p][0]) / 2 / found.percentiles[p]
        for p in (5, 50, 95)
    )
    assert look.errors["percentiles"].error == pytest.approx(widest)
    assert look.errors["probability"].of == "P(y >= 179)"
    assert look.errors["percentiles"].of in {f"P{p} of y" for p in (5, 50, 95)}


def test_confidence_widens_by_the_quantiles_of_t(column: np.ndarray) -> None:
    errors = []
    for confidence in (0.8, 0.95, 0.99):
        asked = Precision(mean=0.01, probability=0.01, confidence=confidence)
        errors.append(analyse(column.size, {"y": tally(column)}, asked, [("y", GOAL)], replicated=True).errors)
    for kind in ("mean", "probability"):
        each = [found[kind].error for found in errors]
        wanted = [stats.t.ppf((1 + c) / 2, 15) for c in (0.8, 0.95, 0.99)]
        assert np.array(each) / each[0] == pytest.approx(np.array(wanted) / wanted[0])


def test_independent_paths_have_errors_of_their_number(column: np.ndarray) -> None:
    asked = Precision(mean=0.01, probability=0.01)
    errors = analyse(column.size, {"y": tally(column, False)}, asked, [("y", GOAL)], replicated=False).errors
    exact = describe(column)
    assert errors["mean"].error == pytest.approx(1.96 * exact.standard_error / exact.mean, rel=1e-3)
    low, high = probability(int(np.count_nonzero(column >= GOAL)), column.size).interval
    assert errors["probability"].error == pytest.approx((high - low) / 2)


def test_a_number_near_zero_is_measured_by_the_spread(column: np.ndarray) -> None:
    """A mean of nothing with a spread of 30: an error relative to the mean itself would never be met."""
    centred = column - column.mean()
    asked = Precision(mean=0.02, percentiles=0.05)
    look = analyse(column.size, {"y": tally(centred)}, asked, [], replicated=True)
    one = tally(centred)
    assert one.mean_error is not None
    assert look.errors["mean"].error == pytest.approx(T_95 * one.mean_error / 30, rel=0.05)
    assert look.met


def test_the_worst_output_decides_and_shares_are_probabilities(column: np.ndarray) -> None:
    rough = 170 + 20 * (column - 170)
    rare = (column > 240).astype(float)  # 1%: an error of 1% of its size would take a hundred times the paths
    tallies = {"fine": tally(column), "rough": tally(rough), "rare": tally(rare)}
    asked = Precision(probability=0.01, mean=0.01)
    look = analyse(column.size, tallies, asked, [("fine", GOAL)], shares=["rare"], replicated=True)
    assert look.errors["mean"].of == "rough"
    assert not look.met
    assert analyse(column.size, {"fine": tallies["fine"], "rare": tallies["rare"]}, asked, [("fine", GOAL)],
                   shares=["rare"], replicated=True).met  # fmt: skip
    alone = analyse(column.size, tallies, Precision(probability=0.0001), [], shares=["rare"], replicated=True)
    assert alone.errors["probability"].of == "mean of rare"


def test_what_has_no_error_has_not_met() -> None:
    one = tally(np.full(1024, 3.0))
    broken = Tally(**{**one.__dict__, "mean_error": math.nan, "mean": math.nan})
    found = analyse(1024, {"y": broken}, Precision(mean=0.5), [], replicated=True)
    assert not found.met
    assert found.as_dict()["errors"]["mean"]["error"] is None
    assert analyse(1024, {"y": one}, Precision(mean=0.5, percentiles=0.5), [], replicated=True).met


def test_a_mean_without_a_variance_is_never_settled() -> None:
    """Cauchy: its replicates' means have a spread, which means nothing."""
    rng = np.random.default_rng(8)
    cauchy = rng.normal(size=16_384) / rng.normal(size=16_384)
    found = analyse(16_384, {"y": tally(cauchy)}, Precision(mean=0.999, percentiles=0.5), [], replicated=True)
    assert found.errors["mean"].error == math.inf
    assert found.errors["percentiles"].met


def counted(hits: np.ndarray, paths: int) -> Tally:
    each = np.full(REPLICATES, paths // REPLICATES)
    nothing = np.array([0.0])
    return Tally(
        paths, 0, 0.0, 1.0, np.array([paths]), nothing, nothing, np.array([paths]), np.array([paths]),
        mean_error=0.0, rank_errors=np.zeros(len(PERCENTILES)), valid=each, reached={GOAL: hits},
    )  # fmt: skip


def verdict(asked: Precision, chance: float, rng: np.random.Generator, replicated: bool) -> tuple[str, int]:
    """The answer of a run whose paths reach the target independently, and the look that gave it."""
    hits, before, paths = np.zeros(REPLICATES, np.int64), None, 0
    for number, size in enumerate(asked.looks):
        hits = hits + rng.binomial((size - paths) // REPLICATES, chance, REPLICATES)
        paths = size
        look = analyse(paths, {"y": counted(hits, paths)}, asked, [("y", GOAL)], replicated=replicated, before=before)
        before = look.answer
        if look.met:
            return str(look.answer), number
    return "open", len(asked.looks)


RUNS, MOST = 400, 16_384 * 2**9
BARELY = 0.5 + 0.4 * 0.5 / math.sqrt(MOST)


@pytest.mark.parametrize("replicated", [True, False], ids=["replicates", "independent"])
@pytest.mark.parametrize("confidence", [0.95, 0.8])
def test_verdicts_are_wrong_no_more_often_than_stated(replicated: bool, confidence: float) -> None:
    """P so close to the hurdle that every look may err: 0.4 standard errors of the last look above it.

    Of 400 runs no more than a share 1 - confidence may give the wrong side: a rule that is wrong as often as it may be
    exceeds the bound below with probability 1e-6, and one that is wrong twice as often surely does at 80%.
    """
    rng = np.random.default_rng(17)
    asked = Precision(until="verdict", confidence=confidence, max_paths=MOST)
    answers = [verdict(asked, BARELY, rng, replicated)[0] for _ in range(RUNS)]
    assert answers.count("below") <= stats.binom.isf(FALSE_ALARM, RUNS, 1 - confidence)
    assert answers.count("open") > 0.5 * RUNS


def test_looking_often_would_be_wrong_more_often_if_the_chance_were_not_shared() -> None:
    """The yardstick of the test above: bounds at 80% taken at every look are wrong in far more than 20% of runs."""
    rng, wrong = np.random.default_rng(17), 0
    for _ in range(RUNS):
        hits, paths = 0, 0
        for size in Precision(until="verdict", max_paths=MOST).looks:
            hits, paths = hits + int(rng.binomial(size - paths, BARELY)), size
            low, high = probability(hits, paths, 1 - 2 * 0.2).interval
            if low > 0.5 or high < 0.5:
                wrong += high < 0.5
                break
    assert wrong > stats.binom.isf(FALSE_ALARM, RUNS, 0.2)


@pytest.mark.parametrize(("chance", "answer"), [(0.37, "below"), (0.52, "above"), (0.0001, "below"), (1.0, "above")])
def test_a_clear_verdict_comes_early(chance: float, answer: str) -> None:
    asked = Precision(until="verdict", max_paths=10**9)
    given, number = verdict(asked, chance, np.random.default_rng(3), True)
    assert given == answer
    assert number <= 2


def test_a_verdict_once_given_stands() -> None:
    asked = Precision(until="verdict")
    even = counted(np.full(REPLICATES, 512), 16_384)
    found = [
        analyse(16_384, {"y": even}, asked, [("y", GOAL)], replicated=True, before=before)
        for before in (None, "open", "above", "below")
    ]
    assert [look.answer for look in found] == ["open", "open", "above", "below"]
    told = as_dict(asked, found, ("y", GOAL))
    assert told["verdict"]["answer"] == "below"
    assert told["verdict"]["chance_of_error"] == pytest.approx(0.05)
    assert told["verdict"]["spent_each_look"] == pytest.approx(0.05 / len(asked.looks))
    assert told["stopped_by"] == "precision"


def test_plain_as_data(column: np.ndarray) -> None:
    asked = Precision(probability=0.01, mean=0.00001)
    look = analyse(column.size, {"y": tally(column)}, asked, [("y", GOAL)], replicated=True)
    told: dict[str, Any] = as_dict(asked, [look], ("y", GOAL))
    assert (told["met"], told["stopped_by"], told["paths"], told["verdict"]) == (False, "max_paths", 16_384, None)
    assert told["asked"]["max_paths"] == 16_777_216
    assert {kind: worst["met"] for kind, worst in told["errors"].items()} == {"probability": True, "mean": False}
    assert [each["paths"] for each in told["looks"]] == [16_384]


def test_plain_monte_carlos_error_and_the_ratio_of_variances(column: np.ndarray) -> None:
    one = tally(column)
    assert one.valid is not None
    of_mean = efficiency.of_mean(describe_tally(one))
    assert of_mean.plain == pytest.approx(column.std(ddof=1) / 128)
    assert of_mean.ratio == pytest.approx((of_mean.plain / of_mean.error) ** 2)
    low, high = of_mean.interval
    assert (low / of_mean.ratio, high / of_mean.ratio) == pytest.approx(
        (stats.chi2.ppf(0.025, 15) / 15, stats.chi2.ppf(0.975, 15) / 15)
    )
    assert low < 1 < high  # these paths are independent
    found = share(one.reached[GOAL], one.valid, True)
    of_share = efficiency.of_probability(found)
    assert of_share is not None
    assert of_share.plain == pytest.approx(probability(one.reached[GOAL].sum(), column.size).standard_error)
    assert efficiency.of_probability(probability(3, 1000)) is None
