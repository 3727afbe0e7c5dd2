"""The joint law of a set-up's drivers, read from its plan of sampling."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from sim.run.result import Floats, Group
from sim.sampling import quantile
from sim.sampling.plan import Plan


class PlannedInputs:
    """Groups, marginals and medians of a `sim.sampling.plan.Plan`; see `sim.run.result.Inputs`."""

    def __init__(self, plan: Plan):
        self._plan = plan
        self._rows = {name: row for row, name in enumerate(plan.drivers)}
        codes = plan.arrays["codes"]
        self.fixed = tuple(name for name, code in zip(plan.drivers, codes, strict=True) if code == quantile.FIXED)
        self.medians: Mapping[str, float] = dict(zip(plan.drivers, map(float, plan.medians), strict=True))
        self.innovations = plan.innovations
        self._shared = plan.shared
        df = plan.degrees_of_freedom
        self.copula = "gaussian" if not self._shared else f"t ({df:g} degree{'s' if df != 1 else ''} of freedom)"

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """Connected groups in name order of their first driver; from the stored Cholesky factor L, matrix = L L'."""
        a, names = self._plan.arrays, self._plan.drivers
        factor = np.eye(len(names))
        for k, row in enumerate(a["mixed"]):
            entries = slice(int(a["mixed_first"][k]), int(a["mixed_first"][k + 1]))
            factor[row] = 0.0
            factor[row, a["mixed_source"][entries]] = a["mixed_weight"][entries]
        matrix = factor @ factor.T
        joined = matrix != 0.0
        for rows in self._shared:
            joined[np.ix_(rows, rows)] = True
        waiting = [row for row, name in enumerate(names) if name not in self.fixed]
        found: list[Group] = []
        while waiting:
            members, new = {waiting[0]}, [waiting[0]]
            while new:
                linked = set(np.flatnonzero(joined[new.pop()]).tolist()) - members
                members |= linked
                new += sorted(linked)
            every = sorted(members)
            waiting = [row for row in waiting if row not in members]
            found.append(Group(tuple(names[row] for row in every), matrix[np.ix_(every, every)]))
        return tuple(found)

    def marginal(self, driver: str, z: Floats) -> Floats:
        """The driver's value at its normal z, as `sim.sampling.quantile.apply_marginal` gives it up to rounding."""
        a, row = self._plan.arrays, self._rows[driver]
        code = a["codes"][row]
        location, scale, origin, per_unit, last, lowest, highest = a["numbers"][row]
        z = np.asarray(z, np.float64)
        if code == quantile.FIXED:
            return np.full(z.shape, location)
        if code == quantile.NORMAL or code == quantile.LOGNORMAL:
            value = location + scale * z
            return np.asarray(np.clip(np.exp(value) if code == quantile.LOGNORMAL else value, lowest, highest))
        first, table = int(a["table_first"][row]), a["table"]
        if code == quantile.STEPS or code == quantile.PIECES:
            size = int(last)
            piece = first + np.searchsorted(table[1, first : first + size], z, side="left")
            if code == quantile.STEPS:
                return np.asarray(table[0, piece])
            interval, beyond = table[3, piece], table[3, piece + 1]
            place = (z - table[0, piece]) * table[2, piece]
            place = np.clip(place, interval - quantile.ALMOST_HALF, beyond - quantile.TOO_FAR)
            first += size + 1
        else:
            if code == quantile.SHARE_TABLE:
                from scipy.special import ndtr

                z = ndtr(z)
            place = np.clip((z - origin) * per_unit, -quantile.ALMOST_HALF, last + quantile.ALMOST_HALF)
        nearest = np.rint(place)
        rest = place - nearest
        c = table[:, first + nearest.astype(np.int64)]
        value = c[0] + rest * (c[1] + rest * (c[2] + rest * c[3]))
        if code == quantile.LOG_TABLE:
            value = np.exp(value)
        elif code == quantile.SINH_TABLE:
            value = location + scale * np.sinh(value)
        return np.asarray(np.clip(value, lowest, highest))
