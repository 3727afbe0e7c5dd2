"""Compiling: the parts of a kernel at the same time in two processes, calls by address, a cache that is no help."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from sim import kernel

TEXT = """
@compiled
def double(values):
    for i in range(np.uint64(values.size)):
        values[i] = 2.0 * values[i]


@compiled
def apply(function, values, times):
    for _ in range(times):
        function(values)
"""
JIT = pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="nothing is compiled")


def applying(module: ModuleType) -> list[kernel.Call]:
    return [("apply", (kernel.pointer(module.double, (np.zeros(0),)), np.zeros(0), 1))]


def doubling(module: ModuleType) -> list[kernel.Call]:
    return [("double", (np.zeros(0),))]


def applied(module: ModuleType) -> list[float]:
    values = np.array([1.0, -3.0])
    module.apply(kernel.pointer(module.double, (values,)), values, 3)
    return list(values)


def text_of(mark: str) -> str:
    return kernel.join([f"# {mark}\n{TEXT}"])


def test_a_function_is_called_by_its_address(kernel_cache: Path) -> None:
    assert applied(kernel.load(text_of("address"), applying, doubling)) == [8.0, -24.0]


@JIT
def test_another_process_compiles_into_the_cache(
    kernel_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the other process was given is read from the cache here, not compiled again."""
    monkeypatch.setenv("SIM_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("SIM_COMPILE_PROCESSES", "2")
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    module = kernel.load(text_of("apart"), applying, doubling)
    assert sum(module.double.stats.cache_hits.values()) == 1
    assert sum(module.double.stats.cache_misses.values()) == 0
    assert applied(module) == [8.0, -24.0]


@pytest.mark.parametrize("fault", ["none can be started", "it fails"])
def test_without_another_process_all_is_compiled_here(
    kernel_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setenv("SIM_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("SIM_COMPILE_PROCESSES", "2")
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    if fault == "it fails":
        monkeypatch.setattr(kernel.sys, "executable", "/bin/false" if Path("/bin/false").exists() else "false")
    else:

        def refuse(*_: object, **__: object) -> None:
            raise OSError("no processes left")

        monkeypatch.setattr(subprocess, "Popen", refuse)
    assert applied(kernel.load(text_of(fault), applying, doubling)) == [8.0, -24.0]


@JIT
@pytest.mark.parametrize("damage", ["truncated", "unwritable"])
def test_a_cache_that_is_no_help_costs_a_warning(
    kernel_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    monkeypatch.setenv("SIM_CACHE_DIR", str(tmp_path / "cache"))
    text = text_of(f"damage {damage}")
    if damage == "truncated":
        kernel.load(text, applying, doubling)
        files = list((tmp_path / "cache").rglob("*.nbi"))
        assert files
        for file in files:
            file.write_bytes(file.read_bytes()[:20])
    else:
        (tmp_path / "cache").write_text("a file where a folder should be")
    with pytest.warns(kernel.CacheWarning, match="compiling anew"):
        module = kernel.load(text, applying, doubling)
    assert applied(module) == [8.0, -24.0]
