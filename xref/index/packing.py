"""How occurrences are packed: millions of references in a few hundred blobs.

A block holds the occurrences of a run of symbols, ordered by symbol, blob, line and column.  It is zstd over:
the number of symbols and of occurrences (two little-endian uint32), then seven arrays, each preceded by one
byte that tells the width of its numbers (1, 2 or 4):

    symbols   less the block's lowest                  one for each symbol
    counts    how many occurrences it has              one for each symbol
    blobs     the difference to the previous blob of   one for each occurrence
              the same symbol (the first is itself)
    lines, columns, kinds, scopes                      one for each occurrence; a scope is the symbol of the
                                                       function or macro it is in, 0 for none

Uses numpy and zstandard only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import zstandard

Ints = npt.NDArray[np.integer[Any]]

#: occurrences in a block, unless one symbol has more
BLOCK = 8192
_DTYPE: dict[int, np.dtype[Any]] = {1: np.dtype("<u1"), 2: np.dtype("<u2"), 4: np.dtype("<u4")}


class Block(NamedTuple):
    """A packed run of symbols."""

    first: int
    last: int
    data: bytes


class Uses(NamedTuple):
    """The occurrences of one symbol, as columns of equal length."""

    blob: npt.NDArray[np.int64]
    line: npt.NDArray[np.int64]
    column: npt.NDArray[np.int64]
    kind: npt.NDArray[np.int64]
    scope: npt.NDArray[np.int64]


def _narrow(values: Ints) -> bytes:
    top = int(values.max()) if len(values) else 0
    width = 1 if top < 256 else 2 if top < 65536 else 4
    packed: bytes = values.astype(_DTYPE[width]).tobytes()
    return bytes([width]) + packed


def pack(symbol: Ints, columns: Ints) -> Iterator[Block]:
    """Blocks of occurrences.

    `symbol` is sorted; `columns` has a row for each occurrence, with blob, line, column, kind and scope, and
    within a symbol is sorted by blob.
    """
    if not len(symbol):
        return
    compressor = zstandard.ZstdCompressor(level=6)
    starts = np.concatenate([[0], np.flatnonzero(np.diff(symbol)) + 1, [len(symbol)]])
    group = 0
    while group < len(starts) - 1:
        end = max(group + 1, int(np.searchsorted(starts, starts[group] + BLOCK, side="right")) - 1)
        low, high = int(starts[group]), int(starts[end])
        yield _block(symbol[low:high], columns[low:high], starts[group:end] - low, compressor)
        group = end


def _block(symbol: Ints, columns: Ints, starts: npt.NDArray[np.int64], compressor: zstandard.ZstdCompressor) -> Block:
    numbers = symbol[starts]
    counts = np.diff(np.concatenate([starts, [len(symbol)]]))
    blob = columns[:, 0]
    step = np.diff(blob, prepend=0)
    step[starts] = blob[starts]
    parts = [np.array([len(numbers), len(symbol)], "<u4").tobytes(), _narrow(numbers - numbers[0]), _narrow(counts)]
    parts.append(_narrow(step))
    parts += [_narrow(columns[:, place]) for place in range(1, 5)]
    return Block(int(numbers[0]), int(numbers[-1]), compressor.compress(b"".join(parts)))


def pack_calls(rows: Ints) -> bytes:
    """A file's call sites, rows of (symbol, line, column, scope), as arrays like those of a block."""
    return zstandard.ZstdCompressor(level=3).compress(
        np.array([len(rows)], "<u4").tobytes() + b"".join(_narrow(rows[:, place]) for place in range(4))
    )


def unpack_calls(data: bytes) -> list[tuple[int, int, int, int]]:
    """What `pack_calls` packed: (symbol, line, column, scope), scope 0 for none."""
    return list(zip(*call_columns(data).tolist(), strict=True))


def call_columns(data: bytes) -> npt.NDArray[np.int64]:
    """What `pack_calls` packed, a row for each of symbol, line, column and scope."""
    raw = zstandard.ZstdDecompressor().decompress(data)
    count = int(np.frombuffer(raw, "<u4", 1)[0])
    at = 4
    columns = []
    for _ in range(4):
        dtype = _DTYPE[raw[at]]
        columns.append(np.frombuffer(raw, dtype, count, at + 1))
        at += 1 + count * dtype.itemsize
    return np.array(columns, np.int64)


class Unpacked:
    """A block, opened: its symbols, and on request the uses of one of them."""

    def __init__(self, first: int, data: bytes) -> None:
        raw = zstandard.ZstdDecompressor().decompress(data)
        symbols, uses = (int(number) for number in np.frombuffer(raw, "<u4", 2))
        self._raw = raw
        self._at = 8
        self.symbols = self._take(symbols) + np.uint32(first)
        self._ends = np.cumsum(self._take(symbols), dtype=np.int64)
        self._columns = [self._take(uses) for _ in range(5)]

    def _take(self, count: int) -> Ints:
        dtype = _DTYPE[self._raw[self._at]]
        values: Ints = np.frombuffer(self._raw, dtype, count, self._at + 1)
        self._at += 1 + count * dtype.itemsize
        return values

    def uses(self, symbol: int) -> Uses | None:
        """The occurrences of a symbol, None where the block has none of it."""
        place = int(np.searchsorted(self.symbols, symbol))
        if place == len(self.symbols) or self.symbols[place] != symbol:
            return None
        low, high = (int(self._ends[place - 1]) if place else 0), int(self._ends[place])
        blob, *rest = (column[low:high].astype(np.int64) for column in self._columns)
        return Uses(np.cumsum(blob), *rest)

    def everything(self) -> tuple[Ints, Ints]:
        """All occurrences, in the form that `pack` takes."""
        counts = np.diff(self._ends, prepend=0)
        symbol = np.repeat(self.symbols.astype(np.int32), counts)
        rows = [self.uses(int(number)) for number in self.symbols]
        columns = np.concatenate([np.stack(use, axis=1) for use in rows if use is not None])
        return symbol, columns.astype(np.int32)
