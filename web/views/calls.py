"""`/TREE/calls/FUNCTION`, `/TREE/path`, `/TREE/syscall/NAME`: edges of the call graph, paths and chains."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple
from weakref import WeakKeyDictionary

from flask import Blueprint
from flask import render_template

from web import arguments
from web import suggest
from web.errors import BadArgumentError
from web.errors import NotFoundError
from web.site import site
from xref.graph.callgraph import CallGraph
from xref.graph.contexts import Context
from xref.graph.contexts import contexts
from xref.graph.paths import Paths
from xref.index.query import Index
from xref.index.records import Edge

blueprint = Blueprint("calls", __name__)

#: edges shown in one direction, and lines of a system call's tree
_MOST_EDGES = 1000
_MOST_LINES = 300
_DEPTH = 5
#: one for each open index: what it has found out serves the next request
_graphs: WeakKeyDictionary[Index, CallGraph] = WeakKeyDictionary()


class Part(NamedTuple):
    """The edges of one function (of several of a name)."""

    node: str
    defined_at: str | None
    callers: list[Edge]
    callees: list[Edge]


def _graph(index: Index) -> CallGraph:
    graph = _graphs.get(index)
    if graph is None:
        graph = _graphs[index] = CallGraph(index)
    return graph


def _nodes(graph: CallGraph, name: str) -> list[str]:
    """The functions of a name.  Raises NotFoundError where there is none."""
    nodes = graph.nodes(name)
    if not nodes:
        index = graph.index
        raise NotFoundError(f"{index.tree} has no function {name}", suggest.identifiers(index, name))
    return nodes


def _context(known: dict[str, Context]) -> Context | None:
    name = arguments.choice("context", tuple(known))
    return known[name] if name else None


def by_place(edges: Sequence[Edge]) -> list[tuple[tuple[str, int], list[Edge]]]:
    """Edges by where control leaves the caller."""
    ordered = sorted(edges, key=lambda edge: (edge.file, edge.line))
    return [(place, list(group)) for place, group in groupby(ordered, lambda edge: (edge.file, edge.line))]


@blueprint.get("/<tree>/calls/<function>")
def page(tree: str, function: str) -> str:
    """Who calls a function, and what it calls, with the proof of each edge."""
    with site().indexes.lease(tree) as index:
        graph = _graph(index)
        parts = [
            Part(node, graph.defined_at(node), graph.callers(node)[:_MOST_EDGES], graph.callees(node)[:_MOST_EDGES])
            for node in _nodes(graph, function)
        ]
        return render_template("calls.html", tree=tree, name=function, parts=parts, by_place=by_place)


@blueprint.get("/<tree>/path")
def path(tree: str) -> str:
    """The best valid call paths between two functions."""
    start, goal = arguments.text("from"), arguments.text("to")
    with site().indexes.lease(tree) as index:
        graph = _graph(index)
        known = contexts(graph.places)
        context = _context(known)
        found: list[list[Edge]] = []
        cut = False
        if start and goal:
            paths = Paths(graph, context)
            for one in _nodes(graph, start):
                for other in _nodes(graph, goal):
                    result = paths.find(one, other)
                    found += result.paths
                    cut = cut or result.cut
        elif start or goal:
            raise BadArgumentError("from" if goal else "to", "name a function")
        found = sorted(found, key=len)[:1]
        return render_template(
            "path.html", tree=tree, start=start, goal=goal, contexts=known, context=context, found=found, cut=cut
        )


@blueprint.get("/<tree>/syscall/<name>")
def syscall(tree: str, name: str) -> str:
    """A system call from its entry point: what it calls, some levels deep, or the path to one function."""
    with site().indexes.lease(tree) as index:
        graph = _graph(index)
        known = contexts(graph.places)
        context = _context(known)
        functions = [node for each in graph.syscalls.functions_of(name) for node in graph.nodes(each)]
        if not functions:
            raise NotFoundError(f"{tree} has no system call {name}", suggest.identifiers(index, f"sys_{name}"))
        paths = Paths(graph, context)
        head = paths.entry(functions[0])
        rows = list(enumerate(head))
        below = paths.tree(functions[0], _DEPTH, _MOST_LINES)
        rows += [(len(head) + level, edge) for level, edge in below.rows]
        return render_template(
            "syscall.html", tree=tree, name=name, contexts=known, context=context, rows=rows, cut=below.cut
        )
