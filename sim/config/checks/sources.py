"""Sources: every name is known, and nothing rests on what was published after `as_of`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sim.config.draft import Draft
from sim.config.sources import BUILT_IN, JUDGEMENT
from sim.errors import Problem, did_you_mean

# The target and the scenarios are what is examined, not evidence: they may be younger than the evidence.
_EVIDENCE = ("drivers", "openings", "schedules", "reported", "dependence")


def problems(draft: Draft) -> Iterator[Problem]:
    """Unknown and too young sources, reserved names, grades that judgement cannot have."""
    study = draft.study
    known = draft.names("sources")
    for name in BUILT_IN:
        if name in known:
            what, advice = f'"{name}" is a source of its own and needs no entry', "give this document another name"
            yield Problem(f"sources.{name}", what, advice, draft.origins.key_place(f"sources.{name}"))
    for leaf, names in references(draft):
        for position, name in enumerate(names):
            listed = f"{leaf}.{position}"
            spot = listed if listed in draft.origins else leaf
            if name not in (*known, *BUILT_IN) and "sources" not in draft.broken:
                advice = did_you_mean(name, [*known, *BUILT_IN])
                advice = advice or "add it to `sources`, or write `judgement` if it is your own opinion"
                yield Problem(spot, f'unknown source "{name}"', advice)
            if name in study.sources and leaf.split(".")[0] in _EVIDENCE:
                published = study.sources[name].date
                if published > study.as_of:
                    what = f'"{name}" was published on {published}, after `as_of` ({study.as_of})'
                    yield Problem(spot, what, "use an earlier source, or move `as_of`")
    for name, driver in study.drivers.items():
        if driver.sources == (JUDGEMENT,) and driver.grade not in (None, "D"):
            what = f"grade {driver.grade} is not for a judgement"
            yield Problem(f"drivers.{name}.grade", what, "write `grade: D`, or name the source")


def references(draft: Draft) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every leaf that names sources, with the names."""
    study = draft.study
    sections: tuple[tuple[str, dict[str, Any]], ...] = (
        ("drivers", dict(study.drivers)),
        ("openings", dict(study.openings)),
        ("schedules", dict(study.schedules)),
        ("scenarios", dict(study.scenarios)),
    )
    for section, entries in sections:
        for name, entry in entries.items():
            yield f"{section}.{name}.source", entry.sources or ()
    for cell, quarters in study.reported.items():
        for quarter, figure in quarters.items():
            yield f"reported.{cell}.{quarter}.source", figure.sources
    for index, pair in draft.correlations:
        yield f"dependence.correlations.{index}.source", pair.sources
    for index, each in enumerate(study.pack.ranges):
        yield f"pack.ranges.{index}.source", each.sources
    if study.target is not None:
        yield "target.source", study.target.sources
