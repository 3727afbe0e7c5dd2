"""Cloud: revenue outside AI, margins, cash flow, and the value of the cloud by multiple and by DCF.

Money is RMB bn (a quarter, for flows). The two valuations are kept apart on purpose: the multiple capitalises growth,
the DCF charges the capex that buys it, and they disagree a great deal.
"""

from sim.cells.mark import cell
from sim.cells.maths import exp
from sim.models.finance import compounded, kept_per_period, revert, value_driver_multiple

GROWTH_IN_MULTIPLES = 0.20  # sales growth at which brokers' multiples are read as they stand


# --- opening: the June quarter of 2025 ---


@cell(at="opening")
def opening_non_ai_revenue(
    opening_cloud_revenue: float, opening_ai_revenue: float, seasonal_factor_june: float, opening_irregular: float
) -> float:
    """Non-AI cloud revenue of April-June 2025, without season and irregular. [RMB bn/quarter]

    The reported quarter contains an irregular of its own, which the next quarter undoes.
    """
    return (opening_cloud_revenue - opening_ai_revenue) / (seasonal_factor_june * exp(opening_irregular))


@cell(at="opening")
def non_ai_growth_kept(non_ai_growth_half_life: float) -> float:
    """Share of the excess non-AI growth that survives a quarter. [1]"""
    return kept_per_period(non_ai_growth_half_life)


@cell(at="opening")
def margin_gap_kept(margin_half_life: float) -> float:
    """Share of the distance of margins to their long-run levels that survives a quarter. [1]"""
    return kept_per_period(margin_half_life)


@cell(at="opening")
def opening_non_ai_margin(
    opening_cloud_revenue: float, opening_cloud_ebita: float, opening_ai_revenue: float, opening_ai_margin: float
) -> float:
    """Non-AI EBITA margin of April-June 2025 that makes the whole cloud earn its reported 8.8%. [1]"""
    non_ai_ebita = opening_cloud_ebita - opening_ai_margin * opening_ai_revenue
    return non_ai_ebita / (opening_cloud_revenue - opening_ai_revenue)


@cell(at="opening")
def opening_ai_cash_cost_share(
    opening_ai_margin: float,
    opening_ai_revenue: float,
    ai_depreciation_rate: float,
    external_share_of_ai_capital: float,
    opening_ai_capital: float,
) -> float:
    """Cash costs of AI revenue (power, racks, staff, licences) that give the opening AI margin. [1]"""
    depreciation = ai_depreciation_rate / 4.0 * external_share_of_ai_capital * opening_ai_capital
    return 1.0 - opening_ai_margin - depreciation / opening_ai_revenue


@cell(at="opening")
def discount_per_quarter(wacc: float) -> float:
    """Present value of one unit a quarter away. [1]"""
    return compounded(wacc, -0.25)


@cell(at="opening")
def opening_discount_factor(wacc: float, quarters_to_valuation: float) -> float:
    """Discount factor at the opening, above 1, so that it is exactly 1 on the valuation date. [1]"""
    return compounded(wacc, quarters_to_valuation / 4.0)


@cell(at="opening")
def break_even_yield(
    ai_return_hurdle: float,
    tax_rate: float,
    ai_depreciation_rate: float,
    long_run_ai_cash_cost_share: float,
    share_based_pay_rate: float,
) -> float:
    """Revenue a year per unit of AI capital at which it earns the hurdle after tax, fully used. [1/year]

    Solves (yield x (1 - cash costs - share-based pay) - depreciation) x (1 - tax) = hurdle; linear in the yield.
    """
    kept = 1.0 - long_run_ai_cash_cost_share - share_based_pay_rate
    return (ai_depreciation_rate + ai_return_hurdle / (1.0 - tax_rate)) / kept


# --- period: revenue ---


@cell
def growth_shock(
    prev_growth_shock: float, growth_persistence: float, growth_volatility: float, growth_innovation: float
) -> float:
    """Surprise in underlying quarterly log growth, AR(1); it hits AI demand and non-AI revenue alike. [1/quarter]

    Fitted to history with seasonals that evolve: fixed seasonal dummies would force a spurious negative rho.
    """
    return growth_persistence * prev_growth_shock + growth_volatility * growth_innovation


@cell
def growth_level(prev_growth_level: float, growth_shock: float) -> float:
    """Level of underlying revenue relative to its trend: cumulated growth shocks, never undone. [1]"""
    return prev_growth_level * exp(growth_shock)


@cell
def non_ai_growth(prev_non_ai_growth: float, long_run_non_ai_growth: float, non_ai_growth_kept: float) -> float:
    """Trend log growth of non-AI cloud revenue, fading to the long run. [1/year]"""
    return revert(prev_non_ai_growth, long_run_non_ai_growth, non_ai_growth_kept)


@cell
def non_ai_path(prev_non_ai_path: float, non_ai_growth: float) -> float:
    """Non-AI cloud revenue on its trend, before any shock. [RMB bn/quarter]"""
    return prev_non_ai_path * exp(non_ai_growth / 4.0)


