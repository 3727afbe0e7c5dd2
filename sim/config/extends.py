"""Reads a study file with everything it extends: layers laid over one another in order."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from sim.config.merge import merge
from sim.config.yaml import Node, parse, read_text
from sim.errors import Place, Problem


class Layers:
    """The files behind one study. ``files`` lists what was read, in order of reading.

    A file lies over the files it extends, and each file is laid once, where it is first met: two parts that share
    a third do not undo each other's changes by laying it again.
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.files: list[str] = []
        self._layers: list[Node] = []
        self._seen: set[str] = set()
        self._failed = False

    def read(self, file: str) -> Node | None:
        """The merged tree, or None if any file could not be read (then ``problems`` says why)."""
        self._read(file, (), None)
        if self._failed:
            return None
        start = Place(file, 1, 1)
        tree = Node({}, start, start)
        for layer in self._layers:
            tree = merge(tree, layer, self.problems)
        return tree

    def _read(self, file: str, chain: tuple[str, ...], said_at: Place | None) -> None:
        real = os.path.realpath(file)
        above = [os.path.realpath(link) for link in chain]
        if real in above:
            circle = " -> ".join([*chain[above.index(real) :], file])
            what = f"the files extend each other in a circle: {circle}"
            self._fail(Problem("extends", what, "remove one of these `extends`", said_at))
        if real in self._seen:
            return
        self._seen.add(real)
        own = self._one(file, said_at)
        if own is None:
            return
        assert isinstance(own.content, dict)
        children = dict(own.content)
        for entry in self._entries(children.pop("extends", None)):
            target = os.path.normpath(Path(file).parent / str(entry.content).replace("\0", "?"))
            self._read(target, (*chain, file), entry.place)
        self._layers.append(replace(own, content=children))

    def _one(self, file: str, said_at: Place | None) -> Node | None:
        """The mapping that a file holds, unmerged."""
        text, what, advice = read_text(file)
        if text is None:
            if said_at is None:
                self._fail(Problem("", what, advice, Place(file)))
                return None
            self._fail(Problem("extends", f"{file}: {what}", advice, said_at))
            return None
        self.files.append(file)
        node, problems = parse(text, file)
        self.problems.extend(problems)
        if node is None and problems:
            self._failed = True
            return None
        if node is None or node.content is None:
            self._fail(Problem("", "the file is empty", "write the study into it", Place(file)))
            return None
        if not isinstance(node.content, dict):
            what = "a study file is made of `name: value` lines; this one holds something else"
            self._fail(Problem("", what, "begin it with `study: ...`", node.place))
            return None
        return node

    def _fail(self, problem: Problem) -> None:
        self.problems.append(problem)
        self._failed = True

    def _entries(self, extends: Node | None) -> list[Node]:
        """The files named by `extends`: one text or a list of texts."""
        if extends is None or extends.content is None:
            return []
        entries = extends.content if isinstance(extends.content, list) else [extends]
        named: list[Node] = []
        for entry in entries:
            if isinstance(entry.content, str) and entry.content:
                named.append(entry)
            else:
                advice = "write for example `extends: [alibaba/drivers.yaml]`"
                self._fail(Problem("extends", "must be the name of a file", advice, entry.place))
        return named
