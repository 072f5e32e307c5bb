"""Lists whose head is handed in: `notifier_call_chain(&netdev_chain, …)` calls what is in that list, and in no other.

A function that takes `struct S **` and calls through a member of `struct S` runs through a list. Which functions that
can be depends on its caller, who names the head; and an instance of S is in the lists whose heads are handed on with
it (`notifier_chain_register(&netdev_chain, nb)`, mostly in a function made for that list). Where the head or the
instance's lists cannot be told, every target remains.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from threading import local
from typing import TYPE_CHECKING
from typing import NamedTuple

from xref.graph.indirect import Target
from xref.index.places import Place

if TYPE_CHECKING:
    from xref.graph.callers import Callers
    from xref.graph.nodes import Step

#: instances from which on a list is worth being told from others, and functions that may hand one thing on in turn
_FEWEST = 2
_MOST_HANDS = 3
_CALLED = re.compile(r"([A-Za-z_]\w*)\s*$")
_MEMBER_OF = re.compile(r"([A-Za-z_]\w*)\s*(?:->|\.)\s*$")
_LAST_WORD = re.compile(r"([A-Za-z_]\w*)\s*(?:\[[^\]]*\]\s*)*$")
#: what may stand before the name of a head or an instance that is handed on
_HANDED = re.compile(r"[\s&(]*([A-Za-z_]\w*)\s*(?:(?:->|\.)\s*\w+\s*)*[\s)]*")


class Way(NamedTuple):
    """How a runner comes to a list: the head (None if it cannot be told), who names it, and the calls from there."""

    node: str
    head: str | None
    steps: tuple[Step, ...]


class _Asked(local):
    """The runners whose callers a thread is about to follow: one that is met again on the way is left at that."""

    def __init__(self) -> None:
        self.runners: set[str] = set()


class ListHeads:
    """The lists of one call graph."""

    def __init__(self, graph: Callers) -> None:
        self._graph = graph
        self._places = graph.places
        self._lists: dict[tuple[str, str], frozenset[str] | None] = {}
        self._ways: dict[str, list[Way]] = {}
        self._asked = _Asked()
        self._heads: dict[tuple[str, str], int | None] = {}
        self._instances: dict[str, int] = {}

    def may_be_run(self, slot: str) -> bool:
        """Can calls through a slot be for each in a list?  Quickly: what it says no to is none."""
        return slot.startswith("F:") and self._many(slot)

    def _many(self, slot: str) -> bool:
        if slot not in self._instances:
            known = {target.instance for target in self._graph.pointers.targets(slot) if target.instance}
            self._instances[slot] = len(known)
        return self._instances[slot] >= _FEWEST

    def is_run(self, function: str, slot: str) -> bool:
        """Is a call through this slot, in this function, one for each that is in a list whose head it was given?"""
        return self._head_of(function, slot) is not None

    def _head_of(self, function: str, slot: str) -> int | None:
        """The number of the parameter that is the head."""
        if not self.may_be_run(slot):
            return None
        key = (function, slot[2:].rpartition(".")[0])
        if key not in self._heads:
            self._heads[key] = self._head_taken(*key)
        return self._heads[key]

    @cached_property
    def _by_giver(self) -> dict[str, list[tuple[Way, str]]]:
        """(the way, the slot) of each list that a function names the head of."""
        found: dict[str, list[tuple[Way, str]]] = {}
        for function, slot in set(self._graph.index.every_site()):
            if self.is_run(function, slot):
                for way in self.ways_into(function, slot):
                    found.setdefault(way.node, []).append((way, slot))
        return found

    @cached_property
    def _by_hand(self) -> dict[str, list[tuple[Way, str]]]:
        """The same for the functions that only hand a head on, or run through the list: the rest of the ways."""
        found: dict[str, list[tuple[Way, str]]] = {}
        for ways in self._by_giver.values():
            for way, slot in ways:
                for number, step in enumerate(way.steps, 1):
                    found.setdefault(step.callee, []).append((Way(step.callee, way.head, way.steps[number:]), slot))
        return found

    def hands_on(self, node: str) -> bool:
        """Does a function run through a list whose head it is given, or hand one on?"""
        return node in self._by_hand

    def steps(self, node: str, *, starting: bool = False) -> Iterator[tuple[tuple[Step, ...], Step]]:
        """From who names a head to what is called for each in the list: the calls on the way, and the last step.

        `starting`: nobody is known who called the node, so that it counts as who names every head that it is given.
        """
        ways = [*self._by_giver.get(node, ()), *(self._by_hand.get(node, ()) if starting else ())]
        for way, slot in ways:
            runner = way.steps[-1].callee if way.steps else node
            for step in self._graph.out(runner):
                if step.slot == slot and step.target is not None:
                    heads = self.lists_of(step.target)
                    if heads is not None and (way.head is None or way.head in heads):
                        yield way.steps, step

    def _head_taken(self, function: str, tag: str) -> int | None:
        """The number of the parameter of type `struct tag **`, if the function has it and follows it."""
        for place in self._graph.definitions(function):
            head = self._source(place.file)[place.head : place.tail]
            found = re.search(rf"\bstruct\s+{tag}\s*\*\s*\*\s*(\w+)", head)
            if found:
                text = self._places.text(place.file)
                body = text.code[place.tail : text.start(place.end_line + 1)]
                names = _parameters(head)
                if found[1] in names and re.search(rf"\*\s*{found[1]}\b", body):
                    return names.index(found[1])
        return None

    def _source(self, path: str) -> str:
        return (self._graph.index.source(path) or b"").decode("latin-1")

    def lists_of(self, target: Target) -> frozenset[str] | None:
        """The heads of the lists in which a runner's target can be; None where that cannot be told."""
        if target.instance is None or target.how == "assigned":
            return None
        key = (target.instance, target.evidence.rpartition(":")[0])
        if key not in self._lists:
            self._lists[key] = self._registered(*key)
        return self._lists[key]

    def _registered(self, instance: str, path: str) -> frozenset[str] | None:
        """The heads together with which an instance's address is handed on, wherever it is taken."""
        place = self._places.best(instance, ("variable",), path)
        if place is None:
            return None
        heads: set[str] = set()
        for reference in self._graph.index.references(instance, kind="address"):
            if place.static and reference.file != place.file:
                continue
            text = self._places.text(reference.file)
            at = text.start(reference.line) + reference.column - 1
            found = self._heads_beside(text.code, at, reference.file, 0)
            if found is None:
                return None
            heads |= found
        return frozenset(heads) or None

    def _heads_beside(self, code: str, at: int, path: str, hands: int) -> frozenset[str] | None:
        """The heads that stand beside what is at a place among the arguments of a call, there or further on.

        Empty where it gets nowhere; None where that cannot be told.
        """
        call = _call_around(code, at)
        if call is None:
            return None
        callee, arguments, mine = call
        if not callee:
            return frozenset()
        heads = [self._variable(each, path) for number, each in enumerate(arguments) if number != mine]
        named = frozenset(head for head in heads if head is not None)
        if named:
            return named
        bodies = [each for each in self._places.all(callee) if each.kind == "function"]
        bodies = [each for each in bodies if self._places.seen(each, path)]
        if not bodies or hands >= _MOST_HANDS:
            return None
        found: set[str] = set()
        for body in bodies:
            text = self._places.text(body.file)
            names = _parameters(text.code[body.head : body.tail])
            if mine >= len(names):
                return None
            used = re.compile(rf"(?<![\w.>]){names[mine] or '-'}\b(?!\s*(?:->|\.))")
            for match in used.finditer(text.code, body.tail, text.start(body.end_line + 1)):
                further = self._heads_beside(text.code, match.start(), body.file, hands + 1)
                if further is None:
                    return None
                found |= further
        return frozenset(found)

    def _variable(self, argument: str, path: str) -> str | None:
        """The variable of file scope whose address, or a member's, an argument is."""
        found = _HANDED.fullmatch(argument)
        place = self._places.best(found[1], ("variable",), path) if found else None
        if place is None or not self._places.seen(place, path):
            return None
        return f"{place.name}@{place.file}" if place.static else place.name

    def ways_into(self, runner: str, slot: str) -> list[Way]:
        """Who hands which head to a runner, directly or by functions that hand on what they are given."""
        known = self._ways.get(runner)
        if known is None:
            if runner in self._asked.runners:
                return []
            number = self._head_of(runner, slot)
            self._asked.runners.add(runner)
            try:
                known = list(self._handing(runner, number, (), 0)) if number is not None else []
            finally:
                self._asked.runners.discard(runner)
            self._ways[runner] = known
        return known

    def givers(self, runner: str, slot: str, target: Target) -> tuple[str, ...] | None:
        """The nodes that name the head of a list in which a target is; None where any caller may come to it."""
        heads = self.lists_of(target) if self.is_run(runner, slot) else None
        if heads is None:
            return None
        ways = [way for way in self.ways_into(runner, slot) if way.head is None or way.head in heads]
        return tuple(dict.fromkeys(way.node for way in ways))

    def _handing(self, function: str, number: int, steps: tuple[Step, ...], hands: int) -> Iterator[Way]:
        for caller in self._graph.caller_nodes(function):
            if caller == function:
                continue
            for step in self._graph.out(caller):
                if step.callee != function:
                    continue
                chain = (step, *steps)
                argument = self._argument(step, number)
                head = self._variable(argument, step.edge.file) if argument is not None else None
                given = self._parameter(caller, step, argument) if head is None and argument is not None else None
                if given is None or hands >= _MOST_HANDS:
                    yield Way(caller, head, chain)
                else:
                    yield from self._handing(caller, given, chain, hands + 1)

    def _argument(self, step: Step, number: int) -> str | None:
        """An argument of a direct call, as it is written."""
        edge = step.edge
        if edge.kind != "direct":
            return None
        text = self._places.text(edge.file)
        start, end = text.start(edge.line), text.start(edge.line + 1)
        found = re.compile(rf"\b{re.escape(edge.callee)}\s*\(").search(text.code, start, end)
        if found is None:
            return None
        arguments = _arguments(text.code, found.end())
        return arguments[number] if number < len(arguments) else None

    def _parameter(self, caller: str, step: Step, argument: str) -> int | None:
        """The number of the caller's parameter that an argument is, or is a member of."""
        found = _HANDED.fullmatch(argument)
        body = self._body_at(caller, step.edge.file, step.edge.line)
        if found is None or body is None:
            return None
        names = _parameters(self._places.text(body.file).code[body.head : body.tail])
        return names.index(found[1]) if found[1] in names else None

    def _body_at(self, node: str, file: str, line: int) -> Place | None:
        bodies = self._graph.definitions(node)
        return next((each for each in bodies if each.file == file and each.line <= line <= each.end_line), None)


