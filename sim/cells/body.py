"""Check that a function keeps to the form of a formula: fresh local names, one return, and nothing but arithmetic."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sim.cells import refusals
from sim.cells.arithmetic import POWER_LIMIT
from sim.cells.kinds import CONDITION, GROUP, NUMBER, kind_of, whole_exponent
from sim.cells.maths import VOCABULARY
from sim.cells.scope import WORDS, Definition, Scopes
from sim.errors import Problem, did_you_mean


@dataclass
class Checker:
    """Checks functions, each once, following the helpers they call.

    ``known`` are the names of the study's inputs and cells, for advice; ``unfound`` are the parameters, by function,
    that stand for nothing. After `check`, ``returns`` and ``references`` hold each checked function's kind and what the
    names in its body stand for.
    """

    scopes: Scopes
    known: Collection[str]
    problems: list[Problem]
    unfound: Mapping[str, Collection[str]] = field(default_factory=dict)
    returns: dict[str, str] = field(default_factory=dict)
    references: dict[str, dict[str, str]] = field(default_factory=dict)
    trail: list[str] = field(default_factory=list)

    def check(self, definition: Definition, groups: Collection[str] = ()) -> str:
        """The kind that the function returns; faults are appended to ``problems``."""
        key = definition.key
        if key not in self.returns:
            self.trail.append(key)
            body = _Body(self, definition)
            self.returns[key] = body.read(groups)
            self.references[key] = body.references
            self.trail.pop()
        return self.returns[key]


class _Body:
    """One function being checked. ``local`` holds the kinds of parameters and of names assigned so far."""

    def __init__(self, checker: Checker, definition: Definition):
        self.checker = checker
        self.definition = definition
        self.known = checker.scopes.files[definition.file.module].references
        self.local: dict[str, str] = {}
        self.used: set[str] = set()
        self.references: dict[str, str] = {}

    def fault(self, node: ast.AST, what: str, advice: str) -> None:
        place = self.definition.file.place(node)
        self.checker.problems.append(Problem("model", f'in "{self.definition.name}": {what}', advice, place))

    def read(self, groups: Collection[str]) -> str:
        node = self.definition.node
        before = len(self.checker.problems)
        self.signature(node.args, groups)
        body = node.body
        if (
            isinstance(body[0], ast.Expr)
            and isinstance(body[0].value, ast.Constant)
            and isinstance(body[0].value.value, str)
        ):
            body = body[1:]
        kind = NUMBER
        if not body or not isinstance(body[-1], ast.Return):
            self.fault(body[-1] if body else node, "the formula does not end with return", "write return VALUE last")
        for statement in body:
            if isinstance(statement, ast.Assign):
                self.assignment(statement)
            elif isinstance(statement, ast.Return) and statement is body[-1]:
                kind = self.result(statement)
            elif isinstance(statement, ast.Return):
                self.fault(statement, "a return stands before the end", "keep one return, as the last line")
            else:
                what, advice = refusals.statement(statement)
                self.fault(statement, f"{what} cannot be used in a formula", advice)
        if self.definition.at is not None:
            faultless = len(self.checker.problems) == before
            for argument in node.args.args:
                if argument.arg not in self.used and faultless:
                    self.fault(argument, f'the parameter "{argument.arg}" is not used', "use it or remove it")
            return NUMBER  # a cell's condition is stored as 1 or 0
        return kind

    def signature(self, arguments: ast.arguments, groups: Collection[str]) -> None:
        for default in [*arguments.defaults, *(each for each in arguments.kw_defaults if each is not None)]:
            self.fault(default, "a parameter has a default value", "remove it; every input is declared in the study")
        for extra in (*arguments.posonlyargs, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg):
            if extra is not None:
                self.fault(extra, "parameters with * or / cannot be used", "name each parameter")
        for argument in arguments.args:
            name = argument.arg
            self.local[name] = GROUP if name in groups else NUMBER
            if self.taken(name):
                taken = (
                    "a word of the formula language" if name in WORDS else "a function, constant or import of this file"
                )
                self.fault(argument, f'the parameter "{name}" has the name of {taken}', "rename one of the two")

    def taken(self, name: str) -> bool:
        """Whether a local name would hide something that formulas can use; cells are never called, so they may be."""
        definition = self.checker.scopes.definitions.get(self.known.get(name, "").removeprefix("function:"))
        return name in WORDS or (name in self.known and (definition is None or definition.at is None))

    def assignment(self, node: ast.Assign) -> None:
        target = node.targets[0]
        kind = self.expression(node.value)
        if len(node.targets) > 1 or not isinstance(target, ast.Name):
            self.fault(node, "several names are assigned at once", "assign one name a line: name = value")
            return
        name = target.id
        if name in self.local:
            self.fault(target, f'the name "{name}" already has a value', "give the new value a new name")
        elif self.taken(name):
            what = f'the name "{name}" is already a function, constant or import of this file'
            self.fault(target, what, "choose another name")
        if kind == GROUP:
            self.fault(node.value, "a family has several values", "take its sum, min or max first")
            kind = NUMBER
        self.local[name] = kind

    def result(self, node: ast.Return) -> str:
        if node.value is None:
            self.fault(node, "the return gives nothing", "write return VALUE")
            return NUMBER
        kind = self.expression(node.value)
        if kind == GROUP:
            self.fault(node.value, "a formula gives one value, and a family has several", "take its sum, min or max")
            return NUMBER
        return kind

    def number(self, node: ast.expr) -> None:
        """Check a part that must be a number (a condition counts as 1 or 0)."""
        if self.expression(node) == GROUP:
            self.fault(node, "a whole family stands where one number is needed", "take its sum, min or max")

    def condition(self, node: ast.expr) -> None:
        """Check a part that must be a yes or no."""
        if self.expression(node) != CONDITION:
            what = f'"{ast.unparse(node)}" is a number where a yes or no is needed'
            self.fault(node, what, "compare it with something, as in x > 0")

    def expression(self, node: ast.expr) -> str:
        """Check an expression and return its kind."""
        match node:
            case ast.Constant():
                self.constant(node)
            case ast.Name():
                self.name(node)
            case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div()):
                self.number(node.left)
                self.number(node.right)
            case ast.BinOp(op=ast.Pow()):
                self.number(node.left)
                self.number(node.right)
                self.exponent(node)
            case ast.BinOp():
                what, advice = refusals.OPERATORS[type(node.op)]
                self.fault(node, f"{what} cannot be used in a formula", advice)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd()):
                self.number(node.operand)
            case ast.UnaryOp(op=ast.Not()):
                self.condition(node.operand)
            case ast.BoolOp():
                for part in node.values:
                    self.condition(part)
            case ast.Compare():
                self.comparison(node)
            case ast.IfExp():
                self.condition(node.test)
                self.number(node.body)
                self.number(node.orelse)
            case ast.Call():
                self.call(node)
            case _:
                what, advice = refusals.expression(node)
                self.fault(node, f"{what} cannot be used in a formula", advice)
        return kind_of(node, self.local, self.returned)

    def constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, bool):
            self.fault(node, f"{node.value} is not a number", "write 1.0 for yes and 0.0 for no")
        elif not isinstance(node.value, int | float):
            self.fault(node, f"{ast.unparse(node)} is not a number", "formulas work on numbers")
        else:
            try:
                finite = float(node.value) - float(node.value) == 0.0
            except OverflowError:
                finite = False
            if not finite:
                self.fault(node, "this number is too large", "correct it")

    def name(self, node: ast.Name) -> None:
        name = node.id
        if name in self.local:
            self.used.add(name)
            return
        reference = self.known.get(name, "")
        definition = self.checker.scopes.definitions.get(reference.removeprefix("function:"))
        if definition is not None and definition.at is not None:
            self.unknown(node)
        elif reference.startswith("constant:") or reference == "maths:nan":
            self.references[name] = reference
        elif reference:
            self.fault(node, f'"{name}" is a function', f"call it with its arguments: {name}(...)")
        elif name in WORDS:
            self.fault(node, f'"{name}" is a function', f"call it with its arguments: {name}(a, b)")
        else:
            self.unknown(node)

    def unknown(self, node: ast.Name) -> None:
        name = node.id
        later = any(isinstance(each, ast.Name) and each.id == name and isinstance(each.ctx, ast.Store)
                    for each in ast.walk(self.definition.node))  # fmt: skip
        if later:
            advice = "move the line that assigns it above this one"
            self.fault(node, f'"{name}" is used before it has a value', advice)
        elif name == "nan" or name in VOCABULARY:
            self.fault(node, f'"{name}" is not imported', f"add the line: from sim.cells.maths import {name}")
        elif name in self.checker.known:
            advice = f"add it to the parameters: def {self.definition.name}(..., {name})"
            self.fault(node, f'"{name}" is used but not asked for', advice)
        else:
            values = [each for each, reference in self.known.items() if not reference.startswith("function:")]
            advice = did_you_mean(name, [*self.local, *values, *self.checker.known]) or "ask for it as a parameter"
            self.fault(node, f'"{name}" is not known here', advice)

    def exponent(self, node: ast.BinOp) -> None:
        exponent = whole_exponent(node.right, self.constant_value)
        if exponent is not None and abs(exponent) > POWER_LIMIT:
            self.fault(node.right, f"a whole exponent beyond {POWER_LIMIT}", "write exp(n * log(x))")

    def constant_value(self, name: str) -> float | None:
        reference = "" if name in self.local else self.known.get(name, "")
        key = reference.removeprefix("constant:")
        return self.checker.scopes.constants.get(key) if key != reference else None

    def comparison(self, node: ast.Compare) -> None:
        for part in (node.left, *node.comparators):
            self.number(part)
            if isinstance(part, ast.Name) and self.known.get(part.id) == "maths:nan":
                self.fault(
                    part,
                    "a comparison with nan says nothing, not even nan == nan",
                    "write x != x to ask whether x is nan",
                )
        for operator in node.ops:
            if not isinstance(operator, ast.Lt | ast.LtE | ast.Gt | ast.GtE | ast.Eq | ast.NotEq):
                advice = "compare with < <= > >= == !="
                self.fault(node, '"in" and "is" cannot be used in a formula', advice)

    def call(self, node: ast.Call) -> None:
        for keyword in node.keywords:
            self.fault(keyword.value, "an argument is given by name", "give the arguments in order, without names")
        if not isinstance(node.func, ast.Name):
            what, advice = refusals.expression(node.func)
            self.fault(node.func, f"{what} cannot be used in a formula", advice)
            return
        name = node.func.id
        reference = "" if name in self.local else self.known.get(name, "")
        kind, _, key = reference.partition(":")
        if name in WORDS and name not in self.local:
            self.word(node, name)
            return
        for argument in node.args:
            self.number(argument)
        definition = self.checker.scopes.definitions.get(key)
        if kind == "maths" and key != "nan":
            self.references[name] = reference
            self.count(node, name, 1)
        elif kind == "function" and definition is not None:
            self.helper(node, definition, reference)
        elif name in self.local or reference:
            self.fault(node.func, f'"{name}" is a value, not a function', "remove the brackets, or write * to multiply")
        elif name in VOCABULARY:
            self.fault(node.func, f'"{name}" is not imported', f"add the line: from sim.cells.maths import {name}")
        else:
            functions = [each for each, target in self.known.items() if target.startswith(("function:", "maths:"))]
            near = did_you_mean(name, [*functions, *WORDS, *VOCABULARY])
            advice = near or f"there are {', '.join((*WORDS, *VOCABULARY))} and functions of the model's files"
            self.fault(node.func, f'there is no function "{name}"', advice)

    def helper(self, node: ast.Call, definition: Definition, reference: str) -> None:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if definition.at is not None:
            what = f'"{name}" is a cell, not a function'
            self.fault(
                node, what, f"ask for its value by naming it as a parameter, without brackets: {definition.name}"
            )
            return
        if definition.key in self.checker.trail:
            start = self.checker.trail.index(definition.key)
            names = [key.rsplit(".", 1)[-1] for key in (*self.checker.trail[start:], definition.key)]
            what = f"functions call each other in a circle: {' -> '.join(names)}"
            self.fault(node, what, "repeat over time with prev_ instead")
            return
        self.references[name] = reference
        self.count(node, name, len(definition.parameters))
        self.checker.check(definition)

    def count(self, node: ast.Call, name: str, wanted: int) -> None:
        if len(node.args) != wanted:
            what = f'"{name}" takes {wanted} argument{"s" if wanted != 1 else ""} and is given {len(node.args)}'
            self.fault(node, what, "give one value for each of its parameters")

    def word(self, node: ast.Call, name: str) -> None:
        """A call of min, max, abs or sum."""
        first = node.args[0] if node.args else None
        family = isinstance(first, ast.Name) and self.local.get(first.id) == GROUP
        if family and len(node.args) == 1 and name != "abs":
            assert isinstance(first, ast.Name)
            self.used.add(first.id)
            return
        if name == "sum":
            before = len(self.checker.problems)
            if isinstance(first, ast.Name) and len(node.args) == 1:
                self.number(first)
                unfound = first.id in self.checker.unfound.get(self.definition.key, ())
                if unfound or len(self.checker.problems) > before:
                    return  # nobody knows whether it would be a family
            self.fault(node, "sum adds up a family, named as a parameter", "write a + b + c for single values")
            return
        for argument in node.args:
            self.number(argument)
        if name == "abs":
            self.count(node, name, 1)
        elif len(node.args) < 2:
            self.fault(node, f'"{name}" needs at least two values or a family', f"write {name}(a, b)")

    def returned(self, name: str) -> str:
        """The kind that a called function returns."""
        key = self.known.get(name, "").removeprefix("function:")
        return self.checker.returns.get(key, NUMBER)
