"""The innovations of a path, as the engine drew them: for a workbook or a trace of one path."""

from __future__ import annotations

from sim.run.result import Floats
from sim.run.simulate import Simulator


def innovations(simulator: Simulator, path: int) -> dict[str, Floats]:
    """Each innovation of one path: float64[periods] by name, standard normals before any cell uses them.

    Read from the scratch rows in which simulating this path has left them, so they are the engine's own numbers
    whatever the sampler does.
    """
    setup = simulator.setup
    simulator.chunk(path, 1)
    rows = simulator._scratch.buffer.reshape(setup.rows, simulator.block)
    found: dict[str, Floats] = {}
    for k, name in enumerate(simulator.plan.innovations):
        first = setup.first_innovation_row + k * setup.periods
        found[name] = rows[first : first + setup.periods, 0].copy()
    return found
