"""The ledger: forecasts and their outcomes in one file that only grows, each entry sealed by the hash of all before it.

``<results>/ledger/ledger.jsonl`` holds one entry a line in canonical JSON (keys sorted, no spaces). Entry n carries the
hash of entry n - 1 in ``previous``, and its own ``hash`` is SHA-256 of the entry without it. ``head.json`` beside it
repeats the number and hash of the newest entry, so that a missing end shows too. Whoever rewrites both files whole is
not found out by the files: publish the head's hash (print it, commit it, mail it) and he is.

Writing: the entry is appended and flushed to the disk, then the head replaced. A power cut in between costs at most the
entry being written; the next reading says so, and the next entry is preceded by one that records the loss.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sim.errors import StorageError

FOLDER, FILE, HEAD, LOCK = "ledger", "ledger.jsonl", "head.json", "lock"
START = "0" * 64  # what the first entry names as its predecessor


@dataclass(frozen=True)
class Ledger:
    """All whole entries, oldest first. ``loss`` says in words that the end is missing; empty if nothing is.

    ``torn`` is what stands after the last whole entry, ``head`` the newest entry's hash, ``added`` how many bodies the
    call of `append` that gave this has entered.
    """

    file: Path
    entries: tuple[Mapping[str, Any], ...]
    loss: str = ""
    torn: bytes = b""
    added: int = 0

    @property
    def head(self) -> str:
        return str(self.entries[-1]["hash"]) if self.entries else START


def read(out: Path) -> Ledger:
    """The ledger below a results folder, every seal checked. StorageError if anything was changed."""
    file = out / FOLDER / FILE
    try:
        data = file.read_bytes() if file.exists() else b""
        head = (out / FOLDER / HEAD).read_bytes() if (out / FOLDER / HEAD).exists() else b""
    except OSError as error:
        raise StorageError(f"{file} cannot be read ({error.strerror})") from error
    *lines, rest = data.split(b"\n")
    entries: list[Mapping[str, Any]] = []
    for number, line in enumerate(lines, start=1):
        entries.append(_entry(file, line, number, _head_of(entries)))
    torn, loss = rest, ""
    if rest and _whole(rest):  # cut off between the entry and the end of its line: nothing is lost
        entries.append(_entry(file, rest, len(entries) + 1, _head_of(entries)))
        torn = b""
    elif rest:
        loss = (
            f"entry {len(entries) + 1} was cut off while it was written ({len(rest)} bytes of it are left) and is lost"
        )
    return _against_head(Ledger(file, tuple(entries), loss, torn), head)


def append(out: Path, bodies: Sequence[Mapping[str, Any]], *, once: bool = False) -> Ledger:
    """Add entries and give the ledger with them. Each gets its number, time, predecessor and hash.

    With ``once`` a body that an entry says already is left out; that is looked up while no other writer can enter it.
    StorageError if the ledger was changed, or cannot be written; entries before the failing one are kept.
    """
    folder = out / FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder):
            ledger = read(out)
            entries = list(ledger.entries)
            if once:
                bodies = [body for body in bodies if not any(_says(entry, body) for entry in entries)]
                if not bodies:
                    return ledger
            added = len(bodies)
            size = _mend(ledger)
            if ledger.loss:
                what = {"kind": "loss", "what": ledger.loss, "left": hashlib.sha256(ledger.torn).hexdigest()}
                bodies = [what, *bodies]
            with ledger.file.open("r+b" if size else "ab") as stream:
                stream.seek(size)
                for body in bodies:
                    entry = _sealed(body, len(entries) + 1, _head_of(entries))
                    stream.write(canonical(entry) + b"\n")
                    stream.flush()
                    os.fsync(stream.fileno())
                    entries.append(entry)
            _write_head(folder, entries[-1])
    except OSError as error:
        raise StorageError(f"{folder} cannot be written ({error.strerror}); nothing half-written counts") from error
    return Ledger(ledger.file, tuple(entries), added=added)


def _says(entry: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    return all(key in entry and entry[key] == value for key, value in body.items())


def canonical(entry: Mapping[str, Any]) -> bytes:
    """The one way in which an entry is written."""
    return json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode("ascii")


def _sealed(body: Mapping[str, Any], number: int, previous: str) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    entry = {**body, "entry": number, "recorded": now, "previous": previous}
    return {**entry, "hash": _hash(entry)}


def _hash(entry: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical({key: value for key, value in entry.items() if key != "hash"})).hexdigest()


def _head_of(entries: Sequence[Mapping[str, Any]]) -> str:
    return str(entries[-1]["hash"]) if entries else START


def _entry(file: Path, line: bytes, number: int, previous: str) -> Mapping[str, Any]:
    """A line as an entry, or StorageError: it must be exactly what `append` wrote there."""
    try:
        entry = json.loads(line.decode("ascii"))
        same = isinstance(entry, dict) and canonical(entry) == line and entry["hash"] == _hash(entry)
        if same and entry["entry"] == number and entry["previous"] == previous:
            return dict(entry)
    except (ValueError, KeyError, RecursionError):
        pass
    raise StorageError(
        f"{file}:{number} was changed after it was written: its seal does not fit. Nothing from entry {number} on can"
        " be trusted; restore the file from a copy whose head was published"
    )


def _whole(rest: bytes) -> bool:
    """Whether text without an end of line holds a whole entry (and perhaps more): no cut leaves more than an entry."""
    try:
        json.JSONDecoder().raw_decode(rest.decode("latin-1"))
    except (ValueError, RecursionError):
        return False
    return True


def _against_head(ledger: Ledger, head: bytes) -> Ledger:
    """Compare with the head, which is written last: it may be one call of `append` behind, never ahead."""
    if not head:
        if len(ledger.entries) == 0 or not ledger.file.exists():
            return ledger
        known: Mapping[str, Any] = {}
    else:
        try:
            known = dict(json.loads(head))
            number, sealed = int(known["entry"]), str(known["hash"])
        except (ValueError, KeyError, TypeError) as error:
            raise StorageError(f"{ledger.file.parent / HEAD} was changed; restore it from a copy") from error
        if canonical(known) + b"\n" != head:
            raise StorageError(f"{ledger.file.parent / HEAD} was changed; restore it from a copy")
        have = len(ledger.entries)
        if number <= have:
            if ledger.entries[number - 1]["hash"] != sealed:
                raise StorageError(
                    f"{ledger.file} does not hold the entry {number} that {HEAD} names: one of the two was replaced"
                )
        elif number == have + 1:
            loss = ledger.loss or f"entry {number} is missing at the end of the file and is lost"
            return Ledger(ledger.file, ledger.entries, loss, ledger.torn)
        else:
            raise StorageError(
                f"{ledger.file} holds {have} entries where {HEAD} names {number}: more is gone than a power cut costs"
            )
    return ledger


def _mend(ledger: Ledger) -> int:
    """Drop what was torn, end the last line; the size up to which the file is whole."""
    if not ledger.file.exists():
        return 0
    whole = b"".join(canonical(entry) + b"\n" for entry in ledger.entries)
    with ledger.file.open("r+b") as stream:
        stream.seek(0, os.SEEK_END)
        if stream.tell() != len(whole):
            stream.truncate(min(stream.tell(), len(whole)))
            if stream.seek(0, os.SEEK_END) < len(whole):
                stream.write(whole[stream.tell() :])
            stream.flush()
            os.fsync(stream.fileno())
    return len(whole)


def _write_head(folder: Path, newest: Mapping[str, Any]) -> None:
    temporary = folder / f"{HEAD}.tmp"
    with temporary.open("wb") as stream:
        stream.write(canonical({"entry": newest["entry"], "hash": newest["hash"]}) + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(folder / HEAD)
    if hasattr(os, "O_DIRECTORY"):  # the names too, where a folder can be flushed
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One writer at a time; the lock goes with the process, so that none is left behind."""
    with (folder / LOCK).open("ab") as stream:
        try:
            import fcntl
        except ImportError:  # Windows: no lock that goes with the process; one writer at a time is the user's care
            yield
            return
        fcntl.flock(stream, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(stream, fcntl.LOCK_UN)
