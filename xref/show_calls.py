"""Edges, paths and contexts as text, DOT and Mermaid."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from typing import TYPE_CHECKING
from typing import Any

from xref import console
from xref.index.records import Edge
from xref.show import Paint

if TYPE_CHECKING:
    from xref.graph.contexts import Context
    from xref.graph.reaching import Reached


def edges(found: Sequence[Edge], paint: Paint, *, by: str) -> Iterator[str]:
    """One line an edge: the place, the other function, and the proof."""
    width = max((len(edge.caller if by == "caller" else edge.callee) for edge in found), default=0)
    for edge in found:
        name = edge.caller if by == "caller" else edge.callee
        yield f"{paint.place(edge.file, edge.line)}: {paint('name', name.ljust(min(width, 32)))}  {_how(edge, paint)}"


def _how(edge: Edge, paint: Paint) -> str:
    parts = [edge.kind]
    if edge.via:
        parts.append(edge.via)
    if edge.evidence:
        parts.append(f"proof {edge.evidence}")
    if edge.chain:
        parts.append("by " + " ".join(edge.chain))
    if edge.only_after:
        parts.append("only after " + " ".join(edge.only_after[:4]) + (" …" if len(edge.only_after) > 4 else ""))
    if edge.confidence == "name":
        parts.append("(by name only)")
    return paint("note", "  ".join(parts))


def path(found: Sequence[Edge], paint: Paint) -> Iterator[str]:
    """A path, a function a line."""
    if not found:
        return
    width = max(len(edge.callee) for edge in found)
    first = found[0]
    yield f"{paint('name', first.caller)}  {paint('note', first.caller_def or '')}"
    for edge in found:
        yield f"  {paint('name', edge.callee.ljust(width))}  {paint.place(edge.file, edge.line)}  {_how(edge, paint)}"


def tree(rows: Iterable[tuple[int, Edge]], paint: Paint) -> Iterator[str]:
    """A tree of calls, indented."""
    for level, edge in rows:
        indent = "  " * level
        yield f"{indent}{paint('name', edge.callee)}  {paint.place(edge.file, edge.line)}  {_how(edge, paint)}"


def reaching(found: Sequence[Reached], paint: Paint) -> Iterator[str]:
    """The system calls that lead somewhere, each with its path."""
    for each in found:
        mark = "  (deferred only)" if each.deferred else ""
        yield f"{paint('name', each.syscall)}{mark}"
        names = [each.path[0].caller, *(edge.callee for edge in each.path)] if each.path else []
        yield "  " + " > ".join(names)


def contexts(found: Sequence[Context], paint: Paint) -> Iterator[str]:
    """Each context with what it binds."""
    for context in found:
        yield f"{paint('name', context.name)}  {context.title}"
        for binding in context.bindings:
            where = f"  {binding.evidence}" if binding.evidence else ""
            yield f"  struct {binding.struct} = {', '.join(binding.instances)}  {paint('note', binding.reason)}{where}"
        for held in context.held:
            yield f"  struct {held.member} = {', '.join(held.functions)}  {paint('note', held.reason)}"


def drawn(found: list[list[Edge]], form: str) -> Iterator[str]:
    """Paths as DOT or Mermaid."""
    from xref.graph import drawing
    from xref.graph.around import of_paths

    picture = of_paths(found)
    return drawing.dot(picture) if form == "dot" else drawing.mermaid(picture)


def answer_paths(found: list[list[Edge]], form: str, nothing: Callable[[], str]) -> int:
    """Print paths in a form.  The exit status."""
    if form == "json":
        console.put_document([[edge._asdict() for edge in each] for each in found])
    elif form in ("dot", "mermaid"):
        console.put(drawn(found, form))
    else:
        paint = Paint(console.coloured())
        for number, each in enumerate(found):
            console.put([""] if number else [])
            console.put(path(each, paint))
    if found:
        return console.FOUND
    console.say(nothing())
    return console.NOTHING


def answer_tree(rows: Sequence[tuple[int, Edge]], form: str) -> int:
    """Print a tree of calls in a form.  The exit status."""
    if form == "json":
        records: list[dict[str, Any]] = [{"depth": level, **edge._asdict()} for level, edge in rows]
        console.put_document(records)
    elif form in ("dot", "mermaid"):
        console.put(drawn([[edge] for _, edge in rows], form))
    else:
        console.put(tree(rows, Paint(console.coloured())))
    return console.FOUND if rows else console.NOTHING
