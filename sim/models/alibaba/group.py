"""Group: the sum of the parts per ADS twelve months ahead, and what the price and the target imply.

Values are RMB bn on 30 September 2026, then US dollars per ADS (1 ADS = 8 ordinary shares). Each part is one cell, so
that a table, a bridge or a valuer can take it out or replace it. `segment` is a family: a study adds a business valued
on its revenue by naming it in `families:` and giving it two drivers, without touching this file.
"""

from sim.cells.mark import cell
from sim.models.finance import compounded, dollars_per_ads

CASH_FROM_NOPAT = 0.93  # core e-commerce: 7% of after-tax profit is reinvested in capex and working capital
QUARTERS_OF_PAYOUTS = 5.0  # head office, dividends and buy-backs are given for the five quarters to September 2026
AVERAGE_BUYBACK_PRICE = 165.0  # US$ per ADS, near the price of September 2025


# --- opening ---


@cell(at="opening")
def opening_core_ecommerce_ebita(core_ecommerce_ebita_a_year: float) -> float:
    """Core China e-commerce EBITA a quarter, without quick commerce and season. [RMB bn/quarter]"""
    return core_ecommerce_ebita_a_year / 4.0


@cell(at="opening")
def core_ecommerce_step(core_ecommerce_growth: float) -> float:
    """One quarter of core e-commerce growth. [1]"""
    return compounded(core_ecommerce_growth, 0.25)


@cell(at="opening")
def other_cash_uses(head_office_cash: float, segment_cash_burn: float, dividends: float, buybacks: float) -> float:
    """Cash leaving a quarter: head office, AIDC and all others, dividends, buy-backs. [RMB bn/quarter]"""
    return (head_office_cash + segment_cash_burn + dividends + buybacks) / QUARTERS_OF_PAYOUTS


# --- period: cash ---


@cell
def core_ecommerce_ebita(prev_core_ecommerce_ebita: float, core_ecommerce_step: float) -> float:
    """EBITA of core China e-commerce, excluding quick commerce. [RMB bn/quarter]"""
    return prev_core_ecommerce_ebita * core_ecommerce_step


@cell
def net_cash(
    prev_net_cash: float,
    core_ecommerce_ebita: float,
    tax_rate: float,
    cloud_free_cash_flow: float,
    other_cash_uses: float,
) -> float:
    """Group net cash before quick-commerce losses, which are valued in one place only. [RMB bn]

    After September 2026 payouts go on at the same pace; that part serves the trough of net cash alone.
    """
    from_ecommerce = core_ecommerce_ebita * (1.0 - tax_rate) * CASH_FROM_NOPAT
    return prev_net_cash + from_ecommerce + cloud_free_cash_flow - other_cash_uses


@cell
def lowest_net_cash(prev_lowest_net_cash: float, net_cash: float) -> float:
    """Lowest net cash so far. [RMB bn]"""
    return min(prev_lowest_net_cash, net_cash)


# --- horizon: parts, RMB bn ---


@cell(at="horizon")
def ecommerce_value(ntm_core_ecommerce_ebita: float, tax_rate: float, ecommerce_pe: float) -> float:
    """Core China e-commerce: after-tax EBITA of the year after the valuation date times a P/E. [RMB bn]"""
    return ntm_core_ecommerce_ebita * (1.0 - tax_rate) * ecommerce_pe


@cell(at="horizon")
def quick_commerce_value(quick_commerce_burn: float, quick_commerce_tax_kept: float) -> float:
    """Quick commerce: its losses from July 2025 to break-even, after the tax they save. [RMB bn]

    Negative. It stands here and nowhere else: core EBITA and net cash leave it out.
    """
    return -quick_commerce_burn * quick_commerce_tax_kept


@cell(at="horizon", over="segment")
def segment_value(segment_revenue: float, segment_multiple: float) -> float:
    """A business valued on its revenue (AIDC, all others, and any a study adds). [RMB bn]"""
    return segment_revenue * segment_multiple


@cell(at="horizon")
def ant_value(ant_stake: float, ant_mark: float) -> float:
    """The 33% of Ant Group, marked to the 2023 buy-back. [RMB bn]"""
    return ant_stake * ant_mark


