"""A small run of made-up columns, and an eye for texts that leave the canvas or cover each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.text import Text

from sim.analysis.estimate import at_least, describe
from sim.pipeline import running
from sim.report import style
from sim.run import store
from sim.run.result import Run
from tests.report.packs import MODEL, STUDY

REVENUE = {2026: (24, 27, 32), 2027: (34, 48, 65), 2028: (41, 68, 101), 2029: (45, 86, 136), 2030: (49, 102, 176)}


@dataclass(frozen=True)
class FakeRun:
    """Satisfies `sim.report.style.Simulated`."""

    manifest: dict[str, Any]
    summary: dict[str, Any]
    target: dict[str, Any] | None
    columns: dict[str, np.ndarray] = field(repr=False)
    replicates: int = 1

    def column(self, name: str) -> np.ndarray:
        return self.columns[name]


def make_run(
    n: int = 4_000,
    *,
    study: str = "Alibaba AI cloud, base case",
    label: str = "Value per ADS",
    unit: str = "US$/ADS",
    goal: float | None = 179.0,
    price: float | None = 166.0,
    scale: float = 1.0,
    shift: float = 0.0,
    alternatives: bool = True,
    invalid: int = 0,
    revenue: dict[str, np.ndarray] | None = None,
    warnings: tuple[str, ...] = (),
) -> FakeRun:
    """Values with P5 125, P50 170, P95 235 (times ``scale`` plus ``shift``); revenue by fiscal year as in `REVENUE`."""
    random = np.random.default_rng(7)
    normal = random.standard_normal(n)
    columns: dict[str, np.ndarray] = {}
    for year, (low, middle, high) in REVENUE.items():
        width = np.where(normal < 0, np.log(middle / low), np.log(high / middle)) / 1.645
        columns[f"ai_cloud_revenue.FY{year}"] = middle * np.exp(normal * width)
    if revenue is not None:
        columns = {f"ai_cloud_revenue.{key}": values for key, values in revenue.items()}
    mixed = 0.6 * normal + 0.8 * random.standard_normal(n)
    columns["value_per_ads"] = 170 * np.exp(0.19 * mixed) * scale + shift
    columns["multiple_alone"] = 163 * np.exp(0.22 * random.standard_normal(n)) * scale + shift
    columns["dcf_alone"] = 176 * np.exp(0.26 * random.standard_normal(n)) * scale + shift
    columns["value_per_ads"][:invalid] = np.nan
    outputs: dict[str, Any] = {"ai_cloud_revenue": {}}
    for name, values in columns.items():
        cell, _, when = name.partition(".")
        leaf = describe(values).as_dict()
        if when:
            outputs[cell][when] = {"unit": "RMB bn", "label": "AI-cloud revenue", **leaf}
        else:
            words = {"value_per_ads": label, "multiple_alone": "Multiple alone", "dcf_alone": "DCF alone"}[name]
            outputs[name] = {"unit": unit, "label": words, **leaf}
    others = {"Multiple alone": "multiple_alone", "DCF alone": "dcf_alone"} if alternatives else {}
    target = None
    tested = None
    if goal is not None:
        target = {
            "output": "value_per_ads",
            "at_least": goal,
            "previous": 163.0,
            "price": price,
            "alternatives": others,
        }
        value = columns["value_per_ads"]
        marks = {"previous target": 163.0, "target": goal} | ({} if price is None else {"price": price})
        tested = {
            "output": "value_per_ads",
            "unit": unit,
            "at_least": goal,
            **at_least(value, goal).as_dict(),
            "percentile_of": {
                word: {"at_least": x, "percentile": at_least(-value, -x).as_dict()} for word, x in marks.items()
            },
            "alternatives": {words: at_least(columns[name], goal).as_dict() for words, name in others.items()},
        }
    shown = [name for name in columns if name.endswith(("FY2026", "FY2027", "FY2028", "FY2030"))] + ["value_per_ads"]
    labels = {"value_per_ads": (label, unit)}
    summary = {
        "study": study,
        "run": "20250917T101112Z-1a2b3c4d",
        "hash": "1a2b3c4d5e6f",
        "paths": n,
        "sampler": "philox",
        "seed": 179,
        "invalid_paths": invalid,
        "outputs": outputs,
        "central": {name: float(np.median(values)) for name, values in columns.items()},
        "target": tested,
        "top_drivers": [
            {"driver": f"d{i}", "label": words, "rank_correlation": rho, "standard_error": 0.0031}
            for i, (words, rho) in enumerate(
                [
                    ("Long-run share of the AI cloud market", 0.612),
                    ("Sales multiple of the cloud segment", 0.48),
                    ("Discount rate", -0.313),
                    ("Momentum half-life", 0.1),
                ]
            )
        ],
        "shares": [{"label": "Quarters in which supply binds", "period": "", "mean": 0.381, "standard_error": 0.0005}],
        "rows": [
            {
                "column": name,
                "label": labels.get(name, ("AI-cloud revenue", ""))[0],
                "unit": labels.get(name, ("", "RMB bn"))[1],
            }
            for name in shown
        ],
        "warnings": list(warnings),
        "seconds": {"compile": 1.4, "simulate": 0.52, "analyse": 0.3, "report": 0.8, "total": 3.2},
    }
    manifest = {
        "sim_version": "0.1.0",
        "run": summary["run"],
        "hash": summary["hash"],
        "study": study,
        "config": "base.yaml",
        "scenario": None,
        "seed": 179,
        "paths": n,
        "as_of": "2025-09-17",
    }
    return FakeRun(manifest, summary, target, columns)


@pytest.fixture(scope="session")
def run_of() -> Callable[..., FakeRun]:
    return make_run


def written(drawing: style.Drawing) -> list[Text]:
    """Every text that shows."""
    return [t for t in drawing.figure.findobj(Text) if isinstance(t, Text) and t.get_visible() and t.get_text().strip()]


def layout_faults(drawing: style.Drawing) -> list[str]:
    """Texts outside the canvas, and pairs of texts that cover each other (one pixel of touch is forgiven)."""
    with style.committee():
        drawing.figure.canvas.draw()
        page = drawing.figure.bbox
        boxes = [(t.get_text(), style.extent(t)) for t in written(drawing)]
    faults = [
        f"outside: {words}"
        for words, box in boxes
        if box.x0 < page.x0 or box.y0 < page.y0 or box.x1 > page.x1 or box.y1 > page.y1
    ]
    for (words, box), (others, other) in combinations(boxes, 2):
        across = min(box.x1, other.x1) - max(box.x0, other.x0)
        up = min(box.y1, other.y1) - max(box.y0, other.y0)
        if across > 1 and up > 1:
            faults.append(f"overlap: {words} / {others}")
    return faults


@pytest.fixture(scope="session")
def faults() -> Callable[[style.Drawing], list[str]]:
    return layout_faults


@pytest.fixture(scope="session")
def texts() -> Callable[[style.Drawing], list[Text]]:
    return written


@pytest.fixture(scope="session")
def pack_folder(tmp_path_factory: pytest.TempPathFactory, kernel_cache: Path) -> Path:
    home = tmp_path_factory.mktemp("pack")
    (home / "model.py").write_text(MODEL, encoding="utf-8")
    (home / "small.yaml").write_text(STUDY.replace("TITLE", "<i>Small</i> =1+1"), encoding="utf-8")
    return home


@pytest.fixture(scope="session")
def packed(pack_folder: Path) -> Run:
    """A run whose pack `sim run` has made."""
    heard: list[str] = []
    run = running.run(pack_folder / "small.yaml", out=pack_folder / "results", say=heard.append)
    assert heard[-5:] == ["figures", "html", "pdf", "pptx", "xlsx"]
    assert not [warning for warning in run.summary["warnings"] if warning.startswith("not in the pack")]
    return store.open_run(run.directory)


@pytest.fixture(scope="session")
def bare(pack_folder: Path) -> Run:
    return store.open_run(running.run(pack_folder / "small.yaml", out=pack_folder / "bare", pack=False).directory)
