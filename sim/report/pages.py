"""The pages of a pack between the first and the last: scenarios, drivers, bridge, valuation, business, register."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sim.report.figures import (
    box,
    bridge,
    convergence,
    exceedance,
    fan,
    field,
    heat_map,
    parts,
    served,
    shares,
    thresholds,
    tornado,
)
from sim.report.numbers import day, in_column, money, percent, period, threshold
from sim.report.pack import Block, Material, Missing, Picture, Section, Table, Words
from sim.report.screens import believe as belief
from sim.report.screens import bridge as change
from sim.report.screens import compare as comparison
from sim.report.screens import explain as explanation
from sim.report.screens import sweep as grid
from sim.report.screens.layout import estimate, signed
from sim.report.style import Drawing
from sim.report.text import plain
from sim.run.result import Run

WIDE = 10_000  # a screen's sentence without line breaks
_JUDGED = "D"


def sentence(line: str) -> str:
    """A screen's first line as a sentence."""
    return plain(line).rstrip(".") + "."


def missing(material: Material, verb: str, what: str) -> Missing:
    """What is lacking, and the command that makes it."""
    run, spec = str(material.run.manifest["run"]), material.study.pack
    file = f"configs/{material.run.manifest['config']}"
    commands = {
        "prob": f"sim prob {run} --split",
        "convergence": f"sim convergence {run}",
        "explain": f"sim explain {run}",
        "believe": f"sim believe {run}",
        "compare": f"sim compare {file} --for {run}",
        "bridge": f"sim bridge {' '.join(spec.bridge or ('OLD.yaml', 'NEW.yaml'))} --for {run}",
        "sweep": f"sim sweep {file} --set DRIVER=V1,V2 --set DRIVER=V1,V2 --for {run}",
        "backtest": f"sim backtest {spec.backtest or 'GROWTH.yaml'} --for {run}",
    }
    return Missing(what, f"{plain(commands[verb])}, then sim report {run}")


def _pictures(*drawings: Drawing | None) -> tuple[Block, ...]:
    return tuple(Picture(drawing) for drawing in drawings if drawing is not None)


def scenarios(material: Material) -> Section | None:
    """Exceedance curves, and what each scenario takes to be true."""
    found, told = material.found.get("compare"), material.study.scenarios
    if found is None:
        if len(told) < 2:
            return None
        lacking = missing(material, "compare", "The scenarios side by side")
        return Section("scenarios", "Scenarios", "The scenarios were not computed", (lacking,))
    unit, goal = str(found["unit"]), found["at_least"]
    ranked = sorted(found["cases"], key=lambda case: -case["percentiles"]["50"]["value"])
    cases = [*ranked, *([found["mixture"]] if found["mixture"] else [])]
    head = ("Scenario", "Weight", "Mean", "P5", "P50", "P95", *((f"P(≥ {threshold(goal, unit)})",) if goal else ()))
    rows = []
    for case in cases:
        at = case["percentiles"]
        rows.append(
            (
                plain(case["name"], 30),
                percent(case["weight"]) if case["weight"] else "–",
                estimate(case["mean"], unit) if case["mean"] else "–",
                *(in_column(at[p]["value"], unit) for p in ("5", "50", "95")),
                *((percent(case["reaches"]["value"]),) if goal else ()),
            )
        )
    note = f"{unit}; ± Monte Carlo standard error. P5 is the low end: 1 path in 20 lies below it."
    worth = {each["name"]: each["drivers"][:3] for each in found["differences"]}
    stories = Table(
        "What must be true",
        ("Scenario", "Story", "Worth most in the mean"),
        tuple(
            (plain(name), plain(told[name].story, 230), _steps(worth.get(name, ()), unit))
            for name in (case["name"] for case in ranked)
            if name in told
        ),
        "lll",
        small=True,
    )
    names = {"mixture": "weighted"}
    rows = [(names.get(row[0], row[0]), *row[1:]) for row in rows]
    message = sentence(" ".join(comparison.lines(found, WIDE)[:1]))
    total, align = 1 if found["mixture"] else 0, "l" + "r" * (len(head) - 1)
    table = Table("Scenarios", head, tuple(rows), align, note, total, message=message)
    return Section(
        "scenarios", "Scenarios", message, (*_pictures(exceedance.draw(material.run, found)), table, stories)
    )


def _steps(steps: Sequence[Mapping[str, Any]], unit: str) -> str:
    """``P/E +$10.0, ...``: the steps of the mean that each driver makes, from the first scenario."""
    return "; ".join(f"{plain(each['name'], 40)} {signed(each, error=False, unit=unit)}" for each in steps) or "–"


def drivers(material: Material) -> Section | None:
    """What the answer hangs on, and what one must believe for another."""
    if not material.run.drivers:
        return None
    found = material.found.get("explain")
    blocks: list[Block] = []
    message = "What drives the value was not computed"
    if found is None:
        blocks.append(missing(material, "explain", "What drives the value"))
    else:
        message = sentence(explanation.lines(found, WIDE)[0])
        blocks += _pictures(shares.draw(material.run, found))
        blocks += _pictures(tornado.draw(material.run, found)) if found["tornado"] else ()
    if material.run.target is not None:
        for verb, what in (("prob", "What decides it"), ("believe", "What one must believe")):
            if verb not in material.found:
                blocks.append(missing(material, verb, what))
    return Section("drivers", "What it hangs on", message, tuple(blocks))