@cell
def non_ai_trend(non_ai_path: float, growth_level: float) -> float:
    """Non-AI cloud revenue, seasonally adjusted. [RMB bn/quarter]"""
    return non_ai_path * growth_level


@cell
def seasonal_factor(
    quarter_of_year: float,
    seasonal_factor_march: float,
    seasonal_factor_june: float,
    seasonal_factor_september: float,
    seasonal_factor_december: float,
) -> float:
    """Seasonal factor of this calendar quarter; uncertain, but the same every year on a path. [1]"""
    first_half = seasonal_factor_march if quarter_of_year < 1.5 else seasonal_factor_june
    second_half = seasonal_factor_september if quarter_of_year < 3.5 else seasonal_factor_december
    return first_half if quarter_of_year < 2.5 else second_half


@cell
def non_ai_revenue(
    non_ai_trend: float, seasonal_factor: float, irregular_volatility: float, irregular_innovation: float
) -> float:
    """Non-AI cloud revenue as reported: with season and an irregular that the next quarter undoes. [RMB bn]

    The irregular is noise in the level and is not carried; only growth shocks last.
    """
    return non_ai_trend * seasonal_factor * exp(irregular_volatility * irregular_innovation)


@cell
def cloud_revenue(ai_cloud_revenue: float, non_ai_revenue: float) -> float:
    """Revenue of the Cloud Intelligence Group, including sales to other group companies. [RMB bn]"""
    return ai_cloud_revenue + non_ai_revenue


# --- period: margins ---


@cell
def non_ai_margin(prev_non_ai_margin: float, long_run_non_ai_margin: float, margin_gap_kept: float) -> float:
    """EBITA margin of non-AI cloud revenue, after its depreciation, before share-based pay. [1]"""
    return revert(prev_non_ai_margin, long_run_non_ai_margin, margin_gap_kept)


@cell
def ai_cash_cost_share(
    prev_ai_cash_cost_share: float, long_run_ai_cash_cost_share: float, margin_gap_kept: float
) -> float:
    """Cash costs as a share of AI cloud revenue. [1]"""
    return revert(prev_ai_cash_cost_share, long_run_ai_cash_cost_share, margin_gap_kept)


@cell
def ai_ebita(
    ai_cloud_revenue: float, ai_cash_cost_share: float, ai_depreciation: float, external_share_of_ai_capital: float
) -> float:
    """EBITA of AI cloud revenue: idle capital is depreciated all the same, so overbuilding hurts. [RMB bn]"""
    return ai_cloud_revenue * (1.0 - ai_cash_cost_share) - ai_depreciation * external_share_of_ai_capital


@cell
def cloud_ebita(ai_ebita: float, non_ai_revenue: float, non_ai_margin: float) -> float:
    """Adjusted EBITA of the cloud, before share-based pay as the company reports it. [RMB bn]"""
    return ai_ebita + non_ai_revenue * non_ai_margin


@cell
def cloud_nopat(cloud_ebita: float, cloud_revenue: float, share_based_pay_rate: float, tax_rate: float) -> float:
    """Cloud operating profit after share-based pay and tax. [RMB bn]

    Share-based pay is a cost to the owners although "adjusted" figures leave it out. A loss saves tax: the group has
    profits to set it against.
    """
    return (cloud_ebita - share_based_pay_rate * cloud_revenue) * (1.0 - tax_rate)


@cell
def ai_nopat(ai_ebita: float, ai_cloud_revenue: float, share_based_pay_rate: float, tax_rate: float) -> float:
    """Operating profit of AI cloud revenue after share-based pay and tax. [RMB bn]"""
    return (ai_ebita - share_based_pay_rate * ai_cloud_revenue) * (1.0 - tax_rate)


@cell
def ai_return_on_capital(ai_nopat: float, external_ai_capital: float) -> float:
    """After-tax return on the installed external AI capital, annualised. [1/year]"""
    return 4.0 * ai_nopat / external_ai_capital


# --- period: cash ---


@cell
def cloud_free_cash_flow(
    cloud_nopat: float, ai_depreciation: float, other_depreciation: float, group_capex: float
) -> float:
    """NOPAT plus depreciation less capex *paid*, whether installed yet or not. [RMB bn]

    All capex of the plan is charged here, also that for the group's own models: they repay their depreciation (at
    cost, no profit), so its growth drains cash here and its benefit shows in the segments that use it.
    """
    return cloud_nopat + ai_depreciation + other_depreciation - group_capex


@cell
def discount_factor(prev_discount_factor: float, discount_per_quarter: float) -> float:
    """Value on the valuation date of one unit at the end of this quarter. [1]"""
    return prev_discount_factor * discount_per_quarter


@cell
def discounted_free_cash_flow(cloud_free_cash_flow: float, discount_factor: float) -> float:
    """Cloud free cash flow in value of the valuation date. [RMB bn]"""
    return cloud_free_cash_flow * discount_factor


@cell
def discounted_revenue(cloud_revenue: float, discount_factor: float) -> float:
    """Cloud revenue in value of the valuation date; turns a margin into value. [RMB bn]"""
    return cloud_revenue * discount_factor


