"""Output columns: which periods, which reported quarters, which names."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sim import config
from sim.config.columns import Column, expand

Reads = Callable[..., config.Reading]


@pytest.fixture
def columns(reads: Reads, right: str) -> Callable[..., list[Column]]:
    """Columns of the right study with other outputs (and a target that fits) and passages replaced."""

    def make(outputs: str, **replaced: str) -> list[Column]:
        text = right[: right.index("outputs:\n")] + f"outputs: {outputs}\n"
        for old, new in replaced.items():
            assert old in text
            text = text.replace(old, new)
        reading = reads(text)
        assert reading.problems == []
        assert reading.study is not None
        return list(expand(reading.study))

    return make


def test_fiscal_years_join_reported_quarters(columns: Callable[..., list[Column]]) -> None:
    made = columns("[{cell: revenue, per: fiscal_year, how: sum, label: Cloud revenue}]")
    assert made == [
        Column("revenue.FY2026", "revenue", "Cloud revenue", 1, 3, "sum", (33.4,), 0, "FY2026"),
        Column("revenue.FY2027", "revenue", "Cloud revenue", 4, 7, "sum", (), 0, "FY2027"),
        Column("revenue.FY2028", "revenue", "Cloud revenue", 8, 11, "sum", (), 0, "FY2028"),
    ]


def test_the_last_quarter_of_a_year_needs_no_reported_ones(columns: Callable[..., list[Column]]) -> None:
    made = columns("[{cell: capital, per: fiscal_year, how: last}]")
    assert [(c.first, c.last, c.reported) for c in made] == [(1, 3, ()), (4, 7, ()), (8, 11, ())]


def test_quarters_single_periods_and_horizon(columns: Callable[..., list[Column]]) -> None:
    made = columns("[{cell: revenue, per: quarter}, {cell: 'value[aidc]', at: 2026Q3}, {cell: value}]")
    assert [column.name for column in made[:2]] == ["revenue.2025Q3", "revenue.2025Q4"]
    assert len(made) == 13
    assert made[-2] == Column("value[aidc].2026Q3", "value[aidc]", "value aidc", 5, 5, "last", (), 1, "2026Q3")
    assert made[-1] == Column("value", "value", "value", 0, 0, "last", (), 2, "")


def test_a_timeline_without_a_calendar_counts(reads: Reads) -> None:
    reading = reads(
        "study: s\nmodel: toy\nas_of: 2025-09-17\ntimeline: {periods: 3}\n"
        "outputs: [{cell: a, per: quarter}, {cell: b, at: 2}]\nwindows: {w: {cell: a, from: 1, to: 3, how: sum}}\n"
    )
    assert reading.problems == []
    assert reading.study is not None
    assert [(c.name, c.first, c.last) for c in expand(reading.study)] == [
        ("a.1", 1, 1),
        ("a.2", 2, 2),
        ("a.3", 3, 3),
        ("b.2", 2, 2),
    ]
    assert reading.study.windows["w"].from_ == "1"


@pytest.mark.parametrize(
    ("end", "periods", "first_year"),
    [("December", 10, (1, 2)), ("June", 12, (1, 4)), ("September", 9, (1, 1)), ("March", 11, (1, 3))],
)
def test_every_fiscal_year_end(
    end: str, periods: int, first_year: tuple[int, int], columns: Callable[..., list[Column]]
) -> None:
    more = "    2025Q2: {value: 33.4, unit: RMB bn, source: note}\n"
    more += "    2025Q1: {value: 30, unit: RMB bn, source: note}\n    2024Q4: {value: 29, unit: RMB bn, source: note}"
    made = columns(
        "[{cell: revenue, per: fiscal_year, how: mean}]",
        **{
            "fiscal_year_end: March": f"fiscal_year_end: {end}",
            "periods: 11": f"periods: {periods}",
            "    2025Q2: {value: 33.4, unit: RMB bn, source: note}": more,
        },
    )
    assert (made[0].first, made[0].last) == first_year
    assert all(column.last - column.first + 1 + len(column.reported) == 4 for column in made)
    # Oldest first, so that a reader who adds them up in order meets them in order.
    assert made[0].reported == (29.0, 30.0, 33.4)[3 - (4 - first_year[1]) :][: 4 - first_year[1]]
