"""The studies that are shipped: every number has a unit and a source, and what comes out is what their texts say."""

from __future__ import annotations

import csv
import json
import re
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from scipy import stats

from sim import config
from sim.cli import main
from sim.config.schema import Study
from tests.conftest import CONFIGS

STUDIES = ("base", "bull", "bear", "goldman_163", "goldman_179", "growth", "toy")
SCENARIOS = ("base", "bull", "bear", "omdia")
README = (CONFIGS / "README.md").read_text(encoding="utf-8")
WITHOUT_SOURCE = {"judgement", "definition"}


@cache
def study(name: str) -> Study:
    reading = config.load(CONFIGS / f"{name}.yaml")
    assert reading.study is not None, reading.problems
    return reading.study


def run(name: str, out: Path, *options: str) -> dict[str, Any]:
    """`sim run configs/NAME.yaml --json`, nothing of it kept."""
    words = ["run", str(CONFIGS / f"{name}.yaml"), "--json", "--no-pack", "--keep", "none", "--out", str(out), *options]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, kernel_cache: Path) -> dict[str, Any]:
    return run("base", tmp_path_factory.mktemp("base"), "--paths", "131072")


def leaf(printed: dict[str, Any], column: str) -> dict[str, Any]:
    """An output column's summary: ``value_per_ads`` or ``cloud_revenue.FY2027``."""
    cell, _, period = column.partition(".")
    found: dict[str, Any] = printed["outputs"][cell][period] if period else printed["outputs"][cell]
    return found


# --- documentation of every number ---


def test_every_study_that_is_shipped_is_listed_and_tested() -> None:
    """No study file lies in configs/ that these tests do not know; the README names each."""
    files = {path.stem for path in CONFIGS.glob("*.yaml")}
    assert files == set(STUDIES)
    for name in files:
        assert f"`{name}.yaml`" in README


@pytest.mark.parametrize("name", STUDIES)
def test_every_number_has_a_unit_and_a_source(name: str) -> None:
    known = study(name)
    drivers = {f"drivers.{key}": (driver.unit, driver.sources) for key, driver in known.drivers.items()}
    openings = {f"openings.{k}": (o.unit, o.sources) for k, o in known.openings.items() if o.value is not None}
    schedules = {f"schedules.{key}": (schedule.unit, schedule.sources) for key, schedule in known.schedules.items()}
    reported = {
        f"reported.{cell}.{quarter}": (figure.unit, figure.sources)
        for cell, by_quarter in known.reported.items()
        for quarter, figure in by_quarter.items()
    }
    for where, (unit, sources) in (drivers | openings | schedules | reported).items():
        assert unit, where
        assert sources, where
        assert set(sources) <= set(known.sources) | WITHOUT_SOURCE, where
    for pair in known.dependence.correlations:
        assert pair.sources, pair.between
    for key, scenario in known.scenarios.items():
        assert scenario.story, key
        assert scenario.sources or not scenario.set, key


@pytest.mark.parametrize("name", STUDIES)
def test_every_source_is_dated_before_the_study(name: str) -> None:
    """Nothing published after 17 September 2025, not even by a day; nothing implausibly old."""
    known = study(name)
    assert known.as_of == date(2025, 9, 17)
    for key, source in known.sources.items():
        assert date(2015, 1, 1) <= source.date <= known.as_of, key
        assert source.title, key
        assert source.publisher, key
        assert source.url or source.note, key
    for text in (*(d.note or "" for d in known.drivers.values()), *(s.note or "" for s in known.sources.values())):
        assert not re.search(r"\b(October|November|December) 2025\b|\b2026-\d\d-\d\d\b", text), text


def test_every_source_is_used() -> None:
    """A source that no number rests on is not one; the history file and outputs count as use."""
    known = study("base")
    used = {s for d in known.drivers.values() for s in d.sources} | {"gs_2025_09", "cloud_history"}
    used |= {s for by_quarter in known.reported.values() for figure in by_quarter.values() for s in figure.sources}
    used |= {s for scenario in known.scenarios.values() for s in scenario.sources}
    used |= set(known.target.sources) if known.target else set()
    assert set(known.sources) - used == set()


def test_grades_agree_with_sources() -> None:
    """A filed number cites a filing or release, never a judgement; what is judged is graded D."""
    for name in STUDIES:
        for key, driver in study(name).drivers.items():
            assert driver.grade in {"A", "B", "C", "D"}, key
            if "judgement" in driver.sources:
                assert driver.grade == "D", (name, key)


