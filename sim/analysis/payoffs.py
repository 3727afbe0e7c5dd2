"""What an action pays, as a straight line in the output, and which action pays most.

    pay-off = size * (output * discount - price) - trade * price * |size - held| - borrow * price * years * short size

per one decided on, in today's money: discount = (1 + required return)^(-years). The owner of the decision is risk
neutral at the required return, so that only the expected output matters to him (Raiffa and Schlaifer 1961, ch. 5A).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sim.analysis.estimate import Floats
from sim.config.decision import Decision


@dataclass(frozen=True)
class Payoffs:
    """Action a pays ``slopes[a] * output + constants[a]``: float64[a] each, by rising slope."""

    names: tuple[str, ...]
    slopes: Floats
    constants: Floats

    @classmethod
    def of(cls, decision: Decision) -> Payoffs:
        years = decision.horizon.months / 12
        discount = (1 + decision.required_return.value) ** -years
        price, costs = decision.price.value, decision.costs
        trade = costs.trade.value if costs.trade else 0.0
        borrow = costs.borrow.value if costs.borrow else 0.0
        names = sorted(decision.actions, key=lambda name: decision.actions[name].size)
        sizes = np.array([decision.actions[name].size for name in names])
        paid = price * (sizes + trade * np.abs(sizes - decision.held) + borrow * years * np.maximum(-sizes, 0.0))
        return cls(tuple(names), sizes * discount, -paid)

    def best(self, output: Floats) -> NDArray[np.int64]:
        """The action that pays most at each output: int64[n]. At a tie the one of the smaller size."""
        places, actions = self.switches
        return np.asarray(actions[np.searchsorted(places, output, side="left")])

    @cached_property
    def switches(self) -> tuple[Floats, NDArray[np.int64]]:
        """Outputs at which the best action changes, rising: float64[k]; the best actions between them: int64[k + 1].

        The upper envelope of the lines, which are in the order of their slopes.
        """
        envelope = [0]
        places: list[float] = []
        for a in range(1, len(self.names)):
            while True:
                b = envelope[-1]
                at = float((self.constants[b] - self.constants[a]) / (self.slopes[a] - self.slopes[b]))
                if not places or at > places[-1]:
                    break
                envelope.pop()
                places.pop()
            envelope.append(a)
            places.append(at)
        return np.array(places), np.array(envelope, np.int64)

    def paid(self, actions: NDArray[np.int64] | int, output: Floats) -> Floats:
        """What the actions (one, or one a path) pay at each output: float64[n]."""
        return np.asarray(self.slopes[actions] * output + self.constants[actions])
