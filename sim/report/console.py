"""Everything `sim` says in a terminal. Results go to standard output; problems and progress to standard error.

All texts of a study reach the terminal as text: markup is not read, control codes and escapes are taken out. Nothing
depends on colour, and a terminal that knows no Unicode gets ASCII.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Column, Table
from rich.text import Text
from rich.tree import Tree

from sim.errors import InputError, Problem, SimError
from sim.report import screen as summary_screen
from sim.report.numbers import amount, count, rate, threshold
from sim.report.text import plain, visible

_ASCII = str.maketrans(
    {"±": "+/-", "≥": ">=", "≤": "<=", "−": "-", "–": "-", "·": "|", "…": "...", "→": "->", "←": "<-", "\ufffd": "?"}
)


class Verified(Protocol):
    """What the repeat of a run found (`sim.run.verify.Verification` is one)."""

    @property
    def paths(self) -> int: ...
    @property
    def columns(self) -> int: ...
    @property
    def digests_differ(self) -> tuple[str, ...]: ...
    @property
    def differences(self) -> tuple[tuple[str, int, float, float], ...]: ...
    @property
    def note(self) -> str: ...
    @property
    def agrees(self) -> bool: ...


def _errors() -> Console:
    return Console(stderr=True, highlight=False)


def _text(console: Console, words: str, style: str = "") -> Text:
    if not console.encoding.lower().startswith("utf"):
        words = words.translate(_ASCII).encode("ascii", "replace").decode("ascii")
    return Text(words, style=style)


def _say(console: Console, line: str, style: str = "") -> None:
    # soft_wrap: rich neither cuts nor breaks the line, so that paths and places can be copied.
    console.print(_text(console, line, style), soft_wrap=True)


def screen(summary: Mapping[str, Any], directory: Path, console: Console | None = None) -> None:
    """What a run says, in at most 15 lines; ``summary`` as in ``summary.json``."""
    console = console or Console(highlight=False)
    say_lines(summary_screen.lines(summary, directory, console.width), console)


def say_lines(lines: Sequence[str], console: Console | None = None) -> None:
    """What an analysis found, as lines of text (made in `sim.report.screens`): the answer first."""
    console = console or Console(highlight=False)
    for i, line in enumerate(lines):
        _say(console, line, "bold" if i == 0 else "")


def width() -> int:
    """Columns of the terminal."""
    return Console().width


def failure(error: SimError, console: Console | None = None) -> None:
    """Why a command stopped."""
    if isinstance(error, InputError):
        problems(error.problems, console)
        return
    for line in str(error).splitlines():
        _say(console or _errors(), visible(line))


def problems(found: Sequence[Problem], console: Console | None = None) -> None:
    """Each problem with its place, the line it stands in and a caret under it; how many, if more than one."""
    console = console or _errors()
    for problem in found:
        for line in str(problem).splitlines():
            _say(console, visible(line))
    if len(found) > 1:
        _say(console, f"{len(found)} problems")


def verification(found: Verified, console: Console | None = None) -> None:
    """Whether the repeat of a run agrees with what is stored, and where it does not."""
    console = console or Console(highlight=False)
    if found.agrees:
        _say(console, f"every bit agrees: {count(found.paths)} paths, {found.columns} stored columns and all outputs")
        if found.note:
            _say(console, found.note)
        return
    for name, path, stored, again in found.differences[:10]:
        _say(console, f"{plain(name)}: first differs at path {path}: stored {stored!r}, repeated {again!r}")
    if len(found.differences) > 10:
        _say(console, f"and {len(found.differences) - 10} more columns")
    if found.digests_differ:
        named = ", ".join(plain(name) for name in found.digests_differ[:5])
        _say(console, f"the digests of {len(found.digests_differ)} outputs differ from the manifest's: {named}")
    if found.note:
        _say(console, found.note)


def runs(rows: Sequence[Mapping[str, Any]], console: Console | None = None) -> None:
    """The runs there are: dicts with ``run`` and, where known, study, paths, seed and target (as in the summary).

    ``complete`` is False for a run that was not finished; ``note`` then says why it cannot be read.
    """
    console = console or Console(highlight=False)
    if not rows:
        _say(console, "no runs yet; `sim run STUDY` makes one")
        return
    table = _table("Run", "Study", "Paths", "Seed", "Target")
    table.columns[0].no_wrap = True
    table.columns[0].overflow = "fold"
    for right in (2, 3):
        table.columns[right].justify = "right"
    for row in rows:
        paths, target = row.get("paths"), row.get("target") or {}
        answer = ""
        if target.get("probability") is not None:
            goal = threshold(target["at_least"], str(target.get("unit", "1")))
            answer = f"P(≥ {goal}) {summary_screen.chance(target)}"
        if row.get("complete") is False:
            answer = plain(row.get("note") or "incomplete")
        study = row.get("study")
        if row.get("scenario"):
            study = f"{study} ({row['scenario']})"
        cells = (row.get("run"), study, None if paths is None else count(paths), row.get("seed"), answer)
        table.add_row(*(_text(console, plain("" if cell is None else cell)) for cell in cells))
    console.print(table)


def register(rows: Sequence[Mapping[str, Any]], console: Console | None = None) -> None:
    """The assumption register: dicts as made by `sim.report.register.rows`.

    driver, label, unit, marginal (in words), p10, p50, p90 (numbers or None), sources, grade, note, place.
    """
    console = console or Console(highlight=False)
    table = _table("Driver", "Assumption", "Grade", "Sources and reasons")
    table.show_lines = True
    table.box = box.HORIZONTALS
    for row in rows:
        marks = [f"{p.upper()} {amount(row[p])}" for p in ("p10", "p50", "p90") if row.get(p) is not None]
        unit = plain(row.get("unit") or "")
        what = [plain(row["marginal"]), "  ".join(marks), "" if unit in {"", "1"} else unit]
        basis = [
            ", ".join(plain(s) for s in row.get("sources", ())),
            plain(row.get("note") or ""),
            plain(row.get("place") or ""),
        ]
        label = plain(row.get("label") or "")
        name = [plain(row["driver"]), "" if label == plain(row["driver"]) else label]
        cells = [name, what, [plain(row.get("grade") or "")], basis]
        table.add_row(*(_text(console, "\n".join(part for part in cell if part)) for cell in cells))
    console.print(table)


def feeds(node: Mapping[str, Any], console: Console | None = None) -> None:
    """What feeds a cell, as a tree: dicts as made by `sim.report.register.feeds`.

    name, kind, detail, place (file:line) and feeds, a list of the same.
    """
    console = console or Console(highlight=False)
    tree = Tree(_node(console, node))
    waiting = [(tree, node)]
    while waiting:
        branch, here = waiting.pop()
        for below in here.get("feeds", ()):
            waiting.append((branch.add(_node(console, below)), below))
    console.print(tree)


def _node(console: Console, node: Mapping[str, Any]) -> Text:
    words = _text(console, plain(node["name"]), "bold")
    kind, detail, place = (plain(node.get(key) or "") for key in ("kind", "detail", "place"))
    for part in (f" ({kind})" if kind else "", f"  {detail}" if detail else "", f"  {place}" if place else ""):
        words.append(_text(console, part, "not bold"))
    return words


def _table(*heads: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for head in heads:
        table.add_column(head, overflow="fold")
    return table


class Teller:
    """Hears of long work: `begin` once with what it is and how many paths, `done` with the paths done so far.

    Work that goes on beyond its end doubles its paths.
    """

    def __init__(self, display: Progress | None):
        self._display = display
        self._task: TaskID | None = None
        self._total = 0

    def begin(self, title: str, paths: int) -> None:
        if self._display is not None:
            words = _text(self._display.console, plain(title, 40))
            self._total = paths
            self._task = self._display.add_task("", total=paths, title=words)

    def done(self, paths: int) -> None:
        if self._display is not None and self._task is not None:
            while 0 < self._total < paths:
                self._total *= 2
            self._display.update(self._task, completed=paths, total=self._total)

    def say(self, what: str) -> None:
        """Name the part of the pack that is being made."""
        if self._display is not None and self._task is not None:
            self._display.update(self._task, title=_text(self._display.console, f"Pack: {plain(what, 50)}"))


class _Title(ProgressColumn):
    def render(self, task: Task) -> Text:
        return task.fields["title"]  # type: ignore[no-any-return]


class _Speed(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{rate(task.speed)} paths/s" if task.speed else "")


@contextmanager
def progress(quiet: bool = False, console: Console | None = None) -> Iterator[Teller]:
    """A progress bar on standard error that leaves no trace; silent if ``quiet`` or if nobody watches a terminal."""
    console = console or _errors()
    if quiet or not console.is_terminal:
        yield Teller(None)
        return
    title = _Title(Column(no_wrap=True, overflow="ellipsis"))  # one line: two would jump at every redraw
    columns = (title, BarColumn(30), TextColumn("{task.percentage:>3.0f}%"), _Speed(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as display:
        yield Teller(display)
