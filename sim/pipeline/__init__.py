"""Each command's road through the rooms, one module a group of commands; heavy rooms are entered only when needed."""

from sim.pipeline.checking import Checked, check

__all__ = ["Checked", "check"]
