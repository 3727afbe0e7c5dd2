"""Tables of a run as plain rows, for CSV files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Table = tuple[list[str], list[list[object]]]

QUARTERLY = ["cell", "period", "unit", "mean", "standard_error", "p5", "p25", "p50", "p75", "p95", "paths"]


def outputs(summary: Mapping[str, Any], columns: Sequence[Mapping[str, Any]]) -> Table:
    """One row an output column: unit, mean, its error, s.d., percentiles and their errors, central case."""
    rows: list[list[object]] = []
    percents: list[str] = []
    for column in columns:
        leaf = summary["outputs"][column["cell"] if column["period"] else column["name"]]
        leaf = leaf[column["period"]] if column["period"] else leaf
        percents = percents or list(leaf["percentiles"])
        rows.append(
            [
                column["name"],
                leaf["label"],
                leaf["unit"],
                leaf["paths"],
                leaf["invalid"],
                summary["central"].get(column["name"]),
                leaf["mean"],
                leaf["standard_error"],
                leaf["sd"],
                *(leaf["percentiles"].get(p) for p in percents),
                *(leaf["percentile_errors"].get(p) for p in percents),
            ]
        )
    head = ["output", "label", "unit", "paths", "invalid", "central", "mean", "standard_error", "sd"]
    return [*head, *(f"p{p}" for p in percents), *(f"p{p}_error" for p in percents)], rows


def drivers(register: Sequence[Mapping[str, Any]], summary: Mapping[str, Any]) -> Table:
    """One row a driver: the assumption register with the rank correlation to the target."""
    ranked = {found["driver"]: found for found in summary["top_drivers"]}
    rows: list[list[object]] = []
    for entry in register:
        found = ranked.get(entry["driver"], {})
        rows.append(
            [
                entry["driver"],
                entry["label"],
                entry["unit"],
                entry["marginal"],
                entry["p10"],
                entry["p50"],
                entry["p90"],
                "; ".join(entry["sources"]),
                entry["grade"],
                entry["note"],
                entry["place"],
                found.get("rank_correlation"),
                found.get("standard_error"),
            ]
        )
    head = ["driver", "label", "unit", "marginal", "p10", "p50", "p90", "sources", "grade", "note", "place"]
    return [*head, "rank_correlation", "rank_correlation_error"], rows
