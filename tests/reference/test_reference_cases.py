"""Published answers and closed forms, each a study with a model file of its own, run as a user would.

An estimate may differ from the answer by the two-sided 1e-6 quantile of Student's t times its own reported standard
error, so a right engine fails a check once in a million. The smallest wrongness surely caught (seen with probability
1 - 1e-6) is twice that: about 1e-2 standard deviations at 2^20 paths.
"""

from __future__ import annotations

import json
from math import asin, exp, log, pi, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from scipy import integrate, stats

from sim.cli import main
from sim.run.result import Run
from sim.run.store import open_run

HERE = Path(__file__).parent


def run(name: str, out: Path) -> tuple[dict[str, Any], Run]:
    """`sim run NAME.yaml --json`: what it printed, and the run opened again."""
    done = CliRunner().invoke(main, ["run", str(HERE / f"{name}.yaml"), "--json", "--no-pack", "--out", str(out)])
    assert done.exit_code == 0, done.output
    printed = json.loads(done.stdout)
    return printed, open_run(Path(printed["directory"]))


def agrees(estimate: float, error: float, answer: float, paths: int) -> None:
    bound = stats.t.ppf(1 - 5e-7, paths - 1) * error
    assert abs(estimate - answer) <= bound, f"{estimate} differs from {answer} by more than {bound}"


def probability_agrees(printed: dict[str, Any], answer: float) -> None:
    found = printed["target"]
    agrees(found["probability"], found["standard_error"], answer, printed["paths"])


def mean_agrees(printed: dict[str, Any], output: str, answer: float) -> None:
    found = printed["outputs"][output]
    agrees(found["mean"], found["standard_error"], answer, printed["paths"])


def test_gaussian_copula(tmp_path: Path) -> None:
    printed, result = run("gaussian_copula", tmp_path)
    probability_agrees(printed, 0.0390174650)
    first, second = result.column("first"), result.column("second")
    n = 2**16  # Kendall's tau of more would take long; the error is of these
    spearman = stats.spearmanr(first, second).statistic
    answer = 6 / pi * asin(0.3)
    assert answer == pytest.approx(0.5819201041, abs=1e-10)
    agrees(spearman, (1 - answer**2) * sqrt((1 + answer**2 / 2) / (first.size - 3)), answer, first.size)
    tau = stats.kendalltau(first[:n], second[:n]).statistic
    answer = 2 / pi * asin(0.6)
    assert answer == pytest.approx(0.4096655294, abs=1e-10)
    # Variance of Kendall's tau under a normal copula (Esscher 1924): 2 / (n (n - 1)) (1 - t^2 + 2 (n - 2) (1/9 - ...)).
    spread = 2 / (n * (n - 1)) * (1 - answer**2 + 2 * (n - 2) * (1 / 9 - (2 / pi * asin(0.3)) ** 2))
    agrees(tau, sqrt(spread), answer, n)


def t_joint_tail(q: float, rho: float, df: float) -> float:
    """P(U < q, V < q) under a t copula: the conditional law of the bivariate t, integrated over the tail of one.

    Given X = x, Y is t with df + 1 degrees of freedom about rho x with variance (1 - rho^2) (df + x^2) / (df + 1)
    (Kotz and Nadarajah 2004, Multivariate t Distributions, section 1.10). The tail is mapped to (0, 1) by U itself.
    """
    edge = stats.t.ppf(q, df)

    def given(share: float) -> float:
        x = stats.t.ppf(share * q, df)
        return float(stats.t.cdf((edge - rho * x) / sqrt((1 - rho**2) * (df + x * x) / (df + 1)), df + 1))

    return q * float(integrate.quad(given, 0.0, 1.0, epsabs=1e-12, epsrel=1e-12)[0])


