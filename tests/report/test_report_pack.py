"""The pack: every number of page 1 is in the summary, hostile text stays text, equal packs give equal bytes."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure
from pptx import Presentation

from sim.pipeline import packing, reporting, running
from sim.report import deck, html, pages, pdf, story
from sim.report.pack import Box, Bullets, Kpi, Kpis, Missing, Pack, Picture, Section, Table, Words
from sim.report.style import Drawing
from sim.run import store
from sim.run.result import Run
from tests.cli.conftest import json_of, sim
from tests.conftest import CONFIGS
from tests.report.packs import texts

HOSTILE = "<script>alert(1)</script> =1+1 #import \"x\" $x$ [red] \x1b[31m & 'quoted' \u202eback {{ 7*7 }} @cmd"
SHOWN = '<script>alert(1)</script> =1+1 #import "x" $x$ [red]'


# --- what the pack says ---


def test_run_computes_what_the_pack_needs_and_prints_every_kind(packed: Run) -> None:
    assert set(packing.chosen(packed)) == {"prob", "convergence", "explain", "believe", "compare", "sweep"}
    made = {file.name for file in (packed.directory / "pack").iterdir()}
    assert made >= {"report.html", "report.pdf", "deck.pptx", "model.xlsx", "value_histogram.svg"}
    heard: list[str] = []
    source = packing.Source(packed.directory.parents[2] / "small.yaml")
    assert packing.prepare(packed, source, out=packed.directory.parents[1], tell=heard.append) == []
    assert heard == []  # nothing is computed twice


def test_numbers_of_page_1_are_those_of_the_summary(packed: Run) -> None:
    first = story.write(packing.material(packed)).sections[0]
    summary = json.loads((packed.directory / "run" / "summary.json").read_text(encoding="utf-8"))
    share, error = summary["target"]["probability"], summary["target"]["standard_error"]
    at = summary["outputs"]["value"]["percentiles"]
    kpis = next(block for block in first.blocks if isinstance(block, Kpis)).items
    assert kpis[0].value == f"{100 * share:.0f}%"
    shown, shown_error = map(float, re.findall(r"[\d.]+", kpis[0].note)[:2])
    assert shown == pytest.approx(100 * share, abs=shown_error)
    assert shown_error == pytest.approx(100 * error, rel=0.5)
    assert kpis[1].value == f"${at['50']:.0f}"
    assert re.findall(r"\d+", kpis[1].note.partition("$")[2]) == [f"{at['5']:.0f}", f"{at['95']:.0f}"]
    assert f"{100 * share:.0f}%" in first.message
    assert "$179" in first.message


def test_judgement_among_the_drivers_that_matter_is_named_on_page_1(packed: Run) -> None:
    points = next(b for b in story.write(packing.material(packed)).sections[0].blocks if isinstance(b, Bullets))
    named = [item for lead, item in zip(points.leads, points.items, strict=True) if lead == "Weakest ground"]
    assert len(named) == 1
    assert "multiple and cash rest on judgement (grade D)" in named[0]


@pytest.mark.parametrize(
    ("share", "word"),
    [(0.02, "very unlikely"), (0.374, "less likely"), (0.5, "about as"), (0.6, "more likely"), (0.99, "very likely")],
)
def test_the_answer_in_words_follows_the_share(packed: Run, share: float, word: str) -> None:
    material = packing.material(packed)
    goal = {**packed.summary["target"], "probability": share}
    other = Run(packed.directory, packed.manifest, packed.columns, packed.tallies, {**packed.summary, "target": goal})
    assert f" is {word}" in story.answer(type(material)(other, material.study)).message


def test_what_was_not_computed_is_named_with_its_command(bare: Run) -> None:
    pack = story.write(packing.material(bare))
    commands = [b.command for s in pack.sections for b in s.blocks if isinstance(b, Missing)]
    for verb in ("explain", "believe", "compare", "sweep"):
        assert any(command.startswith(f"sim {verb} ") for command in commands), verb
    assert len(pack.sections) <= 8


def test_a_result_for_the_pack_is_stored_with_the_run(bare: Run, pack_folder: Path) -> None:
    study = pack_folder / "small.yaml"
    sim("compare", study, "--for", bare.directory, "--out", pack_folder / "bare", "--no-pack")
    sim("explain", bare.directory, "--out", pack_folder / "bare", "--no-pack", "--ge", 179)
    assert set(packing.chosen(bare)) == {"compare"}  # what explains another question is not the pack's
    shutil.rmtree(bare.directory / "analysis")


def test_parts_add_up_and_the_target_closes_the_table(packed: Run) -> None:
    sections = {section.key: section for section in story.write(packing.material(packed)).sections}
    table = next(b for b in sections["bridge"].blocks if isinstance(b, Table))
    means = [float(row[1].split(" ")[0].replace("−", "-").replace("$", "")) for row in table.rows]
    assert sum(means[:-1]) == pytest.approx(means[-1], abs=0.2)


def test_what_sources_disagree_on_is_shown(packed: Run) -> None:
    (table,) = pages.disputed(packing.material(packed))
    assert isinstance(table, Table)
    assert [(row[0], row[2]) for row in table.rows] == [("multiple", "Sources disagree.")]


def test_a_study_without_a_target_has_a_pack(tmp_path: Path, kernel_cache: Path) -> None:
    run = running.run(CONFIGS / "growth.yaml", sets=["run.paths=4096"], out=tmp_path, pack=False)
    pack = story.write(packing.material(store.open_run(run.directory)))
    assert pack.headline
    assert {section.key for section in pack.sections} >= {"answer", "trust"}


def test_text_of_the_study_is_plain_everywhere_in_the_pack(packed: Run) -> None:
    every = texts(story.write(packing.material(packed)))
    assert any("=More" in text for text in every)
    assert any("<b>=HYPERLINK</b>" in text for text in every)
    assert all(text.isprintable() for text in every)


# --- printers ---


def drawing(name: str = "one") -> Drawing:
    import pandas as pd

    figure = Figure(figsize=(6.6, 3.6))
    axes = figure.add_axes((0.1, 0.1, 0.8, 0.8))
    axes.plot([0, 1], [0, 1])
    axes.set_title(SHOWN)
    return Drawing(name, SHOWN, SHOWN, f"{SHOWN} 3 numbers", figure, pd.DataFrame({"x": [1]}))


@pytest.fixture(scope="module")
def hostile() -> Pack:
    from sim.report.text import plain

    text = plain(HOSTILE)
    kpis = Kpis((Kpi(text, text, text),))
    table = Table(text, (text, text), ((text, text), (text, text)), "lr", text, 1)
    blocks = (kpis, Picture(drawing()), Bullets((text,)), Words(text, "lead"), table, Box(text, (text,)))
    sections = (
        Section("a", text, text, blocks),
        Section("b", text, text, (Picture(drawing("two")), Missing(text, text))),
    )
    appendix = (Section("register", text, text, (Table("", (text,), ((text,),), "l", small=True),)),)
    return Pack(text, text, text, text, sections, appendix)


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, Any]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_html_is_one_file_of_text(hostile: Pack, tmp_path: Path) -> None:
    html.write(hostile, tmp_path / "a.html")
    raw = (tmp_path / "a.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(raw)
    assert page.text.count(SHOWN) > 10
    assert "script" not in {tag for tag, _ in page.tags}
    assert "{{ 7*7 }}" in page.text
    for tag, facts in page.tags:
        for name in ("src", "href", "xlink:href", "action", "srcset"):
            assert not facts.get(name) or facts[name].startswith("#"), (tag, facts)
    assert not re.search(r"url\((?!#)|@import", raw.partition("</style>")[2])
    names = [facts["id"] for _, facts in page.tags if "id" in facts]
    assert len(names) == len(set(names))
    links = {facts["href"] for tag, facts in page.tags if tag == "a"}
    assert {link[1:] for link in links} <= set(names)
    assert [tag for tag, _ in page.tags if tag in ("h1", "h2")] == ["h1", "h2", "h2", "h2"]


def test_html_of_a_run_makes_no_request(packed: Run) -> None:
    raw = (packed.directory / "pack" / "report.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(raw)
    assert all(not str(facts.get(name, "#")).startswith("http") for _, facts in page.tags for name in ("src", "href"))
    assert "&lt;i&gt;Small&lt;/i&gt;" in raw


def test_pdf_has_a_page_a_section_and_its_own_fonts(hostile: Pack, tmp_path: Path) -> None:
    pdf.write(hostile, tmp_path / "a.pdf")
    raw = (tmp_path / "a.pdf").read_bytes()
    assert len(re.findall(rb"/Type\s*/Page\b", raw)) == 3
    assert len(re.findall(rb"/FontFile[23]?\b", raw)) > 0
    assert raw.count(b"/JavaScript") == 0


def test_pdf_of_a_run_has_at_most_eight_pages_and_the_register(packed: Run) -> None:
    pack = story.write(packing.material(packed))
    raw = (packed.directory / "pack" / "report.pdf").read_bytes()
    assert len(re.findall(rb"/Type\s*/Page\b", raw)) == len(pack.sections) + len(pack.appendix)
    assert len(pack.sections) <= 8


def test_slides_hold_text_and_stay_on_the_slide(hostile: Pack, tmp_path: Path) -> None:
    deck.write(hostile, tmp_path / "a.pptx")
    show: Any = Presentation(str(tmp_path / "a.pptx"))
    said, pictures = "", []
    for slide in show.slides:
        for shape in slide.shapes:
            assert shape.left >= 0
            assert shape.top >= 0
            assert shape.left + shape.width <= show.slide_width
            assert shape.top + shape.height <= show.slide_height
            said += shape.text_frame.text if shape.has_text_frame else ""
            if shape.shape_type == 13:
                pictures.append(shape._element.nvPicPr.cNvPr.get("descr"))
    assert SHOWN in said
    assert "\x1b" not in said
    assert pictures == [f"{SHOWN} 3 numbers"] * 2
    with zipfile.ZipFile(tmp_path / "a.pptx") as file:
        assert not [name for name in file.namelist() if "vba" in name.lower()]


def test_slides_of_points_are_filled_and_named_after_their_points(hostile: Pack, tmp_path: Path) -> None:
    """Fifteen one-line points: eleven fit on a slide of 17.5 lines with half a line between; the notes stand apart."""
    leads = ("How sure", "What it hangs on", *["Reward"] * 9, *["Note"] * 4)
    points = Bullets(tuple("A point." for _ in leads), leads)
    section = replace(hostile.sections[0], blocks=(points,))
    deck.write(replace(hostile, sections=(section,), appendix=()), tmp_path / "a.pptx")
    slides = [[s.text_frame.text for s in slide.shapes] for slide in Presentation(str(tmp_path / "a.pptx")).slides]
    titles = [texts[0] for texts in slides[1:]]
    assert titles == ["How sure, what it hangs on, reward", "Notes"]
    assert [text.count("A point.") for texts in slides[1:] for text in texts if "A point." in text] == [11, 4]


@pytest.mark.parametrize(("write", "name"), [(html.write, "a.html"), (pdf.write, "a.pdf"), (deck.write, "a.pptx")])
def test_equal_packs_give_equal_bytes(hostile: Pack, tmp_path: Path, write: Any, name: str) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        write(hostile, tmp_path / folder / name)
    assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_printing_again_changes_no_byte(packed: Run, pack_folder: Path) -> None:
    pack = packed.directory / "pack"
    before = {file.name: file.read_bytes() for file in pack.iterdir() if file.suffix != ".xlsx"}
    json_of("report", packed.directory, "--only", "figures,html,pdf,pptx", "--out", pack_folder / "results")
    assert {file.name: file.read_bytes() for file in pack.iterdir() if file.suffix != ".xlsx"} == before


def test_a_kind_that_fails_does_not_keep_the_others_back(packed: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from sim.errors import ModelFailure

    def fails(order: reporting.Order) -> list[Path]:
        raise ModelFailure("this kind cannot be printed")

    monkeypatch.setitem(reporting.PRINTERS, "xlsx", fails)
    printed = reporting.print_run(packed, ("html", "xlsx"))
    assert [file.name for file in printed.files] == ["report.html"]
    assert printed.refused == ("xlsx: this kind cannot be printed",)
