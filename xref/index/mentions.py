"""Where a C file names something beyond the function it stands in: everywhere but at locals and parameters.

The index keeps mentions by name, not by file.  To show one file they are read off its text again, by the parser and
with the lessons that the index was made with, so that what is a mention here is one of `Index.references`.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xref.index.files import FileState
    from xref.index.query import Index
    from xref.parse.reader import CReader

#: bytes of a file up to which this is done; longer ones are tables of numbers as a rule
_MOST_BYTES = 600_000
#: a reader remembers each word that it has seen: one that knows so many is let go
_MOST_WORDS = 200_000
_MOST_READERS = 4

_lock = Lock()
#: by index state, the readers of the trees that were asked for last
_readers: dict[tuple[FileState, str], CReader] = {}


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


def warm(index: Index) -> None:
    """Read the lessons of a tree, so that the first reader of a file need not wait for that."""
    with _lock:
        _reader_of(index)


def _reader_of(index: Index) -> CReader:
    """The reader for a tree: its lessons take a quarter of a second to be read."""
    from xref.index.known import lessons_from_bytes
    from xref.parse.reader import CReader

    key = index.tree_state
    reader = _readers.pop(key, None)
    if reader is None or len(reader.vocabulary.words) > _MOST_WORDS:
        reader = CReader(lessons_from_bytes(index.lessons()))
        while len(_readers) >= _MOST_READERS:
            _readers.pop(next(iter(_readers)))
    _readers[key] = reader
    return reader
