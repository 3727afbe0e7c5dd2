"""The summary of a run: every output's distribution, the target test, what matters, what to be warned of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sim.analysis import ranks, target
from sim.analysis.estimate import Distribution, describe_tally, finite
from sim.analysis.ranks import RankCorrelation
from sim.analysis.target import TargetTest
from sim.run.result import Run


@dataclass(frozen=True)
class Summary:
    """What a run says, with errors. ``central`` is the case of drivers at medians and innovations zero.

    ``alternatives`` are other outputs tested against the same target, by label; ``marks`` the percentiles of the
    previous target, the target and the price.
    """

    distributions: Mapping[str, Distribution]
    central: Mapping[str, float]
    test: TargetTest | None
    alternatives: Mapping[str, TargetTest]
    marks: Mapping[str, TargetTest]
    drivers: tuple[RankCorrelation, ...]
    warnings: tuple[str, ...]


def analyse(run: Run, central: Mapping[str, float]) -> Summary:
    """Summarise a run that was just simulated, from its tallies; only the target's columns are read in full."""
    distributions = {name: describe_tally(run.tallies[name]) for name in run.outputs}
    test, alternatives, marks = None, {}, {}
    drivers: tuple[RankCorrelation, ...] = ()
    goal = run.target
    if goal is not None:
        test = target.analyse(run, goal["output"], goal["at_least"])
        alternatives = {
            label: target.analyse(run, output, goal["at_least"]) for label, output in goal["alternatives"].items()
        }
        marks = {
            word: target.analyse(run, goal["output"], goal[key])
            for word, key in (("previous target", "previous"), ("target", "at_least"), ("price", "price"))
            if goal[key] is not None
        }
        drivers = ranks.analyse(run, goal["output"])
    return Summary(distributions, central, test, alternatives, marks, drivers, _warnings(run, distributions))


def _warnings(run: Run, distributions: Mapping[str, Distribution]) -> tuple[str, ...]:
    found: list[str] = []
    invalid = int(run.manifest["invalid_paths"])
    if invalid:
        first = run.manifest["first_invalid"]
        named = ", ".join(first["not_finite"][:3]) + (" ..." if len(first["not_finite"]) > 3 else "")
        found.append(
            f"{invalid:,} of {run.paths:,} paths are invalid ({named}) and left out of the figures; the first is path"
            f" {first['path']}, its drivers are in summary.json"
        )
    for warning in run.manifest["warnings"]:
        mean = distributions[warning["output"]].mean
        if mean > warning["mean_above"]:
            found.append(f"{warning['say']} (mean of {warning['output']} {mean:.2f})")
    points = run.paths // run.replicates
    if run.replicates > 1 and (run.paths % run.replicates or points & (points - 1)):
        best = run.replicates << max(points.bit_length() - 1, 0)
        found.append(
            f"{run.paths:,} paths are not 16 times a power of two, which {run.manifest['sampler']} points are best at;"
            f" use --paths {best} or {2 * best}"
        )
    if run.paths < 1000:
        found.append(f"only {run.paths:,} paths: percentiles are rough; use --paths 1_000_000 for a decision")
    return tuple(found)


def as_dict(run: Run, summary: Summary) -> dict[str, Any]:
    """Plain data for ``summary.json``, the screen and the figures."""
    outputs: dict[str, Any] = {}
    for column in run.manifest["columns"]:
        leaf = {
            "unit": run.unit(column["name"]),
            "label": run.label(column["name"]),
            **summary.distributions[column["name"]].as_dict(),
        }
        if column["period"]:
            outputs.setdefault(column["cell"], {})[column["period"]] = leaf
        else:
            outputs[column["name"]] = leaf
    shown = [column for column in run.manifest["columns"] if column["shown"]]
    return {
        "study": run.manifest["study"],
        "run": run.manifest["run"],
        "scenario": run.manifest.get("scenario"),
        "set": list(run.manifest.get("set", ())),
        "hash": run.manifest["hash"],
        "paths": run.paths,
        "sampler": run.manifest["sampler"],
        "seed": run.manifest["seed"],
        "invalid_paths": run.manifest["invalid_paths"],
        "first_invalid": run.manifest["first_invalid"],
        "outputs": outputs,
        "central": {name: finite(value) for name, value in summary.central.items()},
        "target": _target(run, summary),
        "top_drivers": [driver.as_dict() for driver in summary.drivers],
        "rows": [
            {"column": c["name"], "label": run.label(c["name"]), "unit": run.unit(c["name"])}
            for c in shown
            if not is_share(run.unit(c["name"]))
        ],
        "shares": [
            {
                "column": c["name"],
                "label": run.label(c["name"]),
                "period": c["period"],
                "mean": finite(summary.distributions[c["name"]].mean),
                "standard_error": finite(summary.distributions[c["name"]].standard_error),
            }
            for c in shown
            if is_share(run.unit(c["name"]))
        ],
        "warnings": list(summary.warnings),
    }


def is_share(unit: str) -> bool:
    """Outputs in a unit such as ``share of quarters`` are indicators: their mean is what one wants to read."""
    return unit.startswith("share of")


def _target(run: Run, summary: Summary) -> dict[str, Any] | None:
    if summary.test is None or run.target is None:
        return None
    return {
        **summary.test.as_dict(),
        "previous": run.target["previous"],
        "price": run.target["price"],
        "percentile_of": {word: mark.as_dict() for word, mark in summary.marks.items()},
        "alternatives": {label: test.as_dict() for label, test in summary.alternatives.items()},
    }
