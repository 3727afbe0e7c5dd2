"""Machine code in memory, called by its address: all that a run needs of a kernel, without importing Numba."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

from sim.kernel.kinds import Kinds, flat, flat_types


@dataclass(frozen=True)
class Code:
    """An entry point as an object file, and its symbol there."""

    symbol: str
    object: bytes


class Native:
    """An entry point for arguments of given kinds. It lets go of the interpreter while it runs."""

    def __init__(self, code: Code, kinds: Kinds):
        import llvmlite.binding as llvm

        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        target = llvm.Target.from_triple(llvm.get_process_triple())
        module = llvm.parse_assembly("")
        self._engine = llvm.create_mcjit_compiler(module, target.create_target_machine(jit=True))
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(code.object))
        self._engine.finalize_object()
        self.address = int(self._engine.get_function_address(code.symbol))
        if not self.address:
            raise ValueError(f"no {code.symbol} in its object file")
        # After Numba's calling convention (numba.core.callconv.CPUCallConv): a status; where the result and what was
        # raised would be written; the arguments.
        self._call = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, *flat_types(kinds))(
            self.address
        )

    def __call__(self, arguments: tuple[Any, ...]) -> None:
        """Call it with arguments of its kinds. RuntimeError if it raised, which kernel text must not do."""
        written = (ctypes.c_void_p * 2)()
        at = ctypes.addressof(written)
        status = self._call(at, at + ctypes.sizeof(ctypes.c_void_p), *flat(arguments))
        if status:
            raise RuntimeError(f"a kernel ended with status {status}")
