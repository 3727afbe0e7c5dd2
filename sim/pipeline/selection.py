"""Which paths an updated run consists of: its observations as functions of paths, and the choice repeated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sim.config import observations as observing
from sim.config.observations import Observation, column_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sim.run.result import Run
    from sim.run.simulate import Simulator

    Floats = NDArray[np.float64]


def stored_observations(run: Run) -> tuple[Observation, ...]:
    """What an updated run knows; nothing for any other run."""
    return tuple(observing.from_dict(each) for each in run.manifest.get("observations", ()))


def observed(simulator: Simulator, observations: Sequence[Observation], threads: int | None) -> Callable[..., Floats]:
    """The observed quantities of given paths: int64[n] -> float64[k, n], in the order of the observations."""
    import numpy as np

    names = [column_of(each) for each in observations]

    def of(paths: Any) -> Floats:
        found = simulator.value(paths, outputs=names, threads=threads)
        return np.array([found[name] for name in names])

    return of


def verified(run: Run, threads: int | None = None) -> tuple[bool, str]:
    """Whether the rows of an updated run are those that its observations choose, and in words what was verified."""
    from sim.analysis import conditioning
    from sim.pipeline import binding
    from sim.run import rows, simulate

    search, kept = run.manifest["search"], rows.rows_of(run)
    assert kept is not None
    if search["method"] != "rejection":
        return True, (
            "each path was repeated from the drivers stored with it; the search that found these drivers near the"
            " observations is not repeated"
        )
    bound = binding.bind(run, stored_observations(run))
    again = conditioning.choose(
        observed(simulate.Simulator(bound.wider), bound.observations, threads),
        conditioning.Likelihood(bound.observations),
        seed=int(run.manifest["seed"]),
        own=int(search["own_paths"]),
        wanted=run.paths,
        most=int(search["considered"]),
    )
    if again.rows.shape == kept.paths.shape and bool((again.rows == kept.paths).all()):
        return True, f"the observations choose the same paths again, out of {search['considered']:,} of the prior"
    return False, "the observations choose other paths than those stored"
