"""Files laid over one another: order, origins, history, `!reset`, circles."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sim import config
from sim.config.merge import merge
from sim.config.origins import Origins
from sim.config.yaml import Node, parse, plain
from sim.errors import Place, Problem

Reads = Callable[..., config.Reading]


def test_groups_merge_lists_and_scalars_replace_in_order(reads: Reads) -> None:
    reading = reads(
        "extends: [a.yaml, b.yaml]\nrun: {seed: 3}\n",
        a="run: {seed: 1, paths: 10}\nfamilies: {s: [x, y]}\ntarget: {output: a}\n",
        b="run: {seed: 2}\nfamilies: {s: [z]}\ntarget: {hurdle: 0.1}\n",
    )
    assert reading.document == {
        "run": {"seed": 3, "paths": 10},
        "families": {"s": ["z"]},
        "target": {"output": "a", "hurdle": 0.1},
    }
    assert reading.files == ("study.yaml", "a.yaml", "b.yaml")


def test_every_leaf_knows_its_line_and_what_it_overrode(reads: Reads) -> None:
    reading = reads(
        "extends: [a.yaml, b.yaml]\nrun:\n  seed: 3\n", a="run: {seed: 1, paths: 10}\n", b="\nrun: {seed: 2}\n"
    )
    assert str(reading.origins.place("run.seed")) == "study.yaml:3:9"
    assert [(str(place), value) for place, value in reading.origins.history("run.seed")] == [
        ("a.yaml:1:13", 1),
        ("b.yaml:2:13", 2),
    ]
    assert str(reading.origins.place("run.paths")) == "a.yaml:1:23"
    assert reading.origins.history("run.paths") == ()


def test_unknown_leaves_are_placed_by_their_longest_known_part(reads: Reads, right: str) -> None:
    origins = reads(right).origins
    assert str(origins.place("drivers.multiple[aidc].marginal.p50")) == "study.yaml:23:5"
    assert str(origins.place("drivers.multiple[aidc]")) == "study.yaml:22:3"
    assert str(origins.place("outputs.1.cell")) == "study.yaml:42:12"
    assert str(origins.place("openings.nothing")) == "study.yaml:9:1"
    assert str(origins.place("nothing.at.all")) == "study.yaml"
    assert str(origins.place("scenarios.bull.set.drivers.share.marginal.mode")) == "study.yaml:48:72"


def test_paths_are_relative_to_the_file_that_says_them(tmp_path: Path) -> None:
    (tmp_path / "parts" / "deep").mkdir(parents=True)
    (tmp_path / "study.yaml").write_text("extends: parts/a.yaml\n")
    (tmp_path / "parts" / "a.yaml").write_text("extends: [deep/b.yaml, ../c.yaml]\nstudy: a\n")
    (tmp_path / "parts" / "deep" / "b.yaml").write_text("study: b\nmodel: b\n")
    (tmp_path / "c.yaml").write_text("model: c\n")
    reading = config.load(tmp_path / "study.yaml")
    assert reading.document == {"study": "a", "model": "c"}
    assert str(reading.origins.place("model")) == f"{tmp_path}/c.yaml:1:8"


def test_a_shared_part_is_laid_once(reads: Reads) -> None:
    """Both a and b rest on c; laying c again under b would undo what a says."""
    reading = reads(
        "extends: [a.yaml, b.yaml]\n", a="extends: c.yaml\nmodel: a\n", b="extends: c.yaml\n", c="model: c\nstudy: c\n"
    )
    assert reading.document == {"model": "a", "study": "c"}


def test_a_circle_is_named_link_by_link(reads: Reads) -> None:
    reading = reads("extends: a.yaml\n", a="study: a\nextends: [b.yaml]\n", b="extends: [study.yaml]\n")
    assert [str(problem).split("\n")[0] for problem in reading.problems] == [
        "b.yaml:1:11 extends: the files extend each other in a circle: "
        "study.yaml -> a.yaml -> b.yaml -> study.yaml; remove one of these `extends`"
    ]
    assert reads("extends: study.yaml\n").problems[0].what.endswith("study.yaml -> study.yaml")


def test_problems_of_all_files_come_together(reads: Reads) -> None:
    reading = reads("extends: [a.yaml, b.yaml, c.yaml]\n", a="x: [1\n", b="y: @\n")
    assert [str(problem.place) for problem in reading.problems] == ["study.yaml:1:27", "a.yaml:1:4", "b.yaml:1:4"]


def test_reset_removes_and_replaces(reads: Reads, right: str) -> None:
    above = (
        "extends: [below.yaml]\n"
        "target: {alternatives: !reset }\n"
        "drivers: {share: {marginal: !reset {kind: fixed, value: 0.3}, grade: !reset null}}\n"
        "scenarios: !reset\n"
    )
    reading = reads(above, below=right)
    assert reading.problems == []
    assert reading.study is not None
    assert reading.study.drivers["share"].marginal.given == {"value": 0.3}
    assert "grade" not in reading.document["drivers"]["share"]
    assert reading.study.target is not None
    assert reading.study.target.alternatives == {}
    assert reading.study.scenarios == {}
    assert [value for _, value in reading.origins.history("drivers.share.marginal.kind")] == ["pert"]


def test_a_reset_of_a_misspelt_name_is_a_problem(reads: Reads, right: str) -> None:
    reading = reads("extends: below.yaml\ndrivers: {shar: !reset }\n", below=right)
    assert [problem.advice for problem in reading.problems] == ['did you mean "share"?']


def test_changing_the_kind_by_merging_says_how_to_do_it(reads: Reads, right: str) -> None:
    above = "extends: below.yaml\ndrivers: {share: {marginal: {kind: fixed, value: 0.3}}}\nscenarios: !reset\n"
    reading = reads(above, below=right)
    assert {problem.advice for problem in reading.problems} == {
        "to change the kind, replace the whole marginal: write `marginal: !reset {kind: ...}`"
    }
    assert {str(problem.place) for problem in reading.problems} == {
        "below.yaml:18:28",
        "below.yaml:18:39",
        "below.yaml:18:51",
    }


def test_problems_in_a_part_name_that_part(reads: Reads, right: str) -> None:
    reading = reads("extends: below.yaml\nstudy: Above\n", below=right.replace("mode: 0.35", "mode: 35%"))
    assert str(reading.problems[0].place) == "below.yaml:18:45"


names = st.sampled_from("abcd")
values = st.recursive(
    st.integers(0, 9) | st.lists(st.integers(0, 9), max_size=2), lambda inner: st.dictionaries(names, inner, max_size=3)
)
documents = st.dictionaries(names, values, max_size=4)


def node(value: Any, file: str) -> Node:
    place = Place(file, 1, 1)
    if isinstance(value, dict):
        return Node({key: node(child, file) for key, child in value.items()}, place, place)
    if isinstance(value, list):
        return Node([node(child, file) for child in value], place, place)
    return Node(value, place, place)


def merged(below: Any, above: Any) -> Any:
    """Deep merge, in the fewest words."""
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    return {
        **below,
        **{key: merged(below[key], value) if key in below else value for key, value in above.items()},
    }


@settings(deadline=None, derandomize=True)
@given(documents, documents, documents)
def test_merging_is_what_it_says(a: Any, b: Any, c: Any) -> None:
    problems: list[Problem] = []
    one, two, three = node(a, "a"), node(b, "b"), node(c, "c")
    assert plain(merge(merge(one, two, problems), three, problems)) == merged(merged(a, b), c)
    assert problems == []


@settings(deadline=None, derandomize=True)
@given(documents, documents)
def test_every_leaf_comes_from_the_file_that_set_it_last(a: Any, b: Any) -> None:
    origins = Origins(merge(node(a, "a"), node(b, "b"), []), "a")
    above, below = Origins(node(b, "b"), "b"), Origins(node(a, "a"), "a")
    for leaf in origins:
        place = origins.place(leaf)
        assert place is not None
        if leaf not in above:
            assert place.file == "a"
        elif leaf not in below:
            assert place.file == "b"
        for before, _ in origins.history(leaf):
            assert (before.file, place.file) == ("a", "b")


def test_reset_is_understood_in_every_position() -> None:
    below, _ = parse("a: {b: 1, c: 2}\nd: [1]\n", "below")
    above, _ = parse("a: !reset\nd: !reset [2]\n", "above")
    assert below is not None
    assert above is not None
    problems: list[Problem] = []
    assert plain(merge(below, above, problems)) == {"d": [2]}
    assert problems == []
