"""Which dimension of a low-discrepancy sampler belongs to which driver and innovation.

A driver has the dimension of its key, an innovation the `LEADING` dimensions from its key on. Those without a key take
the next free ones, drivers first, each kind in name order: so a key keeps its place whatever is added to a study. Last
come the groups under a t copula, one dimension each for the chi-square that their drivers share.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

from sim.config.schema import Study
from sim.errors import Problem
from sim.sampling import correlation
from sim.sampling.sobol import MOST_DIMENSIONS

LEADING = 4  # rotated coordinates of an innovation that are Sobol's; 95% of a long random walk's variance


@dataclass(frozen=True)
class Dimensions:
    """Dimension of each driver that varies, and the first of each innovation's, by name; they count from 1.

    ``copulas``: that of each group of drivers under a t copula, by its first driver.
    """

    drivers: Mapping[str, int]
    innovations: Mapping[str, int]
    copulas: Mapping[str, int]


def assign(study: Study) -> Dimensions:
    """The dimensions of a study's drivers and innovations."""
    drivers = {n: d.dimension for n, d in sorted(study.drivers.items()) if d.marginal.kind != "fixed"}
    innovations = {n: i.dimension for n, i in sorted(study.innovations.items())}
    taken = {d for d in drivers.values() if d is not None}
    taken |= {first + k for first in innovations.values() if first is not None for k in range(LEADING)}

    def free(width: int) -> int:
        first = 1
        while any(first + k in taken for k in range(width)):
            first += 1
        taken.update(range(first, first + width))
        return first

    of_drivers = {name: free(1) if d is None else d for name, d in drivers.items()}
    of_innovations = {name: free(LEADING) if d is None else d for name, d in innovations.items()}
    groups = [group.drivers[0] for group in correlation.groups(study) if group.df < inf]
    return Dimensions(of_drivers, of_innovations, {first: free(1) for first in groups})


def problems(study: Study) -> list[Problem]:
    """Dimensions used twice, and those beyond what the direction numbers cover."""
    found: list[Problem] = []
    given = assign(study)
    owner: dict[int, str] = {}
    leaves = [(f"drivers.{n}.dimension", n, d, 1) for n, d in given.drivers.items()]
    leaves += [(f"innovations.{n}.dimension", n, d, LEADING) for n, d in given.innovations.items()]
    for leaf, name, first, width in leaves:
        for d in range(first, first + width):
            if owner.setdefault(d, name) != name and leaf.startswith("innovations"):
                what = f"dimensions {first} to {first + width - 1} overlap that of {owner[d]} ({d})"
                found.append(Problem(leaf, what, "choose others, or leave the key out"))
                break
        if first + width - 1 > MOST_DIMENSIONS:
            what = f"dimension {first + width - 1:,} is beyond the {MOST_DIMENSIONS:,} of the Sobol points"
            found.append(Problem(leaf, what, "choose a lower one, or set run.sampler to philox"))
    return found
