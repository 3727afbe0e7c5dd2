"""The screen of `sim sweep`: an output over one row or a grid of settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sim.report.numbers import count, given, in_column, percent, period, threshold
from sim.report.screens import layout
from sim.report.text import plain

_RATES = ("1/year", "1/quarter")
_Text = Callable[[Mapping[str, Any]], str]


def lines(found: Mapping[str, Any], width: int) -> list[str]:
    """What a sweep says; ``found`` as `sim.pipeline.sweeping.sweep` gives it."""
    unit = str(found["unit"])
    said = layout.wrapped(_answer(found, unit), width)
    said += _row(found, unit, width) if len(found["axes"]) == 1 else _grids(found, unit, width)
    said += [line for text in _facts(found, unit) for line in layout.wrapped(text, width)]
    return said + layout.figure(found.get("files", ()))


def centre(cell: Mapping[str, Any]) -> Mapping[str, Any]:
    """The mean of a cell, or its median where there is none."""
    found: Mapping[str, Any] = cell["mean"] or cell["median"]
    return found


def axis_words(axis: Mapping[str, Any]) -> str:
    """``WACC held at`` or ``WACC, mode``."""
    return f"{plain(axis['label'])} held at" if axis["held"] else plain(axis["label"])


def axis_values(axis: Mapping[str, Any]) -> list[str]:
    """The settings of an axis; rates and shares as percent."""
    if axis.get("unit") not in _RATES:
        return [plain(value) for value in axis["values"]]
    try:
        return [f"{given(100 * float(value))}%" for value in axis["values"]]
    except (TypeError, ValueError):  # a setting that is no number
        return [plain(value) for value in axis["values"]]


def _answer(found: Mapping[str, Any], unit: str) -> str:
    label = " ".join(w for w in (plain(found["label"]), period(str(found["output"]).partition(".")[2])) if w)
    middles = [centre(cell)["value"] for cell in found["cells"]]
    what = "mean" if all(cell["mean"] for cell in found["cells"]) else "median"
    ends = [(axis_words(axis), axis_values(axis)) for axis in found["axes"]]
    axes = " and ".join(f"{words} {values[0]} to {values[-1]}" for words, values in ends)
    text = f"{label} has a {what} of {in_column(min(middles), unit)} to {in_column(max(middles), unit)} over {axes}"
    if found["at_least"] is not None:
        shares = [cell["reaches"]["value"] for cell in found["cells"]]
        text += f"; it reaches {threshold(found['at_least'], unit)} on {percent(min(shares))} to {percent(max(shares))}"
    return text


def _row(found: Mapping[str, Any], unit: str, width: int) -> list[str]:
    axis = found["axes"][0]
    goal = found["at_least"]
    heads = [axis_words(axis), "mean", "less the study's", "median"]
    rows = [heads + ([f"P(≥ {threshold(goal, unit)})"] if goal is not None else [])]
    named = [v + (" (study)" if i == axis["current"] else "") for i, v in enumerate(axis_values(axis))]
    for name, cell in [*zip(named, found["cells"], strict=True), ("study as it stands", found["base"])]:
        row = [name, layout.estimate(cell["mean"], unit), layout.signed(cell["difference"])]
        row += [layout.estimate(cell["median"], unit)]
        rows.append(row + ([layout.chance(cell["reaches"])] if goal is not None else []))
    rows[-1][2] = ""
    return layout.aligned(rows, width)


def _grids(found: Mapping[str, Any], unit: str, width: int) -> list[str]:
    down, across = found["axes"]
    columns = [v + ("*" if i == across["current"] else "") for i, v in enumerate(axis_values(across))]
    said: list[str] = []
    tables: list[tuple[str, _Text]] = [("mean", lambda cell: layout.estimate(centre(cell), unit))]
    if found["at_least"] is not None:
        tables.append((f"P(≥ {threshold(found['at_least'], unit)})", lambda cell: layout.chance(cell["reaches"])))
    for title, text in tables:
        rows = [[f"{title}; across: {axis_words(across)}", *columns]]
        for i, value in enumerate(axis_values(down)):
            cells = found["cells"][i * len(columns) : (i + 1) * len(columns)]
            star = "*" if i == down["current"] else ""
            rows.append([f"{axis_words(down)} {value}{star}", *(text(cell) for cell in cells)])
        said += layout.aligned(rows, width)
    return said


def _facts(found: Mapping[str, Any], unit: str) -> list[str]:
    base = found["base"]
    words = f"The study as it stands: {layout.estimate(centre(base), unit)}"
    if base["reaches"] is not None:
        words += f", P {layout.chance(base['reaches'])}"
    same = f"very cell on the same {count(found['paths'])} paths"
    said = [f"E{same}" if len(found["axes"]) == 1 else f"{words}; e{same}"]
    if any(axis["held"] for axis in found["axes"]):
        said.append("A driver that is held is set on every path; drivers correlated with it stay as drawn")
    if any(axis["current"] is not None for axis in found["axes"]) and len(found["axes"]) > 1:
        said.append("* the study's own value")
    invalid = sum(cell["invalid_paths"] for cell in found["cells"])
    if invalid:
        said.append(f"{count(invalid)} invalid values over all cells are left out")
    return said
