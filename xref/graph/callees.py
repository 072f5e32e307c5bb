"""The edges out of a function, each with its proof.

They are made when they are asked for, and kept.
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterator
from typing import Any

from xref.graph.deferrals import Deferrals
from xref.graph.indirect import Target
from xref.graph.list_heads import ListHeads
from xref.graph.named_calls import BODY
from xref.graph.named_calls import MADE
from xref.graph.named_calls import NamedCalls
from xref.graph.named_calls import Only
from xref.graph.nodes import Step
from xref.graph.nodes import plain
from xref.graph.syscalls import INITCALL_RUNNERS
from xref.graph.tags import Tags
from xref.index.memory import Memory
from xref.index.places import Place
from xref.index.query import Index
from xref.index.records import Call
from xref.index.records import Edge

#: targets of a function's calls through pointers from which on its edges to one of them are made without the others
_MANY_TARGETS = 200


class Callees(NamedCalls):
    """What each function calls.  `lists` is the whole graph's."""

    lists: ListHeads

    def __init__(self, index: Index) -> None:
        super().__init__(index)
        self.deferrals = Deferrals(self.places, self.pointers)
        self._tags = Tags(self.places, self._meanings)
        self._out: Memory[str, list[Step]] = Memory(20_000)

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

    def out_to(self, node: str, callee: str, only: Only | None = None) -> list[Step]:
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

    def _only(self, callee: str, names: Collection[str] | None) -> Only:
        return Only(callee, names, bool(self.pointers.slots_of(callee) or self._names_of(callee)), {})

    def _edges(self, node: str, only: Only | None = None) -> Iterator[Step]:
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

    def _blocks(self, node: str, hidden: list[tuple[Any, ...]]) -> list[str]:
        """The nodes under whose names the calls of a node's body are kept: its own, but see `made`."""
        kept = [plain(row[1]) for row in hidden if row[6] == BODY]
        if kept:
            return [each for name in kept for each in self.nodes(name) if self._same_use(each, node)]
        return [] if any(row[6] == MADE for row in hidden) else [node]

    def _same_use(self, one: str, other: str) -> bool:
        """Does one use of a macro make both functions?"""
        places = {(place.file, place.head) for place in self.definitions(one)}
        return any((place.file, place.head) in places for place in self.definitions(other))

    def _of_body(self, node: str, name: str, kept: str, only: Only | None) -> Iterator[Step]:
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

    def _through(
        self, node: str, caller_def: str | None, row: tuple[Any, ...], only: Only | None = None
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

    def _names_of(self, node: str) -> set[str]:
        """Slots known by name only, that the function may be called through."""
        members = {slot.rpartition(".")[2] for slot in self.pointers.slots_of(node) if slot.startswith("F:")}
        return {f"N:{member}" for member in members}

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
