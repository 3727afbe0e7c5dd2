"""A call on the geometric mean of ten fixings."""

from sim.cells.mark import cell
from sim.cells.maths import exp, log, sqrt

STEP = 0.1


@cell
def price(prev_price, rate, dividend_yield, volatility, price_innovation):
    """Exact step of a tenth of a year. [US$]"""
    drift = rate - dividend_yield - volatility * volatility / 2.0
    return prev_price * exp(drift * STEP + volatility * sqrt(STEP) * price_innovation)


@cell
def log_price(price):
    """Logarithm of the price; its mean is that of the geometric mean. [1]"""
    return log(price)


@cell(at="horizon")
def call(mean_log_price, strike, rate):
    """Discounted payoff on the geometric mean of the fixings; its mean is the price of the call. [US$]"""
    return exp(-rate) * max(exp(mean_log_price) - strike, 0.0)
