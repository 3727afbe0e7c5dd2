"""Capacity: the capex plan, chips, the installed AI capital, what it can earn, and whether supply binds.

Money is RMB bn (a quarter, for flows). Capex paid in one quarter enters the installed stock two quarters later, which
is why cash leaves before revenue comes. While the three-year plan lasts its budget is spent; afterwards orders follow
need. Overbuilding is possible and costs depreciation; underbuilding loses revenue for good.
"""

from sim.cells.mark import cell
from sim.cells.maths import exp2
from sim.models.finance import kept_per_period, move_towards, revert

MOST_CHIP_RELIEF = 1.25  # racks, power and staff cap what freely available chips can add to the plan
SERVED_AT_OPENING = 1.02  # June-quarter supply over demand: "sold out" rather than rationed
MOST_CAPEX_CHANGE = 0.15  # a quarter: orders, buildings and power are committed ahead
LEAST_REPLACEMENT = 0.35  # of depreciation: some of the fleet is always renewed
QUARTERS_TO_CLOSE_GAP = 4.0  # a shortfall of capital is ordered over a year, not in one quarter


# --- opening: the plan and the installed base at 30 June 2025 ---


@cell(at="opening")
def capex_growth_kept(capex_growth_half_life: float) -> float:
    """Share of the plan's growth of capex that survives a quarter. [1]"""
    return kept_per_period(capex_growth_half_life)


@cell(at="opening")
def plan_ramp(capex_growth: float, capex_growth_kept: float) -> float:
    """Total rise of quarterly capex above its level at the start, once growth has faded. [1]

    The first step is capex_growth / 4, each later one `capex_growth_kept` times the one before: a geometric series.
    """
    return capex_growth / 4.0 / (1.0 - capex_growth_kept)


@cell(at="opening")
def plan_start(
    plan_budget: float,
    plan_multiple: float,
    plan_spent: float,
    plan_quarters: float,
    plan_ramp: float,
    capex_growth_half_life: float,
    capex_growth_kept: float,
) -> float:
    """Quarterly capex from which the plan ramps; it spends exactly what is left of the budget. [RMB bn/quarter]

    Closed form: the sum of 1 + ramp x (1 - kept^t) over t = 1..n is n + ramp x (n - kept (1 - kept^n) / (1 - kept)).
    """
    kept_at_end = exp2(-plan_quarters / capex_growth_half_life)
    faded = capex_growth_kept * (1.0 - kept_at_end) / (1.0 - capex_growth_kept)
    left = max(plan_budget * plan_multiple - plan_spent, 0.0)
    return left / (plan_quarters + plan_ramp * (plan_quarters - faded))


@cell(at="opening")
def opening_ai_capex(plan_spent: float, ai_share_of_capex: float) -> float:
    """AI capex of April-June 2025, the plan's first quarter. [RMB bn/quarter]"""
    return plan_spent * ai_share_of_capex


@cell(at="opening")
def opening_other_capex(plan_spent: float, ai_share_of_capex: float) -> float:
    """Capex of April-June 2025 that is not AI. [RMB bn/quarter]"""
    return plan_spent * (1.0 - ai_share_of_capex)


@cell(at="opening")
def opening_ai_capex_in_transit(march_quarter_capex: float, ai_share_of_capex: float) -> float:
    """AI capex of January-March 2025, paid but not yet earning at the opening. [RMB bn/quarter]"""
    return march_quarter_capex * ai_share_of_capex


@cell(at="opening")
def opening_revenue_yield(
    opening_ai_revenue: float, external_share_of_ai_capital: float, opening_ai_capital: float
) -> float:
    """Revenue a year that a unit of external AI capital can earn when full, at the opening. [1/year]

    The June quarter's AI revenue, annualised, plus a little slack, over the external part of the installed capital:
    about 0.66.
    """
    return SERVED_AT_OPENING * opening_ai_revenue * 4.0 / (external_share_of_ai_capital * opening_ai_capital)


