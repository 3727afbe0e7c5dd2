"""Rank correlations equal SciPy's, and their errors are right."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from scipy import stats

from sim.analysis import ranks
from sim.cli import main
from sim.run.result import SAMPLE, Run
from sim.run.store import open_run
from tests.conftest import CONFIGS


class Held:
    """Columns in memory."""

    def __init__(self, columns: Mapping[str, np.ndarray]):
        self._columns, self.names = columns, tuple(columns)

    def column(self, name: str) -> np.ndarray:
        return self._columns[name]

    def head(self, name: str, count: int) -> np.ndarray:
        return self._columns[name][:count]


def run_of(drivers: Mapping[str, np.ndarray], output: np.ndarray) -> Run:
    facts = {
        "paths": output.size,
        "drivers": list(drivers),
        "outputs": ["y"],
        "labels": {"a": "Label of a"},
        "units": {},
    }
    return Run(Path(), facts, Held({**drivers, "y": output}))


@pytest.mark.parametrize("n", [4, 5, 100, 5000])
@pytest.mark.parametrize("tied", [False, True], ids=["continuous", "tied"])
def test_equal_to_scipys(n: int, tied: bool) -> None:
    rng = np.random.default_rng(n)
    a, b = rng.normal(size=n), rng.normal(size=n)
    y = a - 0.5 * b + rng.normal(size=n)
    if tied:
        a, y = np.round(a), np.round(y)
    found = {r.driver: r for r in ranks.analyse(run_of({"a": a, "b": b}, y), "y")}
    for name, column in (("a", a), ("b", b)):
        if name in found:
            assert found[name].rank_correlation == pytest.approx(stats.spearmanr(column, y).statistic, abs=1e-12)
    assert found["b"].paths == n


@pytest.mark.parametrize("tied", [False, True], ids=["continuous", "tied"])
def test_the_error_of_replicates_is_that_of_scipys_correlations_in_each(tied: bool) -> None:
    rng = np.random.default_rng(5)
    a, y = rng.normal(size=(2, 4003))
    y = y + a
    if tied:
        a, y = np.round(a), np.round(y, 1)
    y[17::50] = np.nan  # invalid paths, not the same number in each replicate
    run = run_of({"a": a}, y)
    (found,) = ranks.analyse(replace(run, manifest={**run.manifest, "sampler": "sobol"}), "y")
    each = [stats.spearmanr(a[r::16], y[r::16], nan_policy="omit").statistic for r in range(16)]
    assert found.standard_error == pytest.approx(float(np.std(each, ddof=1)) / 4, rel=1e-9)
    (plain,) = ranks.analyse(run, "y")
    assert plain.rank_correlation == found.rank_correlation
    assert plain.standard_error != found.standard_error


def test_replicates_that_tell_nothing_leave_the_error_of_independent_paths() -> None:
    a = np.random.default_rng(3).normal(size=60)  # three or four paths a replicate
    y = np.where(np.arange(60) < 30, a, 1.0)
    run = run_of({"a": a}, y)
    (plain,) = ranks.analyse(run, "y")
    (found,) = ranks.analyse(replace(run, manifest={**run.manifest, "sampler": "sobol"}), "y")
    assert found == plain


def test_strongest_first_whatever_the_sign() -> None:
    rng = np.random.default_rng(1)
    weak, strong, none = rng.normal(size=(3, 2000))
    found = ranks.analyse(run_of({"a": weak, "b": strong, "c": none}, 0.5 * weak - 2 * strong), "y")
    assert [r.driver for r in found] == ["b", "a", "c"]
    assert found[0].rank_correlation < -0.9
    assert found[1].label == "Label of a"
    assert found[0].label == "b"


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("n", [100, 1000, 9973, 20_000])
def test_a_monotone_output_has_exactly_one_and_no_error(n: int, sign: int) -> None:
    """Never beyond 1 by rounding: the standard error would be negative."""
    a = np.random.default_rng(n).normal(size=n)
    (found,) = ranks.analyse(run_of({"a": a}, sign * np.exp(a)), "y")
    assert found.rank_correlation == pytest.approx(sign, abs=1e-12)
    assert abs(found.rank_correlation) <= 1
    assert 0 <= found.standard_error <= 1e-12


def test_fixed_drivers_and_fixed_outputs_have_none() -> None:
    a = np.random.default_rng(1).normal(size=50)
    assert [r.driver for r in ranks.analyse(run_of({"fixed": np.full(50, 2.0), "a": a}, a), "y")] == ["a"]
    assert ranks.analyse(run_of({"a": a}, np.full(50, 2.0)), "y") == ()
    assert ranks.analyse(run_of({"a": a[:3]}, a[:3]), "y") == ()


def test_invalid_paths_are_left_out() -> None:
    rng = np.random.default_rng(8)
    a = rng.normal(size=500)
    y = np.where(a > 1, np.nan, a + rng.normal(size=500))
    (found,) = ranks.analyse(run_of({"a": a}, y), "y")
    valid = np.isfinite(y)
    assert found.paths == valid.sum()
    assert found.rank_correlation == pytest.approx(stats.spearmanr(a[valid], y[valid]).statistic, abs=1e-12)


def test_only_the_first_paths_are_used() -> None:
    n = SAMPLE + 100
    a = np.random.default_rng(8).normal(size=n)
    y = np.concatenate([a[:SAMPLE], -1e6 * a[SAMPLE:]])
    (found,) = ranks.analyse(run_of({"a": a}, y), "y")
    assert found.paths == SAMPLE
    assert found.rank_correlation == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_the_standard_error_is_the_spread_over_samples(rho: float) -> None:
    """sd of 2,000 estimates from 400 paths each; chi-square bounds of 1e-6, and a tenth for the formula itself.

    Bonett and Wright's formula is an approximation: the true spread is within about 5% of it here.
    """
    rng = np.random.default_rng(6)
    found = []
    for _ in range(2000):
        a = rng.normal(size=400)
        y = rho * a + math.sqrt(1 - rho * rho) * rng.normal(size=400)
        found.append(ranks.analyse(run_of({"a": a}, y), "y")[0])
    spread = np.std([r.rank_correlation for r in found], ddof=1)
    stated = np.mean([r.standard_error for r in found])
    low, high = np.sqrt(stats.chi2.ppf([5e-7, 1 - 5e-7], 1999) / 1999)
    assert 0.9 * low < spread / stated < 1.1 * high


def test_a_real_run_gives_scipys_numbers(tmp_path: Path) -> None:
    words = ["run", str(CONFIGS / "toy.yaml"), "--out", str(tmp_path), "--no-pack", "--json", "--paths", "20000"]
    done = CliRunner().invoke(main, words)
    printed = json.loads(done.stdout)
    run = open_run(Path(printed["directory"]))
    assert [d["driver"] for d in printed["top_drivers"]] == ["ev_to_sales", "mean_growth"]
    for driver in printed["top_drivers"]:
        expected = stats.spearmanr(run.column(driver["driver"]), run.column("value_per_share")).statistic
        assert driver["rank_correlation"] == pytest.approx(expected, abs=1e-12)
        assert driver["paths"] == 20_000
