"""Paths through the call graph that a run of the program can take.

Valid means realisable, as far as it is known (`moves`): a parameter is called only as the caller on this path filled
it, and a context's instances are respected.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Collection
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from xref.graph.adjacency import Leads
from xref.graph.callgraph import CallGraph
from xref.graph.contexts import Context
from xref.graph.moves import Moves
from xref.graph.moves import Way
from xref.graph.moves import after
from xref.graph.moves import edges_of
from xref.graph.nodes import Step
from xref.graph.nodes import plain
from xref.graph.syscalls import SWITCHES
from xref.index.records import Edge

#: nodes looked at before a search gives up, and how often one node may be entered by different ways
MOST_NODES = 60_000
_WAYS = 3
_MOST_WAYS = 200
#: times that a search for all ways into the kernel begins anew because edges turned out to be none
MOST_ROUNDS = 200


class Found(NamedTuple):
    """A search's result: the paths, the best first, and whether the search was cut before its end."""

    paths: list[list[Edge]]
    cut: bool


class WhyNot(NamedTuple):
    """Why no path was found.  reason: cut (the search gave up), avoided (all lead through what was to be avoided),
    context (the context rules all out), deferred (only by something put off), invalid (each chain of calls needs a
    pointer to hold what no run puts there), nothing (no chain of calls leads there).

    back: whether there is one the other way round.
    """

    reason: str
    back: bool


class Search(NamedTuple):
    """The ways that a search found, the best first; whether it was cut; how many nodes it looked at."""

    ways: list[Way]
    cut: bool
    looked: int


class Paths(Moves):
    """Searches one call graph under one context."""

    def __init__(
        self, graph: CallGraph, context: Context | None = None, *, deferred: bool = False, until: float | None = None
    ) -> None:
        """`until`: the time of `time.monotonic()` at which searches give up, and say so."""
        super().__init__(graph, context, deferred=deferred, until=until)
        #: the steps of nodes on ways that the view showed, by their callees
        self.exact: dict[str, dict[str, Step]] = {}

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
        return Found([edges_of(way) for way in result.ways], result.cut)

    def search(
        self,
        start: str,
        goal: str,
        most: int = 1,
        *,
        near: int | None = None,
        avoid: Collection[str] = (),
        look: int = MOST_NODES,
    ) -> Search:
        """What `find` finds, as ways, and at how many nodes it looked for that."""
        leads = self._leads(start, goal)
        if start not in leads and not any(self.graph.lists.steps(start, starting=True)):
            return Search([], False, 0)
        entered: dict[str, int] = {start: 1}
        least = self._least_into(goal)
        #: what the way from a node to the goal costs at the least is known but for the last step
        spared = 0 if self.context is None else 1
        number = itertools.count()
        waiting: list[tuple[float, int, float, Way]] = [(0.0, next(number), 0.0, Way(start, None, None))]
        found: list[Way] = []
        looked = 0
        while waiting:
            _, _, cost, way = heapq.heappop(waiting)
            if way.node == goal and way.step is not None:
                found.append(way)
                if len(found) >= most:
                    return Search(found, False, looked)
                continue
            looked += 1
            if looked > look or self.late():
                return Search(found, True, looked)
            for step, more in self.moves(way.node, starting=way.step is None):
                ahead = leads.distance(step.callee)
                if ahead is None or (near is not None and ahead > near) or step.callee in avoid:
                    continue
                if step.callee != goal and entered.get(step.callee, 0) >= _WAYS:
                    continue
                behind = after(way, step.before)
                if not self.valid(step, behind) or self._on(behind, step.callee):
                    continue
                entered[step.callee] = entered.get(step.callee, 0) + 1
                # Every way ends with such a step: what the cheapest costs makes no difference between them.
                so_far = cost + more - (least if step.callee == goal else 0.0)
                estimate = so_far + max(ahead - spared, 0)
                heapq.heappush(waiting, (estimate, next(number), so_far, Way(step.callee, step, behind)))
        return Search(found, False, looked)

    def _leads(self, start: str, goal: str) -> Leads:
        """How near to the goal each node is, by edges that are true at least on a shortest way from the start."""
        for _ in range(MOST_ROUNDS):
            leads = self.view.leading_to(goal)
            if start not in leads or self.is_way(leads.way(start)) or self.late():
                break
        return leads

    def is_way(self, names: Sequence[str]) -> bool:
        """Is each of these nodes called by the one before it?  If not, the view knows now."""
        for here, following in pairwise(names):
            if here not in self.exact:
                self.exact[here] = {}
                for step, _ in self.moves(here):
                    self.exact[here].setdefault(step.callee, step)
                self.view.keep_only(here, self.exact[here].keys())
            if following not in self.exact[here]:
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

    def _on(self, way: Way | None, node: str) -> bool:
        while way is not None:
            if way.node == node:
                return True
            way = way.before
        return False

    def along(self, names: Sequence[str]) -> list[Edge] | None:
        """The edges of a path given by its functions' names, None where no run can take it."""
        ways = [Way(node, None, None) for node in self.graph.nodes(names[0])]
        for name in names[1:]:
            ways = [
                Way(step.callee, step, way)
                for way in ways
                for step in self.steps(way.node)
                if plain(step.callee) == plain(name) and self.valid(step, way)
            ][:_MOST_WAYS]
        return edges_of(ways[0]) if ways else None

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
