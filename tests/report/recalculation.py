"""Workbooks read, changed and recalculated: by LibreOffice, and by `formulas`, which is plain Python."""

from __future__ import annotations

import html
import math
import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

TOLERANCE = 1e-9
Value = float | str | bool | None
Where = tuple[str, str]  # sheet, address

_CELL = re.compile(r'<c r="([A-Z]+\d+)"([^>]*?)(?:/>|>(.*?)</c>)', re.DOTALL)
_REFERENCE = re.compile(
    r"(?:('(?:[^']|'')+'|[A-Za-z_.]+)!)?\$?([A-Z]{1,3})\$?(\d+)(?::\$?([A-Z]{1,3})\$?(\d+))?(?![\w(])"
)
# Recalculate on load always: otherwise LibreOffice shows the stored values and a test compares them with themselves.
_PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
</oor:items>"""


@dataclass(frozen=True)
class Cell:
    """A cell as stored: its formula (None for what is typed) and its value; an error is its text, ``#N/A``."""

    formula: str | None
    value: Value
    is_error: bool = False


Sheets = dict[Where, Cell]


def read(file: Path) -> Sheets:
    """Every cell of a workbook that holds something."""
    found: Sheets = {}
    with zipfile.ZipFile(file) as archive:
        book = archive.read("xl/workbook.xml").decode()
        names = [html.unescape(name) for name in re.findall(r'<sheet name="([^"]*)"', book)]
        shared: list[str] = []
        if "xl/sharedStrings.xml" in archive.namelist():
            texts = re.findall(r"<si>(.*?)</si>", archive.read("xl/sharedStrings.xml").decode(), re.DOTALL)
            shared = [html.unescape("".join(re.findall(r"<t[^>]*>(.*?)</t>", text, re.DOTALL))) for text in texts]
        for number, name in enumerate(names, start=1):
            for address, attributes, content in _CELL.findall(
                archive.read(f"xl/worksheets/sheet{number}.xml").decode()
            ):
                cell = _cell(attributes, content, shared)
                if cell is not None:
                    found[name, address] = cell
    return found


def _cell(attributes: str, content: str, shared: Sequence[str]) -> Cell | None:
    value = re.search(r"<v>(.*?)</v>", content, re.DOTALL)
    if value is None:
        return None
    formula = re.search(r"<f[^>]*>(.*?)</f>", content, re.DOTALL)
    text = None if formula is None else html.unescape(formula[1])
    kind = re.search(r't="(\w+)"', attributes)
    raw = html.unescape(value[1])
    match kind[1] if kind else "n":
        case "s":
            return Cell(text, shared[int(raw)])
        case "b":
            return Cell(text, raw == "1")
        case "e":
            return Cell(text, raw, is_error=True)
        case "str":
            return Cell(text, raw)
    return Cell(text, float(raw))


def with_cells(file: Path, new: Path, values: Mapping[Where, float]) -> Path:
    """A copy of a workbook with some stored numbers replaced, those beside formulas included; nothing else changes."""
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED) as archive:
        names = re.findall(r'<sheet name="([^"]*)"', old.read("xl/workbook.xml").decode())
        for item in old.namelist():
            text = old.read(item).decode()
            for (sheet, address), value in values.items():
                if item == f"xl/worksheets/sheet{names.index(sheet) + 1}.xml":
                    cell = re.compile(rf'(<c r="{address}"[^>]*>(?:<f>[^<]*</f>)?<v>)[^<]*(</v>)')
                    text, changes = cell.subn(rf"\g<1>{value!r}\g<2>", text)
                    assert changes == 1, f"{sheet}!{address} holds no number"
            archive.writestr(item, text)
    return new


