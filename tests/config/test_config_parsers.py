"""Texts are read by libyaml where it is sure to find in them what ruamel.yaml's own parser of YAML 1.2 does."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.config import yaml
from sim.config.yaml import Node, parse
from sim.errors import Problem

ROOT = Path(__file__).parents[2]
FILES = sorted(file for folder in ("configs", "results", "tests") for file in (ROOT / folder).rglob("*.yaml"))


def by_itself(text: str) -> tuple[Node | None, list[Problem]]:
    """What ruamel.yaml's own parser finds."""
    with patch.object(yaml, "_BEYOND", re.compile("")):
        return parse(text, "f")


def same(text: str) -> bool:
    # As texts, so that .nan equals .nan; every node tells its value, its line and its column.
    return repr(parse(text, "f")) == repr(by_itself(text))


def by_libyaml(text: str) -> bool:
    """Whether ruamel.yaml's own parser is not asked."""
    asked: list[bool] = []

    class Noted(yaml.YAML):
        def __init__(self, *, typ: str, pure: bool = False) -> None:
            asked.append(pure)
            super().__init__(typ=typ, pure=pure)

    with patch.object(yaml, "YAML", Noted):
        parse(text, "f")
    return asked == [False]


def test_libyaml_is_installed() -> None:
    """Without it ruamel.yaml takes its own parser in silence, and this file compares it with itself."""
    assert find_spec("_ruamel_yaml") is not None


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_file_is_the_same_to_both(file: Path) -> None:
    text = file.read_bytes().decode()
    assert same(text)
    assert same(text.replace("\n", "\r\n"))


def test_the_files_of_the_base_case_are_read_by_libyaml() -> None:
    texts = [file.read_text(encoding="utf-8") for file in (ROOT / "configs" / "alibaba").rglob("*.yaml")]
    assert len(texts) > 10
    assert all(by_libyaml(text) for text in texts)
    assert all(by_libyaml(text.replace("\n", "\r\n")) for text in texts)


@pytest.mark.parametrize(
    "text",
    [
        "市場 🚀: 阿里 ☁\n😀: {é: 😀, b: 1}\n",
        '"quoted key": 1\n"a: b" : 2\n',
        "a: {b: 1,\n    c: [2,\n  3], 'd': \"e\n      f\"}\n",
        "a: >-\n  one\n\n    two\n three\nb: |\n  1\n\n\n  2\n\nc: 3\n",
        "a: # nothing\nb:\n- # nothing\n- - 1\n  - 2\n",
        "a: http://x.y/z?q=1#part\nb: [http://x.y]\nc: it's 5 > 4 & 3 * 2 | 1\n",
        "a:b: c\nd : e\n? \n",
        "",
        "# only a comment",
    ],
)
def test_ordinary_texts_are_the_same_to_both(text: str) -> None:
    assert same(text)


@pytest.mark.parametrize(
    "text",
    [
        "--- ",
        "---",
        "a: 1\n...\n",
        "a: 1\n---\nb: 2\n",
        "%YAML 1.1\n---\na: no\n",
        "|\n# a text",
        "a: |#\n  b\n",
        "a: >\n  \n   b\n",
        "- |2\n   a\n",
        "'b': [\"a\":---\n]",
        '{"a":1}',
        "&a:b c: d",
        "a: &b 1\nc: *b\n",
        "a: !reset\nb: !reset c\nd: !!str 1\n",
        "? a\n: b\n",
        'a: "\\/ \\x41 \\N \\u2028"\n',
        "a:\t1\n",
        "a: 1\t# b\n",
        "a: 1\rb: 2\r",
        "a: b\x85c: d",
        "a: b\u2028c: d\u2029",
        "a: \ufeffb\n",
        "\ufeffa: b\n",
        "a: b\x00",
        "a: b\x7f",
        "a: b\ud800",
        "a: [b, c\nd: 1\n",
        "a: 1\na: 2\n",
        "a: 1\n b: 2\n",
        "a: 'b\n",
        "@a: 1\n",
        "a: `b`\n",
        "a: [%, 1]\n",
        "[" * 1000,
    ],
)
def test_what_libyaml_might_understand_otherwise_is_not_left_to_it(text: str) -> None:
    """Or it is a fault, which is told in the same words as ever."""
    assert not by_libyaml(text)
    assert same(text)


INDENTS = st.sampled_from(["", "", "", " ", "  ", "  ", "    ", "      "])
HEADS = st.sampled_from([
    "k: ", "l: ", "m : ", "key:", "- ", "- - ", "- n: ", '"q": ', "'q': ", "# ", "k: >-", "k: >", "k: |", "k: |-",
    "k: [", "k: {", 'k: "', "k: '", "",
])  # fmt: skip
PIECES = st.sampled_from([
    "a", "b c", "é", "財", "😀", "1", "0.5", "null", '"q r"', "'s'", "http://x.y?z=1#w", "a:b", "a#b", "#c", "# d", "-",
    "- e", "-1", "[", "{", "[a, b]", "{a: b, c: [1]}", "]", "}", ",", ":", ": ", "x?", ">", "|", "50%", "R&D", "a*b",
    "*", "!", '"', "'", '""', "''", "[]", "{}", "...", "---", "~", "<<", '"k": v', "[a]: b", "{a: b}: c", "?", "&", ".",
    "\t", "\\", "\xa0", "",
])  # fmt: skip
LINES = st.builds(
    lambda indent, head, pieces, between: indent + head + between.join(pieces),
    INDENTS,
    HEADS,
    st.lists(PIECES, max_size=4),
    st.sampled_from([" ", "", ", "]),
)
TEXTS = st.builds(
    lambda lines, end, last: end.join(lines) + last,
    st.lists(LINES, min_size=1, max_size=6),
    st.sampled_from(["\n", "\n", "\r\n"]),
    st.sampled_from(["", "\n", "\n\n"]),
)


@settings(max_examples=1500, deadline=None)
@given(text=TEXTS)
def test_any_text_is_the_same_to_both(text: str) -> None:
    assert same(text)
