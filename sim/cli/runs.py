"""`sim prob`, `ls` and `verify`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from sim.cli.options import RUN, THREADS, json_option, out_option
from sim.errors import ModelFailure


@click.command()
@RUN
@click.option("--output", required=True, metavar="NAME", help="Output column, e.g. value_per_ads.")
@click.option("--ge", "threshold", type=float, required=True, metavar="X", help="P(output >= X).")
@out_option
@json_option
def prob(run: str, output: str, threshold: float, out: Path, as_json: bool) -> None:
    """How likely is it that an output of RUN is at least X?

    \b
    sim prob latest --output value_per_ads --ge 179
    """
    from sim.pipeline import stored
    from sim.report import console

    test = stored.prob(run, output, threshold, out)
    if as_json:
        click.echo(json.dumps(test.as_dict()))
    else:
        console.probability(test.as_dict())


@click.command()
@out_option
@json_option
def ls(out: Path, as_json: bool) -> None:
    """List the runs under the results folder, oldest first."""
    from sim.pipeline import stored
    from sim.report import console

    found = stored.runs(out)
    if as_json:
        click.echo(json.dumps({"runs": found}))
    else:
        console.runs(found)


@click.command()
@RUN
@THREADS
@out_option
@json_option
def verify(run: str, threads: int | None, out: Path, as_json: bool) -> None:
    """Repeat RUN from its stored kernel and set-up, and compare every value bit for bit."""
    from sim.pipeline import stored
    from sim.report import console

    with console.progress(quiet=as_json) as tell:
        found = stored.verify(run, out, threads=threads, begin=tell.begin, progress=tell.done)
    if as_json:
        click.echo(json.dumps(stored.verify_json(found)))
    else:
        console.verification(found)
    if not found.agrees:
        raise ModelFailure("the repeat differs from what is stored")
