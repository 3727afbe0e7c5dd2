"""What a study declares, seen from a model: the names that its cells may ask for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

_MEMBER = re.compile(r"(?P<base>[^\[\]]+)\[(?P<member>[^\[\]]+)\]")


@dataclass(frozen=True)
class OutputRequest:
    """One output of the study: its leaf, the cell, and whether it asks for periods (``per`` or ``at``)."""

    leaf: str
    cell: str
    timed: bool


@dataclass(frozen=True)
class Names:
    """The names a study declares, without their values.

    ``openings`` maps a line to the opening cell it starts from, or to None when it starts from a number;
    ``windows`` a window to its cell; ``families`` a family to its members in the order of the file. ``timed`` tells
    whether the study has a timeline; without one there is a single period and nothing is carried.
    """

    drivers: tuple[str, ...] = ()
    innovations: tuple[str, ...] = ()
    schedules: tuple[str, ...] = ()
    openings: Mapping[str, str | None] = field(default_factory=dict)
    windows: Mapping[str, str] = field(default_factory=dict)
    families: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    outputs: tuple[OutputRequest, ...] = ()
    timed: bool = True


@cache
def split(name: str) -> tuple[str, str | None]:
    """``segment_value[aidc]`` as ``("segment_value", "aidc")``; a plain name has no member."""
    match = _MEMBER.fullmatch(name)
    return (match["base"], match["member"]) if match else (name, None)


def full(base: str, member: str | None) -> str:
    """The name of a member's cell or input: ``segment_value[aidc]``; the base itself without a member."""
    return base if member is None else f"{base}[{member}]"


def identifier(name: str) -> str:
    """A name as one Python identifier: ``segment_value[aidc]`` becomes ``segment_value__aidc``."""
    base, member = split(name)
    return base if member is None else f"{base}__{member}"
