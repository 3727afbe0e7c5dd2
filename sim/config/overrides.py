"""Overrides of single leaves: `--set key=value` and the `set:` of a named scenario."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sim.config import keys, merge
from sim.config.origins import split
from sim.config.yaml import Node, parse, plain
from sim.errors import Place, Problem, did_you_mean


def with_scenario(root: Node, name: str) -> tuple[Node, list[Problem]]:
    """The tree with the leaves of a scenario put in place; their origin is the scenario's own line."""
    scenarios = _child(root, "scenarios")
    known = list(scenarios.content) if scenarios is not None and isinstance(scenarios.content, dict) else []
    if name not in known:
        advice = did_you_mean(name, known) or (f"it has {keys.listing(known)}" if known else "add it to `scenarios`")
        place = Place("--scenario", 0, 1, name)
        return root, [Problem("scenarios", f'the study has no scenario "{name}"', advice, place)]
    changes = _child(_child(scenarios, name), "set")
    if changes is None or not isinstance(changes.content, dict):
        return root, []  # an empty scenario; a malformed one is the schema's to report
    document = plain(root)
    for key, value in changes.content.items():
        # A key that does not exist is reported with the scenario it stands in, whether or not that one is chosen.
        if keys.fault(split(key), document) is None:
            root = merge.assign(root, split(key), replace(value, reset=False))
    return root, []


def with_sets(root: Node, sets: Sequence[str]) -> tuple[Node, list[Problem]]:
    """The tree with every ``key=value`` of the command line put in place, in order."""
    problems: list[Problem] = []
    for text in sets:
        key, equals, written = text.partition("=")
        key = key.strip()
        whole = Place("--set", 0, 1, text)
        if not equals or not key:
            advice = "write --set key=value, such as --set run.seed=7"
            problems.append(Problem("", f'"{text}" has no value' if key else "the key is missing", advice, whole))
            continue
        fault = keys.fault(split(key), plain(root))
        if fault is not None:
            problems.append(Problem(key, *fault, whole))
            continue
        place = Place("--set", 0, len(text) - len(written.lstrip()) + 1, text)
        node, faults = parse(written, "--set")
        problems.extend(replace(found, path=key, place=place) for found in faults)
        if not faults:
            value = Node(None, place, whole) if node is None else _moved(node, place, whole)
            root = merge.assign(root, split(key), value)
    return root, problems


def _moved(node: Node, place: Place, key_place: Place) -> Node:
    """A value of the command line, all of it placed there."""
    content = node.content
    if isinstance(content, dict):
        content = {key: _moved(child, place, place) for key, child in content.items()}
    elif isinstance(content, list):
        content = [_moved(child, place, place) for child in content]
    return replace(node, content=content, place=place, key_place=key_place, reset=False)


def _child(node: Node | None, key: str) -> Node | None:
    return node.content.get(key) if node is not None and isinstance(node.content, dict) else None
