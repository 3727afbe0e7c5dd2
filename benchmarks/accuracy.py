"""How many paths does each sampler need for the same error, on base's value per ADS?

    python benchmarks/accuracy.py                        # 32 seeds at 2^12, 2^14, 2^16 and 2^18 paths
    python benchmarks/accuracy.py --seeds 8 --powers 14 16

Of each seed and path count: the mean, P(value <= P05), P(value <= P95) and P(value >= 179), P05 and P95 being those of
2^21 other Sobol paths. An error of a percentile is that of its probability over the density, which no sampler changes:
so the ratio is the percentile's own. The 16 replicates of a run are independent for every sampler, hence each seed
gives 16 independent estimates of 1/16 of the paths, and the variance of the run's is a sixteenth of theirs.

Philox's error falls as one over the square root of the paths, whatever the count; so "paths needed" is Philox's
variance at the same count over the sampler's. Philox's variance is that of its own paths over their number.
Intervals: 95%, by resampling whole seeds. "mean, cut" is the mean with the value cut at US$600, above which lies one
path in 30,000: beside it the uncut mean shows what those paths do to an estimate.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import pipeline
from sim.pipeline import Checked
from sim.run import setup
from sim.run.setup import Setup
from sim.run.simulate import Simulator
from sim.sampling import plan

BASE = Path(__file__).parents[1] / "configs" / "base.yaml"
OUTPUT, TARGET, CUT = "value_per_ads", 179.0, 600.0
SAMPLERS = ("philox", "lhs", "sobol")
QUANTITIES = ("mean", "mean, cut", "P05", "P95", "P(>= 179)")
Floats = NDArray[np.float64]


class Values:
    """Values per ADS of base under any sampler and seed: the kernel is compiled once, the seed is set-up data."""

    def __init__(self, checked: Checked):
        self.checked = checked
        self.made = setup.make(checked.study, checked.graph, checked.columns, plan.make(checked.study))
        self.simulator = Simulator(self.made)
        self.column = self.made.outputs.index(OUTPUT)

    def of(self, sampler: str, seed: int, paths: int) -> Floats:
        """float64[paths]"""
        study = self.checked.study
        run = study.run.model_copy(update={"sampler": sampler, "seed": seed, "paths": paths})
        drawn = plan.make(study.model_copy(update={"run": run})).arrays
        arrays: dict[str, Any] = {**self.made.arrays, **{f"plan.{name}": array for name, array in drawn.items()}}
        self.simulator.setup = made = _with(self.made, arrays)
        self.simulator.plan = made.plan
        chunks = self.simulator.chunks(paths, threads=2, driver_paths=0)
        return np.concatenate([chunk.outputs[self.column] for chunk in chunks])


def _with(made: Setup, arrays: dict[str, Any]) -> Setup:
    return replace(made, arrays=arrays)


def measure(values: Values, seeds: int, powers: list[int], truth_paths: int = 1 << 21) -> dict[str, Any]:
    """Standard errors by quantity, sampler and path count; how many times fewer paths than Philox, with intervals."""
    truth = values.of("sobol", 10_007, truth_paths)
    low, high = np.quantile(truth, [0.05, 0.95])
    found: dict[str, Any] = {"p05": low, "p95": high, "mean": truth.mean(), "probability": np.mean(truth >= TARGET)}
    rows = []
    for power in powers:
        paths = 1 << power
        estimates = {
            sampler: np.array([_replicates(values.of(sampler, 1 + k, paths), low, high) for k in range(seeds)])
            for sampler in SAMPLERS
        }  # float64[seeds, quantities, replicates]
        plain = _plain_variance(values, low, high, truth) / paths
        for q, quantity in enumerate(QUANTITIES):
            for sampler in SAMPLERS:
                of_seed = _squares(estimates[sampler][:, q])
                resampled = of_seed[np.random.default_rng(1).integers(seeds, size=(2_000, seeds))].mean(axis=1)
                times = plain[q] / np.quantile(resampled, [0.975, 0.025])
                error, ratio = float(np.sqrt(of_seed.mean())), float(plain[q] / of_seed.mean())
                row = {"quantity": quantity, "paths": paths, "sampler": sampler, "standard_error": error}
                rows.append(row | {"fewer_paths": ratio, "interval": [float(times[0]), float(times[1])]})
    return found | {"seeds": seeds, "rows": rows}


def _statistics(v: Floats, low: float, high: float) -> Floats:
    return np.stack([v, np.minimum(v, CUT), v <= low, v <= high, v >= TARGET])


def _replicates(v: Floats, low: float, high: float) -> Floats:
    """float64[quantities, 16]: the estimates of the replicates, path i being in replicate i mod 16."""
    return _statistics(v, low, high).reshape(len(QUANTITIES), -1, 16).mean(axis=1)


def _squares(estimates: Floats) -> Floats:
    """float64[seeds]: each seed's own estimate of the variance of a whole run, about the mean of all seeds."""
    count = estimates.size
    return np.mean((estimates - estimates.mean()) ** 2, axis=1) * count / (count - 1) / 16.0


def _plain_variance(values: Values, low: float, high: float, truth: Floats) -> Floats:
    return _statistics(truth, low, high).var(axis=1)


def lines(found: dict[str, Any]) -> list[str]:
    """The table for people."""
    said = [
        f"mean {found['mean']:.2f}, P05 {found['p05']:.2f}, P95 {found['p95']:.2f}, "
        f"P(>= 179) {found['probability']:.4f}; {found['seeds']} seeds",
        f"{'':12}{'paths':>9}" + "".join(f"{sampler + ', standard error':>24}" for sampler in SAMPLERS)
        + "   so many times fewer paths than Philox's formula: lhs, sobol",
    ]  # fmt: skip
    rows = {(row["quantity"], row["paths"], row["sampler"]): row for row in found["rows"]}
    for quantity in QUANTITIES:
        for paths in sorted({row["paths"] for row in found["rows"]}):
            of = [rows[quantity, paths, sampler] for sampler in SAMPLERS]
            errors = "".join(f"{row['standard_error']:24.5g}" for row in of)
            times = [f"{r['fewer_paths']:.1f} ({r['interval'][0]:.1f}-{r['interval'][1]:.1f})" for r in of[1:]]
            said.append(f"{quantity:12}{paths:9,}{errors}   {times[0]:18}{times[1]}")
    return said


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=32)
    parser.add_argument("--powers", type=int, nargs="+", default=[12, 14, 16, 18], help="path counts, as powers of two")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    arguments = parser.parse_args()
    found = measure(Values(pipeline.check(BASE)), arguments.seeds, arguments.powers)
    print(json.dumps(found) if arguments.json else "\n".join(lines(found)))


if __name__ == "__main__":
    main()
