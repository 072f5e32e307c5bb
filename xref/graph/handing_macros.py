"""Macros that hand a function to another macro, which calls it: `#define printk(fmt, ...) wrap(_printk, fmt)`.

It is the same for every use of the macro, so it is read once, where the macro is defined.  What calls is then no
function but `#printk@include/linux/printk.h`, and whoever uses the macro calls what that calls.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Iterator

from xref.graph.bodies import Body
from xref.graph.flow import Hidden
from xref.graph.flow import Notes
from xref.graph.slots import Slots
from xref.graph.statements import Statements
from xref.graph.syntax import Parser
from xref.graph.types import MacroBody
from xref.index.places import Place

_DEFINE = re.compile(r"#[ \t]*define[ \t]+(\w+)((?:[^\n\\]|\\.|\\\n)*)")
#: an argument that is one word
_BARE = re.compile(r"[(,]\s*&?\s*([A-Za-z_]\w*)\s*(?=[,)])")
_CHOICE = "_Generic"


def node_of(name: str, path: str) -> str:
    """How a macro is called where it calls something."""
    return f"#{name}@{path}"


def named(node: str) -> tuple[str, str] | None:
    """(name, file) of a macro by that; None for a function."""
    name, _, path = node[1:].partition("@")
    return (name, path) if node.startswith("#") else None


def handed_on(slots: Slots, places: Iterable[Place]) -> Iterator[Hidden]:
    """The functions that a file's macros hand to other macros which call them."""
    text = slots.types.places.text(slots.path)
    by_line: dict[tuple[str, int], Place] | None = None
    for match in _DEFINE.finditer(text.with_directives):
        body = match.group(2)
        if "(" not in body or not _may_hand(slots, body):
            continue
        if by_line is None:
            by_line = {(each.name, each.line): each for each in places if each.kind == "macro"}
        place = by_line.get((match.group(1), text.line(match.start(1))))
        macro = slots.types.macro_body(place) if place is not None else None
        if macro is not None:
            yield from _called(slots, macro)


def _may_hand(slots: Slots, body: str) -> bool:
    if _CHOICE in body:
        return True
    return any(slots.is_function(word) or word in slots.types.macro_names for word in _BARE.findall(body))


def _called(slots: Slots, macro: MacroBody) -> Iterator[Hidden]:
    types = slots.types
    own = {token.text for token in macro.body} - set(macro.params or ())
    if not any(slots.is_function(word) or word == _CHOICE for word in own) and own.isdisjoint(types.macro_names):
        return
    notes = Notes()
    statements = Statements(slots, notes, macro)
    function = Body(types, slots.path, None)
    for node in Parser(types.expand_all(list(macro.body), slots.path), types.is_type).statements():
        statements.visit(node, function)
    for hidden in notes.found.hidden:
        yield hidden._replace(function=node_of(macro.name, slots.path))
