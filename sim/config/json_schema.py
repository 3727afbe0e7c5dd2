"""JSON Schema (2020-12) of a study file, for editors."""

from __future__ import annotations

import copy
from typing import Any

from sim.config.schema import Study

_EXTENDS = {
    "description": "Files that this one is laid over, relative to this file, in order.",
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
}


def schema_json() -> dict[str, Any]:
    """The schema. A file with `extends` may give parts only: for it nothing is required, but every key is known.

    No file needs `study`, `model` and `as_of` itself: a part that others extend has none of them.
    """
    whole = Study.model_json_schema(by_alias=True)
    definitions: dict[str, Any] = whole.pop("$defs")
    for entry in (whole, *definitions.values()):
        _trim(entry)
    whole.pop("required")
    whole["properties"] = {"extends": _EXTENDS, **whole["properties"]}
    part = _part(whole)
    parts = {f"{name}.part": _part(entry) for name, entry in definitions.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Study",
        "description": "A study file of sim: sourced assumptions, what to compute from them, and the target to test.",
        "type": "object",
        "if": {"required": ["extends"]},
        "then": {"$ref": "#/$defs/Study.part"},
        "else": {"$ref": "#/$defs/Study"},
        "$defs": {**definitions, **parts, "Study": whole, "Study.part": part},
    }


def _trim(entry: Any) -> None:
    """Drops pydantic's titles and empty defaults, which only repeat the keys; makes sections nullable."""
    if isinstance(entry, list):
        for item in entry:
            _trim(item)
    elif isinstance(entry, dict):
        for name, child in entry.items():
            if name == "properties":
                for shape in child.values():
                    shape.pop("title", None)
                    if shape.get("default", 0) is None:
                        shape.pop("default")
                    _trim(shape)
            elif name != "default":
                _trim(child)


def _part(entry: Any) -> Any:
    """The same shape with nothing required, for files that override parts of others."""
    entry = copy.deepcopy(entry)
    _loosen(entry)
    return entry


def _loosen(entry: Any) -> None:
    if isinstance(entry, list):
        for item in entry:
            _loosen(item)
    elif isinstance(entry, dict):
        entry.pop("required", None)
        entry.pop("discriminator", None)
        if "oneOf" in entry:  # without `kind` a part of a marginal fits several kinds
            entry["anyOf"] = entry.pop("oneOf")
        if isinstance(entry.get("$ref"), str):
            entry["$ref"] += ".part"
        for name, child in entry.items():
            if name == "properties":
                for shape in child.values():
                    _loosen(shape)
            elif name not in ("default", "examples", "enum"):
                _loosen(child)
