"""The look of every figure, without pyplot and without global state, and how a drawing becomes files.

A figure is drawn and saved inside `committee`, which holds matplotlib's settings (the package's own style file over
matplotlib's defaults, so that no user's matplotlibrc shows) only for that time. Positions are in inches from the lower
left corner.
"""

from __future__ import annotations

import io
import logging
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from xml.sax.saxutils import escape, quoteattr

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from sim.errors import StorageError
from sim.report.numbers import day, paths
from sim.report.text import ELLIPSIS, plain, shortened

if TYPE_CHECKING:
    import pandas as pd

WIDTH, HEIGHT = 6.6, 3.6  # inches: an A4 column and half a slide
EDGE = 0.12
HEADLINE_LIMIT = 70

BLACK, INK, GREY, FAINT = "#000000", "#374151", "#6B7280", "#E5E7EB"
SUBTITLE = "#4B5563"
BLUE, VERMILLION = "#0072B2", "#D55E00"
BANDS = ("#DCE9F5", "#B5D1EA", "#7FB0DA")  # 90, 70, 30% of paths: lightness 92, 83, 70
SMALL, LABEL, TICK = 6.5, 8.5, 8.0

# Asked only for glyphs that the families of the style file lack (Chinese company names).
_FALLBACK = ("Noto Sans CJK SC", "Noto Sans SC", "Microsoft YaHei", "PingFang SC", "WenQuanYi Micro Hei")
_MACHINE = (
    "backend",
    "interactive",
    "toolbar",
    "timezone",
    "webagg",
    "tk.",
    "macosx",
    "date.epoch",
    "savefig.directory",
)


class Simulated(Protocol):
    """What a figure needs of a run (`sim.run.result.Run` is one)."""

    @property
    def manifest(self) -> Mapping[str, Any]: ...

    @property
    def summary(self) -> Mapping[str, Any]: ...

    @property
    def target(self) -> Mapping[str, Any] | None: ...

    @property
    def replicates(self) -> int: ...

    def column(self, name: str) -> NDArray[np.float64]: ...


@dataclass(frozen=True)
class Bars:
    """A figure so simple that a slide may draw it itself: bars by name, with the number format of a spreadsheet."""

    series: str
    names: tuple[str, ...]
    values: tuple[float, ...]
    form: str
    upright: bool = False


@dataclass(frozen=True)
class Drawing:
    """A finished figure: its file name without suffix, what it says, and the numbers that were plotted."""

    name: str
    headline: str
    subtitle: str
    alt: str
    figure: Figure
    data: pd.DataFrame
    bars: Bars | None = None
    made: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)  # rendered once for all printers


@cache
def _settings() -> Any:
    # Typed loosely: matplotlib's own types know every key as a literal.
    every: Any = matplotlib.rc_params_from_file(str(Path(__file__).with_name("sim.mplstyle")))
    settings: dict[str, Any] = {key: value for key, value in every.items() if not key.startswith(_MACHINE)}
    settings["text.hinting"] = "none"  # so that what is measured here has the same width at any resolution
    settings["font.sans-serif"] = [*settings["font.sans-serif"], *_FALLBACK]
    return settings


@contextmanager
def committee() -> Iterator[None]:
    """Matplotlib in the house style. Missing fonts and glyphs are no news here: the fallbacks are meant to be used."""

    def heard(record: logging.LogRecord) -> bool:
        return not record.getMessage().startswith("findfont")

    fonts = logging.getLogger("matplotlib.font_manager")
    fonts.addFilter(heard)
    try:
        with matplotlib.rc_context(_settings()), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=r"Glyph .* missing from font")
            yield
    finally:
        fonts.removeFilter(heard)


def canvas(headline: str, subtitle: str, notes: Sequence[str], source: str, height: float = HEIGHT) -> Figure:
    """An empty figure with headline and subtitle at the top, notes and source at the foot; all fit the width.

    Panels may use the inches from `floor(notes)` to ``height - 0.55``.
    """
    figure = Figure(figsize=(WIDTH, height))
    FigureCanvasAgg(figure)
    title = write(figure, EDGE, height - 0.10, headline, size=11.5, weight="bold", va="top")
    fit(title, WIDTH - 2 * EDGE, smallest=9.0)
    under = write(figure, EDGE, height - 0.335, subtitle, size=LABEL, color=SUBTITLE, va="top")
    fit(under, WIDTH - 2 * EDGE, smallest=7.5)
    foot = write(figure, EDGE, 0.06, source, size=SMALL, color=GREY, va="bottom")
    fit(foot, WIDTH - 2 * EDGE, smallest=SMALL)
    if notes:
        note = write(figure, EDGE, 0.18, "; ".join(notes), size=SMALL, color=GREY, va="bottom")
        fit(note, WIDTH - 2 * EDGE, smallest=SMALL)
    return figure


