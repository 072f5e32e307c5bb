"""Every step of the model, held against the call graph: which edge of the tree it is, or that it is none.

A trace is a sequence of records; those of kind "enter" say which function was entered, the kernel's file that the
model takes it from, the function that entered it (null: from outside), how deep, in which context (process, softirq,
timer, …), and in which flow of control, if the trace tells these apart.  Each gets the edge that proves it: where
control leaves the caller, and what makes the callee possible.  A call of a parameter counts only if a function that
hands this callee in is on the stack.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from itertools import takewhile
from typing import Any
from typing import NamedTuple

from xref.graph.callgraph import CallGraph
from xref.graph.contexts import Context
from xref.graph.deferrals import DEFERRED
from xref.graph.nodes import Step
from xref.graph.nodes import plain
from xref.graph.paths import Paths
from xref.graph.syscalls import INITCALL_RUNNERS
from xref.index.memory import Memory
from xref.index.records import Edge

#: proved: an edge that the context allows; besides: one of the tree, which the context has nothing to do with (what
#: serves another protocol on the way: ARP below TCP); unproved: none; absent: none, for the tree has no function of
#: the one name or the other, so that it is another kernel (or a part of one) rather than another way
PROVED, BESIDES, UNPROVED, ABSENT = "proved", "besides", "unproved", "absent"

#: functions between a caller and a callee that a hint tells of at most
_MOST_BETWEEN = 3
#: functions of each level that the search for a hint looks into
_MOST_LOOKED = 300
#: stacks that are kept for each context, where a trace tells no flows apart: as many can be under way at once
_MOST_STACKS = 32
#: proofs remembered
_REMEMBERED = 20_000


class Proof(NamedTuple):
    """What a step stands on.

    sites are all places where control can go that way, the edge's own first; hint says of an unproved step what the
    tree has instead.
    """

    caller: str | None
    function: str
    status: str
    edge: Edge | None
    sites: tuple[str, ...] = ()
    hint: str | None = None


class Report(NamedTuple):
    """A trace, verified: how many enter steps have each status, and the proofs that are not `proved`, how often."""

    steps: Mapping[str, int]
    unproved: Mapping[Proof, int]
    besides: Mapping[Proof, int]
    absent: Mapping[Proof, int]


class Verifier:
    """Proves steps by one tree, under one context; remembers each pair of functions."""

    def __init__(self, graph: CallGraph, context: Context | None = None) -> None:
        self.graph = graph
        self._paths = {PROVED: Paths(graph, context, deferred=True), BESIDES: Paths(graph, deferred=True)}
        self._known: Memory[tuple[object, ...], Proof] = Memory(_REMEMBERED)
        self._files: dict[str, str] = {}
        self._stacks: dict[object, list[list[str]]] = {}

    def report(self, records: Iterable[Mapping[str, Any]]) -> Report:
        """Verify a trace and count."""
        found = Counter(proof for _, proof in self.proofs(records))
        steps = {PROVED: 0, BESIDES: 0, UNPROVED: 0, ABSENT: 0}
        for proof, count in found.items():
            steps[proof.status] += count
        by = {status: {p: n for p, n in found.items() if p.status == status} for status in (UNPROVED, BESIDES, ABSENT)}
        return Report(steps, by[UNPROVED], by[BESIDES], by[ABSENT])

    def annotated(self, records: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        """The records, each enter step with "proof": its status and the edge's place, evidence and kind."""
        for record, proof in self._walk(records):
            yield dict(record) if proof is None else dict(record) | {"proof": shown(proof)}

    def proofs(self, records: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], Proof]]:
        """The enter steps of a trace, each with its proof."""
        for record, proof in self._walk(records):
            if proof is not None:
                yield record, proof

    def _walk(self, records: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], Proof | None]]:
        for record in records:
            if record["kind"] != "enter":
                yield record, None
                continue
            function, caller = record["function"], record["caller"]
            self._files[function] = record["file"]
            stack = self._stack(record.get("flow", record["context"]), caller, record["depth"])
            yield record, self.prove(caller, function, stack, record["context"])
            stack.append(function)

    def _stack(self, flow: object, caller: str | None, depth: int) -> list[str]:
        """The functions above this step: its flow's, or of those under way in its context the last that it fits to."""
        stacks = self._stacks.setdefault(flow, [])
        for number in range(len(stacks) - 1, -1, -1):
            stack = stacks[number]
            if len(stack) >= depth and (stack[depth - 1] if depth else None) == caller:
                del stack[depth:]
                stacks.append(stacks.pop(number))
                return stack
        stack = [*[""] * (depth - 1), caller] if caller is not None else []
        stacks.append(stack)
        del stacks[:-_MOST_STACKS]
        return stack

    # -- one step -----------------------------------------------------------------------------------------

    def prove_call(self, calls: Sequence[tuple[str, str]], context: str = "process") -> Proof:
        """The proof of the innermost of the calls under way, each a function and its file, the outermost first."""
        self._files.update(calls)
        *above, (function, _) = calls
        return self.prove(above[-1][0] if above else None, function, [name for name, _ in above], context)

    def prove(self, caller: str | None, function: str, stack: Sequence[str] = (), context: str = "process") -> Proof:
        """The proof of one step; `stack` are the functions above it, the outermost first, the caller last."""
        key: tuple[object, ...] = (caller, function, context == "process" if caller is None else None)
        proof = self._known.get(key)
        if proof is None:
            proof = self._known[key] = self._prove(caller, function, context)
        if proof.edge is None or not proof.edge.only_after:
            return proof
        # what was handed in depends on who is on the stack
        givers = tuple(stack)
        handed = self._known.get((key, givers))
        if handed is None:
            handed = self._known[key, givers] = self._handed(proof, stack)
        return handed

    def _prove(self, caller: str | None, function: str, context: str) -> Proof:
        goals = self._nodes(function)
        if not goals:
            file = self._files.get(function)
            elsewhere = self.graph.nodes(function)
            if not elsewhere:
                return _absent(caller, function, function)
            hint = f"{function} is at {self.graph.defined_at(elsewhere[0])}, not in {file}"
            return Proof(caller, function, UNPROVED, None, hint=hint)
        if caller is None:
            return self._entry(function, goals, context)
        if not self.graph.nodes(caller):
            return _absent(caller, function, caller)
        for status, paths in self._paths.items():
            steps = [step for node in self._nodes(caller) for step in paths.steps(node) if step.callee in goals]
            if steps:
                return _proof(caller, function, status, steps)
        return Proof(caller, function, UNPROVED, None, hint=self._hint(caller, goals))

    def _nodes(self, name: str) -> list[str]:
        """The functions of a name that stand in the file which the model names, if it names one."""
        file = self._files.get(name)
        nodes = self.graph.nodes(name)
        if file is None:
            return nodes
        return [node for node in nodes if any(place.file == file for place in self.graph.definitions(node))]

    def _entry(self, function: str, goals: Sequence[str], context: str) -> Proof:
        """A step from outside: a system call's entry, or what runs something put off."""
        if context == "process":
            for node in goals:
                edges = self._paths[PROVED].entry(node)
                if edges:
                    places = tuple(f"{edge.file}:{edge.line}" for edge in reversed(edges))
                    return Proof(None, function, PROVED, edges[-1], places)
        for node in goals:
            steps = [
                step
                for caller in self.graph.caller_nodes(node)
                for step in self.graph.out(caller)
                if step.callee == node and _is_entry(step)
            ]
            if steps:
                near = [_nearness(step.edge.file, self._files.get(function, "")) for step in steps]
                nearest = [step for step, each in zip(steps, near, strict=True) if each == max(near)]
                return _proof(None, function, PROVED, nearest)
        hint = f"{function} is no system call, and nothing is known that runs it later"
        return Proof(None, function, UNPROVED, None, hint=hint)

    def _handed(self, proof: Proof, stack: Sequence[str]) -> Proof:
        """The same if a function on the stack handed this callee in, and it came through to the caller."""
        edge = proof.edge
        assert edge is not None  # noqa: S101 - only asked of such
        assert edge.only_after is not None  # noqa: S101
        paths = self._paths[proof.status]
        for number in range(len(stack) - 1, -1, -1):
            if stack[number] in edge.only_after and paths.along([*stack[number:], proof.function]):
                return proof
        hint = f"nobody on the stack handed it in: it comes from {', '.join(edge.only_after)}"
        return Proof(proof.caller, proof.function, UNPROVED, None, hint=hint)

    def _hint(self, caller: str, goals: Sequence[str]) -> str:
        """What the tree has between two functions of which one does not call the other."""
        starts = self._nodes(caller) or self.graph.nodes(caller)
        paths = self._paths[PROVED]
        ways: dict[str, tuple[str, ...]] = dict.fromkeys(starts, ())
        for _ in range(_MOST_BETWEEN + 1):
            further: dict[str, tuple[str, ...]] = {}
            for node, way in list(ways.items())[:_MOST_LOOKED]:
                for step in paths.steps(node):
                    if step.callee in goals and way:
                        return f"the tree goes by {', '.join(way)}"
                    further.setdefault(step.callee, (*way, plain(step.callee)))
            ways = further
        return f"{caller} does not call it"


