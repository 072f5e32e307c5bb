"""Paths through the call graph that a run of the program can take.

Valid means realisable, as far as it is known: a parameter is called only as the caller on this path filled it, a
context's instances are respected, and what is deferred (softirqs, timers, work queues, interrupts) is entered only
if asked for.
"""

from __future__ import annotations

import heapq
import itertools
import math
import time
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from xref.graph.adjacency import Leads
from xref.graph.adjacency import View
from xref.graph.callgraph import CallGraph
from xref.graph.callgraph import Step
from xref.graph.callgraph import plain
from xref.graph.contexts import Context
from xref.graph.deferrals import DEFERRED
from xref.graph.linkage import arch_of
from xref.graph.syscalls import SWITCHES
from xref.index.records import Edge

#: nodes looked at before a search gives up, and how often one node may be entered by different ways
MOST_NODES = 60_000
_WAYS = 3
#: lines that a macro's use may take
_ONE_USE = 8
_MOST_WAYS = 200
#: nodes looked at for one of many searches towards one goal
_MOST_OF_MANY = 400
#: and for all of them
_MOST_OF_ALL = 6_000
#: times that a search for all ways into the kernel begins anew because edges turned out to be none
_MOST_ROUNDS = 200


class Found(NamedTuple):
    """A search's result: the paths, the best first, and whether the search was cut before its end."""

    paths: list[list[Edge]]
    cut: bool


class Tree(NamedTuple):
    """What runs below a function: (depth, edge), and whether there is more."""

    rows: list[tuple[int, Edge]]
    cut: bool


class WhyNot(NamedTuple):
    """Why no path was found.  reason: cut (the search gave up), avoided (all lead through what was to be avoided),
    context (the context rules all out), deferred (only by something put off), invalid (each chain of calls needs a
    pointer to hold what no run puts there), nothing (no chain of calls leads there).

    back: whether there is one the other way round.
    """

    reason: str
    back: bool


class Reach(NamedTuple):
    """The system calls that lead somewhere; unknown: those of which a bound kept it from finding out."""

    calls: list[Reached]
    unknown: list[str]


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


class _Search(NamedTuple):
    """The ways that a search found, the best first; whether it was cut; how many nodes it looked at."""

    ways: list[_Way]
    cut: bool
    looked: int


