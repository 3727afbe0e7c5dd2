"""Checks a merged document as a whole: its form, then everything that no single key can know."""

from __future__ import annotations

from typing import Any

from sim.config.checks import marginals, names, references, sources, times
from sim.config.draft import Draft, examine
from sim.config.origins import Origins
from sim.config.schema import Study
from sim.errors import Problem


def check(document: dict[str, Any], origins: Origins) -> tuple[Study | None, Draft | None, list[Problem]]:
    """The study if nothing is wrong with it, what of it is well formed, and every problem, each with its place."""
    study, draft, problems = examine(document, origins)
    if draft is not None:
        for theme in (names, sources, marginals, times, references):
            problems.extend(theme.problems(draft))
    placed = [problem.at(origins.place(problem.path)) for problem in problems]
    return (None if placed else study), draft, placed
