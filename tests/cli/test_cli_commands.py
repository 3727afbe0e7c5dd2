"""Each command: what it prints, its one JSON object, its exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sim import __version__
from sim.cli import main
from sim.cli.main import COMMANDS
from tests.cli.conftest import TOY, everything_below, json_of, sim
from tests.conftest import CONFIGS

# --- usage ---


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run"], "Missing argument 'STUDY'"),
        (["runn", TOY], 'did you mean "run"?'),
        (["run", TOY, "--path", 3], "Did you mean '--paths'?"),
        (["run", TOY, "--workers", 0], "0 is not in the range x>=1"),
        (["run", TOY, "extra"], "unexpected extra argument"),
        (["run", TOY, "--paths", 0], "0 is not in the range x>=1"),
        (["run", TOY, "--paths", -5], "-5 is not in the range"),
        (["run", TOY, "--paths", "1e6"], "'1e6' is not a whole number; write 1000000."),
        (["run", TOY, "--seed", "x"], "'x' is not a whole number; write one such as 10."),
        (["run", TOY, "--seed", -1], "-1 is not in the range"),
        (["run", TOY, "--seed", 2**63], "is not in the range"),
        (["run", TOY, "--threads", 0], "0 is not in the range"),
        (["run", TOY, "--keep", "some"], "'some' is not one of 'none', 'outputs', 'all'"),
        (["run", TOY, "--set", "run.pahts=5"], 'run takes no "pahts"; did you mean "paths"?'),
        (["run", TOY, "--set", "drivers.sharez.marginal.value=5"], 'did you mean "shares"?'),
        (["run", TOY, "--set", "drivers.shares.marginal.valeu=5"], 'did you mean "value"?'),
        (["run", TOY, "--set", "drivers.shares.marginal.value=five"], "drivers.shares.marginal.value"),
        (["run", TOY, "--set", "run.paths=0"], "run.paths"),
        (["run", TOY, "--set", "run.seed=-1"], "run.seed"),
        (["run", TOY, "--set", "nothing"], "has no value"),
        (["run", TOY, "--set", "=3"], "the key is missing"),
        (["run", TOY, "--scenario", "bull"], 'the study has no scenario "bull"'),
        (["check", CONFIGS / "base.yaml", "--scenario", "bul"], 'did you mean "bull"?'),
        (["check", "nowhere.yaml"], "nowhere.yaml"),
        (["show", TOY, "--cell", "shares"], "toy.yaml:40:3); it feeds value_per_share"),
        (["show", TOY, "--cell", "value_per_shar"], 'did you mean "value_per_share"?'),
        (["prob"], "Missing argument 'RUN'"),
        (["prob", "latest"], 'no run "latest"'),
        (["prob", "latest", "--output", "value_per_share", "--ge", "much"], "'much' is not a number"),
        (["prob", "latest", "--output", "value_per_share", "--ge", "nan"], "nan"),
        (["prob", "latest", "--output", "value_per_share", "--ge", "inf"], "inf"),
        (["verify"], "Missing argument 'RUN'"),
        (["verify", "latest"], 'no run "latest"'),
    ],
    ids=lambda value: " ".join(Path(str(w)).name for w in value) if isinstance(value, list) else "",
)
def test_a_wrong_command_line_says_what_is_wrong(
    words: list[object], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2, nothing on standard output, nothing written."""
    monkeypatch.chdir(tmp_path)
    done = sim(*words, code=2)
    assert said in done.stderr
    assert done.stdout == ""
    assert everything_below(tmp_path) == []


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_every_command_explains_itself(command: str, option: str) -> None:
    text = sim(command, option).stdout
    assert text.startswith(f"Usage: sim {command}")
    assert len(text.splitlines()) > 5


def test_the_help_lists_every_command_with_an_example() -> None:
    text = sim("--help").stdout
    for command in COMMANDS:
        assert f"\n  {command} " in text
    assert "sim run configs/base.yaml" in text
    assert sim("--version").stdout.strip() == f"sim, version {__version__}"
    assert CliRunner().invoke(main, []).exit_code == 2


