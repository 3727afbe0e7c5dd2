"""Paths without a finite answer: counted, shown, left out of the figures; and when there are none but those."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.run.result import Run
from sim.run.store import open_run
from tests.run.conftest import command
from tests.statistical import assert_proportion

PATHS = 20_000
MODEL = '''from sim.cells.mark import cell
from sim.cells.maths import log, sqrt


@cell(at="horizon")
def root(base, scale):
    """Not a number where the base is negative. [1]"""
    return sqrt(base) * scale


@cell(at="horizon")
def safe(base):
    """Always finite. [1]"""
    return 2.0 * base


@cell(at="horizon")
def inverse(floored):
    """Infinite where the driver is zero. [1]"""
    return 1.0 / floored


@cell(at="horizon")
def loss(floored):
    """Minus infinity at zero. [1]"""
    return log(floored)
'''
STUDY = """
study: Some paths are invalid
model: ./model.py
as_of: 2025-09-17
run: {paths: 20_000, seed: 3}
drivers:
  base: {marginal: {kind: normal, mean: 1, sd: 1}, unit: "1", source: judgement}
  scale: {marginal: {kind: fixed, value: 1}, unit: "1", source: judgement}
  floored: {marginal: {kind: fixed, value: 1}, unit: "1", source: judgement}
outputs: [{cell: safe}, {cell: root}, {cell: inverse}, {cell: loss}]
target: {output: root, at_least: 1, source: judgement}
"""
NEGATIVE = 0.15865525393145707  # P(N(1, 1) < 0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, kernel_cache: Path) -> Path:
    home = tmp_path_factory.mktemp("invalid")
    (home / "model.py").write_text(MODEL, encoding="utf-8")
    (home / "study.yaml").write_text(STUDY, encoding="utf-8")
    return home


def run(folder: Path, *options: str) -> tuple[dict[str, Any], Run]:
    done = command("run", folder / "study.yaml", "--out", folder / "results", "--no-pack", "--json", *options)
    printed = json.loads(done.stdout)
    return printed, open_run(Path(printed["directory"]))


@pytest.fixture(scope="module")
def some(folder: Path) -> tuple[dict[str, Any], Run]:
    return run(folder)


def test_invalid_paths_are_counted_and_left_out(some: tuple[dict[str, Any], Run]) -> None:
    """The share is that of negative bases: false alarm 1e-6, a share wrong by 0.028 surely seen."""
    printed, stored = some
    base, root = stored.column("base"), stored.column("root")
    assert np.array_equal(np.isnan(root), base < 0)
    assert printed["invalid_paths"] == np.count_nonzero(base < 0)
    assert_proportion(base < 0, NEGATIVE)
    assert printed["outputs"]["root"]["mean"] == pytest.approx(np.sqrt(base[base >= 0]).mean(), rel=1e-12)
    assert printed["outputs"]["root"]["invalid"] == printed["invalid_paths"]
    assert printed["outputs"]["safe"]["invalid"] == 0
    assert printed["outputs"]["safe"]["mean"] == pytest.approx(2 * base.mean(), rel=1e-12)
    assert printed["target"]["probability"] == np.mean(root[~np.isnan(root)] >= 1)
    assert printed["target"]["paths"] == PATHS - printed["invalid_paths"]


def test_the_first_invalid_path_is_shown_with_its_inputs(some: tuple[dict[str, Any], Run]) -> None:
    printed, stored = some
    base = stored.column("base")
    first = stored.summary["first_invalid"]
    assert first["path"] == np.argmax(base < 0)
    assert first["drivers"] == {"base": base[first["path"]], "scale": 1.0, "floored": 1.0}
    assert first["not_finite"] == ["root"]
    (warning,) = [text for text in printed["warnings"] if "invalid" in text]
    assert f"{printed['invalid_paths']:,} of 20,000" in warning
    assert "root" in warning


def test_the_screen_says_how_many(folder: Path, some: tuple[dict[str, Any], Run]) -> None:
    done = command("run", folder / "study.yaml", "--out", folder / "results", "--no-pack")
    assert f"{some[0]['invalid_paths']:,} invalid" in done.stdout


def test_a_run_with_invalid_paths_verifies(some: tuple[dict[str, Any], Run]) -> None:
    assert json.loads(command("verify", some[1].directory, "--json").stdout)["agrees"] is True


def test_infinite_outputs_are_invalid_too(folder: Path) -> None:
    """1/0 and log(0) on every path: a failure that names both outputs."""
    zero = ("--set", "drivers.floored.marginal.value=0")
    done = command("run", folder / "study.yaml", "--out", folder / "none", "--no-pack", *zero, code=3)
    assert "inverse" in done.stderr
    assert "loss" in done.stderr
    assert not list((folder / "none").rglob("*.*"))


@pytest.mark.parametrize(
    "options", [[], ["--json"], ["--quiet"], ["--keep", "none"]], ids=lambda o: " ".join(o) or "plain"
)
def test_nothing_valid_is_a_failure_that_shows_the_inputs(folder: Path, options: list[str], tmp_path: Path) -> None:
    words = ("run", folder / "study.yaml", "--out", tmp_path, "--no-pack", "--set", "drivers.base.marginal.mean=-100")
    done = command(*words, "--paths", "1000", *options, code=3)
    assert done.stdout == ""
    assert "every path is invalid" in done.stderr
    assert "path 0 gives no finite root" in done.stderr
    assert "base -" in done.stderr
    assert not list(tmp_path.rglob("manifest.json"))
    assert not list(tmp_path.rglob("*.partial"))


def test_infinite_drivers_are_shown_and_stored(folder: Path) -> None:
    """A lognormal beyond the largest number on half of the paths: the run completes and its JSON is JSON."""
    wild = "drivers.scale.marginal={kind: lognormal, mu: 709.78, sigma: 1}"
    printed, stored = run(folder, "--set", wild, "--set", "drivers.base.marginal.mean=100")
    scale = stored.column("scale")
    assert 0.4 < np.isinf(scale).mean() < 0.6
    assert printed["invalid_paths"] == np.count_nonzero(~np.isfinite(stored.column("root")))
    assert stored.summary["first_invalid"]["not_finite"] == ["root"]
    text = (stored.directory / "run" / "summary.json").read_text() + (
        stored.directory / "run" / "manifest.json"
    ).read_text()
    assert "Infinity" not in text
    assert "NaN" not in text
    assert json.loads(command("verify", stored.directory, "--json").stdout)["agrees"] is True


def test_values_near_the_largest_number_are_summarised(folder: Path) -> None:
    """Sums and squares overflow there; what cannot be said is null, what can (percentiles, probability) is right."""
    printed, stored = run(folder, "--set", "drivers.scale.marginal.value=1e308", "--set", "target.at_least=1e308")
    root, base = stored.column("root"), stored.column("base")
    leaf = printed["outputs"]["root"]
    assert leaf["sd"] is None
    assert leaf["invalid"] == np.count_nonzero(~np.isfinite(root))
    assert leaf["percentiles"]["50"] == pytest.approx(
        np.quantile(root[np.isfinite(root)], 0.5, method="lower"), rel=0.01
    )
    assert printed["target"]["probability"] == pytest.approx(np.mean(base[np.isfinite(root)] >= 1), abs=1e-12)
