"""`sim bridge`: what changed from one study to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import InputError, Problem
from sim.pipeline.sides import keep, opened
from sim.pipeline.stored import RESULTS

if TYPE_CHECKING:
    from sim.run.result import Run


def bridge(
    references: tuple[str, str],
    *,
    output: str | None = None,
    period: str | None = None,
    threshold: float | None = None,
    groups: Sequence[str] = (),
    figure: bool = True,
    threads: int | None = None,
    into: str | None = None,
    out: Path = RESULTS,
) -> dict[str, Any]:
    """The bridge between two runs or study files, as plain data; stored with the second if that is a run.

    The threshold defaults to the second study's target.
    """
    from sim.analysis import bridge as analysis
    from sim.analysis import naming

    bundles = _groups(groups)
    a, b = opened(references, out, threads=threads)
    column = naming.find(b.run, output, period)
    if threshold is None and b.run.target and b.run.target["output"] == column:
        threshold = float(b.run.target["at_least"])
    found: dict[str, Any] = analysis.analyse(a, b, column, threshold, bundles).as_dict()
    found["part_labels"] = {name: b.run.label(name) for name in found["parts"]}
    found |= {"from": identity(a.run), "to": identity(b.run), "redrawn": not b.stored}
    asked = {"from": a.run.manifest["hash"], "output": column, "at_least": threshold, "groups": bundles}
    pack = keep(b.run, out, "bridge", asked, found, into)
    files: list[str] = []
    if figure and "mean" in found["statistics"]:
        from sim.report import style
        from sim.report.figures import bridge as drawer

        files = [str(file) for file in style.save(drawer.draw(b.run, found), pack)]
    return {**found, "files": files}


def identity(run: Run) -> dict[str, Any]:
    """Which run it is, for people and for programs."""
    keys = ("run", "hash", "study", "config", "scenario", "seed", "paths")
    return {**{key: run.manifest[key] for key in keys}, "stored": run.directory != Path()}


def _groups(texts: Sequence[str]) -> dict[str, list[str]]:
    """``multiples=cloud_ev_to_sales,ecommerce_pe`` by name."""
    found: dict[str, list[str]] = {}
    for text in texts:
        name, equals, members = text.partition("=")
        drivers = [driver.strip() for driver in members.split(",") if driver.strip()]
        if not equals or not name.strip() or not drivers:
            raise InputError(Problem("--group", f'"{text}" is no group', "write --group name=driver,driver"))
        twice = [driver for driver in drivers if any(driver in other for other in found.values())]
        if twice or name.strip() in found:
            what = f'"{twice[0] if twice else name.strip()}" is in two groups'
            raise InputError(Problem("--group", what, "name each driver and group once"))
        found[name.strip()] = drivers
    return found


def lines(found: Mapping[str, Any], width: int) -> list[str]:
    """What the terminal says."""
    from sim.report.screens import bridge

    return bridge.lines(found, width)