# --- run ---


def test_run_json_has_the_keys_of_the_contract(toy: dict[str, Any]) -> None:
    assert set(toy) >= {
        "run", "directory", "study", "paths", "sampler", "seed", "seconds", "target", "outputs", "invalid_paths",
        "warnings",
    }  # fmt: skip
    assert set(toy["seconds"]) == {"compile", "simulate", "analyse", "report", "total"}
    assert set(toy["target"]) >= {"output", "at_least", "probability", "standard_error", "interval"}
    leaf = toy["outputs"]["value_per_share"]
    assert set(leaf) >= {"unit", "mean", "standard_error", "sd", "percentiles"}
    assert set(leaf["percentiles"]) >= {"5", "25", "50", "75", "95"}
    assert set(toy["outputs"]["revenue"]) == {"FY2026", "FY2027"}
    assert toy["outputs"]["revenue"]["FY2027"]["unit"] == "US$ m"
    assert (toy["paths"], toy["seed"], toy["sampler"], toy["invalid_paths"]) == (4000, 1, "philox", 0)
    assert Path(toy["directory"]).name == toy["run"]
    low, high = toy["target"]["interval"]
    assert low < toy["target"]["probability"] < high


@pytest.mark.parametrize(
    "words",
    [
        ("run", TOY, "--paths", 100, "--no-pack"),
        ("check", TOY),
        ("show", TOY),
        ("show", TOY, "--cell", "value_per_share"),
        ("prob", "latest", "--output", "value_per_share", "--ge", 360),
        ("ls",),
        ("verify", "latest"),
    ],
    ids=lambda words: words[0] + (" --cell" if "--cell" in words else ""),
)
def test_json_is_exactly_one_object_and_nothing_else(
    words: tuple[object, ...], toy: dict[str, Any], tmp_path: Path, results: Path
) -> None:
    out = () if words[0] in {"check", "show"} else ("--out", tmp_path if words[0] == "run" else results)
    done = sim(*words, "--json", *out)
    assert done.stdout.count("\n") == 1
    assert isinstance(json.loads(done.stdout, parse_constant=lambda w: pytest.fail(w)), dict)
    assert done.stderr == ""


def test_json_of_a_failure_leaves_standard_output_empty(tmp_path: Path) -> None:
    for words in (
        ("run", "nowhere.yaml"),
        ("check", "nowhere.yaml"),
        ("prob", "x", "--output", "y", "--ge", 1),
        ("verify", "x"),
    ):
        assert sim(*words, "--json", code=2).stdout == ""


def test_the_screen_has_at_most_fifteen_lines_and_names_the_folder(tmp_path: Path) -> None:
    done = sim("run", TOY, "--paths", 2000, "--no-pack", "--out", tmp_path)
    lines = done.stdout.splitlines()
    assert 5 <= len(lines) <= 15
    assert lines[0].startswith("Toy, a value that is lognormal in closed form")
    assert "2,000 paths" in lines[1]
    assert "seed 1" in lines[1]
    assert lines[-1].split()[-1] == str(next((tmp_path / "toy").iterdir()))
    assert any("360" in line for line in lines)
    assert done.stderr == ""


def test_quiet_prints_nothing_but_keeps_the_run(tmp_path: Path) -> None:
    done = sim("run", TOY, "--paths", 100, "--no-pack", "--out", tmp_path, "--quiet")
    assert (done.stdout, done.stderr) == ("", "")
    assert (next((tmp_path / "toy").iterdir()) / "run" / "manifest.json").exists()
    assert "no such file" in sim("run", "nowhere.yaml", "--quiet", code=2).stderr


