"""What may stand at a dotted key such as `drivers.segment_multiple[aidc].marginal.mode`: the schema walked by name."""

from __future__ import annotations

from collections.abc import Iterable
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sim.config.drivers import KINDS, Distribution
from sim.config.schema import Study
from sim.errors import did_you_mean


def fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The keys that a file may write in a group, in schema order."""
    return {info.alias or name: info for name, info in model.model_fields.items()}


def group_at(keys: Iterable[str], document: Any, root: type[BaseModel] = Study) -> type[BaseModel] | None:
    """The group of keys that the schema wants at ``keys``, or None if it wants something else there.

    ``root`` is the schema of the whole file: a study, unless told otherwise.
    """
    annotation: Any = root
    value = document
    for key in keys:
        group = _group(annotation, value)
        if group is not None:
            if key not in fields(group):
                return None
            annotation = fields(group)[key].annotation
        else:
            annotation = _entry(annotation)
        value = _part(value, key)
    return _group(annotation, value if isinstance(value, dict) else None)


def fault(keys: tuple[str, ...], document: Any) -> tuple[str, str] | None:
    """Why ``keys`` cannot be set in this document and what to do, or None if they can.

    New names (a driver, a source) cannot be made by setting one of their keys; keys that merely were not given can.
    """
    if not keys or keys[0] in ("scenarios", "extends"):
        return "this cannot be set", "name a leaf such as drivers.NAME.marginal.mode"
    annotation: Any = Study
    value = document
    for depth, key in enumerate(keys):
        here = ".".join(keys[:depth]) or "the study"
        group = _group(annotation, value)
        if group is not None:
            known = fields(group)
            if key not in known:
                advice = did_you_mean(key, known) or f"it takes {listing(known)}"
                driver = _part(_part(document, "drivers"), key) if depth == 0 else None
                if isinstance(driver, dict):  # elsewhere a driver's name alone is enough
                    given = _part(driver, "marginal") or {}
                    middle = [leaf for leaf in ("value", "mean", "median", "mode", "p50") if leaf in given]
                    rest = keys[1:] or ("marginal", *(middle[:1] or ["..."]))
                    advice = f"{key} is a driver: write {'.'.join(('drivers', key, *rest))}"
                return f'{here} takes no "{key}"', advice
            annotation = known[key].annotation
        elif isinstance(value, dict):
            if key not in value:
                return f'{here} has no "{key}"', did_you_mean(key, value) or f"it has {listing(value)}"
            annotation = _entry(annotation)
        elif isinstance(value, list):
            if not key.isdecimal() or int(key) >= len(value):
                return f'{here} has no item "{key}"', f"its items are counted from 0 to {len(value) - 1}"
            annotation = _entry(annotation)
        elif any(isinstance(choice, type) and issubclass(choice, Distribution) for choice in _choices(annotation)):
            return None  # a marginal without a valid kind, which is reported for itself
        elif value is None and _entry(annotation) is not None:
            return f'{here} has no "{key}"', "write it in the study file first"
        else:
            return f'{here} is one value and has no "{key}" inside', f"set {here} itself"
        value = _part(value, key)
    if len(keys) == 1 and (isinstance(value, dict | list) or _group(annotation, value) or _entry(annotation)):
        return f"{keys[0]} is a whole section", f"set one leaf of it, such as {keys[0]}.NAME..."
    return None


def listing(names: Iterable[str], most: int = 12) -> str:
    """``a, b and c``; long lists are cut."""
    shown = list(names)
    if not shown:
        return "nothing"
    if len(shown) > most:
        return ", ".join(shown[:most]) + ", ..."
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _part(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        return value.get(key)
    if isinstance(value, list) and key.isdecimal() and int(key) < len(value):
        return value[int(key)]
    return None


def _choices(annotation: Any) -> list[Any]:
    """The alternatives of an annotation, without None and without the wrapping of ``Annotated``."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _choices(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return [choice for part in get_args(annotation) for choice in _choices(part)]
    return [] if annotation is NoneType or annotation is None else [annotation]


def _group(annotation: Any, value: Any) -> type[BaseModel] | None:
    groups = [choice for choice in _choices(annotation) if isinstance(choice, type) and issubclass(choice, BaseModel)]
    if any(issubclass(group, Distribution) for group in groups):
        return KINDS.get(str(_part(value, "kind")))
    return groups[0] if groups and not isinstance(value, list) else None


def _entry(annotation: Any) -> Any:
    """What the entries of a section or the items of a list are."""
    for choice in _choices(annotation):
        if get_origin(choice) is dict:
            return get_args(choice)[1]
        if get_origin(choice) in (list, tuple):
            return get_args(choice)[0]
    return None