@cell(at="opening")
def revenue_yield_kept(yield_half_life: float) -> float:
    """Share of the distance to the long-run revenue yield that survives a quarter. [1]"""
    return kept_per_period(yield_half_life)


@cell(at="opening")
def chip_gap_kept(chip_half_life: float) -> float:
    """Share of the distance to the long-run chip availability that survives a quarter. [1]"""
    return kept_per_period(chip_half_life)


# --- period: the plan and chips ---


@cell
def chip_availability(prev_chip_availability: float, long_run_chip_availability: float, chip_gap_kept: float) -> float:
    """Share of the AI chips Alibaba wants that it can get, imported or its own. [1]"""
    return revert(prev_chip_availability, long_run_chip_availability, chip_gap_kept)


@cell
def chip_factor(chip_availability: float, opening_chip_availability: float) -> float:
    """Availability relative to the opening, at most 1.25. [1]

    Relative, because past outturns (and hence the plan's pace) already include the scarcity of mid 2025.
    """
    return min(chip_availability / opening_chip_availability, MOST_CHIP_RELIEF)


@cell
def capex_ramp(prev_capex_ramp: float, plan_ramp: float, capex_growth_kept: float) -> float:
    """Rise of the plan's quarterly capex above its level at the start, up to this quarter. [1]"""
    return revert(prev_capex_ramp, plan_ramp, capex_growth_kept)


@cell
def planned_capex(t: float, plan_start: float, capex_ramp: float, plan_quarters: float) -> float:
    """Capex the three-year plan provides for in this quarter; nothing once it has ended. [RMB bn/quarter]"""
    return max(plan_start * (1.0 + capex_ramp), 0.0) if t <= plan_quarters else 0.0


# --- period: the installed stock, two quarters behind the cash ---


@cell
def ai_capex_in_transit(prev_ai_capex: float) -> float:
    """AI capex of the quarter before, under construction. [RMB bn/quarter]"""
    return prev_ai_capex


@cell
def ai_capex_arriving(prev_ai_capex_in_transit: float) -> float:
    """AI capex of two quarters before, entering service now. [RMB bn/quarter]"""
    return prev_ai_capex_in_transit


@cell
def ai_depreciation(prev_ai_capital: float, ai_depreciation_rate: float) -> float:
    """Depreciation of the installed AI capital, on a declining balance. [RMB bn/quarter]"""
    return prev_ai_capital * ai_depreciation_rate / 4.0


@cell
def ai_capital(prev_ai_capital: float, ai_depreciation: float, ai_capex_arriving: float) -> float:
    """Installed AI capital, net of depreciation. [RMB bn]"""
    return prev_ai_capital - ai_depreciation + ai_capex_arriving


@cell
def external_ai_capital(ai_capital: float, external_share_of_ai_capital: float) -> float:
    """Installed AI capital that serves paying customers outside the group. [RMB bn]

    The rest serves Alibaba's own models and apps and is recovered from them at cost: no profit, no loss.
    """
    return ai_capital * external_share_of_ai_capital


@cell
def revenue_yield(prev_revenue_yield: float, long_run_revenue_yield: float, revenue_yield_kept: float) -> float:
    """Revenue a year per unit of external AI capital at full use. [1/year]"""
    return revert(prev_revenue_yield, long_run_revenue_yield, revenue_yield_kept)


# --- period: demand meets supply ---


@cell
def ai_supply(external_ai_capital: float, revenue_yield: float) -> float:
    """AI cloud revenue that the installed external capital can serve. [RMB bn/quarter]"""
    return external_ai_capital * revenue_yield / 4.0


@cell
def ai_cloud_revenue(ai_demand: float, ai_supply: float) -> float:
    """Alibaba's AI cloud revenue: demand, or what capacity can serve if that is less. [RMB bn]"""
    return min(ai_demand, ai_supply)


