"""`sim report`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from sim.cli.options import RUN, json_option, out_option


@click.command()
@RUN
@click.option("--only", metavar="KIND,...", help="Only these kinds of files, figures, html, pdf, pptx or xlsx.")
@click.option(
    "--path", type=click.IntRange(min=0), metavar="N", help="The workbook of path N instead of the central case."
)
@out_option
@json_option
def report(run: str, only: str | None, path: int | None, out: Path, as_json: bool) -> None:
    """Print RUN for the table: figures, HTML, PDF, slides and a live workbook.

    What was not computed is left out, and the page says which command computes it.

    \b
    sim report latest
    sim report latest --only html,pdf
    sim report latest --only xlsx
    sim report latest --only xlsx --path 1234
    """
    from sim.pipeline import reporting
    from sim.report import console

    kinds = [kind.strip() for kind in (only or "").split(",") if kind.strip()]
    printed = reporting.report(run, only=kinds, path=path, out=out)
    if as_json:
        click.echo(json.dumps(printed.as_dict()))
    else:
        console.say_lines([f"{len(printed.files)} written", *(str(file) for file in printed.files), *printed.refused])
