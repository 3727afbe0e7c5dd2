"""Runs are found by what users call them, the newest last, whatever else lies beside them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sim.errors import InputError
from sim.run import store
from sim.run.result import Run
from tests.run.conftest import command

Copy = Callable[[], Path]


def test_runs_of_one_second_are_in_the_order_in_which_they_were_made(toy_run: Run, tmp_path: Path) -> None:
    """A cached run takes less than a second: names, which end in a hash, do not tell which of two is the newer."""
    results = tmp_path / "results" / "toy"
    for age, name in enumerate(("20260101T000000Z-ffffffff", "20260101T000000Z-00000000", "20251231T235959Z-88888888")):
        shutil.copytree(toy_run.directory, results / name)
        os.utime(results / name / "run" / "manifest.json", (age, age))
    assert [path.name[-8:] for path in store.every(results.parent)] == ["88888888", "ffffffff", "00000000"]
    assert store.find("latest", results.parent).name.endswith("00000000")
    assert store.find("toy", results.parent).name.endswith("00000000")


def test_a_foreign_folder_does_not_break_finding(copied: Copy) -> None:
    """A run that somebody renamed, and folders that are no runs at all."""
    run = copied()
    results = run.parent.parent
    renamed = run.rename(run.with_name("mine"))
    (results / "notes").mkdir()
    (results / "notes" / "text.txt").write_text("hello")
    assert [row["run"] for row in json.loads(command("ls", "--out", results, "--json").stdout)["runs"]] == ["mine"]
    for reference in ("latest", "toy", "mine", renamed):
        command("prob", reference, "--output", "value_per_share", "--ge", "300", "--out", results)
    command("prob", "nobody", "--output", "value_per_share", "--ge", "300", "--out", results, code=2)


def test_a_run_is_found_by_its_hash_or_the_beginning_of_it(copied: Copy) -> None:
    run = copied()
    whole = str(json.loads((run / "run" / "manifest.json").read_text())["hash"])
    for reference in (whole[:4], whole[:8], whole[:20], whole):
        assert store.find(reference, run.parent.parent) == run
    for reference in (whole[:20] + ("0" if whole[20] != "0" else "1"), whole + "0"):
        with pytest.raises(InputError, match="no run"):
            store.find(reference, run.parent.parent)
