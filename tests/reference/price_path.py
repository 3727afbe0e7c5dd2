"""A price that follows geometric Brownian motion in exact steps."""

from sim.cells.mark import cell
from sim.cells.maths import exp, sqrt


@cell
def price(prev_price, drift, volatility, steps_a_year, price_innovation):
    """Exact step of the process (Glasserman 2003, Monte Carlo Methods in Financial Engineering, eq. 3.20). [US$]"""
    mean = (drift - volatility * volatility / 2.0) / steps_a_year
    return prev_price * exp(mean + volatility / sqrt(steps_a_year) * price_innovation)


@cell(at="horizon")
def price_at_the_end(final_price):
    """The last price. [US$]"""
    return final_price
