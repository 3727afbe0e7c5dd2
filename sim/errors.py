"""What can go wrong, said once: places, problems and the four kinds of failure with their exit codes."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Place:
    """Where something was written: a file (or ``--set``), a line and a column, both counted from 1."""

    file: str
    line: int = 0
    column: int = 0
    text: str = ""

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}" if self.column else f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Problem:
    """One thing wrong with the input.

    ``path`` names the leaf (``drivers.cloud_share.marginal.p90``), ``what`` the fault, ``advice`` the mend.
    ``place`` may be missing when the finder knows only the leaf; `pipeline.check` then adds it.
    """

    path: str
    what: str
    advice: str = ""
    place: Place | None = None

    def at(self, place: Place | None) -> Problem:
        """The same problem with its place filled in, unless it has one already."""
        return self if self.place is not None or place is None else replace(self, place=place)

    def __str__(self) -> str:
        where = f"{self.place} " if self.place else ""
        what = f"{self.what}; {self.advice}" if self.advice else self.what
        head = f"{where}{self.path}: {what}" if self.path else f"{where}{what}"
        if self.place is None or not self.place.text:
            return head
        # Tabs are kept so that the caret stands under its column in any terminal.
        indent = "".join("\t" if c == "\t" else " " for c in self.place.text[: max(self.place.column - 1, 0)])
        return f"{head}\n    {self.place.text}\n    {indent}^"


class SimError(Exception):
    """Any failure that `sim` explains to its user; ``exit_code`` is what the command returns."""

    exit_code = 1


class InputError(SimError):
    """The study, the model or the command line is wrong; carries every problem that was found."""

    exit_code = 2

    def __init__(self, problems: Problem | Sequence[Problem]):
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(str(p) for p in self.problems))


class ModelFailure(SimError):
    """The model could not give an answer (every path invalid, a repeat that differs), or a gate was not met."""

    exit_code = 3


class StorageError(SimError):
    """Reading or writing files failed."""

    exit_code = 4


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``did you mean "x"?`` for the closest known name, or an empty text when nothing is close."""
    close = closest(name, known)
    return f'did you mean "{close}"?' if close is not None else ""


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name that ``name`` most resembles, or None when nothing is close."""
    return next(iter(difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)), None)
