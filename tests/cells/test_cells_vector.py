"""The loops over a block must be vector code: a scalar loop gives the same numbers, in silence four times as slowly."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sim import elementary, kernel
from sim.cells import source
from sim.cells.graph import Graph

pytestmark = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64") or os.environ.get("NUMBA_DISABLE_JIT") == "1",
    reason="reads x86-64 machine code",
)

# Every construct that is replaced when a formula is written for the kernel, and those that are left as they are.
MODEL = """
@cell
def shock(prev_shock, rho, sigma, noise):
    return rho * prev_shock + sigma * noise

@cell
def growth(t, g0, g1, half_life):
    return g1 + (g0 - g1) * exp2(-t / half_life)

@cell
def tokens(prev_tokens, growth, shock, season):
    return prev_tokens * exp(growth + shock) * season

@cell
def share(prev_share, g0):
    return min(max(prev_share + 0.1 * (g0 - prev_share), 0), 1) ** 3

@cell
def capex(prev_capex, tokens, prev_tokens, t, plan):
    return plan if t <= 11 else min(max(prev_capex * (tokens / prev_tokens), prev_capex * 0.85), prev_capex * 1.15)

@cell
def margin(tokens, share, capex):
    return (tokens * share / capex if 0 < share < 1 and not capex == 0 else log(abs(tokens))) ** share

@cell
def binding(margin, growth):
    return margin > growth or growth < 0 and margin < 1

@cell(at="horizon")
def value(tokens, margin, binding):
    return tokens * normal_cdf(margin) + tanh(binding)
"""
DRIVERS = ("rho", "sigma", "g0", "g1", "half_life", "plan")
ARITHMETIC = r"\bv?(?:add|sub|mul|div|fn?m(?:add|sub)\d+)"
PACKED, SCALAR = re.compile(ARITHMETIC + r"pd\b"), re.compile(ARITHMETIC + r"sd\b")
ENTRY = """
@compiled
def periods_of_a_block(buffer, schedules, periods):
    for t in range(1, periods + 1):
        period_block(buffer, float(t), schedules)


@compiled
def ends_of_a_block(buffer):
    begin_block(buffer)
    horizon_block(buffer)
"""


def machine_code(text: str, rows: int, block: int) -> tuple[str, str]:
    """The assembly of the period loop and of the two loops around it."""
    module = kernel.load(kernel.join([elementary, text, ENTRY]))
    buffer = np.ones(rows * block)
    period = module.periods_of_a_block.assembly(buffer, np.ones((1, 3)), 3)
    return period, module.ends_of_a_block.assembly(buffer)


def share_packed(assembly: str) -> float:
    """Packed arithmetic instructions among all of floating point."""
    packed, scalar = len(PACKED.findall(assembly)), len(SCALAR.findall(assembly))
    return packed / (packed + scalar)


@pytest.fixture
def written(found: Callable[..., Any]) -> source.Kernel:
    names: dict[str, Any] = {
        "drivers": DRIVERS,
        "innovations": ("noise",),
        "schedules": ("season",),
        "openings": dict.fromkeys(("shock", "tokens", "share", "capex")),
    }
    model, problems = found(MODEL, **names)
    assert not problems
    assert isinstance(model, Graph)
    return source.write(model, ["binding"], 96, 3)


def test_the_loops_are_vector_code(written: source.Kernel) -> None:
    period, ends = machine_code(written.text, written.layout.rows, 96)
    assert len(PACKED.findall(period)) > 80
    assert share_packed(period) > 0.95
    assert share_packed(ends) > 0.95


def test_signed_indices_are_caught(written: source.Kernel) -> None:
    """The check above must fail for the slip that costs most: signed indices, whose wraparound test stops LLVM.

    (Where every row is a constant LLVM proves them positive; a shift known only at run time takes that away.)
    """
    signed = written.text.replace("np.uint64", "np.int64")
    head, rest = signed.split("def period_block(")
    loop, tail = rest.split("def horizon_block(")
    loop = re.sub(r"(ROW_\w+ \+ i)]", r"\1 + shift]", loop)
    loop = loop.replace("    period = ", "    shift = np.int64(t) // np.int64(1000)\n    period = ")
    assert loop.count("shift") > 10
    signed = f"{head}def period_block({loop}def horizon_block({tail}"
    assembly, _ = machine_code(signed, written.layout.rows, 96)
    assert share_packed(assembly) < 0.5


def test_the_loop_needs_no_run_time_comparison_of_rows(written: source.Kernel) -> None:
    """Distances between rows are constants; otherwise every store is compared with every load, and a scalar copy of
    the loop is kept for the case of an overlap: ten times the code for a hundred cells."""
    text = written.text.split("def period_block(")[1].split("def horizon_block(")[0]
    loops = [loop for loop in text.split("for i in range(BLOCK):")[1:] if "buffer[at_" not in loop]
    assert loops
    for loop in loops:
        indices = re.findall(r"buffer\[(.*?)\]", loop)
        assert len(indices) > 10
        assert all(re.fullmatch(r"ROW_\w+ \+ i", index) for index in indices)
