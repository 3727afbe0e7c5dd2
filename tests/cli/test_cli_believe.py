"""`sim believe` on a stored run of the toy, in which what one must believe has a closed form."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from tests.analysis.believed_models import agrees
from tests.cli.conftest import TOY, json_of, sim

# ln V = constant + 8 mean_growth + ln ev_to_sales + noise (sim/models/toy.py): slopes over the normals of the drivers.
R = 2 * np.sin(np.pi * 0.5 / 6)
MATRIX = np.array([[1.0, R], [R, 1.0]])
SLOPES = np.array([8 * 0.01, 0.25])  # mean_growth, ev_to_sales
NOISE = np.sqrt(8) * 0.04
MU, SIGMA = np.log(250) + 8 * 0.03, float(np.sqrt(SLOPES @ MATRIX @ SLOPES + NOISE**2))
GAP = np.log(360) - MU


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory, kernel_cache: Path) -> Path:
    folder = tmp_path_factory.mktemp("believe") / "results"
    json_of("run", TOY, "--paths", 65_536, "--out", folder, "--no-pack")
    return folder


def test_the_toy_has_its_closed_form(out: Path) -> None:
    found = json_of("believe", "latest", "--out", out, "--no-pack")
    agrees(found["probability"], found["standard_error"], float(stats.norm.sf(GAP / SIGMA)))
    shifts = {shift["name"]: shift for shift in found["shift"]["drivers"]}
    exact = MATRIX @ SLOPES * GAP / float(SLOPES @ MATRIX @ SLOPES)
    for name, shift in zip(("mean_growth", "ev_to_sales"), exact, strict=True):
        agrees(shifts[name]["shift_in_sd"], shifts[name]["shift_error"], shift)
    simulated = found["shift"]["simulated"]
    agrees(simulated["value"], simulated["standard_error"], 0.5)
    # One driver alone, the other following it: E[ln V | z] = MU + (MATRIX SLOPES) z.
    limit = {each["name"]: each for each in found["thresholds"]}["ev_to_sales"]
    agrees(limit["value"], limit["standard_error"], 5 * float(np.exp(0.25 * GAP / (MATRIX @ SLOPES)[1])))
    # Implied, the other unmoved: the median of V is 250 exp(8 x 0.03) at 5 and a straight line in ev_to_sales.
    implied = {each["name"]: each for each in found["implied"]}["ev_to_sales"]
    assert implied["linear"]
    for word, level in (("target", 360.0), ("price", 300.0)):
        each = implied["levels"][word]
        agrees(each["value"], each["standard_error"], 5 * level / float(np.exp(MU)))
        assert each["central"] == pytest.approx(5 * level / float(np.exp(MU)), rel=1e-9)
    assert found["change"]["surprise_bits"] < found["shift"]["surprise_bits"] <= found["few"]["surprise_bits"]


def test_the_screen_answers_first_and_the_result_is_stored(out: Path) -> None:
    said = sim("believe", "latest", "--out", out).stdout.splitlines()
    assert said[0].startswith("For Value per share of US$ 360") or said[0].startswith("For Value per share of $360")
    assert "to be as likely as not (now 3" in said[0]
    assert "EV / quarterly sales" in said[0]
    figures = [line.removeprefix("Figure").strip() for line in said if line.startswith("Figure")]
    assert len(figures) == 4
    for name in figures:
        assert Path(name).is_file()
        assert Path(name).with_suffix(".csv").is_file()
    stored = list(out.rglob("analysis/believe-*.json"))
    assert len(stored) == 1  # the same question as in the test above
    facts = json.loads(stored[0].read_text())
    assert facts["question"] == {
        "output": "value_per_share", "at_least": 360.0, "probability": 0.5, "drivers": [], "parts": [], "density": None,
    }  # fmt: skip


def test_a_rare_event_is_answered_by_a_sentence(out: Path) -> None:
    done = sim("believe", "latest", "--at-least", 5_000, "--out", out, "--no-pack")
    assert done.stdout.startswith("Nothing can be said of Value per share of")
    assert "50 are needed" in done.stdout
    assert not json_of("believe", "latest", "--at-least", 5_000, "--out", out, "--no-pack")["thresholds"]


def test_a_probability_may_be_written_as_a_percentage(out: Path) -> None:
    one, other = (json_of("believe", "latest", "--probability", p, "--out", out, "--no-pack") for p in ("40%", "0.4"))
    assert one == other


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--probability", 0], "--probability: 0.0 is no probability"),
        (["--at-least", "nan"], "is no threshold"),
        (["--output", "growth_a_year"], "--at-least: no threshold for growth_a_year"),
        (["--driver", "ev_to_sale"], 'did you mean "ev_to_sales"?'),
        (["--driver", "shares"], "shares does not vary"),
        (["--density", 2], "--density"),
        (["--probability", "half"], "write one such as 0.4 or 40%"),
    ],
)
def test_a_wrong_question_ends_with_two(out: Path, words: list[object], said: str) -> None:
    done = sim("believe", "latest", *words, "--out", out, code=2)
    assert said in done.stderr
    assert done.stdout == ""


def test_outputs_alone_are_not_enough(tmp_path: Path) -> None:
    json_of("run", TOY, "--paths", 2_000, "--keep", "outputs", "--out", tmp_path, "--no-pack")
    assert "--keep all" in sim("believe", "latest", "--out", tmp_path, code=4).stderr
