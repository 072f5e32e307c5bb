"""Which functions a name can mean where it is called, in every configuration that its includes allow.

A header has a function for one configuration and for another a macro, or a declaration, or nothing, and its place is
taken by another header.  One is the likeliest; the others are as true of a kernel that is configured otherwise.
"""

from __future__ import annotations

import re

from xref.graph.linkage import arch_of
from xref.index.memory import Memory
from xref.index.places import Place
from xref.index.places import Places

#: what has a body: functions, and labels of assembly
BODIES = ("function", "label")


class Meanings:
    """What names mean in the files of one tree."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._index = places.index
        self._likeliest: Memory[tuple[str, str], tuple[str | None]] = Memory(100_000)
        self._every: Memory[tuple[str, str], tuple[str, ...]] = Memory(50_000)
        self._besides: Memory[tuple[str, str], tuple[str, ...]] = Memory(30_000)
        self._alike: Memory[str, tuple[str, ...]] = Memory(30_000)

    def sees(self, place: Place, path: str) -> bool:
        """Can code in a file mean this definition?  A header sees what those who include it include as well."""
        if self._places.seen(place, path):
            return True
        both = place.file.endswith(".h") and path.endswith(".h")
        return both and self._index.used_together(path, place.file)

    def likeliest(self, name: str, path: str) -> str | None:
        """The node that a name most likely means where it is called in a file."""
        key = (name, path)
        known = self._likeliest.get(key)
        if known is None:
            place = self._places.best(name, BODIES, path)
            if place is not None and not self.sees(place, path):
                place = None
            known = self._likeliest[key] = (place.identity if place is not None else None,)
        return known[0]

    def every(self, name: str, path: str) -> tuple[str, ...]:
        """The nodes that a name means in one configuration or another, the likeliest first."""
        key = (name, path)
        known = self._every.get(key)
        if known is None:
            found: dict[str, None] = {}
            first = self.likeliest(name, path)
            for node in (first, *self._in_other_headers(name, path, first)) if first is not None else ():
                found.update(dict.fromkeys(self.with_declared(node)))
            known = self._every[key] = tuple(found)
        return known

    def called(self, name: str, path: str) -> tuple[str, ...]:
        """The nodes that a call by name means in a file, also one that is declared and nowhere defined.

        None where the name is a variable there: the file's own, though some other file has such a function, or one
        that a header declares.
        """
        own = self._places.best(name, ("variable",), path)
        if own is not None and own.file == path and own.macro is None:
            inside = self._places.best(name, BODIES, path)
            if inside is None or inside.file != path:
                return ()
        found = self.every(name, path)
        if found:
            return found
        declared = self._places.best(name, ("prototype",), path)
        return (name,) if declared is not None and self._declares_function(declared) else ()

    def _declares_function(self, place: Place) -> bool:
        """Is a declaration one of a function, and not `extern int jiffies;`?"""
        if place.macro is not None:
            return True
        code = self._places.text(place.file).code
        end = code.find(";", place.head)
        text = code[place.head : end if end > 0 else place.tail]
        return re.search(rf"\b{re.escape(place.name)}\s*\(", text) is not None

    def _in_other_headers(self, name: str, path: str, first: str) -> list[str]:
        """Functions of the name in other headers that a file includes: two at once would be an error.

        What an architecture has of its own takes the place of the generic.
        """
        home = first.partition("@")[2]
        if not home.endswith(".h") or home == path:
            return []
        own = arch_of(home)
        return [
            place.identity
            for place in self._places.all(name)
            if place.kind == "function"
            and place.static
            and place.file.endswith(".h")
            and place.file != home
            and arch_of(place.file) == own
            and self._index.reaches(path, place.file)
        ]

    def macros(self, name: str, home: str, path: str) -> list[Place]:
        """The bodies that a macro can have where a file means that of `home`: its own, and those of other headers.

        Two at once would be an error: `pmd_free_tlb` is that of asm-generic/tlb.h, or of pgtable-nopmd.h where there
        are no such tables.  What an architecture has of its own takes the place of the generic.
        """
        own = arch_of(home)
        many = home.endswith(".h") and home != path
        return [
            place
            for place in self._places.all(name)
            if place.kind == "macro"
            and (
                place.file == home
                or (
                    many
                    and place.file.endswith(".h")
                    and arch_of(place.file) == own
                    and self._index.reaches(path, place.file)
                )
            )
        ]

    def with_declared(self, node: str) -> tuple[str, ...]:
        """A function, and the one that its header declares in those configurations for which it does not define it.

        `register_cpu_notifier` is that of kernel/cpu.c, or in cpu.h one that does nothing.
        """
        name, _, file = node.partition("@")
        if not file.endswith(".h"):
            return (node,)
        known = self._alike.get(node)
        if known is None:
            places = self._places.all(name)
            declared = any(each.kind == "prototype" and each.file == file and not each.static for each in places)
            shared = any(each.kind in BODIES and not each.static for each in places)
            known = self._alike[node] = (node, name) if declared and shared else (node,)
        return known

    def besides_macro(self, name: str, path: str) -> tuple[str, ...]:
        """The functions that a macro's name means in other configurations.

        A header that has no such macro declares it: `rcu_note_context_switch` is a macro of rcutiny.h or a function
        declared in rcutree.h, and either is included.  Or a header has it itself: `spin_trylock` is an inline function
        of spinlock.h or a macro of spinlock_rt.h.
        """
        key = (name, path)
        known = self._besides.get(key)
        if known is None:
            known = self._besides[key] = self._find_besides(name, path)
        return known

    def _find_besides(self, name: str, path: str) -> tuple[str, ...]:
        node = self.likeliest(name, path)
        if node is None:
            return ()
        always = set(self._index.unconditional(name, "macro"))
        home = node.partition("@")[2]
        if home:
            macro = self._places.best(name, ("macro",), path)
            inline = home.endswith(".h") and home != path and (macro is None or macro.file != path)
            if not inline or (always and home in self._index.unconditional(name, "function")):
                return ()
            return self.every(name, path)
        if self._places.best(name, ("prototype",), path) is None:
            return ()
        declared = {each for each in self._index.unconditional(name, "prototype") if each.endswith(".h")}
        declared = {each for each in declared if self._index.reaches(path, each)}
        return (node,) if declared - always else ()
