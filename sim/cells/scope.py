"""What stands at the top level of a model's files: marked cells, helper functions, constants, imports."""

from __future__ import annotations

import ast
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sim.cells import maths
from sim.cells.arithmetic import POWER_LIMIT, whole_power
from sim.cells.load import LIBRARY, ModelFiles, SourceFile, imported_module
from sim.errors import Problem, closest, did_you_mean

TIMES = ("opening", "period", "horizon")
WORDS = ("min", "max", "abs", "sum")  # of plain Python, allowed in a body without an import
ALLOWED = f"import from sim.cells, sim.cells.maths, sim.models.{LIBRARY} or another file of the same model"


@dataclass(frozen=True)
class Definition:
    """A function of a model file. ``at`` is None for a helper, which is not a cell."""

    key: str
    node: ast.FunctionDef
    file: SourceFile
    at: str | None = None
    over: str | None = None

    @property
    def name(self) -> str:
        return self.node.name

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(argument.arg for argument in self.node.args.args)


@dataclass
class Scope:
    """The names that a file's formulas may use, each with its reference: ``maths:``, ``function:`` or ``constant:``."""

    file: SourceFile
    references: dict[str, str] = field(default_factory=dict)
    constant_nodes: dict[str, ast.expr] = field(default_factory=dict)
    imports: list[ast.ImportFrom] = field(default_factory=list)


@dataclass
class Scopes:
    """All files of a model together. Keys are ``module.name``."""

    files: dict[str, Scope] = field(default_factory=dict)
    definitions: dict[str, Definition] = field(default_factory=dict)
    constants: dict[str, float] = field(default_factory=dict)

    def cells(self) -> list[Definition]:
        """The marked functions, in order of their keys."""
        return [each for _, each in sorted(self.definitions.items()) if each.at is not None]


def read(files: ModelFiles, problems: list[Problem]) -> Scopes:
    """Collect what each file defines and imports; faults are appended to ``problems``."""
    scopes = Scopes()
    for file in files.files:
        scope = scopes.files[file.module] = Scope(file)
        strict = file in files.own  # the library may also hold functions that no formula can use
        for position, node in enumerate(file.tree.body):
            if position == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                continue
            _statement(node, scope, scopes, problems if strict else [])
    for scope in scopes.files.values():
        for node in scope.imports:
            _import(node, scope, scopes, problems if scope.file in files.own else [])
    for scope in scopes.files.values():
        for name in scope.constant_nodes:
            _constant(f"{scope.file.module}.{name}", scopes, (), problems if scope.file in files.own else [])
    for key, definition in scopes.definitions.items():
        if definition.file in files.own:
            scopes.definitions[key] = _marked(definition, scopes.files[definition.file.module], problems)
    return scopes


def _statement(node: ast.stmt, scope: Scope, scopes: Scopes, problems: list[Problem]) -> None:
    file = scope.file
    if isinstance(node, ast.FunctionDef):
        if _take(node.name, node, scope, f"function:{file.module}.{node.name}", problems):
            key = f"{file.module}.{node.name}"
            scopes.definitions[key] = Definition(key, node, file)  # its mark is read when imports are known
    elif isinstance(node, ast.ImportFrom):
        scope.imports.append(node)
    elif isinstance(node, ast.Import):
        problems.append(Problem("model", f'"{ast.unparse(node)}" cannot be used in a model', ALLOWED, file.place(node)))
    elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        name = node.targets[0].id
        if name != "__all__" and _take(name, node, scope, f"constant:{file.module}.{name}", problems):
            scope.constant_nodes[name] = node.value
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
        if _take(node.target.id, node, scope, f"constant:{file.module}.{node.target.id}", problems):
            scope.constant_nodes[node.target.id] = node.value
    else:
        advice = "outside functions write only imports, NAME = number, and functions"
        what = "this statement does not belong into a model file"
        problems.append(Problem("model", what, advice, file.place(node)))


def _take(name: str, node: ast.AST, scope: Scope, reference: str, problems: list[Problem]) -> bool:
    if name in WORDS:
        what, advice = f'"{name}" is a word of the formula language', "choose another name"
    elif name in scope.references and scope.references[name] != reference:
        what, advice = f'"{name}" is defined twice in this file', "rename one of the two"
    elif name in scope.references:
        what, advice = f'"{name}" is defined twice in this file', "remove one of the two"
    else:
        scope.references[name] = reference
        return True
    problems.append(Problem("model", what, advice, scope.file.place(node)))
    return False


