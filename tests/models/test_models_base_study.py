"""The study files as a whole: they bind, they are documented, and one path through the base case makes sense."""

from pathlib import Path

import pytest

from sim import config, pipeline
from sim.cells.evaluate import evaluate

CONFIGS = Path(__file__).parents[2] / "configs"
STUDIES = ("base", "bull", "bear", "goldman_163", "goldman_179", "growth", "toy")


@pytest.fixture(scope="module")
def base():
    return pipeline.check(CONFIGS / "base.yaml")


def most_likely(marginal):
    """The mode of a PERT or a beta, the median of the others."""
    match marginal.kind:
        case "pert":
            return marginal.mode
        case "beta":
            return (marginal.alpha - 1) / (marginal.alpha + marginal.beta - 2)
        case "lognormal":
            return marginal.median or (marginal.p10 * marginal.p90) ** 0.5
        case "normal":
            return marginal.mean
    return marginal.value


def trace_of(checked, **changed):
    study, calendar = checked.study, checked.study.calendar
    return evaluate(
        checked.graph,
        {name: most_likely(driver.marginal) for name, driver in study.drivers.items()} | changed,
        {name: opening.value for name, opening in study.openings.items() if opening.value is not None},
        {name: [0.0] * calendar.periods for name in study.innovations},
        {name: schedule.series(calendar) for name, schedule in study.schedules.items()},
        {name: (calendar.index(w.from_), calendar.index(w.to), w.how) for name, w in study.windows.items()},
        calendar.periods,
    )


@pytest.fixture(scope="module")
def path(base):
    return trace_of(base)


@pytest.mark.parametrize("name", STUDIES)
def test_studies_are_right_and_documented(name):
    study = pipeline.check(CONFIGS / f"{name}.yaml").study
    for key, driver in study.drivers.items():
        assert driver.note, key
        assert driver.grade, key
        assert driver.label != key.replace("_", " "), key
        assert "judgement" not in driver.sources or driver.grade == "D", key
    of_drivers = [d.dimension for d in study.drivers.values() if d.dimension is not None]
    of_innovations = [d.dimension + k for d in study.innovations.values() if d.dimension is not None for k in range(4)]
    dimensions = sorted([*of_drivers, *of_innovations])
    assert dimensions == list(range(1, len(dimensions) + 1))
    assert {key for key, d in study.drivers.items() if d.dimension is None and d.marginal.kind != "fixed"} == set()
    assert all(source.date <= study.as_of for source in study.sources.values())


@pytest.mark.parametrize("scenario", ["base", "bull", "bear", "omdia"])
def test_scenarios_can_be_laid_over_the_base(scenario):
    assert pipeline.check(CONFIGS / "base.yaml", scenario=scenario).study.model == "alibaba"


@pytest.mark.parametrize("name", ["bull", "bear"])
def test_a_scenario_and_its_own_file_say_the_same(name):
    as_scenario = pipeline.check(CONFIGS / "base.yaml", scenario=name).study
    as_file = pipeline.check(CONFIGS / f"{name}.yaml").study
    assert {k: d.marginal for k, d in as_file.drivers.items()} == {
        k: d.marginal for k, d in as_scenario.drivers.items()
    }
    assert as_file.drivers != config.load(CONFIGS / "base.yaml").study.drivers


def test_the_target_and_its_drivers_are_the_same_numbers(base):
    target, drivers = base.study.target, base.study.drivers
    assert drivers["target_per_ads"].marginal.value == target.at_least
    assert drivers["price_per_ads"].marginal.value == target.price
    assert drivers["cost_of_equity"].marginal.mode == target.hurdle


def test_the_source_note_is_in_the_study(base):
    drivers = base.study.drivers
    assert drivers["half_year_tokens"].marginal.value == 10.2
    assert drivers["half_year_token_growth"].marginal.value == 3.63
    assert drivers["long_run_share"].marginal.high == 0.47
    assert "39%" in drivers["capex_growth"].note
    assert "5% of the" in drivers["opening_token_price"].note
    assert "ten times" in drivers["initial_efficiency_gain"].note
    for rival in ("17.7", "14.1", "10.3", "ERNIE X1.1", "Hunyuan", "Fortune"):
        assert rival in drivers["long_run_share"].note
    assert "multi-chip" in drivers["long_run_chip_availability"].note


def test_columns_reach_every_fiscal_year(base):
    names = {column.name for column in base.columns}
    assert {f"ai_cloud_revenue.FY{year}" for year in range(2026, 2036)} <= names
    assert {"value_per_ads", "value_per_ads_by_multiple", "value_per_ads_by_dcf", "cloud_revenue.2025Q3"} <= names
    first = next(column for column in base.columns if column.name == "cloud_revenue.FY2026")
    assert (first.first, first.last, first.reported) == (1, 3, (33.398,))


def total(path, cell, first, last):
    return sum(path.periods[t - 1][cell] for t in range(first, last + 1))


