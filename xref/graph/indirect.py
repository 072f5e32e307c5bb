"""Which functions a slot can hold: the flows into it, followed back to functions' names.

Inclusion only: whatever can get into a slot is in it, in whatever order and under whatever condition.
"""

from __future__ import annotations

from collections import deque
from threading import local
from typing import Any
from typing import NamedTuple

from xref.index.memory import Memory
from xref.index.query import Index

#: steps from a call back to the function's name, at most
_DEEPEST = 8
#: slots that a caller fills: parameters, and arguments of calls through pointers
_HANDED = ("P:", "A:")


class Target(NamedTuple):
    """A function that a slot can hold, and how it gets there.

    evidence is the file:line of its name, chain the further stores on the way to the call (the last first),
    handed_by the function that hands it to the parameter that is called, for other slots that in which its name
    stands, slot the first slot it gets into, table the table stored to,
    member the slot nearest the call that is a struct's member.
    """

    function: str
    evidence: str
    column: int
    chain: tuple[str, ...]
    handed_by: str | None
    slot: str
    how: str
    table: str | None
    instance: str | None
    member: str | None
    confidence: str


class _Here(NamedTuple):
    """A slot on the way back, with what is known of the way from it to the call; giver fills the parameter."""

    slot: str
    chain: tuple[str, ...]
    member: str | None
    table: str | None
    giver: str | None
    depth: int


class _Asked(local):
    """The slots that a thread is about to follow: one that leads back to itself is followed once."""

    def __init__(self) -> None:
        self.slots: set[str] = set()


class Pointers:
    """Resolves slots of one tree, and remembers."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._known: dict[str, list[Target]] = {}
        self._fed: Memory[str, frozenset[str]] = Memory(30_000)
        self._asked = _Asked()
        self._flows: dict[str, list[tuple[Any, ...]]] | None = None
        self._sources: dict[str, list[str]] = {}

    def load(self) -> None:
        """Read all flows at once: for who asks for many slots."""
        if self._flows is None:
            flows: dict[str, list[tuple[Any, ...]]] = {}
            sources: dict[str, dict[str, None]] = {}
            for slot, *row in self._index.every_flow():
                flows.setdefault(slot, []).append(tuple(row))
                sources.setdefault(row[0], {})[slot] = None
            self._sources = {source: list(slots) for source, slots in sources.items()}
            self._flows = flows

    def _into(self, slot: str) -> list[tuple[Any, ...]]:
        return self._index.flows_into(slot) if self._flows is None else self._flows.get(slot, [])

    def _fed_by(self, source: str) -> list[str]:
        return self._index.slots_fed_by(source) if self._flows is None else self._sources.get(source, [])

    def targets(self, slot: str) -> list[Target]:
        """What a slot can hold, the shortest way in first; each place of a function's name counts."""
        known = self._known.get(slot)
        if known is None:
            if slot in self._asked.slots:
                return []
            self._asked.slots.add(slot)
            try:
                known = self._known[slot] = self._follow(slot)
            finally:
                self._asked.slots.discard(slot)
        return known

    def _follow(self, slot: str) -> list[Target]:
        if slot.startswith("N:"):
            return self._by_name(slot)
        #: what a parameter holds depends on who fills it: then each that does so counts by itself
        handed = slot.startswith(_HANDED)
        found: list[Target] = []
        places: set[tuple[str, str, str | None]] = set()
        seen: set[tuple[str, str | None]] = {(slot, None)}
        waiting = deque([_Here(slot, (), slot if slot.startswith("F:") else None, None, None, 0)])
        while waiting:
            here = waiting.popleft()
            rows = self._into(here.slot)
            for source, direct, file, line, column, how, instance, _, function, through in rows:
                place = f"{file}:{line}"
                stored = here.table or (instance if how in ("assigned", "pasted") else None)
                steps = (through, *here.chain) if through and through != place else here.chain
                giver = here.giver
                if handed and giver is None and not source.startswith(_HANDED):
                    giver = function
                if direct:
                    by = giver if handed else function
                    if (source, place, by if handed else None) not in places:
                        places.add((source, place, by if handed else None))
                        made = Target(
                            source, place, column, steps, by, here.slot, how, stored, instance, here.member, "typed"
                        )
                        found.append(made)
                elif (source, giver) not in seen and here.depth < _DEEPEST and not source.startswith("N:"):
                    seen.add((source, giver))
                    nearest = here.member or (source if source.startswith("F:") else None)
                    waiting.append(_Here(source, (place, *steps), nearest, stored, giver, here.depth + 1))
            if here.slot.startswith("P:") and here.depth < _DEEPEST:
                function_name, _, number = here.slot[2:].rpartition(":")
                for through_slot in self._slots_of(function_name):
                    argument = f"A:{through_slot}:{number}"
                    if (argument, here.giver) not in seen:
                        seen.add((argument, here.giver))
                        waiting.append(here._replace(slot=argument, depth=here.depth + 1))
        return found

    def _by_name(self, slot: str) -> list[Target]:
        """The struct is not known: whatever is stored in a member of this name anywhere."""
        name = slot[2:]
        found = []
        for other in self._index.slots_like(f"[FN]:*{name}"):
            if other == slot or other.rpartition(".")[2] == name:
                rows = self._into(other)
                for source, direct, file, line, column, how, instance, _, function, _ in rows:
                    if direct:
                        place = f"{file}:{line}"
                        found.append(
                            Target(source, place, column, (), function, other, how, None, instance, None, "name")
                        )
        return found

    def _slots_of(self, function: str) -> frozenset[str]:
        """The slots that a function gets into, by however many steps."""
        known = self._fed.get(function)
        if known is None:
            found: set[str] = set()
            waiting = [function]
            while waiting:
                for slot in self._fed_by(waiting.pop()):
                    if slot not in found:
                        found.add(slot)
                        waiting.append(slot)
                        if slot.startswith("A:"):
                            # what is called through that slot has it as a parameter
                            inner, _, number = slot[2:].rpartition(":")
                            for target in self.targets(inner):
                                parameter = f"P:{target.function}:{number}"
                                if parameter not in found:
                                    found.add(parameter)
                                    waiting.append(parameter)
            known = self._fed[function] = frozenset(found)
        return known

    def slots_of(self, function: str) -> frozenset[str]:
        """The slots through which a function can be called."""
        return frozenset(slot for slot in self._slots_of(function) if not slot.startswith("A:"))
