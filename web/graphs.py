"""The call graph behind the pages: one for each tree of each state of the file, shared by all threads.

What is found out about a tree (who may call whom, what a pointer can hold, what is put off) serves the next request on
whatever thread.  An `Index`, though, serves one thread at a time: so the shared graph reads through whichever index the
thread that asks has leased.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any
from typing import NamedTuple
from typing import cast
from weakref import WeakKeyDictionary

from web import arguments
from xref.graph.callgraph import CallGraph
from xref.graph.contexts import Context
from xref.graph.contexts import contexts
from xref.index.query import Index
from xref.index.reading import State

#: graphs kept: those of a few trees and architectures; one of a whole kernel takes some hundreds of MB
_MOST = 3



class _Lent(threading.local):
    """The index that a thread has leased."""

    index: Index | None = None


class _Borrowing:
    """Reads as an Index does, by the index of the thread that asks."""

    def __init__(self) -> None:
        self._lent = _Lent()

    def lend(self, index: Index) -> None:
        self._lent.index = index

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lent.index, name)


class _Shared(NamedTuple):
    """A graph, and through what it reads."""

    graph: CallGraph
    reads: _Borrowing


_graphs: OrderedDict[State, _Shared] = OrderedDict()
_lock = threading.Lock()
_contexts: WeakKeyDictionary[CallGraph, dict[str, Context]] = WeakKeyDictionary()


def graph_of(index: Index) -> CallGraph:
    """The call graph of an index that is leased, for as long as it is."""
    with _lock:
        shared = _graphs.get(index.state)
        if shared is None:
            reads = _Borrowing()
            shared = _graphs[index.state] = _Shared(CallGraph(cast(Index, reads)), reads)
            for state in [each for each in _graphs if each.file != index.file_state]:
                del _graphs[state]  # the file has been replaced
            while len(_graphs) > _MOST:
                _graphs.popitem(last=False)
        _graphs.move_to_end(index.state)
        shared.reads.lend(index)
    return shared.graph


def prepare(index: Index) -> None:
    """Work out what the first reader of the graph would wait seconds for."""
    graph = graph_of(index)
    contexts_of(graph)
    _ = graph.deferrals.by_callee, graph.adjacency.callers("")


def contexts_of(graph: CallGraph) -> dict[str, Context]:
    """The contexts that the tree has."""
    known = _contexts.get(graph)
    if known is None:
        known = _contexts[graph] = contexts(graph.places)
    return known


def chosen_context(known: dict[str, Context]) -> Context | None:
    """The context that the request names.  Raises BadArgumentError for one that the tree does not have."""
    name = arguments.choice("context", tuple(known))
    return known[name] if name else None


def context_of(graph: CallGraph) -> Context | None:
    """The context that the request names, of those that the tree has."""
    return chosen_context(contexts_of(graph))