def test_the_most_likely_path_lies_in_the_planned_range(path):
    """P5 and P95 of the rough prototype, which knew the same facts."""
    assert 34 < total(path, "ai_cloud_revenue", 4, 7) < 65
    assert 154 < total(path, "cloud_revenue", 4, 7) < 223
    assert 49 < total(path, "ai_cloud_revenue", 16, 19) < 176
    assert 35.4 < path.periods[0]["cloud_revenue"] < 40.0
    assert 83 < total(path, "ai_cloud_market", 3, 6) < 127
    assert 23 < path.horizon["cloud_per_ads_by_multiple"] < 79
    assert -16 < path.horizon["cloud_per_ads_by_dcf"] < 24
    assert 125 < path.horizon["value_per_ads"] < 235


def test_the_plan_is_spent_and_chips_add_to_it(base, path):
    assert total(path, "planned_capex", 1, 11) == pytest.approx(380 - 38.6, rel=1e-12)
    held = trace_of(base, long_run_chip_availability=0.75)
    assert total(held, "group_capex", 1, 11) == pytest.approx(380 - 38.6, rel=1e-12)
    assert total(path, "group_capex", 1, 11) > 380 - 38.6


def test_capital_rolls_forward_with_the_lag(path):
    paid = [24.6 * 0.65, 38.6 * 0.65, *(p["ai_capex"] for p in path.periods)]
    capital = 48.0
    for t, period in enumerate(path.periods):
        capital = capital * (1 - 0.20 / 4) + paid[t]
        assert period["ai_capital"] == pytest.approx(capital, rel=1e-12)


def test_cash_is_counted_once(path):
    flows = sum(p["cloud_free_cash_flow"] for p in path.periods[:5])
    shops = sum(p["core_ecommerce_ebita"] for p in path.periods[:5]) * 0.79 * 0.93
    assert path.windows["valuation_net_cash"] == pytest.approx(344 + flows + shops - 8 - 8 - 35 - 35, rel=1e-12)


def test_the_dcf_is_the_sum_of_its_years(path):
    factor = {t: 1.10 ** -((t - 5) / 4) for t in range(6, 40)}
    explicit = sum(path.periods[t - 1]["cloud_free_cash_flow"] * factor[t] for t in factor)
    last = total(path, "cloud_nopat", 36, 39) * 1.02 * (1 - 0.02 / 0.12) / (0.10 - 0.02)
    assert path.horizon["cloud_value_by_dcf"] == pytest.approx(explicit + last * factor[39], rel=1e-10)


def test_value_is_the_sum_of_its_parts(base, path):
    parts = ("cloud", "ecommerce", "net_cash", "stakes", "holding_discount", "head_office", "minorities")
    value = sum(path.horizon[f"{part}_per_ads"] for part in parts)
    value += sum(path.horizon[f"segment_per_ads[{member}]"] for member in base.study.families["segment"])
    assert path.horizon["value_per_ads"] == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("at", ["price", "target"])
def test_what_is_implied_gives_the_number_back(base, path, at):
    implied = path.horizon[f"implied_multiple_at_{at}"]
    alone = {"dcf_weight": 0.0, "multiple_growth_sensitivity": 0.0, "cloud_ev_to_sales": implied}
    value = trace_of(base, **alone).horizon["value_per_ads"]
    assert value == pytest.approx({"price": 166, "target": 179}[at], rel=1e-10)


def test_no_money_for_nothing(base):
    """A dearer WACC lowers the DCF and leaves the multiple; more idle capital lowers the DCF."""
    now, dearer = trace_of(base).horizon, trace_of(base, wacc=0.12).horizon
    assert dearer["cloud_value_by_dcf"] < now["cloud_value_by_dcf"]
    assert dearer["cloud_value_by_multiple"] == pytest.approx(now["cloud_value_by_multiple"], rel=1e-12)
    assert trace_of(base, plan_multiple=1.4).horizon["cloud_value_by_dcf"] < now["cloud_value_by_dcf"]


@pytest.mark.parametrize("extreme", ["low", "high"])
def test_extremes_stay_finite_and_possible(base, extreme):
    ends = {n: getattr(d.marginal, extreme) for n, d in base.study.drivers.items() if d.marginal.kind == "pert"}
    path = trace_of(base, **ends)
    assert all(abs(value) < 1e9 for value in path.horizon.values())
    for period in path.periods:
        assert 0 <= period["cloud_share"] <= 1
        assert period["ai_capex"] >= 0
        assert period["other_capex"] >= 0
        assert period["ai_cloud_revenue"] <= period["ai_demand"]


def test_a_business_can_be_added_without_touching_a_formula(tmp_path, path):
    """The example of configs/README.md, as written there."""
    text = (CONFIGS / "README.md").read_text(encoding="utf-8")
    example = text.split("```yaml")[1].split("```")[0]
    file = tmp_path / "with_chips.yaml"
    file.write_text(f"study: With chips\nextends: {CONFIGS / 'base.yaml'}\n{example}", encoding="utf-8")
    wider = trace_of(pipeline.check(file)).horizon
    added = 20 * 4 / 7.12 / path.horizon["ads_outstanding"]
    assert wider["segment_per_ads[chips]"] == pytest.approx(added, rel=1e-12)
    assert wider["value_per_ads"] - path.horizon["value_per_ads"] == pytest.approx(added, rel=1e-9)
