"""sim: a Monte Carlo valuation simulator whose every number carries its error, source and repeat key."""

__version__ = "0.1.0"
