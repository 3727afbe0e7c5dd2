"""What drives an output? Tornado, rank correlations, given-data and Sobol indices and Shapley effects side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sim.analysis import given_data, players, quantity, ranks, shapley, sobol, tornado
from sim.analysis.given_data import GivenData
from sim.analysis.quantity import Quantity
from sim.analysis.ranks import RankCorrelation
from sim.analysis.shapley import Shapley
from sim.analysis.sobol import Sobol
from sim.analysis.tornado import Tornado
from sim.errors import InputError, ModelFailure, Problem
from sim.run.result import Inputs, Run, Value

PATHS = 1_250_000  # paths valued anew, unless told otherwise
FEWEST = 20_000
_TORNADO, _SOBOL, _PILOT = 0.08, 0.28, 0.006  # shares of the paths; the rest goes to the Shapley effects


@dataclass(frozen=True)
class Valued:
    """What needs new valuations: ``valuations`` paths in all, beyond those of the run."""

    shapley: Shapley
    sobol: Sobol
    tornado: Tornado
    valuations: int

    def as_dict(self) -> dict[str, Any]:
        return {
            "shapley": self.shapley.as_dict(),
            "sobol": self.sobol.as_dict(),
            "tornado": self.tornado.as_dict(),
            "valuations": self.valuations,
        }


@dataclass(frozen=True)
class Explanation:
    """All answers about one quantity. ``labels`` and ``units`` are those of its drivers (and innovations).

    ``groups`` are the drivers correlated with one another. Where the drivers' joint law is not one that can be drawn
    from given some of them, ``valued`` is None and ``refused`` says why; the run's own paths still answer.
    """

    quantity: Quantity
    label: str
    unit: str
    labels: Mapping[str, str]
    units: Mapping[str, str]
    groups: tuple[tuple[str, ...], ...]
    ranks: tuple[RankCorrelation, ...]
    given_data: GivenData
    valued: Valued | None
    refused: str = ""

    def as_dict(self) -> dict[str, Any]:
        nothing = {"shapley": None, "sobol": None, "tornado": None, "valuations": 0}
        return {
            **self.quantity.as_dict(),
            "label": self.label,
            "unit": self.unit,
            "labels": dict(self.labels),
            "units": dict(self.units),
            "groups": [list(group) for group in self.groups],
            **(nothing if self.valued is None else self.valued.as_dict()),
            "rank_correlations": [rank.as_dict() for rank in self.ranks],
            "given_data": self.given_data.as_dict(),
            "refused": self.refused,
        }


def analyse(
    run: Run, value: Value, inputs: Inputs, output: str, at_least: float | None = None, paths: int = PATHS
) -> Explanation:
    """Explain ``output``, or whether it is ``at_least`` so much, with about ``paths`` paths valued anew.

    Deterministic: drawn from the run's seed. InputError for a bad question, ModelFailure in a sentence where there is
    no answer at all.
    """
    if paths < FEWEST:
        what = f"{paths} paths are too few for shares with errors"
        raise InputError(Problem("--paths", what, f"take {FEWEST} or more"))
    asked = quantity.analyse(run, output, at_least)
    drivers = [name for name in run.drivers if name not in inputs.fixed]
    kept = set(drivers) <= set(run.columns.names)
    moves = ranks.analyse(run, output) if kept else ()
    alone = given_data.analyse(run, asked, drivers)
    valued, refused = None, ""
    groups: tuple[tuple[str, ...], ...] = ()
    if inputs.copula == players.KNOWN:
        groups = tuple(group.drivers for group in inputs.groups if len(group.drivers) > 1)
        valued = _valued(run, value, inputs, asked, paths)
    elif not alone.drivers:
        raise ModelFailure(players.unknown(inputs.copula))
    else:
        refused = players.unknown(inputs.copula)
    return Explanation(
        asked,
        run.label(output),
        run.unit(output),
        {name: run.label(name) for name in (*drivers, *inputs.innovations)},
        {name: run.unit(name) for name in drivers},
        groups,
        moves,
        alone,
        valued,
        refused,
    )


def _valued(run: Run, value: Value, inputs: Inputs, asked: Quantity, paths: int) -> Valued:
    every = players.units(inputs)
    if not every:
        raise ModelFailure("no driver of the study varies and it has no innovation: nothing drives its outputs")
    random = np.random.default_rng([int(run.manifest["seed"]), 2016])
    sampler = players.Sampler(value, inputs, asked, every, run.paths)
    drivers = sum(len(group.drivers) for group in inputs.groups)
    bars = tornado.analyse(value, inputs, asked, run.paths, max(round(_TORNADO * paths / (2 * drivers + 1)), 32))
    pilot = max(round(_PILOT * paths), 8 * (drivers + 1))
    slopes = players.slopes(sampler, random, pilot)
    indices = sobol.analyse(sampler, slopes, random, max(round(_SOBOL * paths / (len(every) + 2)), 64))
    # What left every value unchanged is no player: it would only cost paths. Its effect is nought.
    moving = [i for i, index in enumerate(indices.indices) if not index.inert]
    if not moving:
        raise ModelFailure(
            f"{asked.output} moved with no driver and no innovation in {indices.draws} tries, though it varies in the"
            " run; ask with more --paths"
        )
    active = replace(sampler, units=tuple(every[i] for i in moving))
    left = paths - bars.valuations - pilot - indices.valuations
    draws = max(left // (len(active.players) + 1), 64)
    effects = shapley.analyse(active, [slopes[i] for i in moving], random, draws)
    return Valued(effects, indices, bars, bars.valuations + pilot + indices.valuations + effects.valuations)