def test_options_reach_the_run(tmp_path: Path) -> None:
    """--paths, --seed and --set override the file, and the resolved study says so."""
    changed = ("--set", "drivers.shares.marginal.value=4", "--set", "target.at_least=100")
    done = json_of("run", TOY, "--paths", 321, "--seed", 99, *changed, "--no-pack", "--out", tmp_path)
    assert (done["paths"], done["seed"], done["target"]["at_least"]) == (321, 99, 100)
    text = (Path(done["directory"]) / "run" / "study.resolved.yaml").read_text()
    assert "value: 4  # --set; was 2 at " in text
    assert "paths: 321  # --set; was 65536 at " in text
    summary = json.loads((Path(done["directory"]) / "run" / "summary.json").read_text())
    assert sorted(summary["set"]) == ["drivers.shares.marginal.value", "target.at_least"]


def test_underscores_and_the_last_set_win(tmp_path: Path) -> None:
    words = ("--paths", "1_000", "--set", "run.paths=5", "--set", "run.seed=3", "--set", "run.seed=4")
    done = json_of("run", TOY, *words, "--no-pack", "--out", tmp_path)
    assert (done["paths"], done["seed"]) == (1000, 4)


def test_a_pack_is_made_unless_refused(tmp_path: Path) -> None:
    with_pack = json_of("run", TOY, "--paths", 2000, "--out", tmp_path / "a")
    without = json_of("run", TOY, "--paths", 2000, "--out", tmp_path / "b", "--no-pack")
    assert list((Path(with_pack["directory"]) / "pack").glob("*.png"))
    assert not (Path(without["directory"]) / "pack").exists()
    assert without["outputs"] == with_pack["outputs"]


@pytest.mark.parametrize("paths", [1, 2, 3, 4, 7])
def test_very_few_paths_run_and_warn(tmp_path: Path, paths: int) -> None:
    """No error can be given for one path: null in JSON, and the screen does not break."""
    done = json_of("run", TOY, "--paths", paths, "--out", tmp_path / "a")
    assert any(f"only {paths} paths" in text for text in done["warnings"])
    if paths == 1:
        assert done["outputs"]["value_per_share"]["sd"] is None
    assert f"{paths} paths" in sim("run", TOY, "--paths", paths, "--out", tmp_path / "b", "--no-pack").stdout


def test_a_results_folder_that_cannot_be_made_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = sim("run", TOY, "--paths", 10, "--out", tmp_path / "file" / "below", "--no-pack", code=4)
    assert "--out" in done.stderr
    assert done.stdout == ""
    sim("run", TOY, "--paths", 10, "--out", tmp_path / "file", "--no-pack", code=2)  # click: is a file


@pytest.mark.parametrize(
    ("name", "slug"),
    [("..yaml", "study"), ("a b & c.yaml", "a-b-c"), ("Größe.yaml", "gr-e"), ("....yaml", "study"),
     ("con.yaml", "study-con"), ("-rf.yaml", "rf"), ("x" * 120 + ".yaml", "x" * 80)],
)  # fmt: skip
def test_a_study_with_any_name_stays_within_the_results(tmp_path: Path, name: str, slug: str) -> None:
    file = tmp_path / "studies" / name
    file.parent.mkdir()
    file.write_text(TOY.read_text(encoding="utf-8"), encoding="utf-8")
    done = json_of("run", tmp_path / "studies" / "." / name, "--paths", 10, "--no-pack", "--out", tmp_path / "results")
    assert [path.name for path in (tmp_path / "results").iterdir()] == [slug]
    assert Path(done["directory"]).parent == tmp_path / "results" / slug
    assert {path.name for path in tmp_path.iterdir()} == {"studies", "results"}


# --- what is asked of stored runs ---


def test_prob_agrees_with_the_run(toy: dict[str, Any], results: Path) -> None:
    words = ("--output", "value_per_share", "--ge", 360, "--out", results)
    found = json_of("prob", toy["run"], *words)
    for key in ("probability", "standard_error", "interval", "at_least"):
        assert found[key] == toy["target"][key]
    for reference in ("latest", "toy", toy["run"][:-3], toy["hash"][:8], toy["directory"]):
        assert json_of("prob", reference, *words) == found
    text = sim("prob", "latest", *words).stdout
    assert "P(value_per_share ≥ " in text
    assert "4,000 valid paths" in text


