"""Times: the timeline, and everything that is said about its periods."""

from __future__ import annotations

from collections.abc import Iterator

from sim.config.columns import columns_of, run_of
from sim.config.draft import Draft
from sim.config.leaves import not_a_quarter
from sim.config.timeline import ByQuarter, TimelineSpec
from sim.errors import Problem, did_you_mean


def problems(draft: Draft) -> Iterator[Problem]:
    """Faults of timeline, windows, schedules, reported quarters and the periods of outputs."""
    if "timeline" in draft.broken:
        return  # every answer below would rest on a guess
    if draft.study.timeline is not None:
        yield from _timeline(draft.study.timeline)
    yield from _windows(draft)
    yield from _schedules(draft)
    yield from _reported(draft)
    yield from _outputs(draft)


def _timeline(spec: TimelineSpec) -> Iterator[Problem]:
    if spec.first is None and spec.period is not None:
        what = "quarters need a first one"
        yield Problem("timeline.first", "is missing: " + what, "add for example `first: 2025Q3`")
    elif spec.first is None and spec.fiscal_year_end is not None:
        advice = "add for example `first: 2025Q3`, or remove it"
        yield Problem("timeline.fiscal_year_end", "needs a calendar", advice)


def _windows(draft: Draft) -> Iterator[Problem]:
    calendar = draft.study.calendar
    for name, window in draft.study.windows.items():
        leaf = f"windows.{name}"
        if draft.study.timeline is None:
            yield Problem(leaf, "asks for periods, but the study has no timeline", "add `timeline`")
            continue
        bounds: list[int] = []
        for key, period in (("from", window.from_), ("to", window.to)):
            try:
                t = calendar.index(period)
            except ValueError as error:
                yield Problem(f"{leaf}.{key}", str(error), f"write a period from {run_of(calendar)}")
                continue
            bounds.append(t)
            if not 1 <= t <= calendar.periods:
                advice = f"write a period from {run_of(calendar)}, or lengthen the timeline"
                yield Problem(f"{leaf}.{key}", f"{period} lies outside the timeline", advice)
        if len(bounds) == 2 and bounds[0] > bounds[1]:
            what = f"from ({window.from_}) is after to ({window.to})"
            yield Problem(f"{leaf}.from", what, "exchange the two")


def _schedules(draft: Draft) -> Iterator[Problem]:
    calendar = draft.study.calendar
    for name, schedule in draft.study.schedules.items():
        leaf = f"schedules.{name}"
        if draft.study.timeline is None:
            yield Problem(leaf, "gives values for periods, but the study has no timeline", "add `timeline`")
        elif isinstance(schedule.values, ByQuarter):
            if calendar.first is None:
                what = "goes by calendar quarter, but the timeline has no calendar"
                yield Problem(leaf, what, "add `first` to the timeline, such as `first: 2025Q3`")
            elif schedule.by is None:
                yield Problem(f"{leaf}.by", "is missing", "add `by: calendar_quarter`")
        elif schedule.by is not None:
            what = "must be {Q1: , Q2: , Q3: , Q4: }, because of `by: calendar_quarter`"
            yield Problem(f"{leaf}.values", what, "key the values, or remove `by`")
        elif len(schedule.values) != calendar.periods:
            what = f"has {len(schedule.values)} values for {calendar.periods} periods"
            yield Problem(f"{leaf}.values", what, f"give one for each period from {run_of(calendar)}")


def _reported(draft: Draft) -> Iterator[Problem]:
    calendar = draft.study.calendar
    for cell, quarters in draft.study.reported.items():
        leaf = f"reported.{cell}"
        units: dict[str, str] = {}
        if calendar.first is None:
            what = "reports quarters, but the timeline has no calendar"
            yield Problem(leaf, what, "add `first` to the timeline, such as `first: 2025Q3`")
            continue
        for quarter, figure in quarters.items():
            place = draft.origins.key_place(f"{leaf}.{quarter}")
            if fault := not_a_quarter(quarter):
                yield Problem(f"{leaf}.{quarter}", *fault, place)
            elif calendar.index(quarter) >= 1:
                what = f"{quarter} lies within the run, which begins in {calendar.name(1)}"
                yield Problem(f"{leaf}.{quarter}", what, "report only quarters before the run", place)
            if (figure.value is None) == (figure.driver is None):
                what = "gives both a value and a driver" if figure.driver else "gives neither a value nor a driver"
                advice = "keep one" if figure.driver else "add `value:`, or `driver:` if the figure was not disclosed"
                yield Problem(f"{leaf}.{quarter}", what, advice, place)
            elif figure.driver not in (None, *draft.names("drivers")) and "drivers" not in draft.broken:
                advice = did_you_mean(str(figure.driver), draft.names("drivers")) or "name a driver of the study"
                yield Problem(f"{leaf}.{quarter}.driver", f'there is no driver "{figure.driver}"', advice)
            if units and figure.unit not in units:
                other, first = next(iter(units.items()))
                what = f'is in "{figure.unit}", but {first} is in "{other}"'
                yield Problem(f"{leaf}.{quarter}.unit", what, "give all quarters in one unit")
            units.setdefault(figure.unit, quarter)


def _outputs(draft: Draft) -> Iterator[Problem]:
    made: dict[str, int] = {}
    for index, output in draft.outputs:
        # Reported quarters that were left out as malformed would look missing here.
        if output.per == "fiscal_year" and draft.touches(("reported", output.cell)):
            continue
        columns, found = columns_of(index, output, draft.study)
        yield from found
        for column in columns:
            if column.name in made:
                what = (
                    f"makes the column {column.name}, which output {made[column.name]} (counted from 0) makes already"
                )
                yield Problem(f"outputs.{index}", what, "remove one of the two")
                break
            made[column.name] = index
        periods = [column.period for column in columns]
        if found or output.show is None:
            continue
        for position, period in enumerate(output.show):
            if period not in periods:
                advice = did_you_mean(period, periods) or f"it has {periods[0] or 'no periods'} to {periods[-1]}"
                yield Problem(f"outputs.{index}.show.{position}", f'"{period}" is no period of this output', advice)
