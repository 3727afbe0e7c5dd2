"""`sim information`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from sim.cli.options import RUN, THREADS, json_option, out_option


@click.command()
@RUN
@click.option(
    "--decision", type=click.Path(path_type=Path), required=True, metavar="FILE", help="The decision, in YAML."
)
@click.option(
    "--together", multiple=True, metavar="A,B", help="Also the worth of knowing these drivers together (repeatable)."
)
@THREADS
@out_option
@click.option("--no-pack", is_flag=True, help="No figure.")
@json_option
def information(
    run: str, decision: Path, together: tuple[str, ...], threads: int | None, out: Path, no_pack: bool, as_json: bool
) -> None:
    """What is worth finding out about RUN before a decision, and how much?

    \b
    sim information latest --decision configs/decisions/hold_or_buy.yaml
    sim information latest --decision mine.yaml --together long_run_share,long_run_chip_availability
    """
    from sim.pipeline import informing
    from sim.report import console

    found = informing.information(run, decision, together, out, threads=threads, pack=not no_pack)
    if as_json:
        click.echo(json.dumps(found.as_dict(), allow_nan=False))
    else:
        console.say_lines(informing.lines(found, console.width()))
