"""The screen fits, says every number with its error, and lets no text of a study play tricks on a terminal."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.cells import cell_len
from rich.console import Console

from sim.errors import InputError, ModelFailure, Place, Problem
from sim.report import console, screen

FOLDER = Path("results/base/20250917T101112Z-1a2b3c4d")
WARNINGS = (
    "12 of 1,048,576 paths are invalid (value_per_ads) and left out of the figures; the first is path 7",
    "priors imply value-destroying growth (mean of roic_spread -0.02)",
    "a third",
)
NASTY = "[red]A$x$[/red] \x1b[31m\x1b]0;title\x07 :boom: \u202eend\nnext"


def paper(width: int = 80, encoding: str = "utf-8") -> tuple[Console, io.TextIOWrapper]:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="")
    return Console(file=file, width=width, highlight=False), file


def read(file: io.TextIOWrapper) -> str:
    file.flush()
    assert isinstance(file.buffer, io.BytesIO)
    return file.buffer.getvalue().decode(file.encoding)


@pytest.mark.parametrize("width", [screen.NARROWEST, 80, 100, 140])
@pytest.mark.parametrize("warnings", [(), WARNINGS[:1], WARNINGS], ids=["none", "one", "three"])
def test_fifteen_lines_within_the_width(run_of, width: int, warnings: tuple[str, ...]) -> None:
    lines = screen.lines(run_of(warnings=warnings).summary, FOLDER, width)
    assert len(lines) <= 15
    assert all(cell_len(line) <= width for line in lines)
    assert lines[-1].endswith(str(FOLDER))
    assert any("value_per_ads" in line or "12 of 1,048" in line for line in lines) == bool(warnings)
    if len(warnings) > 1 and width >= 80:
        assert any("more, see summary.json" in line for line in lines)


def test_says_what_was_asked_for(run_of) -> None:
    text = "\n".join(screen.lines(run_of().summary, FOLDER, 100))
    assert text.startswith(
        "Alibaba AI cloud, base case · 1a2b3c4d\n4,000 paths · seed 179 · philox · 3.2 s · 7.7 k paths/s"
    )
    for words in ("FY26E", "FY27E", "FY28E", "FY30E", "Value per ADS, US$", "central"):
        assert words in text
    assert re.search(r"P\(≥ \$179\) +Value per ADS \d+\.\d ±0\.\d% · Multiple alone .*±.*% · DCF alone .*±.*%", text)
    assert re.search(r"Percentile +\$163 [\d.]+ ±[\d.]+ · \$179 [\d.]+ ±[\d.]+ · price \$166 [\d.]+ ±[\d.]+", text)
    assert "Quarters in which supply binds 38.10 ±0.05%" in text
    assert "Long-run share of the AI cloud market 0.612 ±0.003" in text
    assert "Discount rate −0.313 ±0.003" in text
    assert "Momentum" not in text


def test_numbers_are_those_of_the_summary(run_of) -> None:
    summary = run_of().summary
    line = next(line for line in screen.lines(summary, FOLDER, 100) if line.startswith("AI-cloud revenue FY28E"))
    leaf = summary["outputs"]["ai_cloud_revenue"]["FY2028"]
    found = re.findall(r"([\d.]+) ±([\d.]+)", line)
    for (value, error), p in zip(found, ("5", "50", "95"), strict=True):
        assert abs(float(value) - leaf["percentiles"][p]) <= float(error)
        assert float(error) == pytest.approx(leaf["percentile_errors"][p], rel=0.6)


def test_labels_are_cut_but_never_numbers_periods_or_units(run_of) -> None:
    run = run_of()
    for row in run.summary["rows"]:
        row["label"] = "a very long label indeed " * 4
    for driver in run.summary["top_drivers"]:
        driver["label"] = "another endless label " * 9
    lines = screen.lines(run.summary, FOLDER, 80)
    assert len(lines) <= 15
    assert all(cell_len(line) <= 80 for line in lines)
    assert sum(line.count("±") for line in lines) == 1 + 5 * 3 + 3 + 3 + 1 + 3
    assert any(re.match(r"a .*… FY30E, RMB bn ", line) for line in lines)


def test_zero_and_one_carry_their_exact_bound(run_of) -> None:
    none, every = (screen.lines(run_of(goal=goal).summary, FOLDER, 100) for goal in (1e4, 1.0))
    assert any("0% (95%: up to 0.092%)" in line for line in none)
    assert any("100% (95%: from 99.9078%)" in line for line in every)
    assert any(line.startswith("Percentile") and "$10,000 above 99.91" in line for line in none)
    assert any(line.startswith("Percentile") and "$1 below 0.092" in line for line in every)


def test_a_scenario_stands_in_the_title(run_of) -> None:
    """Numbers of a bear below the words "base case" would be read as the base case."""
    lines = screen.lines(run_of().summary | {"scenario": "bear"}, FOLDER, screen.NARROWEST)
    assert lines[0] == "Alibaba AI cloud, base case · scenario bear · 1a2b3c4d"
    lines = screen.lines(run_of().summary | {"set": ["drivers.wacc.marginal.mode"]}, FOLDER, screen.NARROWEST)
    assert lines[0] == "Alibaba AI cloud, base case · 1 by --set · 1a2b3c4d"


def test_a_study_without_target_or_rows(run_of) -> None:
    summary = run_of(goal=None).summary | {"rows": [], "shares": [], "top_drivers": []}
    assert len(screen.lines(summary, FOLDER, 80)) == 3


def test_too_many_rows_are_counted(run_of) -> None:
    summary = run_of(warnings=WARNINGS).summary
    summary["rows"] = summary["rows"] * 5
    lines = screen.lines(summary, FOLDER, 80)
    assert len(lines) == 15
    assert re.match(r"± s\.e\.; \d+ more in summary", lines[2])
    assert lines[3].startswith("Value per ADS, US$")


def test_shares_of_several_periods_say_their_label_once(run_of) -> None:
    summary = run_of().summary
    summary["shares"] = [summary["shares"][0] | {"period": f"FY{year}"} for year in range(2026, 2036)]
    wide = next(line for line in screen.lines(summary, FOLDER, 140) if line.startswith("How often"))
    assert wide.startswith("How often   Quarters in which supply binds FY26E 38.10 ±0.05% · FY27E 38.10 ±0.05% · FY28E")


def test_items_without_room_become_an_ellipsis() -> None:
    items = [("Quarters in which supply binds", "FY26E 38.10 ±0.05%"), *[("", "FY27E 38.10 ±0.05%")] * 8]
    assert screen.flow("How often", items, 11, 70, 1) == [
        "How often  Quarters in wh… FY26E 38.10 ±0.05% · FY27E 38.10 ±0.05% · …"
    ]
    assert screen.flow("x", [("", "9" * 99)], 3, 40, 1) == ["x  …"]


def test_names_too_short_to_tell_are_left_out_rather_than_cut() -> None:
    """`Core e… 0.822 · Cloud… 0.601` says nothing: two drivers by a name one can read, and that there are more."""
    drivers = [(f"{word} and a long rest", "0.822 ±0.003") for word in ("Core e-commerce", "Cloud EV", "Holding")]
    (line,) = screen.flow("Rank corr.", drivers, 12, 80, 1)
    assert line.endswith("…")
    assert len(re.findall(r"\w{3}[^·]{6,} 0\.822 ±0\.003", line)) == 2
    assert cell_len(line) <= 80
    items = [("plain Monte Carlo: P", "±0.047% (15x the paths)"), ("mean", "±0.016 (180x)")]
    (line,) = screen.flow("Sampling", items, 16, 80, 1)
    assert line.strip().endswith("plain MC: P ±0.047% (15x the paths) · mean ±0.016 (180x)")


@pytest.mark.parametrize("width", [80, 100])
def test_markup_and_escapes_arrive_as_text(run_of, width: int) -> None:
    run = run_of(study=NASTY, label=NASTY, warnings=(NASTY,))
    page, file = paper(width)
    console.screen(run.summary, Path(NASTY), page)
    text = read(file)
    assert "[red]A$x$[/red] [31m]0;title :boom: end next" in text
    assert all(c == "\n" or c.isprintable() for c in text)


def test_chinese_takes_two_cells(run_of) -> None:
    lines = screen.lines(run_of(study="阿里巴巴" * 30, label="估值" * 30).summary, FOLDER, 80)
    assert all(cell_len(line) <= 80 for line in lines)


def test_a_terminal_without_unicode_gets_ascii(run_of) -> None:
    page, file = paper(80, "ascii")
    console.screen(run_of(study="阿里").summary, FOLDER, page)
    text = read(file)
    assert text.isascii()
    assert "+/-" in text
    assert "P(>= $179)" in text


def test_piped_output_is_plain(run_of, capsys) -> None:
    console.screen(run_of().summary, FOLDER / ("x" * 200))
    text = capsys.readouterr().out
    assert "\x1b" not in text
    assert "x" * 200 in text


def test_problems_go_to_standard_error_with_their_caret(capsys) -> None:
    place = Place("configs/a.yaml", 88, 5, "p9\t0: 1 \x1b[2J")
    error = InputError([Problem("drivers.x", "p90 is below p50 [bold]", "rising order", place), Problem("", "another")])
    console.failure(error)
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert lines[0] == "configs/a.yaml:88:5 drivers.x: p90 is below p50 [bold]; rising order"
    assert lines[1].rstrip().endswith(": 1 \ufffd[2J")
    assert lines[2].index("^") == lines[1].index(":")
    assert lines[3:] == ["another", "2 problems"]


def test_other_failures_are_told_whole(capsys) -> None:
    console.failure(ModelFailure("every path is invalid " * 20 + "\nsecond \x07line"))
    assert capsys.readouterr().err.splitlines() == ["every path is invalid " * 20, "second \ufffdline"]


ROW = {
    "driver": "long_run_share",
    "label": "Long-run share",
    "unit": "RMB bn",
    "marginal": "pert(0.22, 0.35, 0.47)",
    "p10": 0.2714,
    "p50": 0.349,
    "p90": 0.42,
    "sources": ["omdia", "judgement"],
    "grade": "C",
    "note": NASTY,
    "place": "a.yaml:88",
}


@pytest.mark.parametrize("width", [80, 120])
def test_register_shows_every_field(width: int) -> None:
    page, file = paper(width)
    console.register([ROW, ROW | {"p10": None, "p50": None, "p90": None, "note": "", "unit": "1"}], page)
    text = read(file)
    words = " ".join(text.split())
    for part in (
        "long_run_share",
        "pert(0.22,",
        "P10 0.271",
        "P50 0.349",
        "0.420",
        "RMB bn",
        "a.yaml:88",
        " C ",
        "judgement",
    ):
        assert part in words
    assert "[red]A$x$[/red]" in words
    assert "\x1b" not in text
    assert all(cell_len(line) <= width for line in text.splitlines())


def test_feeds_are_a_tree_in_their_order() -> None:
    leaf = {"name": "share", "kind": "driver", "detail": "pert(1, 2, 3) " + NASTY, "place": "a.yaml:8", "feeds": []}
    cells = [
        {"name": f"cell_{i}", "kind": "period cell", "detail": "", "place": f"m.py:{i}", "feeds": []} for i in (1, 2, 3)
    ]
    cells[1]["feeds"] = [leaf]
    page, file = paper(200)
    console.feeds(
        {"name": "top", "kind": "horizon cell", "detail": "Value. [RMB bn]", "place": "m.py:9", "feeds": cells}, page
    )
    lines = read(file).splitlines()
    assert lines[0] == "top (horizon cell)  Value. [RMB bn]  m.py:9"
    assert [re.search(r"(cell_\d|share)", line)[0] for line in lines[1:]] == ["cell_1", "cell_2", "share", "cell_3"]
    assert lines[3].startswith("│   └── share (driver)  pert(1, 2, 3) [red]A$x$[/red]")
    assert "\x1b" not in lines[3]


def test_runs_keep_their_names_whole(run_of) -> None:
    page, file = paper(80)
    name = "20250917T101112Z-1a2b3c4d"
    run = run_of()
    console.runs([{"run": name, "study": NASTY, "scenario": "bear", "paths": 4000, "seed": 1,
                   "target": run.summary["target"]},
                  {"run": name + "-2", "complete": False}], page)  # fmt: skip
    text = read(file)
    assert f" {name} " in text
    assert "4,000" in text
    assert "(bear)" in text
    assert "incomplete" in text
    assert "\x1b" not in text
    empty, file = paper()
    console.runs([], empty)
    assert read(file) == "no runs yet; `sim run STUDY` makes one\n"


def test_verification_names_what_differs() -> None:
    page, file = paper(200)
    console.verification(
        SimpleNamespace(paths=4000, columns=12, digests_differ=(), differences=(), agrees=True, note=""), page
    )
    differences = tuple((f"column_{i}", 7, 1.0, 1.0000000000000002) for i in range(12))
    found = SimpleNamespace(
        paths=4000, columns=12, digests_differ=("value_per_ads",), differences=differences, agrees=False, note=""
    )
    console.verification(found, page)
    lines = read(file).splitlines()
    assert lines[0] == "every bit agrees: 4,000 paths, 12 stored columns and all outputs"
    assert lines[1] == "column_0: first differs at path 7: stored 1.0, repeated 1.0000000000000002"
    last = "the digests of 1 outputs differ from the manifest's: value_per_ads"
    assert lines[-2:] == ["and 2 more columns", last]


def test_progress_shows_on_a_terminal_and_is_silent_elsewhere(capsys) -> None:
    screen_file = io.StringIO()
    with console.progress(console=Console(file=screen_file, force_terminal=True, width=100)) as tell:
        tell.begin("base [red]case", 1000)
        tell.done(400)
        tell.done(1000)
    assert "base [red]case" in screen_file.getvalue()
    assert "100%" in screen_file.getvalue()
    narrow = io.StringIO()
    with console.progress(console=Console(file=narrow, force_terminal=True, width=80)) as tell:
        tell.begin("A study whose title is far too long for its room", 1000)
        tell.done(400)
    assert narrow.getvalue().count("\x1b[1A") == 1  # one line up, to wipe the one line at the end
    quiet = io.StringIO()
    with console.progress(quiet=True, console=Console(file=quiet, force_terminal=True)) as tell:
        tell.begin("x", 10)
        tell.done(10)
    with console.progress() as tell:  # standard error is captured here: no terminal
        tell.begin("x", 10)
        tell.done(10)
    assert quiet.getvalue() == ""
    assert capsys.readouterr() == ("", "")
    assert not sys.stderr.isatty()
