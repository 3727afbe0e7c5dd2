"""Elementary functions against decimal arithmetic, in plain Python and compiled, and the machine code they become."""

from __future__ import annotations

import math
import os
import platform
import re
from decimal import Decimal, localcontext
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from sim import elementary, kernel

DIGITS = 60
ONE_ARGUMENT = ("exp", "exp2", "expm1", "log", "log1p", "sqrt", "tanh", "normal_cdf", "cosine", "sine")
TEXT = """
@inlined
def cosine(x):
    return cos_sin_2pi(x)[0]


@inlined
def sine(x):
    return cos_sin_2pi(x)[1]

""" + "".join(
    f"""
@compiled
def each_{name}(x, y):
    for i in range(np.uint64(x.size)):
        y[i] = {name}(x[i])

"""
    for name in ONE_ARGUMENT
)
TWO_ARGUMENTS = "".join(
    f"""
@compiled
def each_{name}(a, b, y):
    for i in range(np.uint64(a.size)):
        y[i] = {name}(a[i], b[i])

"""
    for name in ("power", "minimum", "maximum")
)


@pytest.fixture(scope="module")
def compiled() -> kernel.Kernel:
    return kernel.load(kernel.join([elementary, TEXT, TWO_ARGUMENTS]))


def apply(module: kernel.Kernel, name: str, *arguments: NDArray[np.float64]) -> NDArray[np.float64]:
    values = np.empty_like(arguments[0])
    getattr(module, f"each_{name}")(*arguments, values)
    return values


@cache
def pi(digits: int = DIGITS) -> Decimal:
    """Machin (1706): pi = 16 arctan(1/5) - 4 arctan(1/239)."""
    with localcontext(prec=digits + 5):

        def arctan(n: int) -> Decimal:
            terms = range(digits)  # each adds more than a digit
            return sum((Decimal((-1) ** k) / ((2 * k + 1) * Decimal(n) ** (2 * k + 1)) for k in terms), Decimal(0))

        return 16 * arctan(5) - 4 * arctan(239)


def exact_cosine(turns: Decimal) -> Decimal:
    x = 2 * pi() * turns
    term, total, k = Decimal(1), Decimal(0), 0
    while abs(term) > Decimal(10) ** -DIGITS:
        total += term
        k += 2
        term = -term * x * x / (k * (k - 1))
    return total


def exact_sine(turns: Decimal) -> Decimal:
    x = 2 * pi() * turns
    term, total, k = x, Decimal(0), 1
    while abs(term) > abs(x) * Decimal(10) ** -DIGITS:
        total += term
        k += 2
        term = -term * x * x / (k * (k - 1))
    return total


