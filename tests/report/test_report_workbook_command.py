"""`sim report --only xlsx`: which files, equal bytes, the path that was asked for, and what it refuses."""

from __future__ import annotations

import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sim.report.excel.book import Book, number_form, quoted
from sim.report.excel.case import heading
from sim.run import rows, store
from tests.cli.conftest import TOY, json_of, sim
from tests.conftest import CONFIGS
from tests.report.recalculation import read
from tests.report.workbooks import from_oracle, oracle, subject_of, values, written, wrong_quantities
from tests.run.test_run_oracle import plain_innovations


@pytest.fixture(scope="module")
def toy(kernel_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("report") / "results"
    return json_of("run", TOY, "--paths", 3000, "--out", out, "--no-pack")


@pytest.fixture
def out(toy: dict[str, Any]) -> Path:
    return Path(toy["directory"]).parents[1]


def test_the_files_and_their_bytes(toy: dict[str, Any], out: Path) -> None:
    printed = json_of("report", "latest", "--only", "xlsx", "--out", out)
    file = Path(toy["directory"]) / "pack" / "model.xlsx"
    assert printed == {"run": toy["run"], "files": [str(file)], "refused": []}
    first = file.read_bytes()
    json_of("report", "latest", "--only", "xlsx,xlsx", "--out", out)
    assert file.read_bytes() == first
    path = json_of("report", toy["run"], "--only", "xlsx", "--path", 7, "--out", out)
    assert path["files"] == [str(file.with_name("model-path-7.xlsx"))]
    assert Path(path["files"][0]).read_bytes() != first
    assert sorted(each.name for each in file.parent.iterdir()) == ["model-path-7.xlsx", "model.xlsx"]
    assert file.name in sim("report", "latest", "--only", "xlsx", "--out", out).stdout


def test_the_date_inside_is_that_of_the_run(toy: dict[str, Any], out: Path) -> None:
    run = store.open_run(Path(toy["directory"]))
    (file,) = json_of("report", "latest", "--only", "xlsx", "--out", out)["files"]
    with zipfile.ZipFile(file) as archive:
        assert run.manifest["created"][:19] in archive.read("docProps/core.xml").decode()
        assert {item.date_time for item in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert 'fullCalcOnLoad="1"' in archive.read("xl/workbook.xml").decode()


def test_the_workbook_of_a_path_is_that_path(toy: dict[str, Any], tmp_path: Path) -> None:
    """Its drivers are those stored, its innovations those of the stream's definition, its value the one stored."""
    run = store.open_run(Path(toy["directory"]))
    for path in (0, 1, 2999):
        made = written(run, tmp_path, path)
        assert wrong_quantities(made, oracle(made), values(made.book)) == []
        for name in run.drivers:
            assert made.case.drivers[name] == run.column(name)[path]
        value = made.book[made.where(("cell", "value_per_share", 0))].value
        assert value == pytest.approx(run.column("value_per_share")[path], rel=1e-12)
        expected = plain_innovations(run.manifest["seed"], "growth_innovation", path, 8)
        assert list(made.case.innovations["growth_innovation"]) == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_innovations_are_those_that_give_the_path_its_value(toy: dict[str, Any]) -> None:
    """Whatever the sampler: log revenue grows by them."""
    run = store.open_run(Path(toy["directory"]))
    simulator = rows.simulator_of(run)
    shocks = simulator.innovations(41)["growth_innovation"]
    mean = run.column("mean_growth")[41]
    assert shocks.shape == (8,)
    assert run.column("growth_a_year")[41] == pytest.approx((8 * mean + 0.04 * shocks.sum()) / 2, rel=1e-12)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--only", "xslx"], 'there is no printer "xslx"; did you mean "xlsx"?'),
        (["--only", "xlsx", "--path", 3000], "the run has no path 3000; it has paths 0 to 2999"),
        (["--path", -1], "-1 is not in the range x>=0"),
    ],
)
def test_what_is_refused(toy: dict[str, Any], out: Path, words: list[object], said: str) -> None:
    assert said in sim("report", "latest", *words, "--out", out, code=2).stderr


def test_a_changed_model_is_refused(toy: dict[str, Any], out: Path) -> None:
    file = Path(toy["directory"]) / "run" / "model.json"
    text = file.read_text(encoding="utf-8")
    try:
        file.write_text(text.replace("Revenue", "Revenues"), encoding="utf-8")
        assert "was changed since the run" in sim("report", "latest", "--only", "xlsx", "--out", out, code=4).stderr
    finally:
        file.write_text(text, encoding="utf-8")


def test_a_study_without_quarters_has_no_sheet_by_quarter(tmp_path: Path) -> None:
    subject = subject_of(CONFIGS / "goldman_179.yaml", ())
    drivers = {name: driver.marginal.given["value"] for name, driver in subject.study.drivers.items()}
    made = from_oracle(subject, drivers, {}, tmp_path / "goldman.xlsx")
    assert wrong_quantities(made, oracle(made), values(made.book)) == []
    sheets = list(dict.fromkeys(sheet for sheet, _ in made.book))
    assert sheets == ["README", "Inputs", "SOTP", "Simulation", "Lines", "Sources", "Checks"]
    assert made.book["SOTP", "B7"].value == pytest.approx(179.0, abs=0.01)
    assert read(made.file)["Checks", "B3"].value is True


def test_names_of_sheets(tmp_path: Path) -> None:
    book = Book(tmp_path / "names.xlsx", datetime(2025, 9, 17), {})
    wished = ["History", "a/b:c", "A b c", "'quoted'", "x" * 60, "x" * 60, "", "R", "data[1]"]
    assert [book.add(name) for name in wished] == [
        "History 2", "a b c", "A b c 2", "quoted", "x" * 28, "x" * 28 + " 2", "Model", "R", "data 1",
    ]  # fmt: skip
    assert [quoted(name) for name in ("Cloud", "a b c", "R", "FY26")] == ["Cloud", "'a b c'", "'R'", "'FY26'"]
    book.close()


def test_forms_and_headings() -> None:
    assert number_form("1", [0.35]) == "0.0%"
    assert number_form("1", [0.0153]) == "0.00%"
    assert number_form("1/quarter", [4.63]) == "#,##0.00"
    assert number_form("x", [3.4]) == '0.00"x"'
    assert number_form("RMB bn", [float("nan"), 1653.5]) == '#,##0.0_);(#,##0.0);"-"_)'
    assert heading("ai_cloud_revenue") == "AI cloud revenue"
    assert heading("segment_value[aidc]") == "Segment value, aidc"
