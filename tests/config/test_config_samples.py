"""Empirical marginals from CSV files: what is read, what is kept, and what is said of a file that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim import config
from tests.config.conftest import Reads, Says

NORMAL = "{kind: normal, mean: 0.1, sd: 0.02, truncate: {low: 0}}"
FILE = "{kind: empirical, how: linear, file: margins.csv}"
HISTORY = "quarter,margin\n2025Q1,0.1\n\n2025Q2, 0.2\n2025Q3,-1e-3\n"


@pytest.fixture
def read(reads: Reads, right: str) -> Reads:
    """``read(marginal, csv_text)``: the right study with this marginal beside this file."""

    def load(marginal: str, text: str, *, sets: tuple[str, ...] = (), extra: str = "") -> config.Reading:
        Path("margins.csv").write_text(text, encoding="utf-8")
        return reads(right.replace(NORMAL, marginal) + extra, sets=sets)

    return load


def values(reading: config.Reading) -> list[float]:
    assert reading.study is not None, reading.problems
    return list(reading.study.drivers["margin"].marginal.values)  # type: ignore[union-attr, arg-type]


def test_the_values_take_the_place_of_the_file(read: Reads) -> None:
    reading = read(FILE.replace("}", ", column: margin}"), HISTORY)
    assert values(reading) == [0.1, 0.2, -0.001]
    kept = reading.document["drivers"]["margin"]["marginal"]
    assert kept["read_from"] == "margins.csv, column margin"
    assert "file" not in kept
    assert reading.origins.place("drivers.margin.marginal.values.1").line == 4  # type: ignore[union-attr]


def test_the_only_column_needs_no_name(read: Reads) -> None:
    assert values(read(FILE, "margin\n1\n2\n")) == [1.0, 2.0]


def test_what_is_stored_needs_no_file(read: Reads, reads: Reads) -> None:
    reading = read(FILE, "margin\n1\n2\n")
    Path("margins.csv").unlink()
    again = reads(config.resolved_text(reading))
    assert values(again) == [1.0, 2.0]
    assert again.digest == reading.digest


def test_another_number_in_the_file_is_another_study(read: Reads) -> None:
    assert read(FILE, "margin\n1\n2\n").digest != read(FILE, "margin\n1\n3\n").digest


def test_the_file_lies_beside_the_one_that_names_it(reads: Reads, right: str) -> None:
    Path("parts").mkdir()
    Path("parts/margins.csv").write_text("margin\n1\n2\n", encoding="utf-8")
    Path("parts/drivers.yaml").write_text(f"drivers:\n  margin:\n    marginal: {FILE}\n", encoding="utf-8")
    own = right.replace(f"    marginal: {NORMAL}\n", "")
    assert values(reads(f"extends: parts/drivers.yaml\n{own}")) == [1.0, 2.0]


def test_scenarios_and_the_command_line_may_name_another(read: Reads, says: Says) -> None:
    Path("others.csv").write_text("margin,other\n1,5\n2,6\n", encoding="utf-8")
    one = ("drivers.margin.marginal.file=others.csv", "drivers.margin.marginal.column=other")
    assert values(read(FILE, "margin\n1\n2\n", sets=one)) == [5.0, 6.0]
    assert values(read(FILE, "margin\n1\n2\n", sets=(*one[:1], "drivers.margin.marginal.column=margin"))) == [1.0, 2.0]
    worse = "  worse: {story: Worse., set: {drivers.margin.marginal.file: missing.csv}}\n"
    (said,) = says(read(FILE, "margin\n1\n2\n", extra=worse))
    assert said.startswith('50: drivers.margin.marginal.file: in scenario "worse": there is no file missing.csv')


def test_what_is_stored_holds_the_values_of_scenarios_too(read: Reads, reads: Reads) -> None:
    Path("others.csv").write_text("margin,other\n1,5\n2,6\n", encoding="utf-8")
    leaves = "{drivers.margin.marginal.file: others.csv, drivers.margin.marginal.column: other}"
    reading = read(FILE, "margin\n1\n2\n", extra=f"  other: {{story: Other., set: {leaves}}}\n")
    text = config.resolved_text(reading)
    Path("margins.csv").unlink()
    Path("others.csv").unlink()
    assert values(reads(text)) == [1.0, 2.0]
    again = reads(text, scenario="other")
    assert values(again) == [5.0, 6.0]
    assert again.document["drivers"]["margin"]["marginal"]["read_from"] == "others.csv, column other"


@pytest.mark.parametrize(
    ("marginal", "text", "said"),
    [
        (FILE, "margin\n0.1\nabc\n", '3: drivers.margin.marginal.file: "abc" is not a number; write a plain number'),
        (FILE, "margin\n0.1\nnan\n", '3: drivers.margin.marginal.file: "nan" is not a number'),
        (FILE, HISTORY, "28: drivers.margin.marginal.file: margins.csv has the columns quarter and margin; say which"),
        (FILE, "0.1\n0.2\n", "1: drivers.margin.marginal.file: margins.csv does not begin with a line of headings"),
        (FILE, "", "1: drivers.margin.marginal.file: margins.csv does not begin with a line of headings"),
        (FILE, "margin\n", "28: drivers.margin.marginal.values: 0 observed values without a difference"),
        (
            FILE.replace("}", ", column: margins}"),
            HISTORY,
            '28: drivers.margin.marginal.column: there is no column "margins" in margins.csv; did you mean "margin"?',
        ),
        (
            FILE.replace("}", ", column: margin}"),
            "quarter,margin\n2025Q1,0.1\n2025Q2,\n",
            "3: drivers.margin.marginal.file: a value is missing; write a plain number such as 0.35",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_said_at_its_line(
    read: Reads, says: Says, marginal: str, text: str, said: str
) -> None:
    (found,) = says(read(marginal, text))
    assert found.startswith(said)
