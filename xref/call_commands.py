"""The commands that follow calls: edges into and out of a function, paths, chains, what reaches it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from xref import console
from xref import hints
from xref import show_calls
from xref.options import FILE
from xref.options import Session
from xref.options import answer
from xref.options import as_json
from xref.options import named
from xref.options import text

if TYPE_CHECKING:
    from xref.graph.callgraph import CallGraph
    from xref.graph.contexts import Context

_FORMATS = ("text", "json", "dot", "mermaid")

in_context = click.option(
    "--context", "context", metavar="C", help="Only what this context allows: see `xref contexts`."
)
own_contexts = click.option(
    "--contexts-file", "contexts_file", type=FILE, metavar="FILE", help="Contexts of your own, as JSON."
)
walk_deferred = click.option(
    "--deferred", is_flag=True, help="Go through softirqs, timers, work queues and interrupts too."
)
in_format = click.option(
    "--format", "form", type=click.Choice(_FORMATS), default="text", show_default=True, help="How to print it."
)


def _graph(session: Session, arch: str | None = None) -> CallGraph:
    from xref.graph.callgraph import CallGraph

    return CallGraph(session.open(arch))


def _context(graph: CallGraph, name: str | None, own: Path | None) -> Context | None:
    if name is None:
        return None
    from xref.graph.contexts import contexts

    known = contexts(graph.places, own)
    if name not in known:
        has = ", ".join(known) if known else "none"
        raise click.UsageError(f"{graph.index.tree} has no context {name!r} (it has {has})")
    return known[name]


@click.command()
@named("function")
@as_json
@click.pass_obj
def callers(session: Session, function: str, as_json: bool) -> int:
    """Show who calls FUNCTION.

    By name, by a macro, through a pointer: an edge of the call graph each.  Each line has the place of the
    call; behind it stand the kind of edge, what it goes by, and the file and line that prove it.  Of several
    functions of a name, NAME@FILE means one.

    \b
    Examples:
      xref callers tcp_transmit_skb
      xref callers loopback_xmit --json
    """
    graph = _graph(session)
    found = graph.into(function)
    return answer(
        found, as_json, lambda paint: show_calls.edges(found, paint, by="caller"),
        lambda: hints.no_caller(graph.index, function),
    )  # fmt: skip


@click.command()
@named("function")
@as_json
@click.pass_obj
def callees(session: Session, function: str, as_json: bool) -> int:
    """Show what FUNCTION calls.

    By name, by a macro, through a pointer: an edge of the call graph each.  A call through a pointer has an
    edge for each function that can be there, with the file and line of the store that puts it there.  Where
    several functions have the name, each is shown; NAME@FILE means one.

    \b
    Examples:
      xref callees inet_sendmsg
      xref callees tcp_transmit_skb --json
    """
    graph = _graph(session)
    found = graph.out_of(function)
    return answer(
        found, as_json, lambda paint: show_calls.edges(found, paint, by="callee"),
        lambda: hints.no_callee(graph.index, function),
    )  # fmt: skip


@click.command()
@click.argument("start", metavar="FROM", callback=text)
@click.argument("goal", metavar="TO", callback=text)
@in_context
@own_contexts
@click.option("--most", type=click.IntRange(1, 100), default=1, show_default=True, metavar="N",
              help="So many paths, the shortest first.")  # fmt: skip
@walk_deferred
@in_format
@as_json
@click.pass_obj
def path(
    session: Session, start: str, goal: str, context: str | None, contexts_file: Path | None, most: int,
    deferred: bool, form: str, as_json: bool,
) -> int:  # fmt: skip
    """Show the shortest valid call paths from FROM to TO.

    Valid means that a run can take it: a parameter is called only as the caller on the path filled it, and a
    context's instances are respected.  FROM may be the name of a system call.

    \b
    Examples:
      xref path sys_sendto loopback_xmit --context tcp4
      xref path tcp_sendmsg ip_output --most 3 --format dot | dot -Tsvg > path.svg
    """
    from xref.graph.paths import Paths

    graph = _graph(session)
    paths = Paths(graph, _context(graph, context, contexts_file), deferred=deferred)
    starts = graph.nodes(start)
    if not starts:
        starts = [node for name in graph.syscalls.functions_of(start) for node in graph.nodes(name)]
    goals = graph.nodes(goal)
    found = []
    cut = False
    for one in starts:
        for other in goals:
            result = paths.find(one, other, most)
            found += result.paths
            cut = cut or result.cut
    found = sorted(found, key=len)[:most]
    if cut:
        console.say("the search was cut before its end: there may be more paths")
    return show_calls.answer_paths(
        found, "json" if as_json else form,
        lambda: hints.no_path_between(graph.index, start if not starts else goal if not goals else None, start, goal),
    )  # fmt: skip


@click.command()
@click.argument("syscall", callback=text)
@in_context
@own_contexts
@click.option("--to", "goal", metavar="FUNCTION", help="The path to this function only.")
@click.option("--depth", type=click.IntRange(1, 40), default=6, show_default=True, metavar="N",
              help="Without --to: so many calls deep.")  # fmt: skip
@click.option("--most", type=click.IntRange(1), default=400, show_default=True, metavar="N",
              help="Without --to: so many lines.")  # fmt: skip
@walk_deferred
@in_format
@as_json
@click.pass_obj
def chain(
    session: Session, syscall: str, context: str | None, contexts_file: Path | None, goal: str | None, depth: int,
    most: int, deferred: bool, form: str, as_json: bool,
) -> int:  # fmt: skip
    """Follow a system call from its entry point.

    With --to it is the path to that function, else the tree of what the call does.  The first lines are the way
    from the system call table (and, on i386, through sys_socketcall or sys_ipc).

    \b
    Examples:
      xref chain sendto --context tcp4 --to loopback_xmit
      xref chain open --context ext3-file --depth 4
    """
    from xref.graph.paths import Paths
    from xref.graph.trees import chain as tree_of_call

    graph = _graph(session)
    chosen = _context(graph, context, contexts_file)
    functions = [node for name in graph.syscalls.functions_of(syscall) for node in graph.nodes(name)]
    if not functions:
        raise click.UsageError(f"{graph.index.tree} has no system call {syscall!r}")
    entry = functions[0]
    paths = Paths(graph, chosen, deferred=deferred)
    if goal is not None:
        head, goals = paths.entry(entry), graph.nodes(goal)
        found = [[*head, *each] for other in goals for each in paths.find(entry, other).paths]
        return show_calls.answer_paths(
            sorted(found, key=len)[:1], "json" if as_json else form,
            lambda: hints.no_path_between(graph.index, None if goals else goal, syscall, goal),
        )  # fmt: skip
    below = tree_of_call(paths, entry, depth, most)
    if below.cut:
        console.say(f"cut at {most:,} calls, the deepest first: --most gives more, --depth fewer")
    return show_calls.answer_tree(below.rows, "json" if as_json else form)


@click.command()
@named("function")
@in_context
@own_contexts
@as_json
@click.pass_obj
def reaches(session: Session, function: str, context: str | None, contexts_file: Path | None, as_json: bool) -> int:
    """Show the system calls that lead to FUNCTION.

    Each has a path, the nearest first.  Those that get there only through something deferred (a softirq, a timer,
    a work queue) come last, and are listed as such.

    \b
    Examples:
      xref reaches tcp_transmit_skb
      xref reaches ext3_get_block --json
    """
    from xref.graph.reaching import reaching_any

    graph = _graph(session)
    chosen = _context(graph, context, contexts_file)
    found, unknown = reaching_any(graph, graph.nodes(function), chosen)
    if unknown:
        console.say(f"the search was cut before its end: not found out for {len(unknown)}, {', '.join(unknown[:5])} …")
    return answer(
        found, as_json, lambda paint: show_calls.reaching(found, paint),
        lambda: hints.no_path_between(graph.index, None if graph.nodes(function) else function, "", function),
    )  # fmt: skip


@click.command("contexts")
@own_contexts
@as_json
@click.pass_obj
def contexts_(session: Session, contexts_file: Path | None, as_json: bool) -> int:
    """Show the contexts that paths can be asked under.

    A context binds instances: a TCP socket is inet_stream_ops and tcp_prot.  Each binding has the place in this
    tree that it stands on.

    \b
    Examples:
      xref contexts
      xref contexts --contexts-file mine.json --json
    """
    from xref.graph.contexts import contexts

    graph = _graph(session)
    found = list(contexts(graph.places, contexts_file).values())
    return answer(
        found, as_json, lambda paint: show_calls.contexts(found, paint),
        lambda: f"no context of ours fits {graph.index.tree}: give your own with --contexts-file",
    )  # fmt: skip


COMMANDS = (callers, callees, path, chain, reaches, contexts_)
