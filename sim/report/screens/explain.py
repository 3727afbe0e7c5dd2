"""The screen of `sim explain`: what drives it most, then a row for each driver that matters."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sim.analysis.quantity import EXTREME
from sim.report.numbers import NONE, bare, count, fixed, in_column, percent, period, precise, threshold
from sim.report.screens import layout
from sim.report.text import plain, shortened

Facts = Mapping[str, Any]
SHOWN = 10
_NAME = 48  # characters of a label in a sentence
_NOTED = 2  # groups named; every letter is one
_WIDE = 112  # columns from which the table also has the given-data index
_CLEAR = 2.0  # standard errors by which the first must lead to be called the first


@dataclass(frozen=True)
class Row:
    """One driver or innovation: its share of the variance, the main one of the answer, and what goes beside it."""

    name: str
    label: str
    share: Facts
    total: Facts | None
    group: int | None
    bar: Facts | None
    rank: float | None
    first_order: Facts | None
    grade: str


def lines(found: Facts, width: int) -> list[str]:
    """What drives the output; ``found`` as `sim.pipeline.explaining.explain` gives it."""
    every = rows(found)
    said = [headline(found, every), *_facts(found)]
    table = _table(found, every, width)
    wrapped = [line for text in said for line in layout.wrapped(text, width)]
    notes = [line for text in _notes(found, every) for line in layout.wrapped(text, width)]
    return [*wrapped, *table, *notes, *layout.figure(found.get("files", ()))]


def rows(found: Facts) -> list[Row]:
    """Every driver and innovation that has a share, the largest first: Shapley's, or the given-data one without it."""
    alone = {each["driver"]: each for each in found["given_data"]["drivers"]}
    ranked = {each["driver"]: each["rank_correlation"] for each in found["rank_correlations"]}
    bars = {each["driver"]: each for each in (found["tornado"] or {"bars": ()})["bars"]}
    totals = {name: index for index in (found["sobol"] or {"indices": ()})["indices"] for name in index["members"]}
    groups = {name: i for i, group in enumerate(found["groups"]) for name in group}
    if found["shapley"] is not None:
        shares = {each["player"]: each for each in found["shapley"]["effects"]}
    else:
        shares = {name: each | {"share": each["first_order"]} for name, each in alone.items()}
    made = [
        Row(
            name,
            label(found, name),
            share,
            totals[name]["total"] if name in totals else None,
            groups.get(name),
            bars.get(name),
            ranked.get(name),
            alone.get(name),
            found.get("grades", {}).get(name, ""),
        )
        for name, share in shares.items()
    ]
    return sorted(made, key=lambda row: (-row.share["share"], row.name))


def label(found: Facts, name: str) -> str:
    """The label of a driver; a name in words where it has none."""
    given = plain(found["labels"].get(name, name))
    return given if given != name else plain(name.replace("_", " ").capitalize())


def subject(found: Facts) -> str:
    """``Value per ADS``, ``AI-cloud revenue FY28E``."""
    when = period(str(found["output"]).partition(".")[2])
    return " ".join(word for word in (plain(found["label"]), when) if word)


def aim(found: Facts) -> str:
    """What is shared out: ``the variance of Value per ADS``, ``whether Value per ADS reaches $179``."""
    if found["at_least"] is None:
        return f"the variance of {subject(found)}"
    return f"whether {subject(found)} reaches {threshold(found['at_least'], str(found['unit']))}"


def share_of(share: Facts) -> str:
    """``31.2 ±0.4%``, to the hundredth of a per cent at most."""
    error = share["standard_error"]
    return precise(share["share"] * 100, math.nan if error is None else max(error * 100, 0.01)) + "%"


def pair(low: float, high: float, unit: str) -> tuple[str, str]:
    """Two ends with the decimals that tell them apart: ``$146`` and ``$200``, ``2.31x`` and ``2.35x``."""
    gap, size = abs(high - low), max(abs(low), abs(high))
    if not gap >= 1e-4 or size >= 999_500:
        return in_column(low, unit), in_column(high, unit)
    # Two digits of the gap; of numbers from a hundred on one is enough.
    decimals = max(-math.floor(math.log10(gap / 3)), 0) if size >= 99.95 else max(1 - math.floor(math.log10(gap)), 0)
    return bare(unit).around(fixed(low, decimals)), bare(unit).around(fixed(high, decimals))


def leads(first: Row, second: Row | None) -> bool:
    """Whether the first share exceeds the second by more than chance."""
    if second is None:
        return True
    # Shares of one whole go against each other, so their errors may add up.
    error = (first.share["standard_error"] or 0.0) + (second.share["standard_error"] or 0.0)
    return bool(first.share["share"] - second.share["share"] > _CLEAR * error)


