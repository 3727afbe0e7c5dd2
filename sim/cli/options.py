"""Arguments and options that several commands share."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

STUDY = click.argument("study", type=click.Path(path_type=Path))
RUN = click.argument("run")
THREADS = click.option(
    "--threads", type=click.IntRange(min=1), metavar="N", help="Threads (default: the CPUs we may use)."
)
FOR_RUN = click.option("--for", "into", metavar="RUN", help="Store it with RUN, for the pack of `sim report RUN`.")
NO_PACK = click.option("--no-pack", is_flag=True, help="No figure.")


def study_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--set and --scenario, for every command that reads a study."""
    function = click.option("--scenario", metavar="NAME", help="Run a named scenario of the study.")(function)
    return click.option(
        "--set", "sets", multiple=True, metavar="KEY=VALUE", help="Change one leaf, e.g. drivers.x.marginal.mode=0.4."
    )(function)


def out_option(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--out",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path("results"),
        show_default=True,
        help="Folder of the runs.",
    )(function)


def json_option(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--json", "as_json", is_flag=True, help="Print exactly one JSON object on standard output.")(
        function
    )


def question_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--output, --period and --ge: what is asked about, by default the study's target."""
    function = click.option(
        "--ge", "threshold", type=float, metavar="X", callback=_finite, help="Threshold (default: the target)."
    )(function)
    function = click.option("--period", metavar="FY2028", help="Fiscal year or date of the output.")(function)
    return click.option("--output", metavar="NAME", help="Output by name or label (default: the target's).")(function)


class Share(click.ParamType):  # type: ignore[type-arg]
    """A number such as 0.4, or a percentage such as 40%."""

    name = "share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            return float(value[:-1]) / 100 if isinstance(value, str) and value.endswith("%") else float(value)
        except ValueError:
            self.fail(f"'{value}' is not a number; write one such as 0.4 or 40%.", param, ctx)


def _finite(context: click.Context, option: click.Parameter, value: float | None) -> float | None:
    if value is not None and not math.isfinite(value):
        raise click.BadParameter(f"{value} is no threshold; write a number", context, option)
    return value
