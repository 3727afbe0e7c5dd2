"""What goes on the table as one object: sections of words, figures and tables, which every printer prints alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sim.config.schema import Study
from sim.report.style import Drawing
from sim.run.result import Run


@dataclass(frozen=True)
class Material:
    """What a pack is made from, all of it read from the run's own folder.

    ``found`` holds the results stored under the run's ``analysis/`` that answer the pack's questions, by verb
    (``prob``, ``explain``, ``believe``, ``compare``, ``bridge``, ``sweep``, ``convergence``, ``history``,
    ``backtest``). ``register`` are the rows of ``run/drivers.csv``, ``quarterly`` those of ``run/quarterly.csv``, as
    text by column.
    """

    run: Run
    study: Study
    register: Sequence[Mapping[str, str]] = ()
    quarterly: Sequence[Mapping[str, str]] = ()
    found: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Words:
    """A paragraph. ``lead`` is set larger, ``small`` smaller."""

    text: str
    size: Literal["lead", "body", "small"] = "body"


@dataclass(frozen=True)
class Bullets:
    """Short points. ``leads``, if given, has a word or two for each that is set in bold before it."""

    items: tuple[str, ...]
    leads: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kpi:
    """A number that stands out, what it is, and a small line under it (its error, its range)."""

    value: str
    label: str
    note: str = ""


@dataclass(frozen=True)
class Kpis:
    """Numbers side by side, four at most."""

    items: tuple[Kpi, ...]


@dataclass(frozen=True)
class Table:
    """Cells as text; ``align`` has ``l`` or ``r`` a column. The last ``total`` rows are set in bold.

    ``message`` is what the table says, for a slide that shows it alone.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    align: str
    note: str = ""
    total: int = 0
    small: bool = False
    message: str = ""


@dataclass(frozen=True)
class Picture:
    """A figure; its headline is the finding. A ``detail`` stands in HTML and slides, not on the eight pages."""

    drawing: Drawing
    detail: bool = False


@dataclass(frozen=True)
class Box:
    """A framed text: limits, disclosure."""

    title: str
    items: tuple[str, ...]


@dataclass(frozen=True)
class Missing:
    """What is not in the pack because nothing was computed for it, and the command that makes it."""

    what: str
    command: str


Block = Words | Bullets | Kpis | Table | Picture | Box | Missing


@dataclass(frozen=True)
class Section:
    """One page: ``key`` names it in links, ``title`` in the contents, ``message`` is what it says in one sentence."""

    key: str
    title: str
    message: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Pack:
    """The whole. ``source`` is the line that repeats the run; ``appendix`` begins after the pages of the committee."""

    title: str
    headline: str
    subtitle: str
    source: str
    sections: tuple[Section, ...]
    appendix: tuple[Section, ...] = ()

    @property
    def pictures(self) -> tuple[Drawing, ...]:
        """Every figure, once."""
        every = [b.drawing for s in (*self.sections, *self.appendix) for b in s.blocks if isinstance(b, Picture)]
        return tuple({drawing.name: drawing for drawing in every}.values())
