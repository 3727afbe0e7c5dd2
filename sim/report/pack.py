"""What goes on the table, written into the run's ``pack`` folder: for now the two figures."""

from __future__ import annotations

from pathlib import Path

from sim.report import style
from sim.report.figures import fan, value
from sim.run.result import Run


def write(run: Run, directory: Path) -> list[Path]:
    """Draw what the run has data for: a fan needs an output by fiscal year, a histogram a single one."""
    directory.mkdir(parents=True, exist_ok=True)
    drawings = []
    yearly = [c for c in run.manifest["columns"] if c["period"].startswith("FY")]
    if yearly:
        drawings.append(fan.draw(run))
    if run.target is not None or any(not c["period"] for c in run.manifest["columns"]):
        drawings.append(value.draw(run))
    return [file for drawing in drawings for file in style.save(drawing, directory)]
