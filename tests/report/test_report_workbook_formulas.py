"""Every construct of the formula language in Excel, texts that look like formulas, and names that Excel refuses."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sim.errors import InputError, ModelFailure
from sim.report import workbook
from sim.report.excel import terms
from sim.report.excel.terms import Term
from tests.report.recalculation import Python, Sheets, libreoffice, read, with_cells, wrong
from tests.report.workbooks import (
    Written,
    errors,
    from_oracle,
    oracle,
    subject_of,
    values,
    wrong_quantities,
)

EVIL = (
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)",
    "+1+2",
    "-2+3",
    "{=1}",
    "<script>alert(1)</script>",
    "_x0041_",
    "'; DROP",
    "https://example.org/a&b",
    '=HYPERLINK("http://example.org","x")',
)

MODEL = '''
from sim.cells.mark import cell
from sim.cells.maths import exp, exp2, expm1, log, log1p, nan, normal_cdf, sqrt, tanh

SCALE = 1.5
CUBE = 3
NOTHING = 0


def softened(x, width):
    inner = x / width
    return inner / (1.0 + inner * inner)


def is_large(x):
    return x > 2.0


def doubled(x):
    return x + x


@cell(at="opening")
def start(level):
    """Where it starts. [1]"""
    return level


@cell
def growth(t, level, prev_size, shock, season):
    """Growth, by the sum of its causes. [1/quarter]"""
    fading = exp2(-t / level)
    cause = softened(fading * level + 0.1 * shock, level + 1.0) if t < 3 and not prev_size > 50.0 else -fading / 4
    return cause * season


@cell
def size(prev_size, growth):
    """Size. [RMB bn]"""
    return prev_size * exp(growth)


@cell
def peak(prev_peak, size):
    """Highest so far. [RMB bn]"""
    return max(prev_peak, size)


@cell(over="part")
def stock(prev_stock, weight, growth):
    """A part's stock. [RMB bn]"""
    return prev_stock * (1.0 + weight * growth)


@cell(at="horizon")
def brackets(level, total):
    """Brackets that matter. [1]"""
    return level - (total - (level + 0.3)) - level / (total * 0.7) / (level / 3.0) - -level + (level - 1.0) * -2.0


@cell(at="horizon")
def powers(level, total):
    """Powers: the sign binds differently in Excel. [1]"""
    return -level ** 2 + (-level) ** 3 + level ** -2 + level ** 0 + level ** 1 + 2.0 ** -level + total ** 1.5 ** 0.5


@cell(at="horizon")
def constant_powers(level):
    """Powers by constants. [1]"""
    return (-level) ** CUBE + level ** NOTHING + SCALE ** level


@cell(at="horizon")
def zero_power(level, nought):
    """Nought to the power nought is 1. [1]"""
    return nought ** nought + level ** nought + nought ** level


@cell(at="horizon")
def words(level, total):
    """The mathematical words. [1]"""
    return normal_cdf(-level) + tanh(level / 3.0) + sqrt(total) + log(level) + expm1(level) + log1p(level)


@cell(at="horizon")
def small_words(tiny):
    """Where subtracting 1 would lose the digits. [1]"""
    return expm1(tiny) / tiny + log1p(-tiny) / tiny + expm1(-tiny * 1e8) + log1p(tiny * 1e8)


@cell(at="horizon")
def conditions(level, total):
    """Chained, joined, refused; as numbers and as what is chosen. [1]"""
    inside = 1.0 < level <= total < 1e6
    odd = not inside or (level == total and level != 3.0)
    picked = (1.0 if odd else 2.0) + (3.0 if (level < 0.0 if odd else total > 0.0) else 4.0)
    return picked + 10.0 * (level > 1.0) + 100.0 * is_large(level + 0.5) + inside


@cell(at="horizon")
def chained_expression(level, total):
    """A chain whose middle is an expression. [1]"""
    return 1.0 if level < level * 1.5 + 0.1 < total + 100.0 else 0.0


@cell(at="horizon")
def family(stock, weight):
    """A family taken together. [RMB bn]"""
    return sum(stock) + min(stock) * max(weight) - abs(min(weight) - 5.0) + min(3.0, max(stock), 4.0)


