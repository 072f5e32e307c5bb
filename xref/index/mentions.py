"""Where a C file names something beyond the function it stands in: everywhere but at locals and parameters.

The index keeps mentions by name, not by file.  To show one file they are read off its text again, by the parser and
with the lessons that the index was made with, so that what is a mention here is one of `Index.references`.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING
from typing import Any

if TYPE_CHECKING:
    from xref.index.query import Index
    from xref.parse.reader import CReader

#: bytes of a file up to which this is done; longer ones are tables of numbers as a rule
_MOST_BYTES = 600_000
#: a reader remembers each word that it has seen: one that knows so many is let go
_MOST_WORDS = 400_000

_lock = Lock()
#: the reader of the tree that was asked for last
_reader: tuple[tuple[Any, ...], CReader] | None = None


def mentions(index: Index, path: str) -> frozenset[tuple[int, int]] | None:
    """(line, column in bytes) of each mention in a C file; None for other files, and where the parser did not take
    the whole of it.
    """
    if index.file_kind(path) != "c" or index.has_problems(path):
        return None
    data = index.source(path) or b""
    if len(data) > _MOST_BYTES:
        return None
    with _lock:
        table = _reader_of(index).read([data], [path]).references
    return frozenset(zip(table[:, 3].tolist(), table[:, 4].tolist(), strict=True))


def _reader_of(index: Index) -> CReader:
    """The reader for a tree; another tree's is let go for it."""
    from xref.index.known import lessons_from_bytes
    from xref.parse.reader import CReader

    global _reader
    key = index.state[:3]
    if _reader is None or _reader[0] != key or len(_reader[1].vocabulary.words) > _MOST_WORDS:
        _reader = (key, CReader(lessons_from_bytes(index.lessons())))
    return _reader[1]
