"""The mark that makes a function of a model file a cell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar, overload

F = TypeVar("F", bound=Callable[..., Any])


@overload
def cell(function: F) -> F: ...
@overload
def cell(*, at: Literal["opening", "period", "horizon"] = ..., over: str | None = ...) -> Callable[[F], F]: ...


def cell(function: Any = None, *, at: str = "period", over: str | None = None) -> Any:
    """Mark a function as a cell: one line of the model, named after the function.

    ``at`` says when it is computed: in every period (the default), ``"opening"`` once before the first period from
    drivers alone, ``"horizon"`` once after the last. ``over`` repeats it for every member of a family of the study.

    The function comes back unchanged, so that tests may call it: model files are read, not run, by the simulator.
    """
    return function if function is not None else lambda marked: marked
