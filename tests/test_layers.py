"""The house rules that can be tested: imports go down, no circles, no long files, no rooms without a noun."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

HOME = Path(__file__).parent.parent
PACKAGE = HOME / "sim"
FILES = sorted(PACKAGE.rglob("*.py"))

# Longest prefix wins. An import may only go to a lower rank, or stay within one room of the same rank.
RANKS = {
    "sim": 0,
    "sim.errors": 0,
    "sim.periods": 0,
    "sim.units": 0,
    "sim.kernel": 0,
    "sim.elementary": 0,
    "sim.config": 1,
    "sim.sampling": 2,
    "sim.cells": 2,
    "sim.models": 3,
    "sim.run": 4,
    "sim.analysis": 5,
    "sim.report": 6,
    "sim.pipeline": 7,
    "sim.cli": 8,
    "sim.__main__": 9,
}
# Beyond the ranks: what a room may see at all.
ALLOWED = {
    "sim.config": {"sim.errors", "sim.periods", "sim.units"},
    "sim.cells": {"sim.errors", "sim.kernel"},
    "sim.models": {"sim.cells", "sim.models"},
    "sim.analysis": {"sim.errors", "sim.periods", "sim.units", "sim.config", "sim.run.result"},
    "sim.report": {"sim.errors", "sim.periods", "sim.units", "sim.config", "sim.run.result", "sim.analysis"},
    "sim.cli": {"sim.errors", "sim.pipeline", "sim.report.console"},
}


def room(module: str) -> str:
    """``sim.config.yaml`` -> ``sim.config``: the name under which a module is ranked."""
    while module not in RANKS:
        module = module.rpartition(".")[0]
    return module


def module_of(file: Path) -> str:
    parts = file.relative_to(HOME).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(file: Path) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(node.lineno, name.name) for name in node.names if name.name.split(".")[0] == "sim"]
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "sim":
            for name in node.names:
                whole = f"{node.module}.{name.name}"
                is_module = (HOME / Path(*whole.split("."))).with_suffix(".py").exists() or (
                    HOME / Path(*whole.split("."))
                ).is_dir()
                found.append((node.lineno, whole if is_module else node.module))
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno}: relative import; write it whole"
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(HOME)))
def test_imports_go_down(file: Path) -> None:
    own = room(module_of(file))
    for line, target in imports(file):
        theirs = room(target)
        where = f"{file.relative_to(HOME)}:{line} imports {target}"
        if theirs != own:
            ground = RANKS[theirs] == RANKS[own] == 0  # one floor without rooms; circles are tested below
            assert RANKS[theirs] < RANKS[own] or ground, f"{where}: upwards or sideways"
            if own in ALLOWED and theirs != "sim":
                assert any(target == a or target.startswith(f"{a}.") for a in ALLOWED[own]), (
                    f"{where}: not its business"
                )


def test_no_circles() -> None:
    edges = {module_of(f): {target for _, target in imports(f)} for f in FILES}
    done: set[str] = set()

    def walk(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " -> ".join((*trail, module))
        if module in done:
            return
        for target in edges.get(module, ()):
            if target != module:
                walk(target, (*trail, module))
        done.add(module)

    for module in edges:
        walk(module, ())


@pytest.mark.parametrize("file", [f for d in ("sim", "tests", "benchmarks") for f in sorted((HOME / d).rglob("*.py"))])
def test_files_are_short_and_named_for_what_they_hold(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) <= 400
    assert file.stem not in {"utils", "util", "helpers", "helper", "common", "core", "base", "manager", "misc"}


def test_only_the_front_prints() -> None:
    for file in FILES:
        if room(module_of(file)) == "sim.cli" or module_of(file) == "sim.report.console":
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            called = node.func if isinstance(node, ast.Call) else None
            assert not (isinstance(called, ast.Name) and called.id == "print"), f"{file}:{getattr(node, 'lineno', 0)}"


@pytest.mark.parametrize("file", sorted(HOME.glob("*.md")) + sorted(HOME.glob("*/README.md")), ids=str)
def test_a_document_says_each_thing_under_one_heading(file: Path) -> None:
    lines = file.read_text(encoding="utf-8").splitlines()
    headings = [line for line in lines if line.startswith("#")]
    assert len(headings) == len(set(headings))
