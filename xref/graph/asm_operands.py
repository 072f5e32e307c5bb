"""Calls that inline assembly makes through its operands: `asm("call %c[f]" : : [f] "i" (func))`.

A macro whose strings call an operand, and the macros around it, are opened where they are used; each operand there
that is a function, or points to one, is called.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence

from xref.graph.syntax import Token
from xref.index.query import Index

_ASM = frozenset(("asm", "__asm__", "__asm", "asm_inline"))
_CALLS = r"\bcall[lq]?[ \t]+\*?%[a-zA-Z]?\["
#: `#define paravirt_ptr(op) [paravirt_opptr] "m" (pv_ops.op)`
_OPERAND = r"#[ \t]*define[ \t]+\w+\([^()]*\)[ \t]*\[\w+\][ \t]*\""


def calling_operands(index: Index) -> frozenset[str]:
    """The macros in whose strings an operand is called, and those that are operands."""
    found: set[str] = set()
    for pattern in (_CALLS, _OPERAND):
        for match in index.search(pattern, regex=True):
            found.update(index.macros_around(match.file, match.line))
    return frozenset(found)


def operands(tokens: Sequence[Token]) -> Iterator[tuple[Token, list[Token]]]:
    """(opening parenthesis, inside) of each named operand: `[name] "constraint" (expression)`."""
    for place in range(1, len(tokens) - 2):
        token = tokens[place]
        if token.text[:1] != '"' or tokens[place + 1].text != "(" or tokens[place - 1].text != "]":
            continue
        depth = 0
        for end in range(place + 1, len(tokens)):
            depth += (tokens[end].text == "(") - (tokens[end].text == ")")
            if depth == 0:
                yield tokens[place + 1], list(tokens[place + 2 : end])
                break


def is_template(body: Sequence[Token]) -> bool:
    """Is a macro's body a piece of assembly's text?  Those that `calling_operands` found have a call in it."""
    return bool(body) and body[0].text[:1] == '"'


def is_asm(tokens: Sequence[Token]) -> bool:
    """Is there inline assembly in a statement?"""
    return any(token.text in _ASM for token in tokens)
