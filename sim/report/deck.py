"""The pack as slides, 16:9: one message a slide, its figure large, the register left to the document.

Simple bars and tables are the slide's own, to be edited there; every other figure is a picture with alternative text.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE, XL_LABEL_POSITION
from pptx.enum.text import PP_ALIGN
from pptx.util import Inches, Pt

from sim.errors import StorageError
from sim.report import style
from sim.report.pack import Box, Bullets, Kpi, Kpis, Missing, Pack, Picture, Section, Table, Words
from sim.report.style import Drawing
from sim.report.text import plain, shortened

_WIDTH, _HEIGHT, _EDGE = 13.333, 7.5, 0.6  # inches
_TITLE, _TEXT, _SMALL, _FOOT = 26, 18, 14, 10  # points
_FONT = "Arial"  # on every machine, or with a twin of the same widths
_EPOCH = datetime(1980, 1, 1)  # the first date a ZIP file knows: equal packs give equal bytes
_BLANK = 6
_LONGEST = 420  # characters of a point: four lines of a slide
_LINE = 105  # characters of a line across a slide
_ROOM = 17.5  # lines of points on a slide, the gap after each being half a line
_ROWS = 14  # of a table
_WORTH = 200  # characters from which a paragraph has a slide of its own
_Data: Any = CategoryChartData  # python-pptx leaves these two untyped
_colour: Any = RGBColor.from_string
_INK, _GREY, _BLUE, _WHITE = (_colour(text) for text in ("1F2937", "4B5563", "0072B2", "FFFFFF"))
_DATES = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")


def write(pack: Pack, file: Path) -> None:
    """Write the slides. The same pack gives the same bytes. StorageError if writing fails."""
    show: Any = Presentation()
    show.slide_width, show.slide_height = Inches(_WIDTH), Inches(_HEIGHT)
    show.core_properties.title = plain(pack.title)
    show.core_properties.author = "sim"
    show.core_properties.created = show.core_properties.modified = _EPOCH
    _front(show, pack)
    shown: set[str] = set()
    for section in pack.sections:
        for block in section.blocks:
            match block:
                case Picture(drawing) if drawing.name not in shown:
                    shown.add(drawing.name)
                    if drawing.bars is None:
                        _figure(show, drawing)
                    else:
                        _chart(show, pack, drawing)
                case Table() if not block.small and len(block.rows) <= _ROWS:
                    _table(show, pack, block)
                case Bullets():
                    _points(show, pack, section, block)
                case Words() if len(block.text) > _WORTH:
                    _words(show, pack, section.title, block.text.split(". "))
                case _:
                    pass
    blocks = [block for section in pack.sections for block in section.blocks]
    boxes = [block for block in blocks if isinstance(block, Box)]
    if boxes:
        title = " and ".join([boxes[0].title, *(box.title.lower() for box in boxes[1:])])
        _words(show, pack, title, [item for box in boxes for item in box.items])
    lacking = [f"{b.what}: {b.command}" for b in blocks if isinstance(b, Missing)]
    if lacking:
        _words(show, pack, "Not in this pack", lacking)
    written = io.BytesIO()
    show.save(written)
    try:
        file.write_bytes(_undated(written.getvalue()))
    except OSError as error:
        raise StorageError(f"cannot write {file} ({error.strerror}); is the run folder writable?") from error


def _front(show: Any, pack: Pack) -> None:
    """The answer, and the numbers that carry it."""
    slide = _slide(show, pack, "")
    _box(slide, pack.title, _EDGE, 0.7, _WIDTH - 2 * _EDGE, 0.5, _TEXT, colour=_GREY)
    _box(slide, pack.headline, _EDGE, 1.3, _WIDTH - 2 * _EDGE, 1.8, 36, bold=True)
    _box(slide, pack.subtitle, _EDGE, 6.3, _WIDTH - 2 * _EDGE, 0.5, _SMALL, colour=_GREY)
    kpis: list[Kpi] = [k for b in pack.sections[0].blocks if isinstance(b, Kpis) for k in b.items]
    wide = (_WIDTH - 2 * _EDGE) / max(len(kpis), 1)
    for i, kpi in enumerate(kpis):
        left = _EDGE + i * wide
        _box(slide, kpi.value, left, 3.4, wide - 0.1, 0.9, 44, bold=True, colour=_BLUE)
        _box(slide, kpi.label, left, 4.35, wide - 0.1, 0.7, _TEXT)
        _box(slide, kpi.note, left, 5.1, wide - 0.1, 0.6, _SMALL, colour=_GREY)


def _slide(show: Any, pack: Pack, title: str) -> Any:
    slide = show.slides.add_slide(show.slide_layouts[_BLANK])
    if title:
        _box(slide, shortened(plain(title), 190), _EDGE, 0.35, _WIDTH - 2 * _EDGE, 1.2, _TITLE, bold=True)
    _box(slide, pack.source, _EDGE, _HEIGHT - 0.5, _WIDTH - 2 * _EDGE, 0.35, _FOOT, colour=_GREY)
    return slide


def _words(show: Any, pack: Pack, title: str, items: Sequence[str]) -> None:
    slide = _slide(show, pack, title)
    text = "\n".join(shortened(plain(item), _LONGEST) for item in items)
    _box(slide, text, _EDGE, 1.6, _WIDTH - 2 * _EDGE, 5.2, _TEXT)


def _points(show: Any, pack: Pack, section: Section, bullets: Bullets) -> None:
    """Points in their order, as many on a slide as there is room for; leads in bold."""
    leads = bullets.leads or ("",) * len(bullets.items)
    pages: list[list[tuple[str, str]]] = [[]]
    left = _ROOM
    for lead, item in zip(leads, bullets.items, strict=True):
        said = (f"{plain(lead)}. " if lead else "", shortened(plain(item), _LONGEST))
        takes = math.ceil(len("".join(said)) / _LINE) + 0.5
        if pages[-1] and takes > left:
            pages.append([])
            left = _ROOM
        pages[-1].append(said)
        left -= takes
    for page in pages:
        slide = _slide(show, pack, _topics([lead.rstrip(". ") for lead, _ in page if lead]) or section.title)
        frame = _frame(slide, _EDGE, 1.4, _WIDTH - 2 * _EDGE, 5.4)
        for number, (lead, text) in enumerate(page):
            paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
            paragraph.space_after = Pt(_TEXT * 0.7)
            _run(paragraph, lead, _TEXT, bold=True, colour=_BLUE)
            _run(paragraph, text, _TEXT)


def _topics(leads: Sequence[str]) -> str:
    """The leads of a slide as its title: ``How sure, what it hangs on``; the notes among other points go unnamed."""
    named = [lead for lead in dict.fromkeys(leads) if lead != "Note"]
    if not named:
        return "Notes" if len(leads) > 1 else "".join(leads)
    return ", ".join([named[0], *(lead[:1].lower() + lead[1:] for lead in named[1:])])


def _figure(show: Any, drawing: Drawing) -> None:
    """The figure with its own headline and source, as large as the slide allows."""
    slide = show.slides.add_slide(show.slide_layouts[_BLANK])
    across, up = drawing.figure.get_size_inches()
    scale = min((_WIDTH - 2 * _EDGE) / across, (_HEIGHT - 0.5) / up)
    left = (_WIDTH - across * scale) / 2
    picture = slide.shapes.add_picture(
        io.BytesIO(style.pixels(drawing)), Inches(left), Inches(0.25), Inches(across * scale), Inches(up * scale)
    )
    picture._element.nvPicPr.cNvPr.set("descr", plain(drawing.alt))
    picture.name = plain(drawing.headline)
    _noted(slide, drawing)


def _chart(show: Any, pack: Pack, drawing: Drawing) -> None:
    """Bars that the slide draws itself: the numbers behind them can be edited there."""
    bars = drawing.bars
    assert bars is not None
    slide = _slide(show, pack, drawing.headline)
    _box(slide, drawing.subtitle, _EDGE, 1.3, _WIDTH - 2 * _EDGE, 0.4, _SMALL, colour=_GREY)
    data: Any = _Data(number_format=bars.form)
    data.categories = [plain(name) for name in bars.names]
    data.add_series(plain(bars.series), bars.values)
    kind = XL_CHART_TYPE.COLUMN_CLUSTERED if bars.upright else XL_CHART_TYPE.BAR_CLUSTERED
    sides = Inches(_EDGE), Inches(1.75), Inches(_WIDTH - 2 * _EDGE), Inches(_HEIGHT - 2.35)
    shape = slide.shapes.add_chart(kind, *sides, data)
    shape._element.nvGraphicFramePr.cNvPr.set("descr", plain(drawing.alt))
    shape.name = plain(drawing.headline)
    chart = shape.chart
    chart.has_legend = chart.has_title = False
    chart.font.size, chart.font.name = Pt(_SMALL), _FONT
    plot = chart.plots[0]
    plot.gap_width, plot.has_data_labels = 45, True
    plot.data_labels.number_format, plot.data_labels.number_format_is_linked = bars.form, False
    plot.data_labels.position = XL_LABEL_POSITION.OUTSIDE_END
    fill = plot.series[0].format.fill
    fill.solid()
    fill.fore_color.rgb = _BLUE
    chart.value_axis.visible = chart.value_axis.has_major_gridlines = False
    chart.category_axis.reverse_order = not bars.upright
    chart.category_axis.format.line.color.rgb = _GREY
    _noted(slide, drawing)


def _table(show: Any, pack: Pack, table: Table) -> None:
    """A table of the slide's own."""
    slide = _slide(show, pack, table.message or table.title)
    rows, columns = [table.header, *table.rows], len(table.header)
    sides = Inches(_EDGE), Inches(1.7), Inches(_WIDTH - 2 * _EDGE), Inches(0.38 * len(rows))
    shape = slide.shapes.add_table(len(rows), columns, *sides)
    shape._element.nvGraphicFramePr.cNvPr.set("descr", plain(f"{table.title}. {table.note}"))
    shape.name = plain(table.title)
    grid: Any = shape.table
    grid.horz_banding = False
    widths = [max(len(row[i]) for row in rows) + 3 for i in range(columns)]
    for i, width in enumerate(widths):
        grid.columns[i].width = Inches((_WIDTH - 2 * _EDGE) * width / sum(widths))
    for k, row in enumerate(rows):
        for i, words in enumerate(row):
            cell = grid.cell(k, i)
            cell.margin_top = cell.margin_bottom = Inches(0.03)
            paragraph = cell.text_frame.paragraphs[0]
            paragraph.alignment = PP_ALIGN.RIGHT if table.align[i] == "r" else PP_ALIGN.LEFT
            bold = k == 0 or k > len(rows) - 1 - table.total
            _run(paragraph, words, _SMALL, bold=bold, colour=_WHITE if k == 0 else _INK)
            cell.fill.solid()
            cell.fill.fore_color.rgb = _BLUE if k == 0 else _WHITE
    _box(slide, table.note, _EDGE, 6.6, _WIDTH - 2 * _EDGE, 0.4, 12, colour=_GREY)


