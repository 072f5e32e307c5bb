"""What can be asked of a tree: the predicates that claims are made of.

Each answers a `Fact`: it holds, it does not, or this tree cannot tell (what it is asked about is not there).  With
the answer go the places that show it.  Nothing here knows SQL or what a claim is: the index and the call graph are
asked, and everything is kept for the next question.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from xref.graph.callgraph import CallGraph
from xref.graph.contexts import Context
from xref.graph.contexts import contexts
from xref.graph.deferrals import DEFERRED
from xref.graph.nodes import plain
from xref.graph.paths import Paths
from xref.graph.syscalls import SWITCHES
from xref.index.records import Edge
from xref.walk.bodies import Bodies
from xref.walk.bodies import Body
from xref.walk.bodies import words

#: functions that the search for a path looks at before it gives up
_MOST_NEAR = 4000
#: places given as evidence of one fact
_MOST_PLACES = 8
_STRUCTS = ("struct", "union")
_QUALIFIERS = frozenset(("extern", "asmlinkage", "fastcall", "static", "inline", "__inline__", ";"))
_NUMBERED = re.compile(r"SYSCALL_DEFINE(\d)$")


class Fact(NamedTuple):
    """An answer: True, False, or None where the tree cannot tell; and the places, file:line, that show it."""

    holds: bool | None
    evidence: tuple[str, ...] = ()


UNKNOWN = Fact(None)


class Facts:
    """Answers about one tree."""

    def __init__(self, graph: CallGraph) -> None:
        self.graph = graph
        self.index = graph.index
        self.bodies = Bodies(graph)
        self._sites: dict[str, dict[str, list[tuple[str, int, int]]]] = {}
        self._paths: dict[str, Paths] = {}

    # -- what is where ----------------------------------------------------------------------------------

    def function(self, name: str) -> Fact:
        """The tree has a body of this function."""
        places = self.bodies.functions(name)
        return Fact(bool(places), tuple(f"{place.file}:{place.line}" for place in places[:1]))

    def defined_in(self, name: str, file: str) -> Fact:
        """The function's body is in this file; cannot be told where it has none."""
        places = [place for place in self.graph.places.all(name) if place.kind in ("function", "label")]
        if not places:
            return UNKNOWN
        here = [f"{place.file}:{place.line}" for place in places if place.file == file]
        return Fact(bool(here), tuple(here or [f"{place.file}:{place.line}" for place in places[:3]]))

    def constant(self, name: str) -> Fact:
        """The name is an enumerator or a macro."""
        places = self.bodies.places(name, ("enumerator", "macro"))
        return Fact(bool(places), tuple(f"{place.file}:{place.line}" for place in places[:1]))

    def file(self, path: str) -> Fact:
        """The tree has this file."""
        return Fact(self.index.has(path), (f"{path}:1",) if self.index.has(path) else ())

    def release(self, version: str) -> Fact:
        """The tree's Makefile names this release; cannot be told without one."""
        text = (self.index.source("Makefile") or b"").decode("latin-1")
        found = dict(re.findall(r"^(VERSION|PATCHLEVEL|SUBLEVEL)[ \t]*=[ \t]*(\d+)", text, re.MULTILINE))
        if len(found) != 3:
            return UNKNOWN
        names = ("VERSION", "PATCHLEVEL", "SUBLEVEL")
        lines = text.split("\n")
        places = [f"Makefile:{n + 1}" for n, line in enumerate(lines) if line.split("=")[0].strip() in names]
        return Fact(".".join(found[name] for name in names) == version, tuple(places))

    def text(self, string: str, path: str = "") -> Fact:
        """The string occurs, in code, comments or documents."""
        found = self.index.search(string, path=path or None, most=_MOST_PLACES)
        return Fact(bool(found), tuple(f"{match.file}:{match.line}" for match in found[:_MOST_PLACES]))

    # -- structs and what they hold -----------------------------------------------------------------------

    def member(self, struct: str, field: str) -> Fact:
        """The struct has a member of this name."""
        structs = self.bodies.places(struct, _STRUCTS)
        if not structs:
            return UNKNOWN
        for place in structs:
            for each in self.graph.places.all(field):
                if each.kind == "member" and each.file == place.file and place.line <= each.line <= place.end_line:
                    return Fact(True, (f"{each.file}:{each.line}",))
        return Fact(False, (f"{structs[0].file}:{structs[0].line}",))

    def stored(self, member: str, function: str = "", instance: str = "") -> Fact:
        """A function (any, if not named) is stored in `struct.member`, of one instance if that is named."""
        struct = member.partition(".")[0]
        if not self.bodies.places(struct, _STRUCTS) or (instance and not self.graph.places.all(instance)):
            return UNKNOWN
        places = [
            f"{file}:{line}"
            for source, direct, file, line, _, _, where, *_ in self.index.flows_into(f"F:{member}")
            if direct and function in ("", plain(source)) and instance in ("", where)
        ]
        return Fact(bool(places), tuple(places[:2]))

    def macro_is(self, name: str, value: str) -> Fact:
        """The macro stands for just this."""
        bodies = [body for body in self.bodies.of(name) if body.place.kind == "macro"]
        if not bodies:
            return UNKNOWN
        return Fact(any(body.tokens[3:] == words(value) for body in bodies), (bodies[0].at,))

    # -- heads --------------------------------------------------------------------------------------------

    def params(self, function: str, number: int) -> Fact:
        """The function has so many parameters."""
        for place, tokens in self.bodies.heads(function):
            made = _NUMBERED.search(place.macro or "")
            if made:
                return Fact(int(made.group(1)) == number, (f"{place.file}:{place.line}",))
            if plain(function) in tokens:
                return Fact(_parameters(tokens, plain(function)) == number, (f"{place.file}:{place.line}",))
        return UNKNOWN

    def takes(self, function: str, code: str) -> Fact:
        """A piece of code stands in the function's head."""
        for body in self.bodies.of(function):
            if body.place.kind == "function":
                return Fact(any(at < body.inside for at in body.find(code)), (body.at,))
        return UNKNOWN

    def prototype(self, function: str, code: str) -> Fact:
        """The function is declared, or defined, with just this head."""
        heads = self.bodies.heads(function)
        if not heads:
            return UNKNOWN
        wanted = _bare(words(code))
        places = [f"{place.file}:{place.line}" for place, tokens in heads if _bare(tokens) == wanted]
        return Fact(bool(places), tuple(places or [f"{place.file}:{place.line}" for place, _ in heads[:1]])[:2])

    # -- bodies -------------------------------------------------------------------------------------------

    def occurs(self, name: str, code: str) -> Fact:
        """A piece of code stands in a definition: function, struct, initialiser, macro.  Blanks do not count."""
        bodies = self.bodies.of(name)
        if not bodies:
            return UNKNOWN
        places = [body.where(at) for body in bodies for at in body.find(code)]
        return Fact(bool(places), tuple(dict.fromkeys(places))[:3] or (bodies[0].at,))

    def before(self, name: str, code: str, other: str) -> Fact:
        """In a definition the last place of one piece of code comes before the last of another."""
        for body in self.bodies.of(name):
            first, second = body.find(code), body.find(other)
            if first and second:
                return Fact(first[-1] < second[-1], (body.where(first[-1]), body.where(second[-1])))
            return Fact(False, (body.at,))
        return UNKNOWN

    def last(self, function: str, call: str, *but: str) -> Fact:
        """No call stands behind this one in the function's text, others than those named aside."""
        for body in self.bodies.of(function):
            at = body.find(call)
            if not at:
                return Fact(False, (body.at,))
            last = at[-1]
            later = [
                f"{body.place.file}:{line}"
                for called, line, column in self._calls(body)
                if (line, column) > (body.lines[last], body.columns[last]) and called not in (call, *but)
            ]
            return Fact(not later, tuple(later[:3]) or (body.where(last),))
        return UNKNOWN

    # -- calls --------------------------------------------------------------------------------------------

    def calls(self, function: str, other: str, context: str = "") -> Fact:
        """The function's own text leads to the other: by name, by a macro, through a pointer."""
        bodies = self.bodies.of(function)
        if not bodies or bodies[0].place.kind not in ("function", "label"):
            return UNKNOWN
        for body in bodies:
            for called, line, _ in self._calls(body):
                if called == other:
                    return Fact(True, (f"{body.place.file}:{line}",))
        paths = self._under(context)
        node = self._node(function)
        if paths is None or node is None:
            return UNKNOWN
        for step in paths.steps(node):
            if plain(step.callee) == other and step.edge.confidence != "name":
                return Fact(True, tuple(_places(step.edge)))
        return Fact(False, (bodies[0].at,))

    def through(self, function: str, member: str) -> Fact:
        """The function calls through `struct.member`."""
        node = self._node(function)
        if node is None:
            return UNKNOWN
        rows = [row for row in self.index.sites(function=node) if f"{row[6]}.{row[7]}" == member]
        return Fact(bool(rows), tuple(f"{row[0]}:{row[1]}" for row in rows[:2]) or self.function(function).evidence)

    def other_callers(self, function: str, *known: str) -> Fact:
        """Functions that are not among these call it."""
        node = self._node(function)
        if node is None:
            return UNKNOWN
        edges = [edge for edge in self.graph.callers(node) if edge.caller not in (*known, plain(node))]
        return Fact(bool(edges), tuple(f"{edge.file}:{edge.line}" for edge in edges[:_MOST_PLACES]))

    def syscall(self, name: str) -> Fact:
        """A system call: by the table, or by a switch of another; cannot be told where the tree has no table."""
        wanted = (name,) if name.startswith("sys_") else (f"sys_{name}", name)
        entries = self.graph.syscalls.entries
        if not entries:
            return UNKNOWN
        for entry in entries:
            if entry.function in wanted:
                return Fact(True, (entry.evidence,))
        for step in self._switched:
            if plain(step.callee) in wanted:
                return Fact(True, (f"{step.file}:{step.line}",))
        return Fact(False, tuple(f"{place.file}:{place.line}" for place in self.bodies.functions(name)[:1]))

    def deferred(self, function: str) -> Fact:
        """The function is put off: a timer's, a softirq's, a tasklet's, a piece of work, an interrupt's handler."""
        node = self._node(function)
        if node is None:
            return UNKNOWN
        slots = self.graph.pointers.slots_of(node)
        for slot in sorted(slots & DEFERRED):
            for target in self.graph.pointers.targets(slot):
                if target.function == node:
                    return Fact(True, (target.evidence,))
        return Fact(False, (self.graph.defined_at(node) or "",))

    def reaches(self, start: str, goal: str, context: str = "", without: str = "", steps: int = 5) -> Fact:
        """A valid path leads from one function to another, without a third if one is named.

        Looked for among the functions that lead to the goal in so many steps; False means that none of them does.
        """
        edges = self.way(start, goal, context, without, steps)
        if edges is None:
            return UNKNOWN
        if not edges:
            # what shows that there is no way are the two functions
            ends = [self.graph.defined_at(node) for name in (start, goal) for node in self.graph.nodes(name)[:1]]
            return Fact(False, tuple(place for place in ends if place))
        return Fact(True, tuple(place for edge in edges for place in _places(edge)))

    def way(self, start: str, goal: str, context: str = "", without: str = "", steps: int = 5) -> list[Edge] | None:
        """The path of `reaches`: empty where there is none, None where the tree or the search cannot tell."""
        paths = self._under(context)
        first, last = self._node(start), self._node(goal)
        if paths is None or first is None or last is None:
            return None
        avoid = {node for node in self.graph.nodes(without) if node not in (first, last)} if without else set()
        found = paths.find(first, last, near=steps, avoid=avoid, look=_MOST_NEAR)
        return found.paths[0] if found.paths else None if found.cut else []

    # -- below --------------------------------------------------------------------------------------------

    @cached_property
    def contexts(self) -> dict[str, Context]:
        """The contexts that this tree has."""
        return contexts(self.graph.places)

    def _under(self, context: str) -> Paths | None:
        """The search under a context, None where the tree does not have it."""
        if context and context not in self.contexts:
            return None
        if context not in self._paths:
            self._paths[context] = Paths(self.graph, self.contexts.get(context))
        return self._paths[context]

    def _node(self, name: str) -> str | None:
        return next(iter(self.graph.nodes(name)), None)

    def _calls(self, body: Body) -> list[tuple[str, int, int]]:
        """What a body calls by name, macros too, or through a pointer (the member): (name, line, column)."""
        path, place = body.place.file, body.place
        scopes = self._sites.get(path)
        if scopes is None:
            scopes = self._sites[path] = {}
            calls = self.index.named_calls(path)
            names = self.index.names({each for call in calls for each in (call[0], call[3]) if each})
            for symbol, line, column, scope in calls:
                if scope:
                    scopes.setdefault(names[scope], []).append((names[symbol], line, column))
            for site in self.index.pointer_calls(path):
                if site.caller and site.field:
                    scopes.setdefault(site.caller, []).append((site.field, site.line, site.column))
        return sorted(
            (call for call in scopes.get(place.name, ()) if place.line <= call[1] <= place.end_line),
            key=lambda call: call[1:],
        )

    @cached_property
    def _switched(self) -> list[_Switched]:
        """The system calls that another one chooses by a number."""
        found = []
        for name in SWITCHES:
            for node in self.graph.nodes(name):
                for step in self.graph.out(node):
                    if step.edge.kind == "direct" and plain(step.callee).startswith("sys_"):
                        found.append(_Switched(step.callee, step.edge.file, step.edge.line))
        return found


