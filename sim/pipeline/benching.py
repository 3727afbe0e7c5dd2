"""`sim bench`: the short benchmarks of the repository again, on this machine, each as a process of its own.

They are programs of the repository's ``benchmarks`` folder, which an installed package has not: rivals and their tables
are no part of the product.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from sim.errors import InputError, ModelFailure, Problem


@dataclass(frozen=True)
class Short:
    """A benchmark that takes a minute or less: the file, its options, and the question it answers."""

    file: str
    options: tuple[str, ...]
    question: str


SHORT: Mapping[str, Short] = {
    "speed": Short(
        "against_numpy.py",
        ("--paths", "262144", "--rounds", "3", "--patience", "6"),
        "How many times the paths a second of numpy does the engine reach on base?",
    ),
    "accuracy": Short(
        "accuracy.py",
        ("--seeds", "8", "--powers", "14"),
        "How many times fewer paths than plain Monte Carlo does Sobol need?",
    ),
    "startup": Short("startup.py", ("--repeats", "3"), "How long does one wait before anything happens?"),
}


def bench(
    names: Sequence[str] = (), folder: Path | None = None, begin: Callable[[str], None] = lambda question: None
) -> dict[str, Any]:
    """Run the named benchmarks (all short ones, if none) and return what each prints as JSON, by name.

    Raises InputError where the folder is not there, ModelFailure where a benchmark could not be taken, which on a
    machine that others use is its way to say so.
    """
    home = folder or _folder()
    missing = [short.file for short in SHORT.values() if not (home / short.file).is_file()]
    if missing:
        what = f"there is no {missing[0]} in {home}"
        raise InputError(Problem("", what, "benchmarks come with the repository, not with the package: clone it"))
    found: dict[str, Any] = {}
    for name in names or SHORT:
        begin(SHORT[name].question)
        found[name] = _run(home, SHORT[name])
    return found


def _folder() -> Path:
    """The repository's folder: beside the package where it is run from the repository, else below where we stand."""
    beside = Path(__file__).parents[2] / "benchmarks"
    return beside if beside.is_dir() else Path.cwd() / "benchmarks"


def _run(home: Path, short: Short) -> Any:
    package = str(Path(__file__).parents[2])  # the program measures this package, not another that is installed
    paths = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-W", "ignore", str(home / short.file), *short.options, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": paths})
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise ModelFailure(f"{short.file} gave no figures: {said}")
    return json.loads(done.stdout)


def lines(found: Mapping[str, Any]) -> list[str]:
    """What `bench` found, as lines for people."""
    said = []
    if "speed" in found:
        speed = found["speed"]
        rates = speed["paths_per_second"]
        said.append(f"engine {rates['engine']:,.0f} paths/s ({speed['rounds']} rounds, {speed['threads']} threads)")
        for what, side, ratio in (("tuned by hand", "numpy", "ratio"), ("plainly written", "plain", "plain_ratio")):
            low, high = speed[f"{ratio}_range"]
            said.append(
                f"numpy {what}: {rates[side]:,.0f} paths/s; the engine is {speed[ratio]:.1f} times as fast"
                f" ({low:.1f} to {high:.1f})"
            )
    if "accuracy" in found:
        for row in found["accuracy"]["rows"]:
            if row["sampler"] == "sobol" and row["quantity"] in ("mean", "P(>= 179)"):
                low, high = row["interval"]
                said.append(
                    f"Sobol at {row['paths']:,} paths, {row['quantity']}: {row['fewer_paths']:.1f} times fewer paths"
                    f" than plain Monte Carlo ({low:.1f} to {high:.1f}, 95%)"
                )
    for name, seconds in found.get("startup", {}).items():
        said.append(f"{name}: {median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})")
    return said
