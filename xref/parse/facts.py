"""The facts that parsing one file yields.

Nothing here is resolved: a file's facts depend on that file's bytes (and on what the tree's macros
mean, see `lessons`) alone.  Lines and columns count from 1; a column is a byte, as compilers count.
Pure data: this module may use nothing of the project.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from typing import NamedTuple

#: Definition kinds, in the order of CONTRACT.md; the position is the number stored in the index.
DEFINITION_KINDS = (
    "function",
    "macro",
    "struct",
    "union",
    "enum",
    "enumerator",
    "typedef",
    "variable",
    "member",
    "label",
    "prototype",
)

#: Reference kinds; the position is the number stored in the index.
REFERENCE_KINDS = ("read", "write", "address", "call", "type", "member", "macro", "label")


class Definition(NamedTuple):
    """A name given a meaning: line and column are the name's, end_line the closing brace's."""

    name: str
    kind: str
    line: int
    column: int
    end_line: int
    static: bool = False
    signature: str = ""
    #: the macro that made it (`DEFINE_PER_CPU`, `SYSCALL_DEFINE3`), or None
    macro: str | None = None
    #: the preprocessor condition it stands under, outermost first, joined by ` && `; "" where none
    condition: str = ""


class Reference(NamedTuple):
    """A mention of a name outside comments, strings and its own definition."""

    name: str
    kind: str
    line: int
    column: int


class Call(NamedTuple):
    """A call site; line and column are those of the callee's own name."""

    line: int
    column: int
    #: the function or macro whose body holds the site, None at file level
    caller: str | None
    #: the name called, or for a call through a pointer the expression as written
    callee: str
    #: True for a call through a pointer
    indirect: bool = False
    #: the member called through (`sendmsg` in `sk->sk_prot->sendmsg(...)`), if it is one
    field: str | None = None


class Include(NamedTuple):
    """An `#include`: target as written between the quotes or angle brackets."""

    line: int
    target: str
    system: bool


class Problem(NamedTuple):
    """A place the parser could not take in full."""

    line: int
    reason: str


@dataclass(slots=True)
class FileFacts:
    """Everything seen in one file."""

    definitions: list[Definition] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    includes: list[Include] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
