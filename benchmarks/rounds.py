"""Interleaved rounds: every side once, one after the other; rounds in which others used the CPUs are thrown away."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path

# CPUs that other processes may use during a round that counts. On a shared machine BENCH_QUIET=9 takes every round, and
# what it shows says little.
QUIET = float(os.environ.get("BENCH_QUIET", "0.05"))

Seconds = dict[str, list[float]]


def measure(
    sides: Mapping[str, Callable[[], object]],
    rounds: int,
    patience: int,
    own: Callable[[], float] = time.process_time,
    warm_up: bool = True,
) -> tuple[Seconds, int]:
    """Seconds of each side in the quiet rounds, and how many rounds were thrown away. ``own`` is our CPU time.

    Each side runs once before, uncounted, unless ``warm_up`` is False.
    """
    seconds: Seconds = {name: [] for name in sides}
    for side in sides.values() if warm_up else ():
        side()
    thrown_away = 0
    while len(next(iter(seconds.values()))) < rounds:
        began, others = time.perf_counter(), _busy() - own()
        once = {name: _timed(side) for name, side in sides.items()}
        others = (_busy() - own() - others) / (time.perf_counter() - began)
        if others > QUIET and thrown_away < patience:
            thrown_away += 1
            continue
        if others > QUIET:
            raise SystemExit(f"no quiet machine: other processes use {others:.2f} CPUs after {thrown_away} retries")
        for name, elapsed in once.items():
            seconds[name].append(elapsed)
    return seconds, thrown_away


def rates(seconds: Seconds, paths: Mapping[str, int], of: str) -> dict[str, dict[str, float | list[float]]]:
    """Paths a second of each side, and how many times each that of ``of`` is: medians and ranges over the rounds."""
    found: dict[str, dict[str, float | list[float]]] = {}
    for name, values in seconds.items():
        speed = [paths[name] / each for each in values]
        times = [paths[of] / a * b / paths[name] for a, b in zip(seconds[of], values, strict=True)]
        found[name] = {
            "paths": paths[name],
            "paths_per_second": statistics.median(speed),
            "range": [min(speed), max(speed)],
            "ratio": statistics.median(times),
            "ratio_range": [min(times), max(times)],
        }
    return found


def lines(found: Mapping[str, Mapping[str, float | list[float]]], of: str) -> list[str]:
    """The table of `rates` for people."""
    said = [f"{'':22}{'paths':>11}{'paths/s':>13}   {'range':23}{of} is so many times as fast"]
    for name, of_side in found.items():
        low, high = of_side["range"]  # type: ignore[misc]
        least, most = of_side["ratio_range"]  # type: ignore[misc]
        span = f"{low:,.0f} to {high:,.0f}"
        said.append(
            f"{name:22}{of_side['paths']:11,.0f}{of_side['paths_per_second']:13,.0f}   {span:23}"
            + ("" if name == of else f"{of_side['ratio']:.4g} ({least:.4g} to {most:.4g})")
        )
    return said


def _timed(side: Callable[[], object]) -> float:
    began = time.perf_counter()
    kept = side()
    elapsed = time.perf_counter() - began
    del kept  # after the clock has stopped: giving memory back is not simulating
    return elapsed


def _busy() -> float:
    """CPU seconds that all processes of the machine have used so far; this one's own where that is not told."""
    try:
        ticks = [int(word) for word in Path("/proc/stat").read_text().split(maxsplit=9)[1:9]]
    except OSError:
        return time.process_time()
    idle = ticks[3] + ticks[4]
    return (sum(ticks) - idle) / os.sysconf("SC_CLK_TCK")