class Paths:
    """Searches one call graph under one context."""

    def __init__(
        self, graph: CallGraph, context: Context | None = None, *, deferred: bool = False, until: float | None = None
    ) -> None:
        """`until`: the time of `time.monotonic()` at which searches give up, and say so."""
        self.graph = graph
        self.context = context
        self.deferred = deferred
        self.until = until
        #: did a search give up because its time was over?
        self.is_late = False
        self._view: View | None = None
        self._moves: dict[tuple[str, bool], list[tuple[Step, float]]] = {}
        #: the steps of nodes on ways that the view showed, by their callees
        self._exact: dict[str, dict[str, Step]] = {}

    def late(self) -> bool:
        """Is the time over?"""
        if self.until is not None and time.monotonic() > self.until:
            self.is_late = True
        return self.is_late

    def steps(self, node: str) -> list[Step]:
        """The steps out of a node that the context allows, whoever called it.

        Where the architecture that is asked for has a body of its own, or there is one for all, those of the others
        are left out.
        """
        steps = [step for step in self.graph.out(node) if self._allowed(step, node)]
        built = [step for step in steps if arch_of(step.edge.file) in (None, self.graph.index.arch)]
        now = built if built or self._has_body(node) else steps
        return [*now, *self.graph.put_off(node)] if self.deferred else now

    def moves(self, node: str, *, starting: bool = False) -> list[tuple[Step, float]]:
        """The steps of a search, and what each counts.

        As `steps`, but what is called for each in a list comes behind who names its head. `starting`: the search begins
        at the node, so that nothing is known of who called it.
        """
        key = (node, starting)
        if key not in self._moves:
            found = self._found_moves(node, starting)
            self._moves[key] = list(zip(found, self._costs(found), strict=True))
        return self._moves[key]

    def _found_moves(self, node: str, starting: bool) -> list[Step]:
        found = [step for step in self.steps(node) if not _is_listed(step)]
        for before, step in self.graph.lists.steps(node, starting=starting):
            runner = before[-1].callee if before else node
            if self._allowed(step, runner) and self._is_built(step):
                found.append(step._replace(before=before))
        return found

    def _is_built(self, step: Step) -> bool:
        return arch_of(step.edge.file) in (None, self.graph.index.arch)

    def _has_body(self, node: str) -> bool:
        """Has a function a body that the architecture asked for can have?"""
        arch = self.graph.index.arch
        return any(arch_of(body.file) in (None, arch) for body in self.graph.definitions(node))

    @property
    def view(self) -> View:
        """The edges of the whole tree that searches go by."""
        if self._view is None:
            self._view = self.graph.adjacency.view(deferred=self.deferred)
        return self._view

    def allows(self, step: Step, node: str) -> bool:
        """May a step out of a node be taken in this context?  What only a name says may be: it is for looking at."""
        if step.slot is None or step.target is None:
            return self._likely(step, node)
        return self._bound(step)

    def _allowed(self, step: Step, node: str) -> bool:
        if step.slot is None or step.target is None:
            return self._likely(step, node)
        if step.callee == node:
            return False  # a pointer back to the function that calls it
        member = step.target.member or ""
        if not self.deferred and (step.slot in DEFERRED or member in DEFERRED):
            return False
        return step.edge.confidence != "name" and self._bound(step)

    def _bound(self, step: Step) -> bool:
        """Does the context let a pointer hold this function?"""
        if self.context is None or step.target is None:
            return True
        for slot in (step.target.member or "", step.target.slot):
            functions = self.context.functions(slot)
            if functions is not None and plain(step.callee) not in functions:
                return False
            allowed = self.context.instances(slot)
            if allowed is not None and step.target.instance is not None and step.target.instance not in allowed:
                return False
        return True

    def _likely(self, step: Step, node: str) -> bool:
        """May a function be called that is named beside the pointer which it is compared with?

        `INDIRECT_CALL_1(ops->f, g, …)` calls g where ops->f is g, so what the context says of the pointer holds.
        """
        edge = step.edge
        if self.context is None or edge.kind != "macro" or not (edge.via or "").endswith(" argument"):
            return True
        same = [
            other
            for other in self.graph.out(node)
            if other.slot is not None
            and other.edge.confidence != "name"
            and other.callee == step.callee
            and other.edge.file == edge.file
            and abs(other.edge.line - edge.line) <= _ONE_USE
        ]
        return not same or any(self._allowed(other, node) for other in same)

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
            cost = 1.0 + len(step.before)
            if step.slot is not None and step.edge.kind != "param":
                cost += 2 * math.log2(len(choices[step.slot, step.edge.file, step.edge.line]))
            elif step.edge.kind == "macro" and step.edge.evidence and not step.edge.via.endswith("argument"):  # type: ignore[union-attr]
                cost += 0.5
            found.append(cost)
        return found

    def _valid(self, step: Step, way: _Way) -> bool:
        """May this step follow this way?  Only a parameter's call, and one for each in a list, depend on it."""
        if step.slot is None or step.edge.only_after is None:
            return True
        givers = set(step.edge.only_after)
        if _is_listed(step):
            return self._came_by(way, givers)
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

    def _came_by(self, way: _Way, givers: Collection[str]) -> bool:
        """Does a way come by one of these functions, as far back as a head is handed on; or begin behind them?"""
        here: _Way | None = way
        while here is not None and plain(here.node) not in givers:
            if not self.graph.lists.hands_on(here.node):
                return False
            here = here.before
        return True

    def _handed_on(self, slot: str, caller: str) -> str | None:
        """The parameter of `caller` that it hands on into this one, if it does."""
        for source, direct, *_ in self.graph.index.flows_into(slot):
            if not direct and source.startswith(f"P:{caller}:"):
                return str(source)
        return None

    def find(
        self,
        start: str,
        goal: str,
        most: int = 1,
        *,
        near: int | None = None,
        avoid: Collection[str] = (),
        look: int = MOST_NODES,
    ) -> Found:
        """The best valid paths from one node to another: the shortest, or under a context the least doubtful.

        Only by nodes that are at most `near` calls from the goal and not among those to `avoid`.  Gives up, and says
        so, when it has looked at `look` nodes.
        """
        result = self.search(start, goal, most, near=near, avoid=avoid, look=look)
        return Found([_edges(way) for way in result.ways], result.cut)

    def search(
        self,
        start: str,
        goal: str,
        most: int = 1,
        *,
        near: int | None = None,
        avoid: Collection[str] = (),
        look: int = MOST_NODES,
    ) -> _Search:
        """What `find` finds, as ways, and at how many nodes it looked for that."""
        leads = self._leads(start, goal)
        if start not in leads and not any(self.graph.lists.steps(start, starting=True)):
            return _Search([], False, 0)
        entered: dict[str, int] = {start: 1}
        least = self._least_into(goal)
        #: what the way from a node to the goal costs at the least is known but for the last step
        spared = 0 if self.context is None else 1
        number = itertools.count()
        waiting: list[tuple[float, int, float, _Way]] = [(0.0, next(number), 0.0, _Way(start, None, None))]
        found: list[_Way] = []
        looked = 0
        while waiting:
            _, _, cost, way = heapq.heappop(waiting)
            if way.node == goal and way.step is not None:
                found.append(way)
                if len(found) >= most:
                    return _Search(found, False, looked)
                continue
            looked += 1
            if looked > look or self.late():
                return _Search(found, True, looked)
            for step, more in self.moves(way.node, starting=way.step is None):
                ahead = leads.distance(step.callee)
                if ahead is None or (near is not None and ahead > near) or step.callee in avoid:
                    continue
                if step.callee != goal and entered.get(step.callee, 0) >= _WAYS:
                    continue
                behind = _after(way, step.before)
                if not self._valid(step, behind) or self._on(behind, step.callee):
                    continue
                entered[step.callee] = entered.get(step.callee, 0) + 1
                # Every way ends with such a step: what the cheapest costs makes no difference between them.
                so_far = cost + more - (least if step.callee == goal else 0.0)
                estimate = so_far + max(ahead - spared, 0)
                heapq.heappush(waiting, (estimate, next(number), so_far, _Way(step.callee, step, behind)))
        return _Search(found, False, looked)

    def _leads(self, start: str, goal: str) -> Leads:
        """How near to the goal each node is, by edges that are true at least on a shortest way from the start."""
        for _ in range(_MOST_ROUNDS):
            leads = self.view.leading_to(goal)
            if start not in leads or self._is_way(leads.way(start)) or self.late():
                break
        return leads

    def _is_way(self, names: Sequence[str]) -> bool:
        """Is each of these nodes called by the one before it?  If not, the view knows now."""
        for here, following in pairwise(names):
            if here not in self._exact:
                self._exact[here] = {}
                for step, _ in self.moves(here):
                    self._exact[here].setdefault(step.callee, step)
                self.view.keep_only(here, self._exact[here].keys())
            if following not in self._exact[here]:
                return False
        return True

    def why_not(
        self, starts: Sequence[str], goals: Sequence[str], *, cut: bool = False, avoided: bool = False
    ) -> WhyNot:
        """Why there is no path from any of these nodes to any of those, of which a search has found none."""
        if cut:
            return WhyNot("cut", self._is_led(goals, starts))
        free = Paths(self.graph, deferred=self.deferred, until=self.until)
        later = Paths(self.graph, self.context, deferred=True, until=self.until)
        reason = "nothing"
        if self._is_led(starts, goals):
            reason = "avoided" if avoided else "invalid"
        elif self.context is not None and free._is_led(starts, goals):
            reason = "context"
        elif not self.deferred and later._is_led(starts, goals):
            reason = "deferred"
        back = self._is_led(goals, starts)
        self.is_late = self.is_late or free.is_late or later.is_late
        return WhyNot("cut" if self.is_late else reason, back)

    def _is_led(self, some: Sequence[str], others: Sequence[str]) -> bool:
        """Does a chain of calls lead from any of these nodes to any of those?  Not, where the time is over."""
        for one in some:
            for other in others:
                if self.late():
                    return False
                if one in self._leads(one, other) and not self.is_late:
                    return True
        return False

    def _least_into(self, goal: str) -> float:
        """What the cheapest step into a node costs, 0 where that would take long to tell."""
        if self.context is None:
            return 0.0
        callers = self.graph.adjacency.callers(goal)
        if len(callers) > 100:
            return 0.0
        found = []
        for caller in callers:
            found += [cost for step, cost in self.moves(caller) if step.callee == goal]
        return min(found, default=0.0)

    def _on(self, way: _Way | None, node: str) -> bool:
        while way is not None:
            if way.node == node:
                return True
            way = way.before
        return False

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
                if plain(step.callee) in SWITCHES:
                    for inner in self.graph.out(step.callee):
                        if inner.callee == node and inner.edge.kind == "direct":
                            return [step.edge, inner.edge]
        return []

    def tree(self, start: str, depth: int, most: int) -> Tree:
        """What runs below a node: rows (depth, edge) in the order of the text, each callee of a node once.

        Level by level, so that a bound of rows takes away what is deepest; a function's own callees are shown where
        it is met first.  What a macro calls is a level later: locks, checks and counters would fill the tree.
        """
        below: dict[int, list[_Way]] = {}
        level, late = [(_Way(start, None, None), 0)], list[tuple[_Way, int]]()
        shown = {start}
        count = 0
        cut = False
        while (level or late) and not cut:
            following: list[tuple[_Way, int]] = []
            later: list[tuple[_Way, int]] = []
            for way, above in level:
                ways = list(self._callees_of(way))
                if count + len(ways) > most:
                    cut = True
                    ways = ways[: most - count]
                count += len(ways)
                below[id(way)] = ways
                for each in ways:
                    if each.node not in shown and above + 1 < depth:
                        shown.add(each.node)
                        by_macro = each.step is not None and each.step.edge.kind == "macro"
                        (later if by_macro else following).append((each, above + 1))
                if cut:
                    break
            level, late = following + late, later
        first = next(iter(below.values()), [])
        return Tree(list(_rows(first, below, 0)), cut)

    def chain(self, function: str, depth: int, most: int) -> Tree:
        """A system call's tree: the way to its function from the entry point, then what runs below it."""
        head = self.entry(function)
        below = self.tree(function, depth, most)
        return Tree([*enumerate(head), *((len(head) + level, edge) for level, edge in below.rows)], below.cut)

    def _callees_of(self, way: _Way) -> Iterator[_Way]:
        """The ways on from one, one for each function called."""
        known = set()
        for step in self.steps(way.node):
            if step.callee not in known and self._valid(step, way):
                known.add(step.callee)
                yield _Way(step.callee, step, way)


