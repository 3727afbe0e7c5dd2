"""Numbers as a committee reads them."""

from __future__ import annotations

import math
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.report import numbers as n
from sim.report.text import cell, plain, shortened, visible


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (337.4, "337"),
        (99.96, "100"),
        (24.06, "24.1"),
        (1234.5, "1,234"),
        (0.35849, "0.358"),
        (0.9996, "1.0"),
        (2_345_678, "2.35e6"),
        (-3.06e-5, "−3.06e−5"),
        (0, "0"),
        (-0.0, "0"),
        (-25.14, "−25.1"),
        (math.nan, "n/a"),
        (math.inf, "n/a"),
    ],
)
def test_amount(value: float, text: str) -> None:
    assert n.amount(value) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (179.2, "US$/ADS", "$179"),
        (36.44, "USD per ADS", "$36.4"),
        (-25.1, "US$/ADS", "−$25.1"),
        (174, "HK$", "HK$174"),
        (337, "RMB bn", "RMB 337 bn"),
        (24.1, "CNY bn/quarter", "RMB 24.1 bn"),
        (15.24, "x", "15.2x"),
        (39.1, "%", "39.1%"),
        (10.2, "trn/day", "10.2 trn/day"),
        (0.36, "1", "0.360"),
        (math.nan, "US$/ADS", "n/a"),
    ],
)
def test_money(value: float, unit: str, text: str) -> None:
    assert n.money(value, unit) == text


def test_units_in_words_say_per_ads_once() -> None:
    assert n.measure("Value per ADS", "US$/ADS") == "Value per ADS, US$"
    assert n.measure("Cloud", "US$/ADS") == "Cloud, US$ per ADS"
    assert n.measure("AI-cloud revenue", "RMB bn") == "AI-cloud revenue, RMB bn"
    assert n.measure("Share", "1") == "Share"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (179.0, "179"),
        (166.17, "166.17"),
        (36.5, "36.5"),
        (0.0179, "0.0179"),
        (1.79e8, "1.79e8"),
        (100.0, "100"),
        (0, "0"),
    ],
)
def test_given_numbers_keep_what_was_written(value: float, text: str) -> None:
    assert n.given(value) == text


def test_span_writes_the_size_once() -> None:
    assert n.span(124.2, 228, "US$/ADS") == "$124–$228"
    assert n.span(49.2, 176, "RMB bn") == "RMB 49.2–176 bn"
    assert n.span(-3, 4) == "−3.0 to 4.0"


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (170.23, 0.21, "170.2 ±0.2"),
        (170.23, 0.061, "170.2 ±0.1"),
        (26.989, 0.0083, "26.99 ±0.01"),
        (102.3, 0.96, "102 ±1"),
        (1234.0, 23.0, "1,230 ±20"),
        (0.612, 0.0031, "0.612 ±0.003"),
        (-0.313, 0.004, "−0.313 ±0.004"),
        (0.0, 0.002, "0.000 ±0.002"),
        (170.23, 0.0, "170 ±0"),
        (170.23, None, "170 ±n/a"),
        (None, 0.1, "n/a"),
    ],
)
def test_precise(value: float | None, error: float | None, text: str) -> None:
    assert n.precise(value, error) == text


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e6))
@settings(deadline=None)
def test_precise_never_claims_more_than_the_error_allows(value: float, error: float) -> None:
    left, _, right = n.precise(value, error).replace(",", "").replace("−", "-").partition(" ±")
    shown, claimed = float(left), float(right)
    assert claimed >= error * 0.66  # one digit: 0.149 may read 0.1, never less
    assert abs(shown - value) <= max(claimed, error) * 0.75 + abs(value) * 1e-9
    assert len(left.partition(".")[2]) == len(right.partition(".")[2]) or "e" in right


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.4037, "40%"), (0.0, "0%"), (1.0, "100%"), (0.001, "<1%"), (0.9999, ">99%"), (0.994, "99%"), (math.nan, "n/a")],
)
def test_percent(share: float, text: str) -> None:
    assert n.percent(share) == text


@given(st.floats(0, 1, exclude_min=True, exclude_max=True), st.integers(0, 3))
def test_what_is_possible_is_never_called_impossible_or_certain(share: float, decimals: int) -> None:
    digits = f"{0:.{decimals}f}"
    assert n.percent(share, decimals) not in {f"{digits}%", f"{100:.{decimals}f}%"}


def test_probability_shows_the_error_above_half_a_point() -> None:
    assert n.probability(0.42, 0.0049) == "42%"
    assert n.probability(0.42, 0.0078) == "42% ±0.8 pp"
    assert n.probability(0.35, 0.107) == "35% ±11 pp"


def test_ranks_and_ordinals() -> None:
    assert [n.ordinal(i) for i in (1, 2, 3, 4, 11, 12, 13, 21, 43, 112)] == [
        "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "43rd", "112th",
    ]  # fmt: skip
    assert n.rank(0.598) == "60th percentile"
    assert n.rank(0.001) == "below the 1st percentile"
    assert n.rank(0.999) == "above the 99th percentile"


def test_periods_dates_and_rates() -> None:
    assert n.period("FY2027") == "FY27E"
    assert n.period("FY2025", actual=True) == "FY25A"
    assert n.period("2025Q3") == "Sep-25Q"
    assert n.period("7") == "7"
    assert n.day("2025-09-17") == n.day(date(2025, 9, 17)) == "17 Sep 2025"
    assert n.day("soon") == "soon"
    assert n.rate(1_930_000) == "1.9 M"
    assert n.rate(192_000) == "192 k"
    assert n.count(1_048_576) == "1,048,576"


def test_user_text_becomes_one_harmless_line() -> None:
    assert plain("a\nb\tc\r\n d") == "a b c d"
    assert plain("\x1b[31mred\x07\u202eabc\x00") == "[31mredabc"
    assert plain("lone \ud800 end") == "lone end"
    assert plain("阿里巴巴 $x$ <b>&") == "阿里巴巴 $x$ <b>&"
    assert shortened("abcdefgh", 5) == "abcd…"
    assert visible("a\tb\x1bc") == "a\tb\ufffdc"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert cell(text) == "'" + text
