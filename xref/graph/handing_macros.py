"""What macros do with functions that they name themselves; the same at each use, so it is read where they are defined.

`#define printk(fmt, ...) wrap(_printk, fmt)` hands a function to another macro, which calls it, and `#define flush
__flush` is another name of one: what calls is then no function but `#printk@include/linux/printk.h`, and whoever uses
the macro calls what that calls.  `#define node_free(n) call_rcu(&(n)->rcu, __node_free)` hands one to a function.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from xref.graph.bodies import Body
from xref.graph.expansion import MacroBody
from xref.graph.flow import Hidden
from xref.graph.flow import Notes
from xref.graph.slots import Slots
from xref.graph.statements import Statements
from xref.graph.syntax import Parser
from xref.index.places import Place

_DEFINE = re.compile(r"#[ \t]*define[ \t]++(\w++)([^\n\\]*+(?:\\[\s\S][^\n\\]*+)*+)")
#: an argument that is one word
_BARE = re.compile(r"[(,]\s*&?\s*([A-Za-z_]\w*)\s*(?=[,)])")
_CHOICE = "_Generic"
_NAME = re.compile(r"[A-Za-z_]\w*")


def node_of(name: str, path: str) -> str:
    """How a macro is called where it calls something."""
    return f"#{name}@{path}"


def named(node: str) -> tuple[str, str] | None:
    """(name, file) of a macro by that; None for a function."""
    name, _, path = node[1:].partition("@")
    return (name, path) if node.startswith("#") else None


def read_macros(slots: Slots, places: Iterable[Place], notes: Notes) -> None:
    """Note what a file's macros do with functions that they name."""
    # as it is written: blanking the comments of every header would take longer than all the rest
    text = (slots.types.places.index.source(slots.path) or b"").decode("latin-1")
    by_line: dict[tuple[str, int], Place] | None = None
    for match in _DEFINE.finditer(text):
        name, body = match.groups()
        word = body.strip()
        alias = _NAME.fullmatch(word) is not None and word != name and slots.is_function(word)
        if not alias and ("(" not in body or not _may_hand(slots, body)):
            continue
        if by_line is None:
            by_line = {(each.name, each.line): each for each in places if each.kind == "macro"}
        place = by_line.get((name, text.count("\n", 0, match.start()) + 1))
        if place is not None and alias:
            here = f"{slots.path}:{place.line}"
            node = node_of(name, slots.path)
            notes.hidden(Hidden(node, slots.function_of(word), slots.path, place.line, name, here, here))
        macro = slots.types.macro_body(place) if place is not None and not alias else None
        if macro is not None:
            _read_macro(slots, macro, notes)


def _may_hand(slots: Slots, body: str) -> bool:
    """Does a macro's text hand on a name of its own?  `body` begins with the parameters, if there are any."""
    own: set[str] = set()
    if body.startswith("("):
        close = body.find(")")
        own.update(_NAME.findall(body, 0, close))
        body = body[close + 1 :]
    if _CHOICE in body:
        return True
    # a macro that is handed on has a function's name; constants (NULL, GFP_KERNEL) are not called
    names = slots.types.macro_names
    words = (word for word in _BARE.findall(body) if word not in own)
    return any(slots.is_function(word) or (word in names and not word.isupper()) for word in words)


def _read_macro(slots: Slots, macro: MacroBody, notes: Notes) -> None:
    types = slots.types
    own = {token.text for token in macro.body} - set(macro.params or ())
    found = Notes()
    statements = Statements(slots, found, macro)
    function = Body(types, slots.path, None)
    for node in Parser(types.expand_all(list(macro.body), slots.path), types.is_type).statements():
        statements.visit(node, function)
    for hidden in found.found.hidden:
        notes.hidden(hidden._replace(function=node_of(macro.name, slots.path)))
    for flow in found.found.flows:
        named_here = flow.direct and flow.source.partition("@")[0] in own
        if named_here and flow.how == "argument" and flow.into.startswith("P:"):
            notes.flow(flow)

