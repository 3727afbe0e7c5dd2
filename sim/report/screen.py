"""The screen after a run, as lines of text: at most 15, each as wide as the terminal or less (the last is a path)."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.cells import cell_len

from sim.report.numbers import (
    NONE,
    amount,
    count,
    measure,
    percent,
    period,
    precise,
    rate,
    threshold,
)
from sim.report.text import ELLIPSIS, plain

MOST = 15
NARROWEST = 72  # a narrower terminal breaks the lines itself
_DRIVERS = 3
_TELLING = 10  # cells below which the name of a driver says nothing: fewer are named instead
_FEW = 5  # rows that come before the second lines of what stands below them
_GAP = 2
Item = tuple[str, str]  # what and how much


def lines(summary: Mapping[str, Any], directory: Path, width: int) -> list[str]:
    """What a run says, from its ``summary`` (see `sim.analysis.summary.as_dict`).

    Every simulated number carries its standard error; the central case, which is one path, has none. Where the width
    forces it, labels are cut, never numbers.
    """
    width = max(width, NARROWEST)
    head = [_title(summary, width), cut(_facts(summary), width)]
    rows = _rows(summary)
    flows = [(lead, items) for lead, items in _flows(summary) if items]
    warnings = [plain(text) for text in summary.get("warnings", ())]
    results = ["Results", plain(directory)]
    indent = max(cell_len(lead) for lead in [*(lead for lead, _ in flows), results[0], "Warnings"]) + _GAP
    allowed = {lead: 1 if lead == "Sampling" else 2 for lead, _ in flows}

    def told() -> list[str]:
        return [line for lead, items in flows for line in flow(lead, items, indent, width, allowed[lead])]

    # Labels are cut to one line each, the least telling first, until all of it and one line of warnings fit.
    for lead in ("How often", "Percentile", *allowed):
        if len(head) + bool(rows) + min(len(rows), _FEW) + len(told()) + bool(warnings) + 1 <= MOST:
            break
        if lead in allowed:
            allowed[lead] = 1
    facts = told()
    room = MOST - len(head) - len(facts) - bool(warnings) - 2
    table = _table(summary, rows[:room], len(rows[room:]), width)
    left = MOST - len(head) - len(table) - len(facts) - 1
    return [*head, *table, *facts, *_warnings(warnings, indent, width, left), _lead(results[0], indent) + results[1]]


def cut(text: str, cells: int) -> str:
    """A text in at most so many terminal cells; East Asian characters take two."""
    if cell_len(text) <= cells:
        return text
    while text and cell_len(text) > cells - 1:
        text = text[:-1]
    return text.rstrip(" ,;·") + ELLIPSIS


def flow(lead: str, items: Sequence[Item], indent: int, width: int, most: int) -> list[str]:
    """``lead   item · item · item`` in at most ``most`` lines; labels are cut only as far as that needs.

    Items for which there is no room even so are replaced by an ellipsis, from the last one on.
    """
    room = width - indent
    if lead.startswith("P(") and len(_packed([" ".join(item) for item in items], room)) > 1:
        items = [("", items[0][1]), *items[1:]]  # whose value it is stands in the table above
    if lead == "Sampling" and len(_packed([" ".join(item) for item in items], room)) > most:
        items = [(label.replace("Monte Carlo", "MC"), number) for label, number in items]
    shown = list(items)
    while shown:
        more = [ELLIPSIS] if len(shown) < len(items) else []
        least = _TELLING if lead == "Rank corr." and len(shown) > 1 else 4
        for limit in range(room, least - 1, -1):
            texts = [f"{cut(label, limit)} {number}".strip() for label, number in shown] + more
            found = _packed(texts, room)
            if len(found) <= most and all(cell_len(line) <= room for line in found):
                return [_lead("" if i else lead, indent) + line for i, line in enumerate(found)]
        shown.pop()
    return [_lead(lead, indent) + ELLIPSIS]


def _packed(items: Sequence[str], room: int) -> list[str]:
    found: list[str] = []
    for item in items:
        if found and cell_len(f"{found[-1]} · {item}") <= room:
            found[-1] += f" · {item}"
        else:
            found.append(item)
    return found


def _lead(words: str, indent: int) -> str:
    return words + " " * (indent - cell_len(words))


def _title(summary: Mapping[str, Any], width: int) -> str:
    mark = " · " + plain(summary.get("hash") or summary["run"])[:8]
    if summary.get("scenario"):  # "base case" above the numbers of a bear would be read as the base case
        mark = f" · scenario {plain(summary['scenario'], 20)}{mark}"
    if summary.get("set"):
        mark = f" · {len(summary['set'])} by --set{mark}"
    return cut(plain(summary["study"]), width - cell_len(mark)) + mark


def _facts(summary: Mapping[str, Any]) -> str:
    seconds, paths = summary.get("seconds") or {}, int(summary["paths"])
    parts = [f"{count(paths)} paths", f"seed {summary['seed']}", plain(summary.get("sampler", ""), 12)]
    if "total" in seconds:
        parts.append(f"{amount(seconds['total'])} s")
    if seconds.get("simulate"):
        parts.append(f"{rate(paths / seconds['simulate'])} paths/s")
    if summary.get("invalid_paths"):
        parts.append(f"{count(summary['invalid_paths'])} invalid")
    return " · ".join(part for part in parts if part)


def _rows(summary: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The rows of the screen; where they are too many the target's output must not be among those left out."""
    goal = (summary.get("target") or {}).get("output")
    rows = list(summary.get("rows", ()))
    return rows if len(rows) <= _FEW else sorted(rows, key=lambda row: row["column"] != goal)


