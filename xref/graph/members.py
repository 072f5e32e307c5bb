"""What a struct, union or enum is made of, in the order of its text, and which functions its members hold.

Works on a definition's text and on what the index says is defined in it; what gets into a member is asked of
`Pointers`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from xref.graph.indirect import Pointers
from xref.graph.linkage import arch_of
from xref.graph.nodes import plain
from xref.index.places import Place
from xref.index.places import Places
from xref.index.query import Index
from xref.index.records import Store
from xref.parse.constants import value_of

_SPACE = re.compile(r"\s+")
_TAG_BEFORE = re.compile(r"\b(?:struct|union|enum)\b([^{};]*)$")
_ATTRIBUTE = re.compile(r"\b__attribute__\s*\(\(.*?\)\)", re.DOTALL)
_LAST_WORD = re.compile(r"(\w+)\W*$")
_BRACES = re.compile(r"[{}]")
_BASE = re.compile(r"^(.*?[\w\s]\s*)(?=\**\s*\w+\s*(?:\[[^\]]*\]\s*)*(?::.*)?$)", re.DOTALL)
_POINTER_TO_FUNCTION = re.compile(r"\(\s*\*+\s*(?:const\s+|volatile\s+)?\w+\s*(?:\[[^\]]*\])?\s*\)\s*\(")


class Member(NamedTuple):
    """A member, or a struct or union without a name that opens or closes among the members.

    declaration: as written, on one line, without comments; for what opens `union {`, for what closes `} name`.
    depth: how many such it is in.  name is None for what opens, and where what closes has none.
    """

    name: str | None
    declaration: str
    line: int
    depth: int
    #: can it be a pointer to a function, by its own text?
    pointer: bool


class Enumerator(NamedTuple):
    """A name of an enum; expression is as written, None where it is one more than the last; value None if unknown."""

    name: str
    line: int
    expression: str | None
    value: int | None


class Body(NamedTuple):
    """The braces of a definition: where they are in its file's code, and the tag of what they belong to."""

    tag: str | None
    opening: int
    closing: int


