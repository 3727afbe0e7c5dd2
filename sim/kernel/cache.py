"""Where machine code is kept between runs: by kernel, entry point, kinds of arguments, and all that shapes the code."""

from __future__ import annotations

import hashlib
import os
import tempfile
from functools import cache
from pathlib import Path

from sim.kernel.compiling import OPTIONS, prepare_numba
from sim.kernel.kinds import Kinds
from sim.kernel.native import Code


class CacheWarning(UserWarning):
    """The kernel cache could not be used; the run is slower and otherwise unaffected."""


def cache_root() -> Path:
    """``$SIM_CACHE_DIR``, else ``$XDG_CACHE_HOME/sim``, else ``~/.cache/sim``."""
    if given := os.environ.get("SIM_CACHE_DIR"):
        return Path(given)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "sim"


def read(kernel: str, entry: str, kinds: Kinds) -> Code | None:
    """The code of an entry point; None if it is not there. ValueError if it is damaged, OSError if unreadable."""
    try:
        content = _file(kernel, entry, kinds).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    digest, _, rest = content.partition(b"\n")
    if hashlib.sha256(rest).hexdigest().encode() != digest:
        raise ValueError("its content is not what was written")
    symbol, _, machine_code = rest.partition(b"\n")
    return Code(symbol.decode(), machine_code)


def write(kernel: str, entry: str, kinds: Kinds, code: Code) -> None:
    """Keep the code of an entry point. OSError if that cannot be done."""
    file = _file(kernel, entry, kinds)
    file.parent.mkdir(parents=True, exist_ok=True)
    rest = code.symbol.encode() + b"\n" + code.object
    handle, temporary = tempfile.mkstemp(dir=file.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(hashlib.sha256(rest).hexdigest().encode() + b"\n" + rest)
        Path(temporary).replace(file)  # two runs at once may both write: same content, atomic
    except BaseException:  # Ctrl-C too
        Path(temporary).unlink(missing_ok=True)
        raise


def _file(kernel: str, entry: str, kinds: Kinds) -> Path:
    shaped = hashlib.sha256(repr((kinds, _compiler())).encode()).hexdigest()[:16]
    return cache_root() / "kernels" / kernel / f"{entry}-{shaped}.o"


@cache
def compiler_versions() -> dict[str, str]:
    """Versions of what compiles kernels, which need not be imported here: a cached kernel was compiled by the same."""
    import importlib.metadata

    return {name: importlib.metadata.version(name) for name in ("numba", "llvmlite")}


def _compiler() -> tuple[object, ...]:
    """Whatever else shapes machine code: versions, the system and its CPU, Numba's settings, our options."""
    prepare_numba()
    import llvmlite.binding as llvm

    settings = sorted((name, value) for name, value in os.environ.items() if name.startswith("NUMBA_"))
    file = Path(".numba_config.yaml")  # which Numba reads beside them, from the current folder
    kept = file.read_bytes() if file.is_file() else b""
    # Systems differ in the form of object files, and home folders are shared between them.
    machine = llvm.get_process_triple(), llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    return *compiler_versions().values(), *machine, settings, kept, OPTIONS
