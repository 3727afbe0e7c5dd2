"""`sim bridge`, `compare`, `sweep` and `convergence`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from sim.cli.options import FOR_RUN, NO_PACK, RUN, STUDY, THREADS, json_option, out_option, question_options


@click.command()
@click.argument("a")
@click.argument("b")
@question_options
@click.option("--group", "groups", multiple=True, metavar="NAME=A,B", help="Drivers that change together.")
@THREADS
@FOR_RUN
@NO_PACK
@out_option
@json_option
def bridge(
    a: str,
    b: str,
    output: str | None,
    period: str | None,
    threshold: float | None,
    groups: tuple[str, ...],
    threads: int | None,
    into: str | None,
    no_pack: bool,
    out: Path,
    as_json: bool,
) -> None:
    """What changed from A to B (runs or study files), driver by driver?

    \b
    sim bridge configs/goldman_163.yaml configs/goldman_179.yaml
    sim bridge base bull --group multiples=cloud_ev_to_sales,ecommerce_pe
    """
    from sim.pipeline import changing
    from sim.report import console

    found = changing.bridge(
        (a, b),
        output=output,
        period=period,
        threshold=threshold,
        groups=groups,
        figure=not no_pack,
        into=into,
        threads=threads,
        out=out,
    )
    if as_json:
        click.echo(json.dumps(found, allow_nan=False))
    else:
        console.say_lines(changing.lines(found, console.width()))


@click.command()
@click.argument("runs", nargs=-1, required=True)
@question_options
@click.option("--weights", metavar="W,W", help="Weights of a mixture, in order (default: the scenarios' own).")
@THREADS
@FOR_RUN
@NO_PACK
@out_option
@json_option
def compare(
    runs: tuple[str, ...],
    output: str | None,
    period: str | None,
    threshold: float | None,
    weights: str | None,
    threads: int | None,
    into: str | None,
    no_pack: bool,
    out: Path,
    as_json: bool,
) -> None:
    """What if? RUNS, study files or one study's scenarios side by side.

    \b
    sim compare configs/base.yaml                   all its scenarios, with their weights
    sim compare base bull bear --weights 0.5,0.25,0.25
    """
    from sim.pipeline import comparing
    from sim.report import console

    found = comparing.compare(
        runs,
        output=output,
        period=period,
        threshold=threshold,
        weights=weights,
        figure=not no_pack,
        into=into,
        threads=threads,
        out=out,
    )
    if as_json:
        click.echo(json.dumps(found, allow_nan=False))
    else:
        console.say_lines(comparing.lines(found, console.width()))


@click.command()
@STUDY
@click.option(
    "--set", "sets", multiple=True, metavar="KEY=V1,V2", help="Values to be gone through; twice makes a grid."
)
@click.option("--scenario", metavar="NAME", help="Start from a named scenario of the study.")
@question_options
@click.option("--paths", type=click.IntRange(min=1024), metavar="N", help="Paths of each cell.")
@THREADS
@FOR_RUN
@NO_PACK
@out_option
@json_option
def sweep(
    study: Path,
    sets: tuple[str, ...],
    scenario: str | None,
    output: str | None,
    period: str | None,
    threshold: float | None,
    paths: int | None,
    threads: int | None,
    into: str | None,
    no_pack: bool,
    out: Path,
    as_json: bool,
) -> None:
    """What if numbers of STUDY were others? One row or a grid of values, all on the same paths.

    \b
    sim sweep configs/base.yaml --set wacc=0.09,0.10,0.11,0.12
    sim sweep configs/base.yaml --set wacc=9%,10%,11% --set terminal_growth=1%,2%,3%
    sim sweep configs/base.yaml --set drivers.long_run_share.marginal.mode=0.30,0.35,0.40
    """
    from sim.pipeline import sweeping
    from sim.report import console

    found = sweeping.sweep(
        study,
        sets,
        scenario=scenario,
        output=output,
        period=period,
        threshold=threshold,
        paths=paths,
        figure=not no_pack,
        into=into,
        threads=threads,
        out=out,
    )
    if as_json:
        click.echo(json.dumps(found, allow_nan=False))
    else:
        console.say_lines(sweeping.lines(found, console.width()))


@click.command()
@RUN
@question_options
@NO_PACK
@out_option
@json_option
def convergence(
    run: str,
    output: str | None,
    period: str | None,
    threshold: float | None,
    no_pack: bool,
    out: Path,
    as_json: bool,
) -> None:
    """Is RUN long enough, or could another seed change what it says?"""
    from sim.pipeline import judging
    from sim.report import console

    found = judging.convergence(run, output=output, period=period, threshold=threshold, figure=not no_pack, out=out)
    if as_json:
        click.echo(json.dumps(found, allow_nan=False))
    else:
        console.say_lines(judging.convergence_lines(found, console.width()))
