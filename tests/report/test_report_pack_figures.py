"""Football field, sum of the parts, demand against capacity, and the fan beside history and scenarios."""

from __future__ import annotations

import io
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from matplotlib.text import Text

from sim.analysis.estimate import describe
from sim.pipeline import packing
from sim.report import story, style
from sim.report.figures import fan, field, parts, served
from sim.report.pack import Picture
from sim.report.style import Drawing
from sim.run.result import Run

Faults = Callable[[Drawing], list[str]]
Texts = Callable[[Drawing], list[Text]]
RANGES = (
    SimpleNamespace(label="A broker, 24 Feb 2025", at=180.0, low=None, high=None, sources=("one",)),
    SimpleNamespace(label="52 weeks to 16 Sep 2025", at=None, low=80.0, high=170.0, sources=("two",)),
)
COMPARED = {
    "output": "value_per_ads",
    "cases": [{"name": name, "percentiles": {"50": {"value": at}}} for name, at in (("bull", 197.0), ("bear", 139.0))],
    "mixture": {"percentiles": {"50": {"value": 167.0}}},
}


def with_target(run_of: Callable[..., Any], **how: Any) -> Any:
    """A run whose target names the outputs of its alternatives, as a real one does."""
    run = run_of(**how)
    others = {"Multiple alone": "multiple_alone", "DCF alone": "dcf_alone"}
    goal = run.summary["target"]
    for name, found in goal["alternatives"].items():
        found["output"] = others[name]
    goal |= {"price": how.get("price", 166.0), "percentile": {"probability": 1 - goal["probability"]}}
    return run


def with_parts(run_of: Callable[..., Any], sizes: dict[str, tuple[float, float]]) -> Any:
    """A run with normal parts (mean, sd) that add up to its value."""
    run = with_target(run_of)
    random = np.random.default_rng(3)
    whole = np.zeros(4_000)
    for name, (mean, sd) in sizes.items():
        values = mean + sd * random.standard_normal(4_000)
        whole += values
        run.summary["outputs"][name] = {"unit": "US$/ADS", "label": name.title(), **describe(values).as_dict()}
    run.summary["outputs"]["value_per_ads"] |= describe(whole).as_dict()
    return run


def quarterly(n: int = 20, growth: float = 0.05) -> list[dict[str, str]]:
    """Demand that overtakes capacity; on the share of paths given, it binds."""
    rows = []
    for t in range(n):
        when = f"{2025 + (2 + t) // 4}Q{(2 + t) % 4 + 1}"
        for name, at in (("asked", 9 * np.exp(growth * t)), ("able", 11 + 0.4 * t), ("binds", min(0.02 * t, 1))):
            marks = {"p5": 0.6, "p25": 0.8, "p50": 1.0, "p75": 1.3, "p95": 2.0}
            row = {"cell": name, "period": when, "unit": "1" if name == "binds" else "RMB bn/quarter", "paths": "8064"}
            rows.append(row | {"mean": repr(float(at))} | {p: repr(float(k * at)) for p, k in marks.items()})
    return rows


# --- football field ---


def test_field_has_a_bar_a_method_with_the_ends_of_the_summary(run_of: Callable[..., Any]) -> None:
    run = with_target(run_of)
    drawing = field.draw(run, RANGES, COMPARED, {"one": "A broker, 24 Feb 2025"})
    assert drawing is not None
    rows = drawing.data.set_index("method")
    at = run.summary["outputs"]["value_per_ads"]["percentiles"]
    assert rows.loc["Value per ADS", ["low", "p25", "middle", "p75", "high"]].tolist() == [
        at[p] for p in ("10", "25", "50", "75", "90")
    ]
    assert rows.loc["Scenarios", ["low", "middle", "high"]].tolist() == [139.0, 167.0, 197.0]
    assert rows.loc["52 weeks to 16 Sep 2025", ["low", "high"]].tolist() == [80.0, 170.0]
    assert rows.loc["A broker, 24 Feb 2025", "low"] == rows.loc["A broker, 24 Feb 2025", "high"] == 180.0
    assert rows["simulated"].tolist() == [True] * 4 + [False] * 2
    below = run.summary["target"]["percentile"]["probability"]
    assert f"is the {round(100 * below)}" in drawing.headline
    assert "others say $80.0–$180" in drawing.headline


