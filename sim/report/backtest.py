"""A backtest as files: the four figures with their data, every forecast as CSV, everything as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from sim.errors import StorageError
from sim.report import style
from sim.report.figures import backtest_coverage, backtest_fan, backtest_pit, backtest_skill


def write(result: Mapping[str, Any], directory: Path) -> list[Path]:
    """Write ``backtest.json``, ``forecasts.csv`` and the figures; gives the files. StorageError if writing fails."""
    drawings = [each.draw(result) for each in (backtest_coverage, backtest_pit, backtest_skill, backtest_fan)]
    files = [file for drawing in drawings for file in style.save(drawing, directory)]
    texts = {
        "backtest.json": json.dumps(result, indent=1, allow_nan=False, ensure_ascii=False) + "\n",
        "forecasts.csv": forecasts(result).to_csv(index=False, lineterminator="\n"),
    }
    try:
        for name, text in texts.items():
            (directory / name).write_text(text, encoding="utf-8", newline="\n")
            files.append(directory / name)
    except OSError as error:
        raise StorageError(f"cannot write under {directory} ({error.strerror}); choose another folder") from error
    return files


def forecasts(result: Mapping[str, Any]) -> pd.DataFrame:
    """One row a forecast: percentiles of revenue, the outcome, PIT, hits and the CRPS of every forecaster."""
    rows = []
    for row in result["forecasts"]:
        flat = {key: row[key] for key in ("vintage", "horizon", "period", "revenue")}
        flat |= {f"p{p}": value for p, value in row["percentiles"].items()}
        flat |= {"pit": row["pit"]} | {f"in_{share}": hit for share, hit in row["hits"].items()}
        flat |= {f"crps_{name}": value for name, value in row["crps"].items()}
        flat |= {f"log_score_{name}": value for name, value in row["log_score"].items()}
        flat |= {key: row[key] for key in ("unverified", "crosses_basis", "recalled_rows")}
        rows.append(flat)
    return pd.DataFrame(rows)
