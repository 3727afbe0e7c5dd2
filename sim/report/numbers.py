"""How numbers are written for a committee: one rule each for amounts, money, errors, percent, periods and dates.

Minus is U+2212, ranges use an en dash, thousands a comma. Everything returns plain text and never raises on NaN.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

MINUS = "\N{MINUS SIGN}"
DASH = "\N{EN DASH}"
NONE = "n/a"
SHOWN_ERROR = 0.005  # a probability's Monte Carlo error is written on charts above half a percentage point
_MONEY = re.compile(r"^(US\$|USD|HK\$|HKD|RMB|CNY|EUR|GBP|\$)\s*(k|mn?|bn|trn)?\s*(?:(?:/|per\b)\s*(.+))?$")
_SIGNS = {"US$": "$", "USD": "$", "$": "$", "HK$": "HK$", "HKD": "HK$", "CNY": "RMB "}
_NAMES = {"USD": "US$", "$": "US$", "HKD": "HK$", "CNY": "RMB"}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_FISCAL = re.compile(r"^FY\d{2}(\d{2})$")
_QUARTER = re.compile(r"^\d{2}(\d{2})Q([1-4])$")


@dataclass(frozen=True)
class Unit:
    """A study's unit taken apart: ``before`` and ``after`` stand around a number, ``words`` names it in a subtitle.

    ``US$/ADS`` -> ``$179`` and ``US$ per ADS``; ``RMB bn`` -> ``RMB 337 bn``; ``1`` -> bare; ``x`` -> ``15.2x``.
    """

    before: str
    after: str
    words: str

    @classmethod
    def of(cls, unit: str) -> Unit:
        unit = unit.strip()
        if unit in {"", "1"}:
            return cls("", "", "")
        if unit in {"%", "x"}:
            return cls("", unit, {"%": "percent", "x": "multiple"}[unit])
        money = _MONEY.match(unit)
        if money is None:
            return cls("", f" {unit}", unit)
        currency, size, per = money.groups()
        before = _SIGNS.get(currency, currency + " ")
        words = " ".join(w for w in (_NAMES.get(currency, currency), size) if w) + (f" per {per}" if per else "")
        return cls(before, f" {size}" if size else "", words)

    def around(self, number: str) -> str:
        """The written number with its unit; the minus stands before a currency sign."""
        if number == NONE:
            return number
        sign, digits = (MINUS, number[1:]) if number.startswith(MINUS) else ("", number)
        return f"{sign}{self.before}{digits}{self.after}"


def fixed(value: float, decimals: int) -> str:
    """``1,234.5`` with a true minus; never a negative zero."""
    if not math.isfinite(value):
        return NONE
    text = f"{value:,.{decimals}f}"
    return text.lstrip("-") if not re.search("[1-9]", text) else text.replace("-", MINUS)


def amount(value: float) -> str:
    """No decimals from 100, one from 1, below that three significant digits: ``337``, ``24.1``, ``0.358``, ``0``.

    From a million on and below a ten-thousandth powers of ten: ``1.69e8``. A unit with a size (RMB bn) avoids them.
    """
    if not math.isfinite(value):
        return NONE
    size = abs(value)
    if size == 0:
        return "0"
    if size >= 999_500 or size < 9.995e-5:
        return _power(value, 3)
    if size >= 0.9995:
        return fixed(value, 0 if size >= 99.95 else 1)
    return fixed(value, 2 - math.floor(math.log10(size)))


def _power(value: float, digits: int) -> str:
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    return f"{mantissa}e{int(exponent)}".replace("-", MINUS)


def given(value: float) -> str:
    """A number somebody wrote (a target, a price) with the decimals it needs: ``179``, ``166.17``.

    Two decimals at most, below one four significant digits; powers of ten where `amount` has them.
    """
    size = abs(value)
    if not math.isfinite(value) or size == 0 or 1 <= size < 1e6:
        text = fixed(value, 2)
    elif size >= 1e6 or size < 1e-4:
        mantissa, _, exponent = _power(value, 4).partition("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{exponent}"
    else:
        text = fixed(value, 3 - math.floor(math.log10(size)))
    return text.rstrip("0").rstrip(".") if "." in text else text


def marks(places: Sequence[float], decimals: int, unit: str) -> list[str]:
    """The numbers of an axis; a size such as bn stands in the subtitle, not at every tick."""
    extreme = decimals > 4 or any(abs(place) >= 999_500 for place in places)
    return [bare(unit).around(given(place) if extreme else fixed(place, decimals)) for place in places]


def bare(unit: str) -> Unit:
    """The unit for numbers in columns: a currency sign, ``%`` or ``x``; everything longer is said once, elsewhere."""
    parts = Unit.of(unit)
    if parts.after in {"%", "x"}:
        return parts
    return Unit(parts.before if not parts.after else "", "", parts.words)


def in_column(value: float, unit: str) -> str:
    """`amount` with its `bare` unit: ``$170``, but ``337`` of RMB bn."""
    return bare(unit).around(amount(value))


def money(value: float, unit: str) -> str:
    """`amount` with its unit: ``$179``, ``RMB 24.1 bn``, ``15.2x``."""
    return Unit.of(unit).around(amount(value))


def threshold(value: float, unit: str) -> str:
    """`given` with its unit."""
    return Unit.of(unit).around(given(value))


def measure(label: str, unit: str) -> str:
    """What an axis shows: ``AI-cloud revenue, RMB bn``. A ``per ADS`` that the label says already is not said twice."""
    words = Unit.of(unit).words
    head, _, per = words.partition(" per ")
    if per and f"per {per}".lower() in label.lower():
        words = head
    return f"{label}, {words}" if words else label


def span(low: float, high: float, unit: str = "1") -> str:
    """``$124–$228``; a size such as bn is written once, at the end: ``RMB 49–176 bn``."""
    parts = Unit.of(unit)
    if parts.before and not parts.after:
        return f"{money(low, unit)}{DASH}{money(high, unit)}"
    joint = " to " if low < 0 else DASH
    return f"{parts.before}{amount(low)}{joint}{amount(high)}{parts.after}"


def precise(value: float | None, error: float | None) -> str:
    """``170.2 ±0.2``: one digit of the standard error decides the decimals of both.

    Four significant digits of the value are enough; an error below them is rounded up to the last one. ``±n/a`` where
    there is none.
    """
    if value is None or not math.isfinite(value):
        return NONE
    if error is None or not math.isfinite(error):
        return f"{amount(value)} ±{NONE}"
    if error == 0:
        return f"{amount(value)} ±0"
    decimals, enough = _decimals(error), max(3 - math.floor(math.log10(abs(value))), 0) if value else 6
    if min(decimals, enough) > 8:
        return f"{amount(value)} ±{error:.0e}"
    if decimals > enough:
        return f"{fixed(value, enough)} ±{fixed(10.0**-enough, enough)}"
    step = 10.0**-decimals
    digits = max(decimals, 0)
    return f"{fixed(round(value / step) * step, digits)} ±{fixed(round(error / step) * step, digits)}"


def _decimals(error: float) -> int:
    decimals = -math.floor(math.log10(error))
    # 0.096 rounds to 0.1: one digit again, not two.
    return decimals - 1 if round(error * 10.0**decimals) >= 10 else decimals


def percent(share: float, decimals: int = 0) -> str:
    """A share of one in percent. A share near 0 or 1 that is neither reads ``<1%`` or ``>99%``, never 0% or 100%."""
    if not math.isfinite(share):
        return NONE
    smallest = 10.0**-decimals
    written = fixed(share * 100, decimals)
    if 0 < share < 1:
        if written == fixed(0, decimals):
            return f"<{fixed(smallest, decimals)}%"
        if written == fixed(100, decimals):
            return f">{fixed(100 - smallest, decimals)}%"
    return f"{written}%"


def probability(share: float, error: float) -> str:
    """For charts: whole percent, with the Monte Carlo error where it exceeds half a point: ``42% ±0.8 pp``."""
    text = percent(share)
    return (
        f"{text} ±{fixed(error * 100, int(error < 0.0995))} pp"
        if math.isfinite(error) and error > SHOWN_ERROR
        else text
    )


def ordinal(number: int) -> str:
    """``1st``, ``2nd``, ``43rd``, ``112th``."""
    last = "th" if number % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{last}"


def rank(share: float) -> str:
    """``58th percentile`` of a share below; beyond the ends ``below the 1st`` and ``above the 99th percentile``."""
    if not math.isfinite(share):
        return NONE
    if share < 0.005:
        return "below the 1st percentile"
    return "above the 99th percentile" if share >= 0.995 else f"{ordinal(round(share * 100))} percentile"


def count(number: float) -> str:
    """``1,048,576``."""
    return fixed(number, 0)


def paths(number: int) -> str:
    """``1 path``, ``4,000 paths``."""
    return f"{count(number)} path{'' if number == 1 else 's'}"


def rate(per_second: float) -> str:
    """``1.9 M``, ``320 k``, ``85``: paths a second."""
    for size, name in ((1e6, " M"), (1e3, " k")):
        if per_second >= size:
            return amount(per_second / size) + name
    return amount(per_second)


def period(name: str, actual: bool = False) -> str:
    """``FY2027`` -> ``FY27E`` (``FY27A`` once reported); ``2025Q3`` -> ``Sep-25Q``; anything else as it is."""
    if year := _FISCAL.match(name):
        return f"FY{year[1]}{'A' if actual else 'E'}"
    if quarter := _QUARTER.match(name):
        return f"{_MONTHS[int(quarter[2]) * 3 - 1]}-{quarter[1]}Q"
    return name


def day(when: date | str) -> str:
    """``17 Sep 2025`` of a date or its ISO text; text that is no date comes back as it is."""
    try:
        value = date.fromisoformat(when) if isinstance(when, str) else when
    except ValueError:
        return str(when)
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"
