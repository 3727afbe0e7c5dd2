"""How fast is the generated kernel of the base study beside one written by hand for it?

    python benchmarks/against_handwritten.py             # both kernels, rounds interleaved in one process
    python benchmarks/against_handwritten.py --check     # that both compute the same numbers

Same paths, same drawing, same 128 columns kept, two threads: what differs is who wrote openings, quarters and horizon.
The ratio is the generated kernel's speed over the hand-written one's; at least 0.95 is the aim.
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path

import numpy as np
import rounds
from check_numpy import difference
from handwritten_alibaba import Handwritten

from sim import pipeline
from sim.run import setup
from sim.run.simulate import Simulator
from sim.sampling import plan

BASE = Path(__file__).parents[1] / "configs" / "base.yaml"


def main() -> None:
    arguments = _arguments()
    checked = pipeline.check(BASE)
    simulator = Simulator(setup.make(checked.study, checked.graph, checked.columns, plan.make(checked.study)))
    rival = Handwritten(checked.study, simulator)
    if arguments.check:
        print(f"largest relative difference to the engine: {check(simulator, rival, 20_000):.1e}")
        return
    paths, threads = arguments.paths, arguments.threads

    def generated() -> object:
        return [chunk.outputs for chunk in simulator.chunks(paths, threads=threads, driver_paths=0)]

    sides = {"generated": generated, "hand-written": lambda: rival.simulate(paths, threads)}
    seconds, thrown_away = rounds.measure(sides, arguments.rounds, arguments.patience)
    found = rounds.rates(seconds, dict.fromkeys(sides, paths), "generated")
    ratios = [b / a for a, b in zip(seconds["generated"], seconds["hand-written"], strict=True)]
    span = [min(ratios), max(ratios)]
    if arguments.json:
        result = {"rounds": arguments.rounds, "thrown_away": thrown_away, "sides": found}
        print(json.dumps(result | {"ratio": statistics.median(ratios), "ratio_range": span}))
        return
    print(f"{arguments.rounds} rounds, {threads} threads ({thrown_away} rounds thrown away)")
    for name, side in found.items():
        low, high = side["range"]  # type: ignore[misc]
        print(f"{name:14}{side['paths_per_second']:12,.0f} paths/s   ({low:,.0f} to {high:,.0f})")
    print(f"generated at {statistics.median(ratios):.2f} of the hand-written speed ({span[0]:.2f} to {span[1]:.2f})")


def check(simulator: Simulator, rival: Handwritten, paths: int) -> float:
    """Largest relative difference over all columns on the same paths, drawn innovations included."""
    return difference(np.concatenate(rival.simulate(paths), axis=1), simulator.chunk(0, paths, drivers=False).outputs)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--paths", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--patience", type=int, default=50, help="rounds that may be thrown away")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--check", action="store_true", help="compare numbers instead of times")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    return parser.parse_args()


if __name__ == "__main__":
    main()
