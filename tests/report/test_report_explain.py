"""Screen and figures of explain: texts lie on the page, numbers are those of the result, odd cases are said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.analysis import explain
from sim.report.figures import shares, tornado
from sim.report.screens import explain as screen
from tests.analysis import plain_models as plain

TARGET = {"output": "y", "at_least": 1.0}
LONG = "Long-run share of enterprise tokens that one provider keeps after everything was counted twice"


def answered(model: plain.Model, at_least: float | None = None, **changed: Any) -> dict[str, Any]:
    found = explain.analyse(model.run(8000), model, model, "y", at_least, 20_000).as_dict()
    return {**found, "grades": {"x1": "D"}, "files": ["pack/y_drivers.png"], **changed}


def many(count: int = 30) -> plain.Model:
    """A sum of drivers of falling weight, of which every third is tied to the next."""
    names = [f"driver_{i:02}" for i in range(count)]
    groups: list[Any] = []
    for i in range(0, count, 3):
        groups += [plain.pair(names[i], names[i + 1], 0.5), *plain.alone(names[i + 2])]
    weights = {name: 1.0 / (i + 1) for i, name in enumerate(names)}
    return plain.Model(
        lambda c: sum(w * c[name] for name, w in weights.items()) + 0.2 * c["shock"],
        dict.fromkeys(names, plain.normal()),
        tuple(groups),
        innovations=("shock",),
    )


@pytest.fixture(scope="module")
def cases() -> dict[str, dict[str, Any]]:
    product = answered(plain.product(), label="Value per ADS", unit="US$/ADS")
    crowd = answered(many())
    partial = plain.two_normals()
    partial.copula = "updated"
    return {
        "few": product,
        "reached": answered(plain.product(), 1.0, label="Value per ADS", unit="US$/ADS"),
        "many": crowd,
        "long labels": {**crowd, "labels": dict.fromkeys(crowd["labels"], LONG), "label": LONG, "unit": "RMB bn"},
        "partial": answered(partial),
        "one sided": answered(
            plain.Model(lambda c: c["x1"] ** 2 + c["x2"] ** 2, dict.fromkeys(("x1", "x2"), plain.normal()),
                        plain.alone("x1", "x2"))
        ),
        "no central value": answered(plain.ishigami()) | {"tornado": without_centre(plain.ishigami())},
    }  # fmt: skip


def without_centre(model: plain.Model) -> dict[str, Any]:
    found = answered(model)["tornado"]
    for bar in found["bars"]:
        bar["alone"] = [None, None]
    return found | {"central": None}


CASES = ("few", "reached", "many", "long labels", "partial", "one sided", "no central value")


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("figure", ["shares", "tornado"])
def test_every_text_lies_on_the_page_and_none_covers_another(run_of, faults, cases, name: str, figure: str) -> None:
    if figure == "tornado" and cases[name]["tornado"] is None:
        return
    drawing = (shares if figure == "shares" else tornado).draw(run_of(), cases[name])
    assert faults(drawing) == []
    assert len(drawing.headline) <= 70
    assert drawing.alt.startswith(drawing.headline)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_the_screen_fits(cases, name: str, width: int) -> None:
    lines = screen.lines(cases[name], width)
    assert len(lines) <= (24 if width >= 80 else 28)
    assert all(len(line) <= max(width, 72) for line in lines[:-1])
    assert lines[-1] == "Figure   pack/y_drivers.png"


def test_the_first_line_names_the_first_and_its_share(cases) -> None:
    found = cases["few"]
    first = max(found["shapley"]["effects"], key=lambda effect: effect["share"])
    line = screen.headline(found, screen.rows(found))
    assert line.startswith(
        f"{first['player'].capitalize()} drives {screen.share_of(first)} of the variance of Value per ADS;"
    )
    reached = screen.headline(cases["reached"], screen.rows(cases["reached"]))
    assert "of whether Value per ADS reaches $1" in reached
    assert "explains by itself" in screen.headline(cases["partial"], screen.rows(cases["partial"]))
    assert "updated" in " ".join(screen.lines(cases["partial"], 100))


def test_a_tie_is_called_one(cases) -> None:
    found = cases["one sided"]
    effects = found["shapley"]["effects"]
    for apart, tied in ((0.03, True), (0.2, False)):
        even = [
            effect | {"share": 0.5 + sign * apart / 2, "standard_error": 0.02}
            for effect, sign in zip(effects, (1, -1), strict=True)
        ]
        changed = {**found, "shapley": {**found["shapley"], "effects": even}}
        assert ("nobody can say which more" in screen.headline(changed, screen.rows(changed))) is tied


def test_every_row_adds_up_to_the_whole(cases) -> None:
    found = cases["many"]
    rows = screen.rows(found)
    assert len(rows) == 31
    assert sum(row.share["share"] for row in rows) == pytest.approx(1, abs=1e-12)
    lines = screen.lines(found, 100)
    (others,) = [line for line in lines if "others together" in line]
    rest = sum(row.share["share"] for row in rows[screen.SHOWN :])
    assert others.split()[-1] == f"{100 * rest:.1f}%"


def test_extremes_are_warned_of(cases) -> None:
    quiet = " ".join(screen.lines(cases["few"] | {"extreme": 0.003}, 100))
    loud = " ".join(screen.lines(cases["few"] | {"extreme": 0.3}, 100))
    assert "Warning" not in quiet
    assert "1 path in 10,000 carries 30% of this variance" in loud


def test_figures_draw_the_result(run_of, cases) -> None:
    found = cases["few"]
    data = shares.draw(run_of(), found).data.set_index("name")
    for effect in found["shapley"]["effects"]:
        assert data.loc[effect["player"], "shapley"] == effect["share"]
    assert np.isfinite(data.loc["x1+x2", "sobol_total"])
    assert not np.isfinite(data.loc["x1", "sobol_total"]), "no index for one of two correlated drivers"
    bars = tornado.draw(run_of(), found).data.set_index("driver")
    for bar in found["tornado"]["bars"]:
        assert bars.loc[bar["driver"], ["at_p10_alone", "at_p90_alone"]].tolist() == bar["alone"]


def test_target_and_centre_are_lines_of_their_own(run_of, texts, cases) -> None:
    found = {**cases["few"], "output": "value_per_ads"}
    run = run_of(goal=0.5)
    words = [text.get_text() for text in texts(tornado.draw(run, found))]
    assert "target $0.5" in words
    assert any(word.startswith("all at medians") for word in words)
    other = [text.get_text() for text in texts(tornado.draw(run, cases["few"]))]
    assert not any(word.startswith("target") for word in other), "the target is of another output"


def test_a_bar_on_one_side_has_one_number(run_of, texts, cases) -> None:
    (bar, *_) = tornado.bars(cases["one sided"])
    assert bar.low == pytest.approx(bar.high)
    written = [text.get_text() for text in texts(tornado.draw(run_of(), cases["one sided"]))]
    assert written.count("1.6") == 2
