"""`sim backtest`: forecast from the end of each past quarter through the engine, and score what came."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim import __version__
from sim.analysis import calibrate
from sim.errors import InputError, Problem
from sim.pipeline.calibrating import history_of, simulator_of, watched, with_drivers
from sim.pipeline.checking import Checked, check
from sim.pipeline.stored import RESULTS

if TYPE_CHECKING:
    from sim.analysis.backtest import Backtest, Vintage
    from sim.config.history import History

HORIZONS = (1, 2, 4, 8)
FIRST = "2017Q4"  # three years of history before it; the first forecast is for 2018
FOLDER = "backtests"
FORM = 2  # of a stored result; raised when its fields change, so that older ones are made anew


@dataclass(frozen=True)
class Done:
    """A backtest and what it was made from, as plain data. ``directory`` is where it was written."""

    facts: dict[str, Any]
    found: Backtest
    directory: Path | None

    def as_dict(self) -> dict[str, Any]:
        return {
            **self.facts,
            "directory": None if self.directory is None else str(self.directory),
            **self.found.as_dict(),
        }


def backtest(
    path: Path,
    sets: Sequence[str] = (),
    *,
    first: str = FIRST,
    out: Path = RESULTS,
    pack: bool = True,
    into: str | None = None,
    begin: Callable[[str, int], None] = lambda title, paths: None,
    progress: Callable[[int], None] = lambda done: None,
) -> Done:
    """Backtest a study of the growth model from the end of quarter ``first`` on, and store it with its figures.

    Each vintage is fitted on the quarters up to it and run through the engine with the study's seed and paths; the
    kernel is that of the study, only numbers change.
    """
    from sim.analysis.backtest import analyse

    checked = check(path, sets)
    history = history_of(checked)
    checked, columns = watched(checked, HORIZONS)
    start = history.position(first)
    _fitted_drivers(checked)
    origins = range(start, len(history) - 1)
    paths = checked.study.run.paths
    begin(checked.study.study, len(origins) * paths)
    vintages = []
    for number, origin in enumerate(origins, start=1):
        vintages.append(_vintage(checked, history, origin, columns))
        progress(number * paths)
    if not vintages:
        raise InputError(Problem("--first", f"no quarter follows {first}", f"begin before {history.names[-1]}"))
    reached = [h for h in HORIZONS if any(h in vintage.outcomes for vintage in vintages)]
    found = analyse(vintages, reached)
    facts = _facts(checked, history, vintages)
    directory = None
    if pack:
        from sim.report import backtest as printer

        directory = out / FOLDER / f"{checked.reading.slug}-{facts['hash'][:8]}"
        printer.write({**facts, **found.as_dict()}, directory)
    done = Done(facts, found, directory)
    if into is not None:
        keep(done, checked, history, into, out)
    return done


def asked(checked: Checked, history: History) -> dict[str, Any]:
    """What a backtest in a run's pack answers: equal questions have equal answers."""
    return {
        "study": checked.reading.digest,
        "history": history.digest,
        "version": __version__,
        "form": FORM,
        "pack": True,
    }


def keep(done: Done, checked: Checked, history: History, into: str, out: Path) -> None:
    """Store a backtest with the run in whose pack it is wanted."""
    from sim.run import store

    store.save_analysis(store.open_run(store.find(into, out)), "backtest", asked(checked, history), done.as_dict())


def _vintage(checked: Checked, history: History, origin: int, columns: dict[int, str]) -> Vintage:
    """The forecasts from the end of quarter number ``origin``: nothing later enters them."""
    import numpy as np

    from sim.analysis import rivals
    from sim.analysis.backtest import Vintage
    from sim.analysis.growth_fit import PRIORS, fit
    from sim.analysis.splice import splice

    known = splice(history, origin)
    found = fit(known)
    revenue = history.quarters[origin].revenue
    study = with_drivers(checked.study, calibrate.growth_drivers(found, revenue), calibrate.growth_correlations(found))
    values = simulator_of(checked, study).value(np.arange(study.run.paths), outputs=list(columns.values()))
    # What came of it is read from all of history: growth across a change of basis is known only a year later.
    later, quarters = splice(history).joined, history.quarters
    past = [h for h in columns if origin + h < len(history)]
    ends = {h: quarters[origin + h] for h in past}
    here = quarters[origin]
    return Vintage(
        name=here.name,
        revenue=revenue,
        samples={h: np.log(values[name] / revenue) for h, name in columns.items()},
        rivals=rivals.forecasts(known.joined, tuple(columns)),
        outcomes={h: float(later[origin + h] - later[origin]) for h in past},
        periods={h: end.name for h, end in ends.items()},
        unverified=frozenset(h for h, end in ends.items() if end.recalled or here.recalled),
        crosses=frozenset(h for h, end in ends.items() if end.basis != here.basis),
        recalled_rows=sum(quarter.recalled for quarter in quarters[: origin + 1]) / (origin + 1),
        fitted={name: found.natural[name][0] for name in PRIORS},
    )


def _fitted_drivers(checked: Checked) -> None:
    """InputError if the study lacks a driver that the fit gives."""
    from sim.analysis.growth_fit import PRIORS, STATES

    declared = checked.study.drivers
    missing = [name for name in (calibrate.OPENING_REVENUE, *PRIORS, *STATES) if name not in declared]
    if missing:
        what = f"the study has no driver {', '.join(missing[:3])}{' ...' if len(missing) > 3 else ''}"
        advice = "only studies of the growth model can be fitted to each vintage; see configs/growth.yaml"
        raise InputError(Problem("drivers", what, advice, checked.reading.origins.place("drivers")))


def _facts(checked: Checked, history: History, vintages: Sequence[Vintage]) -> dict[str, Any]:
    study = checked.study
    identity = {
        "version": __version__,
        "config": checked.reading.digest,
        "history": history.digest,
        "vintages": [vintage.name for vintage in vintages],
    }
    return {
        "study": study.study,
        "config": checked.reading.path.name,
        "version": __version__,
        "hash": hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest(),
        "history": history.path.name,
        "history_sha256": history.digest,
        "paths": study.run.paths,
        "seed": study.run.seed,
    }


def lines(done: Done, width: int) -> list[str]:
    """What the screen says."""
    from sim.report.screens import backtest as screen

    return screen.lines(done.as_dict(), width)
