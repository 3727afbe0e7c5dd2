"""A decision file: what may be done about a price, what it costs, and what one might learn before.

`load` reads it and finds every problem in it. What a run must have for it (the output, disclosed columns, units) is
compared by whoever has the run; `Reading.origins` then knows where each leaf was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError, WithJsonSchema, model_validator

from sim.config import wording
from sim.config.keys import listing
from sim.config.leaves import Closed, Date, SourceNames, Text, words, wrong
from sim.config.origins import Origins
from sim.config.sources import BUILT_IN, Source, Sourced
from sim.config.yaml import parse, plain, read_text
from sim.errors import Place, Problem, did_you_mean


def _positive(value: float) -> float:
    if value <= 0:
        raise wrong(f"must be more than 0, not {value:g}", "correct the number")
    return value


def _share(value: float) -> float:
    if value > 1:
        raise wrong(f"must be a share of one, not {value:g}", f"for {value:g}% write {value / 100:.10g}")
    if value < 0:
        raise wrong(f"must be at least 0, not {value:g}", "correct the number")
    return value


Positive = Annotated[float, AfterValidator(_positive), WithJsonSchema({"type": "number", "exclusiveMinimum": 0})]
Share = Annotated[float, AfterValidator(_share), WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1})]


class Price(Sourced):
    """What one unit of the output costs today."""

    value: Positive = Field(description="The price.", examples=[166])
    unit: Text = Field(description="Its unit, which must be that of the output.", examples=["US$/ADS"])
    note: Text | None = Field(None, description="Where and when.")


class Rate(Sourced):
    """A share of one, such as 0.105 for 10.5%."""

    value: Share = Field(description="The share.", examples=[0.105])
    note: Text | None = Field(None, description="Why this value.")


class Horizon(Closed):
    """When the output is the value: so long after the decision."""

    months: float = Field(ge=0, le=600, description="Months; 0 for a value of today.", examples=[12])


class Action(Closed):
    """One thing that may be done: what is held afterwards."""

    size: float = Field(ge=-1000, le=1000, description="Held afterwards, of each one decided on; short below 0.")
    label: Text | None = Field(None, description="Its name in sentences; the key with spaces if not given.")
    note: Text | None = Field(None, description="What it means.")


class Costs(Closed):
    """What doing it costs."""

    trade: Rate | None = Field(None, description="Of the price, for each one bought or sold now.")
    borrow: Rate | None = Field(None, description="Of the price a year, for each one held short.")


class Error(Sourced):
    """The error of what is observed, normal and independent of everything else."""

    sd: Positive = Field(description="Its standard deviation.", examples=[0.4])
    unit: Text = Field(description="Its unit, which must be that of the column.", examples=["RMB bn"])
    note: Text | None = Field(None, description="Why this size.")


class Disclosure(Closed):
    """Something that could be seen before deciding: one or several columns of the run, with or without an error."""

    observe: SourceNames = Field(
        description="Name or list of names of columns of the run.", examples=["cloud_revenue.2025Q3"]
    )
    label: Text | None = Field(None, description="Its name in sentences; the key with spaces if not given.")
    error: Error | None = Field(None, description="The error of each; none if they are seen exactly.")
    note: Text | None = Field(None, description="When and by whom it is disclosed.")


class Decision(Closed):
    """A decision, checked. Attributes are the keys of the file (`source` is `sources` of an entry)."""

    decision: Text = Field(description="Title of the decision.", examples=["Buy, hold or sell after the upgrade"])
    as_of: Date = Field(description="Day of the decision; no source may be younger.", examples=["2025-09-17"])
    output: Text = Field(description="The output that is the value at the horizon.", examples=["value_per_ads"])
    price: Price = Field(description="Today's price.", examples=["{value: 166, unit: US$/ADS, source: judgement}"])
    horizon: Horizon = Field(description="When the output is the value.", examples=["{months: 12}"])
    required_return: Rate = Field(
        description="Return a year at which the value is discounted to today.",
        examples=["{value: 0.105, source: judgement}"],
    )
    actions: dict[str, Action] = Field(
        description="What may be done, by name.", examples=["{buy: {size: 1}, hold: {size: 0}}"]
    )
    held: float = Field(0.0, description="Held now, of each one decided on: what costs of trade are counted from.")
    costs: Costs = Field(default_factory=lambda: Costs(), description="What doing it costs.")
    quantity: Positive | None = Field(None, description="How many are decided on, for the sum in money.")
    disclosures: dict[str, Disclosure] = Field(
        default_factory=dict, description="What could be seen before deciding, by name."
    )
    beyond_research: list[Text] = Field(
        default_factory=list, description="Drivers that no research can settle, such as the market's mood in a year."
    )
    sources: dict[str, Source] = Field(default_factory=dict, description="What numbers rest on, by short name.")

    @model_validator(mode="before")
    @classmethod
    def _drop_empty_sections(cls, data: Any) -> Any:
        # `disclosures:` with every entry commented out is an empty section, not a fault.
        return {key: value for key, value in data.items() if value is not None} if isinstance(data, dict) else data

    def label(self, action: str) -> str:
        """What an action is called in sentences."""
        return self.actions[action].label or words(action)


@dataclass(frozen=True)
class Reading:
    """What came of reading a decision. ``decision`` is None if there is any problem."""

    decision: Decision | None
    problems: list[Problem]
    origins: Origins
    document: dict[str, Any]


def load(path: str | Path) -> Reading:
    """Read a decision file and check it. Never raises for what is wrong in it: see ``problems``, in order of lines."""
    file = str(path)
    text, what, advice = read_text(file.replace("\0", "?"))
    if text is None:
        return _nothing(file, [Problem("", what.replace("study file", "decision file"), advice, Place(file))])
    root, found = parse(text, file)
    if root is None or not isinstance(root.content, dict):
        if not found:
            empty = root is None or root.content is None
            what = "the file is empty" if empty else "a decision file is made of `name: value` lines; this one is not"
            found.append(Problem("", what, "begin it with `decision: ...`", Place(file)))
        return _nothing(file, found)
    document, origins = plain(root), Origins(root, file)
    decision: Decision | None = None
    try:
        decision = Decision.model_validate(document)
    except ValidationError as error:
        found += wording.problems(error.errors(include_url=False), document, origins, Decision)
    else:
        found += [problem.at(origins.place(problem.path)) for problem in _problems(decision, origins)]
    found.sort(key=lambda problem: (problem.place.line, problem.place.column) if problem.place else (0, 0))
    return Reading(None if found else decision, found, origins, document)


def _nothing(file: str, found: list[Problem]) -> Reading:
    from sim.config.yaml import Node

    return Reading(None, found, Origins(Node({}, Place(file), Place(file)), file), {})


def _problems(decision: Decision, origins: Origins) -> Iterator[Problem]:
    """What no single key can know."""
    sizes: dict[float, str] = {}
    for name, action in decision.actions.items():
        if re.search(r"[^\w -]", name):
            yield Problem(f"actions.{name}", "is no name for an action", "use letters, digits, spaces, - and _")
        if action.size in sizes:
            what = f"has the size of {sizes[action.size]} ({action.size:g}), so there is nothing to choose between them"
            yield Problem(f"actions.{name}.size", what, "correct the size, or remove one of the two")
        sizes.setdefault(action.size, name)
    if len(decision.actions) < 2:
        what = "a decision needs at least two actions" if decision.actions else "names no action"
        yield Problem("actions", what, "add for example `hold: {size: 0}`")
    if decision.costs.borrow is not None and all(size >= 0 for size in sizes):
        what = "no action has a size below 0, so nothing is borrowed"
        yield Problem("costs.borrow", what, "remove it, or add `sell: {size: -1}`", origins.key_place("costs.borrow"))
    for name, disclosure in decision.disclosures.items():
        twice = [each for i, each in enumerate(disclosure.observe) if each in disclosure.observe[:i]]
        if twice:
            yield Problem(f"disclosures.{name}.observe", f'names "{twice[0]}" twice', "keep one of the two")
    for leaf, sources in _references(decision):
        for position, name in enumerate(sources):
            listed = f"{leaf}.{position}"
            spot = listed if listed in origins else leaf
            if name in decision.sources:
                published = decision.sources[name].date
                if published > decision.as_of:
                    what = f'"{name}" was published on {published}, after `as_of` ({decision.as_of})'
                    yield Problem(spot, what, "use an earlier source, or move `as_of`")
            elif name not in BUILT_IN:
                known = [*decision.sources, *BUILT_IN]
                advice = did_you_mean(name, known) or f"the sources here are {listing(known)}"
                yield Problem(spot, f'unknown source "{name}"', advice)
    for name in BUILT_IN:
        if name in decision.sources:
            what, advice = f'"{name}" is a source of its own and needs no entry', "give this document another name"
            yield Problem(f"sources.{name}", what, advice, origins.key_place(f"sources.{name}"))


def _references(decision: Decision) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every leaf that names sources, with the names."""
    yield "price.source", decision.price.sources
    yield "required_return.source", decision.required_return.sources
    for name, rate in (("trade", decision.costs.trade), ("borrow", decision.costs.borrow)):
        if rate is not None:
            yield f"costs.{name}.source", rate.sources
    for name, disclosure in decision.disclosures.items():
        if disclosure.error is not None:
            yield f"disclosures.{name}.error.source", disclosure.error.sources
