"""Two uniforms under a t copula, and a third driver beside them."""

from sim.cells.mark import cell


@cell(at="horizon")
def both_lowest_hundredth(first, second):
    """1 where both lie in their lowest hundredth. [1]"""
    return 1.0 if first < 0.01 and second < 0.01 else 0.0


@cell(at="horizon")
def both_lowest_thousandth(first, second):
    """1 where both lie in their lowest thousandth. [1]"""
    return 1.0 if first < 0.001 and second < 0.001 else 0.0


@cell(at="horizon")
def both_highest_hundredth(first, second):
    """1 where both lie in their highest hundredth. [1]"""
    return 1.0 if first > 0.99 and second > 0.99 else 0.0


@cell(at="horizon")
def sum_of_all(first, second, third):
    """Their sum. [1]"""
    return first + second + third
