"""C files' bytes to their facts: the whole of this room behind one call."""

from __future__ import annotations

import re
from collections.abc import Sequence

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
        self._lessons = lessons
        self._parser = CParser(lessons)
        self._makers = Makers(lessons, self._expansion)

    @property
    def vocabulary(self) -> Vocabulary:
        """The words seen so far."""
        return self._parser.vocabulary

    def read(self, files: Sequence[bytes], paths: Sequence[str]) -> Packed:
        """The facts of some files.  Their paths (in the tree) tell which of the tree's lessons hold for each."""
        parsed = self._parser.parse(files, paths)
        packed = extract(parsed, self.vocabulary, self._makers)
        conditions = {text: place for place, text in enumerate(packed.conditions)}
        for number in parsed.alone:
            one = extract(self._parser.parse([files[number]], [paths[number]]), self.vocabulary, self._makers)
            packed.take(one, number, conditions)
        for number, (data, path) in enumerate(zip(files, paths, strict=True)):
            if self._lessons.renames and path.endswith(".c"):
                self._rename(packed, number, data, path)
            if path.endswith(".h") and _ASSEMBLY.search(data):
                self._add_assembly(packed, number, data, conditions)
        return packed

    def _rename(self, packed: Packed, number: int, data: bytes, path: str) -> None:
        """Give the functions whose names are macros for others these: `#define hfs_find hfsplus_find`."""
        renamed = self._lessons.renamed(path)
        if not renamed:
            return
        here = (packed.definitions[:, 0] == number) & (packed.definitions[:, 2] == KIND["function"])
        known = self.vocabulary.words
        for old in set(packed.definitions[here, 1].tolist()):
            name = renamed.get(known[old])
            if name is None or re.search(rb"#[ \t]*undef[ \t]+" + known[old] + rb"\b", data):
                continue
            new = self.vocabulary[name]
            packed.definitions[here & (packed.definitions[:, 1] == old), 1] = new
            for table, scope in ((packed.references, 5), (packed.pointer_calls, 3)):
                table[(table[:, 0] == number) & (table[:, scope] == old), scope] = new

    def _add_assembly(self, packed: Packed, number: int, data: bytes, conditions: dict[str, int]) -> None:
        """A header for assembly, or with a part for it: its labels and assembler macros.

        Where nothing but preprocessor lines is C in it, what the C grammar could not take is no problem.
        """
        other = parse_asm(data)
        mine = packed.definitions[packed.definitions[:, 0] == number]
        known = {(row[1], row[3]) for row in mine.tolist()}
        made = [d for d in other.definitions if (self.vocabulary[d.name.encode()], d.line) not in known]
        if not (mine[:, 2] == KIND["function"]).any():
            packed.problems = [problem for problem in packed.problems if problem[0] != number]
            packed.problems += [(number, problem) for problem in other.problems]
        packed.take(pack(FileFacts(definitions=made), self.vocabulary), number, conditions)

    def _expansion(self, text: bytes, depth: int) -> tuple[Packed, list[bytes]]:
        """What a macro's expansion defines, for `Makers`."""
        packed = extract(self._parser.parse([text], [""]), self.vocabulary, self._makers, depth)
        return packed, self.vocabulary.words
