"""Reading an index: class `Index` is every read that anyone makes.

The command line, the site and the graph ask the same object, so that they cannot disagree.  Opened read-only
on a file that is only ever replaced, never changed: several readers never wait for each other or for a writer.
The reads go by the driver: importing SQLAlchemy alone would take most of the time that `xref def` may take.

It is made in layers, each a module of its own: `reading` opens the file, `tree_files` has the files, `inclusion` what
they include, `definitions` and `references` the names, `graph_rows` the call graph's rows; here is the text.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from typing import TYPE_CHECKING

from xref.index.graph_rows import GraphRows
from xref.index.records import Match
from xref.index.references import References
from xref.source.text import decode

if TYPE_CHECKING:
    from xref.index.text import Found

_LONGEST_LINE = 2000


class Index(References, GraphRows):
    """An index, opened for reading, with one of its trees chosen.

    `tree` is a tree's name, else the one indexed last; `arch` the architecture to prefer.  Raises
    IndexFileError for a file that is no index, or that has no such tree.
    """

    def search(
        self, pattern: str, *, regex: bool = False, path: str | None = None, most: int | None = None
    ) -> list[Match]:
        """The lines that hold a string or match an expression, by file and line.

        `path` is a glob, or the beginning of a path; `most` stops after so many lines.
        """
        return self.find(pattern, regex=regex, where=within(path) if path else None, most=most).matches

    def find(
        self,
        pattern: str,
        *,
        regex: bool = False,
        where: Callable[[str], bool] | None = None,
        most: int | None = None,
        seconds: float | None = None,
    ) -> Found:
        """The same in the files of which `where` says so; it stops after `most` lines, or when `seconds` are over.

        Raises PatternError.
        """
        from xref.index.text import Found
        from xref.index.text import OutOfTimeError
        from xref.index.text import Searcher

        paths = self._paths
        wanted = paths
        if where is not None:
            wanted = {blob: at for blob, each in paths.items() if (at := tuple(filter(where, each)))}
        found: list[Match] = []
        cut = None
        hits = Searcher(self._db, self.file_state, seconds).search(pattern, regex=regex, wanted=wanted.__contains__)
        try:
            for match in _matches(hits, wanted):
                found.append(match)
                if most is not None and len(found) >= most:
                    cut = "lines"
                    break
        except OutOfTimeError:
            cut = "time"
        found.sort(key=lambda match: (match.file, match.line))
        return Found(found, cut)

    def warm(self) -> None:
        """Read what every search and most other questions look at first, for all who read this state of the file."""
        from xref.index.text import Searcher

        _ = self._paths, self._path_set, self._stands, self._archs, self._file_names
        Searcher(self._db, self.file_state).warm()


def within(path: str) -> Callable[[str], bool]:
    """Whether a path is wanted: by a glob, or by how it begins."""
    if any(char in path for char in "*?["):
        matches = re.compile(fnmatch.translate(path)).match
        return lambda each: matches(each) is not None
    return lambda each: each.startswith(path)


def _matches(
    hits: Iterable[tuple[int, bytes, Iterable[tuple[int, int, int]]]], paths: Mapping[int, Iterable[str]]
) -> Iterator[Match]:
    """What was found in blobs (see `Searcher.search`), at each path at which a blob stands."""
    for blob, text, lines in hits:
        number, counted = 1, 0
        for line, start, end in lines:
            number += text.count(b"\n", counted, line)
            counted = line
            shown = _shown_line(text, line, start, end)
            for path in paths[blob]:
                yield Match(path, number, start - line + 1, shown)


def _shown_line(text: bytes, line: int, start: int, end: int) -> str:
    """A line as it is shown: of a very long one, what is around the match."""
    if end - line <= _LONGEST_LINE:
        return decode(text[line:end]).rstrip("\r")
    first = max(line, start - _LONGEST_LINE // 4)
    return ("…" if first > line else "") + decode(text[first : first + _LONGEST_LINE]) + "…"
