"""The story of a pack: its pages in order, the first and the last of them, every sentence from results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sim.report import pages, style
from sim.report.figures import backtest_coverage, backtest_pit, backtest_skill, value
from sim.report.numbers import count, day, fixed, money, paths, percent, precise, span, threshold
from sim.report.pack import Block, Box, Bullets, Kpi, Kpis, Material, Pack, Picture, Section, Table, Words
from sim.report.screens import backtest as record
from sim.report.screens import believe as belief
from sim.report.screens import convergence as length
from sim.report.screens import explain as explanation
from sim.report.text import plain

_SOME = 0.01  # share of the variance from which a driver is worth naming on page 1
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
        Kpi(percent(share), f"of paths reach {aim}", f"{_exact(share, error)} (standard error)"),
        Kpi(money(at["50"], unit), "median value", f"P5–P95 {span(at['5'], at['95'], unit)}"),
    ]
    for name, found in list(goal["alternatives"].items())[:2]:
        own = _exact(float(found["probability"]), float(found["standard_error"] or 0.0))
        kpis.append(Kpi(percent(float(found["probability"])), f"reach {aim}: {plain(name, 30)}", own))
    return Section(
        "answer", "The answer", said, (Kpis(tuple(kpis)), Picture(value.draw(run)), _bullets(_points(material)))
    )


def _bullets(points: Sequence[tuple[str, str]]) -> Bullets:
    return Bullets(tuple(text for _, text in points), tuple(lead for lead, _ in points))


def _exact(share: float, error: float) -> str:
    """``37.42 ±0.03%``."""
    return f"{precise(100 * share, 100 * error)}%"


def _points(material: Material) -> list[tuple[str, str]]:
    """How sure, what it hangs on, what would change it, what it rests on: a lead and a sentence or two."""
    run, found = material.run, material.found
    goal = run.summary["target"]
    points = [("How sure", _sure(material)), ("What it hangs on", _hangs(material))]
    if "believe" in found:
        points.append(("What would change it", _change(found["believe"])))
    named = pages.judged(material)
    if named:
        rest = "rests on judgement (grade D)" if len(named) == 1 else "rest on judgement (grade D)"
        points.append(("Weakest ground", f"Of the five drivers that matter most {_listed(named)} {rest}."))
    price = goal.get("price")
    if price:
        gain, aim = goal["at_least"] / price - 1, material.study.target
        said = (
            f"From {threshold(price, goal['unit'])} the target is {percent(abs(gain))} {'up' if gain >= 0 else 'down'}"
        )
        hurdle = None if aim is None else aim.hurdle
        if hurdle is not None:
            said += f", {'less' if gain < hurdle else 'no less'} than the return of {percent(hurdle, 1)} asked for"
        points.append(
            ("Reward", f"{said}. Shares are of fair value reaching the target, not of the price touching it.")
        )
    return [*(point for point in points if point[1]), *(("Note", plain(w, 300)) for w in run.summary["warnings"])]


def _sure(material: Material) -> str:
    """Chance, method, scenario and record: each with what it does to the share."""
    run, found, said = material.run, material.found, []
    goal = run.summary["target"]
    if "convergence" in found:
        share = _exact(float(goal["probability"]), float(goal["standard_error"] or 0.0))
        side = found["convergence"]["verdicts"]["side"]
        turns = f"another seed turns the verdict with {length.odds(side)}"
        said.append(f"{share} of {paths(int(goal['paths']))} reach it, and {turns}")
    ways = sorted((float(each["probability"]), plain(name, 30)) for name, each in goal["alternatives"].items())
    if len(ways) > 1:
        ends = [f"{percent(share)} ({name})" for share, name in (ways[0], ways[-1])]
        said.append(f"By method the share is {ends[0]} to {ends[1]}")
    if "compare" in found and found["compare"]["at_least"] is not None:
        cases = sorted((case["reaches"]["value"], plain(case["name"], 30)) for case in found["compare"]["cases"])
        ends = [f"{percent(share)} ({name})" for share, name in (cases[0], cases[-1])]
        said.append(f"By scenario it is {ends[0]} to {ends[1]}")
    if "backtest" in found:
        said.append(f"The record of past revenue forecasts: {record.answer(found['backtest'])}")
    return " ".join(pages.sentence(each) for each in said)


def _hangs(material: Material) -> str:
    """The drivers that matter most with their shares, and what decides between reaching and missing."""
    run, found = material.run, material.found
    goal, explained = run.summary["target"], found.get("explain")
    aim = threshold(goal["at_least"], str(goal["unit"]))
    if explained is not None and explained["shapley"] is not None:
        rows = [each for each in explanation.rows(explained)[:3] if each.share["share"] >= _SOME]
        top = [f"{each.label} ({percent(each.share['share'])})" for each in rows]
        whole = percent(sum(each.share["share"] for each in rows))
        said = f"{_listed(top)} account{'' if len(top) > 1 else 's'} for {whole} of the variance." if top else ""
    else:
        labels = [plain(each["label"], 60) for each in run.summary.get("top_drivers", ())[:3]]
        said = f"{', '.join(labels)} matter most, in this order." if labels else ""
    split = (found.get("prob") or {}).get("split") or {}
    shares = split.get("reaching")
    if shares:
        order = sorted(shares, key=lambda name: -shares[name]["value"])
        parts = _listed([f"{name} {percent(max(shares[name]['value'], 0.0))}" for name in order])
        said += f" Whether {aim} is reached is decided by: {parts}."
    return said


def _change(found: Any) -> str:
    """What makes the target as likely as not: single drivers, then the mildest change of several together."""
    alone = []
    medians = {each["name"]: each["all"]["percentiles"]["50"] for each in found["given_success"]}
    for each in found["thresholds"][:2]:
        if each["value"] is not None:
            unit = belief.unit_of(found, each["name"])
            sign = "≥" if each["side"] == "at least" else "≤"
            ends = belief.limit_value(each["value"], unit), belief.limit_value(medians[each["name"]], unit)
            alone.append(f"{belief.label(found, each['name'])} {sign} {ends[0]} (median {ends[1]})")
    said = pages.sentence(belief.lines(found, pages.WIDE)[0])
    if alone:
        wanted = percent(found["wanted_probability"])
        said += f" One alone, for {wanted}: {' or '.join(alone)}."
    return said


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def _warned(summary: Any) -> tuple[Block, ...]:
    warned = tuple(plain(warning, 300) for warning in summary["warnings"])
    return (Bullets(warned),) if warned else ()


def trust(material: Material) -> Section:
    """The last page: the record, the errors, the limits, the disclosure."""
    run, found = material.run, material.found.get("backtest")
    blocks: list[Block] = []
    said = "How far the numbers can be trusted"
    converged = pages.converged(material)
    if found is not None:
        said = pages.sentence(record.answer(found))
        blocks += [Picture(backtest_coverage.draw(found)), Picture(backtest_pit.draw(found)), _scores(found)]
        blocks.append(Words(_width(material), "small"))
        blocks += [Picture(backtest_skill.draw(found), detail=True)]
    elif material.study.pack.backtest is not None:
        blocks.append(pages.missing(material, "backtest", "The record of past forecasts"))
    if converged is not None:
        blocks.append(Picture(converged, detail=found is not None))
    elif run.target is not None:
        blocks.append(pages.missing(material, "convergence", "Whether the paths suffice"))
    limits = [
        "± is the Monte Carlo standard error alone: it says how much another seed would change the number, not how"
        " right the model is.",
        f"Every number can be repeated bit for bit: sim verify {run.manifest['run']}.",
    ]
    if "convergence" in material.found:
        limits.insert(1, pages.sentence(length.answer(material.found["convergence"])))
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


def _scores(found: Any) -> Table:
    """By horizon: hits of each interval, the width that was needed, and the score beside the best rival's."""
    rows = []
    for each in found["horizons"]:
        hits = [percent(each["coverage"][share]["estimate"]) for share in ("50", "80", "90")]
        width, best = each["width_factor"], each["skill"][each["best_rival"]]
        ends = [" to ".join(form(end) for end in at["interval"]) for form, at in ((_two, width), (percent, best))]
        only = each["verified_only"]
        strict = f"{percent(only['coverage_80'])} of {count(only['vintages'])}" if only["vintages"] else "none"
        rows.append(
            (
                f"{each['horizon']}", count(each["vintages"]), *hits, strict,
                f"{_two(width['estimate'])} ({ends[0]})", f"{percent(best['estimate'])} ({ends[1]})",
            )
        )  # fmt: skip
    head = ("Quarters ahead", "Forecasts", "In 50%", "In 80%", "In 90%", "In 80%, verified", "Width needed / given",
            "CRPS saved against best rival")  # fmt: skip
    note = f"In brackets {percent(found['confidence'])} intervals for overlapping vintages; 1.00: as wide as needed."
    return Table("The record by horizon", head, tuple(rows), "rrrrrrrr", note, small=True)


