"""The pages of a pack between the first and the last: scenarios, drivers, bridge, valuation, business, register."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.report.figures import box, bridge, convergence, exceedance, fan, heat_map, shares, thresholds, tornado
from sim.report.numbers import amount, day, in_column, percent, precise, threshold
from sim.report.pack import Block, Material, Missing, Picture, Section, Table, Words
from sim.report.screens import believe as belief
from sim.report.screens import bridge as change
from sim.report.screens import compare as comparison
from sim.report.screens import explain as explanation
from sim.report.screens import sweep as grid
from sim.report.style import Drawing
from sim.report.text import plain

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
    cases = [*found["cases"], *([found["mixture"]] if found["mixture"] else [])]
    head = ("Scenario", "Weight", "Mean", "P5", "P50", "P95", *((f"P(≥ {threshold(goal, unit)})",) if goal else ()))
    rows = []
    for case in cases:
        at = case["percentiles"]
        rows.append(
            (
                plain(case["name"], 30),
                percent(case["weight"]) if case["weight"] else "–",
                precise(case["mean"]["value"], case["mean"]["standard_error"]) if case["mean"] else "–",
                *(in_column(at[p]["value"], unit) for p in ("5", "50", "95")),
                *((percent(case["reaches"]["value"]),) if goal else ()),
            )
        )
    note = f"{unit}; ± Monte Carlo standard error. P5 is the low end: 1 path in 20 lies below it."
    stories = Table(
        "What must be true",
        ("Scenario", "Story"),
        tuple((plain(name), plain(each.story, 230)) for name, each in told.items()),
        "ll",
        small=True,
    )
    table = Table("Scenarios", head, tuple(rows), "l" + "r" * (len(head) - 1), note, 1 if found["mixture"] else 0)
    message = sentence(" ".join(comparison.lines(found, WIDE)[:1]))
    return Section(
        "scenarios", "Scenarios", message, (*_pictures(exceedance.draw(material.run, found)), table, stories)
    )


def drivers(material: Material) -> Section | None:
    """What the answer hangs on, and what one must believe for another."""
    if not material.run.drivers:
        return None
    found, beliefs = material.found.get("explain"), material.found.get("believe")
    blocks: list[Block] = []
    message = "What drives the value was not computed"
    if found is None:
        blocks.append(missing(material, "explain", "What drives the value"))
    else:
        message = sentence(explanation.lines(found, WIDE)[0])
        blocks += _pictures(shares.draw(material.run, found))
        blocks += _pictures(tornado.draw(material.run, found)) if found["tornado"] else ()
    if beliefs is None:
        blocks.append(missing(material, "believe", "What one must believe"))
    else:
        blocks.append(Words(sentence(belief.lines(beliefs, WIDE)[0])))
    return Section("drivers", "What it hangs on", message, tuple(blocks))


def beliefs(material: Material) -> Section | None:
    """Thresholds of single drivers, and the box in which the target is more likely than not."""
    found = material.found.get("believe")
    if found is None:
        return None
    blocks = _pictures(thresholds.draw(material.run, found), box.draw(material.run, found))
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
    rows = [_outcome(material, name) for name in (*names, str(goal["output"]))]
    unit = plain(run.unit(str(goal["output"])))
    note = f"{unit}; means add up, percentiles do not. ± Monte Carlo standard error."
    return [Table("Sum of the parts", ("Part", "Mean", "P10", "P50", "P90"), tuple(rows), "lrrrr", note, 1)]


def _outcome(material: Material, name: str) -> tuple[str, ...]:
    facts = material.run.summary["outputs"][name]
    at, unit = facts["percentiles"], str(facts["unit"])
    mean = precise(facts["mean"], facts["standard_error"]) if facts["mean"] is not None else "–"
    return (plain(facts["label"], 60), mean, *(in_column(at[p], unit) for p in ("10", "50", "90")))


def _beside(material: Material) -> list[Block]:
    """The simulation, its methods, the scenarios and the values of others in one table."""
    goal, spec = material.run.target, material.study.pack
    if goal is None:
        return []
    names = [str(goal["output"]), *map(str, goal["alternatives"].values())]
    rows: list[tuple[str, ...]] = []
    for name in names:
        facts = material.run.summary["outputs"][name]
        ends = (facts["percentiles"][p] for p in ("10", "50", "90"))
        rows.append((plain(facts["label"], 60), "P10, P50, P90", *(in_column(x, str(facts["unit"])) for x in ends)))
    unit = material.run.unit(names[0])
    for each in spec.ranges:
        cells = ("–" if x is None else in_column(x, unit) for x in (each.low, each.at, each.high))
        rows.append((plain(each.label, 60), plain(each.source, 40), *cells))
    head = ("Method", "What is given, or source", "Low", "Middle", "High")
    return [Table("Side by side", head, tuple(rows), "llrrr", f"{plain(unit)}; P10 is the low end.")]


def _served(material: Material) -> list[Block]:
    """What is asked for and what can be served, once a year, and on how many paths supply binds."""
    spec = material.study.pack
    cells = [cell for cell in (spec.demand, spec.supply, spec.binding) if cell is not None]
    found = {(row["cell"], row["period"]): row for row in material.quarterly}
    dates = sorted({row["period"] for row in material.quarterly if row["period"].endswith("Q1")})
    if len(cells) < 3 or not all((cell, date) in found for cell in cells for date in dates):
        return []
    rows = []
    for date in dates:
        asked, able, bound = (found[cell, date] for cell in cells)
        both = (
            f"{amount(float(r['p50']))} ({amount(float(r['p5']))}–{amount(float(r['p95']))})" for r in (asked, able)
        )
        rows.append((f"March quarter {date[:4]}", *both, percent(float(bound["mean"]))))
    unit = plain(found[cells[0], dates[0]]["unit"])
    head = ("", "Demand: P50 (P5–P95)", "Capacity: P50 (P5–P95)", "Supply binds")
    count = found[cells[0], dates[0]]["paths"]
    note = f"{unit}; supply binds: share of paths, of the first {amount(float(count))}."
    return [Table("Demand against capacity", head, tuple(rows), "lrrr", note)]


def valuation(material: Material) -> Section | None:
    """The value beside those of others, and over two inputs of the valuation."""
    found = material.found.get("sweep")
    blocks = _beside(material)
    message = "The value beside those of others"
    if found is not None:
        blocks += _pictures(heat_map.draw(material.run, found))
        message = sentence(grid.lines(found, WIDE)[0])
    elif material.study.pack.grid:
        blocks.append(missing(material, "sweep", "The value over two inputs"))
    return Section("valuation", "Valuation", message, tuple(blocks)) if blocks else None


def business(material: Material) -> Section | None:
    """Where revenue goes, and whether it can be served."""
    columns = material.run.manifest["columns"]
    drawn = fan.draw(material.run) if any(column["period"].startswith("FY") for column in columns) else None
    if drawn is None:
        return None
    blocks = (*_pictures(drawn), *_served(material), *disputed(material))
    outside = "Edges of a fan are no limits: 1 path in 10 lies outside the bands."
    return Section("business", "The business", drawn.headline, (*blocks, Words(outside, "small")))


def disputed(material: Material) -> list[Block]:
    """Assumptions of whose sources the study itself says that they disagree."""
    rows = [
        (
            plain(row["label"], 60),
            "–".join(in_column(float(row[p]), "") for p in ("p10", "p90"))
            + (f" {plain(row['unit'])}" if row["unit"] != "1" else ""),
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


def register(material: Material) -> tuple[Section, ...]:
    """The assumption register, and the sources."""
    rows = tuple(
        (
            plain(row["label"], 60),
            plain(row["unit"], 20),
            plain(row["marginal"], 60),
            *(in_column(float(row[p]), "") if row[p] else "" for p in ("p10", "p50", "p90")),
            plain(row["sources"], 70),
            plain(row["grade"]),
        )
        for row in material.register
    )
    grades = "Grade A filed, B company guidance, C broker or market research, D judgement. P10 is the low end."
    head = ("Assumption", "Unit", "Distribution", "P10", "P50", "P90", "Source", "Grade")
    found = [Table("", head, rows, "lllrrrll", grades, small=True)]
    sections = [Section("register", "Assumption register", f"{len(rows)} assumptions", tuple(found))] if rows else []
    sources = tuple(
        (plain(name), plain(each.publisher, 40), plain(each.title, 160), day(each.date), plain(each.url or "", 200))
        for name, each in material.study.sources.items()
    )
    if sources:
        table = Table("", ("Name", "Publisher", "Title", "Date", "Address"), sources, "lllll", small=True)
        sections.append(Section("sources", "Sources", f"{len(sources)} sources", (table,)))
    return tuple(sections)
