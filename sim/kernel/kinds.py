"""The kinds of an entry point's arguments, and the same arguments as plain numbers for a call by address."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

# "int64", "float64", "float64[2]" (an array's type and dimensions), or a tuple of kinds.
Kind: TypeAlias = "str | tuple[Kind, ...]"
Kinds: TypeAlias = tuple[Kind, ...]


def kinds_of(arguments: Sequence[object]) -> Kinds:
    """The kinds of arguments. TypeError for what kernels do not take: other objects, and arrays with gaps."""
    return tuple(map(_kind, arguments))


def _kind(argument: object) -> Kind:
    if isinstance(argument, np.ndarray):
        if not (argument.flags.c_contiguous and argument.flags.aligned and argument.dtype.isnative):
            raise TypeError("a kernel takes arrays that are contiguous, aligned and of this machine's byte order")
        return f"{argument.dtype.name}[{argument.ndim}]"
    if isinstance(argument, tuple):
        return tuple(map(_kind, argument))
    if isinstance(argument, int | np.signedinteger) and not isinstance(argument, bool):
        return "int64"
    if isinstance(argument, float | np.floating):
        return "float64"
    raise TypeError(f"a kernel takes whole numbers, floats, arrays and tuples of them, not {type(argument).__name__}")


def flat_types(kinds: Sequence[Kind]) -> list[Any]:
    """C types of the numbers that `flat` gives for arguments of these kinds."""
    found: list[Any] = []
    for kind in kinds:
        if isinstance(kind, tuple):
            found += flat_types(kind)
        elif kind.endswith("]"):
            dimensions = int(kind[kind.index("[") + 1 : -1])
            found += (
                [ctypes.c_void_p] * 2 + [ctypes.c_int64] * 2 + [ctypes.c_void_p] + [ctypes.c_int64] * 2 * dimensions
            )
        else:
            found.append(ctypes.c_double if kind == "float64" else ctypes.c_int64)
    return found


def flat(arguments: Sequence[Any]) -> list[Any]:
    """Arguments as Numba passes them: of an array no owner (twice), its size, the bytes of an item, address, shape and
    strides; of a tuple its members.
    """
    found: list[Any] = []
    for argument in arguments:
        if isinstance(argument, np.ndarray):
            address = argument.__array_interface__["data"][0]
            found += [None, None, argument.size, argument.itemsize, address, *argument.shape, *argument.strides]
        elif isinstance(argument, tuple):
            found += flat(argument)
        else:
            found.append(argument)
    return found