def _width(material: Material) -> str:
    """What the record rests on, how base was widened to it, and what the answer is without."""
    found, wide = material.found["backtest"], material.found.get("width")
    said = [record.judgement(found)]
    said += [line for line in record.lines({**found, "directory": None}, pages.WIDE) if "recalled" in line]
    if wide is not None:
        rows, by = wide["history"]["rows"], wide["history"]["by_status"]
        recalled = sum(by[name] for name in ("growth_sourced", "unverified"))
        said.append(f"The history has {count(rows)} quarters, the level of {count(recalled)} is recalled, not verified")
    if wide is not None and wide["widths"] is not None:
        widths = wide["widths"]
        factors = [_two(widths["factors"][name]) for name in ("shocks", "noise")]
        wider, plain_fit = (_sizes(widths[name]["sd"]) for name in ("corrected", "uncorrected"))
        done = "is widened" if wide["applied"] else "is not widened; to match the record it would have to be"
        said.append(
            f"This study {done}: growth shocks times {factors[0]}, season and irregular times {factors[1]}. Standard"
            f" deviation of log revenue {_listed([str(h) for h in widths['horizons']])} quarters ahead: record"
            f" {_sizes(widths['record'])}, so widened {wider}, with the fit as it is {plain_fit}"
        )
        plainly, goal = wide["uncorrected"], material.run.summary["target"]
        if plainly["probability"] is not None and wide["applied"]:
            unit = str(goal["unit"])
            ends = span(plainly["percentiles"]["5"], plainly["percentiles"]["95"], unit)
            said.append(
                f"With the fit as it is {threshold(goal['at_least'], unit)} is reached on"
                f" {percent(plainly['probability'], 1)} of {paths(plainly['paths'])} instead of"
                f" {percent(goal['probability'], 1)}, P5–P95 {ends}"
            )
    return " ".join(pages.sentence(each) for each in said)


def _two(value: float) -> str:
    return fixed(value, 2)


def _sizes(values: Sequence[float]) -> str:
    return " / ".join(percent(value, 1) for value in values)
