"""The ledger finds every changed byte, and loses at most the entry that was being written when the power went."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sim.errors import StorageError
from sim.run import ledger

BODIES = [
    {"kind": "forecast", "output": "cloud_revenue.2025Q3", "sample": [35.5, 37.25, 40.125], "study": "Base – test"},
    {"kind": "forecast", "output": "value", "sample": [1e-9, 2, 3e12], "probabilities": [{"at_least": 179.0}]},
    {"kind": "outcome", "output": "cloud_revenue.2025Q3", "value": 39.8, "source": "report"},
]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A results folder whose ledger holds `BODIES`."""
    for body in BODIES:
        ledger.append(tmp_path, [body])
    return tmp_path


def test_entries_come_back_in_order_and_chained(out: Path) -> None:
    found = ledger.read(out)
    assert [entry["kind"] for entry in found.entries] == ["forecast", "forecast", "outcome"]
    assert [entry["entry"] for entry in found.entries] == [1, 2, 3]
    assert found.entries[0]["previous"] == ledger.START
    assert [e["previous"] for e in found.entries[1:]] == [e["hash"] for e in found.entries[:-1]]
    for body, entry in zip(BODIES, found.entries, strict=True):
        assert {key: entry[key] for key in body} == body
    assert found.loss == ""
    assert json.loads((out / "ledger" / "head.json").read_text())["hash"] == found.head


def test_nothing_there_is_an_empty_ledger(tmp_path: Path) -> None:
    assert ledger.read(tmp_path).entries == ()
    assert not (tmp_path / "ledger").exists()


def test_every_changed_byte_is_found(out: Path) -> None:
    """Each byte of the file, one at a time: its lowest bit, its case bit and all its bits turned, and a blank."""
    file = out / "ledger" / "ledger.jsonl"
    whole = file.read_bytes()
    for place, byte in enumerate(whole):
        for other in {byte ^ 1, byte ^ 0x20, byte ^ 0xFF, 0x20, 0x0A} - {byte}:
            file.write_bytes(whole[:place] + bytes([other]) + whole[place + 1 :])
            with pytest.raises(StorageError):
                ledger.read(out)
    file.write_bytes(whole)
    assert len(ledger.read(out).entries) == 3


@pytest.mark.parametrize("change", ["dropped", "doubled", "swapped", "inserted"])
def test_lines_dropped_doubled_swapped_or_inserted_are_found(out: Path, change: str) -> None:
    file = out / "ledger" / "ledger.jsonl"
    first, second, third, _ = file.read_bytes().split(b"\n")
    lines = {
        "dropped": [first, third],
        "doubled": [first, second, second, third],
        "swapped": [second, first, third],
        "inserted": [first, second, b"{}", third],
    }[change]
    file.write_bytes(b"\n".join(lines) + b"\n")
    with pytest.raises(StorageError, match="seal"):
        ledger.read(out)


def test_a_changed_head_is_found(out: Path) -> None:
    file = out / "ledger" / "head.json"
    whole = file.read_bytes()
    for place, byte in enumerate(whole):
        file.write_bytes(whole[:place] + bytes([byte ^ 1]) + whole[place + 1 :])
        with pytest.raises(StorageError):
            ledger.read(out)


def test_two_entries_cut_off_are_more_than_a_power_cut_costs(out: Path) -> None:
    file = out / "ledger" / "ledger.jsonl"
    file.write_bytes(file.read_bytes().split(b"\n")[0] + b"\n")
    with pytest.raises(StorageError, match=r"1 entries where head\.json names 3"):
        ledger.read(out)


@pytest.mark.parametrize("head", ["old", "new"])
def test_a_power_cut_at_any_byte_costs_at_most_the_last_entry_and_is_said(tmp_path: Path, head: str) -> None:
    """Cut at every byte of the last entry, with the head written before or (the disk reordered) after it."""
    ledger.append(tmp_path, BODIES[:1])
    ledger.append(tmp_path, BODIES[1:2])
    folder = tmp_path / "ledger"
    start, old = (folder / "ledger.jsonl").stat().st_size, (folder / "head.json").read_bytes()
    ledger.append(tmp_path, BODIES[2:])
    whole, new = (folder / "ledger.jsonl").read_bytes(), (folder / "head.json").read_bytes()
    for cut in range(start, len(whole) + 1):
        (folder / "ledger.jsonl").write_bytes(whole[:cut])
        (folder / "head.json").write_bytes(old if head == "old" else new)
        found = ledger.read(tmp_path)
        kept = 3 if cut >= len(whole) - 1 else 2
        assert len(found.entries) == kept, cut
        untouched = kept == 3 or (cut == start and head == "old")
        assert (found.loss == "") == untouched, cut
        assert untouched or "entry 3" in found.loss


@pytest.mark.parametrize("left", [0, 1, 40, -1])
def test_after_a_power_cut_the_ledger_goes_on_and_records_the_loss(out: Path, left: int) -> None:
    file = out / "ledger" / "ledger.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:2]) + lines[2][:left])
    ledger.append(out, [{"kind": "forecast", "output": "after"}])
    found = ledger.read(out)
    kinds = [entry["kind"] for entry in found.entries]
    if left == -1:  # only the end of the line was missing
        assert kinds == ["forecast", "forecast", "outcome", "forecast"]
    else:
        assert kinds == ["forecast", "forecast", "loss", "forecast"]
        assert "entry 3" in found.entries[2]["what"]
    assert found.loss == ""
    assert found.entries[-1]["output"] == "after"


def test_a_changed_ledger_is_not_written_on(out: Path) -> None:
    file = out / "ledger" / "ledger.jsonl"
    file.write_bytes(file.read_bytes().replace(b"39.8", b"39.9"))
    before = file.read_bytes()
    with pytest.raises(StorageError, match=r"ledger.jsonl:3 was changed"):
        ledger.append(out, [{"kind": "forecast"}])
    assert file.read_bytes() == before


def test_writers_at_once_do_not_mix(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: ledger.append(tmp_path, [{"kind": "forecast", "n": n}]), range(40)))
    found = ledger.read(tmp_path)
    assert sorted(entry["n"] for entry in found.entries) == list(range(40))


def test_what_writers_at_once_all_say_is_entered_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: ledger.append(tmp_path, [*BODIES[:2], {"n": n}], once=True), range(20)))
    entries = ledger.read(tmp_path).entries
    assert [sum(entry.get("output") == body["output"] for entry in entries) for body in BODIES[:2]] == [1, 1]
    assert sorted(entry["n"] for entry in entries if "n" in entry) == list(range(20))
    assert sum(each.added for each in made) == len(entries) == 22
    again = ledger.append(tmp_path, BODIES[:2], once=True)
    assert (again.added, again.entries) == (0, entries)


def test_numbers_that_json_does_not_have_are_refused_before_anything_is_written(out: Path) -> None:
    before = (out / "ledger" / "ledger.jsonl").read_bytes()
    with pytest.raises(ValueError, match="JSON"):
        ledger.append(out, [{"kind": "forecast", "mean": float("nan")}])
    assert (out / "ledger" / "ledger.jsonl").read_bytes() == before
    assert len(ledger.read(out).entries) == 3


def test_an_unwritable_folder_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "ledger").write_text("a file where the folder should be")
    with pytest.raises(StorageError, match="cannot be written"):
        ledger.append(tmp_path, [{"kind": "forecast"}])
    shutil.rmtree(tmp_path, ignore_errors=True)
