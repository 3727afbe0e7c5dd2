"""`sim calibrate`: fit the growth model to reported quarters and say it as drivers of a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim import __version__
from sim.analysis import calibrate as analysis
from sim.config import history as records
from sim.config.columns import expand
from sim.config.drivers import KINDS
from sim.config.history import History
from sim.config.results import Output
from sim.config.schema import Correlation, Study
from sim.errors import InputError, Problem, StorageError
from sim.pipeline.checking import Checked, check, plan_of

if TYPE_CHECKING:
    from sim.analysis.calibrate import Marginal, Pair, Widths
    from sim.analysis.growth_fit import Fit
    from sim.run.simulate import Simulator

MATCHED = (1, 4, 8)  # quarters ahead at which widths are compared; they are made to agree at the first two
_PATHS = 16_384
_SOURCE = "cloud_history"


@dataclass(frozen=True)
class Calibration:
    """A fit said as drivers. ``kind`` is ``growth`` for a study of the growth model, else ``study``."""

    source: str
    kind: str
    history: History
    fit: Fit
    without: Fit | None
    drivers: Mapping[str, Marginal]
    pairs: tuple[Pair, ...]
    uncorrected: Mapping[str, Marginal]
    widths: Widths | None

    def as_dict(self) -> dict[str, Any]:
        quarters = self.history.quarters
        return {
            "source": self.source,
            "kind": self.kind,
            "version": __version__,
            "history": {
                "file": self.history.path.name,
                "sha256": self.history.digest,
                "first": quarters[0].name,
                "last": quarters[-1].name,
                "rows": len(quarters),
                "by_status": {s: sum(q.status == s for q in quarters) for s in records.STATUSES},
                "filed_totals": self.history.totals,
            },
            "quantities": analysis.table(self.fit, self.without),
            "log_likelihood": self.fit.log_likelihood,
            "draws": self.fit.draws,
            "effective_draws": self.fit.effective,
            "rows_without_recalled": None if self.without is None else self.without.used,
            "drivers": {name: dict(marginal) for name, marginal in self.drivers.items()},
            "uncorrected": {name: dict(marginal) for name, marginal in self.uncorrected.items()},
            "correlations": [{"between": [p.first, p.second], "pearson": p.pearson} for p in self.pairs],
            "widths": None if self.widths is None else self.widths.as_dict(),
        }


def calibrate(path: Path, sets: Sequence[str] = (), *, correct: bool = True) -> Calibration:
    """Fit the history of a study, or a history file by itself (`.csv`).

    For a study with drivers of its own beside the fitted ones, growth shocks and noise are scaled until drivers and
    noise together are as wide as the record says, unless ``correct`` is off.
    """
    from sim.analysis.growth_fit import fit
    from sim.analysis.splice import splice

    checked = None if path.suffix.lower() == ".csv" else check(path, sets)
    history = records.load(path) if checked is None else history_of(checked)
    found = fit(splice(history), likeliest=True)
    strict = splice(history, recalled=False)
    try:
        without = fit(strict)
    except InputError:  # too few quarters are left
        without = None
    growth = analysis.growth_drivers(found, history.quarters[-1].revenue)
    declared = set(growth) if checked is None else set(checked.study.drivers)
    if declared >= set(growth):
        pairs = analysis.growth_correlations(found)
        return Calibration(path.name, "growth", history, found, without, growth, pairs, growth, None)
    assert checked is not None
    plain = {name: m for name, m in analysis.study_drivers(found).items() if name in declared}
    if "growth_volatility" not in plain:
        place = checked.reading.origins.place("drivers")
        advice = "name its driver growth_volatility, or fit the history file itself"
        raise InputError(Problem("drivers", "the study has no driver that the fit could give", advice, place))
    widths = _widths(checked, found) if correct else None
    scaled = plain
    if widths is not None:
        every = analysis.study_drivers(found, shocks=widths.shocks, noise=widths.noise)
        scaled = {name: every[name] for name in plain}
    return Calibration(path.name, "study", history, found, without, scaled, (), plain, widths)


def history_of(checked: Checked) -> History:
    """The reported quarters that a study names. InputError if it names none, or a cell that its outputs lack."""
    study, origins = checked.study, checked.reading.origins
    if study.history is None:
        advice = "add `history: {file: alibaba/history.csv, cell: cloud_revenue}`"
        raise InputError(Problem("history", "the study names no reported quarters", advice, origins.place("study")))
    cells = {column.cell for column in checked.columns}
    if study.history.cell not in cells:
        what = f'no output of the study is "{study.history.cell}"'
        raise InputError(Problem("history.cell", what, "add it to `outputs`", origins.place("history.cell")))
    return records.load(checked.reading.directory / study.history.file)


def with_drivers(study: Study, marginals: Mapping[str, Marginal], pairs: Sequence[Pair] | None = None) -> Study:
    """The study with other numbers in some drivers; with ``pairs`` also with other correlations between drivers."""
    drivers = dict(study.drivers)
    for name, marginal in marginals.items():
        drivers[name] = drivers[name].model_copy(update={"marginal": KINDS[marginal["kind"]](**marginal)})
    changed: dict[str, Any] = {"drivers": drivers}
    if pairs is not None:
        listed = [
            Correlation(between=[pair.first, pair.second], pearson=pair.pearson, source=(_SOURCE,)) for pair in pairs
        ]
        changed["dependence"] = study.dependence.model_copy(update={"correlations": listed})
    return study.model_copy(update=changed)


def simulator_of(checked: Checked, study: Study) -> Simulator:
    """The study's simulator with other numbers: the kernel is the same, so nothing is compiled again."""
    from sim.run import setup, simulate

    plan = plan_of(replace(checked, study=study))
    return simulate.Simulator(setup.make(study, checked.graph, checked.columns, plan))


