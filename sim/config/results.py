"""What a study asks for: outputs, the price target, warnings."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sim.config.leaves import Closed, Period, Text
from sim.config.sources import Sourced
from sim.config.timeline import How


class Output(Closed):
    """A cell to keep: at one period, in every quarter, by fiscal year, or (horizon cells) as it is."""

    cell: Text = Field(description="Name of the cell.", examples=["cloud_revenue"])
    per: Literal["quarter", "fiscal_year"] | None = Field(
        None, description="quarter: a column for every period; fiscal_year: a column for every fiscal year."
    )
    at: Period | None = Field(None, description="The one period to keep, such as 2026Q3.")
    how: How | None = Field(None, description="How quarters make a fiscal year: sum (flows), mean, last (stocks).")
    label: Text | None = Field(None, description="Its name in tables and figures; the cell's with spaces if not given.")
    show: list[Text] | None = Field(None, description="The periods that tables and figures show; all if not given.")


class Target(Sourced):
    """The price target under test."""

    output: Text = Field(description="The output column it is about.", examples=["value_per_ads"])
    at_least: float = Field(description="The target.", examples=[179])
    previous: float | None = Field(None, description="The target before.")
    price: float | None = Field(None, description="The price when the study was made.")
    alternatives: dict[str, Text] = Field(
        default_factory=dict, description="Other output columns to hold against the target: label to column."
    )
    hurdle: float | None = Field(None, description="Return that would be required of the share, such as 0.10.")


class StudyWarning(Closed):
    """A sentence the report must say when an output's mean lies above a bound."""

    output: Text = Field(description="The output column that is watched.", examples=["value_per_ads"])
    mean_above: float = Field(description="The bound on its mean.", examples=[0.5])
    say: Text = Field(description="The sentence.", examples=["the priors imply growth that destroys value"])
