"""Translate a model's functions into Excel: the text in ``model.json``, read by `ast`, never executed.

A cell's own assignments become helper cells under the cell's, one for each, so that every step can be traced. Functions
that it calls are written in place; what they would write twice becomes a helper cell too, so that no formula grows
beyond its source.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sim.errors import InputError, Problem
from sim.report.excel import terms
from sim.report.excel.terms import Term

Group = tuple[Term, ...]
Helper = Callable[[str, Term], Term]
LONGEST = 8000  # characters; Excel takes 8192
DEEPEST = 60  # brackets inside brackets; Excel takes 64 functions

_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "=",
    ast.NotEq: "<>",
}
_ARITHMETIC: dict[type[ast.operator], Callable[[Term, Term], Term]] = {
    ast.Add: terms.add,
    ast.Sub: terms.subtract,
    ast.Mult: terms.multiply,
    ast.Div: terms.divide,
}
_MATHS = {"exp": "EXP", "log": "LN", "sqrt": "SQRT", "tanh": "TANH", "normal_cdf": "NORMSDIST"}


class Translator:
    """The functions of a graph (`sim.cells.bound.Graph.to_json`), parsed once.

    ``constant`` gives the term for a module-level constant by its key: a reference to the cell that holds it.
    """

    def __init__(self, graph: Mapping[str, Any], constant: Callable[[str], Term]):
        self.functions: Mapping[str, Any] = graph["functions"]
        self.constant = constant
        self._bodies: dict[str, tuple[list[ast.stmt], Counter[str]]] = {}

    def cell(self, key: str, arguments: Sequence[Term | Group], helper: Helper) -> Term:
        """The formula of a cell whose function has that key. ``helper(label, term)`` writes a helper cell.

        Helpers are asked for in an order that depends on the text alone, never on values.
        """
        term = terms.plain(self.call(key, arguments, helper, own=True))
        name = self.functions[key]["name"]
        if len(term.text) > LONGEST or _depth(term.text) > DEEPEST:
            what = f'the formula of "{name}" is too long for a cell of a spreadsheet'
            raise InputError(Problem("model", what, "split the cell in two, or assign its parts to names"))
        return term

    def call(self, key: str, arguments: Sequence[Term | Group], helper: Helper, *, own: bool) -> Term:
        function = self.functions[key]
        body, uses = self._body(key)
        name = "" if own else f"{function['name']}: "
        local: dict[str, Term | Group] = {}
        for parameter, argument in zip(function["parameters"], arguments, strict=True):
            if isinstance(argument, Term) and not argument.simple and uses[parameter] > 1:
                argument = helper(f"{name}{parameter}", argument)
            local[parameter] = argument
        frame = _Frame(self, function, local, helper)
        for statement in body:
            if isinstance(statement, ast.Assign):
                (target,) = statement.targets
                assert isinstance(target, ast.Name)
                term = frame.expression(statement.value)
                if not term.simple and (own or uses[target.id] > 1):
                    term = helper(f"{name}{target.id}", term)
                local[target.id] = term
            elif isinstance(statement, ast.Return) and statement.value is not None:
                return frame.expression(statement.value)
        raise AssertionError("a checked formula ends with return")

    def _body(self, key: str) -> tuple[list[ast.stmt], Counter[str]]:
        if key not in self._bodies:
            definition = ast.parse(self.functions[key]["text"]).body[0]
            assert isinstance(definition, ast.FunctionDef)
            uses = Counter(n.id for s in definition.body for n in ast.walk(s) if isinstance(n, ast.Name))
            for statement in definition.body:
                if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                    uses[statement.targets[0].id] -= 1  # where it gets its value is no use
            self._bodies[key] = definition.body, uses
        return self._bodies[key]


def _depth(text: str) -> int:
    deepest = depth = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        deepest = max(deepest, depth)
    return deepest


class _Frame:
    """One call being written: its function and what each local name stands for."""

    def __init__(self, translator: Translator, function: Any, local: dict[str, Term | Group], helper: Helper):
        self.translator = translator
        self.function = function
        self.local = local
        self.helper = helper
        self.references: Mapping[str, str] = function["references"]

    def number(self, node: ast.expr) -> Term:
        return terms.plain(self.expression(node))

    def once(self, node: ast.expr, label: str) -> Term:
        """A number that is to be written more than once: a helper cell, unless it is simple."""
        term = self.number(node)
        return term if term.simple else self.helper(f"{self.function['name']}: {label}", term)

    def expression(self, node: ast.expr) -> Term:
        match node:
            case ast.Constant(value=int() | float() as value):
                return terms.number(float(value))
            case ast.Name(id=name):
                return self.name(name)
            case ast.BinOp(left=base, op=ast.Pow(), right=exponent):
                whole = self.whole(exponent)
                if whole is not None:
                    return terms.whole_power(self.number(base), whole)
                return terms.power(self.number(base), self.once(exponent, "exponent"))
            case ast.BinOp(left=left, op=op, right=right):
                return _ARITHMETIC[type(op)](self.number(left), self.number(right))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return terms.opposite(self.expression(operand))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return terms.negative(self.number(operand))
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.number(operand)
            case ast.BoolOp(op=op, values=values):
                word = "AND" if isinstance(op, ast.And) else "OR"
                return terms.joined(word, [self.expression(value) for value in values])
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                middle = [self.once(each, "compared") for each in comparators[:-1]]
                parts = [self.number(left), *middle, self.number(comparators[-1])]
                pairs = zip(ops, parts, parts[1:], strict=False)
                return terms.joined("AND", [terms.compare(_COMPARISONS[type(op)], a, b) for op, a, b in pairs])
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return terms.choose(self.expression(test), self.expression(body), self.expression(orelse))
            case ast.Call(func=ast.Name(id=name), args=args):
                return self.call(name, args)
        raise AssertionError(f"a checked formula has no {type(node).__name__}")

    def name(self, name: str) -> Term:
        if name in self.local:
            found = self.local[name]
            assert isinstance(found, Term)
            return found
        reference = self.references[name]
        return terms.MISSING if reference == "maths:nan" else self.translator.constant(reference.partition(":")[2])

    def whole(self, node: ast.expr) -> int | None:
        """The exponent, if it is written as a whole number."""
        sign = 1
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            sign, node = -1, node.operand
        value = node.value if isinstance(node, ast.Constant) else None
        return sign * int(value) if isinstance(value, int | float) and float(value).is_integer() else None

    def call(self, name: str, args: Sequence[ast.expr]) -> Term:
        first = args[0] if args else None
        group = self.local.get(first.id) if isinstance(first, ast.Name) else None
        kind, _, key = self.references.get(name, "").partition(":")
        if kind == "maths":
            return self.maths(key, args[0])
        values = group if isinstance(group, tuple) else tuple(self.number(each) for each in args)
        if kind == "function":
            return self.translator.call(key, values, self.helper, own=False)
        if name == "sum":
            total = values[0]
            for each in values[1:]:
                total = terms.add(total, each)
            return total
        return terms.function("ABS", *values) if name == "abs" else terms.extreme(name.upper(), values)

    def maths(self, word: str, argument: ast.expr) -> Term:
        if word == "exp2":
            return terms.raised(terms.number(2.0), self.number(argument))
        if word == "expm1":
            return terms.exp_less_one(self.once(argument, "x"))
        if word == "log1p":
            return terms.log_one_plus(self.once(argument, "x"))
        return terms.function(_MATHS[word], self.number(argument))