def beliefs(material: Material) -> Section | None:
    """Thresholds of single drivers, and the box in which the target is more likely than not."""
    found = material.found.get("believe")
    if found is None:
        return None
    blocks = (*_pictures(thresholds.draw(material.run, found), box.draw(material.run, found)), *disputed(material))
    if not blocks:
        return None
    return Section("beliefs", "What one must believe", sentence(belief.lines(found, WIDE)[0]), blocks)


def steps(material: Material) -> Section | None:
    """What changed between two targets, and what the value is made of."""
    found = material.found.get("bridge")
    blocks: list[Block] = []
    message = "The value by part"
    if found is not None:
        message = sentence(change.lines(found, WIDE)[0])
        blocks += _pictures(bridge.draw(material.run, found))
    elif material.study.pack.bridge is not None:
        blocks.append(missing(material, "bridge", "The bridge between the two targets"))
    blocks += _parts(material)
    return Section("bridge", "Bridge and sum of the parts", message, tuple(blocks)) if blocks else None


def _parts(material: Material) -> list[Block]:
    """What the parts are worth, which add up to the target's output."""
    run, goal = material.run, material.run.target
    names = list(material.study.pack.parts)
    if goal is None or not names:
        return []
    whole = str(goal["output"])
    rows = [_outcome(material, name) for name in (*names, whole)]
    unit = plain(run.unit(whole))
    note = f"{unit}; means add up, percentiles do not. ± Monte Carlo standard error."
    drawn, head = parts.draw(run, names, whole), ("Part", "Mean", "P10", "P50", "P90")
    said = "" if drawn is None else drawn.headline
    return [*_pictures(drawn), Table("Sum of the parts", head, tuple(rows), "lrrrr", note, 1, message=said)]


def _outcome(material: Material, name: str) -> tuple[str, ...]:
    facts = material.run.summary["outputs"][name]
    at, unit = facts["percentiles"], str(facts["unit"])
    middle = {"value": facts["mean"], "standard_error": facts["standard_error"]}
    mean = estimate(middle, unit) if facts["mean"] is not None else "–"
    return (plain(facts["label"], 60), mean, *(in_column(at[p], unit) for p in ("10", "50", "90")))


def valuation(material: Material) -> Section | None:
    """The value beside those of others, and over two inputs of the valuation."""
    run, found, compare = material.run, material.found.get("sweep"), material.found.get("compare")
    named = {name: f"{plain(each.publisher, 30)}, {day(each.date)}" for name, each in material.study.sources.items()}
    drawn = field.draw(run, material.study.pack.ranges, compare, named, found) if run.target is not None else None
    blocks = list(_pictures(drawn))
    message = drawn.headline if drawn is not None else "The value over two inputs"
    if found is not None:
        blocks += _pictures(heat_map.draw(run, found))
        message = sentence(grid.lines(found, WIDE)[0])
    elif material.study.pack.grid:
        blocks.append(missing(material, "sweep", "The value over two inputs"))
    return Section("valuation", "Valuation", message, tuple(blocks)) if blocks else None


def business(material: Material) -> Section | None:
    """Where revenue goes beside what was reported, and whether it can be served."""
    run, spec = material.run, material.study.pack
    columns = [column for column in run.manifest["columns"] if column["period"].startswith("FY")]
    yearly = [column["cell"] for column in columns]
    if not columns:
        return None
    name = fan.chosen(run)
    until = next((row["column"].partition(".")[2] for row in reversed(run.summary["rows"])
                  if row["column"].startswith(f"{name}.")), None)  # fmt: skip
    first = fan.draw(run, scenarios=_outlook(material, name), until=until, height=3.1)
    blocks = [*_pictures(first), *_reported(material, name, yearly, until)]
    if spec.demand is not None and spec.supply is not None and spec.binding is not None:
        blocks += _pictures(served.draw(run, material.quarterly, spec.demand, spec.supply, spec.binding))
    outside = "Edges of a fan are no limits: 1 path in 10 lies outside the bands."
    ends = material.study.timeline.fiscal_year_end if material.study.timeline is not None else None
    if ends is not None:
        year = min(column["period"] for column in columns)
        outside += f" {period(year)} is the fiscal year to {ends} {year.removeprefix('FY')}; E: estimate, A: reported."
    return Section("business", "The business", _outcomes(run, name), (*blocks, Words(outside, "small")))


def _outcomes(run: Run, name: str) -> str:
    """The median of the years that the study shows, as one sentence."""
    rows = [row for row in run.summary["rows"] if row["column"].startswith(f"{name}.")]
    facts = run.summary["outputs"][name]
    years = [row["column"].partition(".")[2] for row in rows] or sorted(facts)[-1:]
    said = [
        f"{money(facts[y]['percentiles']['50'], str(facts[y]['unit']))} in {period(y)}"
        for y in years
        if facts[y]["percentiles"]["50"] is not None
    ]
    label = plain(facts[years[0]]["label"], 60).removesuffix(f" {years[0]}")
    return f"Median {label}: {', '.join(said)}."


