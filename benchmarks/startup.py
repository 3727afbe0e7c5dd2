"""How long does one wait before anything happens? Whole processes: help, check, a warm run, a cold run, the rival.

    python benchmarks/startup.py                 # medians of 5
    python benchmarks/startup.py --cold          # with one run without any compiled kernel
    python benchmarks/startup.py --whole 1000000 # whole warm runs of so many paths, in turn with the numpy rival's

A warm run of 1,000 paths is start-up and nothing else. ``--whole`` compares what the analyst waits for: `sim run
--no-pack` with the keeping given (summaries alone where the command has `--keep none`), and the chunked numpy rival as
a program of its own that simulates, takes mean, sd and percentiles of every column, and ends.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
BASE = str(ROOT / "configs" / "base.yaml")
SIM = [sys.executable, "-m", "sim"]
RIVAL = """
import sys; sys.path[:0] = {folders!r}
import numpy as np
from sim import pipeline
from numpy_alibaba import Rival
from pathlib import Path
checked = pipeline.check(Path({base!r}))
outputs = Rival(checked.study, checked.columns).simulate({paths}, 1, 2)
for row in outputs:
    row.mean(), row.std(), np.percentile(row, [5, 25, 50, 75, 95])
"""


def of_process(command: list[str], environment: Mapping[str, str] | None = None) -> float:
    """Seconds of a whole process, output thrown away."""
    began = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, cwd=ROOT, env={**os.environ, **(environment or {})}, check=True)
    return time.perf_counter() - began


def short(repeats: int) -> dict[str, list[float]]:
    """Seconds of help, check and a warm run of 1,000 paths, each `repeats` times in turn."""
    with tempfile.TemporaryDirectory() as out:
        commands = {
            "sim --help": [*SIM, "--help"],
            "sim check": [*SIM, "check", BASE],
            "sim run, 1,000 paths": [*SIM, "run", BASE, "--no-pack", "--quiet", "--paths", "1000", "--out", out],
        }
        found: dict[str, list[float]] = {name: [] for name in commands}
        for command in commands.values():
            of_process(command)
        for _ in range(repeats):
            for name, command in commands.items():
                found[name].append(of_process(command))
    return found


def cold() -> float:
    """Seconds of a run of 1,000 paths with an empty cache of kernels."""
    with tempfile.TemporaryDirectory() as out, tempfile.TemporaryDirectory() as cache:
        command = [*SIM, "run", BASE, "--no-pack", "--quiet", "--paths", "1000", "--out", out]
        return of_process(command, {"SIM_CACHE_DIR": cache})


def whole(paths: int, repeats: int, options: list[str]) -> dict[str, list[float]]:
    """Seconds of warm `sim run` and of the numpy rival's program, in turn."""
    rival = RIVAL.format(folders=[str(ROOT), str(ROOT / "benchmarks")], base=BASE, paths=paths)
    found: dict[str, list[float]] = {"sim run": [], "numpy": []}
    of_process([sys.executable, "-c", rival], {"OPENBLAS_NUM_THREADS": "1"})
    for turn in range(repeats + 1):
        with tempfile.TemporaryDirectory() as out:
            command = [*SIM, "run", BASE, "--no-pack", "--quiet", "--paths", str(paths), "--out", out, *options]
            of_sim = of_process(command)
        of_rival = of_process([sys.executable, "-c", rival], {"OPENBLAS_NUM_THREADS": "1"})
        if turn:
            found["sim run"].append(of_sim)
            found["numpy"].append(of_rival)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--cold", action="store_true", help="also a run that compiles")
    parser.add_argument("--whole", type=int, metavar="PATHS", help="instead: whole runs beside the numpy rival's")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    arguments, options = parser.parse_known_args()
    found = whole(arguments.whole, arguments.repeats, options) if arguments.whole else short(arguments.repeats)
    if arguments.cold:
        found["sim run, cold"] = [cold()]
    if arguments.json:
        print(json.dumps(found))
        return
    for name, seconds in found.items():
        print(f"{name:22}{statistics.median(seconds):7.2f} s   ({min(seconds):.2f} to {max(seconds):.2f})")
    if arguments.whole:
        ratios = [a / b for a, b in zip(found["sim run"], found["numpy"], strict=True)]
        share, low, high = statistics.median(ratios), min(ratios), max(ratios)
        print(f"sim run takes {share:.2f} of the rival's time ({low:.2f} to {high:.2f})")


if __name__ == "__main__":
    main()
