"""Financial mathematics shared by the models: small functions that a cell may call.

Every body keeps to the restricted form of a cell (assignments, one return, no loops), because it is compiled into
the kernel, evaluated in plain Python and written out as an Excel formula from the same text.
"""

from sim.cells.maths import exp, exp2, log, nan


def kept_per_period(half_life: float) -> float:
    """Share of a gap that is still open one period later, for a gap that halves every `half_life` periods. [1]

    ``2 ** (-1 / half_life)``: the definition of a half-life for geometric decay. A half-life of 0 closes the gap at
    once (0), as the limit says.
    """
    return exp2(-1.0 / half_life)


def revert(previous: float, long_run: float, kept: float) -> float:
    """One step of a line that returns to its long-run level, keeping the share `kept` of its distance. [as the line]

    Repeated n times from x0 it gives ``long_run + (x0 - long_run) * kept ** n``, so no power is needed per period.
    """
    return long_run + (previous - long_run) * kept


def within(value: float, low: float, high: float) -> float:
    """`value`, moved to the nearer end if it lies outside [low, high]; nan stays nan. [as the value]"""
    return min(max(value, low), high)


def move_towards(previous: float, wanted: float, most: float) -> float:
    """`wanted`, but at most the share `most` above or below `previous`: plans cannot jump. [as the line]"""
    return within(wanted, previous * (1.0 - most), previous * (1.0 + most))


def later_half(total: float, growth: float) -> float:
    """The later of two adjacent periods whose sum is `total` and whose log growth is `growth`. [as the total]

    From ``total = later + later * exp(-growth)``. Used to read the April-June level out of half-year statistics.
    """
    return total / (1.0 + exp(-growth))


def compounded(rate: float, years: float) -> float:
    """One unit growing at `rate` a year for `years`: ``(1 + rate) ** years``; nan when the rate is below -1. [1]"""
    return exp(years * log(1.0 + rate))


def value_driver_multiple(growth: float, return_on_new_capital: float, cost_of_capital: float) -> float:
    """Value of a business per unit of its next year's NOPAT, growing for ever. [x]

    ``(1 - growth / return) / (cost - growth)``, the value-driver formula (Koller, Goedhart and Wessels, *Valuation*,
    chapter on continuing value): growth must be paid for by reinvesting growth / return of NOPAT, so it adds value
    only where the return on new capital exceeds its cost. When the cost does not exceed growth, a perpetuity has no
    finite value: nan, which marks the path invalid. A return on new capital that is not positive is nan too.
    """
    possible = cost_of_capital > growth and return_on_new_capital > 0.0
    return (1.0 - growth / return_on_new_capital) / (cost_of_capital - growth) if possible else nan


def dollars_per_ads(rmb_bn: float, rmb_per_usd: float, ads_bn: float) -> float:
    """RMB bn as US dollars per American depositary share (1 ADS = 8 ordinary shares). [US$/ADS]"""
    return rmb_bn / rmb_per_usd / ads_bn