@cell(at="horizon")
def holding_discount_value(
    holding_discount: float, valuation_net_cash: float, ant_value: float, other_investments: float
) -> float:
    """What the market takes off cash and stakes it does not control; none on negative cash. [RMB bn]"""
    return -holding_discount * (max(valuation_net_cash, 0.0) + ant_value + other_investments)


# --- horizon: per ADS ---


@cell(at="horizon")
def ads_outstanding(ads_issued: float, ads_unvested: float, buybacks: float, rmb_per_usd: float) -> float:
    """ADS equivalents outstanding on the valuation date, unvested awards included. [bn]"""
    return ads_issued + ads_unvested - buybacks / rmb_per_usd / AVERAGE_BUYBACK_PRICE


@cell(at="horizon")
def cloud_per_ads(cloud_value: float, rmb_per_usd: float, ads_outstanding: float) -> float:
    """Cloud, the two methods blended. [US$/ADS]"""
    return dollars_per_ads(cloud_value, rmb_per_usd, ads_outstanding)


@cell(at="horizon")
def cloud_per_ads_by_multiple(cloud_value_by_multiple: float, rmb_per_usd: float, ads_outstanding: float) -> float:
    """Cloud by the sales multiple alone. [US$/ADS]"""
    return dollars_per_ads(cloud_value_by_multiple, rmb_per_usd, ads_outstanding)


@cell(at="horizon")
def cloud_per_ads_by_dcf(cloud_value_by_dcf: float, rmb_per_usd: float, ads_outstanding: float) -> float:
    """Cloud by DCF alone. [US$/ADS]"""
    return dollars_per_ads(cloud_value_by_dcf, rmb_per_usd, ads_outstanding)


@cell(at="horizon")
def ecommerce_per_ads(
    ecommerce_value: float, quick_commerce_value: float, rmb_per_usd: float, ads_outstanding: float
) -> float:
    """China e-commerce, quick-commerce losses deducted. [US$/ADS]"""
    return dollars_per_ads(ecommerce_value + quick_commerce_value, rmb_per_usd, ads_outstanding)


@cell(at="horizon", over="segment")
def segment_per_ads(segment_value: float, rmb_per_usd: float, ads_outstanding: float) -> float:
    """A business valued on its revenue. [US$/ADS]"""
    return dollars_per_ads(segment_value, rmb_per_usd, ads_outstanding)


@cell(at="horizon")
def net_cash_per_ads(valuation_net_cash: float, rmb_per_usd: float, ads_outstanding: float) -> float:
    """Net cash on the valuation date, before the holding discount. [US$/ADS]"""
    return dollars_per_ads(valuation_net_cash, rmb_per_usd, ads_outstanding)


@cell(at="horizon")
def stakes_per_ads(ant_value: float, other_investments: float, rmb_per_usd: float, ads_outstanding: float) -> float:
    """Ant Group and other investments, before the holding discount. [US$/ADS]"""
    return dollars_per_ads(ant_value + other_investments, rmb_per_usd, ads_outstanding)


@cell(at="horizon")
def holding_discount_per_ads(holding_discount_value: float, rmb_per_usd: float, ads_outstanding: float) -> float:
    """Holding discount, negative. [US$/ADS]"""
    return dollars_per_ads(holding_discount_value, rmb_per_usd, ads_outstanding)


@cell(at="horizon")
def head_office_per_ads(head_office_value: float, rmb_per_usd: float, ads_outstanding: float) -> float:
    """Capitalised head-office costs, negative. [US$/ADS]"""
    return dollars_per_ads(head_office_value, rmb_per_usd, ads_outstanding)


@cell(at="horizon")
def minorities_per_ads(non_controlling_interests: float, rmb_per_usd: float, ads_outstanding: float) -> float:
    """Non-controlling interests, negative. [US$/ADS]"""
    return dollars_per_ads(-non_controlling_interests, rmb_per_usd, ads_outstanding)


@cell(at="horizon")
def non_cloud_per_ads(
    ecommerce_per_ads: float,
    segment_per_ads: tuple[float, ...],
    net_cash_per_ads: float,
    stakes_per_ads: float,
    holding_discount_per_ads: float,
    head_office_per_ads: float,
    minorities_per_ads: float,
) -> float:
    """Everything but the cloud. [US$/ADS]"""
    operations = ecommerce_per_ads + sum(segment_per_ads)
    holdings = net_cash_per_ads + stakes_per_ads + holding_discount_per_ads
    return operations + holdings + head_office_per_ads + minorities_per_ads


