"""What `sim believe` says: the change of belief in one sentence, then thresholds, the box, and what is implied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.report.numbers import NONE, bare, fixed, in_column, ordinal, percent, period, precise, threshold
from sim.report.screens.layout import aligned, wrapped
from sim.report.text import plain

Facts = Mapping[str, Any]
SHOWN = 6  # drivers in a table
_OUT = "beyond"


def lines(found: Facts, width: int = 100) -> list[str]:
    """The screen of `sim.analysis.believe.Belief.as_dict`."""
    said = [headline(found), *wrapped(_cost(found), width)] if found["few"] else [headline(found)]
    if found["thresholds"]:
        said += ["", *aligned(thresholds(found), width)]
    if found["box"]:
        said += ["", *wrapped(box(found), width)]
    if found["implied"]:
        said += ["", *aligned(implied(found), width)]
    for sentence in found["refusals"].values():
        if sentence not in said[0]:
            said += wrapped(f"Not said: {sentence}.", width)
    return said


def headline(found: Facts) -> str:
    """The answer, to be read out: ``For $179 to be as likely as not you must believe in a P/E of 11.1x, not 10.4x``."""
    goal, now = f"{label(found, found['output'])} of {_goal(found)}", _now(found)
    if found["refusals"].get("paths"):
        return f"Nothing can be said of {goal} from this run: {found['refusals']['paths']}."
    if not found["few"]:
        why = found["refusals"].get("shift", "no shift was found")
        return f"What to believe for {goal} to be {_wanted(found)} cannot be said: {why}."
    moved = [shift for shift in found["few"]["drivers"] if shift["chosen"] and shift["share_of_surprise"] > 0]
    moved.sort(key=lambda shift: -shift["share_of_surprise"])
    beliefs = [_belief(found, shift) for shift in moved]
    list_ = beliefs[0] if len(beliefs) == 1 else f"{', '.join(beliefs[:-1])} and {beliefs[-1]}"
    if found["probability"] < found["wanted_probability"]:
        return f"For {goal} to be {_wanted(found)} (now {now}) you must believe in {list_}."
    return f"{goal} is likelier than that already ({now}); to make it only {_wanted(found)} believe in {list_}."


def thresholds(found: Facts) -> list[list[str]]:
    """One row a driver: median, median given success, from where on success is as likely as wanted."""
    wanted = percent(found["wanted_probability"])
    rows = [["One driver alone", "median, given success", f"{wanted} likely from", "percentile"]]
    given = {each["name"]: each for each in found["given_success"]}
    for each in found["thresholds"][:SHOWN]:
        unit, of = unit_of(found, each["name"]), given[each["name"]]
        # Their errors, in the stored result, lie below the digits shown.
        medians = apart(of["all"]["percentiles"]["50"], of["given_success"]["percentiles"]["50"], unit)
        rows.append([label(found, each["name"]), " → ".join(medians), *limit(found, each)])
    return rows


def limit(found: Facts, each: Facts) -> tuple[str, str]:
    """A driver's threshold and its percentile in words: ``≥ 11.25x ±0.01`` and ``65th``, or ``none``."""
    if each["value"] is None:
        return ("any value", "") if each["always"] else ("none", f"at most {percent(_most(each))}")
    sign = "≥" if each["side"] == "at least" else "≤"
    mark = "" if each["monotone"] else " (not monotone)"
    error = each["standard_error"]
    return f"{sign} {_estimate(each['value'], error, unit_of(found, each['name']))}{mark}", place(each["percentile"])


def box(found: Facts) -> str:
    """The box in one sentence, with coverage and density."""
    facts = found["box"]
    density, coverage, mass = (_percent(facts[key]) for key in ("density", "coverage", "mass"))
    if not facts["limits"]:
        return f"No limits on drivers say more than that {density} of the paths succeed."
    where = " and ".join(box_limit(found, each) for each in facts["limits"])
    return (
        f"Box: where {where}, {density} of the paths succeed (density), and {coverage} of all successes lie there"
        f" (coverage); {facts['drivers']} of {len(found['thresholds'])} drivers limited, {mass} of the paths."
    )


def box_limit(found: Facts, each: Facts, *, named: bool = True) -> str:
    """``P/E ≥ 10.8x (10.7–11.0)``; the interval is the 95% one of the bootstrap."""
    unit, name = unit_of(found, each["name"]), label(found, each["name"])
    parts = []
    for sign, end in (("≥", "low"), ("<", "high")):
        if each[end] is None:
            continue
        around = [limit_value(x, unit) if x is not None else "no limit" for x in each[f"{end}_interval"]]
        parts.append(f"{sign} {limit_value(each[end], unit)} ({around[0]} to {around[1]})")
    said = " and ".join(parts)
    return f"{name} {said}" if named else said