@cell
def unmet_demand(ai_demand: float, ai_cloud_revenue: float) -> float:
    """AI demand turned away for want of capacity. [RMB bn]"""
    return ai_demand - ai_cloud_revenue


@cell
def unmet_share_of_demand(unmet_demand: float, ai_demand: float) -> float:
    """Unmet demand as a share of AI demand. [1]"""
    return unmet_demand / ai_demand if ai_demand > 0.0 else 0.0


@cell
def supply_binds(ai_demand: float, ai_supply: float) -> float:
    """1 in a quarter in which capacity, not demand, sets AI revenue; 0 otherwise. [share of quarters]"""
    return 1.0 if ai_demand > ai_supply else 0.0


# --- period: what is ordered now ---


@cell
def needed_ai_capex(
    ai_demand: float,
    ai_cloud_market: float,
    prev_ai_cloud_market: float,
    revenue_yield: float,
    external_share_of_ai_capital: float,
    ai_capital: float,
    ai_capex_in_transit: float,
    ai_depreciation_rate: float,
) -> float:
    """AI capex that renews the fleet, grows it with the market and closes the gap to need in a year. [RMB bn/quarter]

    Need looks two quarters ahead, when today's order will be in service, at the market's latest growth. Without the
    growth term a growing fleet would always lag by a year's growth. Internal needs move with external ones.
    """
    growth = ai_cloud_market / prev_ai_cloud_market - 1.0
    demand_ahead = ai_demand * (1.0 + 2.0 * growth)
    needed_capital = demand_ahead * 4.0 / (revenue_yield * external_share_of_ai_capital)
    gap = needed_capital - ai_capital - ai_capex_in_transit
    return ai_capital * (ai_depreciation_rate / 4.0 + growth) + gap / QUARTERS_TO_CLOSE_GAP


@cell
def ai_capex(
    t: float,
    plan_quarters: float,
    planned_capex: float,
    ai_share_of_capex: float,
    chip_factor: float,
    prev_ai_capex: float,
    needed_ai_capex: float,
    ai_capital: float,
    ai_depreciation_rate: float,
) -> float:
    """AI capex paid: the plan as far as chips allow; afterwards towards need, 15% a quarter at most. [RMB bn/quarter]

    After the plan scarce chips still hold orders back, plentiful ones do not inflate them. Never below 35% of
    replacement, never negative.
    """
    by_plan = planned_capex * ai_share_of_capex * chip_factor
    towards_need = move_towards(prev_ai_capex, needed_ai_capex * min(chip_factor, 1.0), MOST_CAPEX_CHANGE)
    least = LEAST_REPLACEMENT * ai_capital * ai_depreciation_rate / 4.0
    return by_plan if t <= plan_quarters else max(towards_need, least)


@cell
def other_capex(
    t: float,
    plan_quarters: float,
    planned_capex: float,
    ai_share_of_capex: float,
    prev_other_capex: float,
    other_capex_intensity: float,
    non_ai_trend: float,
) -> float:
    """Capex on everything but AI: the plan's remainder, later a share of non-AI cloud revenue. [RMB bn/quarter]"""
    by_plan = planned_capex * (1.0 - ai_share_of_capex)
    later = move_towards(prev_other_capex, other_capex_intensity * non_ai_trend, MOST_CAPEX_CHANGE)
    return by_plan if t <= plan_quarters else later


@cell
def group_capex(ai_capex: float, other_capex: float) -> float:
    """Capital expenditure paid in the quarter, AI and other. [RMB bn]"""
    return ai_capex + other_capex


@cell
def other_depreciation(prev_other_capital: float, other_depreciation_rate: float) -> float:
    """Depreciation of the capital that is not AI, on a declining balance. [RMB bn/quarter]"""
    return prev_other_capital * other_depreciation_rate / 4.0


@cell
def other_capital(prev_other_capital: float, other_depreciation: float, other_capex: float) -> float:
    """Installed capital of the cloud that is not AI, net of depreciation. [RMB bn]"""
    return prev_other_capital - other_depreciation + other_capex
