"""The trees of an index, and the files of the one that is chosen: their paths, kinds, sizes and problems."""

from __future__ import annotations

import fnmatch
import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from xref.graph.linkage import arch_of
from xref.index.files import PROBLEM_FILES
from xref.index.memory import Memory
from xref.index.reading import TreeReader
from xref.index.records import Entry
from xref.index.records import Problem
from xref.index.records import TreeInfo

if TYPE_CHECKING:
    from xref.index.file_names import FileNames


class TreeFiles(TreeReader):
    """What files a tree has."""

    def __init__(self, path: Path, tree: str | None = None, arch: str | None = None) -> None:
        super().__init__(path, tree, arch)
        self._listings: Memory[str, list[Entry]] = Memory(200)

    def trees(self) -> list[str]:
        """The names of all trees, the one indexed last first."""
        return [row[0] for row in self._db.execute("SELECT name FROM trees ORDER BY id DESC")]

    def trees_with(self, path: str) -> list[str]:
        """The trees of the index that have a file at this path, in the order of `trees`."""
        query = "SELECT name FROM trees JOIN files ON files.tree = trees.id AND path = ? ORDER BY trees.id DESC"
        return [row[0] for row in self._db.execute(query, [path])]

    def trees_defining(self, name: str) -> list[str]:
        """The trees of the index that define a name, in the order of `trees`."""
        query = (
            "SELECT name FROM trees WHERE EXISTS (SELECT 1 FROM definitions "
            "JOIN files ON files.blob = definitions.blob AND files.tree = trees.id WHERE symbol = ?) ORDER BY id DESC"
        )
        return [row[0] for row in self._db.execute(query, [self.symbol(name)])]

    def info(self) -> TreeInfo:
        """What the chosen tree has."""
        db, tree = self._db, self._tree_id
        name, root, arch, when = db.execute(
            "SELECT name, root, arch, indexed FROM trees WHERE id = ?", [tree]
        ).fetchone()
        files, size, lines, parsed = db.execute(
            "SELECT count(*), sum(size), sum(lines), sum(kind IN ('c', 'asm')) "
            "FROM files JOIN blobs ON blobs.id = blob WHERE tree = ?",
            [tree],
        ).fetchone()
        problems = db.execute(PROBLEM_FILES, [tree]).fetchone()[0]
        skipped = db.execute("SELECT count(*) FROM skipped WHERE tree = ?", [tree]).fetchone()[0]
        definitions = db.execute(
            "SELECT count(*) FROM definitions WHERE blob IN (SELECT blob FROM files WHERE tree = ?)", [tree]
        ).fetchone()[0]
        return TreeInfo(
            name, root, arch, when, files, size or 0, lines or 0, parsed or 0, problems, skipped, definitions
        )

    def problems(self) -> list[Problem]:
        """Each place that was not parsed in full, each file that was not read, and each through which function
        pointers were not followed.
        """
        query = (
            "SELECT path, line, reason FROM files JOIN problems ON problems.blob = files.blob "
            "WHERE tree = ? ORDER BY path, number"
        )
        found = [Problem(*row) for row in self._db.execute(query, [self._tree_id])]
        for table, column in (("skipped", "path"), ("unresolved", "reader")):
            query = f"SELECT {column}, reason FROM {table} WHERE tree = ? ORDER BY {column}"
            found += [Problem(path, 0, reason) for path, reason in self._db.execute(query, [self._tree_id])]
        return found

    def has_problems(self, path: str) -> bool:
        """Is there a place in a file that was not parsed in full?"""
        query = "SELECT EXISTS (SELECT 1 FROM problems WHERE blob = ?)"
        return bool(self._db.execute(query, [self._blob(path)]).fetchone()[0])

    def lessons(self) -> bytes:
        """What the tree's macros taught the parser, as stored."""
        query = "SELECT lessons FROM readings JOIN trees ON reading = readings.id WHERE trees.id = ?"
        return bytes(self._db.execute(query, [self._tree_id]).fetchone()[0])

    def renamed(self) -> frozenset[str]:
        """The names of functions that are macros for other names somewhere: `#define hfs_find hfsplus_find`."""
        from xref.index.known import lessons_from_bytes

        renames = lessons_from_bytes(self.lessons()).renames.values()
        return frozenset(name.decode("latin-1") for names in renames for name in names)

    def files(self, pattern: str = "") -> list[str]:
        """The paths that match: a glob where it has `*`, `?` or `[`, else a part of the path, any case."""
        if not pattern:
            return list(self._all_paths)
        if any(char in pattern for char in "*?["):
            match = re.compile(fnmatch.translate(pattern if "/" in pattern else "*" + pattern)).match
            return [path for path in self._all_paths if match(path)]
        lowered = pattern.lower()
        return [path for path in self._all_paths if lowered in path.lower()]

    def directory(self, path: str) -> list[tuple[str, bool]] | None:
        """What a directory holds: (name, is it a directory), directories first; None where there is none."""
        prefix = path.strip("/")
        prefix = prefix + "/" if prefix else ""
        found: dict[str, bool] = {}
        for each in self._all_paths:
            if each.startswith(prefix):
                name, slash, _ = each[len(prefix) :].partition("/")
                found[name] = bool(slash)
        if not found and prefix:
            return None
        return sorted(found.items(), key=lambda entry: (not entry[1], entry[0]))

    def listing(self, path: str) -> list[Entry] | None:
        """What a directory holds, with sizes, directories first; None where there is none."""
        prefix = path.strip("/")
        prefix = prefix + "/" if prefix else ""
        known_listing = self._listings.get(prefix)
        if known_listing is not None:
            return known_listing
        query = (
            "SELECT path, kind, lines, size FROM files JOIN blobs ON blobs.id = blob "
            "WHERE tree = ? AND path >= ? AND path < ?"
        )
        found: dict[str, Entry] = {}
        for each, kind, lines, size in self._db.execute(query, [self._tree_id, prefix, prefix + "\U0010ffff"]):
            name, below, _ = each[len(prefix) :].partition("/")
            known = found.get(name) or Entry(name, None if below else kind, 0, 0, 0)
            found[name] = Entry(name, known.kind, known.files + 1, known.lines + lines, known.bytes + size)
        if not found and prefix:
            return None
        made = sorted(found.values(), key=lambda entry: (entry.kind is not None, entry.name))
        self._listings[prefix] = made
        return made

    def has(self, path: str) -> bool:
        """Is there a file at this path?"""
        return self._blob(path) is not None

    def file_kind(self, path: str) -> str | None:
        """`c`, `asm`, `text`, …: None where the tree has no such file."""
        row = self._db.execute(
            "SELECT kind FROM files JOIN blobs ON blobs.id = blob WHERE tree = ? AND path = ?", [self._tree_id, path]
        ).fetchone()
        return row[0] if row else None

    def archs(self) -> tuple[str, ...]:
        """The architectures that the tree has files of."""
        return self._archs

    @cached_property
    def _archs(self) -> tuple[str, ...]:
        return self.shared(
            "archs", lambda: tuple(sorted({arch for path in self._all_paths if (arch := arch_of(path))}))
        )

    def fuzzy_files(self, letters: str, most: int, *, strewn: bool = True) -> list[str]:
        """The files that a few letters of their paths mean, the likeliest first: see `FileNames.find`."""
        return self._file_names.find(letters, most, strewn=strewn)

    @cached_property
    def _file_names(self) -> FileNames:
        from xref.index.file_names import FileNames

        return self.shared("file names", lambda: FileNames(self._all_paths))