def test_t_copula(tmp_path: Path) -> None:
    """Joint tails of the drawn paths at two depths, and that these are those whose limit is the tail dependence."""
    rho, df = 0.5, 4
    limit = 2 * stats.t.cdf(-sqrt((df + 1) * (1 - rho) / (1 + rho)), df + 1)
    assert limit == pytest.approx(0.2531699951, abs=1e-10)
    q = 1e-12
    assert t_joint_tail(q, rho, df) / q == pytest.approx(limit, rel=1e-5)
    printed, result = run("t_copula", tmp_path)
    for name, depth in (
        ("both_lowest_hundredth", 0.01),
        ("both_lowest_thousandth", 0.001),
        ("both_highest_hundredth", 0.01),
    ):
        answer = t_joint_tail(depth, rho, df)
        hits = int(result.column(name).sum())
        # Sobol points are no less even than independent draws: the binomial error bounds theirs.
        agrees(hits / printed["paths"], sqrt(answer * (1 - answer) / printed["paths"]), answer, printed["paths"])
    mean_agrees(printed, "sum_of_all", 1.5)
    first, second, third = (result.column(name)[: 2**17] for name in ("first", "second", "third"))
    tau = stats.kendalltau(first, second).statistic
    # At most 2 (1 - tau^2) / n, the variance's bound for any law (Kendall and Gibbons 1990, section 5.6).
    agrees(tau, sqrt(2 * (1 - 1 / 9) / first.size), 1 / 3, first.size)
    for column in (first, second, third):
        assert stats.kstest(column, "uniform").pvalue > 1e-6
    # The third driver shares no chi-square: its size tells nothing about that of the others.
    sizes = np.corrcoef(np.abs(first - 0.5), np.abs(third - 0.5))[0, 1]
    agrees(sizes, 1 / sqrt(first.size), 0.0, first.size)
    shared = np.corrcoef(np.abs(first - 0.5), np.abs(second - 0.5))[0, 1]
    assert shared > 0.25


def test_percentiles(tmp_path: Path) -> None:
    printed, result = run("percentiles", tmp_path)
    mean_agrees(printed, "multiple_again", 4.040012826946)
    mean_agrees(printed, "share_again", 3.5)
    mean_agrees(printed, "cost_again", 4.0)
    leaf = printed["outputs"]["multiple_again"]
    for p, answer in (("5", 1.0), ("95", 10.0)):
        agrees(leaf["percentiles"][p], leaf["percentile_errors"][p], answer, printed["paths"])
    for name, answer in (("share_again", 1.267731382092775), ("cost_again", 1.4719601443879746)):
        column = result.column(name)
        # Error of a standard deviation from the fourth moment (Kendall and Stuart 1977, section 10.8).
        fourth = float(np.mean((column - column.mean()) ** 4))
        error = sqrt((fourth - column.var() ** 2) / column.size) / (2 * column.std())
        agrees(float(column.std(ddof=1)), error, answer, column.size)
    logs = np.log(result.column("multiple_again"))
    agrees(float(logs.mean()), float(logs.std()) / sqrt(logs.size), 1.151292546497, logs.size)
    agrees(float(logs.std()), float(logs.std()) / sqrt(2 * logs.size), 0.699936169172, logs.size)


def test_lognormal_parameters_are_exact(tmp_path: Path) -> None:
    """Parameters found from percentiles are set-up numbers, not estimates: exact to 1e-10."""
    from sim import config
    from sim.sampling import plan

    study = config.load(HERE / "percentiles.yaml").study
    assert study is not None
    made = plan.make(study)
    assert made.medians[made.drivers.index("multiple")] == pytest.approx(exp(log(10) / 2), rel=1e-10)


def test_geometric_brownian_motion(tmp_path: Path) -> None:
    printed, _ = run("geometric_brownian_motion", tmp_path)
    probability_agrees(printed, 0.13808068299480)
    mean_agrees(printed, "price_at_the_end", 120 * exp(0.08))


def test_strength_less_load(tmp_path: Path) -> None:
    printed, _ = run("strength_less_load", tmp_path)
    probability_agrees(printed, 0.07864960352514)
    mean_agrees(printed, "overload", -2.0)


def test_european_call(tmp_path: Path) -> None:
    printed, _ = run("european_call", tmp_path)
    mean_agrees(printed, "call", 10.450583572185565)


def test_discrete_geometric_asian_call(tmp_path: Path) -> None:
    printed, _ = run("asian_call", tmp_path)
    mean_agrees(printed, "call", 5.3425606635)
