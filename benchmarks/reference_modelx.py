"""The reference workload in modelx: scalar cells of path and quarter, remembered as modelx does."""

from __future__ import annotations

import math

import modelx as mx
import numpy as np
from reference_inputs import COLUMNS, MIDDLE, QUARTERS, Floats, Inputs
from reference_numpy import NumpyRival

BATCH = 200  # paths between which the remembered values are let go

# Each formula is text of modelx; i is the path, t the quarter. ``d`` and ``z`` are the batch's inputs as lists.
CELLS = {
    "growth": "lambda i, t: d['long_run_growth'][i] + (d['initial_growth'][i] - d['long_run_growth'][i])"
    " * 2.0 ** (-t / d['growth_half_life'][i])",
    "demand_shock": "lambda i, t: d['demand_persistence'][i] * demand_shock(i, t - 1)"
    " + d['demand_volatility'][i] * z[0][t - 1][i] if t else opening['demand_shock']",
    "demand": "lambda i, t: demand(i, t - 1) * exp(growth(i, t) + demand_shock(i, t)) if t else opening['demand']",
    "price": "lambda i, t: price(i, t - 1) * exp(d['price_volatility'][i] * z[2][t - 1][i] - d['price_decline'][i])"
    " if t else opening['price']",
    "potential": "lambda i, t: demand(i, t) * price(i, t)",
    "depreciation": "lambda i, t: d['depreciation_rate'][i] * capacity(i, t - 1)",
    "capacity": "lambda i, t: capacity(i, t - 1) - depreciation(i, t) + capex(i, t - 1) if t else opening['capacity']",
    "supply": "lambda i, t: capacity(i, t) * d['yield_on_capital'][i]",
    "revenue": "lambda i, t: min(potential(i, t), supply(i, t))",
    "utilisation": "lambda i, t: revenue(i, t) / supply(i, t)",
    "capex": "lambda i, t: max(depreciation(i, t) + d['capex_response'][i]"
    " * (potential(i, t) / d['yield_on_capital'][i] - capacity(i, t)), 0.0) if t else opening['capex']",
    "margin": "lambda i, t: d['long_run_margin'][i] + (margin(i, t - 1) - d['long_run_margin'][i])"
    " * d['margin_kept'][i] + d['margin_volatility'][i] * z[1][t - 1][i] if t else opening['margin']",
    "profit": "lambda i, t: revenue(i, t) * margin(i, t) - depreciation(i, t) * (2.0 - utilisation(i, t))",
    "cash_flow": "lambda i, t: profit(i, t) - d['tax_rate'][i] * max(profit(i, t), 0.0) + depreciation(i, t)"
    " - capex(i, t)",
    "discount_factor": "lambda i, t: discount_factor(i, t - 1) / (1.0 + d['cost_of_capital'][i])"
    " if t else opening['discount_factor']",
    "present_value": "lambda i, t: present_value(i, t - 1) + cash_flow(i, t) * discount_factor(i, t)"
    " if t else opening['present_value']",
    "value": "lambda i: present_value(i, last) + d['exit_multiple'][i] * revenue(i, last) * discount_factor(i, last)",
}


class ModelxRival:
    """As `reference_numpy.NumpyRival`; numpy draws the inputs. One thread: modelx is bound to the interpreter."""

    def __init__(self, inputs: Inputs):
        self.inputs, self.numpy = inputs, NumpyRival(inputs)
        self.model = mx.new_model()
        self.space = self.model.new_space("Workload")
        self.space.exp, self.space.opening, self.space.last = math.exp, inputs.numbers, QUARTERS
        for name, formula in CELLS.items():
            self.space.new_cells(name, formula=formula)

    def simulate(self, paths: int, seed: int = 1) -> Floats:
        """Outputs float64[5, paths]."""
        random = np.random.Generator(np.random.SFC64(seed))
        parts = []
        for first in range(0, paths, BATCH):
            n = min(BATCH, paths - first)
            parts.append(self.evaluate(self.numpy.draw(random, n), random.standard_normal((3, QUARTERS, n))))
        return np.concatenate(parts, axis=1)

    def evaluate(self, drivers: Floats, innovations: Floats) -> Floats:
        space, outputs = self.space, np.empty((len(COLUMNS), drivers.shape[1]))
        space.d = dict(zip(self.inputs.names, drivers.tolist(), strict=True))  # lets go of remembered values
        space.z = innovations.tolist()
        for i in range(drivers.shape[1]):
            outputs[0, i] = space.value(i)
            outputs[1, i], outputs[2, i] = space.revenue(i, MIDDLE), space.revenue(i, QUARTERS)
            outputs[3, i], outputs[4, i] = space.capacity(i, QUARTERS), space.utilisation(i, QUARTERS)
        return outputs
