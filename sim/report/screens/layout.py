"""Tables and numbers that the screens of analyses share: aligned columns, signed steps, chances in words."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from rich.cells import cell_len

from sim.report.numbers import MINUS, NONE, amount, bare, count, fixed, in_column, percent, precise, span
from sim.report.screen import cut

NARROWEST = 72
_GAP = 2
_FRACTIONS = sorted({(n, d) for d in (2, 3, 4, 5, 10) for n in range(1, d) if math.gcd(n, d) == 1})


def aligned(rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Rows as lines: the first column left, the others right. Where the width forces it the first is cut."""
    wide = [max((cell_len(row[i]) for row in rows if i < len(row)), default=0) for i in range(1, max(map(len, rows)))]
    room = max(max(width, NARROWEST) - sum(wide) - _GAP * len(wide), 8)
    names = [cut(row[0], room) for row in rows]
    left = max(map(cell_len, names))
    said = []
    for name, row in zip(names, rows, strict=True):
        cells = "".join(" " * (_GAP + w - cell_len(c)) + c for w, c in zip(wide, row[1:], strict=False))
        said.append((name + " " * (left - cell_len(name)) + cells).rstrip())
    return said


def wrapped(text: str, width: int) -> list[str]:
    """A sentence in lines, the second and later ones indented."""
    return textwrap.wrap(text, max(width, NARROWEST), subsequent_indent="  ", break_long_words=False) or [""]


def between(low: float, high: float, unit: str) -> str:
    """``$124–$228``, but ``−$40.4 to −$20.5``."""
    return f"{in_column(low, unit)} to {in_column(high, unit)}" if low < 0 else span(low, high, unit)


def estimate(found: Mapping[str, Any] | None, unit: str = "1", scale: float = 1.0) -> str:
    """``$170.2 ±0.2`` of a value with its error; n/a without one."""
    if found is None or found["value"] is None:
        return NONE
    error = found["standard_error"]
    text = precise(found["value"] * scale, None if error is None else error * scale)
    if error == 0:
        text = text.partition(" ")[0]
    number, _, rest = text.partition(" ")
    return " ".join(part for part in (bare(unit).around(number), rest) if part)


def chance(found: Mapping[str, Any] | None) -> str:
    """``37.42 ±0.09%``; ``0%`` and ``100%`` where every path agrees."""
    if found is None or found["value"] is None:
        return NONE
    return percent(found["value"]) if found["value"] in (0, 1) else estimate(found, scale=100.0) + "%"


def signed(found: Mapping[str, Any] | None, scale: float = 1.0, *, error: bool = True, unit: str = "1") -> str:
    """``+$6.53`` or ``−0.493 ±0.012``: a step, always with its sign; without its error to the second decimal."""
    if found is None or found["value"] is None:
        return NONE
    value, spread = found["value"] * scale, found["standard_error"]
    if not spread or not error:
        size = abs(value)
        text = fixed(value, 2) if 0.005 <= size < 1000 else "0" if size < 1e-12 * max(scale, 1.0) else amount(value)
    else:
        text = precise(value, spread * scale)
    number, _, rest = text.partition(" ")
    number = number if number == "0" else bare(unit).around(number)
    written = " ".join(part for part in (number, rest) if part)
    return written if text.startswith(MINUS) or text == "0" else f"+{written}"


def about(share: float) -> str:
    """A chance in words: ``about 2 in 5``, ``about 1 in 60``, ``no path``."""
    if share in (0.0, 1.0):
        return "no path" if share == 0.0 else "every path"
    if share < 0.08:
        return f"about 1 in {count(float(f'{1 / share:.2g}'))}"
    if share > 0.92:
        return f"all but about 1 in {count(float(f'{1 / (1 - share):.2g}'))}"
    n, d = min(_FRACTIONS, key=lambda f: (abs(f[0] / f[1] - share), f[1]))
    return f"about {n} in {d}"


def figure(files: Sequence[str]) -> list[str]:
    """Where the figure lies, if one was drawn."""
    return [f"Figure   {name}" for name in files if name.endswith(".png")]


def named(run: Mapping[str, Any]) -> str:
    """A run by its scenario or its study file: what its reader called it."""
    config = str(run["config"]).rpartition(".")[0] or str(run["config"])
    return f"{config} ({run['scenario']})" if run["scenario"] else config
