"""Who may call whom in a whole tree, as arrays: for searches that would otherwise ask for every function's edges.

An edge here may be one too many (a header's function that a file does not include), never one too few: what a search
finds is held against the edges of `callgraph`, which have the proofs.  Nodes are those of the call graph, numbered;
macros are dissolved into what their bodies call.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection
from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from xref.graph.handing_macros import named
from xref.graph.linkage import arch_of
from xref.index.query import Index

Ints = npt.NDArray[np.int64]
_MOST_NESTED = 8
#: nodes placed again one by one; a search anew looks at all, but does so in bulk
_MOST_MENDED = 2_000


class Edges(NamedTuple):
    """Pairs of numbers, caller and callee; deferred: only through something that somebody put off."""

    caller: Ints
    callee: Ints
    deferred: npt.NDArray[np.bool_]


class Leads:
    """How far each node is from a goal, and which node is next on a shortest way there."""

    def __init__(self, adjacency: Adjacency, distance: Ints, following: Ints) -> None:
        self._adjacency = adjacency
        self.distances = distance
        self.following = following

    def __contains__(self, node: str) -> bool:
        return self.distance(node) is not None

    def distance(self, node: str) -> int | None:
        """The least number of calls to the goal, None where there is no way."""
        number = self._adjacency.number.get(node)
        if number is None or self.distances[number] < 0:
            return None
        return int(self.distances[number])

    def way(self, node: str) -> list[str]:
        """The nodes of a shortest way to the goal, both ends included."""
        number = self._adjacency.number[node]
        found = [node]
        while self.distances[number] > 0:
            number = int(self.following[number])
            found.append(self._adjacency.nodes[number])
        return found


class Adjacency:
    """The edges of a tree, in the order of their callees; `nodes` are the names behind their numbers."""

    def __init__(self, nodes: list[str], edges: Edges) -> None:
        self.nodes = nodes
        self.edges = edges
        self.number = {node: number for number, node in enumerate(nodes)}
        self._starts = np.searchsorted(edges.callee, np.arange(len(nodes) + 1))

    @classmethod
    def of(cls, index: Index, through: Iterable[tuple[str, str, bool]]) -> Adjacency:
        """Gather them: the calls by name of a tree, linked.

        `through` are pairs of a caller and a callee by anything else, with whether that is deferred.
        """
        names = _Numbers(index)
        caller, callee = names.edges()
        number = names.number
        extra = [
            (number.setdefault(one, len(number)), number.setdefault(other, len(number)), deferred)
            for one, other, deferred in sorted(set(through))
        ]
        rows = np.array(extra, np.int64).reshape(-1, 3)
        edges = np.stack(
            [
                np.concatenate([caller, rows[:, 0]]),
                np.concatenate([callee, rows[:, 1]]),
                np.concatenate([np.zeros(len(caller), np.int64), rows[:, 2]]),
            ]
        )
        edges = edges[:, np.argsort(edges[1], kind="stable")]
        return cls(list(number), Edges(edges[0], edges[1], edges[2].astype(bool)))

    def __len__(self) -> int:
        return len(self.edges.caller)

    def callers(self, node: str) -> list[str]:
        """The nodes with an edge into one."""
        number = self.number.get(node)
        if number is None:
            return []
        return [self.nodes[each] for each in self.edges.caller[self._starts[number] : self._starts[number + 1]]]

    def view(self, *, deferred: bool) -> View:
        """The edges for one search, with or without the deferred ones."""
        return View(self, np.ones(len(self), bool) if deferred else ~self.edges.deferred)

    @cached_property
    def _by_caller(self) -> tuple[Ints, Ints]:
        """The edges' places in the order of their callers, and where each caller's begin."""
        order = np.argsort(self.edges.caller, kind="stable")
        return order, np.searchsorted(self.edges.caller[order], np.arange(len(self.nodes) + 1))


class View:
    """The edges that a search may use; it learns which of them are none."""

    def __init__(self, adjacency: Adjacency, usable: npt.NDArray[np.bool_]) -> None:
        self._of = adjacency
        self._usable = usable
        self._leads: dict[str, Leads] = {}

    def keep_only(self, node: str, callees: Collection[str]) -> None:
        """A node's edges are known: those to anything else go."""
        number = self._of.number.get(node)
        if number is None:
            return
        order, starts = self._of._by_caller
        gone = False
        for place in order[starts[number] : starts[number + 1]].tolist():
            if self._usable[place] and self._of.nodes[self._of.edges.callee[place]] not in callees:
                self._usable[place] = False
                gone = True
        if gone:
            self._leads = {goal: leads for goal, leads in self._leads.items() if self._mended(leads, number)}

    def leading_to(self, goal: str) -> Leads:
        """Every node from which a goal can be reached."""
        known = self._leads.get(goal)
        if known is None:
            known = self._leads[goal] = self._backward(goal)
        return known

    def _callees(self, number: int) -> Ints:
        order, starts = self._of._by_caller
        places = order[starts[number] : starts[number + 1]]
        found: Ints = self._of.edges.callee[places[self._usable[places]]]
        return found

    def _callers(self, number: int) -> Ints:
        edges, starts = self._of.edges, self._of._starts
        places = slice(starts[number], starts[number + 1])
        found: Ints = edges.caller[places][self._usable[places]]
        return found

    def _mended(self, leads: Leads, changed: int) -> bool:
        """Put right what led to a goal by edges of a node that are gone; False where to begin anew costs less.

        A node whose next one is lost takes another as near to the goal.  Those that have none, and whoever they were
        the next of, are placed again, the nearest first.
        """
        distance, following = leads.distances, leads.following
        if distance[changed] <= 0:
            return True
        lost: set[int] = set()
        level = [changed]
        while level:
            above: list[int] = []
            for node in level:
                callees = self._callees(node)
                near = callees[distance[callees] == distance[node] - 1]
                other = next((each for each in near.tolist() if each not in lost), None)
                if other is not None:
                    following[node] = other
                    continue
                lost.add(node)
                callers = self._callers(node)
                mine = callers[(following[callers] == node) & (distance[callers] == distance[node] + 1)]
                above += mine.tolist()
            if len(lost) + len(above) > _MOST_MENDED:
                return False
            level = list(dict.fromkeys(above))
        self._place(leads, lost)
        return True

    def _place(self, leads: Leads, lost: set[int]) -> None:
        """Find the distances of nodes that have lost theirs."""
        distance, following = leads.distances, leads.following
        distance[list(lost)] = -1
        waiting: list[tuple[int, int, int]] = []
        for node in lost:
            callees = self._callees(node)
            callees = callees[distance[callees] >= 0]
            if len(callees):
                best = int(callees[np.argmin(distance[callees])])
                waiting.append((int(distance[best]) + 1, node, best))
        heapq.heapify(waiting)
        while waiting:
            far, node, by = heapq.heappop(waiting)
            if distance[node] >= 0:
                continue
            distance[node], following[node] = far, by
            for caller in self._callers(node).tolist():
                if caller in lost and distance[caller] < 0:
                    heapq.heappush(waiting, (far + 1, caller, node))

    def _backward(self, goal: str) -> Leads:
        edges, starts = self._of.edges, self._of._starts
        distance = np.full(len(self._of.nodes), -1, np.int64)
        following = np.full(len(self._of.nodes), -1, np.int64)
        number = self._of.number.get(goal)
        frontier = np.array([] if number is None else [number], np.int64)
        distance[frontier] = level = 0
        while len(frontier):
            level += 1
            places = _ranges(starts[frontier], starts[frontier + 1])
            places = places[self._usable[places]]
            places = places[distance[edges.caller[places]] < 0]
            # of several edges from one caller the one that stays is the same in every run: the last
            following[edges.caller[places]] = edges.callee[places]
            distance[edges.caller[places]] = level
            frontier = np.flatnonzero(distance == level)
        return Leads(self._of, distance, following)


