"""What stands around a function in the call graph, as people look at it: its call sites, its callers, a picture.

A call through a pointer is one site with the functions that can be there; a caller is one row with its sites.  What a
context rules out is counted, not shown.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
from typing import NamedTuple

from xref.graph.callgraph import CallGraph
from xref.graph.nodes import Step
from xref.graph.paths import Paths
from xref.index.records import Edge

#: kinds of which a run takes one edge of those at a site
_CHOICE = frozenset(("syscall", "asm"))
#: callers up to which they are put in the order of their files; behind that asking for each one's file takes long
_MOST_SORTED = 300
#: functions of one site that a picture shows; of more it shows so many, and how many there are
_MOST_OF_SITE = 6


class Branch(NamedTuple):
    """The function at the other end of an edge, by its node, and the edge."""

    node: str
    edge: Edge


class Site(NamedTuple):
    """A place at which control leaves a function: by what, to which functions, how many the context rules out.

    one_of: a run takes one of the branches, which one is not known; else it can take each.
    """

    file: str
    line: int
    kind: str
    via: str | None
    one_of: bool
    branches: tuple[Branch, ...]
    ruled_out: int


class Caller(NamedTuple):
    """A function that calls another, its definition's file:line, and its edges there."""

    node: str
    defined_at: str | None
    edges: tuple[Edge, ...]


class Callers(NamedTuple):
    """Some of a function's callers: from `start` of `total` candidates, of which some may turn out to be none."""

    rows: tuple[Caller, ...]
    start: int
    total: int
    ruled_out: int


def sites(paths: Paths, node: str) -> list[Site]:
    """The call sites of a node in the order of its text, those that put something off among them."""
    graph = paths.graph
    steps = [*graph.out(node), *graph.put_off(node)]
    grouped: dict[tuple[object, ...], list[Step]] = {}
    for step in sorted(steps, key=lambda each: (each.edge.file, each.edge.line)):
        grouped.setdefault(_site(step), []).append(step)
    found = []
    for some in grouped.values():
        edge = some[0].edge
        seen: dict[str, Branch] = {}
        ruled_out = set()
        for step in some:
            if paths.allows(step, node):
                seen.setdefault(step.callee, Branch(step.callee, step.edge))
            else:
                ruled_out.add(step.callee)
        one_of = some[0].slot is not None or edge.kind in _CHOICE
        via = edge.via if len({step.edge.via for step in some}) == 1 else (edge.via or "").partition("[")[0]
        gone = len(ruled_out - seen.keys())
        found.append(Site(edge.file, edge.line, edge.kind, via, one_of, tuple(seen.values()), gone))
    return found


def _site(step: Step) -> tuple[object, ...]:
    """What tells the site of a step from others: the place, and what it goes by."""
    edge = step.edge
    if step.slot is not None:
        return edge.file, edge.line, step.slot
    if edge.kind in ("macro", "table", "syscall"):
        return edge.file, edge.line, edge.kind, (edge.via or "").partition("[")[0]
    return edge.file, edge.line, edge.kind, step.callee


def callers(paths: Paths, node: str, start: int = 0, most: int | None = None) -> Callers:
    """The functions that call a node, `most` candidates from `start` on, held against their edges.

    By file where they are few, else by name.
    """
    graph = paths.graph
    names = graph.candidates(node)
    if len(names) <= _MOST_SORTED:
        names.sort(key=lambda each: (graph.defined_at(each) or "~", each))
    end = len(names) if most is None else start + most
    rows = []
    ruled_out = 0
    for name in names[start:end]:
        steps = [*graph.out_to(name, node), *(step for step in graph.put_off(name) if step.callee == node)]
        allowed = tuple(step.edge for step in steps if paths.allows(step, name))
        if allowed:
            rows.append(Caller(name, graph.defined_at(name), allowed))
        elif steps:
            ruled_out += 1
    return Callers(tuple(rows), start, len(names), ruled_out)


# -- pictures -----------------------------------------------------------------------------------------


class Dot(NamedTuple):
    """A function in a picture: its node, its definition, how many functions beyond it are not drawn."""

    node: str
    defined_at: str | None
    hidden: int
    role: str


class Line(NamedTuple):
    """The edges from one function of a picture to another."""

    caller: str
    callee: str
    edges: tuple[Edge, ...]


class Picture(NamedTuple):
    """A part of the call graph to draw: its functions, its lines, and whether a bound left something out."""

    dots: tuple[Dot, ...]
    lines: tuple[Line, ...]
    cut: bool


def around(paths: Paths, node: str, ways: Sequence[str], depth: int, most: int) -> Picture:
    """The functions up to `depth` calls from a node, in the directions `ways` (callers, callees), at most `most`.

    Level by level, so that a bound takes away what is farthest.
    """
    drawing = _Drawing()
    drawing.add(node, "start")
    share = most if len(ways) == 1 else (most + 1) // 2
    for number, way in enumerate(ways):
        ask = _callers_of if way == "callers" else _callees_of
        drawing.grow(paths, node, depth, share * (number + 1) if number + 1 < len(ways) else most, ask)
    return drawing.picture(paths.graph)


