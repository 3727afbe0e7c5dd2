"""`sim forecast` and `sim score` as a user meets them: recorded, scored, and refused where they would deceive."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from sim.analysis import scores
from sim.analysis.estimate import at_least, describe
from sim.cli import main
from sim.run import ledger, store
from tests.conftest import CONFIGS


def sim(*words: object, code: int = 0) -> str:
    done = CliRunner().invoke(main, [str(word) for word in words])
    assert done.exit_code == code, done.output
    assert "Traceback" not in done.output
    return done.output


def json_of(*words: object) -> dict[str, Any]:
    found = json.loads(sim(*words, "--json"))
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, kernel_cache: Path) -> Path:
    """The results folder of a run of the toy; not to be changed."""
    out = tmp_path_factory.mktemp("toy") / "results"
    sim("run", CONFIGS / "toy.yaml", "--paths", 20_000, "--out", out, "--no-pack", "--quiet")
    return out


@pytest.fixture
def out(ran: Path, tmp_path: Path) -> Path:
    shutil.copytree(ran, tmp_path / "results")
    return tmp_path / "results"


NAMES = ("--output", "value_per_share", "--output", "revenue.FY2026")


def test_a_forecast_is_shown_and_only_recorded_when_asked(out: Path) -> None:
    shown = sim("forecast", "toy", "--out", out)
    assert shown.startswith("1 forecast of run ")
    assert "not recorded; --record enters" in shown
    assert not (out / "ledger").exists()
    found = json_of("forecast", "toy", "--out", out, *NAMES, "--record", "--by", "2027-06-30")
    run = store.open_run(store.find("toy", out))
    entries = ledger.read(out).entries
    assert [entry["output"] for entry in entries] == ["value_per_share", "revenue.FY2026"]
    assert [entry["by"] for entry in entries] == ["2027-06-30", ""]
    assert {entry["run_hash"] for entry in entries} == {run.manifest["hash"]}
    assert found["head"] == ledger.read(out).head
    column = run.column("value_per_share")
    assert entries[0]["percentiles"]["90"] == pytest.approx(float(np.quantile(column, 0.9)), rel=1e-9)
    assert entries[0]["mean"] == pytest.approx(float(column.mean()), rel=1e-9)
    assert entries[0]["probabilities"] == [
        {"at_least": 360.0, "probability": pytest.approx(float((column >= 360).mean()), rel=1e-9)}
    ]
    # What is shown carries its Monte Carlo error, the probability with its interval; the ledger keeps what was said.
    whole, chance = describe(column), at_least(column, 360.0)
    errors = found["errors"][0]
    assert errors["percentiles"]["5"] == whole.percentile_errors[5]
    assert errors["mean"] == whole.standard_error
    assert errors["probabilities"] == [chance.as_dict()]
    assert "errors" not in entries[0]
    assert f"±{100 * chance.standard_error:.1f}%" in shown
    assert shown.count("±") == 4
    # The sample stands for the run: its CRPS is that of all paths.
    assert scores.crps_sample(entries[0]["sample"], 400.0) == pytest.approx(
        scores.crps_sample(column, 400.0), abs=2e-3 * float(column.std())
    )


def test_the_same_forecast_is_not_recorded_twice(out: Path) -> None:
    sim("forecast", "toy", "--out", out, "--record")
    again = sim("forecast", "toy", "--out", out, "--record", "--output", "growth_a_year", "--output", "value_per_share")
    assert "2 forecasts" in again
    assert "1 recorded, 1 were in the ledger already" in " ".join(again.split())
    assert len(ledger.read(out).entries) == 2


def test_a_misspelt_output_is_answered_with_its_name(out: Path) -> None:
    said = sim("forecast", "toy", "--out", out, "--output", "revenu", code=2)
    assert 'the run has no output "revenu"; did you mean "revenue"?' in said


def test_outcomes_are_entered_and_score(out: Path) -> None:
    sim("forecast", "toy", "--out", out, *NAMES, "--record", "--at-least", "revenue.FY2026>=450")
    assert sim("score", "--out", out).startswith("Nothing to score yet: 2 forecasts without a known outcome")
    words = ("score", "--out", out, "--outcome", "value_per_share=330", "--source", "close of 30 June 2027")
    said = " ".join(sim(*words).split())
    assert said.startswith("Intervals of 50, 80 and 90% held 1, 1, 1 of 1 forecast with a known outcome; mean Brier")
    assert "Waiting for revenue.FY2026" in said
    found = json_of("score", "--out", out)
    run = store.open_run(store.find("toy", out))
    column = run.column("value_per_share")
    (scored,) = found["scored"]
    assert scored["crps"] == pytest.approx(scores.crps_sample(column, 330.0), abs=2e-3 * float(column.std()))
    assert scored["pit"] == pytest.approx(float((column < 330).mean()), abs=1 / 200)
    assert scored["brier"] == [pytest.approx(float((column >= 360).mean()) ** 2, rel=1e-6)]
    assert found["ledger"]["entries"] == 3
    entry = ledger.read(out).entries[-1]
    assert (entry["kind"], entry["source"], entry["unit"]) == ("outcome", "close of 30 June 2027", "US$")


def test_a_forecast_after_its_outcome_is_hindsight(out: Path) -> None:
    sim("forecast", "toy", "--out", out, "--record")
    words = ("--outcome", "value_per_share=330", "--source", "close", "--published", "2020-01-01")
    said = " ".join(sim("score", "--out", out, *words).split())
    assert "Not scored: 1 forecast recorded when the outcome was out already" in said


def test_what_a_run_was_told_is_no_forecast_of_it(out: Path) -> None:
    sim("update", "toy", "--out", out, "--observe", "revenue@FY2026=470 sd 5%", "--no-pack", "--quiet")
    names = [each["output"] for each in json_of("forecast", "toy-updated", "--out", out)["forecasts"]]
    assert names == ["value_per_share"]
    said = sim("forecast", "toy-updated", "--out", out, "--output", "revenue", "--record", code=2)
    assert "was told revenue.FY2026: that is no forecast" in said
    assert not (out / "ledger").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--outcome", "value_per_share=330"), "an outcome needs its source"),
        (("--outcome", "value_per_shar=330", "--source", "x"), 'did you mean "value_per_share"?'),
        (("--outcome", "value_per_share", "--source", "x"), "is no outcome"),
        (("--outcome", "value_per_share=high", "--source", "x"), "high is no number"),
        (("--outcome", "value_per_share=330", "--source", "x", "--published", "May"), '"May" is no day'),
        (("--outcome", "value_per_share=330", "--source", "x", "--published", "2999-01-01"), "2999-01-01 lies ahead"),
        (("--outcome", "value_per_share=330", "--source", "x", "--study", "toys"), 'did you mean "toy"?'),
    ],
)
def test_wrong_outcomes_are_refused_and_leave_the_ledger_alone(out: Path, words: tuple[str, ...], says: str) -> None:
    sim("forecast", "toy", "--out", out, "--record")
    before = (out / "ledger" / "ledger.jsonl").read_bytes()
    assert says in sim("score", "--out", out, *words, code=2)
    assert (out / "ledger" / "ledger.jsonl").read_bytes() == before


def test_a_changed_ledger_stops_everything_and_a_loss_is_said(out: Path) -> None:
    sim("forecast", "toy", "--out", out, *NAMES, "--record")
    file = out / "ledger" / "ledger.jsonl"
    whole = file.read_bytes()
    file.write_bytes(whole.replace(b'"paths":20000', b'"paths":20001', 1))
    for words in (("score",), ("forecast", "toy", "--record")):
        assert "ledger.jsonl:1 was changed after it was written" in sim(*words, "--out", out, code=4)
    file.write_bytes(whole[:-100])
    said = " ".join(sim("score", "--out", out).split())
    assert "Loss: entry 2 was cut off while it was written" in said
    sim("forecast", "toy", "--out", out, *NAMES, "--record")
    assert [entry["kind"] for entry in ledger.read(out).entries] == ["forecast", "loss", "forecast"]


def test_an_update_on_the_command_line_answers_in_its_first_line(out: Path) -> None:
    said = sim("update", "toy", "--out", out, "--observe", "revenue@FY2026=470 sd 5%", "--no-pack")
    assert said.startswith("After 470 in FY2026, P(≥ $360) is ")
    assert ", before 35." in said.splitlines()[0]
    assert "Effective paths" in said
    assert sim("verify", "toy-updated", "--out", out).startswith("every bit agrees: 20,000 paths")
    listed = json.loads(sim("ls", "--out", out, "--json"))["runs"]
    assert [each["study"].partition(", given ")[2] for each in listed] == ["", "revenue FY2026 = 470"]
    said = sim("update", "toy", "--out", out, "--observe", "revenue@FY2026=470", code=2)
    assert "it is not said how exactly the value is known" in said
