"""Rules of capacity, margins and the two values of the cloud, by hand."""

import math

import pytest

from sim.models.alibaba import capacity, cloud


def test_revenue_is_what_is_wanted_and_can_be_served():
    for demand, supply, binds in ((10.0, 12.0, 0.0), (12.0, 10.0, 1.0), (10.0, 10.0, 0.0)):
        revenue = capacity.ai_cloud_revenue(demand, supply)
        unmet = capacity.unmet_demand(demand, revenue)
        assert revenue == min(demand, supply)
        assert capacity.supply_binds(demand, supply) == binds
        assert capacity.unmet_share_of_demand(unmet, demand) == pytest.approx(max(1 - supply / demand, 0.0), abs=1e-15)
    assert capacity.unmet_share_of_demand(0.0, 0.0) == 0.0


def test_chips_scale_the_plan_up_to_a_cap():
    assert capacity.chip_factor(0.75, 0.75) == 1.0
    assert capacity.chip_factor(0.60, 0.75) == pytest.approx(0.8, rel=1e-12)
    assert capacity.chip_factor(1.00, 0.75) == 1.25


def orders(t, needed, chips=1.0, previous=20.0, capital=200.0):
    return capacity.ai_capex(t, 11.0, 30.0, 0.65, chips, previous, needed, capital, 0.20)


def test_the_plan_rules_until_it_ends():
    assert orders(11.0, 99.0, chips=1.25) == pytest.approx(30 * 0.65 * 1.25, rel=1e-12)


@pytest.mark.parametrize(("needed", "expected"), [(99.0, 23.0), (21.0, 21.0), (0.0, 17.0), (-500.0, 17.0)])
def test_later_orders_move_by_at_most_15_percent(needed, expected):
    assert orders(12.0, needed) == pytest.approx(expected, rel=1e-12)


def test_scarce_chips_hold_orders_back_and_plenty_does_not_inflate_them():
    assert orders(12.0, 22.0, chips=0.9) == pytest.approx(19.8, rel=1e-12)
    assert orders(12.0, 22.0, chips=1.25) == 22.0


def test_some_replacement_always_happens():
    # 35% of depreciation on 600 at 20% a year is 10.5 a quarter.
    assert orders(12.0, 0.0, previous=5.0, capital=600.0) == pytest.approx(10.5, rel=1e-12)


def test_need_in_balance_renews_and_grows():
    # Market growth 4% a quarter, demand two quarters on exactly served by what stands and comes: renewal plus growth.
    capital, transit = 200.0, 10.0
    demand = (capital + transit) * 0.65 * 0.70 / 4.0 / 1.08
    need = capacity.needed_ai_capex(demand, 10.4, 10.0, 0.70, 0.65, capital, transit, 0.20)
    assert need == pytest.approx(capital * (0.05 + 0.04), rel=1e-9)


def test_capital_enters_service_two_quarters_after_payment():
    paid, installed, transit, capital = [50.0, 60.0, 70.0], [], 0.0, 0.0
    previous = 0.0
    for capex in [*paid, 0.0, 0.0]:
        arriving = capacity.ai_capex_arriving(transit)
        transit = capacity.ai_capex_in_transit(previous)
        capital = capacity.ai_capital(capital, capacity.ai_depreciation(capital, 0.0), arriving)
        previous = capex
        installed.append(capital)
    assert installed == [0.0, 0.0, 50.0, 110.0, 180.0]


def test_overbuilding_hurts():
    full = cloud.ai_ebita(17.5, 0.45, 5.0, 1.0)
    half_idle = cloud.ai_ebita(17.5, 0.45, 10.0, 1.0)
    assert full - half_idle == pytest.approx(5.0, rel=1e-12)


def test_break_even_yield_earns_the_hurdle():
    rate = cloud.break_even_yield(0.10, 0.21, 0.20, 0.45, 0.03)
    assert rate == pytest.approx((0.20 + 0.10 / 0.79) / 0.52, rel=1e-12)
    capital = 100.0
    revenue = capital * rate / 4.0
    ebita = cloud.ai_ebita(revenue, 0.45, capital * 0.20 / 4.0, 1.0)
    assert cloud.ai_return_on_capital(cloud.ai_nopat(ebita, revenue, 0.03, 0.21), capital) == pytest.approx(0.10)


@pytest.mark.parametrize(("quarter", "expected"), [(1.0, 0.947), (2.0, 0.965), (3.0, 1.035), (4.0, 1.053)])
def test_season_of_the_quarter(quarter, expected):
    assert cloud.seasonal_factor(quarter, 0.947, 0.965, 1.035, 1.053) == expected


def test_discount_factor_is_one_on_the_valuation_date():
    factor, step = cloud.opening_discount_factor(0.10, 5.0), cloud.discount_per_quarter(0.10)
    for _ in range(5):
        factor = cloud.discount_factor(factor, step)
    assert factor == pytest.approx(1.0, rel=1e-14)
    assert cloud.discount_factor(factor, step) ** 4 == pytest.approx(1 / 1.10, rel=1e-12)


def test_growth_lasts_and_the_irregular_does_not():
    level = cloud.growth_level(1.0, cloud.growth_shock(0.0, 0.85, 0.015, 2.0))
    assert level == pytest.approx(math.exp(0.03), rel=1e-12)
    assert cloud.non_ai_revenue(30.0, 1.0, 0.022, 1.0) == pytest.approx(30 * math.exp(0.022), rel=1e-12)


def test_the_multiple_rewards_growth_above_twenty_percent():
    assert cloud.multiple_at_growth(3.5, 1.0, 0.20) == pytest.approx(3.5, rel=1e-12)
    assert cloud.multiple_at_growth(3.5, 1.0, 0.30) == pytest.approx(3.5 * math.exp(0.10), rel=1e-12)
    assert cloud.multiple_at_growth(3.5, 0.0, 0.60) == 3.5


def test_margin_points_are_worth_what_the_dcf_gives_for_them():
    tax, multiple, factor = 0.21, 10.5, 0.45

    def value(margin):
        explicit = (1500.0 * margin) * (1 - tax) - 400.0  # capex and depreciation do not depend on the margin
        return cloud.cloud_value_by_dcf(explicit, 500.0 * margin * (1 - tax), multiple, factor)

    worth = cloud.value_of_margin(1500.0, 500.0, multiple, factor, tax)
    assert value(0.25) - value(0.15) == pytest.approx(0.10 * worth, rel=1e-9)


def test_terminal_multiple_is_invalid_when_growth_reaches_the_wacc():
    assert math.isnan(cloud.terminal_multiple(0.10, 0.12, 0.10))
    assert cloud.terminal_multiple(0.02, 0.10, 0.10) == pytest.approx(10.2, rel=1e-12)
