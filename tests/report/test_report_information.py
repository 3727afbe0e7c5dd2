"""What is said and drawn of the value of information: the answer first, numbers with errors, nothing off the page."""

from __future__ import annotations

from typing import Any

import pytest

from sim.report import style
from sim.report.figures import information as drawing
from sim.report.screens import information as screen


def knows(
    name: str, worth: float, error: float = 0.05, *, kind: str = "driver", label: str | None = None, **more: Any
) -> dict[str, Any]:
    rule = [{"action": "hold", "from": None, "to": 4.05}, {"action": "buy", "from": 4.05, "to": None}]
    return {
        "name": name, "label": label or f"Label of {name}", "kind": kind, "members": [name],
        "worth": {"value": worth, "standard_error": error if worth else 0.0}, "changes": 0.31 if worth else 0.0,
        "explained": 0.4, "unit": "x", "rule": rule if worth and kind == "driver" else [], "beyond_research": False,
        **more,
    }  # fmt: skip


def result(**changes: Any) -> dict[str, Any]:
    """A result of `sim.analysis.information` as plain data."""
    pays = {"value": 1.25, "standard_error": 0.04}
    none = {"value": 0.0, "standard_error": 0.0}
    multiple = knows("multiple", 3.1, label="the long-run EV/sales multiple")
    facts = {
        "decision": "Buy or hold", "output": "value_per_ads", "unit": "US$/ADS", "price": 166, "months": 12,
        "required_return": 0.105, "quantity": 2_000_000, "today": "hold", "today_label": "stay out",
        "lead": {"value": 1.0, "standard_error": 0.04},
        "actions": [
            {"name": "hold", "label": "stay out", "size": 0, "pays": pays, "best_on": 0.6},
            {"name": "buy", "label": "buy", "size": 1, "pays": none, "best_on": 0.4},
        ],
        "action_labels": {"hold": "stay out", "buy": "buy"}, "first": "multiple", "tied": [],
        "perfect": knows("perfect", 6.2, kind="perfect", label="the value itself"),
        "all_drivers": knows("drivers", 5.9, kind="drivers", label="every driver"),
        "groups": [knows("multiple+pe", 3.9, kind="group", label="A + B", members=["multiple", "pe"])],
        "drivers": [multiple, knows("pe", 1.2), knows("share", 0.01, 0.02), knows("tokens", 0.0)],
        "sets": [], "disclosures": [knows("q", 0.0, kind="disclosure", label="Revenue of the quarter")],
        "plan": [
            {"driver": "multiple", "label": "m", "worth": pays, "adds": pays},
            {"driver": "pe", "label": "P/E", "worth": pays, "adds": {"value": 0.4, "standard_error": 0.02}},
        ],
        "paths": 262_144, "invalid": 0, "nested": {"paths": 32_768, "draws": 32},
    }  # fmt: skip
    return facts | changes


def test_the_first_line_can_be_read_out() -> None:
    assert screen.lines(result())[0] == (
        "Research the long-run EV/sales multiple first: to know it before deciding is worth $3.10 ±0.05 per ADS."
    )


def test_the_lines_after_say_what_to_do() -> None:
    said = screen.lines(result(), 100)
    assert said[1] == (
        "Buy above 4.05x, else stay out: it changes the decision on 31% of paths. On 2,000,000 that is $6.2 m."
    )
    assert said[2] == "Then P/E (adds $0.40 ±0.02)."
    assert said[3].startswith("As things stand: stay out, which pays $1.25 ±0.04 per ADS on average")
    assert "The other 2 drivers are worth nothing measurable to this decision, each by itself." in said
    row = next(line for line in said if "Revenue of the quarter" in line)
    assert "nothing" in row
    assert "never" in row


