"""Excel expressions that know their own value: what is written into a cell, and what Excel will show there.

Excel has neither infinity nor nan: what is infinite or missing in the simulation is an error value in a cell. Here
that is nan, and it spreads through arithmetic as Excel's errors do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

# How tightly Excel's operators bind. A sign binds more tightly than ^ there, unlike in Python: -2^2 is 4.
COMPARES, ADDS, MULTIPLIES, RAISES, SIGNS, ATOM = 1, 2, 3, 4, 5, 6
MOST_ARGUMENTS = 250  # of a function; Excel takes 255


@dataclass(frozen=True)
class Term:
    """``text``: an Excel expression without the equals sign. ``value``: what it gives; a condition gives 1 or 0.

    ``simple``: a reference or a number, which may be written twice. ``given``: an input, which is never an error.
    """

    text: str
    value: float
    binds: int = ATOM
    condition: bool = False
    simple: bool = False
    given: bool = False

    def inside(self, least: int) -> str:
        """The text, in brackets unless it binds at least as tightly as ``least``."""
        return self.text if self.binds >= least else f"({self.text})"


def number(value: float) -> Term:
    """A number of the model's text."""
    text = str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value)).upper()
    return Term(text, float(value), ATOM if value >= 0 else SIGNS, simple=True, given=True)


MISSING = Term("NA()", math.nan)
ONE = number(1.0)


def shown(value: float) -> float:
    """What Excel makes of a result: an infinity is an error there."""
    return value if math.isfinite(value) else math.nan


def plain(term: Term) -> Term:
    """A number: a condition counts as 1 or 0."""
    return Term(f"IF({term.text},1,0)", term.value) if term.condition else term


def add(a: Term, b: Term) -> Term:
    return _binary("+", ADDS, a, b, a.value + b.value)


def subtract(a: Term, b: Term) -> Term:
    return _binary("-", ADDS, a, b, a.value - b.value)


def multiply(a: Term, b: Term) -> Term:
    return _binary("*", MULTIPLIES, a, b, a.value * b.value)


def divide(a: Term, b: Term) -> Term:
    return _binary("/", MULTIPLIES, a, b, a.value / b.value if b.value else math.nan)


def _binary(sign: str, binds: int, a: Term, b: Term, value: float) -> Term:
    # The right side keeps its brackets at equal strength: a + (b + c) rounds differently from a + b + c.
    right = b.inside(binds + 1)
    return Term(f"{a.inside(binds)}{sign}{f'({right})' if right.startswith('-') else right}", shown(value), binds)


def negative(a: Term) -> Term:
    written = a.text[:1].isdigit() and a.simple
    return Term(f"-{a.inside(ATOM)}", -a.value, SIGNS, simple=written, given=a.given)


def raised(base: Term, exponent: Term) -> Term:
    """``base ^ exponent`` where the exponent is not 0."""
    try:
        value = shown(math.pow(base.value, exponent.value))
    except (OverflowError, ValueError):
        value = math.nan
    return Term(f"{base.inside(ATOM)}^{exponent.inside(ATOM)}", value, RAISES)


def whole_power(base: Term, exponent: int) -> Term:
    """A whole power, written as such; the value multiplies in the kernel's order."""
    if exponent == 0:
        return ONE
    if exponent == 1:
        return base
    if exponent < 0:
        return divide(ONE, whole_power(base, -exponent))
    return replace(raised(base, number(float(exponent))), value=shown(_multiplied(base.value, exponent)))


