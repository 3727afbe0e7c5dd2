"""The run folder: made beside its final name, closed by ``complete: true``, renamed into place, never overwritten."""

from __future__ import annotations

import csv
import errno
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from sim import __version__, kernel
from sim.errors import InputError, Problem, StorageError, did_you_mean
from sim.run.columns import MemorySink, ParquetColumns, ParquetSink, Sink
from sim.run.result import Floats, Run
from sim.run.setup import KERNEL_VERSION, Setup, as_json
from sim.sampling.philox import STREAM_VERSION

Keep = Literal["none", "outputs", "all"]
PARTIAL = ".partial"
_SAFE = re.compile(r"^[a-z0-9][a-z0-9._-]*$")


class Folder:
    """A run folder in the making. `close` gives it its name; until then it ends in ``.partial``."""

    def __init__(self, out: Path, slug: str, identity: str):
        if not _SAFE.match(slug) or ".." in slug:
            raise InputError(
                Problem(
                    "", f'"{slug}" cannot name a results folder', "rename the study's file: letters, digits, - and _"
                )
            )
        self._stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        self.parent = out / slug
        try:
            self._take(identity)
        except OSError as error:
            raise StorageError(
                f"cannot write under {out} ({error.strerror}); choose another folder with --out"
            ) from error

    def _take(self, identity: str, made: Path | None = None) -> None:
        """Take the first free name: for a new folder, or for the one ``made`` already, which is renamed."""
        for attempt in range(1, 1000):  # two runs in one second: the second gets -2
            name = f"{self._stamp}-{identity[:8]}" + ("" if attempt == 1 else f"-{attempt}")
            final, partial = self.parent / name, self.parent / (name + PARTIAL)
            if final.exists() or partial.exists():
                continue
            try:
                if made is None:
                    (partial / "run").mkdir(parents=True)
                else:
                    made = made.rename(partial)
            except OSError as error:
                if error.errno in (errno.EEXIST, errno.ENOTEMPTY):
                    continue
                raise
            self.identity, self.final, self.partial = identity, final, partial
            if not final.exists():
                return
            # Between the two looks another run got this very name: leave it alone and take the next.
            if made is None:
                shutil.rmtree(partial)
        raise StorageError(f"too many runs at once under {self.parent}; repeat the run")

    def identify(self, identity: str) -> None:
        """Name the folder by the hash of the run, where only simulating could tell it."""
        if identity != self.identity:
            self._take(identity, self.partial)

    @property
    def name(self) -> str:
        return self.final.name

    @property
    def run(self) -> Path:
        return self.partial / "run"

    def sink(self, setup: Setup, drivers: Sequence[str], keep: Keep, wanted: Sequence[str], paths: int) -> Sink:
        """Where the columns of at most ``paths`` paths go; with ``keep`` none only some first paths stay, in memory."""
        if keep == "none":
            return MemorySink(drivers, setup.outputs, wanted, paths)
        kept = (*drivers, *setup.outputs) if keep == "all" else setup.outputs
        facts = {
            name: {
                "unit": setup.units.get(name, "1"),
                "label": setup.labels.get(name, name),
                "kind": "driver" if name in set(drivers) else "output",
            }
            for name in kept
        }
        return ParquetSink(self.run / "paths.parquet", drivers, setup.outputs, kept, paths, facts)

    def text(self, name: str, text: str) -> None:
        (self.run / name).write_text(text, encoding="utf-8")

    def table(self, name: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """A CSV file. Text that a spreadsheet would take for a formula is quoted with an apostrophe."""
        with (self.run / name).open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(header)
            writer.writerows([[as_text(value) for value in row] for row in rows])

    def close(self, manifest: Mapping[str, Any], summary: Mapping[str, Any]) -> Path:
        """Write summary and manifest (last, with ``complete: true``) and give the folder its final name."""
        text = as_json(summary)
        self.text("summary.json", text)
        temporary = self.run / "manifest.json.tmp"
        with temporary.open("w", encoding="utf-8") as stream:
            stream.write(as_json({**manifest, "summary_hash": digest(text), "complete": True}))
            stream.flush()
            os.fsync(stream.fileno())
        temporary.rename(self.run / "manifest.json")
        if self.final.exists():
            raise StorageError(f"{self.final} exists already and is not overwritten; repeat the run")
        self.partial.rename(self.final)
        return self.final


@contextmanager
def create(out: Path, slug: str, identity: str) -> Iterator[Folder]:
    """A folder in the making that is removed when the body fails or is interrupted."""
    folder = Folder(out, slug, identity)
    try:
        yield folder
    except OSError as error:
        shutil.rmtree(folder.partial, ignore_errors=True)
        raise StorageError(f"writing {folder.partial} failed ({error.strerror or error}); nothing was kept") from error
    except BaseException:
        shutil.rmtree(folder.partial, ignore_errors=True)
        raise


def as_text(value: object) -> object:
    """Numbers as they are; text that begins like a formula gets an apostrophe, control codes become spaces."""
    if not isinstance(value, str):
        return value
    clean = "".join(c if c.isprintable() else " " for c in value)
    return f"'{clean}" if clean[:1] in {"=", "+", "-", "@"} else clean


def manifest(setup: Setup, *, study: Mapping[str, Any], keep: Keep, model: str, probe: str) -> dict[str, Any]:
    """Everything that says what this run was: hashes, versions, machine.

    ``study`` is plain data about the study with its ``seed`` and ``paths``; ``model`` the text of ``model.json``. The
    run's ``hash`` is that of all that decides its values: equal hashes mean equal paths.
    """
    identity = digest(
        "|".join(map(str, [setup.kernel_name, setup.digest, study["seed"], study["paths"], STREAM_VERSION]))
    )
    return {
        **study,
        "hash": identity,
        "keep": keep,
        "table_error": max(setup.plan.table_errors.values(), default=0.0),
        "stream_version": STREAM_VERSION,
        "kernel_version": KERNEL_VERSION,
        "drivers": list(setup.plan.drivers),
        "innovations": list(setup.plan.innovations),
        "hashes": {"kernel": setup.kernel_name, "setup": setup.digest, "model": digest(model), "math": probe},
        "setup": setup.facts(),
        "outputs": list(setup.outputs),
        "units": dict(setup.units),
        "labels": dict(setup.labels),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(),
        "machine": {"cpu": platform.machine(), "system": platform.system(), "git": git_state()},
        "sim_version": __version__,
    }


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def versions() -> dict[str, str]:
    """Versions of what computed the run; of other modules, those not loaded did not take part."""
    found = {"python": platform.python_version(), "sim": __version__, **kernel.compiler_versions()}
    for name in ("numpy", "scipy", "pyarrow"):
        module = sys.modules.get(name)
        if module is not None:
            found[name] = str(module.__version__)
    return found


def git_state() -> str:
    """Commit of the working folder, with ``+changes`` if it differs; empty outside a repository."""
    try:
        commit, changes = (
            subprocess.run(["git", *args], capture_output=True, text=True, timeout=5, check=True).stdout.strip()
            for args in (["rev-parse", "HEAD"], ["status", "--porcelain", "--untracked-files=no"])
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return commit + ("+changes" if changes else "")


def open_run(directory: Path) -> Run:
    """A finished run. StorageError if it is not one, is incomplete or damaged, or its summary was edited."""
    facts = _facts(directory / "run" / "manifest.json", _MANIFEST)
    if facts["complete"] is not True:
        raise StorageError(f"{directory} is incomplete; repeat the run")
    file = directory / "run" / "summary.json"
    summary = _facts(file, _SUMMARY)
    # Lists and pages quote the summary without computing it anew. Runs of earlier versions have no hash of it.
    if facts.get("summary_hash") not in (None, digest(file.read_text(encoding="utf-8"))):
        raise StorageError(f"{file} was changed since the run; repeat the run")
    kept = {"none": (), "outputs": facts["outputs"], "all": (*facts["drivers"], *facts["outputs"])}[facts["keep"]]
    if not kept:
        return Run(directory, facts, _NothingKept(), summary=summary)
    columns = ParquetColumns(directory / "run" / "paths.parquet")
    if columns.names != tuple(kept) or columns.paths != facts["paths"]:
        raise StorageError(f"{directory / 'run' / 'paths.parquet'} is not that of the run; repeat the run")
    return Run(directory, facts, columns, summary=summary)


def save_analysis(run: Run, verb: str, question: Mapping[str, Any], result: Mapping[str, Any]) -> Path:
    """Write ``analysis/<verb>-<hash8>.json`` of a stored run, atomically; its name is the hash of run and question.

    The same question of the same run has the same answer, so a file of that name is replaced by an equal one.
    """
    key = digest(as_json({"run": run.manifest["hash"], "verb": verb, "question": dict(question)}))
    file = run.directory / "analysis" / f"{verb}-{key[:8]}.json"
    facts = {"verb": verb, "run": run.manifest["run"], "hash": run.manifest["hash"], "question": dict(question)}
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        text = as_json({**facts, "result": dict(result)})
        handle, temporary = tempfile.mkstemp(dir=file.parent, suffix=".tmp")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(text)
            Path(temporary).chmod(0o644)
            Path(temporary).replace(file)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise StorageError(f"cannot write {file} ({error.strerror}); is the run folder writable?") from error
    return file


def analyses(run: Run) -> list[dict[str, Any]]:
    """What `save_analysis` stored for a run, by file name. StorageError for one that belongs to another run."""
    found = []
    for file in sorted((run.directory / "analysis").glob("*.json")):
        facts = _facts(file, ("verb", "hash", "question", "result"), "remove it and ask again")
        if facts["hash"] != run.manifest["hash"]:
            raise StorageError(f"{file} belongs to another run; remove it")
        found.append({**facts, "file": file.name})
    return found


_MANIFEST = ("complete", "run", "hash", "hashes", "setup", "keep", "paths", "seed", "drivers", "outputs", "units")
_SUMMARY = ("outputs", "target", "paths")


def _facts(file: Path, keys: Sequence[str], advice: str = "repeat the run") -> dict[str, Any]:
    """The object in a JSON file of a run, which must have ``keys``."""
    try:
        facts = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise StorageError(f"{file.parent.parent} is not a finished run ({file.name} is missing)") from error
    except (OSError, ValueError) as error:
        raise StorageError(f"{file} cannot be read ({error}); {advice}") from error
    missing = [key for key in keys if not isinstance(facts, dict) or key not in facts]
    if missing:
        raise StorageError(f"{file} is damaged ({', '.join(missing)} missing); {advice}")
    return dict(facts)


class _NothingKept:
    """Columns of a run that kept none."""

    names: tuple[str, ...] = ()

    def column(self, name: str) -> Floats:
        raise StorageError(f'column "{name}" was not kept; repeat the run with --keep all')

    def head(self, name: str, count: int) -> Floats:
        return self.column(name)[:count]


def open_setup(run: Run) -> Setup:
    """The stored set-up of a run, checked against the hashes in its manifest."""
    folder = run.directory / "run"
    for key, version, what in (
        ("stream_version", STREAM_VERSION, "was drawn by"),
        ("kernel_version", KERNEL_VERSION, "has the kernel of"),
    ):
        if (found := run.manifest.get(key, 1)) != version:
            age = "an earlier" if found < version else "a later"
            raise StorageError(f"{run.directory} {what} {age} version of sim; repeat the run")
    try:
        text = (folder / "kernel.py").read_text(encoding="utf-8")
        setup = Setup.load(text, folder / "setup.npz", run.manifest["setup"])
    except FileNotFoundError as error:
        raise StorageError(f"{error.filename} is missing; repeat the run") from error
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise StorageError(f"the set-up of {run.directory} cannot be read ({error}); repeat the run") from error
    hashes = run.manifest["hashes"]
    if kernel.name_of(text) != hashes["kernel"]:
        raise StorageError(f"{folder / 'kernel.py'} was changed since the run; repeat the run")
    if setup.digest != hashes["setup"]:
        raise StorageError(f"{folder / 'setup.npz'} was changed since the run; repeat the run")
    return setup


def every(out: Path) -> list[Path]:
    """Run folders below ``out``, oldest first; unfinished (``.partial``) and damaged ones included."""
    found = [path.parent for path in out.glob("*/*/run") if path.is_dir()]
    found += [path for path in out.glob(f"*/*{PARTIAL}") if path not in found]
    return sorted(found, key=_made)


def _made(path: Path) -> tuple[str, int, str]:
    """When a run was made: by its name to the second, within a second by when its manifest was written."""
    manifest = path / "run" / "manifest.json"
    written = manifest.stat().st_mtime_ns if manifest.exists() else path.stat().st_mtime_ns
    return path.name.partition("-")[0], written, path.name


def listing(out: Path) -> list[dict[str, Any]]:
    """What `sim ls` says of each run folder below ``out``; a folder that cannot be read says why."""
    found: list[dict[str, Any]] = []
    for path in every(out):
        entry: dict[str, Any] = {"directory": str(path), "run": path.name, "study": path.parent.name, "complete": False}
        try:
            stored = open_run(path)
        except StorageError as error:
            found.append({**entry, "note": str(error)})
            continue
        goal = stored.summary["target"]
        keys = ("study", "config", "scenario", "created", "paths", "seed", "sampler", "keep")
        entry |= {key: stored.manifest[key] for key in keys} | {"complete": True, "note": ""}
        entry["target"] = goal and {
            k: goal[k] for k in ("output", "unit", "at_least", "probability", "standard_error", "interval")
        }
        found.append(entry)
    return found


def _hashed(path: Path, beginning: str) -> bool:
    """Whether a run's hash begins so; its folder's name has the first eight digits of it."""
    short = path.name.partition("-")[2]
    if len(beginning) <= 8 or not beginning.startswith(short[:8]):
        return short.startswith(beginning)
    try:
        return str(_facts(path / "run" / "manifest.json", ("hash",))["hash"]).startswith(beginning)
    except StorageError:
        return False


def find(reference: str, out: Path) -> Path:
    """A run by folder, by id or the beginning of one, by its hash, by study name (its newest), or ``latest``."""
    if not reference.strip():
        raise InputError(Problem("", "no run was named", "give its id, a study's name, or `latest`"))
    if (Path(reference) / "run" / "manifest.json").exists():
        return Path(reference)
    finished = [path for path in every(out) if not path.name.endswith(PARTIAL)]
    if reference == "latest" and finished:
        return finished[-1]
    of_study = [path for path in finished if path.parent.name == reference]
    if of_study:
        return of_study[-1]
    matches = [path for path in finished if path.name.startswith(reference) or _hashed(path, reference)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        names = ", ".join(path.name for path in matches[:4])
        raise InputError(Problem("", f'"{reference}" could be {names}', "give more of the run's id"))
    if Path(reference).is_dir():
        what = "was not finished" if reference.rstrip("/").endswith(PARTIAL) else "has no run/manifest.json"
        raise InputError(Problem("", f"{reference} {what}", "name the folder of a finished run, or repeat the run"))
    advice = did_you_mean(reference, [*(p.name for p in finished), *(p.parent.name for p in finished)])
    raise InputError(Problem("", f'no run "{reference}" under {out}', advice or "see `sim ls` for the runs there are"))
