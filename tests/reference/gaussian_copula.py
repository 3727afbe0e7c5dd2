"""Two dependent uniforms."""

from sim.cells.mark import cell


@cell(at="horizon")
def both_high(first, second):
    """1 where both lie in their upper tenth. [1]"""
    return 1.0 if first > 0.9 and second > 0.9 else 0.0


@cell(at="horizon")
def sum_of_both(first, second):
    """Their sum. [1]"""
    return first + second
