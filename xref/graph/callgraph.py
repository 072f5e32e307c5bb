"""The call graph: edges out of and into a function, each with its proof, and all edges at once for searches.

Made of layers: `nodes`, `named_calls`, `callees`, `callers`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from threading import Lock
from weakref import WeakValueDictionary

from xref.graph.adjacency import Adjacency
from xref.graph.callers import Callers
from xref.graph.deferrals import DEFERRED
from xref.graph.kept import kept_adjacency
from xref.graph.list_heads import ListHeads
from xref.graph.meanings import BODIES
from xref.graph.nodes import plain
from xref.graph.syscalls import SWITCHES
from xref.index.query import Index
from xref.index.reading import State
from xref.index.records import Edge

_making = Lock()
_adjacencies: WeakValueDictionary[State, Adjacency] = WeakValueDictionary()


class CallGraph(Callers):
    """The functions of one tree.  Threads may share one whose index knows them apart: see web/graphs.py."""

    def __init__(self, index: Index) -> None:
        super().__init__(index)
        self.lists = ListHeads(self)

    def candidates(self, node: str) -> list[str]:
        """The functions that may have an edge into this one: a few too many, none too few.  By name.

        Unlike `caller_nodes` it reads no text: with thousands of callers it is the way to show some of them.
        """
        found = set(self.adjacency.callers(node))
        for slot in self._names_of(node):
            found.update(row[3] for row in self.index.sites(slot=slot) if row[3])
        for slot in self.pointers.slots_of(node):
            if self.lists.may_be_run(slot):
                sites = self.index.sites(slot=slot)
                found.update(row[3] for row in sites if row[3] and self.lists.is_run(row[3], slot))
        return sorted(found)

    def behind_switches(self) -> Iterator[tuple[Edge, str]]:
        """The system calls that another chooses by a number (sys_socketcall): the edge, and the function's node."""
        for name in SWITCHES:
            for node in self.nodes(name):
                for step in self.out(node):
                    if plain(step.callee).startswith("sys_") and step.edge.kind == "direct":
                        yield step.edge, step.callee

    @cached_property
    def adjacency(self) -> Adjacency:
        """All edges but those that go by a name alone, for searches through the whole tree.

        Shared by all who read the same state of a tree: it takes seconds to make, and is never changed.
        """
        with _making:
            known = _adjacencies.get(self.index.state)
            if known is None:
                known = _adjacencies[self.index.state] = kept_adjacency(self.index, self._gathered)
            return known

    def _gathered(self) -> Adjacency:
        return Adjacency.of(self.index, self._through_all())

    def _through_all(self) -> Iterator[tuple[str, str, bool]]:
        """(caller, callee, is it deferred) of each edge that is no call by name."""
        self.pointers.load()
        for function, slot in self.index.every_site():
            if not slot.startswith("N:"):
                is_run = self.lists.is_run(function, slot)
                for target in self.pointers.targets(slot):
                    givers = self.lists.givers(function, slot, target) if is_run else None
                    for caller in (function,) if givers is None else givers:
                        yield caller, target.function, slot in DEFERRED or target.member in DEFERRED
        for function, callee, file in self.index.every_hidden_call():
            for node in self._meanings.with_declared(callee):
                yield function, node, False
            for node in () if "@" in callee else self._in_macro(callee, file):
                yield function, node, False
        for function, callee in self._through_made():
            yield function, callee, False
        for caller, every in self.deferrals.by_caller.items():
            for each in every:
                yield caller, each.callee, True
        for entrance in self.syscalls.entrances:
            for entry in self.syscalls.entries:
                if entry.table == entrance.table:
                    for prefix in ("", *self.syscalls.prefixes.get(entrance.caller, ())):
                        for callee in self.nodes(prefix + entry.function):
                            yield entrance.caller, callee, False
        runner = self._runner()
        for name in self.syscalls.initcalls if runner is not None else ():
            for callee in self.nodes(name):
                yield str(runner), callee, False
        for handler, places in self.syscalls.trapping.items():
            for place in places:
                for callee in self.nodes(handler):
                    yield place.identity, callee, False

    def _through_made(self) -> Iterator[tuple[str, str]]:
        """(caller, callee) of the functions that macros make, with the block behind them as if they called it."""
        meant: dict[tuple[str, str], list[str]] = {}
        for function, callee, file in self.index.every_made_call():
            if "@" in callee:
                yield function, callee
                continue
            if (callee, file) not in meant:
                meant[callee, file] = self.nodes(callee) + self._in_macro(callee, file)
            for each in meant[callee, file]:
                yield function, each
        for caller, calls in self._asm_made.items():
            for call in calls:
                for each in self.nodes(call.callee):
                    yield caller, each

    def _in_macro(self, name: str, path: str) -> list[str]:
        """The nodes that a macro's bodies call where a file uses it."""
        return [inside[0] for inside in self._inside(name, path, 0)]

    def everything(self) -> Iterator[Edge]:
        """Every edge of the tree."""
        for name in sorted(self.index.names_of_kinds(BODIES)):
            for node in self.nodes(name):
                yield from self.callees(node)
        for node in sorted(self._asm_made):
            if not self.places.all(node) or self.nodes(node) == [node]:
                yield from self.callees(node)
