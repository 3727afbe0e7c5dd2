"""The kinds of leaf a study is made of: closed groups of keys, text, dates, quarters, periods, sources."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from sim.periods import parse_quarter


class Closed(BaseModel):
    """A group of keys that knows all its keys, converts nothing and cannot be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def wrong(what: str, advice: str) -> PydanticCustomError:
    """An error of our own, already in plain words."""
    return PydanticCustomError("plain", "{what}", {"what": what, "advice": advice})


def shown(value: Any) -> str:
    """A value as an error message names it."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {value:.10g}" if isinstance(value, float) else f"the number {value}"
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 60 else f'"{value[:57]}..."'
    return "a list" if isinstance(value, list | tuple) else "a group of keys"


@cache
def words(name: str) -> str:
    """``segment_multiple[aidc]`` -> ``segment multiple aidc``: the label of what has none."""
    return " ".join(re.findall(r"[^_\[\]\s]+", name))


def _date(value: Any) -> Any:
    if isinstance(value, str):
        try:
            if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
                return date.fromisoformat(value)
        except ValueError:
            raise wrong(f'"{value}" is not a day of the calendar', "correct the month or the day") from None
    if isinstance(value, date):
        return value
    raise wrong(f"must be a date, not {shown(value)}", "write it as year-month-day, such as 2025-09-17")


def quarter_like(text: str) -> str | None:
    """The quarter somebody probably meant by ``Q3 2025``, ``3Q25`` or ``2025-q3``."""
    found = re.fullmatch(
        r"\s*(?:(\d{4})\D?Q([1-4])|Q([1-4])\D?(\d{4}|\d{2})|([1-4])Q\D?(\d{4}|\d{2}))\s*", text.upper()
    )
    if found is None:
        return None
    year = found[1] or found[4] or found[6]
    return f"{year if len(year) == 4 else '20' + year}Q{found[2] or found[3] or found[5]}"


def not_a_quarter(value: Any) -> tuple[str, str] | None:
    """What is wrong with a calendar quarter and what to do, or None if nothing is."""
    meant = None
    if isinstance(value, str):
        try:
            parse_quarter(value)
        except ValueError:
            meant = quarter_like(value)
        else:
            return None
    advice = f"write {meant}" if meant else "write it as year and quarter, such as 2025Q3"
    return f"must be a calendar quarter, not {shown(value)}", advice


def _quarter(value: Any) -> Any:
    fault = not_a_quarter(value)
    if fault:
        raise wrong(*fault)
    return value


def _period(value: Any) -> Any:
    """Periods of a timeline without a calendar are numbers; they are kept as text like quarters."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and value:
        return value
    raise wrong(f"must be a period, not {shown(value)}", "write a quarter such as 2025Q3")


def _several(value: Any) -> Any:
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list) else value


Text = Annotated[str, Field(min_length=1)]
Date = Annotated[date, BeforeValidator(_date)]
Quarter = Annotated[str, BeforeValidator(_quarter), WithJsonSchema({"type": "string", "pattern": r"^\d{4}Q[1-4]$"})]
Period = Annotated[str, BeforeValidator(_period), WithJsonSchema({"type": ["string", "integer"]})]
SourceNames = Annotated[
    tuple[Text, ...],
    Field(min_length=1),
    BeforeValidator(_several),
    WithJsonSchema(
        {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]},
    ),
]
