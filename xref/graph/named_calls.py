"""What a call by name means: a function, or what the bodies of a macro call."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterator
from functools import cached_property
from threading import local
from typing import NamedTuple

from xref.graph.handing_macros import node_of
from xref.graph.nodes import Nodes
from xref.graph.nodes import Step
from xref.graph.nodes import plain
from xref.index.memory import Memory
from xref.index.places import Place
from xref.index.query import Index
from xref.index.records import Edge

#: how a hidden call is one: see `flow.Hidden`
MADE, BODY, PASTED = "made", "body", "pasted"
_MOST_NESTED = 6

#: what the body of a macro calls: node, line, file, lines of the macros in it
Inner = tuple[str, int, str, tuple[str, ...]]


class Only(NamedTuple):
    """The edges wanted of a function, where those to others may be left out.

    names: those by which the callee is called, its own and macros'; None where that is not known
    pointed: can it be called through a pointer?
    opened: what of it the bodies of macros call, by macro and file
    """

    callee: str
    names: Collection[str] | None
    pointed: bool
    opened: dict[tuple[str, str], list[Inner]]

    def wants(self, called: str) -> bool:
        """Can a call by this name be one of the callee?"""
        return self.names is None or called in self.names


class _Opening(local):
    """The macros that a thread is about to open: one that calls itself is opened once."""

    def __init__(self) -> None:
        self.macros: set[tuple[str, str]] = set()


class NamedCalls(Nodes):
    """The calls by name in the texts of functions and macros."""

    def __init__(self, index: Index) -> None:
        super().__init__(index)
        self._macro_calls: Memory[tuple[str, str], list[Inner]] = Memory(30_000)
        self._by_scope: Memory[str, dict[str, list[tuple[str, int, int]]]] = Memory(1_500)
        self._opening = _Opening()

    @cached_property
    def _hiding(self) -> frozenset[str]:
        """The functions that have hidden calls."""
        return self.index.hiding()

    def _calls_in(self, place: Place) -> list[tuple[str, int, int]]:
        """(name, its symbol, line) of what a function or macro calls by name."""
        scopes = self._by_scope.get(place.file)
        if scopes is None:
            scopes = {}
            calls = self.index.named_calls(place.file)
            names = self.index.names({each for call in calls for each in (call[0], call[3]) if each})
            for symbol, line, _, scope in calls:
                if scope:
                    scopes.setdefault(names[scope], []).append((names[symbol], symbol, line))
            self._by_scope[place.file] = scopes
        return [call for call in scopes.get(place.name, ()) if place.line <= call[2] <= place.end_line]

    def _named(
        self, caller: str, caller_def: str, called: str, symbol: int, path: str, line: int, only: Only | None = None
    ) -> Iterator[Step]:
        """What a call by name means: a function, or the calls in a macro's body."""
        kind = self.index.call_kind(symbol, path, line)
        a_macro = self.places.best(called, ("macro",), path) is not None
        nodes: tuple[str, ...] = ()
        if kind == "direct":
            nodes = self._meanings.called(called, path)
        elif a_macro:
            nodes = self._meanings.besides_macro(called, path)
        for node in nodes:
            defined = self.defined_at(node)
            yield Step(node, Edge(caller, called, path, line, "direct", None, None, "exact", caller_def, defined))
        # a header that has both a function and a macro of the name has one for each configuration
        for callee, at, file, chain in self._inside(called, path, 0, only) if a_macro else ():
            edge = Edge(
                caller, plain(callee), path, line, "macro", called, f"{file}:{at}", "exact", caller_def,
                self.defined_at(callee), chain or None,
            )  # fmt: skip
            yield Step(callee, edge)

    def _inside(self, macro: str, path: str, depth: int, only: Only | None = None) -> list[Inner]:
        """What the bodies of a macro call."""
        best = self.places.best(macro, ("macro",), path)
        if best is None or depth > _MOST_NESTED or not self._meanings.sees(best, path):
            return []
        key = (macro, path)
        some = only is not None and only.names is not None
        known = only.opened.get(key) if only is not None and some else self._macro_calls.get(key)
        if known is not None or key in self._opening.macros:
            return known or []
        self._opening.macros.add(key)
        try:
            found = list(self._opened(macro, best.file, path, depth, only))
        finally:
            self._opening.macros.discard(key)
        if only is not None and some:
            only.opened[key] = found
        else:
            self._macro_calls[key] = found
        return found

    def _opened(
        self, macro: str, home: str, path: str, depth: int, only: Only | None
    ) -> Iterator[Inner]:
        """What a macro's bodies in the file `home`, or in headers for other configurations, call in `path`."""
        for place in self._meanings.macros(macro, home, path):
            for callee, line, through in self._handed_on(place):
                yield callee, line, place.file, (through,)
            for called, symbol, line in self._calls_in(place):
                if called == macro or not (only is None or only.wants(called)):
                    continue
                direct = self.index.call_kind(symbol, path) == "direct"
                meant = self._meanings.every if direct else self._meanings.besides_macro
                for node in meant(called, path):
                    yield node, line, place.file, ()
                for node, inner, file, chain in self._inside(called, path, depth + 1, only):
                    yield node, line, place.file, (f"{file}:{inner}", *chain)

    def _handed_on(self, macro: Place) -> Iterator[tuple[str, int, str]]:
        """(function, line, where it is called) of what a macro hands to others that call it."""
        node = node_of(macro.name, macro.file)
        rows = self.index.hidden_calls(function=node) if node in self._hiding else []
        for _, callee, file, line, _, _, through in rows:
            if file == macro.file and macro.line <= line <= macro.end_line:
                for node in self._meanings.with_declared(callee):
                    yield node, line, through

    def _handed(
        self, caller: str, caller_def: str | None, callee: str, file: str, line: int, macro: str, evidence: str,
        through: str,
    ) -> Iterator[Step]:  # fmt: skip
        """A call that a macro does of its argument, or of a name that it pastes; that can be a macro in its turn."""
        via = macro if through == PASTED or not macro else f"{macro} argument"
        before = () if through == PASTED or not macro else (through,)
        found: list[tuple[str, tuple[str, ...]]] = []
        if "@" in callee or self.nodes(callee):
            found += [(node, before) for node in self._meanings.with_declared(callee)]
        if "@" not in callee:
            inside = self._inside(callee, file, 0)
            found += [(each, (*before, f"{at_file}:{at}", *chain)) for each, at, at_file, chain in inside]
        for node, chain in found:
            edge = Edge(
                caller, plain(node), file, line, "macro" if macro else "direct", via or None, evidence, "exact",
                caller_def, self.defined_at(node), chain or None,
            )  # fmt: skip
            yield Step(node, edge)
