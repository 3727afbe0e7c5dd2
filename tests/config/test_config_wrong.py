"""Every wrong study of the corpus beside this file is answered in exactly these words, at this line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

CORPUS = sorted((Path(__file__).parent / "wrong").glob("*.yaml"))
CASES = [(path.stem, case) for path in CORPUS for case in YAML(typ="safe", pure=True).load(path)]


def test_the_corpus_is_there() -> None:
    assert len(CASES) > 100
    assert len({case["name"] for _, case in CASES}) == len(CASES)


@pytest.mark.parametrize(("theme", "case"), CASES, ids=[f"{theme}: {case['name']}" for theme, case in CASES])
def test_says_what_is_wrong_and_what_to_do(
    theme: str, case: dict[str, Any], spoils: Callable[[str, str], list[str]]
) -> None:
    assert spoils(case["for"], case["put"]) == case["says"]


@pytest.mark.parametrize(("theme", "case"), CASES, ids=[f"{theme}: {case['name']}" for theme, case in CASES])
def test_no_jargon(theme: str, case: dict[str, Any]) -> None:
    """Words of pydantic and of YAML grammars that an analyst cannot be expected to know."""
    for line in case["says"]:
        for word in (
            "pydantic",
            "http",
            "validation",
            "Input should",
            "dict",
            "mapping",
            "scalar",
            "token",
            "NoneType",
        ):
            assert word not in line.replace("openings.tokens", "")
