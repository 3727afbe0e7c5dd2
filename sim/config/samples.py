"""Puts the values of a CSV file in the place of `file` in empirical marginals, so that a study holds all its numbers.

The file lies beside the YAML file that names it. What is stored with a run, and hashed, are the values themselves.
"""

from __future__ import annotations

import csv
import os
import re
from dataclasses import replace
from pathlib import Path

from sim.config.keys import listing
from sim.config.yaml import Node, read_text
from sim.errors import Place, Problem, did_you_mean

_FILE = re.compile(r"drivers\.[^.]+\.marginal\.file")
Found = tuple[Node | None, str, str, Place | None]  # values, or what is wrong, what to do, and where


def embed(root: Node, study_file: str) -> tuple[Node, list[Problem]]:
    """The tree with the values of every `file:` of an empirical marginal, and what is wrong with the files.

    So too in the `set:` of scenarios, where a file that cannot be read stays: it is told with the scenario it spoils.
    """
    root = _in_scenarios(root, study_file)
    drivers = root.content.get("drivers") if isinstance(root.content, dict) else None
    if drivers is None or not isinstance(drivers.content, dict):
        return root, []
    problems: list[Problem] = []
    changed: dict[str, Node] = {}
    for name, driver in drivers.content.items():
        marginal = driver.content.get("marginal") if isinstance(driver.content, dict) else None
        if marginal is None or not isinstance(marginal.content, dict) or not _asks(marginal.content):
            continue
        keys = dict(marginal.content)
        file, column = keys["file"], keys.get("column")
        heading = column.content if column is not None and isinstance(column.content, str) else None
        values, what, advice, place = _read(file, heading, study_file)
        if values is None:
            leaf = f"drivers.{name}.marginal.{'column' if what.startswith('there is no column') and column else 'file'}"
            problems.append(Problem(leaf, what, advice, place))
            continue
        keys = {key: node for key, node in keys.items() if key not in ("file", "column")}
        keys |= {"values": values, "read_from": _origin(file, heading)}
        assert isinstance(driver.content, dict)
        changed[name] = replace(driver, content={**driver.content, "marginal": replace(marginal, content=keys)})
    if not changed:
        return root, problems
    assert isinstance(root.content, dict)
    within = replace(drivers, content={**drivers.content, **changed})
    return replace(root, content={**root.content, "drivers": within}), problems


def _origin(file: Node, heading: str | None) -> Node:
    said = f"{file.content}{f', column {heading}' if heading else ''}"
    return Node(said, file.place, file.key_place)


def _in_scenarios(root: Node, study_file: str) -> Node:
    scenarios = _child(root, "scenarios")
    if scenarios is None or not isinstance(scenarios.content, dict):
        return root
    changed: dict[str, Node] = {}
    for name, scenario in scenarios.content.items():
        leaves = _child(scenario, "set")
        if leaves is None or not isinstance(leaves.content, dict):
            continue
        kept = dict(leaves.content)
        for key in [key for key in kept if _FILE.fullmatch(key) and isinstance(kept[key].content, str)]:
            marginal = key.removesuffix(".file")
            own = _child(_child(_child(root, "drivers"), marginal.split(".")[1]), "marginal")
            column = kept.get(f"{marginal}.column") or _child(own, "column")
            heading = column.content if column is not None and isinstance(column.content, str) else None
            values = _read(kept[key], heading, study_file)[0]
            if values is not None:
                kept |= {f"{marginal}.values": values, f"{marginal}.read_from": _origin(kept.pop(key), heading)}
                kept.pop(f"{marginal}.column", None)
        if isinstance(scenario.content, dict):
            changed[name] = replace(scenario, content={**scenario.content, "set": replace(leaves, content=kept)})
    assert isinstance(root.content, dict)
    within = replace(scenarios, content={**scenarios.content, **changed})
    return replace(root, content={**root.content, "scenarios": within})


def _child(node: Node | None, key: str) -> Node | None:
    return node.content.get(key) if node is not None and isinstance(node.content, dict) else None


def _asks(keys: dict[str, Node]) -> bool:
    """Whether values are to be read: a file is named, and no values stand beside it (which is a fault of its own)."""
    kind, file = keys.get("kind"), keys.get("file")
    named = kind is not None and kind.content == "empirical" and file is not None and isinstance(file.content, str)
    return named and bool(file and file.content) and ("values" not in keys or "read_from" in keys)


def _read(file: Node, heading: str | None, study_file: str) -> Found:
    beside = study_file if file.place.file.startswith("--") else file.place.file
    name = os.path.normpath(Path(beside).parent / str(file.content).replace("\0", "?"))
    if not name.endswith(".csv"):
        return None, f'"{file.content}" is not a CSV file', "name a file that ends with .csv", file.place
    if not Path(name).exists():
        near = sorted(p.name for p in Path(name).parent.glob("*.csv")) if Path(name).parent.is_dir() else []
        advice = f"check the name; its folder has {listing(near)}" if near else "check the name"
        return None, f"there is no file {name}", advice, file.place
    text, what, advice = read_text(name)
    if text is None:
        return None, f"{name}: {what}", advice, file.place
    rows = list(csv.reader(text.splitlines()))
    headings = [cell.strip() for cell in rows[0]] if rows else []
    if not headings or any(_number(cell) is not None for cell in headings):
        return None, f"{name} does not begin with a line of headings", "add one, such as: margin", Place(name, 1, 1)
    if heading is None and len(headings) > 1:
        return None, f"{name} has the columns {listing(headings)}", "say which: add `column: ...`", file.place
    if heading is not None and headings.count(heading) != 1:
        advice = did_you_mean(heading, headings) or f"it has {listing(headings)}"
        return None, f'there is no column "{heading}" in {name}', advice, file.place
    at = 0 if heading is None else headings.index(heading)
    found: list[Node] = []
    for line, cells in enumerate(rows[1:], start=2):
        cell = cells[at].strip() if at < len(cells) else ""
        if not cell and not any(each.strip() for each in cells):
            continue  # an empty line
        value, place = _number(cell), Place(name, line, 1, text.splitlines()[line - 1])
        if value is None:
            what = f'"{cell}" is not a number' if cell else "a value is missing"
            return None, what, "write a plain number such as 0.35, or remove the line", place
        found.append(Node(value, place, place))
    return Node(list(found), file.place, file.key_place), "", "", None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if value - value == 0.0 and "_" not in text else None
