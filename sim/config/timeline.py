"""The timeline, and what is said about its periods: windows, schedules, reported quarters."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from sim.config.leaves import Closed, Period, Quarter, Text
from sim.config.sources import Grade, Sourced
from sim.periods import MONTHS, Timeline, parse_quarter

How = Literal["sum", "mean", "last"]


class TimelineSpec(Closed):
    """The periods t = 1, 2, ... of a study; with `first` they are calendar quarters."""

    period: Literal["quarter"] | None = Field(None, description="Length of a period.")
    first: Quarter | None = Field(None, description="The calendar quarter of t = 1.", examples=["2025Q3"])
    periods: int = Field(ge=1, le=4000, description="How many periods are run.", examples=[39])
    fiscal_year_end: Literal["March", "June", "September", "December"] | None = Field(
        None, description="Month that ends the fiscal year; December if not given."
    )

    @property
    def calendar(self) -> Timeline:
        """The timeline as the other rooms use it."""
        return Timeline(
            periods=self.periods,
            first=None if self.first is None else parse_quarter(self.first),
            fiscal_year_end=MONTHS.index(self.fiscal_year_end or "December") + 1,
        )


class Window(Closed):
    """A stretch of periods of one cell, gathered for cells at the horizon."""

    cell: Text = Field(description="The cell that is gathered.", examples=["cloud_revenue"])
    from_: Period = Field(alias="from", description="First period.", examples=["2026Q4"])
    to: Period = Field(description="Last period; the same as `from` for the value at a date.", examples=["2027Q3"])
    how: How = Field(description="sum, mean, or last.", examples=["sum"])


class Reported(Sourced):
    """A figure of a quarter before t = 1: a number, or the driver that stands for one that was not disclosed."""

    value: float | None = Field(None, description="The figure.", examples=[33.398])
    driver: Text | None = Field(None, description="The driver that stands for it, path by path.")
    unit: Text = Field(description="Its unit.", examples=["RMB bn"])


class HistorySpec(Closed):
    """Where the reported quarters of a cell lie, for fitting and backtesting: see `sim.config.history`."""

    file: Text = Field(description="CSV file, relative to the study file.", examples=["alibaba/history.csv"])
    cell: Text = Field(description="The cell whose revenue it reports.", examples=["cloud_revenue"])


class ByQuarter(Closed):
    """One value for each calendar quarter."""

    Q1: float = Field(description="January to March.", examples=[1.0])
    Q2: float = Field(description="April to June.", examples=[1.0])
    Q3: float = Field(description="July to September.", examples=[1.0])
    Q4: float = Field(description="October to December.", examples=[1.0])


def _shape(value: Any) -> str:
    return "<quarters>" if isinstance(value, dict | ByQuarter) else "<list>"


class Schedule(Sourced):
    """A known value for each period: one for each calendar quarter, or a list with one for each period."""

    by: Literal["calendar_quarter"] | None = Field(None, description="Given when the values are keyed Q1 to Q4.")
    values: Annotated[
        Annotated[ByQuarter, Tag("<quarters>")] | Annotated[list[float], Tag("<list>")], Discriminator(_shape)
    ] = Field(description="{Q1: , Q2: , Q3: , Q4: } or one number for each period.", examples=["[1.0, 1.1]"])
    unit: Text = Field(description="Unit of the values.", examples=['"1"'])
    label: str = Field("", description="Its name in tables and figures; the key with spaces if not given.")
    grade: Grade | None = Field(
        None, description="A filed, B company guidance, C broker or market research, D judgement."
    )
    note: Text | None = Field(None, description="Why these values.")

    def series(self, calendar: Timeline) -> tuple[float, ...]:
        """One value for each period of the timeline."""
        if isinstance(self.values, list):
            return tuple(self.values)
        names = (calendar.calendar_quarter(t) for t in range(1, calendar.periods + 1))
        return tuple(float(getattr(self.values, name)) for name in names)
