"""The edges into a function."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import islice

from xref.graph.callees import Callees
from xref.graph.deferrals import DEFERRED
from xref.graph.handing_macros import named
from xref.graph.linkage import arch_of
from xref.graph.meanings import BODIES
from xref.graph.named_calls import MADE
from xref.graph.nodes import plain
from xref.index.places import Place
from xref.index.records import Edge

#: functions looked at for each caller that is to be shown: some that name it mean another
_LOOKED_AT = 4


class Callers(Callees):
    """Who calls each function."""

    @cached_property
    def _owners(self) -> dict[str, list[str]]:
        """For each name under which the calls of a block behind a macro are kept the functions whose body it is."""
        owners: dict[str, list[str]] = {}
        for function, kept in self.index.block_owners():
            owners.setdefault(plain(kept), []).append(function)
        return owners

    def callers(self, node: str) -> list[Edge]:
        """The edges into a function."""
        found: list[Edge] = []
        nodes, names = self._callers_by(node)
        only = self._only(node, names)
        for caller in nodes:
            found += [step.edge for step in self.out_to(caller, node, only)]
        if not DEFERRED.isdisjoint(self.pointers.slots_of(node)):
            for caller in dict.fromkeys(self.deferrals.by_callee.get(node, ())):
                found += [step.edge for step in self.put_off(caller) if step.callee == node]
        return sorted(found, key=lambda edge: (edge.file, edge.line, edge.caller))

    def some_callers(self, node: str, most: int) -> list[Edge]:
        """Edges into a function from at most so many functions, those through pointers first.

        For who shows a few: all callers of what everyone calls take seconds.  What only starts the kernel, traps into
        the function or puts it off is looked for where no one else calls it.
        """
        through: dict[str, None] = {}
        for slot in (*self.pointers.slots_of(node), *self._names_of(node)):
            through.update((row[3], None) for row in self.index.sites(slot=slot) if row[3])
        by_name: dict[str, None] = {}
        names: set[str] = set()
        self._users(plain(node), by_name, names, most * _LOOKED_AT)
        for row in self.index.hidden_calls(callee=node):
            if row[0] and not self._users_of_handing(row[0], by_name, names, most * _LOOKED_AT):
                by_name[row[0]] = None
        found: list[Edge] = []
        named, pointed = iter(by_name), iter(through)
        callers = 0
        looked = dict.fromkeys([*islice(pointed, most // 2), *named, *pointed])
        for caller in islice(looked, most * _LOOKED_AT):
            edges = [step.edge for step in self.out_to(caller, node)]
            found += edges
            callers += bool(edges)
            if callers == most:
                break
        if not looked:
            rare: dict[str, None] = {}
            self._rare_callers(node, rare)
            found += [step.edge for caller in rare for step in self.out_to(caller, node)]
            for caller in dict.fromkeys(self.deferrals.by_callee.get(node, ())):
                found += [step.edge for step in self.put_off(caller) if step.callee == node]
        return sorted(found, key=lambda edge: (edge.kind == "direct", edge.file, edge.line, edge.caller))

    def into(self, name: str) -> list[Edge]:
        """The edges into the functions of a name; for a macro, or what has no body here, those who use it."""
        nodes = self.nodes(name)
        return [edge for node in nodes for edge in self.callers(node)] if nodes else self.users(name)

    def out_of(self, name: str) -> list[Edge]:
        """The edges out of the functions of a name; of a macro what its bodies call."""
        found = [edge for node in self.nodes(name) for edge in self.callees(node)]
        return found or self.of_macro(name)

    def of_macro(self, name: str) -> list[Edge]:
        """What the bodies of a macro call, as edges from the macro."""
        found = []
        for place in self.places.all(name):
            if place.kind == "macro":
                where = f"{place.file}:{place.line}"
                for called, symbol, line in self._calls_in(place):
                    found += [step.edge for step in self._named(name, where, called, symbol, place.file, line)]
        return found

    def users(self, name: str) -> list[Edge]:
        """The functions that use a macro, or call something that has no body here, as edges."""
        found = []
        kinds = {place.kind for place in self.places.all(name)}
        kind = "macro" if "macro" in kinds else "direct"
        for path, scope, line in self.index.callers_of(name):
            place = self._scope(scope, path, line)
            if place is not None:
                found.append(
                    Edge(scope, name, path, line, kind, None, None, "exact", f"{place.file}:{place.line}", None)
                )
        return sorted(found, key=lambda edge: (edge.file, edge.line))

    def caller_nodes(self, node: str) -> list[str]:
        """The functions with an edge into this one (and perhaps some without)."""
        return self._callers_by(node)[0]

    def _callers_by(self, node: str) -> tuple[list[str], set[str]]:
        """The same, and the names by which they call it: its own, and those of macros."""
        found: dict[str, None] = {}
        names: set[str] = set()
        self._users(plain(node), found, names)
        for slot in (*self.pointers.slots_of(node), *self._names_of(node)):
            for row in self.index.sites(slot=slot):
                if row[3]:
                    found[row[3]] = None
        for row in self.index.hidden_calls(callee=node):
            if row[0] and not self._users_of_handing(row[0], found, names):
                found[row[0]] = None
        for caller in list(found):
            for owner in self._owners.get(plain(caller), ()):
                if self._same_use(caller, owner):
                    found[owner] = None
        self._rare_callers(node, found)
        return list(found), names

    def _rare_callers(self, node: str, found: dict[str, None]) -> None:
        """Those who call it by a table of system calls, at start, by a trap, or from an entry that assembly makes."""
        for entrance in self.syscalls.entrances:
            names = {plain(node).removeprefix(each) for each in ("", *self.syscalls.prefixes.get(entrance.caller, ()))}
            if any(entry.function in names for entry in self.syscalls.entries):
                found[entrance.caller] = None
        if plain(node) in self.syscalls.initcalls and (runner := self._runner()) is not None:
            found[runner] = None
        for place in self.syscalls.trapping.get(plain(node), ()):
            found[place.identity] = None
        for caller, calls in self._asm_made.items():
            if any(call.callee == plain(node) for call in calls):
                found[caller] = None

    def _users(self, name: str, found: dict[str, None], seen: set[str], most: int | None = None) -> None:
        """The functions that call a name, directly or by macros; once there are `most`, no others."""
        if name in seen:
            return
        seen.add(name)
        for row in self.index.hidden_calls(callee=name):
            if row[6] == MADE:
                found[row[0]] = None
        uses = self.index.callers_of(name)
        for path, scope, line in uses if most is None else self._own_first(uses):
            if most is not None and len(found) >= most:
                return
            place = self._scope(scope, path, line)
            if place is None:
                continue
            if place.kind == "macro":
                self._users(scope, found, seen, most)
            else:
                found[place.identity] = None

    def _users_of_handing(
        self, node: str, found: dict[str, None], seen: set[str], most: int | None = None
    ) -> bool:
        """Is it a macro?  Then the functions that use it are found."""
        macro = named(node)
        if macro is not None:
            self._users(macro[0], found, seen, most)
        return macro is not None

    def _own_first(self, uses: Iterator[tuple[str, str, int]]) -> Iterator[tuple[str, str, int]]:
        """Uses in files of other architectures come last."""
        foreign = []
        for use in uses:
            if arch_of(use[0]) in (None, self.index.arch):
                yield use
            else:
                foreign.append(use)
        yield from foreign

    def _scope(self, name: str, path: str, line: int) -> Place | None:
        for place in self.places.all(name):
            if place.kind in ("macro", *BODIES) and place.file == path and place.line <= line <= place.end_line:
                return place
        return None
