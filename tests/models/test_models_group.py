"""The sum of the parts, by hand."""

import pytest

from sim.models.alibaba import group


def test_parts_add_up():
    rest = group.non_cloud_per_ads(94.0, (8.0, 5.5), 20.0, 22.0, -8.0, -3.0, -2.8)
    assert rest == pytest.approx(135.7, rel=1e-12)
    assert group.value_per_ads(43.0, rest) == pytest.approx(178.7, rel=1e-12)
    assert group.implied_cloud_at_target(179.0, rest) == pytest.approx(43.3, rel=1e-12)


def test_another_segment_adds_its_value_and_nothing_else():
    parts = (94.0, (8.0, 5.5), 20.0, 22.0, -8.0, -3.0, -2.8)
    more = (94.0, (8.0, 5.5, 4.9), 20.0, 22.0, -8.0, -3.0, -2.8)
    assert group.non_cloud_per_ads(*more) - group.non_cloud_per_ads(*parts) == pytest.approx(4.9, rel=1e-12)


def test_no_holding_discount_on_debt():
    assert group.holding_discount_value(0.2, 300.0, 140.0, 220.0) == pytest.approx(-132.0, rel=1e-12)
    assert group.holding_discount_value(0.2, -300.0, 140.0, 220.0) == pytest.approx(-72.0, rel=1e-12)


def test_net_cash_moves_with_the_cash_flows():
    uses = group.other_cash_uses(8.0, 8.0, 35.0, 35.0)
    assert uses == pytest.approx(86 / 5, rel=1e-12)
    after = group.net_cash(344.0, 49.5, 0.21, -20.0, uses)
    assert after == pytest.approx(344 + 49.5 * 0.79 * 0.93 - 20 - 17.2, rel=1e-12)


def test_quick_commerce_is_a_cost_after_tax():
    assert group.quick_commerce_value(120.0, 0.85) == -102.0


def test_buybacks_retire_ads():
    # RMB 35 bn at 7.12 and US$165: 29.8 m ADS.
    assert group.ads_outstanding(2.302, 0.040, 35.0, 7.12) == pytest.approx(2.342 - 0.0298, abs=5e-5)


def test_implied_multiple_gives_the_target_back():
    rest, fx, ads, sales = 135.7, 7.12, 2.31, 203.0
    multiple = group.implied_multiple_at_target(group.implied_cloud_at_target(179.0, rest), fx, ads, sales)
    assert group.cloud_per_ads(multiple * sales, fx, ads) + rest == pytest.approx(179.0, rel=1e-12)


@pytest.mark.parametrize("implied", [group.implied_margin_at_price, group.implied_margin_at_target])
def test_implied_margin_closes_the_gap(implied):
    margin = implied(40.0, 7.12, 2.31, 150.0, 2000.0, 0.19)
    assert 150.0 + (margin - 0.19) * 2000.0 == pytest.approx(40.0 * 7.12 * 2.31, rel=1e-12)


def test_today_and_upside():
    assert group.value_today(179.0, 0.105) == pytest.approx(162.0, abs=0.01)
    assert group.upside_to_price(179.0, 166.0) == pytest.approx(0.078, abs=0.0005)
