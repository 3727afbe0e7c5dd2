"""The reference workload's model: 17 cells, 16 drivers, 3 innovations. Invented, for measuring speed; see README.md."""

from sim.cells.mark import cell
from sim.cells.maths import exp, exp2


@cell
def growth(t: float, initial_growth: float, long_run_growth: float, growth_half_life: float) -> float:
    """Trend log growth of demand, fading to the long run. [1/quarter]"""
    return long_run_growth + (initial_growth - long_run_growth) * exp2(-t / growth_half_life)


@cell
def demand_shock(
    prev_demand_shock: float, demand_persistence: float, demand_volatility: float, demand_innovation: float
) -> float:
    """Surprise in growth, AR(1). [1/quarter]"""
    return demand_persistence * prev_demand_shock + demand_volatility * demand_innovation


@cell
def demand(prev_demand: float, growth: float, demand_shock: float) -> float:
    """Units asked for. [units]"""
    return prev_demand * exp(growth + demand_shock)


@cell
def price(prev_price: float, price_decline: float, price_volatility: float, price_innovation: float) -> float:
    """Price of a unit. [money/unit]"""
    return prev_price * exp(price_volatility * price_innovation - price_decline)


@cell
def potential(demand: float, price: float) -> float:
    """Revenue if capacity were no limit. [money]"""
    return demand * price


@cell
def depreciation(prev_capacity: float, depreciation_rate: float) -> float:
    """Depreciation on a declining balance. [money]"""
    return depreciation_rate * prev_capacity


@cell
def capacity(prev_capacity: float, depreciation: float, prev_capex: float) -> float:
    """Installed capital; capex enters it a quarter later. [money]"""
    return prev_capacity - depreciation + prev_capex


@cell
def supply(capacity: float, yield_on_capital: float) -> float:
    """Revenue that the installed capital can serve. [money]"""
    return capacity * yield_on_capital


@cell
def revenue(potential: float, supply: float) -> float:
    """Demand, or what capacity can serve if that is less. [money]"""
    return min(potential, supply)


@cell
def utilisation(revenue: float, supply: float) -> float:
    """Share of capacity in use. [1]"""
    return revenue / supply


@cell
def capex(
    depreciation: float, capex_response: float, potential: float, yield_on_capital: float, capacity: float
) -> float:
    """Replacement, and a share of the gap to what demand needs; never negative. [money]"""
    return max(depreciation + capex_response * (potential / yield_on_capital - capacity), 0.0)


@cell
def margin(
    prev_margin: float, long_run_margin: float, margin_kept: float, margin_volatility: float, margin_innovation: float
) -> float:
    """Cash margin, drawn to its long-run level. [1]"""
    return long_run_margin + (prev_margin - long_run_margin) * margin_kept + margin_volatility * margin_innovation


@cell
def profit(revenue: float, margin: float, depreciation: float, utilisation: float) -> float:
    """Operating profit; idle capital costs twice its depreciation. [money]"""
    return revenue * margin - depreciation * (2.0 - utilisation)


@cell
def cash_flow(profit: float, tax_rate: float, depreciation: float, capex: float) -> float:
    """Free cash flow; losses save no tax. [money]"""
    return profit - tax_rate * max(profit, 0.0) + depreciation - capex


@cell
def discount_factor(prev_discount_factor: float, cost_of_capital: float) -> float:
    """Value today of one unit at the end of the quarter. [1]"""
    return prev_discount_factor / (1.0 + cost_of_capital)


@cell
def present_value(prev_present_value: float, cash_flow: float, discount_factor: float) -> float:
    """Discounted cash flow so far. [money]"""
    return prev_present_value + cash_flow * discount_factor


@cell(at="horizon")
def value(present_value: float, revenue: float, exit_multiple: float, discount_factor: float) -> float:
    """Present value, and a multiple of the last quarter's revenue. [money]"""
    return present_value + exit_multiple * revenue * discount_factor
