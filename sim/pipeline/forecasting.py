"""`sim forecast` and `sim score`: what a run says of the future, kept unchanged, and how it turned out."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import InputError, Problem, did_you_mean
from sim.pipeline.stored import RESULTS

if TYPE_CHECKING:
    from sim.analysis.scoring import Scorecard
    from sim.run.result import Run

QUARTER = re.compile(r"^\d{4}Q[1-4]$")
SIZE = 200  # equally likely values that stand for a distribution: CRPS is kept to some 0.1%
PERCENTILES = (1, 5, 10, 25, 50, 75, 90, 95, 99)
DIGITS = 10


@dataclass(frozen=True)
class Recorded:
    """Forecasts of a run, as they are (to be) recorded. ``new`` of them were added; ``head`` seals the ledger.

    ``errors`` are the forecasts' Monte Carlo errors, which are no part of what is recorded.
    """

    forecasts: tuple[Mapping[str, Any], ...]
    errors: tuple[Mapping[str, Any], ...]
    recorded: bool
    new: int
    head: str
    entries: int
    loss: str

    def as_dict(self) -> dict[str, Any]:
        return {
            "forecasts": [dict(each) for each in self.forecasts],
            "errors": [dict(each) for each in self.errors],
            "recorded": self.recorded,
            "new": self.new,
            "head": self.head,
            "entries": self.entries,
            "loss": self.loss,
        }


def forecast(
    reference: str,
    *,
    outputs: Sequence[str] = (),
    statements: Sequence[str] = (),
    by: str = "",
    record: bool = False,
    out: Path = RESULTS,
) -> Recorded:
    """What a stored run forecasts, and with ``record`` an entry of the ledger for each.

    Without ``outputs``: the target's output and every output of a single quarter that the run was not told.
    ``statements`` are further probability statements such as ``cloud_revenue.2025Q3>=38``; ``by`` is the day on which
    outputs without a period fall due. What the ledger holds already is not recorded twice.
    """
    from sim.run import ledger, store

    run = store.open_run(store.find(reference, out))
    _day("--by", by)
    asked = _statements(run, statements)
    names = list(dict.fromkeys([*_names(run, outputs), *asked]))
    _unseen(run, names)
    goal = run.target
    if goal is not None:
        asked.setdefault(str(goal["output"]), []).insert(0, float(goal["at_least"]))
    found = tuple(_forecast(run, name, asked.get(name, []), by) for name in names)
    errors = tuple(_errors(run, each) for each in found)
    before = ledger.read(out)
    if not record:
        return Recorded(found, errors, False, 0, before.head, len(before.entries), before.loss)
    after = ledger.append(out, found, once=True)
    return Recorded(found, errors, True, after.added, after.head, len(after.entries), before.loss)


def score(
    outcomes: Sequence[str] = (),
    *,
    source: str = "",
    published: str = "",
    studies: Sequence[str] = (),
    out: Path = RESULTS,
) -> tuple[Scorecard, dict[str, Any]]:
    """Enter outcomes, if any are given, and score what can be scored; with the state of the ledger."""
    from sim.analysis import scoring
    from sim.run import ledger

    held = ledger.read(out)
    loss = held.loss
    if outcomes:
        if not source.strip():
            raise InputError(Problem("--source", "an outcome needs its source", "name the document it was read in"))
        _day("--published", published)
        today = datetime.now().astimezone().date().isoformat()
        if published > today:
            what = f"{published} lies ahead: an outcome is known once it is published"
            raise InputError(Problem("--published", what, "give the day on which it came out"))
        bodies = _outcomes(outcomes, held.entries, source.strip(), published, studies)
        held = ledger.append(out, bodies)
    card = scoring.analyse(held.entries)
    return card, {"head": held.head, "entries": len(held.entries), "loss": loss, "file": str(held.file)}


def forecast_lines(found: Mapping[str, Any], width: int) -> list[str]:
    """What `Recorded.as_dict` says in a terminal."""
    from sim.report.screens import score as screen

    return screen.forecast_lines(found, width)


def score_lines(found: Mapping[str, Any], width: int) -> list[str]:
    """What the scores say in a terminal."""
    from sim.report.screens import score as screen

    return screen.lines(found, width)


def _names(run: Run, outputs: Sequence[str]) -> list[str]:
    columns = run.manifest["columns"]
    if outputs:
        found: list[str] = []
        for name in outputs:
            of = [c["name"] for c in columns if name in (c["name"], c["cell"])]
            if not of and name not in run.drivers and "." not in name.replace("@", "."):
                cells = {c["cell"] for c in columns}
                advice = (
                    did_you_mean(name, {*cells, *run.drivers}) or f"name one such as {', '.join(sorted(cells)[:3])}"
                )
                raise InputError(Problem("--output", f'the run has no output "{name}"', advice))
            found += of or [run.known(name.replace("@", "."))]
        return list(dict.fromkeys(found))
    goal = run.target
    wanted = [
        *([] if goal is None else [str(goal["output"])]),
        *(c["name"] for c in columns if QUARTER.match(c["period"])),
    ]
    found = [name for name in dict.fromkeys(wanted) if name not in _seen(run)]
    if not found:
        raise InputError(
            Problem(
                "--output", "the run has neither a target nor an output of a quarter", "name the outputs to forecast"
            )
        )
    return found


def _seen(run: Run) -> set[str]:
    """The columns that an updated run was told."""
    return {f"{o['name']}.{o['period']}" if o["period"] else o["name"] for o in run.manifest.get("observations", ())}


def _unseen(run: Run, names: Iterable[str]) -> None:
    told = [name for name in names if name in _seen(run)]
    if told:
        what = f"run {run.manifest['run']} was told {told[0]}: that is no forecast"
        raise InputError(Problem("--output", what, f"forecast it with the run before, {run.manifest['parent']['run']}"))


def _forecast(run: Run, name: str, thresholds: Sequence[float], by: str) -> dict[str, Any]:
    import numpy as np

    from sim.analysis.estimate import at_least
    from sim.run import store

    column = run.column(name)
    valid = np.sort(column[np.isfinite(column)])
    if valid.size == 0:
        raise InputError(Problem("--output", f"no path of {name} is valid", "leave it out"))
    facts = {c["name"]: c for c in run.manifest["columns"]}.get(name, {"cell": name, "period": ""})
    marks = np.quantile(valid, [p / 100 for p in PERCENTILES])
    return {
        "kind": "forecast",
        "study": run.directory.resolve().parent.name,
        "title": run.manifest["study"],
        "version": store.digest(run.manifest["config_hash"] + run.manifest["hashes"]["model"])[:8],
        "run": run.manifest["run"],
        "run_hash": run.manifest["hash"],
        "as_of": run.manifest["as_of"],
        "output": name,
        "cell": facts["cell"],
        "period": facts["period"],
        "unit": run.unit(name),
        "by": "" if facts["period"] else by,
        "paths": int(valid.size),
        "invalid": int(column.size - valid.size),
        "mean": _short(valid.mean()),
        "sd": _short(valid.std()),
        "percentiles": {str(p): _short(x) for p, x in zip(PERCENTILES, marks, strict=True)},
        "sample": [_short(x) for x in np.quantile(valid, (np.arange(SIZE) + 0.5) / SIZE)],
        "probabilities": [
            {"at_least": each, "probability": _short(at_least(column, each).probability)} for each in thresholds
        ],
    }


def _errors(run: Run, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Standard errors of what an entry says, None where there is none, and its probabilities with theirs."""
    from sim.analysis.estimate import at_least, describe, finite

    column = run.column(str(entry["output"]))
    found = describe(column, replicates=run.replicates)
    chances = [at_least(column, each["at_least"], run.replicates) for each in entry["probabilities"]]
    return {
        "output": entry["output"],
        "mean": finite(found.standard_error),
        "percentiles": {str(p): finite(found.percentile_errors[p]) for p in PERCENTILES},
        "probabilities": [each.as_dict() for each in chances],
    }


