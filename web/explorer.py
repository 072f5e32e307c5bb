"""What the pages of the call graph show, as records: a page renders one, the API returns it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from collections.abc import Sequence
from itertools import groupby
from itertools import product
from typing import NamedTuple

from web import suggest
from web.arguments import page as page_number
from web.errors import BadArgumentError
from web.errors import NotFoundError
from web.kept import Kept
from web.languages import N_
from web.shapes import Listing
from web.shapes import paged
from web.site import site
from xref.graph import around
from xref.graph.around import Caller
from xref.graph.around import Picture
from xref.graph.around import Site
from xref.graph.callgraph import CallGraph
from xref.graph.contexts import Context
from xref.graph.paths import Paths
from xref.graph.paths import WhyNot
from xref.graph.reaching import Reach
from xref.graph.reaching import reaching_any
from xref.graph.trees import Tree
from xref.graph.trees import chain
from xref.index.records import Edge

#: rows of callers or call sites on one page, and functions of one site
PAGE = 40
BRANCHES = 40
#: functions of a picture; layout takes hundredths of a second up to this
MOST_DRAWN = 60
#: lines of a system call's tree, and how deep it goes
MOST_LINES = 300
DEPTH = 5
#: nodes that a search on the site looks at before it says that it gave up; a command looks at all
LOOK = 1_200


def chain_below(name: str, graph: CallGraph, paths: Paths) -> Tree:
    """What a system call does, some levels deep, from its entry point."""
    key = (*_asked(paths), "chain", name)
    return _chains_kept.get(
        site().indexes.stamp(), key, lambda: chain(paths, entry_of(graph, name), DEPTH, MOST_LINES)
    )


class Explored(NamedTuple):
    """A function in the call graph: its callers, a page of them, and its call sites, a page of them.

    others: further functions of the name, for macros and what has no body here none.
    """

    function: str
    node: str
    defined_at: str | None
    others: tuple[str, ...]
    callers: Listing[Caller]
    callers_ruled_out: int
    callees: Listing[Site]
    first_site: int


def nodes_of(graph: CallGraph, name: str) -> list[str]:
    """The functions of a name, the likeliest first.  Raises NotFoundError where there is none."""
    nodes = graph.nodes(name)
    if not nodes:
        raise _unknown(graph, name)
    return nodes


def _unknown(graph: CallGraph, name: str) -> NotFoundError:
    index = graph.index
    near = suggest.identifiers(index, name)
    return NotFoundError(N_("%(tree)s has no function %(name)s"), near, tree=index.tree, name=name)


def explored(graph: CallGraph, name: str, paths: Paths, part: str | None = None) -> Explored:
    """What stands around a function; `page` of the request is that of the part asked for, `callers` or `callees`."""
    number = page_number()
    pages = {each: number if part in (None, each) else 1 for each in ("callers", "callees")}
    if part is None:
        pages["callees"] = 1
    nodes = graph.nodes(name)
    if not nodes:
        return _of_macro(graph, name, pages)
    node = nodes[0]
    start = (pages["callers"] - 1) * PAGE
    some = around.callers(paths, node, start, PAGE)
    total = max(1, -(-some.total // PAGE))
    if pages["callers"] > total:
        raise BadArgumentError("page", N_("%(page)s is beyond the last, %(pages)s"), page=number, pages=total)
    callers = Listing(some.rows, some.total, pages["callers"], total)
    callees = paged(tuple(around.sites(paths, node)), pages["callees"], PAGE)
    first = (callees.page - 1) * PAGE
    return Explored(
        name, node, graph.defined_at(node), tuple(nodes[1:]), callers, some.ruled_out, callees, first
    )


def _of_macro(graph: CallGraph, name: str, pages: dict[str, int]) -> Explored:
    """A macro, or a function without a body here: who uses it, and what a macro's bodies call."""
    calls = graph
    users = sorted(calls.users(name), key=lambda edge: (edge.file, edge.caller, edge.line))
    inside = calls.of_macro(name)
    if not users and not inside and not calls.index.defined([name]):
        raise _unknown(graph, name)
    rows = [
        Caller(caller, defined_at, tuple(some))
        for (caller, defined_at), some in groupby(users, lambda edge: (edge.caller, edge.caller_def))
    ]
    sites = [
        Site(edge.file, edge.line, edge.kind, edge.via, False, (around.Branch(edge.callee, edge),), 0)
        for edge in inside
    ]
    place = next(iter(calls.places.all(name)), None)
    where = f"{place.file}:{place.line}" if place else None
    callees = paged(tuple(sites), pages["callees"], PAGE)
    first = (callees.page - 1) * PAGE
    return Explored(name, name, where, (), paged(tuple(rows), pages["callers"], PAGE), 0, callees, first)


def macro_picture(graph: CallGraph, name: str, kind: str) -> Picture:
    """A macro, or what has no body here, with those who use it and what it calls, as a picture."""
    found = _of_macro(graph, name, {"callers": 1, "callees": 1})
    users = [edge for row in found.callers.items for edge in row.edges if kind != "callees"]
    called = [branch.edge for site in found.callees.items for branch in site.branches if kind != "callers"]
    rows = [(1, edge._replace(callee_def=found.defined_at)) for edge in users]
    rows += [(1, edge._replace(caller_def=found.defined_at)) for edge in called]
    picture = around.of_tree(rows, MOST_DRAWN)
    return picture._replace(cut=picture.cut or found.callers.pages > 1)


