"""`sim explain`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from sim.cli.options import NO_PACK, RUN, THREADS, json_option, out_option, question_options


@click.command()
@RUN
@question_options
@click.option("--probability", is_flag=True, help="What decides whether it reaches the target (or --ge X)?")
@click.option("--paths", type=click.IntRange(min=1), metavar="N", help="Paths valued anew (default: 1,250,000).")
@THREADS
@out_option
@NO_PACK
@json_option
def explain(
    run: str,
    output: str | None,
    period: str | None,
    threshold: float | None,
    probability: bool,
    paths: int | None,
    threads: int | None,
    out: Path,
    no_pack: bool,
    as_json: bool,
) -> None:
    """What drives an output of RUN, and how much is each driver's?

    \b
    sim explain latest                              what drives the study's target
    sim explain latest --probability                what decides whether the target is reached
    sim explain latest --output "AI-cloud revenue" --period FY2028
    """
    from sim.pipeline import explaining
    from sim.report import console

    found = explaining.explain(
        run,
        output=output,
        period=period,
        probability=probability,
        threshold=threshold,
        paths=paths,
        threads=threads,
        pack=not no_pack,
        out=out,
    )
    if as_json:
        click.echo(json.dumps(found, allow_nan=False))
    else:
        console.say_lines(explaining.lines(found, console.width()))
