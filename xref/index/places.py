"""Where names are defined, and the text there: what the graph reads of an index.

What was asked for is kept, because the graph asks for the same headers and structs again and again.  `code` is a
file's text with comments, the insides of literals and directives blanked, so that every offset in it is an offset in
the file.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable
from functools import cached_property
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from xref.graph.linkage import arch_of
from xref.index.memory import Memory
from xref.index.query import Index
from xref.parse.facts import DEFINITION_KINDS
from xref.parse.lex import blank

_DIRECTIVE = re.compile(rb"^[ \t]*#[^\n\\]*(?:\\.[^\n\\]*)*", re.MULTILINE | re.DOTALL)
#: kinds of what a name means by itself, as `definitions` puts them; a prototype where there is nothing else
_BY_NAME = tuple(kind for kind in DEFINITION_KINDS if kind not in ("member", "label"))
_NOT_LINE_END = re.compile(rb"[^\n]")


class Place(NamedTuple):
    """One definition of a name; head and tail are byte offsets in the file, macro the macro that made it."""

    name: str
    kind: str
    file: str
    line: int
    column: int
    end_line: int
    static: bool
    head: int
    tail: int
    macro: str | None

    @property
    def identity(self) -> str:
        """How a function is called in slots and in the call graph: `name@file` where it has internal linkage."""
        return f"{self.name}@{self.file}" if self.static else self.name


class Text:
    """A file's text, blanked."""

    def __init__(self, data: bytes) -> None:
        self._blanked = blank(data)[0]
        self._data = data
        self.with_directives = self._blanked.decode("latin-1")

    @cached_property
    def code(self) -> str:
        """The text without directives."""
        return _DIRECTIVE.sub(_spaces, self._blanked).decode("latin-1")

    @cached_property
    def _starts(self) -> list[int]:
        """Where each line begins."""
        return list(accumulate((len(line) + 1 for line in self._data.split(b"\n")), initial=0))

    def line(self, offset: int) -> int:
        """The line of a byte."""
        return bisect.bisect_right(self._starts, offset)

    def column(self, offset: int) -> int:
        """The column of a byte."""
        return offset - self._starts[bisect.bisect_right(self._starts, offset) - 1] + 1

    def start(self, line: int) -> int:
        """The byte at which a line begins; lines behind the last begin at the end."""
        return min(self._starts[max(min(line, len(self._starts)) - 1, 0)], len(self.with_directives))


def _spaces(match: re.Match[bytes]) -> bytes:
    text = match.group()
    return b" " * len(text) if b"\n" not in text else _NOT_LINE_END.sub(b" ", text)


class Places:
    """Definitions of one tree of an index, by name."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self._known: Memory[str, list[Place]] = Memory(100_000)
        self._best: Memory[str, dict[tuple[str, tuple[str, ...]], Place | None]] = Memory(3_000)
        self.text = lru_cache(maxsize=600)(self._text)

    def _text(self, path: str) -> Text:
        return Text(self.index.source(path) or b"")

    def all(self, name: str) -> list[Place]:
        """Every definition of a name, those under `#if 0` left out."""
        found = self._known.get(name)
        if found is None:
            rows = self.index.places(name)
            found = self._known[name] = [Place(name, DEFINITION_KINDS[row[0]], *row[1:]) for row in rows]
        return found

    def best(self, name: str, kinds: Iterable[str], path: str) -> Place | None:
        """The definition of one of these kinds that a name most likely means in a file, earlier kinds first."""
        wanted = tuple(kinds)
        known = self._best.get(path)
        if known is None:
            known = self._best[path] = {}
        key = (name, wanted)
        if key not in known:
            found = [place for place in self.all(name) if place.kind in wanted]
            if len(found) > 1:
                own = arch_of(path) or self.index.arch
                found = [min(found, key=lambda each: self._distance(each, wanted, path, own))]
            known[key] = found[0] if found else None
        return known[key]

    def forget(self, path: str) -> None:
        """Let go of what is known of the names in a file; for who reads a whole tree, file by file."""
        self._best.pop(path)

    def seen(self, place: Place, path: str) -> bool:
        """Can code in a file mean this definition: its own, of a header it includes, or shared by linking?"""
        if place.file == path:
            return True
        if place.file.endswith(".h") and self.index.reaches(path, place.file):
            return True
        if place.kind not in ("function", "variable", "prototype", "label"):
            return False
        if place.static:
            return self.index.same_unit(place.file, path)
        return not place.file.endswith(".h") or self.index.is_part(place.file)

    def meant(self, name: str, path: str) -> tuple[Place, str] | None:
        """The definition that a name means in a file, and how that file sees it; None where it sees none.

        `file`: it is its own; `include`: its includes reach it; `unit`: both are compiled as one; `linked`: it is
        shared by linking.
        """
        best = self.best(name, _BY_NAME, path)
        if best is None or not self.seen(best, path):
            return None
        if best.file == path:
            return best, "file"
        if best.file.endswith(".h") and self.index.reaches(path, best.file):
            return best, "include"
        return best, "unit" if self.index.same_unit(best.file, path) else "linked"

    def _distance(
        self, place: Place, kinds: tuple[str, ...], path: str, own: str | None
    ) -> tuple[bool, bool, bool, int, int, bool, str, int]:
        """How far a definition is from what a name means in a file of the architecture `own`."""
        file = place.file
        arch = arch_of(file)
        if file == path:
            near = 0
        elif file.endswith(".h"):
            near = 1 if self.index.reaches(path, file) else 2 if self.seen(place, path) else 3
        else:
            near = 2 if not place.static or self.index.same_unit(place.file, path) else 4
        return (
            near > 2,
            place.macro is not None and place.kind == "struct",
            arch not in (None, own),
            kinds.index(place.kind),
            near,
            arch is None,  # what an architecture has of its own takes the place of the generic
            file,
            place.line,
        )

    def of_file(self, path: str) -> list[Place]:
        """What a file defines, in order."""
        return [Place(row[0], DEFINITION_KINDS[row[1]], path, *row[2:]) for row in self.index.places_in(path)]
