"""The figure and the screens of `sim update` and `sim score`: what they say is what the numbers say."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from matplotlib.text import Text

from sim.analysis import update as analysis
from sim.analysis.update import Side
from sim.config.observations import Observation
from sim.report import style
from sim.report.figures import update as figure
from sim.report.screens import score, update
from tests.report.conftest import make_run

FACTS = {
    "cloud_revenue.2025Q3": ("Cloud revenue", "RMB bn"),
    "value_per_ads": ("Value per ADS", "US$/ADS"),
    "multiple": ("Cloud EV/sales", "x"),
    "still": ("A driver that stays", "1"),
}


def result(value: float = 39.0, target: bool = True, shift: float = 1.2, more: bool = False) -> dict[str, Any]:
    """Before and after of made-up columns: revenue moves by ``shift``, value per ADS and multiple with it."""
    random = np.random.default_rng(3)
    normal, other = random.standard_normal((2, 8_192))
    names = [Observation("cloud_revenue", "2025Q3", value, "sd", 0.39, "RMB bn")]
    names += [Observation("value", "", 1.0, "within", 0.1)] if more else []
    sides = []
    for after in (0.0, 1.0):
        revenue = 37.7 + after * shift + (1.5 - after) * normal
        ads = 170.0 + after * 8.0 + 30.0 * other
        observed = np.array([revenue, 1.0 + 0.1 * other]) if more else revenue[None, :]
        drivers = {"multiple": 3.5 + 0.4 * after + 0.5 * other, "still": normal, "fixed": np.ones(8_192)}
        sides.append(Side(drivers, observed, ads if target else None))
    return analysis.analyse(*sides, names, FACTS, ("value_per_ads", 179.0) if target else None).as_dict()


def found(**how: Any) -> dict[str, Any]:
    search = {"method": "rejection", "own_paths": 8_192, "effective_own": 2_345.6, "least": 200.0}
    facts = {"run": "new", "paths": 8_192, "directory": "results/base-updated/new", "parent": {"run": "old"}}
    return {**facts, "search": {**search, "considered": 65_536, "effective": 8_192.0}, "warnings": [], **result(**how)}


def texts(drawing: style.Drawing) -> list[Text]:
    every = [t for t in drawing.figure.findobj(Text) if isinstance(t, Text) and t.get_text() and t.get_visible()]
    return [t for t in every if style.extent(t).width > 0]


@pytest.mark.parametrize(
    "how", [{}, {"value": 48.0, "shift": 10.0}, {"target": False}, {"more": True}, {"value": 31.0}]
)
def test_every_text_lies_on_the_canvas_and_none_covers_another(how: dict[str, Any]) -> None:
    drawing = figure.draw(make_run(), result(**how))
    with style.committee():
        canvas = drawing.figure.bbox
        boxes = [(t.get_text(), style.extent(t)) for t in texts(drawing)]
    assert len(drawing.headline) <= style.HEADLINE_LIMIT
    for words, box in boxes:
        assert canvas.x0 <= box.x0 <= box.x1 <= canvas.x1 + 0.5, words
    for (one, a), (other, b) in combinations(boxes, 2):
        assert not a.padded(-1).overlaps(b.padded(-1)), f"{one} covers {other}"


def test_the_headline_and_the_data_are_those_of_the_result() -> None:
    facts = result()
    drawing = figure.draw(make_run(), facts)
    chance = facts["target"]["probability"]
    after, before = (round(100 * chance[side]["value"]) for side in ("after", "before"))
    assert drawing.headline == f"After 39 in Sep-25Q, {after}% of paths reach $179 ({before}% before)"
    assert after > before
    bins = drawing.data[drawing.data["kind"] == "bin"]
    for _, panel in bins.groupby("panel"):
        assert 0.98 < panel["before"].sum() <= 1.0
        assert 0.98 < panel["after"].sum() <= 1.0
    marks = drawing.data[drawing.data["kind"].isin(["observed", "target"])]
    assert marks["from"].tolist() == [39.0, 179.0]
    assert "observed RMB 39 bn" in drawing.alt


def test_two_drawings_have_the_same_bytes(tmp_path: Any) -> None:
    files = [style.save(figure.draw(make_run(), result()), tmp_path / name) for name in ("one", "two")]
    for one, other in zip(*files, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_the_screen_answers_first_and_tells_what_moved() -> None:
    facts = found()
    first, *rest = update.lines(facts, 100)
    chance = facts["target"]["probability"]
    numbers = [float(x) for x in re.findall(r"([\d.]+) ±", first)]
    assert first.startswith("After 39 in 2025Q3, P(≥ $179) is ")
    assert numbers == pytest.approx([100 * chance[s]["value"] for s in ("after", "before")], abs=0.5)
    said = "\n".join(rest)
    assert "Cloud revenue Sep-25Q RMB 39 bn (sd 0.390) was the 80th percentile" in said
    assert re.search(r"Cloud EV/sales +3\.50x +3\.90x +\+0\.8\d", said)
    assert "A driver that stays" not in said
    assert "1 other driver stays" in said
    assert "Effective paths 2,346 of the 8,192" in said
    assert rest[-1] == "Run      results/base-updated/new  (from old)"


def test_the_screen_says_how_it_was_simulated_anew_and_warns() -> None:
    search = {"method": "tempering", "own_paths": 8_192, "effective_own": 3.2, "least": 200.0}
    facts = found() | {"search": {**search, "effective": 5_000.4, "stages": 9}, "warnings": ["mind [this]"]}
    said = " ".join(" ".join(update.lines(facts, 80)).split())
    assert "Effective paths 3 of the 8,192" in said
    assert "fewer than 200: simulated anew near the data in 9 stages" in said
    assert "worth about 5,000 independent ones" in said
    assert "Warning: mind [this]" in said


def test_without_a_target_the_driver_that_moves_most_answers() -> None:
    assert update.lines(found(target=False), 100)[0].startswith("After 39 in 2025Q3, Cloud EV/sales is 3.90")


@pytest.mark.parametrize("lines", [update.lines])
@pytest.mark.parametrize("width", [72, 100, 160])
def test_lines_fit_the_width(lines: Callable[..., list[str]], width: int) -> None:
    for line in lines(found(more=True), width)[:-1]:
        assert len(line) <= width, line


def test_an_empty_ledger_says_what_to_do() -> None:
    facts = {"scored": [], "forecasts": 0, "waiting": [], "hindsight": [], "corrected": [], "undated": []}
    state = {"loss": "", "entries": 0, "head": "0" * 64}
    assert score.lines({**facts, "ledger": state}, 100) == [
        "Nothing to score: the ledger holds no forecast; record one with `sim forecast RUN --record`"
    ]
