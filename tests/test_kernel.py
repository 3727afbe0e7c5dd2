"""Compiling: the parts of a kernel at the same time in two processes, calls by address, a cache that is no help."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from sim import kernel

DOUBLE = """
@compiled
def double(values):
    for i in range(np.uint64(values.size)):
        values[i] = 2.0 * values[i]
"""
APPLY = """
@compiled
def apply(function, values, times):
    for _ in range(times):
        function(values)
"""
JIT = pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="nothing is compiled")


def double_calls(module: ModuleType) -> list[kernel.Call]:
    return [("double", (np.zeros(0),))]


def apply_calls(module: ModuleType) -> list[kernel.Call]:
    return [("apply", (kernel.pointer(module.apply, (np.zeros(0),)), np.zeros(0), 1))]


def texts(mark: str) -> list[tuple[str, kernel.Calls]]:
    return [
        (kernel.join([f"# {mark}\n{DOUBLE}"]), double_calls),
        (kernel.join([f"# {mark}\n{APPLY}"]), apply_calls),
    ]


def applied(double: ModuleType, apply: ModuleType) -> list[float]:
    values = np.array([1.0, -3.0])
    apply.apply(kernel.pointer(double.double, (values,)), values, 3)
    return list(values)


def test_a_function_of_another_kernel_is_called_by_its_address(kernel_cache: Path) -> None:
    assert applied(*kernel.load_all(texts("address"))) == [8.0, -24.0]


def test_an_excerpt_is_the_sections_asked_for() -> None:
    text = kernel.HEADER + kernel.section("one", "a = 1\n") + kernel.section("two", "b = 2\n")
    assert kernel.excerpt(text, lambda name: name == "two") == kernel.HEADER + kernel.section("two", "b = 2\n")
    assert kernel.excerpt(text, lambda name: True) == text


@pytest.mark.parametrize("again", ["LOW = 2.0", "LOW, HIGH = 2.0, 3.0", "@inlined\ndef LOW(x):\n    return x"])
def test_a_name_with_two_meanings_is_refused(again: str) -> None:
    """The later would silently replace the earlier, whichever way it is defined."""
    first = kernel.section("one", "LOW = 1.0\n\n\n")
    assert kernel.join([first, kernel.section("two", "LOW = 1.0\n")]).count("LOW") == 2
    with pytest.raises(ValueError, match="two parts of a kernel define LOW"):
        kernel.join([first, kernel.section("two", f"{again}\n")])


@pytest.fixture
def two_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An empty cache, and leave to compile in two processes."""
    monkeypatch.setenv("SIM_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("SIM_COMPILE_PROCESSES", "2")
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    return monkeypatch


@JIT
def test_another_process_compiles_into_the_cache(two_processes: pytest.MonkeyPatch) -> None:
    """What the other process was given is read from the cache here, not compiled again."""
    double, apply = kernel.load_all(texts("apart"))
    assert sum(double.double.stats.cache_hits.values()) == 1
    assert sum(double.double.stats.cache_misses.values()) == 0
    assert sum(apply.apply.stats.cache_misses.values()) == 1
    assert applied(double, apply) == [8.0, -24.0]


@pytest.mark.parametrize("fault", ["none can be started", "it fails"])
def test_without_another_process_all_is_compiled_here(two_processes: pytest.MonkeyPatch, fault: str) -> None:
    if fault == "it fails":
        two_processes.setattr(kernel.sys, "executable", shutil.which("false"))
    else:

        def refuse(*_: object, **__: object) -> None:
            raise OSError("no processes left")

        two_processes.setattr(subprocess, "Popen", refuse)
    assert applied(*kernel.load_all(texts(fault))) == [8.0, -24.0]


@JIT
@pytest.mark.parametrize("damage", ["truncated", "unwritable"])
def test_a_cache_that_is_no_help_costs_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str) -> None:
    monkeypatch.setenv("SIM_CACHE_DIR", str(tmp_path / "cache"))
    kernels = texts(f"damage {damage}")
    if damage == "truncated":
        kernel.load_all(kernels)
        files = list((tmp_path / "cache").rglob("*.nbi"))
        assert files
        for file in files:
            file.write_bytes(file.read_bytes()[:20])
    else:
        (tmp_path / "cache").write_text("a file where a folder should be")
    with pytest.warns(kernel.CacheWarning, match="compiling anew"):
        modules = kernel.load_all(kernels)
    assert applied(*modules) == [8.0, -24.0]
