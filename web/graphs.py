"""The call graph behind the pages: one for each open index, because what it has found out serves the next request."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from web import arguments
from xref.graph.callgraph import CallGraph
from xref.graph.contexts import Context
from xref.graph.contexts import contexts
from xref.index.query import Index

_graphs: WeakKeyDictionary[Index, CallGraph] = WeakKeyDictionary()


def graph_of(index: Index) -> CallGraph:
    """The call graph of an index that is leased."""
    graph = _graphs.get(index)
    if graph is None:
        graph = _graphs[index] = CallGraph(index)
    return graph


def chosen_context(known: dict[str, Context]) -> Context | None:
    """The context that the request names.  Raises BadArgumentError for one that the tree does not have."""
    name = arguments.choice("context", tuple(known))
    return known[name] if name else None


def context_of(graph: CallGraph) -> Context | None:
    """The context that the request names, of those that the tree has."""
    return chosen_context(contexts(graph.places)) if arguments.text("context") else None
