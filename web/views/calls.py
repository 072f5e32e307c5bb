"""`/TREE/calls/FUNCTION`, `/TREE/path`, `/TREE/syscall/NAME`: edges of the call graph, paths and chains."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from flask import Blueprint
from flask import Response
from flask import render_template

from web import arguments
from web import describe
from web import suggest
from web.describe import Argument
from web.describe import answers
from web.errors import BadArgumentError
from web.errors import NotFoundError
from web.graphs import chosen_context
from web.graphs import context_of
from web.graphs import graph_of
from web.shapes import answer
from web.site import site
from xref.graph.callgraph import CallGraph
from xref.graph.contexts import Context
from xref.graph.contexts import contexts
from xref.graph.paths import Paths
from xref.graph.paths import Reached
from xref.graph.paths import reaching
from xref.index.records import Edge

blueprint = Blueprint("calls", __name__)

#: edges shown in one direction, and lines of a system call's tree
_MOST_EDGES = 1000
_MOST_LINES = 300
_DEPTH = 5


class Part(NamedTuple):
    """The edges of one function (of several of a name)."""

    node: str
    defined_at: str | None
    callers: list[Edge]
    callees: list[Edge]


def _nodes(graph: CallGraph, name: str) -> list[str]:
    """The functions of a name.  Raises NotFoundError where there is none."""
    nodes = graph.nodes(name)
    if not nodes:
        index = graph.index
        raise NotFoundError(f"{index.tree} has no function {name}", suggest.identifiers(index, name))
    return nodes


def by_place(edges: Sequence[Edge]) -> list[tuple[tuple[str, int], list[Edge]]]:
    """Edges by where control leaves the caller."""
    ordered = sorted(edges, key=lambda edge: (edge.file, edge.line))
    return [(place, list(group)) for place, group in groupby(ordered, lambda edge: (edge.file, edge.line))]


@blueprint.get("/<tree>/calls/<function>")
def page(tree: str, function: str) -> str:
    """Who calls a function, and what it calls, with the proof of each edge."""
    with site().indexes.lease(tree) as index:
        graph = graph_of(index)
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
        graph = graph_of(index)
        known = contexts(graph.places)
        context = chosen_context(known)
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
        graph = graph_of(index)
        known = contexts(graph.places)
        context = chosen_context(known)
        below = Paths(graph, context).chain(_entry(graph, name), _DEPTH, _MOST_LINES)
        return render_template(
            "syscall.html", tree=tree, name=name, contexts=known, context=context, rows=below.rows, cut=below.cut
        )


def _entry(graph: CallGraph, name: str) -> str:
    """The function of a system call.  Raises NotFoundError where the tree has none of that name."""
    index = graph.index
    for each in graph.syscalls.functions_of(name):
        for node in graph.nodes(each):
            return node
    raise NotFoundError(f"{index.tree} has no system call {name}", suggest.identifiers(index, f"sys_{name}"))


# -- the same as records ----------------------------------------------------------------------------------

_FROM = Argument("from", "The function that the path begins with.", required=True, example="sys_sendto")
_TO = Argument("to", "The function that it leads to.", required=True, example="tcp_sendmsg")


class Row(NamedTuple):
    """An edge below a system call, and how many levels below."""

    depth: int
    caller: str
    callee: str
    file: str
    line: int
    kind: str
    via: str | None
    evidence: str | None
    confidence: str
    caller_def: str | None
    callee_def: str | None
    chain: tuple[str, ...] | None
    only_after: tuple[str, ...] | None
    condition: str | None


@blueprint.get("/api/v1/<tree>/<any(callers, callees):which>/<function>")
@answers({"callers": list[Edge], "callees": list[Edge]})
def edge_records(tree: str, which: str, function: str) -> Response:
    """The edges into a function, or out of it."""
    with site().indexes.lease(tree) as index:
        graph = graph_of(index)
        found = graph.into(function) if which == "callers" else graph.out_of(function)
        if not found and not index.defined([function.partition("@")[0]]):
            raise NotFoundError(f"{tree} has no function {function}", suggest.identifiers(index, function))
        return answer(found)


@blueprint.get("/api/v1/<tree>/path")
@answers(list[list[Edge]], _FROM, _TO, describe.CONTEXT)
def path_records(tree: str) -> Response:
    """The best path between two functions, an array of edges each."""
    start, goal = arguments.text("from"), arguments.text("to")
    if not start or not goal:
        raise BadArgumentError("to" if start else "from", "name a function")
    with site().indexes.lease(tree) as index:
        graph = graph_of(index)
        paths = Paths(graph, context_of(graph))
        starts, goals = _nodes(graph, start), _nodes(graph, goal)
        found = [each for one in starts for other in goals for each in paths.find(one, other).paths]
        return answer(sorted(found, key=len)[:1])


@blueprint.get("/api/v1/<tree>/chain/<name>")
@answers(
    list[Row] | list[list[Edge]],
    Argument("name", "A system call's name, without `sys_`.", example="sendto"),
    Argument("to", "A function: give the path to it."),
    describe.CONTEXT,
)
def chain_records(tree: str, name: str) -> Response:
    """What a system call does, as edges with their depth; with `to` the path to that function."""
    goal = arguments.text("to")
    with site().indexes.lease(tree) as index:
        graph = graph_of(index)
        paths = Paths(graph, context_of(graph))
        entry = _entry(graph, name)
        if goal:
            found = [each for other in _nodes(graph, goal) for each in paths.find(entry, other).paths]
            head = paths.entry(entry)
            return answer([[*head, *each] for each in sorted(found, key=len)[:1]])
        below = paths.chain(entry, _DEPTH, _MOST_LINES)
        return answer([Row(level, *edge) for level, edge in below.rows])


@blueprint.get("/api/v1/<tree>/reaches/<function>")
@answers(list[Reached], describe.CONTEXT)
def reaching_records(tree: str, function: str) -> Response:
    """The system calls that lead to a function, with a path each."""
    with site().indexes.lease(tree) as index:
        graph = graph_of(index)
        context = context_of(graph)
        found = [each for node in _nodes(graph, function) for each in reaching(graph, node, context)]
        return answer(found)


@blueprint.get("/api/v1/<tree>/contexts")
@answers(list[Context])
def context_records(tree: str) -> Response:
    """The contexts that the tree has."""
    with site().indexes.lease(tree) as index:
        return answer(list(contexts(graph_of(index).places).values()))
