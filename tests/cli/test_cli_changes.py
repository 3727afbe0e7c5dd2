"""`sim prob`, `bridge`, `compare`, `sweep` and `convergence` as a user meets them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import TOY, everything_below, json_of, sim
from tests.conftest import CONFIGS

GOLDMAN = CONFIGS / "goldman_163.yaml", CONFIGS / "goldman_179.yaml"
SCENARIOS = """
study: Toy with scenarios
extends: {toy}
run: {{paths: 4096, seed: 1, sampler: philox}}
scenarios:
  base: {{story: As it is., weight: 0.5, source: judgement, set: {{}}}}
  bull: {{story: More., weight: 0.3, source: judgement, set: {{drivers.ev_to_sales.marginal.median: 6}}}}
  bear: {{story: Less., weight: 0.2, source: judgement, set: {{drivers.ev_to_sales.marginal.median: 4}}}}
"""


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory, kernel_cache: Path) -> Path:
    """Two runs of the toy with 8,192 paths: as it stands, and with a higher multiple under another seed."""
    folder = tmp_path_factory.mktemp("changes")
    study = folder / "toys.yaml"
    study.write_text(SCENARIOS.format(toy=TOY), encoding="utf-8")
    sim("run", TOY, "--paths", 8192, "--out", folder, "--no-pack", "--quiet")
    sets = ("--set", "drivers.ev_to_sales.marginal.median=6", "--set", "drivers.shares.marginal.value=2.2")
    sim("run", TOY, "--paths", 8192, "--seed", 9, *sets, "--out", folder, "--no-pack", "--quiet")
    return folder


def ids(out: Path) -> list[str]:
    """The toy as it stands, then the one with the higher multiple."""
    return [row["run"] for row in sorted(json_of("ls", "--out", out)["runs"], key=lambda row: row["seed"])]


# --- prob ---


def test_prob_asks_the_studys_target_by_default(out: Path) -> None:
    found = json_of("prob", ids(out)[0], "--out", out)
    assert (found["output"], found["at_least"]) == ("value_per_share", 360)
    assert found["shortfall_below"]["value"] > 0
    low, middle, high = (found["needed_for"][p]["value"] for p in ("0.5", "0.25", "0.1"))
    assert low < middle < high
    assert found == json_of("prob", ids(out)[0], "Value per share >= 360", "--out", out)
    assert sim("prob", ids(out)[0], "--out", out).stdout.startswith("Value per share reaches $360 on ")


def test_prob_of_a_fiscal_year_by_label(out: Path) -> None:
    one = json_of("prob", ids(out)[0], "Revenue FY2027 >= 500", "--out", out)
    assert one["output"] == "revenue.FY2027"
    words = ("--output", "Revenue", "--period", "FY2027", "--ge", 500)
    assert json_of("prob", ids(out)[0], *words, "--out", out) == one
    assert "Revenue FY27E reaches" in sim("prob", ids(out)[0], *words, "--out", out).stdout


def test_prob_split_and_figure(out: Path) -> None:
    run = ids(out)[0]
    found = json_of("prob", run, "--split", "--figure", "--out", out)
    shares = found["split"]["variance"]
    assert set(shares) == {"business", "multiples"}
    assert sum(share["value"] for share in shares.values()) == pytest.approx(1, abs=1e-12)
    assert found["split"]["members"]["multiples"] == ["ev_to_sales"]
    assert all(Path(file).stat().st_size for file in found["files"])
    stored = list((out / "toy" / run / "analysis").glob("prob-*.json"))
    assert any(json.loads(file.read_text())["result"].get("split") for file in stored)
    said = sim("prob", run, "Revenue FY2027 >= 500", "--split", "--out", out).stdout
    assert "No split: revenue.FY2027 moves with the business alone" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["Revenue >= 500"], "FY2026 to FY2027"),
        (["Revenue FY2027"], "has no target of its own"),
        (["Revenue FY2027 >= 5", "--ge", 5], "has a threshold already"),
        (["value_per_share >= 5", "--output", "revenue"], "names the output already"),
        (["value_per_share >= RMB 5"], "not in the unit"),
    ],
)
def test_prob_mistakes(out: Path, words: list[object], said: str) -> None:
    done = sim("prob", ids(out)[0], *words, "--out", out, code=2)
    assert said in done.stderr
    assert done.stdout == ""


# --- bridge ---


def test_the_two_goldman_studies(tmp_path: Path) -> None:
    """Cloud +$7, of it revenue about +$0.47 and the multiple (or out-years) +$6.53; the rest +$9; all within $0.05."""
    found = json_of("bridge", *GOLDMAN, "--out", tmp_path)
    mean = found["statistics"]["mean"]
    assert mean["change"]["value"] == pytest.approx(16, abs=0.05)
    steps = {p["drivers"][0]: s["value"] for p, s in zip(found["players"], mean["steps"], strict=True)}
    expected = {"remaining_quarters_growth": 0.47, "cloud_ev_to_sales": 6.53, "ecommerce_pe": 9.0}
    assert steps == pytest.approx(expected, abs=0.05)
    cloud, rest = (found["parts"][name]["change"]["value"] for name in ("cloud_per_ads", "rest_per_ads"))
    assert (cloud, rest) == (pytest.approx(7, abs=0.05), pytest.approx(9, abs=0.05))
    assert sum(steps.values()) == pytest.approx(mean["after"] - mean["before"], rel=1e-12)
    assert found["certain"]
    text = sim("bridge", *GOLDMAN, "--out", tmp_path, "--no-pack").stdout
    assert text.startswith("Value per ADS rises from $163 to $179: Core e-commerce P/E +$9.00")
    assert "Cloud +$7.00: Cloud EV / FY26E sales +$6.52" in text
    assert {path.suffix for path in everything_below(tmp_path) if path.is_file()} == {".json", ".png", ".svg", ".csv"}


def test_bridge_of_stored_runs_with_other_seeds(out: Path) -> None:
    """Both are drawn with the first one's seed; steps: multiple up by 6/5, shares up by a tenth."""
    first, second = ids(out)
    found = json_of("bridge", first, second, "--out", out, "--no-pack")
    assert found["redrawn"]
    assert {p["drivers"][0] for p in found["players"]} == {"ev_to_sales", "shares"}
    mean = found["statistics"]["mean"]
    assert mean["after"] / mean["before"] == pytest.approx(6 / 5 / 1.1, rel=1e-9)
    for change in found["statistics"].values():
        total = sum(step["value"] for step in change["steps"])
        assert total == pytest.approx(change["after"] - change["before"], abs=1e-12 * abs(change["before"]))
    merged = json_of("bridge", first, second, "--group", "all=ev_to_sales,shares", "--out", out, "--no-pack")
    assert [player["name"] for player in merged["players"]] == ["all"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["toy", "toy"], "the same value on every path"),
        (["toy", "nobody"], 'no run "nobody"'),
        (["--group", "g=mean_growth"], "mean_growth is the same in both"),
        (["--group", "g=sharez"], 'did you mean "shares"?'),
        (["--group", "g"], "is no group"),
        (["--group", "g=shares", "--group", "h=shares"], "is in two groups"),
        (["--output", "nothing"], 'no column "nothing"'),
    ],
)
def test_bridge_mistakes(out: Path, words: list[str], said: str) -> None:
    runs = ids(out) if words[0].startswith("--") else []
    done = sim("bridge", *runs, *words, "--out", out, code=2)
    assert said in done.stderr
    assert done.stdout == ""


