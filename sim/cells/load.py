"""Find a model's files and parse them. They are read as text and never imported: a model is data, whoever wrote it."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from sim.errors import Place, Problem, did_you_mean

MODELS = Path(__file__).resolve().parent.parent / "models"
LIBRARY = "finance"  # the one file of MODELS that other models may import functions from
DEEPEST = 100  # levels of nesting: beyond it neither reader nor compiler follows


@dataclass(frozen=True)
class SourceFile:
    """One parsed file. ``label`` names it the same on every machine, ``shown`` is the path for a reader here."""

    module: str
    label: str
    shown: str
    text: str
    tree: ast.Module = field(repr=False, compare=False)

    @property
    def stem(self) -> str:
        return self.module.rsplit(".", 1)[-1]

    @cached_property
    def lines(self) -> list[str]:
        """The text line by line, as Python counts lines (`str.splitlines` would also split at form feeds)."""
        return [*self.text.split("\n"), ""]

    def written(self, node: ast.FunctionDef) -> str:
        """A top-level function's text, from ``def`` to its end."""
        lines = self.lines[node.lineno - 1 : node.end_lineno]
        lines[-1] = lines[-1].encode()[: node.end_col_offset].decode()
        return "\n".join(lines)

    def place(self, node: ast.AST) -> Place:
        """Where a node of ``tree`` stands."""
        line = int(getattr(node, "lineno", 1))
        text = self.lines[line - 1]
        offset = int(getattr(node, "col_offset", 0))  # counted in UTF-8 bytes by ast
        return Place(self.shown, line, len(text.encode()[:offset].decode(errors="ignore")) + 1, text)


@dataclass(frozen=True)
class ModelFiles:
    """A model as text: its own files, sorted by name, and the library file if one of them imports it."""

    name: str
    own: tuple[SourceFile, ...]
    library: tuple[SourceFile, ...] = ()

    @property
    def files(self) -> tuple[SourceFile, ...]:
        return self.own + self.library


def load(reference: str, directory: Path, models: Path = MODELS) -> tuple[ModelFiles | None, list[Problem]]:
    """Read the model that a study names.

    ``reference`` is the name of a file or folder in ``models``, or a path beginning with a dot, or ending in ``.py``,
    relative to ``directory``. A folder stands for all its ``.py`` files except ``__init__.py``.
    """
    problems: list[Problem] = []
    paths, package = _find(reference, directory, models, problems)
    if not paths:
        return None, problems
    own = [_read(path, f"{package}.{path.stem}" if package else path.stem, models, problems) for path in paths]
    files = tuple(file for file in own if file is not None)
    library: tuple[SourceFile, ...] = ()
    if any(_imports_library(file) for file in files) and (models / f"{LIBRARY}.py").is_file():
        read = _read(models / f"{LIBRARY}.py", f"sim.models.{LIBRARY}", models, problems)
        library = (read,) if read is not None and read.module not in {file.module for file in files} else ()
    return (None, problems) if problems else (ModelFiles(reference, files, library), [])


def _find(reference: str, directory: Path, models: Path, problems: list[Problem]) -> tuple[list[Path], str]:
    """The model's files and the dotted name of their package (empty for a file of the user's own)."""
    by_path = reference.startswith(".") or reference.endswith(".py") or "/" in reference
    target = directory / reference if by_path else models / reference
    if target.is_dir():
        paths = sorted(path for path in target.glob("*.py") if path.name != "__init__.py")
        if not paths:
            problems.append(
                Problem("model", f"the folder {reference} holds no .py file", "put the model's files there")
            )
        return paths, target.name if by_path else f"sim.models.{reference}"
    file = target if by_path else models / f"{reference}.py"
    if file.is_file():
        return [file], "" if by_path else "sim.models"
    if by_path:
        near = [path.name for path in file.parent.glob("*.py")] if file.parent.is_dir() else []
        hint = did_you_mean(file.name, near)
        advice = hint or f"the path counts from the folder of the study file, {directory}"
        problems.append(Problem("model", f'there is no model file "{reference}"', advice))
    else:
        known = sorted(available(models))
        advice = did_you_mean(reference, known) or f"models are {', '.join(known)}; your own is written ./file.py"
        problems.append(Problem("model", f'there is no model "{reference}"', advice))
    return [], ""


def available(models: Path = MODELS) -> list[str]:
    """Names of the models in a folder of models."""
    names = [path.stem for path in models.glob("*.py") if path.stem not in ("__init__", LIBRARY)]
    names += [path.parent.name for path in models.glob("*/__init__.py")]
    return sorted(names)


def _read(path: Path, module: str, models: Path, problems: list[Problem]) -> SourceFile | None:
    shown = _shown(path)
    if path.resolve().is_relative_to(models.resolve()):
        label = f"sim/models/{path.resolve().relative_to(models.resolve()).as_posix()}"
    else:
        label = path.name
    try:
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
    except UnicodeDecodeError as error:
        problems.append(
            Problem("model", f"the file is not UTF-8 text ({error.reason})", "save it as UTF-8", Place(shown))
        )
    except OSError as error:
        problems.append(Problem("model", f"the file cannot be read ({error.strerror})", "", Place(shown)))
    except SyntaxError as error:
        place = Place(shown, error.lineno or 0, error.offset or 0, (error.text or "").rstrip("\n"))
        advice = "check brackets, colons and indentation at this line and the one above"
        problems.append(Problem("model", f"this is not valid Python: {error.msg}", advice, place))
    except (ValueError, RecursionError, MemoryError) as error:  # null bytes; nesting beyond the parser
        problems.append(Problem("model", f"this is not valid Python: {error}", "", Place(shown)))
    else:
        file = SourceFile(module, label, shown, text, tree)
        deep = _too_deep(tree)
        if deep is None:
            return file
        advice = "give parts of it names of their own"
        problems.append(Problem("model", "this formula is nested too deeply", advice, file.place(deep)))
    return None


def _too_deep(tree: ast.Module) -> ast.AST | None:
    """The first node beyond `DEEPEST` levels: what walks the tree later does so by recursion."""
    level: list[ast.AST] = [tree]
    for _ in range(DEEPEST):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    return next((node for node in level if hasattr(node, "lineno")), None)


def _shown(path: Path) -> str:
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(path)


def _imports_library(file: SourceFile) -> bool:
    wanted = f"sim.models.{LIBRARY}"
    return any(isinstance(node, ast.ImportFrom) and imported_module(file, node) == wanted for node in file.tree.body)


def imported_module(file: SourceFile, node: ast.ImportFrom) -> str:
    """The dotted name after ``from``, with leading dots resolved against the file's own package."""
    if not node.level:
        return node.module or ""
    package = file.module.split(".")[: -node.level]
    return ".".join([*package, node.module] if node.module else package)
