"""The summary of a run: every output's distribution, the target test, what matters, what to be warned of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sim.analysis import efficiency, ranks, tails, target
from sim.analysis.efficiency import Efficiency
from sim.analysis.estimate import Distribution, describe_tally, finite
from sim.analysis.ranks import RankCorrelation
from sim.analysis.target import TargetTest
from sim.run.result import Run, Tally


@dataclass(frozen=True)
class Summary:
    """What a run says, with errors. ``central`` is the case of drivers at medians and innovations zero.

    ``alternatives`` are other outputs tested against the same target, by label; ``marks`` the percentiles of the
    previous target, the target and the price. ``efficiency`` is what the sampler was worth for the ``mean`` and the
    ``probability`` of the target's output; empty for independent paths.
    """

    distributions: Mapping[str, Distribution]
    central: Mapping[str, float]
    test: TargetTest | None
    alternatives: Mapping[str, TargetTest]
    marks: Mapping[str, TargetTest]
    drivers: tuple[RankCorrelation, ...]
    efficiency: Mapping[str, Efficiency]
    warnings: tuple[str, ...]


def analyse(run: Run, central: Mapping[str, float]) -> Summary:
    """Summarise a run that was just simulated, from its tallies; of the target's columns some first paths are read."""
    distributions = {name: _described(run.tallies[name]) for name in run.outputs}
    test, alternatives, marks = None, {}, {}
    drivers: tuple[RankCorrelation, ...] = ()
    goal = run.target
    if goal is not None:
        test = target.analyse(run, goal["output"], goal["at_least"])
        alternatives = {
            label: target.analyse(run, output, goal["at_least"]) for label, output in goal["alternatives"].items()
        }
        marks = {word: target.analyse(run, goal["output"], value) for word, value in target.marks(goal).items()}
        drivers = ranks.analyse(run, goal["output"])
    worth = _efficiency(run, distributions, test)
    return Summary(distributions, central, test, alternatives, marks, drivers, worth, _warnings(run, distributions))


def _efficiency(run: Run, distributions: Mapping[str, Distribution], test: TargetTest | None) -> dict[str, Efficiency]:
    if test is None or run.replicates == 1 or run.paths < 2 * run.replicates:
        return {}
    of_probability = efficiency.of_probability(test.success)
    found = {"mean": efficiency.of_mean(distributions[test.output])}
    return found if of_probability is None else {**found, "probability": of_probability}


def _described(tally: Tally) -> Distribution:
    """A distribution, without moments where the tail denies a variance."""
    found, tail = describe_tally(tally), tails.analyse(tally)
    return found if tail.has_variance else replace(found.without_moments, tail_index=tail.index)


_NAMED = 5  # outputs that one warning names


def _heavy(run: Run, distributions: Mapping[str, Distribution]) -> list[str]:
    """What is said instead of moments: of inputs, whose tails are known exactly, and of outputs, from their paths."""
    found = [str(each) for each in run.manifest.get("heavy_drivers", ())]
    periods: dict[str, list[str]] = {}
    for column in run.manifest["columns"]:
        if distributions[column["name"]].tail_index is not None:
            periods.setdefault(run.label(column["name"]), []).extend([column["period"]] if column["period"] else [])
    outputs = [f"{label} ({', '.join(each)})" if each else label for label, each in periods.items()]
    if outputs:
        named = ", ".join(outputs[:_NAMED]) + (f" and {len(outputs) - _NAMED} more" if len(outputs) > _NAMED else "")
        found.append(
            f"No mean, error or s.d. is given of {named}: too heavy a tail for a variance; read percentiles, or"
            " truncate the drivers behind it"
        )
    return found


def _warnings(run: Run, distributions: Mapping[str, Distribution]) -> tuple[str, ...]:
    found: list[str] = []
    asked = run.manifest.get("precision")
    if asked is not None and not asked["met"]:
        found.append(_unmet(run, asked))
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
            unit = run.unit(warning["output"])
            of = f"{mean:.0%} {unit.removeprefix('share ')}" if is_share(unit) else f"mean {mean:.2f} {unit}"
            found.append(f"{warning['say']} ({of})")
    found += _heavy(run, distributions)
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


def _unmet(run: Run, asked: Mapping[str, Any]) -> str:
    """What was asked for and not reached, in a sentence."""
    short = [
        f"{kind} within {100 * worst['asked']:g}% (it is "
        + (f"{100 * worst['error']:.2g}%" if worst["error"] is not None else "unknown")
        + f" for {worst['of']})"
        for kind, worst in asked["errors"].items()
        if not worst["met"]
    ]
    verdict = asked["verdict"]
    if verdict is not None and verdict["answer"] == "open":
        low, high = verdict["bounds"]
        side = f"whether P({verdict['output']} >= {verdict['at_least']:g}) is above {100 * verdict['hurdle']:g}%"
        short.append(f"{side} (it lies between {100 * low:.2f}% and {100 * high:.2f}%)")
    return f"not settled by {run.paths:,} paths: {'; '.join(short)}; raise run.precision.max_paths or ask for less"


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
        "sampling": _sampling(run, summary),
        "precision": run.manifest.get("precision"),
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


def _sampling(run: Run, summary: Summary) -> dict[str, Any]:
    """Which sampler gave the numbers, and what error plain Monte Carlo would have had on as many paths."""
    return {
        "sampler": run.manifest["sampler"],
        "replicates": run.replicates,
        "output": None if summary.test is None else summary.test.output,
        "against_plain": {name: each.as_dict() for name, each in summary.efficiency.items()},
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