def of_paths(found: Iterable[Sequence[Edge]]) -> Picture:
    """Paths as a picture; functions of one name with definitions of their own are several."""
    drawing = _Drawing()
    defined: dict[str, str | None] = {}
    for path in found:
        here = ""
        for edge in path:
            here = here or _identity(edge.caller, edge.caller_def)
            there = _identity(edge.callee, edge.callee_def)
            defined.setdefault(here, edge.caller_def)
            defined.setdefault(there, edge.callee_def)
            drawing.add(here, "start")
            drawing.add(there, "goal" if edge is path[-1] else "")
            drawing.line(here, there, edge)
            here = there
    dots = tuple(Dot(node, defined[node], 0, role) for node, role in drawing.roles.items())
    return Picture(dots, drawing.lines(), False)


def of_tree(rows: Iterable[tuple[int, Edge]], most: int | None = None) -> Picture:
    """A tree of calls, rows (depth, edge), as a picture: of its first levels, where at most `most` functions may be."""
    ordered = sorted(rows, key=lambda row: row[0])
    drawing = _Drawing()
    defined: dict[str, str | None] = {}
    cut = False
    for depth, edge in ordered:
        here, there = _identity(edge.caller, edge.caller_def), _identity(edge.callee, edge.callee_def)
        new = {here, there} - drawing.roles.keys()
        if most is not None and len(drawing.roles) + len(new) > most:
            cut = True
            continue
        defined.setdefault(here, edge.caller_def)
        defined.setdefault(there, edge.callee_def)
        drawing.add(here, "" if depth else "start")
        drawing.add(there, "")
        drawing.line(here, there, edge)
    dots = tuple(Dot(node, defined[node], 0, role) for node, role in drawing.roles.items())
    return Picture(dots, drawing.lines(), cut)


def _identity(name: str, defined_at: str | None) -> str:
    """What a function of an edge is called in a picture: its name, and the file where the edge knows it."""
    return f"{name}@{defined_at.rpartition(':')[0]}" if defined_at else name


class _Drawing:
    """A picture in the making."""

    def __init__(self) -> None:
        self.roles: dict[str, str] = {}
        self.hidden: dict[str, int] = {}
        self._lines: dict[tuple[str, str], list[Edge]] = {}
        self._cut = False

    def add(self, node: str, role: str) -> None:
        if role or node not in self.roles:
            self.roles[node] = self.roles.get(node) or role

    def line(self, caller: str, callee: str, edge: Edge) -> None:
        edges = self._lines.setdefault((caller, callee), [])
        if edge not in edges:
            edges.append(edge)

    def lines(self) -> tuple[Line, ...]:
        return tuple(Line(*ends, tuple(edges)) for ends, edges in self._lines.items())

    def grow(
        self, paths: Paths, start: str, depth: int, most: int,
        ask: Callable[[Paths, str, int], tuple[list[tuple[str, str, Edge]], int]],
    ) -> None:  # fmt: skip
        """Add what is up to `depth` edges away, until there are `most` functions."""
        level = [start]
        seen = {start}
        for _ in range(depth):
            following: list[str] = []
            for node in level:
                edges, more = ask(paths, node, most)
                hidden = set()
                for caller, callee, edge in edges:
                    other = callee if caller == node else caller
                    if other not in self.roles and len(self.roles) >= most:
                        hidden.add(other)
                        continue
                    self.add(other, "")
                    self.line(caller, callee, edge)
                    if other not in seen:
                        seen.add(other)
                        following.append(other)
                if hidden or more:
                    self.hidden[node] = self.hidden.get(node, 0) + len(hidden) + more
                    self._cut = True
            level = following

    def picture(self, graph: CallGraph) -> Picture:
        dots = [Dot(node, graph.defined_at(node), self.hidden.get(node, 0), role) for node, role in self.roles.items()]
        return Picture(tuple(dots), self.lines(), self._cut)


def _callees_of(paths: Paths, node: str, _: int) -> tuple[list[tuple[str, str, Edge]], int]:
    """(caller, callee, edge) of what a node calls, and how many functions of its larger sites are left out."""
    found = []
    more = 0
    for site in sites(paths, node):
        shown = site.branches if not site.one_of else site.branches[:_MOST_OF_SITE]
        more += len(site.branches) - len(shown)
        found += [(node, branch.node, branch.edge) for branch in shown]
    return found, more


def _callers_of(paths: Paths, node: str, most: int) -> tuple[list[tuple[str, str, Edge]], int]:
    """(caller, callee, edge) of what calls a node, and how many candidates are left out."""
    some = callers(paths, node, 0, most)
    found = [(row.node, node, edge) for row in some.rows for edge in row.edges]
    return found, max(0, some.total - most)

