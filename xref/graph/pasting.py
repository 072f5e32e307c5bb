"""Macros that paste a function's name and call it: `guard(mutex)` calls `class_mutex_constructor`.

Which macros can is learnt from the tree: a name is pasted before a parenthesis, at a body's end or in a cleanup
attribute, and some function has a name that begins or ends as the pasted one does.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from typing import TYPE_CHECKING

from xref.graph.syntax import Token
from xref.graph.syntax import tokens_of
from xref.index.query import Index

if TYPE_CHECKING:
    from xref.graph.types import Types

#: `class_##_name##_constructor`, and what follows
_PASTED = re.compile(r"(\w+)[ \t]*##[ \t]*(?:\w+[ \t]*##[ \t]*)*(\w+)[ \t]*(\(|\)|$)")
_DEFINES = re.compile(r"[ \t]*(?:static|extern|typedef|struct|asmlinkage|//|\*|#[ \t]*undef)\b")
#: a word that stands for an argument, in a macro that is opened to see what it does
_STANDS_FOR = re.compile(r"(\w*?)xref(\d+)x(\w*)")
#: letters of a name that must be the macro's own
_LEAST = 4


def pasting(index: Index) -> frozenset[str]:
    """The macros that can call a function by a pasted name."""
    begins = sorted(index.names_of_kinds(["function"]))
    ends = sorted(name[::-1] for name in begins)
    found: set[str] = set()
    for match in index.search("##"):
        if not _DEFINES.match(match.text) and _calls(match.text, begins, ends):
            found.update(index.macros_around(match.file, match.line))
    return frozenset(found)


def _calls(line: str, begins: list[str], ends: list[str]) -> bool:
    for match in _PASTED.finditer(line.rstrip("\\ \t")):
        first, last, following = match.groups()
        if following == ")" and "cleanup" not in line[: match.start()]:
            continue
        if _own_begin(first) and _begins(begins, first):
            return True
        if _own_end(last) and _begins(ends, last[::-1]):
            return True
    return False


def _begins(names: list[str], start: str) -> bool:
    """Does one of some sorted names begin so, and go on?"""
    place = bisect.bisect_right(names, start)
    return place < len(names) and names[place].startswith(start)


def _own_begin(word: str) -> bool:
    return len(word) >= _LEAST and word.endswith("_")


def _own_end(word: str) -> bool:
    return len(word) >= _LEAST and word.startswith("_")


def pastes_call(body: Sequence[Token]) -> bool:
    """Does a macro's body paste a name of which a part is its own, and call it?"""
    for place, token in enumerate(body):
        # `, ##__VA_ARGS__` makes no name
        if token.text != "##" or not 0 < place < len(body) - 1 or body[place - 1].text == ",":
            continue
        following = body[place + 2].text if place + 2 < len(body) else ""
        first = place < 2 or body[place - 2].text != "##"
        if first and _own_begin(body[place - 1].text):
            return True
        if following in ("(", ")", "") and _own_end(body[place + 1].text):
            return True
    return False


def pastes_function(types: Types, use: str, path: str, is_function: Callable[[str], bool]) -> bool:
    """Does a use of a macro, `DEVICE_ATTR_RW(online)`, make a function's name (`online_show`) out of an argument?"""
    name, _, inside = use.partition("(")
    name = name.strip()
    arguments = [argument.strip() for argument in inside.rstrip(" \t)").split(",")]
    for number, before, after in _affixes(types, name, path, len(arguments)):
        if number < len(arguments) and is_function(before + arguments[number] + after):
            return True
    return False


def _affixes(types: Types, name: str, path: str, count: int) -> tuple[tuple[int, str, str], ...]:
    """What a macro pastes before and behind its arguments: (number of the argument, before, behind)."""
    key = (name, count, tuple((body.path, body.line) for body in types.macros(name, path)))
    known = types.affixes.get(key)
    if known is None:
        use = f"{name}({', '.join(f'xref{number}x' for number in range(count))});"
        found: dict[tuple[int, str, str], None] = {}
        for token in types.expand_all(tokens_of(use, path, 0), path):
            match = _STANDS_FOR.fullmatch(token.text) if token.glued is not None else None
            if match:
                found[int(match[2]), match[1], match[3]] = None
        known = types.affixes[key] = tuple(found)
    return known


def called_names(tokens: Sequence[Token]) -> Iterator[Token]:
    """The pasted names that opened text calls, or names as what cleans a variable up."""
    for place, token in enumerate(tokens):
        if token.glued is None or not (token.text[0].isalpha() or token.text[0] == "_"):
            continue
        before = [each.text for each in tokens[max(place - 2, 0) : place]]
        called = place + 1 < len(tokens) and tokens[place + 1].text == "(" and before[-1:] not in (["."], ["->"])
        if called or (before[-1:] == ["("] and "cleanup" in before[0]):
            yield token
