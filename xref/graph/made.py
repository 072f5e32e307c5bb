"""What functions call that a macro makes, and which of them has the block that stands behind the macro.

`SYSCALL_DEFINE1(close, …) { … }` makes `__x64_sys_close`, which calls `__se_sys_close`, which calls `__do_sys_close`,
whose body the block is.  `DEFINE_GUARD(mutex, …)` makes a function that locks and one that unlocks.  A use of such a
macro is opened here as far as it stands at file level; what the functions' bodies call is left as it is written
there, to be looked up like any other call.  Uses the index through `Types`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from xref.graph.expansion import substituted
from xref.graph.syntax import KEYWORDS
from xref.graph.syntax import Token
from xref.graph.syntax import is_word
from xref.graph.syntax import split
from xref.graph.syntax import tokens_of
from xref.graph.types import Types
from xref.index.places import Place

_DEEPEST = 8
_MOST_TOKENS = 6000
_ALIASES = ("alias", "__alias__", "__alias")
_CLOSING = {"(": ")", "{": "}", "[": "]"}


class MadeCall(NamedTuple):
    """A made function, and what its body calls, hands to a macro or has for its body: see `how`.

    how: `made` a call by name in what the macro writes; `body` the block behind the macro, whose calls are kept under
    the callee's name.
    """

    function: str
    callee: str
    token: Token
    how: str


def scope_of(places: list[Place]) -> Place:
    """Of the functions that one use makes the one under whose name its block's calls are kept: see `parse.made`."""
    return min(places, key=lambda each: (each.name.startswith("_"), len(each.name), each.name))


def made_calls(types: Types, places: list[Place]) -> Iterator[MadeCall]:
    """The calls of the functions that one use of a macro makes; `places` are all of that use."""
    names = {place.name for place in places}
    code = types.places.text(places[0].file).code
    text, _ = use_of(code, places[0])
    if not text:
        return
    use = tokens_of(text, places[0].file, code.find(text, places[0].head))
    seen: set[tuple[str, str]] = set()
    pieces = list(_functions(_opened(types, use, places[0].file, 0)))
    for head, body in pieces[:-1]:
        name = _named(head, names)
        if name is None:
            continue
        for call in _alias(head, name, names) if body is None else _called(types, body, name, names):
            if (call.function, call.callee) not in seen:
                seen.add((call.function, call.callee))
                yield call
    # what stands behind the last body is the head of the function whose body the block is
    name = _named(pieces[-1][0], names)
    if name is not None:
        yield MadeCall(name, scope_of(places).name, use[0], "body")


def use_of(code: str, place: Place) -> tuple[str, str]:
    """The text of a macro's use, from its name to the closing parenthesis, and the sign that follows; "" for none."""
    start = code.find(place.macro or "", place.head)
    end, depth = max(start, 0), 0
    while start >= 0 and end < len(code):
        depth += (code[end] == "(") - (code[end] == ")")
        if code[end] == ")" and depth == 0:
            return code[start : end + 1], code[end + 1 : end + 40].lstrip()[:1]
        if code[end] in ";{" and depth == 0:
            break
        end += 1
    return "", ""


def _opened(types: Types, tokens: list[Token], path: str, depth: int) -> list[Token]:
    """The tokens with macros replaced wherever they stand at file level; of alternatives each in its turn."""
    out: list[Token] = []
    place = 0
    while place < len(tokens):
        token = tokens[place]
        if token.text in _CLOSING:
            end = _mate(tokens, place)
            out += tokens[place : end + 1]
            place = end + 1
            continue
        place += 1
        if depth > _DEEPEST or token.text not in types.macro_names or token.text in _ALIASES or len(out) > _MOST_TOKENS:
            out.append(token)
            continue
        arguments: list[list[Token]] = []
        behind = place
        if place < len(tokens) and tokens[place].text == "(":
            end = _mate(tokens, place)
            arguments = split(tokens[place + 1 : end], ",")
            behind = end + 1
        bodies = [body for body in types.macros(token.text, path) if body.params is None or behind > place]
        if not bodies:
            out.append(token)
            continue
        if bodies[0].params is not None:
            place = behind
        for body in bodies:
            if token.macro != token.text:
                out += _opened(types, substituted(body, arguments), path, depth + 1)
    return out


def _mate(tokens: list[Token], opening: int) -> int:
    depth = 0
    for place in range(opening, len(tokens)):
        depth += (tokens[place].text in _CLOSING) - (tokens[place].text in (")", "}", "]"))
        if depth == 0:
            return place
    return len(tokens) - 1


def _functions(tokens: list[Token]) -> Iterator[tuple[list[Token], list[Token] | None]]:
    """(head, body) of each piece at file level: it ends with a block or, without a body, with a semicolon; the last
    is what is left.
    """
    head: list[Token] = []
    place = 0
    while place < len(tokens):
        token = tokens[place]
        if token.text == "{":
            end = _mate(tokens, place)
            yield head, tokens[place + 1 : end]
            head = []
            place = end + 1
            continue
        if token.text == ";":
            yield head, None
            head = []
        elif token.text in _CLOSING:
            end = _mate(tokens, place)
            head += tokens[place : end + 1]
            place = end
        else:
            head.append(token)
        place += 1
    yield head, None


def _named(head: list[Token], names: set[str]) -> str | None:
    """The function whose head this is."""
    depth = 0
    for token, following in pairwise(head):
        if depth == 0 and following.text == "(" and token.text in names:
            return token.text
        depth += (token.text in _CLOSING) - (token.text in (")", "}", "]"))
    return None


def _alias(head: list[Token], name: str, names: set[str]) -> Iterator[MadeCall]:
    """`f(…) __alias(g);`: two names of one function."""
    inside = False
    for token in head:
        inside = inside or token.text in _ALIASES
        if inside and token.text in names and token.text != name:
            yield MadeCall(name, token.text, token, "made")


def _called(types: Types, body: list[Token], name: str, names: set[str]) -> Iterator[MadeCall]:
    """What a made body calls, and which made functions it hands to macros."""
    before = ""
    for place, token in enumerate(body):
        text = token.text
        following = body[place + 1].text if place + 1 < len(body) else ""
        if is_word(text) and text not in KEYWORDS and before not in (".", "->") and text != name:
            known = text in names or text in types.function_names or text in types.macro_names
            if following == "(" and known:
                yield MadeCall(name, text, body[place + 1], "made")
            elif text in names:
                yield MadeCall(name, text, token, "made")
        before = text
