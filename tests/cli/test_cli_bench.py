"""`sim bench`: what it says, and what it says where the benchmarks are not or could not be taken."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from sim.cli.main import main
from sim.pipeline import benching

PROGRAM = "import json, sys\nprint(json.dumps({'given': sys.argv[1:]}))\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for short in benching.SHORT.values():
        (tmp_path / short.file).write_text(PROGRAM)
    return tmp_path


def test_runs_the_named_programs_and_prints_one_json_object(folder):
    done = CliRunner().invoke(main, ["bench", "--only", "speed,startup", "--folder", str(folder), "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert list(found) == ["speed", "startup"]
    assert found["speed"]["given"] == [*benching.SHORT["speed"].options, "--json"]


def test_no_folder_says_that_the_repository_has_it(tmp_path):
    done = CliRunner().invoke(main, ["bench", "--folder", str(tmp_path / "none")])
    assert done.exit_code == 2
    assert "clone it" in done.output


def test_a_program_that_fails_is_no_figure(folder):
    (folder / "against_numpy.py").write_text("raise SystemExit('no quiet machine: others use 1.2 CPUs')\n")
    done = CliRunner().invoke(main, ["bench", "--only", "speed", "--folder", str(folder)])
    assert done.exit_code == 3
    assert "no quiet machine" in done.output


def test_an_unknown_name_is_refused():
    done = CliRunner().invoke(main, ["bench", "--only", "sped"])
    assert done.exit_code == 2
    assert "speed, accuracy, startup" in done.output


def test_every_program_is_in_the_repository():
    home = Path(__file__).parents[2] / "benchmarks"
    assert all((home / short.file).is_file() for short in benching.SHORT.values())


def test_lines_say_ratio_range_and_seconds():
    rows = [
        {"quantity": "mean", "paths": 16384, "sampler": sampler, "fewer_paths": 13.2, "interval": [10.9, 16.1]}
        for sampler in ("lhs", "sobol")
    ]
    speed = {
        "paths_per_second": {"engine": 1e6, "numpy": 2.5e5, "plain": 2e5},
        "ratio": 4.0,
        "ratio_range": [3.9, 4.2],
        "plain_ratio": 5.0,
        "plain_ratio_range": [4.8, 5.1],
    }
    said = benching.lines(
        {
            "speed": speed | {"rounds": 3, "threads": 2},
            "accuracy": {"rows": rows},
            "startup": {"sim --help": [0.2, 0.1, 0.4]},
        }
    )
    assert said == [
        "engine 1,000,000 paths/s (3 rounds, 2 threads)",
        "numpy tuned by hand: 250,000 paths/s; the engine is 4.0 times as fast (3.9 to 4.2)",
        "numpy plainly written: 200,000 paths/s; the engine is 5.0 times as fast (4.8 to 5.1)",
        "Sobol at 16,384 paths, mean: 13.2 times fewer paths than plain Monte Carlo (10.9 to 16.1, 95%)",
        "sim --help: 0.20 s (0.10 to 0.40)",
    ]
