"""Write a formula for the kernel: its own text, with only those parts replaced that would not become vector code.

Replaced are conditional expressions and chained or joined comparisons (both sides are computed, then selected:
formulas have no side effects), ``min`` and ``max`` (nan is kept), ``sum`` of a family, ``**``, whole numbers (written
as floats, because whole-number arithmetic would overflow in silence), and names where the kernel has another one.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sim.cells.bound import Function
from sim.cells.kinds import CONDITION, GROUP, NUMBER, kind_of, whole_exponent


@dataclass(frozen=True)
class Words:
    """The kernel's names: of functions and constants by reference (``function:key``), and what it has under each."""

    references: Mapping[str, str]
    constants: Mapping[str, float]  # by key
    returns: Mapping[str, str]  # by function key

    def taken(self, name: str) -> bool:
        """Whether a local name would hide something that formulas use."""
        return name in KERNEL_NAMES or name in self.references.values() or POWER.fullmatch(name) is not None


KERNEL_NAMES = frozenset(
    {"np", "numba", "inlined", "compiled", "abs", "minimum", "maximum", "select", "power", "BLOCK"}
)

POWER = re.compile(r"power_(minus_)?\d+")  # the names that `power_name` gives


def power_name(exponent: int) -> str:
    """The kernel function for a whole exponent: ``power_2``, ``power_minus_1``."""
    return f"power_{exponent}" if exponent >= 0 else f"power_minus_{-exponent}"


def power_text(exponent: int) -> str:
    """Its definition, multiplying in the order of `arithmetic.whole_power`."""
    if exponent < 0:
        body = f"1.0 / {power_name(-exponent)}(x)"
    elif exponent == 0:
        body = "1.0"
    elif exponent == 1:
        body = "x"
    else:
        half = f"{power_name(exponent // 2)}(x)" if exponent > 3 else "x"
        body = f"{half} * {half}" + (" * x" if exponent % 2 else "")
    return f"@inlined\ndef {power_name(exponent)}(x):\n    return {body}\n\n\n"


