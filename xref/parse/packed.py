"""A file's facts as columns, the form in which they travel and are stored.

One file has thousands of references; as objects they would cost more than parsing did.  `Packed` holds one
array for each field, and words as numbers of the vocabulary of the process that parsed the file.
Uses `facts` and `lex`.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field

import numpy as np

from xref.parse.facts import DEFINITION_KINDS
from xref.parse.facts import REFERENCE_KINDS
from xref.parse.facts import FileFacts
from xref.parse.facts import Include
from xref.parse.facts import Problem
from xref.parse.lex import Ints
from xref.parse.lex import Vocabulary

KIND = {name: number for number, name in enumerate(DEFINITION_KINDS)}
USE = {name: number for number, name in enumerate(REFERENCE_KINDS)}

#: columns of `Packed.definitions`.  head and tail are byte offsets: the declaration's text, from which the
#: signature is read; static is 1 for internal linkage, and 2 more for what stands under `#if 0`; macro is a word number or -1; condition counts in `Packed.conditions`;
#: owner is the row of the struct, union or enum that a member or enumerator belongs to, or -1
DEFINITION_COLUMNS = (
    "word", "kind", "line", "column", "end_line", "static", "head", "tail", "macro", "condition", "owner",
)
#: columns of `Packed.references`.  scope counts from 1 in `Packed.scopes`, 0 is file level
REFERENCE_COLUMNS = ("word", "kind", "line", "column", "scope")
#: columns of `Packed.pointer_calls`: calls through a pointer.  field is a word number or -1; first and last
#: are the byte offsets of the callee's expression
POINTER_CALL_COLUMNS = ("line", "column", "scope", "field", "first", "last")


def _empty(columns: tuple[str, ...]) -> Ints:
    return np.zeros((0, len(columns)), np.int32)


@dataclass(slots=True)
class Packed:
    """The facts of one file.  The tables have a row for each fact and the columns named above."""

    definitions: Ints = field(default_factory=lambda: _empty(DEFINITION_COLUMNS))
    references: Ints = field(default_factory=lambda: _empty(REFERENCE_COLUMNS))
    pointer_calls: Ints = field(default_factory=lambda: _empty(POINTER_CALL_COLUMNS))
    #: word numbers of the functions and macros whose bodies hold references, in order of their place
    scopes: list[int] = field(default_factory=list)
    conditions: list[str] = field(default_factory=lambda: [""])
    includes: list[Include] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def pack(facts: FileFacts, vocabulary: Vocabulary) -> Packed:
    """Columns out of records, for parsers that make few of them (assembly)."""

    def word(name: str) -> int:
        return vocabulary[name.encode("utf-8", "surrogateescape")]

    packed = Packed(includes=facts.includes, problems=facts.problems)
    conditions = {"": 0}
    rows = []
    for d in facts.definitions:
        condition = conditions.setdefault(d.condition, len(conditions))
        macro = word(d.macro) if d.macro else -1
        rows.append(
            (word(d.name), KIND[d.kind], d.line, d.column, d.end_line, d.static, 0, 0, macro, condition, -1)
        )
    packed.conditions = list(conditions)
    owners: dict[str, int] = {}

    def scope(caller: str | None) -> int:
        return 0 if caller is None else owners.setdefault(caller, len(owners) + 1)

    spans = sorted((d.line, d.end_line, d.name) for d in facts.definitions if d.kind == "function")
    uses = [(word(r.name), USE[r.kind], r.line, r.column, scope(_within(spans, r.line))) for r in facts.references]
    pointers = []
    for call in facts.calls:
        if call.indirect:
            field_word = word(call.field) if call.field else -1
            pointers.append((call.line, call.column, scope(call.caller), field_word, -1, word(call.callee)))
        else:
            uses.append((word(call.callee), USE["call"], call.line, call.column, scope(call.caller)))
    packed.scopes = [word(name) for name in owners]
    for name, table in (("definitions", rows), ("references", uses), ("pointer_calls", pointers)):
        if table:
            setattr(packed, name, np.array(table, np.int32))
    return packed


def _within(spans: list[tuple[int, int, str]], line: int) -> str | None:
    found = None
    for first, last, name in spans:
        if first > line:
            break
        if line <= last:
            found = name
    return found