def _table(summary: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], hidden: int, width: int) -> list[str]:
    if not rows:
        return []
    labels, cells = [], [["P5", "P50", "P95", "central"]]
    for row in rows:
        leaf, when = leaf_of(summary, str(row["column"]))
        at, errors = leaf["percentiles"], leaf.get("percentile_errors", {})
        central = (summary.get("central") or {}).get(row["column"])
        numbers = [precise(at.get(p), errors.get(p)) for p in ("5", "50", "95")]
        cells.append([*numbers, amount(math.nan if central is None else central)])
        label = plain(row["label"])
        after = f" {period(when)}" if when else ""
        labels.append((label, after + measure(label, str(row["unit"])).removeprefix(label)))
    wide = [max(cell_len(row[i]) for row in cells) for i in range(4)]
    room = width - sum(wide) - _GAP * 4
    note = f"± s.e.; {hidden} more in summary.csv" if hidden else "± standard error"
    # The label gives way, never the period or, while there is room for it, the unit.
    names = [cut(note, room), *(cut(cut(label, max(room - cell_len(rest), 6)) + rest, room) for label, rest in labels)]
    left = max(cell_len(name) for name in names)
    return [
        _lead(name, left) + "".join(" " * (_GAP + wide[i] - cell_len(c)) + c for i, c in enumerate(row))
        for name, row in zip(names, cells, strict=True)
    ]


def leaf_of(summary: Mapping[str, Any], column: str) -> tuple[Mapping[str, Any], str]:
    """The statistics of a column and its period: ``ai_cloud_revenue.FY2027`` -> (leaf, "FY2027")."""
    outputs: Mapping[str, Any] = summary["outputs"]
    if column in outputs and "percentiles" in outputs[column]:
        return outputs[column], ""
    cell, _, when = column.rpartition(".")
    return outputs[cell][when], when


def _flows(summary: Mapping[str, Any]) -> list[tuple[str, list[Item]]]:
    return [
        *_target(summary),
        ("Precision", _precision(summary)),
        ("How often", _shares(summary)),
        ("Rank corr.", _drivers(summary)),
        ("Sampling", _sampling(summary)),
    ]


def _target(summary: Mapping[str, Any]) -> list[tuple[str, list[Item]]]:
    target = summary.get("target")
    if not target:
        return []
    unit = str(target.get("unit", "1"))
    leaf, when = leaf_of(summary, str(target["output"]))
    label = " ".join(w for w in (plain(leaf.get("label", target["output"])), period(when)) if w)
    tests = [(label, target), *((plain(k), v) for k, v in (target.get("alternatives") or {}).items())]
    marks = [
        (
            f"price {threshold(mark['at_least'], unit)}" if word == "price" else threshold(mark["at_least"], unit),
            _rank(mark),
        )
        for word, mark in (target.get("percentile_of") or {}).items()
    ]
    lead = f"P(≥ {threshold(target['at_least'], unit)})"
    return [(lead, [(name, chance(test)) for name, test in tests]), ("Percentile", marks)]


def chance(test: Mapping[str, Any]) -> str:
    """``42.10 ±0.05%``; where every path agrees the exact 95% bound: ``0% (95%: up to 0.0037%)``."""
    share, interval = test.get("probability"), test.get("interval")
    if share in (0, 1) and interval:
        end = f"up to {interval[1] * 100:.2g}%" if share == 0 else f"from {percent(interval[0], 4)}"
        return f"{percent(share)} (95%: {end})"
    return _hundredfold(share, test.get("standard_error"), "%")