def _proof(caller: str | None, function: str, status: str, steps: Sequence[Step]) -> Proof:
    """The proof by several steps of one pair: the surest and plainest is the one shown."""
    best = min(steps, key=lambda step: (bool(step.edge.only_after), step.edge.confidence != "exact", step.edge.line))
    places = dict.fromkeys(f"{step.edge.file}:{step.edge.line}" for step in (best, *steps))
    return Proof(caller, function, status, best.edge, tuple(places))


def _nearness(file: str, other: str) -> int:
    """How many directories two files share: an architecture's own entry comes before another's."""
    return sum(
        1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(file.split("/"), other.split("/"), strict=False))
    )


def _absent(caller: str | None, function: str, lacking: str) -> Proof:
    return Proof(caller, function, ABSENT, None, hint=f"this tree has no function {lacking}")


def _is_entry(step: Step) -> bool:
    """A step that runs what was put off, that the machine takes by itself, or that starts a part of the kernel."""
    members = {step.slot, step.target.member if step.target else None, step.target.slot if step.target else None}
    return bool(members & DEFERRED) or step.edge.kind == "asm" or step.edge.caller in INITCALL_RUNNERS


def shown(proof: Proof) -> dict[str, Any]:
    """A proof as a trace's record has it."""
    record: dict[str, Any] = {"status": proof.status}
    if proof.edge is not None:
        edge = proof.edge
        record |= {"file": edge.file, "line": edge.line, "kind": edge.kind, "via": edge.via, "evidence": edge.evidence}
    if len(proof.sites) > 1:
        record["sites"] = list(proof.sites)
    if proof.hint:
        record["hint"] = proof.hint
    return record
