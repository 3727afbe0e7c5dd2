"""Sources, and what every sourced number carries."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sim.config.leaves import Closed, Date, SourceNames, Text

JUDGEMENT = "judgement"
DEFINITION = "definition"
BUILT_IN = (JUDGEMENT, DEFINITION)  # sources that need no entry: our own opinion, and true by definition

Grade = Literal["A", "B", "C", "D"]


class Source(Closed):
    """A published document that numbers rest on."""

    title: Text = Field(description="Title of the document.", examples=["June quarter 2025 results"])
    publisher: Text = Field(description="Who published it.", examples=["Alibaba Group"])
    date: Date = Field(description="Day of publication; must not be after `as_of`.", examples=["2025-08-29"])
    url: Text | None = Field(None, description="Address of the document.")
    note: Text | None = Field(None, description="What the document does or does not say.")


class Sourced(Closed):
    """A number that says where it comes from."""

    sources: SourceNames = Field(
        alias="source",
        description="Name or list of names from `sources`, or `judgement`, or `definition`.",
        examples=["judgement"],
    )

    @property
    def source(self) -> str:
        """The names of the sources in one text."""
        return ", ".join(self.sources)