def _hundredfold(share: float | None, error: float | None, mark: str) -> str:
    if share is None:
        return NONE
    return precise(share * 100, None if error is None else error * 100) + mark


def _rank(mark: Mapping[str, Any]) -> str:
    below = mark["percentile"]
    share, interval = below.get("probability"), below.get("interval")
    if share in (0, 1) and interval:  # no path lies on one side: the exact 95% bound, never "±0"
        return f"below {interval[1] * 100:.2g}" if share == 0 else f"above {interval[0] * 100:.4g}"
    return _hundredfold(share, below.get("standard_error"), "")


def _shares(summary: Mapping[str, Any]) -> list[Item]:
    found: list[Item] = []
    before = ""
    for share in summary.get("shares", ()):
        label = plain(share["label"])
        words = [label if label != before else "", period(str(share.get("period") or ""))]
        number = _hundredfold(share.get("mean"), share.get("standard_error"), "%")
        # The period belongs to the number: a cut takes the label before it.
        found.append((words[0], f"{words[1]} {number}".strip()))
        before = label
    return found


def _precision(summary: Mapping[str, Any]) -> list[Item]:
    """What was asked for and reached: the largest half-width of each kind of interval, and what it should be."""
    asked = summary.get("precision")
    if not asked:
        return []
    found: list[Item] = []
    sure = f"{100 * asked['asked']['confidence']:g}%"
    verdict = asked["verdict"]
    if verdict:
        hurdle = f"{100 * verdict['hurdle']:g}%"
        looks = f"{sure} sure over {verdict['looks_planned']} looks"
        is_open = verdict["answer"] == "open"
        found.append(("P", f"not settled against {hurdle}" if is_open else f"{verdict['answer']} {hurdle}, {looks}"))
    if asked["errors"]:
        found.append(("", f"{'reached' if asked['met'] else 'not reached'} at {sure}"))
    names = {"probability": "P", "mean": "means", "percentiles": "percentiles"}
    for kind, worst in asked["errors"].items():
        error = NONE if worst["error"] is None else f"{100 * worst['error']:.2g}%"
        found.append((names[kind], f"{error} of {100 * worst['asked']:g}%"))
    times = [f"{number:g}x the paths" for _, number in _against_plain(summary).values()]
    return [*found, *([("plain Monte Carlo", times[0])] if times else [])]


def _sampling(summary: Mapping[str, Any]) -> list[Item]:
    """What plain Monte Carlo would have done; where a precision was asked for that stands with it."""
    if summary.get("precision"):
        return []
    found = _against_plain(summary)
    items = {"P": ("plain Monte Carlo: P", "% ({:g}x the paths)"), "mean": ("mean", " ({:g}x)")}
    return [(items[kind][0], f"±{error:g}" + items[kind][1].format(times)) for kind, (error, times) in found.items()]


def _against_plain(summary: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    """The standard error of plain Monte Carlo on as many paths, and how many times the paths it needs for ours."""
    against = (summary.get("sampling") or {}).get("against_plain") or {}
    return {
        word: (float(f"{size * each['plain_standard_error']:.2g}"), float(f"{each['variance_ratio']:.2g}"))
        for word, kind, size in (("P", "probability", 100), ("mean", "mean", 1))
        if (each := against.get(kind)) and each["variance_ratio"]
    }


def _drivers(summary: Mapping[str, Any]) -> list[Item]:
    """Three decimals of a correlation are enough: a smaller error is shown as one of the last, unless there is none."""
    return [
        (plain(driver["label"]), precise(driver["rank_correlation"], error and max(error, 0.001)))
        for driver in summary.get("top_drivers", ())[:_DRIVERS]
        for error in (driver["standard_error"],)
    ]


def _warnings(texts: Sequence[str], indent: int, width: int, most: int) -> list[str]:
    if not texts:
        return []
    wrapped = [textwrap.wrap(text, width - indent) or [""] for text in texts]
    found: list[str] = []
    for i, block in enumerate(wrapped):
        others = len(wrapped) - i - 1
        # What does not fit is named, not hidden: the last line says how many more there are.
        if len(found) + len(block) > most - bool(others):
            more = f" (+{others} more, see summary.json)" if others else ""
            keep = most - len(found)
            found += block[: keep - 1]
            rest = " ".join(block[keep - 1 :])
            found.append(cut(rest, width - indent - cell_len(more)) + more)
            break
        found += block
    return [_lead("Warnings" if i == 0 else "", indent) + line for i, line in enumerate(found)]
