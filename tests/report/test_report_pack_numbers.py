"""Numbers in the words of a pack: read back out of the text, and found in what the run and its analyses stored."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from sim.pipeline import packing
from sim.report import story
from sim.report.pack import Bullets, Kpis, Pack, Words
from sim.run.result import Run

NUMBER = re.compile(r"(?<![\w.])([±<>≥≤]?\s?)(−?)\$?(\d[\d,]*(?:\.\d+)?)(%|x\b)?")
# Large tables that no sentence is made from: they would hold any number by chance.
TABLES = {"curve", "trajectory", "forecasts", "pit", "steps", "moved", "fan"}
SAID = {"at_least", "previous", "price", "levels", "target", "wanted_probability", "confidence", "shares"}


def sentences(pack: Pack) -> list[str]:
    """Headlines, messages, paragraphs, points and large numbers; tables are compared elsewhere."""
    found = [pack.headline]
    for section in pack.sections:
        found.append(section.message)
        for block in section.blocks:
            match block:
                case Words():
                    found.append(block.text)
                case Bullets():
                    found += block.items
                case Kpis():
                    found += [text for kpi in block.items for text in (kpi.value, kpi.label, kpi.note)]
        found += [drawing.headline for drawing in (b.drawing for b in section.blocks if hasattr(b, "drawing"))]
    return found


def numbers(text: str) -> list[tuple[str, float, int]]:
    """Mark before it, value, decimals of every number; the P of a percentile is none."""
    found = []
    for mark, sign, digits, _ in NUMBER.findall(text):
        value = float(digits.replace(",", "")) * (-1 if sign else 1)
        found.append((mark.strip(), value, len(digits.partition(".")[2])))
    return found


def leaves(found: Any, key: str = "") -> Iterator[float]:
    """Every number of stored results, large tables left out."""
    if isinstance(found, Mapping):
        for name, each in found.items():
            if name not in TABLES:
                yield from leaves(each, str(name))
    elif isinstance(found, list | tuple):
        for each in found:
            yield from leaves(each, key)
    elif isinstance(found, int | float) and not isinstance(found, bool):
        yield float(found)


def known(run: Run) -> list[float]:
    stored = [json.loads((run.directory / "run" / "summary.json").read_text(encoding="utf-8"))]
    for file in sorted((run.directory / "analysis").glob("*.json")):
        stored.append(json.loads(file.read_text(encoding="utf-8"))["result"])
    return [value for each in stored for value in leaves(each)]


def is_among(value: float, decimals: int, values: list[float]) -> bool:
    """Whether some stored number rounds to what is written, as it is or in percent."""
    half = 0.5000001 * 10.0**-decimals
    return any(abs(scale * each - value) <= half for each in values for scale in (1.0, 100.0, -1.0))


# Numbers that are said about numbers, or that the study itself gives.
WORDS = {1.0, 5.0, 10.0, 20.0, 25.0, 50.0, 75.0, 80.0, 90.0, 95.0, 100.0, 0.1}


def test_every_number_of_the_text_is_in_the_stored_results(packed: Run) -> None:
    values = known(packed)
    values += [179 / 150 - 1, 190.0]  # what parts target and price; the upper end of a broker's range
    effects = packing.material(packed).found["explain"]["shapley"]["effects"]
    values.append(sum(sorted((each["share"] for each in effects), reverse=True)[:2]))
    for text in sentences(story.write(packing.material(packed))):
        for mark, value, decimals in numbers(text):
            if mark == "±" or value in WORDS:
                continue  # an error keeps one digit: the next test follows it
            assert is_among(value, decimals, values), f"{value} of: {text}"


def test_the_reader_of_numbers_finds_a_wrong_one(packed: Run) -> None:
    values = known(packed)
    assert numbers("P5–P95 $123–$234, −3.5% ±0.04, 65,536 paths") == [
        ("", 123.0, 0), ("", 234.0, 0), ("", -3.5, 1), ("±", 0.04, 2), ("", 65536.0, 0),
    ]  # fmt: skip
    median = packed.summary["outputs"]["value"]["percentiles"]["50"]
    assert is_among(round(median, 2), 2, values)
    wrong = [round(median + step, 2) for step in (0.11, 0.23, 0.37, 0.59, 0.83)]
    assert sum(is_among(value, 2, values) for value in wrong) <= 2  # by chance another number may be near


def moved(found: Any, key: str = "") -> Any:
    """Every result replaced by another one in the same order: shares stay shares, what the study gives stays."""
    if isinstance(found, Mapping):
        return {name: each if name in SAID else moved(each, str(name)) for name, each in found.items()}
    if isinstance(found, list | tuple):
        return [moved(each, key) for each in found]
    if isinstance(found, float):
        return 0.03 + 0.83 * found if 0.0 < found < 1.0 else found * 1.137
    return found


def test_every_number_of_the_text_follows_the_results(packed: Run) -> None:
    """Other results, other numbers: none is written by hand or comes from elsewhere."""
    material = packing.material(packed)
    pack = story.write(material)
    before = sentences(pack)
    histogram = pack.pictures[0].headline  # counted anew from the paths, which stay
    goal = packed.summary["target"]
    summary = moved(dict(packed.summary))
    summary["target"] = {**moved({k: v for k, v in goal.items() if k not in SAID}), "at_least": 179.0, "price": 150.0}
    other = Run(packed.directory, packed.manifest, packed.columns, packed.tallies, summary)
    found = {verb: moved(dict(result)) for verb, result in material.found.items()}
    after = sentences(story.write(dataclasses.replace(material, run=other, found=found)))
    assert len(before) == len(after)
    stayed: list[str] = []
    for old, new in zip(before, after, strict=True):
        pairs = zip(numbers(old), numbers(new), strict=False)
        if old != histogram:
            stayed += [f"{a[1]:g} of: {old}" for a, b in pairs if a == b and a[0] != "±" and a[1] not in GIVEN]
    assert stayed == []
    assert sum(len(numbers(text)) for text in before) > 40


# Target, price, paths, a broker's range and the settings of the grid are given; 19% is what parts target and price.
GIVEN = WORDS | {179.0, 150.0, 190.0, 4096.0, 8192.0, 19.0, 6.0, 7.0, 0.0}
GIVEN |= {2.0}  # limits of a box: a count


@pytest.mark.parametrize("key", ["answer", "scenarios", "drivers", "beliefs", "bridge", "valuation", "trust"])
def test_a_page_has_its_message(packed: Run, key: str) -> None:
    pages = {section.key: section for section in story.write(packing.material(packed)).sections}
    assert pages[key].message
    assert pages[key].blocks


def test_page_1_answers_the_four_questions(packed: Run) -> None:
    """Is it likely, how sure, what it hangs on, what would change it."""
    first = story.write(packing.material(packed)).sections[0]
    points = next(block for block in first.blocks if isinstance(block, Bullets))
    said = dict(zip(points.leads, points.items, strict=True))
    summary, found = packed.summary, packing.material(packed).found
    assert list(said)[:3] == ["How sure", "What it hangs on", "What would change it"]
    assert f"{100 * summary['target']['probability']:.0f}%" in first.message
    effects = {each["player"]: each["share"] for each in found["explain"]["shapley"]["effects"]}
    most = max(effects, key=lambda name: effects[name])
    assert f"{most} ({100 * effects[most]:.0f}%)" in said["What it hangs on"].lower()
    shares = found["prob"]["split"]["reaching"]
    for name, share in shares.items():
        assert f"{name} {100 * max(share['value'], 0):.0f}%" in said["What it hangs on"].replace("<", "")
    cases = found["compare"]["cases"]
    for case in cases:
        assert f"{100 * case['reaches']['value']:.0f}% ({case['name']})" in said["How sure"]
    first_one = found["believe"]["thresholds"][0]
    alone = said["What would change it"].partition("One alone")[2]
    assert first_one["name"] in alone
    assert is_among(numbers(alone)[1][1], 1, [first_one["value"]])