def test_field_without_others_or_scenarios(run_of: Callable[..., Any], faults: Faults) -> None:
    drawing = field.draw(with_target(run_of, alternatives=False), ())
    assert drawing is not None
    assert faults(drawing) == []
    assert "others" not in drawing.headline
    assert field.draw(run_of(goal=None), RANGES) is None


# --- sum of the parts ---


def test_parts_stack_up_to_the_whole(run_of: Callable[..., Any]) -> None:
    run = with_parts(run_of, {"shop": (100, 5), "cloud": (60, 30), "debt": (-10, 1)})
    drawing = parts.draw(run, ("shop", "cloud", "debt"), "value_per_ads")
    assert drawing is not None
    rows = drawing.data
    assert rows["from"].tolist() == pytest.approx([0.0, *rows["to"].tolist()[:2], 0.0])
    assert rows["to"].tolist()[2] == pytest.approx(rows["to"].tolist()[3], rel=1e-12)
    assert rows["p90"][1] - rows["p10"][1] == pytest.approx(2 * 1.2816 * 30, rel=0.05)
    assert drawing.headline.startswith("Shop is $100 of the $150")
    assert drawing.headline.endswith("Cloud varies most")


def test_parts_without_a_mean_are_not_drawn(run_of: Callable[..., Any]) -> None:
    run = with_parts(run_of, {"shop": (100, 5)})
    run.summary["outputs"]["shop"]["mean"] = None
    assert parts.draw(run, ("shop",), "value_per_ads") is None


# --- demand against capacity ---


def test_capacity_says_how_often_supply_binds(run_of: Callable[..., Any]) -> None:
    drawing = served.draw(run_of(), quarterly(), "asked", "able", "binds")
    assert drawing is not None
    assert drawing.headline == "Supply binds on 0% of paths in Sep-25Q, 38% in Jun-30Q"
    shares = drawing.data[drawing.data["line"] == "supply binds"]
    assert shares["mean"].tolist() == pytest.approx([0.02 * t for t in range(20)])
    asked = drawing.data[drawing.data["line"] == "demand"]
    assert asked["p50"].tolist() == pytest.approx([9 * np.exp(0.05 * t) for t in range(20)])


def test_capacity_of_a_study_without_such_cells(run_of: Callable[..., Any]) -> None:
    assert served.draw(run_of(), quarterly(), "asked", "able", "other") is None
    assert served.draw(run_of(), quarterly(1), "asked", "able", "binds") is None


# --- the fan's company ---


def test_fan_shows_scenarios_history_and_an_older_definition(run_of: Callable[..., Any], texts: Texts) -> None:
    medians: dict[str, dict[str, float | None]] = {
        name: {f"FY{year}": at + year - 2026 for year in range(2026, 2031)}
        for name, at in (("bull", 61.0), ("bear", 21.0))
    }
    drawing = fan.draw(
        run_of(),
        scenarios=medians,
        history={"FY2024": 11.0, "FY2025": 16.0},
        older={"FY2022": 8.0, "FY2023": 9.0},
        until="FY2029",
        height=3.1,
    )
    rows = drawing.data.set_index("period")
    assert rows.index.tolist() == [f"FY{year}" for year in range(2022, 2030)]
    assert rows.loc["FY2023", "status"] == "reported, older definition"
    assert rows.loc["FY2028", "p50 of bull"] == 63.0
    shown = [text.get_text() for text in texts(drawing)]
    assert {"bull", "bear", "61.0", "24.0", "scenarios, P50"} <= set(shown)
    assert any("not joined" in text for text in shown)
    lines = [line.get_xydata().tolist() for line in drawing.figure.axes[0].lines]
    assert [[-4.0, 8.0], [-3.0, 9.0]] in lines
    assert [[-2.0, 11.0], [-1.0, 16.0]] in lines


# --- every figure ---


