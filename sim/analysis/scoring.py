"""How good were the recorded forecasts? Each is scored when its outcome is known; pure in the entries of the ledger.

An outcome scores the forecasts of the same output and study that stand before it in the ledger. Where an outcome was
entered again, the newest counts. A forecast recorded after its outcome was published is hindsight and is not scored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sim.analysis import scores

SHARES = (50, 80, 90)


@dataclass(frozen=True)
class Scored:
    """One forecast and its outcome. ``hits`` says by share in percent whether the central interval held it.

    ``brier`` is one score a probability statement.
    """

    entry: int
    study: str
    version: str
    output: str
    cell: str
    period: str
    unit: str
    run: str
    recorded: str
    outcome: float
    median: float
    crps: float
    pit: float
    hits: Mapping[int, bool]
    brier: tuple[float, ...]


@dataclass(frozen=True)
class Group:
    """Scores of one cell under one version of a study: means, and how often intervals held."""

    cell: str
    study: str
    version: str
    unit: str
    forecasts: int
    crps: float
    pits: tuple[float, ...]
    hits: Mapping[int, int]
    brier: float | None
    statements: int


@dataclass(frozen=True)
class Scorecard:
    """All scores, by forecast and by group; what is still open, and what was left out as hindsight.

    ``undated`` are the outcomes that scored a forecast without saying when they came out, so that hindsight recorded
    before they were entered counts.
    """

    scored: tuple[Scored, ...]
    groups: tuple[Group, ...]
    forecasts: int
    outcomes: int
    waiting: tuple[Mapping[str, Any], ...] = ()
    hindsight: tuple[int, ...] = ()
    corrected: tuple[int, ...] = field(default=())
    undated: tuple[int, ...] = field(default=())

    @property
    def brier(self) -> float | None:
        """Mean over all statements, None without any."""
        every = [each for item in self.scored for each in item.brier]
        return sum(every) / len(every) if every else None

    def held(self, share: int) -> int:
        return sum(each.hits[share] for each in self.scored)

    def as_dict(self) -> dict[str, Any]:
        return {
            "forecasts": self.forecasts,
            "outcomes": self.outcomes,
            "scored": [{**asdict(s), "hits": {str(k): v for k, v in s.hits.items()}} for s in self.scored],
            "groups": [{**asdict(g), "hits": {str(k): v for k, v in g.hits.items()}} for g in self.groups],
            "held": {str(share): self.held(share) for share in SHARES},
            "brier": self.brier,
            "statements": sum(len(each.brier) for each in self.scored),
            "waiting": [dict(each) for each in self.waiting],
            "hindsight": list(self.hindsight),
            "corrected": list(self.corrected),
            "undated": list(self.undated),
        }


def analyse(entries: Sequence[Mapping[str, Any]]) -> Scorecard:
    """Score every forecast of the ledger whose outcome stands behind it."""
    forecasts = [each for each in entries if each["kind"] == "forecast"]
    outcomes = [each for each in entries if each["kind"] == "outcome"]
    newest: dict[tuple[str, str], Mapping[str, Any]] = {}
    corrected: list[int] = []
    for outcome in outcomes:
        for study in outcome["studies"]:
            key = (study, outcome["output"])
            corrected += [int(newest[key]["entry"])] if key in newest else []
            newest[key] = outcome
    first = {
        (study, outcome["output"]): outcome for outcome in reversed(outcomes) for study in outcome["studies"]
    }  # a correction does not open the door to forecasts made after the first news
    scored, waiting, hindsight = [], [], []
    undated: set[int] = set()
    for forecast in forecasts:
        key = (forecast["study"], forecast["output"])
        if key not in newest:
            waiting.append({k: forecast[k] for k in ("entry", "study", "output", "unit", "recorded", "by")})
        elif forecast["entry"] > first[key]["entry"] or _after(forecast, first[key]):
            hindsight.append(int(forecast["entry"]))
        else:
            scored.append(_score(forecast, float(newest[key]["value"])))
            undated |= set() if first[key].get("published") else {int(first[key]["entry"])}
    groups: dict[tuple[str, str, str, str], list[Scored]] = {}
    for each in scored:
        groups.setdefault((each.cell, each.study, each.version, each.unit), []).append(each)
    return Scorecard(
        tuple(scored),
        tuple(_group(*key, members) for key, members in groups.items()),
        len(forecasts),
        len(outcomes),
        tuple(waiting),
        tuple(hindsight),
        tuple(sorted(set(corrected))),
        tuple(sorted(undated)),
    )


def _after(forecast: Mapping[str, Any], outcome: Mapping[str, Any]) -> bool:
    published = str(outcome.get("published") or "")
    return bool(published) and str(forecast["recorded"])[:10] >= published


def _score(forecast: Mapping[str, Any], outcome: float) -> Scored:
    """The stored sample stands for the distribution: equally likely values, its quantiles at (k - 1/2) / n."""
    sample = forecast["sample"]
    return Scored(
        int(forecast["entry"]),
        forecast["study"],
        forecast["version"],
        forecast["output"],
        forecast["cell"],
        forecast["period"],
        forecast["unit"],
        forecast["run"],
        forecast["recorded"],
        outcome,
        float(forecast["percentiles"]["50"]),
        scores.crps_sample(sample, outcome),
        scores.pit(sample, outcome, within=0.5),
        {share: scores.interval_hit(sample, outcome, share / 100) for share in SHARES},
        tuple(
            scores.brier(float(each["probability"]), outcome >= float(each["at_least"]))
            for each in forecast["probabilities"]
        ),
    )


def _group(cell: str, study: str, version: str, unit: str, members: Sequence[Scored]) -> Group:
    brier = [each for member in members for each in member.brier]
    return Group(
        cell,
        study,
        version,
        unit,
        len(members),
        sum(each.crps for each in members) / len(members),
        tuple(each.pit for each in members),
        {share: sum(each.hits[share] for each in members) for share in SHARES},
        sum(brier) / len(brier) if brier else None,
        len(brier),
    )
