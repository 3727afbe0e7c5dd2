"""The pack as slides, 16:9: one message a slide, its figure large, the register left to the document."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

from pptx import Presentation
from pptx.util import Inches, Pt

from sim.errors import StorageError
from sim.report import style
from sim.report.pack import Box, Bullets, Kpis, Missing, Pack
from sim.report.style import Drawing
from sim.report.text import plain, shortened

_WIDTH, _HEIGHT, _EDGE = 13.333, 7.5, 0.6  # inches
_TITLE, _TEXT, _FOOT = 26, 18, 10  # points
_EPOCH = datetime(1980, 1, 1)  # the first date a ZIP file knows: equal packs give equal bytes
_BLANK = 6
_LONGEST = 330  # characters of a point: three lines of a slide
_POINTS = 5


def write(pack: Pack, file: Path) -> None:
    """Write the slides. The same pack gives the same bytes. StorageError if writing fails."""
    show: Any = Presentation()
    show.slide_width, show.slide_height = Inches(_WIDTH), Inches(_HEIGHT)
    show.core_properties.title = plain(pack.title)
    show.core_properties.author = "sim"
    show.core_properties.created = show.core_properties.modified = _EPOCH
    first = pack.sections[0]
    _words(show, pack, pack.headline, [pack.title, pack.subtitle])
    kpis = [f"{k.value} {k.label} ({k.note})" for b in first.blocks if isinstance(b, Kpis) for k in b.items]
    points = [item for b in first.blocks if isinstance(b, Bullets) for item in b.items]
    if kpis or points:
        _words(show, pack, "In numbers", kpis)
        for start in range(0, len(points), _POINTS - 1):
            _words(show, pack, first.title, points[start : start + _POINTS - 1])
    for drawing in pack.pictures:
        _figure(show, pack, drawing)
    blocks = [block for section in pack.sections for block in section.blocks]
    boxes = [(b.title, list(b.items)) for b in blocks if isinstance(b, Box)]
    lacking = [f"{b.what}: {b.command}" for b in blocks if isinstance(b, Missing)]
    for title, items in [*boxes, *([("Not in this pack", lacking)] if lacking else [])]:
        _words(show, pack, title, items)
    written = io.BytesIO()
    show.save(written)
    try:
        file.write_bytes(_undated(written.getvalue()))
    except OSError as error:
        raise StorageError(f"cannot write {file} ({error.strerror}); is the run folder writable?") from error


def _slide(show: Any, pack: Pack, title: str) -> Any:
    slide = show.slides.add_slide(show.slide_layouts[_BLANK])
    _box(slide, title, _EDGE, 0.35, _WIDTH - 2 * _EDGE, 1.0, _TITLE, bold=True)
    _box(slide, pack.source, _EDGE, _HEIGHT - 0.5, _WIDTH - 2 * _EDGE, 0.35, _FOOT)
    return slide


def _words(show: Any, pack: Pack, title: str, items: list[str]) -> None:
    slide = _slide(show, pack, shortened(title, 120))
    if items:
        _box(slide, "\n".join(shortened(plain(i), _LONGEST) for i in items), _EDGE, 1.5, _WIDTH - 2 * _EDGE, 5.3, _TEXT)


def _figure(show: Any, pack: Pack, drawing: Drawing) -> None:
    """The figure with its own headline, as large as the slide allows."""
    slide = show.slides.add_slide(show.slide_layouts[_BLANK])
    across, up = drawing.figure.get_size_inches()
    scale = min((_WIDTH - 2 * _EDGE) / across, (_HEIGHT - 0.9) / up)
    left = (_WIDTH - across * scale) / 2
    picture = slide.shapes.add_picture(
        io.BytesIO(style.pixels(drawing)), Inches(left), Inches(0.25), Inches(across * scale), Inches(up * scale)
    )
    picture._element.nvPicPr.cNvPr.set("descr", plain(drawing.alt))
    picture.name = plain(drawing.headline)
    _box(slide, pack.source, _EDGE, _HEIGHT - 0.5, _WIDTH - 2 * _EDGE, 0.35, _FOOT)
    slide.notes_slide.notes_text_frame.text = f"{plain(drawing.subtitle)}\n{plain(drawing.alt)}"


def _box(
    slide: Any, text: str, left: float, top: float, width: float, height: float, size: int, bold: bool = False
) -> None:
    frame = slide.shapes.add_textbox(Inches(left), Inches(top), Inches(width), Inches(height)).text_frame
    frame.word_wrap = True
    for number, line in enumerate(text.split("\n")):
        paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
        paragraph.space_after = Pt(size / 2)
        run = paragraph.add_run()
        run.text, run.font.size, run.font.bold = plain(line), Pt(size), bold


def _undated(content: bytes) -> bytes:
    """The same ZIP file with every member dated alike."""
    found = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            new.writestr(
                zipfile.ZipInfo(member.filename, _EPOCH.timetuple()[:6]), old.read(member), zipfile.ZIP_DEFLATED
            )
    return found.getvalue()
