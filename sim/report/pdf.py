"""The pack as PDF, A4: one page a section, then register and sources. Set by typst, which needs no system library.

What is printed reaches typst as data, never as markup: no text of a study can become a command.
"""

from __future__ import annotations

import dataclasses
import json
import tempfile
import warnings
from pathlib import Path
from typing import Any

from sim.errors import StorageError
from sim.report import style
from sim.report.pack import Pack, Picture, Section, Table

_TEMPLATE = Path(__file__).with_name("page.typ")


def write(pack: Pack, file: Path) -> None:
    """Write the document. The same pack gives the same bytes. StorageError if writing fails."""
    content = pages(pack, "pdf")[0]
    try:
        file.write_bytes(content)
    except OSError as error:
        raise StorageError(f"cannot write {file} ({error.strerror}); is the run folder writable?") from error


def pages(pack: Pack, form: Any = "pdf") -> list[bytes]:
    """The document as one PDF, or as one picture a page (``png``)."""
    import typst

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "page.typ").write_text(_TEMPLATE.read_text(encoding="utf-8"), encoding="utf-8")
        for drawing in pack.pictures:
            (root / f"{style.file_name(drawing.name)}.svg").write_text(style.vector(drawing), encoding="utf-8")
        (root / "pack.json").write_text(json.dumps(_data(pack)), encoding="utf-8")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", typst.TypstWarning)  # a family of the list is not on this machine
            found = typst.compile(root / "page.typ", root=root, format=form, timestamp=0)
    return found if isinstance(found, list) else [found]


def _data(pack: Pack) -> dict[str, Any]:
    facts = {name: getattr(pack, name) for name in ("title", "headline", "subtitle", "source")}
    sections, appendix = ([_section(s) for s in part] for part in (pack.sections, pack.appendix))
    return {**facts, "sections": sections, "appendix": appendix}


def _widths(table: Table) -> list[int]:
    """Shares of the width of each column: its longest text, between a few letters and what may be broken."""
    columns = zip(table.header, *table.rows, strict=True)
    return [min(max(map(len, column), default=1), 34) + 4 for column in columns]


def _section(section: Section) -> dict[str, Any]:
    blocks: list[dict[str, Any]] = []
    for block in section.blocks:
        if isinstance(block, Picture) and block.detail:
            continue
        if isinstance(block, Picture):
            drawing = block.drawing
            blocks.append({"kind": "Picture", "file": f"{style.file_name(drawing.name)}.svg", "alt": drawing.alt})
        else:
            widths = {"widths": _widths(block)} if isinstance(block, Table) else {}
            blocks.append({"kind": type(block).__name__, **dataclasses.asdict(block), **widths})
    return {"title": section.title, "message": section.message, "blocks": blocks}