@cell(at="horizon")
def value_per_ads(cloud_per_ads: float, non_cloud_per_ads: float) -> float:
    """Fair value of one ADS in twelve months: the sum of the parts. [US$/ADS]"""
    return cloud_per_ads + non_cloud_per_ads


@cell(at="horizon")
def value_per_ads_by_multiple(cloud_per_ads_by_multiple: float, non_cloud_per_ads: float) -> float:
    """Fair value of one ADS with the cloud valued by its sales multiple alone. [US$/ADS]"""
    return cloud_per_ads_by_multiple + non_cloud_per_ads


@cell(at="horizon")
def value_per_ads_by_dcf(cloud_per_ads_by_dcf: float, non_cloud_per_ads: float) -> float:
    """Fair value of one ADS with the cloud valued by DCF alone. [US$/ADS]"""
    return cloud_per_ads_by_dcf + non_cloud_per_ads


@cell(at="horizon")
def value_today(value_per_ads: float, cost_of_equity: float) -> float:
    """Fair value in twelve months, discounted to the study's date. [US$/ADS]"""
    return value_per_ads / (1.0 + cost_of_equity)


@cell(at="horizon")
def upside_to_price(value_per_ads: float, price_per_ads: float) -> float:
    """Fair value in twelve months over today's price; compare it with the cost of equity, not with zero. [1]"""
    return value_per_ads / price_per_ads - 1.0


@cell(at="horizon")
def trough_net_cash(lowest_net_cash: float, quick_commerce_value: float) -> float:
    """Lowest net cash to FY2035, all quick-commerce losses already paid. [RMB bn]

    Low on purpose where the trough comes before quick commerce breaks even.
    """
    return lowest_net_cash + quick_commerce_value


# --- horizon: what one must believe about the cloud ---


@cell(at="horizon")
def implied_cloud_at_price(price_per_ads: float, non_cloud_per_ads: float) -> float:
    """Cloud value that today's price implies, all else as drawn. [US$/ADS]"""
    return price_per_ads - non_cloud_per_ads


@cell(at="horizon")
def implied_cloud_at_target(target_per_ads: float, non_cloud_per_ads: float) -> float:
    """Cloud value that the target implies, all else as drawn. [US$/ADS]"""
    return target_per_ads - non_cloud_per_ads


@cell(at="horizon")
def implied_multiple_at_price(
    implied_cloud_at_price: float, rmb_per_usd: float, ads_outstanding: float, ntm_cloud_revenue: float
) -> float:
    """EV to next-twelve-month cloud sales that today's price implies. [x]"""
    return implied_cloud_at_price * rmb_per_usd * ads_outstanding / ntm_cloud_revenue


@cell(at="horizon")
def implied_multiple_at_target(
    implied_cloud_at_target: float, rmb_per_usd: float, ads_outstanding: float, ntm_cloud_revenue: float
) -> float:
    """EV to next-twelve-month cloud sales that the target implies. [x]"""
    return implied_cloud_at_target * rmb_per_usd * ads_outstanding / ntm_cloud_revenue


@cell(at="horizon")
def implied_margin_at_price(
    implied_cloud_at_price: float,
    rmb_per_usd: float,
    ads_outstanding: float,
    cloud_value_by_dcf: float,
    value_of_margin: float,
    terminal_cloud_margin: float,
) -> float:
    """Long-run cloud EBITA margin at which the DCF alone supports today's price. [1]

    The path's last-year margin plus the points, the same in every year from the valuation date, that close the gap.
    """
    gap = implied_cloud_at_price * rmb_per_usd * ads_outstanding - cloud_value_by_dcf
    return terminal_cloud_margin + gap / value_of_margin


@cell(at="horizon")
def implied_margin_at_target(
    implied_cloud_at_target: float,
    rmb_per_usd: float,
    ads_outstanding: float,
    cloud_value_by_dcf: float,
    value_of_margin: float,
    terminal_cloud_margin: float,
) -> float:
    """Long-run cloud EBITA margin at which the DCF alone supports the target. [1]

    The path's last-year margin plus the points, the same in every year from the valuation date, that close the gap.
    """
    gap = implied_cloud_at_target * rmb_per_usd * ads_outstanding - cloud_value_by_dcf
    return terminal_cloud_margin + gap / value_of_margin
