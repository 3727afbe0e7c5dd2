"""The rival's opening values and its horizon: computed once a chunk, plain numpy expressions."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Value = Floats | float


def kept(half_life: Value) -> Value:
    """Share of a gap that survives a quarter."""
    return np.exp2(-1.0 / np.asarray(half_life)) if isinstance(half_life, np.ndarray) else 2.0 ** (-1.0 / half_life)


def compounded(rate: Value, years: float) -> Value:
    """One unit after ``years`` at ``rate`` a year."""
    return np.exp(years * np.log1p(rate))


def plan_start(d: SimpleNamespace, ramp: Value) -> Value:
    """Quarterly capex from which the plan ramps up so that its quarters spend what is left of the budget."""
    step = kept(d.capex_growth_half_life)
    faded = step * (1.0 - 2.0 ** (-d.plan_quarters / d.capex_growth_half_life)) / (1.0 - step)
    left = np.maximum(d.plan_budget * d.plan_multiple - d.plan_spent, 0.0)
    return left / (d.plan_quarters + ramp * (d.plan_quarters - faded))


def horizon(d: SimpleNamespace, w: SimpleNamespace, last: SimpleNamespace, wanted: frozenset[str]) -> dict[str, Value]:
    """Horizon cells by name, from drivers ``d``, windows ``w`` and last-period lines; unwanted ends are left out."""
    cells: dict[str, Value] = {}
    tax_kept = 1.0 - d.tax_rate
    # --- the cloud by multiple and by DCF, RMB bn ---
    growth = w.ntm_cloud_revenue / w.ltm_cloud_revenue - 1.0
    multiple = d.cloud_ev_to_sales * np.exp(d.multiple_growth_sensitivity * (growth - 0.20))
    by_multiple = multiple * w.ntm_cloud_revenue
    possible = (d.wacc > d.terminal_growth) & (d.terminal_return_on_capital > 0.0)
    kept_growth = 1.0 - d.terminal_growth / d.terminal_return_on_capital
    terminal = (1.0 + d.terminal_growth) * kept_growth / (d.wacc - d.terminal_growth)
    terminal = terminal if possible.all() else np.where(possible, terminal, np.nan)
    discounted_terminal = terminal * last.discount_factor
    by_dcf = w.explicit_cloud_value + w.terminal_year_nopat * discounted_terminal
    blended = (1.0 - d.dcf_weight) * by_multiple + d.dcf_weight * by_dcf
    # --- the other parts, RMB bn ---
    ecommerce = w.ntm_core_ecommerce_ebita * tax_kept * d.ecommerce_pe
    quick = -d.quick_commerce_burn * d.quick_commerce_tax_kept
    ant = d.ant_stake * d.ant_mark
    discount = -d.holding_discount * (np.maximum(w.valuation_net_cash, 0.0) + ant + d.other_investments)
    # --- per ADS ---
    ads = d.ads_issued + d.ads_unvested - d.buybacks / d.rmb_per_usd / 165.0
    in_rmb = d.rmb_per_usd * ads  # RMB bn of one US$ per ADS
    per_ads = 1.0 / in_rmb
    cloud, cloud_by_multiple, cloud_by_dcf = blended * per_ads, by_multiple * per_ads, by_dcf * per_ads
    parts = {
        "ecommerce_per_ads": (ecommerce + quick) * per_ads,
        "net_cash_per_ads": w.valuation_net_cash * per_ads,
        "stakes_per_ads": (ant + d.other_investments) * per_ads,
        "holding_discount_per_ads": discount * per_ads,
        "head_office_per_ads": d.head_office_value * per_ads,
        "minorities_per_ads": -d.non_controlling_interests * per_ads,
    }
    for member in d.segments:
        value = d.by_name[f"segment_revenue[{member}]"] * d.by_name[f"segment_multiple[{member}]"]
        parts[f"segment_per_ads[{member}]"] = value * per_ads
        cells[f"segment_value[{member}]"] = value
    rest = sum(parts.values())
    value = cloud + rest
    cells |= parts | {
        "ntm_sales_growth": growth,
        "multiple_at_growth": multiple,
        "cloud_value_by_multiple": by_multiple,
        "cloud_value_by_dcf": by_dcf,
        "cloud_value": blended,
        "terminal_multiple": terminal,
        "ecommerce_value": ecommerce,
        "quick_commerce_value": quick,
        "ant_value": ant,
        "holding_discount_value": discount,
        "ads_outstanding": ads,
        "cloud_per_ads": cloud,
        "cloud_per_ads_by_multiple": cloud_by_multiple,
        "cloud_per_ads_by_dcf": cloud_by_dcf,
        "non_cloud_per_ads": rest,
        "value_per_ads": value,
    }
    # --- ends: nothing else needs them ---
    continuing = w.terminal_year_revenue * discounted_terminal
    ends = {
        "value_per_ads_by_multiple": lambda: cloud_by_multiple + rest,
        "value_per_ads_by_dcf": lambda: cloud_by_dcf + rest,
        "value_today": lambda: value / (1.0 + d.cost_of_equity),
        "upside_to_price": lambda: value / d.price_per_ads - 1.0,
        "trough_net_cash": lambda: last.lowest_net_cash + quick,
        "cumulative_cloud_burn": lambda: -last.deepest_cloud_cash,
        "terminal_cloud_margin": lambda: w.terminal_year_ebita / w.terminal_year_revenue,
        "value_of_margin": lambda: (w.explicit_cloud_sales + continuing) * tax_kept,
        "incremental_ai_return": lambda: (
            (w.later_ai_nopat - w.first_ai_nopat) / (w.plan_ai_capex * d.external_share_of_ai_capital)
        ),
        "mature_ai_return": lambda: w.after_plan_ai_return,
        "growth_destroys_value": lambda: (w.after_plan_ai_return < d.wacc).astype(np.float64),
        "break_even_yield": lambda: (
            (d.ai_depreciation_rate + d.ai_return_hurdle / tax_kept)
            / (1.0 - d.long_run_ai_cash_cost_share - d.share_based_pay_rate)
        ),
        "implied_cloud_at_price": lambda: d.price_per_ads - rest,
        "implied_cloud_at_target": lambda: d.target_per_ads - rest,
    }
    margins = {f"implied_{what}_at_{at}" for what in ("margin",) for at in ("price", "target")}
    if margins & wanted:
        wanted = wanted | {"terminal_cloud_margin", "value_of_margin"}
    cells |= {name: make() for name, make in ends.items() if name in wanted}
    for at, level in (("price", d.price_per_ads), ("target", d.target_per_ads)):
        if f"implied_multiple_at_{at}" in wanted:
            cells[f"implied_multiple_at_{at}"] = (level - rest) * in_rmb / w.ntm_cloud_revenue
        if f"implied_margin_at_{at}" in wanted:
            gap = (level - rest) * in_rmb - by_dcf
            cells[f"implied_margin_at_{at}"] = cells["terminal_cloud_margin"] + gap / cells["value_of_margin"]
    return cells


def segments(by_name: Mapping[str, Value]) -> tuple[str, ...]:
    """Members of the family of businesses valued on their revenue."""
    return tuple(name[len("segment_revenue[") : -1] for name in by_name if name.startswith("segment_revenue["))
