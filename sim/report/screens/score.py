"""The screens of `sim forecast` and `sim score`: what was said, and how it turned out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.report.numbers import NONE, amount, count, fixed, in_column, precise, threshold
from sim.report.screen import chance
from sim.report.screens import layout
from sim.report.text import plain

_MOST = 20
_HEAD = 16
_WIDE = 100


def lines(found: Mapping[str, Any], width: int) -> list[str]:
    """What the scores say; ``found`` is `Scorecard.as_dict` with ``ledger``, the state of the file."""
    said = layout.wrapped(answer(found), width)
    if found["scored"]:
        said += layout.aligned(_groups(found), width)
        said += layout.aligned(_items(found), width)
        if len(found["scored"]) > _MOST:
            said.append(f"and {len(found['scored']) - _MOST} earlier forecasts")
    if found["waiting"]:
        names = list(dict.fromkeys(_due(each) for each in found["waiting"]))
        more = f" and {len(names) - 6} more" if len(names) > 6 else ""
        said += layout.wrapped(f"Waiting for {', '.join(names[:6])}{more}", width)
    if found["hindsight"]:
        late = _many(len(found["hindsight"]), "forecast")
        said += layout.wrapped(f"Not scored: {late} recorded when the outcome was out already", width)
    if found["corrected"]:
        again = _many(len(found["corrected"]), "outcome")
        said += layout.wrapped(f"Corrected later: {again}; the newest value counts", width)
    if found["undated"]:
        many = _many(len(found["undated"]), "outcome")
        blind = f"{many} without --published: a forecast made after the news, but before it was entered, counts"
        said += layout.wrapped(blind, width)
    return said + _ledger(found["ledger"], width)


def answer(found: Mapping[str, Any]) -> str:
    """``80% intervals held 4 of 5 forecasts ...``, or why nothing can be scored."""
    scored = found["scored"]
    if not scored:
        if not found["forecasts"]:
            return "Nothing to score: the ledger holds no forecast; record one with `sim forecast RUN --record`"
        return f"Nothing to score yet: {_many(found['forecasts'], 'forecast')} without a known outcome"
    total = len(scored)
    held = ", ".join(str(found["held"][share]) for share in ("50", "80", "90"))
    brier = found["brier"]
    odds = "" if brier is None else f"; mean Brier score {fixed(brier, 3)} ({_many(found['statements'], 'statement')})"
    known = f"{_many(total, 'forecast')} with a known outcome"
    return f"Intervals of 50, 80 and 90% held {held} of {known}{odds}"


def _groups(found: Mapping[str, Any]) -> list[list[str]]:
    rows = [["By output and study version", "n", "50%", "80%", "90%", "mean PIT", "CRPS", "Brier"]]
    for each in found["groups"]:
        n, pits = each["forecasts"], each["pits"]
        held = [f"{each['hits'][share]}/{n}" for share in ("50", "80", "90")]
        brier = "" if each["brier"] is None else fixed(each["brier"], 3)
        name = f"{plain(each['cell'], 40)}, {plain(each['study'], 30)} {each['version']}"
        unit = "" if each["unit"] == "1" else f" {plain(each['unit'], 12)}"
        crps = amount(each["crps"]) + unit
        rows.append([name, str(n), *held, fixed(sum(pits) / n, 2), crps, brier])
    return rows


def _items(found: Mapping[str, Any]) -> list[list[str]]:
    rows = [["Forecast", "for", "recorded", "P50", "outcome", "PIT", "CRPS", "80% held"]]
    for each in found["scored"][-_MOST:]:
        unit = each["unit"]
        rows.append(
            [
                plain(each["cell"], 48),
                each["period"],
                each["recorded"][:10],
                in_column(each["median"], unit),
                threshold(each["outcome"], unit),
                fixed(each["pit"], 2),
                amount(each["crps"]),
                "yes" if each["hits"]["80"] else "no",
            ]
        )
    return rows


def _many(number: int, word: str) -> str:
    return f"{count(number)} {word}{'' if number == 1 else 's'}"


def _due(each: Mapping[str, Any]) -> str:
    return plain(each["output"], 48) + (f" (by {each['by']})" if each["by"] else "")


def forecast_lines(found: Mapping[str, Any], width: int) -> list[str]:
    """What a run forecasts, with its Monte Carlo errors, and whether the ledger has it."""
    said = layout.wrapped(_stated(found), width)
    narrow = width < _WIDE  # units then stand in a line of their own: names need the room
    rows = [["Forecast", "for", "P5", "P50", "P95", *([] if narrow else ["unit"])]]
    stated: list[str] = []
    units: dict[str, dict[str, None]] = {}
    for each, errors in zip(found["forecasts"], found["errors"], strict=True):
        unit, at, cell = plain(each["unit"], 16), each["percentiles"], plain(each["cell"], 48)
        name = plain(each["output"], 48)
        stated += [
            f"P({name} ≥ {threshold(p['at_least'], each['unit'])}) {chance(share)}"
            for p, share in zip(each["probabilities"], errors["probabilities"], strict=True)
        ]
        marks = [precise(at[p], errors["percentiles"][p]).removesuffix(" ±0") for p in ("5", "50", "95")]
        last = [] if narrow else ["" if unit == "1" else unit]
        rows.append([cell, each["period"] or each["by"], *marks, *last])
        if len(rows) <= _MOST + 1:
            units.setdefault(unit, {})[cell] = None
    said += layout.aligned(rows[: _MOST + 1], width)
    if len(found["forecasts"]) > _MOST:
        said.append(f"and {len(found['forecasts']) - _MOST} more")
    if narrow and set(units) != {"1"}:
        of = [f"{unit} ({', '.join(cells)})" for unit, cells in units.items() if unit != "1"]
        said += layout.wrapped("Units      " + " · ".join(of), width)
    said += layout.wrapped("Statements " + " · ".join(stated), width) if stated else []
    return said + _ledger(found, width)


def _stated(found: Mapping[str, Any]) -> str:
    total, new = len(found["forecasts"]), found["new"]
    run = plain(found["forecasts"][0]["run"]) if found["forecasts"] else NONE
    what = f"{_many(total, 'forecast')} of run {run}"
    if not found["recorded"]:
        return f"{what}, not recorded; --record enters them in the ledger"
    if new == total:
        return f"{what} recorded"
    return f"{what}: {new} recorded, {total - new} were in the ledger already"


def _ledger(state: Mapping[str, Any], width: int) -> list[str]:
    said = []
    if state["loss"]:
        said += layout.wrapped(f"Loss: {plain(state['loss'])}; all entries before it are whole", width)
    if state["entries"]:
        said += layout.wrapped(
            f"Ledger   {count(state['entries'])} entries, every seal fits; head {state['head'][:_HEAD]}"
            " (keep it elsewhere: it proves that nothing before it was changed)",
            width,
        )
    return said
