"""`sim explain` on a real run: closed forms through kernel, store and screen; refusals in one sentence."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.report.screens import explain as words
from tests.analysis.plain_models import explained, shapley_of
from tests.cli.conftest import TOY, json_of, sim
from tests.statistical import Z_ALARM

PLAYERS = ("mean_growth", "ev_to_sales", "growth_innovation")
CRITICAL = 7.87  # Student's t, 15 degrees of freedom, two-sided 1e-6


def log_gain(some: frozenset[str]) -> float:
    """Variance of E[log value | some]: slopes T s, v and sqrt(T) w on standard normals (sim/models/toy.py)."""
    rho = 2 * math.sin(math.pi * 0.5 / 6)
    matrix = np.array([[1.0, rho, 0.0], [rho, 1.0, 0.0], [0.0, 0.0, 1.0]])
    return explained(dict(zip(PLAYERS, (0.08, 0.25, 0.04 * math.sqrt(8)), strict=True)), matrix, some)


def value_gain(some: frozenset[str]) -> float:
    """Variance of E[value | some] over the squared mean: E of a lognormal given part of its normals is lognormal."""
    return math.expm1(log_gain(some))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, kernel_cache: Path) -> Path:
    """A results folder with a toy run of 20,000 paths."""
    out = tmp_path_factory.mktemp("explain") / "results"
    sim("run", TOY, "--paths", 20_000, "--out", out, "--no-pack", "--quiet")
    return out


@pytest.fixture(scope="module")
def found(run: Path) -> dict[str, Any]:
    return json_of("explain", "latest", "--out", run, "--paths", 200_000)


def test_the_shares_are_those_of_the_lognormal(found: dict[str, Any]) -> None:
    """A right estimate fails once in a million; a wrongness of 10 of its errors (under 0.04) is surely seen."""
    expected = shapley_of(value_gain, PLAYERS)
    shares = {effect["player"]: effect for effect in found["shapley"]["effects"]}
    assert set(shares) == set(PLAYERS), "fixed drivers are no players"
    for name, share in shares.items():
        assert abs(share["share"] - expected[name]) < Z_ALARM * share["standard_error"] < 0.02
        assert share["interval"][0] < share["share"] < share["interval"][1]
    assert sum(share["share"] for share in shares.values()) == pytest.approx(1, abs=1e-14)


def test_sobol_indices_are_of_the_pair_and_of_the_innovation(found: dict[str, Any]) -> None:
    indices = {tuple(sorted(index["members"])): index for index in found["sobol"]["indices"]}
    whole, drivers, noise = value_gain(frozenset(PLAYERS)), frozenset(PLAYERS[:2]), frozenset(PLAYERS[2:])
    assert set(indices) == {("ev_to_sales", "mean_growth"), ("growth_innovation",)}
    for unit, own, rest in ((tuple(sorted(drivers)), drivers, noise), (tuple(noise), noise, drivers)):
        first, total = indices[unit]["first_order"], indices[unit]["total"]
        assert abs(first["share"] - value_gain(own) / whole) < Z_ALARM * first["standard_error"] < 0.05
        assert abs(total["share"] - 1 + value_gain(rest) / whole) < Z_ALARM * total["standard_error"] < 0.05


def test_tornado_and_given_data_agree_with_the_formulas(found: dict[str, Any]) -> None:
    bars = {bar["driver"]: bar for bar in found["tornado"]["bars"]}
    central = found["tornado"]["central"]
    assert central == pytest.approx(math.exp(5.761460917862246), rel=1e-9)
    low, high = bars["ev_to_sales"]["alone"]
    # Medians through quantile tables and P10 by the formula: equal to rounding of the tables.
    assert (low / central, high / central) == pytest.approx(
        tuple(math.exp(0.25 * z) for z in (-1.28155, 1.28155)), rel=1e-5
    )
    assert [bar["driver"] for bar in found["tornado"]["bars"]] == ["ev_to_sales", "mean_growth"]
    whole = value_gain(frozenset(PLAYERS))
    for each in found["given_data"]["drivers"]:
        expected = value_gain(frozenset({each["driver"]})) / whole
        assert abs(each["first_order"] - expected) < CRITICAL * each["standard_error"] < 0.1


def test_the_screen_answers_in_its_first_line(run: Path, found: dict[str, Any]) -> None:
    done = sim("explain", "latest", "--out", run, "--paths", 200_000, "--no-pack")
    lines = done.stdout.splitlines()
    share = next(e for e in found["shapley"]["effects"] if e["player"] == "ev_to_sales")
    assert lines[0].startswith(
        f"EV / quarterly sales drives {words.share_of(share)} of the variance of Value per share;"
    )
    assert len(lines) <= 24
    assert any(line.startswith("EV / quarterly sales ") and line.endswith(" D") for line in lines)
    assert "of 2 correlated drivers together" in done.stdout
    assert "paths valued anew" in done.stdout


def test_result_and_figures_are_kept_with_the_run(found: dict[str, Any]) -> None:
    kept = json.loads(Path(found["file"]).read_text(encoding="utf-8"))
    assert kept["verb"] == "explain"
    assert kept["result"]["shapley"] == found["shapley"]
    assert {Path(file).name for file in found["files"]} == {
        f"value_per_share_{kind}.{suffix}" for kind in ("drivers", "tornado") for suffix in ("svg", "png", "csv")
    }
    assert found["grades"] == dict.fromkeys(("mean_growth", "ev_to_sales", "growth_volatility", "shares"), "D")


def test_again_the_same_and_in_the_same_file(run: Path, found: dict[str, Any]) -> None:
    again = json_of("explain", "latest", "--out", run, "--paths", 200_000)
    assert again == found


def test_probability_is_of_reaching_the_target(run: Path) -> None:
    """Shares of 1{value >= 360}: v(S) = Phi2(h, h; R^2) - Phi(h)^2 with R^2 the share of log variance S explains."""
    from scipy.stats import multivariate_normal, norm

    found = json_of("explain", "latest", "--out", run, "--paths", 200_000, "--probability", "--no-pack")
    whole = log_gain(frozenset(PLAYERS))
    h = (5.761460917862246 - math.log(360)) / math.sqrt(whole)

    def gain(some: frozenset[str]) -> float:
        share = log_gain(some) / whole
        both = norm.cdf(h) if share > 1 - 1e-12 else multivariate_normal.cdf([h, h], cov=[[1, share], [share, 1]])
        return float(both - norm.cdf(h) ** 2)

    expected = shapley_of(gain, PLAYERS)
    assert found["at_least"] == 360
    for effect in found["shapley"]["effects"]:
        assert abs(effect["share"] - expected[effect["player"]]) < Z_ALARM * effect["standard_error"] < 0.06
    assert "of whether Value per share reaches $360; then" in words.headline(found, words.rows(found))
    own = json_of("explain", "latest", "--out", run, "--paths", 20_000, "--ge", 300, "--no-pack")
    assert own["at_least"] == 300, "a threshold is a question of probability"


def test_any_output_and_year(run: Path) -> None:
    found = json_of(
        "explain", "latest", "--out", run, "--paths", 20_000, "--output", "revenue", "--period", "FY2027", "--no-pack"
    )
    assert found["output"] == "revenue.FY2027"
    inert = [index["members"] for index in found["sobol"]["indices"] if index["inert"]]
    assert inert == [], "ev_to_sales does not move revenue, but it is correlated with what does"
    assert {e["player"] for e in found["shapley"]["effects"]} == set(PLAYERS)


@pytest.mark.parametrize(
    ("asked", "code", "says"),
    [
        (("--output", "nonsense"), 2, 'no column "nonsense"'),
        (("--output", "mean_growth"), 2, "is a driver; name an output"),
        (("--ge", "1e9"), 3, "paths reach 1e+09, too few"),
        (("--output", "growth_a_year", "--probability"), 2, "has no target of its own"),
        (("--paths", "100"), 2, "too few for shares with errors"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_one_sentence(
    run: Path, asked: tuple[str, ...], code: int, says: str
) -> None:
    done = sim("explain", "latest", "--out", run, *asked, code=code)
    assert done.stdout == ""
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1
