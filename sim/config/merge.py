"""Deep merge of nodes: groups of keys merge, lists and scalars replace, `!reset` removes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from sim.config.yaml import Node, plain
from sim.errors import Problem, did_you_mean

# Two ways to say one thing: the one given later (a file that extends, a scenario, --set) replaces the other.
INSTEAD = {"run.paths": "precision", "run.precision": "paths"}


def merge(below: Node, above: Node, problems: list[Problem], path: str = "") -> Node:
    """``above`` laid over ``below``. Leaves that change keep what they overrode in their history.

    `!reset` on a key removes what lies below it; followed by a value it puts that value in place instead of merging.
    A `!reset` with nothing to remove is a problem: it is a name misspelt.
    """
    if above.reset or not (isinstance(below.content, dict) and isinstance(above.content, dict)):
        return overrode(settled(above, problems, path), below)
    children = dict(below.content)
    for key, child in above.content.items():
        leaf = f"{path}.{key}" if path else key
        if key not in children:
            if child.reset:
                problems.append(_nothing_to_remove(leaf, key, children, child))
            if not _removes(child):
                children[key] = settled(child, problems, leaf)
        elif _removes(child):
            del children[key]
        else:
            children[key] = merge(children[key], child, problems, leaf)
    _displace(children, path, above.content)
    return replace(below, content=children)


def overrode(above: Node, below: Node) -> Node:
    """``above`` with the value of ``below`` written into its history, leaf by leaf where both are groups of keys."""
    if isinstance(above.content, dict) and isinstance(below.content, dict):
        children = {
            key: overrode(child, below.content[key]) if key in below.content else child
            for key, child in above.content.items()
        }
        return replace(above, content=children)
    return replace(above, history=(*below.history, (below.place, plain(below)), *above.history))


def settled(node: Node, problems: list[Problem], path: str) -> Node:
    """A node that lies over nothing, freed of its `!reset` marks."""
    content = node.content
    if isinstance(content, dict):
        kept: dict[str, Node] = {}
        for key, child in content.items():
            leaf = f"{path}.{key}" if path else key
            if child.reset:
                problems.append(_nothing_to_remove(leaf, key, {}, child))
            if not _removes(child):
                kept[key] = settled(child, problems, leaf)
        content = kept
    return replace(node, content=content, reset=False)


def _displace(children: dict[str, Node], path: str, given: Collection[str]) -> None:
    """Drop from the keys below ``path`` what those ``given`` last take the place of."""
    for leaf, other in INSTEAD.items():
        above, _, key = leaf.rpartition(".")
        if above == path and key in given and key in children and other not in given:
            children.pop(other, None)


def _removes(node: Node) -> bool:
    return node.reset and node.content is None


def _nothing_to_remove(leaf: str, key: str, known: dict[str, Node], node: Node) -> Problem:
    advice = did_you_mean(key, known) or "remove this !reset, or correct the name"
    return Problem(leaf, f'!reset finds no "{key}" in the files that this one extends', advice, node.key_place)


def assign(root: Node, keys: tuple[str, ...], value: Node, path: str = "") -> Node:
    """The tree with ``value`` put in place of whatever stands at ``keys`` (made if absent). Keys must be valid."""
    if not keys:
        return replace(overrode(value, root), key_place=root.key_place)
    children: dict[str, Node] | list[Node]
    if isinstance(root.content, list):
        children = list(root.content)
        children[int(keys[0])] = assign(children[int(keys[0])], keys[1:], value)
        return replace(root, content=children)
    children = dict(root.content) if isinstance(root.content, dict) else {}
    below = children.get(keys[0])
    leaf = f"{path}.{keys[0]}" if path else keys[0]
    if below is not None:
        children[keys[0]] = assign(below, keys[1:], value, leaf)
    elif len(keys) == 1:
        children[keys[0]] = value
    else:
        empty = Node({}, value.place, value.key_place)
        children[keys[0]] = assign(empty, keys[1:], value, leaf)
    _displace(children, path, (keys[0],))
    return replace(root, content=children)