# --- compare ---


def test_scenarios_of_a_study_with_their_weights(out: Path) -> None:
    found = json_of("compare", out / "toys.yaml", "--out", out)
    assert [(case["name"], case["weight"]) for case in found["cases"]] == [("base", 0.5), ("bull", 0.3), ("bear", 0.2)]
    mixed = sum(case["weight"] * case["reaches"]["value"] for case in found["cases"])
    assert found["mixture"]["reaches"]["value"] == pytest.approx(mixed, rel=1e-12)
    bull, bear = found["differences"]
    assert bull["mean"]["value"] > 0 > bear["mean"]["value"]
    assert bull["drivers"][0]["name"] == "EV / quarterly sales"
    assert len(found["files"]) == 3
    text = sim("compare", out / "toys.yaml", "--no-pack", "--out", out).stdout
    assert text.startswith("Value per share reaches")
    assert "once scenarios are weighted" in " ".join(text.split())


def test_stored_runs_and_given_weights(out: Path) -> None:
    found = json_of("compare", *ids(out), "--weights", "0.6,0.4", "--out", out, "--no-pack")
    assert found["differences"][0]["redrawn"]
    # 6/5 / 1.1 of every path: the difference is a constant share of the value itself
    assert found["differences"][0]["higher"]["value"] == 1.0
    assert found["mixture"]["weight"] == 1.0
    assert "the seeds differ" in sim("compare", *ids(out), "--no-pack", "--out", out).stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["toy"], "name two runs or more"),
        ([str(TOY)], "has no scenarios to compare"),
        (["toy", "toy", "--weights", "0.5"], "1 weights for 2 runs"),
        (["toy", "toy", "--weights", "0.5,0.4"], "add up to 0.9"),
        (["toy", "toy", "--weights", "a,b"], "are no weights"),
        (["toy", "toy", "--weights", "1.5,-0.5"], "outside 0 to 1"),
    ],
)
def test_compare_mistakes(out: Path, words: list[str], said: str) -> None:
    assert said in sim("compare", *words, "--out", out, code=2).stderr


