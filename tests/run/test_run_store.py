"""The run folder: complete or said not to be, never overwritten, and what was changed afterwards is found."""

from __future__ import annotations

import json
import os
import threading
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sim.errors import InputError, StorageError
from sim.run import store
from sim.run.columns import GROUP, ParquetSink
from sim.run.result import Run
from sim.run.simulate import CHUNK
from tests.run.conftest import TOY, command, simulate, stored

Copy = Callable[[], Path]
IDENTITY = "0123456789abcdef"


def files_below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt, SystemExit, MemoryError])
def test_a_failure_leaves_no_folder(tmp_path: Path, failure: type[BaseException]) -> None:
    def body() -> None:
        with store.create(tmp_path, "toy", IDENTITY) as folder:
            folder.text("kernel.py", "half")
            assert folder.partial.name.endswith(store.PARTIAL)
            raise failure

    with pytest.raises(failure):
        body()
    assert list((tmp_path / "toy").iterdir()) == []


def test_a_full_disk_is_a_storage_error_and_leaves_no_folder(tmp_path: Path) -> None:
    def body() -> None:
        with store.create(tmp_path, "toy", IDENTITY):
            raise OSError(28, os.strerror(28))

    with pytest.raises(StorageError, match="No space left on device"):
        body()
    assert list((tmp_path / "toy").iterdir()) == []


def test_a_failure_while_paths_are_simulated_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C after the first group of chunks reached the Parquet file: nothing stays, exit code 130."""
    whole = ParquetSink.write

    def interrupted(self: Any, chunk: Any) -> None:
        whole(self, chunk)
        if chunk.first >= GROUP * CHUNK:
            raise KeyboardInterrupt

    monkeypatch.setattr(ParquetSink, "write", interrupted)
    done = command("run", TOY, "--out", tmp_path, "--no-pack", "--paths", (GROUP + 2) * CHUNK, code=130)
    assert "interrupted" in done.stderr
    assert files_below(tmp_path) == []


def test_two_runs_in_one_second_get_two_folders(tmp_path: Path) -> None:
    """Eight at once, same study and same identity: eight names, each with its own content."""
    at_once = threading.Barrier(8)

    def one(number: int) -> Path:
        at_once.wait()
        with store.create(tmp_path, "toy", IDENTITY) as folder:
            folder.text("kernel.py", str(number))
            return folder.close({"run": folder.name}, {"number": number})

    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(one, range(8)))
    assert len(set(folders)) == 8
    for number, folder in enumerate(folders):
        assert (folder / "run" / "kernel.py").read_text() == str(number)
        summary = (folder / "run" / "summary.json").read_text()
        assert json.loads(summary) == {"number": number}
        facts = {"run": folder.name, "summary_hash": store.digest(summary), "complete": True}
        assert json.loads((folder / "run" / "manifest.json").read_text()) == facts
    assert not list((tmp_path / "toy").glob(f"*{store.PARTIAL}"))


def test_a_name_taken_between_looking_and_making_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process finishes under the very name in that moment: this run takes the next one, before simulating."""
    make, theirs = Path.mkdir, list[Path]()

    def raced(self: Path, *how: Any, **more: Any) -> None:
        if self.parent.name.endswith(store.PARTIAL) and not theirs:
            theirs.append(self.parent.with_name(self.parent.name.removesuffix(store.PARTIAL)))
            make(theirs[0] / "run", parents=True)
        make(self, *how, **more)

    monkeypatch.setattr(Path, "mkdir", raced)
    with store.create(tmp_path, "toy", IDENTITY) as folder:
        mine = folder.close({"run": folder.name}, {})
    assert theirs
    assert mine != theirs[0]
    assert files_below(theirs[0]) == []
    assert sorted((tmp_path / "toy").iterdir()) == sorted([mine, theirs[0]])


