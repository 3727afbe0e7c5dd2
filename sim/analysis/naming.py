"""Which column is meant: by its name, by its label, with the fiscal year or date beside it or within it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sim.errors import InputError, Problem, did_you_mean
from sim.run.result import Run

_SENTENCE = re.compile(r"^(?P<what>.+?)\s*(?P<sign>>=|=>|≥|>|<=|=<|≤|<|\bat least\b)\s*(?P<number>.+)$", re.IGNORECASE)
_NUMBER = re.compile(
    r"^(?P<before>[^\d.,+−-]*)(?P<digits>[+−-]?[\d.,_]+(?:e[+-]?\d+)?)\s*(?P<after>.*)$", re.IGNORECASE
)
_QUARTER = re.compile(r"^\d{4}Q[1-4]$", re.IGNORECASE)
_YEAR = re.compile(r"^FY\s?(?:20)?(\d{2})[EA]?$", re.IGNORECASE)


@dataclass(frozen=True)
class Question:
    """An output column and, if the question names one, the threshold to be reached."""

    output: str
    threshold: float | None


def find(run: Run, words: str | None, period: str | None = None) -> str:
    """The column meant by ``words`` (its name, its cell's name or its label) and ``period`` (``FY2028``, ``2026Q3``).

    Without words the target's output, if the study has a target. InputError with a suggestion if nothing fits.
    """
    if words is None:
        if run.target is None:
            raise InputError(Problem("--output", "the study has no target", f"name an output, such as {_some(run)}"))
        words = str(run.target["output"])
    words = words.strip()
    when = None if period is None else _period(period)
    if when is None and words in (*run.outputs, *run.drivers):
        return words
    name, said = words, when
    head, _, last = words.replace(".", " ").rpartition(" ")
    if said is None and head and (_YEAR.match(last) or _QUARTER.match(last)):
        name, said, period = head, _period(last), last
    found = _by_words(run, name, said)
    if len(found) == 1:
        return found[0]
    if found:
        years = _periods(run, found)
        raise InputError(Problem("--period", f'"{name}" is there for {years[0]} to {years[-1]}', "say which one"))
    others = _by_words(run, name, None)
    if others and said is not None:
        years = [year for year in _periods(run, others) if year]
        advice = f"it has {', '.join(years)}" if years else "leave --period out"
        raise InputError(Problem("--period", f'"{name}" has no period "{period}"', advice))
    # A name is answered with a name, words with a label.
    both = [(run.label(column["name"]), column["cell"]) for column in _columns(run)]
    known = {_plain(text): text for pair in both for text in (pair if "_" in name else pair[::-1])}
    known |= {_plain(name): name for name in run.drivers}
    close = did_you_mean(_plain(name), known)
    advice = f'did you mean "{known[close.split(chr(34))[1]]}"?' if close else f"name an output, such as {_some(run)}"
    raise InputError(Problem("", f'the run has no column "{words}"', advice))


def asked(run: Run, sentence: str) -> Question:
    """``AI-cloud revenue FY2028 >= 60`` as a question; the number may carry the column's own unit or %."""
    parts = _SENTENCE.match(sentence.strip())
    if parts is None:
        return Question(find(run, sentence), None)
    if parts["sign"] in {"<=", "=<", "≤", "<"}:
        advice = "ask for >= ; what is missing to 100% is the chance of less"
        raise InputError(Problem("", f'"{sentence}" asks for at most', advice))
    output = find(run, parts["what"])
    return Question(output, _number(run, output, parts["number"].strip()))


def _number(run: Run, output: str, text: str) -> float:
    unit, parts = run.unit(output), _NUMBER.match(text)
    advice = "write it as a plain number" + ("" if unit in {"", "1"} else f" in {unit}")
    if parts is None:
        raise InputError(Problem("", f'"{text}" is no number', advice))
    around = set(f"{parts['before']} {parts['after']}".split())
    own = {unit, *re.split(r"[ /]", unit)} | ({"$"} if "$" in unit else set())
    percent = around == {"%"} and unit.startswith(("1", "share"))
    if not (percent or around <= own):
        raise InputError(Problem("", f'"{text}" is not in the unit of {output}', advice))
    try:
        value = float(parts["digits"].replace(",", "").replace("−", "-").replace("_", ""))
    except ValueError:
        raise InputError(Problem("", f'"{text}" is no number', advice)) from None
    return value / 100 if percent else value


def _columns(run: Run) -> list[Mapping[str, str]]:
    return list(run.manifest["columns"])


def _by_words(run: Run, words: str, when: str | None) -> list[str]:
    """Columns whose cell, name or label is meant, of one period or of all."""
    meant = _plain(words)
    found = [
        column["name"]
        for column in _columns(run)
        if meant in {_plain(column["cell"]), _plain(column["name"]), _plain(run.label(column["name"]))}
        and (when is None or column["period"] == when)
    ]
    drivers = [name for name in run.drivers if meant in {_plain(name), _plain(run.label(name))}]
    return found or ([] if when is not None else drivers)


def _periods(run: Run, names: list[str]) -> list[str]:
    wanted = set(names)
    return [column["period"] for column in _columns(run) if column["name"] in wanted]


def _period(text: str) -> str:
    """``FY28E`` and ``fy2028`` as ``FY2028``; anything else in capitals."""
    year = _YEAR.match(text.strip())
    return f"FY20{year[1]}" if year else text.strip().upper()


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^a-z0-9\[\].']+", " ", text.lower().replace("_", " ")).split())


def _some(run: Run) -> str:
    return ", ".join(dict.fromkeys(column["cell"] for column in _columns(run)[:4])) or ", ".join(run.outputs[:4])