def _short(value: Any) -> float:
    return float(f"{float(value):.{DIGITS}g}")


def _statements(run: Run, texts: Sequence[str]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for text in texts:
        name, sign, number = text.replace("≥", ">=").partition(">=")
        value = _number("--at-least", text, number) if sign else math.nan
        if not sign:
            raise InputError(Problem("--at-least", f'"{text}" is no statement', "write OUTPUT>=NUMBER"))
        found.setdefault(run.known(name.strip().replace("@", ".")), []).append(value)
    return found


def _outcomes(
    texts: Sequence[str],
    entries: Sequence[Mapping[str, Any]],
    source: str,
    published: str,
    studies: Sequence[str],
) -> list[dict[str, Any]]:
    """Entries for what came true. Each must be the outcome of a recorded forecast, in one unit."""
    forecasts = [each for each in entries if each["kind"] == "forecast"]
    unknown = [study for study in studies if study not in {each["study"] for each in forecasts}]
    if unknown:
        advice = did_you_mean(unknown[0], {each["study"] for each in forecasts}) or "see the studies in `sim score`"
        raise InputError(Problem("--study", f'the ledger has no forecast of the study "{unknown[0]}"', advice))
    found = []
    for text in texts:
        name, sign, number = text.partition("=")
        output = name.strip().replace("@", ".")
        if not sign or not output:
            raise InputError(Problem("--outcome", f'"{text}" is no outcome', 'write "cloud_revenue.2025Q3=39.8"'))
        value = _number("--outcome", text, number)
        mine = [each for each in forecasts if each["output"] == output and (not studies or each["study"] in studies)]
        if not mine:
            advice = (
                did_you_mean(output, {each["output"] for each in forecasts})
                or "record it with `sim forecast RUN --record`"
            )
            raise InputError(Problem("--outcome", f"nobody has forecast {output}", advice))
        units = sorted({each["unit"] for each in mine})
        if len(units) > 1:
            raise InputError(
                Problem(
                    "--outcome", f"{output} was forecast in {' and '.join(units)}", "say with --study which is meant"
                )
            )
        found.append(
            {
                "kind": "outcome",
                "output": output,
                "value": value,
                "unit": units[0],
                "studies": sorted({each["study"] for each in mine}),
                "source": source,
                "published": published,
            }
        )
    return found


def _number(option: str, text: str, number: str) -> float:
    from sim.config.yaml import resolve

    value = resolve(number.strip())
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InputError(
            Problem(option, f'"{text}": {number.strip() or "nothing"} is no number', "write one such as 39.8")
        )
    return float(value)


def _day(option: str, text: str) -> None:
    if not text:
        return
    try:
        date.fromisoformat(text)
    except ValueError:
        raise InputError(
            Problem(option, f'"{text}" is no day', "write it as year-month-day, such as 2025-11-14")
        ) from None
