"""The base study's kernel written by hand: the rival that the generated kernel is measured against.

`handwritten_kernel.py` is its text, `constants` the study's numbers as literals before it. Drawing is the engine's own,
so that the same paths come out and what is compared is the kernel: openings, quarters, horizon, columns.
"""

from __future__ import annotations

import math
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import handwritten_kernel
import numpy as np
from numpy.typing import NDArray

from sim import kernel
from sim.config.schema import Study
from sim.run import setup
from sim.run.simulate import CHUNK, Simulator, aligned

Floats = NDArray[np.float64]

PERIODS = 39
SUMS = (
    "ai_cloud_revenue", "cloud_revenue", "cloud_ebita", "group_capex",
    "ai_cloud_market", "ai_return_on_capital", "supply_binds", "unmet_demand",
)  # fmt: skip
SINGLE = (
    "cloud_revenue.2025Q3", "cloud_revenue.2025Q4", "cloud_revenue.2026Q1",
    "unmet_share_of_demand.2026Q1", "unmet_share_of_demand.2028Q1", "unmet_share_of_demand.2030Q1",
    "cloud_share.2026Q3", "cloud_share.2030Q1", "enterprise_tokens.2026Q2", "enterprise_tokens.2028Q1",
    "revenue_per_million_tokens.2026Q2", "revenue_per_million_tokens.2028Q1", "token_spend.2026Q2",
    "net_cash.2026Q3", "ai_demand.2028Q1", "ai_supply.2028Q1", "ai_capital.2028Q1", "revenue_yield.2030Q1",
)  # fmt: skip
ENDS = (
    "value_per_ads", "value_per_ads_by_multiple", "value_per_ads_by_dcf", "value_today", "upside_to_price",
    "cloud_per_ads", "ecommerce_per_ads", "segment_per_ads[aidc]", "segment_per_ads[others]", "net_cash_per_ads",
    "stakes_per_ads", "holding_discount_per_ads", "head_office_per_ads", "minorities_per_ads",
    "cloud_per_ads_by_multiple", "cloud_per_ads_by_dcf", "ads_outstanding", "implied_cloud_at_price",
    "implied_cloud_at_target", "implied_multiple_at_price", "implied_multiple_at_target", "implied_margin_at_price",
    "implied_margin_at_target", "multiple_at_growth", "ntm_sales_growth", "terminal_cloud_margin", "break_even_yield",
    "mature_ai_return", "incremental_ai_return", "growth_destroys_value", "cumulative_cloud_burn", "trough_net_cash",
)  # fmt: skip


class Handwritten:
    """The hand-written kernel of a study that differs from base in the numbers of its drivers alone."""

    def __init__(self, study: Study, simulator: Simulator):
        self.plan = simulator.plan
        outputs = {name: number for number, name in enumerate(simulator.setup.outputs)}
        if set(outputs) != {*SINGLE, *ENDS, *(f"{name}.FY{year}" for name in SUMS for year in range(2026, 2036))}:
            raise ValueError("the hand-written kernel knows the columns of the base study only")
        self.columns = np.array([outputs[f"{name}.FY2026"] for name in SUMS])
        self.single, self.ends = (np.array([outputs[name] for name in names]) for names in (SINGLE, ENDS))
        rows = {name: row for row, name in enumerate(self.plan.drivers)}
        by_quarter = {"Q1": "march", "Q2": "june", "Q3": "september", "Q4": "december"}
        quarters = [study.calendar.calendar_quarter(t) for t in range(1, PERIODS + 1)]
        self.seasons = np.array([rows[f"seasonal_factor_{by_quarter[quarter]}"] for quarter in quarters])
        self.fading = _fading(study)
        modules = (*setup.kernel_modules(), constants(study, rows), handwritten_kernel)
        self._entry = kernel.load(kernel.join(modules), self._calls).simulate_by_hand
        self._scratch = threading.local()

    def simulate(self, paths: int, threads: int = 2) -> list[Floats]:
        """Outputs of the first ``paths`` paths, float64[128, n] a chunk, in path order."""
        with ThreadPoolExecutor(threads) as pool:
            starts = range(0, paths, CHUNK)
            return list(pool.map(lambda first: self.chunk(first, min(CHUNK, paths - first)), starts))

    def chunk(self, first: int, count: int) -> Floats:
        """Outputs of paths ``first`` and on: float64[128, count]."""
        rows = len(self.plan.drivers) + len(self.plan.innovations) * PERIODS
        if not hasattr(self._scratch, "rows"):
            block = int(kernel.BLOCK)
            self._scratch.rows = aligned(rows * block), aligned(handwritten_kernel.ROWS * block)
            self._scratch.drawing = self.plan.scratch(block)
            self._scratch.block_paths = np.empty(block, np.uint64)
        outputs = np.empty((self.columns.size * 10 + self.single.size + self.ends.size, count))
        own = self._scratch
        self._entry(*self._arguments(first, count, own.drawing, own.block_paths, *own.rows, outputs))
        return outputs

    def _arguments(
        self,
        first: int,
        count: int,
        scratch: tuple[Any, ...],
        block_paths: NDArray[np.uint64],
        drawn: Floats,
        work: Floats,
        outputs: Floats,
    ) -> tuple[Any, ...]:
        drawing, noising = (*self.plan.driver_arguments, *scratch), (*self.plan.innovation_arguments, *scratch)
        tables = self.fading, self.seasons, self.columns, self.single, self.ends
        return first, count, drawing, noising, len(self.plan.drivers), *tables, block_paths, drawn, work, outputs

    def _calls(self, made: kernel.Kernel) -> list[kernel.Call]:
        nothing = np.zeros(0), np.zeros(0), np.zeros((0, 0))
        return [("simulate_by_hand", self._arguments(0, 0, self.plan.scratch(0), np.zeros(0, np.uint64), *nothing))]


