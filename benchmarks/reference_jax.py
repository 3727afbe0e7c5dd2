"""The reference workload in JAX on the CPU, float64: one jitted function a chunk, a scan over the quarters."""

from __future__ import annotations

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from reference_inputs import MIDDLE, QUARTERS, Floats, Inputs

jax.config.update("jax_enable_x64", True)

CHUNK = 16_384


class JaxRival:
    """As `reference_numpy.NumpyRival`. JAX's default generator (threefry) was the faster one here, not rbg."""

    def __init__(self, inputs: Inputs, chunk: int = CHUNK):
        self.inputs, self.chunk = inputs, chunk
        self._simulate = jax.jit(partial(_simulate, inputs), static_argnums=1)
        self._evaluate = jax.jit(lambda drivers, shocks: _run(inputs, drivers, lambda t: shocks[:, t]))

    def simulate(self, paths: int, seed: int = 1, threads: int = 2) -> Floats:
        """Outputs float64[5, paths]."""
        starts = range(0, paths, self.chunk)
        keys = jax.random.split(jax.random.key(seed), len(starts))

        def part(number: int) -> Floats:
            n = min(self.chunk, paths - starts[number])
            return np.asarray(self._simulate(keys[number], n))

        with ThreadPoolExecutor(threads) as pool:
            return np.concatenate(list(pool.map(part, range(len(starts)))), axis=1)

    def evaluate(self, drivers: Floats, innovations: Floats) -> Floats:
        return np.asarray(self._evaluate(drivers, innovations))


def _simulate(inputs: Inputs, key: jax.Array, n: int) -> jax.Array:
    of_drivers, of_shocks = jax.random.split(key)
    z = jnp.asarray(inputs.factor) @ jax.random.normal(of_drivers, (16, n), jnp.float64)
    z = inputs.location[:, None] + inputs.scale[:, None] * z
    drivers = jnp.concatenate([jnp.exp(z[: inputs.logs]), z[inputs.logs :]])
    keys = jax.random.split(of_shocks, QUARTERS)
    return _run(inputs, drivers, lambda t: jax.random.normal(keys[t], (3, n), jnp.float64))


def _run(inputs: Inputs, drivers: jax.Array, shocks: object) -> jax.Array:
    d, numbers = dict(zip(inputs.names, drivers, strict=True)), inputs.numbers
    fades, discounts = jnp.exp2(-1.0 / d["growth_half_life"]), 1.0 / (1.0 + d["cost_of_capital"])
    inverse_yield, drift = 1.0 / d["yield_on_capital"], d["long_run_growth"] - d["price_decline"]

    def quarter(carried: tuple[jax.Array, ...], t: jax.Array) -> tuple[tuple[jax.Array, ...], None]:
        gap, shock, potential, capacity, capex, margin, discount, present, _, _, middle = carried
        of_demand, of_margin, of_price = shocks(t)  # type: ignore[operator]
        gap = gap * fades
        shock = d["demand_persistence"] * shock + d["demand_volatility"] * of_demand
        potential = potential * jnp.exp(drift + gap + shock + d["price_volatility"] * of_price)
        wear = d["depreciation_rate"] * capacity
        capacity = capacity - wear + capex
        supply = capacity * d["yield_on_capital"]
        revenue = jnp.minimum(potential, supply)
        used = revenue / supply
        capex = jnp.maximum(wear + d["capex_response"] * (potential * inverse_yield - capacity), 0.0)
        margin = d["long_run_margin"] + (margin - d["long_run_margin"]) * d["margin_kept"]
        margin = margin + d["margin_volatility"] * of_margin
        profit = revenue * margin - wear * (2.0 - used)
        cash = profit - d["tax_rate"] * jnp.maximum(profit, 0.0) + wear - capex
        discount = discount * discounts
        present = present + cash * discount
        middle = jnp.where(t == MIDDLE - 1, revenue, middle)
        return (gap, shock, potential, capacity, capex, margin, discount, present, revenue, used, middle), None

    def full(value: float) -> jax.Array:
        return jnp.full(drivers.shape[1], value)

    opening = [d["initial_growth"] - d["long_run_growth"], full(numbers["demand_shock"])]
    opening += [full(numbers["demand"] * numbers["price"]), full(numbers["capacity"]), full(numbers["capex"])]
    opening += [full(numbers["margin"]), full(numbers["discount_factor"]), full(numbers["present_value"])]
    opening += [full(0.0), full(0.0), full(0.0)]
    last, _ = jax.lax.scan(quarter, tuple(opening), jnp.arange(QUARTERS))
    capacity, discount, present, revenue, used, middle = last[3], last[6], last[7], last[8], last[9], last[10]
    return jnp.stack([present + d["exit_multiple"] * revenue * discount, middle, revenue, capacity, used])