def test_a_finished_run_is_never_overwritten(tmp_path: Path) -> None:
    """Even if another process takes the final name while this run is simulating."""
    theirs: list[Path] = []

    def body() -> None:
        with store.create(tmp_path, "toy", IDENTITY) as folder:
            theirs.append(folder.final / "run" / "manifest.json")
            theirs[0].parent.mkdir(parents=True)
            theirs[0].write_text("theirs")
            folder.close({}, {})

    with pytest.raises(StorageError, match="exists already"):
        body()
    assert files_below(tmp_path) == theirs
    assert theirs[0].read_text() == "theirs"


def test_the_manifest_is_written_last_and_says_complete(tmp_path: Path) -> None:
    with store.create(tmp_path, "toy", IDENTITY) as folder:
        assert not (folder.run / "manifest.json").exists()
        final = folder.close({"run": folder.name}, {})
    assert final.name == folder.name
    assert not folder.partial.exists()
    assert {path.name for path in files_below(final)} == {"manifest.json", "summary.json"}


@pytest.mark.parametrize("slug", ["..", "a/b", "../up", ".hidden", "", "A B", "a..b", "a\\b", "~"])
def test_a_name_cannot_climb_out_of_the_results(tmp_path: Path, slug: str) -> None:
    with pytest.raises(InputError):
        store.Folder(tmp_path, slug, IDENTITY)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where the folder should be")
    with pytest.raises(StorageError, match=r"cannot write under .*taken.*--out"):
        store.Folder(tmp_path / "taken", "toy", IDENTITY)


def test_text_in_tables_is_never_a_formula(tmp_path: Path) -> None:
    with store.create(tmp_path, "toy", IDENTITY) as folder:
        folder.table("t.csv", ["=1+1", "b"], [["@x", -1.5], ["+y", "two\nlines"], ["-z", "plain"]])
        lines = (folder.run / "t.csv").read_text().splitlines()
    assert lines[1:] == ["'@x,-1.5", "'+y,two lines", "'-z,plain"]


def test_a_run_has_the_files_of_the_contract(toy_run: Run) -> None:
    names = {path.name for path in (toy_run.directory / "run").iterdir()}
    assert names == {
        "study.resolved.yaml", "kernel.py", "model.json", "setup.npz", "paths.parquet", "summary.json", "summary.csv",
        "drivers.csv", "quarterly.csv", "manifest.json",
    }  # fmt: skip
    assert toy_run.directory.parent.name == "toy"
    stamp, identity = toy_run.directory.name.split("-")
    assert len(stamp) == 16
    assert identity == toy_run.manifest["hash"][:8]
    assert toy_run.manifest["complete"] is True


def test_the_resolved_study_repeats_the_run(toy_run: Run, tmp_path: Path) -> None:
    """`study.resolved.yaml`, run again as a study, is the same run: same hash of set-up and kernel, same values."""
    again = simulate(
        toy_run.directory / "run" / "study.resolved.yaml", tmp_path, "--paths", toy_run.paths, "--keep", "none"
    )
    assert again.manifest["hash"] == toy_run.manifest["hash"]
    assert again.manifest["hashes"] == toy_run.manifest["hashes"]


def test_parquet_carries_units_labels_and_groups_of_chunks(toy_run: Run, tmp_path: Path) -> None:
    file = pq.ParquetFile(toy_run.directory / "run" / "paths.parquet")
    fields = {field.name: {k.decode(): v.decode() for k, v in field.metadata.items()} for field in file.schema_arrow}
    assert fields["ev_to_sales"] | {"PARQUET:field_id": ""} == {
        "unit": "x", "label": "EV / quarterly sales", "kind": "driver", "PARQUET:field_id": "",
    }  # fmt: skip
    assert fields["value_per_share"]["unit"] == "US$"
    assert fields["value_per_share"]["kind"] == "output"
    assert fields["revenue.FY2026"]["unit"] == "US$ m"
    longer = simulate(TOY, tmp_path, "--paths", 2 * GROUP * CHUNK + 100)
    file = pq.ParquetFile(longer.directory / "run" / "paths.parquet")
    rows = [file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)]
    assert rows == [GROUP * CHUNK, GROUP * CHUNK, 100]