def floor(notes: Sequence[str]) -> float:
    """Height in inches at which panels may begin."""
    return 0.38 if notes else 0.26


def panel(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Axes at a place in inches."""
    across, up = figure.get_size_inches()
    return figure.add_axes((left / across, bottom / up, width / across, height / up))


def write(figure: Figure, x: float, y: float, text: str, **how: Any) -> Text:
    """Text at a place in inches, left aligned unless told otherwise."""
    across, up = figure.get_size_inches()
    return figure.text(x / across, y / up, plain(text), **{"ha": "left", **how})


def extent(text: Text) -> Bbox:
    """The rectangle a text covers, in pixels of its figure."""
    figure = text.get_figure(root=True)
    assert figure is not None
    canvas: Any = figure.canvas  # matplotlib leaves get_renderer of the Agg canvas untyped
    return text.get_window_extent(canvas.get_renderer())


def inches(text: Text) -> float:
    """Width of a text."""
    figure = text.get_figure(root=True)
    assert figure is not None
    return float(extent(text).width / figure.dpi)


def fit(text: Text, width: float, smallest: float) -> Text:
    """Make a text at most ``width`` inches wide: smaller down to ``smallest`` points, then cut with an ellipsis."""
    size = float(text.get_fontsize())
    while inches(text) > width and size > smallest:
        size = max(size - 0.25, smallest)
        text.set_fontsize(size)
    words = text.get_text()
    keep = len(words)
    while inches(text) > width and keep > 1:
        keep = min(keep - 1, int(keep * width / inches(text)) + 1)
        text.set_text(words[:keep].rstrip(" ,;·") + ELLIPSIS)
    return text


@dataclass(frozen=True)
class Line:
    """A vertical line to be drawn and labelled. One beyond the axis is given at the axis' end with ``drawn=False``."""

    x: float
    label: str
    colour: str
    weight: str
    dashes: Any
    width: float
    drawn: bool = True


def mark_lines(axes: Axes, lines: Sequence[Line]) -> list[Annotation]:
    """Draw vertical lines up to their labels, which stand beside them in few rows below the top of the axes.

    Of all arrangements the one is taken in which labels cover each other least, leave the axes least, cross the fewest
    lines (a line ends at its own label, so a higher label passes above it) and stand highest.
    """
    figure = axes.get_figure(root=True)
    assert figure is not None
    row = LABEL * 1.45
    place = axes.get_window_extent()
    at = [float(axes.transData.transform((line.x, 0))[0]) for line in lines]
    labels: list[Annotation] = []
    boxes: list[dict[tuple[int, str], Bbox]] = []
    for line in lines:
        label = axes.annotate(line.label, (line.x, 1.0), (0, 0), ("data", "axes fraction"), "offset points")
        label.set(fontsize=LABEL, color=line.colour, fontweight=line.weight, va="top", annotation_clip=False, zorder=5)
        label.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.8})
        found = {}
        for choice in product(range(len(lines)), ("left", "right")):
            _stand(label, *choice, row)
            found[choice] = extent(label).padded(2)
        labels.append(label)
        boxes.append(found)

    def cost(choices: Sequence[tuple[int, str]]) -> float:
        total = 0.0
        for i, (depth, side) in enumerate(choices):
            box = boxes[i][depth, side]
            total += 20 * (max(place.x0 - box.x0, 0) + max(box.x1 - place.x1, 0)) + 10 * depth
            # Labels lean outwards, so that those of two neighbours part.
            total += 4 if (side == "left") == (at[i] < np.mean(at)) else 0
            for j, (other, turn) in enumerate(choices):
                if i != j:
                    total += 1e6 if box.overlaps(boxes[j][other, turn]) else 0
                    total += 40 if lines[j].drawn and other <= depth and box.x0 <= at[j] <= box.x1 else 0
        return total

    best = min(product(*(found for found in boxes)), key=cost, default=())
    for line, label, (depth, side) in zip(lines, labels, best, strict=True):
        _stand(label, depth, side, row)
        if line.drawn:
            top = 1 - depth * row / 72 * figure.dpi / place.height
            axes.axvline(line.x, 0, top, color=line.colour, ls=line.dashes, lw=line.width, zorder=3)
    return labels


def _stand(label: Annotation, depth: int, side: str, row: float) -> None:
    label.set(ha=side, position=(3 if side == "left" else -3, -depth * row))


