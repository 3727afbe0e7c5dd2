"""How many times the paths per second of numpy does the engine reach, on the base study?

    python benchmarks/against_numpy.py                   # all sides, rounds interleaved in one process
    python benchmarks/against_numpy.py --processes       # the rivals in processes, their strongest form
    python benchmarks/against_numpy.py --check           # that all sides compute the same numbers
    python benchmarks/against_numpy.py --chunks 2048 8192    # the rivals alone, by chunk size

The rivals are numpy tuned by hand as far as we could (`numpy_periods.py`) and numpy as an analyst who knows it writes
the model (`numpy_plain.py`). All sides draw their own inputs and keep the same output columns in memory, no drivers.
Compiling and the rivals' tables are not timed; one round is run first and not counted. A round is every side once. A
round in which other processes used the CPUs is thrown away, whatever it showed, and run again; how many is printed.
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

import rounds
from check_numpy import against_engine, against_oracle, draws
from numpy_alibaba import CHUNK, Rival
from numpy_plain import CHUNK as PLAIN_CHUNK
from numpy_plain import PlainRival
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
    rivals = {
        "numpy": Rival(checked.study, checked.columns, arguments.chunk),
        "plain": PlainRival(checked.study, checked.columns, arguments.plain_chunk),
    }
    if arguments.chunks:
        sizes = {
            f"{name}, {chunk:,}": _of_size(rival, chunk, paths, threads)
            for chunk in arguments.chunks
            for name, rival in rivals.items()
        }
        _print(arguments, *rounds.measure(sizes, arguments.rounds, arguments.patience))
        return
    workers = Workers(tuple(rivals.values()), paths, threads) if arguments.processes else None
    simulator = Simulator(setup.make(checked.study, checked.graph, checked.columns, plan.make(checked.study)))
    if arguments.check:
        for name, rival in rivals.items():
            of_oracle, of_engine = against_oracle(checked, rival, 50, seed=1), against_engine(simulator, rival, 20_000)
            of_drivers, of_outputs = draws(simulator, rival, 200_000, seed=1)
            print(f"{name}: largest relative difference to the oracle   {of_oracle:.1e}")
            print(f"{name}: largest relative difference to the engine   {of_engine:.1e}")
            apart = f"{of_drivers:.1f} (drivers), {of_outputs:.1f} (outputs)"
            print(f"{name}: own draws, in standard errors apart         {apart}")
        return

    def engine() -> object:
        return [chunk.outputs for chunk in simulator.chunks(paths, threads=threads, driver_paths=0)]

    def of_rival(which: int, rival: Rival) -> Callable[[], object]:
        return lambda: workers.simulate(which, 1) if workers else rival.simulate(paths, 1, threads)

    def own() -> float:
        return time.process_time() + (workers.cpu_seconds if workers else 0.0)

    sides = {"engine": engine} | {name: of_rival(n, rival) for n, (name, rival) in enumerate(rivals.items())}
    _print(arguments, *rounds.measure(sides, arguments.rounds, arguments.patience, own))


def _of_size(rival: Rival, chunk: int, paths: int, threads: int) -> Callable[[], object]:
    def simulate() -> object:
        rival.chunk = chunk
        return rival.simulate(paths, 1, threads)

    return simulate


def _print(arguments: argparse.Namespace, seconds: rounds.Seconds, thrown_away: int) -> None:
    rates = {name: [arguments.paths / each for each in values] for name, values in seconds.items()}
    result = {
        "paths": arguments.paths,
        "threads": arguments.threads,
        "rounds": arguments.rounds,
        "thrown_away": thrown_away,
        "rival_chunk": arguments.chunk,
        "plain_chunk": arguments.plain_chunk,
        "paths_per_second": {name: statistics.median(values) for name, values in rates.items()},
        "range": {name: [min(values), max(values)] for name, values in rates.items()},
    }
    ratios: dict[str, list[float]] = {}
    if "engine" in seconds:
        for key, name in (("ratio", "numpy"), ("plain_ratio", "plain")):
            ratios[name] = [slow / fast for slow, fast in zip(seconds[name], seconds["engine"], strict=True)]
            result |= {key: statistics.median(ratios[name]), f"{key}_range": [min(ratios[name]), max(ratios[name])]}
    if arguments.json:
        print(json.dumps(result))
        return
    workers = "processes" if arguments.processes else "threads"
    print(
        f"{arguments.paths:,} paths, {arguments.threads} {workers}, {arguments.rounds} rounds ({thrown_away} not quiet)"
    )
    for name, values in rates.items():
        print(f"{name:16}{statistics.median(values):10,.0f} paths/s   ({min(values):,.0f} to {max(values):,.0f})")
    for name, values in ratios.items():
        print(f"engine / {name:7}{statistics.median(values):10.2f}           ({min(values):.2f} to {max(values):.2f})")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--paths", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--patience", type=int, default=50, help="rounds that may be thrown away")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--chunk", type=int, default=CHUNK, help="paths of a chunk of the tuned rival")
    parser.add_argument("--plain-chunk", type=int, default=PLAIN_CHUNK, help="paths of a chunk of the plain rival")
    parser.add_argument("--chunks", type=int, nargs="+", help="time the rivals alone at these chunk sizes")
    parser.add_argument("--processes", action="store_true", help="the rivals in processes instead of threads")
    parser.add_argument("--check", action="store_true", help="compare numbers instead of times")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    return parser.parse_args()


if __name__ == "__main__":
    main()
