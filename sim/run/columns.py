"""Where a run's columns go while it is simulated, and are read from afterwards: Parquet, or memory for a few."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sim.errors import StorageError
from sim.run.result import SAMPLE, Columns
from sim.run.simulate import Chunk

Floats = NDArray[np.float64]
GROUP = 4  # chunks a row group; with one, a quarter of the time goes into what a group's column costs beside its values


class Sink(Protocol):
    """Takes chunks in path order, then gives the columns back."""

    def write(self, chunk: Chunk) -> None: ...

    def close(self) -> Columns: ...


class Sample:
    """Every driver, and the ``wanted`` outputs, on the first `SAMPLE` of at most ``paths`` paths."""

    def __init__(self, drivers: Sequence[str], outputs: Sequence[str], wanted: Sequence[str], paths: int):
        self._rows = [list(outputs).index(name) for name in wanted]
        self._names = (*drivers, *wanted)
        self._values = np.empty((len(self._names), min(SAMPLE, paths)))
        self._filled = 0

    def write(self, chunk: Chunk) -> None:
        count = min(chunk.outputs.shape[1], self._values.shape[1] - chunk.first)
        if count > 0:
            place = slice(chunk.first, chunk.first + count)
            self._values[: len(chunk.drivers), place] = chunk.drivers[:, :count]
            self._values[len(chunk.drivers) :, place] = chunk.outputs[self._rows, :count]
            self._filled = place.stop

    def columns(self) -> dict[str, Floats]:
        return dict(zip(self._names, self._values[:, : self._filled], strict=True))


class MemorySink:
    """Nothing on disk: only the first paths stay in memory, of every driver and the ``wanted`` outputs."""

    def __init__(self, drivers: Sequence[str], outputs: Sequence[str], wanted: Sequence[str], paths: int):
        self._sample = Sample(drivers, outputs, wanted, paths)

    def write(self, chunk: Chunk) -> None:
        self._sample.write(chunk)

    def close(self) -> Columns:
        return SampleColumns(self._sample.columns())


class SampleColumns:
    """The first paths of the columns of a `MemorySink`; none as a whole."""

    names: tuple[str, ...] = ()

    def __init__(self, sample: Mapping[str, Floats]):
        self._sample = sample

    def column(self, name: str) -> Floats:
        raise StorageError(f'column "{name}" was not kept; repeat the run with --keep all')

    def head(self, name: str, count: int) -> Floats:
        return self._sample[name][:count]


class ParquetSink:
    """All columns in ``paths.parquet``, a row group for every `GROUP` chunks; units and labels in its metadata.

    Drivers of the first paths stay in memory as well when only outputs are kept.
    """

    def __init__(
        self,
        file: Path,
        drivers: Sequence[str],
        outputs: Sequence[str],
        kept: Sequence[str],
        paths: int,
        facts: Mapping[str, Mapping[str, str]],
    ):
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._pa, self._path = pa, file
        self._names = tuple(kept)
        self._sources = [
            (name in set(drivers), (drivers if name in set(drivers) else outputs).index(name)) for name in kept
        ]
        self._sample = Sample(drivers, outputs, (), paths)
        self._schema = pa.schema(
            [pa.field(name, pa.float64(), nullable=False, metadata=facts.get(name)) for name in kept]
        )
        # Random doubles hardly compress: LZ4 takes 0.55 of the time of zstd's level 1 and 1.07 of its space (measured).
        self._writer = pq.ParquetWriter(
            file, self._schema, compression="lz4", use_dictionary=False, write_statistics=False
        )
        self._waiting: list[Any] = []

    def write(self, chunk: Chunk) -> None:
        self._sample.write(chunk)
        rows = [(chunk.drivers if driver else chunk.outputs)[index] for driver, index in self._sources]
        # By way of the buffer: pyarrow's own conversion imports pandas.
        arrays = [
            self._pa.Array.from_buffers(self._pa.float64(), row.size, [None, self._pa.py_buffer(row)]) for row in rows
        ]
        self._waiting.append(self._pa.Table.from_arrays(arrays, schema=self._schema))
        if len(self._waiting) == GROUP:
            self._write_group()

    def _write_group(self) -> None:
        table = self._pa.concat_tables(self._waiting)  # copies nothing
        self._writer.write_table(table, row_group_size=table.num_rows)
        self._waiting.clear()

    def close(self) -> Columns:
        if self._waiting:
            self._write_group()
        self._writer.close()
        return ParquetColumns(self._path, self._sample.columns())


class ParquetColumns:
    """Columns of a ``paths.parquet``."""

    def __init__(self, file: Path, sample: Mapping[str, Floats] | None = None):
        import pyarrow.parquet as pq

        try:
            self._file = pq.ParquetFile(file)  # not mapped: mapped pages would count as ours
        except (OSError, ValueError) as error:
            raise StorageError(f"{file} cannot be read ({error}); repeat the run") from error
        self._sample = sample or {}
        self.names = tuple(self._file.schema_arrow.names)
        self.paths = int(self._file.metadata.num_rows)

    def column(self, name: str) -> Floats:
        return self._numpy(self._file.read(columns=[name], use_threads=False))

    def head(self, name: str, count: int) -> Floats:
        if name in self._sample:
            return self._sample[name][:count]
        if name not in self.names:
            raise StorageError(f'column "{name}" was not kept; repeat the run with --keep all')
        groups, rows = 0, 0
        while rows < count:
            rows += self._file.metadata.row_group(groups).num_rows
            groups += 1
        return self._numpy(self._file.read_row_groups(list(range(groups)), columns=[name], use_threads=False))[:count]

    @staticmethod
    def _numpy(table: Any) -> Floats:
        # By way of the buffer: pyarrow's own conversion imports pandas.
        chunks = [
            np.frombuffer(chunk.buffers()[1], np.float64, len(chunk), 8 * chunk.offset)
            for chunk in table.column(0).chunks
        ]
        return np.concatenate(chunks) if len(chunks) != 1 else chunks[0]
