"""What a study says about its committee pack: the comparisons that its numbers alone cannot name."""

from __future__ import annotations

from pydantic import Field, model_validator

from sim.config.leaves import Closed, Text, wrong
from sim.config.sources import Sourced


class Range(Sourced):
    """A bar of the football field that is not simulated: a broker's target, a trading range."""

    label: Text = Field(description="What it is, with its date.", examples=["Goldman Sachs, 17 Sep 2025"])
    low: float | None = Field(None, description="Lower end, in the target's unit.")
    high: float | None = Field(None, description="Upper end.")
    at: float | None = Field(None, description="A single value instead of a range.")

    @model_validator(mode="after")
    def _one_form(self) -> Range:
        if (self.at is None) == (self.low is None or self.high is None) or (self.low is None) != (self.high is None):
            raise wrong("needs a value or a range", "give either `at`, or `low` and `high`")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise wrong(f"low {self.low:.10g} is above high {self.high:.10g}", "swap them")
        return self


class PackSpec(Closed):
    """Further analyses and facts for the pack. Everything is optional."""

    bridge: list[Text] | None = Field(
        None, min_length=2, max_length=2, description="Two study files, from and to.", examples=["[old.yaml, new.yaml]"]
    )
    backtest: Text | None = Field(
        None, description="A study of the growth model to backtest.", examples=["growth.yaml"]
    )
    grid: dict[str, list[float]] = Field(
        default_factory=dict, max_length=2, description="Two drivers and the values at which to hold them."
    )
    parts: list[Text] = Field(default_factory=list, description="Outputs that add up to the target's output.")
    demand: Text | None = Field(None, description="Output cell: what is asked for, by period.", examples=["ai_demand"])
    supply: Text | None = Field(None, description="Output cell: what can be served, by period.", examples=["ai_supply"])
    binding: Text | None = Field(None, description="Output cell: 1 in a period in which supply binds, else 0.")
    ranges: list[Range] = Field(default_factory=list, description="Values of others, for the football field.")
