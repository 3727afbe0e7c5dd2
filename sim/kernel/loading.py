"""Kernels made ready to be called: read from the cache, compiled on first use."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from sim.kernel import cache, compiling
from sim.kernel.cache import CacheWarning
from sim.kernel.compiling import Wanted
from sim.kernel.kinds import Kinds, kinds_of
from sim.kernel.native import Code, Native
from sim.kernel.text import entries, in_plain_python, name_of


class Kernel:
    """A kernel text, its entry points as attributes. Without compilation (NUMBA_DISABLE_JIT) plain Python serves."""

    def __init__(self, text: str):
        self.text = text
        self.name = name_of(text)
        self.natives: dict[tuple[str, Kinds], Native] = {}
        self._lock = threading.Lock()
        plain = _in_plain_python(text) if not _compiles() else {}
        self._entries = {name: plain.get(name) or Entry(self, name) for name in entries(text)}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._entries:
            raise AttributeError(f"the kernel has no entry point {name}")
        return self._entries[name]

    def native(self, entry: str, kinds: Kinds) -> Native:
        """The machine code of an entry point for arguments of these kinds."""
        if (entry, kinds) not in self.natives:
            with self._lock:
                _make_ready([(self, {entry: kinds})])
        return self.natives[entry, kinds]


class Entry:
    """An entry point of a kernel. For arguments of other kinds than it was called with, it is compiled once more."""

    def __init__(self, kernel: Kernel, name: str):
        self._kernel, self._name = kernel, name

    def __call__(self, *arguments: Any) -> None:
        self._kernel.native(self._name, kinds_of(arguments))(arguments)

    def address(self, *arguments: Any) -> int:
        """Where its machine code for such arguments lies, as long as the kernel is held."""
        return self._kernel.native(self._name, kinds_of(arguments)).address

    def assembly(self, *arguments: Any) -> str:
        """Its machine code for such arguments, to be read."""
        return compiling.assembly(self._kernel.text, self._name, kinds_of(arguments))


Call: TypeAlias = tuple[str, Sequence[object]]  # an entry point and arguments such as it will be called with
Calls: TypeAlias = Callable[[Kernel], Sequence[Call]]
_ELSEWHERE = " each time: set SIM_CACHE_DIR to another folder"


def load(text: str, calls: Calls = lambda kernel: ()) -> Kernel:
    """The kernel of a text; see `load_all`."""
    return load_all([(text, calls)])[0]


def load_all(texts: Sequence[tuple[str, Calls]]) -> list[Kernel]:
    """The kernels of texts, compiled on first use.

    With each comes a function that names entry points of the kernel and arguments such as they will be called with,
    for whose kinds they are compiled (or read from the cache) here. Texts that are not in the cache are compiled at the
    same time, the last of them in this process. A cache that is unwritable or corrupt costs a `CacheWarning` and a
    recompile, never the run.
    """
    made = [Kernel(text) for text, _ in texts]
    if _compiles():
        called = [calls(kernel) for kernel, (_, calls) in zip(made, texts, strict=True)]
        _make_ready(
            [
                (kernel, {name: kinds_of(arguments) for name, arguments in each})
                for kernel, each in zip(made, called, strict=True)
            ]
        )
    return made


def address(entry: Any, arguments: Sequence[object]) -> Any:
    """What another kernel needs to `call` an entry point with such arguments; its kernel must be held meanwhile.

    Called by name, its code would be compiled a second time within the caller. Without compilation the function itself
    serves.
    """
    return entry.address(*arguments) if isinstance(entry, Entry) else entry


def _compiles() -> bool:
    return os.environ.get("NUMBA_DISABLE_JIT", "0") in ("", "0")  # as Numba reads it


def _in_plain_python(text: str) -> dict[str, Any]:
    """Entry points as Python functions. Like machine code they do not mention infinities and what is not a number."""
    module: dict[str, Any] = {}
    exec(compile(in_plain_python(text), "<kernel>", "exec"), module)  # our own text, whose formulas were checked
    return {name: np.errstate(all="ignore")(module[name]) for name in entries(text)}


def _make_ready(wanted: Sequence[tuple[Kernel, Wanted]]) -> None:
    faults: dict[str, str] = {}  # what is wrong, and what to do
    read = [
        (kernel, {name: kinds for name, kinds in each.items() if not _read(kernel, name, kinds, faults)})
        for kernel, each in wanted
    ]
    missing = [(kernel, each) for kernel, each in read if each]
    apart = missing[:-1] if compiling.processes() > 1 else []
    others: list[compiling.Elsewhere] = []
    try:
        for kernel, each in apart:
            others.append(compiling.Elsewhere(kernel.text, each))
        for kernel, each in missing[len(apart) :]:
            _take(kernel, each, compiling.compile_here(kernel.text, each), faults)
        for (kernel, each), other in zip(apart, others, strict=True):
            # What another process does not manage is made here.
            _take(kernel, each, other.result() or compiling.compile_here(kernel.text, each), faults)
    finally:
        for other in others:
            other.end()
    for fault, advice in faults.items():
        said = f"kernel cache {cache.cache_root()}: {fault}; compiling anew{advice}"
        warnings.warn(said, CacheWarning, stacklevel=4)


def _read(kernel: Kernel, name: str, kinds: Kinds, faults: dict[str, str]) -> bool:
    """Whether an entry point is ready, if need be from the cache."""
    if (name, kinds) not in kernel.natives:
        try:
            code = cache.read(kernel.name, name, kinds)
            if code is None:
                return False
            kernel.natives[name, kinds] = Native(code, kinds)
        except OSError as error:
            faults[f"cannot be read ({error.strerror})"] = _ELSEWHERE
            return False
        except (ValueError, RuntimeError):
            faults["a file is damaged"] = ""  # and written again
            return False
    return True


def _take(kernel: Kernel, wanted: Wanted, made: Mapping[str, Code], faults: dict[str, str]) -> None:
    """Keep what was compiled, for this process and in the cache."""
    for name, code in made.items():
        kernel.natives[name, wanted[name]] = Native(code, wanted[name])
        try:
            cache.write(kernel.name, name, wanted[name], code)
        except OSError as error:
            faults[f"cannot be written ({error.strerror})"] = _ELSEWHERE
