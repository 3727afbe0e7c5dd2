"""The assumption register: every driver with its marginal in words, percentiles, sources, grade and place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.config import Reading
from sim.config.schema import Study

_MOST = 6  # values of a discrete marginal that are named


def rows(
    reading: Reading, study: Study, percentiles: Mapping[str, tuple[float, float, float]] | None = None
) -> list[dict[str, Any]]:
    """One dict a driver, in the order of their dimension, then of the file.

    ``percentiles`` gives (P10, P50, P90) by driver, in its unit.
    """
    found = []
    for name, driver in study.drivers.items():
        low, middle, high = (percentiles or {}).get(name, (None, None, None))
        place = reading.origins.place(f"drivers.{name}.marginal")
        found.append(
            {
                "driver": name,
                "label": driver.label,
                "unit": driver.unit,
                "marginal": in_words(driver.marginal),
                "p10": low,
                "p50": middle,
                "p90": high,
                "sources": list(driver.sources),
                "grade": driver.grade or "",
                "note": driver.note or "",
                "place": "" if place is None else f"{place.file}:{place.line}",
                "dimension": driver.dimension,
            }
        )
    return sorted(found, key=lambda row: (row["dimension"] is None, row["dimension"] or 0))


def in_words(marginal: Any) -> str:
    """``pert(0.22, 0.35, 0.47)``, ``lognormal(p10 2.4, p90 4.9), cut at 0 and 10``."""
    if marginal.kind in {"discrete", "mixture", "empirical"}:
        text = f"{marginal.kind}({_parts(marginal)})"
    else:
        text = _of_numbers(marginal)
    cut = marginal.truncate
    if cut is not None:
        text += ", cut at " + " and ".join(f"{bound:.6g}" for bound in (cut.low, cut.high) if bound is not None)
    return text


def _parts(marginal: Any) -> str:
    """``0.2 at 30%, 0.5 at 70%``; ``36 values from -0.1 to 0.3, linear``; ``70% normal(...) or 30% fixed(0)``."""
    if marginal.kind == "empirical":
        values = marginal.values
        return f"{len(values)} values from {min(values):.6g} to {max(values):.6g}, {marginal.how}"
    if marginal.kind == "mixture":
        return " or ".join(f"{100 * each.weight:.4g}% {in_words(each.marginal)}" for each in marginal.components)
    pairs = sorted(zip(marginal.values, marginal.probabilities, strict=True))
    shown = [f"{value:.6g} at {100 * share:.4g}%" for value, share in pairs[:_MOST]]
    return ", ".join(shown) + (f" and {len(pairs) - _MOST} more" if len(pairs) > _MOST else "")


def _of_numbers(marginal: Any) -> str:
    given: Mapping[str, float] = marginal.given
    bare = marginal.kind in {"fixed", "uniform", "triangular", "pert"}
    inside = ", ".join(f"{value:.6g}" if bare else f"{key} {value:.6g}" for key, value in given.items())
    return f"{marginal.kind}({inside})"


def feeds(reading: Reading, study: Study, graph: Mapping[str, Any], cell: str) -> dict[str, Any]:
    """What feeds a cell, down to drivers: {"name", "kind", "detail", "place", "feeds": [...]}.

    ``graph`` is ``model.json``. A cell met a second time is named without its own feeds, so carried lines end.
    """
    cells = {bound["name"]: bound for part in ("opening", "period", "horizon") for bound in graph[part]}
    seen: set[str] = set()

    def leaf(kind: str, section: str, name: str, detail: str) -> dict[str, Any]:
        place = reading.origins.place(f"{section}.{name}")
        where = "" if place is None else f"{place.file}:{place.line}"
        return {"name": name, "kind": kind, "detail": detail, "place": where, "feeds": []}

    def node(kind: str, name: str) -> dict[str, Any]:
        if kind == "driver":
            driver = study.drivers[name]
            return leaf("driver", "drivers", name, f"{in_words(driver.marginal)} {driver.unit}; {driver.source}")
        if kind == "innovation":
            return leaf("innovation", "innovations", name, "standard normal in each period")
        if kind == "schedule":
            return leaf("schedule", "schedules", name, study.schedules[name].source)
        if kind == "window":
            window = study.windows[name]
            found = leaf("window", "windows", name, f"{window.how} from {window.from_} to {window.to}")
            return {**found, "feeds": [node("cell", window.cell)]}
        bound = cells[name]
        known = name in seen
        seen.add(name)
        detail = str(bound["doc"]).strip().split("\n")[0]
        found = {
            "name": f"prev_{name}" if kind == "prev" else name,
            "kind": "the period before" if kind == "prev" else f"{bound['at']} cell",
            "detail": f"{detail} (shown above)" if known and bound["arguments"] else detail,
            "place": f"{bound['file']}:{bound['line']}",
            "feeds": [],
        }
        if not known:
            found["feeds"] = [
                node(argument["of"] or argument["kind"], target)
                for argument in bound["arguments"]
                for target in argument["targets"]
            ]
            opening = study.openings.get(name)
            if opening is not None and opening.from_ is not None:
                found["feeds"].append(node("cell", opening.from_))
            elif opening is not None:
                found["feeds"].append(
                    leaf("opening", "openings", name, f"{opening.value} {opening.unit}; {opening.source}")
                )
        return found

    return node("cell", cell)
