"""The order of computing, and circles named link by link."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sim.cells.graph import Graph
from sim.cells.order import order
from sim.errors import Problem


@given(
    st.integers(1, 12).flatmap(
        lambda n: st.tuples(st.just(n), st.sets(st.tuples(st.integers(0, n), st.integers(0, n))))
    )
)
def test_each_name_comes_after_those_it_reads(drawn: tuple[int, set[tuple[int, int]]]) -> None:
    n, pairs = drawn
    reads = {f"c{i}": [f"c{j}" for a, j in sorted(pairs) if a == i and j < i] for i in range(n)}
    names, circles = order(reads)
    assert not circles
    assert sorted(names) == sorted(reads)
    assert all(names.index(other) < names.index(name) for name, others in reads.items() for other in others)
    backwards = {name: list(reversed(reads[name])) for name in reversed(reads)}
    assert order(backwards)[0] == names


@given(st.sets(st.tuples(st.integers(0, 6), st.integers(0, 6))))
def test_a_circle_is_found_exactly_when_there_is_one(pairs: set[tuple[int, int]]) -> None:
    reads = {f"c{i}": [f"c{j}" for a, j in sorted(pairs) if a == i] for i in range(7)}
    reachable = {name: set(others) for name, others in reads.items()}
    for _ in reads:
        for name in reads:
            reachable[name] |= {far for near in list(reachable[name]) for far in reachable[near]}
    _, circles = order(reads)
    assert bool(circles) == any(name in reachable[name] for name in reads)
    for circle in circles:
        assert circle[0] == circle[-1] == min(circle)
        assert all(later in reads[earlier] for earlier, later in pairwise(circle))


def test_a_long_chain_needs_no_recursion() -> None:
    reads = {f"c{i:05}": [f"c{i - 1:05}"] for i in range(5000)}
    assert order(reads)[0] == sorted(reads)


Found = Callable[..., tuple[Graph | None, list[Problem]]]


def test_a_circle_is_named_link_by_link(found: Found) -> None:
    text = "@cell\ndef b(c):\n    return c\n\n@cell\ndef a(b):\n    return b\n\n@cell\ndef c(a):\n    return a\n"
    _, (problem,) = found(text)
    assert "in a circle: a -> b -> c -> a (each asks for the next)" in problem.what
    assert "as in prev_b" in problem.advice
    assert problem.place is not None
    assert problem.place.text == "def a(b):"


def test_a_cell_that_asks_for_itself(found: Found) -> None:
    _, (problem,) = found('@cell(at="horizon")\ndef a(a):\n    return a\n')
    assert "a -> a" in problem.what
    assert "remove one of these links" in problem.advice


def test_a_family_goes_round_once(found: Found) -> None:
    text = '@cell(over="f")\ndef a(b):\n    return b\n\n@cell(over="f")\ndef b(a):\n    return a\n'
    _, (problem,) = found(text, families={"f": ("x", "y")})
    assert "a[x] -> b[x] -> a[x]" in problem.what


def test_a_previous_value_breaks_the_circle(found: Found) -> None:
    text = "@cell\ndef a(prev_b):\n    return prev_b\n\n@cell\ndef b(a):\n    return a\n"
    graph, problems = found(text, openings={"b": None})
    assert not problems
    assert graph is not None
    assert [cell.name for cell in graph.period] == ["a", "b"]


def test_the_order_of_the_file_changes_nothing(found: Found) -> None:
    parts = [
        f"@cell\ndef {name}({reads}):\n    return {reads or 1}\n"
        for name, reads in zip("abcd", ["d", "", "a", "b"], strict=True)
    ]
    made = [found("\n".join(each))[0] for each in (parts, parts[::-1])]
    assert made[0] is not None
    assert made[1] is not None
    assert [c.name for c in made[0].period] == [c.name for c in made[1].period] == ["b", "d", "a", "c"]