@cell(at="horizon")
def twice(level, total):
    """What is called twice over is written once. [1]"""
    return doubled(doubled(doubled(doubled(level * total + 1.0))))


@cell(at="horizon")
def guarded(level, nought):
    """Division by nought where it is not taken. [1]"""
    return level / nought if nought > 0.0 else (SCALE if nought == 0.0 else nan)


@cell(at="horizon")
def known(guarded):
    """1 if there is a value. [1]"""
    return 1.0 if guarded == guarded else 0.0


@cell(at="horizon")
def value(last_size, highest, average, brackets, powers, words, conditions, family, twice, known):
    """The value. [US$/ADS]"""
    return last_size + highest + average + brackets + powers + words + conditions + family + twice + known


@cell(at="horizon")
def asked_for_nothing(constant_powers, zero_power, small_words, chained_expression, guarded, peak):
    """What no other cell reads. [1]"""
    return constant_powers + zero_power + small_words + chained_expression + guarded + peak
'''


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


STUDY = f"""
study: {quoted(EVIL[0])}
model: ./model.py
as_of: 2025-09-17
timeline: {{period: quarter, first: 2025Q3, periods: 7, fiscal_year_end: March}}
run: {{paths: 2000, seed: 3}}
sources:
  evil: {{title: {quoted(EVIL[1])}, publisher: {quoted(EVIL[2])}, date: 2025-01-01, url: {quoted(EVIL[8])},
         note: {quoted(EVIL[9])}}}
drivers:
  level: {{marginal: {{kind: lognormal, p10: 1.5, p90: 3.5}}, unit: {quoted(EVIL[3])}, label: {quoted(EVIL[4])},
          source: evil, grade: D, note: {quoted(EVIL[5])}}}
  tiny: {{marginal: {{kind: fixed, value: 1.0e-9}}, unit: "1", source: evil, label: {quoted(EVIL[6])},
         note: "a bell \\a, an escape \\e[31m and\\ta tab"}}
  nought: {{marginal: {{kind: fixed, value: 0}}, unit: "1", source: judgement, note: {quoted(EVIL[7])}}}
  "weight[first]": {{marginal: {{kind: uniform, low: 0.5, high: 1}}, unit: "1", source: judgement}}
  "weight[second]": {{marginal: {{kind: fixed, value: 0.25}}, unit: "1", source: judgement}}
innovations: {{shock: }}
families: {{part: [first, second]}}
openings:
  size: {{value: 40, unit: RMB bn, source: evil}}
  peak: {{value: 0, unit: RMB bn, source: definition}}
  "stock[first]": {{value: 10, unit: RMB bn, source: judgement}}
  "stock[second]": {{from: start}}
schedules:
  season: {{values: [1, 1.1, 0.9, 1, 1, 1.2, 0.8], unit: "1", source: judgement}}
windows:
  total: {{cell: size, from: 2025Q3, to: 2026Q2, how: sum}}
  average: {{cell: size, from: 2025Q4, to: 2027Q1, how: mean}}
  last_size: {{cell: size, from: 2027Q1, to: 2027Q1, how: last}}
  highest: {{cell: peak, from: 2026Q1, to: 2026Q1, how: last}}
reported:
  size: {{2025Q2: {{value: 39, unit: RMB bn, source: evil}}}}
  growth: {{2025Q2: {{driver: tiny, unit: "1", source: evil}}}}
outputs:
  - {{cell: value, label: {quoted(EVIL[0])}}}
  - {{cell: asked_for_nothing}}
  - {{cell: "stock[first]", per: quarter}}
  - {{cell: size, per: fiscal_year, how: sum}}
  - {{cell: growth, per: fiscal_year, how: mean}}
  - {{cell: peak, per: fiscal_year, how: last}}
  - {{cell: size, at: 2026Q2}}
target: {{output: value, at_least: 150, source: evil}}
"""


@dataclass(frozen=True)
class Zoo:
    made: tuple[Written, ...]
    missing: Written  # below nought there is no value
    planted: Path
    planted_formula: Path


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Zoo:
    folder = tmp_path_factory.mktemp("zoo")
    (folder / "model.py").write_text(MODEL, encoding="utf-8")
    (folder / "study.yaml").write_text(STUDY, encoding="utf-8")
    subject = subject_of(folder / "study.yaml", ("level", "weight[first]"))
    medians = {"level": 2.3, "tiny": 1e-9, "nought": 0.0, "weight[first]": 0.75, "weight[second]": 0.25}
    cases = [(medians, [0.0] * 7)]
    cases += [({**medians, "level": 1.4}, [1.3, -0.2, 0.0, 2.2, -1.0, 0.4, 0.1])]
    cases += [({**medians, "level": 3.7, "weight[first]": 0.51}, [-1.5, 0.3, 0.9, -2.2, 0.2, 1.4, -0.7])]
    made = tuple(
        from_oracle(subject, drivers, {"shock": shocks}, folder / f"zoo-{k}.xlsx")
        for k, (drivers, shocks) in enumerate(cases)
    )
    missing = from_oracle(subject, {**medians, "nought": -1.0}, {"shock": [0.0] * 7}, folder / "missing.xlsx")
    lie = {made[0].where(("cell", "size", 4)): 41.0}
    planted = with_cells(made[0].file, folder / "planted.xlsx", lie)
    other, where = folder / "planted-formula.xlsx", made[0].where(("cell", "size", 2))
    formula = str(made[0].book[where].formula)
    with zipfile.ZipFile(made[0].file) as old, zipfile.ZipFile(other, "w") as new:
        for item in old.namelist():
            new.writestr(item, old.read(item).decode().replace(f"<f>{formula}</f>", "<f>1+1</f>"))
    return Zoo(made, missing, planted, other)


@pytest.fixture(scope="module")
def office(zoo: Zoo, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Sheets]:
    files = [*(made.file for made in zoo.made), zoo.missing.file, zoo.planted, zoo.planted_formula]
    again = libreoffice(files, tmp_path_factory.mktemp("office"))
    return {file.stem: book for file, book in zip(files, again, strict=True)}


def test_every_construct_is_stored_as_the_oracle_has_it(zoo: Zoo) -> None:
    for made in zoo.made:
        expected = oracle(made)
        assert wrong_quantities(made, expected, values(made.book)) == []
        assert len(expected) == 1 + 2 + 2 + 7 * 5 + 4 + 14
        assert errors(made.book) == []


def test_every_construct_in_libreoffice(zoo: Zoo, office: dict[str, Sheets]) -> None:
    for made in zoo.made:
        again = values(office[made.file.stem])
        assert wrong(made.book, again) == []
        assert wrong_quantities(made, oracle(made), again) == []
        assert again["Checks", "B3"] is True


def test_every_construct_in_plain_python(zoo: Zoo) -> None:
    made = zoo.made[0]
    again = Python(made.file).recalculated()
    assert wrong(made.book, again) == []
    assert wrong_quantities(made, oracle(made), again) == []


def test_a_planted_wrong_value_is_caught_and_nothing_else(zoo: Zoo, office: dict[str, Sheets]) -> None:
    sheet, address = zoo.made[0].where(("cell", "size", 4))
    planted = read(zoo.planted)
    assert planted[sheet, address].value == 41.0
    found = wrong(planted, values(office["planted"]))
    assert [text.split(":")[0] for text in found] == [f"{sheet}!{address}"]


def test_a_planted_wrong_formula_is_caught(zoo: Zoo, office: dict[str, Sheets]) -> None:
    found = wrong_quantities(zoo.made[0], oracle(zoo.made[0]), values(office["planted-formula"]))
    assert found[0].startswith("('cell', 'size', 2)")
    assert office["planted-formula"]["Checks", "B3"].value is False


def test_texts_that_look_like_formulas_are_texts(zoo: Zoo) -> None:
    for made in zoo.made:
        shown = {cell.value for cell in made.book.values() if cell.formula is None}
        for text in EVIL:
            assert any(text in str(each) for each in shown), text
        assert "a bell , an escape [31m and a tab" in shown
        assert not [c for c in made.book.values() if c.formula and ("cmd" in c.formula or "HYPERLINK" in c.formula)]
        with zipfile.ZipFile(made.file) as archive:
            assert not [name for name in archive.namelist() if "externalLink" in name or "_rels/sheet" in name]
            assert not [name for name in archive.namelist() if b"DDE" in archive.read(name)]
            texts = archive.read("xl/sharedStrings.xml").decode()
        assert "<script>" not in texts
        assert "\x1b" not in texts


def test_a_missing_value_is_an_error_that_the_checks_show(zoo: Zoo, office: dict[str, Sheets]) -> None:
    """What depends on it is an error, what asks whether there is one is not."""
    made = zoo.missing
    for found in (values(made.book), values(office["missing"])):
        assert wrong_quantities(made, oracle(made), found) == []
        shown = {name: found[made.where(("cell", name, 0))] for name in ("guarded", "known", "asked_for_nothing")}
        assert shown["guarded"] == "#N/A"
        assert shown["known"] == 0.0
        assert str(shown["asked_for_nothing"]).startswith("#")
        assert found["Checks", "B3"] is False


def test_no_workbook_where_it_would_not_be_the_run(zoo: Zoo, tmp_path: Path) -> None:
    subject, case = zoo.made[0].subject, zoo.made[0].case
    off = replace(case, outputs={**case.outputs, "value": float(case.outputs["value"] or 0.0) * (1 + 1e-8)})
    with pytest.raises(ModelFailure, match="for value, the run has"):
        workbook.write(subject, off, tmp_path / "off.xlsx")
    infinite = replace(case, drivers={**case.drivers, "tiny": 0.0})
    with pytest.raises(ModelFailure, match="a spreadsheet has no infinity"):
        workbook.write(subject, infinite, tmp_path / "infinite.xlsx")
    assert not list(tmp_path.iterdir())


def test_a_formula_beyond_excel_is_refused_by_name(zoo: Zoo, tmp_path: Path) -> None:
    subject, case = zoo.made[0].subject, zoo.made[0].case
    key = next(cell["function"] for cell in subject.graph["horizon"] if cell["name"] == "guarded")
    long = (
        "def guarded(level, nought):\n    return max(" + ", ".join(f"level * {k}.25 - nought" for k in range(700)) + ")"
    )
    function = {**subject.graph["functions"][key], "text": long}
    graph = {**subject.graph, "functions": {**subject.graph["functions"], key: function}}
    with pytest.raises(InputError, match='the formula of "guarded" is too long for a cell'):
        workbook.write(replace(subject, graph=graph), case, tmp_path / "long.xlsx")
    assert not list(tmp_path.iterdir())


def test_more_values_than_a_function_of_excel_takes() -> None:
    """MIN takes 255 arguments."""
    many = terms.extreme("MIN", [Term(f"A{k}", float(abs(k - 450))) for k in range(1, 601)])
    assert many.value == 0.0
    assert max(part.count(",") + 1 for part in many.text.replace("MIN(", "|").split("|")) <= 255
    assert many.text.count("A") == 600


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (terms.subtract(Term("A1", 1.0), terms.subtract(Term("B1", 1.0), Term("C1", 1.0))), "A1-(B1-C1)"),
        (terms.add(Term("A1", 1.0), terms.add(Term("B1", 1.0), Term("C1", 1.0))), "A1+(B1+C1)"),
        (terms.divide(Term("A1", 1.0), terms.multiply(Term("B1", 1.0), Term("C1", 1.0))), "A1/(B1*C1)"),
        (terms.multiply(terms.add(Term("A1", 1.0), Term("B1", 1.0)), Term("C1", 1.0)), "(A1+B1)*C1"),
        (terms.negative(terms.whole_power(Term("A1", 3.0), 2)), "-(A1^2)"),
        (terms.whole_power(terms.negative(Term("A1", 3.0)), 2), "(-A1)^2"),
        (terms.raised(terms.number(2.0), terms.negative(Term("A1", 3.0))), "2^(-A1)"),
        (terms.multiply(Term("A1", 1.0), terms.number(-2.0)), "A1*(-2)"),
        (terms.compare("<", Term("A1", 1.0, given=True), terms.number(3.0)), "A1<3"),
        (terms.compare("<", Term("A1", 1.0), terms.number(3.0)), "IFERROR(A1<3,FALSE)"),
        (terms.compare("<>", Term("A1", 1.0), Term("A1", 1.0)), "ISERROR(A1)"),
    ],
)
def test_brackets_and_errors(made: Term, text: str) -> None:
    assert made.text == text
