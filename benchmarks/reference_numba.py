"""The reference workload as a scalar numba loop: one path after the other, every line a local variable."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
from reference_inputs import COLUMNS, MIDDLE, QUARTERS, Floats, Inputs

CHUNK = 8_192
ORDER = (
    "initial_growth", "long_run_growth", "growth_half_life", "demand_persistence", "demand_volatility",
    "price_decline", "price_volatility", "depreciation_rate", "yield_on_capital", "capex_response", "long_run_margin",
    "margin_kept", "margin_volatility", "tax_rate", "cost_of_capital", "exit_multiple",
)  # fmt: skip
OPENINGS = ("demand_shock", "demand", "price", "capacity", "capex", "margin", "discount_factor", "present_value")


class NumbaRival:
    """As `reference_numpy.NumpyRival`."""

    def __init__(self, inputs: Inputs):
        self.inputs = inputs
        self.order = np.array([inputs.names.index(name) for name in ORDER])
        self.openings = np.array([inputs.numbers[name] for name in OPENINGS])
        self.simulate(1, threads=1)

    def simulate(self, paths: int, seed: int = 1, threads: int = 2) -> Floats:
        """Outputs float64[5, paths]."""
        outputs, given = np.empty((len(COLUMNS), paths)), self.inputs
        none = np.empty((16, 0)), np.empty((3, QUARTERS, 0))

        def part(first: int) -> None:
            random = np.random.Generator(np.random.SFC64([seed, first // CHUNK]))
            piece = outputs[:, first : first + CHUNK]
            numbers = given.location, given.scale, given.factor, given.logs
            _paths(True, random, *numbers, self.order, self.openings, *none, piece)

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(part, range(0, paths, CHUNK)))
        return outputs

    def evaluate(self, drivers: Floats, innovations: Floats) -> Floats:
        """Outputs float64[5, n] of drivers float64[16, n] and innovations float64[3, 42, n]."""
        outputs, given = np.empty((len(COLUMNS), drivers.shape[1])), self.inputs
        numbers = given.location, given.scale, given.factor, given.logs
        tables = np.ascontiguousarray(drivers), np.ascontiguousarray(innovations)
        _paths(
            False, np.random.Generator(np.random.SFC64(1)), *numbers, self.order, self.openings, *tables, outputs[:, :]
        )
        return outputs


@numba.njit(nogil=True, error_model="numpy", fastmath=True)
def _paths(draws, random, location, scale, factor, logs, order, openings, drivers, innovations, outputs):
    """fastmath is on: the rival need not give the same bits everywhere."""
    own, d = np.empty(16), np.empty(16)
    for i in range(outputs.shape[1]):
        if draws:
            for k in range(16):
                own[k] = random.standard_normal()
            for k in range(16):
                total = 0.0
                for m in range(k + 1):
                    total += factor[k, m] * own[m]
                total = location[k] + scale[k] * total
                d[k] = math.exp(total) if k < logs else total
        else:
            for k in range(16):
                d[k] = drivers[k, i]
        initial, long_run, half_life = d[order[0]], d[order[1]], d[order[2]]
        persistence, volatility, decline, price_volatility = d[order[3]], d[order[4]], d[order[5]], d[order[6]]
        rate, yields, response, long_run_margin = d[order[7]], d[order[8]], d[order[9]], d[order[10]]
        kept, margin_volatility, tax_rate, cost, multiple = (
            d[order[11]],
            d[order[12]],
            d[order[13]],
            d[order[14]],
            d[order[15]],
        )
        gap, fades = initial - long_run, 2.0 ** (-1.0 / half_life)
        shock, potential, capacity, capex = openings[0], openings[1] * openings[2], openings[3], openings[4]
        margin, discount, present = openings[5], openings[6], openings[7]
        discounts, inverse_yield = 1.0 / (1.0 + cost), 1.0 / yields
        revenue = used = 0.0
        for t in range(QUARTERS):
            if draws:
                of_demand, of_margin, of_price = (
                    random.standard_normal(), random.standard_normal(), random.standard_normal(),
                )  # fmt: skip
            else:
                of_demand, of_margin, of_price = innovations[0, t, i], innovations[1, t, i], innovations[2, t, i]
            gap *= fades
            shock = persistence * shock + volatility * of_demand
            potential *= math.exp(long_run + gap + shock + price_volatility * of_price - decline)
            wear = rate * capacity
            capacity = capacity - wear + capex
            supply = capacity * yields
            revenue = min(potential, supply)
            used = revenue / supply
            capex = max(wear + response * (potential * inverse_yield - capacity), 0.0)
            margin = long_run_margin + (margin - long_run_margin) * kept + margin_volatility * of_margin
            profit = revenue * margin - wear * (2.0 - used)
            cash = profit - tax_rate * max(profit, 0.0) + wear - capex
            discount *= discounts
            present += cash * discount
            if t == MIDDLE - 1:
                outputs[1, i] = revenue
        outputs[0, i] = present + multiple * revenue * discount
        outputs[2, i], outputs[3, i], outputs[4, i] = revenue, capacity, used
