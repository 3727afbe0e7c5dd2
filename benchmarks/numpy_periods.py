"""The rival's quarters: every step one numpy call in place, on rows of a chunk's work array.

Lines that take the same step lie in neighbouring rows, so that one call moves them all: fewer calls, of which each
costs half a microsecond and a turn with the interpreter that the other thread waits for.
"""

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
    shocks, windows, numbers, used = work.shocks, work.windows, rival.numbers, 0

    def block(*values: Value | None) -> Floats:
        """The next rows of the work array, with these values; None leaves a row as it is."""
        nonlocal used
        rows = work.rows[used : used + len(values)]
        used += len(values)
        for row, value in zip(rows, values, strict=True):
            if value is not None:
                row[:] = value
        return rows

    def factors(*values: Value) -> Floats:
        """Factors of a block: a column of scalars, or full rows if one of them differs between paths."""
        certain = all(np.ndim(value) == 0 for value in values)
        return np.array(values, np.float64)[:, np.newaxis] if certain else block(*values)

    # --- openings, and what stays the same over the periods ---
    token_growth_opening = np.log(1.0 + d.half_year_token_growth) / 2.0
    tokens_opening = 2.0 * d.half_year_tokens / (1.0 + np.exp(-token_growth_opening))
    market_opening = d.half_year_ai_market / (1.0 + np.exp(-d.half_year_market_growth))
    pass_step = d.price_pass_through / 4.0
    spend_step, price_step = block(d.long_run_spend_growth / 4.0, pass_step * d.long_run_efficiency_gain)
    (token_long,) = block(spend_step + price_step)
    # Tokens and their price are cumulated as logarithms, and only as far as an output asks for them.
    last_tokens, last_price = rival.last_use("enterprise_tokens"), rival.last_use("revenue_per_million_tokens")
    token_log, price_fall = block(0.0, 0.0)
    share_kept = kept(d.share_half_life)
    share_pull, scope = block(
        d.long_run_share * (1.0 - share_kept), d.opening_ai_revenue / (d.opening_cloud_share * market_opening)
    )
    ramp = d.capex_growth / 4.0 / (1.0 - kept(d.capex_growth_half_life))
    (start,) = block(plan_start(d, ramp))
    (start_ramp,) = block(start * ramp)
    ai_share, external = d.ai_share_of_capex, d.external_share_of_ai_capital
    wear_step, four_over_external = block(d.ai_depreciation_rate / 4.0, 4.0 / external)
    other_wear_step = d.other_depreciation_rate / 4.0
    seasons = {
        "Q1": d.seasonal_factor_march,
        "Q2": d.seasonal_factor_june,
        "Q3": d.seasonal_factor_september,
        "Q4": d.seasonal_factor_december,
    }
    non_ai_opening = d.opening_cloud_revenue - d.opening_ai_revenue
    non_ai_margin_opening = (d.opening_cloud_ebita - d.opening_ai_margin * d.opening_ai_revenue) / non_ai_opening
    (tax_kept,) = block(1.0 - d.tax_rate)
    cash_from_ebita, uses = block(
        tax_kept * 0.93, (d.head_office_cash + d.segment_cash_burn + d.dividends + d.buybacks) / 5.0
    )

    # --- lines that step together ---
    # Long-run levels of lines carried as gaps: chips, revenue a quarter of a unit of all AI capital (yield x external
    # share / 4), what cash costs leave of AI revenue, non-AI margin, non-AI growth.
    long_run = block(
        d.long_run_chip_availability / d.opening_chip_availability,
        d.long_run_revenue_yield * external / 4.0,
        1.0 - d.long_run_ai_cash_cost_share,
        d.long_run_non_ai_margin,
        d.long_run_non_ai_growth / 4.0,
    )
    margin_kept = kept(d.margin_half_life)
    wear_opening = d.opening_ai_capital * wear_step
    first_fading = used
    fading = block(
        1.0 - long_run[0],
        1.02 * d.opening_ai_revenue / d.opening_ai_capital - long_run[1],
        d.opening_ai_margin + external * wear_opening / d.opening_ai_revenue - long_run[2],
        non_ai_margin_opening - long_run[3],
        d.initial_non_ai_growth / 4.0 - long_run[4],
        # Spend on tokens grows by spend_step + excess token growth - price_gap: one exponential, not two.
        pass_step * (d.initial_efficiency_gain - d.long_run_efficiency_gain),
        (d.infra_underlying_growth - d.long_run_spend_growth) / 4.0,
        d.opening_cloud_share,
        numbers["demand_shock"],
    )
    varying = block(
        d.opening_growth_state,
        token_growth_opening - token_long,
        compounded(d.wacc, d.quarters_to_valuation / 4.0),
        d.core_ecommerce_ebita_a_year / 4.0,
    )
    fading_kept = factors(
        kept(d.chip_half_life),
        kept(d.yield_half_life),
        margin_kept,
        margin_kept,
        kept(d.non_ai_growth_half_life),
        kept(d.efficiency_half_life),
        kept(d.infrastructure_half_life),
        share_kept,
        d.demand_persistence,
    )
    varying_kept = factors(
        d.growth_persistence,
        kept(d.momentum_half_life),
        compounded(d.wacc, -0.25),
        compounded(d.core_ecommerce_growth, 0.25),
    )
    gaps, price_gap, infrastructure_gap, share, demand_shock = fading[:5], *fading[5:]
    growth_shock, token_gap, discount, ecommerce = varying
    shocked = work.rows[
        first_fading + 7 : first_fading + 10
    ]  # share, demand shock, growth shock: the last two blocks touch
    volatility = factors(d.competition_volatility, d.demand_volatility, d.growth_volatility)
    shocks_that_last, irregular = shocks[:3], shocks[3]
    steps = block(*[None] * 9)
    levels, exponents, growing = steps[:5], steps[4:8], steps[4:7]
    chips, served, left, margin = steps[:4]
    spend_exponent, infrastructure_exponent, irregular_exponent, growth_step = steps[5:]
    spend_opening = tokens_opening * d.opening_token_price * TOKENS_TO_BILLIONS
    grown = block(
        non_ai_opening / (d.seasonal_factor_june * np.exp(d.opening_irregular)),
        spend_opening,
        market_opening - spend_opening,
    )
    non_ai_path, spend, infrastructure = grown

    # --- other carried lines, and work rows ---
    growth_level, market, market_before = block(numbers["growth_level"], market_opening, None)
    capex, capex_before, capex_arriving = block(d.plan_spent * ai_share, d.march_quarter_capex * ai_share, None)
    other_capex, capital, other_capital = block(
        d.plan_spent * (1.0 - ai_share), d.opening_ai_capital, d.opening_other_capital
    )
    wear, wear_before = block(wear_opening, None)
    cumulative, deepest = block(numbers["cumulative_cloud_cash"], numbers["deepest_cloud_cash"])
    net_cash, lowest_net_cash = block(d.opening_net_cash, d.opening_net_cash)
    excess, demand, supply, ai_revenue, non_ai, cloud, x, y, z = block(*[None] * 9)
    ebita, nopat, ai_ebita, flow, group_capex, non_ai_trend, other_wear, ai_nopat = block(*[None] * 8)
    spare, binds = block(*[None] * 5), work.flags
    lines: dict[str, Floats] = {
        "token_spend": spend, "infrastructure_spend": infrastructure, "cloud_share": share,
        "ai_demand": demand, "ai_supply": supply, "ai_cloud_revenue": ai_revenue, "ai_capital": capital,
        "other_capital": other_capital, "other_capex": other_capex, "other_depreciation": other_wear,
        "growth_level": growth_level, "growth_shock": growth_shock, "non_ai_trend": non_ai_trend,
        "non_ai_revenue": non_ai, "cloud_revenue": cloud, "ai_ebita": ai_ebita, "cloud_ebita": ebita,
        "cloud_nopat": nopat, "cloud_free_cash_flow": flow, "cumulative_cloud_cash": cumulative,
        "deepest_cloud_cash": deepest, "core_ecommerce_ebita": ecommerce, "group_capex": group_capex,
        "net_cash": net_cash, "lowest_net_cash": lowest_net_cash, "discount_factor": discount,
        "ai_nopat": ai_nopat, "ai_return_on_capital": spare[0], "discounted_free_cash_flow": spare[1],
        "discounted_revenue": spare[2], "unmet_demand": spare[3], "supply_binds": spare[4],
    }  # fmt: skip

    for t in range(1, rival.periods + 1):
        needs = rival.needs[t]
        draw(t, shocks)
        multiply(fading, fading_kept, out=fading)
        multiply(varying, varying_kept, out=varying)
        add(gaps, long_run, out=levels)
        multiply(shocks_that_last, volatility, out=shocks_that_last)
        add(shocked, shocks_that_last, out=shocked)
        # --- growth of non-AI trend, spend on tokens and on infrastructure; the irregular ---
        add(token_gap, demand_shock, out=excess)
        subtract(excess, price_gap, out=spend_exponent)
        multiply(excess, d.compute_pull, out=infrastructure_exponent)
        add(infrastructure_exponent, infrastructure_gap, out=infrastructure_exponent)
        add(steps[5:7], spend_step, out=steps[5:7])
        multiply(irregular, d.irregular_volatility, out=irregular_exponent)
        exp(exponents, out=exponents)
        exp(growth_shock, out=growth_step)
        multiply(grown, growing, out=grown)
        multiply(growth_level, growth_step, out=growth_level)
        if t <= last_tokens:
            add(token_log, excess, out=token_log)
            add(token_log, token_long, out=token_log)
        if t <= last_price:
            add(price_fall, price_gap, out=price_fall)
            add(price_fall, price_step, out=price_fall)
        # --- the AI cloud market, Alibaba's share, demand ---
        market, market_before = market_before, market
        add(spend, infrastructure, out=market)
        add(share, share_pull, out=share)
        maximum(share, 0.0, out=share)
        minimum(share, 1.0, out=share)
        multiply(market, share, out=demand)
        multiply(demand, scope, out=demand)
        multiply(demand, growth_level, out=demand)
        # --- installed capital, two quarters behind the cash; demand meets supply ---
        capex, capex_before, capex_arriving = capex_arriving, capex, capex_before
        wear, wear_before = wear_before, wear
        subtract(capital, wear_before, out=capital)
        add(capital, capex_arriving, out=capital)
        multiply(capital, wear_step, out=wear)
        multiply(capital, served, out=supply)
        minimum(demand, supply, out=ai_revenue)
        # --- non-AI revenue ---
        multiply(non_ai_path, growth_level, out=non_ai_trend)
        multiply(non_ai_trend, irregular_exponent, out=non_ai)
        multiply(non_ai, seasons[rival.season[t - 1]], out=non_ai)
        add(ai_revenue, non_ai, out=cloud)
        # --- capex paid ---
        if t <= d.plan_quarters:
            multiply(start_ramp, 1.0 - 2.0 ** (-t / d.capex_growth_half_life), out=x)
            add(x, start, out=x)
            maximum(x, 0.0, out=x)
            multiply(x, ai_share, out=capex)
            subtract(x, capex, out=other_capex)
            minimum(chips, 1.25, out=chips)
            multiply(capex, chips, out=capex)
        else:
            divide(market, market_before, out=z)
            subtract(z, 1.0, out=z)
            multiply(z, 2.0, out=x)
            add(x, 1.0, out=x)
            multiply(x, demand, out=x)
            divide(x, served, out=x)
            subtract(x, capital, out=x)
            subtract(x, capex_before, out=x)
            multiply(x, 0.25, out=x)
            multiply(z, capital, out=z)
            add(x, z, out=x)
            add(x, wear, out=x)
            minimum(chips, 1.0, out=chips)
            multiply(x, chips, out=x)
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
        add(capex, other_capex, out=group_capex)
        multiply(other_capital, other_wear_step, out=other_wear)
        subtract(other_capital, other_wear, out=other_capital)
        add(other_capital, other_capex, out=other_capital)
        # --- margins and cash ---
        multiply(ai_revenue, left, out=ai_ebita)
        multiply(wear_before, external, out=x)
        subtract(ai_ebita, x, out=ai_ebita)
        multiply(non_ai, margin, out=ebita)
        add(ebita, ai_ebita, out=ebita)
        multiply(cloud, d.share_based_pay_rate, out=x)
        subtract(ebita, x, out=nopat)
        multiply(nopat, tax_kept, out=nopat)
        add(nopat, wear_before, out=flow)
        add(flow, other_wear, out=flow)
        subtract(flow, group_capex, out=flow)
        add(cumulative, flow, out=cumulative)
        minimum(deepest, cumulative, out=deepest)
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
            lines["revenue_yield"] = served * four_over_external
        rival.gather(t, lines, d, outputs, windows)
    return SimpleNamespace(discount_factor=discount, lowest_net_cash=lowest_net_cash, deepest_cloud_cash=deepest)
