"""The story of a pack: its pages in order, the first and the last of them, every sentence from results."""

from __future__ import annotations

from typing import Any

from sim.report import pages, style
from sim.report.figures import backtest_coverage, backtest_skill, value
from sim.report.numbers import day, money, paths, percent, precise, span, threshold
from sim.report.pack import Block, Box, Bullets, Kpi, Kpis, Material, Pack, Picture, Section, Words
from sim.report.screens import backtest as record
from sim.report.screens import believe as belief
from sim.report.screens import convergence as length
from sim.report.text import plain

_IN_WORDS = (
    (0.05, "very unlikely"),
    (0.33, "unlikely"),
    (0.45, "less likely than not"),
    (0.55, "about as likely as not"),
    (0.67, "more likely than not"),
    (0.95, "likely"),
)


def write(material: Material) -> Pack:
    """The pack of a run; pages with nothing to say are left out."""
    run = material.run
    pages_found = [
        answer(material),
        pages.scenarios(material),
        pages.drivers(material),
        pages.beliefs(material),
        pages.steps(material),
        pages.valuation(material),
        pages.business(material),
        trust(material),
    ]
    sections = tuple(section for section in pages_found if section is not None)
    subtitle = f"{day(str(run.manifest['as_of']))} · {paths(int(run.manifest['paths']))}"
    return Pack(
        style.study(run), sections[0].message, subtitle, style.source_line(run), sections, pages.register(material)
    )


def answer(material: Material) -> Section:
    """Page 1: is the target likely, how sure, what it hangs on, what would change it."""
    run, goal = material.run, material.run.summary["target"]
    if goal is None:
        shown = [column["name"] for column in run.manifest["columns"] if not column["period"]]
        drawing = value.draw(run) if shown else None
        said = drawing.headline if drawing is not None else plain(run.manifest["study"], 70)
        blocks: tuple[Block, ...] = (Picture(drawing),) if drawing is not None else ()
        return Section("answer", "The answer", said, (*blocks, *_warned(run.summary)))
    unit, share, error = str(goal["unit"]), float(goal["probability"]), float(goal["standard_error"] or 0.0)
    label = plain(run.label(goal["output"]), 60)
    aim = threshold(goal["at_least"], unit)
    word = next((word for edge, word in _IN_WORDS if share < edge), "very likely")
    said = f"{label} of at least {aim} is {word}: {percent(share)} of paths reach it"
    at = run.summary["outputs"][goal["output"]]["percentiles"]
    kpis = [
        Kpi(percent(share), f"of paths reach {aim}", f"{_exact(share, error)}; ± Monte Carlo standard error"),
        Kpi(money(at["50"], unit), "median value", f"P5–P95 {span(at['5'], at['95'], unit)}"),
    ]
    for name, found in list(goal["alternatives"].items())[:2]:
        own = _exact(float(found["probability"]), float(found["standard_error"] or 0.0))
        kpis.append(Kpi(percent(float(found["probability"])), f"reach {aim}: {plain(name, 30)}", own))
    return Section(
        "answer", "The answer", said, (Kpis(tuple(kpis)), Picture(value.draw(run)), Bullets(tuple(_points(material))))
    )


def _exact(share: float, error: float) -> str:
    """``37.42 ±0.03%``."""
    return f"{precise(100 * share, 100 * error)}%"


def _points(material: Material) -> list[str]:
    """How sure, what it hangs on, what would change it, what it rests on."""
    run, found = material.run, material.found
    goal = run.summary["target"]
    points = []
    if "convergence" in found:
        points.append("How sure: " + pages.sentence(length.lines(found["convergence"], pages.WIDE)[0]))
    top = [plain(each["label"], 60) for each in run.summary.get("top_drivers", ())[:3]]
    if top:
        points.append(f"What it hangs on: {', '.join(top)} matter most, in this order.")
    if "believe" in found:
        points.append("What would change it: " + pages.sentence(belief.lines(found["believe"], pages.WIDE)[0]))
    named = pages.judged(material)
    if named:
        points.append(f"Among the five drivers that matter most these are judgement (grade D): {', '.join(named)}.")
    price = goal.get("price")
    if price:
        gain = goal["at_least"] / price - 1
        points.append(
            f"From {threshold(price, goal['unit'])} the target is {percent(gain)} away. The share of paths is that of"
            " fair value reaching it, not of the market price touching it."
        )
    return [*points, *(plain(warning, 300) for warning in run.summary["warnings"])]


def _warned(summary: Any) -> tuple[Block, ...]:
    warned = tuple(plain(warning, 300) for warning in summary["warnings"])
    return (Bullets(warned),) if warned else ()


def trust(material: Material) -> Section:
    """The last page: the record, the errors, the limits, the disclosure."""
    run, found = material.run, material.found.get("backtest")
    blocks: list[Block] = []
    said = "How far the numbers can be trusted"
    if found is not None:
        lines = record.lines({**found, "directory": None}, pages.WIDE)
        said = pages.sentence(lines[0])
        blocks += [Picture(backtest_coverage.draw(found)), Picture(backtest_skill.draw(found))]
        recalled = [line for line in lines if "recalled" in line]
        blocks.append(Words(" ".join(pages.sentence(line) for line in recalled), "small"))
    elif material.study.pack.backtest is not None:
        blocks.append(pages.missing(material, "backtest", "The record of past forecasts"))
    converged = pages.converged(material)
    if converged is not None and found is None:
        blocks.append(Picture(converged))
    limits = [
        "± is the Monte Carlo standard error alone: it says how much another seed would change the number, not how"
        " right the model is.",
        f"Every number can be repeated bit for bit: sim verify {run.manifest['run']}.",
    ]
    if found is not None:
        limits.append("The record scores cloud revenue, which has a history; multiples and margins far out have none.")
    if run.manifest["invalid_paths"]:
        limits.append(f"{run.manifest['invalid_paths']} paths gave no finite value and are left out, counted.")
    disclosure = (
        "Not investment research. Target of a third party tested, not endorsed; we give no rating.",
        f"Data cut-off {day(str(run.manifest['as_of']))}. Methods and limits as on these pages.",
        "Conflicts: none known to the tool.",
    )
    blocks += [Box("Limits", tuple(limits)), Box("Disclosure", disclosure)]
    return Section("trust", "Can we trust it?", said, tuple(blocks))