def test_prob_of_an_unknown_column(toy: dict[str, Any], results: Path) -> None:
    done = sim("prob", "latest", "--output", "value_per_shar", "--ge", 1, "--out", results, code=2)
    assert 'did you mean "value_per_share"?' in done.stderr


@pytest.mark.parametrize("reference", ["", "..", ".", "../..", "/", "nobody", "*", "toy/..", "\x00"])
def test_a_reference_that_names_no_run(results: Path, reference: str) -> None:
    """Refused, not read from elsewhere: the reference never leads out of the results folder to something else."""
    for command in (("prob", "--output", "value_per_share", "--ge", 1), ("verify",)):
        sim(command[0], *command[1:], "--out", results, "--", reference, code=2)


def test_ls_lists_what_there_is(toy: dict[str, Any], results: Path, tmp_path: Path) -> None:
    (row,) = json_of("ls", "--out", results)["runs"]
    assert (row["run"], row["complete"], row["paths"], row["seed"]) == (toy["run"], True, 4000, 1)
    assert row["target"]["probability"] == toy["target"]["probability"]
    assert toy["run"] in sim("ls", "--out", results).stdout
    assert json_of("ls", "--out", tmp_path / "nothing") == {"runs": []}
    assert "no runs yet" in sim("ls", "--out", tmp_path / "nothing").stdout
    assert everything_below(tmp_path) == []


def test_verify_says_that_every_bit_agrees(toy: dict[str, Any]) -> None:
    assert "every bit agrees: 4,000 paths" in sim("verify", toy["directory"], "--threads", 1).stdout


# --- show and schema ---


def test_show_prints_every_driver_with_its_place() -> None:
    rows = json_of("show", TOY)["drivers"]
    assert {row["driver"] for row in rows} == {"mean_growth", "ev_to_sales", "growth_volatility", "shares"}
    (growth,) = [row for row in rows if row["driver"] == "mean_growth"]
    assert growth["p50"] == pytest.approx(0.03, abs=1e-12)
    assert growth["p90"] - growth["p50"] == pytest.approx(0.012815515655446, rel=1e-9)
    assert "toy.yaml:" in growth["place"]
    text = sim("show", TOY).stdout
    for row in rows:
        assert row["driver"] in text


def test_show_cell_leads_down_to_drivers_with_file_and_line() -> None:
    tree = json_of("show", TOY, "--cell", "value_per_share")
    found: dict[str, dict[str, Any]] = {}

    def walk(node: dict[str, Any]) -> None:
        found[node["name"]] = node
        for below in node.get("feeds", ()):
            walk(below)

    walk(tree)
    assert tree["name"] == "value_per_share"
    assert set(found) >= {
        "company_value",
        "shares",
        "ev_to_sales",
        "valuation_revenue",
        "revenue",
        "growth",
        "mean_growth",
    }
    line = TOY.read_text(encoding="utf-8").splitlines().index("  ev_to_sales:") + 1
    assert f"toy.yaml:{line}" in found["ev_to_sales"]["place"]
    assert "toy.py:" in found["company_value"]["place"]
    text = sim("show", TOY, "--cell", "value_per_share").stdout
    assert "ev_to_sales" in text


def test_the_schema_is_the_file_that_editors_use() -> None:
    assert sim("schema").stdout == (CONFIGS / "study.schema.json").read_text(encoding="utf-8")


def test_a_scenario_is_checked_shown_and_named() -> None:
    base, bull = (json_of("show", CONFIGS / "base.yaml", *words)["drivers"] for words in ((), ("--scenario", "bull")))
    one, other = ({row["driver"]: row for row in rows} for rows in (base, bull))
    assert other["long_run_share"]["p50"] > one["long_run_share"]["p50"]
    assert other["wacc"] == one["wacc"]
    assert json_of("check", CONFIGS / "base.yaml", "--scenario", "bull")["drivers"] == len(base)


def test_the_list_of_commands_says_what_each_command_says_of_itself() -> None:
    for name, (_, says) in COMMANDS.items():
        command = main.get_command(None, name)  # type: ignore[arg-type]
        assert command is not None
        assert (command.help or "").splitlines()[0] == says
