"""The open indexes behind the site.

An `Index` serves one thread at a time, so a request leases one and gives it back; as many are open as
requests ran at once.  The indexer replaces its file by renaming: each lease looks whether the file is still
the one that was opened, and a new file begins a new generation.  A request that began on the old file ends
on it.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from web.errors import SiteError
from web.errors import UnavailableError
from web.languages import N_
from xref.index.errors import IndexFileError
from xref.index.files import FileState
from xref.index.files import state_of
from xref.index.query import Index
from xref.index.records import Problem
from xref.index.records import TreeInfo


class TreeFacts(NamedTuple):
    """What is read once about a tree, since it takes longer than a page may."""

    info: TreeInfo
    archs: tuple[str, ...]
    problems: dict[str, tuple[Problem, ...]]


class UnknownTreeError(LookupError):
    """The index has no tree of that name."""

    def __init__(self, tree: str, trees: tuple[str, ...]) -> None:
        super().__init__(tree)
        self.tree = tree
        self.trees = trees


class _Generation:
    """One state of the file: the indexes open on it, and what is known of its trees."""

    def __init__(self, stamp: FileState, path: Path) -> None:
        self.stamp = stamp
        self.idle: list[tuple[tuple[str, str | None], Index]] = []
        self.facts: dict[str, TreeFacts] = {}
        index = Index(path)
        try:
            self.trees = tuple(index.trees())
        finally:
            index.close()


class Indexes:
    """Leases indexes on one file to the views."""

    def __init__(self, path: Path, kept: int) -> None:
        self.path = path
        self._kept = kept
        self._lock = threading.Lock()
        self._generation: _Generation | None = None

    def _current(self) -> _Generation:
        """The generation of the file as it is now; raises UnavailableError if it cannot be read."""
        with self._lock:
            try:
                stamp = state_of(self.path)
                if self._generation is None or self._generation.stamp != stamp:
                    fresh = _Generation(stamp, self.path)
                    self._close_idle()
                    self._generation = fresh
            except (IndexFileError, OSError, sqlite3.Error) as error:
                raise UnavailableError(N_("the index cannot be read: its reason is in the site's log")) from error
            return self._generation

    def _close_idle(self) -> None:
        if self._generation:
            for _, index in self._generation.idle:
                index.close()
            self._generation.idle.clear()

    def let_go(self) -> None:
        """Close the indexes that nobody has leased: the next who asks opens its own."""
        with self._lock:
            self._close_idle()

    def stamp(self) -> FileState:
        """What tells this state of the file from every other."""
        return self._current().stamp

    def trees(self) -> tuple[str, ...]:
        """The names of all trees, the one indexed last first."""
        return self._current().trees

    @contextmanager
    def lease(self, tree: str, arch: str | None = None) -> Iterator[Index]:
        """An index for this thread alone; raises UnknownTreeError, UnavailableError."""
        generation = self._current()
        if tree not in generation.trees:
            raise UnknownTreeError(tree, generation.trees)
        key = (tree, arch)
        index = self._take(generation, key)
        try:
            yield index
        except SiteError:
            self._give_back(generation, key, index)
            raise
        except BaseException:
            index.close()
            raise
        self._give_back(generation, key, index)

    def _take(self, generation: _Generation, key: tuple[str, str | None]) -> Index:
        with self._lock:
            for place in range(len(generation.idle) - 1, -1, -1):
                if generation.idle[place][0] == key:
                    return generation.idle.pop(place)[1]
        try:
            return Index(self.path, *key)
        except (IndexFileError, sqlite3.Error) as error:
            raise UnavailableError(N_("the index is being replaced: try again")) from error

    def _give_back(self, generation: _Generation, key: tuple[str, str | None], index: Index) -> None:
        with self._lock:
            if generation is not self._generation:
                index.close()
                return
            generation.idle.append((key, index))
            if len(generation.idle) > self._kept:
                generation.idle.pop(0)[1].close()

    def facts(self, tree: str) -> TreeFacts:
        """A tree's counts, architectures and problems, read once for each state of the file."""
        generation = self._current()
        found = generation.facts.get(tree)
        if found is None:
            with self.lease(tree) as index:
                problems: dict[str, tuple[Problem, ...]] = {}
                for each in index.problems():
                    problems[each.file] = (*problems.get(each.file, ()), each)
                archs = index.archs()
                found = generation.facts[tree] = TreeFacts(index.info(), archs, problems)
        return found
