"""`sim update` on a linear model with normal drivers, whose posterior is known, and on base against brute force.

growth ~ N(2, 1), multiple ~ N(50, 3^2) correlated 0.6, cost ~ N(10, 0.5^2); sales of quarter t are 100 + t growth + 0.8
times t shocks; value is the sales of the fourth quarter plus the multiple.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.analysis import replicates
from sim.errors import InputError, StorageError
from sim.pipeline import running, stored, updating
from sim.run import store
from sim.run.result import Run
from tests.conftest import CONFIGS

MODEL = '''
"""Sales grow by a normal rate and a normal shock; all is linear."""
from sim.cells.mark import cell


@cell
def sales(prev_sales: float, growth: float, noise: float, shock: float) -> float:
    """Sales. [RMB bn]"""
    return prev_sales + growth + noise * shock


@cell
def margin(sales: float, cost: float) -> float:
    """Sales less cost. [RMB bn]"""
    return sales - cost


@cell(at="horizon")
def value(last_sales: float, multiple: float) -> float:
    """Value. [RMB bn]"""
    return last_sales + multiple
'''
STUDY = """
study: Linear and normal
model: ./model.py
as_of: 2025-09-17
timeline: {period: quarter, first: 2025Q3, periods: 4, fiscal_year_end: June}
run: {paths: 32_768, seed: 5, sampler: philox}
drivers:
  growth: {marginal: {kind: normal, mean: 2, sd: 1}, unit: RMB bn, source: judgement}
  cost: {marginal: {kind: normal, mean: 10, sd: 0.5}, unit: RMB bn, source: judgement}
  multiple: {marginal: {kind: normal, mean: 50, sd: 3}, unit: RMB bn, source: judgement}
  noise: {marginal: {kind: fixed, value: 0.8}, unit: "1", source: judgement}
innovations: {shock: }
openings: {sales: {value: 100, unit: RMB bn, source: judgement}}
windows: {last_sales: {cell: sales, from: 2026Q2, to: 2026Q2, how: last}}
dependence:
  copula: gaussian
  correlations: [{between: [growth, multiple], pearson: 0.6, source: judgement}]
