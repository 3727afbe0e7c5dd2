"""Failure is load at least as large as strength."""

from sim.cells.mark import cell


@cell(at="horizon")
def overload(strength, load):
    """Load beyond strength. [1]"""
    return load - strength