def _parameters(head: str) -> list[str]:
    """The names of the parameters in a function's head, "" for one that cannot be told."""
    opening = head.find("(")
    found = [_LAST_WORD.search(part) for part in _arguments(head, opening + 1)] if opening >= 0 else []
    return [each[1] if each else "" for each in found]


def _arguments(code: str, start: int) -> list[str]:
    """The arguments of a call, from behind its opening parenthesis."""
    depth, begin = 0, start
    found: list[str] = []
    for match in re.compile(r"[(){}\[\],]").finditer(code, start):
        sign = match.group()
        if sign in "([{":
            depth += 1
        elif sign in ")]}":
            if depth == 0:
                return [*found, code[begin : match.start()]]
            depth -= 1
        elif depth == 0:
            found.append(code[begin : match.start()])
            begin = match.end()
    return []


def _call_around(code: str, at: int) -> tuple[str, list[str], int] | None:
    """The call among whose arguments a place stands: its callee's name, the arguments, and which of them it is.

    The name is "" where a thing is handed to its own member: `nb->notifier_call(nb, …)`.
    """
    depth, commas, place = 0, 0, at
    while place > 0:
        place -= 1
        sign = code[place]
        if sign in ")]":
            depth += 1
        elif sign in "([":
            if depth:
                depth -= 1
            elif sign == "[":
                return None
            else:
                before = code[:place][-80:]
                callee = _CALLED.search(before)
                if callee is None:
                    # a parenthesis around the argument itself
                    if commas:
                        return None
                    continue
                through = _MEMBER_OF.search(before, 0, callee.start())
                if through:
                    own = code.startswith(through[1], at) and not code[at + len(through[1])].isalnum()
                    return ("", [], 0) if own else None
                return callee[1], _arguments(code, place + 1), commas
        elif sign == "," and not depth:
            commas += 1
        elif sign in ";{}=" and not depth:
            return None
    return None