def _outlook(material: Material, name: str) -> dict[str, dict[str, float | None]]:
    """Medians by year of the scenarios that set something: the others are the fan itself."""
    told = material.study.scenarios
    found = (material.found.get("compare") or {}).get("outlook") or {}
    return {
        scenario: {column.partition(".")[2]: value for column, value in medians.items()}
        for scenario, medians in found.items()
        if scenario in told and told[scenario].set and all(column.startswith(f"{name}.") for column in medians)
    }


def _reported(material: Material, first: str, yearly: Sequence[str], until: str | None) -> tuple[Block, ...]:
    """The fan of what has a history, from its last reported year on."""
    found = material.found.get("history")
    if found is None and material.study.history is not None and material.run.target is not None:
        command = f"sim run configs/{plain(material.run.manifest['config'])}"
        return (Missing("What was reported beside what is expected", command),)
    if found is None or found["cell"] not in yearly or found["cell"] == first or not found["years"]:
        return ()
    newest = found["years"][-1]["basis"]
    past: tuple[dict[str, float], dict[str, float]] = ({}, {})
    for each in found["years"]:
        past[each["basis"] != newest][each["year"]] = each["value"]
    drawn = fan.draw(material.run, found["cell"], history=past[0], older=past[1], until=until, height=3.0)
    return _pictures(drawn)


def disputed(material: Material) -> list[Block]:
    """Assumptions of whose sources the study itself says that they disagree."""
    rows = [
        (
            plain(row["label"], 60),
            " to ".join(belief.written(float(row[p]), row["unit"]) for p in ("p10", "p90")),
            plain(row["note"], 420),
        )
        for row in material.register
        if "sources disagree" in row["note"].lower() and row["p10"] and row["p90"]
    ]
    head = ("Assumption", "P10–P90", "What they say")
    return [Table("Where sources disagree", head, tuple(rows), "lll", small=True)] if rows else []


def converged(material: Material) -> Drawing | None:
    """The picture of convergence, if it was computed."""
    found = material.found.get("convergence")
    return None if found is None else convergence.draw(material.run, found)


def judged(material: Material, most: int = 5) -> list[str]:
    """Labels of the grade-D drivers among the ``most`` that matter most, by Shapley effect or rank correlation."""
    found: Mapping[str, Any] = material.found.get("explain") or {}
    effects = sorted((found.get("shapley") or {}).get("effects", ()), key=lambda each: -each["share"])
    ranked = [each["player"] for each in effects if each["player"] in set(material.run.drivers)]
    ranked = ranked or [each["driver"] for each in material.run.summary.get("top_drivers", ())]
    grade = {row["driver"]: row for row in material.register}
    return [
        plain(grade[name]["label"], 60) for name in ranked[:most] if name in grade and grade[name]["grade"] == _JUDGED
    ]


def _bare(value: float, unit: str) -> str:
    """A number of the register, whose unit stands beside it."""
    scale, sign = belief.ratio(unit)
    return in_column(scale * value, sign if sign in {"%", "x"} else "1")


def register(material: Material) -> tuple[Section, ...]:
    """The assumption register, and the sources."""
    effects = ((material.found.get("explain") or {}).get("shapley") or {}).get("effects", ())
    share = {each["player"]: max(float(each["share"]), 0.0) for each in effects}
    order = sorted(share, key=lambda name: -share[name])
    rows = tuple(
        (
            plain(row["label"], 60),
            plain(row["unit"], 20),
            plain(row["marginal"], 60),
            *(_bare(float(row[p]), row["unit"]) if row[p] else "" for p in ("p10", "p50", "p90")),
            plain(row["sources"], 70),
            plain(row["grade"]),
            f"{order.index(row['driver']) + 1}" if row["driver"] in share else "–",
        )
        for row in material.register
    )
    notes = "Grade A filed, B company guidance, C broker or market research, D judgement. P10 is the low end."
    if share:
        notes += " Rank: by Shapley effect on the target's output, innovations counted; –: fixed."
    head = ("Assumption", "Unit", "Distribution", "P10", "P50", "P90", "Source", "Grade", "Rank")
    found = [Table("", head, rows, "lllrrrllr", notes, small=True)]
    free = sum(row["p10"] != row["p90"] for row in material.register)
    said = f"{len(rows)} assumptions, {free} of them uncertain"
    sections = [Section("register", "Assumption register", said, tuple(found))] if rows else []
    sources = tuple(
        (plain(name), plain(each.publisher, 40), plain(each.title, 160), day(each.date), plain(each.url or "", 200))
        for name, each in material.study.sources.items()
    )
    if sources:
        table = Table("", ("Name", "Publisher", "Title", "Date", "Address"), sources, "lllll", small=True)
        sections.append(Section("sources", "Sources", f"{len(sources)} sources", (table,)))
    return tuple(sections)
