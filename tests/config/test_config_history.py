"""Reported quarters: the file that is shipped is right, and what could be wrong with one is said with its line."""

from pathlib import Path

import pytest

from sim.config import history
from sim.errors import InputError, StorageError

SHIPPED = Path(__file__).parents[2] / "configs" / "alibaba" / "history.csv"
HEAD = "quarter_end,basis,revenue_rmb_m,yoy_pct,adj_ebita_rmb_m,group_capex_rmb_m,status,source"
ROWS = [
    "2019-03-31,A,100,,,,sourced,filing",
    "2019-06-30,A,110,,,,derived,filing",
    "2019-09-30,A,120,,,,sourced,filing",
    "2019-12-31,A,130,,,,unverified,memory",
    "2020-03-31,A,120,20,,,sourced,filing",
    "2020-06-30,B,150,15,10,40,sourced,filing",
    "2020-09-30,B,160,12,,,growth_sourced,filing",
    '2020-12-31,B,170,11,,,sourced,"filing, page 3"',
    "2021-03-31,B,165,10,,,sourced,filing",
]
TOTALS_HEAD = "fiscal_year,measure,basis,total_rmb_m,within_rmb_m,source"


@pytest.fixture
def written(tmp_path):
    def write(rows=ROWS, totals=None, head=HEAD):
        (tmp_path / "past.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
        if totals is not None:
            text = "\n".join([TOTALS_HEAD, *totals]) + "\n"
            (tmp_path / "past_totals.csv").write_text(text, encoding="utf-8")
        return tmp_path / "past.csv"

    return write


def faults(path) -> list[str]:
    with pytest.raises(InputError) as caught:
        history.load(path)
    return [str(problem).replace(str(path.parent) + "/", "") for problem in caught.value.problems]


def changed(line: int, before: str, after: str) -> list[str]:
    """The rows with one changed; lines count from 1, the head included."""
    rows = list(ROWS)
    assert before in rows[line - 2]
    rows[line - 2] = rows[line - 2].replace(before, after, 1)
    return rows


def test_the_shipped_history_is_right():
    found = history.load(SHIPPED)
    assert (found.names[0], found.names[-1], len(found)) == ("2015Q1", "2025Q2", 42)
    assert found.totals == 10
    assert found.quarters[-1].revenue == 33.398
    assert found.quarters[-1].yoy == 0.26
    assert [q.basis for q in found.quarters].index("B") == found.position("2023Q2")
    assert sum(q.unverified for q in found.quarters) == 19
    assert sum(q.recalled for q in found.quarters) == 22


def test_a_right_file_is_read(written):
    totals = ["FY2020,revenue,A,480,0,filing", "FY2021,revenue,B,645.4,0.5,rounded"]
    found = history.load(written(totals=totals))
    assert [q.name for q in found.quarters][:2] == ["2019Q1", "2019Q2"]
    assert found.quarters[5].adj_ebita == 0.010
    assert found.quarters[7].source == "filing, page 3"
    assert found.totals == 2
    with pytest.raises(InputError, match="2019Q1 to 2021Q1"):
        found.position("last")


@pytest.mark.parametrize(
    ("line", "before", "after", "expected"),
    [
        (3, "2019-06-30", "2019-06-29", 'past.csv:3 quarter_end: "2019-06-29" does not end a calendar quarter'),
        (3, "2019-06-30", "2019-09-30", "past.csv:3 quarter_end: 2019Q3 follows 2019Q1"),
        (3, "110", "11O", 'past.csv:3 revenue_rmb_m: "11O" is not a number'),
        (3, "110", "nan", 'past.csv:3 revenue_rmb_m: "nan" is not a number'),
        (3, "110", "-110", "past.csv:3 revenue_rmb_m: must be given (revenue above 0)"),
        (3, "derived", "derivd", 'past.csv:3 status: "derivd" is not a status; did you mean "derived"?'),
        (3, ",filing", ",", "past.csv:3 source: is empty"),
        (3, "filing", "filing, page 2", "past.csv:3 has 9 cells, not 8"),
        (6, "120,20", "120,26", "past.csv:6 yoy_pct: +26% is stated, but 0.12 on 0.1 is +20.0%"),
        (7, "150,15,10", "150,15,1000", "past.csv:7 adj_ebita_rmb_m: 1000 is more than revenue"),
        (
            7,
            "150,15",
            "150,",
            "past.csv:7 yoy_pct: the year after the change of basis in 2020Q2 needs its stated growth",
        ),
        (9, "B", "A", 'past.csv:9 basis: basis "A" comes back'),
    ],
)
def test_what_is_wrong_is_said_with_its_line(written, line, before, after, expected):
    assert any(fault.startswith(expected) for fault in faults(written(changed(line, before, after))))


@pytest.mark.parametrize(
    ("total", "expected"),
    [
        ("FY2020,revenue,A,481,0,filing", "the quarters of FY2020 add up to 480, filed were 481; see lines 3, 4, 5, 6"),
        ("FY2021,revenue,A,645,0,filing", "FY2021 is not all on basis A"),
        ("FY2021,group_capex,B,645,0,filing", "FY2021 lacks a quarter of group_capex"),
        ("FY2021,revnue,B,645,0,filing", '"revnue" is not a measure; did you mean "revenue"?'),
        ("2021,revenue,B,645,0,filing", '"2021" is not a fiscal year; write FY2021'),
    ],
)
def test_filed_totals_must_agree(written, total, expected):
    (fault,) = faults(written(totals=[total]))
    assert fault.startswith("past_totals.csv:2")
    assert expected.replace("FY2021; write", "").split("; write")[0] in fault


def test_all_problems_are_found_at_once(written):
    rows = changed(3, "110", "x")
    rows[5] = rows[5].replace("sourced", "sure")
    assert len(faults(written(rows))) == 2


def test_files_that_are_no_histories(written, tmp_path):
    assert "the first line is not that of a history" in faults(written(head="a,b"))[0]
    assert "no quarter follows" in faults(written(rows=[]))[0]
    with pytest.raises(StorageError, match="cannot read"):
        history.load(tmp_path / "none.csv")