def _multiplied(x: float, n: int) -> float:
    if n == 1:
        return x
    half = _multiplied(x, n // 2)
    return half * half * (x if n % 2 else 1.0)


def power(base: Term, exponent: Term) -> Term:
    """Any power; ``exponent`` must be simple. x ^ 0 is 1, also for x = 0, where Excel alone would give an error."""
    if exponent.given and exponent.text.lstrip("-")[:1].isdigit() and exponent.value:
        return raised(base, exponent)
    return choose(compare("=", exponent, number(0.0)), ONE, raised(base, exponent))


def function(name: str, *terms: Term) -> Term:
    """A call of one of `FUNCTIONS`."""
    try:
        value = shown(FUNCTIONS[name](*(term.value for term in terms)))
    except (OverflowError, ValueError):
        value = math.nan
    return Term(f"{name}({','.join(term.text for term in terms)})", value)


def extreme(name: str, values: Sequence[Term]) -> Term:
    """``MIN`` or ``MAX`` of any number of values."""
    if len(values) > MOST_ARGUMENTS:
        parts = [values[i : i + MOST_ARGUMENTS] for i in range(0, len(values), MOST_ARGUMENTS)]
        return extreme(name, [extreme(name, part) for part in parts])
    return function(name, *values)


def _lowest(*values: float) -> float:
    return math.nan if any(math.isnan(value) for value in values) else min(values)


def _highest(*values: float) -> float:
    return math.nan if any(math.isnan(value) for value in values) else max(values)


# Excel's own words, none younger than Excel 2007. MIN and MAX of a reference to an error are that error: nan is kept.
FUNCTIONS: dict[str, Callable[..., float]] = {
    "EXP": math.exp,
    "LN": math.log,
    "SQRT": math.sqrt,
    "TANH": math.tanh,
    "NORMSDIST": lambda x: 0.5 * math.erfc(-x / math.sqrt(2.0)),
    "ABS": abs,
    "MIN": _lowest,
    "MAX": _highest,
}

_COMPARED: dict[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
}


def compare(sign: str, a: Term, b: Term) -> Term:
    """A comparison: with nan it is FALSE (<> is TRUE), as in IEEE 754. ``x <> x`` asks whether x is nan."""
    value = float(_COMPARED[sign](a.value, b.value))
    if a.text == b.text and sign in ("=", "<>"):
        text = f"ISERROR({a.text})"
        return Term(text if sign == "<>" else f"NOT({text})", value, condition=True)
    text = f"{a.inside(COMPARES + 1)}{sign}{b.inside(COMPARES + 1)}"
    if a.given and b.given:
        return Term(text, value, COMPARES, condition=True)
    return Term(f"IFERROR({text},{'TRUE' if sign == '<>' else 'FALSE'})", value, condition=True)


def joined(word: str, conditions: Sequence[Term]) -> Term:
    """``AND`` or ``OR`` of conditions."""
    if len(conditions) == 1:
        return conditions[0]
    values = [bool(condition.value) for condition in conditions]
    value = all(values) if word == "AND" else any(values)
    return Term(f"{word}({','.join(c.text for c in conditions)})", float(value), condition=True)


def opposite(condition: Term) -> Term:
    return Term(f"NOT({condition.text})", float(not condition.value), condition=True)


def choose(condition: Term, yes: Term, no: Term) -> Term:
    """``IF``: what is not chosen is not computed, so its errors do not show."""
    both = yes.condition and no.condition
    yes, no = (yes, no) if both else (plain(yes), plain(no))
    value = yes.value if condition.value else no.value
    return Term(f"IF({condition.text},{yes.text},{no.text})", value, condition=both)


def exp_less_one(x: Term) -> Term:
    """exp(x) - 1 of a simple x; near 0 by its series, because subtracting 1 would lose the digits."""
    series = number(1.0)
    for divisor in (4.0, 3.0, 2.0):
        series = add(ONE, multiply(divide(x, number(divisor)), series))
    value = math.expm1(x.value) if x.value < 709.0 else math.nan
    return replace(_near_zero(x, multiply(x, series), subtract(function("EXP", x), ONE)), value=value)


def log_one_plus(x: Term) -> Term:
    """log(1 + x) of a simple x; near 0 by its series."""
    series = divide(ONE, number(5.0))
    for divisor in (4.0, 3.0, 2.0, 1.0):
        series = subtract(divide(ONE, number(divisor)), multiply(x, series))
    value = math.log1p(x.value) if x.value > -1.0 else math.nan
    return replace(_near_zero(x, multiply(x, series), function("LN", add(ONE, x))), value=value)


def _near_zero(x: Term, near: Term, far: Term) -> Term:
    return choose(compare("<", function("ABS", x), number(0.0001)), near, far)
