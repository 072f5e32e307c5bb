"""What a macro defines when it stands at file level, learnt from the macro's own body.

`BUFFER_FNS(Uptodate, uptodate)` makes `set_buffer_uptodate`; `SYSCALL_DEFINE1(close, …) {` makes `sys_close`.
The body is expanded with placeholders for the arguments and parsed like any other text; macros used in it are
expanded in their turn.  That is done once for each macro: for each use only the names are filled in.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field
from typing import NamedTuple

from xref.parse.lessons import Lessons
from xref.parse.lessons import Macro
from xref.parse.lessons import split
from xref.parse.packed import KIND
from xref.parse.packed import Packed

_PLACEHOLDER = re.compile(rb"xq(\d+)_(\d+)z")
#: a macro's name that is made of a parameter: `param_check_##type(...)`
_PASTED_CALL = re.compile(rb"(\w*?)xq(\d+)_(\d+)z(\w*) ?\(")
#: an argument that fits wherever a placeholder does: a word or number, or what begins with a string
_PLAIN_ARGUMENT = re.compile(rb'\w*\Z|L?"')
_ALIAS = re.compile(rb"\b(?:__)?alias(?:__)?\b")
_WEAK = re.compile(rb"\b_*weak_*\b")
_DEEPEST = 7
_LONGEST = 20_000
_KEPT = frozenset(
    KIND[name] for name in ("function", "variable", "typedef", "struct", "union", "enum", "enumerator", "member")
)
_FUNCTION, _PROTOTYPE, _VARIABLE = (KIND[name] for name in ("function", "prototype", "variable"))
#: what a macro makes in a struct and in an enum
_AMONG = {b"struct": KIND["member"], b"enum": KIND["enumerator"]}


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


@dataclass(slots=True)
class _Expansion:
    """A macro's body, expanded and parsed.

    `level` marks its placeholders; `decisive` are the parameters that decide which macros the body uses, and
    so must be known before it can be parsed.
    """

    level: int
    made: list[Made] = field(default_factory=list)
    decisive: set[int] = field(default_factory=set)


#: parses a text to its facts: (text, how deep) → facts and the words they count in
Parse = Callable[[bytes, int], tuple[Packed, list[bytes]]]


class Makers:
    """The macros of a tree that define things, each expanded and parsed once."""

    def __init__(self, lessons: Lessons, parse: Parse) -> None:
        self._bodies = bodies = lessons.makers
        self.lists = lessons.lists
        self._names = sorted(bodies)
        self._parse = parse
        self._known: dict[tuple[object, ...], _Expansion] = {}
        self._level = 0
        #: placeholders that decide something in the expansion under way: (level, parameter)
        self._needed: set[tuple[int, int]] = set()

    def listed(self, name: bytes) -> dict[bytes, tuple[tuple[bytes, ...], ...]]:
        """What the header that is included by this name lists."""
        wanted = name.decode("utf-8", "surrogateescape")
        while wanted.startswith(("./", "../")):
            wanted = wanted.partition("/")[2]
        found: dict[bytes, tuple[tuple[bytes, ...], ...]] = {}
        for path, items in self.lists.items():
            if path == wanted or path.endswith("/" + wanted):
                found.update(items)
        return found

    def uses(
        self,
        name: bytes,
        arguments: list[bytes],
        *,
        block: bool,
        among: bytes,
        own: Iterable[Macro] = (),
        depth: int = 0,
    ) -> list[Use]:
        """What this use of a macro defines.

        `block`: a body follows; `among`: `struct` or `enum` where it stands in one, else ""; `own`: what the file
        itself says the macro is, which goes before what the tree says.
        """
        macros = tuple(own) or tuple(self._bodies.get(name, ()))
        if depth > _DEEPEST or not macros:
            return []
        expansion = self._expansion(macros, {}, block, among, depth)
        if expansion.decisive:
            fixed = {place: arguments[place] for place in expansion.decisive if place < len(arguments)}
            expansion = self._expansion(macros, fixed, block, among, depth)
        elif not expansion.made:
            # Perhaps an argument is a parameter list or a type of several words (a string never is), or a macro
            # that this one uses for each of its items.
            fixed = {
                place: text
                for place, text in enumerate(arguments)
                if not _PLAIN_ARGUMENT.match(text) or text in self._bodies
            }
            if fixed:
                expansion = self._expansion(macros, fixed, block, among, depth)
        return list(_filled(expansion, arguments))

    def _expansion(
        self, macros: tuple[Macro, ...], fixed: dict[int, bytes], block: bool, among: bytes, depth: int
    ) -> _Expansion:
        key = (macros, tuple(sorted(fixed.items())), block, among)
        known = self._known.get(key)
        if known is None:
            self._level += 1
            # A macro that uses itself defines nothing more.
            known = self._known[key] = _Expansion(self._level)
            outer, self._needed = self._needed, set()
            found: dict[tuple[bytes, int], Made] = {}
            for macro in macros:
                for made in self._one(macro, known.level, fixed, block, among, depth):
                    found.setdefault((made.name, made.kind), made)
            known.made = list(found.values())
            known.decisive = {place for level, place in self._needed if level == known.level}
            self._needed = outer | {need for need in self._needed if need[0] != known.level}
        return known

    def _is_made_of(self, before: bytes, after: bytes) -> bool:
        """Does a macro's name begin and end so?"""
        for place in range(bisect_left(self._names, before), len(self._names)):
            name = self._names[place]
            if not name.startswith(before):
                return False
            if name.endswith(after):
                return True
        return False

    def _one(
        self, macro: Macro, level: int, fixed: dict[int, bytes], block: bool, among: bytes, depth: int
    ) -> Iterable[Made]:
        text = substituted(macro, level, fixed)
        if len(text) > _LONGEST:
            return
        for before, at, place, after in _PASTED_CALL.findall(text):
            if self._is_made_of(before, after):
                self._needed.add((int(at), int(place)))
        if block:
            text += b" { }"
        elif among != b"enum" and not text.rstrip().endswith((b";", b"}")):
            text += b";"
        if among:
            text = among + b" xq_wrap { " + text + b" };"
        packed, vocabulary = self._parse(text, depth + 1)
        for _, word, kind, *rest in packed.definitions.tolist():
            name = vocabulary[word]
            static = bool(rest[3])
            if among and kind != _AMONG[among]:
                continue
            if kind == _PROTOTYPE and _aliased(name, text):
                yield Made(name, _FUNCTION, static)
                continue
            declares = kind == _PROTOTYPE and macro.name.startswith(b"DECLARE")
            if (kind in _KEPT or declares) and (_PLACEHOLDER.search(name) or (fixed and not declares)):
                yield Made(name, kind, static)
                yield from _spoken(macro, name, kind, static)


