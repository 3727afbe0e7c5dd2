"""An edited helper must reach the next run: it changes the kernel's text, hence its name, hence what is compiled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sim import elementary, kernel
from sim.cells import source
from sim.cells.graph import Names, bind
from sim.cells.load import load

MODEL = """
from sim.cells import cell
from sim.models.finance import grown
from sim.models.small.rates import RATE

@cell
def a(x):
    return grown(x, RATE)
"""
ENTRY = """
@compiled
def simulate(buffer, schedules):
    period_block(buffer, 1.0, schedules)
"""


def run(models: Path) -> tuple[str, float]:
    """The kernel's name, and `a` for x = 2."""
    files, problems = load("small", Path(), models=models)
    assert files is not None
    graph, found = bind(files, Names(drivers=("x",)))
    assert graph is not None, (problems, found)
    written = source.write(graph, ["a"], 8, 1)
    text = kernel.join([elementary, written.text, ENTRY])
    buffer = np.full(written.layout.rows * 8, 2.0)
    kernel.load(text).simulate(buffer, np.empty((0, 1)))
    return kernel.name_of(text), float(buffer[written.layout.cells["a"] * 8])


@pytest.mark.parametrize(
    ("file", "before", "after", "result"),
    [
        ("finance.py", "(1 + rate)", "(1 + 2 * rate)", 4.0),  # the library
        ("small/rates.py", "0.5", "0.25", 2.5),  # a constant of another file of the model
        ("finance.py", "x * factor", "x / factor", 2.0 / 1.5),
    ],
)
def test_an_edit_is_seen(kernel_cache: Path, tmp_path: Path, file: str, before: str, after: str, result: float) -> None:
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "model.py").write_text(MODEL)
    (tmp_path / "small" / "rates.py").write_text("RATE = 0.5\n")
    (tmp_path / "finance.py").write_text(
        "def grown(x, rate):\n    factor = factor_of(rate)\n    return x * factor\n\n"
        "def factor_of(rate):\n    return (1 + rate)\n\ndef unused(x):\n    return x\n"
    )
    first, value = run(tmp_path)
    assert value == 3.0
    edited = tmp_path / file
    edited.write_text(edited.read_text().replace(before, after))
    second, value = run(tmp_path)
    assert value == result
    assert second != first
    edited.write_text(edited.read_text().replace(after, before))
    assert run(tmp_path) == (first, 3.0)


def test_what_no_cell_uses_changes_nothing(kernel_cache: Path, tmp_path: Path) -> None:
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "model.py").write_text(MODEL)
    (tmp_path / "small" / "rates.py").write_text("RATE = 0.5\n")
    library = "def grown(x, rate):\n    return x + rate\n"
    (tmp_path / "finance.py").write_text(library)
    first = run(tmp_path)
    (tmp_path / "finance.py").write_text(f"def unused(x):\n    return x\n\n\n{library}")
    assert run(tmp_path) == first