def constants(study: Study, rows: dict[str, int]) -> str:
    """Kernel text: BLOCK, the row of every driver as D_NAME, and the study's certain numbers as literals."""
    fixed = {name: float(d.marginal.value) for name, d in study.drivers.items() if d.marginal.kind == "fixed"}
    growth = math.log(1.0 + fixed["half_year_token_growth"]) / 2.0
    tokens = 2.0 * fixed["half_year_tokens"] / (1.0 + math.exp(-growth))
    market = fixed["half_year_ai_market"] / (1.0 + math.exp(-fixed["half_year_market_growth"]))
    kept, quarters = _kept(fixed["capex_growth_half_life"]), fixed["plan_quarters"]
    payouts = ("head_office_cash", "segment_cash_burn", "dividends")
    reported = {name: study.reported[name]["2025Q2"].value for name in SUMS if name != "ai_cloud_revenue"}
    assert quarters == 11.0
    assert fixed["quarters_to_valuation"] == 5.0
    numbers = {
        "OPENING_TOKEN_GROWTH": growth,
        "OPENING_TOKENS": tokens,
        "OPENING_TOKENS_IN_BILLIONS": 0.09125 * tokens,
        "OPENING_MARKET": market,
        "ONE_OVER_OPENING_SHARE_OF_MARKET": 1.0 / (fixed["opening_cloud_share"] * market),
        "SHARE_KEPT": _kept(fixed["share_half_life"]),
        "RAMP_PER_GROWTH": 0.25 / (1.0 - kept),
        "UNFADED_QUARTERS": quarters - kept * (1.0 - kept**quarters) / (1.0 - kept),
        "SERVED_AT_OPENING": 1.02,
        "ONE_OVER_OPENING_CHIPS": 1.0 / fixed["opening_chip_availability"],
        "OTHER_PAYOUTS": sum(fixed[name] for name in payouts),
        "OTHER_WEAR": fixed["other_depreciation_rate"] / 4.0,
        "CORE_ECOMMERCE_EBITA": fixed["core_ecommerce_ebita_a_year"],
        "ADS": fixed["ads_issued"] + fixed["ads_unvested"],
        "REVENUE_AIDC": fixed["segment_revenue[aidc]"],
        "REVENUE_OTHERS": fixed["segment_revenue[others]"],
        "PRICE": fixed["price_per_ads"],
        "TARGET": fixed["target_per_ads"],
        "REPORTED_CAPEX": reported["group_capex"],
        "REPORTED_MARKET": reported["ai_cloud_market"],
        "REPORTED_RETURN": reported["ai_return_on_capital"],
    }
    numbers |= {_constant(name): value for name, value in fixed.items() if _constant(name) not in numbers}
    text = [f"BLOCK = np.uint64({int(kernel.BLOCK)})\n"]
    text += [f"{name} = {float(value)!r}\n" for name, value in numbers.items()]
    text += [f"D_{_constant(name)} = np.uint64({row}) * BLOCK\n" for name, row in rows.items()]
    return "".join(text) + "\n\n"


def _constant(name: str) -> str:
    return re.sub(r"\W+", "_", name).strip("_").upper()


def _kept(half_life: float) -> float:
    return 2.0 ** (-1.0 / half_life)


def _fading(study: Study) -> Floats:
    """float64[8, 40]: kept^t of chips, yield, margins, non-AI growth, efficiency, infrastructure, capex; summed [7]."""
    names = ("chip", "yield", "margin", "non_ai_growth", "efficiency", "infrastructure", "capex_growth")
    half_lives = [study.drivers[f"{name}_half_life"].marginal.value for name in names]
    powers = 2.0 ** (-np.arange(PERIODS + 1) / np.array(half_lives)[:, None])
    return np.vstack([powers, np.cumsum(powers[4]) - 1.0])
