"""Scoring of vintages: a forecaster known to be right, too narrow or biased is told so; the bootstrap covers."""

import math

import numpy as np
import pytest

from sim.analysis import rivals
from sim.analysis.backtest import Vintage, _share, _width, analyse, bars, bootstrap, stretch


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
    """4.5 standard errors either way, 7e-6 a comparison; coverage that is wrong by 9.3 of them (23 points at 50%, 14 at
    90%), or a width wrong by a third, is missed with probability 1e-6. CRPS and log score are of the same outcomes."""
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
    """The factor has a relative standard error of 3.5%: 16% is 4.5 of them (7e-6); a third is missed once in 1e6."""
    (one,) = analyse(vintages(400, sd=factor), (1,)).horizons
    assert one.width.estimate == pytest.approx(1 / factor, rel=0.16)
    assert (one.coverage[0.8].estimate < 0.8) == (factor < 1)
    assert one.skill["other"].estimate < 0  # the rival is right


def test_a_biased_forecaster_is_seen_in_pit_and_mean_error():
    """A shift of one sd: the mean error has a standard error of 0.0035 (0.02 is 5.7 of them, 1e-8; 0.037 is missed once
    in 1e6), the mean of PIT, 0.24, one of 0.016."""
    (one,) = analyse(vintages(200, shift=0.05), (1,)).horizons
    assert float(np.mean(one.pit)) < 0.35
    assert one.bias.estimate == pytest.approx(-0.05, abs=0.02)
    assert one.bias.high < 0


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


def overlapping(rng: np.random.Generator, n: int, h: int) -> np.ndarray:
    """Right forecasts ``h`` quarters ahead from ``n`` vintages in a row, on the normal scale: moving sums of news."""
    return np.convolve(rng.standard_normal(n + h - 1), np.ones(h) / math.sqrt(h), "valid")


SIZES = {1: 30, 2: 29, 4: 27, 8: 23}  # vintages of the record by horizon


@pytest.mark.parametrize("h", SIZES)
def test_intervals_cover_whatever_the_horizon(h):
    """90% intervals of a mean of overlapping forecasts, 400 records: a right one fails once in 10^4 seeds (4 standard
    errors, 84-96%); coverage below 78% is surely caught, and at eight quarters unstretched intervals (57%) are.
    """
    rng = np.random.default_rng(9)
    held = {"stretched": 0, "plain": 0}
    wider = stretch(SIZES[h], h)
    for _ in range(400):
        found = bootstrap(lambda values: values.mean(axis=-1), [overlapping(rng, SIZES[h], h)], h)
        held["stretched"] += found.low <= 0.0 <= found.high
        low, high = ((end - found.estimate) / wider + found.estimate for end in (found.low, found.high))
        held["plain"] += low <= 0.0 <= high
    assert 0.84 <= held["stretched"] / 400 <= 0.96
    assert h < 8 or held["plain"] / 400 < 0.70


@pytest.mark.parametrize("h", SIZES)
def test_a_right_width_is_corrected_once_in_ten_records(h):
    """2,000 records of right forecasts: the share corrected is 10% but for chance (4 standard errors: 7.3-12.7%)."""
    rng = np.random.default_rng(4)
    found = [_width(overlapping(rng, SIZES[h], h), h) for _ in range(2000)]
    share = float(np.mean([not each.low <= 1.0 <= each.high for each in found]))
    assert 0.073 <= share <= 0.127


def test_a_width_wrong_beyond_chance_is_the_correction_and_one_within_is_none():
    """Intervals half as wide as they should be are found in every record of 400; the factor is the estimate itself."""
    (narrow,) = analyse(vintages(400, sd=0.5), (1,)).horizons
    assert narrow.correction == narrow.width.estimate == pytest.approx(2.0, rel=0.16)
    (right,) = analyse(vintages(400), (1,)).horizons
    assert right.correction == 1.0
    assert right.width.estimate != 1.0


def test_a_share_of_all_or_none_still_has_an_interval():
    """Clopper and Pearson: 8 of 8 leaves 0.05^(1/8) = 69%, and 8 that overlap by four count as two (22%)."""
    every = np.ones(8)
    assert _share(every, 1).low == pytest.approx(0.05 ** (1 / 8))
    assert (_share(every, 1).estimate, _share(every, 1).high) == (1.0, 1.0)
    assert _share(every, 4).low == pytest.approx(0.05 ** (1 / 2))
    assert _share(1 - every, 1).high == pytest.approx(1 - 0.05 ** (1 / 8))


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
