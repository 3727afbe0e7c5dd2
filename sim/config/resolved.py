"""The merged study written out again, every leaf with the place that set it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from math import isfinite, isnan
from typing import Any

from sim.config.origins import Origins
from sim.config.yaml import resolve
from sim.errors import Place

_BARE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]*(?:\[\w+\][A-Za-z0-9_.]*)?(?: [A-Za-z0-9_./()-]+)*", re.ASCII)


def write(document: dict[str, Any], origins: Origins) -> str:
    """YAML of the document, one leaf a line, with `# file:line` and `was VALUE at file:line` behind it."""
    return "".join(f"{line}\n" for line in _mapping(document, "", "", origins))


def scalar(value: Any) -> str:
    """A scalar as YAML 1.2 that reads back as the same value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if isnan(value):
            return ".nan"
        return repr(value) if isfinite(value) else (".inf" if value > 0 else "-.inf")
    if isinstance(value, int):
        return str(value)
    text = str(value)
    return text if _BARE.fullmatch(text) and isinstance(resolve(text), str) else _quoted(text)


def _quoted(text: str) -> str:
    # JSON's escapes are YAML's; what YAML calls unprintable, JSON would leave as it is or write as surrogates.
    body = json.dumps(text, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in body)


def _mapping(entries: dict[str, Any], path: str, indent: str, origins: Origins) -> Iterator[str]:
    for key, value in entries.items():
        leaf = f"{path}.{key}" if path else key
        head = f"{indent}{scalar(key)}:"
        if isinstance(value, dict) and value:
            yield head
            yield from _mapping(value, leaf, indent + "  ", origins)
        elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
            yield head
            yield from _items(value, leaf, indent + "  ", origins)
        else:
            yield f"{head} {_flow(value)}{_comment(leaf, origins)}"


def _items(items: list[Any], path: str, indent: str, origins: Origins) -> Iterator[str]:
    for index, item in enumerate(items):
        leaf = f"{path}.{index}"
        if isinstance(item, dict) and item:
            first, *rest = _mapping(item, leaf, indent + "  ", origins)
            yield f"{indent}- {first.lstrip()}"
            yield from rest
        else:
            yield f"{indent}- {_flow(item)}{_comment(leaf, origins)}"


def _flow(value: Any) -> str:
    """A value in one line."""
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(
                f"{_quoted(key) if '[' in key else scalar(key)}: {_flow(child)}" for key, child in value.items()
            )
            + "}"
        )
    if isinstance(value, list):
        # Brackets and braces mean something inside a list, so texts that hold them are quoted.
        return "[" + ", ".join(_quoted(v) if isinstance(v, str) and "[" in v else _flow(v) for v in value) + "]"
    return scalar(value)


def _comment(leaf: str, origins: Origins) -> str:
    place = origins.place(leaf)
    if place is None:
        return ""
    before = [f"was {_short(value)} at {_where(at)}" for at, value in reversed(origins.history(leaf))]
    return "  # " + "; ".join([_where(place), *before])


def _where(place: Place) -> str:
    return f"{place.file}:{place.line}" if place.line else place.file


def _short(value: Any) -> str:
    text = _flow(value)
    return text if len(text) <= 60 else text[:57] + "..."
