"""Arguments and options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

STUDY = click.argument("study", type=click.Path(path_type=Path))
RUN = click.argument("run")
THREADS = click.option(
    "--threads", type=click.IntRange(min=1), metavar="N", help="Threads (default: the CPUs we may use)."
)


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
