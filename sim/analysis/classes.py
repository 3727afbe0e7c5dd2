"""What kind of uncertainty a driver is: of the business, of the multiples put on it, or of the method that weighs them.

The rule reads the model, so that no study has to say it. With ``out`` the output in question:

- method: the driver moves the target's output but none of those tested beside it (`target.alternatives`, such as the
  value by multiple alone and by DCF alone): all that it can do is weigh them;
- business: it moves a line that the study reports by fiscal year or at a date (revenue, capex, cash, ...), or it is an
  amount of money; every innovation too;
- multiples: the rest of what moves ``out``: multiples, discount rates, discounts and marks, the exchange rate.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from sim.run.result import Run

Class = Literal["business", "multiples", "method"]
RULE = (
    "method: weighs the alternatives only; business: moves a line reported by period, or is an amount of money;"
    " multiples: the rest (multiples, discount rates, marks, FX)"
)
_CURRENCY = r"(?:US\$|USD|HK\$|HKD|RMB|CNY|EUR|GBP|JPY|CHF|\$)"
_MONEY = re.compile(rf"^{_CURRENCY}(?:\s|/|$)(?!.*{_CURRENCY})")


def analyse(run: Run, model: Mapping[str, Any], output: str) -> dict[str, Class]:
    """The class of every driver and innovation that moves ``output``; ``model`` is the run's ``model.json``."""
    cells = {column["name"]: (column["cell"], column["period"]) for column in run.manifest["columns"]}
    moved = feeding(model)
    goal = run.target or {}
    alternatives = list((goal.get("alternatives") or {}).values())
    others: frozenset[str] = frozenset().union(*(moved[cells[name][0]] for name in alternatives))
    weighing = moved[cells[goal["output"]][0]] - others if alternatives else frozenset()
    reported: frozenset[str] = frozenset().union(*(moved[cell] for cell, period in cells.values() if period))
    innovations = set(model["names"]["innovations"])
    found: dict[str, Class] = {}
    for name in sorted(moved[cells[output][0]]):
        if name in weighing:
            found[name] = "method"
        elif name in innovations or name in reported or _MONEY.match(run.unit(name)):
            found[name] = "business"
        else:
            found[name] = "multiples"
    return found


def feeding(model: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """Every cell's drivers and innovations, over all periods and through openings and windows."""
    cells = [cell for part in ("opening", "period", "horizon") for cell in model[part]]
    sources: dict[str, set[str]] = {cell["name"]: set() for cell in cells}
    moved: dict[str, set[str]] = {cell["name"]: set() for cell in cells}
    for cell in cells:
        for argument in cell["arguments"]:
            kind = argument["of"] or argument["kind"]
            for name in argument["targets"]:
                if kind in {"driver", "innovation"}:
                    moved[cell["name"]].add(name)
                elif kind in {"cell", "prev"}:
                    sources[cell["name"]].add(name)
                elif kind == "window":
                    sources[cell["name"]].add(model["windows"][name])
    for line in model["carried"]:
        if line["source"] is not None:
            sources[line["cell"]].add(line["source"])
    waiting = True
    while waiting:  # carried lines feed each other in circles: go round until nothing is added
        waiting = False
        for name, below in sources.items():
            every = moved[name].union(*(moved[other] for other in below))
            if len(every) > len(moved[name]):
                moved[name], waiting = every, True
    return {name: frozenset(drivers) for name, drivers in moved.items()}
