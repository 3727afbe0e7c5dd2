"""The live workbook of the base case, recalculated by LibreOffice and by `formulas`, against engine and oracle."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from xlsxwriter.utility import xl_rowcol_to_cell

from sim.report.excel.model import Key
from sim.report.excel.sensitivity import STEPS
from sim.run import rows
from sim.run.result import Run
from tests.conftest import CONFIGS
from tests.report.recalculation import Python, Sheets, differs, libreoffice, read, with_cells, wrong
from tests.report.workbooks import (
    Written,
    columns_of,
    errors,
    oracle,
    run_of,
    values,
    written,
    wrong_quantities,
)

PATHS = (0, 7, 777)
# Two workbooks: inputs of every kind that keep every branch, and a shorter plan, which moves lines to another one.
CHANGES: dict[str, dict[Key, float]] = {
    "inputs": {
        ("driver", "wacc", 0): 0.118,
        ("driver", "long_run_share", 0): 0.41,
        ("opening", "demand_shock", 0): 0.05,
        ("constant", "sim.models.alibaba.group.CASH_FROM_NOPAT", 0): 0.8,
        ("reported", "cloud_revenue 2025Q2", 0): 30.0,
    },
    "branch": {
        ("driver", "plan_quarters", 0): 8.0,
        ("innovation", "demand_innovation", 3): 1.75,
        ("innovation", "growth_innovation", 9): -2.0,
        ("schedule", "quarter_of_year", 4): 1.0,
    },
}

WRONG: Key = ("cell", "cloud_revenue", 5)


@dataclass(frozen=True)
class Base:
    run: Run
    central: Written
    paths: tuple[Written, ...]
    changed: dict[str, Path]
    planted: Path  # the central case with one stored value of a formula changed, and nothing else

    def sheets_changes(self, name: str) -> dict[tuple[str, str], float]:
        return {self.central.where(key): value for key, value in CHANGES[name].items()}


@pytest.fixture(scope="module")
def base(kernel_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Base:
    folder = tmp_path_factory.mktemp("workbook")
    run = run_of(CONFIGS / "base.yaml", folder / "results")
    central = written(run, folder)
    planted = with_cells(central.file, folder / "planted.xlsx", {central.where(WRONG): 47.11})
    made = Base(run, central, tuple(written(run, folder, path) for path in PATHS), {}, planted)
    for name in CHANGES:
        made.changed[name] = with_cells(central.file, folder / f"changed-{name}.xlsx", made.sheets_changes(name))
    return made


@pytest.fixture(scope="module")
def office(base: Base, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Sheets]:
    """Every workbook as LibreOffice recalculates it, by the name of its file."""
    files = [base.central.file, *(each.file for each in base.paths), *base.changed.values(), base.planted]
    again = libreoffice(files, tmp_path_factory.mktemp("office"))
    return {file.stem: book for file, book in zip(files, again, strict=True)}


def test_the_stored_values_are_those_of_the_oracle_and_the_engine(base: Base) -> None:
    """Before anybody recalculates: what a viewer shows that does not."""
    for made in (base.central, *base.paths):
        assert wrong_quantities(made, oracle(made), values(made.book)) == []
        assert errors(made.book) == []
        assert len([cell for cell in made.book.values() if cell.formula is not None]) > 4000


def test_libreoffice_gives_what_is_stored_and_what_the_engine_gives(base: Base, office: dict[str, Sheets]) -> None:
    for made in (base.central, *base.paths):
        again = office[made.file.stem]
        assert errors(again) == []
        assert wrong(made.book, values(again)) == []
        assert wrong_quantities(made, oracle(made), values(again)) == []
        live = columns_of(made, values(again))
        assert set(live) == set(made.case.outputs)
        for name, expected in made.case.outputs.items():
            assert live[name] == pytest.approx(expected, rel=1e-9, abs=1e-9), (made.case.title, name)
        assert again["Checks", "B3"].value is True


@pytest.mark.parametrize("name", CHANGES)
def test_changed_inputs_in_libreoffice_equal_the_oracle(base: Base, office: dict[str, Sheets], name: str) -> None:
    again = values(office[f"changed-{name}"])
    expected = oracle(base.central, CHANGES[name])
    assert wrong_quantities(base.central, expected, again) == []
    year = base.central.where(("year", "cloud_revenue.FY2026", 0))
    quarters = [expected["cell", "cloud_revenue", t] for t in (1, 2, 3)]
    reported = CHANGES[name].get(("reported", "cloud_revenue 2025Q2", 0), 33.398)
    assert again[year] == pytest.approx(reported + sum(quarters), rel=1e-9)
    moved = [key for key, value in expected.items() if value != base.central.net.values[key]]
    assert ("cell", "value_per_ads", 0) in moved
    assert again["Checks", "B3"] is True
    assert again["Checks", "B4"] == len(CHANGES[name])


def test_a_planted_wrong_value_is_caught_and_nothing_else(base: Base, office: dict[str, Sheets]) -> None:
    """A stored value that no formula gives: recalculation is real, not a comparison of the cache with itself."""
    sheet, address = base.central.where(WRONG)
    planted = read(base.planted)
    assert planted[sheet, address].value == 47.11
    assert planted[sheet, address].formula is not None
    found = wrong(planted, values(office["planted"]))
    assert [text.split(":")[0] for text in found] == [f"{sheet}!{address}"]


def test_the_comparison_sees_a_difference_just_beyond_the_tolerance() -> None:
    assert not differs(1.0 + 0.9e-9, 1.0, [])
    assert differs(1.0 + 1.1e-9, 1.0, [])
    assert not differs(1e-12, 0.0, [1.0])  # a difference of near equals keeps no more digits
    assert differs(1e-8, 0.0, [1.0])
    assert differs("#DIV/0!", 1.0, [])


def test_plain_python_recalculates_the_central_case(base: Base) -> None:
    engine = Python(base.central.file)
    again = engine.recalculated()
    assert wrong(base.central.book, again) == []
    assert wrong_quantities(base.central, oracle(base.central), again) == []


@pytest.mark.long
def test_plain_python_recalculates_paths_and_changed_inputs(base: Base) -> None:
    engine = Python(base.central.file)
    for name, changes in CHANGES.items():
        again = engine.recalculated(base.sheets_changes(name))
        assert wrong_quantities(base.central, oracle(base.central, changes), again) == [], name
    for made in base.paths:
        again = Python(made.file).recalculated()
        assert wrong(made.book, again) == []
        assert wrong_quantities(made, oracle(made), again) == []


def test_each_cell_of_the_grids_is_a_whole_valuation(base: Base) -> None:
    """Every pair of drivers against the engine's own value: the workings leave nothing out that the drivers reach."""
    made = base.central
    value = rows.simulator_of(base.run).value
    pairs = [key for key in made.net.places if key[0] == "grid"]
    assert [key[1] for key in pairs] == ["wacc terminal_growth", "ecommerce_pe cloud_ev_to_sales"]
    size = 2 * STEPS + 1
    for key in pairs:
        down, across = key[1].split()
        middle = made.net.places[key]
        first = middle.row - STEPS, middle.column - STEPS

        def at(row: int, column: int, sheet: str = middle.sheet) -> float:
            found = made.book[sheet, xl_rowcol_to_cell(row, column)].value
            assert isinstance(found, float)
            return found

        downs = [at(first[0] + i, first[1] - 1) for i in range(size)]
        acrosses = [at(first[0] - 1, first[1] + j) for j in range(size)]
        assert len(set(downs)) == len(set(acrosses)) == size
        drivers = {**made.case.drivers, down: np.repeat(downs, size), across: np.tile(acrosses, size)}
        expected = value(np.zeros(size * size, np.int64), drivers, "zero", outputs=["value_per_ads"])["value_per_ads"]
        found = [at(first[0] + i, first[1] + j) for i in range(size) for j in range(size)]
        assert found == pytest.approx(expected.tolist(), rel=1e-11)
        assert len(set(found)) == size * size


