"""`run.precision`: how sure the answer must be, instead of how many paths."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from sim.config.leaves import Closed, shown, wrong

FIRST = 16_384  # paths of the first look: 16 replicates of 1,024 points


def _share(value: Any) -> float:
    """A number, or a text such as ``0.2%``."""
    if isinstance(value, str) and (written := re.fullmatch(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*%\s*", value)):
        return float(written[1]) / 100
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong(f"must be a share of one, not {shown(value)}", "write it such as 0.002 or 0.2%")
    return float(value)


def _error(value: Any) -> float:
    found = _share(value)
    if not 0 < found < 1:
        raise wrong(f"must lie between 0 and 1, not {shown(value)}", "write it such as 0.002 or 0.2%")
    return found


def _confidence(value: Any) -> float:
    found = _share(value)
    if not 0.5 <= found <= 0.9999:
        raise wrong(f"must lie between 0.5 and 0.9999, not {shown(value)}", "write it such as 0.95 or 95%")
    return found


def _whole(value: Any) -> Any:
    # YAML reads 1e9 as a number with a point.
    return int(value) if isinstance(value, float) and value.is_integer() else value


_OF_ONE = WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^\s*[0-9.]+\s*%\s*$"}]})
Error = Annotated[float, BeforeValidator(_error), _OF_ONE]
Confidence = Annotated[float, BeforeValidator(_confidence), _OF_ONE]
Hurdle = Annotated[float, BeforeValidator(_error), _OF_ONE]


class Precision(Closed):
    """Double the paths until what is asked for is reached. Errors are half-widths of intervals at `confidence`."""

    probability: Error | None = Field(
        None, description="Of every probability about the target: a share of one (0.001 is a tenth of a point)."
    )
    mean: Error | None = Field(
        None, description="Of every output's mean: a share of its size, or of its standard deviation if larger."
    )
    percentiles: Error | None = Field(
        None, description="Of every output's P5, P50 and P95: a share as for the mean, of the percentile's own size."
    )
    until: Literal["verdict"] | None = Field(
        None, description="verdict: until it is settled whether P(output >= target) is above the hurdle."
    )
    hurdle: Hurdle = Field(0.5, description="What the probability of the target is held against by `until: verdict`.")
    confidence: Confidence = Field(0.95, description="Confidence of the intervals, and of the verdict over all looks.")
    max_paths: Annotated[int, BeforeValidator(_whole)] = Field(
        16_777_216, ge=FIRST, le=2**36, description="Never more paths than this."
    )

    @model_validator(mode="after")
    def _asks_something(self) -> Precision:
        asked = (self.probability, self.mean, self.percentiles, self.until)
        if all(each is None for each in asked):
            raise wrong("asks for nothing", "add an error such as `probability: 0.001`, or `until: verdict`")
        if self.until is None and "hurdle" in self.model_fields_set:
            raise wrong("has a hurdle but no verdict to hold it against", "add `until: verdict`")
        return self

    @property
    def looks(self) -> tuple[int, ...]:
        """Numbers of paths after which errors are looked at: doublings of `FIRST` up to ``max_paths``."""
        return tuple(FIRST << k for k in range((self.max_paths // FIRST).bit_length()))
