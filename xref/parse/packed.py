"""A file's facts as columns, the form in which they travel and are stored.

One file has thousands of references; as objects they would cost more than parsing did.  `Packed` holds one
array for each field, and words as numbers of the vocabulary of the process that parsed the file.
Uses `facts` and `lex`.
"""

from __future__ import annotations

import bisect
import sys
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

#: bytes of a declaration that are kept as its signature, at most
MOST_HEAD = 2000

#: columns of `Packed.definitions`.  file is the place in the batch; head and tail are byte offsets in the
#: file: the declaration's text, from which the signature is read; static is 1 for internal linkage, and 2 more
#: for what stands under `#if 0`; macro is a word number or -1; condition counts in `Packed.conditions`
DEFINITION_COLUMNS = (
    "file",
    "word",
    "kind",
    "line",
    "column",
    "end_line",
    "static",
    "head",
    "tail",
    "macro",
    "condition",
)
#: columns of `Packed.references`.  scope is the word of the function or macro whose body it is in, or -1
REFERENCE_COLUMNS = ("file", "word", "kind", "line", "column", "scope")
#: columns of `Packed.pointer_calls`: calls through a pointer.  field is a word number or -1, expression counts
#: in `Packed.expressions`
POINTER_CALL_COLUMNS = ("file", "line", "column", "scope", "field", "expression")


def _empty(columns: tuple[str, ...]) -> Ints:
    return np.zeros((0, len(columns)), np.int32)


@dataclass(slots=True)
class Packed:
    """The facts of a batch of files.  The tables have a row for each fact and the columns named above."""

    definitions: Ints = field(default_factory=lambda: _empty(DEFINITION_COLUMNS))
    references: Ints = field(default_factory=lambda: _empty(REFERENCE_COLUMNS))
    pointer_calls: Ints = field(default_factory=lambda: _empty(POINTER_CALL_COLUMNS))
    expressions: list[str] = field(default_factory=list)
    conditions: list[str] = field(default_factory=lambda: [""])
    #: by file of the batch
    includes: list[tuple[int, Include]] = field(default_factory=list)
    problems: list[tuple[int, Problem]] = field(default_factory=list)

    def take(self, other: Packed, files: int | Ints, conditions: dict[str, int]) -> None:
        """Add the facts of one file as the file of that number, or those of several as files of these numbers.

        `conditions` numbers this table's conditions, and grows with them.
        """
        numbers = np.atleast_1d(np.asarray(files, np.int32))
        for table in (other.definitions, other.references, other.pointer_calls):
            table[:, 0] = numbers[table[:, 0]]
        texts = np.array([conditions.setdefault(text, len(conditions)) for text in other.conditions], np.int32)
        other.definitions[:, 10] = texts[other.definitions[:, 10]]
        other.pointer_calls[:, 5] += len(self.expressions)
        self.definitions = np.concatenate([self.definitions, other.definitions])
        self.references = np.concatenate([self.references, other.references])
        self.pointer_calls = np.concatenate([self.pointer_calls, other.pointer_calls])
        self.expressions += other.expressions
        self.conditions = list(conditions)
        self.includes += [(int(numbers[file]), include) for file, include in other.includes]
        self.problems += [(int(numbers[file]), problem) for file, problem in other.problems]


def pack(facts: FileFacts, vocabulary: Vocabulary) -> Packed:
    """Columns out of one file's records, for parsers that make few of them (assembly)."""

    def word(name: str | None) -> int:
        return -1 if name is None else vocabulary[name.encode("utf-8", "surrogateescape")]

    conditions = {"": 0}
    rows = [
        (0, word(d.name), KIND[d.kind], d.line, d.column, d.end_line, d.static, 0, 0, word(d.macro),
         conditions.setdefault(d.condition, len(conditions)))
        for d in facts.definitions
    ]  # fmt: skip
    spans = sorted((d.line, d.end_line, d.name) for d in facts.definitions if d.kind == "function")
    uses = [(0, word(r.name), USE[r.kind], r.line, r.column, word(_within(spans, r.line))) for r in facts.references]
    pointers = []
    expressions: list[str] = []
    for call in facts.calls:
        if call.indirect:
            pointers.append((0, call.line, call.column, word(call.caller), word(call.field), len(expressions)))
            expressions.append(call.callee)
        else:
            uses.append((0, word(call.callee), USE["call"], call.line, call.column, word(call.caller)))
    packed = Packed(
        expressions=expressions,
        includes=[(0, include) for include in facts.includes],
        problems=[(0, problem) for problem in facts.problems],
    )
    packed.conditions = list(conditions)
    for name, table in (("definitions", rows), ("references", uses), ("pointer_calls", pointers)):
        if table:
            setattr(packed, name, np.array(table, np.int32))
    return packed


def _within(spans: list[tuple[int, int, str]], line: int) -> str | None:
    """The function whose lines hold this one: of the last to begin at or before it."""
    place = bisect.bisect_right(spans, (line, sys.maxsize, "")) - 1
    if place >= 0 and line <= spans[place][1]:
        return spans[place][2]
    return None
