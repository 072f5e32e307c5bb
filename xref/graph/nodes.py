"""The nodes of a call graph: a function's identity as in `flow`, with its bodies; and an edge between two of them.

A node is the function's name, and `name@file` where it has internal linkage.
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

from xref.graph.asm_macros import AsmCall
from xref.graph.asm_macros import asm_calls
from xref.graph.indirect import Pointers
from xref.graph.indirect import Target
from xref.graph.linkage import arch_of
from xref.graph.meanings import BODIES
from xref.graph.meanings import Meanings
from xref.graph.syscalls import Syscalls
from xref.index.memory import Memory
from xref.index.places import Place
from xref.index.places import Places
from xref.index.query import Index
from xref.index.records import Edge


def plain(node: str) -> str:
    """A node's name as people write it."""
    return node.partition("@")[0]


class Step(NamedTuple):
    """An edge, its callee's node, and for a call through a pointer the slot and what is known of the target.

    `before`: the steps that lead to this one, where a search takes them as one (see `list_heads`).
    """

    callee: str
    edge: Edge
    slot: str | None = None
    target: Target | None = None
    before: tuple[Step, ...] = ()


class Nodes:
    """The functions of one tree, and what is known of it."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.places = Places(index)
        self.pointers = Pointers(index)
        self.syscalls = Syscalls(self.places)
        self._meanings = Meanings(self.places)
        # what is found out serves the next who asks, on any thread; it is let go of in the end, since a server asks
        # for a whole tree in time.  So it is in the layers above
        self._defined: Memory[str, tuple[Place | None]] = Memory(60_000)

    def nodes(self, name: str) -> list[str]:
        """The functions of a name, `name@file` for one of them; the likeliest first."""
        wanted, _, file = name.partition("@")
        found = []
        arch = self.index.arch
        places = [place for place in self.places.all(wanted) if place.kind in BODIES]
        places.sort(key=lambda each: (arch_of(each.file) not in (None, arch), each.static, each.file))
        for place in places:
            if file and place.file != file:
                continue
            node = place.identity
            if node not in found:
                found.append(node)
        if not found and wanted in self._asm_made:
            found.append(wanted)
        return found

    @cached_property
    def _asm_made(self) -> dict[str, list[AsmCall]]:
        """What the entry points call that macros of assembly make."""
        made: dict[str, list[AsmCall]] = {}
        for call in asm_calls(self.places, self.index.arch):
            made.setdefault(call.caller, []).append(call)
        return made

    def definitions(self, node: str) -> list[Place]:
        """The bodies of a node: several where architectures or configurations have their own."""
        name, _, file = node.partition("@")
        found = [place for place in self.places.all(name) if place.kind in BODIES]
        found = [place for place in found if (place.file == file if file else not place.static)]
        return found or [place for place in self.places.all(name) if place.kind in BODIES and not file]

    def defined_at(self, node: str) -> str | None:
        """The file:line of the likeliest body."""
        known = self._defined.get(node)
        if known is None:
            bodies = self.definitions(node)
            known = self._defined[node] = (self._of_arch(bodies) if bodies else None,)
        best = known[0]
        return f"{best.file}:{best.line}" if best else None

    def _of_arch(self, bodies: list[Place]) -> Place:
        return min(bodies, key=lambda each: (arch_of(each.file) not in (None, self.index.arch), each.file, each.line))
