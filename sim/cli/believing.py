"""`sim believe`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from sim.cli.options import RUN, THREADS, Share, json_option, out_option


@click.command()
@RUN
@click.option("--at-least", type=float, metavar="K", help="The threshold to be reached (default: the study's target).")
@click.option(
    "--probability", type=Share(), default=0.5, show_default=True, metavar="P", help="How likely it should become."
)
@click.option("--output", metavar="NAME", help="Output column (default: that of the study's target).")
@click.option("--driver", "drivers", multiple=True, metavar="NAME", help="Also say what is implied for this driver.")
@click.option("--part", "parts", multiple=True, metavar="NAME", help="Also say what is implied for this part.")
@click.option("--density", type=Share(), metavar="D", help="Ask for the widest box in which a share D succeeds.")
@click.option("--no-pack", is_flag=True, help="No figures.")
@THREADS
@out_option
@json_option
def believe(
    run: str,
    at_least: float | None,
    probability: float,
    output: str | None,
    drivers: tuple[str, ...],
    parts: tuple[str, ...],
    density: float | None,
    no_pack: bool,
    threads: int | None,
    out: Path,
    as_json: bool,
) -> None:
    """What must one believe for an output of RUN to reach K with probability P?

    \b
    sim believe latest                                  the study's target, as likely as not
    sim believe latest --at-least 200 --probability 0.4
    sim believe latest --driver long_run_share          what target and price imply for a driver
    """
    from sim.pipeline import believing
    from sim.report import console

    _, result = believing.believe(
        run,
        out,
        at_least=at_least,
        probability=probability,
        output=output,
        drivers=drivers,
        parts=parts,
        density=density,
        threads=threads,
        pack=not no_pack,
    )
    if as_json:
        click.echo(json.dumps(result, allow_nan=False))
    else:
        console.say_lines(believing.lines(result, console.width()))
