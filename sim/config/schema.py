"""The study: every key that a study file may have, closed and frozen."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from sim.config.drivers import Driver
from sim.config.leaves import Closed, Date, SourceNames, Text, words, wrong
from sim.config.pack import PackSpec
from sim.config.precision import Precision
from sim.config.results import Output, StudyWarning, Target
from sim.config.scenarios import Scenario
from sim.config.sources import Grade, Source, Sourced
from sim.config.timeline import HistorySpec, Reported, Schedule, TimelineSpec, Window
from sim.periods import Timeline

MEASURES = ("spearman", "pearson", "kendall")


class RunSpec(Closed):
    """How many paths, and which."""

    paths: int = Field(1_048_576, ge=1, le=2**53, description="Number of paths.")
    seed: int = Field(1, ge=0, le=2**63 - 1, description="Seed of the random streams.")
    sampler: Literal["sobol", "philox", "lhs"] = Field(
        "sobol", description="Scrambled Sobol points in 16 replicates, independent paths, or a Latin hypercube."
    )
    precision: Precision | None = Field(None, description="How sure the answer must be, instead of a number of paths.")

    @model_validator(mode="after")
    def _paths_or_precision(self) -> RunSpec:
        if self.precision is None:
            return self
        if "paths" in self.model_fields_set:
            raise wrong("gives both paths and precision", "keep one of them: precision finds the number itself")
        if self.sampler == "lhs":
            what = "asks for precision, but a Latin hypercube cannot be extended by further paths"
            raise wrong(what, "write `sampler: sobol` or `sampler: philox`, or give paths")
        return self


class Opening(Closed):
    """The value of a carried line before t = 1: `{from: cell}`, or a number with unit and source."""

    from_: Text | None = Field(None, alias="from", description='An opening cell: @cell(at="opening").')
    value: float | None = Field(None, description="A number.")
    unit: Text | None = Field(None, description="Unit of the number.", examples=["RMB bn"])
    sources: SourceNames | None = Field(
        None, alias="source", description="Source of the number.", examples=["judgement"]
    )
    grade: Grade | None = Field(
        None, description="A filed, B company guidance, C broker or market research, D judgement."
    )
    note: Text | None = Field(None, description="Why this value.")

    @property
    def source(self) -> str:
        """The names of the sources in one text; empty for `{from: cell}`."""
        return ", ".join(self.sources or ())


class Innovation(Closed):
    """One independent standard normal per path and period."""

    dimension: int | None = Field(
        None, ge=1, description="The first of its four dimensions of a low-discrepancy sampler; unique."
    )
    note: Text | None = Field(None, description="What it stands for.")


class Correlation(Sourced):
    """The dependence between two drivers, by exactly one measure."""

    between: list[Text] = Field(min_length=2, max_length=2, description="Two drivers.", examples=["[a, b]"])
    spearman: float | None = Field(None, ge=-1, le=1, description="Rank correlation.")
    pearson: float | None = Field(None, ge=-1, le=1, description="Correlation behind the copula, not of the values.")
    kendall: float | None = Field(None, ge=-1, le=1, description="Kendall's rank correlation.")
    note: Text | None = Field(None, description="Why they move together.")

    @property
    def measure(self) -> str:
        """``spearman``, ``pearson`` or ``kendall``."""
        return next(name for name in MEASURES if getattr(self, name) is not None)

    @property
    def value(self) -> float:
        """The correlation, in its own measure."""
        return float(getattr(self, self.measure))


class Dependence(Closed):
    """How drivers move together; unnamed pairs are independent but for what the named ones imply."""

    copula: Literal["gaussian", "t"] = Field(
        "gaussian", description="Under `t` drivers that are paired are extreme together, even with a correlation of 0."
    )
    degrees_of_freedom: float | None = Field(
        None, ge=1, le=1000, description="Of the t copula; fewer make joint extremes more frequent.", examples=[4]
    )
    correlations: list[Correlation] = Field(default_factory=list, description="Pairs that move together.")


class Study(Closed):
    """A study, checked. Attributes are the keys of the file (`source` is `sources`, `from` is `from_`)."""

    study: Text = Field(description="Title of the study.", examples=["Alibaba AI cloud, base case"])
    model: Text = Field(description="A model of the package, or a file such as ./my_model.py.", examples=["alibaba"])
    as_of: Date = Field(description="Nothing published later may be used.", examples=["2025-09-17"])
    timeline: TimelineSpec | None = Field(None, description="The periods; not needed when nothing is carried.")
    run: RunSpec = Field(default_factory=lambda: RunSpec(), description="Paths, seed and sampler.")
    sources: dict[str, Source] = Field(default_factory=dict, description="What numbers rest on, by short name.")
    openings: dict[str, Opening] = Field(default_factory=dict, description="Values before t = 1, by carried line.")
    reported: dict[str, dict[str, Reported]] = Field(
        default_factory=dict, description="Reported quarters before t = 1, by cell and quarter."
    )
    history: HistorySpec | None = Field(None, description="Reported quarters to fit and backtest a cell on.")
    drivers: dict[str, Driver] = Field(default_factory=dict, description="Uncertain inputs, one value per path.")
    innovations: dict[str, Innovation] = Field(
        default_factory=dict, description="Shocks: one standard normal per path and period."
    )
    families: dict[str, list[Text]] = Field(default_factory=dict, description="Members over which cells repeat.")
    windows: dict[str, Window] = Field(default_factory=dict, description="Stretches of periods for horizon cells.")
    schedules: dict[str, Schedule] = Field(default_factory=dict, description="Known values, one per period.")
    dependence: Dependence = Field(default_factory=lambda: Dependence(), description="Which drivers move together.")
    outputs: list[Output] = Field(default_factory=list, description="What to keep and report.")
    target: Target | None = Field(None, description="The price target under test.")
    warnings: dict[str, StudyWarning] = Field(default_factory=dict, description="Sentences the report may have to say.")
    scenarios: dict[str, Scenario] = Field(default_factory=dict, description="Named overrides with their stories.")
    pack: PackSpec = Field(default_factory=lambda: PackSpec(), description="Further content of the committee pack.")

    @model_validator(mode="before")
    @classmethod
    def _drop_empty_sections(cls, data: Any) -> Any:
        # `drivers:` with every entry commented out is an empty section, not a fault.
        return {key: value for key, value in data.items() if value is not None} if isinstance(data, dict) else data

    @field_validator("drivers", "schedules", mode="before")
    @classmethod
    def _label(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {
            name: {**entry, "label": words(name)} if isinstance(entry, dict) and not entry.get("label") else entry
            for name, entry in data.items()
        }

    @field_validator("innovations", mode="before")
    @classmethod
    def _bare_innovation(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {name: {} if entry is None else entry for name, entry in data.items()}

    @property
    def calendar(self) -> Timeline:
        """The timeline; one period without a calendar when the study carries nothing."""
        return Timeline(periods=1) if self.timeline is None else self.timeline.calendar
