"""The parts that an output is the sum of, such as a sum of the parts: outputs of the same unit that make it up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.analysis.estimate import Floats
from sim.run.result import Run


def analyse(run: Run, model: Mapping[str, Any], output: str) -> tuple[str, ...]:
    """Outputs met first on the way down from ``output`` through cells that are no outputs; () if there are none.

    Whether they do add up is for `add_up` to say, on paths.
    """
    cells = {cell["name"]: cell for part in ("opening", "period", "horizon") for cell in model[part]}
    single = {c["name"] for c in run.manifest["columns"] if not c["period"] and run.unit(c["name"]) == run.unit(output)}
    if output not in single or output not in cells:
        return ()
    found: list[str] = []
    waiting = [output]
    while waiting:
        cell = cells[waiting.pop(0)]
        for argument in cell["arguments"]:
            if (argument["of"] or argument["kind"]) != "cell":
                return ()
            for name in argument["targets"]:
                if name in single:
                    found.append(name)
                else:
                    waiting.append(name)
    return tuple(dict.fromkeys(found)) if len(found) > 1 else ()


def add_up(values: Mapping[str, Floats], output: str, parts: tuple[str, ...]) -> bool:
    """Whether the parts add up to the output on every path, but for rounding."""
    total = np.sum([values[name] for name in parts], axis=0)
    scale = np.sum([np.abs(values[name]) for name in parts], axis=0)
    with np.errstate(invalid="ignore"):
        return bool(parts) and not bool((np.abs(total - values[output]) > 1e-12 * scale).any())
