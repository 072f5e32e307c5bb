"""The document's path as a picture: its functions as nodes in layers, and the tree's own calls as links between them.

The places of the nodes are data (`at` in path.toml).  The links are the tree's: each way that was found from one
function of the document to the next is cut where it passes a third, so that a link has no function of the picture
inside it.  What a link does have inside is what the document skips.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from xref.graph.nodes import plain
from xref.index.records import Edge
from xref.walk.document import Layer
from xref.walk.document import Walked


class Link(NamedTuple):
    """Calls that lead from one function of the picture to another, the first from `start`, the last to `goal`."""

    start: str
    goal: str
    edges: tuple[Edge, ...]

    @property
    def skipped(self) -> tuple[str, ...]:
        """The functions between, which the document does not name."""
        return tuple(plain(edge.callee) for edge in self.edges[:-1])

    @property
    def pointers(self) -> tuple[str, ...]:
        """Through what control goes where the call does not name its callee: members, tables, arguments."""
        return tuple(edge.via or "" for edge in self.edges if crosses(edge))


class Band(NamedTuple):
    """A layer of the picture: from its first row to its last."""

    layer: Layer
    first: int
    last: int


def crosses(edge: Edge) -> bool:
    """The call is through a pointer, or of a function handed to a macro: another line proves what is called."""
    return edge.kind in ("field", "variable", "param", "table") or (edge.kind == "macro" and edge.evidence is not None)


def links(walked: Sequence[Walked]) -> list[Link]:
    """The links between the steps of a path, each pair of functions once, in the order of the path."""
    nodes = {each.step.function for each in walked}
    found: dict[tuple[str, str], Link] = {}
    for each in walked:
        for leg in each.legs:
            for link in _cut(leg.edges or (), nodes):
                found.setdefault((link.start, link.goal), link)
    return list(found.values())


def _cut(edges: Sequence[Edge], nodes: set[str]) -> list[Link]:
    """A way, cut at the functions that are nodes themselves."""
    parts: list[Link] = []
    since = 0
    for number, edge in enumerate(edges):
        if plain(edge.callee) in nodes:
            part = tuple(edges[since : number + 1])
            parts.append(Link(plain(part[0].caller), plain(edge.callee), part))
            since = number + 1
    return parts


def bands(walked: Sequence[Walked]) -> list[Band]:
    """The layers with their rows, from above."""
    rows: dict[str, list[int]] = {}
    layers: dict[str, Layer] = {}
    for each in walked:
        layers[each.layer.name] = each.layer
        rows.setdefault(each.layer.name, []).append(each.step.at[0])
    return [Band(layer, min(rows[name]), max(rows[name])) for name, layer in layers.items()]
