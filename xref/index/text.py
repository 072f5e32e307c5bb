"""Full-text and regular-expression search over the text in an index.

Trigrams and longer runs of what must occur (the string, or the literals of the expression) leave few shards; those are
decompressed and searched.  Expressions run in RE2, whose time is linear in the text: no pattern can hang.
This module alone leans on how SQLite and this schema store text; everyone else asks `Index.search`.
"""

from __future__ import annotations

import contextlib
import functools
import heapq
import importlib
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from collections.abc import Hashable
from collections.abc import Iterator
from typing import Any
from typing import Generic
from typing import NamedTuple
from typing import TypeVar

import numpy as np
import re2
import zstandard

from xref.index import trigrams
from xref.index.errors import IndexFileError
from xref.index.files import Database
from xref.index.records import Match

#: longest pattern taken
MOST_PATTERN = 1000
#: bytes of text that an expression is given at once, at least and at most
_LEAST_PIECE, _MOST_PIECE = 2048, 4 * 1024 * 1024
#: seconds that a piece should take: between two of them the time is looked at
_PIECE_SECONDS = 0.02

#: the parser of expressions in the standard library: it has no public name, but has been there since 3.11
sre = importlib.import_module("re._parser")

T = TypeVar("T")
Hit = tuple[int, int, int]  # start of the line, of the match, end of the line


class PatternError(IndexFileError):
    """A pattern that cannot be searched for."""


class Found(NamedTuple):
    """What a search found.  cut: None where that is all; `lines` or `time` where it stopped at that limit."""

    matches: list[Match]
    cut: str | None


class OutOfTimeError(Exception):
    """The time that a search may take is over."""