def made(run_of: Callable[..., Any]) -> list[Drawing]:
    long = "A very long name of a part that somebody wrote without any thought of its width on paper"
    sizes = {long: (900.0, 300.0), "b": (-500.0, 10.0), "c": (3.0, 0.1)}
    tiny = [each for each in quarterly() if each["period"] < "2026Q2"]
    medians: dict[str, dict[str, float | None]] = {
        "a very long scenario": {"FY2027": 1234567.0},
        "b": {},
        "c": {},
        "d": {},
    }
    wide = tuple(SimpleNamespace(label=long, at=1000.0 + k, low=None, high=None, sources=("x",)) for k in range(5))
    every = [
        field.draw(with_target(run_of), RANGES, COMPARED),
        field.draw(with_target(run_of), wide),
        field.draw(with_target(run_of, unit="RMB bn", scale=1000.0, goal=179_000.0, price=None), RANGES),
        parts.draw(with_parts(run_of, {"shop": (100, 5), "cloud": (60, 30), "debt": (-10, 1)}),
                   ("shop", "cloud", "debt"), "value_per_ads"),
        parts.draw(with_parts(run_of, sizes), tuple(sizes), "value_per_ads"),
        served.draw(run_of(), quarterly(), "asked", "able", "binds"),
        served.draw(run_of(), quarterly(39, 0.2), "asked", "able", "binds"),
        served.draw(run_of(), tiny, "asked", "able", "binds"),
        fan.draw(run_of(), scenarios=medians, height=3.1),
        fan.draw(run_of(), history={"FY2025": 16.0}, older={"FY2022": 8.0}, until="FY2027", height=3.0),
    ]  # fmt: skip
    assert None not in every
    return [drawing for drawing in every if drawing is not None]


def test_nothing_leaves_the_canvas_or_covers_another(run_of: Callable[..., Any], faults: Faults) -> None:
    assert {drawing.headline: faults(drawing) for drawing in made(run_of) if faults(drawing)} == {}


def follows_the_house(drawing: Drawing, shown: list[Text]) -> None:
    assert 0 < len(drawing.headline) <= style.HEADLINE_LIMIT
    assert not drawing.headline.endswith(".")
    assert sum(character.isdigit() for character in drawing.alt) >= 3
    assert drawing.alt.startswith(drawing.headline)
    words = [text.get_text() for text in shown]
    assert any(word.startswith(drawing.headline[:20]) for word in words)
    (source,) = [word for word in words if word.startswith("Source: ")]
    for part in ("Source: sim ", "seed ", "paths"):
        assert part in source
    assert min(float(text.get_fontsize()) for text in shown) >= 6.5 - 1e-9
    assert len(drawing.data)


def test_figures_follow_the_house_rules(run_of: Callable[..., Any], texts: Texts) -> None:
    for drawing in made(run_of):
        follows_the_house(drawing, texts(drawing))


def test_every_figure_of_a_pack_follows_the_house_rules(packed: Run, faults: Faults, texts: Texts) -> None:
    pack = story.write(packing.material(packed))
    assert len(pack.pictures) >= 10
    for drawing in pack.pictures:
        follows_the_house(drawing, texts(drawing))
        assert faults(drawing) == [], drawing.name
        folder = packed.directory / "pack"
        assert {(folder / f"{drawing.name}{suffix}").is_file() for suffix in (".svg", ".png", ".csv")} == {True}
    pictures = [block for section in pack.sections for block in section.blocks if isinstance(block, Picture)]
    assert sum(not block.detail for block in pictures) >= 9


def lightness(drawing: Drawing) -> np.ndarray:
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(style.pixels(drawing))).convert("L"))


def test_demand_and_capacity_are_told_apart_in_grey(run_of: Callable[..., Any]) -> None:
    """Blue and black medians are one dashed, one solid; bands one filled, one dotted."""
    drawing = served.draw(run_of(), quarterly(), "asked", "able", "binds")
    assert drawing is not None
    lines = drawing.figure.axes[1].lines
    assert lines[0].get_linestyle() != lines[1].get_linestyle()
    assert len({int(each) // 12 for each in lightness(drawing).ravel() if each < 250}) > 8


def test_steps_down_are_hatched_not_only_coloured(run_of: Callable[..., Any]) -> None:
    run = with_parts(run_of, {"shop": (100, 5), "debt": (-10, 1)})
    drawing = parts.draw(run, ("shop", "debt"), "value_per_ads")
    assert drawing is not None
    hatches = [patch.get_hatch() for patch in drawing.figure.axes[0].patches]
    assert hatches == [None, "////", None]


def test_simulated_and_published_bars_differ_in_lightness() -> None:
    from matplotlib.colors import to_rgb

    def grey(colour: str) -> float:
        return float(np.dot(to_rgb(colour), (0.2126, 0.7152, 0.0722)))

    assert abs(grey(style.BANDS[1]) - grey(style.BLUE)) > 0.25
    assert abs(grey(style.BANDS[1]) - grey("#9CA3AF")) > 0.1
