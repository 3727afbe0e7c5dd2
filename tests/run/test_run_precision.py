"""Runs that stop by themselves: same bits as a run of so many paths, whoever repeats them; what they say; memory."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.run import record, store
from sim.run.record import Recorded
from sim.run.result import Run
from sim.run.simulate import CHUNK, Simulator
from tests.conftest import set_up
from tests.run.conftest import TOY, command, same_bits, simulate, stored

SOBOL = ("--set", "run.sampler=sobol")
ASKED = "probability=0.4%,mean=0.3%,percentiles=1%"


@pytest.fixture(scope="module", params=[(), SOBOL], ids=["philox", "sobol"])
def sampler(request: pytest.FixtureRequest) -> tuple[str, ...]:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def settled(sampler: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Run:
    return simulate(TOY, tmp_path_factory.mktemp("settled"), "--precision", ASKED, "--threads", 2, *sampler)


def told(summary: Any) -> dict[str, Any]:
    """What a summary says of the values."""
    return {key: value for key, value in summary.items() if key not in ("run", "seconds", "precision")}


def test_it_stops_at_the_first_look_that_meets_everything(settled: Run) -> None:
    found = settled.manifest["precision"]
    assert found["met"]
    assert found["stopped_by"] == "precision"
    assert settled.paths == found["paths"] == found["looks"][-1]["paths"] == settled.manifest["paths"]
    sizes = [look["paths"] for look in found["looks"]]
    assert sizes == [16_384 << k for k in range(len(sizes))]
    assert len(sizes) > 1
    assert [look["met"] for look in found["looks"]] == [False] * (len(sizes) - 1) + [True]
    assert set(found["errors"]) == {"probability", "mean", "percentiles"}
    assert all(worst["error"] <= worst["asked"] for worst in found["errors"].values())
    assert settled.summary["precision"] == found
    target = settled.summary["target"]
    low, high = target["interval"]
    widest = max(
        (test["percentile"]["interval"][1] - test["percentile"]["interval"][0]) / 2
        for test in target["percentile_of"].values()
    )
    assert found["errors"]["probability"]["error"] == pytest.approx(max(widest, (high - low) / 2))


def test_the_bits_are_those_of_a_run_of_so_many_paths(settled: Run, sampler: tuple[str, ...], tmp_path: Path) -> None:
    fixed = simulate(TOY, tmp_path, "--paths", settled.paths, "--threads", 1, *sampler)
    assert settled.paths % CHUNK
    same_bits(stored(settled), stored(fixed))
    assert settled.manifest["hashes"]["outputs"] == fixed.manifest["hashes"]["outputs"]
    assert settled.manifest["hash"] == fixed.manifest["hash"]
    assert settled.directory.name.split("-")[1] == settled.manifest["hash"][:8]
    assert told(settled.summary) == told(fixed.summary)
    for name in ("summary.csv", "quarterly.csv"):
        assert (settled.directory / "run" / name).read_bytes() == (fixed.directory / "run" / name).read_bytes()


def test_repeating_it_gives_the_same_looks_whatever_is_kept(
    settled: Run, sampler: tuple[str, ...], tmp_path: Path
) -> None:
    """Another number of threads, nothing kept, and the study as it was resolved."""
    again = simulate(TOY, tmp_path, "--precision", ASKED, "--threads", 1, "--keep", "none", *sampler)
    assert told(again.summary) == told(settled.summary)
    assert again.manifest["precision"] == settled.manifest["precision"]
    assert json.loads(command("verify", settled.directory, "--json").stdout)["agrees"]
    assert json.loads(command("verify", again.directory, "--json").stdout)["agrees"]


def test_a_resolved_study_asks_for_the_same(settled: Run, tmp_path: Path) -> None:
    resolved = settled.directory / "run" / "study.resolved.yaml"
    again = simulate(resolved, tmp_path, "--keep", "outputs")
    assert told(again.summary) == told(settled.summary)
    assert again.manifest["precision"] == settled.manifest["precision"]


def test_what_is_not_settled_is_said_and_required_only_if_asked(tmp_path: Path) -> None:
    words = (
        "run",
        TOY,
        "--precision",
        "mean=0.001%,max_paths=40_000",
        "--out",
        tmp_path,
        "--no-pack",
        "--keep",
        "none",
    )
    done = json.loads(command(*words, "--json").stdout)
    assert done["paths"] == 32_768
    assert (done["precision"]["met"], done["precision"]["stopped_by"]) == (False, "max_paths")
    assert done["warnings"][0].startswith("not settled by 32,768 paths: mean within 0.001% (it is 0.")
    assert "not reached at 95% · means" in command(*words).stdout
    required = command(*words, "--require", code=3)
    assert "was not met; the run is kept" in required.stderr
    assert "not settled by 32,768 paths" in required.stdout
    assert len(store.every(tmp_path)) == 3
    assert command("run", TOY, "--precision", "mean=5%", "--require", "--out", tmp_path, "--no-pack").stdout


@pytest.mark.parametrize(
    ("hurdle", "answer", "paths"), [(0.5, "below", 16_384), (0.3, "above", 16_384), (0.34845, "open", 32_768)]
)
def test_verdicts(tmp_path: Path, hurdle: float, answer: str, paths: int) -> None:
    """P(value per share >= 360) is 0.34845: held against a half, 0.3 and itself."""
    asked = f"verdict,hurdle={hurdle},max_paths=32_768"
    words = ("run", TOY, "--precision", asked, "--out", tmp_path, "--no-pack", "--keep", "none")
    done = json.loads(command(*words, "--json").stdout)
    assert done["paths"] == paths
    found = done["precision"]["verdict"]
    assert (found["answer"], found["hurdle"], found["looks_planned"]) == (answer, hurdle, 2)
    assert found["chance_of_error"] == pytest.approx(0.05)
    assert found["spent_each_look"] == pytest.approx(0.025)
    screen = command(*words).stdout
    if answer == "open":
        assert "P not settled against 34.845%" in screen
        assert "whether P(value_per_share >= 360) is above 34.845%" in done["warnings"][0]
    else:
        assert f"P {answer} {100 * hurdle:g}%, 95% sure over 2 looks" in screen


def test_screen_and_json_say_the_sampler_and_plain_monte_carlo(settled: Run, sampler: tuple[str, ...]) -> None:
    sampling = settled.summary["sampling"]
    assert sampling["sampler"] == settled.manifest["sampler"]
    if not sampler:
        assert sampling["against_plain"] == {}
        return
    leaf = settled.summary["outputs"]["value_per_share"]
    found = sampling["against_plain"]["mean"]
    assert found["plain_standard_error"] == pytest.approx(leaf["sd"] / settled.paths**0.5)
    assert found["variance_ratio"] == pytest.approx((found["plain_standard_error"] / leaf["standard_error"]) ** 2)
    assert found["variance_ratio"] > 5
    low, high = found["variance_ratio_interval"]
    assert low < found["variance_ratio"] < high
    assert sampling["against_plain"]["probability"]["variance_ratio"] > 2


def test_wrong_words_on_the_command_line(tmp_path: Path) -> None:
    done = command("run", TOY, "--precision", "probabilty=0.1%", "--out", tmp_path, code=2)
    assert 'unknown key "probabilty"; did you mean "probability"?' in done.stderr
    both = command("run", TOY, "--precision", "mean=1%", "--paths", 5, "--out", tmp_path, code=2)
    assert "give --paths or --precision, not both" in both.stderr
    nothing = command("run", TOY, "--require", "--out", tmp_path, code=2)
    assert "no precision is asked for; add --precision, or run.precision" in nothing.stderr
    lattice = command("run", TOY, "--precision", "mean=1%", "--set", "run.sampler=lhs", "--out", tmp_path, code=2)
    assert "a Latin hypercube cannot be extended" in lattice.stderr
    assert store.every(tmp_path) == []


@pytest.fixture(scope="module")
def engine(kernel_cache: Path) -> Simulator:
    return Simulator(set_up(TOY))


def kept_nothing(engine: Simulator, looks: list[int], out: Path, threads: int = 1) -> Recorded:
    with store.create(out, "toy", "0" * 64) as folder:
        return record.record(
            engine, folder, looks=looks, keep="none", thresholds=[("value_per_share", 360.0)],
            enough=lambda paths, tallies: False, threads=threads,
        )  # fmt: skip


@pytest.mark.parametrize("looks", [[CHUNK - 16], [CHUNK], [CHUNK, CHUNK + 5, 9000, 2 * CHUNK, 40_000]])
def test_looking_changes_no_bit(engine: Simulator, tmp_path: Path, looks: list[int]) -> None:
    """Looks before, at and after the end of a chunk, and within the same one."""
    one, other = kept_nothing(engine, looks, tmp_path, 2), kept_nothing(engine, looks[-1:], tmp_path)
    assert one.paths == other.paths == looks[-1]
    assert (one.digests, one.quarterly) == (other.digests, other.quarterly)
    for name, tally in one.tallies.items():
        for field, value in vars(tally).items():
            if field == "reached":
                assert all(np.array_equal(hits, other.tallies[name].reached[x]) for x, hits in value.items())
            else:
                assert np.array_equal(value, getattr(other.tallies[name], field)), (name, field)


def test_memory_does_not_grow_with_the_paths(engine: Simulator, tmp_path: Path) -> None:
    """Eight times the paths, the same peak but for bins that fill up: 0.2 MB, where one column more would be 7 MB."""
    peaks = []
    kept_nothing(engine, [2 * CHUNK], tmp_path)
    for paths in (16 * CHUNK, 128 * CHUNK):
        tracemalloc.start()
        kept_nothing(engine, [paths], tmp_path)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] <= 200_000, peaks
