"""Where every leaf of a merged study was written, and what it overrode."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sim.config.yaml import Node
from sim.errors import Place

_PART = re.compile(r"(?:[^.\[\]]|\[[^\]]*\])+")


def split(leaf: str) -> tuple[str, ...]:
    """``drivers.segment_multiple[aidc].unit`` -> its three keys; a dot inside brackets does not separate."""
    return tuple(_PART.findall(leaf))


class Origins:
    """Answers for leaves such as ``outputs.3.cell`` or ``drivers.segment_multiple[aidc].unit``."""

    def __init__(self, root: Node, file: str):
        self._root = Place(file)
        self._nodes: dict[str, Node] = dict(_flatten(root, ""))

    def __contains__(self, leaf: str) -> bool:
        return leaf in self._nodes

    def __iter__(self) -> Iterator[str]:
        return iter(self._nodes)

    def place(self, leaf: str) -> Place | None:
        """Where the value was set; for a group of keys the place of its name. The longest known prefix answers."""
        node = self._nearest(leaf)
        if node is None:
            return self._root
        return node.key_place if isinstance(node.content, dict | list) else node.place

    def key_place(self, leaf: str) -> Place | None:
        """Where the key itself was written, for faults of the name and not of the value."""
        node = self._nearest(leaf)
        return self._root if node is None else node.key_place

    def history(self, leaf: str) -> tuple[tuple[Place, Any], ...]:
        """What the leaf's value overrode, oldest first; empty for a leaf that overrode nothing or is unknown."""
        node = self._nodes.get(leaf)
        return () if node is None else node.history

    def _nearest(self, leaf: str) -> Node | None:
        # Plain cutting at dots is enough: a cut inside brackets finds nothing and is cut further.
        while leaf:
            if leaf in self._nodes:
                return self._nodes[leaf]
            leaf = leaf.rpartition(".")[0]
        return None


def _flatten(node: Node, path: str) -> Iterator[tuple[str, Node]]:
    if path:
        yield path, node
    if isinstance(node.content, dict):
        for key, child in node.content.items():
            yield from _flatten(child, f"{path}.{key}" if path else key)
    elif isinstance(node.content, list):
        for index, child in enumerate(node.content):
            yield from _flatten(child, f"{path}.{index}")
