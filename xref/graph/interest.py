"""What of a file is worth reading: the statements in which a function's address can move.

Most of a kernel does nothing with functions' addresses.  One pass over a file's words finds where a name stands that
can matter here; only the statements around those places are made into tokens and read by `flow`.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterator
from typing import NamedTuple

from xref.graph.knowledge import Knowledge
from xref.graph.syntax import AUTO
from xref.graph.syntax import KEYWORDS
from xref.graph.syntax import TYPEOF
from xref.graph.syntax import Type
from xref.graph.types import Types
from xref.index.memory import Memory

WORDS = re.compile(r"[A-Za-z_]\w*")
_PIECE = re.compile(r"[^;{}]*[;{}]|[^;{}]+\Z")
#: a call of what is no plain name: `(*f)(…)`, `table[i](…)`
CALLED = re.compile(r"\(\s*\*|[\])]\s*\(")
#: what declares a pointer to a function: `(*f)(…)`, `(*f[])(…)`
POINTER = re.compile(r"\(\s*\*+\s*(?:const\s+)?\w*\s*(?:\[[^\]]*\]\s*)*\)\s*\(")
#: behind a member that is called, set, or whose value is taken; one that is compared, added to or looked into holds
#: no function
_MEMBER_USED = re.compile(r"\s*(?:=(?!=)|[;,()?:}\[])")
_CALL = re.compile(r"\s*\(")
_TAGGED = re.compile(r"\b(?:struct|union|enum)(?:\s+\w+)?\Z")
#: `= (struct point)`, `return (struct point)`: a brace behind it begins the members of a compound literal
_COMPOUND = re.compile(
    r"(?:[=(,&?:]|\breturn)\s*\(\s*(?:const\s+)?(?:(?:struct|union)\s+)?\w+\s*(?:\[[^\]]*\])?\s*\)\Z"
)

#: what a word can be, as bits
MEMBER, FUNCTION, MACRO, TYPE, VARIABLE = 1, 2, 4, 8, 16


class Hit(NamedTuple):
    """A place, in bytes, at which a name stands that can matter, and what it can be there."""

    at: int
    word: str
    kind: int


def hits(code: str, common: dict[str, int], own: Collection[str]) -> Iterator[Hit]:
    """Where the words of `common` (what each can be) and the functions `own` stand so that they can matter."""
    get = common.get
    for match in WORDS.finditer(code):
        word = match.group()
        kind = get(word, 0)
        if word in own:
            kind |= FUNCTION
        if not kind:
            continue
        start, end = match.span()
        before = code[start - 1 : start]
        while before in (" ", "\t", "\n") and start:
            start -= 1
            before = code[start - 1 : start]
        if before == "." or (before == ">" and code[start - 2 : start] == "->"):
            if kind & MEMBER and _MEMBER_USED.match(code, end):
                yield Hit(match.start(), word, MEMBER)
            continue
        if kind & FUNCTION and (code[end : end + 1] == "(" or _CALL.match(code, end) or _is_label(code, start, end)):
            kind &= ~FUNCTION
        if kind & ~MEMBER:
            yield Hit(match.start(), word, kind & ~MEMBER)


def _is_label(code: str, start: int, end: int) -> bool:
    """Is a word, from the end of the one before to its own, a label or what is jumped to?"""
    if code[end : end + 1] == ":":
        return code[start - 1 : start] in (";", "{", "}", ":")
    return code.endswith("goto", 0, start)


def units(code: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The statements between two bytes, as (start, end): each to its `;` or to a brace that begins or ends a block.

    An initialiser's braces, a struct's, and those of `({ … })` are part of their statement.
    """
    here = start
    depth = braces = 0
    for match in _PIECE.finditer(code, start, end):
        piece = match.group()
        depth += piece.count("(") - piece.count(")")
        last = piece[-1]
        if last == "{":
            before = piece[:-1].rstrip()
            if depth > 0 or braces or before.endswith("=") or _TAGGED.search(before) or _COMPOUND.search(before):
                braces += 1
                continue
        elif braces:
            braces -= last == "}"
            continue
        elif depth > 0 and last == ";":
            continue
        depth = 0
        yield here, match.end()
        here = match.end()
    if here < end:
        yield here, end


def between(places: list[int], start: int, end: int) -> bool:
    """Is any of these sorted places in a range of bytes?"""
    first = bisect_left(places, start)
    return first < len(places) and places[first] < end


class Interests:
    """What matters in the files of a tree; one for a process, because headers are asked about again and again."""

    def __init__(self, knowledge: Knowledge, types: Types) -> None:
        self.knowledge = knowledge
        self.types = types
        self._common: dict[str, int] = {}
        for bit, words in (
            (MEMBER, knowledge.fields),
            (FUNCTION, knowledge.functions - KEYWORDS),
            (MACRO, knowledge.active),
            (TYPE, knowledge.pointers | knowledge.names.typeofs | TYPEOF | {AUTO}),
            (VARIABLE, knowledge.variables),
        ):
            for word in words:
                self._common[word] = self._common.get(word, 0) | bit
        self._masks: dict[str, tuple[int, int]] = {}
        self._none: Memory[tuple[str, Type, str], bool] = Memory(10_000)

    def field_matters(self, field: str, path: str) -> bool:
        """Can a member of this name hold a function in a file?  Not where only structs are seen whose member of that
        name is something else.
        """
        index = self.types.places.index
        masks = self._masks.get(field)
        if masks is None:
            homes, others = self.knowledge.fields[field]
            masks = self._masks[field] = (index.set_of(homes), index.set_of(others))
        return index.sees(path, masks[0]) or not index.sees(path, masks[1])

    def holds_none(self, field: str, holder: Type, path: str) -> bool:
        """Is the member of this name of a struct (or of what a pointer or typedef leads to) one that no function gets
        into?
        """
        key = (field, holder, path)
        known = self._none.get(key)
        if known is None:
            known = self._none[key] = self._holds_none(field, holder, path)
        return known

    def _holds_none(self, field: str, holder: Type, path: str) -> bool:
        made = self.types.resolve(holder, path)
        while made is not None and made[0] == "pointer":
            made = self.types.resolve(made[1], path)
        if made is None or made[0] not in ("struct", "inline"):
            return False
        structs = [each for each in self.types.places.all(made[1]) if each.kind in ("struct", "union")]
        files = {made[1]} if made[0] == "inline" else {each.file for each in structs}
        return bool(files) and files.issubset(self.knowledge.fields[field][1])

    def _variable_matters(self, name: str, path: str) -> bool:
        """Can a variable of this name, in a file, be one that points to functions?"""
        homes = self.knowledge.variables[name]
        same_unit = self.types.places.index.same_unit
        return not homes or any(home == path or same_unit(home, path) for home in homes)

    def hits(self, path: str, code: str, own: Collection[str], is_active: Callable[[str], bool]) -> list[Hit]:
        """The places in a file, with directives blanked, at which a function's address can move."""
        known: dict[tuple[str, int], int] = {}
        found = []
        for hit in hits(code, self._common, own):
            key = (hit.word, hit.kind)
            kind = known.get(key)
            if kind is None:
                kind = hit.kind
                if kind & MEMBER and not self.field_matters(hit.word, path):
                    kind &= ~MEMBER
                if kind & MACRO and not is_active(hit.word):
                    kind &= ~MACRO
                if kind & VARIABLE and not self._variable_matters(hit.word, path):
                    kind &= ~VARIABLE
                known[key] = kind
            if kind:
                found.append(Hit(hit.at, hit.word, kind))
        return found
