"""The one place with Numba's options: entry points of kernel text become object files, here or in other processes."""

from __future__ import annotations

import gc
import linecache
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sim.kernel.kinds import Kind, Kinds
from sim.kernel.native import Code

# LLVM's limit on run-time overlap checks is lifted, without which it leaves the loop over paths scalar (4 times
# slower). Every loop works on two vectors at once: while one waits for a result, the other has work (1.05 to 1.3 times
# faster).
OPTIONS = ("-vectorize-memory-check-threshold=100000", "-force-vector-interleave=2")

Wanted = Mapping[str, Kinds]  # kinds of arguments by entry point


def prepare_numba() -> None:
    """Set Numba's options; must run before Numba is first imported, and does nothing the second time.

    SVML is off because its results differ from CPU to CPU. 512-bit vectors are allowed where the CPU has them
    (1.3 times faster, same results because no fast-math flag is ever set).
    """
    if "numba" in sys.modules or getattr(prepare_numba, "done", False):
        return
    os.environ["NUMBA_DISABLE_INTEL_SVML"] = "1"
    if "NUMBA_CPU_FEATURES" not in os.environ and "NUMBA_CPU_NAME" not in os.environ:
        import llvmlite.binding as llvm

        features = llvm.get_host_cpu_features()
        if features.get("avx512f"):
            os.environ["NUMBA_CPU_NAME"] = llvm.get_host_cpu_name()
            os.environ["NUMBA_CPU_FEATURES"] = features.flatten() + ",-prefer-256-bit"
    prepare_numba.done = True  # type: ignore[attr-defined]


def compile_here(text: str, wanted: Wanted) -> dict[str, Code]:
    """Object files of entry points of a kernel text. TypeError if one gives something back."""
    made = {}
    collecting = gc.isenabled()
    gc.disable()  # compiling makes millions of objects that stay: looking through them again and again takes a fifth
    try:
        for name, (_, result) in _results(text, wanted).items():
            _, _, (machine_code, _) = result.library.serialize_using_object_code()
            made[name] = Code(result.fndesc.llvm_func_name, machine_code)
    finally:
        if collecting:
            gc.enable()
    return made


def assembly(text: str, name: str, kinds: Kinds) -> str:
    """An entry point in the machine's own language, compiled for that."""
    ((function, result),) = _results(text, {name: kinds}).values()
    return str(function.inspect_asm(result.signature.args))


def _results(text: str, wanted: Wanted) -> dict[str, tuple[Any, Any]]:
    prepare_numba()
    _set_options()
    import numba

    module: dict[str, Any] = {"__name__": "kernel"}
    # Numba's messages show lines of the text.
    linecache.cache["<kernel>"] = len(text), None, text.splitlines(keepends=True), "<kernel>"
    exec(compile(text, "<kernel>", "exec"), module)  # our own text, whose formulas were checked
    found = {}
    for name, kinds in wanted.items():
        types = tuple(map(_type, kinds))
        module[name].compile(types)
        result = module[name].overloads[types]
        if result.signature.return_type != numba.types.none:
            raise TypeError(f"{name} gives something back; an entry point writes into its arguments")
        found[name] = (module[name], result)
    return found


def _set_options() -> None:
    if not getattr(_set_options, "done", False):
        import llvmlite.binding as llvm

        for option in OPTIONS:
            llvm.set_option("", option)
        _set_options.done = True  # type: ignore[attr-defined]


def _type(kind: Kind) -> Any:
    from numba import types
    from numba.np.numpy_support import from_dtype

    if isinstance(kind, tuple):
        return types.BaseTuple.from_types(tuple(map(_type, kind)))  # type: ignore[no-untyped-call]
    if kind.endswith("]"):
        item, _, dimensions = kind[:-1].partition("[")
        return types.Array(from_dtype(np.dtype(item)), int(dimensions), "C")
    return {"int64": types.int64, "float64": types.float64}[kind]


class Elsewhere:
    """Another Python that compiles entry points of a kernel text meanwhile."""

    def __init__(self, text: str, wanted: Wanted):
        home = str(Path(__file__).parents[2])
        paths = os.pathsep.join([home, *filter(None, [os.environ.get("PYTHONPATH")])])
        self._made = b""
        try:
            self._process = subprocess.Popen(
                # -P: no file of the current folder may pass for a module that is imported there.
                [sys.executable, "-P", "-c", "from sim.kernel import compiling; compiling.compile_apart()"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": paths},
            )
        except OSError:
            self._talking = None  # where none can be started, nothing is made
            return
        # A pipe holds less than a text: written here, it would keep us waiting until the other has started.
        self._talking = threading.Thread(target=self._talk, args=[pickle.dumps((text, dict(wanted)))])
        self._talking.start()

    def _talk(self, question: bytes) -> None:
        self._made, _ = self._process.communicate(question)

    def result(self) -> dict[str, Code]:
        """What it made; nothing if it failed."""
        if self._talking is None:
            return {}
        self._talking.join()
        if self._process.returncode != 0:
            return {}
        try:
            made: dict[str, Code] = pickle.loads(self._made)  # from our own child process
        except Exception:  # something else wrote to its standard output: unpickling that raises many things
            return {}
        return made

    def end(self) -> None:
        """Stop it, if it is still at work."""
        if self._talking is not None:
            self._process.kill()
            self._talking.join()


def processes() -> int:
    """Processes that compiling may take: ``$SIM_COMPILE_PROCESSES``, else 2, if there are as many CPUs.

    From 2 on each kernel text has one of its own.
    """
    return min(int(os.environ.get("SIM_COMPILE_PROCESSES", "2")), os.cpu_count() or 1)


def compile_apart() -> None:
    """The other process: compile what standard input names, write what was made to standard output."""
    text, wanted = pickle.load(sys.stdin.buffer)  # from our own parent process
    sys.stdout.buffer.write(pickle.dumps(compile_here(text, wanted)))
