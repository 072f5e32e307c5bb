"""Paths through the call graph that a run of the program can take.

Valid means realisable, as far as it is known: a parameter is called only as the caller on this path filled it, a
context's instances are respected, and what is deferred (softirqs, timers, work queues, interrupts) is entered only
if asked for.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections import deque
from collections.abc import Iterator
from collections.abc import Sequence
from typing import NamedTuple

from xref.graph.callgraph import CallGraph
from xref.graph.callgraph import Step
from xref.graph.callgraph import plain
from xref.graph.contexts import Context
from xref.index.records import Edge

#: calling through these is running what somebody put off
DEFERRED = frozenset(
    ("F:softirq_action.action", "F:timer_list.function", "F:tasklet_struct.func", "F:work_struct.func",
     "F:irqaction.handler", "F:rcu_head.func", "F:callback_head.func", "F:hrtimer.function", "F:tq_struct.routine")
)  # fmt: skip

#: nodes looked at before a search gives up, and how often one node may be entered by different ways
MOST_NODES = 60_000
_WAYS = 3
_MOST_WAYS = 200
#: nodes of which a search backward keeps account before it gives up
_MOST_LEADING = 1500
#: nodes looked at for one of many searches towards one goal
_MOST_WITHIN = 400
#: nodes that a search for all ways into the kernel looks at
_MOST_BACKWARD = 4000
#: system calls that are many: they choose by a number
_SWITCHES = ("sys_socketcall", "sys_ipc")


class Found(NamedTuple):
    """A search's result: the paths, the best first, and whether the search was cut before its end."""

    paths: list[list[Edge]]
    cut: bool


class Reached(NamedTuple):
    """A system call that leads somewhere, and a path; deferred: only through something put off."""

    syscall: str
    deferred: bool
    path: tuple[Edge, ...]


class _Way(NamedTuple):
    """How a node was reached: the step, and the way before it."""

    node: str
    step: Step | None
    before: _Way | None


