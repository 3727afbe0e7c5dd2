"""The kernel against plain Python: every cell, every period, every column of a hundred paths.

The oracle shares nothing with the kernel but the formulas: `sim.cells.evaluate` interprets their text with `math`, and
innovations come from the stream's definition in whole numbers. A value may differ by 1e-12 of the largest magnitude
among itself and what it is computed from (design §8: cancellation makes more impossible).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from sim import config, pipeline
from sim.cells.bound import Cell, Graph
from sim.cells.evaluate import Trace, evaluate
from sim.run.setup import make
from sim.run.simulate import Chunk, Simulator
from sim.sampling import plan
from tests.conftest import CONFIGS
from tests.sampling.test_sampling_philox import plain_uniforms

PATHS = 100
TOLERANCE = 1e-12


@dataclass(frozen=True)
class Both:
    """One study computed twice: the engine's chunk (series of every period cell) and the oracle's traces."""

    checked: pipeline.Checked
    simulator: Simulator
    chunk: Chunk
    traces: list[Trace]
    innovations: list[dict[str, list[float]]]

    @property
    def graph(self) -> Graph:
        return self.checked.graph

    def drivers(self, path: int) -> dict[str, float]:
        return dict(zip(self.simulator.plan.drivers, map(float, self.chunk.drivers[:, path]), strict=True))


def with_every_cell_as_output(name: str, folder: Path) -> Path:
    """A copy of a study whose outputs are its own and every opening and horizon cell besides."""
    reading = config.load(CONFIGS / f"{name}.yaml")
    graph = pipeline.check(CONFIGS / f"{name}.yaml").graph
    yaml = YAML(typ="safe", pure=True)
    document = yaml.load(config.resolved_text(reading))
    named = {output["cell"] for output in document["outputs"] if not {"per", "at"} & set(output)}
    document["outputs"] += [{"cell": c.name} for c in graph.opening + graph.horizon if c.name not in named]
    file = folder / f"{name}.yaml"
    with file.open("w", encoding="utf-8") as stream:
        yaml.dump(document, stream)
    return file


def plain_innovations(seed: int, name: str, path: int, periods: int) -> list[float]:
    """Standard normals of one path by the definition in `sim.sampling.philox`, in Python's own integers and floats."""
    found: list[float] = []
    for pair in range((periods + 1) // 2):
        first, second = plain_uniforms(seed, "innovation", name, [path % 2**32, path >> 32, pair, 1])
        radius = math.sqrt(-2 * math.log(first))
        found += [radius * math.cos(2 * math.pi * second), radius * math.sin(2 * math.pi * second)]
    return found[:periods]


def trace(checked: pipeline.Checked, drivers: dict[str, float], innovations: dict[str, list[float]]) -> Trace:
    study, calendar = checked.study, checked.study.calendar
    return evaluate(
        checked.graph,
        drivers,
        {name: opening.value for name, opening in study.openings.items() if opening.value is not None},
        innovations,
        {name: schedule.series(calendar) for name, schedule in study.schedules.items()},
        {name: (calendar.index(w.from_), calendar.index(w.to), w.how) for name, w in study.windows.items()},
        calendar.periods,
    )


@pytest.fixture(scope="module", params=["toy", "base"])
def both(request: pytest.FixtureRequest, kernel_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Both:
    file = with_every_cell_as_output(request.param, tmp_path_factory.mktemp("every"))
    checked = pipeline.check(file)
    study = checked.study
    made = make(study, checked.graph, checked.columns, plan.make(study), every_cell=True)
    simulator = Simulator(made)
    chunk = simulator.chunk(0, PATHS, series=True)
    innovations = [
        {name: list(map(float, column)) for name, column in simulator.innovations(path).items()}
        for path in range(PATHS)
    ]
    drivers = [dict(zip(made.plan.drivers, map(float, column), strict=True)) for column in chunk.drivers.T]
    traces = [trace(checked, d, i) for d, i in zip(drivers, innovations, strict=True)]
    return Both(checked, simulator, chunk, traces, innovations)


def differs(found: float, expected: float, inputs: list[float]) -> bool:
    if math.isnan(expected) or math.isinf(expected):
        return not (found == expected or (math.isnan(found) and math.isnan(expected)))
    magnitude = max(abs(expected), *(abs(v) for v in inputs if math.isfinite(v)), 0.0)
    return not abs(found - expected) <= TOLERANCE * magnitude


def reads(cell: Cell, known: dict[str, Any]) -> list[float]:
    """Values of a cell's arguments; ``known`` maps each kind to a dict of values by name."""
    return [
        float(known[argument.of or argument.kind][target])
        for argument in cell.arguments
        for target in argument.targets
        if argument.kind != "time"
    ]


def previous(both: Both, path: int, t: int) -> dict[str, float]:
    if t > 1:
        return both.traces[path].periods[t - 2]
    numbers = {name: opening.value for name, opening in both.checked.study.openings.items()}
    opening = both.traces[path].opening
    return {c.cell: numbers[c.leaf] if c.source is None else opening[c.source] for c in both.graph.carried}


def wrong_cells(both: Both) -> Iterator[str]:
    columns = {name: row for row, name in enumerate(both.simulator.setup.outputs)}
    series = {name: row for row, name in enumerate(both.simulator.setup.series)}
    schedules = {n: s.series(both.checked.study.calendar) for n, s in both.checked.study.schedules.items()}
    for path, of_path in enumerate(both.traces):
        drivers = both.drivers(path)
        for cell in both.graph.opening:
            inputs = reads(cell, {"driver": drivers, "cell": of_path.opening})
            found = float(both.chunk.outputs[columns[cell.name], path])
            if differs(found, of_path.opening[cell.name], inputs):
                yield f"path {path}, {cell.name}: {found!r} is not {of_path.opening[cell.name]!r}"
        for t, now in enumerate(of_path.periods, start=1):
            known = {
                "driver": drivers,
                "prev": previous(both, path, t),
                "cell": {**of_path.opening, **now},
                "innovation": {name: values[t - 1] for name, values in both.innovations[path].items()},
                "schedule": {name: values[t - 1] for name, values in schedules.items()},
            }
            for cell in both.graph.period:
                found = float(both.chunk.series[series[cell.name], t - 1, path])
                if differs(found, now[cell.name], reads(cell, known)):
                    yield f"path {path}, period {t}, {cell.name}: {found!r} is not {now[cell.name]!r}"
        last = of_path.periods[-1] if of_path.periods else {}
        for cell in both.graph.horizon:
            known = {
                "driver": drivers,
                "window": of_path.windows,
                "cell": {**of_path.opening, **last, **of_path.horizon},
            }
            found = float(both.chunk.outputs[columns[cell.name], path])
            if differs(found, of_path.horizon[cell.name], reads(cell, known)):
                yield f"path {path}, {cell.name}: {found!r} is not {of_path.horizon[cell.name]!r}"


def test_every_cell_of_every_period_equals_plain_python(both: Both) -> None:
    assert len(both.simulator.setup.series) == len(both.graph.period)
    assert {cell.name for cell in both.graph.opening + both.graph.horizon} <= set(both.simulator.setup.outputs)
    wrong = list(wrong_cells(both))
    assert not wrong, f"{len(wrong)} values differ: " + "; ".join(wrong[:10])


def test_every_output_column_is_made_of_its_quarters(both: Both) -> None:
    """Fiscal years, with their quarters before the first, and dates; of the values that the test above holds."""
    wrong: list[str] = []
    series = dict(zip(both.simulator.setup.series, both.chunk.series, strict=True))
    timed = [(row, column) for row, column in enumerate(both.checked.columns) if column.first]
    assert timed
    for row, column in timed:
        quarters = series[column.cell][column.first - 1 : column.last]
        for path in range(PATHS):
            earlier = [*column.reported, *(both.drivers(path)[name] for name in column.reported_drivers)]
            parts = [*earlier, *map(float, quarters[:, path])]
            expected = {"sum": math.fsum(parts), "mean": math.fsum(parts) / len(parts), "last": parts[-1]}[column.how]
            found = float(both.chunk.outputs[row, path])
            if differs(found, expected, parts):
                wrong.append(f"path {path}, {column.name}: {found!r} is not {expected!r}")
    assert not wrong, f"{len(wrong)} values differ: " + "; ".join(wrong[:10])


def test_the_comparison_sees_a_wrong_digit(both: Both) -> None:
    """One value in one period of one path, off by a billionth, is found, and nothing else."""
    cell = both.graph.period[0]
    row = both.simulator.setup.series.index(cell.name)
    before = both.chunk.series[row, -1, 7]
    both.chunk.series[row, -1, 7] = before * (1 + 1e-9)
    try:
        wrong = list(wrong_cells(both))
    finally:
        both.chunk.series[row, -1, 7] = before
    assert [text.split(": ")[0] for text in wrong] == [f"path 7, period {both.simulator.setup.periods}, {cell.name}"]


def test_the_central_case_equals_plain_python(both: Both) -> None:
    """Every driver at its median and every innovation zero, as the screen's central case is computed."""
    medians = dict(zip(both.simulator.plan.drivers, map(float, both.simulator.plan.medians), strict=True))
    silent = {name: [0.0] * both.simulator.setup.periods for name in both.checked.study.innovations}
    expected = trace(both.checked, medians, silent)
    found = both.simulator.central()
    for cell in both.graph.horizon:
        assert found[cell.name] == pytest.approx(expected.horizon[cell.name], rel=1e-10, abs=1e-10), cell.name


def test_toy_drivers_equal_their_definition(simulator: Callable[..., Simulator]) -> None:
    """From the stream's whole numbers through inverse normal, correlation and marginal, in SciPy and `math`."""
    from scipy.special import ndtri

    engine = simulator(CONFIGS / "toy.yaml")
    chunk = engine.chunk(0, 500)
    joint = 2 * math.sin(math.pi * 0.5 / 6)
    for path in range(500):

        def own(name: str, path: int = path) -> float:
            return float(ndtri(plain_uniforms(1, "driver", name, [path >> 1, 0, 0, 0])[path & 1]))

        first = own("ev_to_sales")  # name order: the multiple keeps its own normal, growth is mixed from both
        second = joint * first + math.sqrt(1 - joint**2) * own("mean_growth")
        expected = {"ev_to_sales": 5 * math.exp(0.25 * first), "mean_growth": 0.03 + 0.01 * second}
        expected |= {"growth_volatility": 0.04, "shares": 2.0}
        for row, name in enumerate(engine.plan.drivers):
            assert chunk.drivers[row, path] == pytest.approx(expected[name], rel=2e-14), (name, path)


def test_every_kind_of_argument_takes_part(both: Both) -> None:
    """So that the comparison above covers them all."""
    kinds = {argument.kind for cell in both.graph.cells for argument in cell.arguments}
    if both.checked.reading.path.stem == "base":
        assert kinds >= {"cell", "prev", "driver", "innovation", "schedule", "window", "time", "group"}
    else:
        assert kinds >= {"cell", "prev", "driver", "innovation", "window"}
