"""Numbers, conditions and families: what an expression of a formula stands for."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

NUMBER = "number"
CONDITION = "condition"  # yes or no: a comparison, or and/or/not of conditions
GROUP = "group"  # one number per member of a family


def kind_of(node: ast.expr, local: Mapping[str, str], returned: Callable[[str], str]) -> str:
    """The kind of a checked expression. ``local`` gives parameters' and local names' kinds, ``returned`` calls'."""
    match node:
        case ast.Compare() | ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
            return CONDITION
        case ast.IfExp(body=body, orelse=orelse):
            both = kind_of(body, local, returned) == CONDITION == kind_of(orelse, local, returned)
            return CONDITION if both else NUMBER
        case ast.Name(id=name):
            return local.get(name, NUMBER)
        case ast.Call(func=ast.Name(id=name)):
            return returned(name)
    return NUMBER


def whole_exponent(node: ast.expr, constant: Callable[[str], float | None]) -> int | None:
    """The exponent as a whole number, when it is written as one or is a constant that is one."""
    sign = 1
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        sign, node = -1, node.operand
    value: float | None = None
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        value = float(node.value)
    elif isinstance(node, ast.Name):
        value = constant(node.id)
    return sign * int(value) if value is not None and value.is_integer() else None
