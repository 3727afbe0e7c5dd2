"""What was observed: values of outputs or cells that became known, from the command line or from a YAML file.

On the command line ``NAME@PERIOD=VALUE sd SIZE`` or ``... within SIZE``; SIZE is in the unit of the value, or a share
of the value such as ``1%``. ``sd`` is the standard deviation of a normal error of measurement; ``within`` matches by
tolerance: every value at most that far away is as good as any other, and none beyond.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, WithJsonSchema

from sim.config import wording
from sim.config.leaves import Closed, Period, Text, shown, wrong
from sim.config.origins import Origins
from sim.config.sources import BUILT_IN, JUDGEMENT, Source, Sourced
from sim.config.yaml import parse, plain, read_text, resolve
from sim.errors import InputError, Place, Problem, did_you_mean

OPTION = "--observe"
EXAMPLE = 'write for example "cloud_revenue@2025Q3=39.0 sd 1%"'
_SIZE = re.compile(r"([0-9_.eE+-]+)\s*(%?)")
_OBSERVED = re.compile(
    r"(?P<name>[^@=]+)(?:@(?P<period>[^=]*))?=\s*(?P<value>\S+)(?:\s+(?P<how>\S+)(?:\s+(?P<size>.+))?)?"
)


@dataclass(frozen=True)
class Observation:
    """One observed value. ``error`` is in the unit of ``value``: a standard deviation (``sd``) or a tolerance.

    ``name`` is an output column, or a cell with ``period`` (empty without). ``published`` is the day on which the
    newest source came out, where that is known.
    """

    name: str
    period: str
    value: float
    how: Literal["sd", "within"]
    error: float
    unit: str = ""
    source: str = ""
    published: str = ""
    note: str = ""
    place: Place | None = None

    def as_dict(self) -> dict[str, Any]:
        facts = {"name": self.name, "period": self.period, "value": self.value, "how": self.how, "error": self.error}
        given = {"unit": self.unit, "source": self.source, "published": self.published, "note": self.note}
        return facts | given


def from_dict(facts: dict[str, Any]) -> Observation:
    """The inverse of `Observation.as_dict`, as stored with an updated run."""
    return Observation(**facts)


def column_of(observation: Observation) -> str:
    """The output column that an observation is one of: ``cloud_revenue.2025Q3``."""
    return f"{observation.name}.{observation.period}" if observation.period else observation.name


def read(texts: Sequence[str], files: Sequence[Path] = ()) -> tuple[Observation, ...]:
    """All observations of the command line and of files, in that order. InputError with every problem found."""
    problems: list[Problem] = []
    found: list[Observation] = []
    for text in texts:
        found += _of_text(text, problems)
    for file in files:
        found += _of_file(str(file), problems)
    seen: dict[tuple[str, str], Observation] = {}
    for each in found:
        key = (each.name, each.period)
        if key in seen:
            what = f"{each.name}{'@' + each.period if each.period else ''} is observed twice"
            problems.append(Problem("", what, "keep one of the two", each.place))
        seen[key] = each
    if not found and not problems:
        problems.append(Problem(OPTION, "nothing was observed", EXAMPLE))
    if problems:
        raise InputError(problems)
    return tuple(found)


# --- the command line ---


def _of_text(text: str, problems: list[Problem]) -> list[Observation]:
    place = Place(OPTION, 0, 1, text)
    match = _OBSERVED.fullmatch(text.strip())
    if match is None:
        problems.append(Problem("", f'"{text}" is not an observation', EXAMPLE, place))
        return []
    name, period = match["name"].strip(), (match["period"] or "").strip()
    value = resolve(match["value"])
    before = len(problems)
    if not name or (match["period"] is not None and not period):
        problems.append(Problem("", f'"{text}" lacks a {"period" if name else "name"}', EXAMPLE, place))
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        advice = wording.number_advice(match["value"])
        problems.append(Problem(name, f'must be a number, not "{match["value"]}"', advice, place))
        value = math.nan
    how, size = match["how"], match["size"]
    if how is None:
        what = "it is not said how exactly the value is known"
        advice = 'end with "sd 1%" (a normal error of measurement) or "within 0.1" (a tolerance)'
        problems.append(Problem(name, what, advice, place))
    elif how not in ("sd", "within"):
        advice = did_you_mean(how, ("sd", "within")) or 'write "sd" (standard deviation) or "within" (tolerance)'
        problems.append(Problem(name, f'"{how}" is neither sd nor within', advice, place))
    elif size is None:
        problems.append(Problem(name, f'"{how}" has no size', f"write for example {how} 1% or {how} 0.4", place))
    else:
        error, what = _error(size.strip(), float(value))
        if what and len(problems) == before:
            problems.append(Problem(name, what, f"write for example {how} 1% or {how} 0.4", place))
        if len(problems) == before:
            kind: Literal["sd", "within"] = "sd" if how == "sd" else "within"
            return [Observation(name, period, float(value), kind, error, source=JUDGEMENT, place=place)]
    return []


def _error(size: Any, value: float) -> tuple[float, str]:
    """The size in the value's unit, and what is wrong with it."""
    text = str(size)
    match = _SIZE.fullmatch(text)
    number = resolve(match[1]) if match is not None else None
    if match is None or isinstance(number, bool) or not isinstance(number, int | float):
        return math.nan, f'"{text}" is no size'
    error = float(number) / 100 * abs(value) if match[2] else float(number)
    if not (error > 0 and math.isfinite(error)):
        return math.nan, f'"{text}" must come to more than zero'
    return error, ""