def exact_normal_cdf(x: Decimal) -> Decimal:
    """1/2 + density(x) (x + x**3/3 + x**5/15 + ...), with the digits that cancellation costs in the far tail."""
    with localcontext(prec=DIGITS + int(x * x / 2)) as context:
        term, total, k = x, Decimal(0), 1
        while abs(term) > Decimal(10) ** -(DIGITS + int(x * x / 4)):
            total += term
            k += 2
            term = term * x * x / k
        return Decimal("0.5") + total * (-x * x / 2).exp() / (2 * pi(100 * (context.prec // 100 + 1))).sqrt()


EXACT = {
    "exp": lambda x: x.exp(),
    "exp2": lambda x: Decimal(2) ** x,
    "expm1": lambda x: x.exp() - 1,
    "log": lambda x: x.ln(),
    "log1p": lambda x: (1 + x).ln(),
    "sqrt": lambda x: x.sqrt(),
    "tanh": lambda x: ((2 * x).exp() - 1) / ((2 * x).exp() + 1),
    "normal_cdf": exact_normal_cdf,
    "cosine": exact_cosine,
    "sine": exact_sine,
}
R = np.random.default_rng(20_250_917)
NEAR_ZERO = R.choice([-1.0, 1.0], 100) * 10.0 ** R.uniform(-20, -1, 100)
CASES = {  # name: (bound in ulp, as the docstring says; points)
    "exp": (1.0, [*R.uniform(-1, 1, 200), *R.uniform(-707.7, 709.7, 250)]),
    "exp2": (1.0, [*R.uniform(-1, 1, 200), *R.uniform(-1021, 1024, 200)]),
    "expm1": (2.5, [*R.uniform(-1.2, 1.2, 300), *R.uniform(-40, 709, 100), *NEAR_ZERO]),
    "log": (1.0, [*R.uniform(0.5, 2, 300), *10.0 ** R.uniform(-307, 308, 100), *10.0 ** R.uniform(-323, -308, 50)]),
    "log1p": (1.5, [*R.uniform(-0.99, 2, 300), *10.0 ** R.uniform(0, 308, 50), *NEAR_ZERO]),
    "sqrt": (0.5, [*R.uniform(0, 2, 100), *10.0 ** R.uniform(-300, 300, 100)]),
    "tanh": (3.0, [*R.uniform(-1, 1, 200), *R.uniform(-25, 25, 100), *NEAR_ZERO]),
    "normal_cdf": (7.0, [*R.uniform(-1, 1, 100), *R.uniform(-8, 8, 100), *R.uniform(-37, -8, 20)]),
    "cosine": (2.0, [*R.uniform(0, 1, 200), *R.uniform(-1e6, 1e6, 50)]),
    "sine": (2.0, [*R.uniform(0, 1, 200), *R.uniform(-1e6, 1e6, 50), *NEAR_ZERO]),
}


@pytest.mark.parametrize("name", ONE_ARGUMENT)
def test_within_stated_ulp(compiled: kernel.Kernel, name: str) -> None:
    bound, points = CASES[name]
    x = np.array(points)
    with localcontext(prec=DIGITS):
        for point, value in zip(x.tolist(), apply(compiled, name, x).tolist(), strict=True):
            exact = EXACT[name](Decimal(point) % 1 if name in ("cosine", "sine") and abs(point) > 1 else Decimal(point))
            error = abs(Decimal(value) - exact) / Decimal(math.ulp(float(exact)))
            assert error <= Decimal(bound), f"{name}({point!r}) = {value!r} is off by {error:.3f} ulp"


@pytest.mark.parametrize("name", ONE_ARGUMENT)
def test_plain_python_gives_the_same_bits(compiled: kernel.Kernel, name: str) -> None:
    x = np.array([*CASES[name][1], 0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 5e-324, 1e308, -1e308])
    turn = {"cosine": lambda v: elementary.cos_sin_2pi(v)[0], "sine": lambda v: elementary.cos_sin_2pi(v)[1]}
    function = turn.get(name) or getattr(elementary, name)
    with np.errstate(all="ignore"):
        plain = np.array([function(float(v)) for v in x])
    found = apply(compiled, name, x)
    assert np.array_equal(np.isnan(plain), np.isnan(found))
    known = ~np.isnan(plain)
    assert np.array_equal(plain[known].view(np.uint64), found[known].view(np.uint64))


INF, NAN = math.inf, math.nan


@pytest.mark.parametrize(
    ("name", "x", "expected"),
    [
        ("exp", 0.0, 1.0), ("exp", INF, INF), ("exp", -INF, 0.0), ("exp", 709.79, INF), ("exp", -707.8, 0.0),
        ("exp", -1e308, 0.0), ("exp", NAN, NAN), ("exp2", 10.0, 1024.0), ("exp2", -1021.5, 0.0),
        ("exp2", 1023.0, 2.0**1023), ("exp2", 1024.0, INF), ("exp2", -INF, 0.0), ("exp2", NAN, NAN),
        ("expm1", 0.0, 0.0), ("expm1", 1e-300, 1e-300), ("expm1", -INF, -1.0), ("expm1", INF, INF),
        ("expm1", NAN, NAN), ("log", 0.0, -INF), ("log", -0.0, -INF), ("log", -1.0, NAN), ("log", -5e-324, NAN),
        ("log", 1.0, 0.0), ("log", INF, INF), ("log", -INF, NAN), ("log", NAN, NAN),
        ("log", 5e-324, -744.4400719213812), ("log1p", -1.0, -INF), ("log1p", -1.5, NAN), ("log1p", 0.0, 0.0),
        ("log1p", 1e-320, 1e-320), ("log1p", INF, INF), ("log1p", NAN, NAN), ("sqrt", -1.0, NAN), ("sqrt", INF, INF),
        ("tanh", INF, 1.0), ("tanh", -INF, -1.0), ("tanh", 0.0, 0.0), ("tanh", NAN, NAN),
        ("normal_cdf", 0.0, 0.5), ("normal_cdf", INF, 1.0), ("normal_cdf", -INF, 0.0), ("normal_cdf", -40.0, 0.0),
        ("normal_cdf", NAN, NAN), ("cosine", 0.5, -1.0), ("cosine", 0.25, 0.0), ("sine", 0.75, -1.0),
        ("cosine", INF, NAN), ("sine", NAN, NAN),
    ],
)  # fmt: skip
def test_special_values(compiled: kernel.Kernel, name: str, x: float, expected: float) -> None:
    assert apply(compiled, name, np.array([x]))[0] == pytest.approx(expected, rel=0, abs=0, nan_ok=True)


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        (0.0, 0.0, 1.0), (NAN, 0.0, 1.0), (1.0, NAN, 1.0), (1.0, INF, 1.0), (0.0, 2.0, 0.0), (0.0, -1.0, INF),
        (-2.0, 0.5, NAN), (INF, 2.0, INF), (INF, -1.0, 0.0), (0.5, INF, 0.0), (2.0, -INF, 0.0), (-1.0, 1e300, 1.0),
        (-INF, 3.0, -INF), (NAN, 1.0, NAN), (2.0, NAN, NAN), (2.0, 1025.0, INF), (2.0, 10.0, 1024.0),
    ],
)  # fmt: skip
def test_power_at_special_values(compiled: kernel.Kernel, x: float, y: float, expected: float) -> None:
    value = apply(compiled, "power", np.array([x]), np.array([y]))[0]
    assert value == pytest.approx(expected, rel=1e-15, abs=0, nan_ok=True)


def test_power_within_its_stated_error(compiled: kernel.Kernel) -> None:
    x, y = 10.0 ** R.uniform(-3, 3, 300), R.uniform(-20, 20, 300)
    found = apply(compiled, "power", x, y)
    with localcontext(prec=DIGITS):
        for a, b, value in zip(x.tolist(), y.tolist(), found.tolist(), strict=True):
            exact = (Decimal(a).ln() * Decimal(b)).exp()
            bound = 2 * 2.0**-52 + abs(b * math.log(a)) * 2.5e-16
            assert abs(Decimal(value) / exact - 1) <= Decimal(bound)
    assert apply(compiled, "power", np.array([-3.0, -3.0]), np.array([3.0, 4.0])) == pytest.approx([-27.0, 81.0])


def test_extremes_keep_nan(compiled: kernel.Kernel) -> None:
    a, b = np.array([1.0, NAN, 1.0, NAN, -INF]), np.array([2.0, 2.0, NAN, NAN, INF])
    assert np.array_equal(apply(compiled, "minimum", a, b), [1.0, NAN, NAN, NAN, -INF], equal_nan=True)
    assert np.array_equal(apply(compiled, "maximum", a, b), [2.0, NAN, NAN, NAN, INF], equal_nan=True)


@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="nothing is compiled")
@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="the instructions named below are Intel's")
def test_loops_become_vector_code() -> None:
    """A loop over a block has packed products and no scalar ones: half a nanosecond a value instead of four."""
    # In place: with two arrays LLVM also keeps a scalar loop, for when they overlap.
    fixed = TEXT.replace("np.uint64(x.size)", "np.uint64(256)").replace("(x, y)", "(x)").replace("y[i] =", "x[i] =")
    module = kernel.load(kernel.join([elementary, fixed]))
    for name in ONE_ARGUMENT:
        assembly = getattr(module, f"each_{name}").assembly(np.ones(256))
        operation = "sqrt" if name == "sqrt" else "mul"
        assert re.search(rf"\bv?{operation}pd\b", assembly), f"{name} is not vectorised"
        assert not re.search(rf"\bv?{operation}sd\b", assembly), f"{name} is partly scalar"