def layers(edges: Iterable[Edge]) -> list[tuple[str, list[Edge]]]:
    """A path's steps by the directory of the function that each gets to: roughly, a kernel's layers."""
    return [(where, list(some)) for where, some in groupby(edges, lambda edge: layer(edge.callee_def))]


def layer(defined_at: str | None) -> str:
    """The directory that a definition stands in, "" where it is not known."""
    return (defined_at or "").rpartition(":")[0].rpartition("/")[0]


class Below(NamedTuple):
    """A call in a system call's tree, and what runs below it."""

    edge: Edge
    layer: str
    below: list[Below]


def nested(rows: Sequence[tuple[int, Edge]]) -> list[Below]:
    """Rows (depth, edge) as the tree that they are."""
    top: list[Below] = []
    open_at: list[list[Below]] = [top]
    for depth, edge in rows:
        here = Below(edge, layer(edge.callee_def), [])
        del open_at[depth + 1 :]
        open_at[-1].append(here)
        open_at.append(here.below)
    return top


class Between(NamedTuple):
    """The paths from one function to another; why there is none; whether the search gave up before its end."""

    paths: list[list[Edge]]
    why_not: WhyNot | None
    cut: bool


def binding(known: Iterable[Context], edges: Iterable[Edge]) -> list[Context]:
    """Those of the contexts that say which functions the pointers on a path hold."""
    through = [each.via for each in edges if each.kind == "field" and each.via]
    structs = {via.removeprefix("struct ").rpartition(".")[0] for via in through}
    return [each for each in known if structs & {bound.struct for bound in each.bindings}]


def between(graph: CallGraph, start: str, goal: str, paths: Paths, most: int, avoid: Sequence[str]) -> Between:
    """The best valid paths between two functions, each a name, a name@file or (the first) a system call's name.

    Found once for the page and the picture beside it.
    """
    key = (*_asked(paths), "between", start, goal, most, tuple(avoid))
    return _between_kept.get(
        site().indexes.stamp(), key, lambda: _between(graph, start, goal, paths, most, avoid), lambda: not paths.is_late
    )


def _asked(paths: Paths) -> tuple[str, str | None, str | None, bool]:
    """What tells searches apart: the tree, the architecture, the context, and whether what is put off counts."""
    index = paths.graph.index
    return index.tree, index.arch, paths.context and paths.context.name, paths.deferred


def _between(graph: CallGraph, start: str, goal: str, paths: Paths, most: int, avoid: Sequence[str]) -> Between:
    starts = graph.nodes(start)
    if not starts:
        starts = [node for name in graph.syscalls.functions_of(start) for node in graph.nodes(name)]
    starts = starts or nodes_of(graph, start)
    goals = nodes_of(graph, goal)
    avoided = [node for name in avoid for node in nodes_of(graph, name)]
    found: list[list[Edge]] = []
    cut = False
    for one, other in product(starts, goals):
        if paths.late():
            cut = True
            break
        result = paths.find(one, other, most, avoid=avoided, look=LOOK)
        found += result.paths
        cut = cut or result.cut
    found = sorted(found, key=len)[:most]
    reason = None if found else paths.why_not(starts, goals, cut=cut, avoided=bool(avoided))
    return Between(found, reason, cut)


def until() -> float:
    """When the searches of this request give up, by `time.monotonic()`."""
    return time.monotonic() + site().settings.path_seconds


def entry_of(graph: CallGraph, name: str) -> str:
    """The function of a system call.  Raises NotFoundError where the tree has none of that name."""
    calls = graph
    for each in calls.syscalls.functions_of(name):
        for node in calls.nodes(each):
            return node
    near = suggest.identifiers(calls.index, f"sys_{name}")
    raise NotFoundError(N_("%(tree)s has no system call %(name)s"), near, tree=calls.index.tree, name=name)


class SystemCall(NamedTuple):
    """A system call: its number where it has one, its name, its function and where that is, the table's line."""

    number: int | None
    name: str
    function: str
    defined_at: str | None
    evidence: str | None


def system_calls(graph: CallGraph) -> list[SystemCall]:
    """The system calls of a tree's tables in the order of their numbers, those behind a switch last."""
    calls = graph
    found: dict[str, SystemCall] = {}
    for entry in calls.syscalls.entries:
        node = next(iter(calls.nodes(entry.function)), None)
        if node is not None:
            name = entry.function.removeprefix("sys_")
            row = SystemCall(entry.number, name, node, calls.defined_at(node), entry.evidence)
            found.setdefault(f"{entry.number} {name}", row)
    known = {row.function for row in found.values()}
    for edge, node in calls.behind_switches():
        if node not in known:
            row = SystemCall(None, edge.callee.removeprefix("sys_"), node, edge.callee_def, f"{edge.file}:{edge.line}")
            found.setdefault(node, row)
    return list(found.values())


def reached(graph: CallGraph, function: str, paths: Paths) -> Reach:
    """The system calls that lead to a function, with a path each."""
    key = (*_asked(paths), "reached", function)

    def make() -> Reach:
        return reaching_any(graph, nodes_of(graph, function), paths.context, until=paths.until)

    return _reached_kept.get(site().indexes.stamp(), key, make, lambda: not paths.late())


#: what the last searches found; a page asks, and then the picture on it
_between_kept: Kept[Between] = Kept()
_reached_kept: Kept[Reach] = Kept()
_chains_kept: Kept[Tree] = Kept()