def headline(found: Facts, every: Sequence[Row]) -> str:
    """The answer: what drives it most, its share with its error, and what comes next."""
    first, rest = every[0], list(every[1:3])
    what = aim(found)
    verb = "drives" if found["shapley"] is not None else "explains by itself"
    name, others = shortened(first.label, _NAME), [shortened(row.label, _NAME) for row in rest]
    if not leads(first, rest[0] if rest else None):
        pair = f"{name} and {others[0]} drive most of {what}, nobody can say which more"
        return f"{pair}: {share_of(first.share)} and {share_of(rest[0].share)}"
    then = " and ".join(
        f"{n} {share_of(row.share)}" for n, row in zip(others, rest, strict=True) if row.share["share"] > 0
    )
    return f"{name} {verb} {share_of(first.share)} of {what}" + (f"; then {then}" if then else "")


def _facts(found: Facts) -> list[str]:
    run = f"{count(found['paths'])} paths of the run"
    if found["at_least"] is not None:
        run += f", {percent(found['mean'], 1)} of which reach it"
    if found["invalid"]:
        run += f" ({count(found['invalid'])} invalid ones count as average)"
    if found["shapley"] is None:
        return [f"First-order indices from {run}; ± standard error. {plain(found['refused'])}"]
    together = precise(*(100 * found["sobol"]["additive"][key] for key in ("share", "standard_error")))
    return [
        f"Shapley effects (they add up to 100%) on {count(found['valuations'])} paths valued anew, beside {run};"
        f" ± standard error; without interactions {together}%"
    ]


def _table(found: Facts, every: Sequence[Row], width: int) -> list[str]:
    shown, others = every[:SHOWN], every[SHOWN:]
    unit, wide = str(found["unit"]), width >= _WIDE
    if found["shapley"] is None:
        table = [["", "First order", "Rank corr.", "Grade"]]
        table += [[row.label, share_of(row.share), _rank(row), row.grade or "-"] for row in shown]
        return layout.aligned(table, width)
    probability = found["at_least"] is not None
    first = ["First order"] if wide else []
    table = [["", "Shapley", "Sobol total", *first, "Mean P10", "→ P90", "Rank", "Grade"]]
    if probability:
        table[0][-4] = "P at P10"
    marks = _marks(shown)
    for row in shown:
        total = NONE if row.total is None else share_of(row.total)
        mark = f" {marks[row.group]}" if row.group in marks else "  " if marks else ""
        alone = [] if not wide else [NONE if row.first_order is None else _first_order(row.first_order)]
        ends = _ends(row.bar, unit, probability)
        table.append([row.label, share_of(row.share), total + mark, *alone, *ends, _rank(row), row.grade or "-"])
    if others:
        rest = percent(sum(row.share["share"] for row in others), 1)
        table.append([f"{len(others)} others together", rest])
    return layout.aligned(table, width)


def _first_order(found: Facts) -> str:
    return share_of({"share": found["first_order"], "standard_error": found["standard_error"]})


def _ends(bar: Facts | None, unit: str, probability: bool) -> tuple[str, str]:
    """The output at a driver's P10 and P90; an innovation has neither."""
    if bar is None:
        return "", ""
    low, high = (end["value"] for end in bar["mean"])
    if low is None or high is None:
        return NONE, NONE
    return (percent(low), percent(high)) if probability else pair(low, high, unit)


def _rank(row: Row) -> str:
    return "" if row.rank is None else fixed(row.rank, 2)


def _marks(shown: Sequence[Row]) -> dict[int | None, str]:
    """A letter for each group of correlated drivers, in the order of the rows."""
    groups = dict.fromkeys(row.group for row in shown if row.group is not None)
    return {group: chr(ord("a") + i) for i, group in enumerate(groups)}


def _notes(found: Facts, every: Sequence[Row]) -> list[str]:
    if found["shapley"] is None:
        return ["A driver's first order counts what comes with it too: correlated drivers share theirs"]
    said = []
    if found["extreme"] > EXTREME:
        said.append(
            f"Warning: 1 path in 10,000 carries {percent(found['extreme'])} of this variance, so shares and their"
            " errors lean on rare extremes; those of --probability do not"
        )
    for group, mark in list(_marks(every[:SHOWN]).items())[:_NOTED]:
        assert group is not None
        members = found["groups"][group]
        names = ", ".join(shortened(label(found, name), 24) for name in members[:3])
        rest = f" and {len(members) - 3} more" if len(members) > 3 else ""
        said.append(f"{mark}: index of {len(members)} correlated drivers together ({names}{rest})")
    said.append("P10 → P90: mean with the driver set and all others drawn, correlated or not")
    return said
