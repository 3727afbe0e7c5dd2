"""How good was the model? Forecasts of past vintages scored against what was then reported, and against rivals.

A vintage is the end of a reported quarter: the forecast made from it may know nothing later. Growth is scored in logs,
so that a quarter of RMB 4 bn counts like one of 33; a CRPS of 0.03 is about 3% of revenue. Vintages follow one another
and long horizons overlap, so errors are not independent: intervals come from a circular block bootstrap (Politis and
Romano 1992) over vintages, with blocks of the horizon, at least a year. Thirty vintages hold few blocks, and plain
percentile intervals are then too short (90% ones cover 57% of means eight quarters ahead): they are stretched until
they cover a mean of forecasts that overlap as these do (Loh 1987, Journal of the American Statistical Association 82,
155-162).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from sim.analysis import scores
from sim.analysis.estimate import finite
from sim.analysis.rivals import Forecast
from sim.analysis.scores import Floats

SHARES = (0.5, 0.8, 0.9)
PERCENTS = (5, 10, 25, 50, 75, 90, 95)
RESAMPLES = 4000
RECORDS = 4000  # of right forecasts, simulated to see how far chance alone goes
SHORTEST_BLOCK = 4  # vintages: a year
CONFIDENCE = 0.9
_SEED = 7
MODEL = "model"


@dataclass(frozen=True)
class Vintage:
    """What was forecast at the end of quarter ``name``: float64[n] log growth to each horizon, and the rivals' laws.

    ``revenue`` is that quarter's, ``outcomes`` the log growth later reported (only horizons that are past).
    ``unverified`` are the horizons whose first or last quarter has a recalled level (`Quarter.recalled`), ``crosses``
    those with a change of basis between; ``recalled_rows`` is the share of recalled quarters in its fit.
    """

    name: str
    revenue: float
    samples: Mapping[int, Floats]
    rivals: Mapping[str, Mapping[int, Forecast]]
    outcomes: Mapping[int, float]
    periods: Mapping[int, str]
    unverified: frozenset[int]
    crosses: frozenset[int]
    recalled_rows: float
    fitted: Mapping[str, float]


@dataclass(frozen=True)
class Interval:
    """An estimate and its 90% interval."""

    estimate: float
    low: float
    high: float

    def as_dict(self) -> dict[str, Any]:
        return {"estimate": finite(self.estimate), "interval": [finite(self.low), finite(self.high)]}


@dataclass(frozen=True)
class Horizon:
    """Scores ``h`` quarters ahead over ``vintages`` vintages.

    ``crps`` and ``log`` are means by forecaster, ``skill`` the model's CRPS saved against each rival (0.1: 10% lower),
    ``best`` the rival of the lowest CRPS, chosen knowing the outcomes. ``width`` is the factor by which the model's
    intervals should have been wider (above 1) or narrower: the root mean square of outcomes on the normal scale.
    Its interval holds the factors under which chance would give this root mean square nine times in ten. ``bias`` is
    the mean of outcome less forecast, in logs.
    """

    h: int
    vintages: int
    coverage: Mapping[float, Interval]
    crps: Mapping[str, float]
    log: Mapping[str, float]
    skill: Mapping[str, Interval]
    best: str
    width: Interval
    bias: Interval
    pit: tuple[float, ...]
    verified: Mapping[str, float]

    @property
    def correction(self) -> float:
        """What a study should multiply its spread by: the width factor where its interval excludes 1, else 1.

        A factor that chance explains is noise, and correcting by noise makes a study worse; a right model is corrected
        in one record of ten.
        """
        return 1.0 if self.width.low <= 1.0 <= self.width.high else self.width.estimate

    def as_dict(self) -> dict[str, Any]:
        return {
            "horizon": self.h,
            "vintages": self.vintages,
            "coverage": {str(round(100 * share)): found.as_dict() for share, found in self.coverage.items()},
            "crps": dict(self.crps),
            "log_score": {name: finite(value) for name, value in self.log.items()},
            "skill": {name: found.as_dict() for name, found in self.skill.items()},
            "best_rival": self.best,
            "width_factor": self.width.as_dict(),
            "correction": self.correction,
            "mean_error": self.bias.as_dict(),
            "pit": list(self.pit),
            "verified_only": {name: finite(value) for name, value in self.verified.items()},
        }


@dataclass(frozen=True)
class Backtest:
    """Scores by horizon, and every forecast with its outcome as plain rows."""

    horizons: tuple[Horizon, ...]
    rows: tuple[dict[str, Any], ...]
    vintages: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        return {
            "vintages": list(self.vintages),
            "confidence": CONFIDENCE,
            "bars": bars(self.horizons),
            "horizons": [horizon.as_dict() for horizon in self.horizons],
            "forecasts": list(self.rows),
        }


def analyse(vintages: Sequence[Vintage], horizons: Sequence[int]) -> Backtest:
    """Score every vintage at every horizon that is past. ValueError for a horizon without any outcome."""
    rows: list[dict[str, Any]] = []
    found = []
    for h in horizons:
        own = [_row(vintage, h) for vintage in vintages if h in vintage.outcomes]
        if not own:
            raise ValueError(f"no vintage has an outcome {h} quarters ahead")
        found.append(_horizon(h, own))
        rows += own
    return Backtest(tuple(found), tuple(rows), tuple(vintage.name for vintage in vintages))


def _row(vintage: Vintage, h: int) -> dict[str, Any]:
    sample, outcome = vintage.samples[h], vintage.outcomes[h]
    place = scores.pit(sample, outcome)
    marks = np.percentile(sample, PERCENTS)
    crps = {MODEL: scores.crps_sample(sample, outcome)}
    log = {MODEL: scores.log_score(sample, outcome)}
    for name, laws in vintage.rivals.items():
        crps[name] = scores.crps_normal(*laws[h], outcome)
        log[name] = scores.log_score_normal(*laws[h], outcome)
    return {
        "vintage": vintage.name,
        "horizon": h,
        "period": vintage.periods[h],
        "outcome": outcome,
        "revenue": vintage.revenue * math.exp(outcome),
        "mean": float(sample.mean()),
        "sd": float(sample.std(ddof=1)),
        "percentiles": {str(p): vintage.revenue * math.exp(float(v)) for p, v in zip(PERCENTS, marks, strict=True)},
        "pit": place,
        "hits": {str(round(100 * s)): scores.interval_hit(sample, outcome, s) for s in SHARES},
        "crps": crps,
        "log_score": log,
        "unverified": h in vintage.unverified,
        "crosses_basis": h in vintage.crosses,
        "recalled_rows": vintage.recalled_rows,
        "fitted": dict(vintage.fitted),
        "paths": int(sample.size),
    }


def _horizon(h: int, rows: Sequence[Mapping[str, Any]]) -> Horizon:
    names = list(rows[0]["crps"])
    crps = {name: np.array([row["crps"][name] for row in rows]) for name in names}
    log = {name: np.array([row["log_score"][name] for row in rows]) for name in names}
    places = np.array([row["pit"] for row in rows])
    normal = _normal_scores(places, rows[0]["paths"])
    away = np.array([row["outcome"] - row["mean"] for row in rows])
    coverage = {}
    for share in SHARES:
        hits = np.array([row["hits"][str(round(100 * share))] for row in rows], np.float64)
        coverage[share] = _share(hits, h)
    skill = {}
    for name in names[1:]:
        saved = bootstrap(
            lambda ours, theirs: 1.0 - ours.mean(axis=-1) / theirs.mean(axis=-1), [crps[MODEL], crps[name]], h
        )
        skill[name] = Interval(saved.estimate, saved.low, min(saved.high, 1.0))
    known = np.array([not row["unverified"] for row in rows])
    best = min(names[1:], key=lambda name: float(crps[name].mean()))
    hits80 = np.array([row["hits"]["80"] for row in rows], np.float64)
    verified = {"vintages": float(known.sum())}
    if known.any():
        ours, theirs = float(crps[MODEL][known].mean()), float(crps[best][known].mean())
        verified |= {"crps": ours, "skill": 1.0 - ours / theirs, "coverage_80": float(hits80[known].mean())}
    return Horizon(
        h=h,
        vintages=len(rows),
        coverage=coverage,
        crps={name: float(values.mean()) for name, values in crps.items()},
        log={name: float(values.mean()) for name, values in log.items()},
        skill=skill,
        best=best,
        width=_width(normal, h),
        bias=bootstrap(lambda away: away.mean(axis=-1), [away], h),
        pit=tuple(map(float, places)),
        verified=verified,
    )


def bootstrap(statistic: Callable[..., Any], columns: Sequence[Floats], h: int) -> Interval:
    """A statistic of columns float64[n], whose rows follow one another and overlap for ``h`` of them, with its 90%
    circular block interval, stretched for the few blocks there are.

    ``statistic`` works along the last axis. Blocks longer than the columns are the columns themselves, in a circle.
    """
    n = columns[0].size
    block = min(max(h, SHORTEST_BLOCK), n)
    rng = np.random.default_rng(_SEED)
    starts = rng.integers(0, n, (RESAMPLES, -(-n // block)))
    rows = ((starts[:, :, None] + np.arange(block)) % n).reshape(RESAMPLES, -1)[:, :n]
    again = statistic(*(column[rows] for column in columns))
    tail = (1.0 - CONFIDENCE) / 2.0
    low, high = np.quantile(again, [tail, 1.0 - tail])
    found, wider = float(statistic(*columns)), stretch(n, h)
    return Interval(found, found + wider * (float(low) - found), found + wider * (float(high) - found))


@lru_cache
def stretch(n: int, h: int) -> float:
    """By how much 90% block intervals of a mean of ``n`` values that overlap for ``h`` must be longer to cover 90%.

    The bootstrap's own standard error of the mean is known without resampling: blocks are drawn from the n there are
    in the circle.
    """
    from scipy.special import ndtri

    records = _right(n, h)
    block = min(max(h, SHORTEST_BLOCK), n)
    middle = records.mean(axis=1)
    away = records - middle[:, None]
    ends = np.cumsum(np.hstack([np.zeros((RECORDS, 1)), away, away[:, :block]]), axis=1)
    sums = ends[:, block : block + n] - ends[:, :n]
    errors = np.sqrt((sums**2).mean(axis=1) / (n * block))
    reached = np.quantile(np.abs(middle) / np.maximum(errors, 1e-12), CONFIDENCE)
    return max(float(reached / ndtri((1.0 + CONFIDENCE) / 2.0)), 1.0)


def _right(n: int, h: int) -> Floats:
    """What right forecasts may look like: float64[records, n] outcomes on the normal scale, ``h`` quarters ahead.

    Two outcomes share the quarters that both look ahead to, so they are moving sums of what is new in each quarter.
    """
    new = np.random.default_rng([_SEED, n, h]).standard_normal((RECORDS, n + h - 1))
    ends = np.cumsum(np.hstack([np.zeros((RECORDS, 1)), new]), axis=1)
    return np.asarray((ends[:, h:] - ends[:, :n]) / math.sqrt(h))


def _width(normal: Floats, h: int) -> Interval:
    """Root mean square of outcomes on the normal scale, and the factors that make it no surprise."""
    found = math.sqrt(float((normal * normal).mean()))
    low, high = _by_chance(normal.size, h)
    return Interval(found, found / high, found / low)


@lru_cache
def _by_chance(n: int, h: int) -> tuple[float, float]:
    """Between what ends the root mean square of right forecasts lies nine times in ten."""
    tail = (1.0 - CONFIDENCE) / 2.0
    low, high = np.quantile(np.sqrt((_right(n, h) ** 2).mean(axis=1)), [tail, 1.0 - tail])
    return float(low), float(high)


def _share(hits: Floats, h: int) -> Interval:
    """A share of hits, within 0 and 1. Where every vintage or none hit, the end that says something is that of Clopper
    and Pearson for as many as do not overlap."""
    found = bootstrap(lambda hits: hits.mean(axis=-1), [hits], h)
    if found.estimate in (0.0, 1.0):
        far = ((1.0 - CONFIDENCE) / 2.0) ** (1.0 / math.ceil(hits.size / h))
        return Interval(found.estimate, min(found.estimate, far), max(found.estimate, 1.0 - far))
    return Interval(found.estimate, max(found.low, 0.0), min(found.high, 1.0))


def bars(horizons: Sequence[Horizon]) -> dict[str, Any]:
    """The bars set beforehand: 80% intervals hold 70-90% at 1 and 4 quarters; CRPS 10% below the best rival's at one
    horizon, and nowhere more than 5% above it."""
    coverage = {str(each.h): each.coverage[0.8].estimate for each in horizons if each.h in (1, 4)}
    skill = {str(each.h): each.skill[each.best].estimate for each in horizons}
    return {
        "coverage_80": coverage,
        "coverage_met": all(0.7 - 1e-9 <= share <= 0.9 + 1e-9 for share in coverage.values()),
        "skill_against_best": skill,
        "skill_met": max(skill.values()) >= 0.1 and min(skill.values()) >= -0.05,
    }


def _normal_scores(places: Floats, paths: int) -> Floats:
    """PIT values on the normal scale; one beyond every path counts as half a path from the end."""
    from scipy.special import ndtri

    edge = 0.5 / paths
    return np.asarray(ndtri(np.clip(places, edge, 1.0 - edge)))
