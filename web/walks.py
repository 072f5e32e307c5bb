"""Behind the walkthroughs: which run a request means, the runs kept, and what a tree says of a step.

A run follows from its scenario and options alone, so it is made once and kept; it is bounded in steps, and one is made
at a time, so that a visitor cannot make the site busy with a long one.  Proofs are kept for each pair of functions and
shared by all readers of a tree.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any
from typing import NamedTuple

from flask import request

from web import languages
from web import suggest
from web.cache import SizedCache
from web.errors import BadArgumentError
from web.errors import NotFoundError
from web.excerpt import Excerpt
from web.excerpt import excerpt
from web.graphs import contexts_of
from web.graphs import graph_of
from web.languages import N_
from web.site import site
from xref.graph.callgraph import CallGraph
from xref.index.query import Index
from xref.index.records import Definition
from xref.stack import scenario
from xref.stack.scenario import Scenario
from xref.stack.scenario import ScenarioError
from xref.stack.sysctl import RANGES as SYSCTL_RANGES
from xref.walk import stories
from xref.walk.replayer import Call
from xref.walk.session import Session
from xref.walk.verify import Verifier
from xref.walk.verify import shown

#: bytes of payload that the site takes; the command takes more
MOST_PAYLOAD = 1 << 20
#: steps of a run: what the model does in about a second
MOST_STEPS = 50_000
#: steps kept of all runs together, of about 1 KB each
KEPT_STEPS = 150_000
#: steps in one answer of the API
MOST_AT_ONCE = 100
#: segments that can be named as lost
MOST_DROPPED = 200

_BEFORE, _AFTER = 9, 6
_DEFINITION = 16
_MOST_PROVERS = 4
#: scenarios that are run before anyone asks
_PREPARED = 4

_running = threading.Lock()
_sessions: SizedCache[Session] = SizedCache(KEPT_STEPS, len)
#: the HTML of panels, as many characters of it in all
panels: SizedCache[str] = SizedCache(48 << 20, len)
_proofs: SizedCache[dict[str, Any]] = SizedCache(200_000, lambda _: 1)
_excerpts: SizedCache[Excerpt | None] = SizedCache(4000, lambda _: 1)
_proving = threading.Lock()
_provers: dict[tuple[object, str], _Prover] = {}


class Chosen(NamedTuple):
    """What a request asks to run: the scenario, all options, and those that differ from the scenario's own."""

    scenario: Scenario
    options: dict[str, Any]
    given: dict[str, str]


@cache
def groups() -> list[tuple[str, tuple[Scenario, ...]]]:
    """The scenarios by group; those of no group are in the last, "other"."""
    known = scenario.load()
    rows = json.loads((Path(scenario.__file__).parent / "groups.json").read_text(encoding="utf-8"))
    found = [(row["name"], tuple(known.pop(name) for name in row["scenarios"] if name in known)) for row in rows]
    return [*found, ("other", tuple(known.values()))] if known else found


@cache
def _known() -> dict[str, Scenario]:
    return scenario.load()


def teaches(record: Mapping[str, Any]) -> str:
    """What a scenario teaches, in the reader's language as far as there is a sentence in it."""
    said: str = stories.scenario(record, languages.language())["teaches"]
    return said


# -- what is asked for --------------------------------------------------------------------------------------


def chosen(tree: str, name: str) -> Chosen:
    """The run that the request asks for.  Raises NotFoundError, BadArgumentError that names the option."""
    one = _known().get(name)
    if one is None:
        raise NotFoundError(N_("there is no scenario %(name)s"), suggest.scenarios(tree, name, _known()), name=name)
    given: dict[str, Any] = {}
    for option, default in scenario.DEFAULTS.items():
        said = request.args.get(option)
        if said is None or (not said.strip() and not isinstance(default, list | dict)):
            continue
        given[option] = _value(option, said.strip(), default)
    if given.get("payload", 0) > MOST_PAYLOAD:
        most = f"{MOST_PAYLOAD:,}"
        raise BadArgumentError("payload", N_("this site runs up to %(most)s bytes; `xref walk` takes more"), most=most)
    own = one.defaults()
    changed = {option: value for option, value in given.items() if value != own[option]}
    try:
        values = scenario.options(one, changed)
    except ScenarioError as error:
        raise BadArgumentError("options", str(error)) from error
    return Chosen(one, values, {option: text(value) for option, value in changed.items()})


