"""Where function pointers come from and go to, in one file: what the resolver writes into the index.

A *slot* is what can hold a function's address; its name is text:

    F:tag.member        a member of a struct or union         N:member          … of a struct that is not known
    V:name              a variable of file scope              V:name@file       … that is static
    L:function:name     a local                               P:function:2      a parameter, counted from 0
    R:function          what a function returns               A:slot:2          an argument of a call through a slot

A function is its name, and `name@file` where it has internal linkage.  A *flow* says that a function or the
content of one slot gets into another, at a place; a *site* is a call through a slot.
"""

from __future__ import annotations

from typing import NamedTuple


class Flow(NamedTuple):
    """Something gets into the slot `into`: a function (`direct`), or what another slot holds."""

    into: str
    source: str
    direct: bool
    file: str
    line: int
    column: int
    #: designated gnu positional assigned argument pasted returned
    how: str
    instance: str | None
    macro: str | None
    #: the function in whose body it happens, None at file level
    function: str | None
    #: where a macro that is used here does it: "file:line"
    through: str | None


class Site(NamedTuple):
    """A call through a slot; line and column are those of the callee's name, or of the macro that hides the call."""

    file: str
    line: int
    column: int
    function: str | None
    slot: str
    name: str
    struct: str | None
    field: str | None
    macro: str | None


class Hidden(NamedTuple):
    """A call that a macro hides: mostly of a function that is an argument of a macro which calls it.

    `through` is then the file:line in the macro's body.  It is `pasted` where the macro makes the name; `made` for a
    call by the callee's plain name in a function that the macro makes; `body` where the function's body is the block
    behind the macro, whose calls are kept under the callee's name: see `made`.
    """

    function: str | None
    callee: str
    file: str
    line: int
    macro: str
    evidence: str
    through: str | None


class FileFlow(NamedTuple):
    """All of one file; fault is why it has nothing, where that is not because there is nothing."""

    flows: list[Flow]
    sites: list[Site]
    hidden: list[Hidden]
    fault: str | None = None


class Notes:
    """What is found in one file, each thing once."""

    def __init__(self) -> None:
        self.found = FileFlow([], [], [])
        self._seen: set[tuple[object, ...]] = set()

    def _new(self, kind: str, record: tuple[object, ...]) -> bool:
        key = (kind, *record)
        if key in self._seen:
            return False
        self._seen.add(key)
        return True

    def flow(self, flow: Flow) -> None:
        """Note that something gets into a slot."""
        if self._new("flow", flow):
            self.found.flows.append(flow)

    def site(self, site: Site) -> None:
        """Note a call through a slot."""
        if self._new("site", site):
            self.found.sites.append(site)

    def hidden(self, hidden: Hidden) -> None:
        """Note a call that a macro hides."""
        if self._new("hidden", hidden):
            self.found.hidden.append(hidden)
