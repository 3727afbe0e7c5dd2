"""The pack of base itself: eight pages, every figure as the house wants it, every number found. Minutes: `-m long`."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from sim.pipeline import packing, running
from sim.report import story, style
from sim.report.pack import Missing
from sim.report.style import Drawing
from sim.run import store
from sim.run.result import Run
from tests.conftest import CONFIGS
from tests.report.test_report_pack_numbers import WORDS, is_among, known, numbers, sentences

pytestmark = pytest.mark.long
FIGURES = {
    "value_per_ads_histogram", "value_per_ads_comparison", "value_per_ads_drivers", "value_per_ads_tornado",
    "believe_thresholds", "believe_box", "value_per_ads_bridge", "value_per_ads_parts", "value_per_ads_field",
    "value_per_ads_sweep", "ai_cloud_revenue_fan", "cloud_revenue_fan", "ai_demand_capacity", "backtest_coverage",
    "backtest_pit", "backtest_skill", "value_per_ads_convergence",
}  # fmt: skip


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Run:
    out = tmp_path_factory.mktemp("base") / "results"
    run = running.run(CONFIGS / "base.yaml", sets=["run.paths=8192"], out=out)
    return store.open_run(run.directory)


def test_base_has_every_figure_and_eight_pages(base: Run) -> None:
    pack = story.write(packing.material(base))
    assert {drawing.name for drawing in pack.pictures} == FIGURES
    assert [section.key for section in pack.sections] == [
        "answer", "scenarios", "drivers", "beliefs", "bridge", "valuation", "business", "trust",
    ]  # fmt: skip
    assert not [block for section in pack.sections for block in section.blocks if isinstance(block, Missing)]
    raw = (base.directory / "pack" / "report.pdf").read_bytes()
    pages = len(re.findall(rb"/Type\s*/Page\b", raw))
    register = 3  # pages that the register and the sources take
    assert pages == 8 + register


def test_figures_of_base_keep_to_the_canvas(base: Run, faults: Callable[[Drawing], list[str]]) -> None:
    for drawing in story.write(packing.material(base)).pictures:
        assert len(drawing.headline) <= style.HEADLINE_LIMIT
        assert faults(drawing) == [], drawing.name


def test_numbers_of_base_are_those_stored(base: Run) -> None:
    material = packing.material(base)
    values = known(base)
    assert material.study.target is not None
    values += [material.study.target.hurdle or 0.0, 179 / 166 - 1]
    effects = material.found["explain"]["shapley"]["effects"]
    values.append(sum(sorted((each["share"] for each in effects), reverse=True)[:3]))
    for each in material.found["backtest"]["horizons"]:  # hits are counted from shares
        values.append(round(each["coverage"]["80"]["estimate"] * each["vintages"]))
    rows = material.found["backtest"]["forecasts"]
    values += [sum(row["unverified"] for row in rows), len(rows)]
    status = material.found["width"]["history"]["by_status"]
    values.append(status["growth_sourced"] + status["unverified"])
    values += [each.at for each in material.study.pack.ranges if each.at is not None]
    for axis in material.found["sweep"]["axes"]:
        values += [float(value) for value in axis["values"]]
    labels = {row["label"] for row in material.register} | {"FY2035", "March 2026", "September 2026"}
    for text in sentences(story.write(material)):
        bare = text
        for label in sorted(labels, key=len, reverse=True):  # a year in a name is no result
            bare = bare.replace(label, "")
        for mark, value, decimals in numbers(bare):
            if mark != "±" and value not in WORDS | {2.0, 4.0, 8.0}:
                assert is_among(value, decimals, values), f"{value} of: {text}"


def test_printing_base_again_changes_no_byte(base: Run, tmp_path: Path) -> None:
    from sim.pipeline import reporting

    folder = base.directory / "pack"
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    reporting.print_run(base)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