def text(value: Any) -> str:
    """An option's value as the address and the form write it."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, list):
        return " ".join(str(each) for each in value)
    if isinstance(value, dict):
        return " ".join(f"{name}={text(each).replace(' ', ',')}" for name, each in value.items())
    return str(value)


def _value(option: str, said: str, default: Any) -> Any:
    """An option's value from the address.  Raises BadArgumentError."""
    if len(said) > site().settings.longest_argument:
        most = site().settings.longest_argument
        raise BadArgumentError(
            option, N_("has %(length)s characters, %(most)s are the most"), length=f"{len(said):,}", most=most
        )
    if isinstance(default, bool):
        if said not in ("0", "1"):
            raise BadArgumentError(option, N_("must be 0 or 1; it is %(value)s"), value=repr(said))
        return said == "1"
    if isinstance(default, int):
        return _integer(option, said)
    if isinstance(default, float):
        try:
            return float(said)
        except ValueError:
            raise BadArgumentError(option, N_("must be a number; it is %(value)s"), value=repr(said)) from None
    if isinstance(default, list):
        numbers = [_integer(option, each) for each in said.replace(",", " ").split()]
        if len(numbers) > MOST_DROPPED or not all(0 < each <= 100_000 for each in numbers):
            raise BadArgumentError(option, N_("takes up to %(most)s numbers from 1 to 100,000"), most=MOST_DROPPED)
        return numbers
    if isinstance(default, dict):
        return dict(_sysctl(each) for each in said.split())
    return said


def _integer(option: str, said: str) -> int:
    digits = said.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20):
        raise BadArgumentError(option, N_("must be a whole number; it is %(value)s"), value=repr(said))
    return int(said)


def _sysctl(said: str) -> tuple[str, int | list[int]]:
    """`tcp_sack=0` or `tcp_wmem=4096,16384,131072`."""
    name, equals, value = said.partition("=")
    if not equals or name not in SYSCTL_RANGES:
        there = ", ".join(SYSCTL_RANGES)
        raise BadArgumentError(
            "sysctl", N_("takes name=value for each of %(there)s; it is %(value)s"), there=there, value=repr(said)
        )
    numbers = [_integer("sysctl", each) for each in value.split(",")]
    return name, numbers if len(numbers) > 1 else numbers[0]


def session(asked: Chosen) -> Session:
    """The run, made if it is not kept.  Raises BadArgumentError where the model cannot run it or it is too long."""
    key = (asked.scenario.name, *((name, text(value)) for name, value in sorted(asked.options.items())))
    return _sessions.get(key, lambda: _run(asked, key))


def _run(asked: Chosen, key: tuple[Any, ...]) -> Session:
    def make() -> Session:
        try:
            run = scenario.run(asked.scenario, asked.options, most_steps=MOST_STEPS)
        except ScenarioError as error:
            raise BadArgumentError("options", str(error)) from error
        return Session(run)

    with _running:
        # whoever waited finds what the one before has made
        return _sessions.get(key, make)


def step(session: Session, argument: str = "step") -> int:
    """The step that the request asks for, 0 where it names none.  Raises BadArgumentError."""
    said = request.args.get(argument, "").strip()
    return place(session, argument, said) if said else 0


def place(session: Session, argument: str, said: str) -> int:
    """The number of a step of this run.  Raises BadArgumentError."""
    n = _integer(argument, said)
    if not 0 <= n < len(session):
        last = f"{len(session) - 1:,}"
        raise BadArgumentError(
            argument, N_("this run has the steps 0 to %(last)s; it is %(value)s"), last=last, value=f"{n:,}"
        )
    return n


def prepare(index: Index) -> None:
    """Run the scenarios that are first in the list, and prove their steps: most readers begin there."""
    for one in groups()[0][1][:_PREPARED]:
        run = session(Chosen(one, scenario.options(one, {}), {}))
        tree = Tree(index, one)
        for n in range(len(run)):
            run.record(n, tree.prove)


# -- what the tree says -------------------------------------------------------------------------------------


class _Prover:
    """What proves the steps on one tree for all requests: what it has found out is worth seconds.

    It asks the call graph that all pages share; one thread at a time may use it.
    """

    def __init__(self, graph: CallGraph) -> None:
        self.graph = graph
        self._verifiers: dict[str, Verifier] = {}

    def verifier(self, context: str) -> Verifier:
        """What proves under a context."""
        if context not in self._verifiers:
            self._verifiers[context] = Verifier(self.graph, contexts_of(self.graph).get(context))
        return self._verifiers[context]