def spread(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move places apart to at least ``gap``, as little as the order allows, and keep them within [low, high]."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    moved = [places[i] for i in order]
    for _ in range(100):
        for i in range(len(moved) - 1):
            short = gap - (moved[i + 1] - moved[i])
            if short > 1e-9:
                moved[i] -= short / 2
                moved[i + 1] += short / 2
    for i in range(len(moved)):
        moved[i] = max(moved[i], low + i * gap)
    for i in reversed(range(len(moved))):
        moved[i] = min(moved[i], high - (len(moved) - 1 - i) * gap)
    back = [0.0] * len(places)
    for i, value in zip(order, moved, strict=True):
        back[i] = value
    return back


def round_step(span: float, at_most: int) -> float:
    """The smallest of 1, 2, 5 times a power of ten that cuts ``span`` > 0 into ``at_most`` steps or fewer."""
    rough = span / max(at_most, 1)
    power = 10.0 ** np.floor(np.log10(rough))
    return float(next(f * power for f in (1, 2, 5, 10) if f * power >= rough * (1 - 1e-9)))


def ticks(low: float, high: float, at_most: int) -> tuple[list[float], int]:
    """Round places within [low, high] and the decimals they need."""
    step = round_step(high - low, at_most)
    first, last = int(np.ceil(low / step - 1e-9)), int(np.floor(high / step + 1e-9))
    return [i * step for i in range(first, last + 1)], int(max(0, -np.floor(np.log10(step))))


def source_line(run: Simulated) -> str:
    """``Source: sim 0.1.0 · run 1a2b3c4d · base.yaml · seed 179 · 1,048,576 paths · prices at 17 Sep 2025``."""
    facts = run.manifest
    when = facts.get("price_date") or facts.get("as_of")
    config = plain(Path(str(facts.get("config") or "")).name, 30)
    if facts.get("scenario"):
        config += f" ({plain(facts['scenario'], 20)})"
    parts = [
        f"Source: sim {plain(facts.get('sim_version', '?'), 20)}",
        f"run {plain(facts.get('hash', '?'))[:8]}",
        *([config] if config else []),
        f"seed {facts.get('seed', '?')}",
        paths(int(facts.get("paths", 0))),
        *([f"prices at {day(when)}"] if when else []),
    ]
    return " · ".join(parts)


def study(run: Simulated, limit: int = 70) -> str:
    """The study's title as one safe line."""
    return plain(run.manifest.get("study", ""), limit)


def headline(label: str, tails: Sequence[str]) -> str:
    """A label and the longest of ``tails`` (long to short) within the limit; the label is cut only with the last."""
    for tail in tails:
        if len(label) + len(tail) <= HEADLINE_LIMIT:
            return label + tail
    return shortened(label, HEADLINE_LIMIT - len(tails[-1])) + tails[-1]


def file_name(text: str) -> str:
    """A name fit for a file on any system: ``segment_value[aidc]`` -> ``segment_value_aidc``."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", text).strip("_")[:80] or "figure"


def vector(drawing: Drawing) -> str:
    """The figure as SVG: text stays text, with title and description."""
    if "svg" in drawing.made:
        return str(drawing.made["svg"])
    found = io.StringIO()
    facts = {"Date": None, "Creator": None, "Title": drawing.headline}
    with committee():
        drawing.figure.savefig(found, format="svg", metadata=facts)
    svg = found.getvalue().replace("<svg ", f'<svg role="img" aria-label={quoteattr(drawing.alt)} ', 1)
    drawing.made["svg"] = svg.replace("</title>", f"</title>\n <desc>{escape(drawing.alt)}</desc>", 1)
    return str(drawing.made["svg"])


def pixels(drawing: Drawing) -> bytes:
    """The figure as PNG of 200 dots an inch."""
    if "png" in drawing.made:
        return bytes(drawing.made["png"])
    found = io.BytesIO()
    facts = {"Software": None, "Title": drawing.headline, "Description": drawing.alt}
    with committee():
        drawing.figure.savefig(found, format="png", metadata=facts)
    drawing.made["png"] = found.getvalue()
    return found.getvalue()


def save(drawing: Drawing, directory: Path) -> list[Path]:
    """Write ``name.svg`` (text stays text, with title and description), ``name.png`` (200 dpi) and ``name.csv``.

    The bytes depend on the drawing, the fonts found and the version of matplotlib alone. StorageError if writing fails.
    """
    table = drawing.data.to_csv(index=False, lineterminator="\n")
    contents = {".svg": vector(drawing).encode(), ".png": pixels(drawing), ".csv": table.encode()}
    files = []
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for suffix, content in contents.items():
            path = directory / (drawing.name + suffix)
            path.write_bytes(content)
            files.append(path)
    except OSError as error:
        raise StorageError(
            f"cannot write figures under {directory} ({error.strerror}); choose another folder"
        ) from error
    return files
