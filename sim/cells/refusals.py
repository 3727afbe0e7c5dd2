"""What a formula may not contain, in plain words, and what to write instead."""

from __future__ import annotations

import ast

# Python's node -> (what the reader wrote, what to do next)
STATEMENTS: dict[type[ast.stmt], tuple[str, str]] = {
    ast.For: ("a loop", "repeat over time with prev_, over a family with @cell(over=...)"),
    ast.While: ("a loop", "repeat over time with prev_, over a family with @cell(over=...)"),
    ast.If: ("an if statement", "write the choice in one line: value = a if condition else b"),
    ast.AugAssign: (
        "a change of an earlier value",
        "give the new value a new name: total_after_tax = total * (1 - tax)",
    ),
    ast.AnnAssign: ("an assignment with a type", "write name = value"),
    ast.Assert: ("an assert", "return nan where the result would be impossible; such paths are counted as invalid"),
    ast.Raise: ("a raise", "return nan where the result would be impossible; such paths are counted as invalid"),
    ast.Try: ("a try", "no formula fails: a division by zero gives an infinity or nan; test with a condition instead"),
    ast.FunctionDef: ("a function inside a function", "move it to the top level of the file"),
    ast.Import: ("an import inside a function", "import at the top of the file"),
    ast.ImportFrom: ("an import inside a function", "import at the top of the file"),
    ast.Expr: ("a line that does nothing", "give its value a name, or remove the line"),
    ast.Pass: ("a pass", "write the formula, ending with return"),
    ast.Global: ("a global", "formulas share nothing; ask for a cell by naming it as a parameter"),
    ast.With: ("a with block", "keep to assignments and one return"),
    ast.Match: ("a match", "write the choice in one line: value = a if condition else b"),
    ast.Delete: ("a del", "remove the line"),
}

EXPRESSIONS: dict[type[ast.expr], tuple[str, str]] = {
    ast.Attribute: ("a dotted name", "import what is needed by name: from sim.cells.maths import exp"),
    ast.Subscript: (
        "an index in brackets",
        "ask for one member by its own cell; a whole family may only be summed, min or max",
    ),
    ast.Lambda: ("a lambda", "write a named function at the top level of the file"),
    ast.ListComp: ("a loop in brackets", "write a cell with over=..., then sum it"),
    ast.GeneratorExp: ("a loop in brackets", "write a cell with over=..., then sum it"),
    ast.SetComp: ("a loop in brackets", "write a cell with over=..., then sum it"),
    ast.DictComp: ("a loop in brackets", "write a cell with over=..., then sum it"),
    ast.Tuple: ("several values at once", "a formula gives one value; write one cell or function for each"),
    ast.List: ("a list", "write the sum or choice out: a + b, min(a, b)"),
    ast.Set: ("a set", "write the sum or choice out: a + b, min(a, b)"),
    ast.Dict: ("a table", "write one cell per value, or a family with @cell(over=...)"),
    ast.NamedExpr: ("an assignment inside a formula", "assign on a line of its own"),
    ast.JoinedStr: ("a text", "formulas work on numbers"),
    ast.Starred: ("a star", "write the arguments one by one"),
    ast.Await: ("an await", "keep to arithmetic"),
    ast.Yield: ("a yield", "keep to arithmetic and one return"),
}

OPERATORS: dict[type[ast.operator], tuple[str, str]] = {
    ast.Mod: ("the remainder %", "use a schedule for what repeats over the year"),
    ast.FloorDiv: ("the whole division //", "use / ; formulas are continuous"),
    ast.MatMult: ("the matrix product @", "write the sum of products out"),
    ast.BitAnd: ("the sign &", "write and"),
    ast.BitOr: ("the sign |", "write or"),
    ast.BitXor: ("the sign ^", "a power is written **"),
    ast.LShift: ("the sign <<", "multiply by a power of 2 instead"),
    ast.RShift: ("the sign >>", "divide by a power of 2 instead"),
}

GENERAL = "use + - * / **, comparisons, and/or/not, a if c else b, min max abs sum, and imported functions"


def statement(node: ast.stmt) -> tuple[str, str]:
    """What a refused statement is called, and the advice."""
    default = (
        f'"{ast.unparse(node).splitlines()[0]}"',
        "a body is assignments (name = value) and one return at its end",
    )
    return STATEMENTS.get(type(node), default)


def expression(node: ast.expr) -> tuple[str, str]:
    """What a refused expression is called, and the advice."""
    return EXPRESSIONS.get(type(node), (f'"{ast.unparse(node)}"', GENERAL))
