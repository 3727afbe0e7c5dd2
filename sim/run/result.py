"""A run: what was drawn, what came out, and where both came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError, Problem, StorageError, did_you_mean

Floats = NDArray[np.float64]
SAMPLE = 32_768  # first paths, kept in memory for what needs drivers and outputs side by side (rank correlations)


REPLICATES = 16  # of Sobol points and Latin hypercubes; path i belongs to replicate i modulo 16
PERCENTILES = (1, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75, 80, 85, 90, 95, 99)


@dataclass(frozen=True)
class Tally:
    """An output's values in b bins, in rising order, as arrays of b: how many a bin holds, its smallest and largest
    value, and how many equal these.

    ``mean_error`` and ``rank_errors`` (of each of `PERCENTILES`, as shares of paths) are the standard errors that the
    spread of the 16 replicates gives; None for independent paths, whose errors follow from their number.
    ``paths`` are the valid paths, ``invalid`` those without a finite value; ``mean`` and ``squares`` (sum of squared
    deviations) are exact over the valid ones. ``valid`` counts the valid paths by replicate (path modulo 16), and
    ``reached`` by threshold those of them that are at least as large: exact counts, int64[16] each.
    """

    paths: int
    invalid: int
    mean: float
    squares: float
    counts: NDArray[np.int64]
    smallest: Floats
    largest: Floats
    at_smallest: NDArray[np.int64]
    at_largest: NDArray[np.int64]
    mean_error: float | None = None
    rank_errors: Floats | None = None
    valid: NDArray[np.int64] | None = None
    reached: Mapping[float, NDArray[np.int64]] = field(default_factory=dict)


class Columns(Protocol):
    """Where a run's columns lie: a Parquet file, or memory that goes with the process."""

    names: tuple[str, ...]

    def column(self, name: str) -> Floats: ...

    def head(self, name: str, count: int) -> Floats: ...


INDEPENDENT = 1 << 40  # paths from here on are independent draws whatever the sampler: Sobol points end before
Innovations = Literal["drawn", "zero"] | Mapping[str, NDArray[np.int64]]


class Value(Protocol):
    """The pure function of a run: its outputs on given paths, with some drivers replaced.

    paths: int64[n], any path numbers. drivers: float64[n] or one float by name, in place of the path's own value after
    marginal and copula. innovations: those of the path ("drawn"), none ("zero"), or by name the paths (int64[n]) whose
    innovation is taken instead, those not named being the path's own. outputs: the columns wanted (all, if None).
    Gives {output: float64[n]}; InputError for a name that the run does not have.
    """

    def __call__(
        self,
        paths: NDArray[np.int64],
        drivers: Mapping[str, Floats | float] | None = None,
        innovations: Innovations = "drawn",
        *,
        outputs: Sequence[str] | None = None,
    ) -> dict[str, Floats]: ...


@dataclass(frozen=True)
class Group:
    """Drivers that are correlated with one another: ``matrix`` is the correlation of their normals, float64[k, k]."""

    drivers: tuple[str, ...]
    matrix: Floats


class Inputs(Protocol):
    """The joint law of a run's drivers. Each driver that varies is in one of ``groups``, alone if uncorrelated.

    ``fixed`` are the drivers that do not vary, ``medians`` every driver's median. A driver's value is a rising function
    of its normal z: `marginal`. Within a group the normals are joint standard normal under the Gaussian copula.
    """

    @property
    def copula(self) -> str: ...
    @property
    def groups(self) -> tuple[Group, ...]: ...
    @property
    def fixed(self) -> tuple[str, ...]: ...
    @property
    def medians(self) -> Mapping[str, float]: ...
    @property
    def innovations(self) -> tuple[str, ...]: ...

    def marginal(self, driver: str, z: Floats) -> Floats: ...


@dataclass(frozen=True)
class Run:
    """A simulated study. ``directory`` is the run folder; ``summary`` is empty until it has been analysed.

    ``tallies`` hold every output of a run just simulated; a run opened from its folder has its summary instead.

    ``manifest`` carries run, hash, study, config, seed, paths, sampler, as_of, drivers, outputs, units, labels,
    periods, versions. ``target`` is the study's target as plain data, or None.
    """

    directory: Path
    manifest: Mapping[str, Any]
    columns: Columns
    tallies: Mapping[str, Tally] = field(default_factory=dict)
    summary: Mapping[str, Any] = field(default_factory=dict)

    @property
    def paths(self) -> int:
        return int(self.manifest["paths"])

    @property
    def replicates(self) -> int:
        """Interleaved replicates of the sampler, path i being of replicate i modulo this; 1 for independent paths."""
        return REPLICATES if self.manifest.get("sampler") in ("sobol", "lhs") else 1

    @property
    def drivers(self) -> tuple[str, ...]:
        return tuple(self.manifest["drivers"])

    @property
    def outputs(self) -> tuple[str, ...]:
        return tuple(self.manifest["outputs"])

    @property
    def target(self) -> Mapping[str, Any] | None:
        return self.manifest["target"]  # type: ignore[no-any-return]

    def unit(self, name: str) -> str:
        return str(self.manifest["units"].get(name, "1"))

    def label(self, name: str) -> str:
        return str(self.manifest["labels"].get(name, name))

    def known(self, name: str) -> str:
        """The name itself, if the run has it as a column; InputError with a suggestion otherwise."""
        every = (*self.drivers, *self.outputs)
        if name not in every:
            some = ", ".join(self.outputs[:6])
            advice = did_you_mean(name, every) or f"name one of its columns, such as {some}"
            raise InputError(Problem("", f'the run has no column "{name}"', advice))
        return name

    def column(self, name: str) -> Floats:
        """One column, float64[paths], NaN where a path is invalid. InputError if unknown, StorageError if not kept."""
        if self.known(name) not in self.columns.names:
            raise StorageError(
                f'column "{name}" of run {self.manifest["run"]} was not kept; repeat the run with --keep all'
            )
        return self.columns.column(name)

    def sample(self, name: str) -> Floats:
        """The first `SAMPLE` paths of a column (fewer if the run is shorter)."""
        return self.columns.head(self.known(name), min(SAMPLE, self.paths))
