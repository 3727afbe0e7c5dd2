"""What is to be explained: an output, or whether it reaches a threshold; refused where no share of variance exists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.analysis import tails
from sim.analysis.estimate import Floats
from sim.errors import InputError, ModelFailure, Problem
from sim.run.result import Run

EXTREME = 0.02
FEWEST = 50  # successes, and failures, below which it is not explained what decides between them
_MOST_INVALID = 0.01  # share of invalid paths up to which they are counted as average ones


@dataclass(frozen=True)
class Quantity:
    """An output (``at_least`` None) or the indicator of ``output >= at_least``, with its moments in the stored run.

    ``mean`` and ``variance`` are those of the ``paths`` valid paths; ``invalid`` others are left out. ``extreme`` is
    the share of the variance that the most extreme 1 in 10,000 paths carry: 0.2% of a normal's. Above `EXTREME` shares
    of the variance and their errors lean on so few paths that they are rough.
    """

    output: str
    at_least: float | None
    mean: float
    variance: float
    paths: int
    invalid: int
    extreme: float = 0.0

    def of(self, values: Floats) -> Floats:
        """Values of the output as the quantity itself: 1 and 0 for an indicator, NaN where the output has none."""
        if self.at_least is None:
            return np.where(np.isfinite(values), values, np.nan)
        return np.where(np.isfinite(values), (values >= self.at_least).astype(np.float64), np.nan)

    def standard(self, values: Floats) -> Floats:
        """`of` scaled to mean 0 and variance 1. An invalid path counts as the mean, so that it speaks for no driver."""
        scaled = (self.of(values) - self.mean) / np.sqrt(self.variance)
        return np.asarray(np.nan_to_num(scaled, copy=False, nan=0.0))

    def as_dict(self) -> dict[str, Any]:
        return {
            "output": self.output,
            "at_least": self.at_least,
            "mean": self.mean,
            "variance": self.variance,
            "paths": self.paths,
            "invalid": self.invalid,
            "extreme": self.extreme,
        }


def analyse(run: Run, output: str, at_least: float | None = None) -> Quantity:
    """The quantity with its moments, from the stored column.

    InputError for a name that is no output; ModelFailure, in a sentence, where its variance does not exist, is zero or
    cannot be told from so few paths.
    """
    if run.known(output) not in run.outputs:
        advice = "name an output: a driver is drawn, nothing drives it"
        raise InputError(Problem("--output", f'"{output}" is a driver', advice))
    column = run.column(output)
    values = column[np.isfinite(column)]
    invalid = column.size - values.size
    if values.size < 2 * FEWEST:
        raise ModelFailure(f"{values.size} valid paths are too few to say what drives {output}; run more paths")
    if invalid > _MOST_INVALID * column.size:
        share = 100 * invalid / column.size
        raise ModelFailure(
            f"{share:.2g}% of paths give no {output}, more than the 1% that can be counted as average ones;"
            " mend the model or truncate the drivers behind them"
        )
    if at_least is None:
        return _of_output(output, values, invalid)
    hits = int(np.count_nonzero(values >= at_least))
    if min(hits, values.size - hits) < FEWEST:
        few, verb = (hits, "reach") if hits < FEWEST else (values.size - hits, "miss")
        raise ModelFailure(
            f"only {few} of {values.size} paths {verb} {at_least:g}, too few (under {FEWEST}) to say what decides it;"
            " run more paths or ask about the output itself, without --probability"
        )
    share = hits / values.size
    return Quantity(output, at_least, share, share * (1 - share), values.size, invalid)


def _of_output(output: str, values: Floats, invalid: int) -> Quantity:
    lowest, highest = float(values.min()), float(values.max())
    if lowest == highest:
        raise ModelFailure(f"{output} is {lowest:g} on every path: nothing drives it")
    tail = tails.analyse(values)
    if not tail.has_variance:
        raise ModelFailure(
            f"{output} has too heavy a tail to have a variance (tail index about {tail.index:.2g}, and more than 2 is"
            " needed), so shares of it mean nothing; ask what drives its probability with --probability, or truncate"
            " the drivers"
        )
    middle = float(np.median(values))
    with np.errstate(over="ignore", invalid="ignore"):
        shifted = values - middle
        mean, variance = float(shifted.mean()), float(shifted.var())
    if not np.isfinite(variance) or variance == 0.0:
        raise ModelFailure(f"{output} has values too large or too close together for its variance to be a number")
    squares, few = (shifted - mean) ** 2, max(values.size // 10_000, 1)
    extreme = float(np.partition(squares, values.size - few)[values.size - few :].sum() / squares.sum())
    return Quantity(output, None, middle + mean, variance, values.size, invalid, extreme)
