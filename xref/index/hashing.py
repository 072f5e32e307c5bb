"""Which content each file of a tree has: by its hash, worked out anew where the file may have changed.

As git does, a file is taken to be as it was if its status is: size, time of change, inode.  The time that counts is
that of the inode (`ctime`), which no program can set; a file that changed just before it was hashed may change again
within the same tick of the clock, so nothing is concluded from its status.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from collections.abc import Mapping
from typing import NamedTuple

from xref.source.errors import SourceError
from xref.source.text import content_hash
from xref.source.text import read_file
from xref.source.walk import Skipped
from xref.source.walk import SourceFile

#: a change that is not older than this may be followed by another with the same time, in nanoseconds
_TICK_NS = 2_000_000_000


class Hashed(NamedTuple):
    """A file of the tree with its content's hash.

    stamp: what tells its status from every other, None where that says nothing
    """

    file: SourceFile
    hash: bytes
    stamp: int | None


def hash_all(
    files: list[SourceFile], before: Mapping[str, tuple[int, bytes]], progress: Callable[[int, int, str], None]
) -> tuple[list[Hashed], list[Skipped]]:
    """Each file's hash; those that cannot be read become skipped.

    `before` has for paths the stamp and the hash that the index knows.
    """
    total = sum(file.size for file in files)
    hashed: list[Hashed] = []
    unread: list[Skipped] = []
    done = 0
    settled = time.time_ns() - _TICK_NS
    for file in files:
        stamp = _stamp(file) if file.changed_ns < settled else None
        known = before.get(file.path)
        if known is not None and known[0] == stamp:
            hashed.append(Hashed(file, known[1], stamp))
        else:
            try:
                hashed.append(Hashed(file, content_hash(read_file(file.os_path)), stamp))
            except SourceError as error:
                unread.append(Skipped(file.path, str(error)))
        done += file.size
        progress(done, total, "hash")
    return hashed, unread


def _stamp(file: SourceFile) -> int:
    """A file's status as one number of SQLite's: 64 bits."""
    status = f"{file.size} {file.mtime_ns} {file.changed_ns} {file.inode}"
    return int.from_bytes(hashlib.blake2b(status.encode(), digest_size=8).digest(), "little", signed=True)