def watched(checked: Checked, horizons: Sequence[int]) -> tuple[Checked, dict[int, str]]:
    """The study with the history's cell kept at each horizon (quarters after the last reported one), and the columns.

    What the study does not keep itself is added to its outputs, which leaves its kernel as it is.
    """
    study, history = checked.study, checked.study.history
    assert history is not None
    calendar = study.calendar
    if calendar.periods < max(horizons):
        place = checked.reading.origins.place("timeline.periods")
        what = f"{calendar.periods} periods do not reach {max(horizons)} quarters ahead"
        raise InputError(Problem("timeline.periods", what, "make the timeline longer", place))
    known = {column.name for column in checked.columns}
    names = {h: f"{history.cell}.{calendar.name(h)}" for h in horizons}
    added = [
        Output(cell=history.cell, at=calendar.name(h), label=name) for h, name in names.items() if name not in known
    ]
    study = study.model_copy(update={"outputs": [*study.outputs, *added]})
    return replace(checked, study=study, columns=expand(study)), names


def _widths(checked: Checked, found: Fit) -> Widths:
    """How wide the study is with each group of fitted drivers, and the factors that give it the record's width."""
    import numpy as np

    from sim.analysis.growth_fit import predicted

    checked, columns = watched(checked, MATCHED)
    record = np.array([sample.std(ddof=1) for sample in predicted(found, MATCHED).values()])
    nothing = 1e-3

    def spread(shocks: float, noise: float) -> Any:
        scaled = analysis.study_drivers(found, shocks=shocks, noise=noise)
        known = {name: marginal for name, marginal in scaled.items() if name in checked.study.drivers}
        simulator = simulator_of(checked, with_drivers(checked.study, known))
        values = simulator.value(np.arange(_PATHS), outputs=list(columns.values()))
        return np.array([np.nanstd(np.log(values[name]), ddof=1) for name in columns.values()])

    sizes = (spread(nothing, nothing), spread(1.0, nothing), spread(nothing, 1.0), spread(1.0, 1.0))
    return analysis.solve_widths(MATCHED, record, *sizes)


def save(done: Calibration, file: Path) -> None:
    """Write the fragment. StorageError if that fails."""
    from sim.report import fragment

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(fragment.text(done.as_dict()), encoding="utf-8", newline="\n")
    except OSError as error:
        raise StorageError(f"cannot write {file} ({error.strerror}); choose another file") from error


def lines(done: Calibration, width: int, file: Path | None) -> list[str]:
    """What the screen says; ``file`` is where the fragment was written, if anywhere."""
    from sim.report.screens import calibrate as screen

    return screen.lines(done.as_dict(), width, None if file is None else str(file))
