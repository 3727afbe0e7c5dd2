"""`sim calibrate` and `sim backtest` as wholes: committed fragments, the engine against the fit, and no look-ahead."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from sim.analysis import calibrate as analysis
from sim.analysis.growth_fit import PRIORS, fit, predicted
from sim.analysis.replicates import Estimate
from sim.analysis.splice import splice
from sim.cli import main
from sim.config import history as records
from sim.errors import InputError, StorageError
from sim.pipeline import backtesting, calibrating
from sim.pipeline.checking import check
from sim.report import fragment
from tests.conftest import CONFIGS

GROWTH, BASE = CONFIGS / "growth.yaml", CONFIGS / "base.yaml"
NUMBER = re.compile(r"(?<![\w.])-?\d+\.?\d*(?:e-?\d+)?")


@pytest.fixture(scope="module")
def growth():
    return calibrating.calibrate(GROWTH)


def same_but_for_rounding(text: str, committed: str) -> None:
    """Equal words, and numbers within 1% of themselves, or one in the third decimal for correlations."""
    assert NUMBER.sub("#", text) == NUMBER.sub("#", committed)
    ours, theirs = ([float(n) for n in NUMBER.findall(t)] for t in (text, committed))
    for mine, written in zip(ours, theirs, strict=True):
        assert abs(mine - written) <= max(0.01 * abs(written), 1e-3 if abs(written) > 0.05 else 1e-6)


def test_the_committed_fit_is_what_the_command_writes(growth):
    """On the machine that wrote it, byte for byte; elsewhere linear algebra may move the last printed digit."""
    committed = (CONFIGS / "alibaba" / "growth_fit.yaml").read_text(encoding="utf-8")
    same_but_for_rounding(fragment.text(growth.as_dict()), committed)


def test_the_fit_in_the_study_is_the_fit(growth):
    study = check(GROWTH).study
    for name, marginal in growth.drivers.items():
        given = study.drivers[name].marginal
        for key, value in marginal.items():
            assert getattr(given, key) == (value if key == "kind" else pytest.approx(value, rel=0.01, abs=1e-6)), name
    assert len(study.dependence.correlations) == len(growth.pairs)


@pytest.mark.long
def test_the_committed_base_drivers_are_what_the_commands_write(tmp_path):
    """`sim backtest`, then `sim calibrate --backtest`; drivers and noise together are as wide as the record."""
    tested = backtesting.backtest(GROWTH, out=tmp_path)
    assert tested.directory is not None
    done = calibrating.calibrate(BASE, backtest=tested.directory / "backtest.json")
    committed = (CONFIGS / "alibaba" / "drivers" / "fitted.yaml").read_text(encoding="utf-8")
    same_but_for_rounding(fragment.text(done.as_dict()), committed)
    widths = done.widths
    assert widths is not None
    assert widths.backtest is not None
    assert tested.found.as_dict()["bars"]["coverage_met"]
    assert tested.found.as_dict()["bars"]["skill_met"]
    assert widths.record == pytest.approx(
        [a * b for a, b in zip(widths.fitted, widths.backtest.corrections, strict=True)]
    )
    assert widths.corrected.sd[:2] == pytest.approx(widths.record[:2], rel=0.02)  # by simulation, at rounded factors
    assert widths.corrected.sd[2] == pytest.approx(widths.record[2], rel=0.15)  # a check: nothing is fitted to it
    # The widths set beforehand (80% half-widths of 5-6, 11-12 and 20-25%), two percent of themselves aside; at four
    # quarters the record asks for more.
    assert 0.05 < widths.corrected.half_width[0] < 0.06
    assert 0.11 < widths.corrected.half_width[1] < 0.13
    assert 0.20 < widths.corrected.half_width[2] < 0.255


@pytest.mark.long
def test_base_takes_a_correction_that_chance_does_not_explain(tmp_path):
    """A backtest that found year-ahead intervals 1.3 times too narrow: the study becomes 1.3 times as wide there."""
    history = records.load(CONFIGS / "alibaba" / "history.csv")
    file = written(tmp_path, history.digest, (1.1, 1.3, 1.0), (1.0, 1.3, 1.0))
    widths = calibrating.calibrate(BASE, backtest=file).widths
    assert widths is not None
    assert widths.record == pytest.approx([a * b for a, b in zip(widths.fitted, (1.0, 1.3, 1.0), strict=True)])
    assert widths.corrected.sd[:2] == pytest.approx(widths.record[:2], rel=0.03)
    assert widths.shocks > 1.2


def written(folder, digest, factors, corrections) -> Path:
    """A stored backtest that says so."""
    found = {
        "vintages": ["2020Q1"] * 30,
        "history_sha256": digest,
        "horizons": [
            {"horizon": h, "width_factor": {"estimate": f, "interval": [0.9 * f, 1.2 * f]}, "correction": c}
            for h, f, c in zip((1, 4, 8), factors, corrections, strict=True)
        ],
    }
    (folder / "backtest.json").write_text(json.dumps(found), encoding="utf-8")
    return folder / "backtest.json"


@pytest.mark.parametrize("first", ["2025Q2", "2025Q4"])
def test_a_study_that_does_not_begin_where_the_record_ends_is_refused(first):
    """What is known of the last reported quarter would else be taken for what is known of another."""
    with pytest.raises(InputError, match=rf"begins in {first}, but history\.csv ends in 2025Q2; begin .* in 2025Q3"):
        calibrating.calibrate(GROWTH, [f"timeline.first={first}"])


def test_a_backtest_that_cannot_be_used_is_refused(tmp_path):
    right = records.load(CONFIGS / "alibaba" / "history.csv").digest
    other = written(tmp_path, "0" * 64, (1.0, 1.0, 1.0), (1.0, 1.0, 1.0))
    with pytest.raises(InputError, match=r"made from another history than history\.csv; repeat `sim backtest`"):
        calibrating.calibrate(BASE, backtest=other)
    short = written(tmp_path, right, (1.0, 1.0, 1.0), (1.0, 1.0, 1.0))
    facts = json.loads(short.read_text(encoding="utf-8"))
    short.write_text(json.dumps({**facts, "horizons": facts["horizons"][:2]}), encoding="utf-8")
    with pytest.raises(InputError, match="does not score 1, 4, 8 quarters ahead"):
        calibrating.calibrate(BASE, backtest=short)
    whole = written(tmp_path, right, (1.0, 1.0, 1.0), (1.0, 1.0, 1.0))
    with pytest.raises(InputError, match="takes the growth model's own widths"):
        calibrating.calibrate(GROWTH, backtest=whole)
    with pytest.raises(InputError, match=r"growth\.yaml is not a backtest"):
        calibrating.calibrate(BASE, backtest=GROWTH)
    with pytest.raises(StorageError, match="cannot read"):
        calibrating.calibrate(BASE, backtest=tmp_path / "none.json")


def test_the_fragment_says_what_the_backtest_made_of_the_widths():
    """Factor, interval, what was applied, and the uncorrected study beside the corrected one."""
    spreads = [
        analysis.Spread((0.035, 0.097, 0.194), (0.045, 0.123, 0.242), Estimate(0.372, 0.001)),
        analysis.Spread((0.045, 0.130, 0.199), (0.057, 0.165, 0.249), Estimate(0.374, 0.001)),
    ]
    tested = analysis.Backtested(30, (1.16, 1.3, 1.1), ((0.9, 1.4), (1.1, 1.5), (0.7, 2.0)), (1.0, 1.3, 1.0))
    fitted, record = (0.045, 0.1, 0.21), (0.045, 0.13, 0.21)
    widths = analysis.Widths((1, 4, 8), fitted, record, spreads[0], spreads[1], 1.4, 1.4, tested).as_dict()
    said = "\n".join(fragment._widths(widths))
    assert "width needed / given 1.16 (0.90 to 1.40) / 1.30 (1.10 to 1.50) / 1.10 (0.70 to 2.00);" in said
    assert "record x 1.00 / 1.30 / 1.00" in said
    assert "80% of paths within 5.7 / 16.5 / 24.9% of the median (with the fit as it is 4.5 / 12.3 / 24.2%)" in said
    assert "P(target reached) 37.4% as here, 37.2% with the fit as it is" in said


def test_the_engine_simulates_what_was_fitted(growth):
    """Mean and spread of log growth through the engine and in NumPy, 16,384 and 20,000 draws.

    A mean may differ by 5 standard errors of about 1% of the spread; the spread by 5%, for the study's marginals (beta,
    rounded, small correlations left out) are not exactly the posterior's.
    """
    checked, columns = calibrating.watched(check(GROWTH), (1, 2, 4, 8))
    values = calibrating.simulator_of(checked, checked.study).value(np.arange(16_384), outputs=list(columns.values()))
    samples = predicted(growth.fit, (1, 2, 4, 8))
    for h, name in columns.items():
        log = np.log(values[name] / growth.history.quarters[-1].revenue)
        spread = float(samples[h].std())
        assert float(log.mean()) == pytest.approx(float(samples[h].mean()), abs=0.06 * spread)
        assert float(log.std()) == pytest.approx(spread, rel=0.05)


def test_calibrate_says_what_it_rests_on(growth):
    facts = growth.as_dict()
    assert facts["history"]["by_status"] == {"sourced": 18, "derived": 2, "growth_sourced": 3, "unverified": 19}
    assert facts["rows_without_recalled"] == 20
    by_name = {entry["name"]: entry for entry in facts["quantities"]}
    assert set(PRIORS) <= set(by_name)
    rho = by_name["growth_persistence"]
    # Fixed seasonal dummies would give about -0.2; the evolving season must not.
    assert 0.6 < rho["likeliest"] < 0.97
    assert abs(rho["mean"] - rho["without_recalled"][0]) < 0.15
    json.dumps(facts, allow_nan=False)


def test_calibrate_reads_a_history_by_itself(growth):
    done = CliRunner().invoke(main, ["calibrate", str(CONFIGS / "alibaba" / "history.csv"), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["drivers"] == growth.as_dict()["drivers"]


def test_widths_are_solved_exactly_when_variances_add_up():
    base, shocks, noise = np.array([0.02, 0.04, 0.08]), np.array([0.01, 0.06, 0.15]), np.array([0.03, 0.03, 0.03])
    parts = [np.sqrt(base**2 + extra) for extra in (0.0, shocks**2, noise**2)]
    record = np.sqrt(base**2 + (1.5 * shocks) ** 2 + (0.8 * noise) ** 2)
    assert analysis.solve_widths(record, *parts) == pytest.approx((1.5, 0.8), abs=1e-3)


def test_a_study_keeps_its_own_trend():
    """What base takes: a centred growth state, a persistence cut off where shock and trend cannot be told apart."""
    found = fit(splice(records.load(CONFIGS / "alibaba" / "history.csv")))
    plain, wide = analysis.study_drivers(found), analysis.study_drivers(found, shocks=2.0, noise=3.0)
    assert plain["opening_growth_state"]["mean"] == 0.0
    assert plain["growth_persistence"]["truncate"] == {"high": 0.95}
    assert wide["growth_volatility"]["median"] == pytest.approx(2 * plain["growth_volatility"]["median"], rel=1e-3)
    assert wide["irregular_volatility"]["value"] == pytest.approx(3 * plain["irregular_volatility"]["value"], rel=1e-3)
    factors = {name: m["median"] for name, m in plain.items() if name.startswith("seasonal_factor_")}
    assert np.prod(list(factors.values())) == pytest.approx(1.0, abs=2e-3)
    assert factors["seasonal_factor_march"] < factors["seasonal_factor_june"] < factors["seasonal_factor_september"]


@pytest.fixture(scope="module")
def late(tmp_path_factory):
    out = tmp_path_factory.mktemp("late")
    return backtesting.backtest(GROWTH, ["run.paths=4096"], first="2024Q1", out=out)


def test_a_backtest_scores_every_vintage_at_every_horizon_that_is_past(late):
    done = late
    assert done.found.vintages == ("2024Q1", "2024Q2", "2024Q3", "2024Q4", "2025Q1")
    counted = {h.h: h.vintages for h in done.found.horizons}
    assert counted == {1: 5, 2: 4, 4: 2}
    for row in done.found.rows:
        assert row["recalled_rows"] > 0.4
        assert row["unverified"] == (row["vintage"] == "2024Q1")  # 25.595 is recalled, everything later is not
    last = next(row for row in done.found.rows if row["vintage"] == "2025Q1")
    assert last["revenue"] == pytest.approx(33.398)
    assert last["outcome"] == pytest.approx(np.log(33.398 / 30.127))
    json.dumps(done.as_dict(), allow_nan=False)


def test_a_backtest_is_stored_with_its_figures(late):
    done = late
    assert done.directory is not None
    names = {file.name for file in done.directory.iterdir()}
    assert {"backtest.json", "forecasts.csv"} <= names
    for figure in ("coverage", "fan", "pit", "skill"):
        assert {f"backtest_{figure}.png", f"backtest_{figure}.svg", f"backtest_{figure}.csv"} <= names
    assert json.loads((done.directory / "backtest.json").read_text())["hash"] == done.facts["hash"]


def test_nothing_after_a_vintage_enters_its_forecast(tmp_path):
    """Later quarters changed beyond recognition: the same forecasts, bit for bit, but other outcomes."""
    text = (CONFIGS / "alibaba" / "history.csv").read_text(encoding="utf-8").splitlines()
    for folder in (tmp_path / "as_it_was", tmp_path / "changed"):
        folder.mkdir()
    (tmp_path / "as_it_was" / "history.csv").write_text("\n".join(text) + "\n", encoding="utf-8")
    altered = [line.replace(",30127,18,", ",90127,,").replace(",33398,26,", ",13398,,") for line in text]
    (tmp_path / "changed" / "history.csv").write_text("\n".join(altered) + "\n", encoding="utf-8")
    checked, columns = calibrating.watched(check(GROWTH, ["run.paths=512"]), (1, 2, 4, 8))
    found = []
    for folder in ("as_it_was", "changed"):
        past = records.load(tmp_path / folder / "history.csv")
        found.append(backtesting._vintage(checked, past, past.position("2024Q4"), columns))
    one, other = found
    assert all(np.array_equal(one.samples[h], other.samples[h]) for h in one.samples)
    assert one.rivals == other.rivals
    assert one.outcomes != other.outcomes


def test_vintages_share_one_kernel():
    checked, _ = calibrating.watched(check(GROWTH), (1, 2, 4, 8))
    past = records.load(CONFIGS / "alibaba" / "history.csv")
    names = set()
    for end in ("2019Q4", "2024Q4"):
        found = fit(splice(past, past.position(end)), draws=100)
        study = calibrating.with_drivers(
            checked.study, analysis.growth_drivers(found, 10.0), analysis.growth_correlations(found)
        )
        names.add(calibrating.simulator_of(checked, study).setup.kernel_name)
    assert len(names) == 1


@pytest.mark.parametrize(
    ("study", "advice"),
    [("toy.yaml", "names no reported quarters"), ("base.yaml", "the study has no driver opening_revenue")],
)
def test_a_study_that_cannot_be_backtested_is_told_why(study, advice):
    with pytest.raises(InputError, match=advice):
        backtesting.backtest(CONFIGS / study, pack=False)


def test_the_screen_answers_first(late, tmp_path):
    done = late
    lines = backtesting.lines(done, 100)
    assert lines[0].startswith("80% intervals held ")
    assert "Bars: " in "\n".join(lines)
    said = calibrating.lines(calibrating.calibrate(CONFIGS / "alibaba" / "history.csv"), 100, Path("x.yaml"))
    assert said[0].startswith("Growth shocks: persistence 0.8")


def test_the_command_explains_a_wrong_quarter():
    done = CliRunner().invoke(main, ["backtest", str(GROWTH), "--first", "2031Q1", "--no-pack"])
    assert done.exit_code == 2
    assert 'no quarter "2031Q1"' in done.stderr
