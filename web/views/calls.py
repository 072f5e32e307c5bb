"""`/TREE/calls/FUNCTION`, `/TREE/path`, `/TREE/syscall/NAME`, `/TREE/reaches/FUNCTION`: the call graph explored."""

from __future__ import annotations

from typing import Any
from typing import NamedTuple

from flask import Blueprint
from flask import Response
from flask import jsonify
from flask import render_template
from flask import url_for

from web import arguments
from web import describe
from web import explorer
from web import quote
from web import suggest
from web.describe import Argument
from web.describe import Header
from web.describe import answers
from web.errors import BadArgumentError
from web.errors import NotFoundError
from web.graphs import context_of
from web.graphs import contexts_of
from web.graphs import graph_of
from web.languages import N_
from web.shapes import answer
from web.site import site
from xref.graph.callgraph import CallGraph
from xref.graph.contexts import Context
from xref.graph.paths import Paths
from xref.graph.reaching import Reached
from xref.index.query import Index
from xref.index.records import Edge
from xref.index.records import plain

blueprint = Blueprint("calls", __name__)

_MOST_PATHS = ("1", "2", "3", "5", "8")
_PARTS = ("callers", "callees")
_DEPTHS = ("1", "2", "3", "4")


def _paths(graph: CallGraph, *, deferred: bool = False) -> Paths:
    return Paths(graph, context_of(graph), deferred=deferred, until=explorer.until())


def _quotes(index: Index, edges: list[Edge]) -> dict[tuple[str, int], str]:
    """The source lines at which edges leave their callers."""
    return quote.lines(index, ((edge.file, edge.line) for edge in edges), site().settings.longest_quote)


@blueprint.get("/<tree>/calls/<path:function>")
def page(tree: str, function: str) -> str:
    """Who calls a function, and what it calls, with the proof of each edge; `part` is one half, for the tree."""
    part = arguments.choice("part", _PARTS)
    bare = arguments.flag("bare")
    with site().indexes.lease(tree) as index:
        graph = graph_of(index)
        known = contexts_of(graph)
        paths = _paths(graph)
        found = explorer.explored(graph, function, paths, part)
        edges = [edge for row in found.callers.items for edge in row.edges[:1] if part != "callees"]
        edges += [site.branches[0].edge for site in found.callees.items if site.branches and part != "callers"]
        return render_template(
            "branches.html" if bare else "calls.html",
            tree=tree,
            name=function,
            found=found,
            part=part,
            contexts=known,
            context=paths.context,
            quotes=_quotes(index, edges),
            show=arguments.choice("show", (*_PARTS, "both")) or "both",
            depth=arguments.choice("depth", _DEPTHS) or "1",
            most_branches=explorer.BRANCHES,
            arch=index.arch,
            address=lambda **changed: url_for(
                "calls.page", tree=tree, function=function, context=paths.context and paths.context.name, **changed
            ),
        )


@blueprint.get("/<tree>/path")
def path(tree: str) -> str:
    """The best valid call paths between two functions, or why there is none."""
    start, goal = arguments.text("from").strip(), arguments.text("to").strip()
    most = int(arguments.choice("most", _MOST_PATHS) or 1)
    avoid = [each.strip() for each in arguments.text("avoid").split(",") if each.strip()][:20]
    deferred = arguments.flag("deferred")
    with site().indexes.lease(tree) as index:
        graph = graph_of(index)
        found = None
        paths = _paths(graph, deferred=deferred)
        if start and goal:
            found = explorer.between(graph, start, goal, paths, most, avoid)
        elif start:
            raise BadArgumentError("to", N_("name a function"))
        edges = [edge for each in found.paths for edge in each] if found else []
        return render_template(
            "path.html",
            tree=tree,
            start=start,
            goal=goal,
            most=most,
            mosts=_MOST_PATHS,
            avoid=", ".join(avoid),
            deferred=deferred,
            contexts=contexts_of(graph),
            context=paths.context,
            binding=[] if paths.context else explorer.binding(contexts_of(graph).values(), edges),
            found=found,
            layers=explorer.layers,
            layer=explorer.layer,
            quotes=_quotes(index, edges),
            asked={
                "kind": "path", "from": start, "to": goal, "most": most, "avoid": ",".join(avoid) or None,
                "deferred": "1" if deferred else None, "context": paths.context and paths.context.name,
            },
        )  # fmt: skip


@blueprint.get("/<tree>/syscall/")
def syscalls(tree: str) -> str:
    """The system calls of a tree."""
    wanted = arguments.text("q").strip().lower()
    with site().indexes.lease(tree) as index:
        found = explorer.system_calls(graph_of(index))
        rows = [row for row in found if wanted in row.name.lower()]
        return render_template("syscalls.html", tree=tree, rows=rows, total=len(found), wanted=wanted)


@blueprint.get("/<tree>/syscall/<name>")
def syscall(tree: str, name: str) -> str:
    """A system call from its entry point: what it calls, some levels deep."""
    with site().indexes.lease(tree) as index:
        graph = graph_of(index)
        paths = _paths(graph)
        entry = explorer.entry_of(graph, name)
        below = explorer.chain_below(name, graph, paths)
        return render_template(
            "syscall.html",
            tree=tree,
            name=name,
            entry=entry,
            defined_at=graph.defined_at(entry),
            contexts=contexts_of(graph),
            context=paths.context,
            rows=explorer.nested(below.rows),
            total=len(below.rows),
            cut=below.cut,
            asked={"kind": "chain", "of": name, "context": paths.context and paths.context.name},
        )


