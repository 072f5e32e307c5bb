"""Structs of one tag in files that have nothing to do with each other: what one holds is not called in the other.

A slot is a tag and a member, so two drivers that each have a `struct net_local` of their own share it.
"""

from __future__ import annotations

from xref.graph.indirect import Target
from xref.graph.meanings import Meanings
from xref.index.memory import Memory
from xref.index.places import Place
from xref.index.places import Places

_TAGGED = ("struct", "union")


class Tags:
    """Which of the structs of a tag the files of one tree mean."""

    def __init__(self, places: Places, meanings: Meanings) -> None:
        self._places = places
        self._meanings = meanings
        self._homes: Memory[str, tuple[Place, ...]] = Memory(20_000)
        self._seen: Memory[tuple[str, str], frozenset[str]] = Memory(50_000)

    def apart(self, slot: str, file: str, target: Target) -> bool:
        """Is what a file calls through a member another struct's than that which a target is stored in?

        Only a store into the very member tells, and only where each of the two files sees a struct of the tag, and
        none that the other sees as well.
        """
        if target.slot != slot or not slot.startswith("F:"):
            return False
        tag = slot[2:].rpartition(".")[0]
        stored = target.evidence.rpartition(":")[0]
        if not tag or stored == file or len(self._defined(tag)) < 2:
            return False
        here, there = self._means(tag, file), self._means(tag, stored)
        return bool(here) and bool(there) and here.isdisjoint(there)

    def _defined(self, tag: str) -> tuple[Place, ...]:
        known = self._homes.get(tag)
        if known is None:
            # what a macro makes may be another thing: LIST_HEAD(name) is a variable, and in BSD's lists a struct
            found = (place for place in self._places.all(tag) if place.kind in _TAGGED and place.macro is None)
            known = self._homes[tag] = tuple(found)
        return known

    def _means(self, tag: str, path: str) -> frozenset[str]:
        """The files that have a struct of the tag and that a file sees; its own alone where it has one itself."""
        key = (tag, path)
        known = self._seen.get(key)
        if known is None:
            files = {place.file for place in self._defined(tag) if self._sees(place, path)}
            known = self._seen[key] = frozenset({path} if path in files else files)
        return known

    def _sees(self, place: Place, path: str) -> bool:
        if place.file.endswith(".h"):
            return self._meanings.sees(place, path)
        return place.file == path or self._places.index.same_unit(path, place.file)
