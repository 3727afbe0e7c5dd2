"""Decision files: the shipped ones are right, and every mistake is answered in exactly these words at this line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sim.config import decision
from sim.config.decision import Reading
from tests.config.conftest import written

HOME = Path(__file__).parents[2]
SHIPPED = sorted((HOME / "configs" / "decisions").glob("*.yaml"))
RIGHT = """\
decision: Buy or hold
as_of: 2025-09-17
output: value_per_ads
price: {value: 166, unit: US$/ADS, source: note}
horizon: {months: 12}
required_return: {value: 0.105, source: judgement}
actions:
  buy: {size: 1}
  hold: {size: 0, label: stay out}
  sell: {size: -1}
costs:
  trade: {value: 0.001, source: judgement}
  borrow: {value: 0.005, source: judgement}
quantity: 1_000
disclosures:
  quarter: {observe: cloud_revenue.2025Q3, error: {sd: 0.4, unit: RMB bn, source: note}}
  both: {observe: [cloud_revenue.2025Q3, cloud_revenue.2025Q4]}
beyond_research: [wacc]
sources:
  note: {title: A note, publisher: A broker, date: 2025-09-17}
"""
Reads = Callable[[str], Reading]


@pytest.fixture
def reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reads:
    monkeypatch.chdir(tmp_path)

    def read(text: str) -> Reading:
        Path("mine.yaml").write_text(text, encoding="utf-8")
        return decision.load("mine.yaml")

    return read


def test_attributes_are_the_keys_of_the_file(reads: Reads) -> None:
    reading = reads(RIGHT)
    assert reading.problems == []
    made = reading.decision
    assert made is not None
    assert (made.output, made.price.value, made.price.sources, made.horizon.months) == (
        "value_per_ads", 166, ("note",), 12,
    )  # fmt: skip
    assert {name: action.size for name, action in made.actions.items()} == {"buy": 1, "hold": 0, "sell": -1}
    assert (made.label("hold"), made.label("buy"), made.held, made.quantity) == ("stay out", "buy", 0, 1000)
    assert made.disclosures["quarter"].observe == ("cloud_revenue.2025Q3",)
    assert made.disclosures["quarter"].error is not None
    assert made.disclosures["both"].observe == ("cloud_revenue.2025Q3", "cloud_revenue.2025Q4")
    place = reading.origins.place("disclosures.quarter.error.unit")
    assert place is not None
    assert (place.line, place.column) == (16, 67)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_shipped_decisions_are_right(path: Path) -> None:
    assert decision.load(path).problems == []


def test_some_are_shipped() -> None:
    assert {path.stem for path in SHIPPED} >= {"hold_or_buy", "long_only"}


WRONG = {
    "key misspelt": (
        "horizon:", "horizn:",
        ['5: horizn: unknown key "horizn"; did you mean "horizon"?'],
    ),
    "key missing": (
        "price: {value: 166, unit: US$/ADS, source: note}\n", "",
        ["0: price: is missing; add it, for example `price: {value: 166, unit: US$/ADS, source: judgement}`"],
    ),
    "percent for a share": (
        "{value: 0.105,", "{value: 10.5,",
        ["6: required_return.value: must be a share of one, not 10.5; for 10.5% write 0.105"],
    ),
    "percent sign": (
        "{value: 0.105,", "{value: 10.5%,",
        ['6: required_return.value: must be a number, not "10.5%"; write 0.105'],
    ),
    "negative cost": (
        "{value: 0.001,", "{value: -0.001,",
        ["12: costs.trade.value: must be at least 0, not -0.001; correct the number"],
    ),
    "price of nothing": (
        "{value: 166,", "{value: 0,",
        ["4: price.value: must be more than 0, not 0; correct the number"],
    ),
    "price without source": (
        "unit: US$/ADS, source: note}", "unit: US$/ADS}",
        ["4: price.source: is missing; add it, for example `source: judgement`"],
    ),
    "source unknown": (
        "unit: US$/ADS, source: note}", "unit: US$/ADS, source: notes}",
        ['4: price.source: unknown source "notes"; did you mean "note"?'],
    ),
    "source too young": (
        "as_of: 2025-09-17", "as_of: 2025-09-16",
        [
            '4: price.source: "note" was published on 2025-09-17, after `as_of` (2025-09-16); use an earlier source,'
            " or move `as_of`",
            '16: disclosures.quarter.error.source: "note" was published on 2025-09-17, after `as_of` (2025-09-16);'
            " use an earlier source, or move `as_of`",
        ],
    ),
    "same action twice": (
        "hold: {size: 0, label: stay out}", "hold: {size: 1}",
        ["9: actions.hold.size: has the size of buy (1), so there is nothing to choose between them; correct the size,"
         " or remove one of the two"],
    ),
    "nothing to decide": (
        "  hold: {size: 0, label: stay out}\n  sell: {size: -1}\n", "",
        [
            "7: actions: a decision needs at least two actions; add for example `hold: {size: 0}`",
            "11: costs.borrow: no action has a size below 0, so nothing is borrowed; remove it, or add"
            " `sell: {size: -1}`",
        ],
    ),
    "size as a word": (
        "buy: {size: 1}", "buy: {size: all}",
        ['8: actions.buy.size: must be a number, not "all"; write a plain number such as 0.35'],
    ),
    "action without size": (
        "buy: {size: 1}", "buy: 1",
        ["8: actions.buy: must be a group of keys, not the number 1; write its keys indented below it: size"],
    ),
    "strange name": (
        "buy: {size: 1}", '"buy!": {size: 1}',
        ["8: actions.buy!: is no name for an action; use letters, digits, spaces, - and _"],
    ),
    "error without unit": (
        "sd: 0.4, unit: RMB bn,", "sd: 0.4,",
        ["16: disclosures.quarter.error.unit: is missing; add it, for example `unit: RMB bn`"],
    ),
    "error of nothing": (
        "sd: 0.4", "sd: 0",
        ["16: disclosures.quarter.error.sd: must be more than 0, not 0; correct the number"],
    ),
    "observed twice": (
        "cloud_revenue.2025Q4]", "cloud_revenue.2025Q3]",
        ['17: disclosures.both.observe: names "cloud_revenue.2025Q3" twice; keep one of the two'],
    ),
    "negative horizon": (
        "{months: 12}", "{months: -1}",
        ["5: horizon.months: must be at least 0, not -1; correct the number"],
    ),
    "reserved source": (
        "  note: {title", "  judgement: {title: A, publisher: B, date: 2025-01-01}\n  note: {title",
        ['20: sources.judgement: "judgement" is a source of its own and needs no entry; give this document another'
         " name"],
    ),
    "given twice": (
        "output: value_per_ads", "output: value_per_ads\noutput: value_today",
        ['4: output: "output" is given twice, first in line 3; keep one of the two'],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", list(WRONG))
def test_says_what_is_wrong_and_what_to_do(name: str, reads: Reads) -> None:
    old, new, said = WRONG[name]
    assert RIGHT.count(old) == 1, f"{old!r} must name one passage"
    reading = reads(RIGHT.replace(old, new))
    assert [written(problem) for problem in reading.problems] == said
    assert reading.decision is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty; begin it with `decision: ...`"),
        (
            "- a\n- b\n",
            "a decision file is made of `name: value` lines; this one is not; begin it with `decision: ...`",
        ),
    ],
)
def test_what_is_no_decision_file_is_told(text: str, said: str, reads: Reads) -> None:
    assert [f"{p.what}; {p.advice}" for p in reads(text).problems] == [said]


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    (missing,) = decision.load(tmp_path / "none.yaml").problems
    assert missing.what == "there is no such file"
    (folder,) = decision.load(tmp_path).problems
    assert folder.what == "this is a folder, not a decision file"


def test_broken_yaml_is_placed(reads: Reads) -> None:
    reading = reads("decision: [a\noutput: b\n")
    assert reading.decision is None
    assert all(problem.place and problem.place.file == "mine.yaml" for problem in reading.problems)
