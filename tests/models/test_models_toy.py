"""The toy's closed form: the numbers written in its file, and the model itself by simulation in numpy."""

import math
import re
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest

from sim import config
from sim.models import toy

FILE = Path(__file__).parents[2] / "configs" / "toy.yaml"
NORMAL = NormalDist()


def study():
    reading = config.load(FILE)
    assert reading.study is not None, reading.problems
    return reading.study


def closed_form():
    drivers, pairs = study().drivers, study().dependence.correlations
    periods = study().calendar.periods
    mean, sd = drivers["mean_growth"].marginal.mean, drivers["mean_growth"].marginal.sd
    median, spread = drivers["ev_to_sales"].marginal.median, drivers["ev_to_sales"].marginal.sd_log
    shock = drivers["growth_volatility"].marginal.value
    joint = 2 * math.sin(math.pi * pairs[0].spearman / 6)
    mu = math.log(study().openings["revenue"].value * median / drivers["shares"].marginal.value) + periods * mean
    variance = (periods * sd) ** 2 + periods * shock**2 + spread**2 + 2 * periods * sd * spread * joint
    return mu, math.sqrt(variance), joint


def test_numbers_in_the_file_are_the_closed_form():
    mu, sigma, _ = closed_form()
    mean = math.exp(mu + sigma**2 / 2)
    expected = {
        "mu": mu,
        "sigma": sigma,
        "mean": mean,
        "sd": mean * math.sqrt(math.expm1(sigma**2)),
        **{f"P{p}": math.exp(mu + sigma * NORMAL.inv_cdf(p / 100)) for p in (5, 25, 50, 75, 95)},
        "P(value_per_share >= 360) =": NORMAL.cdf((mu - math.log(360)) / sigma),
        "P(>= 300) =": NORMAL.cdf((mu - math.log(300)) / sigma),
    }
    text = FILE.read_text(encoding="utf-8")
    for name, value in expected.items():
        found = re.search(rf"(?<!\w){re.escape(name)} ([\d.]+)", text)
        assert found is not None, name
        assert float(found[1]) == pytest.approx(value, rel=1e-12), name
    assert study().target.at_least == 360


def test_the_model_has_this_closed_form():
    mu, sigma, joint = closed_form()
    paths, generator = 400_000, np.random.default_rng(20250917)
    common, own = generator.standard_normal((2, paths))
    mean_growth = 0.03 + 0.01 * common
    ev_to_sales = 5.0 * np.exp(0.25 * (joint * common + math.sqrt(1 - joint**2) * own))
    log_revenue = np.full(paths, math.log(100.0))
    for shock in generator.standard_normal((8, paths)):
        log_revenue += toy.growth(mean_growth, 0.04, shock)
    value = toy.value_per_share(toy.company_value(np.exp(log_revenue), ev_to_sales), 2.0)
    logs = np.log(value)
    # Five standard errors: a right model fails once in a million; a term left out of sigma (the smallest, from
    # mean_growth alone, is 3% of it) lies more than twenty away.
    assert abs(logs.mean() - mu) < 5 * sigma / math.sqrt(paths)
    assert abs(logs.std() - sigma) < 5 * sigma / math.sqrt(2 * paths)


def test_revenue_grows_by_its_growth():
    assert toy.revenue(100.0, 0.03) == pytest.approx(100 * math.exp(0.03), rel=1e-14)
    assert toy.growth_a_year(0.24) == pytest.approx(0.12)
