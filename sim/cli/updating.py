"""`sim update`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from sim.cli.options import RUN, THREADS, json_option, out_option


@click.command()
@RUN
@click.option(
    "--observe", multiple=True, metavar="TEXT", help='What was observed: "cloud_revenue@2025Q3=39.0 sd 1%"; repeatable.'
)
@click.option(
    "--observations",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A YAML file of observations with their sources.",
)
@click.option("--paths", type=click.IntRange(min=16), metavar="N", help="Paths of the new run (default: as RUN has).")
@THREADS
@out_option
@click.option("--no-pack", is_flag=True, help="No figures.")
@json_option
@click.option("--quiet", is_flag=True, help="No progress and no screen; errors only.")
def update(
    run: str,
    observe: tuple[str, ...],
    files: tuple[Path, ...],
    paths: int | None,
    threads: int | None,
    out: Path,
    no_pack: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Learn from what was observed: RUN given new values, as a run of its own.

    \b
    sim update latest --observe "cloud_revenue@2025Q3=39.0 sd 1%"
    sim update latest --observe "ai_capex@2025Q3=22 within 0.5" --observe "cloud_revenue@2025Q3=39.0 sd 1%"
    sim update latest --observations september_quarter.yaml

    SIZE after `sd` is the standard deviation of the error of measurement, after `within` a tolerance: a number in the
    unit of the value, or a share of it such as 1%.
    """
    from sim.pipeline import updating
    from sim.report import console

    with console.progress(quiet=quiet or as_json) as tell:
        done = updating.update(
            run,
            observe=observe,
            files=files,
            paths=paths,
            out=out,
            threads=threads,
            pack=not no_pack,
            begin=tell.begin,
            progress=tell.done,
        )
    answer = updating.update_json(done)
    if as_json:
        click.echo(json.dumps(answer, allow_nan=False))
    elif not quiet:
        console.say_lines(updating.lines(answer, console.width()))
