"""What a page of code asks for while it is read: the card of a name, the targets of a line's calls, a file's usage;
and the lines that are left out.

Records only; static/hover.js and static/targets.js show them.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from flask import Response
from flask import jsonify

from web import arguments
from web import describe
from web import suggest
from web.about import meaning_at
from web.describe import Argument
from web.describe import answers
from web.errors import BadArgumentError
from web.errors import NotFoundError
from web.graphs import graph_of
from web.languages import N_
from web.shapes import answer
from web.site import site
from web.views.conditions import asked
from web.views.conditions import branches
from xref.index.function_counts import Usage
from xref.index.function_counts import usage
from xref.index.meaning import Meaning
from xref.index.meaning import meaning
from xref.index.query import Index
from xref.index.records import Call
from xref.index.records import Edge
from xref.index.records import plain
from xref.parse.branches import Branch

blueprint = Blueprint("lookups", __name__)

#: comments are cut at so many characters; the longest are manuals
_MOST_COMMENT = 2000
_MOST_SIGNATURE = 600


@blueprint.get("/api/v1/<tree>/card/<name>")
@answers(
    Meaning,
    describe.FROM,
    Argument("line", "Where it stands in that file: a member is that of what stands before it.", int),
    Argument("column", "The column of its first byte, with `line`.", int),
    Argument("member", "1: it is read behind `.` or `->`, where no line is told.", bool),
    describe.ARCH,
)
def card(tree: str, name: str) -> Response:
    """What a name means: its definition, comment, and how many others have the name; of a member its struct."""
    path = arguments.path(arguments.text("from"), "from") or None
    member = arguments.flag("member")
    line = arguments.number("line") if arguments.text("line") else None
    column = arguments.number("column") if line is not None or arguments.text("column") else 0
    if line is not None and path is None:
        raise BadArgumentError("from", N_("must be given with line"))
    arch = arguments.choice("arch", site().indexes.facts(tree).archs)
    with site().indexes.lease(tree, arch) as index:
        if path is not None:
            _known(index, path)
        if path is not None and line is not None:
            found = meaning_at(index, name, path, line, column)
        else:
            found = meaning(graph_of(index).places, name, path, member=member)
        if found is None:
            near = suggest.identifiers(index, name)
            raise NotFoundError(N_("%(tree)s does not define %(name)s"), near, tree=tree, name=name)
    comment, definition = found.comment, found.definition
    if comment and len(comment) > _MOST_COMMENT:
        comment = comment[:_MOST_COMMENT] + "…"
    if len(definition.signature) > _MOST_SIGNATURE:
        definition = definition._replace(signature=definition.signature[:_MOST_SIGNATURE] + "…")
    return jsonify(plain(found._replace(definition=definition, comment=comment)))


@blueprint.get("/api/v1/<tree>/targets/<path:path>")
@answers(list[dict[str, Any]], Argument("line", "A line of the file.", int, required=True, example="1"))
def targets(tree: str, path: str) -> Response:
    """The calls through pointers on a line of a file, each with the functions it can reach and the proof of each.

    A call as in `calls`, with "total" the number of functions that can be the target, and "edges" to them: the first
    of each function, of those shown.
    """
    path = arguments.path(path)
    line = arguments.number("line")
    with site().indexes.lease(tree) as index:
        _known(index, path)
        found = graph_of(index).at(path, line)
    return answer([_reached(call, edges) for call, edges in found])


@blueprint.get("/api/v1/<tree>/usage/<path:path>")
@answers(list[Usage])
def usage_records(tree: str, path: str) -> Response:
    """The functions that a file defines, each with how many call it by name and how often its address is stored."""
    path = arguments.path(path)
    with site().indexes.lease(tree) as index:
        _known(index, path)
        return answer(usage(index, path))


@blueprint.get("/api/v1/<tree>/left-out/<path:path>")
@answers(
    list[Branch],
    Argument("arch", "The architecture that is compiled for."),
    Argument("config", "The configuration: a file of the tree, or options with commas between."),
)
def left_out_records(tree: str, path: str) -> Response:
    """The lines of a file that `arch` and `config` leave out: first, last, the condition, and the facts that decide."""
    path = arguments.path(path)
    wanted = asked(tree)
    with site().indexes.lease(tree, wanted.arch) as index:
        _known(index, path)
        return answer(branches(index, path, wanted))


def _known(index: Index, path: str) -> None:
    """Raises NotFoundError for a file that the tree does not have."""
    if not index.has(path):
        near = suggest.paths(index, path)
        raise NotFoundError(N_("%(tree)s has no file or directory %(path)s"), near, tree=index.tree, path=path)


def _reached(call: Call, edges: list[Edge]) -> dict[str, Any]:
    """A call with its targets: each function once, by its first edge, with how many places store it."""
    first: dict[tuple[str, str | None], Edge] = {}
    places: dict[tuple[str, str | None], int] = {}
    for edge in edges:
        key = (edge.callee, edge.callee_def)
        first.setdefault(key, edge)
        places[key] = places.get(key, 0) + 1
    shown = list(first.items())[: site().settings.most_targets]
    confidences = {edge.confidence for edge in first.values()}
    known = call._replace(
        targets=tuple(dict.fromkeys(edge.callee for edge in first.values())),
        confidence=next((each for each in ("name", "typed", "exact") if each in confidences), None),
    )
    return {
        **known._asdict(),
        "total": len(first),
        "edges": [{**edge._asdict(), "places": places[key]} for key, edge in shown],
    }
