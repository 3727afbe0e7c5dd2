"""The restricted form of a formula: what is refused, where, and with which advice."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sim.cells.graph import Graph
from sim.errors import Problem

Found = Callable[..., tuple[Graph | None, list[Problem]]]

# body of `def a(x, y):` -> words of the fault, words of the advice; the fault is on the line marked with #!
WRONG = [
    ("for i in x:  #!\n    y = i\nreturn y", "a loop cannot be used", "prev_"),
    ("while x > y:  #!\n    x = y\nreturn x + y", "a loop cannot be used", "prev_"),
    ("if x > y:  #!\n    return x\nreturn y", "an if statement", "a if condition else b"),
    ("b = x\nb += y  #!\nreturn b", "a change of an earlier value", "a new name"),
    ("b = x\nb = b + y  #!\nreturn b", 'the name "b" already has a value', "a new name"),
    ("x = x + y  #!\nreturn x", 'the name "x" already has a value', "a new name"),
    ("b: float = x + y  #!\nreturn b", "an assignment with a type", "name = value"),
    ("b = c = x + y  #!\nreturn b", "several names are assigned at once", "one name a line"),
    ("b, c = x, y  #!\nreturn b", "several names are assigned at once", "one name a line"),
    ("assert x > y  #!\nreturn x + y", "an assert", "return nan"),
    ("raise ValueError  #!\nreturn x + y", "a raise", "return nan"),
    ("import math  #!\nreturn x + y", "an import inside a function", "top of the file"),
    ("def b(z):  #!\n    return z\nreturn x + y", "a function inside a function", "top level"),
    ("x + y  #!\nreturn x", "a line that does nothing", "give its value a name"),
    ("b = x + y  #!", "does not end with return", "return VALUE last"),
    ("return x + y  #!\nb = x", "a return stands before the end", "as the last line"),
    ("b = x + y\nreturn  #!", "the return gives nothing", "return VALUE"),
    ("return x, y  #!", "several values at once", "function for each"),
    ("return x % y  #!", "the remainder %", "schedule"),
    ("return x // y  #!", "the whole division //", "use /"),
    ("return x ^ y  #!", "the sign ^", "a power is written **"),
    ("return x if (x > 0) & (y > 0) else y  #!", "the sign &", "write and"),
    ("return math.exp(x + y)  #!", "a dotted name", "from sim.cells.maths import exp"),
    ("return x[0] + y  #!", "an index in brackets", "a whole family may only be summed"),
    ("return sum(z for z in (x, y))  #!", "sum adds up a family", "a + b + c"),
    ("return sum([x, y])  #!", "sum adds up a family", "a + b + c"),
    ("return max([x, y])  #!", "a list", "min(a, b)"),
    ("return max(x + y)  #!", '"max" needs at least two values', "max(a, b)"),
    ("return max(x, key=y)  #!", "an argument is given by name", "in order, without names"),
    ("return abs(x, y)  #!", '"abs" takes 1 argument and is given 2', "one value for each"),
    ("return exp(x, y)  #!", '"exp" takes 1 argument and is given 2', "one value for each"),
    ("return helper(x + y)  #!", '"helper" takes 2 arguments and is given 1', "one value for each"),
    ("return expp(x) + y  #!", 'there is no function "expp"', 'did you mean "exp"?'),
    ("return log1p(x) + y  #!", '"log1p" is not imported', "from sim.cells.maths import log1p"),
    ("return exp + x + y  #!", '"exp" is a function', "call it with its arguments"),
    ("return RATE(x) + y  #!", '"RATE" is a value, not a function', "write * to multiply"),
    ("return other(x) + y  #!", '"other" is a cell, not a function', "without brackets: other"),
    ("return x + y + other  #!", '"other" is used but not asked for', "def a(..., other)"),
    ("return x + y + growthh  #!", '"growthh" is not known here', 'did you mean "growth"?'),
    ("return x + y + growth  #!", '"growth" is used but not asked for', "def a(..., growth)"),
    ("b = c + y  #!\nc = x\nreturn b + c", '"c" is used before it has a value', "above this one"),
    ("return x + y + True  #!", "True is not a number", "1.0 for yes"),
    ("return x + y + 'text'  #!", "is not a number", "formulas work on numbers"),
    ("return x + y + 1j  #!", "is not a number", "formulas work on numbers"),
    ("return x + y + 1e999  #!", "too large", "correct it"),
    ("return x if y else 0  #!", '"y" is a number where a yes or no is needed', "x > 0"),
    ("return x and y  #!", '"x" is a number where a yes or no is needed', "x > 0"),
    ("return 1 if not x else y  #!", '"x" is a number where a yes or no is needed', "x > 0"),
    ("return x if y == nan else 0  #!", "a comparison with nan says nothing", "x != x"),
    ("return x if x in (x, y) else 0  #!", '"in" and "is" cannot be used', "compare with"),
    ("return x if x is y else 0  #!", '"in" and "is" cannot be used', "compare with"),
    ("return (b := x) + y  #!", "an assignment inside a formula", "a line of its own"),
    ("return (lambda z: z)(x + y)  #!", "a lambda", "a named function"),
    ("return f'{x}{y}'  #!", "a text", "work on numbers"),
    ("return x ** 100 + y  #!", "a whole exponent beyond 64", "exp(n * log(x))"),
    ("exp = x  #!\nreturn x + y", 'the name "exp" is already', "another name"),
    ("return x  #y", 'the parameter "y" is not used', "use it or remove it"),
]
REST = """
RATE = 0.5

@cell
def other(growth):
    return growth

