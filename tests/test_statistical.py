"""Each statistical assertion lets a right sampler pass and catches one that is wrong by what it says it catches."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from tests import statistical as check

N = 20_000
SEEDS = range(10)


def caught(assertion: Callable[[np.random.Generator], None]) -> list[bool]:
    found = []
    for seed in SEEDS:
        try:
            assertion(np.random.default_rng(seed))
        except AssertionError:
            found.append(True)
        else:
            found.append(False)
    return found


def test_mean() -> None:
    shift = check.mean_caught(N, 2.0)
    assert shift == pytest.approx(0.13640, rel=1e-4)  # (4.8916 + 4.7534) * 2 / sqrt(20000)
    assert not any(caught(lambda r: check.assert_mean(r.normal(3.0, 2.0, N), 3.0, 2.0)))
    assert all(caught(lambda r: check.assert_mean(r.normal(3.0 + shift, 2.0, N), 3.0, 2.0)))
    assert all(caught(lambda r: check.assert_mean(r.normal(3.0 - shift, 2.0, N), 3.0, 2.0)))


def test_sd() -> None:
    more = check.sd_caught(N, 2.0, 3.0)
    assert 0.0 < more < 0.1
    assert not any(caught(lambda r: check.assert_sd(r.normal(0.0, 2.0, N), 0.0, 2.0, 3.0)))
    assert all(caught(lambda r: check.assert_sd(r.normal(0.0, 2.0 + 1.1 * more, N), 0.0, 2.0, 3.0)))


@pytest.mark.parametrize("p", [0.001, 0.3, 0.95])
def test_proportion(p: float) -> None:
    below, above = check.proportion_caught(N, p)
    assert 0.0 <= below < p < above < 1.0
    assert not any(caught(lambda r: check.assert_proportion(r.random(N) < p, p)))
    assert all(caught(lambda r: check.assert_proportion(r.random(N) < above, p)))
    assert below == 0.0 or all(caught(lambda r: check.assert_proportion(r.random(N) < below, p)))


def test_proportion_keeps_its_false_alarm_rate() -> None:
    for n, p in [(1000, 0.01), (20_000, 0.5), (500, 0.999)]:
        low, high = check._rejected(n, p)
        assert stats.binom.cdf(low, n, p) <= check.FALSE_ALARM / 2 < stats.binom.cdf(low + 1, n, p)
        assert stats.binom.sf(high - 1, n, p) <= check.FALSE_ALARM / 2 < stats.binom.sf(high - 2, n, p)


def test_quantile() -> None:
    median = np.log(2.0)
    assert not any(caught(lambda r: check.assert_quantile(r.exponential(1.0, N), 0.5, median)))
    _, above = check.proportion_caught(N, 0.5)
    scale = median / -np.log1p(-above)  # with it a share `above` lies below the median
    assert all(caught(lambda r: check.assert_quantile(r.exponential(scale, N), 0.5, median)))


def test_uniform() -> None:
    distance = check.uniform_caught(N)
    assert not any(caught(lambda r: check.assert_uniform(r.random(N))))
    assert all(caught(lambda r: check.assert_uniform(r.random(N) * (1.0 - distance))))  # F(x) - x reaches the distance
    assert all(caught(lambda r: check.assert_uniform(distance + r.random(N) * (1.0 - distance))))


def test_replicates() -> None:
    bias = check.replicates_caught(64, 0.5)
    assert not any(caught(lambda r: check.assert_replicates(r.normal(7.0, 0.5, 64), 7.0)))
    assert all(caught(lambda r: check.assert_replicates(r.normal(7.0 + bias, 0.5, 64), 7.0)))


def test_values_that_are_not_finite_fail() -> None:
    with pytest.raises(AssertionError, match="1 values are not finite"):
        check.assert_uniform([0.2, np.nan])
