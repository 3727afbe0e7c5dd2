"""`run.precision`: what it takes and refuses, in which words, and that the last word of paths or precision holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sim import config
from sim.config.precision import FIRST
from sim.config.schema import RunSpec
from tests.conftest import CONFIGS

TOY = (CONFIGS / "toy.yaml").read_text(encoding="utf-8")
RUN = "run: {paths: 65_536, seed: 1, sampler: philox}"
Read = Callable[..., config.Reading]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """The toy with another `run:`, with `--set` texts, and perhaps extended by a second file."""

    def reading(run: str, *sets: str, above: str = "", without: str = "") -> config.Reading:
        assert RUN in TOY
        text = TOY.replace(RUN, f"run: {run}")
        text = "\n".join(line for line in text.splitlines() if not (without and line.startswith(without)))
        (tmp_path / "study.yaml").write_text(text, encoding="utf-8")
        if above:
            (tmp_path / "above.yaml").write_text(f"extends: study.yaml\n{above}\n", encoding="utf-8")
        return config.load(tmp_path / ("above.yaml" if above else "study.yaml"), sets)

    return reading


def spec(reading: config.Reading) -> RunSpec:
    assert reading.problems == []
    assert reading.study is not None
    return reading.study.run


def test_everything_it_takes(read: Read) -> None:
    written = "{probability: 0.001, mean: 0.2%, percentiles: 0.5 %, confidence: 99%, max_paths: 1e9}"
    found = spec(read(f"{{precision: {written}}}")).precision
    assert found is not None
    assert (found.probability, found.mean, found.percentiles) == (0.001, 0.002, 0.005)
    assert (found.confidence, found.max_paths, found.until) == (0.99, 10**9, None)
    verdict = spec(read("{precision: {until: verdict, hurdle: 0.4}}")).precision
    assert verdict is not None
    assert (verdict.until, verdict.hurdle, verdict.confidence) == ("verdict", 0.4, 0.95)


@pytest.mark.parametrize(("most", "looks"), [(FIRST, 1), (2 * FIRST - 1, 1), (2 * FIRST, 2), (10**9, 16)])
def test_looks_are_doublings_up_to_the_most_paths(read: Read, most: int, looks: int) -> None:
    found = spec(read(f"{{precision: {{mean: 1%, max_paths: {most}}}}}")).precision
    assert found is not None
    assert found.looks == tuple(FIRST * 2**k for k in range(looks))
    assert found.looks[-1] <= most < 2 * found.looks[-1]


@pytest.mark.parametrize(
    ("run", "says"),
    [
        (
            "{paths: 5, precision: {mean: 1%}}",
            "run: gives both paths and precision; keep one of them: precision finds the number itself",
        ),
        (
            "{sampler: lhs, precision: {mean: 1%}}",
            "run: asks for precision, but a Latin hypercube cannot be extended by further paths; write `sampler: sobol`"
            " or `sampler: philox`, or give paths",
        ),
        (
            "{precision: {confidence: 0.9}}",
            "run.precision: asks for nothing; add an error such as `probability: 0.001`, or `until: verdict`",
        ),
        (
            "{precision: {mean: 1%, hurdle: 0.4}}",
            "run.precision: has a hurdle but no verdict to hold it against; add `until: verdict`",
        ),
        (
            "{precision: {mean: 0}}",
            "run.precision.mean: must lie between 0 and 1, not the number 0; write it such as 0.002 or 0.2%",
        ),
        (
            "{precision: {probability: half}}",
            'run.precision.probability: must be a share of one, not "half"; write it such as 0.002 or 0.2%',
        ),
        (
            "{precision: {mean: 1%, confidence: 95}}",
            "run.precision.confidence: must lie between 0.5 and 0.9999, not the number 95; write it such as 0.95 or"
            " 95%",
        ),
        (
            "{precision: {mean: 1%, max_paths: 100}}",
            "run.precision.max_paths: must be at least 16384, not 100; correct the number",
        ),
        (
            "{precision: {mean: 1%, max_paths: 20000.5}}",
            "run.precision.max_paths: must be a whole number, not 20000.5; write a number without a decimal point,"
            " such as 10",
        ),
        ("{precision: {until: verdct}}", 'run.precision.until: must be verdict, not "verdct"; did you mean "verdict"?'),
        (
            "{precision: {probabilty: 1%}}",
            'run.precision.probabilty: unknown key "probabilty"; did you mean "probability"?',
        ),
    ],
)  # fmt: skip
def test_refusals_say_what_and_where(read: Read, run: str, says: str) -> None:
    problems = read(run).problems
    assert [f"{p.path}: {p.what}; {p.advice}" for p in problems] == [says]
    assert all(p.place is not None and p.place.line for p in problems)


@pytest.mark.parametrize("asked", ["probability: 1%", "until: verdict"])
def test_questions_about_a_target_need_one(read: Read, asked: str) -> None:
    problems = read(f"{{precision: {{{asked}}}}}", without="target:").problems
    assert [(p.path, p.advice) for p in problems] == [(f"run.precision.{asked.split(':')[0]}", "add `target`")]
    assert read("{precision: {mean: 1%}}", without="target:").problems == []


def test_the_last_word_of_paths_or_precision_holds(read: Read) -> None:
    """A file that extends, a scenario and --set replace the other way of saying it instead of contradicting it."""
    wanted = "run.precision={mean: 1%}"
    assert spec(read("{paths: 77}", wanted)).precision is not None
    assert "paths" not in read("{paths: 77}", wanted).document["run"]
    assert spec(read("{paths: 77}", "run.precision.mean=1%")).precision is not None
    stated = spec(read("{precision: {mean: 1%}}", "run.paths=77"))
    assert (stated.paths, stated.precision) == (77, None)
    assert spec(read("{paths: 77}", wanted, "run.paths=78")).paths == 78
    assert spec(read("{paths: 77}", above="run: {precision: {mean: 1%}}")).precision is not None
    assert spec(read("{precision: {mean: 1%}}", above="run: {paths: 77}")).precision is None
    both = read("{seed: 1}", above="run: {paths: 77, precision: {mean: 1%}}").problems
    assert [p.what for p in both] == ["gives both paths and precision"]
    scenarios = "scenarios: {long: {story: x, set: {run.precision.mean: 1%}}}"
    reading = read("{paths: 77}", above=scenarios)
    assert reading.problems == []
    chosen = config.load(reading.path, scenario="long").study
    assert chosen is not None
    assert chosen.run.precision is not None


def test_what_is_resolved_reads_back_the_same(read: Read, tmp_path: Path) -> None:
    reading = read("{precision: {mean: 0.2%, until: verdict, max_paths: 1e6}}")
    again = tmp_path / "again.yaml"
    again.write_text(config.resolved_text(reading), encoding="utf-8")
    assert spec(config.load(again)).precision == spec(reading).precision