outputs: [{cell: value}, {cell: sales, at: 2025Q3}]
target: {output: value, at_least: 160, source: judgement}
"""
NAMES = ("growth", "multiple", "cost")
MEAN = np.array([2.0, 50.0, 10.0])
PRIOR = np.array([[1.0, 1.8, 0.0], [1.8, 9.0, 0.0], [0.0, 0.0, 0.25]])


def exact(loadings: list[list[float]], shocks: list[list[float]], values: list[float], sds: list[float]) -> Any:
    """Posterior mean and covariance of the drivers and the mean of the quarters' shocks (conjugate normal).

    Observation k is loadings[k] . drivers + 0.8 shocks[k] . (shocks of the quarters) + error, without the 100.
    """
    a, s = np.array(loadings), 0.8 * np.array(shocks)
    joint = np.block([[PRIOR, np.zeros((3, 4))], [np.zeros((4, 3)), np.eye(4)]])
    load = np.hstack([a, s])
    total = load @ joint @ load.T + np.diag(np.square(sds))
    gain = joint @ load.T @ np.linalg.inv(total)
    middle = np.concatenate([MEAN, np.zeros(4)])
    return middle + gain @ (np.array(values) - load @ middle), joint - gain @ load @ joint


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory, kernel_cache: Path) -> Run:
    folder = tmp_path_factory.mktemp("linear")
    (folder / "model.py").write_text(MODEL, encoding="utf-8")
    (folder / "linear.yaml").write_text(STUDY, encoding="utf-8")
    return running.run(folder / "linear.yaml", out=folder / "results", pack=False)


def updated(parent: Run, *observe: str, **how: Any) -> updating.Updated:
    out = parent.directory.parents[1]
    return updating.update(str(parent.directory), observe=observe, out=out, pack=False, **how)


CASES = {
    "an output": (["sales@2025Q3=104 sd 0.5"], [[1, 0, 0]], [[1, 0, 0, 0]], [4.0], [0.5], "rejection"),
    "a cell without a row in the kernel": (
        ["margin@2025Q4=95 sd 1%"],
        [[2, 0, -1]],
        [[1, 1, 0, 0]],
        [-5.0],
        [0.95],
        "rejection",
    ),
    "the horizon": (["value=165 sd 2"], [[4, 1, 0]], [[1, 1, 1, 1]], [65.0], [2.0], "rejection"),
    "two quarters": (
        ["sales@2025Q3=103 sd 1", "sales@2025Q4=104.5 sd 0.8"],
        [[1, 0, 0], [2, 0, 0]],
        [[1, 0, 0, 0], [1, 1, 0, 0]],
        [3.0, 4.5],
        [1.0, 0.8],
        "rejection",
    ),
    "far beyond": (["sales@2025Q3=112 sd 0.05"], [[1, 0, 0]], [[1, 0, 0, 0]], [12.0], [0.05], "tempering"),
    "very exact": (
        ["sales@2025Q3=104 sd 0.004", "margin@2025Q4=96 sd 0.01"],
        [[1, 0, 0], [2, 0, -1]],
        [[1, 0, 0, 0], [1, 1, 0, 0]],
        [4.0, -4.0],
        [0.004, 0.01],
        "tempering",
    ),
    "the horizon, far beyond": (
        ["value=195 sd 0.1"],
        [[4, 1, 0]],
        [[1, 1, 1, 1]],
        [95.0],
        [0.1],
        "tempering",
    ),
}


COMPILES = ("a cell without a row in the kernel", "very exact", "the horizon, far beyond")  # kernels of their own


@pytest.mark.parametrize("case", [pytest.param(c, marks=pytest.mark.long if c in COMPILES else ()) for c in CASES])
def test_agrees_with_the_conjugate_normal_answer(parent: Run, case: str) -> None:
    """Means and s.d. of all drivers, and P(value >= 160), within 4 standard errors."""
    from scipy.special import ndtr

    observe, loadings, shocks, values, sds, method = CASES[case]
    done = updated(parent, *observe)
    assert done.run.manifest["search"]["method"] == method
    mean, covariance = exact(loadings, shocks, values, sds)
    for k, name in enumerate(NAMES):
        column, spread = done.run.column(name), float(np.sqrt(covariance[k, k]))
        middle = replicates.estimate(column, replicates.mean)
        width = replicates.estimate(column, lambda x: float(x.std()))
        assert middle.error < 0.03 * spread
        assert abs(middle.value - mean[k]) < 4 * middle.error
        assert abs(width.value - spread) < 4 * width.error + 0.001 * spread
    ahead = np.array([4.0, 1.0, 0.0, 0.8, 0.8, 0.8, 0.8])
    chance = 1 - ndtr((60.0 - ahead @ mean) / np.sqrt(ahead @ covariance @ ahead))
    assert done.result.probability is not None
    found = done.result.probability[1]
    assert abs(found.value - chance) < 4 * found.error + 1e-4
    assert done.run.summary["target"]["probability"] == pytest.approx(found.value, abs=1e-12)


def test_surprise_and_prior_predictive_are_exact(parent: Run) -> None:
    """PIT of 104 under N(102, 1 + 0.64 + 0.25); what was expected; what moved."""
    from scipy.special import ndtr

    done = updated(parent, "sales@2025Q3=104 sd 0.5")
    (surprise,) = done.result.surprises
    total = np.sqrt(1.89)
    assert abs(surprise.pit.value - ndtr(2 / total)) < 4 * surprise.pit.error
    assert surprise.distance == pytest.approx(2 / total, rel=0.02)
    assert surprise.reached
    growth = next(each for each in done.result.drivers if each.name == "growth")
    assert abs(growth.moved.value - 2 / 1.89) < 4 * growth.moved.error + 0.01
    assert growth.narrowed == pytest.approx(1 - np.sqrt(1 - 1 / 1.89), abs=0.02)
    cost = next(each for each in done.result.drivers if each.name == "cost")
    assert abs(cost.moved.value) < 4 * cost.moved.error


def test_one_after_the_other_is_both_at_once(parent: Run) -> None:
    """The rows are the same paths, chosen by the same uniforms: equal to the last bit."""
    both = updated(parent, "sales@2025Q3=103 sd 1", "sales@2025Q4=104.5 sd 0.8").run
    first = updated(parent, "sales@2025Q3=103 sd 1").run
    second = updated(first, "sales@2025Q4=104.5 sd 0.8").run
    assert second.manifest["parent"]["run"] == first.manifest["run"]
    assert second.manifest["prior"]["run"] == parent.manifest["run"]
    for name in (*NAMES, "value"):
        assert np.array_equal(both.column(name), second.column(name))
    with pytest.raises(InputError, match=r"the run knows sales.2025Q3 already"):
        updated(first, "sales@2025Q3=104 sd 1")


@pytest.mark.long  # compiles three kernels
def test_a_run_found_near_the_data_can_be_updated_again(parent: Run) -> None:
    first = updated(parent, "sales@2025Q3=112 sd 0.05").run
    assert "shock_2025Q3" in first.drivers
    second = updated(first, "margin@2025Q4=104 sd 0.5")
    mean, covariance = exact([[1, 0, 0], [2, 0, -1]], [[1, 0, 0, 0], [1, 1, 0, 0]], [12.0, 4.0], [0.05, 0.5])
    for k, name in enumerate(NAMES):
        middle = replicates.estimate(second.run.column(name), replicates.mean)
        assert abs(middle.value - mean[k]) < 4 * middle.error + 1e-3 * np.sqrt(covariance[k, k])
    shock = replicates.estimate(second.run.column("shock_2025Q4"), replicates.mean)
    assert abs(shock.value - mean[4]) < 4 * shock.error
    assert stored.verify(str(second.run.directory), parent.directory.parents[1]).agrees


@pytest.mark.parametrize("observe", ["sales@2025Q3=104 sd 0.5", "sales@2025Q3=112 sd 0.05"])
def test_the_new_run_answers_like_any_other_and_is_verified(parent: Run, observe: str) -> None:
    out = parent.directory.parents[1]
    run = updated(parent, observe).run
    again = store.open_run(store.find(run.manifest["run"], out))
    assert again.manifest["hash"] == run.manifest["hash"]
    found = stored.verify(str(run.directory), out)
    assert found.agrees
    assert ("same paths again" in found.note) == ("112" not in observe)
    opened = stored.opened(str(run.directory), out)
    rows = np.arange(0, run.paths, 7)
    for name, column in opened.value(rows).items():
        assert np.array_equal(column, run.column(name)[rows])
    moved = opened.value(rows, {"multiple": 0.0}, outputs=["value"])["value"]
    assert np.allclose(moved, (run.column("value") - run.column("multiple"))[rows], rtol=0, atol=1e-9)
    others = opened.value(rows, None, {"shock": rows[::-1]}, outputs=["value", "sales.2025Q3"])
    assert (others["value"] != run.column("value")[rows]).mean() > 0.99
    kept = others["sales.2025Q3"] == run.column("sales.2025Q3")[rows]
    assert kept.all() if "112" in observe else not kept.all()  # there the first shock is a driver and stays
    assert opened.inputs.medians["growth"] == pytest.approx(float(np.median(run.column("growth"))), rel=1e-12)
    with pytest.raises(InputError, match="updated by an observation"):
        _ = opened.inputs.groups
    listed = {each["run"]: each for each in stored.runs(out)}
    assert "given sales 2025Q3" in listed[run.manifest["run"]]["study"]
    assert store.find(parent.directory.parent.name, out).parent == parent.directory.parent  # not the updated one


def test_changed_rows_or_drivers_are_found(parent: Run, tmp_path: Path) -> None:
    run = updated(parent, "sales@2025Q3=104 sd 0.5", paths=1_600).run
    copy = tmp_path / "results" / "linear" / run.directory.name
    shutil.copytree(run.directory, copy)
    from sim.run.rows import Rows

    rows = Rows.load(copy / "run" / "rows.npz")
    other = rows.paths.copy()
    other[3] += 16
    Rows(other).save(copy / "run" / "rows.npz")
    with pytest.raises(StorageError, match=r"rows.npz was changed"):
        stored.verify(str(copy), tmp_path / "results")
    # Whoever forges the manifest as well is found out by the choice itself.
    facts = json.loads((copy / "run" / "manifest.json").read_text())
    facts["hashes"]["rows"] = Rows(other).digest
    (copy / "run" / "manifest.json").write_text(json.dumps(facts))
    found = stored.verify(str(copy), tmp_path / "results")
    assert not found.agrees
    assert found.rows_differ
    assert "choose other paths" in found.note


def test_what_cannot_have_been_observed_is_explained(parent: Run) -> None:
    for text, says in {
        "sale@2025Q3=104 sd 1": 'no output or cell "sale"; did you mean "sales',
        "sales=104 sd 1": '"sales" has a value in every period; write a period from 2025Q3 to 2026Q2',
        "sales@2026Q3=104 sd 1": "2026Q3 lies outside the timeline",
        "sales@soon=104 sd 1": '"soon" is not a calendar quarter',
        "value@2025Q3=104 sd 1": '"value" has one value, not one a period; leave @2025Q3 out',
    }.items():
        with pytest.raises(InputError) as raised:
            updated(parent, text)
        assert says in str(raised.value)


def test_the_unit_must_be_that_of_the_cell_and_old_news_is_warned_of(parent: Run, tmp_path: Path) -> None:
    text = """
