"""Goldman Sachs' two sums of the parts (before and on 17 September 2025), as far as they were disclosed.

A model of its own, not the Alibaba model with its drivers pinned: Goldman multiplies fiscal-2026 sales, one reported
quarter plus three forecast as one growth rate, by a multiple today; the Alibaba model rolls 39 quarters forward to the
sales of the year from September 2026. Pinning some ninety drivers until a simulated path met one growth rate would
hide the two numbers that changed. Here they are drivers, so a bridge shows what each contributes.

Only the cloud ($36 -> $43) and the total ($163 -> $179) are known. Everything else stands at the most likely values of
the base study, and the one number that closes the gap, the e-commerce P/E, is solved and says so.
"""

from sim.cells.mark import cell
from sim.models.finance import dollars_per_ads


@cell(at="horizon")
def fy2026_cloud_revenue(
    june_quarter_cloud_revenue: float, year_ago_cloud_revenue: float, remaining_quarters_growth: float
) -> float:
    """Cloud revenue of fiscal 2026: the reported June quarter plus the grown other three. [RMB bn]"""
    return june_quarter_cloud_revenue + year_ago_cloud_revenue * (1.0 + remaining_quarters_growth)


@cell(at="horizon")
def cloud_value(fy2026_cloud_revenue: float, cloud_ev_to_sales: float) -> float:
    """Cloud enterprise value. [RMB bn]"""
    return fy2026_cloud_revenue * cloud_ev_to_sales


@cell(at="horizon")
def ecommerce_value(
    core_ecommerce_ebita_a_year: float, tax_rate: float, ecommerce_pe: float, quick_commerce_value: float
) -> float:
    """China e-commerce: after-tax core EBITA times a P/E, less quick-commerce losses. [RMB bn]"""
    return core_ecommerce_ebita_a_year * (1.0 - tax_rate) * ecommerce_pe + quick_commerce_value


@cell(at="horizon")
def holdings_value(net_cash: float, stakes: float, holding_discount: float) -> float:
    """Net cash and stakes after the holding discount. [RMB bn]"""
    return (net_cash + stakes) * (1.0 - holding_discount)


@cell(at="horizon")
def cloud_per_ads(cloud_value: float, rmb_per_usd: float, ads_outstanding: float) -> float:
    """Cloud. [US$/ADS]"""
    return dollars_per_ads(cloud_value, rmb_per_usd, ads_outstanding)


@cell(at="horizon")
def rest_per_ads(
    ecommerce_value: float,
    holdings_value: float,
    other_segments_value: float,
    head_office_value: float,
    non_controlling_interests: float,
    rmb_per_usd: float,
    ads_outstanding: float,
) -> float:
    """Everything but the cloud. [US$/ADS]"""
    operations = ecommerce_value + other_segments_value + head_office_value
    return dollars_per_ads(operations + holdings_value - non_controlling_interests, rmb_per_usd, ads_outstanding)


@cell(at="horizon")
def value_per_ads(cloud_per_ads: float, rest_per_ads: float) -> float:
    """Sum of the parts. [US$/ADS]"""
    return cloud_per_ads + rest_per_ads
