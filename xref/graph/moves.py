"""Which steps a run of the program can take from a function, and whether it can take one behind those before it.

What a context says of pointers is respected, and so is who filled a parameter; what is deferred (softirqs, timers, work
queues, interrupts) is entered only if asked for.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection
from collections.abc import Sequence
from typing import NamedTuple

from xref.graph.adjacency import View
from xref.graph.callgraph import CallGraph
from xref.graph.contexts import Context
from xref.graph.deferrals import DEFERRED
from xref.graph.linkage import arch_of
from xref.graph.nodes import Step
from xref.graph.nodes import plain
from xref.index.records import Edge

#: lines that a macro's use may take
_ONE_USE = 8


class Way(NamedTuple):
    """How a node was reached: the step, and the way before it."""

    node: str
    step: Step | None
    before: Way | None


class Moves:
    """The steps of one call graph under one context."""

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
        #: of a slot, the parameters that flow into it
        self._hands: dict[str, list[str]] = {}
        self._moves: dict[tuple[str, bool], list[tuple[Step, float]]] = {}

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
        found = [step for step in self.steps(node) if not is_listed(step)]
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

    def valid(self, step: Step, way: Way) -> bool:
        """May this step follow this way?  Only a parameter's call, and one for each in a list, depend on it."""
        if step.slot is None or step.edge.only_after is None:
            return True
        givers = set(step.edge.only_after)
        if is_listed(step):
            return self._came_by(way, givers)
        slot = step.slot
        here: Way | None = way
        while here is not None:
            caller = here.before
            if caller is None:
                # The path begins inside, and its caller is not known: can any hand this function in?
                return any(target.function == step.callee for target in self.graph.pointers.targets(slot))
            if plain(caller.node) in givers:
                return True
            handed = self.handed_on(slot, caller.node)
            if handed is None:
                return False
            slot, here = handed, caller
        return False

    def _came_by(self, way: Way, givers: Collection[str]) -> bool:
        """Does a way come by one of these functions, as far back as a head is handed on; or begin behind them?"""
        here: Way | None = way
        while here is not None and plain(here.node) not in givers:
            if not self.graph.lists.hands_on(here.node):
                return False
            here = here.before
        return True

    def handed_on(self, slot: str, caller: str) -> str | None:
        """The parameter of `caller` that it hands on into this one, if it does."""
        if slot not in self._hands:
            sources = [str(row[0]) for row in self.graph.index.flows_into(slot) if not row[1]]
            self._hands[slot] = [source for source in sources if source.startswith("P:")]
        return next((source for source in self._hands[slot] if source.startswith(f"P:{caller}:")), None)


def is_listed(step: Step) -> bool:
    """Is it a call for each in a list whose head somebody hands in?"""
    return step.edge.kind == "field" and step.edge.only_after is not None


def after(way: Way, steps: Sequence[Step]) -> Way:
    """A way, with further steps."""
    for step in steps:
        way = Way(step.callee, step, way)
    return way


def edges_of(way: Way | None) -> list[Edge]:
    """The edges of a way, from its beginning."""
    found: list[Edge] = []
    while way is not None and way.step is not None:
        found.append(way.step.edge)
        way = way.before
    return found[::-1]
