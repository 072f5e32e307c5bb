"""One C file's bytes to its facts: the whole of this room behind one call."""

from __future__ import annotations

from xref.parse.c import CParser
from xref.parse.extract import extract
from xref.parse.lessons import Lessons
from xref.parse.lex import Vocabulary
from xref.parse.makers import Makers
from xref.parse.packed import Packed


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
        return extract(self._parser.parse(data, path), self.vocabulary, self._makers)

    def _expansion(self, text: bytes, depth: int) -> tuple[Packed, list[bytes]]:
        """The facts of a macro's expansion, for `Makers`."""
        packed = extract(self._parser.parse(text, ""), self.vocabulary, self._makers, depth)
        return packed, self.vocabulary.words
