"""Text that came from a user (study names, labels, notes) made safe to show: screen, figure, XML, spreadsheet."""

from __future__ import annotations

import unicodedata

ELLIPSIS = "…"
# Terminal and bidirectional tricks, lone surrogates, noncharacters: none belongs to a name, and XML refuses some.
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Cn", "Co"})


def plain(text: object, limit: int | None = None) -> str:
    """One line without control or format codes; white space collapsed, cut to ``limit`` characters with an ellipsis.

    Markup (``[red]``, ``$x$``, ``<b>``) is kept: it is text, and whoever prints it must treat it so.
    """
    spaced = "".join(" " if c.isspace() else c for c in str(text))
    kept = "".join(c for c in spaced if unicodedata.category(c) not in _DROPPED)
    return shortened(" ".join(kept.split()), limit)


def shortened(text: str, limit: int | None) -> str:
    """The text itself, or its first ``limit - 1`` characters and an ellipsis."""
    if limit is None or len(text) <= limit:
        return text
    return text[: max(limit - 1, 0)].rstrip(" ,;·") + ELLIPSIS


def cell(text: object) -> str:
    """A text for a CSV cell. Spreadsheets take a leading = + - @ for a formula; an apostrophe keeps it text."""
    safe = plain(text)
    return "'" + safe if safe[:1] in {"=", "+", "-", "@"} else safe


def visible(line: str) -> str:
    """A line of a file as it is, tabs included, with each control or format code shown as U+FFFD.

    Nothing is removed, so that a caret under the line still stands under its column.
    """
    return "".join(
        c if c == "\t" or unicodedata.category(c) not in _DROPPED else "\N{REPLACEMENT CHARACTER}" for c in line
    )
