"""Runs side by side: mixtures, differences path by path, exceedance curves, sweeps and convergence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from sim.analysis import compare, convergence, exceedance, sweep
from sim.errors import InputError, ModelFailure
from tests.analysis.studies_of_functions import FunctionStudy, Law
from tests.analysis.test_analysis_likelihood import run_of
from tests.statistical import assert_proportion, proportion_caught


def shifted(by: float, seed: int = 1) -> FunctionStudy:
    return FunctionStudy(Law({"a": (by, 1.0), "b": (0.0, 0.5)}), {"y": lambda a, b: a + b}, seed)


def test_a_mixture_is_the_weighted_sum_of_its_cases() -> None:
    sides = [shifted(by).side(4096) for by in (0.0, 1.0, -1.0)]
    found = compare.analyse(sides, ["base", "bull", "bear"], "y", 0.5, [0.5, 0.25, 0.25])
    assert found.mixture is not None
    for pick in (lambda c: c.mean.value, lambda c: c.reaches.value):
        assert pick(found.mixture) == pytest.approx(sum(c.weight * pick(c) for c in found.cases), rel=1e-12)
    values = np.concatenate([side.run.column("y") for side in sides])
    weights = np.repeat([0.5, 0.25, 0.25], 4096) / 4096
    for mark, estimate in zip(compare.MARKS, found.mixture.percentiles, strict=True):
        below = weights[values < estimate.value].sum()
        assert below <= mark <= below + 2 * weights.max()
    # Common random numbers: chances of the mixture move together, so its error is not that of independent cases.
    apart = np.sqrt(sum((c.weight * c.reaches.error) ** 2 for c in found.cases))
    assert found.mixture.reaches.error > apart


def test_a_difference_path_by_path_cancels_chance() -> None:
    found = compare.analyse([shifted(0.0).side(4096), shifted(0.7).side(4096)], ["a", "b"], "y", None)
    (difference,) = found.differences
    assert difference.mean is not None
    assert difference.mean.value == pytest.approx(0.7, rel=1e-12)
    assert difference.mean.error < 1e-12
    assert difference.higher.value == 1.0
    assert difference.correlation == pytest.approx(1.0)
    assert [name for name, _ in difference.drivers] == ["a"]
    assert found.mixture is None


def test_runs_of_other_seeds_are_drawn_again_for_the_difference() -> None:
    """The second run's columns are of another seed; its `value` shares the first one's streams."""
    other = shifted(0.7, seed=2).side(4096)
    again = shifted(0.7).side(4096)
    side = replace(again, run=other.run, stored=False)
    (difference,) = compare.analyse([shifted(0.0).side(4096), side], ["a", "b"], "y", 0.0).differences
    assert difference.redrawn
    assert difference.mean.value == pytest.approx(0.7, rel=1e-12)


def test_what_compare_refuses() -> None:
    sides = [shifted(by).side(256) for by in (0.0, 1.0)]
    with pytest.raises(InputError, match=r"add up to 0\.9"):
        compare.analyse(sides, ["a", "b"], "y", 0.0, [0.5, 0.4])
    with pytest.raises(InputError, match="name two runs or more"):
        compare.analyse(sides[:1], ["a"], "y", 0.0)
    found = compare.analyse([sides[0], replace(sides[1], paired=False)], ["a", "b"], "y", 0.0)
    assert (found.differences, found.unpaired) == ((), ("b",))
    empty = replace(sides[1], run=run_of({"y": np.full(256, np.nan)}))
    with pytest.raises(ModelFailure, match="nothing to compare"):
        compare.analyse([sides[0], empty], ["a", "b"], "y", 0.0)


def test_a_case_without_a_variance_has_no_mean() -> None:
    heavy = FunctionStudy(Law({"a": (0.0, 1.0), "b": (0.0, 1.0)}), {"y": lambda a, b: a / b})
    found = compare.analyse([heavy.side(16_384), heavy.side(16_384)], ["a", "b"], "y", 0.0)
    assert found.cases[0].mean is None
    assert found.cases[0].reaches is not None
    assert found.differences[0].drivers == ()


def test_exceedance_curve_of_one_column_and_of_equal_mixtures() -> None:
    column = np.random.default_rng(1).standard_normal(10_001)
    curve = np.array(exceedance.analyse([column]))
    assert curve == pytest.approx(np.quantile(column, [1 - s for s in exceedance.SHARES]), rel=1e-12)
    both = np.array(exceedance.analyse([column, column], [0.5, 0.5]))
    assert np.abs(both - curve).max() < 0.05  # one order statistic apart at the ends
    assert (np.diff(both) >= 0).all()
    assert np.isnan(exceedance.analyse([np.full(3, np.nan)])).all()


def test_sweep_cells_and_their_difference_to_the_study() -> None:
    base = np.random.default_rng(1).standard_normal(4096)
    axis = sweep.Axis("k", "K", "1", ("1", "2"), 0, False)
    found = sweep.analyse("s", ("y", "Y", "1"), 0.0, [axis], base, iter([base + 1.0, 2.0 * base]))
    assert found.cell(0).difference.value == pytest.approx(1.0, rel=1e-12)
    assert found.cell(0).difference.error < 1e-12 < found.cell(0).mean.error
    assert found.base.difference.value == 0.0
    assert found.cell(0).reaches.value == np.mean(base >= -1.0)
    with pytest.raises(ModelFailure, match="setting 1 gives no finite y"):
        sweep.analyse("s", ("y", "Y", "1"), 0.0, [axis], base, [base * np.nan])


# --- convergence ---


def test_errors_fall_as_the_root_of_paths_and_verdicts_follow() -> None:
    y = np.random.default_rng(3).standard_normal(1 << 17)
    goal = {"output": "y", "at_least": 0.3, "price": -0.5, "alternatives": {}}
    found = convergence.analyse(run_of({"y": y}, goal), "y", 0.3)
    assert abs(found.slope.value + 0.5) < 0.2
    assert found.probability.value == np.mean(y >= 0.3)
    assert found.verdicts["side"].says == "more likely missed than reached"
    assert found.verdicts["side"].chance_of_change < 1e-9
    assert found.verdicts["mean"].says == "mean above the price"
    close = convergence.analyse(run_of({"y": y}, goal), "y", float(np.median(y)) + 1e-4)
    assert 0.3 < close.verdicts["side"].chance_of_change < 0.51


def test_the_chance_of_another_verdict_is_right() -> None:
    """Stated chance against what 1,500 other seeds do: the side flips with some 30%, and is stated to do so.

    Chances are averaged, so Student's t matters little; a bias of more than 6.5 points is surely caught.
    """
    share, n, seeds = stats.norm.sf(0.02), 4096, 1500
    assert abs(proportion_caught(seeds, 0.28)[0] - 0.28) < 0.13
    random = np.random.default_rng(4)
    stated, flips = [], []
    for _ in range(seeds):
        found = convergence.analyse(run_of({"y": random.standard_normal(n)}), "y", 0.02)
        other = np.count_nonzero(random.standard_normal(n) >= 0.02) / n
        stated.append(found.verdicts["side"].chance_of_change)
        flips.append((other >= 0.5) != (found.probability.value >= 0.5))
    assert 0.15 < share < 0.5
    assert_proportion(np.array(flips), float(np.mean(stated)))


def test_rare_successes_and_short_runs() -> None:
    y = np.arange(8192.0)
    found = convergence.analyse(run_of({"y": y}), "y", 8191.0)
    assert found.probability.error >= (found.interval[1] - found.interval[0]) / 4
    never = convergence.analyse(run_of({"y": y}), "y", 1e9)
    assert never.probability.value == 0.0
    assert never.slope.as_dict()["value"] is None
    with pytest.raises(InputError, match="too few to see an error fall"):
        convergence.analyse(run_of({"y": y[:100]}), "y", 1.0)
    with pytest.raises(ModelFailure, match="nothing to converge"):
        convergence.analyse(run_of({"y": np.full(8192, np.nan)}), "y", 1.0)
