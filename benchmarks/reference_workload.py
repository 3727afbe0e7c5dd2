"""How fast is the engine on the reference workload beside numpy, scalar numba, JAX, OpenTURNS and modelx?

    pip install -r benchmarks/requirements.txt           # JAX, OpenTURNS, modelx; those not installed are left out
    python benchmarks/reference_workload.py              # all sides, rounds interleaved in one process
    python benchmarks/reference_workload.py --check      # that all compute the same numbers

All draw their own inputs on two threads and keep the same five columns. Slow rivals run fewer paths and are scaled;
modelx runs on one thread, at twice its speed in the table.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import rounds
from check_numpy import difference
from reference_inputs import COLUMNS, INNOVATIONS, Floats, Inputs, read
from reference_numba import NumbaRival
from reference_numpy import NumpyRival

from sim import pipeline
from sim.run import setup
from sim.run.simulate import Simulator
from sim.sampling import plan

STUDY = Path(__file__).parent / "reference_workload.yaml"
# Paths of a run of each rival, for a million of the engine's.
SHARE = {"engine": 1.0, "numpy": 1.0, "numba, scalar": 1.0, "jax": 0.5}
SHARE |= {"openturns": 0.15, "modelx": 0.0004}


def main() -> None:
    arguments = _arguments()
    simulator, inputs = study()
    sides = rivals(inputs)
    if arguments.check:
        for name, (of_inputs, of_draws) in check(simulator, inputs, sides).items():
            print(f"{name:18} same inputs: {of_inputs:.1e}   own draws: {of_draws:.1f} standard errors apart at most")
        return
    paths = {name: max(int(arguments.paths * SHARE[name]), 20) for name in ("engine", *sides)}

    def engine() -> object:
        return [chunk.outputs for chunk in simulator.chunks(paths["engine"], threads=2, driver_paths=0)]

    callables: dict[str, Any] = {"engine": engine}
    for name, rival in sides.items():
        callables[name] = lambda name=name, rival=rival: rival.simulate(paths[name])
    seconds, thrown_away = rounds.measure(callables, arguments.rounds, arguments.patience)
    if "modelx" in seconds:
        seconds["modelx"] = [each / 2.0 for each in seconds["modelx"]]
    found = rounds.rates(seconds, paths, "engine")
    if arguments.json:
        print(json.dumps({"rounds": arguments.rounds, "thrown_away": thrown_away, "sides": found}))
        return
    print(f"{arguments.rounds} rounds, two threads ({thrown_away} rounds thrown away)")
    print("\n".join(rounds.lines(found, "engine")))


def study() -> tuple[Simulator, Inputs]:
    """The engine and the rivals' inputs of the reference study."""
    checked = pipeline.check(STUDY)
    made = setup.make(checked.study, checked.graph, checked.columns, plan.make(checked.study))
    assert made.outputs == COLUMNS
    return Simulator(made), read(checked.study)


def rivals(inputs: Inputs) -> dict[str, Any]:
    """Every rival whose package is installed."""
    sides: dict[str, Any] = {"numpy": NumpyRival(inputs), "numba, scalar": NumbaRival(inputs)}
    if importlib.util.find_spec("jax"):
        from reference_jax import JaxRival

        sides["jax"] = JaxRival(inputs)
    if importlib.util.find_spec("openturns"):
        from reference_openturns import OpenturnsRival

        sides["openturns"] = OpenturnsRival(inputs)
    if importlib.util.find_spec("modelx"):
        from reference_modelx import ModelxRival

        sides["modelx"] = ModelxRival(inputs)
    return sides


def check(simulator: Simulator, inputs: Inputs, sides: Mapping[str, Any], paths: int = 60) -> dict[str, Any]:
    """Of each rival the largest relative difference to the engine on the engine's own drivers and innovations, and how
    far its own draws' means and mean squares lie from the engine's, in standard errors."""
    chunk = simulator.chunk(0, paths)
    drivers = chunk.drivers[[simulator.driver_rows[name] for name in inputs.names]]
    innovations = np.empty((3, 42, paths))
    for path in range(paths):
        drawn = simulator.innovations(path)
        innovations[:, :, path] = [drawn[name] for name in INNOVATIONS]
    many = simulator.chunk(0, 100_000, drivers=False).outputs
    found = {}
    for name, rival in sides.items():
        same = difference(rival.evaluate(drivers, innovations), chunk.outputs)
        found[name] = same, _distance(rival.simulate(1_500 if name == "modelx" else 100_000), many)
    return found


def _distance(mine: Floats, theirs: Floats) -> float:
    largest = 0.0
    for power in (1, 2):
        a, b = mine**power, theirs**power
        error = np.sqrt(a.var(axis=1) / a.shape[1] + b.var(axis=1) / b.shape[1])
        largest = max(largest, float(np.max(np.abs(a.mean(axis=1) - b.mean(axis=1)) / error)))
    return largest


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--paths", type=int, default=1_000_000, help="of the engine; rivals run their share")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--patience", type=int, default=50, help="rounds that may be thrown away")
    parser.add_argument("--check", action="store_true", help="compare numbers instead of times")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    return parser.parse_args()


if __name__ == "__main__":
    main()
