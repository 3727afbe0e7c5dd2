"""What must happen to the answer when the question changes in a known way."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import exp, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML
from scipy import stats

from sim import config
from sim.run.simulate import Simulator
from tests.conftest import CONFIGS, set_up
from tests.run.conftest import PATHS, TOY, command, computed, same_bits

Build = Callable[..., Simulator]
MU, SIGMA = 5.761460917862246, 0.32000863052143086  # configs/toy.yaml


def changed(study: Path, folder: Path, change: Callable[[dict[str, Any]], Any]) -> Path:
    yaml = YAML(typ="safe", pure=True)
    document = yaml.load(config.resolved_text(config.load(study)))
    change(document)
    file = folder / study.name
    with file.open("w", encoding="utf-8") as stream:
        yaml.dump(document, stream)
    return file


def test_doubling_paths_halves_the_squared_error(simulator: Build) -> None:
    """1,024 runs of 256 paths and 1,024 of 512, each a stretch of the stream, against the exact mean.

    The ratio of mean squared errors over its expectation 2 is F(1024, 1024), nearly: a right engine fails once in a
    million, and an error that falls by a factor of 1.4 or 2.9 instead of 2 is surely seen.
    """
    engine, exact = simulator(TOY), exp(MU + SIGMA**2 / 2)
    values = computed(engine, 1024 * 768)["value_per_share"]
    few = (values[: 1024 * 256].reshape(1024, 256).mean(axis=1) - exact) ** 2
    many = (values[1024 * 256 :].reshape(1024, 512).mean(axis=1) - exact) ** 2
    low, high = stats.f.ppf([5e-7, 1 - 5e-7], 1024, 1024)
    assert low < few.mean() / many.mean() / 2 < high
    # And each size has the error it should: sd / sqrt(n), by the chi-square of the 1,024 squares.
    sd = exact * sqrt(exp(SIGMA**2) - 1)
    for n, squares in ((256, few), (512, many)):
        assert stats.chi2.ppf(5e-7, 1024) < squares.sum() / (sd**2 / n) < stats.chi2.isf(5e-7, 1024)


def test_a_correlation_of_zero_equals_none(tmp_path: Path) -> None:
    zero = changed(TOY, tmp_path, lambda d: d["dependence"]["correlations"][0].update(spearman=0))
    with_zero = computed(Simulator(set_up(zero)), PATHS)
    none = changed(TOY, tmp_path, lambda d: d.pop("dependence"))
    without = computed(Simulator(set_up(none)), PATHS)
    same_bits(without, with_zero)


def test_a_correlation_moves_its_own_group_alone(simulator: Build, tmp_path: Path) -> None:
    """Base case with one pair tied more weakly: other groups, and this one's first by name, keep their bits."""
    pair = {"long_run_share", "long_run_chip_availability"}

    def weaken(document: dict[str, Any]) -> None:
        (found,) = [c for c in document["dependence"]["correlations"] if set(c["between"]) == pair]
        found["spearman"] = found["spearman"] / 2

    before = computed(simulator(CONFIGS / "base.yaml"), 2000)
    engine = Simulator(set_up(changed(CONFIGS / "base.yaml", tmp_path, weaken)))
    after = computed(engine, 2000)
    moved = {n for n in engine.plan.drivers if not np.array_equal(before[n], after[n])}
    assert moved == {max(pair)}, "the later of the two by name takes the change"
    assert not np.array_equal(before["value_per_ads"], after["value_per_ads"])


def test_a_label_a_note_or_a_grade_changes_no_path(tmp_path: Path) -> None:
    def reword(document: dict[str, Any]) -> None:
        document["study"] = "Renamed"
        for driver in document["drivers"].values():
            driver.update(label="Another", note="Another", grade="D", unit="other")
        document["target"]["at_least"] = 1

    assert set_up(changed(TOY, tmp_path, reword)).digest == set_up(TOY).digest
    assert set_up(TOY, ("run.seed=2",)).digest != set_up(TOY).digest


def test_another_unit_of_money_scales_the_answer(simulator: Build) -> None:
    """Revenue opened at 200 instead of 100 doubles every value, bit for bit, since 2 is a power of two."""
    one = computed(simulator(TOY), PATHS)
    two = computed(simulator(TOY, ("openings.revenue.value=200",)), PATHS)
    for name in ("value_per_share", "revenue.FY2026", "revenue.FY2027"):
        assert np.array_equal(two[name], 2 * one[name])
    same_bits({"growth_a_year": one["growth_a_year"]}, two)


def test_a_higher_target_is_less_likely(tmp_path: Path) -> None:
    """P(>= x) falls as x rises, is the complement of the percentile, and is 1 and 0 beyond the extremes."""
    run = json.loads(command("run", TOY, "--out", tmp_path, "--no-pack", "--json", "--paths", "5000").stdout)[
        "directory"
    ]
    found = [
        json.loads(command("prob", run, "--output", "value_per_share", "--ge", x, "--json").stdout)
        for x in (0, 200, 300, 360, 500, 1e9)
    ]
    chances = [test["probability"] for test in found]
    assert chances == sorted(chances, reverse=True)
    assert (chances[0], chances[-1]) == (1, 0)
    for test in found:
        assert test["probability"] + test["percentile"]["probability"] == pytest.approx(1, abs=1e-15)
        assert test["interval"][0] <= test["probability"] <= test["interval"][1]
    assert found[-1]["interval"][1] == pytest.approx(1 - 0.025 ** (1 / 5000), rel=1e-9)


def test_editing_a_users_model_changes_the_next_run(study: Callable[..., Path], tmp_path: Path) -> None:
    """A function and then a constant of the model's own file, run again from the same command line."""
    text = """
study: Edited
model: ./model.py
as_of: 2025-09-17
run: {paths: 16, seed: 3}
drivers: {number: {marginal: {kind: fixed, value: 5}, unit: "1", source: judgement}}
outputs: [{cell: answer}]
"""
    model = '''from sim.cells.mark import cell

OFFSET = 0.0


def helped(x):
    return 2.0 * x


@cell(at="horizon")
def answer(number):
    """Helped. [1]"""
    return helped(number) + OFFSET
'''
    file = study(text, model)

    def answer() -> float:
        done = command("run", file, "--out", tmp_path / "results", "--no-pack", "--json")
        return float(json.loads(done.stdout)["outputs"]["answer"]["mean"])

    assert answer() == 10
    study(text, model.replace("2.0 * x", "3.0 * x").replace("OFFSET = 0.0", "OFFSET = 0.5"))
    assert answer() == 15.5
    study(text, model)
    assert answer() == 10
    assert len(list((tmp_path / "results" / "study").iterdir())) == 3
