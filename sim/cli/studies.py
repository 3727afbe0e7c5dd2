"""`sim check`, `schema` and `show`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from sim.cli.options import STUDY, json_option, study_options


@click.command()
@STUDY
@study_options
@json_option
def check(study: Path, sets: tuple[str, ...], scenario: str | None, as_json: bool) -> None:
    """Prove STUDY, its model included, without running it."""
    from sim.pipeline import checking

    checked = checking.check(study, sets, scenario)
    facts = checking.check_json(checked)
    if as_json:
        click.echo(json.dumps(facts))
    else:
        click.echo(
            f"{study}: right. {facts['drivers']} drivers ({facts['judgement']} by judgement), {facts['cells']} cells,"
            f" {facts['columns']} output column{'' if facts['columns'] == 1 else 's'}, {facts['sources']} sources"
        )
        for said in facts["warnings"]:
            click.echo(f"note: {said}")


@click.command()
def schema() -> None:
    """Print the JSON Schema of study files (for editors)."""
    from sim.pipeline import checking

    click.echo(checking.schema_text(), nl=False)


@click.command()
@STUDY
@study_options
@click.option("--cell", metavar="NAME", help="What feeds this cell, down to drivers with their file and line.")
@json_option
def show(study: Path, sets: tuple[str, ...], scenario: str | None, cell: str | None, as_json: bool) -> None:
    """Print the assumption register of STUDY, or what feeds one cell."""
    from sim.pipeline import checking
    from sim.report import console

    if cell is None:
        register = checking.show(study, sets, scenario)
        if as_json:
            click.echo(json.dumps({"drivers": register}))
        else:
            console.register(register)
        return
    feeds = checking.feeds(study, cell, sets, scenario)
    if as_json:
        click.echo(json.dumps(feeds))
    else:
        console.feeds(feeds)
