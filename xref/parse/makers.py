"""What a macro defines when it stands at file level, learnt from the macro's own body.

`BUFFER_FNS(Uptodate, uptodate)` makes `set_buffer_uptodate`; `SYSCALL_DEFINE1(close, …) {` makes `sys_close`.
The body is expanded with placeholders for the arguments and parsed like any other text; macros used in it are
expanded in their turn.  That is done once for each macro: for each use only the names are filled in.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterable
from typing import NamedTuple

from xref.parse.lessons import Macro
from xref.parse.lessons import split
from xref.parse.packed import KIND
from xref.parse.packed import Packed

_PLACEHOLDER = re.compile(rb"xq(\d+)z")
_DEEPEST = 7
_LONGEST = 20_000
_KEPT = frozenset(KIND[name] for name in ("function", "variable", "typedef", "struct", "union", "enum", "enumerator", "member"))
_FUNCTION, _PROTOTYPE, _VARIABLE, _MEMBER = (KIND[name] for name in ("function", "prototype", "variable", "member"))


class Made(NamedTuple):
    """One thing that a macro defines; `name` has placeholders for the arguments."""

    name: bytes
    kind: int
    static: bool


class Use(NamedTuple):
    """A name that one use of a macro defines; argument is its place among the arguments if it is one, else -1."""

    name: bytes
    kind: int
    static: bool
    argument: int


#: parses a text to its facts: (text, how deep) → facts and the words they count in
Parse = Callable[[bytes, int], tuple[Packed, list[bytes]]]


class Makers:
    """The macros of a tree that define things, each expanded and parsed once."""

    def __init__(self, bodies: dict[bytes, list[Macro]], parse: Parse) -> None:
        self._bodies = bodies
        self._parse = parse
        self._made: dict[tuple[bytes, bool, bool], list[Made]] = {}

    def uses(
        self, name: bytes, arguments: list[bytes], *, block: bool, member: bool, own: Iterable[Macro] = (), depth: int = 0
    ) -> list[Use]:
        """What this use of a macro defines.

        `block`: a body follows; `member`: it stands among a struct's members; `own`: what the file itself
        says the macro is, which goes before what the tree says.
        """
        if depth > _DEEPEST:
            return []
        local = list(own)
        if local:
            made = self._expand(local, block, member, depth)
        else:
            key = (name, block, member)
            if key not in self._made:
                self._made[key] = []  # a macro that uses itself defines nothing more
                self._made[key] = self._expand(self._bodies.get(name, []), block, member, depth)
            made = self._made[key]
        return list(_filled(made, arguments))

    def _expand(self, macros: list[Macro], block: bool, member: bool, depth: int) -> list[Made]:
        found: dict[tuple[bytes, int], Made] = {}
        for macro in macros:
            for made in self._one(macro, block, member, depth):
                found.setdefault((made.name, made.kind), made)
        return list(found.values())

    def _one(self, macro: Macro, block: bool, member: bool, depth: int) -> Iterable[Made]:
        text = substituted(macro)
        if len(text) > _LONGEST:
            return
        if block:
            text += b" { }"
        elif not text.rstrip().endswith((b";", b"}")):
            text += b";"
        if member:
            text = b"struct xq_wrap { " + text + b" };"
        packed, vocabulary = self._parse(text, depth + 1)
        for word, kind, *rest in packed.definitions.tolist():
            name = vocabulary[word]
            static = bool(rest[3])
            if member and kind != _MEMBER:
                continue
            if kind == _PROTOTYPE and block and re.search(rb"\balias\b", text):
                yield Made(name, _FUNCTION, static)
            elif kind in _KEPT and _PLACEHOLDER.search(name):
                yield Made(name, kind, static)
                yield from _spoken(macro, name, kind, static)


def _spoken(macro: Macro, name: bytes, kind: int, static: bool) -> Iterable[Made]:
    """`DEFINE_PER_CPU(int, x)` makes per_cpu__x, but everyone says x."""
    match = _PLACEHOLDER.search(name)
    if kind != _VARIABLE or not match or match.group() == name or not macro.name.startswith((b"DEFINE", b"DECLARE")):
        return
    place = int(match.group(1))
    if macro.params and place < len(macro.params) and split(macro.body).count(macro.params[place]) == 1:
        yield Made(match.group(), kind, static)


def substituted(macro: Macro) -> bytes:
    """The body with placeholders for the parameters, `##` done, `#x` a string."""
    places = {param: b"xq%dz" % number for number, param in enumerate(macro.params or ())}
    out: list[bytes] = []
    tokens = split(macro.body)
    glue = False
    for number, token in enumerate(tokens):
        if token == b"##":
            glue = True
            continue
        if token == b"#" and number + 1 < len(tokens) and tokens[number + 1] in places:
            continue
        if number and tokens[number - 1] == b"#" and token in places:
            text = b'"s"'
        else:
            text = places.get(token, token)
        if glue and out:
            out[-1] += text
        else:
            out.append(text)
        glue = False
    return b" ".join(out)


def _filled(made: Iterable[Made], arguments: list[bytes]) -> Iterable[Use]:
    for each in made:
        argument = -1
        match = _PLACEHOLDER.fullmatch(each.name)
        if match:
            argument = int(match.group(1))

        def value(found: re.Match[bytes]) -> bytes:
            place = int(found.group(1))
            return arguments[place] if place < len(arguments) else b""

        name = _PLACEHOLDER.sub(value, each.name)
        if re.fullmatch(rb"[A-Za-z_]\w*", name):
            yield Use(name, each.kind, each.static, argument)
