"""How many times the paths per second of careful numpy does the engine reach, on the base study?

    python benchmarks/against_numpy.py                   # both sides, rounds interleaved in one process
    python benchmarks/against_numpy.py --processes       # the rival in processes, its strongest form
    python benchmarks/against_numpy.py --check           # that both sides compute the same numbers
    python benchmarks/against_numpy.py --chunks 2048 8192    # the rival alone, by chunk size

Both sides draw their own inputs and keep the same output columns in memory, no drivers. Compiling and the rival's
tables are not timed. One round of each is run first and not counted.
"""

from __future__ import annotations

import os

# numpy reads this when it is first imported: chunks are already spread over threads, matrix products must not be.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from check_numpy import against_engine, against_oracle, draws
from numpy_alibaba import CHUNK, Rival
from numpy_processes import Workers

from sim import pipeline
from sim.run import setup
from sim.run.simulate import Simulator
from sim.sampling import plan

QUIET = 0.05  # CPUs that other processes may use while we measure
BASE = Path(__file__).parents[1] / "configs" / "base.yaml"


def main() -> None:
    arguments = _arguments()
    checked = pipeline.check(BASE)
    rival = Rival(checked.study, checked.columns, arguments.chunk)
    if arguments.chunks:
        _by_chunk(rival, arguments)
        return
    workers = Workers(rival, arguments.paths, arguments.threads) if arguments.processes else None
    simulator = Simulator(setup.make(checked.study, checked.graph, checked.columns, plan.make(checked.study)))
    if arguments.check:
        print(f"largest relative difference to the oracle   {against_oracle(checked, rival, 50, seed=1):.1e}")
        print(f"largest relative difference to the engine   {against_engine(simulator, rival, 20_000):.1e}")
        of_drivers, of_outputs = draws(simulator, rival, 200_000, seed=1)
        print(f"own draws, in standard errors apart         {of_drivers:.1f} (drivers), {of_outputs:.1f} (outputs)")
        return

    def engine() -> object:
        chunks = simulator.chunks(arguments.paths, threads=arguments.threads, driver_paths=0)
        return [chunk.outputs for chunk in chunks]

    def numpy_rival() -> object:
        return workers.simulate(1) if workers else rival.simulate(arguments.paths, 1, arguments.threads)

    sides = {"engine": engine, "numpy": numpy_rival}
    for side in sides.values():
        side()
    seconds: dict[str, list[float]] = {name: [] for name in sides}

    def own() -> float:
        return time.process_time() + (workers.cpu_seconds if workers else 0.0)

    began, busy, mine = time.perf_counter(), _busy(), own()
    for _ in range(arguments.rounds):
        for name, side in sides.items():
            seconds[name].append(_timed(side))
    others = (_busy() - busy - (own() - mine)) / (time.perf_counter() - began)
    _report(arguments, seconds, max(others, 0.0), len(checked.columns))


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


def _report(arguments: argparse.Namespace, seconds: dict[str, list[float]], others: float, columns: int) -> None:
    rates = {name: [arguments.paths / each for each in values] for name, values in seconds.items()}
    ratios = [slow / fast for slow, fast in zip(seconds["numpy"], seconds["engine"], strict=True)]
    result = {
        "paths": arguments.paths,
        "threads": arguments.threads,
        "rounds": arguments.rounds,
        "columns": columns,
        "rival_chunk": arguments.chunk,
        "cpus_used_by_others": others,
        "paths_per_second": {name: statistics.median(values) for name, values in rates.items()},
        "paths_per_second_range": {name: [min(values), max(values)] for name, values in rates.items()},
        "ratio": statistics.median(ratios),
        "ratio_range": [min(ratios), max(ratios)],
    }
    if arguments.json:
        print(json.dumps(result))
        return
    print(f"{arguments.paths:,} paths, {columns} columns, {arguments.threads} threads, {arguments.rounds} rounds")
    for name, values in rates.items():
        print(f"{name:8}{statistics.median(values):12,.0f} paths/s   ({min(values):,.0f} to {max(values):,.0f})")
    print(f"ratio   {statistics.median(ratios):12.2f}           ({min(ratios):.2f} to {max(ratios):.2f})")
    if others > QUIET:
        print(f"The machine was not quiet: other processes used {others:.2f} CPUs. Do not quote these figures.")


def _by_chunk(rival: Rival, arguments: argparse.Namespace) -> None:
    """Median paths per second of the rival by chunk size, sizes interleaved."""
    seconds: dict[int, list[float]] = {chunk: [] for chunk in arguments.chunks}
    for counted in [False] + [True] * arguments.rounds:
        for chunk, values in seconds.items():
            rival.chunk = chunk
            elapsed = _timed(lambda: rival.simulate(arguments.paths, seed=1, threads=arguments.threads))
            if counted:
                values.append(elapsed)
    for chunk, values in seconds.items():
        print(f"chunk {chunk:7,}   {arguments.paths / statistics.median(values):12,.0f} paths/s")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--paths", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--chunk", type=int, default=CHUNK, help="paths of a chunk of the rival")
    parser.add_argument("--chunks", type=int, nargs="+", help="time the rival alone at these chunk sizes")
    parser.add_argument("--processes", action="store_true", help="the rival in processes instead of threads")
    parser.add_argument("--check", action="store_true", help="compare numbers instead of times")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    return parser.parse_args()


if __name__ == "__main__":
    main()
