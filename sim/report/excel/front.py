"""Sheet ``README``: what the workbook is, the answer, how to use it, what it cannot say."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from sim.report import numbers
from sim.report.excel.book import Book, Place, address, number_form
from sim.report.excel.case import Case, Subject
from sim.report.excel.checks import Checks
from sim.report.excel.model import Key, Net
from sim.report.text import plain


def readme(
    book: Book, net: Net, subject: Subject, case: Case, checks: Checks, sheets: Sequence[tuple[str, str]]
) -> None:
    """The first sheet: what this is, the answer, how to use it, what it cannot say."""
    sheet, run, study = sheets[0][0], subject.run, subject.study
    page = book.sheet(sheet)
    page.fit_to_pages(1, 1)
    page.set_column(0, 0, 30)
    page.set_column(1, 1, 18)
    page.set_column(2, 2, 74)
    facts = run.manifest
    book.text(Place(sheet, 0, 0), study.study, "title")
    book.text(Place(sheet, 1, 0), "The model of one case, live: change a blue number and everything follows.", "note")
    row = 3
    goal = study.target
    if goal is not None:
        column = next(c for c in subject.columns if c.name == goal.output)
        key: Key = ("cell", column.cell, 0 if not column.first else column.last)
        form = number_form(run.unit(goal.output), [100.0])
        rows = [(f"{column.label}, {run.unit(goal.output)}", net.term(key, sheet), case.title)]
        rows.append(("Target under test", net.term(("target", "Target under test", 0), sheet), ""))
        for label, term, note in rows:
            book.text(Place(sheet, row, 0), label)
            book.formula(Place(sheet, row, 1), term, form, "big")
            book.text(Place(sheet, row, 2), note)
            page.set_row(row, 21)
            row += 1
        tested = run.summary["target"] or {}
        leaf = run.summary["outputs"].get(goal.output, {})
        if tested.get("probability") is not None and leaf.get("mean") is not None:
            error = numbers.fixed(100 * (tested["standard_error"] or 0.0), 1)
            words = f"{numbers.percent(tested['probability'])} (Monte Carlo error {error} pp): share of "
            words += (
                f"{numbers.paths(run.paths)} at or above the target; mean of all paths {numbers.fixed(leaf['mean'], 1)}"
            )
            book.text(Place(sheet, row, 0), "Probability, simulated (value)")
            book.text(Place(sheet, row, 1), f"{words}. One case cannot show it; see the sheet Simulation.")
            row += 1
    book.text(Place(sheet, row, 0), "Checks")
    place = address(checks.master, sheet)
    good, bad = "All checks hold", "A CHECK FAILS: see the sheet Checks"
    holds = all(term.value for _, term in checks.rows)
    book.sentence(Place(sheet, row, 1), f'IF({place},"{good}","{bad}")', good if holds else bad)
    row += 2
    for title, texts in (("How to use it", HOW), ("Colours", COLOURS), ("Limits", limits(run.summary, case))):
        for column_number in range(3):
            book.text(Place(sheet, row, column_number), title if not column_number else "", "section")
        row += 1
        for kind, text in texts:
            for line in textwrap.wrap(plain(text, 1000), 125):  # a long line would run off the page
                book.text(Place(sheet, row, 0), line, kind)
                row += 1
        row += 1
    book.text(Place(sheet, row, 0), "Sheets", "section")
    book.text(Place(sheet, row, 1), "", "section")
    book.text(Place(sheet, row, 2), "", "section")
    for name, says in sheets[1:]:
        row += 1
        book.jump(Place(sheet, row, 0), Place(name, 0, 0), name)
        book.text(Place(sheet, row, 1), says)
    row += 2
    scenario = f", scenario {facts['scenario']}" if facts.get("scenario") else ""
    origin = f"sim {facts['sim_version']}, run {facts['run']}, {facts['config']}{scenario}, seed {facts['seed']}"
    book.text(Place(sheet, row, 0), f"{origin}; data as of {numbers.day(study.as_of)}.", "quiet")
    text = "Not investment research. A third party's target is tested, not endorsed. Conflicts: none known to the tool."
    book.text(Place(sheet, row + 1, 0), text, "quiet")


HOW = (
    ("text", "Type over a blue number on Inputs or Inputs by quarter; Sensitivity and every other sheet recalculate."),
    ("text", "Column C of Inputs keeps the delivered value; Checks counts what was changed."),
    (
        "text",
        "Lines gives for every line its meaning, its place, and the text of the model that its formula was made from.",
    ),
    (
        "text",
        "Numbers inside formulas are those of that text (four quarters a year); every assumption stands on Inputs.",
    ),
)
COLOURS = (
    ("input", "Blue: an input, to be typed over"),
    ("number", "Black: a formula"),
    ("linked", "Green: a link to another sheet"),
    ("helper", "Grey italics: a step within the line above"),
    ("value", "Grey ground: a value of the simulation or a delivered value; it does not follow the inputs"),
)


def limits(summary: Any, case: Case) -> list[tuple[str, str]]:
    """What the workbook cannot say."""
    which = "at the medians of all drivers" if case.path is None else "of one drawn path"
    texts = [
        f"It is one case, {which}: neither the mean nor a distribution. The simulation has both.",
        "Drivers that move together in the simulation do not do so here: changing one leaves the others as they are.",
        "Excel has no infinity: where the simulation has no finite value, an error shows and the checks fail.",
    ]
    texts += [str(warning) for warning in summary.get("warnings", ())]
    return [("text", text) for text in texts]
