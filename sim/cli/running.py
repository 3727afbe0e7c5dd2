"""`sim run`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import click

from sim.cli.options import STUDY, THREADS, json_option, out_option, study_options
from sim.errors import ModelFailure


@click.command()
@STUDY
@study_options
@click.option("--paths", type=click.IntRange(min=1), metavar="N", help="Number of paths; 1_000_000 is fine.")
@click.option(
    "--precision",
    metavar="WHAT",
    help="Instead of --paths: double them until errors are met, e.g. probability=0.001,mean=0.2%, or until verdict.",
)
@click.option("--require", is_flag=True, help="Exit with 3 if --precision (or run.precision) was not met.")
@click.option("--seed", type=click.IntRange(min=0, max=2**63 - 1), metavar="N", help="Seed of all streams.")
@click.option("--sampler", type=click.Choice(["sobol", "philox", "lhs"]), help="Instead of the study's run.sampler.")
@THREADS
@click.option("--workers", type=click.IntRange(min=1), metavar="N", help="Worker processes here, of --threads each.")
@click.option("--cluster", metavar="ADDRESS", help="A running dask scheduler, tls://host:port.")
@click.option("--insecure", is_flag=True, help="Accept a scheduler at plain tcp://host:port.")
@click.option(
    "--keep",
    type=click.Choice(["none", "outputs", "all"]),
    default="all",
    show_default=True,
    help="Which columns of the paths to store.",
)
@out_option
@click.option("--no-pack", is_flag=True, help="No analyses, figures or pages.")
@json_option
@click.option("--quiet", is_flag=True, help="No progress and no screen; errors only.")
def run(
    study: Path,
    sets: tuple[str, ...],
    scenario: str | None,
    paths: int | None,
    precision: str | None,
    require: bool,
    seed: int | None,
    sampler: str | None,
    threads: int | None,
    workers: int | None,
    cluster: str | None,
    insecure: bool,
    keep: Literal["none", "outputs", "all"],
    out: Path,
    no_pack: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Simulate STUDY and say what it means.

    \b
    sim run configs/base.yaml
    sim run configs/base.yaml --paths 1_000_000 --seed 7 --no-pack
    sim run configs/base.yaml --precision probability=0.001,mean=0.2%,confidence=0.95,max_paths=1e8
    sim run configs/base.yaml --precision verdict,hurdle=0.4 --require
    sim run configs/base.yaml --set drivers.long_run_share.marginal.mode=0.40
    """
    from sim.pipeline import running
    from sim.report import console

    if paths is not None and precision is not None:
        raise click.UsageError("give --paths or --precision, not both: precision finds the number of paths itself")
    chosen = [*sets]
    chosen += [f"run.precision={_group(precision)}"] if precision is not None else []
    chosen += [f"run.paths={paths}"] if paths is not None else []
    chosen += [f"run.seed={seed}"] if seed is not None else []
    chosen += [f"run.sampler={sampler}"] if sampler is not None else []
    with console.progress(quiet=quiet or as_json) as tell:
        done = running.run(
            study,
            sets=chosen,
            scenario=scenario,
            threads=threads,
            keep=keep,
            out=out,
            pack=not no_pack,
            require=require,
            progress=tell.done,
            say=tell.say,
            begin=lambda checked: tell.begin(checked.study.study, running.first_paths(checked)),
            workers=workers,
            address=cluster,
            insecure=insecure,
        )
    if as_json:
        click.echo(json.dumps(running.run_json(done), allow_nan=False))
    elif not quiet:
        console.screen(done.summary, done.directory)
    if require and not done.summary["precision"]["met"]:
        raise ModelFailure("the precision asked for was not met; the run is kept")


def _group(written: str) -> str:
    """``probability=0.001,verdict`` as a group of keys in YAML."""
    parts = [part.strip() for part in written.split(",") if part.strip()]
    return "{" + ", ".join({"verdict": "until: verdict"}.get(part, part.replace("=", ": ", 1)) for part in parts) + "}"
