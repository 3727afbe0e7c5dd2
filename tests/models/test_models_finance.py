"""Helper functions of the models against hand computations and limits."""

import math

import pytest

from sim.models import finance


def test_half_life_halves():
    kept = finance.kept_per_period(3.0)
    assert kept**3 == pytest.approx(0.5, rel=1e-14)
    assert finance.kept_per_period(1.0) == 0.5


def test_reverting_n_times_is_the_closed_form():
    line, kept = 10.0, finance.kept_per_period(4.0)
    for _ in range(7):
        line = finance.revert(line, 2.0, kept)
    assert line == pytest.approx(2.0 + 8.0 * kept**7, rel=1e-14)


@pytest.mark.parametrize(("value", "expected"), [(-0.1, 0.0), (0.4, 0.4), (1.2, 1.0)])
def test_within(value, expected):
    assert finance.within(value, 0.0, 1.0) == expected


@pytest.mark.parametrize(("wanted", "expected"), [(200.0, 115.0), (110.0, 110.0), (-50.0, 85.0)])
def test_move_towards_is_bounded_both_ways(wanted, expected):
    assert finance.move_towards(100.0, wanted, 0.15) == pytest.approx(expected, rel=1e-14)


def test_later_half_restores_total_and_growth():
    later = finance.later_half(20.4, 0.766)
    earlier = 20.4 - later
    assert math.log(later / earlier) == pytest.approx(0.766, rel=1e-12)


def test_compounded():
    assert finance.compounded(0.21, 0.5) == pytest.approx(1.1, rel=1e-14)
    assert finance.compounded(0.10, -0.25) == pytest.approx(1.10**-0.25, rel=1e-14)
    assert math.isnan(finance.compounded(-1.5, 0.5))


def test_value_driver_multiple():
    # Return equal to the cost of capital: growth is worth nothing, the multiple is 1 / cost.
    assert finance.value_driver_multiple(0.03, 0.10, 0.10) == pytest.approx(10.0, rel=1e-12)
    # By hand: (1 - 0.02 / 0.12) / (0.10 - 0.02) = 10.41666...
    assert finance.value_driver_multiple(0.02, 0.12, 0.10) == pytest.approx(10.416666666666666, rel=1e-12)
    # It is the value of the cash flows it stands for, added up year by year.
    flows = sum((1 - 0.02 / 0.12) * 1.02 ** (year - 1) / 1.10**year for year in range(1, 800))
    assert finance.value_driver_multiple(0.02, 0.12, 0.10) == pytest.approx(flows, rel=1e-10)


@pytest.mark.parametrize(("growth", "earned", "cost"), [(0.10, 0.12, 0.10), (0.11, 0.12, 0.10), (0.02, 0.0, 0.10)])
def test_impossible_perpetuities_are_invalid(growth, earned, cost):
    assert math.isnan(finance.value_driver_multiple(growth, earned, cost))


def test_dollars_per_ads():
    # Goldman's cloud: RMB 706.9 bn on 2.309 bn ADS at 7.12 is US$43.
    assert finance.dollars_per_ads(706.9, 7.12, 2.309) == pytest.approx(43.0, abs=0.005)
