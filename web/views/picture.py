"""`/TREE/graph.svg`, `.dot`, `.mmd`: a part of the call graph drawn, by what the explorer's pages ask for."""

from __future__ import annotations

from flask import Blueprint
from flask import Response
from flask import jsonify
from flask import url_for

from web import arguments
from web import describe
from web import explorer
from web import layout
from web.describe import Argument
from web.describe import answers
from web.errors import BadArgumentError
from web.graphs import context_of
from web.graphs import graph_of
from web.languages import N_
from web.site import site
from xref.graph import around
from xref.graph import drawing
from xref.graph.around import Dot
from xref.graph.around import Line
from xref.graph.around import Picture
from xref.graph.callgraph import CallGraph
from xref.graph.paths import Paths
from xref.index.records import plain

blueprint = Blueprint("picture", __name__)

_KINDS = ("both", "callers", "callees", "path", "chain", "reaches")
_ARGUMENTS = (
    Argument("kind", "What is drawn: what stands around `of`, paths `from` `to`, or a system call's tree.", _KINDS),
    Argument("of", "The function, or the system call.", example="tcp_sendmsg"),
    Argument("from", "With `kind=path`: the function that the paths begin with."),
    Argument("to", "With `kind=path`: the function that they lead to."),
    Argument("avoid", "With `kind=path`: functions that none goes through, with commas between."),
    Argument("most", "With `kind=path`: how many at most.", tuple(str(each) for each in range(1, 9))),
    Argument("depth", "How many calls around `of`.", ("1", "2", "3", "4")),
    Argument("deferred", "1: go through softirqs, timers and queues too.", bool),
    describe.CONTEXT,
)
#: lines in one picture; Graphviz' time grows with their number much faster than the picture gets clearer
_MOST_LINES = 110


def _picture(graph: CallGraph, kind: str) -> Picture:
    """What the request asks for."""
    deferred = arguments.flag("deferred")
    paths = Paths(graph, context_of(graph), deferred=deferred, until=explorer.until())
    if kind == "path":
        start, goal = arguments.text("from").strip(), arguments.text("to").strip()
        if not start or not goal:
            raise BadArgumentError("to" if start else "from", N_("name a function"))
        avoid = [each.strip() for each in arguments.text("avoid").split(",") if each.strip()][:20]
        most = int(arguments.choice("most", [str(each) for each in range(1, 9)]) or 1)
        return around.of_paths(explorer.between(graph, start, goal, paths, most, avoid).paths)
    name = arguments.text("of").strip()
    if not name:
        raise BadArgumentError("of", N_("name a function"))
    if kind == "chain":
        below = explorer.chain_below(name, graph, paths)
        return around.of_tree(below.rows, explorer.MOST_DRAWN)
    if kind == "reaches":
        return around.of_paths(each.path for each in explorer.reached(graph, name, paths).calls[:12])
    if not graph.nodes(name):
        return explorer.macro_picture(graph, name, kind)
    depth = int(arguments.choice("depth", ("1", "2", "3", "4")) or 2)
    ways = ("callers", "callees") if kind == "both" else (kind,)
    return around.around(paths, explorer.nodes_of(graph, name)[0], ways, depth, explorer.MOST_DRAWN)


def _asked(tree: str) -> tuple[str, Picture]:
    kind = arguments.choice("kind", _KINDS) or "both"
    with site().indexes.lease(tree) as index:
        picture = _picture(graph_of(index), kind)
    if len(picture.lines) > _MOST_LINES:
        picture = picture._replace(lines=picture.lines[:_MOST_LINES], cut=True)
    return kind, picture


@blueprint.get("/<tree>/graph.svg")
def svg(tree: str) -> Response:
    """The picture laid out: for a page (`bare`), or as a file."""
    bare = arguments.flag("bare")
    context = arguments.text("context") or None
    kind, picture = _asked(tree)

    def address(dot: Dot) -> str:
        name = dot.node if kind in ("both", "callers", "callees") else dot.node.partition("@")[0]
        return url_for("calls.page", tree=tree, function=name, context=context)

    def at(line: Line) -> str:
        edge = line.edges[0]
        return url_for("source.page", tree=tree, path=edge.file) + f"#L{edge.line}"

    across = kind in ("both", "callers", "callees")
    dot = "\n".join(drawing.dot(picture, across=across, labelled=False, address=address, at=at))
    titles = {f"n{place}": drawing.about(each) for place, each in enumerate(picture.dots)}
    titles |= {f"e{place}": drawing.said(each) for place, each in enumerate(picture.lines)}
    return _file(layout.svg(dot, titles, standing=not bare), "image/svg+xml", picture)


@blueprint.get("/<tree>/graph.<any(dot, mmd):form>")
def text(tree: str, form: str) -> Response:
    """The picture for Graphviz, or for Mermaid."""
    kind, picture = _asked(tree)
    across = kind in ("both", "callers", "callees")
    lines = drawing.dot(picture, across=across) if form == "dot" else drawing.mermaid(picture)
    response = _file("\n".join(lines) + "\n", "text/plain", picture)
    response.headers["Content-Disposition"] = f'inline; filename="calls.{form}"'
    return response


@blueprint.get("/api/v1/<tree>/graph")
@answers(Picture, *_ARGUMENTS)
def record(tree: str) -> Response:
    """The picture's functions and lines."""
    return jsonify(plain(_asked(tree)[1]))


def _file(body: str, kind: str, picture: Picture) -> Response:
    response = Response(body, mimetype=kind)
    response.headers["X-Nodes"] = str(len(picture.dots))
    response.headers["X-Cut"] = "1" if picture.cut else "0"
    return response
