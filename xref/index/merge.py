"""Puts what the workers found into the draft of an index.

Chunks come one by one while the workers go on; what needs all of them (numbering the symbols, packing the
occurrences by symbol) is done at the end, in numpy.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from xref.index import packing
from xref.index import trigrams
from xref.index.files import PROBLEM_FILES
from xref.index.known import lessons_to_bytes
from xref.index.packing import Ints
from xref.index.worker import ChunkResult
from xref.parse.facts import DEFINITION_KINDS
from xref.parse.facts import REFERENCE_KINDS
from xref.parse.lessons import Lessons
from xref.source.walk import Skipped

if TYPE_CHECKING:
    from xref.graph.flow import FileFlow
    from xref.graph.knowledge import Knowledge
    from xref.index.hashing import Hashed

#: kinds of file that no macro has a say in
_UNTAUGHT = frozenset(("text", "binary", "makefile", "kconfig", "linker", "dts", "asm"))
_SLICE = 200_000
_MACRO = DEFINITION_KINDS.index("macro")
_CALL, _READ = REFERENCE_KINDS.index("call"), REFERENCE_KINDS.index("read")


class Merge:
    """One run's additions to a draft."""

    def __init__(self, db: sqlite3.Connection, tree: str, root: str, arch: str | None, when: str) -> None:
        self._db = db
        self._tree, self._root, self._arch, self._when = tree, root, arch, when
        self._names: dict[bytes, int] = {}
        # A number is never used again: occurrences of swept blobs stay until their segment is written anew.
        self._next_blob = max(self._highest("blobs", "id"), self._highest("search_shards", "last")) + 1
        self._segment = self._highest("occurrences", "segment") + 1
        self._search_segment = self._highest("search_shards", "segment") + 1
        self._definitions: list[Ints] = []
        self._references: list[Ints] = []
        self._pointer_calls: list[tuple[Ints, list[str]]] = []
        self._bitmaps: list[bytes] = []
        self._macros: Ints = np.zeros(0, np.int32)
        stored = {text: number for number, text in db.execute("SELECT id, text FROM conditions ORDER BY id")}
        self._known_conditions = len(stored)
        self._conditions = stored or {"": 0}
        self._reading = 0
        self._tree_id = 0
        #: the number that the tree had before this run, 0 for none
        self.old_tree = 0

    def _highest(self, table: str, column: str) -> int:
        return int(self._db.execute(f"SELECT max({column}) FROM {table}").fetchone()[0] or 0)

    def begin(self, lessons: Lessons, reading: int | None) -> None:
        """Note the lessons that this run reads with; `reading` is their number if the index has them."""
        if reading is None:
            reading = self._highest("readings", "id") + 1
            self._db.execute("INSERT INTO readings VALUES (?, ?)", [reading, lessons_to_bytes(lessons)])
        self._reading = reading

    def add(self, chunk: ChunkResult) -> list[tuple[int, int]]:
        """Take one chunk in; returns (number of the job, blob) for each of its files."""
        ids = np.arange(self._next_blob, self._next_blob + len(chunk.blobs), dtype=np.int32)
        self._next_blob += len(chunk.blobs)
        self._blobs(chunk, ids)
        names, facts = self._names, chunk.facts
        numbers = np.fromiter((names.setdefault(word, len(names)) for word in chunk.words), np.int32, len(chunk.words))
        numbers = np.append(numbers, np.int32(-1))  # -1 stays -1
        tables = ((facts.definitions, (1, 9)), (facts.references, (1, 5)), (facts.pointer_calls, (3, 4)))
        for table, columns in tables:
            table[:, 0] = ids[table[:, 0]] if len(table) else table[:, 0]
            for column in columns:
                table[:, column] = numbers[table[:, column]]
        known = self._conditions
        texts = np.array([known.setdefault(text, len(known)) for text in facts.conditions], np.int32)
        facts.definitions[:, 10] = texts[facts.definitions[:, 10]]
        self._definitions.append(facts.definitions)
        self._references.append(facts.references)
        self._pointer_calls.append((facts.pointer_calls, facts.expressions))
        return [(blob.number, int(number)) for blob, number in zip(chunk.blobs, ids, strict=True)]

    def _blobs(self, chunk: ChunkResult, ids: Ints) -> None:
        db = self._db
        rows = []
        for number, blob in zip(ids.tolist(), chunk.blobs, strict=True):
            reading = 0 if blob.kind in _UNTAUGHT else self._reading
            rows.append((number, blob.hash, reading, blob.kind, blob.size, blob.lines, blob.text))
        db.executemany("INSERT OR REPLACE INTO blobs VALUES (?,?,?,?,?,?,?)", rows)
        includes = ((int(ids[file]), *include) for file, include in chunk.facts.includes)
        db.executemany("INSERT OR IGNORE INTO includes VALUES (?,?,?,?)", includes)
        problems = ((int(ids[file]), place, *problem) for place, (file, problem) in enumerate(chunk.facts.problems))
        db.executemany("INSERT INTO problems VALUES (?,?,?,?)", problems)
        for first, last, bitmap in chunk.shards:
            shard = (self._search_segment, len(self._bitmaps), int(ids[first]), int(ids[last]))
            db.execute("INSERT INTO search_shards VALUES (?,?,?,?)", shard)
            self._bitmaps.append(bitmap)
            if len(self._bitmaps) == trigrams.MOST_SHARDS:
                self._write_bands()

    def finish(
        self,
        files: list[Hashed],
        blobs: dict[tuple[bytes, str], int],
        skipped: list[Skipped],
        progress: Callable[[int, int], None],
    ) -> None:
        """Write what needed all chunks, and the tree's files; `blobs` says which blob has which content."""
        self._write_tree(files, blobs, skipped)
        progress(1, 10)
        final = self._write_symbols()
        progress(3, 10)
        self._write_definitions(final)
        progress(6, 10)
        self._write_references(final)
        self._write_pointer_calls(final)
        progress(9, 10)
        self._write_bands()
        self._sweep()
        # the names are a hundred megabytes, and workers will need room
        self._names.clear()
        self._pointer_calls.clear()
        progress(10, 10)

    def _write_tree(self, files: list[Hashed], blobs: dict[tuple[bytes, str], int], skipped: list[Skipped]) -> None:
        db = self._db
        old = db.execute("SELECT id, arch FROM trees WHERE name = ?", [self._tree]).fetchone()
        self._tree_id = self._highest("trees", "id") + 1
        if old:
            self.old_tree = int(old[0])
            for table, column in (("files", "tree"), ("skipped", "tree"), ("trees", "id")):
                db.execute(f"DELETE FROM {table} WHERE {column} = ?", [old[0]])
        arch = self._arch or (old[1] if old else None)
        row = (self._tree_id, self._tree, self._root, arch, self._when, self._reading)
        db.execute("INSERT INTO trees VALUES (?,?,?,?,?,?)", row)
        rows = []
        for entry in files:
            blob = blobs.get((entry.hash, entry.file.kind))
            if blob is not None:
                rows.append((self._tree_id, entry.file.path, blob, entry.stamp))
        db.executemany("INSERT INTO files VALUES (?,?,?,?)", sorted(rows))
        reasons = {entry.path: (self._tree_id, entry.path, entry.reason) for entry in skipped}
        db.executemany("INSERT INTO skipped VALUES (?,?,?)", reasons.values())

    def _write_symbols(self) -> Ints:
        """Number the names; returns for each name, as counted so far, its number in the index."""
        db = self._db
        texts = [word.decode("utf-8", "surrogateescape").encode("utf-8", "replace").decode() for word in self._names]
        order = sorted(range(len(texts)), key=texts.__getitem__)
        final = np.zeros(len(texts) + 1, np.int32)
        final[-1] = -1
        highest = self._highest("symbols", "id")
        if not highest:
            final[np.array(order, np.int64)] = np.arange(1, len(order) + 1)
            db.executemany(
                "INSERT INTO symbols VALUES (?,?)", ((place + 1, texts[number]) for place, number in enumerate(order))
            )
            return final
        fresh = []
        for number in order:
            row = db.execute("SELECT id FROM symbols WHERE name = ?", [texts[number]]).fetchone()
            if row:
                final[number] = row[0]
            else:
                highest += 1
                final[number] = highest
                fresh.append((highest, texts[number]))
        db.executemany("INSERT INTO symbols VALUES (?,?)", fresh)
        return final

    def _write_definitions(self, final: Ints) -> None:
        if not self._definitions:
            return
        table = np.concatenate(self._definitions)
        self._definitions.clear()
        symbol, macro = final[table[:, 1]], final[table[:, 9]]
        self._macros = np.unique(symbol[table[:, 2] == _MACRO])
        # blob word kind line column end_line static head tail macro condition
        rows = np.column_stack(
            [
                symbol,
                table[:, 0],
                table[:, 3],
                table[:, 4],
                table[:, 2],
                table[:, 5],
                table[:, 6],
                table[:, 7],
                table[:, 8],
                macro,
                table[:, 10],
            ]
        )
        rows = rows[np.lexsort((rows[:, 4], rows[:, 3], rows[:, 2], rows[:, 1], rows[:, 0]))]
        statement = "INSERT OR IGNORE INTO definitions VALUES (?,?,?,?,?,?,?,?,?,nullif(?,-1),?)"
        for start in range(0, len(rows), _SLICE):
            self._db.executemany(statement, rows[start : start + _SLICE].tolist())

    def _write_references(self, final: Ints) -> None:
        if not self._references:
            return
        table = np.concatenate(self._references)
        self._references.clear()
        symbol = final[table[:, 1]]
        self._write_calls(symbol, table, final)
        order = np.argsort(symbol, kind="stable")
        table = table[order]
        table[:, 5] = np.maximum(final[table[:, 5]], 0)
        columns = table[:, [0, 3, 4, 2, 5]]
        blocks = packing.pack(symbol[order], columns)
        self._db.executemany("INSERT INTO occurrences VALUES (?,?,?,?)", ((self._segment, *block) for block in blocks))

    def _write_calls(self, symbol: Ints, table: Ints, final: Ints) -> None:
        """The calls again, by file; with them the mentions of macros without arguments that call something."""
        scope = np.maximum(final[table[:, 5]], 0)
        called = table[:, 2] == _CALL
        calling = np.intersect1d(np.unique(scope[called]), self._macros)
        kept = called | (np.isin(symbol, calling) & (table[:, 2] == _READ))
        rows = np.stack([symbol[kept], table[kept, 3], table[kept, 4], scope[kept]], axis=1)
        blob = table[kept, 0]
        order = np.lexsort((rows[:, 2], rows[:, 1], blob))
        rows, blob = rows[order], blob[order]
        edges = np.flatnonzero(np.diff(blob, prepend=-1, append=-1))
        packed = (
            (int(blob[low]), packing.pack_calls(rows[low:high]))
            for low, high in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
        )
        self._db.executemany("INSERT OR REPLACE INTO calls VALUES (?,?)", packed)

    def _write_pointer_calls(self, final: Ints) -> None:
        statement = "INSERT OR IGNORE INTO pointer_calls VALUES (?,?,?,nullif(?,-1),nullif(?,-1),?)"
        for table, expressions in self._pointer_calls:
            table[:, 3], table[:, 4] = final[table[:, 3]], final[table[:, 4]]
            rows = ((*row[:5], expressions[row[5]]) for row in table.tolist())
            self._db.executemany(statement, rows)
        fresh = list(self._conditions.items())[self._known_conditions :]
        self._db.executemany("INSERT INTO conditions VALUES (?,?)", ((number, text) for text, number in fresh))

    def _write_bands(self) -> None:
        """Write the bitmaps gathered so far as a segment of their own."""
        bands = ((self._search_segment, band, data) for band, data in trigrams.bands(self._bitmaps))
        self._db.executemany("INSERT INTO search_rows VALUES (?,?,?)", bands)
        self._search_segment += 1
        self._bitmaps.clear()

    def _sweep(self) -> None:
        """Drop the content that no tree has any more."""
        db = self._db
        gone = [row[0] for row in db.execute("SELECT id FROM blobs WHERE id NOT IN (SELECT blob FROM files)")]
        for table, column in (
            ("definitions", "blob"),
            ("pointer_calls", "blob"),
            ("includes", "blob"),
            ("problems", "blob"),
            ("calls", "blob"),
            ("blobs", "id"),
        ):
            db.executemany(f"DELETE FROM {table} WHERE {column} = ?", ([number] for number in gone))
        db.execute(
            "DELETE FROM readings WHERE id NOT IN (SELECT reading FROM trees) AND id NOT IN (SELECT reading FROM blobs)"
        )

    def keep_resolved(self, again: set[str] | None, knowledge: Knowledge | None) -> None:
        """Take over what the tree's files resolved to before, but for those to be read again (None: all).

        The same for what was known of the tree (None), or what is known now.
        """
        if knowledge is None:
            self._db.execute("UPDATE knowledge SET tree = ? WHERE tree = ?", [self._tree_id, self.old_tree])
        else:
            self._db.execute("DELETE FROM knowledge WHERE tree = ?", [self.old_tree])
            self._db.execute("INSERT INTO knowledge VALUES (?, ?)", [self._tree_id, knowledge.to_bytes()])
        for table in ("flows", "sites", "hidden_calls", "unresolved"):
            if again is None:
                self._db.execute(f"DELETE FROM {table} WHERE tree = ?", [self.old_tree])
                continue
            self._db.executemany(
                f"DELETE FROM {table} WHERE tree = ? AND reader = ?", ([self.old_tree, path] for path in again)
            )
            self._db.execute(f"UPDATE {table} SET tree = ? WHERE tree = ?", [self._tree_id, self.old_tree])

    def add_resolved(self, path: str, found: FileFlow) -> None:
        """Write what one file resolved to."""
        faults = [(found.fault,)] if found.fault else []
        tables: dict[str, Sequence[tuple[object, ...]]] = {
            "flows": found.flows,
            "sites": found.sites,
            "hidden_calls": found.hidden,
            "unresolved": faults,
        }
        for table, rows in tables.items():
            if rows:
                marks = ",".join("?" * (len(rows[0]) + 2))
                self._db.executemany(
                    f"INSERT INTO {table} VALUES ({marks})", ((self._tree_id, *row, path) for row in rows)
                )

    def problem_count(self) -> int:
        """How many files of the tree were not parsed in full."""
        return int(self._db.execute(PROBLEM_FILES, [self._tree_id]).fetchone()[0])