def _marked(definition: Definition, scope: Scope, problems: list[Problem]) -> Definition:
    """The definition with what its decorator says, or unchanged for a helper without one."""
    for decorator in definition.node.decorator_list:
        place = scope.file.place(decorator)
        name = decorator.func if isinstance(decorator, ast.Call) else decorator
        if not isinstance(name, ast.Name) or scope.references.get(name.id) != "mark:cell":
            if isinstance(name, ast.Name) and name.id == "cell":
                what, advice = "@cell is not imported in this file", "add the line: from sim.cells import cell"
            else:
                what = f'"@{ast.unparse(decorator)}" above the function "{definition.name}" is not known'
                advice = "mark a line of the model with @cell; a helper function has no mark"
            problems.append(Problem("model", what, advice, place))
            definition = replace(definition, at=_meant(decorator)[0], over=_meant(decorator)[1])
            continue
        said: dict[str, object] = {"at": "period", "over": None}
        if isinstance(decorator, ast.Call):
            for each in decorator.keywords:
                said[each.arg or "**"] = each.value.value if isinstance(each.value, ast.Constant) else None
            right = (
                not decorator.args
                and set(said) == {"at", "over"}
                and all(
                    isinstance(each.value, ast.Constant) and isinstance(each.value.value, str)
                    for each in decorator.keywords
                )
            )
            if not right or said["at"] not in TIMES:
                what = f'"@{ast.unparse(decorator)}" is not understood'
                advice = 'write @cell, @cell(at="opening"), @cell(at="horizon") or @cell(over="family")'
                problems.append(Problem("model", what, advice, place))
                said["at"], said["over"] = _meant(decorator)
        at, over = said["at"], said["over"]
        definition = replace(definition, at=str(at), over=None if over is None else str(over))
    return definition


def _meant(decorator: ast.expr) -> tuple[str, str | None]:
    """``at`` and ``over`` that a mark which is not understood most likely means: no other fault follows from it."""
    at, over = "period", None
    for each in decorator.keywords if isinstance(decorator, ast.Call) else ():
        word = each.value.value if isinstance(each.value, ast.Constant) else None
        if each.arg == "over" and isinstance(word, str):
            over = word
        elif isinstance(word, str):
            at = closest(word, TIMES) or at
    return at, over


def _import(node: ast.ImportFrom, scope: Scope, scopes: Scopes, problems: list[Problem]) -> None:
    module = imported_module(scope.file, node)
    if module == "__future__":
        return
    for alias in node.names:
        reference, known = _exported(module, alias.name, scopes)
        place = scope.file.place(alias)
        if known is None:
            problems.append(Problem("model", f'a model cannot import from "{module}"', ALLOWED, scope.file.place(node)))
            return
        if reference is None:
            advice = did_you_mean(alias.name, known) or f"it has {', '.join(sorted(known)) or 'nothing to import'}"
            problems.append(Problem("model", f'{module} has no "{alias.name}"', advice, place))
        else:
            _take(alias.asname or alias.name, alias, scope, reference, problems)


def _exported(module: str, name: str, scopes: Scopes) -> tuple[str | None, Sequence[str] | None]:
    """What a module gives under a name (None: nothing), and all it gives (None: not a module for models)."""
    if module in ("sim.cells", "sim.cells.mark"):
        return ("mark:cell" if name == "cell" else None), ["cell"]
    if module == "sim.cells.maths":
        known = [*maths.VOCABULARY, "nan"]
        return (f"maths:{name}" if name in known else None), known
    other = scopes.files.get(module)
    if other is None:
        return None, None
    own = {}  # only what the file itself defines: a name is imported from where it is written
    for each, reference in other.references.items():
        if reference.partition(":")[2] == f"{module}.{each}":
            own[each] = reference
    return own.get(name), sorted(own)


def _constant(key: str, scopes: Scopes, trail: tuple[str, ...], problems: list[Problem]) -> float:
    """The value of a module-level constant; nan after a fault that was reported."""
    module, name = key.rsplit(".", 1)
    scope = scopes.files[module]
    if key in trail:
        what = f'the constant "{name}" depends on itself'
        problems.append(Problem("model", what, "give it a number", scope.file.place(scope.constant_nodes[name])))
        return maths.nan
    if key not in scopes.constants:
        value = _number(scope.constant_nodes[name], scope, scopes, (*trail, key), problems)
        if math.isinf(value):
            what = f'the constant "{name}" is too large for a number'
            problems.append(Problem("model", what, "correct it", scope.file.place(scope.constant_nodes[name])))
        scopes.constants[key] = value
    return scopes.constants[key]


def _number(node: ast.expr, scope: Scope, scopes: Scopes, trail: tuple[str, ...], problems: list[Problem]) -> float:
    def value(part: ast.expr) -> float:
        return _number(part, scope, scopes, trail, problems)

    try:
        match node:
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                return float(number)
            case ast.UnaryOp(op=ast.USub()):
                return -value(node.operand)
            case ast.UnaryOp(op=ast.UAdd()):
                return value(node.operand)
            case ast.BinOp(op=ast.Add()):
                return value(node.left) + value(node.right)
            case ast.BinOp(op=ast.Sub()):
                return value(node.left) - value(node.right)
            case ast.BinOp(op=ast.Mult()):
                return value(node.left) * value(node.right)
            case ast.BinOp(op=ast.Div()):
                return value(node.left) / value(node.right)
            case ast.BinOp(op=ast.Pow(), right=ast.Constant(value=int() as exponent)) if exponent <= POWER_LIMIT:
                return whole_power(value(node.left), exponent)
            case ast.Name() if scope.references.get(node.id, "").startswith("constant:"):
                return _constant(scope.references[node.id].removeprefix("constant:"), scopes, trail, problems)
    except (ZeroDivisionError, OverflowError) as error:
        problems.append(Problem("model", f"this constant has no value: {error}", "correct it", scope.file.place(node)))
        return maths.nan
    what = "a constant of a model is a number, or arithmetic on numbers and other constants"
    advice = "write its value, or compute it inside a cell"
    problems.append(Problem("model", what, advice, scope.file.place(node)))
    return maths.nan
