"""What braced initialisers store: which member, element or variable each of their values gets into.

C's rules: designators (`.a`, GNU's `a:`, `[1]`), values in the order of the members, braces left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from xref.graph.syntax import Node
from xref.graph.syntax import Type
from xref.graph.types import Scope
from xref.graph.types import Types

#: designators before a value, and the value
Item = tuple[tuple[tuple[str, str], ...], Node]
_HOW = {".": "designated", ":": "gnu", "": "positional"}


class Store(Protocol):
    """Told of each value: (value, type or None where that is not known, slot, how, the variable initialised)."""

    def __call__(self, value: Node, made: Type | None, slot: str, how: str, instance: str | None, /) -> None: ...  # noqa: D102


class Initialiser:
    """Walks the initialisers of one scope, and tells `store` what they store; `slot_of` names a variable's slot."""

    def __init__(self, types: Types, scope: Scope, slot_of: Callable[[str], str], store: Store) -> None:
        self._types = types
        self._scope = scope
        self._slot_of = slot_of
        self._store = store

    def read(self, node: Node, made: Type, instance: str | None) -> None:
        """What a braced initialiser of this type stores; `instance` is the variable."""
        items = node[1]
        resolved = self._resolved(made)
        if resolved is None:
            for path, value in items:
                if path and path[-1][0] in (".", ":"):
                    self._store(value, None, f"N:{path[-1][1]}", _HOW[path[-1][0]], instance)
                elif value[0] == "list":
                    self.read(value, ("base",), instance)
            return
        place = 0
        while place < len(items):
            place = self._fill(items, place, resolved, instance, designated=True)

    def _resolved(self, made: Type) -> Type | None:
        if made[0] == "typeof":
            return self._types.typeof(made[1], self._scope)
        return self._types.resolve(made, self._scope.path)

    def _fill(self, items: list[Item], place: int, made: Type, instance: str | None, *, designated: bool) -> int:
        """Take items for a struct or array from `place` on; returns the first that is left.

        `designated` is false where its own braces are left out: then a designator is not for it.
        """
        if made[0] in ("struct", "inline"):
            return self._fill_struct(items, place, made, instance, designated)
        if made[0] == "pointer":
            return self._fill_array(items, place, made[1], instance, designated)
        self._store(items[place][1], made, f"V:{instance}", "positional", instance)
        return place + 1

    def _fill_struct(self, items: list[Item], place: int, made: Type, instance: str | None, designated: bool) -> int:
        members = self._types.members(made, self._scope.path)
        order = list(members)
        position = 0
        while place < len(items) and (position < len(order) or items[place][0]):
            path, value = items[place]
            if path and not designated:
                return place
            mark = ""
            if path:
                if path[0][0] == "[":
                    return place + 1
                mark, name = path[0]
                if name in members:
                    position = order.index(name)
                elif len(path) == 1:
                    self._store(value, None, f"N:{name}", _HOW[mark], instance)
                    place += 1
                    continue
            if position >= len(order):
                return place + 1
            name = order[position]
            member = members[name]
            position += 1
            if len(path) > 1:
                self._fill_inner(path, value, member.type, instance)
                place += 1
            else:
                place = self._item(items, place, member.type, f"F:{member.holder}.{name}", _HOW[mark], instance)
        return place if place < len(items) and not designated else max(place, len(items))

    def _fill_array(self, items: list[Item], place: int, element: Type, instance: str | None, designated: bool) -> int:
        slot = self._slot_of(instance) if instance else "N:"
        while place < len(items):
            path, value = items[place]
            if path and path[0][0] != "[":
                return place + 1 if designated else place
            if len(path) > 1:
                self._fill_inner(path, value, element, instance)
                place += 1
                continue
            place = self._item(items, place, element, slot, "positional", instance)
            if not designated:
                return place
        return place

    def _fill_inner(self, path: tuple[tuple[str, str], ...], value: Node, made: Type, instance: str | None) -> None:
        """`.a.b = value`: what stands behind the first designator is for the member's own type."""
        inner = self._resolved(made)
        if inner is not None:
            self._fill([(path[1:], value)], 0, inner, instance, designated=True)

    def _item(self, items: list[Item], place: int, made: Type, slot: str, how: str, instance: str | None) -> int:
        """One member or element; returns the first item that is left."""
        value = items[place][1]
        if value[0] == "cast" and value[2][0] == "list":
            self.read(value[2], value[1], instance)
            return place + 1
        inner = self._resolved(made)
        if value[0] == "list":
            self._braced(value, inner, slot, how, instance)
            return place + 1
        if inner is not None and inner[0] in ("struct", "inline") and not items[place][0]:
            # braces left out: its members follow one by one
            return self._fill(items, place, inner, instance, designated=False)
        self._store(value, made, slot, how, instance)
        return place + 1

    def _braced(self, value: Node, made: Type | None, slot: str, how: str, instance: str | None) -> None:
        """A value in braces: an inner struct or array, or one value that has them for nothing."""
        if made is None:
            if len(value[1]) == 1:
                self._store(value[1][0][1], None, slot, how, instance)
        elif made[0] == "pointer" and self._types.is_function_pointer(made, self._scope.path):
            for _, each in value[1]:
                self._store(each, made, slot, how, instance)
        else:
            self.read(value, made, instance)
