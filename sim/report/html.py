"""The pack as one HTML file that asks for nothing else: no script, no request, figures as inline SVG."""

from __future__ import annotations

import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from sim.errors import StorageError
from sim.report import style
from sim.report.pack import Pack
from sim.report.style import Drawing

_IDS = re.compile(r'(\bid="|url\(#|href="#)')


def write(pack: Pack, file: Path) -> None:
    """Write the page. Every text is escaped. StorageError if writing fails."""
    text = _environment().get_template("page.html.j2").render(pack=pack)
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"cannot write {file} ({error.strerror}); is the run folder writable?") from error


def _environment() -> Environment:
    found = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["inline"] = inline
    found.filters["kind"] = lambda block: type(block).__name__
    return found


def inline(drawing: Drawing) -> Markup:
    """The figure as an SVG element whose ids no other figure of the page has."""
    svg = style.vector(drawing)
    svg = svg[svg.index("<svg ") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    own = style.file_name(drawing.name)
    return Markup(_IDS.sub(lambda found: f"{found[1]}{own}-", svg))  # matplotlib escaped every text in it