def test_equal_set_ups_are_equal_files(toy_run: Run, tmp_path: Path) -> None:
    """setup.npz has no clock in it."""
    again = simulate(TOY, tmp_path, "--paths", 300)
    file = Path("run") / "setup.npz"
    assert (again.directory / file).read_bytes() == (toy_run.directory / file).read_bytes()


# --- what is damaged or unfinished ---


def test_an_unfinished_folder_is_said_to_be_so(copied: Copy) -> None:
    run = copied()
    (run / "run" / "manifest.json").unlink()
    run.rename(run.with_name(run.name + store.PARTIAL))
    results = run.parent.parent
    (listed,) = json.loads(command("ls", "--out", results, "--json").stdout)["runs"]
    assert listed["complete"] is False
    assert "not a finished run" in listed["note"]
    assert "not a finished run" in " ".join(command("ls", "--out", results).stdout.split())
    for words in (("prob", "latest", "--output", "value_per_share", "--ge", "1"), ("verify", "latest")):
        assert "no run" in command(*words, "--out", results, code=2).stderr
    command("verify", listed["directory"], "--out", results, code=2)


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", "{}", '{"complete": false}', '{"complete": true}', '{"complete": "true"}', "\x00\xff"],
    ids=["empty", "cut", "list", "null", "nothing", "incomplete", "bare", "text", "binary"],
)
def test_a_damaged_manifest_is_a_storage_error(copied: Copy, content: str) -> None:
    """Listed with what is the matter, refused with exit code 4 by what needs the run; other runs are not affected."""
    run = copied()
    (run / "run" / "manifest.json").write_bytes(content.encode("latin-1"))
    results = run.parent.parent
    (listed,) = json.loads(command("ls", "--out", results, "--json").stdout)["runs"]
    assert listed["complete"] is False
    assert listed["note"]
    command("ls", "--out", results)
    command("prob", run, "--output", "value_per_share", "--ge", "1", "--out", results, code=4)
    command("verify", run, "--out", results, code=4)


@pytest.mark.parametrize("content", ["", "[]", "{}", "null"])
def test_a_damaged_summary_does_not_break_the_list(copied: Copy, content: str) -> None:
    run = copied()
    (run / "run" / "summary.json").write_text(content)
    (listed,) = json.loads(command("ls", "--out", run.parent.parent, "--json").stdout)["runs"]
    assert listed["complete"] is False
    assert listed["note"]


def test_an_edited_summary_is_refused(copied: Copy) -> None:
    """Lists and pages quote the stored summary, so a probability changed by hand must not reach them."""
    run = copied()
    file = run / "run" / "summary.json"
    before = file.read_text()
    file.write_text(before.replace('"probability": 0.', '"probability": 0.9', 1))
    assert file.read_text() != before
    (listed,) = json.loads(command("ls", "--out", run.parent.parent, "--json").stdout)["runs"]
    assert "summary.json was changed since the run" in listed["note"]
    command("verify", run, code=4)
    file.write_text(before)
    command("verify", run)


def test_a_run_without_its_manifest_is_listed_with_the_reason(copied: Copy) -> None:
    run = copied()
    (run / "run" / "manifest.json").unlink()
    (listed,) = json.loads(command("ls", "--out", run.parent.parent, "--json").stdout)["runs"]
    assert "manifest.json is missing" in listed["note"]
    command("prob", "latest", "--out", run.parent.parent, code=4)
    assert "has no run/manifest.json" in command("prob", run, "--out", run.parent.parent, code=2).stderr


def rewrite_parquet(run: Path, change: Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]) -> None:
    file = run / "run" / "paths.parquet"
    columns = change({name: column.to_numpy().copy() for name, column in zip(*_columns(file), strict=True)})
    pq.write_table(pa.table(columns), file)


def _columns(file: Path) -> tuple[list[str], list[Any]]:
    table = pq.read_table(file)
    return table.column_names, table.columns


