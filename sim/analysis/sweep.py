"""What if this number were another? An output over one row or a grid of settings, every cell on the same paths."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.analysis import replicates, tails
from sim.analysis.estimate import Floats
from sim.analysis.replicates import Estimate
from sim.errors import ModelFailure


@dataclass(frozen=True)
class Axis:
    """What is set to each of ``values`` (as written); ``current`` is the place of the study's own value, if among them.

    ``held``: the driver is held at the value on every path, instead of a number of its marginal being changed.
    """

    key: str
    label: str
    unit: str
    values: tuple[str, ...]
    current: int | None
    held: bool

    def as_dict(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "label": self.label,
            "unit": self.unit,
            "values": list(self.values),
            "current": self.current,
            "held": self.held,
        }


@dataclass(frozen=True)
class Cell:
    """One setting. ``difference`` is its mean less that of the study as it stands, path by path.

    ``mean`` and ``difference`` are None where the output has no variance, ``reaches`` where no threshold is asked for.
    """

    mean: Estimate | None
    median: Estimate
    reaches: Estimate | None
    difference: Estimate | None
    invalid: int

    def as_dict(self) -> dict[str, Any]:
        return {
            "mean": self.mean and self.mean.as_dict(),
            "median": self.median.as_dict(),
            "reaches": self.reaches and self.reaches.as_dict(),
            "difference": self.difference and self.difference.as_dict(),
            "invalid_paths": self.invalid,
        }


@dataclass(frozen=True)
class Sweep:
    """``cells`` in the order of the first axis, then of the second; ``base`` is the study as it stands."""

    study: str
    output: str
    label: str
    unit: str
    threshold: float | None
    paths: int
    axes: tuple[Axis, ...]
    cells: tuple[Cell, ...]
    base: Cell
    kernels: int

    def cell(self, first: int, second: int = 0) -> Cell:
        width = len(self.axes[1].values) if len(self.axes) > 1 else 1
        return self.cells[first * width + second]

    def as_dict(self) -> dict[str, Any]:
        return {
            "study": self.study,
            "output": self.output,
            "label": self.label,
            "unit": self.unit,
            "at_least": self.threshold,
            "paths": self.paths,
            "axes": [axis.as_dict() for axis in self.axes],
            "cells": [cell.as_dict() for cell in self.cells],
            "base": self.base.as_dict(),
            "kernels": self.kernels,
        }


def analyse(
    study: str,
    output: tuple[str, str, str],
    threshold: float | None,
    axes: Sequence[Axis],
    base: Floats,
    columns: Iterable[Floats],
    kernels: int = 1,
) -> Sweep:
    """``output``: name, label, unit. ``base`` and each of ``columns``: float64[paths] on the same paths.

    ModelFailure for a setting without a valid path.
    """
    cells: list[Cell] = []
    for column in columns:
        if not np.isfinite(column).any():
            raise ModelFailure(f"setting {len(cells) + 1} gives no finite {output[0]} on any path: narrow the sweep")
        cells.append(_cell(column, base, threshold))
    return Sweep(study, *output, threshold, base.size, tuple(axes), tuple(cells), _cell(base, base, threshold), kernels)


def _cell(column: Floats, base: Floats, threshold: float | None) -> Cell:
    has_variance = tails.analyse(column).has_variance
    both = np.isfinite(column) & np.isfinite(base)
    step = np.where(both, column - base, np.nan)
    return Cell(
        replicates.estimate(column, replicates.mean) if has_variance else None,
        replicates.estimate(column, replicates.quantile(0.5)),
        None if threshold is None else replicates.estimate(column, replicates.share_at_least(threshold)),
        replicates.estimate(step, replicates.mean) if has_variance and tails.analyse(step).has_variance else None,
        int(np.count_nonzero(~np.isfinite(column))),
    )
