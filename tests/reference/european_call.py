"""A European call by simulating the price under the risk-neutral measure."""

from sim.cells.mark import cell
from sim.cells.maths import exp


@cell
def price(prev_price, rate, volatility, price_innovation):
    """Exact quarterly step of geometric Brownian motion at the risk-free rate. [US$]"""
    return prev_price * exp((rate - volatility**2 / 2.0) / 4.0 + volatility * 0.5 * price_innovation)


@cell(at="horizon")
def call(final_price, strike, rate):
    """Discounted payoff; its mean is the price of the call. [US$]"""
    return exp(-rate) * max(final_price - strike, 0.0)