def _prover(stamp: object, index: Index) -> _Prover:
    """The prover of a leased index's tree; to be called with _proving held."""
    graph = graph_of(index)
    key = (stamp, index.tree)
    known = _provers.get(key)
    if known is None or known.graph is not graph:
        for old in [each for each in _provers if each[0] != stamp or len(_provers) >= _MOST_PROVERS]:
            del _provers[old]
        known = _provers[key] = _Prover(graph)
    return known


class Tree:
    """A tree as a walkthrough asks it: for as long as the index is leased."""

    def __init__(self, index: Index, one: Scenario) -> None:
        self.index = index
        self._context = one.context
        self._stamp = (site().indexes.stamp(), index.tree, one.context)

    def prove(self, calls: Sequence[Call], context: str) -> dict[str, Any]:
        """The proof of the innermost of the calls, as a record."""
        chain = [(call.function, call.file) for call in calls]

        def make() -> dict[str, Any]:
            with _proving:
                proof = _prover(self._stamp[0], self.index).verifier(self._context).prove_call(chain, context)
            handed = proof.edge is not None and bool(proof.edge.only_after)
            return shown(proof) | ({"only_after": list(proof.edge.only_after or ())} if handed and proof.edge else {})

        pair = (*self._stamp, tuple(chain[-2:]), context == "process" if len(chain) == 1 else None)
        first = _proofs.get(pair, make)
        # what was handed in depends on who is on the stack: each stack has its own proof
        depends = "only_after" in first or "handed it in" in first.get("hint", "")
        return _proofs.get((*pair, tuple(chain)), make) if depends else first

    def sources(self, record: Mapping[str, Any]) -> tuple[Excerpt | None, Excerpt | None]:
        """The lines around the call that a step makes or is in, and the beginning of the function called."""
        if not record["stack"]:
            return None, None
        call = record["stack"][-1]
        return self._call_site(call), self._definition(call)

    def after(self, record: Mapping[str, Any]) -> Excerpt | None:
        """The lines that the function of an event, a state or a note has got to."""
        return self._call_site(record["after"]) if record["after"] else None

    def _call_site(self, call: Mapping[str, Any]) -> Excerpt | None:
        proof = call["proof"]
        if not proof or not proof.get("file"):
            return None
        file, line = proof["file"], proof["line"]
        key = (*self._stamp, "site", file, line, call["function"], tuple(proof.get("sites", ())))

        def make() -> Excerpt | None:
            # no further than the function itself: reading has to begin outside of comments
            around = [(each.line, each.end_line) for each in self._bodies(file) if each.line <= line <= each.end_line]
            low, high = max(around, default=(line - _BEFORE, line + _AFTER))
            here = [each.rpartition(":") for each in proof.get("sites", ())]
            marks = {line, *(int(at) for path, _, at in here if path == file)}
            names = {call["function"], (proof.get("via") or "").rpartition(".")[2]}
            return excerpt(
                self.index, file, line, start=low, first=max(line - _BEFORE, low), last=min(line + _AFTER, high),
                marks=frozenset(marks), names=frozenset(names),
            )  # fmt: skip

        return _excerpts.get(key, make)

    def _bodies(self, file: str) -> list[Definition]:
        return [each for each in self.index.outline(file) or [] if each.kind in ("function", "macro")]

    def _definition(self, call: Mapping[str, Any]) -> Excerpt | None:
        key = (*self._stamp, "definition", call["function"], call["file"])

        def make() -> Excerpt | None:
            places = [each for each in self.index.definitions(call["function"]) if each.kind in ("function", "macro")]
            if not places:
                return None
            body = min(places, key=lambda each: each.file != call["file"])
            last = min(body.end_line, body.line + _DEFINITION)
            found = excerpt(
                self.index, body.file, body.line, start=body.line - 1, first=body.line - 1, last=last,
                marks=frozenset((body.line,)), names=frozenset((call["function"],)),
            )  # fmt: skip
            if found is None:
                return None
            # the line before belongs to the head where the return type stands there
            before = found.lines[0].html.striptags().strip()
            whole = before and before[-1] not in ";}/{" and before[0] != "#"
            return found if whole or body.line == 1 else found._replace(lines=found.lines[1:])

        return _excerpts.get(key, make)