def implied(found: Facts) -> list[list[str]]:
    """One row a driver or part: what each level implies, with its percentile in our own distribution."""
    words = sorted(found["levels"], key=lambda word: found["levels"][word])
    heads = [f"{word} {threshold(found['levels'][word], found['unit'])}" for word in words]
    rows = [["Implied, others drawn", *(text for head in heads for text in (head, "pctl."))]]
    for part in found["parts"]:
        row = [label(found, part["name"])]
        for word in words:
            each = part["implied"][word]
            row += [_estimate(each["value"], each["standard_error"], unit_of(found, part["name"]))]
            row += [place(part["percentiles"][word])]
        rows.append(row)
    for each in found["implied"]:
        row = [label(found, each["name"])]
        for word in words:
            level = each["levels"][word]
            if level["value"] is None:
                row += ["any value" if level["why"].startswith("every") else "none", ""]
            else:
                row += [_estimate(level["value"], level["standard_error"], unit_of(found, each["name"]))]
                row += [place(level["percentile"])]
        rows.append(row)
    return rows


def place(share: float) -> str:
    """A percentile in a column: ``65th``; ``beyond`` where no path is."""
    if share in (0.0, 1.0):
        return _OUT
    if share < 0.005 or share >= 0.995:
        return "<1st" if share < 0.5 else ">99th"
    return ordinal(max(round(share * 100), 1))


def _cost(found: Facts) -> str:
    """What the change of belief costs, whether it does what it says, and what it does to the other outputs."""
    few, change = found["few"], found["change"]
    said = f"The medians move, others follow their correlations: {few['surprise_bits']:.2g} bits of surprise"
    if change:
        said += f" (no change of belief takes less than {change['surprise_bits']:.2g})"
    said += f"; simulated anew under it {_percent(few['simulated'])} succeed."
    others = [name for name in few["outputs"] if name != found["output"]]
    if others:
        name = others[-1]
        both = few["outputs"][name]
        old, new = (written(both[when]["50"]["value"], unit_of(found, name)) for when in ("before", "after"))
        said += f" The median of {label(found, name)} "
        said += f"stays where it is ({old})." if old == new else f"goes from {old} to {new}."
    return said


def _belief(found: Facts, shift: Facts) -> str:
    unit = unit_of(found, shift["name"])
    before, after = apart(shift["before"]["50"], shift["after"]["50"], unit)
    return f"{label(found, shift['name'])} {after}, not {before}"


def apart(one: float, other: float, unit: str) -> tuple[str, str]:
    """Two values with as many digits as tell them apart."""
    scale, sign = ratio(unit)
    step = abs(other - one) * scale
    digits = next((d for d in range(7) if step >= 1.5 * 10.0**-d), None)
    if digits is None or digits == 0:
        return written(one, unit), written(other, unit)
    return bare(sign).around(fixed(one * scale, digits)), bare(sign).around(fixed(other * scale, digits))


def _wanted(found: Facts) -> str:
    wanted = found["wanted_probability"]
    return "as likely as not" if wanted == 0.5 else f"{percent(wanted)} likely"


def _now(found: Facts) -> str:
    error = found["standard_error"]
    return f"{precise(found['probability'] * 100, None if error is None else error * 100)}%"


def _goal(found: Facts) -> str:
    return threshold(found["at_least"], str(found["unit"]))


def _percent(found: Facts) -> str:
    error = found["standard_error"]
    return f"{precise(found['value'] * 100, None if error is None else error * 100)}%"


def ratio(unit: str) -> tuple[float, str]:
    """Pure numbers, growth rates among them, are read out as percent."""
    return (100.0, "%") if unit in {"", "1", "1/year", "1/quarter"} else (1.0, unit)


def written(value: float | None, unit: str) -> str:
    """``12.3x``, ``1.5%`` of a share."""
    scale, unit = ratio(unit)
    return NONE if value is None else in_column(value * scale, unit)


def _estimate(value: float | None, error: float | None, unit: str) -> str:
    """``11.25x ±0.01``."""
    if value is None or not error:
        return written(value, unit)
    scale, unit = ratio(unit)
    number, _, rest = precise(value * scale, error * scale).partition(" ")
    return f"{bare(unit).around(number)} {rest}"


def limit_value(value: float, unit: str) -> str:
    """Three digits and more: a limit that somebody will type in."""
    scale, unit = ratio(unit)
    size = abs(value * scale)
    return bare(unit).around(fixed(value * scale, 0 if size >= 100 else 1 if size >= 10 or unit == "%" else 2))


def _most(each: Facts) -> float:
    return float(max(each["lowest"], each["highest"]))


def unit_of(found: Facts, name: str) -> str:
    return str(found["columns"][name]["unit"])


def label(found: Facts, name: str) -> str:
    """A column's label; a fiscal year at its end as the house writes it."""
    label = plain(found["columns"][name]["label"])
    head, _, last = label.rpartition(" ")
    return f"{head} {period(last)}" if head else label