def _ranges(starts: Ints, ends: Ints) -> Ints:
    """The numbers of several ranges, one after the other."""
    counts = ends - starts
    total = int(counts.sum())
    before = np.repeat(np.cumsum(counts) - counts, counts)
    found: Ints = np.arange(total) - before + np.repeat(starts, counts)
    return found


def _distinct(pairs: Ints) -> Ints:
    """The pairs, each once, sorted."""
    if not len(pairs):
        return pairs
    low = int(pairs.min())
    keys = np.sort((pairs[:, 0] - low) << 32 | (pairs[:, 1] - low))
    keys = keys[np.concatenate([[True], np.diff(keys) != 0])]
    found: Ints = np.stack([(keys >> 32) + low, (keys & 0xFFFFFFFF) + low], axis=1)
    return found


class _Numbers:
    """The calls by name, linked: a call means the function or macro of its own file, else those that headers and
    other files offer to the architecture it is built for.
    """

    def __init__(self, index: Index) -> None:
        self._index = index
        self.number: dict[str, int] = {}
        #: (file, symbol) of what only its own file can mean: the node, macros below -1
        self._local: dict[tuple[int, int], int] = {}
        #: further ones of the same name in the same file
        self._more: list[tuple[int, int]] = []
        #: (symbol, node, architecture) of what others can mean as well
        self._shared: list[tuple[int, int, str | None]] = []
        self._macros: list[tuple[int, int]] = []

    def edges(self) -> tuple[Ints, Ints]:
        """Numbers of callers and of callees."""
        paths = self._index.files()
        file, symbol, scope = self._index.call_columns()
        calls = np.stack([file, scope, symbol], axis=1)[scope > 0]
        calls = np.concatenate([calls, self._handed_on(paths)])
        self._add_functions(paths)
        caller = self._callers(calls, paths)
        calls, caller = self._with_macros(calls, caller, paths)
        archs = np.array([self._arch_number(path) for path in paths])
        pairs = self._linked(calls, caller, archs[calls[:, 0]])
        return self._dissolved(pairs)

    def _arch_number(self, path: str) -> int:
        return self._archs.setdefault(arch_of(path) or self._index.arch or "", len(self._archs))

    def _add_functions(self, paths: list[str]) -> None:
        self._archs: dict[str, int] = {}
        place = {path: number for number, path in enumerate(paths)}
        for name, symbol, path, static in self._index.bodies():
            node = f"{name}@{path}" if static else name
            number = self.number.setdefault(node, len(self.number))
            key = (place[path], symbol)
            if self._local.setdefault(key, number) != number:
                self._more.append((key[0] << 32 | symbol, number))
            if not static:
                self._shared.append((symbol, number, None))
            elif path.endswith(".h") or self._index.is_joined(path):
                self._shared.append((symbol, number, arch_of(path)))

    def _callers(self, calls: Ints, paths: list[str]) -> Ints:
        """The node of each call's scope: a function's number, or one below -1 for a macro."""
        key = calls[:, 0] << 32 | calls[:, 1]
        scopes, inverse = np.unique(key, return_inverse=True)
        found = []
        for each in scopes.tolist():
            file, symbol = each >> 32, each & 0xFFFFFFFF
            node = self._local.get((file, symbol))
            if node is None:
                # a macro: the calls in its body
                node = -2 - len(self._macros)
                self._macros.append((file, symbol))
                self._local[file, symbol] = node
                if paths[file].endswith(".h"):
                    self._shared.append((symbol, node, arch_of(paths[file])))
            found.append(node)
        return np.array(found, np.int64)[inverse]

    def _handed_on(self, paths: list[str]) -> Ints:
        """Calls that macros do of what their bodies hand to other macros, as rows like those by name."""
        place = {path: number for number, path in enumerate(paths)}
        rows = []
        for node, callee in self._index.handed_on():
            macro = named(node)
            symbols = [self._index.symbol(each) for each in (macro[0] if macro else "", callee.partition("@")[0])]
            if macro is not None and None not in symbols:
                rows.append((place[macro[1]], *symbols))
        return np.array(rows, np.int64).reshape(-1, 3)

    def _with_macros(self, calls: Ints, caller: Ints, paths: list[str]) -> tuple[Ints, Ints]:
        """The calls, those twice that stand in what a file has as a function and as a macro: each may be meant."""
        place = {path: number for number, path in enumerate(paths)}
        twice = {place[path] << 32 | symbol for path, symbol in self._index.both_function_and_macro()}
        key = calls[:, 0] << 32 | calls[:, 1]
        again = np.flatnonzero(np.isin(key, np.array(sorted(twice), np.int64)))
        nodes = {}
        for each in np.unique(key[again]).tolist():
            file, symbol = each >> 32, each & 0xFFFFFFFF
            node = nodes[each] = -2 - len(self._macros)
            self._macros.append((file, symbol))
            self._more.append((each, node))
            if paths[file].endswith(".h"):
                self._shared.append((symbol, node, arch_of(paths[file])))
        extra = np.array([nodes[each] for each in key[again].tolist()], np.int64)
        return np.concatenate([calls, calls[again]]), np.concatenate([caller, extra])

    def _linked(self, calls: Ints, caller: Ints, arch: Ints) -> Ints:
        """Pairs of caller and callee."""
        local = [(file << 32 | symbol, node) for (file, symbol), node in self._local.items()] + self._more
        known = np.array(local, np.int64).reshape(-1, 2)
        known = known[np.argsort(known[:, 0], kind="stable")]
        key = calls[:, 0] << 32 | calls[:, 2]
        start, end = np.searchsorted(known[:, 0], key), np.searchsorted(known[:, 0], key, side="right")
        found = [np.stack([np.repeat(caller, end - start), known[_ranges(start, end), 1]], axis=1)]
        # a macro may have a function's name
        functions = known[known[:, 1] >= 0, 0]
        here = np.zeros(len(key), bool)
        if len(functions):
            here = functions[np.minimum(np.searchsorted(functions, key), len(functions) - 1)] == key
        rows = [(symbol, node, -1 if of is None else self._archs.get(of, -2)) for symbol, node, of in self._shared]
        shared = np.array(rows, np.int64).reshape(-1, 3)
        shared = shared[np.argsort(shared[:, 0], kind="stable")]
        for number in self._archs.values():
            offered = shared[(shared[:, 2] == -1) | (shared[:, 2] == number)]
            mine = ~here & (arch == number)
            symbol = calls[mine, 2]
            start, end = np.searchsorted(offered[:, 0], symbol), np.searchsorted(offered[:, 0], symbol, side="right")
            found.append(np.stack([np.repeat(caller[mine], end - start), offered[_ranges(start, end), 1]], axis=1))
            # its own function, or in another configuration a header's macro
            macros = offered[offered[:, 1] < -1]
            mine = here & (arch == number)
            symbol = calls[mine, 2]
            start, end = np.searchsorted(macros[:, 0], symbol), np.searchsorted(macros[:, 0], symbol, side="right")
            found.append(np.stack([np.repeat(caller[mine], end - start), macros[_ranges(start, end), 1]], axis=1))
        return _distinct(np.concatenate(found))

    def _dissolved(self, pairs: Ints) -> tuple[Ints, Ints]:
        """The pairs without macros: who uses one calls what it calls."""
        by_macro = pairs[pairs[:, 0] < -1]
        direct = pairs[(pairs[:, 0] >= 0) & (pairs[:, 1] >= 0)]
        using = pairs[(pairs[:, 0] >= 0) & (pairs[:, 1] < -1)]
        by_macro = by_macro[np.argsort(by_macro[:, 0], kind="stable")]
        found = [direct]
        for _ in range(_MOST_NESTED):
            if not len(using):
                break
            start = np.searchsorted(by_macro[:, 0], using[:, 1])
            end = np.searchsorted(by_macro[:, 0], using[:, 1], side="right")
            opened = np.stack([np.repeat(using[:, 0], end - start), by_macro[_ranges(start, end), 1]], axis=1)
            found.append(opened[opened[:, 1] >= 0])
            using = _distinct(opened[opened[:, 1] < -1])
        every = _distinct(np.concatenate(found))
        return every[:, 0], every[:, 1]