def test_the_sheets_are_those_of_the_house_and_inputs_are_blue(base: Base) -> None:
    import openpyxl

    book = openpyxl.load_workbook(base.central.file)
    files = ["Openings", "Tokens", "Capacity", "Cloud", "Group"]
    ends = ["Simulation", "Lines", "Sources", "Checks"]
    wanted = ["README", "Inputs", "Inputs by quarter", *files, "SOTP", "Sensitivity", "Workings", *ends]
    assert book.sheetnames == wanted
    kinds = ("driver", "opening", "constant", "reported", "innovation", "schedule", "target")
    typed = {key: place for key, place in base.central.net.places.items() if key[0] in kinds}
    assert len(typed) > 250
    for key, place in typed.items():
        cell = book[place.sheet].cell(place.row + 1, place.column + 1)
        assert cell.font.color.rgb == "FF0000FF", key
        assert isinstance(cell.value, int | float), key
    inputs = book["Inputs"]
    for name in base.run.drivers:
        row = base.central.net.places["driver", name, 0].row + 1
        unit, grade, source = (inputs.cell(row, column).value for column in (4, 9, 10))
        assert unit
        assert grade in "ABCD"
        assert source
    parts = [inputs_of.value for inputs_of in book["SOTP"]["A"][4:13]]
    assert parts[:2] == ["Cloud", "China e-commerce"]
    assert book["SOTP"]["A14"].value == "Value per ADS, US$/ADS"


def test_simulated_numbers_are_those_of_the_summary(base: Base) -> None:
    leaf = base.run.summary["outputs"]["value_per_ads"]
    book = base.central.book
    shown = [book["Simulation", f"{column}6"].value for column in "FHLP"]  # in sixteen digits
    assert shown == pytest.approx([leaf["mean"], *(leaf["percentiles"][p] for p in ("1", "50", "99"))], rel=1e-15)
    assert all(book["Simulation", f"{column}6"].formula is None for column in "EFGHIJKLMNOP")
    assert book["Simulation", "D6"].formula is not None
    assert "VALUES" in str(book["Simulation", "A2"].value)
