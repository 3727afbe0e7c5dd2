"""`sim information` from a stored run of the toy, whose worths are known: option prices of Black (1976)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from tests.analysis.normal_decision import BOUND, CAUGHT
from tests.cli.conftest import TOY, json_of, sim

PRICE, RATE = 340.0, 0.1
DECISION = f"""\
decision: Buy or hold the toy
as_of: 2025-09-17
output: value_per_share
price: {{value: {PRICE:g}, unit: US$, source: judgement}}
horizon: {{months: 6}}
required_return: {{value: {RATE}, source: judgement}}
actions:
  buy: {{size: 1}}
  hold: {{size: 0, label: stay out}}
disclosures:
  growth: {{observe: growth_a_year, label: Growth of two years}}
"""
# Of the logarithm of the value, as in sim/models/toy.py: 8 quarters of mean growth, its surprises, the multiple.
T, S, W, V = 8, 0.01, 0.04, 0.25
R = 2 * np.sin(np.pi * 0.5 / 6)
MEAN = float(np.exp(np.log(250) + T * 0.03 + (T * T * S * S + T * W * W + V * V + 2 * T * S * V * R) / 2))
GROWTH = T * T * S * S + T * W * W
VARIANCES = {
    "mean_growth": (T * S + V * R) ** 2,
    "ev_to_sales": (V + T * S * R) ** 2,
    "both": T * T * S * S + V * V + 2 * T * S * V * R,
    "growth": (GROWTH + V * T * S * R) ** 2 / GROWTH,
    "perfect": T * T * S * S + T * W * W + V * V + 2 * T * S * V * R,
}


def worth(variance: float) -> float:
    """E[max(forward * lognormal - price, 0)] for a decision that is hold today (Black 1976, p. 177)."""
    forward, sd = MEAN * (1 + RATE) ** -0.5, np.sqrt(variance)
    assert forward < PRICE
    high = np.log(forward / PRICE) / sd + sd / 2
    return float(forward * stats.norm.cdf(high) - PRICE * stats.norm.cdf(high - sd))


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory, kernel_cache: Path) -> Path:
    """The results folder of a run of the toy with 131,072 paths."""
    out = tmp_path_factory.mktemp("information") / "results"
    json_of("run", TOY, "--paths", 131_072, "--out", out, "--no-pack")
    return out


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "buy.yaml"
    path.write_text(DECISION, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def found(stored: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path = tmp_path_factory.mktemp("decision") / "buy.yaml"
    path.write_text(DECISION, encoding="utf-8")
    return json_of("information", "latest", "--decision", path, "--out", stored)


def test_every_worth_is_its_closed_form(found: dict[str, Any]) -> None:
    entries = {entry["name"]: entry for entry in (*found["drivers"], *found["disclosures"])}
    entries |= {"perfect": found["perfect"], "both": found["all_drivers"]}
    for name, variance in VARIANCES.items():
        estimate = entries[name]["worth"]
        assert abs(estimate["value"] - worth(variance)) <= BOUND * estimate["standard_error"], name
    assert CAUGHT * entries["perfect"]["worth"]["standard_error"] < 0.1 * entries["perfect"]["worth"]["value"]
    (group,) = found["groups"]
    assert set(group["members"]) == {"mean_growth", "ev_to_sales"}
    assert abs(group["worth"]["value"] - worth(VARIANCES["both"])) <= BOUND * group["worth"]["standard_error"]


def test_the_answer_is_kept_with_its_question(found: dict[str, Any]) -> None:
    kept = json.loads(Path(found["file"]).read_text(encoding="utf-8"))
    assert (kept["verb"], kept["run"]) == ("information", found["run"])
    assert kept["question"]["decision"]["price"]["value"] == PRICE
    assert kept["result"]["drivers"] == found["drivers"]
    assert {Path(each).suffix for each in found["figures"]} == {".svg", ".png", ".csv"}
    assert all(Path(each).stat().st_size > 300 for each in found["figures"])


def test_asked_again_it_says_the_same(found: dict[str, Any], stored: Path, file: Path) -> None:
    again = json_of("information", "latest", "--decision", file, "--out", stored, "--no-pack", "--threads", 1)
    assert again == {**found, "figures": []}


def test_the_screen_answers_first(stored: Path, file: Path) -> None:
    said = sim("information", "latest", "--decision", file, "--out", stored, "--no-pack").stdout.splitlines()
    assert said[0].startswith("Research EV / quarterly sales first: to know it before deciding is worth $")
    assert said[1].startswith("Buy above 5.")
    assert "else stay out: it changes the decision on" in said[1]
    assert any(line.startswith("As things stand: stay out, which pays nothing on average") for line in said)
    assert not any("nan" in line.lower() for line in said)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "value_per_share",
            "value_per_shares",
            'buy.yaml:3:9 output: the run has no output "value_per_shares"; did you',
        ),
        ("unit: US$,", "unit: HK$,", 'buy.yaml:4:27 price.unit: is "HK$", but value_per_share is in "US$"; give the'),
        ("growth_a_year", "revenue", 'the run has no column "revenue"; name one of its periods, such as revenue.FY'),
        (
            "disclosures:",
            "beyond_research: [growths]\ndisclosures:",
            'beyond_research.0: the run has no driver "growths"',
        ),
        ("size: 1}", "size: 0}", "actions.hold.size: has the size of buy (0), so there is nothing to choose"),
    ],
)
def test_what_the_run_lacks_is_said_at_its_line(old: str, new: str, said: str, stored: Path, file: Path) -> None:
    file.write_text(DECISION.replace(old, new), encoding="utf-8")
    done = sim("information", "latest", "--decision", file, "--out", stored, code=2)
    assert said in done.stderr
    assert done.stdout == ""


def test_wrong_questions_are_explained(stored: Path, file: Path, tmp_path: Path) -> None:
    words = ("information", "latest", "--decision", file, "--out", stored)
    assert 'no driver "ev_to_sale"; did you mean' in sim(*words, "--together", "ev_to_sale,mean_growth", code=2).stderr
    assert "it is known already" in sim(*words, "--together", "ev_to_sales,shares", code=2).stderr
    none = sim("information", "latest", "--decision", tmp_path / "none.yaml", "--out", stored, code=2)
    assert "there is no such file" in none.stderr


def test_too_short_a_run_answers_in_a_sentence(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "results"
    json_of("run", TOY, "--paths", 150, "--out", out, "--no-pack")
    done = sim("information", "latest", "--decision", file, "--out", out, code=3)
    assert "only 150 valid paths: too few to learn from; repeat the run with --paths 100_000" in done.stderr


def test_a_run_without_drivers_says_what_to_do(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "results"
    json_of("run", TOY, "--paths", 1000, "--keep", "outputs", "--out", out, "--no-pack")
    done = sim("information", "latest", "--decision", file, "--out", out, code=4)
    assert "repeat the run with --keep all" in done.stderr
