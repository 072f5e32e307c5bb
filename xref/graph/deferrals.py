"""What is put off: from where a softirq, timer, tasklet, piece of work or interrupt handler is registered or raised
to the function that runs later.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from functools import lru_cache
from typing import NamedTuple

from xref.graph.indirect import Pointers
from xref.graph.indirect import Target
from xref.index.places import Places

#: calling through these is running what somebody put off
DEFERRED = frozenset(
    ("F:softirq_action.action", "F:timer_list.function", "F:tasklet_struct.func", "F:work_struct.func",
     "F:irqaction.handler", "F:rcu_head.func", "F:callback_head.func", "F:hrtimer.function", "F:tq_struct.routine")
)  # fmt: skip

#: what sets going something that has been registered; its number, or its address, is the first or second argument
_RAISING = re.compile(
    r"\b\w*(?:raise_softirq|tasklet_(?:hi_)?schedule|schedule_work|schedule_delayed_work|queue_work"
    r"|queue_delayed_work|add_timer|mod_timer|hrtimer_start|queue_task)\w*\s*\(([^;]*)"
)
_REGISTERED = re.compile(r"\b\w+\s*\(\s*([A-Z][A-Z0-9_]*)\s*,")


class Deferral(NamedTuple):
    """A function that will run later, and the place at which another, `caller`, registers or raises it.

    evidence is where the function's name gets into the slot, chain the further stores on its way there.
    """

    caller: str
    callee: str
    file: str
    line: int
    via: str
    evidence: str
    chain: tuple[str, ...]


class Deferrals:
    """Everything that is put off in a tree.

    A slot is asked for its functions; who raises them is read off the lines that mention their number or their
    variable.
    """

    def __init__(self, places: Places, pointers: Pointers) -> None:
        self._places = places
        self._index = places.index
        self._pointers = pointers
        self._lines = lru_cache(maxsize=64)(self._read_lines)

    @cached_property
    def by_caller(self) -> dict[str, list[Deferral]]:
        """By the function that registers or raises."""
        found: dict[str, list[Deferral]] = {}
        for each in sorted(set(self._all())):
            found.setdefault(each.caller, []).append(each)
        return found

    @cached_property
    def by_callee(self) -> dict[str, list[str]]:
        """The functions that register or raise one, by that."""
        found: dict[str, list[str]] = {}
        for caller, every in self.by_caller.items():
            for each in every:
                found.setdefault(each.callee, []).append(caller)
        return found

    def _all(self) -> Iterator[Deferral]:
        for slot in sorted(DEFERRED):
            via = f"struct {slot[2:]}"
            raisers: dict[str, list[tuple[str, str, int]]] = {}
            for target in self._pointers.targets(slot):
                file, _, line = target.evidence.rpartition(":")
                made = (via, target.evidence, target.chain)
                if target.handed_by is not None:
                    yield Deferral(target.handed_by, target.function, file, int(line), *made)
                name = self._known_as(target, file, int(line))
                if name is not None and name not in raisers:
                    raisers[name] = list(self._raisers(name))
                for caller, where, at in raisers[name] if name is not None else ():
                    # a variable of that name in another file is another variable
                    if target.instance is None or where == file:
                        yield Deferral(caller, target.function, where, at, *made)

    def _known_as(self, target: Target, file: str, line: int) -> str | None:
        """The number under which a softirq is registered, or the variable of file scope that holds the function."""
        if target.handed_by is None:
            return target.instance
        match = _REGISTERED.search(self._line(file, line))
        return match.group(1) if match and target.how == "argument" else None

    def _raisers(self, name: str) -> Iterator[tuple[str, str, int]]:
        """(node, file, line) of each place that sets going what is known by a name."""
        word = re.compile(rf"\b{re.escape(name)}\b")
        for reference in self._index.references(name):
            if reference.function is None:
                continue
            for match in _RAISING.finditer(self._line(reference.file, reference.line)):
                if word.search(match.group(1)):
                    for place in self._places.of_file(reference.file):
                        inside = place.line <= reference.line <= place.end_line
                        if inside and place.kind == "function" and place.name == reference.function:
                            yield place.identity, reference.file, reference.line

    def _line(self, path: str, line: int) -> str:
        lines = self._lines(path)
        return lines[line - 1].decode("latin-1") if line <= len(lines) else ""

    def _read_lines(self, path: str) -> list[bytes]:
        return (self._index.source(path) or b"").split(b"\n")
