"""Compiling: the parts of a kernel at the same time in two processes, calls by address, a cache that is no help."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import llvmlite.binding as llvm
import numpy as np
import pytest

from sim import kernel
from sim.kernel import cache, compiling
from sim.kernel.native import Code

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
        call(function, values)
"""
JIT = pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="nothing is compiled")


def double_calls(made: kernel.Kernel) -> list[kernel.Call]:
    return [("double", (np.zeros(0),))]


def apply_calls(made: kernel.Kernel) -> list[kernel.Call]:
    return [("apply", (0, np.zeros(0), 1))]


def texts(mark: str) -> list[tuple[str, kernel.Calls]]:
    return [
        (kernel.join([f"# {mark}\n{DOUBLE}"]), double_calls),
        (kernel.join([f"# {mark}\n{APPLY}"]), apply_calls),
    ]


def applied(double: kernel.Kernel, apply: kernel.Kernel) -> list[float]:
    values = np.array([1.0, -3.0])
    apply.apply(kernel.address(double.double, (values,)), values, 3)
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
def test_all_but_the_last_are_compiled_in_another_process(two_processes: pytest.MonkeyPatch) -> None:
    here: list[str] = []
    compile_here = compiling.compile_here

    def listed(text: str, wanted: compiling.Wanted) -> dict[str, Code]:
        here.extend(wanted)
        return compile_here(text, wanted)

    two_processes.setattr(compiling, "compile_here", listed)
    assert applied(*kernel.load_all(texts("apart"))) == [8.0, -24.0]
    assert here == ["apply"]


@JIT
def test_what_is_cached_runs_without_numba(tmp_path: Path) -> None:
    """A second process reads machine code and calls it; Numba is for the first."""
    program = """
import sys
from tests.test_kernel import applied, texts
from sim import kernel
from sim.kernel import compiling
from sim.kernel.native import Code
assert applied(*kernel.load_all(texts("cached"))) == [8.0, -24.0]
print("numba" in sys.modules)
"""
    environment = {**os.environ, "SIM_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[1])}
    answers = [
        subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert [answer.stdout.strip() for answer in answers] == ["True", "False"]


@pytest.mark.parametrize("fault", ["none can be started", "it fails", "it says something else"])
def test_without_another_process_all_is_compiled_here(two_processes: pytest.MonkeyPatch, fault: str) -> None:
    if fault != "none can be started":
        two_processes.setattr(sys, "executable", shutil.which("false" if fault == "it fails" else "echo"))
    else:

        def refuse(*_: object, **__: object) -> None:
            raise OSError("no processes left")

        two_processes.setattr(subprocess, "Popen", refuse)
    assert applied(*kernel.load_all(texts(fault))) == [8.0, -24.0]


@JIT
@pytest.mark.parametrize("damage", ["truncated", "altered", "unwritable"])
def test_a_cache_that_is_no_help_costs_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str) -> None:
    monkeypatch.setenv("SIM_CACHE_DIR", str(tmp_path / "cache"))
    kernels = texts(f"damage {damage}")
    if damage == "unwritable":
        (tmp_path / "cache").write_text("a file where a folder should be")
    else:
        kernel.load_all(kernels)
        files = list((tmp_path / "cache").rglob("*.o"))
        assert len(files) == 2
        for file in files:
            content = file.read_bytes()
            half = len(content) // 2
            file.write_bytes(content[:half] + (b"" if damage == "truncated" else b"?" + content[half + 1 :]))
    with pytest.warns(kernel.CacheWarning, match="compiling anew"):
        modules = kernel.load_all(kernels)
    assert applied(*modules) == [8.0, -24.0]
    if damage != "unwritable":  # it has mended itself
        assert applied(*kernel.load_all(kernels)) == [8.0, -24.0]


@pytest.mark.parametrize(
    "other",
    [
        "kinds",
        "system",
        "CPU",
        "features of the CPU",
        "version of Numba",
        "setting",
        "file of settings",
        "option of LLVM",
    ],
)
def test_what_was_compiled_for_something_else_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    monkeypatch.setenv("SIM_CACHE_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    code = Code("f", b"machine code")
    cache.write("kernel", "f", ("float64",), code)
    assert cache.read("kernel", "f", ("float64",)) == code
    features = SimpleNamespace(flatten=lambda: "+another")
    change: dict[str, Callable[[], object]] = {
        "kinds": lambda: None,
        "system": lambda: monkeypatch.setattr(llvm, "get_process_triple", lambda: "arm64-apple-darwin"),
        "CPU": lambda: monkeypatch.setattr(llvm, "get_host_cpu_name", lambda: "another"),
        "features of the CPU": lambda: monkeypatch.setattr(llvm, "get_host_cpu_features", lambda: features),
        "version of Numba": lambda: monkeypatch.setattr(cache, "compiler_versions", lambda: {"numba": "0.1"}),
        "setting": lambda: monkeypatch.setenv("NUMBA_OPT", "1"),
        "file of settings": lambda: Path(".numba_config.yaml").write_text("opt: 1\n"),
        "option of LLVM": lambda: monkeypatch.setattr(cache, "OPTIONS", ("-another",)),
    }
    change[other]()
    assert cache.read("kernel", "f", ("int64",) if other == "kinds" else ("float64",)) is None


def test_an_empty_name_of_the_cache_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be the current folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("SIM_CACHE_DIR", "")
    assert cache.cache_root() == tmp_path / "sim"
    monkeypatch.setenv("SIM_CACHE_DIR", str(tmp_path / "own"))
    assert cache.cache_root() == tmp_path / "own"


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, OSError])
def test_an_interrupted_write_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interruption: type[BaseException]
) -> None:
    monkeypatch.setenv("SIM_CACHE_DIR", str(tmp_path))

    def interrupted(*_: object) -> Path:
        raise interruption

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(interruption):
        cache.write("kernel", "f", (), Code("f", b"machine code"))
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []


@JIT
def test_an_entry_serves_other_kinds_of_arguments(kernel_cache: Path) -> None:
    made = kernel.load(kernel.join(["@compiled\ndef scale(values, factor):\n    values[0] *= factor\n"]))
    whole, real = np.array([2, 3]), np.array([2.0, 3.0])
    made.scale(whole, 3)
    made.scale(real, 1.5)
    assert [*whole, *real] == [6, 3, 3.0, 3.0]


@JIT
@pytest.mark.parametrize(
    ("argument", "message"),
    [
        (np.arange(6.0)[::2], "contiguous"),
        (np.arange(6.0, dtype=">f8"), "this machine's byte order"),
        ([1.0], "not list"),
        (True, "not bool"),
    ],
)
def test_what_would_be_misread_is_refused(kernel_cache: Path, argument: object, message: str) -> None:
    """Machine code reads what it is given as the kind it was compiled for."""
    double = kernel.load(kernel.join([DOUBLE]), double_calls)
    with pytest.raises(TypeError, match=message):
        double.double(argument)


@JIT
@pytest.mark.parametrize(
    ("body", "message"), [("return values[0]", "gives something back"), ("np.empty(3)", "np.empty|No implementation")]
)
def test_an_entry_that_would_need_numba_is_refused(body: str, message: str) -> None:
    made = kernel.load(kernel.join([f"@compiled\ndef needy(values):\n    {body}\n"]))
    with pytest.raises(Exception, match=message):
        made.needy(np.ones(1))


def test_plain_python_serves_without_compiling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    assert applied(*kernel.load_all(texts("plain"))) == [8.0, -24.0]