class Paths:
    """Searches one call graph under one context."""

    def __init__(self, graph: CallGraph, context: Context | None = None, *, deferred: bool = False) -> None:
        self.graph = graph
        self.context = context
        self.deferred = deferred
        self._near: dict[str, frozenset[str] | None] = {}

    def steps(self, node: str) -> list[Step]:
        """The steps out of a node that the context allows, whoever called it."""
        return [step for step in self.graph.out(node) if self._allowed(step, node)]

    def _allowed(self, step: Step, node: str) -> bool:
        if step.slot is None or step.target is None:
            return True
        if step.callee == node:
            return False  # a pointer back to the function that calls it
        member = step.target.member or ""
        if not self.deferred and (step.slot in DEFERRED or member in DEFERRED):
            return False
        if step.edge.confidence == "name":
            return False
        if self.context is None:
            return True
        for slot in (member, step.target.slot):
            functions = self.context.functions(slot)
            if functions is not None and plain(step.callee) not in functions:
                return False
            allowed = self.context.instances(slot)
            if allowed is not None and step.target.instance is not None and step.target.instance not in allowed:
                return False
        return True

    def _costs(self, steps: list[Step]) -> list[float]:
        """What each step counts: 1, and under a context more where a pointer can still be many functions."""
        if self.context is None:
            return [1.0] * len(steps)
        choices: dict[tuple[str, str, int], set[str]] = {}
        for step in steps:
            if step.slot is not None:
                choices.setdefault((step.slot, step.edge.file, step.edge.line), set()).add(step.callee)
        found = []
        for step in steps:
            cost = 1.0
            if step.slot is not None and step.edge.kind != "param":
                cost += 2 * math.log2(len(choices[step.slot, step.edge.file, step.edge.line]))
            elif step.edge.kind == "macro" and step.edge.evidence and not step.edge.via.endswith("argument"):  # type: ignore[union-attr]
                cost += 0.5
            found.append(cost)
        return found

    def _valid(self, step: Step, way: _Way) -> bool:
        """May this step follow this way?  Only a parameter's call depends on it."""
        if step.edge.kind != "param" or step.slot is None or not step.edge.only_after:
            return True
        givers = set(step.edge.only_after)
        slot = step.slot
        here: _Way | None = way
        while here is not None:
            caller = here.before
            if caller is None:
                # The path begins inside, and its caller is not known: can any hand this function in?
                return any(target.function == step.callee for target in self.graph.pointers.targets(slot))
            if plain(caller.node) in givers:
                return True
            handed = self._handed_on(slot, caller.node)
            if handed is None:
                return False
            slot, here = handed, caller
        return False

    def _handed_on(self, slot: str, caller: str) -> str | None:
        """The parameter of `caller` that it hands on into this one, if it does."""
        for source, direct, *_ in self.graph.index.flows_into(slot):
            if not direct and source.startswith(f"P:{caller}:"):
                return str(source)
        return None

    def find(self, start: str, goal: str, most: int = 1, *, within: frozenset[str] | None = None) -> Found:
        """The best valid paths from one node to another: the shortest, or under a context the least doubtful.

        `within` are the nodes that lead to the goal, if that is known.
        """
        if within is None and goal not in self._near:
            self._near[goal] = self._leading_to(goal)
        near = within if within is not None else self._near[goal]
        if near is not None and start not in near:
            return Found([], False)
        entered: dict[str, int] = {start: 1}
        least = self._least_into(goal)
        number = itertools.count()
        waiting: list[tuple[float, int, _Way]] = [(0.0, next(number), _Way(start, None, None))]
        found: list[list[Edge]] = []
        looked = 0
        while waiting:
            cost, _, way = heapq.heappop(waiting)
            if way.node == goal and way.step is not None:
                found.append(_edges(way))
                if len(found) >= most:
                    return Found(found, False)
                continue
            looked += 1
            if looked > (MOST_NODES if within is None else _MOST_WITHIN):
                return Found(found, True)
            steps = self.steps(way.node)
            for step, more in zip(steps, self._costs(steps), strict=True):
                if near is not None and step.callee not in near:
                    continue
                if step.callee != goal and entered.get(step.callee, 0) >= _WAYS:
                    continue
                if not self._valid(step, way) or self._on(way, step.callee):
                    continue
                entered[step.callee] = entered.get(step.callee, 0) + 1
                # Every way ends with such a step: what the cheapest costs makes no difference between them.
                more -= least if step.callee == goal else 0.0
                heapq.heappush(waiting, (cost + more, next(number), _Way(step.callee, step, way)))
        return Found(found, False)

    def _least_into(self, goal: str) -> float:
        """What the cheapest step into a node costs, 0 where that would take long to tell."""
        if self.context is None:
            return 0.0
        callers = self.graph.caller_nodes(goal)
        if len(callers) > 100:
            return 0.0
        found = []
        for caller in callers:
            steps = self.steps(caller)
            found += [cost for step, cost in zip(steps, self._costs(steps), strict=True) if step.callee == goal]
        return min(found, default=0.0)

    def _on(self, way: _Way | None, node: str) -> bool:
        while way is not None:
            if way.node == node:
                return True
            way = way.before
        return False

    def _leading_to(self, goal: str) -> frozenset[str] | None:
        """The nodes from which the goal can be reached, if they are few enough to find quickly; else None."""
        found = {goal}
        waiting = [goal]
        while waiting:
            for caller in self.graph.caller_nodes(waiting.pop()):
                if caller not in found:
                    found.add(caller)
                    waiting.append(caller)
            if len(found) > _MOST_LEADING:
                return None
        return frozenset(found)

    def along(self, names: Sequence[str]) -> list[Edge] | None:
        """The edges of a path given by its functions' names, None where no run can take it."""
        ways = [_Way(node, None, None) for node in self.graph.nodes(names[0])]
        for name in names[1:]:
            ways = [
                _Way(step.callee, step, way)
                for way in ways
                for step in self.steps(way.node)
                if plain(step.callee) == plain(name) and self._valid(step, way)
            ][:_MOST_WAYS]
        return _edges(ways[0]) if ways else None

    def entry(self, node: str) -> list[Edge]:
        """The edges from a system call's entry point to its function: by the table, or by a switch of another."""
        entrances = [node for each in self.graph.syscalls.entrances for node in self.graph.nodes(each.caller)]
        entrances.sort(key=lambda each: "sysenter" in each)
        for entrance in entrances:
            by_table = [step for step in self.graph.out(entrance) if step.edge.kind == "syscall"]
            for step in by_table:
                if step.callee == node:
                    return [step.edge]
            for step in by_table:
                if plain(step.callee) in _SWITCHES:
                    for inner in self.graph.out(step.callee):
                        if inner.callee == node and inner.edge.kind == "direct":
                            return [step.edge, inner.edge]
        return []

    def tree(self, start: str, depth: int, most: int) -> Iterator[tuple[int, Edge]]:
        """What runs below a node, depth first: (depth, edge); a node's own callees are shown once."""
        shown: set[str] = {start}
        count = 0

        def below(way: _Way, level: int) -> Iterator[tuple[int, Edge]]:
            nonlocal count
            for step in self.steps(way.node):
                if count >= most:
                    return
                if not self._valid(step, way):
                    continue
                count += 1
                yield level, step.edge
                if step.callee not in shown and level + 1 < depth:
                    shown.add(step.callee)
                    yield from below(_Way(step.callee, step, way), level + 1)

        yield from below(_Way(start, None, None), 0)


