"""One small right study, and the messages that come of spoiling it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sim import config
from sim.errors import Problem

RIGHT = """\
study: A test
model: toy
as_of: 2025-09-17
timeline: {period: quarter, first: 2025Q3, periods: 11, fiscal_year_end: March}
run: {paths: 1_048_576, seed: 179, sampler: philox}
sources:
  note: {title: A note, publisher: A broker, date: 2025-09-17}
  later: {title: Later, publisher: A broker, date: 2025-10-01}
openings:
  tokens: {from: opening_tokens}
  discount: {value: 1, unit: "1", source: definition}
reported:
  revenue:
    2025Q2: {value: 33.4, unit: RMB bn, source: note}
drivers:
  share:
    dimension: 7
    marginal: {kind: pert, low: 0.22, mode: 0.35, high: 0.47}
    unit: "1"
    source: [note, judgement]
    grade: C
  multiple[aidc]:
    marginal: {kind: lognormal, p10: 2.4, p90: 4.9}
    unit: x
    source: judgement
    grade: D
  margin:
    marginal: {kind: normal, mean: 0.1, sd: 0.02, truncate: {low: 0}}
    unit: "1"
    source: judgement
innovations: {shock: {note: demand}}
families: {segment: [aidc, others]}
windows:
  next_year: {cell: revenue, from: 2026Q4, to: 2027Q3, how: sum}
schedules:
  seasonal: {by: calendar_quarter, values: {Q1: 0.9, Q2: 1, Q3: 1, Q4: 1.1}, unit: "1", source: note}
dependence:
  correlations:
    - {between: [share, margin], spearman: 0.5, source: judgement}
outputs:
  - {cell: revenue, per: fiscal_year, how: sum}
  - {cell: cloud_share, at: 2026Q3}
  - {cell: value_per_ads}
target: {output: value_per_ads, at_least: 179, source: note, alternatives: {FY27E: revenue.FY2027}}
warnings:
  dear: {output: value_per_ads, mean_above: 200, say: dear}
scenarios:
  bull: {story: More., weight: 0.4, set: {drivers.share.marginal.mode: 0.44}}
  bear: {story: Less., weight: 0.6, set: {drivers.share.marginal.mode: 0.25}}
"""


Says = Callable[[config.Reading], list[str]]
Reads = Callable[..., config.Reading]
Spoils = Callable[[str, str], list[str]]


def written(problem: Problem) -> str:
    """``LINE: PATH: WHAT; ADVICE`` of a problem."""
    line = problem.place.line if problem.place else None
    text = f"{problem.what}; {problem.advice}" if problem.advice else problem.what
    return f"{line}: {problem.path}: {text}" if problem.path else f"{line}: {text}"


@pytest.fixture(scope="session")
def right() -> str:
    """Text of a study with nothing wrong."""
    return RIGHT


@pytest.fixture(scope="session")
def says() -> Says:
    """``says(reading)``: its problems, one line each, without file and column."""
    return lambda reading: [written(problem) for problem in reading.problems]


@pytest.fixture
def reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reads:
    """``reads(text)`` or ``reads(text, other=text)``: writes study.yaml and others into an empty folder and loads it.

    The folder is entered, so that places and messages name files without their folder.
    """

    monkeypatch.chdir(tmp_path)

    def read(
        text: str = "", *, sets: tuple[str, ...] = (), scenario: str | None = None, **files: str
    ) -> config.Reading:
        for name, each in {"study": text, **files}.items():
            Path(f"{name}.yaml").write_text(each, encoding="utf-8")
        return config.load("study.yaml", sets, scenario)

    return read


@pytest.fixture
def spoils(reads: Reads) -> Spoils:
    """``spoils(old, new)``: what is said of the right study with one passage replaced."""

    def spoil(old: str, new: str) -> list[str]:
        assert RIGHT.count(old) == 1, f"{old!r} must name one passage"
        return [written(problem) for problem in reads(RIGHT.replace(old, new)).problems]

    return spoil
