"""The reference workload in numpy: chunks over threads, in place on preallocated rows.

Demand and price are needed as their product alone: one line, one exponential. Fading and discounting are carried as
products. Normals are SFC64's, the fastest that numpy has.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from reference_inputs import COLUMNS, MIDDLE, QUARTERS, Floats, Inputs

CHUNK = 16_384  # measured: 4,096 to 32,768 are slower


class NumpyRival:
    """``simulate`` draws for itself; ``evaluate`` takes drivers float64[16, n] and innovations float64[3, 42, n]."""

    def __init__(self, inputs: Inputs, chunk: int = CHUNK):
        self.inputs, self.chunk = inputs, chunk
        self._local = threading.local()

    def simulate(self, paths: int, seed: int = 1, threads: int = 2) -> Floats:
        """Outputs float64[5, paths]."""
        outputs = np.empty((len(COLUMNS), paths))

        def part(first: int) -> None:
            random = np.random.Generator(np.random.SFC64([seed, first // self.chunk]))
            piece = outputs[:, first : first + self.chunk]
            shocks = self._rows("shocks", 3, piece.shape[1])
            self._run(self.draw(random, piece.shape[1]), lambda t: random.standard_normal(out=shocks), piece)

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(part, range(0, paths, self.chunk)))
        return outputs

    def draw(self, random: np.random.Generator, n: int) -> Floats:
        """Drivers float64[16, n]."""
        own, drivers = self._rows("own", 16, n), self._rows("drivers", 16, n)
        random.standard_normal(out=own)
        np.matmul(self.inputs.factor, own, out=drivers)
        np.multiply(drivers, self.inputs.scale[:, None], out=drivers)
        np.add(drivers, self.inputs.location[:, None], out=drivers)
        np.exp(drivers[: self.inputs.logs], out=drivers[: self.inputs.logs])
        return drivers

    def evaluate(self, drivers: Floats, innovations: Floats) -> Floats:
        outputs = np.empty((len(COLUMNS), drivers.shape[1]))
        self._run(drivers, lambda t: innovations[:, t - 1], outputs)
        return outputs

    def _rows(self, name: str, count: int, n: int) -> Floats:
        rows = getattr(self._local, name, None)
        if rows is None or rows.shape != (count, n):
            rows = np.empty((count, n))
            setattr(self._local, name, rows)
        return rows

    def _run(self, drivers: Floats, draw: object, outputs: Floats) -> None:
        d, numbers = dict(zip(self.inputs.names, drivers, strict=True)), self.inputs.numbers
        add, subtract, multiply, divide = np.add, np.subtract, np.multiply, np.divide
        rows = self._rows("rows", 20, drivers.shape[1])
        (gap, fades, drift, shock, potential, capacity, capex, margin, margin_pull, discount, discounts, present,
         inverse_yield, tax_kept, supply, revenue, wear, x, y, z) = rows  # fmt: skip
        np.exp2(-1.0 / d["growth_half_life"], out=fades)
        subtract(d["initial_growth"], d["long_run_growth"], out=gap)
        subtract(d["long_run_growth"], d["price_decline"], out=drift)
        multiply(d["long_run_margin"], 1.0 - d["margin_kept"], out=margin_pull)
        divide(1.0, 1.0 + d["cost_of_capital"], out=discounts)
        divide(1.0, d["yield_on_capital"], out=inverse_yield)
        subtract(1.0, d["tax_rate"], out=tax_kept)
        shock[:], potential[:] = numbers["demand_shock"], numbers["demand"] * numbers["price"]
        capacity[:], capex[:], margin[:] = numbers["capacity"], numbers["capex"], numbers["margin"]
        discount[:], present[:] = numbers["discount_factor"], numbers["present_value"]
        for t in range(1, QUARTERS + 1):
            of_demand, of_margin, of_price = draw(t)  # type: ignore[operator]
            multiply(gap, fades, out=gap)
            multiply(shock, d["demand_persistence"], out=shock)
            multiply(of_demand, d["demand_volatility"], out=x)
            add(shock, x, out=shock)
            multiply(of_price, d["price_volatility"], out=x)
            add(x, shock, out=x)
            add(x, gap, out=x)
            add(x, drift, out=x)
            np.exp(x, out=x)
            multiply(potential, x, out=potential)
            multiply(capacity, d["depreciation_rate"], out=wear)
            subtract(capacity, wear, out=capacity)
            add(capacity, capex, out=capacity)
            multiply(capacity, d["yield_on_capital"], out=supply)
            np.minimum(potential, supply, out=revenue)
            divide(revenue, supply, out=z)
            multiply(potential, inverse_yield, out=capex)
            subtract(capex, capacity, out=capex)
            multiply(capex, d["capex_response"], out=capex)
            add(capex, wear, out=capex)
            np.maximum(capex, 0.0, out=capex)
            multiply(margin, d["margin_kept"], out=margin)
            add(margin, margin_pull, out=margin)
            multiply(of_margin, d["margin_volatility"], out=x)
            add(margin, x, out=margin)
            multiply(revenue, margin, out=x)
            subtract(2.0, z, out=y)
            multiply(y, wear, out=y)
            subtract(x, y, out=x)
            multiply(x, tax_kept, out=y)
            np.minimum(x, y, out=x)  # a profit is taxed, a loss is not: the smaller of the two either way
            add(x, wear, out=x)
            subtract(x, capex, out=x)
            multiply(discount, discounts, out=discount)
            multiply(x, discount, out=x)
            add(present, x, out=present)
            if t == MIDDLE:
                np.copyto(outputs[1], revenue)
        multiply(d["exit_multiple"], revenue, out=x)
        multiply(x, discount, out=x)
        add(present, x, out=outputs[0])
        outputs[2], outputs[3], outputs[4] = revenue, capacity, z