# --- a file ---

_RIGHT = {"cell": "a", "value": 1.0, "sd": 1.0, "unit": "1", "source": "judgement"}


def _size(value: Any) -> Any:
    if isinstance(value, str):
        if _SIZE.fullmatch(value) is None:
            raise wrong(f"must be a number or a share, not {shown(value)}", "write for example 0.4 or 1%")
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise wrong(f"must be a number or a share, not {shown(value)}", "write for example 0.4 or 1%")


Size = Annotated[str, BeforeValidator(_size), WithJsonSchema({"type": ["number", "string"]})]


class Entry(Sourced):
    """One observed value of a file."""

    cell: Text = Field(description="The cell or output column that was observed.", examples=["cloud_revenue"])
    period: Period | None = Field(None, description="The period, such as 2025Q3.")
    value: float = Field(description="The value observed.", examples=[39.0])
    sd: Size | None = Field(None, description="Standard deviation of its error: a number, or a share such as 1%.")
    within: Size | None = Field(None, description="Tolerance instead of an error: a number, or a share such as 1%.")
    unit: Text = Field(description="Its unit, which must be that of the cell.", examples=["RMB bn"])
    note: Text | None = Field(None, description="What was observed and how.")


class Observations(Closed):
    """A file of observations with the documents that they rest on."""

    sources: dict[str, Source] = Field(default_factory=dict, description="What the values rest on, by short name.")
    observations: list[Entry] = Field(min_length=1, description="The values observed.")


def _of_file(file: str, problems: list[Problem]) -> list[Observation]:
    text, what, advice = read_text(file)
    if text is None:
        problems.append(Problem("", what, advice, Place(file)))
        return []
    root, found = parse(text, file)
    problems += found
    if root is None or not isinstance(root.content, dict):
        if not found:
            problems.append(Problem("", "holds no observations", "begin it with `observations:`", Place(file)))
        return []
    document, origins = plain(root), Origins(root, file)
    try:
        read_file = Observations.model_validate(document)
    except ValidationError as error:
        problems += wording.problems(error.errors(include_url=False), document, origins, Observations)
        _also(document, origins, problems)
        return []
    return [
        each
        for number, entry in enumerate(read_file.observations)
        if (each := _of_entry(entry, f"observations.{number}", read_file.sources, origins, problems)) is not None
    ]


def _also(document: dict[str, Any], origins: Origins, problems: list[Problem]) -> None:
    """What is wrong with the entries that have the right form, in a file where something has not."""
    try:
        sources = Observations.model_validate({**document, "observations": [_RIGHT]}).sources
    except ValidationError:  # the sources themselves: which names are known cannot be said
        return
    entries = document.get("observations")
    for number, given in enumerate(entries if isinstance(entries, list) else []):
        try:
            entry = Entry.model_validate(given)
        except ValidationError:
            continue
        _of_entry(entry, f"observations.{number}", sources, origins, problems)


def _of_entry(
    entry: Entry, leaf: str, sources: dict[str, Source], origins: Origins, problems: list[Problem]
) -> Observation | None:
    found: list[Problem] = []
    for name in entry.sources:
        if name not in sources and name not in BUILT_IN:
            advice = did_you_mean(name, sources) or "add it under `sources` of this file"
            found.append(Problem(f"{leaf}.source", f'there is no source "{name}"', advice))
    error = math.nan
    if (entry.sd is None) == (entry.within is None):
        which = "both sd and within" if entry.sd is not None else "neither sd nor within"
        found.append(Problem(leaf, f"has {which}", "give one: sd (a normal error) or within (a tolerance)"))
    else:
        how = "sd" if entry.sd is not None else "within"
        error, what = _error(entry.sd if entry.sd is not None else entry.within, entry.value)
        if what:
            found.append(Problem(f"{leaf}.{how}", what, "write for example 0.4 or 1%"))
    problems += [each.at(origins.place(each.path)) for each in found]
    if found:
        return None
    known = [sources[name] for name in entry.sources if name in sources]
    days: list[date] = [source.date for source in known]
    titles = [f"{s.title} ({s.publisher}, {s.date.isoformat()})" for s in known]
    return Observation(
        entry.cell,
        entry.period or "",
        entry.value,
        "sd" if entry.sd is not None else "within",
        error,
        entry.unit,
        "; ".join(titles) or ", ".join(entry.sources),
        max(days).isoformat() if days else "",
        entry.note or "",
        origins.place(leaf),
    )