# --- sweep ---


def sweep_of(out: Path, *words: object) -> dict[str, Any]:
    return json_of("sweep", TOY, "--paths", 4096, "--out", out, "--no-pack", *words)


def test_a_held_driver_and_a_leaf_of_its_marginal(out: Path) -> None:
    """The value is proportional to the multiple: held at it, or its median set to it, it moves in proportion."""
    held = sweep_of(out, "--set", "ev_to_sales=4,5,6")
    means = [cell["mean"]["value"] for cell in held["cells"]]
    assert means == pytest.approx([means[1] * k / 5 for k in (4, 5, 6)], rel=1e-12)
    assert held["axes"][0]["held"]
    leaf = sweep_of(out, "--set", "drivers.ev_to_sales.marginal.median=4,5,6")
    means = [cell["mean"]["value"] for cell in leaf["cells"]]
    assert means == pytest.approx([leaf["base"]["mean"]["value"] * k / 5 for k in (4, 5, 6)], rel=1e-9)
    assert leaf["axes"][0]["current"] == 1
    assert leaf["cells"][1]["difference"]["value"] == 0
    assert leaf["kernels"] == 1  # one text for every cell: compiled once


def test_a_grid(out: Path) -> None:
    words = ("--set", "ev_to_sales=4,5,6", "--set", "drivers.mean_growth.marginal.mean=0.02,0.03", "--ge", 300)
    found = json_of("sweep", TOY, "--paths", 4096, "--out", out, *words)
    assert len(found["cells"]) == 6
    means = [cell["mean"]["value"] for cell in found["cells"]]
    assert means[0] / means[4] == pytest.approx(4 / 6, rel=1e-12)
    assert means[1] > means[0]
    assert len(found["files"]) == 3
    text = sim("sweep", TOY, "--paths", 4096, "--out", out, "--no-pack", *words).stdout
    assert text.startswith("Value per share has a mean of")


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        (["ev_to_sales=5"], "nothing is swept"),
        (["ev_to_sales"], "has no value"),
        (["ev_to_sales=5,x"], '"x" is no number'),
        (["ev_to_sales=5,5"], "empty or repeated"),
        (["ev_to_salez=5,6"], "ev_to_salez"),
        (["ev_to_sales=1,2", "shares=1,2", "mean_growth=1,2"], "sweep one or two"),
        (["drivers.ev_to_sales.marginal.sd_log=0.1,-1"], "drivers.ev_to_sales.marginal.sd_log"),
        (["ev_to_sales=" + ",".join(map(str, range(1, 402)))], "401 cells are more than"),
    ],
)
def test_sweep_mistakes(tmp_path: Path, sets: list[str], said: str) -> None:
    done = sim("sweep", TOY, *(w for text in sets for w in ("--set", text)), "--out", tmp_path, code=2)
    assert said in done.stderr
    assert everything_below(tmp_path) == []


# --- convergence ---


def test_convergence(out: Path) -> None:
    found = json_of("convergence", ids(out)[0], "--out", out)
    assert [step["paths"] for step in found["steps"]] == [1024, 2048, 4096, 8192]
    assert found["verdicts"]["side"]["says"] == "more likely missed than reached"
    assert found["verdicts"]["side"]["chance_of_change"] < 1e-6
    assert len(found["files"]) == 3
    assert sim("convergence", ids(out)[0], "--out", out, "--no-pack").stdout.startswith("Enough: Value per share ≥ ")
    unsure = sim("convergence", ids(out)[0], "--ge", 317.8, "--out", out, "--no-pack").stdout
    assert unsure.startswith("Not enough: ")
