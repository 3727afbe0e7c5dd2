"""Studies that are one Python function of normal drivers: what analyses of `value` are tested on, without an engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from sim.analysis.differences import Side
from sim.errors import did_you_mean
from sim.run.result import Group, Run
from tests.analysis.test_analysis_ranks import Held

Function = Callable[..., Any]


@dataclass(frozen=True)
class Law:
    """Drivers location + scale x normal (scale 0: fixed), correlated by ``matrix`` in the order given."""

    drivers: Mapping[str, tuple[float, float]]
    matrix: np.ndarray | None = None
    innovations: tuple[str, ...] = ()
    copula: str = "gaussian"
    groups: tuple[Group, ...] = field(init=False)

    def __post_init__(self) -> None:
        varying = tuple(name for name, (_, scale) in self.drivers.items() if scale)
        if self.matrix is None:
            groups = tuple(Group((name,), np.eye(1)) for name in varying)
        else:
            groups = (Group(varying, self.matrix),)
        object.__setattr__(self, "groups", groups)

    @property
    def fixed(self) -> tuple[str, ...]:
        return tuple(name for name, (_, scale) in self.drivers.items() if not scale)

    @property
    def medians(self) -> dict[str, float]:
        return {name: location for name, (location, _) in self.drivers.items()}

    def marginal(self, driver: str, z: np.ndarray) -> np.ndarray:
        location, scale = self.drivers[driver]
        return location + scale * np.asarray(z)


@lru_cache(256)
def _normals(seed: int, name: str, most: int) -> np.ndarray:
    return np.random.default_rng([seed, *name.encode()]).standard_normal(most)


@dataclass(frozen=True)
class FunctionStudy:
    """``outputs`` by name: functions of the drivers and innovations they name. Path i is row i of one long table."""

    law: Law
    outputs: Mapping[str, Function]
    seed: int = 1
    most: int = 1 << 18

    def normals(self, name: str) -> np.ndarray:
        return _normals(self.seed, name, self.most)

    def drawn(self, count: int) -> dict[str, np.ndarray]:
        found: dict[str, np.ndarray] = {}
        for group in self.law.groups:
            factor = np.linalg.cholesky(group.matrix)
            independent = np.array([self.normals(name)[:count] for name in group.drivers])
            for name, z in zip(group.drivers, factor @ independent, strict=True):
                found[name] = self.law.marginal(name, z)
        return {n: found.get(n, np.full(count, self.law.medians[n])) for n in self.law.drivers}

    def value(
        self,
        paths: np.ndarray,
        drivers: Any = None,
        innovations: Any = "drawn",
        *,
        outputs: Sequence[str] | None = None,
    ) -> dict[str, np.ndarray]:
        at = np.asarray(paths) % self.most
        own = self.drawn(int(at.max()) + 1) if set(self.law.drivers) - set(drivers or {}) else {}
        known = {name: column[at] for name, column in own.items()}
        for name, column in (drivers or {}).items():
            assert name in self.law.drivers, did_you_mean(name, self.law.drivers)
            known[name] = np.broadcast_to(np.asarray(column, float), at.shape)
        for name in self.law.innovations:
            rows = at if innovations == "drawn" else np.asarray(innovations.get(name, at)) % self.most
            known[name] = self.normals(f"innovation {name}")[rows]
        return {
            name: np.asarray(self.outputs[name](**{k: known[k] for k in parameters(self.outputs[name])}))
            for name in (outputs or self.outputs)
        }

    def run(self, paths: int, target: dict[str, Any] | None = None, **facts: Any) -> Run:
        manifest = {
            "run": f"seed {self.seed}", "hash": "h", "seed": self.seed, "paths": paths, "target": target,
            "drivers": list(self.law.drivers), "outputs": list(self.outputs), "units": {}, "labels": {},
            "sampler": "philox", "columns": [{"name": n, "cell": n, "period": ""} for n in self.outputs], **facts,
        }  # fmt: skip
        return Run(Path(), manifest, Held(self.value(np.arange(paths))))

    def model(self, periods: Sequence[str] = ()) -> dict[str, Any]:
        """Each output one cell that reads its drivers, innovations and, by name, other outputs."""

        def kind(name: str) -> str:
            return "innovation" if name in self.law.innovations else "driver" if name in self.law.drivers else "cell"

        cells = [
            {
                "name": name,
                "arguments": [{"kind": kind(p), "of": "", "targets": [p]} for p in parameters(function)],
            }
            for name, function in self.outputs.items()
        ]
        return {
            "opening": [], "period": [c for c in cells if c["name"] in periods], "carried": [], "windows": {},
            "horizon": [c for c in cells if c["name"] not in periods],
            "names": {"innovations": list(self.law.innovations)},
        }  # fmt: skip

    def side(self, paths: int = 4096, **how: Any) -> Side:
        model = how.pop("model", None) or self.model()
        settings = how.pop("settings", dict)
        return Side(self.run(paths, **how), self.value, self.law, model, self.drawn, settings)


def parameters(function: Function) -> list[str]:
    return list(function.__code__.co_varnames[: function.__code__.co_argcount])