def powers_needed(exponents: Iterable[int]) -> list[int]:
    """Those exponents and the smaller ones that their definitions use, in order of definition."""
    wanted: set[int] = set()
    waiting = list(exponents)
    while waiting:
        exponent = waiting.pop()
        wanted.add(exponent)
        if exponent < 0:
            waiting.append(-exponent)
        elif exponent > 3:
            waiting.append(exponent // 2)
    return sorted(wanted, key=lambda n: (n < 0, abs(n)))


class Rendering:
    """One function's kernel text. ``groups`` gives the members of each parameter that is a family."""

    def __init__(self, function: Function, words: Words, groups: Mapping[str, tuple[str, ...]], *, is_cell: bool):
        self.function = function
        self.words = words
        self.is_cell = is_cell
        self.exponents: set[int] = set()
        self.source = function.text.encode()
        self.starts = [0]
        for line in self.source.split(b"\n"):
            self.starts.append(self.starts[-1] + len(line) + 1)
        definition = ast.parse(function.text).body[0]
        assert isinstance(definition, ast.FunctionDef)
        self.definition = definition
        self.local = {name: GROUP if name in groups else NUMBER for name in function.parameters}
        self.members: dict[str, list[str]] = {}
        self.renamed: dict[str, str] = {}
        assigned = [node.targets[0].id for node in definition.body
                    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)]  # fmt: skip
        given = [*function.parameters, *assigned]
        free = _Free({*given}, words.taken)
        for name in given:
            self.renamed[name] = free(name) if words.taken(name) else name
        for name, members in groups.items():
            self.members[name] = [free(f"{name}__{member}") for member in members]

    def text(self, name: str) -> str:
        """The whole function under its kernel name."""
        parameters: list[str] = []
        for parameter in self.function.parameters:
            parameters += self.members.get(parameter, [self.renamed[parameter]])
        body = self.definition.body
        edits: list[tuple[ast.expr, str]] = []
        for statement in body:
            if isinstance(statement, ast.Assign):
                (target,) = statement.targets
                assert isinstance(target, ast.Name)
                edits.append((target, self.renamed[target.id]))
                edits.append((statement.value, self.expression(statement.value)))
                self.local[target.id] = self.kind(statement.value)
            elif isinstance(statement, ast.Return) and statement.value is not None:
                value = statement.value
                edits.append((value, self.number(value) if self.is_cell else self.expression(value)))
        start, end = self.at(body[0]), self.end(body[-1])
        line_start = self.starts[body[0].lineno - 1]
        indent = self.source[line_start:start]
        if indent.strip():  # the body stands on the line of def
            indent = b"    "
        text = indent.decode() + self.spliced(start, end, edits)
        return f"@inlined\ndef {name}({', '.join(parameters)}):\n{text}\n\n\n"

    def at(self, node: ast.expr | ast.stmt) -> int:
        return self.starts[node.lineno - 1] + node.col_offset

    def end(self, node: ast.expr | ast.stmt) -> int:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self.starts[node.end_lineno - 1] + node.end_col_offset

    def spliced(self, start: int, end: int, edits: list[tuple[ast.expr, str]]) -> str:
        """The source between two offsets with some expressions replaced."""
        parts = []
        for node, text in sorted(edits, key=lambda edit: self.at(edit[0])):
            parts += [self.source[start : self.at(node)].decode(), text]
            start = self.end(node)
        return "".join([*parts, self.source[start:end].decode()])

    def kind(self, node: ast.expr) -> str:
        return kind_of(node, self.local, self.returned)

    def returned(self, name: str) -> str:
        return self.words.returns.get(self.function.references.get(name, "").removeprefix("function:"), NUMBER)

    def constant(self, name: str) -> float | None:
        reference = "" if name in self.local else self.function.references.get(name, "")
        return self.words.constants.get(reference.removeprefix("constant:"))

    def number(self, node: ast.expr) -> str:
        """The expression as a number: a condition counts as 1 or 0."""
        text = self.expression(node)
        return f"select({text}, 1.0, 0.0)" if self.kind(node) == CONDITION else text

    def expression(self, node: ast.expr) -> str:
        match node:
            case ast.Constant(value=int() | float() as value):
                written = self.spliced(self.at(node), self.end(node), [])
                return repr(float(value)) if isinstance(value, int) else written
            case ast.Name(id=name):
                return self.name(name)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                part = self.expression if self.kind(node) == CONDITION else self.number
                return f"select({self.expression(test)}, {part(body)}, {part(orelse)})"
            case ast.BoolOp(op=op, values=values):
                sign = " & " if isinstance(op, ast.And) else " | "
                return f"({sign.join(self.condition(value) for value in values)})"
            case ast.Compare(left=left, ops=ops, comparators=comparators) if len(ops) > 1:
                return self.chain([left, *comparators], ops)
            case ast.BinOp(left=base, op=ast.Pow(), right=exponent):
                return self.power(base, exponent)
            case ast.Call(func=ast.Name(id=name), args=args) if (
                name in ("min", "max", "sum") and name not in self.local
            ):
                return self.word(name, args)
        part = self.expression if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not) else self.number
        children = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
        edits = [(child, part(child)) for child in children]
        return self.spliced(self.at(node), self.end(node), edits)

    def condition(self, node: ast.expr) -> str:
        """A part of ``and`` or ``or``, in brackets, because & and | bind more closely than comparisons."""
        text = self.expression(node)
        joined = isinstance(node, ast.BoolOp) or (isinstance(node, ast.Compare) and len(node.ops) > 1)
        return text if joined else f"({text})"

    def name(self, name: str) -> str:
        if name in self.renamed:
            return self.renamed[name]
        reference = self.function.references.get(name, "")
        return "np.nan" if reference == "maths:nan" else self.words.references.get(reference, name)

    def chain(self, parts: list[ast.expr], ops: list[ast.cmpop]) -> str:
        texts = [self.number(part) for part in parts]
        pairs = [f"({a} {SIGNS[type(op)]} {b})" for a, op, b in zip(texts, ops, texts[1:], strict=False)]
        return f"({' & '.join(pairs)})"

    def power(self, base: ast.expr, exponent: ast.expr) -> str:
        whole = whole_exponent(exponent, self.constant)
        if whole is None:
            return f"power({self.number(base)}, {self.number(exponent)})"
        self.exponents.add(whole)
        return f"{power_name(whole)}({self.number(base)})"

    def word(self, name: str, args: list[ast.expr]) -> str:
        first = args[0]
        if isinstance(first, ast.Name) and first.id in self.members:
            texts = self.members[first.id]
        else:
            texts = [self.number(argument) for argument in args]
        if name == "sum":
            return f"({' + '.join(texts)})"
        function = "minimum" if name == "min" else "maximum"
        folded = texts[0]
        for text in texts[1:]:
            folded = f"{function}({folded}, {text})"
        return folded


SIGNS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}


class _Free:
    """Gives a name, with underscores added until it is free; a name is given once."""

    def __init__(self, given: set[str], taken: Callable[[str], bool]):
        self.given = given
        self.taken = taken

    def __call__(self, name: str) -> str:
        while name in self.given or self.taken(name):
            name += "_"
        self.given.add(name)
        return name
