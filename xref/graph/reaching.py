"""The system calls from which a function can be reached, with a path each."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from xref.graph.callgraph import CallGraph
from xref.graph.contexts import Context
from xref.graph.moves import Way
from xref.graph.moves import after
from xref.graph.moves import edges_of
from xref.graph.nodes import plain
from xref.graph.paths import MOST_ROUNDS
from xref.graph.paths import Paths
from xref.index.records import Edge

#: nodes looked at for one of many searches towards one goal
_MOST_OF_MANY = 400
#: and for all of them
_MOST_OF_ALL = 6_000


class Reach(NamedTuple):
    """The system calls that lead somewhere; unknown: those of which a bound kept it from finding out."""

    calls: list[Reached]
    unknown: list[str]


class Reached(NamedTuple):
    """A system call that leads somewhere, and a path; deferred: only through something put off."""

    syscall: str
    deferred: bool
    path: tuple[Edge, ...]


def reaching(graph: CallGraph, goal: str, context: Context | None = None, *, until: float | None = None) -> Reach:
    """The system calls from which a node can be reached, nearest first; those by something deferred only come last.

    At `until` of `time.monotonic()` it gives up; of what it has not looked at then it is unknown.
    """
    found: dict[str, Reached] = {}
    entries = {node for entry in graph.syscalls.entries for node in graph.nodes(entry.function)}
    entries |= {node for _, node in graph.behind_switches()}
    unknown: set[str] = set()
    for deferred in (False, True):
        paths = Paths(graph, context, deferred=deferred, until=until)
        search = _Ways(paths, goal)
        left = sorted(entry for entry in entries if plain(entry) not in found)
        for entry, edges in search.of(left):
            found.setdefault(plain(entry), Reached(plain(entry), deferred, (*paths.entry(entry), *edges)))
        unknown.update(plain(entry) for entry in search.unknown)
    return Reach(sorted(found.values(), key=_nearest), sorted(unknown - found.keys()))


def reaching_any(
    graph: CallGraph, goals: Iterable[str], context: Context | None = None, *, until: float | None = None
) -> Reach:
    """The same for one of several nodes: those of a name that means several functions."""
    found: dict[str, Reached] = {}
    unknown: set[str] = set()
    for goal in goals:
        result = reaching(graph, goal, context, until=until)
        unknown.update(result.unknown)
        for each in result.calls:
            found[each.syscall] = min(each, found.get(each.syscall, each), key=_nearest)
    return Reach(sorted(found.values(), key=_nearest), sorted(unknown - found.keys()))


def _nearest(reached: Reached) -> tuple[bool, int, str]:
    return reached.deferred, len(reached.path), reached.syscall


class _Ways:
    """Searches for a path from each of many nodes to one goal.

    The shortest ways by the tree's adjacency are held against the edges; where one is none, what is known now of the
    nodes on the way goes into the next round.
    """

    def __init__(self, paths: Paths, goal: str) -> None:
        self._paths = paths
        self._goal = goal
        #: nodes on paths that were found, with the rest of the path from there
        self._rest: dict[str, list[str]] = {}
        self._look = _MOST_OF_ALL
        #: starts of which a bound kept it from finding out
        self.unknown: list[str] = []

    def of(self, starts: list[str]) -> Iterator[tuple[str, list[Edge]]]:
        """(start, path) for each start from which there is one."""
        for _ in range(MOST_ROUNDS):
            missed: list[str] = []
            for place, start in enumerate(starts):
                if self._paths.late():
                    self.unknown += [*missed, *starts[place:]]
                    return
                leads = self._paths.view.leading_to(self._goal)
                if start not in leads:
                    continue
                names = leads.way(start)
                if not self._paths.is_way(names):
                    missed.append(start)
                    continue
                way = self._taken(names) or self._joined(names)
                edges = edges_of(way) if way is not None else self._searched(start)
                if edges is not None:
                    yield start, edges
            starts = missed
            if not starts:
                return
        self.unknown += starts

    def _taken(self, names: list[str]) -> Way | None:
        """The way by these nodes, if a run can take it."""
        way = Way(names[0], None, None)
        for here, following in pairwise(names):
            step = self._paths.exact[here][following]
            way = after(way, step.before)
            if not self._paths.valid(step, way):
                return None
            way = Way(following, step, way)
        return way

    def _joined(self, names: list[str]) -> Way | None:
        """A way that goes on as one found before: where a parameter's giver is, is not seen by the shortest."""
        for place, name in enumerate(names):
            rest = self._rest.get(name)
            if rest is not None:
                whole = names[:place] + rest
                if len(set(whole)) == len(whole) and self._paths.is_way(whole):
                    way = self._taken(whole)
                    if way is not None:
                        return way
        return None

    def _searched(self, start: str) -> list[Edge] | None:
        """A path found by a search of its own, None where there is none or it would take too long to tell."""
        if self._look <= 0:
            self.unknown.append(start)
            return None
        result = self._paths.search(start, self._goal, look=_MOST_OF_MANY)
        self._look -= result.looked
        if not result.ways:
            if result.cut:
                self.unknown.append(start)
            return None
        way: Way | None = result.ways[0]
        rest: list[str] = []
        while way is not None:
            rest = [way.node, *rest]
            self._rest.setdefault(way.node, rest)
            way = way.before
        return edges_of(result.ways[0])
