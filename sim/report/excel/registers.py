"""Sheets ``Lines`` and ``Sources``: what each line of the model is, and what the numbers rest on."""

from __future__ import annotations

import ast

from sim.report.excel.book import Book, Place, address
from sim.report.excel.case import Subject
from sim.report.excel.model import Net
from sim.report.excel.valuation import first_sentence


def lines(book: Book, net: Net, subject: Subject) -> str:
    """Sheet ``Lines``: what each cell is, where it stands, and the model's own text of it."""
    sheet = book.add("Lines")
    page = book.sheet(sheet)
    book.text(Place(sheet, 0, 0), "Lines of the model", "title")
    text = f'Model "{subject.graph["model"]}": each line with the text that its formula was made from.'
    book.text(Place(sheet, 1, 0), text, "note")
    heads = ("Line", "Where", "Unit", "What it is", "Text of the model", "Written in")
    for column, (words, width) in enumerate(zip(heads, (34, 16, 14, 60, 90, 40), strict=True)):
        book.text(Place(sheet, 3, column), words, "head")
        page.set_column(column, column, width)
    row = 4
    for at, t in (("opening", 0), ("period", 1), ("horizon", 0)):
        for cell in net.graph[at]:
            place = net.places["cell", cell["name"], t]
            function = net.graph["functions"][cell["function"]]
            book.text(Place(sheet, row, 0), cell["name"], "top")
            book.jump(Place(sheet, row, 1), place, address(place, sheet).replace("'", ""), "top_link")
            book.text(Place(sheet, row, 2), cell["unit"], "top_quiet")
            book.text(Place(sheet, row, 3), first_sentence(cell["doc"]), "wrapped")
            text = body(function["text"])
            book.text(Place(sheet, row, 4), text, "wrapped")
            book.high(sheet, row, [(first_sentence(cell["doc"]), 60), (text, 90)])
            book.text(Place(sheet, row, 5), f"{cell['file']}:{cell['line']}", "top_quiet")
            row += 1
    page.freeze_panes(4, 1)
    page.repeat_rows(3)
    return sheet


def body(text: str) -> str:
    """A function's formula: its text without head and docstring, in one line."""
    definition = ast.parse(text).body[0]
    assert isinstance(definition, ast.FunctionDef)
    statements = [s for s in definition.body if not isinstance(s, ast.Expr)]
    return "; ".join(" ".join(ast.unparse(s).split()).removeprefix("return ") for s in statements)


def sources(book: Book, subject: Subject) -> str:
    """Sheet ``Sources``: what the numbers rest on."""
    sheet = book.add("Sources")
    page = book.sheet(sheet)
    book.text(Place(sheet, 0, 0), "Sources", "title")
    text = "judgement is our own opinion; definition is true by definition. Grades: A filed, B company guidance, "
    book.text(Place(sheet, 1, 0), f"{text}C broker or market research, D judgement.", "note")
    heads = ("Source", "Title", "Publisher", "Date", "Address", "Note")
    for column, (words, width) in enumerate(zip(heads, (28, 56, 24, 12, 50, 80), strict=True)):
        book.text(Place(sheet, 3, column), words, "head")
        page.set_column(column, column, width)
    for row, (name, source) in enumerate(subject.study.sources.items(), start=4):
        facts = (name, source.title, source.publisher, source.date.isoformat(), source.url or "", source.note or "")
        for column, text in enumerate(facts):
            book.text(Place(sheet, row, column), text, "wrapped" if column in (1, 4, 5) else "top")
        book.high(sheet, row, [(source.title, 56), (source.url or "", 50), (source.note or "", 80)])
    page.freeze_panes(4, 1)
    page.repeat_rows(3)
    return sheet
