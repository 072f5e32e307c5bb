"""What runs below a function, as a tree to read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from xref.graph.moves import Way
from xref.graph.paths import Paths
from xref.index.records import Edge


class Tree(NamedTuple):
    """What runs below a function: (depth, edge), and whether there is more."""

    rows: list[tuple[int, Edge]]
    cut: bool


def tree(paths: Paths, start: str, depth: int, most: int) -> Tree:
    """What runs below a node: rows (depth, edge) in the order of the text, each callee of a node once.

    Level by level, so that a bound of rows takes away what is deepest; a function's own callees are shown where
    it is met first.  What a macro calls is a level later: locks, checks and counters would fill the tree.
    """
    below: dict[int, list[Way]] = {}
    level, late = [(Way(start, None, None), 0)], list[tuple[Way, int]]()
    shown = {start}
    count = 0
    cut = False
    while (level or late) and not cut:
        following: list[tuple[Way, int]] = []
        later: list[tuple[Way, int]] = []
        for way, above in level:
            ways = list(_callees_of(paths, way))
            if count + len(ways) > most:
                cut = True
                ways = ways[: most - count]
            count += len(ways)
            below[id(way)] = ways
            for each in ways:
                if each.node not in shown and above + 1 < depth:
                    shown.add(each.node)
                    by_macro = each.step is not None and each.step.edge.kind == "macro"
                    (later if by_macro else following).append((each, above + 1))
            if cut:
                break
        level, late = following + late, later
    first = next(iter(below.values()), [])
    return Tree(list(_rows(first, below, 0)), cut)


def chain(paths: Paths, function: str, depth: int, most: int) -> Tree:
    """A system call's tree: the way to its function from the entry point, then what runs below it."""
    head = paths.entry(function)
    below = tree(paths, function, depth, most)
    return Tree([*enumerate(head), *((len(head) + level, edge) for level, edge in below.rows)], below.cut)


def _callees_of(paths: Paths, way: Way) -> Iterator[Way]:
    """The ways on from one, one for each function called."""
    known = set()
    for step in paths.steps(way.node):
        if step.callee not in known and paths.valid(step, way):
            known.add(step.callee)
            yield Way(step.callee, step, way)


def _rows(ways: list[Way], below: dict[int, list[Way]], level: int) -> Iterator[tuple[int, Edge]]:
    """The edges of a tree.  A function of which there is one body or another, by configuration, is one row."""
    alike: dict[tuple[str, str, int], list[Way]] = {}
    for way in ways:
        assert way.step is not None  # noqa: S101  only a tree's root has none
        edge = way.step.edge
        alike.setdefault((edge.callee, edge.file, edge.line), []).append(way)
    for some in alike.values():
        assert some[0].step is not None  # noqa: S101
        yield level, some[0].step.edge
        for way in some:
            yield from _rows(below.get(id(way), []), below, level + 1)