def _rows(ways: list[_Way], below: dict[int, list[_Way]], level: int) -> Iterator[tuple[int, Edge]]:
    """The edges of a tree.  A function of which there is one body or another, by configuration, is one row."""
    alike: dict[tuple[str, str, int], list[_Way]] = {}
    for way in ways:
        assert way.step is not None  # noqa: S101  only a tree's root has none
        edge = way.step.edge
        alike.setdefault((edge.callee, edge.file, edge.line), []).append(way)
    for some in alike.values():
        assert some[0].step is not None  # noqa: S101
        yield level, some[0].step.edge
        for way in some:
            yield from _rows(below.get(id(way), []), below, level + 1)


def _is_listed(step: Step) -> bool:
    """Is it a call for each in a list whose head somebody hands in?"""
    return step.edge.kind == "field" and step.edge.only_after is not None


def _after(way: _Way, steps: Sequence[Step]) -> _Way:
    """A way, with further steps."""
    for step in steps:
        way = _Way(step.callee, step, way)
    return way


def _edges(way: _Way | None) -> list[Edge]:
    found: list[Edge] = []
    while way is not None and way.step is not None:
        found.append(way.step.edge)
        way = way.before
    return found[::-1]


def reaching(graph: CallGraph, goal: str, context: Context | None = None, *, until: float | None = None) -> Reach:
    """The system calls from which a node can be reached, nearest first; those by something deferred only come last.

    At `until` of `time.monotonic()` it gives up; of what it has not looked at then it is unknown.
    """
    found: dict[str, Reached] = {}
    entries = {node for entry in graph.syscalls.entries for node in graph.nodes(entry.function)}
    entries |= {node for _, node in graph.behind_switches()}
    unknown: set[str] = set()
    for deferred in (False, True):
        paths = Paths(graph, context, deferred=deferred, until=until)
        search = _Ways(paths, goal)
        left = sorted(entry for entry in entries if plain(entry) not in found)
        for entry, edges in search.of(left):
            found.setdefault(plain(entry), Reached(plain(entry), deferred, (*paths.entry(entry), *edges)))
        unknown.update(plain(entry) for entry in search.unknown)
    return Reach(sorted(found.values(), key=_nearest), sorted(unknown - found.keys()))