def _aliased(name: bytes, text: bytes) -> bool:
    """Is a function of this name declared as another name of one that is defined?

    A weak one only takes the place of a function that is not there: `cond_syscall(sys_sendto)` defines none.
    """
    if not _ALIAS.search(text) or _WEAK.search(text):
        return False
    return re.search(rb"\b%s ?\(" % re.escape(name), text) is not None


def _spoken(macro: Macro, name: bytes, kind: int, static: bool) -> Iterable[Made]:
    """`DEFINE_PER_CPU(int, x)` makes per_cpu__x, but everyone says x."""
    match = _PLACEHOLDER.search(name)
    if (
        kind not in (_VARIABLE, _PROTOTYPE)
        or not match
        or match.group() == name
        or not macro.name.startswith((b"DEFINE", b"DECLARE"))
    ):
        return
    place = int(match.group(2))
    if macro.params and place < len(macro.params) and split(macro.body).count(macro.params[place]) == 1:
        yield Made(match.group(), kind, static)


def substituted(macro: Macro, level: int, fixed: dict[int, bytes]) -> bytes:
    """The body with `##` done, `#x` a string, and for each parameter its fixed value or a placeholder."""
    places = {
        param: fixed.get(number, b"xq%d_%dz" % (level, number)) for number, param in enumerate(macro.params or ())
    }
    out: list[bytes] = []
    tokens = split(macro.body)
    glue = False
    for number, token in enumerate(tokens):
        if token == b"##":
            glue = True
            continue
        if token == b"#" and number + 1 < len(tokens) and tokens[number + 1] in places:
            continue
        text = b'"s"' if number and tokens[number - 1] == b"#" and token in places else places.get(token, token)
        if glue and out:
            out[-1] += text
        else:
            out.append(text)
        glue = False
    return b" ".join(out)


def _filled(expansion: _Expansion, arguments: list[bytes]) -> Iterable[Use]:
    def value(found: re.Match[bytes]) -> bytes:
        level, place = int(found.group(1)), int(found.group(2))
        if level != expansion.level:
            return found.group()
        return arguments[place] if place < len(arguments) else b""

    for each in expansion.made:
        match = _PLACEHOLDER.fullmatch(each.name)
        argument = int(match.group(2)) if match and int(match.group(1)) == expansion.level else -1
        name = _PLACEHOLDER.sub(value, each.name)
        if re.fullmatch(rb"[A-Za-z_]\w*", name):
            yield Use(name, each.kind, each.static, argument)
