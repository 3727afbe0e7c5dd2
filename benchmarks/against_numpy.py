"""How many times the paths per second of careful numpy does the engine reach, on the base study?

    python benchmarks/against_numpy.py                   # both sides, rounds interleaved in one process
    python benchmarks/against_numpy.py --processes       # the rival in processes, its strongest form
    python benchmarks/against_numpy.py --check           # that both sides compute the same numbers
    python benchmarks/against_numpy.py --chunks 2048 8192    # the rival alone, by chunk size

Both sides draw their own inputs and keep the same output columns in memory, no drivers. Compiling and the rival's
tables are not timed; one round is run first and not counted. A round is every side once. A round in which other
processes used the CPUs is thrown away, whatever it showed, and run again; how many were is printed.
"""

from __future__ import annotations

import os

# numpy reads this when it is first imported: chunks are already spread over threads, matrix products must not be.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import json
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from check_numpy import against_engine, against_oracle, draws
from numpy_alibaba import CHUNK, Rival
from numpy_processes import Workers

from sim import pipeline
from sim.run import setup
from sim.run.simulate import Simulator
from sim.sampling import plan

BASE = Path(__file__).parents[1] / "configs" / "base.yaml"
QUIET = 0.05  # CPUs that other processes may use during a round that counts

Seconds = dict[str, list[float]]


def main() -> None:
    arguments = _arguments()
    paths, threads = arguments.paths, arguments.threads
    checked = pipeline.check(BASE)
    rival = Rival(checked.study, checked.columns, arguments.chunk)
    if arguments.chunks:

        def of_size(chunk: int) -> object:
            rival.chunk = chunk
            return rival.simulate(paths, 1, threads)

        sizes = {f"chunk {chunk:,}": lambda chunk=chunk: of_size(chunk) for chunk in arguments.chunks}
        _print(arguments, *_rounds(sizes, arguments, time.process_time))
        return
    workers = Workers(rival, paths, threads) if arguments.processes else None
    simulator = Simulator(setup.make(checked.study, checked.graph, checked.columns, plan.make(checked.study)))
    if arguments.check:
        print(f"largest relative difference to the oracle   {against_oracle(checked, rival, 50, seed=1):.1e}")
        print(f"largest relative difference to the engine   {against_engine(simulator, rival, 20_000):.1e}")
        of_drivers, of_outputs = draws(simulator, rival, 200_000, seed=1)
        print(f"own draws, in standard errors apart         {of_drivers:.1f} (drivers), {of_outputs:.1f} (outputs)")
        return

    def engine() -> object:
        return [chunk.outputs for chunk in simulator.chunks(paths, threads=threads, driver_paths=0)]

    def numpy_rival() -> object:
        return workers.simulate(1) if workers else rival.simulate(paths, 1, threads)

    def own() -> float:
        return time.process_time() + (workers.cpu_seconds if workers else 0.0)

    _print(arguments, *_rounds({"engine": engine, "numpy": numpy_rival}, arguments, own))


def _rounds(
    sides: Mapping[str, Callable[[], object]], arguments: argparse.Namespace, own: Callable[[], float]
) -> tuple[Seconds, int]:
    """Seconds of each side in the quiet rounds, and how many rounds were thrown away. ``own`` is our CPU time."""
    seconds: Seconds = {name: [] for name in sides}
    for side in sides.values():
        side()
    thrown_away = 0
    while len(next(iter(seconds.values()))) < arguments.rounds:
        began, others = time.perf_counter(), _busy() - own()
        once = {name: _timed(side) for name, side in sides.items()}
        others = (_busy() - own() - others) / (time.perf_counter() - began)
        if others > QUIET and thrown_away < arguments.patience:
            thrown_away += 1
            continue
        if others > QUIET:
            raise SystemExit(f"no quiet machine: other processes use {others:.2f} CPUs after {thrown_away} retries")
        for name, elapsed in once.items():
            seconds[name].append(elapsed)
    return seconds, thrown_away


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


def _print(arguments: argparse.Namespace, seconds: Seconds, thrown_away: int) -> None:
    rates = {name: [arguments.paths / each for each in values] for name, values in seconds.items()}
    result = {
        "paths": arguments.paths,
        "threads": arguments.threads,
        "rounds": arguments.rounds,
        "thrown_away": thrown_away,
        "rival_chunk": arguments.chunk,
        "paths_per_second": {name: statistics.median(values) for name, values in rates.items()},
        "range": {name: [min(values), max(values)] for name, values in rates.items()},
    }
    if "engine" in seconds:
        ratios = [slow / fast for slow, fast in zip(seconds["numpy"], seconds["engine"], strict=True)]
        result |= {"ratio": statistics.median(ratios), "ratio_range": [min(ratios), max(ratios)]}
    if arguments.json:
        print(json.dumps(result))
        return
    workers = "processes" if arguments.processes else "threads"
    print(
        f"{arguments.paths:,} paths, {arguments.threads} {workers}, {arguments.rounds} rounds ({thrown_away} not quiet)"
    )
    for name, values in rates.items():
        print(f"{name:14}{statistics.median(values):12,.0f} paths/s   ({min(values):,.0f} to {max(values):,.0f})")
    if "engine" in seconds:
        print(f"ratio         {statistics.median(ratios):12.2f}           ({min(ratios):.2f} to {max(ratios):.2f})")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--paths", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--patience", type=int, default=50, help="rounds that may be thrown away")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--chunk", type=int, default=CHUNK, help="paths of a chunk of the rival")
    parser.add_argument("--chunks", type=int, nargs="+", help="time the rival alone at these chunk sizes")
    parser.add_argument("--processes", action="store_true", help="the rival in processes instead of threads")
    parser.add_argument("--check", action="store_true", help="compare numbers instead of times")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    return parser.parse_args()


if __name__ == "__main__":
    main()
