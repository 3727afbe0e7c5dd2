"""`sim sweep`: an output over one row or a grid of settings, every cell on the same paths."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.config.origins import split
from sim.errors import InputError, Problem
from sim.pipeline.changing import identity
from sim.pipeline.checking import Checked, check
from sim.pipeline.sides import IN_MEMORY, keep, of_study
from sim.pipeline.stored import RESULTS

if TYPE_CHECKING:
    from sim.analysis.differences import Side
    from sim.analysis.sweep import Axis
    from sim.run.result import Floats

EVALUATIONS = 4_000_000  # paths valued in all, from which fewer are taken for each cell
MOST_CELLS = 400


@dataclass(frozen=True)
class _Swept:
    """One axis: its key, its values as written, and the driver that is held at them, if it is one."""

    key: str
    values: tuple[str, ...]
    driver: str | None


def sweep(
    path: Path,
    sets: Sequence[str],
    *,
    scenario: str | None = None,
    output: str | None = None,
    period: str | None = None,
    threshold: float | None = None,
    paths: int | None = None,
    figure: bool = True,
    threads: int | None = None,
    into: str | None = None,
    out: Path = RESULTS,
) -> dict[str, Any]:
    """The output at every combination of the values in ``sets`` (``key=v1,v2,v3``, two such at most), as plain data.

    A key that is a driver holds it at the values; any other is a leaf of the study, as for `sim run --set`.
    """
    from sim.analysis import naming
    from sim.analysis import sweep as analysis

    _fits([_values(text) for text in sets])
    plain = [text for text in sets if len(_values(text)[1]) < 2]
    checked = check(path, plain, scenario)
    swept = [_axis(checked, text) for text in sets if text not in plain]
    cells = math.prod(len(axis.values) for axis in swept)
    count = paths or min(checked.study.run.paths, IN_MEMORY, max(2 ** int(math.log2(EVALUATIONS / cells)), 4096))
    base = of_study(checked, paths=count, scenario=scenario, threads=threads)
    column = naming.find(base.run, output, period)
    if threshold is None and base.run.target and base.run.target["output"] == column:
        threshold = float(base.run.target["at_least"])
    kernels = {base.run.manifest["hashes"]["kernel"]}

    def columns() -> Iterator[Floats]:
        sides: dict[tuple[str, ...], Side] = {}
        for values in product(*(axis.values for axis in swept)):
            chosen = list(zip(swept, values, strict=True))
            leaves = tuple(f"{axis.key}={value}" for axis, value in chosen if axis.driver is None)
            if leaves and leaves not in sides:
                sides[leaves] = of_study(check(path, [*plain, *leaves], scenario), paths=count, threads=threads)
                kernels.add(sides[leaves].run.manifest["hashes"]["kernel"])
            side = sides[leaves] if leaves else base
            held = {axis.driver: _number(value) for axis, value in chosen if axis.driver is not None}
            yield side.value(np.arange(count), held, outputs=[column])[column]

    axes = [_as_axis(checked, base, axis) for axis in swept]
    about = (column, base.run.label(column), base.run.unit(column))
    study = str(base.run.manifest["study"])
    result = analysis.analyse(study, about, threshold, axes, base.run.column(column), columns())
    found: dict[str, Any] = {**result.as_dict(), "kernels": len(kernels), "of": identity(base.run)}
    asked = {"sets": list(sets), "output": column, "at_least": threshold, "paths": count}
    pack = keep(base.run, out, "sweep", asked, found, into)
    files: list[str] = []
    if figure:
        from sim.report import style
        from sim.report.figures import heat_map as drawer

        files = [str(file) for file in style.save(drawer.draw(base.run, found), pack)]
    return {**found, "files": files}


def _values(text: str) -> tuple[str, tuple[str, ...]]:
    """Key and values of ``key=v1,v2``; commas inside brackets or braces do not separate."""
    key, equals, written = text.partition("=")
    if not equals or not key.strip() or not written.strip():
        raise InputError(Problem("--set", f'"{text}" has no value', "write --set key=v1,v2,v3"))
    parts, depth = [""], 0
    for sign in written:
        depth += (sign in "[{") - (sign in "]}")
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    values = tuple(part.strip() for part in parts)
    if "" in values or len(set(values)) < len(values):
        raise InputError(Problem(key, f'"{written}" has an empty or repeated value', "write key=v1,v2,v3"))
    return key.strip(), values


def _axis(checked: Checked, text: str) -> _Swept:
    key, values = _values(text)
    name = key.removeprefix("drivers.")
    if name not in checked.study.drivers:
        return _Swept(key, values, None)
    for value in values:
        if not math.isfinite(_number(value)):
            raise InputError(Problem(key, f'"{value}" is no number', "a driver is held at numbers: key=0.09,0.10"))
    return _Swept(key, values, name)


def _number(text: str) -> float:
    """``0.09``, ``9%`` or ``1_000``; NaN if it is no number."""
    try:
        return float(text.rstrip("%")) / (100.0 if text.endswith("%") else 1.0)
    except ValueError:
        return math.nan


def _fits(sets: Sequence[tuple[str, tuple[str, ...]]]) -> None:
    """One or two keys with several values, each once, and not too many cells."""
    swept = [(key, values) for key, values in sets if len(values) > 1]
    cells = math.prod(len(values) for _, values in swept)
    if not swept:
        raise InputError(Problem("--set", "nothing is swept", "give a key two values or more: --set key=v1,v2,v3"))
    if len(swept) > 2:
        raise InputError(Problem("--set", f"{len(swept)} keys have several values", "sweep one or two at a time"))
    if len({key for key, _ in swept}) < len(swept):
        raise InputError(Problem("--set", f'"{swept[0][0]}" is swept twice', "give all its values at once"))
    if cells > MOST_CELLS:
        raise InputError(Problem("--set", f"{cells} cells are more than {MOST_CELLS}", "give fewer values"))


def _as_axis(checked: Checked, base: Side, axis: _Swept) -> Axis:
    from sim.analysis.sweep import Axis

    run = base.run
    if axis.driver is not None:
        same = base.inputs.medians[axis.driver] if axis.driver in base.inputs.fixed else math.nan
        current = next((i for i, value in enumerate(axis.values) if _number(value) == same), None)
        return Axis(axis.key, run.label(axis.driver), run.unit(axis.driver), axis.values, current, held=True)
    here: Any = checked.reading.document
    keys = split(axis.key)
    for key in keys:
        here = here.get(key) if isinstance(here, dict) else None
    same = float(here) if isinstance(here, int | float) else math.nan
    current = next((i for i, value in enumerate(axis.values) if value == str(here) or _number(value) == same), None)
    label, unit = axis.key, "1"
    if keys[0] == "drivers" and len(keys) > 2:
        label, unit = f"{run.label(keys[1])}, {keys[-1]}", run.unit(keys[1])
    return Axis(axis.key, label, unit, axis.values, current, held=False)


def lines(found: Mapping[str, Any], width: int) -> list[str]:
    """What the terminal says."""
    from sim.report.screens import sweep

    return sweep.lines(found, width)
