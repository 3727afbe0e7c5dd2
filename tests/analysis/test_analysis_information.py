"""The value of information agrees with closed forms of the normal decision, and can neither fall nor be invented.

Estimates must lie within BOUND = 7.9 of their own standard errors of the exact value (false alarm 1e-6). What is surely
caught with 131,072 paths stands in `test_what_is_caught`.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from sim.analysis import information, policies
from sim.analysis.information import Information, monotone
from sim.analysis.payoffs import Payoffs
from sim.analysis.policies import Learner, Paid
from sim.errors import InputError, ModelFailure
from tests.analysis.normal_decision import BOUND, CAUGHT, Linear, agrees, decision, worth

PATHS = 131_072


def learn(model: Linear, price: float, paths: int = PATHS, **how: object) -> Information:
    together = how.pop("together", ())
    made = decision(price, **how)  # type: ignore[arg-type]
    return information.analyse(model.run(paths), model, model, made, together)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def independent() -> tuple[Linear, Information]:
    model = Linear([3, 2, 0.5], shock=2)
    return model, learn(model, 101)


@pytest.fixture(scope="module")
def correlated() -> tuple[Linear, Information]:
    model = Linear([3, 2, 1], [[1, 0.6, 0], [0.6, 1, 0], [0, 0, 1]])
    return model, learn(model, 98, together=[["a", "c"]])


def test_independent_drivers_are_worth_their_closed_form(independent: tuple[Linear, Information]) -> None:
    model, found = independent
    assert [each.name for each in found.singles] == ["a", "b", "c"]
    for each in found.singles[:2]:
        agrees(each.worth, worth(model.known(each.name), -1))
    # sd 0.5 against a lead of 1 is worth 0.0042: the rule is rarely used.
    assert found.singles[2].worth.value == pytest.approx(worth(0.5, -1), abs=BOUND * 0.004)
    agrees(found.perfect.worth, worth(model.sd, -1))
    assert found.today == "hold"
    assert found.perfect.changes == pytest.approx(stats.norm.sf(1 / model.sd), abs=0.01)


def test_every_driver_without_the_shock(independent: tuple[Linear, Information]) -> None:
    """Nested: EVPPI of all drivers; with the innovations known too it is the EVPI."""
    model, found = independent
    agrees(found.drivers.worth, worth(model.known("a", "b", "c"), -1))
    assert found.drivers.worth.value < found.perfect.worth.value
    assert found.nested == (16_384, 64)


def test_the_mean_of_both_nested_bounds_is_nearer_than_either(monkeypatch: pytest.MonkeyPatch) -> None:
    """With only four draws of a large shock: each bound is off by ``bias``, their mean by a fraction of it."""
    monkeypatch.setattr(policies, "DRAWS", 4)
    monkeypatch.setattr(policies, "NESTED", PATHS)
    model = Linear([3, 2], shock=3)
    learner = Learner.of(model.run(PATHS), decision(101))
    found = learner.all_drivers(model, ("z",), learner.perfect())
    assert found.bias > 0.08
    assert abs(found.worth.value - worth(model.known("a", "b"), -1)) < 0.25 * found.bias


def test_correlated_drivers_tell_of_each_other(correlated: tuple[Linear, Information]) -> None:
    model, found = correlated
    of = {each.name: each for each in found.singles}
    for name in "abc":
        agrees(of[name].worth, worth(model.known(name), 2))
    (group,) = found.groups
    assert group.members == ("a", "b")
    agrees(group.worth, worth(model.known("a", "b"), 2))
    (asked,) = found.sets
    agrees(asked.worth, worth(model.known("a", "c"), 2))
    assert worth(model.known("a"), 2) > 1.5 * worth(3 * 0.8, 2)  # what b adds through the correlation


def test_all_drivers_equal_the_evpi_when_nothing_else_varies(correlated: tuple[Linear, Information]) -> None:
    model, found = correlated
    assert found.drivers.worth == found.perfect.worth
    agrees(found.perfect.worth, worth(model.sd, 2))


def test_a_shock_that_does_nothing_leaves_all_drivers_at_the_evpi() -> None:
    model = Linear([3, 2])
    model.innovations = ("z",)
    found = learn(model, 101, 20_000)
    assert model.calls > 10
    assert found.drivers.worth.value == pytest.approx(found.perfect.worth.value, abs=1e-12)


@pytest.mark.parametrize("error", [0.0, 1.0, 3.0])
def test_sample_information_is_worth_its_closed_form(error: float) -> None:
    """EVSI: a ~ N(0, 1) seen with an error of sd e; preposterior sd of E[y] is 3 / sqrt(1 + e^2)."""
    found = learn(Linear([3, 2]), 101, observe={"seen": (["a"], error)})
    (seen,) = found.disclosures
    agrees(seen.worth, worth(3 / np.hypot(1, error), -1))
    assert seen.explained == pytest.approx(9 / (1 + error**2) / 13, abs=0.01)


def test_two_signals_are_worth_more_than_one() -> None:
    found = learn(Linear([3, 2]), 101, observe={"one": (["a"], 1.0), "both": (["a", "b"], 1.0)})
    agrees(found.disclosures[1].worth, worth(np.sqrt(13 / 2), -1))
    assert found.disclosures[1].worth.value > found.disclosures[0].worth.value


def test_three_actions_and_costs_against_quadrature() -> None:
    """Sell, hold, buy with a cost of 1% of 99 a trade: E[max] of the piecewise linear pay-off by quadrature."""
    model, sizes = Linear([3, 2]), {"sell": -1.0, "hold": 0.0, "buy": 1.0}
    found = learn(model, 99, sizes=sizes, trade=0.01)
    assert found.today == "buy"

    def exact(sd: float) -> float:
        def pays(m: float) -> float:
            return max(0.0, abs(m - 99) - 0.99) * float(stats.norm.pdf(m, 100, sd))

        kinks = [98.01, 99.99]
        return integrate.quad(pays, 100 - 10 * sd, 100 + 10 * sd, points=kinks, limit=200)[0] - 0.01

    agrees(found.perfect.worth, exact(model.sd))
    for each in found.singles:
        agrees(each.worth, exact(model.known(each.name)))
    assert [stretch.action for stretch in found.singles[0].rule] == ["sell", "hold", "buy"]
    assert found.singles[0].rule[1].low == pytest.approx((98.01 - 100) / 3, abs=0.05)
    assert found.singles[0].rule[1].high == pytest.approx((99.99 - 100) / 3, abs=0.05)


def test_what_is_caught(independent: tuple[Linear, Information]) -> None:
    """The smallest bias that is seen with probability 1 - 1e-6 is 8% of the EVPI."""
    _, found = independent
    assert BOUND < CAUGHT < 25
    assert CAUGHT * found.perfect.worth.error < 0.08 * found.perfect.worth.value


def test_the_order_of_research_adds_up(correlated: tuple[Linear, Information]) -> None:
    _, found = correlated
    assert [step.driver for step in found.plan] == ["a", "b", "c"]
    total = 0.0
    for step in found.plan:
        total += step.adds.value
        assert step.worth.value == pytest.approx(total, abs=1e-12)
    assert found.plan[-1].worth.value <= found.perfect.worth.value


def test_drivers_beyond_research_are_priced_but_not_first() -> None:
    found = learn(Linear([3, 2]), 101, 20_000, beyond=["a"])
    assert found.singles[0].name == "a"
    assert found.first is not None
    assert found.first.name == "b"
    assert [step.driver for step in found.plan] == ["b"]


def test_equal_drivers_are_tied() -> None:
    found = learn(Linear([2, 2, 0.5]), 101, 50_000)
    assert found.first is not None
    assert {found.first.name, *found.tied} == {"a", "b"}


# --- monotone and not invented ---


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1), st.floats(-6, 6), st.sampled_from([208, 400, 1000]), st.booleans())
def test_never_negative_and_never_falling(seed: int, lead: float, paths: int, shock: bool) -> None:
    """Random weights, prices and chains of sets, few enough paths that the raw estimates do fall."""
    random = np.random.default_rng(seed)
    model = Linear(random.normal(size=4).round(2) + 0.01, shock=float(shock))
    chain = [str(name) for name in random.permutation(list("abcd"))]
    found = learn(model, 100 + lead, paths, together=[chain[:2], chain[:3], chain])
    every = {frozenset(each.members): each.worth.value for each in (*found.singles, *found.sets, found.drivers)}
    assert min(every.values()) >= 0
    for one, other in combinations(every, 2):
        if one < other:
            assert every[one] <= every[other]
        if other < one:
            assert every[other] <= every[one]
    assert max(every.values()) <= found.perfect.worth.value
    steps = [step.worth.value for step in found.plan]
    assert steps == sorted(steps)


SETS = st.dictionaries(
    st.frozensets(st.sampled_from("abcde"), min_size=1),
    st.floats(-2, 2).map(lambda mean: Paid(np.linspace(mean - 1, mean + 1, 16))),
    min_size=1,
)


@given(SETS, st.floats(0, 3))
def test_monotone_raises_to_the_best_subset_and_no_further(found: dict[frozenset[str], Paid], most: float) -> None:
    perfect = Paid(np.full(16, most))
    raised = monotone(found, perfect)
    for names, paid in raised.items():
        best = max([0.0, *(each.worth.value for subset, each in found.items() if subset <= names)])
        assert paid.worth.value == pytest.approx(min(best, most), abs=1e-12)


def test_noise_is_not_taken_for_knowledge() -> None:
    """A driver without influence, on a knife's edge: rules learnt on other paths pay nothing on average.

    One-sided 1e-6; a rule fitted and paid on the same paths earns 8 of these standard errors and would be caught.
    """
    held_out, in_sample = [], []
    for seed in range(60):
        random = np.random.default_rng(seed)
        model = Linear([1.0])
        run = model.run(416)
        run.columns.column("y")[:] = 100 + random.standard_normal(416)
        learner = Learner.of(run, decision(100))
        held_out.append(learner.single("a")[0].worth.value)
        regression = learner.regression(["a"])
        in_sample.append(learner.paid(regression.curve(learner.column("a"))).worth.value)
    bound = stats.t.isf(1e-6, 59)
    assert np.mean(held_out) <= bound * np.std(held_out, ddof=1) / np.sqrt(60)
    assert np.mean(in_sample) > bound * np.std(in_sample, ddof=1) / np.sqrt(60)


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(-9, 9)), min_size=2, max_size=7, unique_by=lambda t: t[0]))
def test_the_best_action_is_the_highest_line(lines: list[tuple[int, int]]) -> None:
    lines = sorted(lines)
    payoffs = Payoffs(tuple(map(str, range(len(lines)))), *np.array(lines, float).T)  # type: ignore[arg-type]
    at = np.linspace(-30, 30, 241)
    highest = (payoffs.slopes[:, None] * at + payoffs.constants[:, None]).max(axis=0)
    assert payoffs.paid(payoffs.best(at), at) == pytest.approx(highest, abs=1e-9)


def test_payoffs_by_hand() -> None:
    """At 100, 10% over a year, 0.1% a trade, 2% to borrow: 99 today is worth 90; held already costs nothing."""
    from sim.config.decision import Costs, Horizon, Rate

    rate = {"source": ("judgement",)}
    made = decision(100, {"buy": 1.0, "keep": 0.5, "short": -1.0}).model_copy(
        update={
            "horizon": Horizon(months=12), "required_return": Rate(value=0.1, **rate),  # type: ignore[arg-type]
            "held": 0.5,
            "costs": Costs(trade=Rate(value=0.001, **rate), borrow=Rate(value=0.02, **rate)),  # type: ignore[arg-type]
        }
    )  # fmt: skip
    payoffs = Payoffs.of(made)
    assert payoffs.names == ("short", "keep", "buy")
    at = np.array([99.0])
    paid = {name: float(payoffs.paid(i, at)[0]) for i, name in enumerate(payoffs.names)}
    assert paid == pytest.approx({"buy": -10 - 0.05, "keep": -5.0, "short": 10 - 0.15 - 2})


# --- refusals ---


def test_too_few_paths_are_refused_in_a_sentence() -> None:
    with pytest.raises(ModelFailure, match=r"only 199 valid paths: too few to learn from; repeat the run with --paths"):
        learn(Linear([1.0]), 100, 199)


def test_a_safe_decision_is_worth_no_research() -> None:
    found = learn(Linear([1.0, 1.0], shock=1), 200, 5_000, observe={"seen": (["a"], 0.0)})
    assert found.perfect.worth.value == 0
    assert found.first is None
    assert found.plan == ()
    assert found.drivers.worth.value == 0


@pytest.mark.parametrize(
    ("names", "said"),
    [(["a"], "1 drivers are named"), (["a", "aa"], 'no driver "aa"'), (["a", "a"], "1 drivers are named")],
)
def test_wrong_sets_are_refused(names: list[str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        learn(Linear([1.0, 1.0]), 100, 500, together=[names])


def test_invalid_paths_are_left_out_and_counted() -> None:
    model = Linear([3, 2])
    run = model.run(40_000)
    run.columns.column("y")[::7] = np.nan
    found = information.analyse(run, model, model, decision(101))
    assert (found.paths, found.invalid) == (40_000 - 5_715, 5_715)
    agrees(found.singles[0].worth, worth(3, -1))


def test_drivers_of_an_updated_run_stand_alone() -> None:
    model = Linear([3, 2])
    model.copula = "updated"  # type: ignore[misc]
    found = learn(model, 101, 50_000)
    assert found.groups == ()
    assert found.nested == (0, 0)
    agrees(found.drivers.worth, worth(model.known("a", "b"), -1))
