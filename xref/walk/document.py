"""The document's path, layer by layer, and how a tree's own calls go from one of its functions to the next.

The path is data (path.toml): what the document says of each function, in which file it puts it, and from where
control comes to it.  On a tree each of these steps gets the call path that leads there, edge by edge with its proof,
and remarks on where the document and the tree part.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from functools import cache
from typing import Any
from typing import NamedTuple

from xref.graph.nodes import plain
from xref.index.records import Edge
from xref.walk.claims import claims
from xref.walk.data import LANGUAGES
from xref.walk.data import DataError
from xref.walk.data import check_keys
from xref.walk.data import load
from xref.walk.data import texts
from xref.walk.data import words
from xref.walk.facts import Facts

#: the document follows a TCP packet
CONTEXT = "tcp4"
#: how far from a step's function the way to it is looked for, unless the step says it
_STEPS = 5
_MOST_STEPS = 12


class Step(NamedTuple):
    """A function of the document's path: its file ("" if not said), whence control comes, the event, the claims.

    at is its place in the picture: row, and percent from the left.
    """

    function: str
    file: str
    says: Mapping[str, str]
    before: tuple[str, ...]
    event: str | None
    claims: tuple[int, ...]
    #: where control goes on to, and a function that only other calls pass
    after: str | None
    without: str
    at: tuple[int, int]
    #: how many calls lie between at most
    within: int


class Layer(NamedTuple):
    """A layer of the path, with the document's section on it ("" for what lies beyond the document)."""

    name: str
    section: str
    title: Mapping[str, str]
    steps: tuple[Step, ...]


class Leg(NamedTuple):
    """The tree's way from a function to the next of the document: None where the tree cannot tell, () for none."""

    start: str
    goal: str
    edges: tuple[Edge, ...] | None


class Walked(NamedTuple):
    """A step of the document on a tree: where its function is, the ways to it, whether its event is in the tree."""

    layer: Layer
    step: Step
    defined_at: str | None
    legs: tuple[Leg, ...]
    has_event: bool


class Record(NamedTuple):
    """A step of the document's path on a tree, in a language: the record of `xref claims --path`."""

    layer: str
    section: str
    function: str
    says: str
    event: str | None
    claims: tuple[int, ...]
    defined_at: str | None
    legs: tuple[dict[str, Any], ...]
    remarks: tuple[str, ...]


class Event(NamedTuple):
    """An event that the document names: when it fires, and the function of the kernel that it would fire in."""

    name: str
    section: str
    function: str
    says: Mapping[str, str]


class EventRecord(NamedTuple):
    """An event on a tree: where its function is, and whether anything in the tree names it."""

    event: str
    section: str
    meaning: str
    function: str
    defined_at: str | None
    in_tree: bool


@cache
def layers() -> tuple[Layer, ...]:
    """The document's layers, from the program to the device."""
    return read(load("path.toml"), "path.toml")


def read(data: Mapping[str, Any], name: str) -> tuple[Layer, ...]:
    """Layers from a table, checked.  Raises DataError that says what is wrong, and where."""
    rows = data.get("layer")
    if not isinstance(rows, list) or not rows:
        raise DataError(f"{name} has no [[layer]]")
    found = []
    for row in rows:
        where = f"{name}, layer {row.get('name', '?')}"
        check_keys(row, ("name", "section", "step", *LANGUAGES), (), where)
        found.append(
            Layer(row["name"], row["section"], texts(row, where), tuple(_step(each, where) for each in row["step"]))
        )
    return tuple(found)


def _step(row: Mapping[str, Any], where: str) -> Step:
    where = f"{where}, step {row.get('function', '?')}"
    needed, allowed = ("function", "file", "from", "at"), ("event", "claims", "then", "without", "within")
    check_keys(row, (*needed, *LANGUAGES), allowed, where)
    about = tuple(row.get("claims", ()))
    strange = set(about) - {claim.n for claim in claims()}
    if strange:
        raise DataError(f"{where} names claims that there are not: {', '.join(map(str, sorted(strange)))}")
    at = row["at"]
    if len(at) != 2 or not (isinstance(at[0], int) and isinstance(at[1], int) and at[0] >= 0 and 0 <= at[1] <= 100):
        raise DataError(f"{where}: at must be a row and a percentage, it is {at}")
    within = row.get("within", _STEPS)
    if type(within) is not int or not 0 < within <= _MOST_STEPS:
        raise DataError(f"{where}: within must be a number from 1 to {_MOST_STEPS}, it is {within!r}")
    return Step(
        row["function"], row["file"], texts(row, where), tuple(row["from"]), row.get("event"), about,
        row.get("then"), row.get("without", ""), (at[0], at[1]), within,
    )  # fmt: skip


