"""The records that every reader gets: the contract's, as named tuples.  `_asdict()` is their JSON."""

from __future__ import annotations

from typing import NamedTuple


class Definition(NamedTuple):
    """A place that gives a name a meaning."""

    name: str
    kind: str
    file: str
    line: int
    end_line: int
    static: bool
    signature: str
    arch: str | None
    macro: str | None
    column: int
    condition: str | None


class Reference(NamedTuple):
    """A mention of a name."""

    name: str
    kind: str
    file: str
    line: int
    column: int
    function: str | None


class Call(NamedTuple):
    """A call site.  kind: direct, macro or indirect; struct, targets and confidence are for indirect ones."""

    file: str
    line: int
    column: int
    caller: str | None
    callee: str
    kind: str
    struct: str | None = None
    field: str | None = None
    targets: tuple[str, ...] | None = None
    confidence: str | None = None


class Include(NamedTuple):
    """An `#include`, with the files of the tree that it can mean."""

    file: str
    line: int
    target: str
    system: bool
    resolved: tuple[str, ...]


class Match(NamedTuple):
    """A line found by search; column is the byte at which the match begins."""

    file: str
    line: int
    column: int
    text: str


class Problem(NamedTuple):
    """A place in a file that was not parsed in full."""

    file: str
    line: int
    reason: str


class Entry(NamedTuple):
    """What a directory holds: a file, or a directory with all that is below it.  kind is None for a directory."""

    name: str
    kind: str | None
    files: int
    lines: int
    bytes: int


class TreeInfo(NamedTuple):
    """A tree in the index, with its counts."""

    name: str
    root: str
    arch: str | None
    indexed: str
    files: int
    bytes: int
    lines: int
    parsed: int
    problem_files: int
    skipped: int
    definitions: int


class Store(NamedTuple):
    """A function's address put into a member; line and column are those of the function's name."""

    struct: str | None
    field: str
    function: str
    file: str
    line: int
    column: int
    how: str
    instance: str | None
    macro: str | None


class Edge(NamedTuple):
    """Control can go from caller to callee; file and line are where it leaves the caller.

    kind: direct macro field variable param table syscall asm deferred; confidence: exact typed name.
    """

    caller: str
    callee: str
    file: str
    line: int
    kind: str
    via: str | None
    evidence: str | None
    confidence: str
    caller_def: str | None
    callee_def: str | None
    chain: tuple[str, ...] | None = None
    only_after: tuple[str, ...] | None = None
    condition: str | None = None


def plain(value: object) -> object:
    """A value as JSON has it: a record becomes an object with its fields, whatever it stands in."""
    fields = getattr(value, "_asdict", None)
    if fields is not None:
        return {name: plain(each) if isinstance(each, tuple) else each for name, each in fields().items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return value
