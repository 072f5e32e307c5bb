"""The mentions of one name as columns, so that tens of thousands are counted and narrowed without a record for each.

`printk` has 49,000 in 2.6.11: as records they take 100 ms, as columns some.  Pure arrays: `Index.usage` fills them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from xref.graph.linkage import arch_of
from xref.index.packing import Uses
from xref.index.records import Reference

Column = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

#: the order in which kinds are shown
KINDS = ("call", "write", "address", "read", "type", "member", "macro", "label")


class Usage:
    """Mentions of a name, by kind (in the order of KINDS), then by file, line and column."""

    def __init__(self, name: str, paths: Sequence[str], columns: Sequence[Column]) -> None:
        self.name = name
        #: every path of the tree, in order; `file` holds places in it
        self._paths = paths
        self.kind, self.file, self.line, self.column, self.scope = columns

    @classmethod
    def of(
        cls,
        name: str,
        uses: Sequence[Uses],
        shown: Sequence[str],
        paths: Sequence[str],
        stands: tuple[Column, Column],
    ) -> Usage:
        """From packed occurrences: `shown` says how each stored kind is called for this name, `stands` is where each
        content of the tree stands, as columns of contents and places in `paths`, by content.
        """
        parts: list[list[Column]] = [[np.zeros(0, np.int64)] for _ in range(5)]
        called = np.array([KINDS.index(kind) for kind in shown], np.int64)
        contents, places = stands
        for each in uses:
            low, high = np.searchsorted(contents, each.blob, "left"), np.searchsorted(contents, each.blob, "right")
            times = high - low
            first = np.repeat(low, times)
            step = np.arange(len(first)) - np.repeat(np.cumsum(times) - times, times)
            columns = (called[each.kind], each.line, each.column, each.scope)
            kind, line, column, scope = (np.repeat(values, times) for values in columns)
            for part, values in zip(parts, (kind, places[first + step], line, column, scope), strict=True):
                part.append(values)
        joined = [np.concatenate(part) for part in parts]
        order = np.lexsort((joined[3], joined[2], joined[1], joined[0]))
        return cls(name, paths, [values[order] for values in joined])

    def __len__(self) -> int:
        return len(self.kind)

    def _only(self, mask: Mask) -> Usage:
        columns = (self.kind, self.file, self.line, self.column, self.scope)
        return Usage(self.name, self._paths, [values[mask] for values in columns])

    def below(self, prefix: str) -> Usage:
        """Those in files whose path begins so."""
        if not prefix:
            return self
        low, high = bisect_left(self._paths, prefix), bisect_left(self._paths, prefix + "\U0010ffff")
        return self._only((self.file >= low) & (self.file < high))

    def of_arch(self, arch: str | None) -> Usage:
        """Those in files of this architecture, or of none."""
        return self if arch is None else self.where(lambda path: arch_of(path) in (None, arch))

    def where(self, wanted: Callable[[str], bool]) -> Usage:
        """Those in files that are wanted."""
        files, inverse = np.unique(self.file, return_inverse=True)
        kept = np.array([wanted(self._paths[file]) for file in files.tolist()], bool)
        return self._only(kept[inverse]) if len(kept) else self

    def of_kind(self, kind: str | None) -> Usage:
        """Those of one kind."""
        return self if kind is None else self._only(self.kind == KINDS.index(kind))

    def counts(self) -> dict[str, int]:
        """How many there are of each kind that there is, in the order shown."""
        counted = np.bincount(self.kind, minlength=len(KINDS)).tolist()
        return {kind: number for kind, number in zip(KINDS, counted, strict=True) if number}

    def files(self) -> int:
        """How many files they are in."""
        return len(np.unique(self.file))

    def directories(self, below: str = "") -> list[tuple[str, int]]:
        """How many are in what stands right below a directory (`""`, `net/`): a directory ends with a slash.

        A directory that has but one other is passed over, since who opens it would only have to go on.
        """
        files, times = np.unique(self.file, return_counts=True)
        found: dict[str, int] = {}
        for file, number in zip(files.tolist(), times.tolist(), strict=True):
            path = self._paths[file]
            if path.startswith(below):
                slash = path.find("/", len(below))
                key = path if slash < 0 else path[: slash + 1]
                found[key] = found.get(key, 0) + number
        if len(found) == 1:
            (only,) = found
            if only.endswith("/"):
                return self.directories(only)
        return list(found.items())

    def scopes(self) -> int:
        """How many functions and macros they are in."""
        return len(np.unique(self.scope[self.scope > 0]))

    def records(self, low: int, high: int, names: Callable[[list[int]], Mapping[int, str]]) -> list[Reference]:
        """Those from `low` to before `high`; `names` tells the names of symbols."""
        part = slice(low, high)
        columns: list[list[Any]] = [
            each[part].tolist() for each in (self.kind, self.file, self.line, self.column, self.scope)
        ]
        known = names([scope for scope in columns[4] if scope])
        return [
            Reference(self.name, KINDS[kind], self._paths[file], line, column, known[scope] if scope else None)
            for kind, file, line, column, scope in zip(*columns, strict=True)
        ]


