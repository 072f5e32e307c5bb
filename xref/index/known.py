"""What an index already has: which files of a tree need no reading again.

Facts depend on a file's bytes and on what the tree's macros taught (the *lessons*).  A blob read under other
lessons still serves where no word whose meaning differs stands in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING
from typing import NamedTuple

import zstandard

from xref.graph.knowledge import Knowledge
from xref.index.files import PROBLEM_FILES
from xref.index.files import Database
from xref.index.packing import Unpacked
from xref.parse.lessons import Lessons
from xref.parse.lessons import Macro
from xref.parse.lessons import Taught
from xref.parse.listed import taught_by
from xref.source.errors import SourceError
from xref.source.text import read_file
from xref.source.walk import Skipped

if TYPE_CHECKING:
    from xref.index.hashing import Hashed

#: with more changed files than this, learning anew costs no more than comparing
_MOST_COMPARED = 100


class TreeRow(NamedTuple):
    """A tree that is in the index."""

    id: int
    reading: int
    arch: str | None


def lessons_to_bytes(lessons: Lessons) -> bytes:
    """Lessons as they are stored."""

    def text(value: bytes) -> str:
        return value.decode("latin-1")

    data = {
        "flags": {text(name): bits for name, bits in sorted(lessons.flags.items())},
        "scoped": {
            place: {text(name): bits for name, bits in sorted(names.items())}
            for place, names in sorted(lessons.scoped.items())
        },
        "makers": {
            text(name): [[None if m.params is None else [text(p) for p in m.params], text(m.body)] for m in macros]
            for name, macros in sorted(lessons.makers.items())
        },
        "lists": {
            path: {text(name): [[text(each) for each in use] for use in uses] for name, uses in sorted(items.items())}
            for path, items in sorted(lessons.lists.items())
        },
        "renames": {
            place: {text(name): text(body) for name, body in sorted(names.items())}
            for place, names in sorted(lessons.renames.items())
        },
    }
    return zstandard.ZstdCompressor(level=6).compress(json.dumps(data).encode())


def lessons_from_bytes(data: bytes) -> Lessons:
    """Stored lessons, read back."""
    raw = json.loads(zstandard.ZstdDecompressor().decompress(data))

    def name(value: str) -> bytes:
        return value.encode("latin-1")

    return Lessons(
        {name(word): bits for word, bits in raw["flags"].items()},
        {place: {name(word): bits for word, bits in names.items()} for place, names in raw["scoped"].items()},
        {
            name(word): [
                Macro(name(word), None if params is None else tuple(map(name, params)), name(body))
                for params, body in macros
            ]
            for word, macros in raw["makers"].items()
        },
        {
            path: {name(word): tuple(tuple(map(name, use)) for use in uses) for word, uses in items.items()}
            for path, items in raw.get("lists", {}).items()
        },
        {
            place: {name(word): name(body) for word, body in names.items()}
            for place, names in raw.get("renames", {}).items()
        },
    )


class Known:
    """The index as it was before this run."""

    def __init__(self, index: Path) -> None:
        self._db = Database(index)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def tree(self, name: str) -> TreeRow | None:
        """The tree of that name, if the index has it."""
        row = self._db.execute("SELECT id, reading, arch FROM trees WHERE name = ?", [name]).fetchone()
        return TreeRow(*row) if row else None

    def unchanged(self, tree: TreeRow, files: list[Hashed], skipped: list[Skipped], arch: str | None) -> bool:
        """Is the tree exactly as the index has it?"""
        if arch is not None and arch != tree.arch:
            return False
        rows = self._db.execute("SELECT path, hash FROM files JOIN blobs ON blobs.id = blob WHERE tree = ?", [tree.id])
        if dict(rows.fetchall()) != {entry.file.path: entry.hash for entry in files}:
            return False
        left_out = self._db.execute("SELECT path, reason FROM skipped WHERE tree = ?", [tree.id])
        return dict(left_out.fetchall()) == {entry.path: entry.reason for entry in skipped}

    def stamps(self, name: str) -> dict[str, tuple[int, bytes]]:
        """For the files of the tree of that name, the status in which each was hashed, and the hash."""
        tree = self.tree(name)
        if tree is None:
            return {}
        query = "SELECT path, stamp, hash FROM files JOIN blobs ON blobs.id = blob WHERE tree = ? AND stamp NOT NULL"
        return {path: (stamp, digest) for path, stamp, digest in self._db.execute(query, [tree.id])}

    def contents(self, tree: int) -> dict[str, bytes]:
        """The hash of each file of a tree, if its function pointers were resolved; else nothing."""
        if not self._db.execute("SELECT 1 FROM sites WHERE tree = ? LIMIT 1", [tree]):
            return {}
        query = "SELECT path, hash FROM files JOIN blobs ON blobs.id = blob WHERE tree = ?"
        return dict(self._db.execute(query, [tree]).fetchall())

    def knowledge(self, tree: int) -> Knowledge | None:
        """What was known of the tree when its function pointers were resolved."""
        row = self._db.execute("SELECT data FROM knowledge WHERE tree = ?", [tree]).fetchone()
        return Knowledge.from_bytes(row[0]) if row else None

    def defined_in(self, tree: int, paths: Iterable[str]) -> set[str]:
        """The names that these files of a tree defined."""
        query = (
            "SELECT DISTINCT name FROM files JOIN definitions ON definitions.blob = files.blob "
            "JOIN symbols ON symbols.id = symbol WHERE tree = ? AND path = ?"
        )
        return {row[0] for path in paths for row in self._db.execute(query, [tree, path])}

    def problems(self, tree: int) -> int:
        """How many files of a tree were not parsed in full."""
        found: int = self._db.execute(PROBLEM_FILES, [tree]).fetchone()[0]
        return found

    def same_lessons(self, name: str, sources: list[tuple[str, bytes, bytes]]) -> tuple[Lessons, int] | None:
        """The lessons the tree was read with, where its changed files teach what they taught before.

        `sources` are the C files there are now: path, hash and where they are.
        """
        tree = self.tree(name)
        if tree is None:
            return None
        query = "SELECT path, hash, blobs.id FROM files JOIN blobs ON blobs.id = blob WHERE tree = ? AND kind = 'c'"
        old = {path: (digest, blob) for path, digest, blob in self._db.execute(query, [tree.id])}
        changed = [source for source in sources if old.get(source[0], (None, 0))[0] != source[1]]
        gone = old.keys() - {path for path, _, _ in sources}
        if len(changed) + len(gone) > _MOST_COMPARED:
            return None
        for path, _, place in changed:
            try:
                now = taught_by(path, read_file(place))
            except SourceError:
                return None
            if now != self._taught(path, old[path][1] if path in old else None):
                return None
        if any(self._taught(path, old[path][1]) != Taught() for path in gone):
            return None
        data = self._db.execute("SELECT lessons FROM readings WHERE id = ?", [tree.reading]).fetchone()[0]
        return lessons_from_bytes(data), tree.reading

    def _taught(self, path: str, blob: int | None) -> Taught:
        if blob is None:
            return Taught()
        text = self._db.execute("SELECT text FROM blobs WHERE id = ?", [blob]).fetchone()[0]
        return taught_by(path, zstandard.ZstdDecompressor().decompress(text) if text else b"")

    def reusable(
        self, keys: Iterable[tuple[bytes, str]], lessons: Lessons, reading: int | None
    ) -> dict[tuple[bytes, str], int]:
        """For each (hash, kind) that need not be read, the blob that has it."""
        wanted = set(keys)
        stale: dict[int, set[int]] = {}
        found: dict[tuple[bytes, str], int] = {}
        for blob, digest, kind, was in self._db.execute("SELECT id, hash, kind, reading FROM blobs"):
            for key in ((digest, kind), (digest, "text"), (digest, "binary")):
                if key not in wanted or (key[1] != kind and kind != "binary"):
                    continue
                if was and was != reading:
                    if was not in stale:
                        stale[was] = self._mentioning(self._differing(was, lessons))
                    if blob in stale[was]:
                        continue
                found[key] = blob
        return found

    def _differing(self, reading: int, lessons: Lessons) -> set[bytes]:
        """The names that mean something else under other lessons."""
        data = self._db.execute("SELECT lessons FROM readings WHERE id = ?", [reading]).fetchone()
        if data is None:
            return set(lessons.flags)
        old = lessons_from_bytes(data[0])
        names = {name for name, bits in old.flags.items() ^ lessons.flags.items()}
        names |= {
            name
            for name in old.makers.keys() | lessons.makers.keys()
            if old.makers.get(name) != lessons.makers.get(name)
        }
        for place in old.scoped.keys() | lessons.scoped.keys():
            here, there = old.scoped.get(place, {}), lessons.scoped.get(place, {})
            names |= {name for name, bits in here.items() ^ there.items()}
        for path in old.lists.keys() | lessons.lists.keys():
            listed, now = old.lists.get(path, {}), lessons.lists.get(path, {})
            names |= {name for name in listed.keys() | now.keys() if listed.get(name) != now.get(name)}
        for place in old.renames.keys() | lessons.renames.keys():
            before, after = old.renames.get(place, {}), lessons.renames.get(place, {})
            names |= {name for name, _ in before.items() ^ after.items()}
        return names

    def _mentioning(self, names: set[bytes]) -> set[int]:
        """The blobs in which any of these names is mentioned or defined."""
        found: set[int] = set()
        if not names:
            return found
        blocks = self._db.execute("SELECT first, last, data FROM occurrences").fetchall()
        numbers = set()
        for name in names:
            row = self._db.execute(
                "SELECT id FROM symbols WHERE name = ?", [name.decode("utf-8", "surrogateescape")]
            ).fetchone()
            if row:
                numbers.add(row[0])
        ordered = sorted(numbers)
        for first, last, data in blocks:
            inside = [number for number in ordered if first <= number <= last]
            if not inside:
                continue
            opened = Unpacked(first, data)
            for number in inside:
                uses = opened.uses(number)
                if uses is not None:
                    found.update(uses.blob.tolist())
        for number in ordered:
            found.update(row[0] for row in self._db.execute("SELECT blob FROM definitions WHERE symbol = ?", [number]))
        return found
