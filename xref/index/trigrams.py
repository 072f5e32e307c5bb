"""Which parts of the text can hold a string: bitmaps of trigrams and of runs of four bytes over shards.

A shard is a run of blobs of some 16 KB together.  Each trigram of its text and each run of four bytes, letters
folded to one case, is hashed to one of 65,536 bits, each sort to its own.  The bitmaps of many shards, turned
sideways, are stored in bands of 128 hashes: for a string of n letters 2n - 5 rows are read and ANDed, and only the
shards that are left are searched.  Runs of four leave few shards for words whose every trigram is common ("slow
start"); trigrams serve strings of three.
Uses numpy and zstandard only.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import zstandard

#: trigrams have the first half, runs of four the second
HASHES = 2 * 65536
BAND = 128
#: bytes of text in a shard, unless one file has more
SHARD = 16384

Bits = npt.NDArray[np.uint8]

_FOLD = np.arange(256, dtype=np.uint32)
_FOLD[65:91] += 32


def hashes(text: bytes) -> npt.NDArray[np.uint32]:
    """The hash of each trigram of a text, then of each run of four bytes, in order."""
    folded = _FOLD[np.frombuffer(text, np.uint8)]
    if len(folded) < 3:
        return np.zeros(0, np.uint32)
    mixed = folded[:-2] * np.uint32(0x9E37) ^ folded[1:-1] * np.uint32(0x1F35B) ^ folded[2:] * np.uint32(0x85EBCA)
    longer = mixed[:-1] ^ folded[3:] * np.uint32(0x27D4EB)
    both = np.concatenate([mixed, longer])
    both ^= both >> np.uint32(11)
    both &= np.uint32(HASHES // 2 - 1)
    both[len(mixed) :] += np.uint32(HASHES // 2)
    return both


def bitmap(texts: Iterable[bytes]) -> bytes:
    """The packed bitmap of a shard: HASHES bits."""
    seen = np.zeros(HASHES, np.bool_)
    for text in texts:
        seen[hashes(text)] = True
    return np.packbits(seen).tobytes()


#: shards whose bitmaps are turned together: 64 MB of them
MOST_SHARDS = 4096


def bands(bitmaps: list[bytes]) -> Iterator[tuple[int, bytes]]:
    """The bitmaps of all shards turned into bands: for each hash a row with one bit for each shard."""
    if not bitmaps:
        return
    compressor = zstandard.ZstdCompressor(level=3)
    table = np.frombuffer(b"".join(bitmaps), np.uint8).reshape(len(bitmaps), HASHES // 8)
    for band in range(HASHES // BAND):
        part = table[:, band * BAND // 8 : (band + 1) * BAND // 8]
        rows = np.packbits(np.unpackbits(part, axis=1).T, axis=1)
        yield band, compressor.compress(rows.tobytes())


def rows_of(data: bytes) -> Bits:
    """A stored band, opened: BAND rows of packed bits, one for each shard."""
    raw = np.frombuffer(zstandard.ZstdDecompressor().decompress(data), np.uint8)
    return raw.reshape(BAND, -1)
