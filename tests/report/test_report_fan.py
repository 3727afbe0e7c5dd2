"""The fan chart says what its data say and stays on its page."""

from __future__ import annotations

import numpy as np
import pytest

from sim.errors import InputError, ModelFailure
from sim.report.figures import fan
from sim.report.numbers import amount


def lognormals(periods: list[str], median: float = 100.0, n: int = 500, low: float = 0.0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(3)
    return {key: median * np.exp(0.1 * (i + 1) * random.standard_normal(n)) - low for i, key in enumerate(periods)}


def test_percentiles_are_those_of_the_column(run_of) -> None:
    run = run_of()
    data = fan.draw(run).data.set_index("period")
    for percent in fan.PERCENTS:
        expected = np.quantile(run.column("ai_cloud_revenue.FY2028"), percent / 100)
        assert data.loc["FY2028", f"p{percent}"] == pytest.approx(expected, rel=1e-12)


def test_a_summary_without_every_percentile_falls_back_on_the_columns(run_of) -> None:
    whole, partly = run_of(), run_of()
    for leaf in partly.summary["outputs"]["ai_cloud_revenue"].values():
        del leaf["percentiles"]["15"]
    assert fan.draw(partly).data.equals(fan.draw(whole).data)


def test_headline_has_the_plotted_numbers(run_of) -> None:
    drawing = fan.draw(run_of())
    row = drawing.data.set_index("period").loc["FY2030"]
    low, middle, high = (amount(row[p]) for p in ("p5", "p50", "p95"))
    assert drawing.headline == f"AI-cloud revenue reaches RMB {middle} bn in FY30E (90% of paths: {low}–{high})"
    assert len(drawing.headline) <= 70
    assert middle in drawing.alt
    assert high in drawing.alt


def test_headline_of_another_period_and_of_a_fall(run_of) -> None:
    assert " stands at " in fan.draw(run_of(), horizon="FY2026").headline
    falling = run_of(revenue={"FY2026": np.full(9, 10.0), "FY2027": np.full(9, 5.0)})
    assert " falls to RMB 5.0 bn in FY27E" in fan.draw(falling).headline


def test_table_shows_the_plotted_numbers(run_of, texts) -> None:
    drawing = fan.draw(run_of())
    shown = [t.get_text() for t in texts(drawing)]
    table = shown[shown.index("FY26E", len(shown) - 1 - shown[::-1].index("P5")) :]
    for _, row in drawing.data.iterrows():
        at = table.index(f"FY{row['period'][4:]}E")
        assert table[at + 1 : at + 4] == [amount(row[p]) for p in ("p5", "p50", "p95")]


def test_page_says_what_lies_outside_and_where_the_forecast_starts(run_of, texts) -> None:
    shown = " | ".join(t.get_text() for t in texts(fan.draw(run_of())))
    assert "1 path in 10 lies outside" in shown
    assert "forecast, as of 17 Sep 2025" in shown
    assert "Source: sim 0.1.0 · run 1a2b3c4d · base.yaml · seed 179 · 4,000 paths · prices at 17 Sep 2025" in shown
    assert "Monte Carlo standard error of P50 at most RMB" in shown


def test_history_is_drawn_and_kept_in_the_data(run_of, faults) -> None:
    drawing = fan.draw(run_of(), history={"FY2024": 11.0, "FY2025": 16.0, "FY2026": 99.0})
    assert drawing.data["status"].tolist() == ["reported"] * 2 + ["simulated"] * 5
    assert drawing.data["reported"].tolist()[:2] == [11.0, 16.0]
    assert faults(drawing) == []


QUARTERS = [f"{2025 + (i + 2) // 4}Q{(i + 2) % 4 + 1}" for i in range(39)]
CASES = {
    "years": None,
    "ten years": lognormals([f"FY{y}" for y in range(2026, 2036)], 500.0),
    "quarters": lognormals(QUARTERS, 30.0),
    "no calendar": lognormals([str(i) for i in range(1, 15)]),
    "one period": lognormals(["FY2026"]),
    "one path": lognormals(["FY2026", "FY2027"], n=1),
    "constant": {"FY2026": np.full(50, 7.0), "FY2027": np.full(50, 7.0)},
    "zero": {"FY2026": np.zeros(50), "FY2027": np.zeros(50)},
    "negative": lognormals(["FY2026", "FY2027", "FY2028"], 100.0, low=150.0),
    "huge": lognormals(["FY2026", "FY2027", "FY2028"], 3e9),
    "small": lognormals(["FY2026", "FY2027", "FY2028"], 3e-5),
    "tight": {f"FY{y}": 5000 + np.linspace(0, 1, 50) for y in (2026, 2027, 2028)},
    "partly invalid": {"FY2026": np.array([1.0, 2.0, np.nan]), "FY2027": np.full(3, np.nan), "FY2028": np.arange(3.0)},
}


@pytest.mark.parametrize("name", CASES)
def test_every_text_lies_on_the_page_and_none_covers_another(run_of, faults, name: str) -> None:
    drawing = fan.draw(run_of(revenue=CASES[name]))
    assert faults(drawing) == []
    assert len(drawing.headline) <= 70


def test_an_axis_that_does_not_start_at_zero_says_so(run_of, texts) -> None:
    for name, cut in (("tight", True), ("negative", True), ("years", False), ("huge", False)):
        shown = " ".join(t.get_text() for t in texts(fan.draw(run_of(revenue=CASES[name]))))
        assert ("axis does not start at zero" in shown) == cut, name


def test_periods_without_calendar_come_in_order(run_of) -> None:
    assert fan.draw(run_of(revenue=CASES["no calendar"])).data["period"].tolist() == [str(i) for i in range(1, 15)]


def test_a_period_without_valid_paths_is_left_out(run_of) -> None:
    assert fan.draw(run_of(revenue=CASES["partly invalid"])).data["period"].tolist() == ["FY2026", "FY2028"]


def test_what_cannot_be_drawn_is_said(run_of) -> None:
    with pytest.raises(InputError, match='did you mean "ai_cloud_revenue"'):
        fan.draw(run_of(), "ai_cloud_revenu")
    with pytest.raises(InputError, match="no period"):
        fan.draw(run_of(), horizon="FY2099")
    with pytest.raises(ModelFailure, match="no valid path"):
        fan.draw(run_of(revenue={"FY2026": np.full(3, np.nan)}))