def helper(u, v):
    return u + v

@cell
def a(x, y):
"""


@pytest.mark.parametrize(("body", "what", "advice"), WRONG)
def test_a_wrong_body(found: Found, body: str, what: str, advice: str) -> None:
    text = REST + "".join(f"    {line}\n" for line in body.split("\n"))
    _, problems = found(text, drivers=("x", "y", "growth"))
    fitting = [p for p in problems if what in p.what and advice in p.advice]
    assert fitting, [str(problem) for problem in problems]
    assert fitting[0].what.startswith('in "a": ')
    assert fitting[0].path == "model"
    place = fitting[0].place
    assert place is not None
    assert "#!" in place.text or "def a(x, y)" in place.text
    assert place.column > 0


@pytest.mark.parametrize(
    ("line", "what", "advice"),
    [
        ("import math", '"import math" cannot be used', "import from sim.cells"),
        ("from numpy import exp as e", 'cannot import from "numpy"', "import from sim.cells"),
        ("from sim.cells.maths import sine", 'sim.cells.maths has no "sine"', "it has exp, exp2"),
        ("from sim.cells.maths import sqrtt", 'sim.cells.maths has no "sqrtt"', 'did you mean "sqrt"?'),
        ("NAME = 'text'", "a constant of a model is a number", "write its value"),
        ("A = 1 / 0", "this constant has no value", "correct it"),
        ("A = exp(1)", "a constant of a model is a number", "inside a cell"),
        ("A = B", "a constant of a model is a number", "write its value"),
        ("A = 10.0 ** 60 ** 2", "a constant of a model is a number", "write its value"),
        ("A = 1e300 * 1e300", "too large for a number", "correct it"),
        ("A = 1\nA = 2", '"A" is defined twice', "remove one"),
        ("max = 3", '"max" is a word of the formula language', "another name"),
        ("class A:\n    pass", "this statement does not belong into a model file", "NAME = number"),
        ("print(1)", "this statement does not belong into a model file", "NAME = number"),
        ("def f(x=1):\n    return x", "a parameter has a default value", "remove it"),
        ("def f(*x):\n    return 1", "parameters with * or /", "name each parameter"),
        ("def f(x, /):\n    return x", "parameters with * or /", "name each parameter"),
        ("def f(exp):\n    return exp", 'the parameter "exp" has the name of', "rename"),
        ("def f(min):\n    return min", 'the parameter "min" has the name of a word', "rename"),
        ("def f(x):\n    return f(x)", "in a circle: f -> f", "prev_"),
        ("def f(x):\n    return g(x)\ndef g(x):\n    return f(x)", "in a circle: f -> g -> f", "prev_"),
        ("@property\ndef f(x):\n    return x", '"@property" above the function "f" is not known', "@cell"),
        ("@cell('opening')\ndef f():\n    return 1", "is not understood", '@cell(at="opening")'),
        ("@cell(at='end')\ndef f():\n    return 1", "is not understood", '@cell(at="horizon")'),
        ("@cell(when='t')\ndef f():\n    return 1", "is not understood", '@cell(over="family")'),
    ],
)
def test_a_wrong_file(found: Found, line: str, what: str, advice: str) -> None:
    _, problems = found(f"@cell\ndef a():\n    return 1\n{line}\n")
    fitting = [p for p in problems if what in p.what and advice in p.advice]
    assert fitting, [str(problem) for problem in problems]
    assert fitting[0].place is not None
    assert fitting[0].place.line > 4


def test_the_mark_must_be_imported(found: Found) -> None:
    _, (problem,) = found("@cell\ndef a():\n    return 1\n", imports="")
    assert "@cell is not imported" in problem.what
    assert "from sim.cells import cell" in problem.advice


def test_all_faults_come_at_once_in_reading_order(found: Found) -> None:
    text = "@cell\ndef a(x, z):\n    b = x % 2\n    return b + c\n\n@cell\ndef d(y):\n    return y if y else 1\n"
    _, problems = found(text, drivers=("x", "unused"))
    assert [problem.path for problem in problems] == ["drivers.unused", *["model"] * 5]
    lines = [problem.place.line for problem in problems if problem.place]
    assert lines == sorted(lines)


def test_the_message_shows_line_and_caret(found: Found) -> None:
    _, (problem,) = found("@cell\ndef a(x):\n    return x % 2\n", drivers=("x",))
    head, line, caret = str(problem).split("\n")
    assert 'model.py:5:12 model: in "a": the remainder % cannot be used in a formula; use a schedule' in head
    assert line.endswith("return x % 2")
    assert caret.index("^") == line.index("x % 2")


def test_unused_library_functions_may_be_anything(tmp_path_factory: pytest.TempPathFactory) -> None:
    from pathlib import Path

    from sim.cells.graph import Names, bind
    from sim.cells.load import load

    models = tmp_path_factory.mktemp("models")
    (models / "finance.py").write_text(
        "import math\n\ndef odd(x):\n    return math.gamma(x)\n\ndef ok(x):\n    return x\n"
    )
    text = "from sim.cells import cell\nfrom sim.models.finance import {0}\n\n@cell\ndef a():\n    return {0}(1)\n"
    for name, faults in (("ok", 0), ("odd", 1)):
        (models / "m.py").write_text(text.format(name))
        files, _ = load("m", Path(), models=models)
        assert files is not None
        graph, problems = bind(files, Names())
        assert len(problems) == faults
        assert (graph is None) == bool(faults)
    assert problems[0].place is not None
    assert problems[0].place.file.endswith("finance.py")
