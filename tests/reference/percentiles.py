"""Drivers handed through unchanged."""

from sim.cells.mark import cell


@cell(at="horizon")
def multiple_again(multiple):
    """The lognormal. [x]"""
    return multiple


@cell(at="horizon")
def share_again(share):
    """The PERT. [1]"""
    return share


@cell(at="horizon")
def cost_again(cost):
    """The triangular. [1]"""
    return cost