@pytest.mark.parametrize(
    ("changes", "line", "figure"),
    [
        (
            {"tied": ["pe"]},
            "Research the long-run EV/sales multiple or Label of pe first: to know",
            "Research the long-run EV/sales multiple: worth $3.10 per ADS",
        ),
        (
            {"first": None},
            "No driver open to research changes the decision by itself; to know the value would be worth $6.20 ±0.05",
            "No driver to research changes the decision; perfect is $6.20",
        ),
        (
            {"perfect": knows("perfect", 0.0, kind="perfect"), "first": None},
            "No research is worth paying for: to stay out is best on all 262,144 paths.",
            "No research is worth paying for: the decision is safe",
        ),
    ],
)
def test_other_answers(changes: dict[str, Any], line: str, figure: str) -> None:
    assert screen.headline(result(**changes)).startswith(line)
    assert drawing.headline(result(**changes)) == figure
    assert len(figure) <= style.HEADLINE_LIMIT


@pytest.mark.parametrize("width", [60, 80, 100, 160])
def test_the_table_keeps_to_the_width(width: int) -> None:
    long = knows("long", 2.0, label="A driver with a name that is far too long for any table of this width to hold it")
    said = screen.lines(result(drivers=[long, *result()["drivers"]]), width)
    first = said.index("") + 1
    table = said[first : said.index("", first)]
    assert max(len(line) for line in table) <= width
    assert len(table) == 11


def test_drivers_beyond_research_carry_a_star() -> None:
    starred = [knows("pe", 4.0, beyond_research=True), *result()["drivers"]]
    said = screen.lines(result(drivers=starred))
    assert any("Label of pe*" in line for line in said)
    assert "* said to be beyond research by the decision file." in said


STRETCHES = [
    ([("hold", None, 1.0), ("buy", 1.0, None)], "buy above 1x"),
    ([("buy", None, 1.0), ("hold", 1.0, None)], "buy below 1x"),
    ([("hold", None, 1.0), ("buy", 1.0, 2.0), ("hold", 2.0, None)], "buy from 1x to 2x"),
    ([("sell", None, 1.0), ("hold", 1.0, 2.0), ("buy", 2.0, None)], "sell below 1x, buy above 2x"),
    ([("hold", None, None)], ""),
]


@pytest.mark.parametrize(("stretches", "said"), STRETCHES)
def test_rules_in_words(stretches: list[tuple[str, float | None, float | None]], said: str) -> None:
    entry = knows("a", 1.0, rule=[{"action": a, "from": low, "to": high} for a, low, high in stretches])
    labels = {"hold": "hold", "buy": "buy", "sell": "sell"}
    assert screen.rule(entry, result(action_labels=labels)) == said


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"drivers": [knows(f"d{i}", 5 - i / 2, label=f"A driver with rather a long name, {i}") for i in range(9)]},
        {"unit": "RMB bn", "drivers": [knows("multiple", 123456.0, 100.0)]},
        {"perfect": knows("perfect", 0.0), "all_drivers": knows("drivers", 0.0), "drivers": [], "groups": [],
         "first": None},
        {"disclosures": [], "sets": [knows("a+b", 2.0, kind="set", label="A + B", members=["a", "b"])]},
    ],
    ids=["usual", "many", "large", "nothing", "sets"],
)  # fmt: skip
def test_the_figure_stays_on_its_page(changes: dict[str, Any], run_of, faults) -> None:
    drawn = drawing.draw(run_of(), result(**changes))
    assert faults(drawn) == []
    assert drawn.headline in drawn.alt


def test_the_data_beside_the_figure_are_those_drawn(run_of) -> None:
    data = drawing.draw(run_of(), result()).data.set_index("name")
    assert data.loc["multiple", "worth"] == 3.1
    assert data.loc["multiple", "low"] == pytest.approx(3.1 - 2.131449545559775 * 0.05)
    assert data.loc["q", "worth"] == 0
    assert list(data["kind"]) == ["perfect", "drivers", "driver", "driver", "group", "disclosure"]
