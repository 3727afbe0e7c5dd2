"""What is written: stable bytes, honest XML, text that stays text whatever a study is called, no trace left behind."""

from __future__ import annotations

import dataclasses
import io
import logging
import subprocess
import sys
import xml.etree.ElementTree as ET

import matplotlib
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from sim.errors import StorageError
from sim.report import style
from sim.report.figures import fan, value

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = {
    "dollars": "$x^2$ and $\\frac{a}{b}$ at $179 or $163",
    "broken mathematics": "cost $\\notacommand{ of $",
    "markup": "<script>alert('1')</script> & \"quotes\" ]]>",
    "newlines": "first\nsecond\r\nthird\tfourth",
    "control codes": "bell\x07 escape\x1b[31m null\x00 bidi\u202e end",
    "surrogate": "half \ud83d pair",
    "Chinese": "阿里巴巴集团 AI 云 估值",
    "very long": "a study of everything " * 40,
    "one long word": "W" * 500,
    "formula": "=HYPERLINK(1)",
    "empty": "",
}


@pytest.mark.parametrize("draw", [fan.draw, value.draw])
def test_the_same_run_gives_the_same_bytes(run_of, tmp_path, draw) -> None:
    first = style.save(draw(run_of()), tmp_path / "a")
    second = style.save(draw(run_of()), tmp_path / "b")
    assert [f.suffix for f in first] == [".svg", ".png", ".csv"]
    assert [f.read_bytes() for f in first] == [f.read_bytes() for f in second]
    other = style.save(draw(run_of(3_999)), tmp_path / "c")
    assert all(f.read_bytes() != g.read_bytes() for f, g in zip(first, other, strict=True))


def test_png_has_200_dots_an_inch_and_keeps_its_contrast_in_grey(run_of, tmp_path) -> None:
    png = style.save(value.draw(run_of()), tmp_path)[1]
    with Image.open(png) as picture:
        assert picture.size == (1320, 720)
        grey = np.asarray(picture.convert("L"), dtype=np.int64)
    # The greys of the two kinds of bars, each over a visible area.
    for shade in (87, 204):
        assert np.count_nonzero(np.abs(grey - shade) <= 3) > 5_000


@pytest.mark.parametrize("draw", [fan.draw, value.draw])
def test_svg_is_told_to_those_who_cannot_see_it(run_of, tmp_path, draw) -> None:
    drawing = draw(run_of())
    root = ET.parse(style.save(drawing, tmp_path)[0]).getroot()
    assert root.get("role") == "img"
    assert root.get("aria-label") == drawing.alt
    assert root.findtext(f"{SVG}title") == drawing.headline
    assert root.findtext(f"{SVG}desc") == drawing.alt
    words = [e.text for e in root.iter(f"{SVG}text")]
    assert drawing.headline in words
    assert drawing.subtitle in words


@pytest.mark.parametrize(
    ("draw", "name"),
    [
        *((value.draw, name) for name in HOSTILE),
        *((fan.draw, name) for name in ("dollars", "control codes", "very long")),
    ],
)
def test_any_name_of_a_study_arrives_as_text_on_the_page(run_of, tmp_path, faults, draw, name: str) -> None:
    text = HOSTILE[name]
    run = run_of(study=text, label=text or "x")
    for leaf in run.summary["outputs"]["ai_cloud_revenue"].values():
        leaf["label"] = text
    run.manifest["config"] = f"{text}.yaml".replace("/", "")
    run.manifest["scenario"] = text
    drawing = draw(run)
    assert faults(drawing) == []
    assert len(drawing.headline) <= 70
    svg, _, table = style.save(drawing, tmp_path)
    root = ET.parse(svg).getroot()
    words = " ".join(e.text or "" for e in root.iter(f"{SVG}text"))
    assert not list(root.iter(f"{SVG}script"))
    if name in {"dollars", "broken mathematics", "markup"}:
        assert text[:12] in words
    for column in ("output", "label"):
        cells = pd.read_csv(table).get(column)
        assert cells is None or not cells.dropna().astype(str).str.match(r"[=+\-@]").any()


def test_csv_gives_the_numbers_back(run_of, tmp_path) -> None:
    drawing = fan.draw(run_of())
    again = pd.read_csv(style.save(drawing, tmp_path)[2])
    assert again["p50"].tolist() == drawing.data["p50"].tolist()


def test_settings_and_loggers_are_left_as_they_were(run_of, tmp_path, caplog) -> None:
    before, filters = dict(matplotlib.rcParams), list(logging.getLogger("matplotlib.font_manager").filters)
    with caplog.at_level(logging.WARNING):
        style.save(value.draw(run_of()), tmp_path)
    assert dict(matplotlib.rcParams) == before
    assert logging.getLogger("matplotlib.font_manager").filters == filters
    assert caplog.records == []


def test_a_users_matplotlibrc_does_not_show(run_of, tmp_path) -> None:
    plain = style.save(fan.draw(run_of()), tmp_path / "a")
    with matplotlib.rc_context(
        {"font.size": 30, "axes.facecolor": "red", "savefig.bbox": "tight", "text.usetex": True}
    ):
        other = style.save(fan.draw(run_of()), tmp_path / "b")
    assert [f.read_bytes() for f in plain] == [f.read_bytes() for f in other]


def test_pyplot_is_not_needed() -> None:
    code = "import sys, sim.report.figures.fan, sim.report.figures.value; assert 'matplotlib.pyplot' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_folder_that_cannot_be_written_is_a_storage_error(run_of, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="choose another folder"):
        style.save(fan.draw(run_of()), tmp_path / "file")


@pytest.mark.parametrize(
    ("text", "name"), [("a[b]", "a_b"), ("../../etc/x", "etc_x"), ("", "figure"), ("云", "figure")]
)
def test_file_names_are_harmless(text: str, name: str) -> None:
    assert style.file_name(text) == name


def test_the_layout_test_sees_faults(run_of, faults) -> None:
    drawing = fan.draw(run_of())
    with style.committee():
        style.write(drawing.figure, 6.5, 3.4, "beyond the edge")
        style.write(drawing.figure, 0.12, 3.45, "on the headline")
    found = faults(drawing)
    assert any(fault.startswith("outside: beyond") for fault in found)
    assert any("on the headline" in fault and fault.startswith("overlap") for fault in found)


def test_labels_are_spread_as_little_as_needed() -> None:
    assert style.spread([10.0, 50.0], 8.0, 0.0, 100.0) == [10.0, 50.0]
    assert style.spread([50.0, 48.0], 8.0, 0.0, 100.0) == pytest.approx([53.0, 45.0])
    close = style.spread([99.0, 98.0, 97.0], 10.0, 0.0, 100.0)
    assert close == pytest.approx([100.0, 90.0, 80.0])


def test_the_figure_is_not_changed_by_saving_it(run_of, tmp_path) -> None:
    drawing = value.draw(run_of())
    first = [f.read_bytes() for f in style.save(drawing, tmp_path)]
    assert first == [f.read_bytes() for f in style.save(dataclasses.replace(drawing), tmp_path)]
    assert Image.open(io.BytesIO(first[1])).text["Description"] == drawing.alt
