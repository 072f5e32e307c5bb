"""Contexts: which instances of its tables a situation has, and so which row of each it takes.

`inet_stream_ops` + `tcp_prot` *is* a TCP socket.  What ties a socket's type and protocol to its tables is read off
the tree's own `inetsw_array`; the rest is data in contexts.json, with the reason for each.  Users may have their own
files of that form.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any
from typing import NamedTuple

from xref.graph.declarations import end_of_declaration
from xref.graph.syntax import Node
from xref.graph.syntax import Parser
from xref.graph.syntax import tokens_of
from xref.index.errors import IndexFileError
from xref.index.places import Places


class Binding(NamedTuple):
    """A struct of which one instance is meant (or one of several), why, and where the tree has it or says so."""

    struct: str
    instances: tuple[str, ...]
    reason: str
    evidence: str | None
    #: members for which it does not hold: another instance has a part in the same situation
    besides: tuple[str, ...] = ()


class Held(NamedTuple):
    """A member that is set at run time: the functions it holds in this situation, and why."""

    member: str
    functions: tuple[str, ...]
    reason: str


class Context(NamedTuple):
    """A situation: its name, what it is, what it binds, and what members set at run time hold in it."""

    name: str
    title: str
    bindings: tuple[Binding, ...]
    held: tuple[Held, ...]

    def functions(self, slot: str) -> tuple[str, ...] | None:
        """The functions that a slot can hold, None where the context says nothing."""
        return next((each.functions for each in self.held if slot == f"F:{each.member}"), None)

    def instances(self, slot: str) -> tuple[str, ...] | None:
        """The instances of the struct of a slot that the context allows, None where it says nothing."""
        struct, _, member = slot[2:].rpartition(".")
        if not slot.startswith("F:"):
            return None
        return next(
            (each.instances for each in self.bindings if each.struct == struct and member not in each.besides), None
        )


def contexts(places: Places, own: Path | None = None) -> dict[str, Context]:
    """The contexts that hold on a tree: those that bind there what they bind first, which is what they are about.

    `own` is a file of the user's, whose contexts go before ours.  Raises IndexFileError where it cannot be read.
    """
    data: dict[str, Any] = json.loads(resources.files("xref.graph").joinpath("contexts.json").read_text())
    if own is not None:
        try:
            data |= json.loads(own.read_text())
        except (OSError, ValueError) as error:
            raise IndexFileError(f"{own} is no file of contexts ({error}): see xref/graph/contexts.json") from None
    rows = _switch(places)
    found = {}
    for name, row in data.items():
        bindings = tuple(_bindings(places, row, rows))
        if bindings and bindings[0].struct == next(iter(row["bind"])):
            held = tuple(_held(places, row))
            found[name] = Context(name, row.get("title", name), bindings, held)
    return found


def _held(places: Places, row: Mapping[str, Any]) -> Iterator[Held]:
    """What members hold that are set at run time, as far as the tree has it."""
    for member, (names, why) in row.get("hold", {}).items():
        there = tuple(name for name in names if any(place.kind == "function" for place in places.all(name)))
        if there and _has_member(places, *member.split(".")):
            yield Held(member, there, why)


def _has_member(places: Places, struct: str, member: str) -> bool:
    """Has the tree a struct with such a member?  Not every tree's `sock` has a `sk_data_ready`, or a `data_ready`."""
    bodies = [place for place in places.all(struct) if place.kind == "struct"]
    members = [place for place in places.all(member) if place.kind == "member"]
    return any(
        place.file == body.file and body.line <= place.line <= body.end_line for place in members for body in bodies
    )


def _bindings(places: Places, row: Mapping[str, Any], rows: list[dict[str, tuple[str, str]]]) -> list[Binding]:
    derived: dict[str, tuple[str, str]] = {}
    if "socket" in row:
        kind, protocol = row["socket"]
        for each in rows:
            if each.get("type", ("", ""))[0] == kind and each.get("protocol", ("", ""))[0] == protocol:
                derived = {"proto_ops": each["ops"], "proto": each["prot"]} if "ops" in each and "prot" in each else {}
    found = []
    for struct, (names, reason, *besides) in row["bind"].items():
        if struct in derived:
            instance, evidence = derived[struct]
            found.append(Binding(struct, (instance,), "inetsw_array ties it to the type and protocol", evidence))
            continue
        wanted = [names] if isinstance(names, str) else list(names)
        there = [name for name in wanted if any(place.kind == "variable" for place in places.all(name))]
        if there:
            place = next(place for place in places.all(there[0]) if place.kind == "variable")
            others = tuple(besides[0]) if besides else ()
            found.append(Binding(struct, tuple(there), reason, f"{place.file}:{place.line}", others))
    return found


def _switch(places: Places) -> list[dict[str, tuple[str, str]]]:
    """The rows of `inetsw_array`: member → (name, file:line)."""
    place = next((each for each in places.all("inetsw_array") if each.kind == "variable"), None)
    if place is None:
        return []
    text = places.text(place.file)
    code = text.code[place.head : end_of_declaration(text.code, place.head)]
    tokens = tokens_of(code + ";", place.file, place.head)
    rows = []
    for node in Parser(tokens, lambda _: False).statements():
        if node[0] == "declare":
            for declared in node[1]:
                if declared.value is not None and declared.value[0] == "list":
                    rows = [_row(value, text.line) for _, value in declared.value[1] if value[0] == "list"]
    return rows


def _row(value: Node, line: Any) -> dict[str, tuple[str, str]]:
    found = {}
    for path, item in value[1]:
        while item[0] in ("unary", "cast"):
            item = item[2]
        if path and item[0] == "id":
            token = item[1]
            found[path[0][1]] = (token.text, f"{token.path}:{line(token.at)}")
    return found
