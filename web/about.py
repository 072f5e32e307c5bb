"""All that the page of a name tells, gathered from the index and the call graph: pages and records are made of it."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from typing import NamedTuple
from weakref import WeakKeyDictionary

from web.graphs import graph_of
from xref.graph.callgraph import CallGraph
from xref.graph.linkage import arch_of
from xref.graph.macro_bodies import MacroBodies
from xref.graph.member_at import Members
from xref.graph.members import Enumerator
from xref.graph.members import Held
from xref.graph.members import Holdings
from xref.graph.members import Layouts
from xref.graph.members import Member
from xref.index.meaning import Meaning
from xref.index.places import Place
from xref.index.query import Index
from xref.index.records import Definition
from xref.index.records import Edge
from xref.parse.expansion import Opened

#: functions shown as callers and as callees; the call explorer has all
_MOST_NEIGHBOURS = 12
#: callers looked at, where a filter or the architecture decides which are shown
_MOST_LOOKED_AT = 120
#: edges looked at of one function
_MOST_EDGES = 400
#: definitions of a kind whose parts are shown, since alternatives stand in one file under conditions
_MOST_BODIES = 4
_TAGGED = ("struct", "union", "typedef")


class Neighbour(NamedTuple):
    """A function beside this one in the call graph, with the edges between the two."""

    name: str
    defined_at: str | None
    edges: list[Edge]


class Calls(NamedTuple):
    """Some of the callers and callees of the functions of a name; more: there are others."""

    callers: list[Neighbour]
    more_callers: bool
    callees: list[Neighbour]
    more_callees: bool


class Shape(NamedTuple):
    """A struct or union: its members in order, and which functions those hold."""

    definition: Definition
    tag: str
    members: list[Member]
    held: dict[str, Held]


class Choice(NamedTuple):
    """An enum, or the one that an enumerator is in."""

    definition: Definition
    enumerators: list[Enumerator]


class MacroBody(NamedTuple):
    """A macro as written, and opened one step (None where no macro is in it)."""

    definition: Definition
    written: str
    opened: Opened | None
    value: int | None


class About(NamedTuple):
    """What a name is made of, by what its definitions are."""

    shapes: list[Shape]
    choices: list[Choice]
    macros: list[MacroBody]
    #: by struct, of the members of this name
    held: list[Held]
    calls: Calls | None


def about(
    index: Index,
    name: str,
    definitions: Sequence[Definition],
    *,
    first_only: bool = False,
    keeps: Callable[[str], bool] | None = None,
) -> About:
    """What is behind these definitions of a name; `first_only`: the calls of the first alone, not of its namesakes.

    `keeps` says which files' calls are wanted; all are where it is not given.
    """
    graph = graph_of(index)
    layouts, bodies, holdings, _ = _readers_of(graph)
    kinds = {each.kind for each in definitions}
    return About(
        _shapes(graph, layouts, holdings, definitions),
        _choices(graph, layouts, bodies, definitions),
        [
            MacroBody(each, bodies.written(place), bodies.opened(place), bodies.value(name, place.file))
            for each in [each for each in definitions if each.kind == "macro"][:_MOST_BODIES]
            if (place := _place(graph, each)) is not None
        ],
        holdings.of_member(name) if "member" in kinds else [],
        _calls(graph, _nodes(graph, name, definitions, first_only), definitions, keeps)
        if kinds & {"function", "label"}
        else None,
    )


def _nodes(graph: CallGraph, name: str, definitions: Sequence[Definition], first_only: bool) -> list[str]:
    """The likeliest functions of a name in the call graph, or the one that the first definition is."""
    own = node_of(graph, definitions[0]) if first_only and definitions else None
    return [own] if own else graph.nodes(name)[:_MOST_BODIES]


def node_of(graph: CallGraph, definition: Definition) -> str | None:
    """How the call graph calls a function; None for what is none."""
    place = _place(graph, definition) if definition.kind in ("function", "label") else None
    return place.identity if place is not None else None


class _Readers(NamedTuple):
    layouts: Layouts
    bodies: MacroBodies
    holdings: Holdings
    members: Members


_readers: WeakKeyDictionary[CallGraph, _Readers] = WeakKeyDictionary()


def _readers_of(graph: CallGraph) -> _Readers:
    """What reads the definitions of a tree: it remembers, so that it is kept with the graph."""
    found = _readers.get(graph)
    if found is None:
        places = graph.places
        layouts, holdings = Layouts(places), Holdings(graph.index, graph.pointers)
        members = Members(places, layouts, holdings)
        found = _readers[graph] = _Readers(layouts, MacroBodies(places), holdings, members)
    return found


def _place(graph: CallGraph, definition: Definition) -> Place | None:
    wanted = (definition.kind, definition.file, definition.line, definition.column)
    return next(
        (each for each in graph.places.all(definition.name) if (each.kind, *each[2:5]) == wanted), None
    )


def _shapes(
    graph: CallGraph, layouts: Layouts, holdings: Holdings, definitions: Sequence[Definition]
) -> list[Shape]:
    found: list[Shape] = []
    for each in definitions:
        place = _place(graph, each) if each.kind in _TAGGED and len(found) < _MOST_BODIES else None
        members = layouts.members(place) if place is not None else []
        body = layouts.body(place) if place is not None and members else None
        if body is not None:
            tag = body.tag or each.name
            found.append(Shape(each, tag, members, holdings.of_struct(tag)))
    return found


def _choices(
    graph: CallGraph, layouts: Layouts, bodies: MacroBodies, definitions: Sequence[Definition]
) -> list[Choice]:
    found: list[Choice] = []
    for each in definitions:
        wanted = each.kind in ("enum", "typedef", "enumerator") and len(found) < _MOST_BODIES
        place = _place(graph, each) if wanted else None
        if place is not None:
            enumerators = layouts.enumerators(place, lambda name, path=each.file: bodies.value(name, path))  # type: ignore[misc]
            found += [Choice(each, enumerators)] if enumerators else []
    return found


def _calls(
    graph: CallGraph,
    nodes: Sequence[str],
    definitions: Sequence[Definition],
    keeps: Callable[[str], bool] | None,
) -> Calls:
    """Callers and callees of some functions, few of each.

    One name may be a function of each architecture.  The calls of the one that is shown first come first.
    """
    own = {arch_of(each.file) for each in definitions}
    chosen = keeps is not None or len(own) > 1
    callers: list[Edge] = []
    callees: list[Edge] = []
    most = _MOST_LOOKED_AT if chosen else _MOST_NEIGHBOURS + 1
    more = False
    for node in nodes:
        some = graph.some_callers(node, most)
        more = more or len({each.caller for each in some}) >= most
        callers += some
        callees += [step.edge for step in graph.out(node)]
    if keeps is not None:
        callers = [each for each in callers if keeps(each.file)]
        callees = [each for each in callees if keeps(each.file)]
    if chosen and definitions:
        alike = (None, arch_of(definitions[0].file))
        callers.sort(key=lambda each: arch_of(each.file) not in alike)
        callees.sort(key=lambda each: arch_of(each.file) not in alike)
    into = _neighbours([(edge.caller, edge.caller_def, edge) for edge in callers])
    out = _neighbours([(edge.callee, edge.callee_def, edge) for edge in callees[:_MOST_EDGES]])
    return Calls(
        into[:_MOST_NEIGHBOURS],
        more or len(into) > _MOST_NEIGHBOURS,
        out[: 2 * _MOST_NEIGHBOURS],
        len(out) > 2 * _MOST_NEIGHBOURS or len(callees) > _MOST_EDGES,
    )


def _neighbours(edges: Sequence[tuple[str, str | None, Edge]]) -> list[Neighbour]:
    """Edges by the function at their other end, in the order of the first of each."""
    found: dict[tuple[str, str | None], list[Edge]] = {}
    for name, at, edge in edges:
        found.setdefault((name, at), []).append(edge)
    return [Neighbour(name, at, some) for (name, at), some in found.items()]


def holders(index: Index, definitions: Sequence[Definition]) -> dict[tuple[str, int], str]:
    """For members and enumerators what they are in, by file and line: `struct sock`."""
    layouts = _readers_of(graph_of(index)).layouts
    found = {}
    for each in definitions:
        if each.kind in ("member", "enumerator"):
            place = layouts.holder(each.file, each.line)
            if place is not None:
                found[each.file, each.line] = f"{place.kind} {place.name}" if place.kind != "typedef" else place.name
    return found


def held_by(index: Index, name: str) -> list[Held]:
    """Which functions the members of a name hold, by struct."""
    return _readers_of(graph_of(index)).holdings.of_member(name)


def meaning_at(index: Index, name: str, path: str, line: int, column: int) -> Meaning | None:
    """What a name means where it stands in a file, columns in bytes; None where the tree does not define it."""
    return _readers_of(graph_of(index)).members.meaning(name, path, line, column)
