"""Kernels: self-contained text, compiled by Numba into machine code that is named by the text's content and cached."""

from sim.kernel.cache import CacheWarning, compiler_versions
from sim.kernel.loading import Call, Calls, Kernel, address, load, load_all
from sim.kernel.marks import BLOCK, call, compiled, fma, inlined
from sim.kernel.text import HEADER, excerpt, join, name_of, section

__all__ = [
    "BLOCK",
    "HEADER",
    "CacheWarning",
    "Call",
    "Calls",
    "Kernel",
    "address",
    "call",
    "compiled",
    "compiler_versions",
    "excerpt",
    "fma",
    "inlined",
    "join",
    "load",
    "load_all",
    "name_of",
    "section",
]