@cache
def events() -> tuple[Event, ...]:
    """The events that the document names, in its order."""
    return read_events(load("path.toml"), "path.toml")


def read_events(data: Mapping[str, Any], name: str) -> tuple[Event, ...]:
    """Events from a table, checked.  Raises DataError."""
    found = []
    for row in data.get("event", ()):
        where = f"{name}, event {row.get('name', '?')}"
        check_keys(row, ("name", "section", "function", *LANGUAGES), (), where)
        found.append(Event(row["name"], row["section"], row["function"], texts(row, where)))
    return tuple(found)


def fired(facts: Facts) -> list[tuple[Event, str | None, bool]]:
    """Each event with its function's place on a tree and whether the tree names it."""
    return [
        (event, next(iter(facts.function(event.function).evidence), None), bool(facts.text(event.name).holds))
        for event in events()
    ]


def told_event(event: Event, defined_at: str | None, in_tree: bool, language: str = "en") -> EventRecord:
    """An event in a language."""
    return EventRecord(event.name, event.section, event.says[language], event.function, defined_at, in_tree)


def walk(facts: Facts) -> list[Walked]:
    """The document's path on a tree, step by step."""
    return [_walked(facts, layer, step) for layer in layers() for step in layer.steps]


def _walked(facts: Facts, layer: Layer, step: Step) -> Walked:
    there = facts.function(step.function)
    legs = [leg for start in step.before for leg in _legs(facts, step, start)] if there.holds else []
    known = [leg for leg in legs if facts.function(leg.start).holds]
    has_event = bool(step.event and facts.text(step.event).holds)
    return Walked(layer, step, next(iter(there.evidence), None), tuple(known), has_event)


def told(walked: Walked, language: str = "en") -> Record:
    """A step in a language, with a remark wherever the document and the tree part."""
    layer, step = walked.layer, walked.step
    shown = tuple(_shown(leg) for leg in walked.legs if leg.edges)
    return Record(
        layer.title[language], layer.section, step.function, step.says[language], step.event, step.claims,
        walked.defined_at, shown, remarks(walked, language),
    )  # fmt: skip


def _legs(facts: Facts, step: Step, start: str) -> Iterator[Leg]:
    """The way to the step's function, and where there is none the way past it to what the document has next."""
    leg = _leg(facts, start, step.function, step.without, step.within)
    yield leg
    if not leg.edges and step.after is not None:
        yield _leg(facts, start, step.after, step.function, step.within)


def _leg(facts: Facts, start: str, goal: str, without: str, within: int) -> Leg:
    """The way under the document's context, else, where the tree does not have that, under none."""
    context = CONTEXT if CONTEXT in facts.contexts else ""
    edges = facts.way(start, goal, context, without, within)
    return Leg(start, goal, None if edges is None else tuple(edges))


def _shown(leg: Leg) -> dict[str, Any]:
    return {"from": leg.start, "to": leg.goal, "edges": [edge._asdict() for edge in leg.edges or ()]}


def remarks(walked: Walked, language: str = "en", *, gaps: bool = True) -> tuple[str, ...]:
    """Where the document and the tree part at a step, a sentence each; `gaps`: also what the document skips."""
    return tuple(_remarks(walked, words("path", language), gaps))


def _remarks(walked: Walked, say: Mapping[str, str], gaps: bool) -> Iterator[str]:
    step = walked.step
    if walked.defined_at is None:
        yield say["missing"].format(step.function)
        return
    file = walked.defined_at.rpartition(":")[0]
    if step.file and file != step.file:
        yield say["elsewhere"].format(file, step.file)
    reached = {leg.start for leg in walked.legs if leg.edges}
    for leg in walked.legs:
        if leg.edges and leg.goal != step.function:
            yield say["past"].format(leg.start, leg.goal, step.function)
        elif leg.edges:
            between = [plain(edge.callee) for edge in leg.edges[:-1]]
            # what the document itself names on the way is no gap, nor is what lies beyond its end
            if gaps and walked.layer.section and between and not set(between) & set(step.before):
                yield say["between"].format(leg.start, leg.goal, ", ".join(between))
        elif leg.edges is not None and leg.start not in reached:
            yield say["none"].format(leg.start, leg.goal)
    if step.event and not walked.has_event:
        yield say["event"].format(step.event)