@blueprint.get("/<tree>/reaches/<path:function>")
def reaches(tree: str, function: str) -> str:
    """The system calls that lead to a function, with a path each."""
    with site().indexes.lease(tree) as index:
        graph = graph_of(index)
        paths = _paths(graph)
        found = explorer.reached(graph, function, paths)
        return render_template(
            "reaches.html", tree=tree, name=function, found=found, contexts=contexts_of(graph), context=paths.context
        )


# -- the same as records ----------------------------------------------------------------------------------

_FROM = Argument("from", "The function that the path begins with.", required=True, example="sys_sendto")
_TO = Argument("to", "The function that it leads to.", required=True, example="tcp_sendmsg")
_DEFERRED = Argument("deferred", "1: go through softirqs, timers and queues too.", bool)


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


@blueprint.get("/api/v1/<tree>/calls/<path:function>")
@answers(explorer.Explored, Argument("part", "Of which list `page` is.", _PARTS), describe.CONTEXT, describe.PAGE)
def explored_record(tree: str, function: str) -> Response:
    """What the explorer shows of a function: a page of its callers and of its call sites."""
    with site().indexes.lease(tree) as index:
        graph = graph_of(index)
        found = explorer.explored(graph, function, _paths(graph), arguments.choice("part", _PARTS))
        return jsonify(plain(found))


@blueprint.get("/api/v1/<tree>/functions")
@answers(list[str], Argument("q", "What the names begin with.", example="tcp_send"))
def function_names(tree: str) -> Response:
    """Names of functions that begin as `q` does, for completion."""
    begins = arguments.text("q").strip()
    with site().indexes.lease(tree) as index:
        graph = graph_of(index)
        names = index.complete(begins, 60) if begins else []
        return answer([name for name in names if graph.nodes(name)][:20])


@blueprint.get("/api/v1/<tree>/<any(callers, callees):which>/<path:function>")
@answers({"callers": list[Edge], "callees": list[Edge]})
def edge_records(tree: str, which: str, function: str) -> Response:
    """The edges into a function, or out of it."""
    with site().indexes.lease(tree) as index:
        graph = graph_of(index)
        found = graph.into(function) if which == "callers" else graph.out_of(function)
        if not found and not index.defined([function.partition("@")[0]]):
            near = suggest.identifiers(index, function)
            raise NotFoundError(N_("%(tree)s has no function %(name)s"), near, tree=tree, name=function)
        return answer(found)


@blueprint.get("/api/v1/<tree>/path")
@answers(
    list[list[Edge]],
    _FROM,
    _TO,
    describe.CONTEXT,
    _DEFERRED,
    Argument("most", "How many paths at most.", tuple(_MOST_PATHS)),
    Argument("avoid", "Functions that no path goes through, with commas between."),
    Header("X-Cut", "1 where the search gave up before its end."),
    Header("X-Why-Not", "Why there is no path."),
)
def path_records(tree: str) -> Response:
    """The best paths between two functions, an array of edges each; an empty one says why in a header."""
    start, goal = arguments.text("from").strip(), arguments.text("to").strip()
    if not start or not goal:
        raise BadArgumentError("to" if start else "from", N_("name a function"))
    most = int(arguments.choice("most", _MOST_PATHS) or 1)
    avoid = [each.strip() for each in arguments.text("avoid").split(",") if each.strip()][:20]
    with site().indexes.lease(tree) as index:
        graph = graph_of(index)
        paths = _paths(graph, deferred=arguments.flag("deferred"))
        found = explorer.between(graph, start, goal, paths, most, avoid)
        response = answer(_edge_lists(found.paths))
        response.headers["X-Cut"] = "1" if found.cut else "0"
        if found.why_not is not None:
            response.headers["X-Why-Not"] = found.why_not.reason
        return response


def _edge_lists(paths: list[list[Edge]]) -> list[list[dict[str, Any]]]:
    return [[edge._asdict() for edge in each] for each in paths]


@blueprint.get("/api/v1/<tree>/syscalls")
@answers(list[explorer.SystemCall])
def syscall_records(tree: str) -> Response:
    """The system calls of a tree."""
    with site().indexes.lease(tree) as index:
        return answer(explorer.system_calls(graph_of(index)))


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
        paths = _paths(graph)
        entry = explorer.entry_of(graph, name)
        if goal:
            goals = explorer.nodes_of(graph, goal)
            found = [each for other in goals for each in paths.find(entry, other, look=explorer.LOOK).paths]
            head = paths.entry(entry)
            return answer(_edge_lists([[*head, *each] for each in sorted(found, key=len)[:1]]))
        below = explorer.chain_below(name, graph, paths)
        return answer([{"depth": level, **edge._asdict()} for level, edge in below.rows])


@blueprint.get("/api/v1/<tree>/reaches/<path:function>")
@answers(
    list[Reached],
    describe.CONTEXT,
    Header("X-Unknown", "System calls of which it was not found out within bounds, with commas between."),
)
def reaching_records(tree: str, function: str) -> Response:
    """The system calls that lead to a function, with a path each."""
    with site().indexes.lease(tree) as index:
        graph = graph_of(index)
        found = explorer.reached(graph, function, _paths(graph))
        response = answer(found.calls)
        response.headers["X-Unknown"] = ",".join(found.unknown)
        return response


@blueprint.get("/api/v1/<tree>/contexts")
@answers(list[Context])
def context_records(tree: str) -> Response:
    """The contexts that the tree has."""
    with site().indexes.lease(tree) as index:
        return answer(list(contexts_of(graph_of(index)).values()))