def test_history_ends_with_the_last_reported_quarter_and_says_what_is_recalled() -> None:
    with (CONFIGS / "alibaba" / "history.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    ends = [date.fromisoformat(row["quarter_end"]) for row in rows]
    assert ends == sorted(ends)
    assert ends[-1] == date(2025, 6, 30)
    assert float(rows[-1]["revenue_rmb_m"]) == 33398
    assert {row["basis"] for row in rows} == {"A", "A2", "B"}
    assert all(row["source"] and row["status"] for row in rows)
    assert any(row["status"] == "unverified" for row in rows)


def test_scenario_weights_add_up_and_stories_are_told() -> None:
    scenarios = study("base").scenarios
    assert set(scenarios) == set(SCENARIOS)
    assert sum(s.weight or 0 for s in scenarios.values()) == pytest.approx(1, abs=1e-12)
    assert scenarios["omdia"].weight is None
    assert scenarios["base"].set == {}


# --- the statements of the source note (Goldman Sachs, 17 September 2025), where configs/README.md says they live ---


def test_tokens_are_those_of_the_note() -> None:
    drivers = study("base").drivers
    assert drivers["half_year_tokens"].marginal.value == 10.2  # type: ignore[union-attr]
    assert drivers["half_year_token_growth"].marginal.value == 3.63  # type: ignore[union-attr]
    for name in ("half_year_tokens", "half_year_token_growth"):
        assert "gs_2025_09" in drivers[name].sources


def test_the_share_prior_carries_the_notes_evidence() -> None:
    share = study("base").drivers["long_run_share"]
    assert share.marginal.high == 0.47  # type: ignore[union-attr]
    assert {"gs_2025_09", "omdia_h1_2025"} <= set(share.sources)
    for words in ("47%", "27%", "Fortune", "17.7", "14.1", "10.3", "ERNIE X1.1", "Hunyuan"):
        assert words in (share.note or "")


def test_the_notes_other_statements_are_evidence_of_their_drivers() -> None:
    drivers = study("base").drivers
    said = {
        "capex_growth": ("39%",),
        "long_run_chip_availability": ("self-developed inference chips", "multi-chip"),
        "initial_efficiency_gain": ("Qwen3-Next", "ten times", "a tenth"),
        "opening_token_price": ("US$1.5bn", "5% of the"),
    }
    for name, words in said.items():
        assert "gs_2025_09" in drivers[name].sources or "gs_2025_09" in (drivers[name].note or ""), name
        for each in words:
            assert each in (drivers[name].note or ""), (name, each)
    note = study("base").innovations["competition_innovation"].note or ""
    assert "ByteDance" in note
    assert "DeepSeek" in note


def test_the_target_went_from_163_to_179() -> None:
    target = study("base").target
    assert target is not None
    assert (target.previous, target.at_least, target.price) == (163, 179, 166)
    assert target.sources == ("gs_2025_09",)
    for name, goal in (("goldman_163", 163), ("goldman_179", 179)):
        own = study(name).target
        assert own is not None
        assert own.at_least == goal


def test_the_readme_lists_every_statement_of_the_note() -> None:
    section = README.split("## Where each statement of the source note lives")[1].split("\n## ")[0]
    for words in (
        "10.2",
        "+363%",
        "$163 -> $179",
        "47%",
        "chips",
        "Fortune 500",
        "+39%",
        "Qwen3-Next",
        "US$1.5bn",
        "Hunyuan",
    ):
        assert words in section
    for name in re.findall(r"`([a-z_]+)`", section):
        known = study("base")
        everything = {*known.drivers, *known.innovations, *known.openings, *(o.cell for o in known.outputs)}
        everything |= {"target", "ai_cloud_market", "opening_token_growth", "opening_tokens"}
        assert name in everything, name


# --- what comes out ---


@pytest.mark.parametrize(
    ("name", "cloud", "rest", "value"), [("goldman_163", 36, 127, 163), ("goldman_179", 43, 136, 179)]
)
def test_goldmans_sums_of_the_parts(name: str, cloud: float, rest: float, value: float, tmp_path: Path) -> None:
    """Within five cents, and certain: every driver is fixed."""
    printed = run(name, tmp_path)
    for column, dollars in (("cloud_per_ads", cloud), ("rest_per_ads", rest), ("value_per_ads", value)):
        assert printed["outputs"][column]["mean"] == pytest.approx(dollars, abs=0.05)
        assert printed["outputs"][column]["sd"] == pytest.approx(0, abs=1e-9)
        assert printed["outputs"][column]["unit"] == "US$/ADS"


def test_goldmans_change_of_the_cloud_is_the_multiple(tmp_path: Path) -> None:
    """Of +$7 about $0.47 is revenue, about $6.53 the multiple: one driver changed at a time."""
    before = run("goldman_163", tmp_path)["outputs"]["cloud_per_ads"]["mean"]
    growth = ("--set", "drivers.remaining_quarters_growth.marginal.value=0.31")
    grown = run("goldman_163", tmp_path, *growth)["outputs"]["cloud_per_ads"]["mean"]
    after = run("goldman_179", tmp_path)["outputs"]["cloud_per_ads"]["mean"]
    revenue = grown * (1 + (after / grown - 1) / 2) - before * (1 + (after / grown - 1) / 2)  # mean of both orders
    assert after - before == pytest.approx(7, abs=0.05)
    assert revenue == pytest.approx(0.47, abs=0.05)
    assert after - before - revenue == pytest.approx(6.53, abs=0.05)


# Rough figures that the model was planned with, as the README repeats them: P5, P50, P95.
PLANNED = {
    "ai_cloud_revenue.FY2026": (24, 27, 32),
    "ai_cloud_revenue.FY2027": (34, 48, 65),
    "ai_cloud_revenue.FY2028": (41, 68, 101),
    "cloud_revenue.FY2026": (142, 151, 160),
    "cloud_revenue.FY2027": (154, 186, 223),
    "cloud_revenue.FY2028": (160, 220, 292),
    "group_capex.FY2026": (118, 134, 156),
    "cloud_revenue.2025Q3": (35.4, 37.6, 40.0),
    "cloud_revenue.2025Q4": (37.2, 40.4, 44.0),
    "cloud_revenue.2026Q1": (35.1, 39.3, 44.0),
    "cloud_per_ads_by_multiple": (23, 43, 79),
    "value_per_ads": (125, 170, 235),
}


# Where base left the plan: the record asks for wider growth shocks than the plan had (configs/README.md says why).
LEFT = {("ai_cloud_revenue.FY2028", "5"): 37.0, ("cloud_revenue.FY2028", "5"): 144.0}


@pytest.mark.parametrize("column", list(PLANNED))
def test_the_base_case_lies_where_it_was_planned(base: dict[str, Any], column: str) -> None:
    """Within 10% of the plan, and where base left it within 2% of what the fitted shocks give."""
    found = leaf(base, column)["percentiles"]
    for p, planned in zip(("5", "50", "95"), PLANNED[column], strict=True):
        expected = pytest.approx(LEFT[column, p], rel=0.02) if (column, p) in LEFT else pytest.approx(planned, rel=0.1)
        assert found[p] == expected, f"P{p}"


ROWS = {
    "AI-cloud revenue": "ai_cloud_revenue",
    "Cloud revenue": "cloud_revenue",
    "Group capex": "group_capex",
    "Cloud revenue, September quarter 2025": "cloud_revenue.2025Q3",
    "December quarter 2025": "cloud_revenue.2025Q4",
    "March quarter 2026": "cloud_revenue.2026Q1",
    "Cloud per ADS by multiple": "cloud_per_ads_by_multiple",
    "Cloud per ADS by DCF": "cloud_per_ads_by_dcf",
    "Value per ADS": "value_per_ads",
}


WORDS = ("target", "previous target")


def readme_rows() -> dict[str, list[str]]:
    """Column of results -> its three numbers as printed in the README's table of the base case."""
    found: dict[str, list[str]] = {}
    cell = ""
    for what, model in re.findall(r"^\| ([^|]+?) \| (-?[\d.]+ / -?[\d.]+ / -?[\d.]+) \|", README, re.MULTILINE):
        year = re.search(r"FY\d{4}$", what)
        label = what.removesuffix(year[0]).strip() if year else what
        if label:
            cell = ROWS.get(label, "")
        if cell:
            found[f"{cell}.{year[0]}" if year else cell] = model.split(" / ")
    return found


def test_the_readmes_table_is_what_the_run_gives(base: dict[str, Any]) -> None:
    """Each number to its last printed digit, give or take 1% and five standard errors."""
    rows = readme_rows()
    assert len(rows) >= 15
    wrong = []
    for column, texts in rows.items():
        found = leaf(base, column)
        for p, text in zip(("5", "50", "95"), texts, strict=True):
            decimals = len(text.partition(".")[2])
            margin = 0.5 * 10.0**-decimals + 0.01 * abs(found["percentiles"][p]) + 5 * found["percentile_errors"][p]
            if abs(found["percentiles"][p] - float(text)) > margin:
                wrong.append(f"{column} P{p}: printed {text}, found {found['percentiles'][p]:.4g}")
    assert not wrong, "; ".join(wrong)


def test_the_readmes_probabilities_are_what_the_run_gives(base: dict[str, Any]) -> None:
    """Chances of the targets and shares of quarters, to the printed digit and five standard errors."""
    target = base["target"]
    found = {
        "P(value >= 179), P(value >= 163)": [
            1 - target["percentile_of"][w]["percentile"]["probability"] for w in WORDS
        ],
        "P(value >= 179), multiple alone, DCF alone": [a["probability"] for a in target["alternatives"].values()],
        "Supply binds FY2026, FY2030, FY2035": [
            leaf(base, f"supply_binds.{year}")["mean"] for year in ("FY2026", "FY2030", "FY2035")
        ],
    }
    error = 5 * 0.5 / base["paths"] ** 0.5
    for label, shares in found.items():
        (printed,) = re.findall(rf"^\| {re.escape(label)} \| ([^|]+) \|", README, re.MULTILINE)
        texts = printed.split(", ")
        values = [float(text.rstrip("%")) / (100 if text.endswith("%") else 1) for text in texts]
        assert shares == pytest.approx(values, abs=0.0051 + error), label


def test_the_base_case_says_what_it_must(base: dict[str, Any]) -> None:
    """The honest headline: two multiples matter, tokens hardly; the three rows of value; a warning about returns."""
    strength = {driver["driver"]: abs(driver["rank_correlation"]) for driver in base["top_drivers"]}
    assert set(list(strength)[:2]) == {"ecommerce_pe", "cloud_ev_to_sales"}
    assert strength["momentum_half_life"] < 0.1
    assert set(base["target"]["alternatives"]) == {"multiple alone", "DCF alone"}
    chances = [base["target"]["alternatives"][row]["probability"] for row in ("DCF alone", "multiple alone")]
    assert chances[0] < base["target"]["probability"] < chances[1]
    assert any("AI capital earns less than the WACC" in text for text in base["warnings"])
    assert base["invalid_paths"] == 0


def test_scenarios_lie_on_their_sides_of_the_base(base: dict[str, Any], tmp_path: Path) -> None:
    bull, bear = (run("base", tmp_path, "--scenario", name, "--paths", "20000") for name in ("bull", "bear"))
    for column in ("value_per_ads", "cloud_revenue.FY2028", "ai_cloud_revenue.FY2030", "cloud_per_ads_by_dcf"):
        # Medians: the DCF's tail is too heavy for a mean.
        low, middle, high = (leaf(printed, column)["percentiles"]["50"] for printed in (bear, base, bull))
        assert low < middle < high, column
    assert bear["target"]["probability"] < base["target"]["probability"] < bull["target"]["probability"]


def stated_in_toy() -> dict[str, float]:
    """Numbers of the closed form in the head of configs/toy.yaml, by the word before each."""
    head = (CONFIGS / "toy.yaml").read_text(encoding="utf-8").split("\nstudy:")[0]
    found = {
        word: float(number)
        for word, number in re.findall(r"\b(mean|sd|P\d+) ([\d.]+\d)", head.split("growth_a_year")[0])
    }
    chances = re.findall(r"P\((?:value_per_share )?>= (\d+)\) = ([\d.]+\d)", head)
    return found | {f">= {threshold}": float(chance) for threshold, chance in chances}


def test_the_toy_agrees_with_its_closed_form(tmp_path: Path) -> None:
    """Student-t bounds of 1e-6 on a million paths: a mean wrong by 0.001 of itself is surely seen."""
    stated = stated_in_toy()
    assert set(stated) == {"mean", "sd", "P5", "P25", "P50", "P75", "P95", ">= 360", ">= 300"}
    printed = run("toy", tmp_path, "--paths", "1048576")
    found, bound = printed["outputs"]["value_per_share"], stats.t.isf(5e-7, printed["paths"] - 1)
    assert abs(found["mean"] - stated["mean"]) <= bound * found["standard_error"]
    for p in ("5", "25", "50", "75", "95"):
        assert abs(found["percentiles"][p] - stated[f"P{p}"]) <= bound * found["percentile_errors"][p], f"P{p}"
    target = printed["target"]
    assert abs(target["probability"] - stated[">= 360"]) <= bound * target["standard_error"]
    price = target["percentile_of"]["price"]
    assert price["at_least"] == 300
    assert abs(price["probability"] - stated[">= 300"]) <= bound * price["standard_error"]
    # sd of a lognormal's estimate, from its fourth moment (Kendall and Stuart 1977, section 10.8)
    w = 1 + (stated["sd"] / stated["mean"]) ** 2
    kurtosis = w**4 + 2 * w**3 + 3 * w**2 - 3
    error = stated["sd"] * ((kurtosis - 1) / 4 / printed["paths"]) ** 0.5
    assert abs(found["sd"] - stated["sd"]) <= bound * error
    growth = printed["outputs"]["growth_a_year"]
    assert abs(growth["mean"] - 0.12) <= bound * growth["standard_error"]
    assert printed["central"]["value_per_share"] == pytest.approx(stated["P50"], rel=1e-12)
