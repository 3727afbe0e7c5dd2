"""Scoring of vintages: a forecaster known to be right, too narrow or biased is told so; the bootstrap covers."""

import math

import numpy as np
import pytest

from sim.analysis import rivals
from sim.analysis.backtest import Vintage, analyse, bars, bootstrap


def vintages(n: int, *, sd=1.0, shift=0.0, rival_sd=1.0, seed=3) -> list[Vintage]:
    """Outcomes drawn from N(0, 0.05^2); forecasts and one rival of a given spread."""
    rng = np.random.default_rng(seed)
    standard = rng.standard_normal(4000)
    made = []
    for i in range(n):
        outcomes = {h: 0.05 * float(rng.standard_normal()) for h in (1, 4) if i + h < n}
        made.append(
            Vintage(
                name=f"{2000 + i // 4}Q{i % 4 + 1}",
                revenue=10.0,
                samples=dict.fromkeys((1, 4), shift + 0.05 * sd * standard),
                rivals={"other": dict.fromkeys((1, 4), (0.0, 0.05 * rival_sd))},
                outcomes=outcomes,
                periods=dict.fromkeys(outcomes, "2020Q1"),
                unverified=frozenset({1}) if i % 2 else frozenset(),
                crosses=frozenset(),
                recalled_rows=0.5,
                fitted={},
            )
        )
    return made


def test_a_right_forecaster_covers_and_ties_with_its_equal():
    one, four = analyse(vintages(400), (1, 4)).horizons
    assert (one.vintages, four.vintages) == (399, 396)
    for share, found in one.coverage.items():
        assert found.estimate == pytest.approx(share, abs=4.5 * math.sqrt(share * (1 - share) / 399))
        assert found.low <= found.estimate <= found.high
    assert one.width.estimate == pytest.approx(1.0, abs=0.16)  # sd of the estimate is 0.035
    assert one.skill["other"].estimate == pytest.approx(0.0, abs=0.02)
    assert one.crps["model"] == pytest.approx(one.crps["other"], rel=0.02)
    assert one.log["model"] == pytest.approx(one.log["other"], abs=0.05)
    assert one.verified["vintages"] == 200


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_intervals_of_the_wrong_width_are_told_by_what_factor(factor):
    (one,) = analyse(vintages(400, sd=factor), (1,)).horizons
    assert one.width.estimate == pytest.approx(1 / factor, rel=0.16)
    assert (one.coverage[0.8].estimate < 0.8) == (factor < 1)
    assert one.skill["other"].estimate < 0  # the rival is right


def test_a_biased_forecaster_is_seen_in_pit_and_mean_error():
    (one,) = analyse(vintages(200, shift=0.05), (1,)).horizons
    assert float(np.mean(one.pit)) < 0.35
    assert one.bias == pytest.approx(-0.05, abs=0.02)


def test_the_bars_are_those_set_beforehand():
    found = analyse(vintages(200, rival_sd=3.0), (1, 4))
    said = bars(found.horizons)
    assert said["coverage_met"]
    assert said["skill_met"]
    assert not bars(analyse(vintages(200, sd=0.3), (1, 4)).horizons)["coverage_met"]
    assert found.as_dict()["bars"] == said


def test_a_horizon_without_outcomes_is_refused():
    with pytest.raises(ValueError, match="8 quarters ahead"):
        analyse(vintages(4), (8,))


def test_the_block_bootstrap_covers_a_mean_of_dependent_values():
    """Moving averages of four, as overlapping year-ahead errors are: 90% intervals of a mean over 60 of them.

    Blocks of four cover 80-95% of 300 means (a right one falls outside once in 10^4 seeds, given its small-sample
    shortfall to about 85%); independent resampling covers about 60%, which the second assertion sees.
    """
    rng = np.random.default_rng(9)
    held = {1: 0, 4: 0}
    for _ in range(300):
        column = np.convolve(rng.standard_normal(63), np.ones(4) / 4, "valid")
        for block in held:
            found = bootstrap(lambda values: values.mean(axis=-1), [column], block)
            held[block] += found.low <= 0.0 <= found.high
    assert 0.76 <= held[4] / 300 <= 0.96
    assert held[1] / 300 < 0.72


LINE = 0.05 * np.arange(24.0)


def test_rules_are_exact_on_what_they_assume():
    """Steady growth: all three rules are right, and their past errors are nil. A season: last year's growth is."""
    found = rivals.forecasts(LINE, (1, 2, 4, 8))
    for name in ("last_year", "last_quarter", "drift"):
        for h in (1, 2, 4, 8):
            mean, sd = found[name][h]
            assert mean == pytest.approx(0.05 * h, abs=1e-12)
            assert sd == pytest.approx(0.0, abs=1e-12)
    seasonal = LINE + np.tile([0.1, -0.05, 0.0, -0.05], 6)
    for h in (1, 2, 4, 8):
        exact = 0.05 * h + seasonal[(24 + h - 1) % 4] - LINE[(24 + h - 1) % 4] - (seasonal[23] - LINE[23])
        assert rivals.forecasts(seasonal, (h,))["last_year"][h][0] == pytest.approx(exact, abs=1e-12)


def test_fitted_rivals_find_trend_and_season():
    rng = np.random.default_rng(2)
    levels = LINE + np.tile([0.1, -0.05, 0.0, -0.05], 6) + 0.01 * rng.standard_normal(24)
    found = rivals.forecasts(levels, (1, 4))
    for name in ("airline", "arima", "ets"):
        mean, sd = found[name][4]
        assert mean == pytest.approx(0.2, abs=0.06)
        assert 0.005 < sd < 0.2
    assert set(found) == set(rivals.NAMES)
