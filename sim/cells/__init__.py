"""Cells: a model is functions of what they need, read as text, wired to a study and written as one kernel."""

from sim.cells.mark import cell

__all__ = ["cell"]
