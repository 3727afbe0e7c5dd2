"""The opening of the Alibaba model reproduces what was reported or counted in mid 2025."""

import math

import pytest

from sim.models.alibaba import capacity, cloud, tokens
from sim.models.finance import kept_per_period

GROWTH = tokens.opening_token_growth(3.63)
KEPT = kept_per_period(3.0)


def test_tokens_of_the_june_quarter():
    assert tokens.opening_token_growth(3.63) == pytest.approx(0.7663, abs=5e-5)
    june = tokens.opening_tokens(10.2, GROWTH)
    assert june == pytest.approx(13.93, abs=0.005)
    assert (june + june * math.exp(-GROWTH)) / 2 == pytest.approx(10.2, rel=1e-12)


def test_ai_market_of_the_june_quarter_and_its_token_part():
    market = tokens.opening_ai_market(22.3, 0.19)
    assert market == pytest.approx(12.2, abs=0.05)
    infrastructure = tokens.opening_infrastructure_spend(market, 13.93, 0.70)
    assert market - infrastructure == pytest.approx(0.89, abs=0.005)


@pytest.mark.parametrize("t", [1, 2])
def test_first_quarters_grow_as_omdia_half_years_imply(t):
    long_run = tokens.long_run_token_growth(0.10, 0.8, 0.25)
    growth = long_run + (GROWTH - long_run) * KEPT**t
    trend = 0.10 + (0.22 - 0.10) * kept_per_period(12.0) ** t
    assert 0.15 <= tokens.infrastructure_growth(trend, 0.24, growth, long_run) <= 0.22


def test_long_run_spend_grows_at_its_driver():
    tokens_grow = tokens.long_run_token_growth(0.10, 0.8, 0.25)
    price = tokens.revenue_per_million_tokens(0.70, 0.8, 0.25)
    assert tokens_grow + math.log(price / 0.70) == pytest.approx(0.10 / 4, rel=1e-12)


def test_scope_makes_the_opening_demand_the_company_figure():
    scope = tokens.scope(5.1, 0.358, 12.2)
    assert tokens.ai_demand(12.2, 0.358, scope, 1.0) == pytest.approx(5.1, rel=1e-12)


def test_share_stays_a_share():
    assert tokens.cloud_share(0.02, 0.0, 0.5, 0.05, -4.0) == 0.0
    assert tokens.cloud_share(0.99, 1.0, 0.5, 0.05, 4.0) == 1.0


@pytest.mark.parametrize("growth", [-0.05, 0.0, 0.10, 0.30])
def test_the_plan_spends_its_budget_exactly(growth):
    kept = capacity.capex_growth_kept(4.0)
    ramp = capacity.plan_ramp(growth, kept)
    start = capacity.plan_start(380.0, 1.1, 38.6, 11.0, ramp, 4.0, kept)
    risen, spent = 0.0, []
    for t in range(1, 20):
        risen = capacity.capex_ramp(risen, ramp, kept)
        spent.append(capacity.planned_capex(float(t), start, risen, 11.0))
    assert sum(spent) == pytest.approx(380 * 1.1 - 38.6, rel=1e-12)
    assert all(capex > 0 for capex in spent[:11])
    assert spent[11:] == [0.0] * 8
    # The first step is the driver's yearly growth over four, of the level that the plan starts from.
    assert (spent[0] - start) / start == pytest.approx(growth / 4, abs=1e-12)


def test_a_plan_already_overspent_is_not_paid_back():
    kept = capacity.capex_growth_kept(4.0)
    ramp = capacity.plan_ramp(0.1, kept)
    assert capacity.plan_start(380.0, 0.05, 38.6, 11.0, ramp, 4.0, kept) == 0.0


def test_opening_yield_and_supply():
    earned = capacity.opening_revenue_yield(5.1, 0.65, 48.0)
    assert earned == pytest.approx(0.667, abs=0.0005)
    assert capacity.ai_supply(capacity.external_ai_capital(48.0, 0.65), earned) == pytest.approx(1.02 * 5.1, rel=1e-12)


def test_opening_margins_make_the_reported_whole():
    non_ai = cloud.opening_non_ai_margin(33.398, 2.954, 5.1, 0.06)
    cash_costs = cloud.opening_ai_cash_cost_share(0.06, 5.1, 0.20, 0.65, 48.0)
    ai_ebita = cloud.ai_ebita(5.1, cash_costs, 48.0 * 0.20 / 4, 0.65)
    assert ai_ebita == pytest.approx(0.06 * 5.1, rel=1e-12)
    assert cloud.cloud_ebita(ai_ebita, 33.398 - 5.1, non_ai) == pytest.approx(2.954, rel=1e-12)


def test_opening_non_ai_revenue_gives_the_reported_quarter_back():
    trend = cloud.opening_non_ai_revenue(33.398, 5.1, 0.965, 0.02)
    assert cloud.non_ai_revenue(trend, 0.965, 0.022, 0.02 / 0.022) == pytest.approx(33.398 - 5.1, rel=1e-12)
