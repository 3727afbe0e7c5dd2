"""The merged study written out: it reads back as the same study, and says where every leaf came from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim import config
from sim.config.origins import Origins
from sim.config.resolved import write
from sim.config.yaml import Node, parse, plain
from sim.errors import Place

Reads = Callable[..., config.Reading]


def test_it_reads_back_as_the_same_study(reads: Reads, right: str) -> None:
    reading = reads("extends: below.yaml\nstudy: 'Above: all'\n", below=right, sets=("run.seed=5",), scenario="bull")
    again = reads(config.resolved_text(reading))
    assert again.problems == []
    assert again.document == reading.document
    assert again.study == reading.study
    assert again.digest == reading.digest


def test_every_leaf_says_where_it_came_from(reads: Reads, right: str) -> None:
    sets = ("drivers.share.marginal.mode=0.4",)
    reading = reads("extends: below.yaml\nstudy: Above\n", below=right, sets=sets, scenario="bull")
    lines = config.resolved_text(reading).splitlines()
    assert lines[0] == "study: Above  # study.yaml:2; was A test at below.yaml:1"
    assert "      mode: 0.4  # --set; was 0.44 at below.yaml:48; was 0.35 at below.yaml:18" in lines
    assert "    source: [note, judgement]  # below.yaml:20" in lines
    assert "  - cell: cloud_share  # below.yaml:42" in lines
    assert "  multiple[aidc]:" in lines
    assert all("#" in line for line in lines if not line.endswith(":"))


def test_the_digest_is_of_what_is_said_and_not_of_how(reads: Reads, right: str) -> None:
    head, line, tail = right.partition("model: toy\n")
    moved = reads(line + "# a comment\n" + head + tail)
    split = reads(f"extends: below.yaml\n{line}", below=head + tail)
    other = reads(right, sets=("run.seed=5",))
    assert reads(right).digest == moved.digest == split.digest != other.digest


texts = st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda text: text != "<<")
scalars = st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False) | texts
trees = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=12
)


@settings(deadline=None, derandomize=True)
@given(st.dictionaries(texts, trees, min_size=1, max_size=3))
def test_any_document_survives(document: dict[str, Any]) -> None:
    place = Place("f")
    node, problems = parse(write(document, Origins(Node({}, place, place), "f")), "f")
    assert problems == []
    assert node is not None
    assert plain(node) == document


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("configs/base.yaml", "base"),
        ("Goldman 179.yaml", "goldman-179"),
        ("../..yaml", "study"),
        ("..", "study"),
        ("a/../../etc.yaml", "etc"),
        ("CON.yaml", "study-con"),
        ("阿里.yaml", "study"),
        ("x" * 300 + ".yaml", "x" * 80),
        ("a\\b:c*d.yaml", "a-b-c-d"),
        ("-rf.yaml", "rf"),
    ],
)
def test_slugs_are_safe_for_folders(path: str, name: str) -> None:
    assert config.slug(path) == name
    assert Path(name).name == name
