"""`sim calibrate`: fit the growth model to reported quarters and say it as drivers of a study."""

from __future__ import annotations

import json
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
from sim.periods import quarter_name
from sim.pipeline.checking import Checked, check, plan_of

if TYPE_CHECKING:
    from sim.analysis.calibrate import Backtested, Marginal, Pair, Spread, Widths
    from sim.analysis.growth_fit import Fit
    from sim.run.simulate import Simulator

MATCHED = (1, 4, 8)  # quarters ahead at which widths are compared; they are made to agree at the first two
_PATHS = 16_384  # for the factors
_SHOWN = 65_536  # for the study with and without them
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


def calibrate(
    path: Path, sets: Sequence[str] = (), *, correct: bool = True, backtest: Path | None = None
) -> Calibration:
    """Fit the history of a study, or a history file by itself (`.csv`).

    For a study with drivers of its own beside the fitted ones, growth shocks and noise are scaled until drivers and
    noise together are as wide as the record says, unless ``correct`` is off. ``backtest`` is a `backtest.json` of the
    same history, whose corrections the record's widths then take.
    """
    from sim.analysis.growth_fit import fit
    from sim.analysis.splice import splice

    checked = None if path.suffix.lower() == ".csv" else check(path, sets)
    history = records.load(path) if checked is None else history_of(checked)
    if checked is not None:
        _joins(checked, history)
    tested = None if backtest is None else _backtested(backtest, history)
    found = fit(splice(history), likeliest=True)
    strict = splice(history, recalled=False)
    try:
        without = fit(strict)
    except InputError:  # too few quarters are left
        without = None
    growth = analysis.growth_drivers(found, history.quarters[-1].revenue)
    declared = set(growth) if checked is None else set(checked.study.drivers)
    if declared >= set(growth):
        if tested is not None:
            what = f"{path.name} takes the growth model's own widths, which a backtest tests as they are"
            raise InputError(Problem("--backtest", what, "give it with a study such as configs/base.yaml"))
        pairs = analysis.growth_correlations(found)
        return Calibration(path.name, "growth", history, found, without, growth, pairs, growth, None)
    assert checked is not None
    plain = {name: m for name, m in analysis.study_drivers(found).items() if name in declared}
    if "growth_volatility" not in plain:
        place = checked.reading.origins.place("drivers")
        advice = "name its driver growth_volatility, or fit the history file itself"
        raise InputError(Problem("drivers", "the study has no driver that the fit could give", advice, place))
    widths = _widths(checked, found, tested) if correct else None
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


def _joins(checked: Checked, history: History) -> None:
    """InputError unless the study begins in the quarter after the last reported one.

    What the filter knows is of that quarter: a study that begins earlier would know its own outcome, one that begins
    later would take the growth and the season of another quarter for its own.
    """
    first, last = checked.study.calendar.first, history.quarters[-1]
    if first is None or first == last.period + 1:
        return
    what = f"the study begins in {checked.study.calendar.name(1)}, but {history.path.name} ends in {last.name}"
    advice = f"begin the timeline in {quarter_name(last.period + 1)}, or name a history that ends the quarter before"
    raise InputError(Problem("timeline.first", what, advice, checked.reading.origins.place("timeline.first")))


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


def _backtested(file: Path, history: History) -> Backtested:
    """What a stored backtest says of the widths at `MATCHED`. InputError if it is none, or one of another history."""
    name = "--backtest"
    advice = "name the backtest.json that `sim backtest` wrote"
    try:
        facts = json.loads(file.read_text(encoding="utf-8"))
        by_horizon = {int(each["horizon"]): each for each in facts["horizons"]}
        chosen = [by_horizon[h] for h in MATCHED if h in by_horizon]
        found = analysis.Backtested(
            len(facts["vintages"]),
            tuple(float(each["width_factor"]["estimate"]) for each in chosen),
            tuple((float(low), float(high)) for low, high in (each["width_factor"]["interval"] for each in chosen)),
            tuple(float(each["correction"]) for each in chosen),
        )
        digest = str(facts["history_sha256"])
    except OSError as error:
        raise StorageError(f"cannot read {file} ({error.strerror}); {advice}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(Problem(name, f"{file} is not a backtest", advice)) from error
    if len(chosen) < len(MATCHED):
        ahead = ", ".join(map(str, MATCHED))
        raise InputError(
            Problem(name, f"{file} does not score {ahead} quarters ahead", "begin it earlier, with --first")
        )
    if digest != history.digest:
        what = f"{file} was made from another history than {history.path.name}"
        raise InputError(Problem(name, what, "repeat `sim backtest`"))
    return found


def _widths(checked: Checked, found: Fit, tested: Backtested | None) -> Widths:
    """How wide the study is with each group of fitted drivers, and the factors that give it the record's width."""
    import numpy as np

    from sim.analysis.growth_fit import predicted

    checked, columns = watched(checked, MATCHED)
    fitted = np.array([sample.std(ddof=1) for sample in predicted(found, MATCHED).values()])
    record = fitted if tested is None else fitted * np.array(tested.corrections)
    nothing = 1e-3

    def spread(shocks: float, noise: float, paths: int = _PATHS) -> Spread:
        scaled = analysis.study_drivers(found, shocks=shocks, noise=noise)
        known = {name: marginal for name, marginal in scaled.items() if name in checked.study.drivers}
        simulator = simulator_of(checked, with_drivers(checked.study, known))
        return _spread(simulator, list(columns.values()), checked.study, paths)

    parts = (spread(nothing, nothing), spread(1.0, nothing), spread(nothing, 1.0))
    shocks, noise = analysis.solve_widths(record, *(np.array(part.sd) for part in parts))
    return analysis.Widths(
        horizons=MATCHED,
        fitted=tuple(map(float, fitted)),
        record=tuple(map(float, record)),
        uncorrected=spread(1.0, 1.0, _SHOWN),
        corrected=spread(shocks, noise, _SHOWN),
        shocks=shocks,
        noise=noise,
        backtest=tested,
    )


def _spread(simulator: Simulator, names: Sequence[str], study: Study, paths: int) -> Spread:
    """How wide the outputs ``names`` are, and how likely the study's target is."""
    import numpy as np

    from sim.analysis import replicates

    goal = study.target
    values = simulator.value(np.arange(paths), outputs=[*names, *([] if goal is None else [goal.output])])
    columns = [values[name][np.isfinite(values[name])] for name in names]
    marks = [np.quantile(column, [0.1, 0.5, 0.9]) for column in columns]
    reached = None if goal is None else replicates.share_at_least(goal.at_least)
    return analysis.Spread(
        tuple(float(np.log(column).std(ddof=1)) for column in columns),
        tuple(float((high - low) / 2.0 / middle) for low, middle, high in marks),
        None if goal is None or reached is None else replicates.estimate(values[goal.output], reached),
    )


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
