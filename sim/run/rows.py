"""Runs whose paths are a choice of others: the rows of an updated run, and the simulator that repeats them.

A row names the path whose drivers and innovations it takes. Where the drivers were searched for (near an observation
that hardly any path meets), they are stored with the row.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError, Problem, StorageError
from sim.run import store
from sim.run.inputs import PlannedInputs
from sim.run.result import Floats, Group, Innovations, Run
from sim.run.setup import Setup
from sim.run.simulate import Chunk, Simulator

FILE = "rows.npz"
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Rows:
    """n rows. ``paths`` int64[n]; ``drivers`` float64[n] by name, only where they are not those of the path."""

    paths: Ints
    drivers: Mapping[str, Floats] = field(default_factory=dict)

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {"paths": self.paths, **{f"driver.{name}": column for name, column in self.drivers.items()}}

    @property
    def digest(self) -> str:
        """SHA-256 over every array, in name order."""
        total = hashlib.sha256()
        for name, array in sorted(self._arrays().items()):
            total.update(f"{name} {array.dtype.str} {array.shape} ".encode())
            total.update(np.ascontiguousarray(array).tobytes())
        return total.hexdigest()

    def save(self, file: Path) -> None:
        """Write the rows with fixed time stamps, so that equal rows are equal files."""
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, array in sorted(self._arrays().items()):
                memory = io.BytesIO()
                np.lib.format.write_array(memory, array, allow_pickle=False)
                archive.writestr(zipfile.ZipInfo(f"{name}.npy"), memory.getvalue())

    @staticmethod
    def load(file: Path) -> Rows:
        """The inverse of `save`. StorageError if the file is missing or damaged."""
        try:
            with file.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
            drivers = {name.removeprefix("driver."): a for name, a in arrays.items() if name.startswith("driver.")}
            return Rows(arrays["paths"], drivers)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise StorageError(f"{file} cannot be read ({error}); repeat the update") from error


class Selected(Simulator):
    """A simulator whose path i is row i. Path numbers beyond the last row begin again at the first."""

    def __init__(self, setup: Setup, rows: Rows):
        super().__init__(setup)
        self.rows = rows

    def chunk(self, first: int, count: int, *, series: bool = False, drivers: bool = True) -> Chunk:
        """Rows ``first`` to ``first + count - 1``."""
        at = np.arange(first, first + count) % self.rows.paths.size
        arrays = self._empty(count, drivers=drivers, series=series)
        mine = {name: column[at] for name, column in self.rows.drivers.items()}
        self._simulate(self.rows.paths[at].astype(np.uint64), *arrays, replaced=mine)
        return Chunk(first, *arrays)

    def value(
        self,
        paths: Ints,
        drivers: Mapping[str, Floats | float] | None = None,
        innovations: Innovations = "drawn",
        *,
        outputs: Sequence[str] | None = None,
        threads: int | None = None,
    ) -> dict[str, Floats]:
        """`Simulator.value` with rows for paths, those named as the source of an innovation included."""
        at = np.asarray(paths, np.int64) % self.rows.paths.size
        mine: dict[str, Floats | float] = {name: column[at] for name, column in self.rows.drivers.items()}
        taken: Innovations = innovations
        if not isinstance(innovations, str):
            taken = {
                name: self.rows.paths[np.asarray(rows) % self.rows.paths.size] for name, rows in innovations.items()
            }
        given = {**mine, **(drivers or {})}
        return super().value(self.rows.paths[at], given, taken, outputs=outputs, threads=threads)


class UpdatedInputs:
    """The drivers of an updated run: what was observed ties them together in ways that no copula describes.

    Medians are those of the rows. What needs the joint law itself (`groups`, `marginal`) is refused.
    """

    copula = "updated"

    def __init__(self, run: Run, prior: PlannedInputs):
        self._run, self.fixed, self.innovations = run, prior.fixed, prior.innovations
        self.medians: Mapping[str, float] = {
            name: float(np.median(run.sample(name))) if name not in self.fixed else value
            for name, value in prior.medians.items()
        }

    def _refuse(self) -> InputError:
        parent = self._run.manifest["parent"]["run"]
        return InputError(
            Problem(
                "",
                f"run {self._run.manifest['run']} was updated by an observation: its drivers have no law of their own",
                f"ask its parent {parent}, or an analysis that needs the paths alone (sim prob, sim explain)",
            )
        )

    @property
    def groups(self) -> tuple[Group, ...]:
        raise self._refuse()

    def marginal(self, driver: str, z: Floats) -> Floats:
        raise self._refuse()


def rows_of(run: Run) -> Rows | None:
    """The rows of a stored run that was updated, checked against its manifest; None for any other run."""
    if "parent" not in run.manifest:
        return None
    rows = Rows.load(run.directory / "run" / FILE)
    if rows.digest != run.manifest["hashes"].get("rows"):
        raise StorageError(f"{run.directory / 'run' / FILE} was changed since the update; repeat it")
    return rows


def simulator_of(run: Run, setup: Setup | None = None) -> Simulator:
    """What repeats a stored run path by path, from its own kernel and set-up (or another set-up on the same paths)."""
    rows = rows_of(run)
    setup = setup or store.open_setup(run)
    return Simulator(setup) if rows is None else Selected(setup, rows)


def inputs_of(run: Run, simulator: Simulator) -> PlannedInputs | UpdatedInputs:
    """The joint law of a stored run's drivers, as far as there is one."""
    prior = PlannedInputs(simulator.plan)
    return UpdatedInputs(run, prior) if "parent" in run.manifest else prior
