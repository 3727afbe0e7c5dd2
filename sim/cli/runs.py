"""`sim prob`, `ls` and `verify`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from sim.cli.options import RUN, THREADS, json_option, out_option, question_options
from sim.errors import ModelFailure


@click.command()
@RUN
@click.argument("question", required=False)
@question_options
@click.option("--split", is_flag=True, help="Say what decides it: business, multiples or method (values new paths).")
@click.option("--figure", is_flag=True, help="Draw the exceedance curve into the run's pack.")
@THREADS
@out_option
@json_option
def prob(
    run: str,
    question: str | None,
    output: str | None,
    period: str | None,
    threshold: float | None,
    split: bool,
    figure: bool,
    threads: int | None,
    out: Path,
    as_json: bool,
) -> None:
    """How likely is it that an output of RUN is at least X?

    \b
    sim prob latest                                 the study's own target
    sim prob latest "AI-cloud revenue FY2028 >= 60"
    sim prob latest --output value_per_ads --ge 179 --split
    """
    from sim.pipeline import judging
    from sim.report import console

    found = judging.prob(
        run,
        question,
        output=output,
        period=period,
        threshold=threshold,
        split=split,
        figure=figure,
        threads=threads,
        out=out,
    )
    if as_json:
        click.echo(json.dumps(found, allow_nan=False))
    else:
        console.say_lines(judging.prob_lines(found, console.width()))


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