def reaching_any(
    graph: CallGraph, goals: Iterable[str], context: Context | None = None, *, until: float | None = None
) -> Reach:
    """The same for one of several nodes: those of a name that means several functions."""
    found: dict[str, Reached] = {}
    unknown: set[str] = set()
    for goal in goals:
        result = reaching(graph, goal, context, until=until)
        unknown.update(result.unknown)
        for each in result.calls:
            found[each.syscall] = min(each, found.get(each.syscall, each), key=_nearest)
    return Reach(sorted(found.values(), key=_nearest), sorted(unknown - found.keys()))


def _nearest(reached: Reached) -> tuple[bool, int, str]:
    return reached.deferred, len(reached.path), reached.syscall


class _Ways:
    """Searches for a path from each of many nodes to one goal.

    The shortest ways by the tree's adjacency are held against the edges; where one is none, what is known now of the
    nodes on the way goes into the next round.
    """

    def __init__(self, paths: Paths, goal: str) -> None:
        self._paths = paths
        self._goal = goal
        #: nodes on paths that were found, with the rest of the path from there
        self._rest: dict[str, list[str]] = {}
        self._look = _MOST_OF_ALL
        #: starts of which a bound kept it from finding out
        self.unknown: list[str] = []

    def of(self, starts: list[str]) -> Iterator[tuple[str, list[Edge]]]:
        """(start, path) for each start from which there is one."""
        for _ in range(_MOST_ROUNDS):
            missed: list[str] = []
            for place, start in enumerate(starts):
                if self._paths.late():
                    self.unknown += [*missed, *starts[place:]]
                    return
                leads = self._paths.view.leading_to(self._goal)
                if start not in leads:
                    continue
                names = leads.way(start)
                if not self._paths._is_way(names):
                    missed.append(start)
                    continue
                way = self._taken(names) or self._joined(names)
                edges = _edges(way) if way is not None else self._searched(start)
                if edges is not None:
                    yield start, edges
            starts = missed
            if not starts:
                return
        self.unknown += starts

    def _taken(self, names: list[str]) -> _Way | None:
        """The way by these nodes, if a run can take it."""
        way = _Way(names[0], None, None)
        for here, following in pairwise(names):
            step = self._paths._exact[here][following]
            way = _after(way, step.before)
            if not self._paths._valid(step, way):
                return None
            way = _Way(following, step, way)
        return way

    def _joined(self, names: list[str]) -> _Way | None:
        """A way that goes on as one found before: where a parameter's giver is, is not seen by the shortest."""
        for place, name in enumerate(names):
            rest = self._rest.get(name)
            if rest is not None:
                whole = names[:place] + rest
                if len(set(whole)) == len(whole) and self._paths._is_way(whole):
                    way = self._taken(whole)
                    if way is not None:
                        return way
        return None

    def _searched(self, start: str) -> list[Edge] | None:
        """A path found by a search of its own, None where there is none or it would take too long to tell."""
        if self._look <= 0:
            self.unknown.append(start)
            return None
        result = self._paths.search(start, self._goal, look=_MOST_OF_MANY)
        self._look -= result.looked
        if not result.ways:
            if result.cut:
                self.unknown.append(start)
            return None
        way: _Way | None = result.ways[0]
        rest: list[str] = []
        while way is not None:
            rest = [way.node, *rest]
            self._rest.setdefault(way.node, rest)
            way = way.before
        return _edges(result.ways[0])
