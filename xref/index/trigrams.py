"""Which parts of the text can hold a string: trigram bitmaps over shards.

A shard is a run of blobs of some 64 KB together.  Each trigram of its text, letters folded to one case, is
hashed to one of 65,536 bits.  The bitmaps of all shards, turned sideways, are stored in bands of 128 hashes:
for a string of n letters n - 2 rows are read and ANDed, and only the shards that are left are searched.
Uses numpy and zstandard only.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import zstandard

HASHES = 65536
BAND = 128
#: bytes of text in a shard, unless one file has more
SHARD = 65536

Bits = npt.NDArray[np.uint8]

_FOLD = np.arange(256, dtype=np.uint32)
_FOLD[65:91] += 32


def hashes(text: bytes) -> npt.NDArray[np.uint32]:
    """The hash of each trigram of a text, in order."""
    folded = _FOLD[np.frombuffer(text, np.uint8)]
    if len(folded) < 3:
        return np.zeros(0, np.uint32)
    mixed = folded[:-2] * np.uint32(0x9E37) ^ folded[1:-1] * np.uint32(0x1F35B) ^ folded[2:] * np.uint32(0x85EBCA)
    mixed ^= mixed >> np.uint32(11)
    hashed: npt.NDArray[np.uint32] = mixed & np.uint32(HASHES - 1)
    return hashed


def bitmap(texts: Iterable[bytes]) -> bytes:
    """The packed bitmap of a shard: HASHES bits."""
    seen = np.zeros(HASHES, np.bool_)
    for text in texts:
        seen[hashes(text)] = True
    return np.packbits(seen).tobytes()


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
