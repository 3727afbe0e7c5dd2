"""The rival's quarters: every step one numpy call in place, on rows of a chunk's work array."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from numpy_horizon import compounded, kept, plan_start

if TYPE_CHECKING:
    from numpy_alibaba import Rival

Floats = NDArray[np.float64]
Value = Floats | float
Draw = Callable[[int, Floats], object]

TOKENS_TO_BILLIONS = 0.09125


def periods(rival: Rival, d: SimpleNamespace, draw: Draw, outputs: Floats, work: SimpleNamespace) -> SimpleNamespace:
    """All periods; windows and columns are gathered on the way. Returns what the horizon needs of the last one.

    Innovations of a period are drawn into ``work.shocks``, rows in the order of ``SHOCKS``.
    """
    add, subtract, multiply, divide = np.add, np.subtract, np.multiply, np.divide
    minimum, maximum, exp = np.minimum, np.maximum, np.exp
    rows, shocks, windows = iter(work.rows), work.shocks, work.windows
    competition, demand_shock_now, growth_shock_now, irregular = shocks
    numbers = rival.numbers

    def state(value: Value) -> Floats:
        row = next(rows)
        np.copyto(row, value)
        return row

    # --- openings, and what stays the same over the periods ---
    token_growth_opening = np.log(1.0 + d.half_year_token_growth) / 2.0
    tokens_opening = 2.0 * d.half_year_tokens / (1.0 + np.exp(-token_growth_opening))
    spend_step = state(d.long_run_spend_growth / 4.0)
    pass_step = d.price_pass_through / 4.0
    token_long = state(spend_step + pass_step * d.long_run_efficiency_gain)
    token_gap, token_kept = state(token_growth_opening - token_long), state(kept(d.momentum_half_life))
    demand_shock = state(numbers["demand_shock"])
    # The spend on tokens grows by spend_step + excess token growth - price_gap: one exponential, not two.
    price_gap = state(pass_step * (d.initial_efficiency_gain - d.long_run_efficiency_gain))
    efficiency_kept = kept(d.efficiency_half_life)
    spend = state(tokens_opening * d.opening_token_price * TOKENS_TO_BILLIONS)
    market_opening = d.half_year_ai_market / (1.0 + np.exp(-d.half_year_market_growth))
    infrastructure = state(market_opening - spend)
    infrastructure_gap = state((d.infra_underlying_growth - d.long_run_spend_growth) / 4.0)
    infrastructure_kept = kept(d.infrastructure_half_life)
    market, market_before = state(market_opening), next(rows)
    share, share_kept = state(d.opening_cloud_share), kept(d.share_half_life)
    share_pull = state(d.long_run_share * (1.0 - share_kept))
    scope = state(d.opening_ai_revenue / (d.opening_cloud_share * market_opening))
    # Tokens and their price are cumulated as logarithms, and only as far as an output asks for them.
    last_tokens, last_price = rival.last_use("enterprise_tokens"), rival.last_use("revenue_per_million_tokens")
    token_log, price_fall = state(0.0), state(0.0)
    price_step = state(pass_step * d.long_run_efficiency_gain)

    chip_long = state(d.long_run_chip_availability / d.opening_chip_availability)
    chip_gap, chip_kept = state(1.0 - chip_long), kept(d.chip_half_life)
    ramp = d.capex_growth / 4.0 / (1.0 - kept(d.capex_growth_half_life))
    start = state(plan_start(d, ramp))
    start_ramp = state(start * ramp)
    ai_share = d.ai_share_of_capex
    capex, capex_before = state(d.plan_spent * ai_share), state(d.march_quarter_capex * ai_share)
    capex_arriving = next(rows)
    other_capex = state(d.plan_spent * (1.0 - ai_share))
    capital, other_capital = state(d.opening_ai_capital), state(d.opening_other_capital)
    external, wear_step = d.external_share_of_ai_capital, state(d.ai_depreciation_rate / 4.0)
    wear, wear_before = state(capital * wear_step), next(rows)
    other_wear_step = d.other_depreciation_rate / 4.0
    # Revenue a quarter of a unit of all AI capital: yield x external share / 4.
    served = 1.02 * d.opening_ai_revenue / d.opening_ai_capital
    yield_long = state(d.long_run_revenue_yield * external / 4.0)
    yield_gap, yield_kept = state(served - yield_long), kept(d.yield_half_life)

    seasons = {
        "Q1": d.seasonal_factor_march,
        "Q2": d.seasonal_factor_june,
        "Q3": d.seasonal_factor_september,
        "Q4": d.seasonal_factor_december,
    }
    growth_shock, growth_level = state(d.opening_growth_state), state(numbers["growth_level"])
    non_ai_long = state(d.long_run_non_ai_growth / 4.0)
    non_ai_gap = state(d.initial_non_ai_growth / 4.0 - non_ai_long)
    non_ai_kept = kept(d.non_ai_growth_half_life)
    non_ai_opening = d.opening_cloud_revenue - d.opening_ai_revenue
    non_ai_path = state(non_ai_opening / (d.seasonal_factor_june * np.exp(d.opening_irregular)))
    margin_kept = kept(d.margin_half_life)
    margin_opening = (d.opening_cloud_ebita - d.opening_ai_margin * d.opening_ai_revenue) / non_ai_opening
    margin_gap = state(margin_opening - d.long_run_non_ai_margin)
    # What is left of AI revenue after cash costs.
    left_long = state(1.0 - d.long_run_ai_cash_cost_share)
    left_gap = state(d.opening_ai_margin + external * wear / d.opening_ai_revenue - left_long)
    tax_kept = state(1.0 - d.tax_rate)
    discount = state(compounded(d.wacc, d.quarters_to_valuation / 4.0))
    discount_step = state(compounded(d.wacc, -0.25))
    cumulative, deepest = state(numbers["cumulative_cloud_cash"]), state(numbers["deepest_cloud_cash"])
    ecommerce_step = state(compounded(d.core_ecommerce_growth, 0.25))
    ecommerce = state(d.core_ecommerce_ebita_a_year / 4.0)
    cash_from_ebita = state(tax_kept * 0.93)
    uses = state((d.head_office_cash + d.segment_cash_burn + d.dividends + d.buybacks) / 5.0)
    net_cash, lowest_net_cash = state(d.opening_net_cash), state(d.opening_net_cash)

    excess, demand, supply, ai_revenue, chips, non_ai, cloud, x, y = (next(rows) for _ in range(9))
    ebita, nopat, ai_ebita, flow, group_capex, non_ai_trend, other_wear = (next(rows) for _ in range(7))
    ai_nopat, four_over_external, binds = next(rows), state(4.0 / external), work.flags
    spare = [next(rows) for _ in range(5)]
    lines: dict[str, Floats] = {
        "token_spend": spend, "infrastructure_spend": infrastructure, "cloud_share": share,
        "ai_demand": demand, "ai_supply": supply, "ai_cloud_revenue": ai_revenue, "chip_factor": chips,
        "ai_capital": capital, "other_capital": other_capital, "other_capex": other_capex,
        "other_depreciation": other_wear, "growth_level": growth_level, "growth_shock": growth_shock,
        "non_ai_trend": non_ai_trend, "non_ai_revenue": non_ai, "cloud_revenue": cloud, "ai_ebita": ai_ebita,
        "cloud_ebita": ebita, "cloud_nopat": nopat, "cloud_free_cash_flow": flow,
        "cumulative_cloud_cash": cumulative, "deepest_cloud_cash": deepest, "core_ecommerce_ebita": ecommerce,
        "group_capex": group_capex, "net_cash": net_cash, "lowest_net_cash": lowest_net_cash,
        "discount_factor": discount,
        "ai_nopat": ai_nopat, "ai_return_on_capital": spare[0], "discounted_free_cash_flow": spare[1],
        "discounted_revenue": spare[2], "unmet_demand": spare[3], "supply_binds": spare[4],
    }  # fmt: skip

    for t in range(1, rival.periods + 1):
        needs = rival.needs[t]
        draw(t, shocks)
        # --- tokens, the AI cloud market, Alibaba's share ---
        multiply(token_gap, token_kept, out=token_gap)
        multiply(demand_shock, d.demand_persistence, out=demand_shock)
        multiply(demand_shock_now, d.demand_volatility, out=x)
        add(demand_shock, x, out=demand_shock)
        add(token_gap, demand_shock, out=excess)
        multiply(price_gap, efficiency_kept, out=price_gap)
        subtract(excess, price_gap, out=x)
        add(x, spend_step, out=x)
        exp(x, out=x)
        multiply(spend, x, out=spend)
        multiply(infrastructure_gap, infrastructure_kept, out=infrastructure_gap)
        multiply(excess, d.compute_pull, out=x)
        add(x, infrastructure_gap, out=x)
        add(x, spend_step, out=x)
        exp(x, out=x)
        multiply(infrastructure, x, out=infrastructure)
        market, market_before = market_before, market
        add(spend, infrastructure, out=market)
        if t <= last_tokens:
            add(token_log, excess, out=token_log)
            add(token_log, token_long, out=token_log)
        if t <= last_price:
            add(price_fall, price_gap, out=price_fall)
            add(price_fall, price_step, out=price_fall)
        multiply(share, share_kept, out=share)
        add(share, share_pull, out=share)
        multiply(competition, d.competition_volatility, out=x)
        add(share, x, out=share)
        maximum(share, 0.0, out=share)
        minimum(share, 1.0, out=share)
        multiply(growth_shock, d.growth_persistence, out=growth_shock)
        multiply(growth_shock_now, d.growth_volatility, out=x)
        add(growth_shock, x, out=growth_shock)
        exp(growth_shock, out=x)
        multiply(growth_level, x, out=growth_level)
        multiply(market, share, out=demand)
        multiply(demand, scope, out=demand)
        multiply(demand, growth_level, out=demand)
        # --- installed capital, two quarters behind the cash; demand meets supply ---
        capex, capex_before, capex_arriving = capex_arriving, capex, capex_before
        wear, wear_before = wear_before, wear
        subtract(capital, wear_before, out=capital)
        add(capital, capex_arriving, out=capital)
        multiply(capital, wear_step, out=wear)
        multiply(yield_gap, yield_kept, out=yield_gap)
        add(yield_gap, yield_long, out=y)
        multiply(capital, y, out=supply)
        minimum(demand, supply, out=ai_revenue)
        # --- non-AI revenue ---
        multiply(non_ai_gap, non_ai_kept, out=non_ai_gap)
        add(non_ai_gap, non_ai_long, out=x)
        exp(x, out=x)
        multiply(non_ai_path, x, out=non_ai_path)
        multiply(non_ai_path, growth_level, out=non_ai_trend)
        multiply(irregular, d.irregular_volatility, out=x)
        exp(x, out=x)
        multiply(non_ai_trend, x, out=non_ai)
        multiply(non_ai, seasons[rival.season[t - 1]], out=non_ai)
        add(ai_revenue, non_ai, out=cloud)
        # --- capex paid ---
        multiply(chip_gap, chip_kept, out=chip_gap)
        add(chip_gap, chip_long, out=chips)
        if t <= d.plan_quarters:
            minimum(chips, 1.25, out=chips)
            multiply(start_ramp, 1.0 - 2.0 ** (-t / d.capex_growth_half_life), out=x)
            add(x, start, out=x)
            maximum(x, 0.0, out=x)
            multiply(x, ai_share, out=capex)
            subtract(x, capex, out=other_capex)
            multiply(capex, chips, out=capex)
        else:
            if "chip_factor" in needs:
                minimum(chips, 1.25, out=chips)
            divide(market, market_before, out=x)
            multiply(x, 2.0, out=x)
            subtract(x, 1.0, out=x)
            multiply(x, demand, out=x)
            divide(x, y, out=x)
            subtract(x, capital, out=x)
            subtract(x, capex_before, out=x)
            multiply(x, 0.25, out=x)
            add(x, wear, out=x)
            minimum(chips, 1.0, out=y)
            multiply(x, y, out=x)
            multiply(capex_before, 0.85, out=y)
            maximum(x, y, out=x)
            multiply(capex_before, 1.15, out=y)
            minimum(x, y, out=x)
            multiply(wear, 0.35, out=y)
            maximum(x, y, out=capex)
            multiply(non_ai_trend, d.other_capex_intensity, out=x)
            multiply(other_capex, 0.85, out=y)
            maximum(x, y, out=x)
            multiply(other_capex, 1.15, out=y)
            minimum(x, y, out=other_capex)
        multiply(other_capital, other_wear_step, out=other_wear)
        subtract(other_capital, other_wear, out=other_capital)
        add(other_capital, other_capex, out=other_capital)
        # --- margins and cash ---
        multiply(left_gap, margin_kept, out=left_gap)
        add(left_gap, left_long, out=x)
        multiply(ai_revenue, x, out=ai_ebita)
        multiply(wear_before, external, out=x)
        subtract(ai_ebita, x, out=ai_ebita)
        multiply(margin_gap, margin_kept, out=margin_gap)
        add(margin_gap, d.long_run_non_ai_margin, out=x)
        multiply(non_ai, x, out=ebita)
        add(ebita, ai_ebita, out=ebita)
        multiply(cloud, d.share_based_pay_rate, out=x)
        subtract(ebita, x, out=nopat)
        multiply(nopat, tax_kept, out=nopat)
        add(nopat, wear_before, out=flow)
        add(flow, other_wear, out=flow)
        add(capex, other_capex, out=group_capex)
        subtract(flow, group_capex, out=flow)
        add(cumulative, flow, out=cumulative)
        minimum(deepest, cumulative, out=deepest)
        multiply(discount, discount_step, out=discount)
        multiply(ecommerce, ecommerce_step, out=ecommerce)
        multiply(ecommerce, cash_from_ebita, out=x)
        add(net_cash, x, out=net_cash)
        add(net_cash, flow, out=net_cash)
        subtract(net_cash, uses, out=net_cash)
        minimum(lowest_net_cash, net_cash, out=lowest_net_cash)
        # --- what only some outputs and windows ask for, in the periods in which they do ---
        lines |= {"ai_cloud_market": market, "ai_capex": capex}
        if "ai_nopat" in needs or "ai_return_on_capital" in needs:
            multiply(ai_revenue, d.share_based_pay_rate, out=x)
            subtract(ai_ebita, x, out=x)
            multiply(x, tax_kept, out=ai_nopat)
        if "ai_return_on_capital" in needs:
            divide(ai_nopat, capital, out=x)
            multiply(x, four_over_external, out=lines["ai_return_on_capital"])
        if "discounted_free_cash_flow" in needs:
            multiply(flow, discount, out=lines["discounted_free_cash_flow"])
        if "discounted_revenue" in needs:
            multiply(cloud, discount, out=lines["discounted_revenue"])
        if "unmet_demand" in needs:
            subtract(demand, ai_revenue, out=lines["unmet_demand"])
        if "unmet_share_of_demand" in needs:
            subtract(demand, ai_revenue, out=x)
            divide(x, demand, out=x)
            lines["unmet_share_of_demand"] = np.where(demand > 0.0, x, 0.0)
        if "supply_binds" in needs:
            np.greater(demand, supply, out=binds)
            np.copyto(lines["supply_binds"], binds)
        if "enterprise_tokens" in needs:
            lines["enterprise_tokens"] = tokens_opening * exp(token_log)
        if "revenue_per_million_tokens" in needs:
            lines["revenue_per_million_tokens"] = d.opening_token_price * exp(-price_fall)
        if "revenue_yield" in needs:
            lines["revenue_yield"] = (yield_gap + yield_long) * four_over_external
        rival.gather(t, lines, outputs, windows)
    return SimpleNamespace(discount_factor=discount, lowest_net_cash=lowest_net_cash, deepest_cloud_cash=deepest)
