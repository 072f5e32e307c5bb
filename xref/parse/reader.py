"""One C file's bytes to its facts: the whole of this room behind one call."""

from __future__ import annotations

import re

import numpy as np

from xref.parse.asm import parse_asm
from xref.parse.c import CParser
from xref.parse.extract import extract
from xref.parse.facts import FileFacts
from xref.parse.lessons import Lessons
from xref.parse.lex import Vocabulary
from xref.parse.makers import Makers
from xref.parse.packed import KIND
from xref.parse.packed import Packed
from xref.parse.packed import pack

#: what assembly has and C has not
_ASSEMBLY = re.compile(rb"^[ \t]*\.(?:macro|endm|set|globl|global|text|align|section|long|word)\b|^\|", re.MULTILINE)


class CReader:
    """Reads C files of one tree.  Words are numbers of `vocabulary`, which grows with what is read."""

    def __init__(self, lessons: Lessons) -> None:
        self._parser = CParser(lessons)
        self._makers = Makers(lessons.makers, self._expansion)

    @property
    def vocabulary(self) -> Vocabulary:
        """The words seen so far."""
        return self._parser.vocabulary

    def read(self, data: bytes, path: str) -> Packed:
        """The facts of a file.  `path` (in the tree) tells which of the tree's lessons hold for it."""
        packed = extract(self._parser.parse(data, path), self.vocabulary, self._makers)
        if path.endswith(".h") and _ASSEMBLY.search(data):
            self._add_assembly(packed, data)
        return packed

    def _add_assembly(self, packed: Packed, data: bytes) -> None:
        """A header for assembly, or with a part for it: its labels and assembler macros.

        Where nothing but preprocessor lines is C in it, what the C grammar could not take is no problem.
        """
        other = parse_asm(data)
        numbers = {(row[0], row[2]) for row in packed.definitions.tolist()}
        made = [d for d in other.definitions if (self.vocabulary[d.name.encode()], d.line) not in numbers]
        conditions = {text: place for place, text in enumerate(packed.conditions)}
        rows = pack(FileFacts(definitions=made), self.vocabulary).definitions
        for row, definition in zip(rows, made, strict=True):
            row[9] = conditions.setdefault(definition.condition, len(conditions))
        packed.conditions = list(conditions)
        functions = (packed.definitions[:, 1] == KIND["function"]).any()
        packed.definitions = np.concatenate([packed.definitions, rows])
        if packed.problems and not functions:
            packed.problems = other.problems

    def _expansion(self, text: bytes, depth: int) -> tuple[Packed, list[bytes]]:
        """The facts of a macro's expansion, for `Makers`."""
        packed = extract(self._parser.parse(text, ""), self.vocabulary, self._makers, depth)
        return packed, self.vocabulary.words
