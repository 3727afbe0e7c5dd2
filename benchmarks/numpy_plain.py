"""The base Alibaba model as an analyst who knows numpy writes it: a second, plain rival beside the hand-tuned one.

A line of the model is one expression on the arrays of a chunk, in the model's words and with its formulas, and every
line is computed in every quarter; what the quarter alone decides (the capex plan or what follows it, the season) is an
``if`` or a look-up. The care taken is the usual one: certain drivers stay scalars, what drivers alone decide is
computed before the loop, chunks fit the cache and are spread over threads, sums of fiscal years are added as they come.
Drivers, threads, sums and the horizon, which is computed once a chunk, are those of the tuned rival; quarters differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
from numpy.typing import NDArray
from numpy_alibaba import Draw, Rival
from numpy_horizon import compounded, kept, plan_start

from sim.config.columns import Column
from sim.config.schema import Study

Floats = NDArray[np.float64]
Value = Floats | float

CHUNK = 16_384  # measured, see README.md


def quarters(rival: Rival, d: SimpleNamespace, draw: Draw, outputs: Floats, work: SimpleNamespace) -> SimpleNamespace:
    """All quarters from drivers ``d``; returns what the horizon needs of the last one."""
    # --- openings, and what drivers alone decide ---
    token_growth_trend = np.log(1.0 + d.half_year_token_growth) / 2.0
    enterprise_tokens = _later_half(2.0 * d.half_year_tokens, token_growth_trend)
    long_run_token_growth = (d.long_run_spend_growth + d.price_pass_through * d.long_run_efficiency_gain) / 4.0
    efficiency_gain = d.initial_efficiency_gain
    revenue_per_million_tokens = d.opening_token_price
    price_step = -d.price_pass_through / 4.0
    ai_cloud_market = _later_half(d.half_year_ai_market, d.half_year_market_growth)
    infrastructure_growth_trend = d.infra_underlying_growth
    infrastructure_spend = ai_cloud_market - enterprise_tokens * d.opening_token_price * 0.09125
    cloud_share = d.opening_cloud_share
    scope = d.opening_ai_revenue / (d.opening_cloud_share * ai_cloud_market)
    demand_shock = rival.numbers["demand_shock"]
    growth_shock, growth_level = d.opening_growth_state, rival.numbers["growth_level"]

    capex_growth_kept = kept(d.capex_growth_half_life)
    plan_ramp = d.capex_growth / 4.0 / (1.0 - capex_growth_kept)
    plan_first = plan_start(d, plan_ramp)
    capex_ramp: Value = rival.numbers["capex_ramp"]
    chip_availability = d.opening_chip_availability
    other_share_of_capex = 1.0 - d.ai_share_of_capex
    ai_capex, other_capex = d.plan_spent * d.ai_share_of_capex, d.plan_spent * other_share_of_capex
    ai_capex_in_transit = d.march_quarter_capex * d.ai_share_of_capex
    ai_capital, other_capital = d.opening_ai_capital, d.opening_other_capital
    ai_depreciation_step, other_depreciation_step = d.ai_depreciation_rate / 4.0, d.other_depreciation_rate / 4.0
    external = d.external_share_of_ai_capital
    revenue_yield = 1.02 * d.opening_ai_revenue * 4.0 / (external * ai_capital)

    seasonal_factor = {
        "Q1": d.seasonal_factor_march,
        "Q2": d.seasonal_factor_june,
        "Q3": d.seasonal_factor_september,
        "Q4": d.seasonal_factor_december,
    }
    non_ai_opening = d.opening_cloud_revenue - d.opening_ai_revenue
    non_ai_path = non_ai_opening / (d.seasonal_factor_june * np.exp(d.opening_irregular))
    non_ai_growth = d.initial_non_ai_growth
    non_ai_margin = (d.opening_cloud_ebita - d.opening_ai_margin * d.opening_ai_revenue) / non_ai_opening
    opening_depreciation = ai_depreciation_step * external * ai_capital
    ai_cash_cost_share = 1.0 - d.opening_ai_margin - opening_depreciation / d.opening_ai_revenue
    tax_kept = 1.0 - d.tax_rate

    discount_factor = compounded(d.wacc, d.quarters_to_valuation / 4.0)
    discount_per_quarter = compounded(d.wacc, -0.25)
    cumulative_cloud_cash = rival.numbers["cumulative_cloud_cash"]
    deepest_cloud_cash = rival.numbers["deepest_cloud_cash"]
    core_ecommerce_ebita = d.core_ecommerce_ebita_a_year / 4.0
    core_ecommerce_step = compounded(d.core_ecommerce_growth, 0.25)
    cash_from_ebita = tax_kept * 0.93
    other_cash_uses = (d.head_office_cash + d.segment_cash_burn + d.dividends + d.buybacks) / 5.0
    net_cash = lowest_net_cash = d.opening_net_cash

    token_momentum_kept = kept(d.momentum_half_life)
    efficiency_gain_kept = kept(d.efficiency_half_life)
    infrastructure_growth_kept = kept(d.infrastructure_half_life)
    share_gap_kept, chip_gap_kept = kept(d.share_half_life), kept(d.chip_half_life)
    revenue_yield_kept, margin_gap_kept = kept(d.yield_half_life), kept(d.margin_half_life)
    non_ai_growth_kept = kept(d.non_ai_growth_half_life)

    for t in range(1, rival.periods + 1):
        draw(t, work.shocks)
        competition_innovation, demand_innovation, growth_innovation, irregular_innovation = work.shocks

        # --- tokens and their price; the AI cloud market and Alibaba's share ---
        token_growth_trend = _revert(token_growth_trend, long_run_token_growth, token_momentum_kept)
        demand_shock = d.demand_persistence * demand_shock + d.demand_volatility * demand_innovation
        token_growth = token_growth_trend + demand_shock
        enterprise_tokens = enterprise_tokens * np.exp(token_growth)
        efficiency_gain = _revert(efficiency_gain, d.long_run_efficiency_gain, efficiency_gain_kept)
        revenue_per_million_tokens = revenue_per_million_tokens * np.exp(price_step * efficiency_gain)
        token_spend = enterprise_tokens * revenue_per_million_tokens * 0.09125
        infrastructure_growth_trend = _revert(
            infrastructure_growth_trend, d.long_run_spend_growth, infrastructure_growth_kept
        )
        infrastructure_growth = infrastructure_growth_trend / 4.0 + d.compute_pull * (
            token_growth - long_run_token_growth
        )
        infrastructure_spend = infrastructure_spend * np.exp(infrastructure_growth)
        prev_ai_cloud_market, ai_cloud_market = ai_cloud_market, token_spend + infrastructure_spend
        cloud_share = _revert(cloud_share, d.long_run_share, share_gap_kept)
        cloud_share = np.clip(cloud_share + d.competition_volatility * competition_innovation, 0.0, 1.0)
        growth_shock = d.growth_persistence * growth_shock + d.growth_volatility * growth_innovation
        growth_level = growth_level * np.exp(growth_shock)
        ai_demand = ai_cloud_market * cloud_share * scope * growth_level

        # --- the installed stock, two quarters behind the cash; demand meets supply ---
        ai_capex_arriving, ai_capex_in_transit = ai_capex_in_transit, ai_capex
        ai_depreciation = ai_capital * ai_depreciation_step
        ai_capital = ai_capital - ai_depreciation + ai_capex_arriving
        external_ai_capital = ai_capital * external
        revenue_yield = _revert(revenue_yield, d.long_run_revenue_yield, revenue_yield_kept)
        ai_supply = external_ai_capital * revenue_yield / 4.0
        ai_cloud_revenue = np.minimum(ai_demand, ai_supply)
        unmet_demand = ai_demand - ai_cloud_revenue
        unmet_share_of_demand = np.divide(unmet_demand, ai_demand, out=np.zeros_like(ai_demand), where=ai_demand > 0.0)
        supply_binds = (ai_demand > ai_supply).astype(np.float64)

        # --- revenue outside AI ---
        non_ai_growth = _revert(non_ai_growth, d.long_run_non_ai_growth, non_ai_growth_kept)
        non_ai_path = non_ai_path * np.exp(non_ai_growth / 4.0)
        non_ai_trend = non_ai_path * growth_level
        irregular = np.exp(d.irregular_volatility * irregular_innovation)
        non_ai_revenue = non_ai_trend * seasonal_factor[rival.season[t - 1]] * irregular
        cloud_revenue = ai_cloud_revenue + non_ai_revenue

        # --- what is ordered now: the plan, afterwards need ---
        chip_availability = _revert(chip_availability, d.long_run_chip_availability, chip_gap_kept)
        chip_factor = np.minimum(chip_availability / d.opening_chip_availability, 1.25)
        if t <= d.plan_quarters:
            capex_ramp = _revert(capex_ramp, plan_ramp, capex_growth_kept)
            planned_capex = np.maximum(plan_first * (1.0 + capex_ramp), 0.0)
            ai_capex = planned_capex * d.ai_share_of_capex * chip_factor
            other_capex = planned_capex * other_share_of_capex
        else:
            growth = ai_cloud_market / prev_ai_cloud_market - 1.0
            demand_ahead = ai_demand * (1.0 + 2.0 * growth)
            needed_capital = demand_ahead * 4.0 / (revenue_yield * external)
            gap = needed_capital - ai_capital - ai_capex_in_transit
            needed_ai_capex = ai_capital * (ai_depreciation_step + growth) + gap / 4.0
            least = 0.35 * ai_capital * ai_depreciation_step
            ai_capex = np.maximum(_move_towards(ai_capex, needed_ai_capex * np.minimum(chip_factor, 1.0)), least)
            other_capex = _move_towards(other_capex, d.other_capex_intensity * non_ai_trend)
        group_capex = ai_capex + other_capex
        other_depreciation = other_capital * other_depreciation_step
        other_capital = other_capital - other_depreciation + other_capex

        # --- margins and cash ---
        non_ai_margin = _revert(non_ai_margin, d.long_run_non_ai_margin, margin_gap_kept)
        ai_cash_cost_share = _revert(ai_cash_cost_share, d.long_run_ai_cash_cost_share, margin_gap_kept)
        ai_ebita = ai_cloud_revenue * (1.0 - ai_cash_cost_share) - ai_depreciation * external
        cloud_ebita = ai_ebita + non_ai_revenue * non_ai_margin
        cloud_nopat = (cloud_ebita - d.share_based_pay_rate * cloud_revenue) * tax_kept
        ai_nopat = (ai_ebita - d.share_based_pay_rate * ai_cloud_revenue) * tax_kept
        ai_return_on_capital = 4.0 * ai_nopat / external_ai_capital
        cloud_free_cash_flow = cloud_nopat + ai_depreciation + other_depreciation - group_capex
        discount_factor = discount_factor * discount_per_quarter
        discounted_free_cash_flow = cloud_free_cash_flow * discount_factor
        discounted_revenue = cloud_revenue * discount_factor
        cumulative_cloud_cash = cumulative_cloud_cash + cloud_free_cash_flow
        deepest_cloud_cash = np.minimum(deepest_cloud_cash, cumulative_cloud_cash)
        core_ecommerce_ebita = core_ecommerce_ebita * core_ecommerce_step
        from_ecommerce = core_ecommerce_ebita * cash_from_ebita
        net_cash = net_cash + from_ecommerce + cloud_free_cash_flow - other_cash_uses
        lowest_net_cash = np.minimum(lowest_net_cash, net_cash)

        # --- columns and windows, of which those that are asked for in this quarter take their share ---
        lines = {
            "enterprise_tokens": enterprise_tokens,
            "revenue_per_million_tokens": revenue_per_million_tokens,
            "token_spend": token_spend,
            "ai_cloud_market": ai_cloud_market,
            "cloud_share": cloud_share,
            "ai_demand": ai_demand,
            "ai_supply": ai_supply,
            "ai_cloud_revenue": ai_cloud_revenue,
            "unmet_demand": unmet_demand,
            "unmet_share_of_demand": unmet_share_of_demand,
            "supply_binds": supply_binds,
            "ai_capital": ai_capital,
            "revenue_yield": revenue_yield,
            "cloud_revenue": cloud_revenue,
            "ai_capex": ai_capex,
            "group_capex": group_capex,
            "cloud_ebita": cloud_ebita,
            "cloud_nopat": cloud_nopat,
            "ai_nopat": ai_nopat,
            "ai_return_on_capital": ai_return_on_capital,
            "discounted_free_cash_flow": discounted_free_cash_flow,
            "discounted_revenue": discounted_revenue,
            "core_ecommerce_ebita": core_ecommerce_ebita,
            "net_cash": net_cash,
        }
        rival.gather(t, lines, d, outputs, work.windows)
    return SimpleNamespace(
        discount_factor=discount_factor, lowest_net_cash=lowest_net_cash, deepest_cloud_cash=deepest_cloud_cash
    )


class PlainRival(Rival):
    """A study of the Alibaba model, ready to simulate; see `Rival`."""

    quarters = staticmethod(quarters)

    def __init__(self, study: Study, columns: Sequence[Column], chunk: int = CHUNK):
        super().__init__(study, columns, chunk)


def _revert(previous: Value, long_run: Value, kept: Value) -> Value:
    """One step of a line that returns to its long-run level, keeping the share ``kept`` of its distance."""
    return long_run + (previous - long_run) * kept


def _move_towards(previous: Value, wanted: Value) -> Value:
    """``wanted``, but at most 15% above or below ``previous``."""
    return np.minimum(np.maximum(wanted, previous * 0.85), previous * 1.15)  # np.clip between arrays takes three times


def _later_half(total: Value, growth: Value) -> Value:
    """The later of two adjacent quarters whose sum is ``total`` and whose log growth is ``growth``."""
    return total / (1.0 + np.exp(-growth))
