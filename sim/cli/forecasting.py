"""`sim forecast` and `score`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from sim.cli.options import RUN, json_option, out_option


@click.command()
@RUN
@click.option("--output", "outputs", multiple=True, metavar="NAME", help="Output or cell to forecast; repeatable.")
@click.option(
    "--at-least", "statements", multiple=True, metavar="TEXT", help='A further statement: "cloud_revenue.2025Q3>=38".'
)
@click.option("--by", default="", metavar="DAY", help="When outputs without a period fall due, such as 2026-09-17.")
@click.option("--record", is_flag=True, help="Enter the forecasts in the ledger, where they stay as they are.")
@out_option
@json_option
def forecast(
    run: str,
    outputs: tuple[str, ...],
    statements: tuple[str, ...],
    by: str,
    record: bool,
    out: Path,
    as_json: bool,
) -> None:
    """What RUN forecasts; --record enters it in the ledger, to be scored later.

    \b
    sim forecast latest --record --by 2026-09-17
    sim forecast latest --output cloud_revenue --at-least "cloud_revenue.2025Q3>=38"
    """
    from sim.pipeline import forecasting
    from sim.report import console

    found = forecasting.forecast(run, outputs=outputs, statements=statements, by=by, record=record, out=out).as_dict()
    if as_json:
        click.echo(json.dumps(found, allow_nan=False))
    else:
        console.say_lines(forecasting.forecast_lines(found, console.width()))


@click.command()
@click.option(
    "--outcome", "outcomes", multiple=True, metavar="TEXT", help='What came true: "cloud_revenue.2025Q3=39.8".'
)
@click.option("--source", default="", metavar="TEXT", help="Where the outcomes were read; needed with --outcome.")
@click.option("--published", default="", metavar="DAY", help="When they came out: forecasts from then on do not count.")
@click.option("--study", "studies", multiple=True, metavar="NAME", help="Outcomes of this study alone; repeatable.")
@out_option
@json_option
def score(
    outcomes: tuple[str, ...], source: str, published: str, studies: tuple[str, ...], out: Path, as_json: bool
) -> None:
    """Score recorded forecasts against what came true; --outcome enters it in the ledger.

    \b
    sim score --outcome cloud_revenue.2025Q3=39.8 --source "September quarter 2025 results" --published 2025-11-25
    sim score
    """
    from sim.pipeline import forecasting
    from sim.report import console

    card, ledger = forecasting.score(outcomes, source=source, published=published, studies=studies, out=out)
    found = {**card.as_dict(), "ledger": ledger}
    if as_json:
        click.echo(json.dumps(found, allow_nan=False))
    else:
        console.say_lines(forecasting.score_lines(found, console.width()))