sources: {old: {title: A report, publisher: P, date: 2025-09-01}}
observations: [{cell: sales, period: 2025Q3, value: 103, sd: 1, unit: UNIT, source: old}]
"""
    file = tmp_path / "seen.yaml"
    file.write_text(text.replace("UNIT", "RMB m"), encoding="utf-8")
    with pytest.raises(InputError, match=r"seen.yaml:3:.*sales.2025Q3 is in RMB bn, not RMB m"):
        updated(parent, files=[file])
    file.write_text(text.replace("UNIT", "RMB bn"), encoding="utf-8")
    done = updated(parent, files=[file])
    assert any("was published on 2025-09-01" in warning for warning in done.warnings)


def test_what_the_model_cannot_produce_is_warned_of(parent: Run, study: Callable[..., Path], tmp_path: Path) -> None:
    """A uniform driver ends at 3: an observation of 5 leaves its paths at the edge, and that is said."""
    bounded = STUDY.replace("{kind: normal, mean: 2, sd: 1}", "{kind: uniform, low: 1, high: 3}")
    bounded = bounded.replace("value: 0.8", "value: 0.0").replace(
        "  correlations: [{between: [growth, multiple], pearson: 0.6, source: judgement}]\n", ""
    )
    run = running.run(study(bounded, MODEL), out=tmp_path / "results", pack=False)
    done = updated(run, "sales@2025Q3=105 sd 0.2")
    assert not done.result.surprises[0].reached
    assert any("can hardly produce this value" in warning for warning in done.warnings)
    assert done.run.column("growth").max() <= 3.0


@pytest.mark.long
@pytest.mark.parametrize("paths", [None, 16_384])
def test_agrees_with_brute_force_on_base(tmp_path: Path, paths: int | None) -> None:
    """Tolerances small against what is expected: the paths that a plain filter keeps are the rows' distribution.

    With few paths the prior's own are worth less than 200 and the search near the data answers; both within 4 standard
    errors of 4 million filtered paths, for the value of one ADS and the drivers that move most.
    """
    sets = [] if paths is None else [f"run.paths={paths}"]
    run = running.run(CONFIGS / "base.yaml", sets=sets, out=tmp_path, pack=False)
    done = updated(run, "cloud_revenue@2025Q3=40 within 0.02", "cloud_ebita@2025Q3=4.1 within 0.2")
    assert done.run.manifest["search"]["method"] == ("rejection" if paths is None else "tempering")
    from sim.run.rows import simulator_of

    simulator = simulator_of(run)
    watched = ("seasonal_factor_september", "long_run_non_ai_margin", "growth_volatility")
    known = [name for name in watched if name in run.drivers]
    row = {name: k for k, name in enumerate(simulator.plan.drivers)}
    output = {name: k for k, name in enumerate(simulator.setup.outputs)}
    cell = simulator.setup.series.index("cloud_ebita")
    kept: list[np.ndarray] = []
    for first in range(2**40, 2**40 + 4_000_000, 8_000):
        chunk = simulator.chunk(first, 8_000, series=True)
        near = np.abs(chunk.outputs[output["cloud_revenue.2025Q3"]] - 40) <= 0.02
        near &= np.abs(chunk.series[cell, 0] - 4.1) <= 0.2
        columns = [chunk.outputs[output["value_per_ads"]], *(chunk.drivers[row[name]] for name in known)]
        kept.append(np.array(columns)[:, near])
    filtered = np.concatenate(kept, axis=1)
    assert filtered.shape[1] > 3_000
    for name, column in zip(("value_per_ads", *known), filtered, strict=True):
        mine = replicates.estimate(done.run.column(name), replicates.mean)
        error = float(np.hypot(mine.error, column.std() / np.sqrt(column.size)))
        assert abs(mine.value - column.mean()) < 4 * error, name
