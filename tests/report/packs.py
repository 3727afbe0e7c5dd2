"""A small study whose pack has a page of nearly every kind, and what a pack says as plain texts."""

from __future__ import annotations

from sim.report.pack import Box, Bullets, Kpis, Missing, Pack, Table, Words

MODEL = '''
"""A value that two judgements make."""
from sim.cells.mark import cell


@cell(at="horizon")
def first_part(sales: float, multiple: float) -> float:
    """The business. [US$/ADS]"""
    return sales * multiple


@cell(at="horizon")
def second_part(cash: float) -> float:
    """Cash. [US$/ADS]"""
    return cash


@cell(at="horizon")
def value(first_part: float, second_part: float) -> float:
    """Value. [US$/ADS]"""
    return first_part + second_part
'''
STUDY = """
study: "TITLE"
model: ./model.py
as_of: 2025-09-17
run: {paths: 4096, seed: 5}
sources: {note: {title: "<b>=HYPERLINK</b>", publisher: A broker, date: 2025-09-17}}
drivers:
  sales: {marginal: {kind: normal, mean: 20, sd: 2}, unit: US$/ADS, source: note, grade: C, dimension: 1}
  multiple:
    marginal: {kind: normal, mean: 7, sd: 1}
    unit: x
    source: judgement
    grade: D
    dimension: 2
    note: Sources disagree.
  cash: {marginal: {kind: normal, mean: 20, sd: 1}, unit: US$/ADS, source: judgement, grade: D, dimension: 3}
outputs: [{cell: value}, {cell: first_part}, {cell: second_part}]
target: {output: value, at_least: 179, price: 150, source: note}
scenarios:
  plain: {story: As it stands., weight: 0.5, source: judgement, set: {}}
  better: {story: "=More", weight: 0.5, source: judgement, set: {drivers.multiple.marginal.mean: 8}}
pack:
  parts: [first_part, second_part]
  grid: {multiple: [6, 7], cash: [10, 20]}
  ranges: [{label: "=A broker", low: 150, high: 190, source: note}, {label: Another, at: 179, source: note}]
"""


def texts(pack: Pack) -> list[str]:
    found: list[str] = []
    for section in (*pack.sections, *pack.appendix):
        found += [section.title, section.message]
        for block in section.blocks:
            match block:
                case Words():
                    found.append(block.text)
                case Bullets():
                    found += [*block.leads, *block.items]
                case Box():
                    found += block.items
                case Kpis():
                    found += [text for kpi in block.items for text in (kpi.value, kpi.label, kpi.note)]
                case Table():
                    found += [block.title, *block.header, block.note, *(cell for row in block.rows for cell in row)]
                case Missing():
                    found += [block.what, block.command]
    return found