class _Switched(NamedTuple):
    """A system call behind a switch, and where the switch calls it."""

    callee: str
    file: str
    line: int


#: the predicates by the names that claims use
PREDICATES: dict[str, Callable[..., Fact]] = {
    each.__name__: each
    for each in (
        Facts.function, Facts.defined_in, Facts.constant, Facts.file, Facts.release, Facts.text, Facts.member,
        Facts.stored, Facts.macro_is, Facts.params, Facts.takes, Facts.prototype, Facts.occurs, Facts.before,
        Facts.last, Facts.calls, Facts.through, Facts.other_callers, Facts.syscall, Facts.deferred, Facts.reaches,
    )
}  # fmt: skip


def _places(edge: Edge) -> Iterator[str]:
    """Where an edge leaves its caller, and what proves it."""
    yield f"{edge.file}:{edge.line}"
    if edge.evidence:
        yield edge.evidence


def _bare(tokens: Iterable[str]) -> list[str]:
    """A head without what says only how it is linked."""
    return [token for token in tokens if token not in _QUALIFIERS]


def _parameters(tokens: list[str], name: str) -> int:
    """How many parameters a head has."""
    depth, count, seen = 0, 0, []
    for word in tokens[tokens.index(name) + 1 :]:
        depth += {"(": 1, ")": -1}.get(word, 0)
        if depth <= 0:
            break
        count += depth == 1 and word == ","
        seen.append(word)
    return 0 if seen[1:] in ([], ["void"]) else count + 1
