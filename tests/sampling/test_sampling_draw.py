"""What a path's values depend on, and what they do not: compared bit for bit."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim import kernel
from sim.sampling import plan
from sim.sampling.plan import Plan
from tests.sampling.conftest import kernel_text, study

DRIVERS = {
    "growth": {"kind": "normal", "mean": 0.1, "sd": 0.03},
    "margin": {"kind": "pert", "low": 0.1, "mode": 0.2, "high": 0.4},
    "price": {"kind": "lognormal", "p10": 1.0, "p90": 3.0},
    "share": {"kind": "triangular", "low": 0.0, "mode": 0.2, "high": 0.5},
    "spend": {"kind": "gamma", "shape": 2.0, "scale": 3.0},
    "tail": {"kind": "student_t", "df": 4.0},
    "tax": {"kind": "fixed", "value": 0.2},
}
PAIRS = [
    ("growth", "price", {"spearman": 0.5}),
    ("price", "margin", {"spearman": -0.3}),
    ("spend", "tail", {"kendall": 0.4}),
]
N = 1024


def same(one: np.ndarray, other: np.ndarray) -> bool:
    return np.array_equal(one.view(np.uint64), other.view(np.uint64))


@pytest.fixture(scope="module")
def drawn(draw_study: Callable) -> dict[str, np.ndarray]:
    return draw_study(study(DRIVERS, PAIRS), N)


def test_a_path_does_not_depend_on_its_block(drawn: dict[str, np.ndarray], draw_study: Callable) -> None:
    shuffled = np.random.default_rng(3).permutation(N).astype(np.uint64)
    strided = np.arange(1, N, 3, dtype=np.uint64)  # beginning with an odd path
    shifted = np.arange(1, N, dtype=np.uint64)  # consecutive, but not in pairs
    for paths in (shuffled, strided, shifted):
        again = draw_study(study(DRIVERS, PAIRS), paths)
        for name, values in drawn.items():
            assert same(again[name], values[paths.astype(int)]), name


def test_order_in_the_file_does_not_matter(drawn: dict[str, np.ndarray], draw_study: Callable) -> None:
    turned = dict(reversed(DRIVERS.items()))
    swapped = [(b, a, measure) for a, b, measure in reversed(PAIRS)]
    again = draw_study(study(turned, swapped), N)
    assert list(again) == list(drawn) == sorted(DRIVERS)
    assert all(same(again[name], values) for name, values in drawn.items())


def test_other_drivers_do_not_matter(drawn: dict[str, np.ndarray], draw_study: Callable) -> None:
    more = {
        **DRIVERS,
        "aaa": {"kind": "uniform", "low": 0.0, "high": 1.0},
        "zzz": {"kind": "student_t", "df": 3},
    }
    fewer = {name: marginal for name, marginal in DRIVERS.items() if name not in ("share", "tax")}
    for drivers in (more, fewer):
        again = draw_study(study(drivers, PAIRS), N)
        assert all(same(again[name], drawn[name]) for name in drivers if name in drawn)


def test_changing_a_group_changes_that_group_alone(drawn: dict[str, np.ndarray], draw_study: Callable) -> None:
    changed = [("growth", "price", {"spearman": 0.6}), *PAIRS[1:]]
    again = draw_study(study(DRIVERS, changed), N)
    moved = {name for name, values in drawn.items() if not same(again[name], values)}
    assert moved == {"price"}  # growth and margin, which are not paired, come before it in name order
    joined = draw_study(study(DRIVERS, [*PAIRS, ("share", "tail", {"spearman": 0.2})]), N)
    assert {name for name, values in drawn.items() if not same(joined[name], values)} == {"tail"}


def test_correlation_zero_equals_none(drawn: dict[str, np.ndarray], draw_study: Callable) -> None:
    zeros = [("share", "tail", {"spearman": 0.0}), ("growth", "margin", {"pearson": 0.0})]
    again = draw_study(study(DRIVERS, [*PAIRS, *zeros]), N)
    assert all(same(again[name], values) for name, values in drawn.items())
    none, zero = draw_study(study(DRIVERS), N), draw_study(study(DRIVERS, zeros), N)
    assert all(same(none[name], zero[name]) for name in DRIVERS)


def test_seed_and_name_decide(drawn: dict[str, np.ndarray], draw_study: Callable) -> None:
    other = draw_study(study(DRIVERS, PAIRS, seed=180), N)
    assert all(not np.isclose(other[name], drawn[name]).all() for name in DRIVERS if name != "tax")
    renamed = draw_study(study({"x": DRIVERS["growth"], "y": DRIVERS["growth"]}), N)
    assert abs(np.corrcoef(renamed["x"], renamed["y"])[0, 1]) < 0.2  # six standard errors


def test_innovations_depend_on_name_path_and_period_alone(draw_shocks: Callable) -> None:
    whole = draw_shocks(study(DRIVERS, innovations=["demand", "supply"]), N, 7)
    alone = draw_shocks(study({}, innovations=["supply"]), np.arange(5, N, 7, dtype=np.uint64), 4)
    assert same(alone["supply"].copy(), whole["supply"][:4, 5::7].copy())
    assert abs(np.corrcoef(whole["demand"].ravel(), whole["supply"].ravel())[0, 1]) < 0.08
    assert np.abs(np.corrcoef(whole["demand"]) - np.eye(7)).max() < 0.2


def test_plan_is_plain_arrays(tmp_path: Path, sampling: kernel.Kernel) -> None:
    made = plan.make(study(DRIVERS, PAIRS, innovations=["b", "a"]))
    np.savez(tmp_path / "setup.npz", **made.arrays)
    with np.load(tmp_path / "setup.npz", allow_pickle=False) as stored:
        again = Plan.from_arrays({name: stored[name] for name in stored.files})
    assert again.drivers == tuple(sorted(DRIVERS))
    assert again.innovations == ("a", "b")
    assert again.table_errors == made.table_errors
    assert set(again.table_errors) == set(DRIVERS)
    assert again.table_errors["growth"] == 0.0 < again.table_errors["margin"] < 1e-6
    buffers = [np.zeros(len(DRIVERS) * kernel.BLOCK) for _ in range(2)]
    for each, buffer in zip((made, again), buffers, strict=True):
        sampling.draw_drivers(np.arange(256, dtype=np.uint64), *each.driver_arguments, *each.scratch(256), buffer)
    assert same(*buffers)


def test_medians(drawn: dict[str, np.ndarray]) -> None:
    made = plan.make(study(DRIVERS, PAIRS))
    medians = dict(zip(made.drivers, made.medians, strict=True))
    assert medians["growth"] == 0.1
    assert medians["tax"] == 0.2
    assert medians["price"] == pytest.approx(np.sqrt(3.0))
    assert medians["spend"] == pytest.approx(5.035040970074)  # 3 times the median of gamma(2), 1.678346990017


def test_no_drivers_no_innovations(draw_study: Callable, draw_shocks: Callable) -> None:
    assert draw_study(study({}), 3) == {}
    assert draw_shocks(study({}), 3, 2) == {}


def test_values_stay_inside_their_bounds(drawn: dict[str, np.ndarray]) -> None:
    assert drawn["margin"].min() >= 0.1
    assert drawn["margin"].max() <= 0.4
    assert drawn["spend"].min() > 0.0


_CPU = Path("/proc/cpuinfo")
_CPU_FLAGS = next((x for x in _CPU.read_text().splitlines() if x.startswith("flags")), "") if _CPU.exists() else ""
JIT = pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="nothing is compiled")


@JIT
@pytest.mark.skipif(" avx2 " not in f"{_CPU_FLAGS} ", reason="the instructions named below are those of AVX2 and up")
def test_draws_become_vector_code() -> None:
    """Philox, logarithm, root and divisions of whole blocks are packed; only the table look-up is scalar."""
    module = kernel.load(kernel_text(""))
    made = plan.make(study(DRIVERS, PAIRS, innovations=["shock"]))
    paths = np.arange(256, dtype=np.uint64)
    scratch = made.scratch(256)
    calls: dict[str, tuple[Any, ...]] = {
        "draw_drivers": (paths, *made.driver_arguments, *scratch, np.zeros(len(DRIVERS) * 256)),
        "draw_innovation": (paths, 0, *made.innovation_arguments, *scratch, 3, np.zeros(3 * 256), 0),
    }
    for name, arguments in calls.items():
        assembly = getattr(module, name).assembly(*arguments)
        for operation in ("mulpd", "divpd", "sqrtpd", "pmuludq"):
            packed = len(re.findall(rf"\bv?{operation}\b", assembly))
            scalar = len(re.findall(rf"\bv?{operation.replace('pd', 'sd')}\b", assembly))
            assert packed > 0, f"{name}: no {operation}"
            # A scalar copy of a loop stands by for buffers that overlap; more means that a loop lost its vectors.
            assert scalar <= packed or operation == "pmuludq", f"{name}: {scalar} scalar against {packed} {operation}"


def digest(module: kernel.Kernel, made: Plan) -> str:
    """Hash of drivers and innovations of three blocks, one of them far out and beginning with an odd path."""
    buffer, scratch = np.zeros((len(made.drivers) + 5) * 256), made.scratch(256)
    total = hashlib.sha256()
    for first in (0, 256, 2**40 + 1):
        paths = np.arange(first, first + 256, dtype=np.uint64)
        module.draw_drivers(paths, *made.driver_arguments, *scratch, buffer)
        module.draw_innovation(paths, 0, *made.innovation_arguments, *scratch, 5, buffer, len(made.drivers))
        total.update(buffer.tobytes())
    return total.hexdigest()


PROGRAM = """
import sys
import numpy as np
from sim import kernel
from sim.sampling.plan import Plan
from tests.sampling.conftest import kernel_text
from tests.sampling.test_sampling_draw import digest

print(digest(kernel.load(kernel_text("")), Plan.from_arrays(dict(np.load(sys.argv[1])))))
"""
TARGETS = {"x86-64": "", "haswell": "+avx,+avx2,+fma,+bmi2,+sse4.2"}


@JIT
@pytest.mark.skipif(" fma " not in f"{_CPU_FLAGS} ", reason="the machine cannot run all targets")
def test_cpu_targets_give_the_same_bits(tmp_path: Path, sampling: kernel.Kernel) -> None:
    """From the same stored set-up. Haswell fuses multiply-adds in an instruction, x86-64 in the library: same bits."""
    made = plan.make(study(DRIVERS, PAIRS, innovations=["shock"]))
    np.savez(tmp_path / "setup.npz", **made.arrays)
    processes = []
    for name, features in TARGETS.items():
        environment = {
            **os.environ,
            "SIM_CACHE_DIR": str(tmp_path / name),
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "NUMBA_CPU_NAME": name,
            "NUMBA_CPU_FEATURES": features,
        }
        command = [sys.executable, "-c", PROGRAM, str(tmp_path / "setup.npz")]
        processes.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True))
    found = [process.communicate(timeout=300)[0].strip() for process in processes]
    assert found == [digest(sampling, made)] * len(TARGETS)
