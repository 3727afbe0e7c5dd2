"""`sim calibrate` and `backtest`: what the record says, and whether the model has been right."""

from __future__ import annotations

import json
from pathlib import Path

import click

from sim.cli.options import FOR_RUN, STUDY, json_option, out_option


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Change one leaf of the study.")
@click.option("--uncorrected", is_flag=True, help="Leave the fit as it is, however wide the study then is.")
@click.option(
    "--backtest",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A backtest.json: where it finds widths wrong beyond chance, the study takes its factor.",
)
@click.option("--out", "file", type=click.Path(path_type=Path), metavar="FILE", help="Write the YAML fragment here.")
@json_option
def calibrate(
    source: Path,
    sets: tuple[str, ...],
    uncorrected: bool,
    backtest: Path | None,
    file: Path | None,
    as_json: bool,
) -> None:
    """Fit growth shocks and seasons to the reported quarters of a study, or of a CSV file.

    \b
    sim calibrate configs/growth.yaml --out configs/alibaba/growth_fit.yaml
    sim calibrate configs/base.yaml --backtest results/backtests/growth-HASH/backtest.json \
        --out configs/alibaba/drivers/fitted.yaml
    sim calibrate configs/alibaba/history.csv
    """
    from sim.pipeline import calibrating
    from sim.report import console

    if uncorrected and backtest is not None:
        raise click.UsageError("--uncorrected takes no --backtest: give one of the two")
    done = calibrating.calibrate(source, sets, correct=not uncorrected, backtest=backtest)
    if file is not None:
        calibrating.save(done, file)
    if as_json:
        click.echo(json.dumps(done.as_dict(), allow_nan=False))
    else:
        console.say_lines(calibrating.lines(done, console.width(), file))


@click.command()
@STUDY
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Change one leaf of the study.")
@click.option("--first", default="2017Q4", show_default=True, metavar="QUARTER", help="The first vintage.")
@FOR_RUN
@out_option
@click.option("--no-pack", is_flag=True, help="Store nothing and draw no figures.")
@json_option
def backtest(
    study: Path, sets: tuple[str, ...], first: str, into: str | None, out: Path, no_pack: bool, as_json: bool
) -> None:
    """Forecast from each past quarter as STUDY would have, and score what came.

    \b
    sim backtest configs/growth.yaml
    """
    from sim.pipeline import backtesting
    from sim.report import console

    with console.progress(quiet=as_json) as tell:
        done = backtesting.backtest(
            study, sets, first=first, out=out, pack=not no_pack, into=into, begin=tell.begin, progress=tell.done
        )
    if as_json:
        click.echo(json.dumps(done.as_dict(), allow_nan=False))
    else:
        console.say_lines(backtesting.lines(done, console.width()))
