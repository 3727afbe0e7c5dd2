"""Turns the YAML parser's complaints into words for people who have never read a grammar."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from sim.errors import Place, Problem

At = Callable[[int, int], Place]


def unreadable(error: ReaderError, text: str, at: At) -> Problem:
    """A character that YAML does not allow in a file."""
    before = text[: error.position]
    line = before.count("\n")
    place = at(line, error.position - (before.rfind("\n") + 1))
    code = error.character if isinstance(error.character, int) else ord(str(error.character)[0])
    return Problem("", f"the invisible character U+{code:04X} is not allowed here", "delete it", place)


def explain(error: MarkedYAMLError, at: At, opened_last: tuple[str, Place] | None = None) -> Problem:
    """The parser's error where a person would look for it; ``opened_last`` is the innermost bracket left open."""
    complaint = str(error.problem or "")
    context = str(error.context or "")
    here = _mark(error.problem_mark or error.context_mark, at)
    opened = _mark(error.context_mark or error.problem_mark, at)
    bracket = "{" if "flow mapping" in context else "[" if "flow sequence" in context else ""
    closing = {"{": "}", "[": "]"}.get(bracket, "")
    what, advice, place = f"this is not valid YAML ({complaint})", "compare it with the lines around it", here
    if complaint == "nested too deeply":
        what, advice = "this is nested too deeply", "remove the extra brackets"
    elif "quoted scalar" in context and "unexpected" in complaint:
        what, advice, place = "this quote is never closed", "add the closing quote at the end of the text", opened
    elif "unknown escape character" in complaint:
        what, advice = "a backslash means something special inside double quotes", "use single quotes"
    elif opened_last is not None and "<stream end>" in complaint:
        bracket, opened = opened_last
        closing = {"{": "}", "[": "]"}[bracket]
        what, advice, place = f"this {bracket} is never closed", f"add the closing {closing}", opened
    elif bracket and "expected ','" in complaint:
        what = f"a comma or the closing {closing} is missing before this point"
        advice = f"add it; the {bracket} was opened in line {opened.line}"
    elif "mapping values are not allowed" in complaint:
        what = "a second colon is not expected here"
        advice = "put a text that contains a colon in quotes, or check the indentation if a new key begins here"
    elif "could not find expected ':'" in complaint:
        what, advice, place = "this line has no colon after its name", 'write "name: value"', opened
    elif "found character" in complaint and "\\t" in complaint:
        what, advice = "a tab stands at the start of this line", "indent with spaces"
    elif found := re.search(r"found character '(.)' that cannot start", complaint):
        what, advice = f'a value may not begin with "{found[1]}"', "put the text in quotes"
    elif found := re.search(r"expected the node content, but found '(.+)'", complaint):
        what, advice = f'a value is missing before "{found[1]}"', "write it, or remove the sign"
    elif "directive" in context or "'<document start>'" in complaint:
        what, advice = 'this line, or one above it, begins with "%" or "..."', "remove it, or put the text in quotes"
    elif "sequence entries are not allowed" in complaint:
        what, advice = 'a list may not begin here with "- "', "put it on its own lines, or write [a, b]"
    elif "block scalar" in context:
        what, advice = 'a text that begins with "|" or ">" must be in quotes', "put it in quotes"
    elif "expected <block end>, but found '<scalar>'" in complaint:
        what, advice = "text follows a closing quote or bracket", "remove it, or look above for a quote left open"
    elif "expected <block end>" in complaint:
        what = "this line does not fit the lines above it"
        advice = "start it in the same column as the keys it belongs with, or as deep as its list"
    return Problem("", what, advice, place)


def _mark(mark: Any, at: At) -> Place:
    return at(mark.line, mark.column)
