"""The command line: options in, one pipeline road each, the screen or one JSON object out."""

from sim.cli.main import main

__all__ = ["main"]
