"""Named scenarios: overrides that are laid over a study, each with its story."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from sim.config.leaves import Closed, SourceNames, Text


class Scenario(Closed):
    """A story about the world and the leaves it changes."""

    story: Text = Field(description="What must be true, in a sentence or two.", examples=["Tokens keep doubling."])
    weight: float | None = Field(None, ge=0, le=1, description="Its probability; the given ones sum to 1.")
    sources: SourceNames | None = Field(None, alias="source", description="Where the story comes from.")
    set: dict[str, Any] = Field(
        default_factory=dict, description="Leaf to value, such as drivers.long_run_share.marginal.mode: 0.44."
    )

    @property
    def source(self) -> str:
        """The names of the sources in one text; empty if none is given."""
        return ", ".join(self.sources or ())