def _noted(slide: Any, drawing: Drawing) -> None:
    slide.notes_slide.notes_text_frame.text = f"{plain(drawing.subtitle)}\n{plain(drawing.alt)}"


def _frame(slide: Any, left: float, top: float, width: float, height: float) -> Any:
    frame = slide.shapes.add_textbox(Inches(left), Inches(top), Inches(width), Inches(height)).text_frame
    frame.word_wrap = True
    return frame


def _box(
    slide: Any,
    text: str,
    left: float,
    top: float,
    width: float,
    height: float,
    size: int,
    *,
    bold: bool = False,
    colour: RGBColor = _INK,
) -> None:
    frame = _frame(slide, left, top, width, height)
    for number, line in enumerate(text.split("\n")):
        paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
        paragraph.space_after = Pt(size / 2)
        _run(paragraph, line, size, bold=bold, colour=colour)


def _run(paragraph: Any, text: str, size: int, *, bold: bool = False, colour: RGBColor = _INK) -> None:
    run = paragraph.add_run()
    # A space at the end parts a bold lead from its sentence.
    run.text = plain(text) + (" " if text.endswith(" ") else "")
    run.font.name, run.font.size, run.font.bold, run.font.color.rgb = _FONT, Pt(size), bold, colour


def _undated(content: bytes) -> bytes:
    """The same ZIP file with every member dated alike, also in the workbooks behind charts."""
    found = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            inside = old.read(member)
            if member.filename.endswith(".xlsx"):
                inside = _undated(inside)
            elif member.filename == "docProps/core.xml":
                inside = _DATES.sub(rb"\g<1>1980-01-01T00:00:00Z", inside)
            new.writestr(zipfile.ZipInfo(member.filename, _EPOCH.timetuple()[:6]), inside, zipfile.ZIP_DEFLATED)
    return found.getvalue()