class Searcher:
    """Searches the blobs of one tree.

    After `seconds` OutOfTimeError is raised, wherever the search is: RE2's time is linear in the text, but by a factor
    as large as the expression.
    """

    def __init__(self, db: Database, state: Hashable, seconds: float | None = None) -> None:
        """`state` tells this state of the file from every other: what is opened of it serves all who read it."""
        self._db = db
        self._state = state
        self._clock = Clock(seconds)

    def search(
        self, pattern: str, *, regex: bool, wanted: Callable[[int], bool]
    ) -> Iterator[tuple[int, bytes, Iterator[Hit]]]:
        """The blobs that are wanted and may match: (blob, its text, its matching lines)."""
        if not pattern:
            raise PatternError("an empty pattern matches everything: give at least one character")
        if len(pattern) > MOST_PATTERN:
            raise PatternError(f"the pattern has {len(pattern):,} characters: {MOST_PATTERN:,} are the most")
        needles = _encodings(pattern)
        find = _expression(pattern, self._clock) if regex else _literal(needles)
        alternatives = [required(pattern)] if regex else [[needle] for needle in needles]
        decompress = zstandard.ZstdDecompressor().decompress
        shards = sorted({shard for literals in alternatives for shard in self._candidates(literals)})
        for first, last in shards:
            rows = self._db.execute(
                "SELECT id, text FROM blobs WHERE id BETWEEN ? AND ? AND kind != 'binary'", [first, last]
            )
            for blob, packed in rows.fetchall():
                if not wanted(blob):
                    continue
                self._clock.check()
                text = decompress(packed) if packed else b""
                if b"\r" in text:
                    text = text.replace(b"\r\n", b"\n")
                yield blob, text, find(text)

    def _candidates(self, literals: list[bytes]) -> Iterator[tuple[int, int]]:
        """The shards, as runs of blobs, that may have every literal."""
        needed = sorted({int(number) for literal in literals for number in trigrams.hashes(literal)})
        segments = self._segments()
        for segment, shards in segments.items():
            bits = np.full((len(shards) + 7) // 8, 255, np.uint8)
            bands: dict[int, list[int]] = {}
            for number in needed:
                bands.setdefault(number // trigrams.BAND, []).append(number % trigrams.BAND)
            for band, rows in bands.items():
                table = self._opened(segment, band)
                for row in rows:
                    bits &= table[row]
            for shard in np.flatnonzero(np.unpackbits(bits)[: len(shards)]).tolist():
                yield shards[shard]

    def warm(self) -> None:
        """Open the bitmaps that every search looks at, as far as they are kept."""
        for segment in self._segments():
            for band in range(trigrams.HASHES // trigrams.BAND):
                if _opened.is_full:
                    return
                self._opened(segment, band)

    def _opened(self, segment: int, band: int) -> trigrams.Bits:
        return _opened.get((self._state, segment, band), lambda: self._band(segment, band))

    def _band(self, segment: int, band: int) -> trigrams.Bits:
        query = "SELECT data FROM search_rows WHERE segment = ? AND band = ?"
        return trigrams.rows_of(self._db.execute(query, [segment, band]).fetchone()[0])

    def _segments(self) -> dict[int, list[tuple[int, int]]]:
        """The shards of each segment, as runs of blobs."""
        return _shards.get(self._state, self._read_segments)

    def _read_segments(self) -> dict[int, list[tuple[int, int]]]:
        shards: dict[int, list[tuple[int, int]]] = {}
        for segment, first, last in self._db.execute(
            "SELECT segment, first, last FROM search_shards ORDER BY segment, shard"
        ):
            shards.setdefault(segment, []).append((first, last))
        return shards


class _Kept(Generic[T]):
    """The values used last, by key, of at most `most` in all.  Two threads may make the same value at once."""

    def __init__(self, most: int, size: Callable[[T], int]) -> None:
        self._most = most
        self._size = size
        self._held = 0
        self._values: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def is_full(self) -> bool:
        """Would one more of the usual size drive another out?"""
        usual = self._held / len(self._values) if self._values else 0
        return self._held + usual > self._most

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = make()
        with self._lock:
            if key not in self._values:
                self._values[key] = value
                self._held += self._size(value)
            while self._held > self._most and len(self._values) > 1:
                self._held -= self._size(self._values.popitem(last=False)[1])
        return value


#: bytes of bitmaps that stay open: all of a kernel of 200 MB; and lists of shards
_opened: _Kept[trigrams.Bits] = _Kept(64 << 20, lambda bits: bits.nbytes)
_shards: _Kept[dict[int, list[tuple[int, int]]]] = _Kept(4, lambda _: 1)


class Clock:
    """Ends what takes too long."""

    def __init__(self, seconds: float | None) -> None:
        self._end = None if seconds is None else time.monotonic() + seconds
        self._piece = _LEAST_PIECE

    def check(self) -> None:
        """Raises OutOfTimeError when the time is over."""
        if self._end is not None and time.monotonic() > self._end:
            raise OutOfTimeError

    def pieces(self, text: bytes) -> Iterator[tuple[int, bytes]]:
        """A text in whole lines, with where they begin: as many at once as take some milliseconds."""
        if self._end is None:
            yield 0, text
            return
        place = 0
        while place < len(text):
            end = len(text)
            if place + self._piece < end:
                end = text.find(b"\n", place + self._piece) + 1 or len(text)
            begun = time.monotonic()
            yield place, text[place:end]
            took = time.monotonic() - begun
            self._piece = min(self._piece * 2, _MOST_PIECE) if took < _PIECE_SECONDS else _LEAST_PIECE
            self.check()
            place = end


def _lines(text: bytes, starts: Iterator[int]) -> Iterator[Hit]:
    """One hit a line, the first."""
    done = -1
    for start in starts:
        if start < done or (start == len(text) and text[-1:] in (b"", b"\n")):
            continue
        line = text.rfind(b"\n", 0, start) + 1
        end = text.find(b"\n", start)
        end = len(text) if end < 0 else end
        yield line, start, end
        done = end + 1


def _encodings(pattern: str) -> list[bytes]:
    """A string's bytes in the encodings that trees have: UTF-8, and Latin-1 where that differs."""
    found = [pattern.encode()]
    if not pattern.isascii():
        with contextlib.suppress(UnicodeEncodeError):
            found.append(pattern.encode("latin-1"))
    return found


def _literal(needles: list[bytes]) -> Callable[[bytes], Iterator[Hit]]:
    def lines(text: bytes, needle: bytes) -> Iterator[Hit]:
        place = text.find(needle)
        while place >= 0:
            end = text.find(b"\n", place)
            end = len(text) if end < 0 else end
            yield text.rfind(b"\n", 0, place) + 1, place, end
            place = text.find(needle, end + 1)

    if len(needles) == 1:
        return lambda text: lines(text, needles[0])
    return lambda text: _first_of_each(heapq.merge(*(lines(text, needle) for needle in needles)))


def _first_of_each(hits: Iterator[Hit]) -> Iterator[Hit]:
    """Of the hits of a line the first."""
    last = -1
    for hit in hits:
        if hit[0] != last:
            yield hit
        last = hit[0]


def _expression(pattern: str, clock: Clock) -> Callable[[bytes], Iterator[Hit]]:
    narrow = _compiled(pattern, "latin-1") if pattern.isascii() else None
    wide = narrow or _compiled(pattern, "utf-8")

    def hits(text: bytes) -> Iterator[Hit]:
        compiled = wide
        if narrow is None and not _is_utf8(text):
            try:
                compiled = _compiled(pattern, "latin-1")
            except UnicodeEncodeError:
                return iter(())
        pieces = clock.pieces(text)
        return _lines(text, (at + match.start() for at, piece in pieces for match in compiled.finditer(piece)))

    return hits


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


@functools.lru_cache(maxsize=64)
def _compiled(pattern: str, encoding: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 32 << 20
    options.never_nl = True  # a match stays within its line
    options.encoding = re2.Options.Encoding.UTF8 if encoding == "utf-8" else re2.Options.Encoding.LATIN1
    try:
        return re2.compile(b"(?m)" + pattern.encode(encoding), options)
    except re2.error as error:
        first = error.args[0] if error.args else error
        reason = (first.decode("utf-8", "replace") if isinstance(first, bytes) else str(first)).replace("(?m)", "")
        advice = "see the syntax of RE2, or search for it as plain text"
        raise PatternError(f"{pattern!r} is no regular expression ({reason}): {advice}") from None


def spans(pattern: str, text: str) -> list[tuple[int, int]]:
    """Where an expression matches in a line that it was found in: (begin, end) in characters; none where it is empty.

    Raises PatternError.
    """
    encoded = text.encode("utf-8", "replace")
    found = [match.span() for match in _compiled(pattern, "utf-8").finditer(encoded)]
    return [
        (len(encoded[:start].decode("utf-8", "replace")), len(encoded[:end].decode("utf-8", "replace")))
        for start, end in found
        if end > start
    ]


def required(pattern: str) -> list[bytes]:
    """Strings of three or more characters that every match of an expression contains."""
    try:
        parsed = sre.parse(pattern)
    except (re.error, RecursionError, OverflowError):
        return []
    found: list[bytes] = []
    run: list[int] = []

    def close() -> None:
        if len(run) >= 3:
            found.append(bytes(run))
        run.clear()

    def visit(items: Any) -> None:
        for kind, value in items:
            name = str(kind)
            if name == "LITERAL" and value < 128:
                run.append(value)
            elif name == "SUBPATTERN" and not value[1] and not value[2]:
                visit(value[3])
            elif name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT") and value[0] >= 1:
                close()
                visit(value[2])
                close()
            elif name == "AT":
                continue
            else:
                close()

    if parsed.state.flags & re.IGNORECASE:
        # Trigrams are folded to one case, so they serve here too.
        pass
    visit(parsed)
    close()
    return found
