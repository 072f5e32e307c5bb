"""The call graph: edges out of and into a function, each with its proof.

A node is a function's identity as in `flow`: its name, and `name@file` where it has internal linkage.  Edges are
made when they are asked for, and kept.
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from threading import Lock
from threading import local
from typing import Any
from typing import NamedTuple
from weakref import WeakValueDictionary

from xref.graph.adjacency import Adjacency
from xref.graph.asm_macros import AsmCall
from xref.graph.asm_macros import asm_calls
from xref.graph.deferrals import DEFERRED
from xref.graph.deferrals import Deferrals
from xref.graph.handing_macros import named
from xref.graph.handing_macros import node_of
from xref.graph.indirect import Pointers
from xref.graph.indirect import Target
from xref.graph.kept import kept_adjacency
from xref.graph.linkage import arch_of
from xref.graph.list_heads import ListHeads
from xref.graph.meanings import BODIES
from xref.graph.meanings import Meanings
from xref.graph.syscalls import INITCALL_RUNNERS
from xref.graph.syscalls import SWITCHES
from xref.graph.syscalls import Syscalls
from xref.graph.tags import Tags
from xref.index.memory import Memory
from xref.index.places import Place
from xref.index.places import Places
from xref.index.query import Index
from xref.index.reading import State
from xref.index.records import Call
from xref.index.records import Edge

#: how a hidden call is one: see `flow.Hidden`
MADE, BODY, PASTED = "made", "body", "pasted"
_MOST_NESTED = 6
#: functions looked at for each caller that is to be shown: some that name it mean another
_LOOKED_AT = 4
#: targets of a function's calls through pointers from which on its edges to one of them are made without the others
_MANY_TARGETS = 200


_making = Lock()
_adjacencies: WeakValueDictionary[State, Adjacency] = WeakValueDictionary()


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


#: what the body of a macro calls: node, line, file, lines of the macros in it
_Inner = tuple[str, int, str, tuple[str, ...]]


class _Only(NamedTuple):
    """The edges wanted of a function, where those to others may be left out.

    names: those by which the callee is called, its own and macros'; None where that is not known
    pointed: can it be called through a pointer?
    opened: what of it the bodies of macros call, by macro and file
    """

    callee: str
    names: Collection[str] | None
    pointed: bool
    opened: dict[tuple[str, str], list[_Inner]]

    def wants(self, called: str) -> bool:
        """Can a call by this name be one of the callee?"""
        return self.names is None or called in self.names


class _Opening(local):
    """The macros that a thread is about to open: one that calls itself is opened once."""

    def __init__(self) -> None:
        self.macros: set[tuple[str, str]] = set()


class CallGraph:
    """The functions of one tree.  Threads may share one whose index knows them apart: see web/graphs.py."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.places = Places(index)
        self._meanings = Meanings(self.places)
        self._tags = Tags(self.places, self._meanings)
        self.pointers = Pointers(index)
        self.syscalls = Syscalls(self.places)
        self.deferrals = Deferrals(self.places, self.pointers)
        self.lists = ListHeads(self)
        # what is found out serves the next who asks, on any thread; it is let go of in the end, since a server asks
        # for a whole tree in time
        self._out: Memory[str, list[Step]] = Memory(20_000)
        self._macro_calls: Memory[tuple[str, str], list[_Inner]] = Memory(30_000)
        self._by_scope: Memory[str, dict[str, list[tuple[str, int, int]]]] = Memory(1_500)
        self._defined: Memory[str, tuple[Place | None]] = Memory(60_000)
        self._opening = _Opening()

    # -- nodes ----------------------------------------------------------------------------------------

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

    # -- out ------------------------------------------------------------------------------------------

    def callees(self, node: str) -> list[Edge]:
        """The edges out of a function, in the order of its text, with what it puts off."""
        steps = sorted([*self.out(node), *self.put_off(node)], key=lambda each: (each.edge.file, each.edge.line))
        return [step.edge for step in steps]

    def put_off(self, node: str) -> list[Step]:
        """The steps to what a function registers or raises, so that it runs later."""
        found = []
        for each in self.deferrals.by_caller.get(node, ()):
            edge = Edge(
                plain(node), plain(each.callee), each.file, each.line, "deferred", each.via, each.evidence, "typed",
                self.defined_at(node), self.defined_at(each.callee), each.chain or None,
            )  # fmt: skip
            found.append(Step(each.callee, edge))
        return found

    def out(self, node: str) -> list[Step]:
        """The steps out of a node, in the order of its text, but for those that are put off."""
        known = self._out.get(node)
        if known is None:
            found: dict[tuple[object, ...], Step] = {}
            for step in self._edges(node):
                found.setdefault((step.callee, *step.edge[1:7]), step)
            known = self._out[node] = sorted(found.values(), key=lambda each: (each.edge.file, each.edge.line))
        return known

    def out_to(self, node: str, callee: str, only: _Only | None = None) -> list[Step]:
        """The steps of `out` to one callee: what calls all interrupt handlers has thousands of others.

        `only` serves several nodes.
        """
        known = self._out.get(node)
        if known is None and only is None:
            slots = {row[4] for row in self.index.sites(function=node)}
            if sum(len(self.pointers.targets(slot)) for slot in slots) < _MANY_TARGETS:
                known = self.out(node)
        if known is not None:
            return [step for step in known if step.callee == callee]
        found: dict[tuple[object, ...], Step] = {}
        for step in self._edges(node, only or self._only(callee, None)):
            if step.callee == callee:
                found.setdefault(step.edge[1:7], step)
        return sorted(found.values(), key=lambda each: (each.edge.file, each.edge.line))

    def _only(self, callee: str, names: Collection[str] | None) -> _Only:
        return _Only(callee, names, bool(self.pointers.slots_of(callee) or self._names_of(callee)), {})

    def _edges(self, node: str, only: _Only | None = None) -> Iterator[Step]:
        """The edges out of a node, or only some."""
        name = plain(node)
        hidden = self.index.hidden_calls(function=node) if only is None or node in self._hiding else []
        for kept in self._blocks(node, hidden):
            yield from self._of_body(node, name, kept, only)
            if kept != node:
                hidden += [row for row in self.index.hidden_calls(function=kept) if row[6] not in (MADE, BODY)]
        yield from self._of_table(node)
        yield from self._of_asm_macros(node)
        yield from self._initcalls(node)
        caller_def_any = self.defined_at(node)
        for _, callee, file, line, macro, evidence, through in hidden:
            if through == MADE:
                yield from self._made(name, caller_def_any or "", callee, file, line, macro, evidence)
            elif through != BODY:
                yield from self._handed(name, caller_def_any, callee, file, line, macro, evidence, through)

    def _handed(
        self, caller: str, caller_def: str | None, callee: str, file: str, line: int, macro: str, evidence: str,
        through: str,
    ) -> Iterator[Step]:  # fmt: skip
        """A call that a macro does of its argument, or of a name that it pastes; that can be a macro in its turn."""
        via = macro if through == PASTED or not macro else f"{macro} argument"
        before = () if through == PASTED or not macro else (through,)
        found: list[tuple[str, tuple[str, ...]]] = []
        if "@" in callee or self.nodes(callee):
            found += [(node, before) for node in self._meanings.with_declared(callee)]
        if "@" not in callee:
            inside = self._inside(callee, file, 0)
            found += [(each, (*before, f"{at_file}:{at}", *chain)) for each, at, at_file, chain in inside]
        for node, chain in found:
            edge = Edge(
                caller, plain(node), file, line, "macro" if macro else "direct", via or None, evidence, "exact",
                caller_def, self.defined_at(node), chain or None,
            )  # fmt: skip
            yield Step(node, edge)

    @cached_property
    def _hiding(self) -> frozenset[str]:
        """The functions that have hidden calls."""
        return self.index.hiding()

    def _blocks(self, node: str, hidden: list[tuple[Any, ...]]) -> list[str]:
        """The nodes under whose names the calls of a node's body are kept: its own, but see `made`."""
        kept = [plain(row[1]) for row in hidden if row[6] == BODY]
        if kept:
            return [each for name in kept for each in self.nodes(name) if self._same_use(each, node)]
        return [] if any(row[6] == MADE for row in hidden) else [node]

    @cached_property
    def _owners(self) -> dict[str, list[str]]:
        """For each name under which the calls of a block behind a macro are kept the functions whose body it is."""
        owners: dict[str, list[str]] = {}
        for function, kept in self.index.block_owners():
            owners.setdefault(plain(kept), []).append(function)
        return owners

    def _same_use(self, one: str, other: str) -> bool:
        """Does one use of a macro make both functions?"""
        places = {(place.file, place.head) for place in self.definitions(one)}
        return any((place.file, place.head) in places for place in self.definitions(other))

    def _of_body(self, node: str, name: str, kept: str, only: _Only | None) -> Iterator[Step]:
        """What the text of a function's body calls; it is kept under the node `kept`."""
        for body in self.definitions(kept):
            caller_def = f"{body.file}:{body.line}"
            if body.file.endswith(".S"):
                yield from self._of_assembly(name, caller_def, body)
                continue
            for called, symbol, line in self._calls_in(body):
                if only is None or only.wants(called):
                    yield from self._named(name, caller_def, called, symbol, body.file, line, only)
        for row in self.index.sites(function=kept) if only is None or only.pointed else ():
            yield from self._through(node, self.defined_at(node), row, only)

    def _made(
        self, caller: str, caller_def: str, callee: str, file: str, line: int, macro: str, evidence: str
    ) -> Iterator[Step]:
        """A call that a macro writes into the function which it makes."""
        name = plain(callee)
        found: list[tuple[str, tuple[str, ...]]] = [(callee, ())]
        if name == callee:
            found = []
            symbol = self.index.symbol(name)
            kind = self.index.call_kind(symbol, file, line) if symbol is not None else None
            node = self._meanings.likeliest(name, file)
            if kind == "direct" and node is not None:
                found = [(node, ())]
            elif kind is not None:
                inside = self._inside(name, file, 0)
                found = [(each, (f"{at_file}:{at}", *chain)) for each, at, at_file, chain in inside]
        for node, chain in found:
            edge = Edge(
                caller, plain(node), file, line, "macro", macro, evidence, "exact", caller_def, self.defined_at(node),
                chain or None,
            )  # fmt: skip
            yield Step(node, edge)

    def _of_assembly(self, name: str, caller_def: str, body: Place) -> Iterator[Step]:
        """What an assembly routine calls: by name, by a table, by a pushed address."""
        for called, _, line in self._calls_in(body):
            callee = self._meanings.likeliest(called, body.file)
            if callee is not None:
                yield Step(
                    callee,
                    Edge(
                        name, called, body.file, line, "asm", name, None, "exact", caller_def, self.defined_at(callee)
                    ),
                )
        for trap in self.syscalls.traps(body):
            callee = self._meanings.likeliest(trap.handler, body.file) or trap.handler
            evidence = f"{trap.file}:{trap.line}"
            edge = Edge(
                name, trap.handler, trap.file, trap.line, "asm", trap.via, evidence, "exact", caller_def,
                self.defined_at(callee), (trap.called_at,),
            )  # fmt: skip
            yield Step(callee, edge)

    def _of_asm_macros(self, node: str) -> Iterator[Step]:
        """What an entry point calls that a macro of assembly makes."""
        for call in self._asm_made.get(node, ()):
            callee = self._meanings.likeliest(call.callee, call.file)
            if callee is not None:
                edge = Edge(
                    node, call.callee, call.file, call.line, "asm", call.macro, call.evidence, "exact",
                    f"{call.file}:{call.line}", self.defined_at(callee),
                )  # fmt: skip
                yield Step(callee, edge)

    def _of_table(self, node: str) -> Iterator[Step]:
        """The system calls that a routine calls by their table."""
        for entrance in self.syscalls.entrances:
            if entrance.caller != plain(node):
                continue
            for entry in self.syscalls.entries:
                if entry.table != entrance.table:
                    continue
                number = self.syscalls.number_at(entry)
                # as the table has it, and as the function is called where wrappers have a prefix of their own
                for prefix in ("", *self.syscalls.prefixes.get(entrance.caller, ())):
                    name = prefix + entry.function
                    callee = next(iter(self.nodes(name)), None)
                    if callee is not None:
                        edge = Edge(
                            entrance.caller, name, entrance.file, entrance.line, "syscall",
                            f"{entry.table}[{entry.number}]", entry.evidence, "exact", self.defined_at(node),
                            self.defined_at(callee), (number,) if number else None,
                        )  # fmt: skip
                        yield Step(callee, edge)

    def _runner(self) -> str | None:
        """The function that calls the initcalls."""
        return next((node for name in INITCALL_RUNNERS for node in self.nodes(name)), None)

    def _initcalls(self, node: str) -> Iterator[Step]:
        """What `module_init` and its like hand to the function that calls all of them at start."""
        if plain(node) not in INITCALL_RUNNERS or node != self._runner():
            return
        sites = self.index.sites(function=node)
        body = self.definitions(node)[0]
        file, line = (sites[0][0], sites[0][1]) if sites else (body.file, body.line)
        for calls in self.syscalls.initcalls.values():
            for call in calls:
                callee = self._meanings.likeliest(call.function, call.file)
                if callee is not None:
                    edge = Edge(
                        plain(node), call.function, file, line, "table", call.macro, f"{call.file}:{call.line}",
                        "exact", self.defined_at(node), self.defined_at(callee),
                    )  # fmt: skip
                    yield Step(callee, edge)

    def _calls_in(self, place: Place) -> list[tuple[str, int, int]]:
        """(name, its symbol, line) of what a function or macro calls by name."""
        scopes = self._by_scope.get(place.file)
        if scopes is None:
            scopes = {}
            calls = self.index.named_calls(place.file)
            names = self.index.names({each for call in calls for each in (call[0], call[3]) if each})
            for symbol, line, _, scope in calls:
                if scope:
                    scopes.setdefault(names[scope], []).append((names[symbol], symbol, line))
            self._by_scope[place.file] = scopes
        return [call for call in scopes.get(place.name, ()) if place.line <= call[2] <= place.end_line]

    def _named(
        self, caller: str, caller_def: str, called: str, symbol: int, path: str, line: int, only: _Only | None = None
    ) -> Iterator[Step]:
        """What a call by name means: a function, or the calls in a macro's body."""
        kind = self.index.call_kind(symbol, path, line)
        a_macro = self.places.best(called, ("macro",), path) is not None
        nodes: tuple[str, ...] = ()
        if kind == "direct":
            nodes = self._meanings.called(called, path)
        elif a_macro:
            nodes = self._meanings.besides_macro(called, path)
        for node in nodes:
            defined = self.defined_at(node)
            yield Step(node, Edge(caller, called, path, line, "direct", None, None, "exact", caller_def, defined))
        # a header that has both a function and a macro of the name has one for each configuration
        for callee, at, file, chain in self._inside(called, path, 0, only) if a_macro else ():
            edge = Edge(
                caller, plain(callee), path, line, "macro", called, f"{file}:{at}", "exact", caller_def,
                self.defined_at(callee), chain or None,
            )  # fmt: skip
            yield Step(callee, edge)

    def _inside(self, macro: str, path: str, depth: int, only: _Only | None = None) -> list[_Inner]:
        """What the bodies of a macro call."""
        best = self.places.best(macro, ("macro",), path)
        if best is None or depth > _MOST_NESTED or not self._meanings.sees(best, path):
            return []
        key = (macro, path)
        some = only is not None and only.names is not None
        known = only.opened.get(key) if only is not None and some else self._macro_calls.get(key)
        if known is not None or key in self._opening.macros:
            return known or []
        self._opening.macros.add(key)
        try:
            found = list(self._opened(macro, best.file, path, depth, only))
        finally:
            self._opening.macros.discard(key)
        if only is not None and some:
            only.opened[key] = found
        else:
            self._macro_calls[key] = found
        return found

    def _opened(
        self, macro: str, home: str, path: str, depth: int, only: _Only | None
    ) -> Iterator[_Inner]:
        """What a macro's bodies in the file `home`, or in headers for other configurations, call in `path`."""
        for place in self._meanings.macros(macro, home, path):
            for callee, line, through in self._handed_on(place):
                yield callee, line, place.file, (through,)
            for called, symbol, line in self._calls_in(place):
                if called == macro or not (only is None or only.wants(called)):
                    continue
                direct = self.index.call_kind(symbol, path) == "direct"
                meant = self._meanings.every if direct else self._meanings.besides_macro
                for node in meant(called, path):
                    yield node, line, place.file, ()
                for node, inner, file, chain in self._inside(called, path, depth + 1, only):
                    yield node, line, place.file, (f"{file}:{inner}", *chain)

    def _handed_on(self, macro: Place) -> Iterator[tuple[str, int, str]]:
        """(function, line, where it is called) of what a macro hands to others that call it."""
        node = node_of(macro.name, macro.file)
        rows = self.index.hidden_calls(function=node) if node in self._hiding else []
        for _, callee, file, line, _, _, through in rows:
            if file == macro.file and macro.line <= line <= macro.end_line:
                for node in self._meanings.with_declared(callee):
                    yield node, line, through

    def _through(
        self, node: str, caller_def: str | None, row: tuple[Any, ...], only: _Only | None = None
    ) -> Iterator[Step]:
        """The targets of one call through a pointer, or only one of them."""
        caller = plain(node)
        file, line, _, _, slot, name, *_ = row
        targets = self.pointers.targets(slot)
        if only is not None:
            targets = [target for target in targets if target.function == only.callee]
        targets = [target for target in targets if not self._tags.apart(slot, file, target)]
        handed: dict[str, list[str]] = {}
        for target in targets:
            if target.handed_by is not None:
                givers = handed.setdefault(target.function, [])
                if plain(target.handed_by) not in givers:
                    givers.append(plain(target.handed_by))
        near = sorted(targets, key=lambda each: (len(each.chain), -_shared(each.evidence, file)))
        is_run = self.lists.is_run(node, slot)
        for target in near:
            kind, via = _kind(slot, name, target)
            only_after: list[str] | None = handed.get(target.function) if kind == "param" else None
            heads = self.lists.givers(node, slot, target) if is_run and kind == "field" else None
            if heads is not None:
                only_after = list(dict.fromkeys(plain(each) for each in heads))
            after = None if only_after is None else tuple(only_after)
            edge = Edge(
                caller, plain(target.function), file, line, kind, via, target.evidence, target.confidence, caller_def,
                self.defined_at(target.function), target.chain or None, after,
            )  # fmt: skip
            yield Step(target.function, edge, slot, target)

    def at(self, file: str, line: int) -> list[tuple[Call, list[Edge]]]:
        """The calls through pointers on a line, each with the edges to what it can call; none where nothing is known.

        A call is there once, also where the index knows several slots for it.  Those in a macro's body are edges from
        the macro.
        """
        found: dict[int, tuple[Call, list[Edge]]] = {
            call.column: (call, []) for call in self.index.pointer_calls(file) if call.line == line
        }
        for row in self.index.sites_at(file, line):
            column, caller, struct, field = row[2], row[3], row[6], row[7]
            call, edges = found.get(column) or (Call(file, line, column, None, row[5], "indirect"), [])
            known = call._replace(struct=call.struct or struct, field=call.field or field)
            found[column] = (known, edges)
            if caller:
                edges += [step.edge for step in self._through(plain(caller), self.defined_at(caller), row)]
        return [found[column] for column in sorted(found)]

    # -- in -------------------------------------------------------------------------------------------

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

    def candidates(self, node: str) -> list[str]:
        """The functions that may have an edge into this one: a few too many, none too few.  By name.

        Unlike `caller_nodes` it reads no text: with thousands of callers it is the way to show some of them.
        """
        found = set(self.adjacency.callers(node))
        for slot in self._names_of(node):
            found.update(row[3] for row in self.index.sites(slot=slot) if row[3])
        for slot in self.pointers.slots_of(node):
            if self.lists.may_be_run(slot):
                sites = self.index.sites(slot=slot)
                found.update(row[3] for row in sites if row[3] and self.lists.is_run(row[3], slot))
        return sorted(found)

    def behind_switches(self) -> Iterator[tuple[Edge, str]]:
        """The system calls that another chooses by a number (sys_socketcall): the edge, and the function's node."""
        for name in SWITCHES:
            for node in self.nodes(name):
                for step in self.out(node):
                    if plain(step.callee).startswith("sys_") and step.edge.kind == "direct":
                        yield step.edge, step.callee

    @cached_property
    def adjacency(self) -> Adjacency:
        """All edges but those that go by a name alone, for searches through the whole tree.

        Shared by all who read the same state of a tree: it takes seconds to make, and is never changed.
        """
        with _making:
            known = _adjacencies.get(self.index.state)
            if known is None:
                known = _adjacencies[self.index.state] = kept_adjacency(self.index, self._gathered)
            return known

    def _gathered(self) -> Adjacency:
        return Adjacency.of(self.index, self._through_all())

    def _through_all(self) -> Iterator[tuple[str, str, bool]]:
        """(caller, callee, is it deferred) of each edge that is no call by name."""
        self.pointers.load()
        for function, slot in self.index.every_site():
            if not slot.startswith("N:"):
                is_run = self.lists.is_run(function, slot)
                for target in self.pointers.targets(slot):
                    givers = self.lists.givers(function, slot, target) if is_run else None
                    for caller in (function,) if givers is None else givers:
                        yield caller, target.function, slot in DEFERRED or target.member in DEFERRED
        for function, callee, file in self.index.every_hidden_call():
            for node in self._meanings.with_declared(callee):
                yield function, node, False
            for node in () if "@" in callee else self._in_macro(callee, file):
                yield function, node, False
        for function, callee in self._through_made():
            yield function, callee, False
        for caller, every in self.deferrals.by_caller.items():
            for each in every:
                yield caller, each.callee, True
        for entrance in self.syscalls.entrances:
            for entry in self.syscalls.entries:
                if entry.table == entrance.table:
                    for prefix in ("", *self.syscalls.prefixes.get(entrance.caller, ())):
                        for callee in self.nodes(prefix + entry.function):
                            yield entrance.caller, callee, False
        runner = self._runner()
        for name in self.syscalls.initcalls if runner is not None else ():
            for callee in self.nodes(name):
                yield str(runner), callee, False
        for handler, places in self.syscalls.trapping.items():
            for place in places:
                for callee in self.nodes(handler):
                    yield place.identity, callee, False

    def _through_made(self) -> Iterator[tuple[str, str]]:
        """(caller, callee) of the functions that macros make, with the block behind them as if they called it."""
        meant: dict[tuple[str, str], list[str]] = {}
        for function, callee, file in self.index.every_made_call():
            if "@" in callee:
                yield function, callee
                continue
            if (callee, file) not in meant:
                meant[callee, file] = self.nodes(callee) + self._in_macro(callee, file)
            for each in meant[callee, file]:
                yield function, each
        for caller, calls in self._asm_made.items():
            for call in calls:
                for each in self.nodes(call.callee):
                    yield caller, each

    def _in_macro(self, name: str, path: str) -> list[str]:
        """The nodes that a macro's bodies call where a file uses it."""
        return [inside[0] for inside in self._inside(name, path, 0)]

    def _names_of(self, node: str) -> set[str]:
        """Slots known by name only, that the function may be called through."""
        members = {slot.rpartition(".")[2] for slot in self.pointers.slots_of(node) if slot.startswith("F:")}
        return {f"N:{member}" for member in members}

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

    def everything(self) -> Iterator[Edge]:
        """Every edge of the tree."""
        for name in sorted(self.index.names_of_kinds(BODIES)):
            for node in self.nodes(name):
                yield from self.callees(node)
        for node in sorted(self._asm_made):
            if not self.places.all(node) or self.nodes(node) == [node]:
                yield from self.callees(node)


def _shared(one: str, other: str) -> int:
    """How many directories two paths share."""
    count = 0
    for a, b in zip(one.split("/"), other.split("/"), strict=False):
        if a != b:
            break
        count += 1
    return count


def _kind(slot: str, name: str, target: Target) -> tuple[str, str]:
    """An edge's kind and what it goes by."""
    if slot.startswith("P:"):
        return "param", name
    if target.member is not None:
        field = target.member[2:]
        if target.table is not None:
            return "table", f"{target.table}.{field.rpartition('.')[2]}"
        return "field", f"struct {field}"
    if slot.startswith("N:"):
        return "field", name
    return "variable", name
