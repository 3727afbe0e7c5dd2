"""The `sim` command: its group, how commands are found, and how every failure ends."""

from __future__ import annotations

import errno
import importlib
import re
import signal
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import click

from sim import __version__
from sim.errors import SimError, did_you_mean

# Command -> (module under sim.cli, what it does). A module is imported when its command is called: `sim --help`
# stays quick. The words are the first line of the command's own help (tests/cli holds both equal).
COMMANDS = {
    "run": ("running", "Simulate STUDY and say what it means."),
    "check": ("studies", "Prove STUDY, its model included, without running it."),
    "schema": ("studies", "Print the JSON Schema of study files (for editors)."),
    "show": ("studies", "Print the assumption register of STUDY, or what feeds one cell."),
    "prob": ("runs", "How likely is it that an output of RUN is at least X?"),
    "explain": ("explaining", "What drives an output of RUN, and how much is each driver's?"),
    "believe": ("believing", "What must one believe for an output of RUN to reach K with probability P?"),
    "bridge": ("changes", "What changed from A to B (runs or study files), driver by driver?"),
    "compare": ("changes", "What if? RUNS, study files or one study's scenarios side by side."),
    "sweep": ("changes", "What if numbers of STUDY were others? One row or a grid of values, all on the same paths."),
    "convergence": ("changes", "Is RUN long enough, or could another seed change what it says?"),
    "report": ("reporting", "Print RUN for the table: figures, HTML, PDF, slides and a live workbook."),
    "update": ("updating", "Learn from what was observed: RUN given new values, as a run of its own."),
    "forecast": ("forecasting", "What RUN forecasts; --record enters it in the ledger, to be scored later."),
    "score": ("forecasting", "Score recorded forecasts against what came true; --outcome enters it in the ledger."),
    "calibrate": ("evidence", "Fit growth shocks and seasons to the reported quarters of a study, or of a CSV file."),
    "backtest": ("evidence", "Forecast from each past quarter as STUDY would have, and score what came."),
    "ls": ("runs", "List the runs under the results folder, oldest first."),
    "information": ("informing", "What is worth finding out about RUN before a decision, and how much?"),
    "bench": ("benching", "How fast and how accurate is `sim` on this machine? Takes about two minutes."),
    "verify": ("runs", "Repeat RUN from its stored kernel and set-up, and compare every value bit for bit."),
}


class Main(click.Group):
    """Turns every failure that we explain into its exit code, without a traceback (unless --debug)."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"sim.cli.{COMMANDS[cmd_name][0]}")
        found = getattr(module, cmd_name)
        assert isinstance(found, click.Command)
        return found

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            advice = did_you_mean(args[0], COMMANDS) or "see `sim --help` for those there are"
            ctx.fail(f'there is no command "{args[0]}"; {advice}')
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, says) for name, (_, says) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with _ended_like_ctrl_c():
                return super().invoke(ctx)
        except click.BadParameter as error:
            plain = _in_plain_words(error.message)
            if plain == error.message:
                raise
            raise click.BadParameter(plain, error.ctx, error.param, error.param_hint) from None
        except (click.exceptions.Exit, click.ClickException, click.Abort):
            raise
        except KeyboardInterrupt as stop:
            click.echo(f"interrupted: {str(stop) or 'nothing was kept'}", err=True)
            ctx.exit(130)
        except SimError as error:
            if ctx.params.get("debug"):
                raise
            from sim.report import console

            console.failure(error)
            ctx.exit(error.exit_code)
        except Exception as error:
            if ctx.params.get("debug"):
                raise
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS):
                click.echo(f"writing failed ({error.strerror}); make room or write elsewhere, and repeat", err=True)
                ctx.exit(4)
            click.echo(
                f"sim {__version__} met a bug of its own; repeat with `sim --debug ...` for the details and report it:"
                f" {error!r}",
                err=True,
            )
            ctx.exit(1)


@contextmanager
def _ended_like_ctrl_c() -> Iterator[None]:
    """Who ends us by SIGTERM (a batch system, `timeout`, a container that stops) finds all tidied up, too."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    ours = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if ours:
        signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _in_plain_words(message: str) -> str:
    """Click calls a number with bounds an "integer range" and any number a "float"; our users do not."""
    found = re.fullmatch(r"'(.*)' is not a valid (integer|float)(?: range)?\.", message)
    if found is None:
        return message
    try:
        value = float(found[1].replace(",", ""))
        advice = f"write {int(value)}" if value.is_integer() and abs(value) < 1e18 else "write one such as 10"
    except (ValueError, OverflowError):
        advice = "write one such as 10"
    return f"'{found[1]}' is not a {'whole ' if found[2] == 'integer' else ''}number; {advice}."


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
    warnings.formatwarning = lambda message, *_, **__: f"{message}\n"  # without our own file, line and source
