"""Put cells into an order in which each comes after those it reads, or name the circle that prevents it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def order(reads: Mapping[str, Sequence[str]]) -> tuple[list[str], list[list[str]]]:
    """Order the keys of ``reads`` (name -> names it reads; names that are no key are ignored).

    Depth first from the names in alphabetical order, so the result does not depend on where anything was written.
    Also returns the circles found, each from its alphabetically first name back to it: ``["a", "b", "a"]``.
    """
    done: list[str] = []
    finished: set[str] = set()
    circles: list[list[str]] = []
    for start in sorted(reads):
        if start in finished:
            continue
        trail = [start]
        waiting = [iter(sorted(reads[start]))]
        while trail:
            following = next(waiting[-1], None)
            if following is None:
                waiting.pop()
                finished.add(trail[-1])
                done.append(trail.pop())
            elif following in trail:
                circles.append(trail[trail.index(following) :])
            elif following in reads and following not in finished:
                trail.append(following)
                waiting.append(iter(sorted(reads[following])))
    return done, _distinct(circles)


def _distinct(circles: list[list[str]]) -> list[list[str]]:
    """Circles that share a name are one fault: keep the shortest of them."""
    kept: list[list[str]] = []
    for circle in sorted(circles, key=lambda names: (len(names), sorted(names))):
        if not any(set(circle) & set(other) for other in kept):
            first = circle.index(min(circle))
            turned = circle[first:] + circle[:first]
            kept.append([*turned, turned[0]])
    return kept