def test_one_flipped_bit_in_a_stored_path_is_found(copied: Copy) -> None:
    run = copied()

    def flip(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        columns["ev_to_sales"].view(np.uint64)[CHUNK + 5] ^= np.uint64(1)
        return columns

    rewrite_parquet(run, flip)
    done = command("verify", run, "--json", code=3)
    found = json.loads(done.stdout)
    assert found["agrees"] is False
    (difference,) = found["differences"]
    assert (difference["column"], difference["path"]) == ("ev_to_sales", CHUNK + 5)
    assert difference["stored"] != difference["repeated"]
    assert "differs" in done.stderr


@pytest.mark.parametrize(
    "spoilt", ["shorter", "longer", "a column less", "a foreign column", "not there", "not a number"]
)
def test_other_stored_paths_than_those_of_the_run_are_found(copied: Copy, spoilt: str) -> None:
    """Whatever is wrong with the file, `verify` does not agree: exit code 3 or 4, and never a bug."""
    run = copied()
    changes: dict[str, Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]] = {
        "shorter": lambda c: {name: column[:-1] for name, column in c.items()},
        "longer": lambda c: {name: np.append(column, column[-1]) for name, column in c.items()},
        "a column less": lambda c: {name: column for name, column in c.items() if name != "value_per_share"},
        "a foreign column": lambda c: {**c, "foreign": c["shares"]},
        "not a number": lambda c: {**c, "shares": np.full(c["shares"].size, np.nan)},
    }
    if spoilt == "not there":
        (run / "run" / "paths.parquet").unlink()
    else:
        rewrite_parquet(run, changes[spoilt])
    done = command("verify", run, "--json", code=3 if spoilt == "not a number" else 4)
    assert "NaN" not in done.stdout


def test_a_broken_parquet_file_is_a_storage_error(copied: Copy) -> None:
    run = copied()
    file = run / "run" / "paths.parquet"
    file.write_bytes(file.read_bytes()[:-100])
    assert "cannot be read" in command("verify", run, code=4).stderr
    command("prob", run, "--output", "value_per_share", "--ge", "1", code=4)


def test_a_changed_kernel_is_found(copied: Copy) -> None:
    run = copied()
    kernel = run / "run" / "kernel.py"
    text = kernel.read_text()
    assert text.count("valuation_revenue * ev_to_sales") == 1
    kernel.write_text(text.replace("valuation_revenue * ev_to_sales", "valuation_revenue * ev_to_sales * 2.0"))
    assert "kernel.py was changed" in command("verify", run, code=4).stderr


def test_a_changed_set_up_is_found(copied: Copy) -> None:
    """One number of the opening, in an archive that is otherwise right."""
    run = copied()
    file = run / "run" / "setup.npz"
    with np.load(file) as archive:
        arrays = {name: archive[name] for name in archive.files}
    arrays["numbers"] = arrays["numbers"] + 1.0
    np.savez(file, **arrays)
    assert "setup.npz was changed" in command("verify", run, code=4).stderr


@pytest.mark.parametrize("damage", ["cut", "empty", "missing"])
def test_a_damaged_set_up_is_a_storage_error(copied: Copy, damage: str) -> None:
    run = copied()
    file = run / "run" / "setup.npz"
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[: 200 if damage == "cut" else 0])
    says = "setup.npz is missing" if damage == "missing" else "set-up"
    assert says in command("verify", run, code=4).stderr


def test_a_set_up_without_an_array_is_a_storage_error(copied: Copy) -> None:
    run = copied()
    file = run / "run" / "setup.npz"
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist() if name != "numbers.npy"}
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    command("verify", run, code=4)


def test_what_was_read_back_is_what_was_stored(copied: Copy, toy_run: Run) -> None:
    """The copy that the tests above spoil is right before it is spoilt."""
    run = copied()
    assert json.loads(command("verify", run, "--json").stdout)["agrees"] is True
    assert set(stored(store.open_run(run))) == {*toy_run.drivers, *toy_run.outputs}
