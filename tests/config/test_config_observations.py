"""Observations from the command line and from files, and what is said of those that are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.config.observations import Observation, column_of, from_dict, read
from sim.errors import InputError

FILE = """
sources:
  q: {title: September quarter results, publisher: Alibaba Group, date: 2025-11-25, url: "https://example.org"}
observations:
  - {cell: cloud_revenue, period: 2025Q3, value: 39.8, sd: 1%, unit: RMB bn, source: q, note: as reported}
  - {cell: net_cash, period: 2025Q3, value: 330, within: 2.5, unit: RMB bn, source: judgement}
"""


@pytest.mark.parametrize(
    ("text", "name", "period", "value", "how", "error"),
    [
        ("cloud_revenue@2025Q3=39.0 sd 1%", "cloud_revenue", "2025Q3", 39.0, "sd", 0.39),
        (" cloud_revenue @ 2025Q3 = 39 sd 0.4 ", "cloud_revenue", "2025Q3", 39.0, "sd", 0.4),
        ("segment_revenue[aidc]@3=-2e1 within 10 %", "segment_revenue[aidc]", "3", -20.0, "within", 2.0),
        ("value=1_000 within .5", "value", "", 1000.0, "within", 0.5),
    ],
)
def test_a_text_is_read(text: str, name: str, period: str, value: float, how: str, error: float) -> None:
    (found,) = read([text])
    assert (found.name, found.period, found.value, found.how) == (name, period, value, how)
    assert found.error == pytest.approx(error, rel=1e-15)


def test_a_file_is_read_with_its_sources(tmp_path: Path) -> None:
    file = tmp_path / "observed.yaml"
    file.write_text(FILE, encoding="utf-8")
    first, second = read([], [file])
    assert (first.value, first.error, first.unit) == (39.8, pytest.approx(0.398), "RMB bn")
    assert first.source == "September quarter results (Alibaba Group, 2025-11-25)"
    assert (first.published, first.note) == ("2025-11-25", "as reported")
    assert (second.how, second.error, second.published) == ("within", 2.5, "")
    assert column_of(first) == "cloud_revenue.2025Q3"


def test_an_observation_survives_being_stored() -> None:
    (found,) = read(["a@2025Q3=1 sd 2"])
    stored = found.as_dict()
    assert from_dict(stored).as_dict() == stored
    assert isinstance(from_dict(stored), Observation)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("cloud_revenue", 'is not an observation; write for example "cloud_revenue@2025Q3=39.0 sd 1%"'),
        ("@2025Q3=39 sd 1%", "is not an observation"),
        ("a@=39 sd 1%", "lacks a period"),
        ("a=39,8 sd 1%", 'a: must be a number, not "39,8"; write 39.8, with a point'),
        ("a=nan sd 1%", 'a: must be a number, not "nan"'),
        ("a=39", "a: it is not said how exactly the value is known; end with"),
        ("a=39 sdd 1%", 'a: "sdd" is neither sd nor within; did you mean "sd"?'),
        ("a=39 sd", 'a: "sd" has no size; write for example sd 1% or sd 0.4'),
        ("a=39 sd 0", 'a: "0" must come to more than zero'),
        ("a=39 sd -1", 'a: "-1" must come to more than zero'),
        ("a=0 sd 1%", 'a: "1%" must come to more than zero'),
        ("a=39 sd much", 'a: "much" is no size'),
    ],
)
def test_a_wrong_text_is_explained_with_its_place(text: str, says: str) -> None:
    with pytest.raises(InputError) as raised:
        read([text])
    said = str(raised.value)
    assert says in said
    assert said.startswith("--observe")
    assert len(raised.value.problems) == 1  # one mistake, one complaint


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("cell: cloud_revenue", "cel: cloud_revenue", 'unknown key "cel"; did you mean "cell"?'),
        ("sd: 1%", "sd: 1%, within: 2", "has both sd and within; give one"),
        ("sd: 1%, ", "", "has neither sd nor within; give one"),
        ("sd: 1%", "sd: lots", 'must be a number or a share, not "lots"; write for example 0.4 or 1%'),
        ("source: q", "source: qq", 'there is no source "qq"; did you mean "q"?'),
        ("value: 39.8", 'value: "39.8"', 'must be a number, not "39.8"; remove the quotes'),
        ("unit: RMB bn, source: q", "source: q", "observations.0.unit: is missing"),
        ("within: 2.5", "within: 0", '"0" must come to more than zero'),
    ],
)
def test_a_wrong_file_is_explained_with_its_line(tmp_path: Path, old: str, new: str, says: str) -> None:
    file = tmp_path / "observed.yaml"
    file.write_text(FILE.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError) as raised:
        read([], [file])
    line = 6 if "within: 2.5" in old else 5
    assert f"observed.yaml:{line}:" in str(raised.value)
    assert says in str(raised.value)


def test_all_problems_are_said_at_once_and_nothing_is_observed_twice(tmp_path: Path) -> None:
    with pytest.raises(InputError) as raised:
        read(["a=x sd 1", "b=1 sd 0", "c=1 sd 1", "c=2 sd 1"], [tmp_path / "missing.yaml"])
    assert len(raised.value.problems) == 4
    assert "c is observed twice" in str(raised.value)
    assert "there is no such file" in str(raised.value)
    with pytest.raises(InputError, match="nothing was observed"):
        read([])


def test_all_mistakes_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    """One entry without a unit does not hide another's unknown source, nor a third's two errors."""
    file = tmp_path / "observed.yaml"
    text = FILE.replace("sd: 1%, unit: RMB bn, source: q", "sd: 1%, unit: RMB bn, source: p")
    text = text.replace("within: 2.5,", "within: 2.5, sd: 1,")
    file.write_text(text + "  - {cell: ai_capex, period: 2025Q3, value: 22, sd: 1, source: q}\n", encoding="utf-8")
    with pytest.raises(InputError) as raised:
        read([], [file])
    said = str(raised.value)
    assert len(raised.value.problems) == 3
    for part in ("unit: is missing", 'there is no source "p"', "has both sd and within"):
        assert part in said
