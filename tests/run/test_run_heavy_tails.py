"""A variance that does not exist is said, not printed: from study to summary, with and without stored paths."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from sim.analysis import tails
from sim.cli import main
from sim.run.store import open_run

MODEL = '''"""Ratios."""

from sim.cells.mark import cell
from sim.cells.maths import exp


@cell(at="horizon")
def ratio(above, below):
    """Of two normals. [1]"""
    return above / below


@cell(at="horizon")
def wild(fat):
    """What follows a driver without a variance. [1]"""
    return 2.0 * fat


@cell(at="horizon")
def skewed(above):
    """A lognormal of sigma 1. [1]"""
    return exp(above)
'''
STUDY = """\
study: Ratios
model: ./ratios.py
as_of: 2025-09-17
run: {paths: 65536, seed: 5}
drivers:
  above: {marginal: {kind: normal, mean: 0, sd: 1}, unit: "1", source: judgement}
  below: {marginal: {kind: normal, mean: 0.5, sd: 1}, unit: "1", source: judgement}
  fat: {marginal: {kind: student_t, df: 2}, unit: "1", source: judgement}
outputs: [{cell: ratio}, {cell: wild}, {cell: skewed}]
target: {output: ratio, at_least: 1, source: judgement}
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ratios")
    (folder / "ratios.py").write_text(MODEL)
    (folder / "ratios.yaml").write_text(STUDY)
    return folder / "ratios.yaml"


def said(study: Path, *more: str) -> dict[str, Any]:
    out = study.parent / "results"
    done = CliRunner().invoke(main, ["run", str(study), "--json", "--no-pack", "--out", str(out), *more])
    assert done.exit_code == 0, done.output
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("keep", ["none", "all"])
def test_the_summary_says_it_instead_of_moments(study: Path, keep: str) -> None:
    found = said(study, "--keep", keep)
    for name in ("ratio", "wild"):
        leaf = found["outputs"][name]
        assert (leaf["mean"], leaf["standard_error"], leaf["sd"]) == (None, None, None)
        assert leaf["tail_index"] < 2.3
        assert leaf["percentiles"]["50"] is not None
    (heavy,) = [w for w in found["warnings"] if "too heavy a tail for a variance" in w]
    labels = [found["outputs"][name]["label"] for name in ("ratio", "wild")]
    assert heavy.startswith(f"No mean, error or s.d. is given of {', '.join(labels)}: ")
    assert found["outputs"]["skewed"]["sd"] == pytest.approx(2.16, rel=0.2)
    assert "tail_index" not in found["outputs"]["skewed"]
    assert any(w.startswith("driver fat has no variance (tail index 2)") for w in found["warnings"])
    assert found["target"]["probability"] > 0.2


def test_tally_and_column_agree(study: Path) -> None:
    """The estimate from the histogram is that from the paths to 2%."""
    found = said(study, "--keep", "all")
    run = open_run(Path(found["directory"]))
    for name in ("ratio", "wild"):
        column = tails.analyse(run.column(name))
        assert not column.has_variance
        assert found["outputs"][name]["tail_index"] == pytest.approx(column.index, rel=0.02)


def test_shares_of_a_variance_are_refused(study: Path) -> None:
    found = said(study, "--keep", "all")
    done = CliRunner().invoke(main, ["explain", found["directory"], "--output", "ratio"])
    assert done.exit_code == 3
    assert "has too heavy a tail to have a variance" in done.output
    assert "--probability" in done.output


def test_check_knows_it_of_a_driver(study: Path) -> None:
    done = CliRunner().invoke(main, ["check", str(study)])
    assert done.exit_code == 0
    assert (
        f"note: {study}:8 driver fat has no variance (tail index 2); truncate it, or take a lighter tail" in done.output
    )
    (notes,) = json.loads(CliRunner().invoke(main, ["check", str(study), "--json"]).stdout)["warnings"]
    assert notes.startswith(f"{study}:8 driver fat")


def test_check_finds_a_metalog_that_cannot_be(study: Path, tmp_path: Path) -> None:
    (tmp_path / "ratios.py").write_text((study.parent / "ratios.py").read_text())
    wrong = STUDY.replace("{kind: student_t, df: 2}", "{kind: metalog, p10: 0, p50: 9, p90: 10}")
    (tmp_path / "ratios.yaml").write_text(wrong)
    done = CliRunner().invoke(main, ["check", str(tmp_path / "ratios.yaml")])
    assert done.exit_code == 2
    assert "ratios.yaml:8:" in done.output
    assert "no metalog distribution has these percentiles" in done.output
    assert "P50 may lie between" in done.output


def test_a_sample_of_the_right_index_is_far_from_normal() -> None:
    """That the study above is what it claims: a Cauchy-like ratio, by its extremes."""
    random = np.random.default_rng(5)
    values = random.standard_normal(65536) / (0.5 + random.standard_normal(65536))
    assert np.abs(values).max() > 1000.0
