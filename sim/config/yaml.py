"""Reads one YAML 1.2 file into nodes that know where they were written. Nothing else in `sim` reads YAML.

Values follow the core schema of YAML 1.2 (`no` is text, `1e-3` a number, `12:30` text), and digits may be grouped by
underscores (`1_048_576`). Every key is text. Duplicate keys, aliases, anchors and tags other than `!reset` are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from sim.config import syntax
from sim.errors import Place, Problem

Scalar: TypeAlias = bool | int | float | str | None

RESET = "!reset"
DEEPEST = 40  # a study nests six levels; the cap keeps a hostile file from exhausting the stack

_LINE_END = re.compile("\r\n|[\r\n\x85\u2028\u2029]")  # as ruamel.yaml counts lines
# What libyaml, a parser of YAML 1.1, could understand otherwise than ruamel.yaml's own of YAML 1.2.
_BEYOND = re.compile(
    r"""
      \r (?!\n) | [^\r\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]  # tabs, line ends
    | \\                                                   # escapes
    | ^ (?: --- | \.\.\. )                                 # documents
    | (?: ^ | [:?-][ ] | [\[{,] ) [ ]* (?:
        [&*!%@`?]                                          # anchors, aliases, tags, directives, keys of many words
        | [|>] (?! (?<= :[ ]. ) -? \r?\n [ ]+ [^ \r\n] )   # blocks of text, but for ordinary ones
      )
    | ["'\]}] : (?! [ \r\n] )                              # keys as in JSON
    """,
    re.MULTILINE | re.VERBOSE,
)
_INTEGER = re.compile(r"[-+]?(?:[0-9]+|[0-9]{1,3}(?:_[0-9]{3})+)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:[0-9]+|[0-9]{1,3}(?:_[0-9]{3})+)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_OTHER_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_HALF = re.compile("[\ud800-\udfff]")  # an escape can write it; no file can hold it
_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **{sign + word: float(sign + "inf") for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")},
}


@dataclass(frozen=True, slots=True)
class Node:
    """A value with its place, the place of its key, and what it overrode (oldest first)."""

    content: dict[str, Node] | list[Node] | Scalar
    place: Place
    key_place: Place
    reset: bool = False
    history: tuple[tuple[Place, Any], ...] = ()


def resolve(text: str) -> Scalar:
    """The value of an unquoted scalar by the core schema of YAML 1.2 (section 10.3.2)."""
    if text in _WORDS:
        return _WORDS[text]
    if len(text) <= 40:  # longer digit strings are nobody's number, and int() is quadratic
        if _INTEGER.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text):
            return float(text)
        if _OTHER_BASE.fullmatch(text):
            return int(text, 0)
    return text


def plain(node: Node) -> Any:
    """The node as ordinary dicts, lists and scalars."""
    if isinstance(node.content, dict):
        return {key: plain(child) for key, child in node.content.items()}
    if isinstance(node.content, list):
        return [plain(child) for child in node.content]
    return node.content


def read_text(file: str) -> tuple[str | None, str, str]:
    """Text of a file, or None with what is wrong and what to do."""
    path = Path(file)
    try:
        if path.is_dir():
            return None, "this is a folder, not a study file", "name a .yaml file inside it"
        if not path.exists():
            near = sorted(p.name for p in path.parent.glob("*.yaml")) if path.parent.is_dir() else []
            listing = f"; the folder has {', '.join(near[:8])}" if near else ""
            return None, "there is no such file", f"check the name{listing}"
        if path.suffix == ".py":
            return None, "this is Python, not YAML", "name the .yaml file whose `model:` it is"
        if not path.is_file():
            return None, "this is not an ordinary file", "name a .yaml file"
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "the name is not valid"
        return None, f"the file cannot be read ({reason.lower()})", "check its name and permissions"
    try:
        return data.decode("utf-8-sig"), "", ""
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return None, f"the file is not UTF-8 text (line {line})", 'save it with the encoding "UTF-8"'


def parse(text: str, file: str) -> tuple[Node | None, list[Problem]]:
    """The one document of a text, or None if there is none or it is not YAML; with every problem found."""
    if not _BEYOND.search(text):  # libyaml is ten times as fast; all faults are found and told by the other
        quick = _Composer(text, file, YAML(typ="safe").parse(text))
        with suppress(YAMLError):
            node = quick.document()
            if not quick.problems:
                return node, []
    composer = _Composer(text, file, YAML(typ="safe", pure=True).parse(text))
    try:
        node = composer.document()
    except ReaderError as error:
        composer.problems.append(syntax.unreadable(error, text, composer.at))
        return None, composer.problems
    except MarkedYAMLError as error:
        opened = composer.open[-1] if composer.open else None
        composer.problems.append(syntax.explain(error, composer.at, opened))
        return None, composer.problems
    except (YAMLError, ValueError) as error:
        composer.problems.append(Problem("", f"this is not valid YAML ({error})", "", Place(file)))
        return None, composer.problems
    return node, composer.problems


class _Composer:
    """Builds nodes from parser events. Composing here, not in ruamel.yaml, lets aliases and tags be refused unseen."""

    def __init__(self, text: str, file: str, events: Iterator[Any]):
        self.file = file
        self.lines = _LINE_END.split(text)
        self.problems: list[Problem] = []
        self.open: list[tuple[str, Place]] = []  # brackets not closed yet, and where they stand
        self.events = events

    def at(self, line: int, column: int) -> Place:
        """Place of a zero-based line and column."""
        shown = self.lines[line] if line < len(self.lines) else ""
        return Place(self.file, line + 1, column + 1, shown)

    def _place(self, event: Any) -> Place:
        return self.at(event.start_mark.line, event.start_mark.column)

    def _refuse(self, path: str, what: str, advice: str, event: Any) -> None:
        self.problems.append(Problem(path, what, advice, self._place(event)))

    def document(self) -> Node | None:
        found: Node | None = None
        documents = 0
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if event.version is not None and tuple(event.version) != (1, 2):
                    version = ".".join(str(part) for part in event.version)
                    directive = next(n for n, line in enumerate(self.lines) if line.startswith("%YAML"))
                    what = f"YAML {version} is asked for, but studies are YAML 1.2"
                    self.problems.append(Problem("", what, "remove this line", self.at(directive, 0)))
                if documents == 2:
                    self._refuse("", "a second document begins here", 'remove the line "---": one study a file', event)
            elif isinstance(event, NodeEvent):
                node = self._node(event, "", None, 0)
                found = node if documents == 1 else None
        return found

    def _node(self, event: Any, path: str, key_place: Place | None, depth: int) -> Node:
        place = self._place(event)
        key_place = key_place or place
        if isinstance(event, AliasEvent):
            advice = "write the value out; `extends` shares values between files"
            self._refuse(path, f"the alias *{event.anchor} is not allowed", advice, event)
            return Node(None, place, key_place)
        if getattr(event, "anchor", None):
            self._refuse(path, f"the anchor &{event.anchor} is not allowed", "remove it: aliases are not used", event)
        reset = self._is_reset(event, path)
        if isinstance(event, ScalarEvent):
            unquoted = event.implicit[0] or (reset and not event.style)
            value: Scalar = resolve(event.value) if unquoted else event.value
            if unquoted and not event.value and not reset:
                place = key_place  # nothing is written: the parser stands at the next line already
            if isinstance(value, str) and _HALF.search(value):
                self._refuse(path, "half of a character (\\ud800 to \\udfff) is not text", "write the character", event)
                value = None
            return Node(value, place, key_place, reset)
        if depth == DEEPEST:
            raise MarkedYAMLError(problem="nested too deeply", problem_mark=event.start_mark)
        bracket = [("[" if isinstance(event, SequenceStartEvent) else "{", place)] if event.flow_style else []
        self.open += bracket
        inside = self._items(path, depth) if isinstance(event, SequenceStartEvent) else self._mapping(path, depth)
        if bracket:
            self.open.pop()
        return Node(inside, place, key_place, reset)

    def _is_reset(self, event: Any, path: str) -> bool:
        tag = getattr(event, "tag", None)
        if tag is None or tag == RESET:
            return tag == RESET
        short = str(tag).replace("tag:yaml.org,2002:", "!!")
        self._refuse(
            path, f"the tag {short} is not allowed", "remove it; the only tag a study may use is !reset", event
        )
        return False

    def _items(self, path: str, depth: int) -> list[Node]:
        items: list[Node] = []
        while not isinstance(event := next(self.events), SequenceEndEvent):
            item = self._node(event, f"{path}.{len(items)}", None, depth + 1)
            if item.reset:
                self._refuse(path, "!reset stands before an item of a list", "put it before the whole list", event)
            items.append(item)
        return items

    def _mapping(self, path: str, depth: int) -> dict[str, Node]:
        children: dict[str, Node] = {}
        while not isinstance(event := next(self.events), MappingEndEvent):
            key = _HALF.sub("?", event.value) if isinstance(event, ScalarEvent) else None
            leaf = f"{path}.{key}" if path else str(key)
            place = self._place(event)
            if key is None:
                self._node(event, path, None, depth + 1)  # swallow the key's own events
                self._refuse(path, "a key must be a single word", "write `name: value`", event)
            else:
                self._is_reset(event, leaf)
            child = self._node(next(self.events), leaf, place, depth + 1)
            if key == "<<":
                self._refuse(leaf, "the merge key << is not allowed", "use `extends` to share between files", event)
            elif key == "":
                self._refuse(path, "a key is empty", "write its name before the colon", event)
            elif key is not None and key in children:
                first = children[key].key_place
                what = f'"{key}" is given twice, first in line {first.line}'
                self._refuse(leaf, what, "keep one of the two", event)
            elif key is not None:
                children[key] = child
        return children
