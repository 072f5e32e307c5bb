"""Definitions as words of code: what stands in a function, struct, macro or initialiser, and on which line.

Comments and the insides of literals are blanked before, so that a word found is a word of code, and blanks and line
ends make no difference to what a piece of code looks like.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from xref.graph.callgraph import CallGraph
from xref.graph.declarations import end_of_declaration
from xref.graph.linkage import arch_of
from xref.index.places import Place
from xref.index.places import Places

_TOKEN = re.compile(r"[A-Za-z_]\w*|\d\w*|->|[=!<>]=|&&|\|\||<<|>>|\+\+|--|\S")
#: what else has a body, the likeliest first
_KINDS = ("struct", "union", "enum", "variable", "typedef", "macro")


def words(code: str) -> list[str]:
    """A piece of C as its tokens."""
    return _TOKEN.findall(code)


class Body(NamedTuple):
    """A definition's tokens, head included, with the line of each; `inside` is the number of the head's tokens."""

    place: Place
    tokens: list[str]
    lines: list[int]
    columns: list[int]
    inside: int

    @property
    def at(self) -> str:
        """file:line of the definition."""
        return f"{self.place.file}:{self.place.line}"

    def where(self, number: int) -> str:
        """file:line of a token."""
        return f"{self.place.file}:{self.lines[number]}"

    def find(self, code: str) -> list[int]:
        """The numbers of the tokens at which a piece of code begins."""
        wanted = words(code)
        last = len(self.tokens) - len(wanted)
        return [
            start
            for start in range(last + 1)
            if self.tokens[start] == wanted[0] and self.tokens[start : start + len(wanted)] == wanted
        ]


class Bodies:
    """The bodies of one tree, by name; kept once read."""

    def __init__(self, graph: CallGraph) -> None:
        self._graph = graph
        self._places: Places = graph.places
        self.of = lru_cache(maxsize=None)(self._of)

    def places(self, name: str, kinds: Sequence[str]) -> list[Place]:
        """The definitions of a name of these kinds: the index's architecture and common code first, headers before."""
        wanted, _, file = name.partition("@")
        own = (None, self._graph.index.arch)
        found = [place for place in self._places.all(wanted) if place.kind in kinds and file in ("", place.file)]
        return sorted(
            found,
            key=lambda each: (arch_of(each.file) not in own, not each.file.endswith(".h"), each.file, each.line),
        )

    def functions(self, name: str) -> list[Place]:
        """The likeliest function of a name: its bodies, several where configurations have their own."""
        nodes = self._graph.nodes(name)
        if not nodes:
            return []
        found = self._graph.definitions(nodes[0])
        first = min(found, key=lambda each: arch_of(each.file) not in (None, self._graph.index.arch))
        return [place for place in found if place.file == first.file]

    def _of(self, name: str) -> tuple[Body, ...]:
        """The bodies of a name: of a function, else of a struct, an enumeration, a variable, a macro."""
        places = self.functions(name)
        if not places:
            for kind in _KINDS:
                places = self.places(name, [kind])
                if places:
                    places = [place for place in places if place.file == places[0].file]
                    break
        return tuple(self._body(place) for place in places)

    def heads(self, name: str) -> list[tuple[Place, list[str]]]:
        """How a function's name is defined and declared: each place with the tokens of its head."""
        found = []
        for place in (*self.functions(name), *self.places(name, ["prototype"])):
            text = self._places.text(place.file)
            found.append((place, words(text.code[place.head : place.tail])))
        return found

    def _body(self, place: Place) -> Body:
        text = self._places.text(place.file)
        code = text.with_directives if place.kind == "macro" else text.code
        end = text.start(place.end_line + 1)
        if place.kind == "variable":
            end = max(end, end_of_declaration(code, place.head))
        head = text.start(place.line) if place.kind in ("macro", *_KINDS[:3]) else place.head
        tokens, lines, columns = [], [], []
        inside = 0
        for match in _TOKEN.finditer(code, head, end):
            tokens.append(match.group())
            lines.append(text.line(match.start()))
            columns.append(text.column(match.start()))
            if match.start() < place.tail:
                inside += 1
        return Body(place, tokens, lines, columns, inside)
