"""A picture of a part of the call graph, written as DOT (for Graphviz) and as Mermaid.

A function's name may be anything: every name is quoted or escaped, and the writers' own identifiers are numbers, since
a function may be called `end` or `graph`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from collections.abc import Iterator

from xref.graph.around import Dot
from xref.graph.around import Line
from xref.graph.around import Picture
from xref.graph.nodes import plain
from xref.index.records import Edge

#: kinds of edges that are written in the source as what they are
_PLAIN = frozenset(("direct", "macro", "asm"))


def sort_of(line: Line) -> str:
    """How sure the best edge of a line is: plain (the source names it), pointer (there is a proof), put-off or name."""
    kinds = {edge.kind for edge in line.edges}
    if kinds & _PLAIN:
        return "plain"
    if kinds == {"deferred"}:
        return "put-off"
    return "name" if all(edge.confidence == "name" for edge in line.edges) else "pointer"


def said(line: Line) -> str:
    """A line's edges in words, one a line."""
    return "\n".join(_said(edge) for edge in line.edges[:6]) + ("\n…" if len(line.edges) > 6 else "")


def _said(edge: Edge) -> str:
    parts = [f"{edge.file}:{edge.line}", edge.kind, edge.via or ""]
    if edge.evidence:
        parts.append(f"({edge.evidence})")
    return " ".join(each for each in parts if each)


_STYLES = {
    "plain": "style=solid", "pointer": "style=dashed", "put-off": 'style=dashed, arrowhead="empty"',
    "name": 'style=dotted, arrowhead="open"',
}  # fmt: skip


def dot(
    picture: Picture,
    *,
    across: bool = False,
    labelled: bool = True,
    address: Callable[[Dot], str] | None = None,
    at: Callable[[Line], str] | None = None,
) -> Iterator[str]:
    """A picture for Graphviz.

    across: from left to right, else from above; labelled: lines carry their first edge in words (that makes layout
    slow); `address` and `at` give functions and lines links.
    """
    number = _numbers(picture)
    names = Counter(plain(each.node) for each in picture.dots)
    called = {
        each.node: quoted(each.node if names[plain(each.node)] > 1 else plain(each.node)) for each in picture.dots
    }
    yield "digraph calls {"
    yield f"  rankdir={'LR' if across else 'TB'}; nodesep=0.2; ranksep={0.6 if across else 0.35}; bgcolor=transparent;"
    yield '  node [shape=box, fontname="Courier", fontsize=11, height=0.3, margin="0.11,0.05"];'
    yield '  edge [fontname="Courier", fontsize=9, arrowsize=0.7];'
    for each in picture.dots:
        name, file = plain(each.node), (each.defined_at or "").rpartition("/")[2]
        label = quoted(name) if not file else quoted(name)[:-1] + "\\n" + quoted(file)[1:]
        more = f", class={quoted(('dot ' + each.role).strip())}, tooltip={quoted(about(each))}"
        if address is not None:
            more += f", URL={quoted(address(each))}"
        yield f"  {called[each.node]} [label={label}, id={quoted(number[each.node])}{more}];"
    for place, line in enumerate(picture.lines):
        sort = sort_of(line)
        more = f", class={quoted('line ' + sort)}, {_STYLES[sort]}, tooltip={quoted(said(line))}"
        if labelled:
            more += f", label={quoted(_said(line.edges[0]))}"
        if at is not None:
            more += f", URL={quoted(at(line))}"
        ends = f"{called[line.caller]} -> {called[line.callee]}"
        yield f"  {ends} [id={quoted(f'e{place}')}{more}];"
    yield "}"


def about(dot: Dot) -> str:
    """A function in words: its node, where it is defined, how many functions beyond it are not drawn."""
    more = f"\n+{dot.hidden:,}" if dot.hidden else ""
    return f"{dot.node}\n{dot.defined_at or ''}".rstrip() + more


def mermaid(picture: Picture) -> Iterator[str]:
    """A picture as a Mermaid flowchart."""
    number = _numbers(picture)
    box = {each.node: f'{number[each.node]}["{_entities(plain(each.node))}"]' for each in picture.dots}
    yield "flowchart TD"
    if not picture.lines:
        yield from (f"  {each}" for each in box.values())
    for line in picture.lines:
        arrow = "-->" if sort_of(line) == "plain" else "-.->"
        label = _entities(_said(line.edges[0]))
        yield f'  {box[line.caller]} {arrow}|"{label}"| {box[line.callee]}'


def _numbers(picture: Picture) -> dict[str, str]:
    return {each.node: f"n{place}" for place, each in enumerate(picture.dots)}


def quoted(text: str) -> str:
    """A string of DOT: quotes escaped, and backslashes too, since Graphviz reads `\\N` in a label as a name."""
    text = "".join(each if each.isprintable() or each == "\n" else "�" for each in text)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _entities(text: str) -> str:
    """A text inside Mermaid's quotes: what ends it, or begins markup, as a number."""
    kept = " ._-/:()[],>*"
    return "".join(each if each.isalnum() or each in kept else f"#{ord(each)};" for each in text)