def libreoffice(files: Sequence[Path], folder: Path) -> list[Sheets]:
    """The workbooks as LibreOffice recalculates them, in one go."""
    program = shutil.which("soffice")
    if program is None:
        how = "install LibreOffice: apt-get install libreoffice-calc-nogui"
        if os.environ.get("SIM_NEEDS_SOFFICE"):
            pytest.fail(how)
        pytest.skip(how)
    profile = folder / "profile"
    (profile / "user").mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(_PROFILE, encoding="utf-8")
    done = folder / "recalculated"
    command = [program, f"-env:UserInstallation={profile.as_uri()}", "--headless", "--norestore"]
    subprocess.run(
        [*command, "--convert-to", "xlsx", "--outdir", str(done), *map(str, files)],
        check=True,
        capture_output=True,
        timeout=300,
    )
    return [read(done / file.name) for file in files]


def references(formula: str, sheet: str) -> Iterator[Where]:
    """Every cell that a formula reads."""
    for other, column, row, to_column, to_row in _REFERENCE.findall(formula):
        name = other.strip("'").replace("''", "'") or sheet
        if not to_column:
            yield name, f"{column}{row}"
            continue
        for c in range(_index(column), _index(to_column) + 1):
            for r in range(int(row), int(to_row) + 1):
                yield name, f"{_letters(c)}{r}"


def _index(letters: str) -> int:
    total = 0
    for letter in letters:
        total = total * 26 + ord(letter) - 64
    return total


def _letters(index: int) -> str:
    text = ""
    while index:
        index, rest = divmod(index - 1, 26)
        text = chr(65 + rest) + text
    return text


def differs(found: Value, expected: Value, inputs: Sequence[float]) -> bool:
    """Beyond 1e-9 of the largest magnitude among the value and what it is computed from; nan and errors are equal."""
    if isinstance(expected, str) and isinstance(found, str) and expected.startswith("#"):
        return not found.startswith("#")  # which error it is, is the viewer's own affair
    if isinstance(expected, bool) or isinstance(found, bool) or not isinstance(expected, float):
        return found != expected
    if not isinstance(found, float):
        return not (math.isnan(expected) and isinstance(found, str) and found.startswith("#"))
    magnitude = max(abs(expected), *(abs(x) for x in inputs), 0.0)
    return not abs(found - expected) <= TOLERANCE * magnitude


def wrong(book: Sheets, recalculated: Mapping[Where, Value]) -> list[str]:
    """The formula cells of a workbook whose stored value is not the recalculated one."""
    found = []
    for (sheet, address), cell in book.items():
        if cell.formula is None:
            continue
        inputs = [
            float(book[each].value)  # type: ignore[arg-type]
            for each in references(cell.formula, sheet)
            if each in book and isinstance(book[each].value, float)
        ]
        again = recalculated.get((sheet, address))
        if differs(again, cell.value, inputs):
            found.append(f"{sheet}!{address}: {cell.value!r} is stored, {again!r} recalculated from {cell.formula}")
    return found


class Python:
    """A workbook in `formulas`, a spreadsheet engine in plain Python."""

    def __init__(self, file: Path):
        import formulas

        self._model = formulas.ExcelModel().loads(str(file)).finish()
        self._book = file.name
        self._sheets = {sheet.upper(): sheet for sheet, _ in read(file)}

    def recalculated(self, changes: Mapping[Where, float] | None = None) -> dict[Where, Value]:
        """The value of every cell after some inputs were changed."""
        names = {f"'[{self._book}]{s.upper()}'!{a}": value for (s, a), value in (changes or {}).items()}
        solution = self._model.calculate(inputs=names or None)
        found: dict[Where, Value] = {}
        for key, ranges in solution.items():
            match = re.fullmatch(r"'\[[^\]]*\](.*)'!([A-Z]+\d+)", str(key))
            if match and hasattr(ranges, "value"):
                found[self._sheets[match[1]], match[2]] = _plain(ranges.value[0, 0])
        return found


def _plain(value: object) -> Value:
    """A number, a truth or a text, of NumPy's or of the engine's own kind."""
    if isinstance(value, bool) or type(value).__name__ == "bool":
        return bool(value)
    return float(value) if isinstance(value, int | float) else str(value)
