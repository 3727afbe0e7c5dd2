"""A model in plain Python, formula by formula: the oracle of the kernel and the trace behind an explanation.

The formulas are read from the graph's text and interpreted; nothing of a model is ever executed as Python. Results
are those of IEEE arithmetic where Python would raise, and come from `math`, not from the kernel's own functions.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sim.cells import maths
from sim.cells.arithmetic import divide, maximum, minimum, power, whole_power
from sim.cells.bound import Cell, Graph
from sim.cells.kinds import whole_exponent

Value = float | tuple[float, ...]

ARITHMETIC: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: divide,
}
COMPARISONS: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


@dataclass(frozen=True)
class Trace:
    """Every value of one path: opening cells, cells of each period (first is t = 1), windows, horizon cells."""

    opening: dict[str, float] = field(default_factory=dict)
    periods: list[dict[str, float]] = field(default_factory=list)
    windows: dict[str, float] = field(default_factory=dict)
    horizon: dict[str, float] = field(default_factory=dict)


def evaluate(
    graph: Graph,
    drivers: Mapping[str, float],
    numbers: Mapping[str, float],
    innovations: Mapping[str, Sequence[float]],
    schedules: Mapping[str, Sequence[float]],
    windows: Mapping[str, tuple[int, int, str]],
    periods: int,
) -> Trace:
    """One path through the model.

    ``numbers`` are the openings given as a number, by the opening's name; ``innovations`` and ``schedules`` hold one
    value per period; ``windows`` give first and last period (from 1, inclusive) and ``sum``, ``mean`` or ``last``.
    Raises KeyError when a declared input is missing.
    """
    formulas = _Formulas(graph)
    trace = Trace()
    for cell in graph.opening:
        trace.opening[cell.name] = formulas.cell(cell, {"driver": drivers, "cell": trace.opening})
    before = {
        line.cell: float(numbers[line.leaf]) if line.source is None else trace.opening[line.source]
        for line in graph.carried
    }
    for t in range(1, periods + 1):
        now: dict[str, float] = {}
        reads = {
            "driver": drivers,
            "prev": before,
            "innovation": {name: values[t - 1] for name, values in innovations.items()},
            "schedule": {name: values[t - 1] for name, values in schedules.items()},
        }
        for cell in graph.period:
            now[cell.name] = formulas.cell(cell, {**reads, "cell": {**trace.opening, **now}}, float(t))
        trace.periods.append(now)
        before = now
    for name, target in graph.windows.items():
        first, last, how = windows[name]
        values = [trace.periods[t - 1][target] for t in range(first, last + 1)]
        total = 0.0
        for value in values:
            total += value
        trace.windows[name] = values[-1] if how == "last" else divide(total, len(values)) if how == "mean" else total
    last_period = trace.periods[-1] if trace.periods else {}
    for cell in graph.horizon:
        known = {**trace.opening, **last_period, **trace.horizon}
        trace.horizon[cell.name] = formulas.cell(cell, {"driver": drivers, "window": trace.windows, "cell": known})
    return trace


class _Formulas:
    """The parsed formulas of a graph."""

    def __init__(self, graph: Graph):
        self.graph = graph
        self.bodies: dict[str, list[ast.stmt]] = {}
        for key, function in graph.functions.items():
            definition = ast.parse(function.text).body[0]
            assert isinstance(definition, ast.FunctionDef)
            self.bodies[key] = definition.body

    def cell(self, cell: Cell, known: Mapping[str, Mapping[str, float]], t: float = 0.0) -> float:
        values: list[Value] = []
        for argument in cell.arguments:
            if argument.kind == "time":
                values.append(t)
            elif argument.kind == "group":
                values.append(tuple(float(known[argument.of][name]) for name in argument.targets))
            else:
                values.append(float(known[argument.kind][argument.target]))
        return float(self.call(cell.function, values))

    def call(self, key: str, values: Sequence[Value]) -> float:
        function = self.graph.functions[key]
        local: dict[str, Value] = dict(zip(function.parameters, values, strict=True))
        for statement in self.bodies[key]:
            if isinstance(statement, ast.Assign):
                (target,) = statement.targets
                assert isinstance(target, ast.Name)
                local[target.id] = self.value(statement.value, local, function.references)
            elif isinstance(statement, ast.Return) and statement.value is not None:
                return self.value(statement.value, local, function.references)
        raise AssertionError("a checked formula ends with return")

    def value(self, node: ast.expr, local: Mapping[str, Value], references: Mapping[str, str]) -> float:
        """One number; a condition is True or False, which count as 1 and 0."""

        def value(part: ast.expr) -> float:
            return self.value(part, local, references)

        match node:
            case ast.Constant(value=int() | float() as number):
                return float(number)
            case ast.Name(id=name):
                found = local[name] if name in local else self.constant(references[name])
                assert not isinstance(found, tuple)
                return found
            case ast.BinOp(left=base, op=ast.Pow(), right=exponent):
                whole = whole_exponent(exponent, lambda name: self.exponent(name, local, references))
                return power(value(base), value(exponent)) if whole is None else whole_power(value(base), whole)
            case ast.BinOp(left=left, op=op, right=right):
                return ARITHMETIC[type(op)](value(left), value(right))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return not value(operand)
            case ast.UnaryOp(op=op, operand=operand):
                return -value(operand) if isinstance(op, ast.USub) else +value(operand)
            case ast.BoolOp(op=op, values=parts):
                return (all if isinstance(op, ast.And) else any)(value(part) for part in parts)
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                numbers = [value(part) for part in (left, *comparators)]
                pairs = zip(ops, numbers, numbers[1:], strict=False)
                return all(COMPARISONS[type(op)](a, b) for op, a, b in pairs)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return value(body) if value(test) else value(orelse)
            case ast.Call(func=ast.Name(id=name), args=args):
                first = args[0] if args else None
                group = local.get(first.id) if isinstance(first, ast.Name) else None
                return self.function(name, group if isinstance(group, tuple) else tuple(map(value, args)), references)
        raise AssertionError(f"a checked formula has no {type(node).__name__}")

    def function(self, name: str, values: tuple[float, ...], references: Mapping[str, str]) -> float:
        kind, _, key = references.get(name, "").partition(":")
        if kind == "function":
            return self.call(key, values)
        if kind == "maths":
            result: float = getattr(maths, key)(*values)
            return result
        if name == "abs":
            return abs(values[0])
        fold = {"min": minimum, "max": maximum, "sum": operator.add}[name]
        total = values[0]
        for each in values[1:]:
            total = fold(total, each)
        return total

    def constant(self, reference: str) -> float:
        return maths.nan if reference == "maths:nan" else self.graph.constants[reference.removeprefix("constant:")]

    def exponent(self, name: str, local: Mapping[str, Value], references: Mapping[str, str]) -> float | None:
        reference = "" if name in local else references.get(name, "")
        return self.graph.constants.get(reference.removeprefix("constant:"))
