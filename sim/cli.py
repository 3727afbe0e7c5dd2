"""The command line: options in, one pipeline road each, the screen or one JSON object out."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from sim import __version__, pipeline
from sim.errors import ModelFailure, SimError

STUDY = click.argument("study", type=click.Path(path_type=Path))
RUN = click.argument("run")


class Main(click.Group):
    """Turns every failure that we explain into its exit code, without a traceback (unless --debug)."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.exceptions.Exit, click.ClickException, click.Abort):
            raise
        except KeyboardInterrupt:
            click.echo("interrupted: nothing was kept", err=True)
            ctx.exit(130)
        except SimError as error:
            if ctx.params.get("debug"):
                raise
            from sim.report import console

            console.failure(error)
            ctx.exit(error.exit_code)
        except Exception:
            if ctx.params.get("debug"):
                raise
            click.echo(
                f"sim {__version__} met a bug of its own; repeat with `sim --debug ...` for the details and report it:"
                f" {sys.exc_info()[1]!r}",
                err=True,
            )
            ctx.exit(1)


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
        default=pipeline.RESULTS,
        show_default=True,
        help="Folder of the runs.",
    )(function)


def json_option(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--json", "as_json", is_flag=True, help="Print exactly one JSON object on standard output.")(
        function
    )


@click.group(cls=Main, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="sim")
@click.option("--debug", is_flag=True, help="Show tracebacks.")
def main(debug: bool) -> None:
    """Monte Carlo valuation: from sourced assumptions in YAML to a tested price target.

    \b
    sim run configs/base.yaml                       simulate, summarise, draw
    sim run configs/base.yaml --scenario bull       the same under a named scenario
    sim check configs/base.yaml                     prove a study without running it
    sim show configs/base.yaml --cell cloud_revenue what feeds a line
    sim prob latest --output value_per_ads --ge 179 test another threshold
    """


@main.command()
@STUDY
@study_options
@click.option("--paths", type=click.IntRange(min=1), metavar="N", help="Number of paths; 1_000_000 is fine.")
@click.option("--seed", type=click.IntRange(min=0, max=2**63 - 1), metavar="N", help="Seed of all streams.")
@click.option("--threads", type=click.IntRange(min=1), metavar="N", help="Threads (default: the CPUs we may use).")
@click.option(
    "--keep",
    type=click.Choice(["none", "outputs", "all"]),
    default="all",
    show_default=True,
    help="Which columns of the paths to store.",
)
@out_option
@click.option("--no-pack", is_flag=True, help="No figures.")
@json_option
@click.option("--quiet", is_flag=True, help="No progress and no screen; errors only.")
def run(
    study: Path,
    sets: tuple[str, ...],
    scenario: str | None,
    paths: int | None,
    seed: int | None,
    threads: int | None,
    keep: pipeline.Keep,
    out: Path,
    no_pack: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Simulate STUDY and say what it means.

    \b
    sim run configs/base.yaml
    sim run configs/base.yaml --paths 1_000_000 --seed 7 --no-pack
    sim run configs/base.yaml --set drivers.long_run_share.marginal.mode=0.40
    """
    from sim.report import console

    chosen = [*sets]
    chosen += [f"run.paths={paths}"] if paths is not None else []
    chosen += [f"run.seed={seed}"] if seed is not None else []
    with console.progress(quiet=quiet or as_json) as tell:
        done = pipeline.run(
            study,
            sets=chosen,
            scenario=scenario,
            threads=threads,
            keep=keep,
            out=out,
            pack=not no_pack,
            progress=tell.done,
            begin=lambda checked: tell.begin(checked.study.study, checked.study.run.paths),
        )
    if as_json:
        click.echo(json.dumps(pipeline.run_json(done), allow_nan=False))
    elif not quiet:
        console.screen(done.summary, done.directory)


@main.command()
@STUDY
@study_options
@json_option
def check(study: Path, sets: tuple[str, ...], scenario: str | None, as_json: bool) -> None:
    """Prove STUDY, its model included, without running it."""
    checked = pipeline.check(study, sets, scenario)
    facts = pipeline.check_json(checked)
    if as_json:
        click.echo(json.dumps(facts))
    else:
        click.echo(
            f"{study}: right. {facts['drivers']} drivers ({facts['judgement']} by judgement), {facts['cells']} cells,"
            f" {facts['columns']} output columns, {facts['sources']} sources"
        )


@main.command()
def schema() -> None:
    """Print the JSON Schema of study files (for editors)."""
    click.echo(pipeline.schema_text(), nl=False)


@main.command()
@STUDY
@study_options
@click.option("--cell", metavar="NAME", help="What feeds this cell, down to drivers with their file and line.")
@json_option
def show(study: Path, sets: tuple[str, ...], scenario: str | None, cell: str | None, as_json: bool) -> None:
    """Print the assumption register of STUDY, or what feeds one cell."""
    from sim.report import console

    if cell is None:
        register = pipeline.show(study, sets, scenario)
        if as_json:
            click.echo(json.dumps({"drivers": register}))
        else:
            console.register(register)
        return
    feeds = pipeline.feeds(study, cell, sets, scenario)
    if as_json:
        click.echo(json.dumps(feeds))
    else:
        console.feeds(feeds)


@main.command()
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
    from sim.report import console

    test = pipeline.prob(run, output, threshold, out)
    if as_json:
        click.echo(json.dumps(test.as_dict()))
    else:
        console.probability(test.as_dict())


@main.command()
@out_option
@json_option
def ls(out: Path, as_json: bool) -> None:
    """List the runs under the results folder, oldest first."""
    from sim.report import console

    found = pipeline.runs(out)
    if as_json:
        click.echo(json.dumps({"runs": found}))
    else:
        console.runs(found)


@main.command()
@RUN
@click.option("--threads", type=click.IntRange(min=1), metavar="N", help="Threads (default: the CPUs we may use).")
@out_option
@json_option
def verify(run: str, threads: int | None, out: Path, as_json: bool) -> None:
    """Repeat RUN from its stored kernel and set-up, and compare every value bit for bit."""
    from sim.report import console

    with console.progress(quiet=as_json) as tell:
        found = pipeline.verify(run, out, threads=threads, begin=tell.begin, progress=tell.done)
    if as_json:
        click.echo(json.dumps(pipeline.verify_json(found)))
    else:
        console.verification(found)
    if not found.agrees:
        raise ModelFailure("the repeat differs from what is stored")