class Layouts:
    """Reads what structs and enums of one tree are made of."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self._of_file = lru_cache(maxsize=100)(places.of_file)

    def body(self, place: Place) -> Body | None:
        """The braces of a struct, union or enum, or of the one that a typedef names; None where there are none."""
        code = self.places.text(place.file).code
        offset = self._offset(place)
        if place.kind != "typedef":
            opening = code.find("{", offset)
            between = code[offset:opening]
            if opening < 0 or ";" in between or "(" in between.replace("((", ""):
                return None
            closing = _closing(code, opening)
            return Body(place.name, opening, closing) if closing > 0 else None
        closing = code.rfind("}", 0, offset)
        if closing < 0 or code[closing + 1 : offset].strip(" \t\n*"):
            return None
        opening = _opening(code, closing)
        before = _TAG_BEFORE.search(code, max(0, opening - 200), opening) if opening >= 0 else None
        if before is None:
            return None
        tag = _LAST_WORD.search(_ATTRIBUTE.sub("", before.group(1)))
        return Body(tag.group(1) if tag else place.name, opening, closing)

    def _offset(self, place: Place) -> int:
        return self.places.text(place.file).start(place.line) + place.column - 1

    def members(self, place: Place) -> list[Member]:
        """The members of a struct or union, with the unnamed ones in it opened; empty for what is none."""
        body = self.body(place)
        if body is None:
            return []
        text = self.places.text(place.file)
        code = text.code
        inside = sorted(
            (offset, each)
            for each in self._of_file(place.file)
            if each.kind == "member" and body.opening < (offset := self._offset(each)) < body.closing
        )
        found: list[Member] = []
        depth = 0
        events: list[tuple[int, Place | None]] = [*inside]
        events += [(match.start(), None) for match in _BRACES.finditer(code, body.opening + 1, body.closing)]
        closed = False
        for offset, each in sorted(events, key=lambda event: event[0]):
            if each is not None:
                written = _one(code[each.head : each.tail], each.name)
                # `} name;`: what has just closed is this member's type
                shown = f"}} {written}" if closed else written
                pointer = not closed and _POINTER_TO_FUNCTION.search(written) is not None
                found.append(Member(each.name, shown, each.line, depth, pointer))
                closed = False
            elif code[offset] == "{":
                start = max(code.rfind(char, 0, offset) for char in ";{}") + 1
                head = _SPACE.sub(" ", code[start:offset]).strip()
                found.append(Member(None, f"{head} {{", text.line(offset), depth, False))
                depth += 1
            else:
                depth -= 1
                rest = code[offset + 1 : code.find(";", offset)].strip()
                closed = bool(rest)
                if not closed:
                    found.append(Member(None, "}", text.line(offset), depth, False))
        return found

    def enumerators(self, place: Place, value: Callable[[str], int | None] = lambda _name: None) -> list[Enumerator]:
        """The names of an enum with their values, as far as they can be told; empty for what is none.

        Of an enumerator's place those of the enum it is in.  `value` tells the numbers that macros stand for.
        """
        text = self.places.text(place.file)
        if place.kind == "enumerator":
            opening = _opening(text.code, self._offset(place) - 1, depth=1)
            body = Body(None, opening, _closing(text.code, opening)) if opening >= 0 else None
        else:
            body = self.body(place)
        if body is None:
            return []
        inside = sorted(
            (offset, each)
            for each in self._of_file(place.file)
            if each.kind == "enumerator" and body.opening < (offset := self._offset(each)) < body.closing
        )
        known: dict[str, int] = {}

        def number_of(name: str) -> int | None:
            return known[name] if name in known else value(name)

        last: int | None = -1
        found: list[Enumerator] = []
        for number, (offset, each) in enumerate(inside):
            end = inside[number + 1][0] if number + 1 < len(inside) else body.closing
            written = text.code[offset + len(each.name) : end].strip().rstrip(",").strip()
            expression = _SPACE.sub(" ", written[1:]).strip() if written.startswith("=") else None
            if expression is not None:
                last = value_of(expression, number_of)
            elif last is not None:
                last += 1
            if last is not None:
                known[each.name] = last
            found.append(Enumerator(each.name, each.line, expression, last))
        return found

    def holder(self, file: str, line: int) -> Place | None:
        """The struct, union or enum in whose body a line stands: the innermost with a name."""
        around = [
            each
            for each in self._of_file(file)
            if each.kind in ("struct", "union", "enum") and each.line <= line <= each.end_line
        ]
        if around:
            return max(around, key=lambda each: each.line)
        for each in self._of_file(file):
            if each.kind == "typedef" and each.line >= line:
                body = self.body(each)
                text = self.places.text(file)
                return each if body is not None and text.line(body.opening) <= line else None
        return None


class Held(NamedTuple):
    """A member that can hold functions: those stored there, and from where it is called."""

    struct: str
    field: str
    stores: list[Store]
    #: (function, file, line) of the calls through it; function is None at file level
    calls: list[tuple[str | None, str, int]]


class Holdings:
    """Which functions members hold."""

    def __init__(self, index: Index, pointers: Pointers) -> None:
        self._index = index
        self._pointers = pointers
        self.of_slot = lru_cache(maxsize=200)(self._of_slot)

    def of_struct(self, tag: str) -> dict[str, Held]:
        """By member, of one struct or union: what is stored there and who calls through it."""
        found: dict[str, Held] = {}
        slots = [*self._index.slots_like(f"F:{tag}.*"), *self._index.slots_like(f"F:{tag}::*")]
        for slot in slots:
            held = self.of_slot(slot)
            if held.stores or held.calls:
                found.setdefault(held.field, held)
        return found

    def of_member(self, name: str) -> list[Held]:
        """Of all structs that have a member of this name, the one with the most stores first."""
        slots = [slot for slot in self._index.slots_like(f"F:*.{name}") if slot.rpartition(".")[2] == name]
        held = [each for slot in slots if (each := self.of_slot(slot)).stores or each.calls]
        return sorted(held, key=lambda each: (-len(each.stores), each.struct))

    def _of_slot(self, slot: str) -> Held:
        """What is stored in one slot `F:tag.member`, and who calls through it."""
        struct, _, field = slot[2:].rpartition(".")
        calls = dict.fromkeys((row[3] and plain(row[3]), row[0], row[1]) for row in self._index.sites(slot=slot))
        own = self._index.arch
        # what is of the reader's architecture, or of none, goes before what another one has
        stores = sorted(
            self._stores(slot, struct, field), key=lambda each: (arch_of(each.file) not in (None, own), each.file)
        )
        return Held(struct, field, stores, list(calls))

    def _stores(self, slot: str, struct: str, field: str) -> Iterator[Store]:
        for source, direct, file, line, column, how, instance, macro, _, _ in self._index.flows_into(slot):
            if direct:
                yield Store(struct or None, field, plain(source), file, line, column, how, instance, macro)
        yield from handed_in(self._pointers, slot)


def handed_in(pointers: Pointers, slot: str) -> Iterator[Store]:
    """The functions that a setter function puts into a member: stored where they are handed to it."""
    struct, _, field = slot[2:].rpartition(".")
    for target in pointers.targets(slot):
        if target.slot.startswith("P:") and target.member == slot:
            file, _, place = target.evidence.rpartition(":")
            name = plain(target.function)
            yield Store(struct or None, field, name, file, int(place), target.column, "argument", None, None)


def _one(declaration: str, name: str) -> str:
    """Of a declaration of several members (`int a, *b`) what it says of one, on one line."""
    pieces = [""]
    depth = 0
    for char in _SPACE.sub(" ", declaration).strip():
        depth += (char in "([{") - (char in ")]}")
        if char == "," and not depth:
            pieces.append("")
        else:
            pieces[-1] += char
    if len(pieces) == 1:
        return pieces[0]
    wanted = re.compile(rf"\b{re.escape(name)}\b")
    place = next((number for number, piece in enumerate(pieces) if wanted.search(piece)), 0)
    if not place:
        return pieces[0].strip()
    base = _BASE.match(pieces[0].strip())
    return f"{base.group(1).strip() if base else ''} {pieces[place].strip()}".strip()


def _closing(code: str, opening: int) -> int:
    depth = 0
    for match in _BRACES.finditer(code, opening):
        depth += 1 if match.group() == "{" else -1
        if not depth:
            return match.start()
    return -1


def _opening(code: str, place: int, depth: int = 0) -> int:
    """Where the brace that closes at `place` is opened; with depth 1, the one around `place`."""
    for at in range(place, -1, -1):
        if code[at] in "{}":
            depth += 1 if code[at] == "}" else -1
            if not depth:
                return at
    return -1