@cell
def cumulative_cloud_cash(prev_cumulative_cloud_cash: float, cloud_free_cash_flow: float) -> float:
    """Cloud free cash flow since 30 June 2025. [RMB bn]"""
    return prev_cumulative_cloud_cash + cloud_free_cash_flow


@cell
def deepest_cloud_cash(prev_deepest_cloud_cash: float, cumulative_cloud_cash: float) -> float:
    """Lowest cumulative cloud cash so far. [RMB bn]"""
    return min(prev_deepest_cloud_cash, cumulative_cloud_cash)


# --- horizon: two values of the cloud in September 2026 ---


@cell(at="horizon")
def cumulative_cloud_burn(deepest_cloud_cash: float) -> float:
    """Most cash the cloud will have taken in before it gives any back. [RMB bn]"""
    return -deepest_cloud_cash


@cell(at="horizon")
def ntm_sales_growth(ntm_cloud_revenue: float, ltm_cloud_revenue: float) -> float:
    """Growth of the twelve months after the valuation date on the twelve before. [1]"""
    return ntm_cloud_revenue / ltm_cloud_revenue - 1.0


@cell(at="horizon")
def multiple_at_growth(cloud_ev_to_sales: float, multiple_growth_sensitivity: float, ntm_sales_growth: float) -> float:
    """EV to next-twelve-month sales after the reward for growth above (or charge for growth below) 20%. [x]"""
    return cloud_ev_to_sales * exp(multiple_growth_sensitivity * (ntm_sales_growth - GROWTH_IN_MULTIPLES))


@cell(at="horizon")
def cloud_value_by_multiple(multiple_at_growth: float, ntm_cloud_revenue: float) -> float:
    """Cloud enterprise value: next-twelve-month sales times the multiple. [RMB bn]"""
    return multiple_at_growth * ntm_cloud_revenue


@cell(at="horizon")
def terminal_multiple(terminal_growth: float, terminal_return_on_capital: float, wacc: float) -> float:
    """Continuing value per unit of last-year NOPAT, by the value-driver formula. [x]

    nan when the WACC does not exceed growth: the path is invalid, counted and shown.
    """
    return (1.0 + terminal_growth) * value_driver_multiple(terminal_growth, terminal_return_on_capital, wacc)


@cell(at="horizon")
def cloud_value_by_dcf(
    explicit_cloud_value: float, terminal_year_nopat: float, terminal_multiple: float, discount_factor: float
) -> float:
    """Cloud enterprise value: discounted free cash flow to FY2035 and the continuing value after it. [RMB bn]

    Negative values stand: capex already committed can exceed all that the cloud will earn.
    """
    return explicit_cloud_value + terminal_year_nopat * terminal_multiple * discount_factor


@cell(at="horizon")
def cloud_value(cloud_value_by_multiple: float, cloud_value_by_dcf: float, dcf_weight: float) -> float:
    """Cloud enterprise value in twelve months: the two methods, blended. [RMB bn]"""
    return (1.0 - dcf_weight) * cloud_value_by_multiple + dcf_weight * cloud_value_by_dcf


@cell(at="horizon")
def terminal_cloud_margin(terminal_year_ebita: float, terminal_year_revenue: float) -> float:
    """Cloud EBITA margin of the last year. [1]"""
    return terminal_year_ebita / terminal_year_revenue


@cell(at="horizon")
def value_of_margin(
    explicit_cloud_sales: float,
    terminal_year_revenue: float,
    terminal_multiple: float,
    discount_factor: float,
    tax_rate: float,
) -> float:
    """DCF value of one more unit of EBITA margin on all cloud sales after the valuation date, for ever. [RMB bn]

    The DCF is linear in such a margin, so the margin that a price implies has a closed form.
    """
    continuing = terminal_year_revenue * terminal_multiple * discount_factor
    return (explicit_cloud_sales + continuing) * (1.0 - tax_rate)


# --- horizon: does AI capital earn its cost? ---


@cell(at="horizon")
def mature_ai_return(after_plan_ai_return: float) -> float:
    """After-tax return on external AI capital, mean of the two years after the plan. [1/year]"""
    return after_plan_ai_return


@cell(at="horizon")
def incremental_ai_return(
    later_ai_nopat: float, first_ai_nopat: float, plan_ai_capex: float, external_share_of_ai_capital: float
) -> float:
    """Change in yearly AI NOPAT from the first year to the fifth, over the external AI capex between. [1/year]

    Gross of replacement: what each renminbi ordered over the plan adds to yearly profit. The capex is lagged by the
    two quarters it takes to enter service.
    """
    return (later_ai_nopat - first_ai_nopat) / (plan_ai_capex * external_share_of_ai_capital)


@cell(at="horizon")
def growth_destroys_value(mature_ai_return: float, wacc: float) -> float:
    """1 if AI capital, in the two years after the plan, earns less than the WACC; 0 if not. [share of paths]

    Where this is the usual case, faster AI growth lowers a DCF although it raises a multiple of sales.
    """
    return 1.0 if mature_ai_return < wacc else 0.0
