"""Macros that paste a function's name and call it: `guard(mutex)` calls `class_mutex_constructor`.

Which macros can is learnt from the tree: a name is pasted before a parenthesis, at a body's end or in a cleanup
attribute, and some function has a name that begins or ends as the pasted one does.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator
from collections.abc import Sequence

from xref.graph.syntax import Token
from xref.index.query import Index

#: `class_##_name##_constructor`, and what follows
_PASTED = re.compile(r"(\w+)[ \t]*##[ \t]*(?:\w+[ \t]*##[ \t]*)*(\w+)[ \t]*(\(|\)|$)")
_DEFINES = re.compile(r"[ \t]*(?:static|extern|typedef|struct|asmlinkage|//|\*|#[ \t]*undef)\b")
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
        if token.text != "##" or not 0 < place < len(body) - 1:
            continue
        following = body[place + 2].text if place + 2 < len(body) else ""
        first = place < 2 or body[place - 2].text != "##"
        if first and _own_begin(body[place - 1].text):
            return True
        if following in ("(", ")", "") and _own_end(body[place + 1].text):
            return True
    return False


def called_names(tokens: Sequence[Token]) -> Iterator[Token]:
    """The pasted names that opened text calls, or names as what cleans a variable up."""
    for place, token in enumerate(tokens):
        if token.glued is None or not (token.text[0].isalpha() or token.text[0] == "_"):
            continue
        before = [each.text for each in tokens[max(place - 2, 0) : place]]
        called = place + 1 < len(tokens) and tokens[place + 1].text == "(" and before[-1:] not in (["."], ["->"])
        if called or (before[-1:] == ["("] and "cleanup" in before[0]):
            yield token
