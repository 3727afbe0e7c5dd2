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
from pathlib import Path

import rounds
from check_numpy import against_engine, against_oracle, draws
from numpy_alibaba import CHUNK, Rival
from numpy_processes import Workers

from sim import pipeline
from sim.run import setup
from sim.run.simulate import Simulator
from sim.sampling import plan

BASE = Path(__file__).parents[1] / "configs" / "base.yaml"


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
        _print(arguments, *rounds.measure(sizes, arguments.rounds, arguments.patience))
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

    sides = {"engine": engine, "numpy": numpy_rival}
    _print(arguments, *rounds.measure(sides, arguments.rounds, arguments.patience, own))


def _print(arguments: argparse.Namespace, seconds: rounds.Seconds, thrown_away: int) -> None:
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
