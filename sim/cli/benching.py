"""`sim bench`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from sim.cli.options import json_option


@click.command()
@click.option("--only", metavar="NAME,...", help="Only these: speed, accuracy or startup.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the benchmarks (default: the repository's).",
)
@json_option
def bench(only: str | None, folder: Path | None, as_json: bool) -> None:
    """How fast and how accurate is `sim` on this machine? Takes about two minutes.

    The short benchmarks of the repository: speed beside numpy, accuracy beside plain Monte Carlo, start-up. Let nothing
    else run; benchmarks/README.md has all of them, and what they gave elsewhere.

    \b
    sim bench
    sim bench --only accuracy --json
    """
    from sim.pipeline import benching
    from sim.report import console

    names = [name.strip() for name in (only or "").split(",") if name.strip()]
    unknown = [name for name in names if name not in benching.SHORT]
    if unknown:
        raise click.BadParameter(f'there is no benchmark "{unknown[0]}"; choose of {", ".join(benching.SHORT)}')
    found = benching.bench(names, folder, begin=lambda question: click.echo(question, err=True))
    if as_json:
        click.echo(json.dumps(found, allow_nan=False))
    else:
        console.say_lines(benching.lines(found))