def _edges(way: _Way | None) -> list[Edge]:
    found: list[Edge] = []
    while way is not None and way.step is not None:
        found.append(way.step.edge)
        way = way.before
    return found[::-1]


def reaching(graph: CallGraph, goal: str, context: Context | None = None) -> list[Reached]:
    """The system calls from which a node can be reached, by name; those by something deferred only come last."""
    found: dict[str, Reached] = {}
    entries = {node for entry in graph.syscalls.entries for node in graph.nodes(entry.function)}
    for name in _SWITCHES:
        for node in graph.nodes(name):
            entries |= {step.callee for step in graph.out(node) if plain(step.callee).startswith("sys_")}
    for deferred in (False, True):
        paths = Paths(graph, context, deferred=deferred)
        following = _backward(paths, goal)
        for entry in sorted(entries & following.keys()):
            name = plain(entry)
            if name not in found:
                edges = _forward(paths, entry, goal, following)
                if edges:
                    found[name] = Reached(name, deferred, (*paths.entry(entry), *edges))
    return sorted(found.values(), key=lambda each: (each.deferred, each.syscall))


def _backward(paths: Paths, goal: str) -> dict[str, Step]:
    """For each node that leads to the goal the step to take."""
    following: dict[str, Step] = {}
    waiting = deque([goal])
    looked = 0
    while waiting and looked < _MOST_BACKWARD:
        node = waiting.popleft()
        looked += 1
        for caller in paths.graph.caller_nodes(node):
            if caller in following or caller == goal:
                continue
            step = next((step for step in paths.steps(caller) if step.callee == node), None)
            if step is not None:
                following[caller] = step
                waiting.append(caller)
    return following


def _forward(paths: Paths, entry: str, goal: str, following: dict[str, Step]) -> list[Edge]:
    """The path along the steps found backward; where no run can take that, the best one that can be found."""
    way = _Way(entry, None, None)
    while way.node != goal:
        step = following[way.node]
        if not paths._valid(step, way):
            result = paths.find(entry, goal, within=frozenset((*following, goal)))
            return result.paths[0] if result.paths else []
        way = _Way(step.callee, step, way)
    return _edges(way)
