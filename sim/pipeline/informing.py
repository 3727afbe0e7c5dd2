"""`sim information`: what is worth finding out before a decision, from a stored run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.config import decision as deciding
from sim.errors import InputError, Problem, did_you_mean
from sim.pipeline.stored import RESULTS, opened

if TYPE_CHECKING:
    from sim.analysis.information import Information
    from sim.run.result import Run

VERB = "information"


@dataclass(frozen=True)
class Informed:
    """The answer, the file that keeps it, and the figure's files."""

    run: Run
    result: Information
    file: Path
    figures: tuple[Path, ...]

    def as_dict(self) -> dict[str, Any]:
        """The one object of ``--json``."""
        said = {"run": self.run.manifest["run"], "file": str(self.file), "figures": [str(f) for f in self.figures]}
        return {**said, **self.result.as_dict()}


def information(
    reference: str,
    file: Path,
    together: Sequence[str] = (),
    out: Path = RESULTS,
    *,
    threads: int | None = None,
    pack: bool = True,
) -> Informed:
    """The value of information for the decision in ``file``. ``together``: sets of drivers, with commas between.

    InputError with every problem of the file, or with what the run lacks for it.
    """
    reading = deciding.load(file)
    if reading.decision is None:
        raise InputError(reading.problems)
    from sim.analysis import information as analysis
    from sim.run import store

    stored = opened(reference, out, threads=threads)
    lacking = [p.at(reading.origins.place(p.path)) for p in _lacking(stored.run, reading.decision)]
    if lacking:
        raise InputError(lacking)
    sets = [[name.strip() for name in each.split(",") if name.strip()] for each in together]
    result = analysis.analyse(stored.run, stored.value, stored.inputs, reading.decision, sets)
    question = {"decision": reading.document, "together": sets}
    saved = store.save_analysis(stored.run, VERB, question, result.as_dict())
    figures: tuple[Path, ...] = ()
    if pack:
        from sim.report import style
        from sim.report.figures import information as drawing

        figures = tuple(style.save(drawing.draw(stored.run, result.as_dict()), stored.run.directory / "pack"))
    return Informed(stored.run, result, saved, figures)


def lines(found: Informed, width: int) -> list[str]:
    """What the screen says, the answer first."""
    from sim.report.screens import information as screen

    return [*screen.lines(found.result.as_dict(), width), f"kept in {found.file}"]


def _lacking(run: Run, decision: deciding.Decision) -> Iterator[Problem]:
    """What the decision asks of a run that this run does not have."""
    if decision.output in run.outputs:
        unit = run.unit(decision.output)
        if decision.price.unit != unit:
            yield Problem(
                "price.unit", f'is "{decision.price.unit}", but {decision.output} is in "{unit}"', _agree(unit)
            )
    else:
        yield Problem("output", f'the run has no output "{decision.output}"', _near(decision.output, run.outputs))
    every = (*run.outputs, *run.drivers)
    for name, disclosure in decision.disclosures.items():
        leaf = f"disclosures.{name}"
        for column in disclosure.observe:
            if column not in every:
                yield Problem(f"{leaf}.observe", f'the run has no column "{column}"', _near(column, every))
            elif disclosure.error is not None and disclosure.error.unit != run.unit(column):
                what = f'is "{disclosure.error.unit}", but {column} is in "{run.unit(column)}"'
                yield Problem(f"{leaf}.error.unit", what, _agree(run.unit(column)))
    for position, name in enumerate(decision.beyond_research):
        if name not in run.drivers:
            advice = did_you_mean(name, run.drivers) or "name drivers of the study"
            yield Problem(f"beyond_research.{position}", f'the run has no driver "{name}"', advice)


def _near(name: str, known: Sequence[str]) -> str:
    periods = [each for each in known if each.startswith(f"{name}.")]
    if periods:
        return f"name one of its periods, such as {periods[0]}"
    return did_you_mean(name, known) or f"add it to `outputs` of the study and repeat the run; it has {known[0]}, ..."


def _agree(unit: str) -> str:
    return f'give the number in "{unit}"'
