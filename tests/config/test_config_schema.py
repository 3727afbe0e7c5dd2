"""The study as an object, its JSON Schema, and what loading it costs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from sim import config
from sim.config.drivers import KINDS
from sim.config.sources import JUDGEMENT

HOME = Path(__file__).parents[2]
CONFIGS = HOME / "configs"
STUDIES = sorted(CONFIGS.glob("*.yaml"))
Reads = Callable[..., config.Reading]


def test_attributes_are_the_keys_of_the_file(reads: Reads, right: str) -> None:
    study = reads(right).study
    assert study is not None
    assert (study.study, study.model, study.as_of) == ("A test", "toy", date(2025, 9, 17))
    assert (study.run.paths, study.run.seed, study.run.sampler) == (1_048_576, 179, "philox")
    share = study.drivers["share"]
    assert (share.dimension, share.unit, share.sources, share.source, share.grade) == (
        7,
        "1",
        ("note", "judgement"),
        "note, judgement",
        "C",
    )
    assert share.marginal.given == {"low": 0.22, "mode": 0.35, "high": 0.47}
    assert study.drivers["multiple[aidc]"].label == "multiple aidc"
    assert (study.openings["tokens"].from_, study.openings["tokens"].value) == ("opening_tokens", None)
    assert (study.openings["discount"].value, study.openings["discount"].source) == (1.0, "definition")
    assert study.reported["revenue"]["2025Q2"].value == 33.4
    window = study.windows["next_year"]
    assert (window.cell, window.from_, window.to, window.how) == ("revenue", "2026Q4", "2027Q3", "sum")
    assert (study.calendar.periods, study.calendar.name(1), study.calendar.fiscal_year(1)) == (11, "2025Q3", "FY2026")
    assert study.schedules["seasonal"].series(study.calendar)[:4] == (1.0, 1.1, 0.9, 1.0)
    pair = study.dependence.correlations[0]
    assert (pair.between, pair.measure, pair.value) == (["share", "margin"], "spearman", 0.5)
    assert study.target is not None
    assert (study.target.at_least, study.target.alternatives) == (179, {"FY27E": "revenue.FY2027"})
    assert study.scenarios["bull"].set == {"drivers.share.marginal.mode": 0.44}


def test_defaults_of_the_smallest_study(reads: Reads) -> None:
    reading = reads("study: s\nmodel: toy\nas_of: 2025-09-17\ndrivers:\ninnovations:\n  shock:\noutputs:\n")
    assert reading.problems == []
    study = reading.study
    assert study is not None
    assert (study.run.paths, study.run.seed, study.run.sampler) == (1_048_576, 1, "sobol")
    assert (study.calendar.periods, study.calendar.first) == (1, None)
    assert (study.timeline, study.drivers, study.outputs, study.target) == (None, {}, [], None)
    assert study.innovations["shock"].note is None


def test_a_study_is_frozen(reads: Reads, right: str) -> None:
    study = reads(right).study
    assert study is not None
    with pytest.raises(ValidationError, match="frozen"):
        study.run.seed = 3  # type: ignore[misc]


def test_a_reading_with_problems_has_no_study(reads: Reads, right: str) -> None:
    reading = reads(right.replace("source: [note, judgement]", "source: nte"))
    assert reading.study is None
    assert reading.document["drivers"]["share"]["source"] == "nte"


def test_faults_of_form_do_not_hide_faults_of_sense(reads: Reads, right: str) -> None:
    text = right.replace("mode: 0.35", "mode: 35%").replace("[share, margin]", "[share, margn]")
    text = text.replace("output: value_per_ads, at_least", "output: value_per_adss, at_least")
    text = text.replace("p10: 2.4, p90: 4.9", "p10: 4.9, p90: 2.4").replace("paths: 1_048_576", "pats: 3")
    assert [problem.path for problem in reads(text).problems] == [
        "run.pats",
        "drivers.share.marginal.mode",
        "drivers.multiple[aidc].marginal.p90",
        "dependence.correlations.0.between.1",
        "target.output",
    ]


def test_the_committed_json_schema_is_that_of_the_code() -> None:
    committed = json.loads((CONFIGS / "study.schema.json").read_text(encoding="utf-8"))
    assert committed == config.schema_json(), "write it anew: `sim schema > configs/study.schema.json`"


def shapes(entry: Any) -> Iterator[dict[str, Any]]:
    """Every object of the schema that lists properties."""
    if isinstance(entry, list):
        for item in entry:
            yield from shapes(item)
    elif isinstance(entry, dict):
        if "properties" in entry:
            yield entry
        for child in entry.values():
            yield from shapes(child)


def test_the_json_schema_helps_an_editor() -> None:
    schema = config.schema_json()
    found = list(shapes(schema["$defs"]))
    assert len(found) > 40
    for shape in found:
        assert shape["additionalProperties"] is False
        for name, leaf in shape["properties"].items():
            assert name == "kind" or leaf.get("description"), name
    kinds = schema["$defs"]["Driver"]["properties"]["marginal"]["oneOf"]
    named = {schema["$defs"][kind["$ref"].split("/")[-1]]["properties"]["kind"]["const"] for kind in kinds}
    assert named == set(KINDS)


def test_the_json_schema_asks_nothing_of_a_file_that_extends() -> None:
    schema = config.schema_json()
    parts = [shape for name, entry in schema["$defs"].items() if name.endswith(".part") for shape in shapes(entry)]
    assert len(parts) > 20
    assert not any("required" in part for part in parts)
    assert schema["$defs"]["Driver"]["required"] == ["source", "marginal", "unit"]
    assert "required" not in schema["$defs"]["Study"]
    refers = [text for text in json.dumps(parts).split('"') if text.startswith("#/$defs/")]
    assert refers
    assert all(text.endswith(".part") and text.removeprefix("#/$defs/") in schema["$defs"] for text in refers)


def test_loading_a_study_imports_no_heavy_library() -> None:
    heavy = ("numpy", "numba", "scipy", "pandas", "matplotlib")
    code = f"import sys, sim.config; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.name)
def test_committed_studies_are_right_and_fully_sourced(path: Path) -> None:
    reading = config.load(path)
    assert [str(problem) for problem in reading.problems] == []
    assert path.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=study.schema.json\n")
    for name, driver in reading.document["drivers"].items():
        assert {"label", "note", "grade", "unit", "source"} <= set(driver), name
        assert driver["source"] != JUDGEMENT or driver["grade"] == "D", name
